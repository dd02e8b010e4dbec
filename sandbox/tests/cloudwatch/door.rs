//! The front door with CloudWatch and CloudWatch Logs behind it.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::Arc,
};

use sandbox::{
    clock::Clock,
    cloudwatch::{CloudWatch, Metrics},
    faults::Faults,
    iam::{Policies, Policy, Role},
    logs::{CloudWatchLogs, Logs},
    record::Record,
    wire::{AccessKeys, FrontDoor, FrontDoorBuilder, REGION, Shared},
};
use serde_json::json;
use tokio::process::Command;

const KEY_ID: &str = "AKIASANDBOXTESTS0001";
const SECRET: &str = "a-secret-of-the-tests";

pub(crate) struct Door {
    front: FrontDoor,
    pub(crate) metrics: Metrics,
    pub(crate) logs: Logs,
    pub(crate) record: Arc<Record>,
    pub(crate) clock: Clock,
}

impl Door {
    pub(crate) async fn open() -> Self {
        let clock = Clock::new(1);
        let shared = Shared {
            clock: clock.clone(),
            record: Arc::new(Record::new(clock.clone())),
            faults: Arc::new(Faults::new(1)),
            keys: Arc::new(AccessKeys::default()),
            policies: Arc::new(Policies::default()),
        };
        let record = Arc::clone(&shared.record);
        shared.keys.add_user("tests", KEY_ID, SECRET);
        shared.policies.put(Role {
            identity: "user/tests".to_owned(),
            trusted: Vec::new(),
            created_at_ms: 0,
            policies: vec![
                Policy::inline(
                    "all",
                    json!({
                        "Version": "2012-10-17",
                        "Statement": [
                            { "Effect": "Allow", "Action": "*", "Resource": "*" },
                        ],
                    }),
                )
                .unwrap(),
            ],
        });
        let (metrics, logs) = (Metrics::new(), Logs::new());
        let front = FrontDoorBuilder::new(shared)
            .service(Arc::new(CloudWatch::new(metrics.clone(), clock.clone())))
            .service(Arc::new(CloudWatchLogs::new(logs.clone(), clock.clone())))
            .open("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        Self {
            front,
            metrics,
            logs,
            record,
            clock,
        }
    }

    pub(crate) fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        use aws_sdk_cloudwatch::config::{
            BehaviorVersion, Config, Credentials, Region, retry::RetryConfig,
        };
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(self.front.endpoint_url())
            .credentials_provider(Credentials::new(KEY_ID, SECRET, None, None, "tests"))
            .retry_config(RetryConfig::disabled())
            .build();
        aws_sdk_cloudwatch::Client::from_conf(config)
    }

    pub(crate) fn cloudwatch_logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        use aws_sdk_cloudwatchlogs::config::{
            BehaviorVersion, Config, Credentials, Region, retry::RetryConfig,
        };
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(self.front.endpoint_url())
            .credentials_provider(Credentials::new(KEY_ID, SECRET, None, None, "tests"))
            .retry_config(RetryConfig::disabled())
            .build();
        aws_sdk_cloudwatchlogs::Client::from_conf(config)
    }

    /// A command that finds the sandbox and nobody's own configuration.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("AWS_ENDPOINT_URL", self.front.endpoint_url())
            .env("AWS_ACCESS_KEY_ID", KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .env("PYTHONUNBUFFERED", "1")
            .env_remove("AWS_PROFILE")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs a script of this folder by the Python of `SLUICE_PY`.
    pub(crate) async fn python(&self, script: &str, args: &[&str]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/cloudwatch")
            .join(script);
        let output = self
            .command(python())
            .arg(path)
            .args(args)
            .output()
            .await
            .unwrap();
        assert_done(script, &output);
    }

    /// Runs a line of shell in which `aws` is the CLI of this folder.
    pub(crate) async fn shell(&self, aws: &Path, line: &str) -> String {
        let folder = aws.parent().unwrap().display();
        let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
        let output = self
            .command("bash")
            .args(["-c", line])
            .env("PATH", path)
            .output()
            .await
            .unwrap();
        assert_done(line, &output);
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The Python with boto3, confluent-kafka and the AWS CLI 1.
fn python() -> PathBuf {
    std::env::var_os("SLUICE_PY").map(PathBuf::from).expect(
        "SLUICE_PY names no Python: run the tests by ./dev test, or set it to a Python \
         that has the packages of dev.d/requirements.txt",
    )
}

/// The AWS CLI 1, which lies beside that Python.
pub(crate) fn aws_cli_1() -> PathBuf {
    python().parent().unwrap().join("aws")
}

/// An AWS CLI 2. `aws logs tail` is in no other, and it must be one that knows
/// `AWS_ENDPOINT_URL`, which came with 2.13.
pub(crate) async fn aws_cli_2() -> PathBuf {
    let named = std::env::var_os("SLUICE_AWS2").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join("aws"));
    for aws in named.into_iter().chain(in_path) {
        let version = Command::new(&aws).arg("--version").output().await;
        if version.is_ok_and(|version| is_recent_cli_2(&version.stdout)) {
            return aws;
        }
    }
    panic!("there is no AWS CLI 2.13 or later: name one in SLUICE_AWS2");
}

/// Reads the answer to `--version`, such as `aws-cli/2.38.5 Python/3.14.8 …`.
fn is_recent_cli_2(version: &[u8]) -> bool {
    let minor = || {
        let rest = std::str::from_utf8(version)
            .ok()?
            .strip_prefix("aws-cli/2.")?;
        rest.split('.').next()?.parse::<u32>().ok()
    };
    minor().is_some_and(|minor| minor >= 13)
}

fn assert_done(what: &str, output: &Output) {
    assert!(
        output.status.success(),
        "{what}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

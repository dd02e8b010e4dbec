//! A shell in which `aws` is the AWS CLI and finds the sandbox.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use sandbox::iam::ONCALL;
use tests::{Ground, until};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

/// Which AWS CLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cli {
    /// The one of the Python environment. It has no `logs tail`.
    One,
    /// The one of `SLUICE_AWS2`.
    Two,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) succeeded: bool,
}

/// A shell on a ground of its own. Variables last from one command to the next.
pub(crate) struct Shell {
    pub(crate) ground: Ground,
    cli: Cli,
    variables: Mutex<BTreeMap<String, String>>,
}

impl Shell {
    pub(crate) async fn new(cli: Cli) -> Self {
        // jq is in the runbook, so who follows it must have it.
        let jq = Command::new("jq").arg("--version").output().await;
        assert!(
            jq.is_ok_and(|output| output.status.success()),
            "there is no jq, which the runbook uses: install the package jq"
        );
        Self {
            ground: Ground::new().await,
            cli,
            variables: Mutex::default(),
        }
    }

    /// Sets one of the runbook's `$VARIABLES`.
    pub(crate) fn set(&self, name: &str, value: impl Into<String>) {
        let mut variables = self.variables.lock().expect("no test panicked here");
        variables.insert(name.to_owned(), value.into());
    }

    /// A variable's value.
    pub(crate) fn variable(&self, name: &str) -> String {
        let variables = self.variables.lock().expect("no test panicked here");
        variables
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not set"))
            .clone()
    }

    /// Runs a command that sets a variable, as in `NAME=$(date)`, and keeps it.
    pub(crate) async fn assign(&self, text: &str) -> String {
        let (name, _) = text.split_once('=').expect("an assignment");
        let line = format!("{text}\nprintf %s \"${name}\"");
        let value = self.succeed(&line).await;
        self.set(name, value.clone());
        value
    }

    /// Runs a command that must succeed and gives what it printed.
    pub(crate) async fn succeed(&self, text: &str) -> String {
        let output = self.run(text).await;
        assert!(output.succeeded, "{text}\nfailed: {}", output.err);
        output.out
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, text: &str) -> Output {
        let output = self
            .command(text, self.cli)
            .output()
            .await
            .expect("there is a bash");
        Output {
            out: String::from_utf8(output.stdout).expect("the CLI writes UTF-8"),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            succeeded: output.status.success(),
        }
    }

    /// Runs a command that never ends, until `enough` says so of what it has printed.
    /// `logs tail` is in the AWS CLI 2 alone.
    pub(crate) async fn follow(&self, text: &str, enough: impl Fn(&str) -> bool) {
        let mut child = self
            .command(&format!("exec {text}"), Cli::Two)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("there is a bash");
        let mut pipe = child.stdout.take().expect("the output is piped");
        let mut seen = Vec::new();
        until(text, Duration::from_secs(120), async || {
            let mut buffer = [0; 4096];
            let read =
                tokio::time::timeout(Duration::from_secs(5), pipe.read(&mut buffer));
            if let Ok(Ok(count)) = read.await {
                seen.extend_from_slice(&buffer[..count]);
            }
            let text = String::from_utf8_lossy(&seen);
            if enough(&text) {
                Ok(())
            } else {
                Err(text.into_owned())
            }
        })
        .await;
        assert!(
            child.try_wait().expect("a process of ours").is_none(),
            "{text} has ended by itself and follows nothing"
        );
        child.kill().await.expect("a process of ours can be killed");
    }

    fn command(&self, text: &str, cli: Cli) -> Command {
        let aws = match cli {
            Cli::One => beside_python(),
            Cli::Two => named("SLUICE_AWS2", "an AWS CLI 2.13 or later"),
        };
        let folder = aws.parent().expect("it lies in a folder").display();
        let path = std::env::var("PATH").expect("there is a PATH");
        let variables = self.variables.lock().expect("no test panicked here");
        let mut command = Command::new("bash");
        command
            .args(["-c", &format!("set -o pipefail\n{text}")])
            .envs(variables.iter())
            .env("PATH", format!("{folder}:{path}"))
            .env("AWS_ENDPOINT_URL", self.ground.sandbox.aws_url())
            .env("AWS_ACCESS_KEY_ID", ONCALL.id)
            .env("AWS_SECRET_ACCESS_KEY", ONCALL.secret)
            .env("AWS_DEFAULT_REGION", sandbox::wire::REGION)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .env("NO_PROXY", "127.0.0.1")
            .env("PYTHONUNBUFFERED", "1")
            .env_remove("AWS_PROFILE")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

fn beside_python() -> PathBuf {
    let python = named("SLUICE_PY", "the Python that has the AWS CLI");
    let aws = python.with_file_name("aws");
    assert!(aws.exists(), "{} is not there", aws.display());
    aws
}

fn named(variable: &str, what: &str) -> PathBuf {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .unwrap_or_else(|| {
            panic!("{variable} names nothing: run the tests by ./dev test, or set it to {what}")
        })
}

//! The console as a person and a test use it: pages, forms and JSON over HTTP, and the
//! runbook's EMR commands by the AWS CLI on a stream that was broken there.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::StatusCode;
use sandbox::oidc::Client;
use sandbox::{Config, Sandbox, iam};
use serde_json::{Value, json};

/// Nothing here takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
const APPLICATION: &str = "00fstreaming0709";

struct Bench {
    sandbox: Sandbox,
    http: reqwest::Client,
    _directory: tempfile::TempDir,
}

async fn bench() -> Bench {
    let directory = tempfile::tempdir().expect("a directory");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config {
        data_dir: directory.path().to_owned(),
        bare: false,
        time_factor: 300,
        seed: 1,
        aws_addr: any,
        kafka_addr: any,
        console_addr: any,
        oidc_addr: any,
        client: Client {
            id: "sluice".to_owned(),
            secret: "secret".to_owned(),
            redirect_uris: vec!["http://localhost:3000/sign-in/callback".to_owned()],
            post_logout_redirect_uris: Vec::new(),
        },
        sluice_url: Some("http://localhost:3000".to_owned()),
    };
    let no_redirects = reqwest::redirect::Policy::none();
    Bench {
        sandbox: Sandbox::start(config).await.expect("a sandbox"),
        http: reqwest::Client::builder()
            .redirect(no_redirects)
            .build()
            .expect("a client"),
        _directory: directory,
    }
}

impl Bench {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.console_url())
    }

    async fn state(&self) -> Value {
        let answer = self.http.get(self.url("/api/state")).send().await;
        answer.expect("an answer").json().await.expect("JSON")
    }

    async fn stream(&self, name: &str) -> Value {
        let state = self.state().await;
        let streams = state["streams"].as_array().expect("streams").clone();
        let found = streams.into_iter().find(|stream| stream["name"] == name);
        found.expect("the stream")
    }

    async fn pull(&self, lever: &str, body: Value) -> (StatusCode, Value) {
        let url = self.url(&format!("/api/levers/{lever}"));
        let answer = self
            .http
            .post(url)
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let status = answer.status();
        (status, answer.json().await.expect("JSON"))
    }

    async fn until(
        &self,
        stream: &str,
        what: &str,
        is: impl Fn(&Value) -> bool,
    ) -> Value {
        let looked = tokio::time::timeout(PATIENCE, async {
            loop {
                let seen = self.stream(stream).await;
                if is(&seen) {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        looked
            .await
            .unwrap_or_else(|_| panic!("{stream}: {what} did not come"))
    }

    /// A command of the AWS CLI, as the on-call engineer types it.
    async fn aws(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(aws_cli());
        command
            .args(arguments)
            .args(["--output", "json"])
            .env("AWS_ENDPOINT_URL", self.sandbox.aws_url())
            .env("AWS_ACCESS_KEY_ID", iam::ONCALL.id)
            .env("AWS_SECRET_ACCESS_KEY", iam::ONCALL.secret)
            .env("AWS_DEFAULT_REGION", sandbox::wire::REGION)
            .env("AWS_PAGER", "");
        let ran = tokio::task::spawn_blocking(move || command.output());
        let output = ran.await.expect("it ran").expect("the AWS CLI");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }
}

fn aws_cli() -> PathBuf {
    let python = std::env::var_os("SLUICE_PY").map(PathBuf::from).expect(
        "SLUICE_PY names no Python: run the tests by ./dev test, or set it to a Python with \
         awscli",
    );
    python.parent().unwrap_or(Path::new("")).join("aws")
}

#[tokio::test(flavor = "multi_thread")]
async fn levers_break_and_mend_over_http() {
    let bench = bench().await;
    let page = bench.http.get(bench.url("/")).send().await.expect("a page");
    assert!(page.headers()["content-security-policy"].to_str().is_ok());
    let page = page.text().await.expect("text");
    assert!(page.contains("SANDBOX CONSOLE") && page.contains("http://localhost:3000"));

    let (status, _) = bench
        .pull(
            "damage_file",
            json!({"stream": "payments", "file": "metadata", "how": "garbage"}),
        )
        .await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = bench.pull("crash", json!({ "stream": "payments" })).await;
    assert_eq!(status, StatusCode::OK);
    bench
        .until("payments", "the end", |seen| seen["job_state"] == "FAILED")
        .await;

    let (status, answer) = bench.pull("start", json!({ "stream": "nobody" })).await;
    assert_eq!(
        (status, answer["error"].is_string()),
        (StatusCode::CONFLICT, true)
    );
    let (status, _) = bench.pull("explode", json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);

    let reset = bench
        .http
        .post(bench.url("/api/reset"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(reset.status(), StatusCode::OK);
    assert_eq!(bench.stream("payments").await["job_state"], "RUNNING");
    assert_eq!(bench.stream("orders").await["job_state"], "FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_cannot_pull_a_lever() {
    let bench = bench().await;
    let url = bench.url("/api/levers/no_faults");
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let request = bench.http.post(&url).header(name, value).body("{}");
        assert_eq!(
            request.send().await.expect("an answer").status(),
            StatusCode::FORBIDDEN
        );
    }
    let own = bench.sandbox.console_url();
    let form = bench
        .http
        .post(&url)
        .header("origin", own)
        .form(&[("", "")]);
    let answer = form.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

/// Option A of the runbook on `orders`, as it is written there: what it deletes, the job
/// that is started, and where it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn the_runbooks_reset_brings_orders_back() {
    let bench = bench().await;
    let checkpoint = "s3://bucket/_checkpoints/streaming/orders/";
    bench.aws(&["s3", "rm", checkpoint, "--recursive"]).await;
    let driver = r#"{
        "sparkSubmit": {
          "entryPoint": "s3://bucket/jobs/kafka_orders_stream.py",
          "sparkSubmitParameters": "--conf spark.sql.streaming.checkpointLocation=s3://bucket/_checkpoints/streaming/orders/"
        }
    }"#;
    let role = "arn:aws:iam::123456789012:role/EmrServerlessJobExecutionRole";
    let started = bench
        .aws(&[
            "emr-serverless",
            "start-job-run",
            "--application-id",
            APPLICATION,
            "--execution-role-arn",
            role,
            "--job-driver",
            driver,
        ])
        .await;
    let id = started["jobRunId"].as_str().expect("a job run").to_owned();
    bench
        .until("orders", "a commit", |seen| {
            seen["newest_commit"]
                .as_str()
                .is_some_and(|key| key.ends_with("/1"))
        })
        .await;
    let get = [
        "emr-serverless",
        "get-job-run",
        "--application-id",
        APPLICATION,
    ];
    let run = bench
        .aws(&[&get[..], &["--job-run-id", &id]].concat())
        .await;
    assert_eq!(run["jobRun"]["state"], "RUNNING");
    // The runbook forgets `--mode STREAMING`.
    assert_eq!(run["jobRun"]["mode"], "BATCH");
    assert_eq!(run["jobRun"]["executionTimeoutMinutes"], 720);
    let list = [
        "emr-serverless",
        "list-job-runs",
        "--application-id",
        APPLICATION,
    ];
    let running = bench
        .aws(&[&list[..], &["--states", "RUNNING"]].concat())
        .await;
    let runs = running["jobRuns"].as_array().expect("runs");
    assert!(runs.iter().any(|run| run["id"] == id.as_str()));
    let cancel = [
        "emr-serverless",
        "cancel-job-run",
        "--application-id",
        APPLICATION,
    ];
    let grace = [
        "--job-run-id",
        &id,
        "--shutdown-grace-period-in-seconds",
        "60",
    ];
    bench.aws(&[&cancel[..], &grace].concat()).await;
    bench
        .until("orders", "the end", |seen| seen["job_state"] == "CANCELLED")
        .await;
    let bronze = bench
        .aws(&[
            "s3",
            "ls",
            "s3://bucket/bronze/kafka/orders/",
            "--recursive",
        ])
        .await;
    assert!(bronze.as_str().is_some_and(|text| text.contains("part-1-")));
}

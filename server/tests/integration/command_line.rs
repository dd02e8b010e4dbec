//! The binary: exit codes, messages, and a stop in time.

use std::process::Output;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::Command;

fn sluice() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.kill_on_drop(true);
    command
}

/// A configuration whose metrics are served at `metrics`.
fn config_with_metrics(dir: &TempDir, listen: &str, metrics: &str) -> std::path::PathBuf {
    let path = config(dir, listen);
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace(
        "[server]\n",
        &format!("[server]\nmetrics_listen = \"{metrics}\"\n"),
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn config(dir: &TempDir, listen: &str) -> std::path::PathBuf {
    std::fs::write(dir.path().join("secret"), "not a real secret").unwrap();
    let path = dir.path().join("sluice.toml");
    let text = format!(
        "[server]\nlisten = \"{listen}\"\npublic_origin = \"http://{listen}\"\n\
         data_dir = \"data\"\nassets_dir = \"site\"\n\
         [sign_in]\nissuer = \"http://127.0.0.1:9\"\nclient_id = \"sluice\"\n\
         client_secret_file = \"secret\"\n\
         [[sign_in.roles]]\nvalue = \"a\"\nrole = \"admin\"\n\
         [aws]\nregion = \"eu-west-1\"\n\
         [policy.sandbox.agreement]\nsecure = []\nlatest = []\nchosen = []\n\
         earliest = []\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn audit(config: &std::path::Path, head: Option<&str>) -> Output {
    let mut command = sluice();
    command.args(["audit", "verify", "--config"]).arg(config);
    if let Some(head) = head {
        command.args(["--head", head]);
    }
    command.output().await.unwrap()
}

#[tokio::test]
async fn a_refused_configuration_names_file_line_and_key() {
    let dir = TempDir::new().unwrap();
    let path = config(&dir, "127.0.0.1:0");
    let text_before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text_before.replace("listen =", "lissten =")).unwrap();
    let output = sluice()
        .args(["serve", "--config"])
        .arg(&path)
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.contains("sluice.toml:2: server.lissten: no such key"),
        "{said}"
    );
}

#[tokio::test]
async fn a_server_answers_and_stops_when_it_is_told_to() {
    let dir = TempDir::new().unwrap();
    let address = free_address();
    let metrics = free_address();
    let path = config_with_metrics(&dir, &address, &metrics);
    let mut child = sluice()
        .args(["serve", "--config"])
        .arg(&path)
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let url = format!("http://{address}/healthz");
    while reqwest::get(&url).await.is_err() {
        assert!(
            Instant::now() < deadline,
            "the server should answer within 30 s"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let page = reqwest::get(format!("http://{metrics}/metrics"))
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    let sample =
        "sluice_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"}";
    assert!(page.contains(sample), "{page}");
    let elsewhere = reqwest::get(format!("http://{address}/metrics"))
        .await
        .unwrap();
    assert_eq!(
        elsewhere.status().as_u16(),
        404,
        "metrics need no sign-in, pages do"
    );
    // A connection that is kept open must not hold the server up for longer than
    // it grants.
    let idle = tokio::net::TcpStream::connect(&address).await.unwrap();
    let pid = child.id().unwrap().to_string();
    let told = Instant::now();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .unwrap()
            .success()
    );
    let status = tokio::time::timeout(Duration::from_secs(12), child.wait());
    assert_eq!(
        status
            .await
            .expect("it should stop in time")
            .unwrap()
            .code(),
        Some(0)
    );
    assert!(told.elapsed() < Duration::from_secs(12));
    drop(idle);

    let output = audit(&path, None).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("The journal verifies. Rows: 0."));
}

#[tokio::test]
async fn an_audit_names_what_was_cut_off() {
    let dir = TempDir::new().unwrap();
    let path = config(&dir, "127.0.0.1:0");
    let none = audit(&path, None).await;
    assert_eq!(none.status.code(), Some(1), "there is no database yet");
    std::fs::create_dir(dir.path().join("data")).unwrap();
    let url = format!("sqlite:{}", dir.path().join("data/sluice.db").display());
    server::store::Store::open(&url)
        .await
        .unwrap()
        .close()
        .await;
    let head = format!("3:{}", "0".repeat(64));
    let output = audit(&path, Some(&head)).await;
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(said.contains("row 1 of the journal is bad"), "{said}");
    assert!(said.contains("row 3 was known to exist"), "{said}");
    let odd = audit(&path, Some("three")).await;
    assert_eq!(odd.status.code(), Some(2));
}

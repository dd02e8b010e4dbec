//! How long a process takes, and the most memory that it had.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

/// Often enough for what grows over seconds; the kernel keeps the maximum.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What a process used.
pub(crate) struct Measured {
    pub(crate) took: Duration,
    /// Peak resident set (VmHWM) in KiB.
    pub(crate) rss_kib: u64,
    pub(crate) said: String,
}

/// Runs it to its end.
pub(crate) async fn measure(mut command: Command) -> Measured {
    let since = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not run: {error}"));
    let status_file = format!("/proc/{}/status", child.id().expect("it was just begun"));
    let mut output = child.stdout.take().expect("it is piped");
    let reader = tokio::spawn(async move {
        let mut said = String::new();
        let read = output.read_to_string(&mut said).await;
        read.map(|_| said)
    });
    let mut rss_kib = 0;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be awaited") {
            break status;
        }
        if let Some(now) = high_water_kib(&status_file) {
            rss_kib = rss_kib.max(now);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    let took = since.elapsed();
    let said = reader.await.expect("a reader does not panic");
    let said = said.expect("what it says is text");
    assert!(status.success(), "{command:?} ended with {status}: {said}");
    Measured {
        took,
        rss_kib,
        said,
    }
}

fn high_water_kib(status_file: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status_file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

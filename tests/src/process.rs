//! The real binary as a process of its own.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::deadline::until;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// A running `sluice serve`. It is killed when it is dropped.
pub struct Sluice {
    child: Child,
    log: PathBuf,
}

impl Sluice {
    /// The binary under test.
    pub fn binary() -> PathBuf {
        std::env::var_os("SLUICE_BIN")
            .map(PathBuf::from)
            .expect("SLUICE_BIN names no binary: run the tests by ./dev test, or set it")
    }

    /// Starts `sluice serve`; its output is added to `log`.
    pub(crate) fn spawn(config: &Path, log: &Path, failpoint: &str) -> Self {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log can be written");
        let errors = output.try_clone().expect("a file has a second handle");
        let mut command = Command::new(Self::binary());
        command
            .args(["serve", "--config"])
            .arg(config)
            .env_remove("SLUICE_FAILPOINT")
            .env("NO_PROXY", "127.0.0.1,localhost")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        if !failpoint.is_empty() {
            command.env("SLUICE_FAILPOINT", failpoint);
        }
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        Self {
            child,
            log: log.to_owned(),
        }
    }

    /// Whether the process is over.
    pub fn has_ended(&mut self) -> bool {
        self.status().is_some()
    }

    /// Waits for the end.
    pub async fn ends_within(&mut self, within: Duration) -> Ended {
        let log = self.log.clone();
        let status = until("the end of the process", within, async || {
            self.status().ok_or_else(|| tail(&log))
        })
        .await;
        match (status.code(), status.signal()) {
            (Some(code), _) => Ended::Code(code),
            (None, Some(signal)) => Ended::Signal(signal),
            (None, None) => panic!("a process ended by nothing: {status:?}"),
        }
    }

    /// Ends the process at once.
    pub fn kill(&mut self) {
        if !self.has_ended() {
            self.child.kill().expect("a process of ours can be killed");
            self.child.wait().expect("a process of ours can be awaited");
        }
    }

    /// The end of what it said.
    pub fn log(&self) -> String {
        tail(&self.log)
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child
            .try_wait()
            .expect("a process of ours can be awaited")
    }
}

impl Drop for Sluice {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the end of the binary's log:\n{}", self.log());
        }
    }
}

/// The last lines of a file.
fn tail(path: &Path) -> String {
    const LINES: usize = 40;
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

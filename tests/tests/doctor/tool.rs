//! Calls the binary and reads what it says.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tests::Sluice;

use crate::schema;

/// What one call gave.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) report: Value,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn prognosis(&self, field: &str) -> &Value {
        &self.report["prognosis"][field]
    }

    /// The ids of the findings of some severity.
    pub(crate) fn ids(&self, severity: &str) -> Vec<&str> {
        self.report["findings"]
            .as_array()
            .expect("there is a list of findings")
            .iter()
            .filter(|finding| finding["severity"] == severity)
            .filter_map(|finding| finding["id"].as_str())
            .collect()
    }

    /// All sentences about what was not seen.
    pub(crate) fn limits(&self) -> String {
        let limits = self.report["limits"].as_array();
        let limits = limits.expect("there is a list of limits");
        let said: Vec<&str> = limits.iter().filter_map(Value::as_str).collect();
        said.join("\n")
    }
}

/// A call without anything in its environment that could lead to a real AWS.
pub(crate) fn command(place: impl AsRef<OsStr>, more: &[&str]) -> Command {
    let mut command = Command::new(Sluice::binary());
    command
        .arg("doctor")
        .arg(place)
        .args(more)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("NO_PROXY", "127.0.0.1,localhost")
        .stdin(Stdio::null());
    command
}

/// Asks for JSON and holds it against the schema.
pub(crate) fn ask(mut command: Command) -> Said {
    let output = run(command.args(["--format", "json"]));
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    schema::holds(&report);
    Said {
        code: output.status.code().expect("it ended by itself"),
        report,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub(crate) fn directory(place: &Path, more: &[&str]) -> Said {
    ask(command(place, more))
}

pub(crate) fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not run: {error}"))
}

//! Logs and metrics.

mod metrics;

use std::error::Error;
use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogFormat;

pub use metrics::{MetricsError, metrics_router, names, recorder};

/// Which lines are written, in the syntax of `tracing_subscriber::EnvFilter`.
const FILTER_VARIABLE: &str = "SLUICE_LOG";
const DEFAULT_FILTER: &str =
    "info,sqlx=warn,tower_sessions=warn,tower_sessions_core=warn";

/// Sends the log to standard error. A second call changes nothing, since the
/// log belongs to the process.
pub fn init_log(format: LogFormat) {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE)
        .unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let done = match format {
        // JSON escapes control characters, so that one event is one line.
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
        LogFormat::Text => {
            let ansi = std::io::stderr().is_terminal();
            builder.with_ansi(ansi).finish().try_init()
        }
    };
    if done.is_err() {
        tracing::debug!("the log is already set up");
    }
}

/// An error with all its causes, in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_chain_names_every_cause_in_one_line() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer\nline")]
        struct Outer(#[source] std::fmt::Error);
        let text = super::chain(&Outer(std::fmt::Error));
        assert!(text.starts_with("outer line: an error occurred"), "{text}");
    }
}

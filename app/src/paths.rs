//! Every address of Sluice, made here and nowhere else.

use domain::ids::{Digest, RunId, StreamName};
use domain::run::Stage;
use domain::verdict::VerdictKind;

use crate::view::RunFilter;

/// The home page.
#[must_use]
pub fn streams() -> String {
    "/".to_owned()
}

/// The home page with one verdict only, or with a text in the filter.
#[must_use]
pub fn streams_filtered(verdict: Option<VerdictKind>, text: &str) -> String {
    let mut pairs = Vec::new();
    if let Some(verdict) = verdict {
        pairs.push(("verdict", verdict.slug()));
    }
    if !text.is_empty() {
        pairs.push(("q", text.to_owned()));
    }
    with_query("/", &pairs)
}

/// A stream's page.
#[must_use]
pub fn stream(name: &StreamName) -> String {
    format!("/streams/{name}")
}

/// A file of a stream's checkpoint, at a line of it. `key` is relative to the
/// checkpoint.
#[must_use]
pub fn stream_file(name: &StreamName, key: &str, line: Option<u32>) -> String {
    let key: Vec<String> = key.split('/').map(percent_encoded).collect();
    let line = line.map(|line| format!("#line-{line}")).unwrap_or_default();
    format!("/streams/{name}/files/{}{line}", key.join("/"))
}

/// The probes of what surrounds a stream.
#[must_use]
pub fn troubleshoot(name: &StreamName) -> String {
    format!("/streams/{name}/troubleshoot")
}

/// A Run, at the stage where it stands.
#[must_use]
pub fn run(run: &RunId) -> String {
    format!("/runs/{run}")
}

/// A stage of a Run.
#[must_use]
pub fn stage(run: &RunId, stage: Stage) -> String {
    format!("/runs/{run}/{}", stage_slug(stage))
}

/// The word of a stage in an address.
#[must_use]
pub fn stage_slug(stage: Stage) -> &'static str {
    match stage {
        Stage::Checklist => "checklist",
        Stage::WayOut => "way-out",
        Stage::Secure => "secure",
        Stage::Plan => "plan",
        Stage::Agreement => "agreement",
        Stage::Run => "run",
        Stage::Report => "report",
    }
}

/// Where a stream got to, by every place that tells.
#[must_use]
pub fn offsets(name: &StreamName) -> String {
    format!("/streams/{name}/offsets")
}

/// A plan by itself.
#[must_use]
pub fn plan(plan: &Digest) -> String {
    format!("/plans/{plan}")
}

/// A plan as a file: `plan.json`, or `offsets.csv` with where it begins.
#[must_use]
pub fn plan_file(plan: &Digest, name: &str) -> String {
    format!("/plans/{plan}/{name}")
}

/// Two plans side by side.
#[must_use]
pub fn compare(left: &Digest, right: &Digest) -> String {
    format!("/plans/{left}/compare/{right}")
}

/// The report as a file: `md` or `json`.
#[must_use]
pub fn report_file(run: &RunId, format: &str) -> String {
    format!("/runs/{run}/report.{format}")
}

/// The sign-off page of a Run's plan.
#[must_use]
pub fn sign_off(run: &RunId) -> String {
    format!("/runs/{run}/sign-off")
}

/// The Runs so far.
#[must_use]
pub fn runs(filter: &RunFilter) -> String {
    let pairs: Vec<(&str, String)> = [
        ("stream", &filter.stream),
        ("outcome", &filter.outcome),
        ("option", &filter.option),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name, value.clone()))
    .collect();
    with_query("/runs", &pairs)
}

/// What is sent when anything changes: the home page's, and a Run's.
#[must_use]
pub fn live_streams() -> &'static str {
    "/live/streams"
}

/// See [`live_streams`].
#[must_use]
pub fn live_run(run: &RunId) -> String {
    format!("/live/runs/{run}")
}

/// The sign-in, which leads back to `return_to`.
#[must_use]
pub fn sign_in(return_to: &str) -> String {
    with_query("/sign-in", &[("return_to", return_to.to_owned())])
}

/// Where a plain form ends the session.
#[must_use]
pub fn sign_out() -> &'static str {
    "/sign-out"
}

fn with_query(path: &str, pairs: &[(&str, String)]) -> String {
    let query: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
        .collect();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(b).to_string()
            }
            _ => format!("%{b:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_these() {
        let orders: StreamName = "orders".parse().unwrap();
        let id: RunId = "orders-20261124-031200-7f3a".parse().unwrap();
        let filter = RunFilter {
            stream: "orders".into(),
            ..RunFilter::default()
        };
        for (address, expected) in [
            (streams(), "/"),
            (
                streams_filtered(Some(VerdictKind::LosingData), "a b&c"),
                "/?verdict=losing-data&q=a%20b%26c",
            ),
            (stream(&orders), "/streams/orders"),
            (troubleshoot(&orders), "/streams/orders/troubleshoot"),
            (
                stream_file(&orders, "offsets/a b", Some(3)),
                "/streams/orders/files/offsets/a%20b#line-3",
            ),
            (run(&id), "/runs/orders-20261124-031200-7f3a"),
            (
                stage(&id, Stage::WayOut),
                "/runs/orders-20261124-031200-7f3a/way-out",
            ),
            (runs(&filter), "/runs?stream=orders"),
            (
                report_file(&id, "md"),
                "/runs/orders-20261124-031200-7f3a/report.md",
            ),
            (sign_in("/runs"), "/sign-in?return_to=%2Fruns"),
        ] {
            assert_eq!(address, expected);
        }
    }
}

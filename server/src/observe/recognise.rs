//! Which job runs are a stream's, by the marks in its configuration. Every
//! mark that is given must fit.

use std::sync::Arc;

use domain::ids::StreamName;
use domain::snapshot::Tie;

use crate::aws::{JobMarks, JobRunFull};
use crate::config::{self, Config};

/// How the job runs of one stream are recognised.
#[derive(Clone)]
pub(super) struct Rule {
    pub(super) stream: StreamName,
    application: String,
    name_pattern: Option<String>,
    entry_point: Option<String>,
    /// The role in which its job runs.
    execution_role: Option<String>,
    /// The checkpoint's location, or its root, where the job run names it.
    names: Option<String>,
    /// The checkpoint's location, whether its job runs name it or not.
    location: String,
}

pub(super) fn rules(config: &Config) -> Vec<Rule> {
    config.streams.iter().map(rule).collect()
}

fn rule(stream: &config::Stream) -> Rule {
    let named = stream
        .checkpoint
        .root
        .clone()
        .unwrap_or_else(|| stream.checkpoint_location());
    Rule {
        stream: stream.name.clone(),
        application: stream.job.application_id.clone(),
        name_pattern: stream.job.name_pattern.clone(),
        entry_point: stream.job.entry_point.clone(),
        execution_role: stream
            .job
            .execution_role
            .as_ref()
            .map(|role| role.as_str().to_owned()),
        names: stream.job.names_checkpoint.then(|| named.to_string()),
        location: stream.checkpoint_location().to_string(),
    }
}

impl Rule {
    /// Whether a job run of this name may be the stream's, before anything
    /// else is known of it.
    pub(super) fn may_be(&self, application: &str, name: Option<&str>) -> bool {
        self.application == application
            && self
                .name_pattern
                .as_deref()
                .is_none_or(|pattern| fits(pattern, name.unwrap_or_default()))
    }

    fn tie(&self, name: Option<&str>, marks: &JobMarks) -> Option<Tie> {
        let script = self.entry_point.is_some() && self.entry_point == marks.entry_point;
        let named = |pattern: &str| fits(pattern, name.unwrap_or_default());
        if mentions(marks, &self.location) {
            Some(Tie::Checkpoint)
        } else if script {
            Some(Tie::EntryPoint)
        } else if self.name_pattern.as_deref().is_some_and(named) {
            Some(Tie::Name)
        } else {
            None
        }
    }

    /// Whether a job run is the stream's.
    pub(super) fn is(
        &self,
        application: &str,
        name: Option<&str>,
        marks: &JobMarks,
        role: Option<&str>,
    ) -> bool {
        self.may_be(application, name)
            && self
                .execution_role
                .as_deref()
                .is_none_or(|wanted| role == Some(wanted))
            && self
                .entry_point
                .as_ref()
                .is_none_or(|wanted| marks.entry_point.as_ref() == Some(wanted))
            && self
                .names
                .as_deref()
                .is_none_or(|location| mentions(marks, location))
    }
}

/// What ties a job run, on whatever application, to streams that do not own it.
pub(super) fn ties(
    rules: &[Rule],
    owners: &[StreamName],
    name: Option<&str>,
    marks: &JobMarks,
) -> Vec<(StreamName, Tie)> {
    let tied = |rule: &Rule| {
        let tie = rule.tie(name, marks)?;
        // One that a configured stream explains is another's only if it says so.
        let explained = !owners.is_empty() && tie != Tie::Checkpoint;
        (!explained && !owners.contains(&rule.stream)).then(|| (rule.stream.clone(), tie))
    };
    rules.iter().filter_map(tied).collect()
}

/// The streams that a job run belongs to: one, or several queries of one job.
pub(super) fn owners(
    rules: &Arc<Vec<Rule>>,
    application: &str,
    name: Option<&str>,
    run: &JobRunFull,
) -> Vec<StreamName> {
    let role = run.seen.role.as_deref();
    rules
        .iter()
        .filter(|rule| rule.is(application, name, &run.marks, role))
        .map(|rule| rule.stream.clone())
        .collect()
}

/// Whether `text` fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether arguments, parameters or properties name this location, with or
/// without its last slash, under any of S3's schemes.
fn mentions(marks: &JobMarks, location: &str) -> bool {
    let Some(place) = location.strip_prefix("s3://") else {
        return false;
    };
    let place = place.trim_end_matches('/');
    marks
        .arguments
        .iter()
        .chain(&marks.properties)
        .map(String::as_str)
        .chain([marks.parameters.as_str()])
        .any(|text| names(text, place))
}

fn names(text: &str, place: &str) -> bool {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';');
    ["s3://", "s3a://", "s3n://"].iter().any(|scheme| {
        let wanted = format!("{scheme}{place}");
        text.match_indices(&wanted).any(|(at, found)| {
            let rest = &text[at + found.len()..];
            let rest = rest.strip_prefix('/').unwrap_or(rest);
            // What goes on is another place, below this one or beside it.
            rest.is_empty() || rest.starts_with(ends)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(entry_point: &str, arguments: &[&str], parameters: &str) -> JobMarks {
        JobMarks {
            entry_point: Some(entry_point.to_owned()),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            parameters: parameters.to_owned(),
            properties: Vec::new(),
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, expected) in [
            ("orders-stream-*", "orders-stream-7", true),
            ("orders-stream-*", "orders-stream-", true),
            ("orders-stream-*", "my-orders-stream-7", false),
            ("*orders*", "my-orders-7", true),
            ("orders", "orders", true),
            ("orders", "orders2", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_location_is_named_only_in_full() {
        let place = "s3://bucket/ck/orders/";
        for (argument, expected) in [
            ("s3://bucket/ck/orders/", true),
            ("s3://bucket/ck/orders", true),
            ("--checkpoint=s3a://bucket/ck/orders", true),
            ("s3://bucket/ck/orders2/", false),
            ("s3://bucket/ck/orders/sub/", false),
            ("s3://bucket/ck/", false),
            ("s3://bucket/ck/orders_backup_20260101/", false),
        ] {
            assert_eq!(
                mentions(&marks("x", &[argument], ""), place),
                expected,
                "{argument}"
            );
        }
        let conf = "--conf spark.sql.streaming.checkpointLocation=s3://bucket/ck/orders --conf a=b";
        assert!(mentions(&marks("x", &[], conf), place));
    }

    #[test]
    fn every_mark_that_is_given_must_fit() {
        let rule = orders();
        let right = marks("s3://b/orders.py", &[], "");
        let role = Some("arn:aws:iam::1:role/orders");
        let is = |app: &str, name, marks: &JobMarks| rule.is(app, name, marks, role);
        assert!(is("app", Some("orders-1"), &right));
        assert!(!is("app", Some("clicks-1"), &right));
        assert!(!is("app", None, &right));
        assert!(!is("other", Some("orders-1"), &right));
        assert!(!is(
            "app",
            Some("orders-1"),
            &marks("s3://b/clicks.py", &[], "")
        ));
        let bound = Rule {
            execution_role: role.map(str::to_owned),
            ..orders()
        };
        assert!(bound.is("app", Some("orders-1"), &right, role));
        let other = Some("arn:aws:iam::1:role/other");
        assert!(!bound.is("app", Some("orders-1"), &right, other));
        assert!(!bound.is("app", Some("orders-1"), &right, None));
    }

    fn orders() -> Rule {
        Rule {
            stream: "orders".parse().unwrap(),
            application: "app".to_owned(),
            name_pattern: Some("orders-*".to_owned()),
            entry_point: Some("s3://b/orders.py".to_owned()),
            execution_role: None,
            names: None,
            location: "s3://bucket/ck/orders/".to_owned(),
        }
    }

    #[test]
    fn a_job_run_of_nobody_is_tied_by_the_strongest_mark() {
        let tie = |name: Option<&str>, marks: &JobMarks, owners: &[StreamName]| {
            let found = ties(&[orders()], owners, name, marks);
            found.first().map(|(_, tie)| *tie)
        };
        let script = marks("s3://b/orders.py", &[], "");
        let writes = marks("s3://b/copy.py", &["--to", "s3a://bucket/ck/orders"], "");
        let other = marks("s3://b/copy.py", &[], "");
        assert_eq!(tie(None, &writes, &[]), Some(Tie::Checkpoint));
        assert_eq!(tie(Some("x"), &script, &[]), Some(Tie::EntryPoint));
        assert_eq!(tie(Some("orders-copy"), &other, &[]), Some(Tie::Name));
        assert_eq!(tie(Some("x"), &other, &[]), None);
        // Whose it is explains a likeness, and never that it writes here.
        let clicks = ["clicks".parse().unwrap()];
        assert_eq!(tie(Some("orders-copy"), &script, &clicks), None);
        assert_eq!(tie(None, &writes, &clicks), Some(Tie::Checkpoint));
        let own = ["orders".parse().unwrap()];
        assert_eq!(tie(None, &writes, &own), None);
    }
}

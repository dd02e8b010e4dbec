//! The report for people at a terminal.

use std::fmt::Write as _;

use domain::checkpoint::{FailsWhen, Severity};
use domain::sink::Whose;
use domain::time::Millis;

use super::kafka::KafkaSaid;
use super::prognosis::{Outcome, PrognosisSaid};
use super::report::{FindingSaid, From, Query, RemedySaid, Report, Seen};
use super::sink::SinkSaid;

/// So many partitions are shown, those with the most to say.
const PARTITIONS_MAX: usize = 40;
/// So much of what a sink remembers is shown, this query's first.
const MEMORIES_MAX: usize = 5;
/// Longer lines of offsets are cut; JSON has them whole.
const OFFSETS_CHARS_MAX: usize = 300;

/// Colours by the terminal's own palette.
struct Paint {
    on: bool,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.on {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn severity(&self, severity: Severity) -> String {
        match severity {
            Severity::Error => self.with("1;31", "error"),
            Severity::Warning => self.with("1;33", "warning"),
            Severity::Info => self.with("36", "to know"),
        }
    }
}

/// The whole report. Nothing of what lies in the checkpoint reaches the terminal
/// but as letters.
#[must_use]
pub fn render(report: &Report, colours: bool) -> String {
    let paint = Paint { on: colours };
    let mut text = String::new();
    let mut line = |said: &str| {
        text.push_str(said);
        text.push('\n');
    };
    line(&paint.with("1", &plain(&report.checkpoint)));
    line("");
    line(&headline(report, &paint));
    for more in about(&report.prognosis) {
        line(&format!("  {}", plain(&more)));
    }
    if let Some(error) = &report.error {
        line(&format!("  {}", plain(error)));
    }
    below(report, &mut line);
    if let Some(query) = &report.query {
        line("");
        line(&reckoned(query));
    }
    if let Some(seen) = &report.seen {
        line(&lies_there(seen));
    }
    if let Some(sink) = &report.sink {
        beside(sink, &mut line);
    }
    let (limits, found): (Vec<&FindingSaid>, Vec<&FindingSaid>) = report
        .findings
        .iter()
        .partition(|finding| finding.is_limit());
    if report.query.is_some() && found.is_empty() {
        line("");
        line("Nothing else is wrong with it.");
    }
    for finding in found {
        line("");
        one(finding, &paint, &mut line);
    }
    if let Some(kafka) = &report.kafka {
        line("");
        partitions(kafka, &mut line);
    }
    let limits: Vec<&String> = limits
        .iter()
        .map(|finding| &finding.message)
        .chain(&report.limits)
        .collect();
    if !limits.is_empty() {
        line("");
        line("What is assumed, and what was not looked into:");
        for limit in limits {
            line(&format!("  - {}", plain(limit)));
        }
    }
    text
}

fn headline(report: &Report, paint: &Paint) -> String {
    let spark = match &report.query {
        Some(query) => format!("Spark {}", query.spark),
        None => "Spark".to_owned(),
    };
    let prognosis = &report.prognosis;
    let batch = prognosis.batch_id;
    let (code, said) = match (prognosis.outcome, batch) {
        (Outcome::Starts, Some(batch)) if prognosis.replay == Some(true) => (
            "1;32",
            format!("{spark} starts and runs batch {batch} again."),
        ),
        (Outcome::Starts, Some(batch)) => {
            ("1;32", format!("{spark} starts with batch {batch}."))
        }
        (Outcome::StartsFresh, _) => {
            ("1;33", format!("{spark} starts anew, with batch 0."))
        }
        (Outcome::Fails, Some(batch)) => (
            "1;31",
            format!("{spark} runs batch {batch}, and then fails."),
        ),
        (Outcome::Fails, None) if prognosis.when == Some(FailsWhen::Start) => {
            ("1;31", format!("{spark} does not start: start() fails."))
        }
        (Outcome::Fails, None) => {
            ("1;31", format!("{spark} fails before its first batch."))
        }
        _ => ("1;35", format!("What {spark} will do is unknown.")),
    };
    paint.with(code, &said)
}

fn about(prognosis: &PrognosisSaid) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(class) = &prognosis.error_class {
        let condition = prognosis
            .error_condition
            .as_ref()
            .map(|condition| format!(", {condition}"));
        lines.push(format!("{class}{}", condition.unwrap_or_default()));
    }
    for said in prognosis.error_text.iter().flat_map(|text| text.lines()) {
        lines.push(format!("  {said}"));
    }
    lines.extend(prognosis.why.clone());
    let offsets = |name: &str, all: &Option<Vec<Option<String>>>| {
        let all = all.as_deref().unwrap_or_default();
        let several = all.len() > 1;
        let line = |(source, line): (usize, &Option<String>)| {
            let of = if several {
                format!(" of source {source}")
            } else {
                String::new()
            };
            let said = line.as_deref().map_or_else(
                || "as its starting options say".to_owned(),
                |line| shortened(line, OFFSETS_CHARS_MAX),
            );
            format!("{name}{of}: {said}")
        };
        all.iter().enumerate().map(line).collect::<Vec<_>>()
    };
    lines.extend(offsets("from", &prognosis.start_offsets));
    lines.extend(offsets("to", &prognosis.end_offsets));
    for key in prognosis.unread.iter().take(10) {
        lines.push(format!("It depends on {key}, which was not read."));
    }
    lines
}

/// Checkpoints under a root, each with the command that looks at it.
fn below(report: &Report, line: &mut dyn FnMut(&str)) {
    if report.query.is_some() {
        return;
    }
    for name in &report.checkpoints {
        let root = report.checkpoint.trim_end_matches('/');
        let root = root.strip_prefix("file:").unwrap_or(root);
        line(&format!(
            "  sluice doctor {}",
            quoted(&format!("{root}/{name}"))
        ));
    }
}

fn reckoned(query: &Query) -> String {
    let from = |from: From| match from {
        From::Option => "",
        From::Inferred => " (inferred)",
        From::Assumed => " (assumed)",
    };
    format!(
        "Reckoned with: Spark {}{}, {} {}{}, {}{}.",
        query.spark,
        from(query.spark_from),
        query.sources,
        if query.sources == 1 {
            "source"
        } else {
            "sources"
        },
        from(query.sources_from),
        if query.stateful {
            "with state"
        } else {
            "no state"
        },
        from(query.stateful_from),
    )
}

fn lies_there(seen: &Seen) -> String {
    let batch = |batch: Option<i64>| {
        batch.map_or_else(|| "none".to_owned(), |batch| batch.to_string())
    };
    let changed = seen
        .changed_at_ms
        .map(|at| format!(", the newest of {}", Millis(at).utc()));
    format!(
        "There are {} objects with {} bytes{}. Newest batch planned: {}, committed: {}.",
        seen.objects,
        seen.bytes,
        changed.unwrap_or_default(),
        batch(seen.newest_offsets),
        batch(seen.newest_commit)
    )
}

/// What lies at the sink's place.
fn beside(sink: &SinkSaid, line: &mut dyn FnMut(&str)) {
    let place = plain(&sink.location);
    let Some(kind) = sink.kind else {
        line(&format!("Nothing lies at the sink's place, {place}."));
        return;
    };
    let by = sink.by.as_ref().map(|by| format!(", by {}", plain(by)));
    let others: Vec<&str> = sink.beside.iter().map(|kind| kind.title()).collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!("; a log of {} lies there too", others.join(" and ")),
    };
    line(&format!(
        "The sink at {place} is {}{}{others}.",
        kind.title(),
        by.unwrap_or_default()
    ));
    for memory in sink.remembered.iter().take(MEMORIES_MAX) {
        let under = match &memory.name {
            Some(name) => format!(" under {}", plain(name)),
            None => String::new(),
        };
        let whose = match memory.whose {
            Whose::ThisQuery => "this query",
            Whose::AnyQuery => "whoever writes there",
            Whose::FixedName => "this query, it seems, by a name that its code fixes",
            Whose::Another => "another query, or this one before it got its id",
        };
        line(&format!(
            "  remembers batch {}{under}: {whose} ({})",
            memory.batch,
            plain(&memory.file)
        ));
    }
}

fn one(finding: &FindingSaid, paint: &Paint, line: &mut dyn FnMut(&str)) {
    line(&format!(
        "{} {}: {}",
        paint.severity(finding.severity),
        finding.id,
        plain(&finding.message)
    ));
    if let Some(path) = &finding.path {
        let at = finding.line.map(|line| format!(", line {line}"));
        line(&format!("  at {}{}", plain(path), at.unwrap_or_default()));
    }
    if let Some(value) = &finding.value {
        line(&format!("  there: {}", plain(value)));
    }
    if let Some(proves) = finding.proves {
        line(&format!("  It proves: {}", plain(proves)));
    }
    let first = RemedySaid {
        action: finding.action,
        action_batch_id: finding.action_batch_id,
        why: finding.why.clone(),
    };
    if finding.action != "nothing" {
        line(&format!("  mended by: {}", remedy(&first)));
    }
    for other in &finding.otherwise {
        line(&format!("  or, with more harm: {}", remedy(other)));
    }
    if let Some(how) = &finding.by_hand {
        line(&format!("  by hand: {}", plain(how)));
    }
}

fn remedy(remedy: &RemedySaid) -> String {
    let action = match (remedy.action, remedy.action_batch_id) {
        ("wait", _) => "waiting".to_owned(),
        ("restart_only", _) => "a restart alone".to_owned(),
        (_, Some(batch)) => format!("going back to the end of batch {batch}"),
        ("restore_backup", _) => "restoring a backup".to_owned(),
        ("new_start_at_offsets", _) => "a new start at known offsets".to_owned(),
        ("full_reset", _) => "a full reset".to_owned(),
        (other, _) => other.to_owned(),
    };
    if remedy.why.is_empty() {
        format!("{action}.")
    } else {
        format!("{action}. {}", plain(&remedy.why))
    }
}

fn partitions(kafka: &KafkaSaid, line: &mut dyn FnMut(&str)) {
    let number = |number: Option<i64>| {
        number.map_or_else(|| "none".to_owned(), |number| number.to_string())
    };
    line("Against Kafka:");
    line(&format!(
        "  {:<32} {:>14} {:>14} {:>14} {:>14}",
        "partition", "next", "first kept", "end", "behind"
    ));
    for said in kafka.partitions.iter().take(PARTITIONS_MAX) {
        line(&format!(
            "  {:<32} {:>14} {:>14} {:>14} {:>14}",
            plain(&format!("{}-{}", said.topic, said.partition)),
            number(said.next),
            number(said.earliest),
            number(said.latest),
            number(said.lag)
        ));
    }
    if kafka.partitions.len() > PARTITIONS_MAX {
        line(&format!(
            "  and {} more (--format json has them all)",
            kafka.partitions.len() - PARTITIONS_MAX
        ));
    }
}

fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let cut: String = text.chars().take(chars_max).collect();
    format!("{cut}\u{2026}")
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let text = plain(text);
    let simple = |c: char| c.is_ascii_alphanumeric() || "/:._-=".contains(c);
    if text.chars().all(simple) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Names and contents are others': a terminal obeys control characters, and the
/// marks for the direction of writing turn what is read.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_nothing_but_letters() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc"), "a\\u{1b}[2Jb\\u{d}\\u{a}c");
        assert_eq!(plain("\u{202e}x"), "\\u{202e}x");
        assert_eq!(plain("naïve {\"0\":1}"), "naïve {\"0\":1}");
    }

    #[test]
    fn a_command_can_be_copied() {
        assert_eq!(quoted("s3://b/orders/"), "s3://b/orders/");
        assert_eq!(quoted("/tmp/a b'c"), r"'/tmp/a b'\''c'");
    }
}

//! What a person sent, as the domain's types; and what Sluice offers instead of
//! a person's word.

use app::backend::Answered;
use app::forms::Choose;
use domain::checkpoint::Prognosis;
use domain::ids::Digest;
use domain::intent::WayOut;
use domain::offsets::PartitionOffsets;
use domain::plan::PlanKind;
use domain::run::{Answer, ChecklistItem};
use domain::snapshot::{OtherRun, Snapshot};
use domain::stream::Prefix;
use domain::time::Millis;
use domain::when::parse_time;

use super::failure::invalid;

pub(super) fn corruption(snapshot: &Snapshot) -> Option<Answer> {
    let checkpoint = snapshot.checkpoint.seen()?;
    let errors = checkpoint
        .findings
        .iter()
        .filter(|f| f.severity == domain::checkpoint::Severity::Error)
        .count();
    let mut findings = checkpoint.findings.iter();
    let worst = findings.find(|finding| !finding.is_about_kafka());
    let (text, supports) = match (&checkpoint.prognosis, worst) {
        (Prognosis::Fails { error_class, .. }, Some(finding)) => (
            format!("{} Spark will fail with {error_class}.", finding.message),
            true,
        ),
        (Prognosis::Fails { error_class, .. }, None) => {
            (format!("Spark will fail with {error_class}."), true)
        }
        (Prognosis::Starts { batch_id, .. }, _) => (
            format!(
                "Spark will start at batch {batch_id}. Findings of severity error: {errors}."
            ),
            false,
        ),
        (Prognosis::StartsFresh { why, .. }, _) => (why.clone(), false),
        (Prognosis::Unknown { .. }, _) => return None,
    };
    Some(Answer::Evidence { text, supports })
}

/// Whether anything but the stream's own job runs may write its checkpoint.
pub(super) fn writers(snapshot: &Snapshot) -> Option<Answer> {
    let jobs = snapshot.jobs.seen()?;
    let supports = jobs.others.is_empty();
    let text = if supports {
        let alive = match jobs.alive().count() {
            0 => "No job run of this stream is alive".to_owned(),
            1 => "One job run of this stream is alive".to_owned(),
            many => format!("{many} job runs of this stream are alive"),
        };
        match &jobs.elsewhere {
            None => format!("{alive}, and no other that may write here."),
            Some(why) => format!(
                "{alive}, and no other of its application that may write here. Other applications were not looked at: {why}"
            ),
        }
    } else {
        let others = jobs.others.iter();
        others.map(OtherRun::sentence).collect::<Vec<_>>().join(" ")
    };
    Some(Answer::Evidence { text, supports })
}

const OFFSETS_ALLOWED: &str = "Allowed: {\"topic\":{\"0\":23,\"1\":45}}, or lines of topic,partition,offset, with every partition.";

/// Offsets in Spark's form, or as lines of `topic,partition,offset`.
pub(super) fn parse_offsets(text: &str) -> Answered<PartitionOffsets> {
    let text = text.trim();
    let parsed = match text.starts_with('{') {
        true => PartitionOffsets::parse(text),
        false => PartitionOffsets::parse_csv(text),
    };
    if let Some(issue) = parsed.issues.first() {
        let line = issue
            .line
            .map_or_else(String::new, |line| format!("Line {line}: "));
        return Err(invalid(
            format!("The offsets cannot be read. {line}{}", issue.message),
            OFFSETS_ALLOWED,
        ));
    }
    parsed
        .value
        .ok_or_else(|| invalid("The offsets cannot be read.", OFFSETS_ALLOWED))
}

/// Records to step over, as `topic-partition@offset`, one a line; or the offsets
/// to be read next, in Spark's form, of the partitions that move.
pub(super) fn parse_moves(text: &str) -> Answered<PartitionOffsets> {
    let text = text.trim();
    let first = text.lines().next().unwrap_or_default();
    if text.starts_with('{') || first.contains(',') && !first.contains('@') {
        return parse_offsets(text);
    }
    let record = |line: &str| {
        let (place, offset) = line.rsplit_once('@')?;
        let (topic, partition) = place.rsplit_once('-')?;
        let offset = offset.trim().parse::<i64>().ok().filter(|o| *o >= 0)?;
        let partition = partition.trim().parse::<i32>().ok().filter(|p| *p >= 0)?;
        let topic = topic.trim();
        let next = offset.checked_add(1)?;
        (!topic.is_empty()).then(|| (topic.to_owned(), partition, next))
    };
    let mut offsets = PartitionOffsets::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((topic, partition, next)) = record(line) else {
            return Err(invalid(format!("{line:?} is no record."), MOVES_ALLOWED));
        };
        // Of two records of one partition, both are stepped over.
        let so_far = offsets.get(&topic, partition).unwrap_or(next);
        offsets.set(topic, partition, next.max(so_far));
    }
    match offsets.is_empty() {
        true => Err(invalid("No record is named.", MOVES_ALLOWED)),
        false => Ok(offsets),
    }
}

const MOVES_ALLOWED: &str = "Allowed: records as orders_events-3@1234, one a line, or the offsets to be read next as {\"topic\":{\"0\":23}}.";

/// The way out that a form names, with its parameters.
pub(super) fn parse_way_out(request: &Choose, now: Millis) -> Answered<WayOut> {
    Ok(match request.option.as_str() {
        "latest" => WayOut::Latest,
        "earliest" => WayOut::Earliest,
        "timestamp" => WayOut::Timestamp {
            at: parse_time(&request.at, now).map_err(|e| invalid(e.to_string(), ""))?,
        },
        "restart" => WayOut::Restart,
        "rollback" => WayOut::RollBack {
            batch: parse_batch(&request.batch)?,
        },
        "restore" => parse_backup(&request.backup)?,
        "move" => WayOut::Move {
            offsets: parse_moves(&request.moves)?,
        },
        "rise" => WayOut::Rise {
            offsets: parse_offsets(&request.rises)?,
        },
        "offsets" => WayOut::Offsets {
            offsets: parse_offsets(&request.offsets)?,
        },
        other => {
            return Err(invalid(
                format!("{other:?} is no way out."),
                "Allowed: restart, move, rollback, restore, latest, timestamp, offsets, rise, earliest.",
            ));
        }
    })
}

/// A backup in forms: where it lies and which manifest was seen beside it.
pub(super) fn backup_value(backup: &Prefix, manifest: &Digest) -> String {
    format!("{}#{manifest}", backup.uri())
}

fn parse_backup(text: &str) -> Answered<WayOut> {
    let parsed = text.trim().rsplit_once('#').and_then(|(backup, manifest)| {
        Some(WayOut::Restore {
            backup: backup.parse().ok()?,
            manifest: manifest.parse().ok()?,
        })
    });
    parsed.ok_or_else(|| {
        invalid(
            format!("{:?} is no backup.", text.trim()),
            "Choose one of the backups that are offered.",
        )
    })
}

pub(super) fn parse_batch(text: &str) -> Answered<i64> {
    let batch = text.trim().parse::<i64>().ok().filter(|batch| *batch >= 0);
    batch.ok_or_else(|| {
        invalid(
            format!("{:?} is no batch.", text.trim()),
            "Allowed: the number of a batch, such as 1234.",
        )
    })
}

pub(super) fn kind(word: &str) -> Answered<PlanKind> {
    match word {
        "secure" => Ok(PlanKind::Secure),
        "reset" => Ok(PlanKind::Reset),
        other => Err(invalid(
            format!("{other:?} is no plan."),
            "Allowed: secure, reset.",
        )),
    }
}

/// The word of a checklist item in forms.
pub(super) fn item_word(item: ChecklistItem) -> &'static str {
    match item {
        ChecklistItem::Stuck => "stuck",
        ChecklistItem::Corruption => "corruption",
        ChecklistItem::Writers => "writers",
        ChecklistItem::Backup => "backup",
        ChecklistItem::Stakeholders => "stakeholders",
        ChecklistItem::Reason => "reason",
    }
}

/// More than anybody writes by hand, and little to keep.
const WORDS_MAX: usize = 4_000;

pub(super) fn required(text: &str, what: &str) -> Answered<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(invalid(
            format!("It needs {what}."),
            "A sentence is enough.",
        ));
    }
    if text.chars().count() > WORDS_MAX {
        return Err(invalid(
            format!("The text is longer than {WORDS_MAX} characters."),
            "Say it shorter, and link to the rest.",
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_stepped_over_and_an_offset_is_what_is_read_next() {
        let records =
            parse_moves(" orders-events-3@1234\n\norders-events-3@1230\nb-0@7 ");
        let records = records.unwrap();
        assert_eq!(records.get("orders-events", 3), Some(1_235));
        assert_eq!(records.get("b", 0), Some(8));
        assert_eq!(records.len(), 2);
        let offsets = parse_moves(r#"{"b":{"0":7}}"#).unwrap();
        assert_eq!(offsets.get("b", 0), Some(7));
        assert_eq!(
            parse_moves("topic,partition,offset\nb,0,7").unwrap(),
            offsets
        );
        for wrong in [
            "",
            "orders",
            "orders@5",
            "orders-x@5",
            "orders-0@-5",
            "-0@5",
            "{",
        ] {
            assert!(parse_moves(wrong).is_err(), "{wrong}");
        }
        let last = format!("b-0@{}", i64::MAX);
        assert!(parse_moves(&last).is_err());
    }
}

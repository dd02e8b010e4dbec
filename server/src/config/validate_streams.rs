//! Judges the streams: what each needs, and that no two of them, nor a backup
//! and a checkpoint, can touch the same objects.

use std::collections::BTreeSet;

use domain::ids::StreamName;

use super::validate::Judge;
use super::{Carrier, Checkpoint, Name, RawConfig, S3Location, StartingPosition, Stream};

pub(super) fn judge_streams(judge: &mut Judge<'_>, raw: &RawConfig) {
    judge.unique(
        "streams",
        raw.streams.iter().map(|stream| stream.name.to_string()),
    );
    let environments: BTreeSet<&Name> = raw.policy.keys().collect();
    let clusters: BTreeSet<&Name> = raw
        .kafka_clusters
        .iter()
        .map(|cluster| &cluster.name)
        .collect();
    for (index, stream) in raw.streams.iter().enumerate() {
        let at = format!("streams[{index}]");
        if !environments.contains(&stream.environment) {
            judge.refuse(
                &format!("{at}.environment"),
                format!("one that has a policy: {}", list(&environments)),
            );
        }
        if !clusters.contains(&stream.kafka.cluster) {
            judge.refuse(
                &format!("{at}.kafka.cluster"),
                format!("one of kafka_clusters: {}", list(&clusters)),
            );
        }
        judge_stream(judge, &at, stream);
    }
    judge_shared_keys(judge, &raw.streams);
    judge_roles(judge, raw);
    judge_overlaps(judge, &raw.streams);
}

fn judge_stream(judge: &mut Judge<'_>, at: &str, stream: &Stream) {
    judge.not_empty(&format!("{at}.title"), &stream.title);
    judge.not_empty(
        &format!("{at}.job.application_id"),
        &stream.job.application_id,
    );
    judge.not_empty(
        &format!("{at}.metrics.namespace"),
        &stream.metrics.namespace,
    );
    judge.not_empty(&format!("{at}.logs.group"), &stream.logs.group);
    judge.at_least(
        &format!("{at}.job.trigger_interval_seconds"),
        stream.job.trigger_interval_seconds,
        1,
    );
    if stream.owners.is_empty() {
        judge.refuse(&format!("{at}.owners"), "at least one owner");
    }
    if stream.kafka.topics.is_empty() {
        judge.refuse(&format!("{at}.kafka.topics"), "at least one topic");
    }
    for (index, topic) in stream.kafka.topics.iter().enumerate() {
        if !is_topic(topic) {
            judge.refuse(
                &format!("{at}.kafka.topics[{index}]"),
                "a topic has 1 to 249 letters, digits, \".\", \"_\" and \"-\"",
            );
        }
    }
    let job = &stream.job;
    if job.name_pattern.is_none() && job.entry_point.is_none() && !job.names_checkpoint {
        judge.refuse(
            &format!("{at}.job"),
            "at least one of name_pattern, entry_point and names_checkpoint, or no job \
             run can be told to be this stream's",
        );
    }
    judge_position(judge, &format!("{at}.starting_position"), stream);
    judge_checkpoint(judge, &format!("{at}.checkpoint"), &stream.checkpoint);
}

fn judge_position(judge: &mut Judge<'_>, at: &str, stream: &Stream) {
    let StartingPosition { carrier, key } = &stream.starting_position;
    let at_key = format!("{at}.key");
    let word = |text: &str, more: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    match (carrier, key.as_deref()) {
        (Carrier::Seed, None) => return,
        (Carrier::Seed, Some(_)) => judge.refuse(
            &at_key,
            "no key: \"seed\" writes sources/<i>/0, and no code has to read anything",
        ),
        (Carrier::Conf, None) => judge.refuse(
            &at_key,
            "the Spark conf key that this stream's code reads",
        ),
        (Carrier::Conf, Some(key)) if key.starts_with("spark.") && word(key, "._-") => {}
        (Carrier::Conf, Some(_)) => judge.refuse(
            &at_key,
            "a Spark conf key of letters, digits, \".\", \"_\" and \"-\" that begins with \
             \"spark.\": spark-submit ignores every other",
        ),
        (Carrier::Argument, None) => judge.refuse(
            &at_key,
            "the name of the argument that this stream's code reads",
        ),
        (Carrier::Argument, Some(key)) if word(key, "_-") => {}
        (Carrier::Argument, Some(_)) => judge.refuse(
            &at_key,
            "the argument's name of letters, digits, \"_\" and \"-\", without the dashes \
             before it",
        ),
    }
    if *carrier != Carrier::Seed && stream.checkpoint.sources != 1 {
        judge.refuse(
            &format!("{at}.carrier"),
            format!(
                "\"seed\": one value cannot carry the starting offsets of {} sources",
                stream.checkpoint.sources
            ),
        );
    }
}

/// Two queries of one job that read one value would each get the other's
/// topics.
fn judge_shared_keys(judge: &mut Judge<'_>, streams: &[Stream]) {
    let of = |stream: &Stream| {
        let position = &stream.starting_position;
        let entry_point = stream.job.entry_point.clone()?;
        let key = position.key.clone()?;
        let carried = position.carrier != Carrier::Seed;
        let place = (stream.job.application_id.clone(), entry_point);
        carried.then_some((place, position.carrier == Carrier::Conf, key))
    };
    for (index, stream) in streams.iter().enumerate() {
        let Some(wanted) = of(stream) else { continue };
        let other = streams[..index]
            .iter()
            .find(|earlier| of(earlier).as_ref() == Some(&wanted));
        if let Some(other) = other {
            judge.refuse(
                &format!("streams[{index}].starting_position.key"),
                format!("another key than {} of the same job has", other.name),
            );
        }
    }
}

fn judge_checkpoint(judge: &mut Judge<'_>, at: &str, checkpoint: &Checkpoint) {
    judge.at_least(&format!("{at}.sources"), checkpoint.sources, 1);
    let single_segment = |name: &String| {
        !name.is_empty() && name != "." && name != ".." && !name.contains('/')
    };
    match (
        &checkpoint.location,
        &checkpoint.root,
        &checkpoint.query_name,
    ) {
        (Some(_), None, None) => {}
        (None, Some(_), Some(name)) if single_segment(name) => {}
        (None, Some(_), Some(_)) => judge.refuse(
            &format!("{at}.query_name"),
            "one segment of a path: not empty, no \"/\", not \".\" or \"..\"",
        ),
        (None, Some(_), None) => judge.refuse(
            &format!("{at}.query_name"),
            "a root needs the query's name: an unnamed query starts anew at every \
             restart, and there is nothing to reset",
        ),
        _ => judge.refuse(
            &format!("{at}.location"),
            "either location, or root and query_name",
        ),
    }
}

/// A role for a stream or environment that does not exist is a misspelling.
fn judge_roles(judge: &mut Judge<'_>, raw: &RawConfig) {
    let streams: BTreeSet<&StreamName> =
        raw.streams.iter().map(|stream| &stream.name).collect();
    let environments: BTreeSet<&Name> = raw.policy.keys().collect();
    for (index, mapping) in raw.sign_in.roles.iter().enumerate() {
        let at = format!("sign_in.roles[{index}]");
        for (item, name) in mapping.environments.iter().enumerate() {
            if !environments.contains(name) {
                judge.refuse(
                    &format!("{at}.environments[{item}]"),
                    format!("one that has a policy: {}", list(&environments)),
                );
            }
        }
        for (item, name) in mapping.streams.iter().enumerate() {
            if !streams.contains(name) {
                judge.refuse(
                    &format!("{at}.streams[{item}]"),
                    format!("one of the streams: {}", list(&streams)),
                );
            }
        }
    }
}

fn judge_overlaps(judge: &mut Judge<'_>, streams: &[Stream]) {
    let checkpoints: Vec<Option<S3Location>> = streams
        .iter()
        .map(|stream| stream.checkpoint.effective_location())
        .collect();
    let key = |index: usize| match streams[index].checkpoint.root {
        Some(_) => format!("streams[{index}].checkpoint.root"),
        None => format!("streams[{index}].checkpoint.location"),
    };
    for (index, stream) in streams.iter().enumerate() {
        let Some(own) = &checkpoints[index] else {
            continue;
        };
        for (other, location) in checkpoints.iter().enumerate().take(index) {
            if location
                .as_ref()
                .is_some_and(|location| location.overlaps(own))
            {
                judge.refuse(
                    &key(index),
                    format!(
                        "a checkpoint that does not overlap that of {}",
                        streams[other].name
                    ),
                );
            }
        }
        if stream.sink.location.is_within(own) {
            judge.refuse(
                &format!("streams[{index}].sink.location"),
                "a location outside the checkpoint, which a reset clears",
            );
        }
        if own.last_segment().contains("_backup_") {
            judge.refuse(
                &key(index),
                "a checkpoint whose name cannot be taken for a backup's",
            );
        }
        match &stream.backup_root {
            Some(root) => judge_backup_root(judge, index, root, streams, &checkpoints),
            None if own.parent().is_none() => judge.refuse(
                &format!("streams[{index}].backup_root"),
                "a checkpoint directly in the bucket has no parent to keep backups in: \
                 name a backup_root",
            ),
            None => {}
        }
    }
}

/// A backup never lies inside a checkpoint, nor a checkpoint inside a backup
/// root: only the runbook's layout, a backup beside the checkpoint, is allowed.
fn judge_backup_root(
    judge: &mut Judge<'_>,
    index: usize,
    root: &S3Location,
    streams: &[Stream],
    checkpoints: &[Option<S3Location>],
) {
    let at = format!("streams[{index}].backup_root");
    for (other, location) in checkpoints.iter().enumerate() {
        let Some(location) = location else { continue };
        let name = &streams[other].name;
        if root.is_within(location) {
            judge.refuse(&at, format!("a location outside the checkpoint of {name}"));
        } else if location.is_within(root) && location.parent().as_ref() != Some(root) {
            judge.refuse(
                &at,
                format!("a location that does not hold the checkpoint of {name}, unless as its parent"),
            );
        }
    }
}

/// Kafka's own rule for the names of topics.
fn is_topic(name: &str) -> bool {
    (1..=249).contains(&name.len())
        && name != "."
        && name != ".."
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn list<T: std::fmt::Display>(names: &BTreeSet<&T>) -> String {
    if names.is_empty() {
        return "there is none".to_owned();
    }
    names
        .iter()
        .map(|name| name.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

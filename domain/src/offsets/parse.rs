use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::PartitionOffsets;
use crate::checkpoint::{Issue, IssueCode};

/// Values of one line, so issues carry no line number of their own: the
/// caller knows which line of which file it was.
pub(super) fn parse(line: &str) -> (Option<PartitionOffsets>, Vec<Issue>) {
    let mut issues = Vec::new();
    let topics = match serde_json::from_str::<Entries<Entries<Value>>>(line) {
        Ok(topics) => topics.0,
        Err(error) => {
            let code = if serde_json::from_str::<Value>(line).is_ok() {
                IssueCode::BadShape
            } else {
                IssueCode::BadJson
            };
            issues.push(Issue::whole(
                code,
                format!("This is not {{\"topic\":{{\"0\":23}}}}: {error}."),
            ));
            return (None, issues);
        }
    };
    let mut offsets = PartitionOffsets::new();
    for (topic, partitions) in topics {
        if offsets.0.contains_key(&topic) {
            issues.push(Issue::whole(
                IssueCode::Duplicate,
                format!("The topic {topic:?} stands there twice."),
            ));
        }
        offsets.0.entry(topic.clone()).or_default();
        for (partition, offset) in partitions.0 {
            add(&mut offsets, &mut issues, &topic, &partition, &offset);
        }
    }
    (Some(offsets), issues)
}

fn add(
    offsets: &mut PartitionOffsets,
    issues: &mut Vec<Issue>,
    topic: &str,
    partition: &str,
    offset: &Value,
) {
    let mut issue = |code, message| issues.push(Issue::whole(code, message));
    let Some(number) = partition.parse::<i32>().ok().filter(|number| *number >= 0) else {
        issue(
            IssueCode::BadShape,
            format!("{partition:?} of topic {topic:?} is no partition."),
        );
        return;
    };
    // Whole numbers only: `1.0` and `"1"` are other JSON values.
    let Some(value) = offset.as_i64() else {
        issue(
            IssueCode::BadShape,
            format!("The offset {offset} of {topic}-{number} is no whole number."),
        );
        return;
    };
    if value < 0 {
        issue(
            IssueCode::NegativeOffset,
            format!(
                "The offset of {topic}-{number} is {value}, which was never resolved."
            ),
        );
    }
    if offsets.set(topic, number, value).is_some() {
        issue(
            IssueCode::Duplicate,
            format!("The partition {topic}-{number} stands there twice."),
        );
    }
}

/// The entries of a JSON object in their order, doubles included.
struct Entries<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<V> {
    type Value = Entries<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

//! Every check, in one place: its number, what it looks for, and what it
//! proves where it is found. Numbers are never given to something else.

use serde::Serialize;

/// One check of the doctor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `C04`; `L` for what the doctor did not see or had to assume.
    pub id: &'static str,
    /// What is looked for.
    pub title: &'static str,
    /// What follows where it is found.
    pub proves: &'static str,
}

/// The check of a number; `None` for one that this release does not know.
pub fn check_of(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

const fn check(id: &'static str, title: &'static str, proves: &'static str) -> Check {
    Check { id, title, proves }
}

/// All checks by number. C44 to C47 look at the sink beside the checkpoint, see
/// [`crate::sink`]. C43 (a live writer) is the executor's to keep, and C49 looks
/// at a backup: neither can be judged from a checkpoint.
pub const CHECKS: &[Check] = &[
    check(
        "C00",
        "A failure that no other check explains",
        "Spark's next start fails.",
    ),
    check(
        "C01",
        "metadata is missing beside batches",
        "The next start makes up a new query id, so sinks forget what they wrote; 4.2 \
         refuses to start.",
    ),
    check(
        "C02",
        "metadata cannot be read",
        "start() throws before anything is done.",
    ),
    check(
        "C03",
        "The query id is not the one last seen",
        "The checkpoint is another query's, or sinks no longer know this one.",
    ),
    check(
        "C04",
        "A deciding file of offsets/ is empty",
        "Spark stops with \"Incomplete log file\".",
    ),
    check(
        "C05",
        "The version line of a deciding file of offsets/ cannot be read",
        "The file is malformed or was written by a newer Spark.",
    ),
    check(
        "C06",
        "The second line of a deciding file of offsets/ is blank or no object",
        "Spark stops with a NullPointerException or an error of its JSON reader.",
    ),
    check(
        "C07",
        "A deciding file has another number of source lines than the query",
        "The code changed, or the file was edited; Spark's assertion fails.",
    ),
    check(
        "C08",
        "Retained files of offsets/ differ in their number of source lines",
        "The query's shape changed at that batch, or a file was edited.",
    ),
    check(
        "C09",
        "A source line cannot be read or holds an offset below zero",
        "The source cannot take up its position.",
    ),
    check(
        "C10",
        "A source has no offset in the newest batch",
        "The start falls back one batch for that source.",
    ),
    check(
        "C11",
        "The file before the newest of offsets/ is missing",
        "Spark stops with \"batch N doesn't exist\".",
    ),
    check(
        "C12",
        "The newest commit is of the newest batch or the one before",
        "The two logs are as a running query leaves them.",
    ),
    check(
        "C13",
        "The newest commit is ahead of the newest offsets",
        "Files of offsets/ are lost; a batch is run twice and the query then ends.",
    ),
    check(
        "C14",
        "The newest commit is two or more batches behind the newest offsets",
        "The batches between are never run: their records are lost without an error.",
    ),
    check(
        "C15",
        "There is no commit beside batches",
        "The newest batch is run again; what earlier ones wrote cannot be told.",
    ),
    check(
        "C16",
        "The newest commit cannot be read",
        "Spark stops, even where the commit decides nothing.",
    ),
    check(
        "C17",
        "The newest commit has another version than the conf asks for",
        "The conf stateStore.checkpointFormatVersion differs from when it was written.",
    ),
    check(
        "C18",
        "A commit of version 2 names no state files, or files that are not there",
        "The state of the next batch cannot be loaded.",
    ),
    check(
        "C19",
        "There are gaps among the batches",
        "Old batches were deleted, or the query tracks its progress asynchronously.",
    ),
    check(
        "C20",
        "More batches are kept than Spark keeps",
        "Spark's own purge does not work, for want of a permission to delete.",
    ),
    check(
        "C21",
        "A partition's end lies before its end in the batch before",
        "The topic was made anew, the file was edited, or another cluster was read.",
    ),
    check(
        "C22",
        "A partition or topic is in one batch and not in the next",
        "It was deleted or is no longer subscribed to.",
    ),
    check(
        "C23",
        "The next start lies before the first record that Kafka still has",
        "Records were deleted before they were read.",
    ),
    check(
        "C24",
        "The next start lies beyond the end of the topic",
        "The topic was made anew, or another cluster is read.",
    ),
    check(
        "C25",
        "A partition of the checkpoint is not in Kafka",
        "Spark says that partitions are gone.",
    ),
    check(
        "C26",
        "Kafka has a partition that is not in the checkpoint",
        "It is read from its first record on; where that is not 0, Spark may end.",
    ),
    check(
        "C27",
        "An initial offset cannot be read",
        "Batch 0 cannot learn where to begin.",
    ),
    check(
        "C28",
        "There is no batch, but an initial offset",
        "The start is there, whatever the job's own options say.",
    ),
    check(
        "C29",
        "Batch 0 is run again and its initial offset is missing",
        "Where it began is resolved anew, by default at the end of the topic.",
    ),
    check(
        "C30",
        "There is no batch, but offsets/, commits/ or state/ are not empty",
        "Spark 4.1 and later refuse to begin.",
    ),
    check(
        "C31",
        "A state version that the next batch needs cannot be put together",
        "The state cannot be loaded.",
    ),
    check(
        "C32",
        "The directories of the partitions are not those of the pinned conf",
        "A partition's state is lost, or the conf was edited.",
    ),
    check(
        "C33",
        "State files are newer than the next batch can have written",
        "State of an abandoned run is left and may later be loaded as this one's.",
    ),
    check(
        "C34",
        "A state file is empty or has no end",
        "It was cut off; its version cannot be loaded.",
    ),
    check(
        "C35",
        "A RocksDB archive cannot be read, or a file that it names is not there",
        "That version of the state is lost.",
    ),
    check(
        "C36",
        "A state file does not fit its checksum",
        "The file is damaged; Spark 4.1 and later refuse it.",
    ),
    check(
        "C37",
        "What describes the state cannot be read or does not fit",
        "The code is not the one that wrote the state, or the file is damaged.",
    ),
    check(
        "C38",
        "The state's schema files lie outside the checkpoint",
        "The checkpoint was copied; it points at the one it was copied from.",
    ),
    check(
        "C39",
        "There are leftovers of writes that were cut off, or markers",
        "A writer was stopped in the middle of a write.",
    ),
    check(
        "C40",
        "A name counts as a batch and is not how Spark writes it",
        "Spark looks for the batch under another name, or cannot write it.",
    ),
    check(
        "C41",
        "The times of the batches do not rise, or the newest is long ago",
        "A clock went back, a file was edited, or the query stands still.",
    ),
    check(
        "C42",
        "The watermark falls, or lies in the future",
        "A file was edited, or events carry wrong times; late records are dropped.",
    ),
    check(
        "C44",
        "The file sink remembers a batch that the next start will run with new offsets",
        "Records are read, committed and never written.",
    ),
    check(
        "C45",
        "The file sink's log has a gap, or its newest file cannot be read",
        "Spark stops when it reads the log: readers of the output at once, the query at \
         its next compaction.",
    ),
    check(
        "C46",
        "Delta remembers a batch that the next start will run with new offsets",
        "Records are read, committed and never written.",
    ),
    check(
        "C47",
        "Iceberg remembers a batch that the next start will run with new offsets",
        "Records are read, committed and never written.",
    ),
    check(
        "C48",
        "Other checkpoints lie under this one, or two jobs write it",
        "This is a root of several checkpoints, one query writes inside another's, or a second job was started.",
    ),
    check(
        "C50",
        "The checkpoint pins another value than the job sets",
        "The checkpoint's value wins.",
    ),
    check(
        "L01",
        "State files were not looked into",
        "What is said of the state is said from names and sizes alone.",
    ),
    check(
        "L02",
        "Something about the query was inferred",
        "The prognosis holds if that is right.",
    ),
    check(
        "L03",
        "The Spark version was assumed",
        "The prognosis follows the rules of the version that refuses the most.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_is_given_once_and_in_order() {
        let ids: Vec<&str> = CHECKS.iter().map(|check| check.id).collect();
        let mut sorted: Vec<&str> = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
        for check in CHECKS {
            assert!(!check.title.is_empty() && check.proves.ends_with('.'));
        }
    }

    /// The sources of the checks themselves are searched, so that a check that
    /// no test reaches is found too.
    #[test]
    fn every_number_that_is_used_is_in_the_registry_and_the_other_way() {
        let sources = [
            include_str!("../checks.rs"),
            include_str!("commits.rs"),
            include_str!("conf.rs"),
            include_str!("history.rs"),
            include_str!("identity.rs"),
            include_str!("kafka.rs"),
            include_str!("leftovers.rs"),
            include_str!("limits.rs"),
            include_str!("offsets.rs"),
            include_str!("operators.rs"),
            include_str!("pace.rs"),
            include_str!("place.rs"),
            include_str!("seeds.rs"),
            include_str!("state.rs"),
            include_str!("../../sink/file_sink.rs"),
            include_str!("../../sink/findings.rs"),
        ];
        let used: BTreeSet<String> = sources
            .iter()
            .flat_map(|source| source.as_bytes().windows(5))
            .filter_map(|five| std::str::from_utf8(five).ok())
            .filter_map(|five| five.strip_prefix('"')?.strip_suffix('"'))
            .filter(|text| is_number(text))
            .map(str::to_owned)
            .collect();
        let known: BTreeSet<String> =
            CHECKS.iter().map(|check| check.id.to_owned()).collect();
        assert_eq!(used, known);
    }

    #[test]
    fn the_documentation_has_every_check_as_it_is_here() {
        let documentation = include_str!("../../../../docs/checks.md");
        for check in CHECKS {
            let row = format!("| {} | {} | {} |", check.id, check.title, check.proves);
            assert!(documentation.contains(&row), "{row}");
        }
        let rows = documentation.lines().filter(|line| {
            line.strip_prefix("| ")
                .and_then(|rest| rest.get(..3))
                .is_some_and(is_number)
        });
        assert_eq!(rows.count(), CHECKS.len());
    }

    fn is_number(text: &str) -> bool {
        text.len() == 3
            && text.starts_with(['C', 'L'])
            && text[1..].bytes().all(|byte| byte.is_ascii_digit())
    }
}

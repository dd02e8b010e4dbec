//! Which Spark is reckoned with where nobody says it: the one that wrote the
//! checkpoint, told by what it wrote.

use domain::checkpoint::layout::CheckpointFile;
use domain::checkpoint::{CheckpointView, OffsetSeq, SparkLine};

/// Confs that Spark began to pin at some version, newest first.
const SINCE: &[(&str, SparkLine)] = &[
    (
        "spark.sql.streaming.stateStore.rowChecksum.enabled",
        SparkLine::V4_2,
    ),
    (
        "spark.sql.streaming.stateStore.encodingFormat",
        SparkLine::V4_0,
    ),
    (
        "spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan",
        SparkLine::V3_5,
    ),
    (
        "spark.sql.streaming.statefulOperator.useStrictDistribution",
        SparkLine::V3_3,
    ),
];

/// A line, and how it was come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) line: SparkLine,
    /// False: nothing tells.
    pub(super) inferred: bool,
    /// A sentence.
    pub(super) said: String,
}

/// By the confs in the newest file of `offsets/` that was read, and by the
/// checksums beside files of the state.
pub(super) fn guess(view: &CheckpointView) -> Guess {
    let sidecars = view.listing.keys().any(|key| {
        matches!(
            CheckpointFile::of_key(key),
            CheckpointFile::StateChecksum(_)
        )
    });
    let (line, from) = match (written_by(view), sidecars) {
        (Some((SparkLine::V4_2, key)), _) => (SparkLine::V4_2, of_confs(&key)),
        (_, true) => (
            SparkLine::V4_1,
            "files of its state have checksums beside them, as 4.1 writes them"
                .to_owned(),
        ),
        // 4.0 and 4.1 pin the same confs; the later refuses more.
        (Some((SparkLine::V4_0, key)), _) => (
            SparkLine::V4_1,
            format!(
                "{}, which 4.0 and 4.1 pin, and 4.1 refuses more",
                of_confs(&key)
            ),
        ),
        (Some((SparkLine::V3_3, key)), _) => (
            SparkLine::V3_4,
            format!("{}, which 3.3 and 3.4 pin", of_confs(&key)),
        ),
        (Some((line, key)), _) => (line, of_confs(&key)),
        (None, false) => {
            let line = SparkLine::STRICTEST;
            return Guess {
                line,
                inferred: false,
                said: format!(
                    "Nothing in the checkpoint tells its Spark. Spark {line} is assumed, \
                     which refuses the most; name another with --spark."
                ),
            };
        }
    };
    Guess {
        line,
        inferred: true,
        said: format!(
            "Spark {line} is reckoned with: {from}. Where another one starts the query, \
             name it with --spark."
        ),
    }
}

fn of_confs(key: &str) -> String {
    format!("{key} has the confs of it")
}

/// The oldest line that pins what the newest readable batch pins.
fn written_by(view: &CheckpointView) -> Option<(SparkLine, String)> {
    let (key, conf) = view.offset_batches().into_iter().rev().find_map(|batch| {
        let key = format!("offsets/{batch}");
        let bytes = view.bytes.get(&key)?;
        let metadata = OffsetSeq::parse(bytes).value?.metadata?;
        Some((key, metadata.conf))
    })?;
    let (_, line) = SINCE.iter().find(|(name, _)| conf.contains_key(*name))?;
    Some((*line, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(confs: &[&str], keys: &[&str]) -> CheckpointView {
        let mut view = CheckpointView::new("s3://b/c");
        let conf: Vec<String> =
            confs.iter().map(|name| format!("{name:?}:\"x\"")).collect();
        let text = format!("v1\n{{\"conf\":{{{}}}}}\n{{}}", conf.join(","));
        view.read("offsets/3", text.into_bytes());
        for key in keys {
            view.read(*key, b"x".to_vec());
        }
        view
    }

    #[test]
    fn the_writer_is_told_by_what_it_wrote() {
        const OLD: &str = "spark.sql.streaming.statefulOperator.useStrictDistribution";
        const FILTERS: &str = "spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan";
        const ENCODING: &str = "spark.sql.streaming.stateStore.encodingFormat";
        for (confs, keys, line) in [
            (&[OLD][..], &[][..], SparkLine::V3_4),
            (&[OLD, FILTERS], &[], SparkLine::V3_5),
            (&[OLD, FILTERS, ENCODING], &[], SparkLine::V4_1),
            (&[OLD, FILTERS], &["state/0/0/1.delta.crc"], SparkLine::V4_1),
        ] {
            let guess = guess(&view(confs, keys));
            assert_eq!(guess.line, line, "{confs:?}");
            assert!(guess.inferred);
        }
    }

    #[test]
    fn where_nothing_tells_the_strictest_is_assumed_and_named() {
        let guess = guess(&view(&[], &[]));
        assert_eq!(guess.line, SparkLine::STRICTEST);
        assert!(!guess.inferred && guess.said.contains("4.1"));
    }
}

//! What a checkpoint tells about its query, for whoever was not told: how many
//! sources it has, whether it keeps state, whether it tracks its progress
//! asynchronously, and how its state is named.

use super::layout::CheckpointFile;
use super::offset_log::OffsetSeq;
use super::spark_line::QueryShape;
use super::view::CheckpointView;

/// Which parts of a shape are known. The others are inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Given {
    pub sources: bool,
    pub stateful: bool,
    pub async_progress: bool,
    pub state_checkpoint_format: bool,
}

/// A shape, and what of it was inferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inferred {
    pub shape: QueryShape,
    /// Sentences, each with what it was inferred from. A part that turned out
    /// to be as it is by default is not mentioned where the default is a conf's.
    pub said: Vec<String>,
}

/// Fills in what is not given, from the listing and the bytes that were read.
/// What is given stays, even where the checkpoint says otherwise: that is what
/// a check is to find.
pub fn infer(view: &CheckpointView, shape: &QueryShape, given: Given) -> Inferred {
    let mut shape = shape.clone();
    let mut said = Vec::new();
    if !given.sources {
        let (count, from) = sources(view);
        shape.sources = count;
        said.push(format!(
            "The query is taken to have {count} sources: {from}."
        ));
    }
    if !given.stateful {
        shape.stateful = has_state(view);
        said.push(if shape.stateful {
            "The query is taken to keep state: there are files of state.".to_owned()
        } else {
            "The query is taken to keep no state: there is no file of any.".to_owned()
        });
    }
    if !given.async_progress && is_sparse(view) {
        shape.async_progress = true;
        said.push(
            "The query is taken to track its progress asynchronously \
             (asyncProgressTrackingEnabled): most batches are left out, the same ones in \
             offsets/ and commits/. Without that option the start fails."
                .to_owned(),
        );
    }
    if !given.state_checkpoint_format && names_are_unique(view) {
        shape.state_checkpoint_format = 2;
        said.push(
            "The query is taken to run with \
             spark.sql.streaming.stateStore.checkpointFormatVersion=2: its state files \
             have unique names."
                .to_owned(),
        );
    }
    Inferred { shape, said }
}

/// By the newest batch that can be read, else by the initial offsets.
fn sources(view: &CheckpointView) -> (u32, String) {
    let lines = view.offset_batches().into_iter().rev().find_map(|batch| {
        let bytes = view.bytes.get(&format!("offsets/{batch}"))?;
        let read = OffsetSeq::parse(bytes).value?;
        let count = u32::try_from(read.sources.len()).ok()?;
        (count > 0).then_some((count, batch))
    });
    if let Some((count, batch)) = lines {
        return (
            count,
            format!("offsets/{batch} has so many lines for sources"),
        );
    }
    let seeds = view
        .listing
        .keys()
        .filter_map(|key| match CheckpointFile::of_key(key) {
            CheckpointFile::SourceOffset(index) => Some(index),
            _ => None,
        })
        .max();
    match seeds {
        Some(last) => (
            last.saturating_add(1),
            format!("sources/{last}/0 is the last initial offset"),
        ),
        None => (1, "nothing in the checkpoint tells".to_owned()),
    }
}

fn has_state(view: &CheckpointView) -> bool {
    view.listing.keys().any(|key| {
        matches!(
            CheckpointFile::of_key(key),
            CheckpointFile::State(_)
                | CheckpointFile::StateSchema { .. }
                | CheckpointFile::OperatorMetadata { .. }
        )
    })
}

/// Both logs have the same batches, but for a newest one that is not committed,
/// and more steps between them are wide than not. A single gap is a lost file.
fn is_sparse(view: &CheckpointView) -> bool {
    const BATCHES_MIN: usize = 3;
    let mut offsets = view.offset_batches();
    let commits = view.commit_batches();
    if offsets.last() != commits.last() {
        offsets.pop();
    }
    if offsets.len() < BATCHES_MIN || offsets != commits || has_state(view) {
        return false;
    }
    let wide = offsets
        .windows(2)
        .filter(|two| two[0].checked_add(1) != Some(two[1]))
        .count();
    wide * 2 > offsets.len() - 1
}

fn names_are_unique(view: &CheckpointView) -> bool {
    let mut any = false;
    for key in view.listing.keys() {
        if let CheckpointFile::State(file) = CheckpointFile::of_key(key) {
            match file.unique_id {
                Some(_) => any = true,
                None => return false,
            }
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{ListedObject, Prognosis, SparkLine, predict};

    fn sparse(batches: &[i64]) -> CheckpointView {
        let mut view = CheckpointView::new("s3://bucket/x");
        view.read(
            "metadata",
            br#"{"id":"5b0c4824-5d6d-4f9e-b1a4-0a53ef144619"}"#.to_vec(),
        );
        for batch in batches {
            let text = "v1\n{}\n{\"t\":{\"0\":1}}\n{\"u\":{\"0\":1}}";
            view.read(format!("offsets/{batch}"), text.as_bytes().to_vec());
            view.read(format!("commits/{batch}"), b"v1\n{}".to_vec());
        }
        view
    }

    fn inferred(view: &CheckpointView) -> QueryShape {
        infer(view, &QueryShape::stateless(1), Given::default()).shape
    }

    #[test]
    fn what_is_not_given_is_inferred_and_said() {
        let view = sparse(&[0, 7, 14, 24, 32]);
        let Inferred { shape, said } =
            infer(&view, &QueryShape::stateless(1), Given::default());
        assert_eq!(shape.sources, 2);
        assert!(shape.async_progress && !shape.stateful);
        assert_eq!(said.len(), 3);
        assert!(said[0].contains("offsets/32"), "{said:?}");
        assert!(matches!(
            predict(&view, SparkLine::V3_5, &shape),
            Prognosis::Starts { batch_id: 33, .. }
        ));
    }

    #[test]
    fn what_is_given_stays() {
        let view = sparse(&[0, 7, 14, 24, 32]);
        let given = Given {
            sources: true,
            stateful: true,
            async_progress: true,
            state_checkpoint_format: true,
        };
        let shape = QueryShape::stateful(1);
        let told = infer(&view, &shape, given);
        assert_eq!(told.shape, shape);
        assert_eq!(told.said, Vec::<String>::new());
    }

    #[test]
    fn a_lost_batch_is_no_asynchronous_progress() {
        assert!(!inferred(&sparse(&[0, 1, 2, 3, 4, 6])).async_progress);
        assert!(!inferred(&sparse(&[4, 6])).async_progress);
        let mut view = sparse(&[0, 7, 14, 24]);
        view.listing.remove("commits/7");
        assert!(!inferred(&view).async_progress);
    }

    /// A commit of version 2 alone is what a wrong conf leaves, and fails.
    #[test]
    fn unique_names_tell_the_format_and_a_commit_alone_does_not() {
        let mut view = sparse(&[0, 1]);
        view.read("commits/1", b"v2\n{\"nextBatchWatermarkMs\":0}".to_vec());
        assert_eq!(inferred(&view).state_checkpoint_format, 1);
        view.list("state/0/0/2_4e77370e.zip", ListedObject::default());
        let shape = inferred(&view);
        assert_eq!(shape.state_checkpoint_format, 2);
        assert!(shape.stateful);
        view.list("state/0/0/1.zip", ListedObject::default());
        assert_eq!(inferred(&view).state_checkpoint_format, 1);
    }
}

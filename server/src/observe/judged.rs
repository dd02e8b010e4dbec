//! A stream's checkpoint, read and judged with all that is known of the stream.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use domain::checkpoint::SparkGuess;
use domain::checkpoint::tree::Folder;
use domain::ids::StreamName;
use domain::intent::WayOut;
use domain::plan::Foreseen;
use domain::snapshot::{CheckpointSeen, JobsSeen, KafkaSeen};
use domain::time::Millis;
use uuid::Uuid;

use super::configured::Configured;
use super::{Observer, Watched, checkpoint};

/// Query ids that Sluice itself has written into a checkpoint.
#[derive(Default)]
pub(super) struct OwnIds(Mutex<BTreeSet<Uuid>>);

impl OwnIds {
    fn add(&self, id: Uuid) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.insert(id);
    }

    fn all(&self) -> Vec<Uuid> {
        let ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.iter().copied().collect()
    }
}

impl Watched {
    /// The Spark line that is configured, or that the application's release runs.
    pub(super) fn spark(&self) -> SparkGuess {
        match self.configured.stream.spark {
            Some(line) => SparkGuess { line, known: true },
            None => self.application.spark_line(),
        }
    }
}

impl Observer {
    /// Tells that a plan gives this stream's query this id, so that it is not
    /// taken for a stranger's while the job has not reported under it yet.
    pub(crate) fn expect_query_id(&self, name: &StreamName, id: Uuid) {
        if let Some(watched) = self.0.streams.get(name) {
            watched.own_ids.add(id);
        }
    }

    /// The checkpoint's files as they were last listed; `None` before that. It is
    /// for a page alone, and no part of what is judged or kept.
    pub(crate) fn tree(&self, name: &StreamName) -> Option<Arc<Folder>> {
        let tree = &self.0.streams.get(name)?.tree;
        tree.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn files(
        &self,
        watched: &Watched,
    ) -> Result<checkpoint::Read, String> {
        let stream = &watched.configured.stream;
        let aws = self.0.aws.reading(&stream.name);
        checkpoint::read(&aws.s3(), stream, &watched.files).await
    }

    /// What `way_out` changes in the checkpoint as it is now, and what Spark does
    /// after it.
    ///
    /// # Errors
    /// Why the checkpoint could not be read, as a sentence.
    pub(crate) async fn foresee(
        &self,
        name: &StreamName,
        way_out: &WayOut,
    ) -> Result<Foreseen, String> {
        let Some(watched) = self.0.streams.get(name) else {
            return Err("The stream is not configured.".to_owned());
        };
        let read = self.files(watched).await?;
        let Configured { stream, given, .. } = &watched.configured;
        let s3 = self.0.aws.reading(&stream.name).s3();
        let how = (watched.spark().line, &stream.shape, *given);
        checkpoint::foreseen(&s3, stream, &watched.files, read, way_out, how).await
    }

    pub(super) async fn judged(
        &self,
        watched: &Watched,
        read: checkpoint::Read,
        kafka: Option<(&KafkaSeen, Millis)>,
        jobs: Option<&JobsSeen>,
    ) -> Result<CheckpointSeen, String> {
        let Configured { stream, given, .. } = &watched.configured;
        let aws = self.0.aws.reading(&stream.name);
        let guess = watched.spark();
        let mut shape = stream.shape.clone();
        shape.last_seen_id = watched.progress.query_id();
        let asked = checkpoint::Asked {
            guess,
            release: jobs.map(|jobs| jobs.release.as_str()),
            shape,
            given: *given,
            query_ids: watched.own_ids.all(),
            kafka,
            jobs,
            job_conf: watched.application.sql_confs(&stream.name).await,
            trigger_ms: stream.trigger_ms,
        };
        let judged =
            checkpoint::judge(&aws.s3(), stream, read, &watched.files, asked).await;
        let (seen, tree) = judged?;
        *watched.tree.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Arc::new(tree));
        Ok(seen)
    }
}

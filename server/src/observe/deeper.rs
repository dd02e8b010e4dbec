//! What a look adds once the checkpoint is read: it tells which records and
//! which executors are worth a question.

use domain::snapshot::{CheckpointSeen, JobsSeen, KafkaSeen, Observed};

use super::{Observer, Watched, executors, reason};
use crate::clock;

impl Observer {
    /// Adds how old the unread records are; where Kafka does not tell, that
    /// stays unknown.
    pub(super) async fn date(
        &self,
        watched: &Watched,
        kafka: &mut Observed<KafkaSeen>,
        checkpoint: &Observed<CheckpointSeen>,
    ) {
        let name = &watched.configured.stream.name;
        let (Some(checkpoint), Observed::Seen { value, .. }) = (checkpoint.seen(), kafka)
        else {
            return;
        };
        let (Some(next), Some(last), Some(stream)) = (
            checkpoint.next_offsets(),
            checkpoint.last_committed(),
            self.0.config.stream(name),
        ) else {
            return;
        };
        let cluster = self.0.config.kafka_cluster(stream);
        let dated = self.0.kafka.date(cluster, value, &next, last.planned_at);
        if let Err(error) = dated.await {
            tracing::debug!(stream = %name, error = reason(&error), "kafka.not_dated");
        }
    }

    /// Adds what the executors are doing while a batch is under way; where
    /// CloudWatch does not tell, that stays unknown.
    pub(super) async fn executors(
        &self,
        watched: &Watched,
        jobs: &mut Observed<JobsSeen>,
        checkpoint: &Observed<CheckpointSeen>,
    ) {
        let stream = &watched.configured.stream;
        let (Some(checkpoint), Observed::Seen { value, .. }) = (checkpoint.seen(), jobs)
        else {
            return;
        };
        if !executors::are_asked_for(checkpoint, stream, clock::now()) {
            return;
        }
        let Some(run) = value.runs.first().map(|run| run.id.clone()) else {
            return;
        };
        let metrics = self.0.aws.reading(&stream.name).metrics();
        value.executors = executors::seen(&metrics, &run, clock::now()).await;
    }
}

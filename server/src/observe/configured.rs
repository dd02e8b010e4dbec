//! A configured stream in the domain's terms, made once at the start.

use std::sync::Arc;

use domain::agreement::RoleNeeded;
use domain::checkpoint::{Given, QueryShape, SparkLine};
use domain::ids::StreamName;
use domain::policy::{OptionAgreement, Policy};
use domain::stream::{Carrier, Contact, InvalidPrefix, Prefix, Sink, SinkKind, Stream};
use domain::verdict::Thresholds;

use crate::config::{self, Config, Isolation, Logs, Metrics, Requirement, S3Location};

/// What of a stream's configuration a look at it needs.
pub(super) struct Configured {
    pub(super) stream: Arc<Stream>,
    /// What of the stream's shape is configured and must not be inferred.
    pub(super) given: Given,
    pub(super) policy: Policy,
    pub(super) thresholds: Thresholds,
    pub(super) logs: Logs,
    pub(super) metrics: Metrics,
    /// The role in which the job runs, where it is configured.
    pub(super) execution_role: Option<String>,
}

/// Why no plan could ever be made for a configured stream.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A place in S3 that a plan could not name.
    #[error("the stream {stream} cannot be used")]
    Place {
        stream: StreamName,
        #[source]
        source: InvalidPrefix,
    },
    /// A Spark version that is not known.
    #[error("the stream {stream} cannot be used")]
    Spark {
        stream: StreamName,
        #[source]
        source: domain::checkpoint::spark_line::UnknownSparkVersion,
    },
    /// Topics that cannot be told apart by source.
    #[error(
        "the stream {stream} has {sources} sources and {topics} topics: with more than \
         one source, name exactly one topic for each, in the order of the sources"
    )]
    Sources {
        stream: StreamName,
        sources: u32,
        topics: usize,
    },
}

impl Configured {
    pub(super) fn new(
        config: &Config,
        stream: &config::Stream,
    ) -> Result<Self, Unusable> {
        let policy = config.policy(stream);
        Ok(Self {
            stream: Arc::new(domain_stream(config, stream)?),
            given: given(&stream.checkpoint),
            policy: domain_policy(policy),
            thresholds: Thresholds {
                alarm_ms: i64::from(policy.alarm_hours) * 3_600_000,
                triggers: i64::from(policy.stuck_triggers),
            },
            logs: stream.logs.clone(),
            metrics: stream.metrics.clone(),
            execution_role: stream
                .job
                .execution_role
                .as_ref()
                .map(|role| role.as_str().to_owned()),
        })
    }
}

fn domain_stream(config: &Config, stream: &config::Stream) -> Result<Stream, Unusable> {
    let name = || stream.name.clone();
    let prefix = |location: &S3Location| -> Result<Prefix, Unusable> {
        let parsed = location.to_string().parse();
        parsed.map_err(|source| Unusable::Place {
            stream: name(),
            source,
        })
    };
    let spark = match &stream.job.spark_line {
        None => None,
        Some(line) => {
            Some(
                line.parse::<SparkLine>()
                    .map_err(|source| Unusable::Spark {
                        stream: name(),
                        source,
                    })?,
            )
        }
    };
    let sources = stream.checkpoint.sources;
    let shape = shape(&stream.checkpoint);
    let isolation = stream
        .kafka
        .isolation
        .unwrap_or(config.kafka_cluster(stream).isolation);
    Ok(Stream {
        name: name(),
        title: stream.title.clone(),
        environment: stream.environment.to_string(),
        region: config.region(stream).as_str().to_owned(),
        application: stream.job.application_id.clone(),
        checkpoint: prefix(&stream.checkpoint_location())?,
        backup_root: prefix(&stream.backup_root())?,
        shape,
        spark,
        sources: by_source(stream, sources)?,
        kafka_cluster: stream.kafka.cluster.to_string(),
        read_committed: isolation == Isolation::ReadCommitted,
        trigger_ms: i64::from(stream.job.trigger_interval_seconds) * 1_000,
        sink: Sink {
            kind: sink_kind(stream.sink.kind),
            location: stream.sink.location.to_string(),
        },
        carrier: carrier(&stream.starting_position),
        siblings: stream.siblings.clone(),
        owner: stream.owners.join(", "),
        contacts: stream
            .contacts
            .iter()
            .map(|c| Contact {
                name: c.name.clone(),
                reach: c.reach.clone(),
            })
            .collect(),
        downstream: stream
            .downstream
            .iter()
            .map(|d| match &d.owner {
                Some(owner) => format!("{} ({owner})", d.table),
                None => d.table.clone(),
            })
            .collect(),
    })
}

fn given(checkpoint: &config::Checkpoint) -> Given {
    Given {
        sources: true,
        stateful: true,
        async_progress: checkpoint.async_progress_tracking.is_some(),
        state_checkpoint_format: checkpoint.state_checkpoint_format_version.is_some(),
    }
}

/// What is not configured is as Spark has it by default.
fn shape(checkpoint: &config::Checkpoint) -> QueryShape {
    let default = if checkpoint.stateful {
        QueryShape::stateful(checkpoint.sources)
    } else {
        QueryShape::stateless(checkpoint.sources)
    };
    QueryShape {
        async_progress: checkpoint
            .async_progress_tracking
            .unwrap_or(default.async_progress),
        state_checkpoint_format: checkpoint
            .state_checkpoint_format_version
            .map_or(default.state_checkpoint_format, |format| format.number()),
        verify_empty_on_start: checkpoint
            .verify_empty_on_start
            .unwrap_or(default.verify_empty_on_start),
        max_offsets_per_trigger: checkpoint
            .max_offsets_per_trigger
            .map(std::num::NonZeroU64::get),
        min_batches_to_retain: checkpoint
            .min_batches_to_retain
            .map_or(default.min_batches_to_retain, std::num::NonZeroU32::get),
        ..default
    }
}

fn by_source(
    stream: &config::Stream,
    sources: u32,
) -> Result<Vec<Vec<String>>, Unusable> {
    let topics = &stream.kafka.topics;
    match sources {
        1 => Ok(vec![topics.clone()]),
        n if usize::try_from(n).is_ok_and(|n| n == topics.len()) => {
            Ok(topics.iter().map(|topic| vec![topic.clone()]).collect())
        }
        _ => Err(Unusable::Sources {
            stream: stream.name.clone(),
            sources,
            topics: topics.len(),
        }),
    }
}

/// Validation has seen to it that there is a key where one is needed.
fn carrier(position: &config::StartingPosition) -> Carrier {
    let key = || position.key.clone().unwrap_or_default();
    match position.carrier {
        config::Carrier::Seed => Carrier::Seed,
        config::Carrier::Conf => Carrier::Conf { key: key() },
        config::Carrier::Argument => Carrier::Argument { name: key() },
    }
}

fn sink_kind(kind: config::SinkKind) -> SinkKind {
    match kind {
        config::SinkKind::PlainFiles => SinkKind::PlainFiles,
        config::SinkKind::FileSink => SinkKind::FileSink,
        config::SinkKind::Delta => SinkKind::Delta,
        config::SinkKind::Iceberg => SinkKind::Iceberg,
        config::SinkKind::Hudi => SinkKind::Hudi,
    }
}

fn domain_policy(policy: &config::Policy) -> Policy {
    let minutes = |m: u32| i64::from(m) * 60_000;
    let option = |letter: &str, needed: &[Requirement]| OptionAgreement {
        option: letter.to_owned(),
        roles: needed
            .iter()
            .map(|r| RoleNeeded {
                role: r.role,
                count: r.count,
            })
            .collect(),
    };
    let agreement = &policy.agreement;
    let watch_ms = minutes(policy.watch_minutes);
    Policy {
        agreement: [
            option("secure", &agreement.secure),
            option("A", &agreement.latest),
            option("B", &agreement.chosen),
            option("C", &agreement.earliest),
        ]
        .into_iter()
        .chain(
            agreement
                .restart
                .as_deref()
                .map(|needed| option("R", needed)),
        )
        .chain(
            agreement
                .restore
                .as_deref()
                .map(|needed| option("D", needed)),
        )
        .chain(
            agreement
                .rollback
                .as_deref()
                .map(|needed| option("E", needed)),
        )
        .chain(["G", "H"].into_iter().filter_map(|letter| {
            let needed = agreement.moved.as_deref()?;
            Some(option(letter, needed))
        }))
        .collect(),
        request_expires_ms: minutes(policy.approval_ttl_minutes),
        quiet_ms_min: i64::from(policy.quiet_seconds) * 1_000,
        stop_deadline_ms: minutes(policy.stop_minutes),
        // The first batch of a restarted stream is what is watched first.
        first_batch_deadline_ms: watch_ms,
        watch_deadline_ms: watch_ms,
        ..Policy::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../sluice.example.toml");

    fn configured(from: &str, to: &str) -> Result<Configured, Unusable> {
        let folder = tempfile::tempdir().unwrap();
        let secret = |text: String, name: &str, key: &str| {
            std::fs::write(folder.path().join(name), "secret").unwrap();
            text.replace(
                key,
                &format!("{}_file = \"{name}\"", key.split("_env").next().unwrap()),
            )
        };
        let text = EXAMPLE.replace(from, to);
        let text = secret(
            text,
            "client",
            "client_secret_env = \"SLUICE_CLIENT_SECRET\"",
        );
        let text = secret(text, "kafka", "password_env = \"SLUICE_KAFKA_PASSWORD\"");
        let config = Config::parse(&text, folder.path()).expect("the example is valid");
        Configured::new(&config, &config.streams[0])
    }

    #[test]
    fn the_example_becomes_a_stream() {
        let Configured {
            stream,
            policy,
            thresholds,
            ..
        } = configured("", "").unwrap();
        assert_eq!(
            stream.checkpoint.uri(),
            "s3://bucket/_checkpoints/streaming/orders/"
        );
        assert_eq!(
            stream.backup_root.uri(),
            "s3://bucket/_checkpoints/streaming/"
        );
        assert_eq!(stream.sources, [["orders_events".to_owned()]]);
        assert_eq!(stream.trigger_ms, 60_000);
        assert!(!stream.read_committed);
        assert_eq!(thresholds.alarm_ms, 24 * 3_600_000);
        assert_eq!(policy.quiet_ms_min, 60_000);
        let whom = |option: &str| {
            let found = policy.agreement.iter().find(|a| a.option == option);
            found.map(|a| a.roles.len())
        };
        let wanted = ["secure", "A", "B", "C"].map(whom);
        assert_eq!(wanted, [Some(0), Some(1), Some(1), Some(2)]);
    }

    #[test]
    fn what_the_query_sets_is_reckoned_with() {
        let Configured { stream, given, .. } = configured("", "").unwrap();
        assert_eq!(stream.shape, QueryShape::stateless(1));
        assert!(!given.async_progress && !given.state_checkpoint_format);
        let keys = "stateful = true\nasync_progress_tracking = true\n\
                    state_checkpoint_format_version = 2\nmin_batches_to_retain = 7\n\
                    max_offsets_per_trigger = 500\nverify_empty_on_start = false\n";
        let Configured { stream, given, .. } =
            configured("stateful = false\n", keys).unwrap();
        let shape = QueryShape {
            async_progress: true,
            state_checkpoint_format: 2,
            verify_empty_on_start: false,
            max_offsets_per_trigger: Some(500),
            min_batches_to_retain: 7,
            ..QueryShape::stateful(1)
        };
        assert_eq!(stream.shape, shape);
        assert!(given.async_progress && given.state_checkpoint_format);
    }

    #[test]
    fn sources_without_a_topic_each_are_refused() {
        let error = configured("# sources = 1\n", "sources = 2\n")
            .err()
            .unwrap();
        assert!(
            error.to_string().contains("2 sources and 1 topics"),
            "{error}"
        );
    }
}

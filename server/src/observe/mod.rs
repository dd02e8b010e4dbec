//! Looks at the world and says what it sees, as a [`Snapshot`].
//!
//! **Invariant:** a part that could not be read is unknown with its reason,
//! never empty; and nothing here changes anything.

mod backups;
mod batches;
mod charts;
mod checkpoint;
mod configured;
mod deeper;
mod elsewhere;
mod executors;
mod file;
mod jobs;
mod judged;
mod largest;
mod log_tail;
mod poller;
mod progress;
mod progress_charts;
mod progress_lines;
mod recognise;
mod samples;
mod sink;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::view::LogTail;
use domain::checkpoint::tree::Folder;
use domain::ids::StreamName;
use domain::plan::{RecordTimes, TimestampOffsets};
use domain::policy::Policy;
use domain::snapshot::{JobsSeen, KafkaSeen, Observed, Snapshot};
use domain::stream::Stream;
use domain::time::Millis;
use domain::verdict::Thresholds;

use crate::aws::{Aws, AwsError};
use crate::clock;
use crate::config::Config;
use crate::kafka::{KafkaClient, KafkaError};
use configured::Configured;

pub(crate) use checkpoint::{Settled, settled};
pub use configured::Unusable;
pub(crate) use largest::FoundInSink;
pub use poller::{Latest, Poller};
pub(crate) use sink::sink_at;

/// Looks at the configured streams. Cheap to clone.
#[derive(Clone)]
pub struct Observer(Arc<Inner>);

struct Inner {
    config: Arc<Config>,
    aws: Aws,
    kafka: KafkaClient,
    streams: BTreeMap<StreamName, Watched>,
}

/// A stream, and what is remembered between two looks to save calls.
struct Watched {
    configured: Configured,
    application: Arc<jobs::Application>,
    elsewhere: Arc<elsewhere::Elsewhere>,
    files: checkpoint::Files,
    sink_files: checkpoint::Files,
    progress: progress::Recent,
    charts: charts::Cached,
    own_ids: judged::OwnIds,
    backups: backups::Kept,
    tree: Mutex<Option<Arc<Folder>>>,
}

impl Observer {
    /// An observer of every configured stream.
    ///
    /// # Errors
    /// For a stream that the configuration lets through and no plan could be
    /// made for.
    pub fn new(
        config: Arc<Config>,
        aws: Aws,
        kafka: KafkaClient,
    ) -> Result<Self, Unusable> {
        let all = Arc::new(recognise::rules(&config));
        let mut applications = BTreeMap::new();
        let mut accounts = BTreeMap::new();
        let mut streams = BTreeMap::new();
        for stream in &config.streams {
            // Job runs are listed once for all streams of an application that
            // are looked at in the same role.
            let account = (
                config.region(stream).as_str().to_owned(),
                stream
                    .read_role
                    .as_ref()
                    .map(|role| role.as_str().to_owned()),
            );
            let elsewhere = accounts
                .entry(account.clone())
                .or_insert_with(|| Arc::new(elsewhere::Elsewhere::new(all.clone())))
                .clone();
            let application = applications
                .entry((account, stream.job.application_id.clone()))
                .or_insert_with(|| {
                    let id = stream.job.application_id.clone();
                    Arc::new(jobs::Application::new(id, all.clone()))
                })
                .clone();
            let watched = Watched {
                configured: Configured::new(&config, stream)?,
                application,
                elsewhere,
                files: checkpoint::Files::default(),
                sink_files: checkpoint::Files::default(),
                progress: progress::Recent::default(),
                charts: charts::Cached::default(),
                own_ids: judged::OwnIds::default(),
                backups: backups::Kept::default(),
                tree: Mutex::default(),
            };
            streams.insert(stream.name.clone(), watched);
        }
        Ok(Self(Arc::new(Inner {
            config,
            aws,
            kafka,
            streams,
        })))
    }

    /// All streams as configured, by name.
    pub fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.0
            .streams
            .values()
            .map(|watched| &*watched.configured.stream)
    }

    /// The names of all streams.
    pub fn names(&self) -> impl Iterator<Item = &StreamName> {
        self.0.streams.keys()
    }

    /// A stream as configured.
    #[must_use]
    pub fn stream(&self, name: &StreamName) -> Option<Arc<Stream>> {
        self.0
            .streams
            .get(name)
            .map(|w| w.configured.stream.clone())
    }

    /// The policy of a stream's environment; the strict default for a stream
    /// that is not configured.
    #[must_use]
    pub fn policy(&self, name: &StreamName) -> Policy {
        self.0
            .streams
            .get(name)
            .map(|w| w.configured.policy.clone())
            .unwrap_or_default()
    }

    /// Whether Sluice may change anything of a stream.
    #[must_use]
    pub fn changes_allowed(&self, name: &StreamName) -> bool {
        self.0
            .config
            .stream(name)
            .is_some_and(|stream| stream.changes_allowed)
    }

    /// From when on a stream is a matter for alarm.
    #[must_use]
    pub fn thresholds(&self, name: &StreamName) -> Thresholds {
        self.0
            .streams
            .get(name)
            .map(|w| w.configured.thresholds)
            .unwrap_or_default()
    }

    /// Looks at a stream now. Each part is seen, or unknown with the reason.
    pub async fn look(&self, name: &StreamName) -> Snapshot {
        self.look_within(name, Duration::ZERO).await
    }

    /// As [`Observer::look`], but the application's job runs may have been
    /// listed up to `age_max` ago, for another stream.
    pub(crate) async fn look_within(
        &self,
        name: &StreamName,
        age_max: Duration,
    ) -> Snapshot {
        let Some(watched) = self.0.streams.get(name) else {
            return unseen(name, "The stream is not configured.");
        };
        let jobs_and_progress = async {
            let jobs = self.jobs(watched, age_max).await;
            let progress = self.progress(watched, &jobs).await;
            (jobs, progress)
        };
        let kafka = async {
            // What was committed after this may be past what the brokers tell.
            let at = clock::now();
            (at, self.kafka(watched).await)
        };
        let sink_and_files = async {
            // What a live job has written since is then in the checkpoint too.
            let sink = observed(self.sink(watched).await);
            (sink, self.files(watched).await)
        };
        let ((sink, files), (kafka_at, kafka), (jobs, progress)) =
            tokio::join!(sink_and_files, kafka, jobs_and_progress);
        let checkpoint = match files {
            Ok(files) => {
                let kafka = kafka.as_ref().ok().map(|seen| (seen, kafka_at));
                self.judged(watched, files, kafka, jobs.as_ref().ok()).await
            }
            Err(reason) => Err(reason),
        };
        let mut snapshot = Snapshot {
            stream: name.clone(),
            taken_at: clock::now(),
            checkpoint: observed(checkpoint),
            jobs: observed(jobs),
            kafka: observed_at(kafka_at, kafka),
            progress: observed(progress),
            sink,
        };
        if let (Some(checkpoint), Observed::Seen { value, .. }) =
            (snapshot.checkpoint.seen(), &mut snapshot.sink)
        {
            *value = value.clone().beside(checkpoint);
        }
        tokio::join!(
            self.date(watched, &mut snapshot.kafka, &snapshot.checkpoint),
            self.executors(watched, &mut snapshot.jobs, &snapshot.checkpoint)
        );
        snapshot.taken_at = clock::now();
        snapshot
    }

    /// The application and the stream's job runs now, without a look at the
    /// rest: for who must know whether anything may write.
    pub async fn look_at_jobs(&self, name: &StreamName) -> Observed<JobsSeen> {
        match self.0.streams.get(name) {
            Some(watched) => observed(self.jobs(watched, Duration::ZERO).await),
            None => observed(Err("The stream is not configured.".to_owned())),
        }
    }

    /// The offsets at a time, for option B.
    ///
    /// # Errors
    /// When Kafka could not be asked.
    pub async fn offsets_for_time(
        &self,
        stream: &Stream,
        at: Millis,
    ) -> Result<TimestampOffsets, KafkaError> {
        let Some(stream) = self.0.config.stream(&stream.name) else {
            return Ok(TimestampOffsets::default());
        };
        let cluster = self.0.config.kafka_cluster(stream);
        self.0
            .kafka
            .offsets_for_time(cluster, &stream.kafka.topics, at)
            .await
    }

    /// The times of the records at `places` (topic, partition, offset); `hint` is
    /// the first guess.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn record_times(
        &self,
        stream: &Stream,
        places: &[(String, i32, i64)],
        hint: Millis,
    ) -> Result<RecordTimes, KafkaError> {
        let Some(stream) = self.0.config.stream(&stream.name) else {
            return Ok(RecordTimes::default());
        };
        let cluster = self.0.config.kafka_cluster(stream);
        self.0.kafka.record_times(cluster, places, hint).await
    }

    /// The end of the driver's log.
    pub async fn log_tail(&self, name: &StreamName) -> LogTail {
        let Some(watched) = self.0.streams.get(name) else {
            let reason = "The stream is not configured.".to_owned();
            return LogTail::unread(clock::now(), String::new(), reason);
        };
        let jobs = self.jobs(watched, Duration::from_secs(30)).await;
        let logs = &watched.configured.logs;
        log_tail::tail(&self.0.aws.reading(name).logs(), logs, jobs.as_ref().ok()).await
    }

    /// The errors in the log of the newest of these job runs, newest first.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn log_errors(
        &self,
        name: &StreamName,
        jobs: &JobsSeen,
    ) -> Result<Vec<String>, AwsError> {
        let Some(watched) = self.0.streams.get(name) else {
            return Ok(Vec::new());
        };
        let logs = self.0.aws.reading(name).logs();
        log_tail::errors(&logs, &watched.configured.logs, jobs).await
    }

    async fn jobs(
        &self,
        watched: &Watched,
        age_max: Duration,
    ) -> Result<JobsSeen, String> {
        let stream = &watched.configured.stream;
        let emr = self.0.aws.reading(&stream.name).emr();
        let (jobs, elsewhere) = tokio::join!(
            watched.application.seen(&emr, &stream.name, age_max),
            watched
                .elsewhere
                .seen(&emr, &stream.name, &stream.application, age_max),
        );
        let mut jobs = jobs.map_err(|error| reason(&error))?;
        match elsewhere {
            Ok(others) => jobs.others.extend(others),
            Err(error) => jobs.elsewhere = Some(reason(&error)),
        }
        jobs.weigh_roles(watched.configured.execution_role.as_deref());
        Ok(jobs)
    }

    async fn progress(
        &self,
        watched: &Watched,
        jobs: &Result<JobsSeen, String>,
    ) -> Result<Vec<domain::snapshot::Progress>, String> {
        let jobs = jobs.as_ref().map_err(|_| {
            "The job runs are unknown, and with them where their log is.".to_owned()
        })?;
        let Configured { stream, logs, .. } = &watched.configured;
        let aws = self.0.aws.reading(&stream.name);
        watched
            .progress
            .look(&aws.logs(), logs, stream, jobs)
            .await
            .map_err(|error| reason(&error))
    }

    async fn kafka(&self, watched: &Watched) -> Result<KafkaSeen, String> {
        let name = &watched.configured.stream.name;
        let stream = self
            .0
            .config
            .stream(name)
            .expect("every watched stream comes from the configuration");
        let cluster = self.0.config.kafka_cluster(stream);
        let read_committed = watched.configured.stream.read_committed;
        let seen = self
            .0
            .kafka
            .topics(cluster, &stream.kafka.topics, read_committed)
            .await
            .map_err(|error| reason(&error))?;
        match (&cluster.cluster_id, &seen.cluster_id) {
            (Some(wanted), Some(found)) if wanted != found => Err(format!(
                "The brokers of {} belong to the cluster {found}, and {wanted} is configured.",
                cluster.name
            )),
            (Some(wanted), None) => Err(format!(
                "The brokers of {} do not say to which cluster they belong, and {wanted} is configured.",
                cluster.name
            )),
            _ => Ok(seen),
        }
    }
}

fn observed<T>(value: Result<T, String>) -> Observed<T> {
    observed_at(clock::now(), value)
}

fn observed_at<T>(at: Millis, value: Result<T, String>) -> Observed<T> {
    match value {
        Ok(value) => Observed::Seen { at, value },
        Err(reason) => Observed::Unknown { at, reason },
    }
}

/// A snapshot in which nothing was seen, for this one reason.
pub(crate) fn unseen(name: &StreamName, reason: &str) -> Snapshot {
    let at = clock::now();
    Snapshot {
        stream: name.clone(),
        taken_at: at,
        checkpoint: Observed::Unknown {
            at,
            reason: reason.to_owned(),
        },
        jobs: Observed::Unknown {
            at,
            reason: reason.to_owned(),
        },
        kafka: Observed::Unknown {
            at,
            reason: reason.to_owned(),
        },
        progress: Observed::Unknown {
            at,
            reason: reason.to_owned(),
        },
        sink: Observed::Unknown {
            at,
            reason: reason.to_owned(),
        },
    }
}

/// An error as a sentence for people: what failed, and the last thing that is
/// known about why.
pub(crate) fn reason(error: &(dyn Error + 'static)) -> String {
    let own = error.to_string();
    let last = std::iter::successors(error.source(), |e| (*e).source()).last();
    // An AwsError has said it already; its chain is for the log.
    let text = match last {
        Some(last) if !error.is::<crate::aws::AwsError>() => format!("{own}: {last}"),
        _ => own,
    };
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        None => "No reason was given.".to_owned(),
    }
}

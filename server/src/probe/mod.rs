//! Probes of what surrounds a stream: single questions, asked only when a
//! person asks for them, each with its own deadline and its own outcome.
//!
//! **Invariant:** all but `write` and `conditions` only read. Those put objects of
//! their own under the configured backup root and delete exactly those.

mod application;
mod changed;
mod checkpoint;
mod cluster;
mod conditions;
mod preflight;
mod question;
mod role;
mod simulation;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};

use app::view::WriteTried;
use domain::access::Person;
use domain::changed::Changed;
use domain::ids::{RunId, StreamName};
use domain::plan::Plan;
use domain::preflight::{PreflightProbe, Tried};
use domain::probe::{Probe, job_needs};
use domain::snapshot::{BatchSeen, JobsSeen, Observed, Snapshot};
use domain::stream::Stream;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::aws::Aws;
use crate::config::{Config, KafkaAuthentication, RoleArn};
use crate::kafka::KafkaClient;
use crate::observe::{Observer, Poller};
use question::within;

/// Asks, and remembers nothing but the newest answers. Cheap to clone.
#[derive(Clone)]
pub struct Prober(Arc<Inner>);

/// The answers of one asking, and when it began; locked while one is under way.
type Newest = Mutex<Option<(Instant, Arc<Asked>)>>;

/// What came of one asking.
pub struct Asked {
    /// Each question.
    pub probes: Vec<Probe>,
    /// What changed since the last job run that did its work, or why that is
    /// not known.
    pub changed: Result<Changed, String>,
}

struct Inner {
    config: Arc<Config>,
    aws: Aws,
    kafka: KafkaClient,
    observer: Observer,
    poller: Poller,
    asked: BTreeMap<StreamName, Newest>,
    written: StdMutex<BTreeMap<StreamName, WriteTried>>,
}

impl Prober {
    /// On these parts.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        aws: Aws,
        kafka: KafkaClient,
        observer: Observer,
        poller: Poller,
    ) -> Self {
        let asked = observer
            .names()
            .map(|name| (name.clone(), Mutex::default()))
            .collect();
        Self(Arc::new(Inner {
            config,
            aws,
            kafka,
            observer,
            poller,
            asked,
            written: StdMutex::default(),
        }))
    }

    /// Asks every question that only reads, at the same time. Who comes while
    /// that is done shares the next answers, so that many readers make no storm.
    pub async fn ask(&self, stream: &Arc<Stream>) -> Arc<Asked> {
        let asked_at = Instant::now();
        let Some(slot) = self.0.asked.get(&stream.name) else {
            return Arc::new(Asked::nothing());
        };
        let mut newest = slot.lock().await;
        if let Some((began, asked)) = &*newest
            && *began >= asked_at
        {
            return asked.clone();
        }
        let began = Instant::now();
        // A task of its own: a dozen calls at once are more than what is left of
        // the stack below a page that is being drawn.
        let (inner, stream) = (self.0.clone(), stream.clone());
        let asking = tokio::spawn(async move { inner.ask_all(&stream).await });
        let asked = Arc::new(asking.await.unwrap_or_else(|error| {
            tracing::error!(%error, "probe.broke_off");
            Asked::nothing()
        }));
        *newest = Some((began, asked.clone()));
        asked
    }

    /// Writes one object of its own under the stream's backup root and deletes
    /// it, in the stream's change role, for this person. A task of its own, so
    /// that a browser that goes away does not leave the object behind.
    pub async fn try_write(&self, stream: Arc<Stream>, by: Person) {
        let inner = self.0.clone();
        let trying = tokio::spawn(async move {
            let tried = write::tried(&inner.aws, &stream, &by).await;
            inner.written().insert(stream.name.clone(), tried);
        });
        if trying.await.is_err() {
            tracing::error!("probe.write_broke_off");
        }
    }

    /// Asks what stands before the start of a plan, all of it only reading. `None`
    /// where the asking broke off.
    pub async fn preflight(
        &self,
        stream: Arc<Stream>,
        plan: Plan,
        snapshot: Arc<Snapshot>,
    ) -> Option<Vec<PreflightProbe>> {
        let inner = self.0.clone();
        let asking = tokio::spawn(async move {
            let configured = inner.config.stream(&stream.name)?;
            let asking = preflight::Asking {
                aws: inner.aws.reading(&stream.name),
                change_role: configured.change_role.as_ref().map(RoleArn::as_str),
                account: configured.account.as_str(),
                stream: &stream,
                plan: &plan,
                snapshot: &snapshot,
            };
            Some(Box::pin(preflight::probes(&asking)).await)
        });
        asking.await.unwrap_or_else(|error| {
            tracing::error!(%error, "probe.broke_off");
            None
        })
    }

    /// Tries which conditions are honoured where the stream's backups go, by objects
    /// that begin with the key `objects`, in the stream's change role and for this
    /// Run. `None` where the trial broke off.
    pub async fn try_conditions(
        &self,
        stream: Arc<Stream>,
        run: &RunId,
        objects: String,
    ) -> Option<Tried> {
        // The session of the Run, which its plans are carried out in.
        let session = format!("sluice-{run}");
        let s3 = self.0.aws.changing(&stream.name, &session).s3();
        let trying = tokio::spawn(async move {
            let trial = conditions::Trial {
                s3,
                root: &stream.backup_root,
                objects,
            };
            trial.tried(&stream.name).await
        });
        trying
            .await
            .inspect_err(|error| tracing::error!(%error, "probe.broke_off"))
            .ok()
    }

    /// What came of the newest try to write since this process began.
    #[must_use]
    pub fn written(&self, stream: &StreamName) -> Option<WriteTried> {
        self.0.written().get(stream).cloned()
    }
}

impl Asked {
    fn nothing() -> Self {
        Self {
            probes: vec![question::broke_off()],
            changed: Err("The asking broke off by a fault of Sluice.".to_owned()),
        }
    }
}

impl Inner {
    async fn ask_all(&self, stream: &Stream) -> Asked {
        let Some(configured) = self.config.stream(&stream.name) else {
            return Asked::nothing();
        };
        let aws = self.aws.reading(&stream.name);
        let kafka_cluster = self.config.kafka_cluster(configured);
        let arn = kafka_cluster.msk_arn.as_ref();
        let needs = job_needs(stream, arn.map(crate::config::MskArn::as_str));
        let by_iam = matches!(
            kafka_cluster.authentication,
            KafkaAuthentication::Iam { .. }
        );
        let (newest_offsets, committed) = self.batches(&stream.name);
        let (emr, msk, iam, s3) = (aws.emr(), aws.msk(), aws.iam(), aws.s3());
        let of_the_job_runs = async {
            let jobs = self.jobs(&stream.name).await;
            let role = role::of_newest_run(&jobs);
            tokio::join!(
                role::probes(&iam, role, &needs, by_iam),
                changed::since(&emr, &s3, &jobs, committed),
            )
        };
        let (application, cluster, (role, changed), checkpoint) = tokio::join!(
            application::probe(&emr, stream),
            cluster::probes(&msk, &self.kafka, kafka_cluster),
            of_the_job_runs,
            checkpoint::probes(&s3, stream, newest_offsets),
        );
        Asked {
            probes: [vec![application], cluster, role, checkpoint].concat(),
            changed,
        }
    }

    /// The newest batch that is begun, and the newest that is committed, by what
    /// was last seen.
    fn batches(&self, name: &StreamName) -> (Option<i64>, Result<BatchSeen, String>) {
        let Some(latest) = self.poller.get(name) else {
            return (
                None,
                Err("The checkpoint was not looked at yet.".to_owned()),
            );
        };
        match &latest.snapshot.checkpoint {
            Observed::Seen { value, .. } => {
                let committed = value.last_committed().cloned();
                let none = "The checkpoint has no committed batch that can be read.";
                (value.newest_offsets, committed.ok_or(none.to_owned()))
            }
            Observed::Unknown { reason, .. } => (None, Err(reason.clone())),
        }
    }

    /// The job runs now, or why they are not known.
    async fn jobs(&self, name: &StreamName) -> Result<JobsSeen, String> {
        let looked = within(question::DEADLINE, self.observer.look_at_jobs(name)).await;
        let Some(jobs) = looked else {
            return Err("EMR Serverless did not tell its job runs in time.".to_owned());
        };
        match jobs {
            Observed::Seen { value, .. } => Ok(value),
            Observed::Unknown { reason, .. } => Err(reason),
        }
    }

    fn written(&self) -> MutexGuard<'_, BTreeMap<StreamName, WriteTried>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

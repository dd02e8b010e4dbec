//! Looks at every stream again and again, and keeps what was last seen.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use app::view::{Point, Series};
use domain::ids::{JobRunId, StreamName};
use domain::snapshot::{JobRunState, Observed, Snapshot};
use domain::time::Millis;
use domain::verdict::{ResetHelps, Sample, Verdict, VerdictKind, judge, sample};
use futures::FutureExt as _;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::samples::{DAY_MS, Samples};
use super::{Observer, unseen};
use crate::clock;
use crate::live::Live;
use crate::store::Store;

/// A look that takes longer is given up: its parts have timeouts of their own,
/// but a checkpoint of a million objects is a thousand pages.
const LOOK_TIMEOUT: Duration = Duration::from_secs(300);
/// A listing of job runs that another stream of the same application has made
/// is good enough for so much of the interval: EMR allows a call a second.
const SHARED_AGE: f64 = 0.8;
/// A log's last lines come to CloudWatch no later than this after the end.
const LATE_LINES_MS: i64 = 5 * 60_000;
/// First looks are spread over this time, so that a start is no burst.
const START_JITTER: Duration = Duration::from_secs(2);

/// What was last seen of a stream.
#[derive(Clone, Debug)]
pub struct Latest {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The verdict on it, by this and the looks before.
    pub verdict: Verdict,
    /// When the look was complete.
    pub seen_at: Millis,
    /// When this verdict was first come to, without another in between.
    pub verdict_since: Millis,
}

/// One task a stream. Cheap to clone.
#[derive(Clone)]
pub struct Poller(Arc<Inner>);

struct Inner {
    observer: Observer,
    live: Live,
    store: Store,
    streams: BTreeMap<StreamName, Kept>,
}

#[derive(Default)]
struct Kept {
    /// Held during a look: there is one at a time.
    looking: Mutex<()>,
    newest: StdMutex<Option<(Instant, Arc<Latest>)>>,
    samples: StdMutex<Samples>,
    failed: StdMutex<Option<Failed>>,
}

/// What the log of a job run's failed attempt says, read once for it.
struct Failed {
    run: JobRunId,
    attempt: i32,
    ended: bool,
    lines: Vec<String>,
}

impl Poller {
    /// Begins to look at every stream, until `stop`.
    #[must_use]
    pub fn start(
        observer: Observer,
        live: Live,
        store: Store,
        interval: Duration,
        stop: &CancellationToken,
    ) -> Self {
        let streams = observer
            .names()
            .map(|name| (name.clone(), Kept::default()))
            .collect();
        let poller = Self(Arc::new(Inner {
            observer,
            live,
            store,
            streams,
        }));
        for name in poller.0.streams.keys() {
            let (poller, name, stop) = (poller.clone(), name.clone(), stop.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = poller.poll_on(&name, interval) => {}
                    () = stop.cancelled() => {}
                }
            });
        }
        poller
    }

    /// Polls for ever. A look that panics says so in the stream's place, rather
    /// than leaving the last verdict there for good.
    async fn poll_on(&self, name: &StreamName, interval: Duration) {
        loop {
            let polling = AssertUnwindSafe(self.poll(name, interval)).catch_unwind();
            if polling.await.is_ok() {
                return;
            }
            tracing::error!(stream = %name, "poller.panicked");
            if let Some(kept) = self.0.streams.get(name) {
                let snapshot = unseen(
                    name,
                    "The look broke off by a fault of Sluice; its log says where.",
                );
                let latest = Arc::new(self.judged(name, kept, snapshot, &[]));
                kept.replace(Instant::now(), latest);
                self.0.live.stream_changed(name);
            }
            tokio::time::sleep(interval).await;
        }
    }

    /// What was last seen; `None` before the first look, and for a stream that
    /// is not configured.
    #[must_use]
    pub fn get(&self, name: &StreamName) -> Option<Arc<Latest>> {
        self.0.streams.get(name)?.newest().map(|(_, latest)| latest)
    }

    /// Looks now, and gives what is seen. Callers who come during a look wait
    /// for it and share the next.
    pub async fn refresh(&self, name: &StreamName) -> Arc<Latest> {
        match self.0.streams.get(name) {
            Some(kept) => self.look(name, kept, Duration::ZERO).await,
            None => Arc::new(not_configured(name)),
        }
    }

    /// The samples of the last day, oldest first.
    #[must_use]
    pub fn samples(&self, name: &StreamName) -> Vec<Sample> {
        let Some(kept) = self.0.streams.get(name) else {
            return Vec::new();
        };
        kept.samples
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .all()
    }

    /// Changes with every change of any stream's latest.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.live.follow_streams()
    }

    /// The charts of a stream's page.
    pub async fn charts(&self, name: &StreamName) -> Vec<Series> {
        self.0.observer.charts(name, &self.samples(name)).await
    }

    /// The small chart of the list: records processed a minute, of the last
    /// hour.
    #[must_use]
    pub fn sparkline(&self, name: &StreamName) -> Vec<Point> {
        self.0.observer.sparkline(name, &self.samples(name))
    }

    /// What looks.
    #[must_use]
    pub fn observer(&self) -> &Observer {
        &self.0.observer
    }

    async fn poll(&self, name: &StreamName, interval: Duration) {
        let Some(kept) = self.0.streams.get(name) else {
            return;
        };
        self.recall_samples(name, kept).await;
        let jitter = START_JITTER.min(interval).mul_f64(rand::random::<f64>());
        tokio::time::sleep(jitter).await;
        loop {
            let began = Instant::now();
            self.look(name, kept, interval.mul_f64(SHARED_AGE)).await;
            // Read at most twice a minute, whatever the interval.
            self.charts(name).await;
            // Never sooner than after the interval, and never two at a time.
            tokio::time::sleep_until(began + interval).await;
        }
    }

    async fn look(
        &self,
        name: &StreamName,
        kept: &Kept,
        age_max: Duration,
    ) -> Arc<Latest> {
        let asked_at = Instant::now();
        let _looking = kept.looking.lock().await;
        if let Some((began, latest)) = kept.newest()
            && began >= asked_at
        {
            return latest;
        }
        let began = Instant::now();
        let look = self.0.observer.look_within(name, age_max);
        let mut snapshot = match tokio::time::timeout(LOOK_TIMEOUT, look).await {
            Ok(snapshot) => snapshot,
            Err(_) => unseen(name, "The look took longer than five minutes."),
        };
        self.recall_topics(name, &mut snapshot).await;
        let log = self.log_of_failure(name, kept, &snapshot).await;
        let latest = Arc::new(self.judged(name, kept, snapshot, &log));
        self.keep_sample(name, kept).await;
        let before = kept.replace(began, latest.clone());
        if before.is_none_or(|before| differs(&before, &latest)) {
            self.0.live.stream_changed(name);
        }
        latest
    }

    /// The history of before a restart. Looks that were made meanwhile follow it.
    async fn recall_samples(&self, name: &StreamName, kept: &Kept) {
        let since = clock::now().plus(-DAY_MS);
        match self.0.store.samples(name, since).await {
            Ok(before) => {
                let mut samples =
                    kept.samples.lock().unwrap_or_else(PoisonError::into_inner);
                let since_start = samples.all();
                *samples = Samples::recalled(before);
                for sample in since_start {
                    samples.add(sample);
                }
            }
            Err(error) => tracing::warn!(
                stream = %name,
                error = crate::telemetry::chain(&error),
                "poller.samples_unread"
            ),
        }
    }

    async fn keep_sample(&self, name: &StreamName, kept: &Kept) {
        let due = {
            let mut samples = kept.samples.lock().unwrap_or_else(PoisonError::into_inner);
            samples.due()
        };
        let Some(sample) = due else { return };
        let since = sample.at.plus(-DAY_MS);
        if let Err(error) = self.0.store.keep_sample(name, &sample, since).await {
            tracing::warn!(
                stream = %name,
                error = crate::telemetry::chain(&error),
                "poller.sample_not_kept"
            );
        }
    }

    /// Compares the topics' ids with those that the query was first seen with.
    async fn recall_topics(&self, name: &StreamName, snapshot: &mut Snapshot) {
        let query = snapshot.checkpoint.seen().and_then(|c| c.query_id);
        let Observed::Seen { at, value } = &mut snapshot.kafka else {
            return;
        };
        for (topic, seen) in &mut value.topics {
            let Some(id) = seen.topic_id else { continue };
            let former = self.0.store.saw_topic(name, topic, query, id, *at).await;
            match former {
                Ok(former) => seen.former = former,
                Err(error) => tracing::warn!(
                    stream = %name,
                    topic,
                    error = crate::telemetry::chain(&error),
                    "poller.topic_id_unknown"
                ),
            }
        }
    }

    /// The error lines of the newest job run's log, where an attempt of it has
    /// failed. They are read once an attempt, since they do not change.
    async fn log_of_failure(
        &self,
        name: &StreamName,
        kept: &Kept,
        snapshot: &Snapshot,
    ) -> Vec<String> {
        let Some(jobs) = snapshot.jobs.seen() else {
            return Vec::new();
        };
        let Some(run) = jobs.runs.first() else {
            return Vec::new();
        };
        if run.state != JobRunState::Failed && run.attempt <= 1 {
            return Vec::new();
        }
        let ended = run.state.is_terminal();
        let known = {
            let failed = kept.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed
                .as_ref()
                .filter(|f| (&f.run, f.attempt, f.ended) == (&run.id, run.attempt, ended))
                .map(|f| f.lines.clone())
        };
        if let Some(lines) = known {
            return lines;
        }
        let Ok(lines) = self.0.observer.log_errors(name, jobs).await else {
            return Vec::new();
        };
        // The last lines come a little after the end; without any it is asked
        // again for a while.
        let may_still_come =
            lines.is_empty() && clock::now().since(run.updated_at) < LATE_LINES_MS;
        if !may_still_come {
            *kept.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Failed {
                run: run.id.clone(),
                attempt: run.attempt,
                ended,
                lines: lines.clone(),
            });
        }
        lines
    }

    fn judged(
        &self,
        name: &StreamName,
        kept: &Kept,
        snapshot: Snapshot,
        log: &[String],
    ) -> Latest {
        let samples = {
            let mut samples = kept.samples.lock().unwrap_or_else(PoisonError::into_inner);
            samples.add(sample(&snapshot));
            samples.all()
        };
        let stream = self
            .0
            .observer
            .stream(name)
            .expect("every polled stream comes from the observer");
        let thresholds = self.0.observer.thresholds(name);
        let verdict = judge(&stream, &snapshot, &samples, thresholds, log);
        let before = kept.newest().map(|(_, latest)| latest);
        let verdict_since = before
            .filter(|before| before.verdict.kind == verdict.kind)
            .map_or(snapshot.taken_at, |before| before.verdict_since);
        Latest {
            seen_at: snapshot.taken_at,
            snapshot,
            verdict,
            verdict_since,
        }
    }
}

fn not_configured(name: &StreamName) -> Latest {
    let reason = "The stream is not configured.";
    let snapshot = unseen(name, reason);
    Latest {
        seen_at: snapshot.taken_at,
        verdict_since: snapshot.taken_at,
        verdict: Verdict {
            kind: VerdictKind::Unknown,
            sentence: "is unknown: it is not configured".to_owned(),
            advice: "Nothing can be said or planned.".to_owned(),
            since: None,
            reset_helps: ResetHelps::Unknown,
            evidence: vec![reason.to_owned()],
            cause: None,
        },
        snapshot,
    }
}

impl Kept {
    fn newest(&self) -> Option<(Instant, Arc<Latest>)> {
        self.newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn replace(&self, began: Instant, latest: Arc<Latest>) -> Option<Arc<Latest>> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.replace((began, latest)).map(|(_, before)| before)
    }
}

/// Whether a page would show something else. Times of looking, and sentences
/// that only count on, are no change.
fn differs(before: &Latest, now: &Latest) -> bool {
    let (a, b) = (&before.snapshot, &now.snapshot);
    before.verdict.kind != now.verdict.kind
        || before.verdict.since != now.verdict.since
        || part_differs(&a.checkpoint, &b.checkpoint)
        || part_differs(&a.jobs, &b.jobs)
        || part_differs(&a.kafka, &b.kafka)
        || part_differs(&a.progress, &b.progress)
}

fn part_differs<T: PartialEq>(before: &Observed<T>, now: &Observed<T>) -> bool {
    before.seen() != now.seen() || before.unknown_reason() != now.unknown_reason()
}

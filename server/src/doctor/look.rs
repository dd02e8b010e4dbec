//! One look: list, read what matters, judge.

use std::collections::{BTreeMap, BTreeSet};

use domain::checkpoint::checks::{BrokerSaid, Known, examine_with};
use domain::checkpoint::{
    CheckpointView, Given, Inferred, Prognosis, QueryShape, SparkLine, StreamMetadata,
    foresee, infer,
};
use domain::sink::{Feed, SinkSeen};
use futures::StreamExt as _;
use uuid::Uuid;

use super::bucket::Bucket;
use super::gathered::Gathered;
use super::kafka;
use super::place::Place;
use super::prognosis::PrognosisSaid;
use super::progress::Step;
use super::report::{FindingSaid, From, Query, Report, Seen};
use super::sink::SinkSaid;
use super::source::{Read, Source};
use super::{Options, sink, spark};
use crate::clock;
use crate::observe::{Settled, settled};

/// A live job writes while it is looked at; so often is begun anew.
const TRIES: usize = 4;
const READS_AT_ONCE: usize = 32;
/// Larger files stay unread, and what depends on them unknown. A log file has
/// some kilobytes; of state files, unpacked ones can be much larger.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// What is read of the state, the newest versions first. The rest is taken to be
/// whole where it is there, and the report says so.
const STATE_BYTES_MAX: u64 = 32 * 1024 * 1024;
const STATE_FILES_MAX: usize = 2_000;
/// Batches whose ends are laid side by side.
const HISTORY_BATCHES: usize = 10;

/// Looks at a checkpoint and says what was found; also where it could not be
/// read, so that there is always a report.
pub async fn diagnose(
    place: &Place,
    options: &Options,
    tell: &(dyn Fn(Step) + Sync),
) -> Report {
    for _ in 0..TRIES {
        // Before the checkpoint: what a live job writes meanwhile is then in the
        // checkpoint too, and never in the sink alone.
        let sink = look_at_the_sink(options, tell).await;
        let (source, gathered) = match Source::list(place, tell).await {
            Ok(listed) => listed,
            Err(reason) => {
                let why = format!("{} could not be listed: {reason}.", place.uri());
                return Report::unread(place, why);
            }
        };
        let look = Look {
            place,
            options,
            tell,
            source,
            sink,
            unreadable: BTreeMap::new(),
        };
        if let Some(report) = look.judge(gathered).await {
            return report;
        }
    }
    let why = format!(
        "The files that decide a restart changed {TRIES} times while they were read: a \
         job writes here."
    );
    Report::unread(place, why)
}

async fn look_at_the_sink(
    options: &Options,
    tell: &(dyn Fn(Step) + Sync),
) -> Option<Result<SinkSeen, String>> {
    let place = options.sink.as_ref()?;
    tell(Step::LooksAtTheSink);
    Some(sink::look(place).await)
}

struct Look<'a> {
    place: &'a Place,
    options: &'a Options,
    tell: &'a (dyn Fn(Step) + Sync),
    source: Source,
    /// `None` where no place was given.
    sink: Option<Result<SinkSeen, String>>,
    /// Why, by key.
    unreadable: BTreeMap<String, String>,
}

/// What the query is taken to be.
struct Reckoned {
    line: SparkLine,
    shape: QueryShape,
    inferred: Vec<String>,
    line_assumed: Option<String>,
    line_from: From,
}

impl Look<'_> {
    /// `None` where a file that decides was written meanwhile.
    async fn judge(mut self, gathered: Gathered) -> Option<Report> {
        let nested: Vec<String> = gathered.nested.iter().cloned().collect();
        let seen = Seen::of(&gathered);
        let mut limits: Vec<String> = self.source.said().to_vec();
        if gathered.others_left_out > 0 {
            limits.push(format!(
                "{} objects that belong to no checkpoint were counted and not looked at.",
                gathered.others_left_out
            ));
        }
        let mut view = gathered.view(&self.place.uri());
        if !nested.is_empty() && !is_checkpoint(&view) {
            return Some(Report::root(self.place, seen, nested));
        }
        let newest_batch_after = self.gone_on(&view).await?;
        self.read_logs(&mut view).await?;
        let reckoned = self.reckon(&view);
        let mut prognosis = self.read_state(&mut view, &reckoned).await?;
        let blocked = self.hides(&view, &reckoned);
        if let Some(key) = &blocked {
            prognosis = Prognosis::Unknown {
                unread: vec![key.clone()],
            };
        }
        let (said, table) = self.ask_kafka(&prognosis, &mut limits).await;
        let known = Known {
            now_ms: Some(clock::now().0),
            kafka: said,
            inferred: reckoned.inferred.clone(),
            line_assumed: reckoned.line_assumed.clone(),
            newest_batch_after,
            ..Known::default()
        };
        let mut findings = examine_with(&view, reckoned.line, &reckoned.shape, &known);
        let sink = self.beside_the_sink(&view, &prognosis, &mut limits);
        findings.extend(sink.iter().flat_map(|sink| sink.findings.clone()));
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        for (key, why) in &self.unreadable {
            limits.push(format!("{key} could not be read: {why}."));
        }
        limits.push(format!(
            "Not looked into: the query's code and its confs of today, {}whether another \
             job writes here.",
            if sink.is_some() {
                "and "
            } else {
                "its sink (--sink), and "
            }
        ));
        let mut report = Report::new(self.place, PrognosisSaid::of(&prognosis, &view));
        report.query = Some(Query::of(
            &reckoned.shape,
            reckoned.line,
            reckoned.line_from,
            self.options,
        ));
        report.seen = Some(Seen {
            query_id: query_id(&view),
            newest_offsets: view.offset_batches().last().copied(),
            newest_commit: view.commit_batches().last().copied(),
            ..seen
        });
        if blocked.is_none() {
            report.findings = findings.iter().map(FindingSaid::of).collect();
        }
        report.kafka = table;
        report.sink = sink.as_ref().map(SinkSaid::of);
        report.checkpoints = nested;
        report.limits = limits;
        Some(report)
    }

    /// The sink as it stands to this checkpoint; what it could not tell is said.
    fn beside_the_sink(
        &mut self,
        view: &CheckpointView,
        prognosis: &Prognosis,
        limits: &mut Vec<String>,
    ) -> Option<SinkSeen> {
        match self.sink.take()? {
            Err(why) => {
                limits.push(format!("Nothing is known of the sink: {why}."));
                None
            }
            Ok(seen) => {
                limits.extend(seen.unread.clone());
                Some(seen.fed_by(&Feed {
                    query_id: query_id(view),
                    newest_offsets: view.offset_batches().last().copied(),
                    newest_commit: view.commit_batches().last().copied(),
                    prognosis,
                }))
            }
        }
    }

    /// A live job goes on while a large place is listed. What looks like lost
    /// batches is then looked at anew (`None`); for what looks like an abandoned
    /// run's state, how far the job is by now.
    async fn gone_on(&self, view: &CheckpointView) -> Option<Option<i64>> {
        let Source::Bucket(Bucket { s3, bucket, prefix }) = &self.source else {
            return Some(None);
        };
        match settled(s3, bucket, prefix, view).await {
            Ok(Settled::Moved) => None,
            Ok(Settled::Stands(newest)) => Some(newest),
            // Without an answer the listing stands as it is.
            Err(_) => Some(None),
        }
    }

    /// What decides the next start, and some batches before it.
    async fn read_logs(&mut self, view: &mut CheckpointView) -> Option<()> {
        let decisive: BTreeSet<String> = view.decisive_files().into_iter().collect();
        let history = view
            .offset_batches()
            .into_iter()
            .rev()
            .take(HISTORY_BATCHES)
            .map(|batch| format!("offsets/{batch}"));
        let wanted: BTreeSet<String> = decisive.iter().cloned().chain(history).collect();
        for (key, read) in self.fetch(view, wanted).await {
            match read {
                Read::Bytes(bytes) => view.read(key, bytes),
                Read::No(why) => {
                    self.unreadable.insert(key, why);
                }
                Read::Moved if decisive.contains(&key) => return None,
                // An old batch that was purged meanwhile.
                Read::Moved => {
                    view.listing.remove(&key);
                }
            }
        }
        Some(())
    }

    /// Reads what the prognosis asks for, and as much as is read of the state that
    /// the next batch loads, and gives the prognosis.
    async fn read_state(
        &mut self,
        view: &mut CheckpointView,
        reckoned: &Reckoned,
    ) -> Option<Prognosis> {
        let mut bytes_left = STATE_BYTES_MAX;
        let mut files_left = STATE_FILES_MAX;
        loop {
            let foresight = foresee(view, reckoned.line, &reckoned.shape);
            let mut wanted: BTreeSet<String> = BTreeSet::new();
            if let Prognosis::Unknown { unread } = &foresight.prognosis {
                wanted.extend(unread.iter().cloned());
            }
            for key in foresight.unread_state {
                let size = view.listing.get(&key).map_or(0, |object| object.size);
                if files_left == 0 || size > bytes_left {
                    break;
                }
                if size <= FILE_BYTES_MAX && !self.unreadable.contains_key(&key) {
                    files_left -= 1;
                    bytes_left -= size;
                    wanted.insert(key);
                }
            }
            wanted.retain(|key| {
                !view.bytes.contains_key(key) && !self.unreadable.contains_key(key)
            });
            if wanted.is_empty() {
                return Some(foresight.prognosis);
            }
            for (key, read) in self.fetch(view, wanted).await {
                match read {
                    Read::Bytes(bytes) => view.read(key, bytes),
                    Read::Moved => return None,
                    Read::No(why) => {
                        self.unreadable.insert(key, why);
                    }
                }
            }
        }
    }

    async fn fetch(
        &self,
        view: &CheckpointView,
        keys: BTreeSet<String>,
    ) -> Vec<(String, Read)> {
        let of = keys.len() as u64;
        let mut files = 0;
        let mut reads = futures::stream::iter(keys)
            .map(|key| async {
                let read = match view.listing.get(&key) {
                    None => Read::Moved,
                    Some(listed) if listed.size > FILE_BYTES_MAX => Read::No(format!(
                        "it has {} bytes, and files of more than {FILE_BYTES_MAX} are not \
                         read",
                        listed.size
                    )),
                    Some(listed) if listed.size == 0 => Read::Bytes(Vec::new()),
                    Some(listed) => self.source.read(&key, listed).await,
                };
                (key, read)
            })
            .buffer_unordered(READS_AT_ONCE);
        let mut done = Vec::new();
        while let Some(read) = reads.next().await {
            files += 1;
            (self.tell)(Step::Read { files, of });
            done.push(read);
        }
        done
    }

    /// What is not said is inferred.
    fn reckon(&self, view: &CheckpointView) -> Reckoned {
        let options = self.options;
        let mut shape = QueryShape::stateless(options.sources.unwrap_or(1));
        shape.stateful = options.stateful.unwrap_or(false);
        let given = Given {
            sources: options.sources.is_some(),
            stateful: options.stateful.is_some(),
            ..Given::default()
        };
        let Inferred {
            shape,
            said: mut inferred,
        } = infer(view, &shape, given);
        let mut line_assumed = None;
        let (line, line_from) = match options.spark {
            Some(line) => (line, From::Option),
            None => {
                let guess = spark::guess(view);
                let from = if guess.inferred {
                    inferred.push(guess.said);
                    From::Inferred
                } else {
                    line_assumed = Some(guess.said);
                    From::Assumed
                };
                (guess.line, from)
            }
        };
        Reckoned {
            line,
            shape,
            inferred,
            line_assumed,
            line_from,
        }
    }

    /// A part of the directory that could not be seen and that may decide.
    fn hides(&mut self, view: &CheckpointView, reckoned: &Reckoned) -> Option<String> {
        let mut found = None;
        for (key, why) in self.source.blocked() {
            let matters = match key.split('/').next() {
                Some("metadata" | "offsets" | "commits" | "sources") => true,
                Some("state") => {
                    reckoned.shape.stateful || view.offset_batches().is_empty()
                }
                _ => false,
            };
            // A listed one counts where the prognosis asks for it.
            if matters && !view.listing.contains_key(&key) {
                found = found.or(Some(key.clone()));
            }
            self.unreadable.entry(key).or_insert(why);
        }
        // A link in the place of a directory was listed as if it were a file.
        ["offsets", "commits", "sources", "state"]
            .into_iter()
            .find(|name| self.unreadable.contains_key(*name))
            .map(str::to_owned)
            .or(found)
    }

    async fn ask_kafka(
        &self,
        prognosis: &Prognosis,
        limits: &mut Vec<String>,
    ) -> (Option<BrokerSaid>, Option<kafka::KafkaSaid>) {
        let Some(bootstrap) = &self.options.kafka else {
            limits.push(
                "Kafka was not asked: whether it still has the offsets is not known \
                 (--kafka)."
                    .to_owned(),
            );
            return (None, None);
        };
        (self.tell)(Step::AsksKafka);
        match kafka::ask(bootstrap, prognosis).await {
            Ok((said, table)) => (Some(said), Some(table)),
            Err(why) => {
                limits.push(format!("Nothing is known of what Kafka still has: {why}."));
                (None, None)
            }
        }
    }
}

fn query_id(view: &CheckpointView) -> Option<Uuid> {
    let bytes = view.bytes.get("metadata")?;
    StreamMetadata::parse(bytes)
        .value
        .map(|metadata| metadata.id)
}

/// Whether a query's own files lie right here.
fn is_checkpoint(view: &CheckpointView) -> bool {
    let own = |key: &String| {
        key == "metadata"
            || ["offsets/", "commits/", "sources/"]
                .iter()
                .any(|folder| key.len() > folder.len() && key.starts_with(folder))
    };
    let logs = !view.offset_batches().is_empty() || !view.commit_batches().is_empty();
    logs || view.listing.keys().any(own)
}

//! Real checkpoints through the simulated job: they are laid into the sandbox's S3, the
//! query is started on them, and what it does must be what Spark did.
//!
//! The archives are those of `domain/tests/corpus`, where the prognosis alone is held
//! against them. Here the whole engine runs: it lists, reads, writes and conflicts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::checkpoint::{QueryShape, SparkLine};
use sandbox::clock::Clock;
use sandbox::faults::Faults;
use sandbox::job::{
    Failure, Location, MicroBatchQuery, OffsetRange, QueryPlan, Source, Storage, Timeline,
};
use sandbox::record::Record;
use sandbox::s3::Store;
use sandbox::wire::Principal;
use serde_json::{Value, json};

/// How many batches are run before a query counts as going on.
const BATCHES: usize = 4;

#[tokio::test]
async fn every_real_checkpoint_is_started_as_spark_started_it() {
    let world = World::new();
    let cases = world.lay_out();
    assert!(cases.len() > 200, "only {} cases were found", cases.len());
    let mut table: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = String::new();
    for (name, expected) in &cases {
        let seen = world.run(name, expected).await;
        let row = table.entry(text(expected, "spark").to_owned()).or_default();
        row.0 += 1;
        match seen.differs(expected) {
            None => row.1 += 1,
            Some(difference) => {
                let outcome = text(expected, "outcome");
                writeln!(wrong, "{name}: {outcome}, but {difference}")
                    .expect("a text grows");
            }
        }
    }
    let mut shown = String::from("spark   cases  as Spark\n");
    for (version, (all, right)) in table {
        writeln!(shown, "{version:7} {all:5}  {right:8}").expect("a text grows");
    }
    eprintln!("{shown}");
    assert!(wrong.is_empty(), "{shown}\n{wrong}");
}

struct World {
    // Dropped with the test, and the files with it.
    directory: tempfile::TempDir,
    store: Arc<Store>,
    clock: Clock,
}

/// What the engine did with a checkpoint.
#[derive(Debug, Default)]
struct Seen {
    first: Option<(i64, Vec<Value>, Vec<Value>)>,
    committed: usize,
    failure: Option<Failure>,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let clock = Clock::new(1000);
        let record = Arc::new(Record::with_capacity(clock.clone(), 100));
        let store =
            Store::open(directory.path(), clock.clone(), record).expect("a store");
        store
            .create_bucket(&Principal::user("test"), "bucket")
            .expect("a bucket");
        Self {
            directory,
            store: Arc::new(store),
            clock,
        }
    }

    /// Unpacks every archive as plain files of the bucket; gives what is expected.
    fn lay_out(&self) -> BTreeMap<String, Value> {
        let bucket = self.directory.path().join("bucket");
        let mut expected = BTreeMap::new();
        for archive in archives() {
            let file = std::fs::File::open(archive).expect("an archive");
            let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
            for entry in tar.entries().expect("entries") {
                let mut entry = entry.expect("an entry");
                if !entry.header().entry_type().is_file() {
                    continue;
                }
                let path = entry.path().expect("a path").into_owned();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).expect("bytes");
                if path.file_name().is_some_and(|name| name == "expected.json") {
                    let case = path.parent().unwrap_or(Path::new("")).to_string_lossy();
                    let value = serde_json::from_slice(&bytes).expect("JSON");
                    expected.insert(case.into_owned(), value);
                } else {
                    let to = bucket.join(&path);
                    std::fs::create_dir_all(to.parent().expect("a folder"))
                        .expect("made");
                    std::fs::write(to, bytes).expect("written");
                }
            }
        }
        expected
    }

    async fn run(&self, name: &str, expected: &Value) -> Seen {
        let sources = expected["sources"].as_u64().expect("a number of sources");
        let sources = u32::try_from(sources).expect("a small number");
        let line: SparkLine = text(expected, "spark").parse().expect("a version");
        let timeline = Timeline::live(self.clock.clone());
        let storage = Storage::new(
            self.store.clone(),
            Arc::new(Faults::new(1)),
            Principal::session("EmrServerlessJobExecutionRole", "corpus"),
            timeline.clone(),
        );
        let shape = match expected["stateful"] == true {
            true => QueryShape::stateful(sources),
            false => QueryShape::stateless(sources),
        };
        let plan = QueryPlan {
            name: None,
            line,
            checkpoint: Location::parse(&format!("s3://bucket/{name}/checkpoint/"))
                .expect("a location"),
            sources: (0..sources).map(|index| source(expected, index)).collect(),
            shape,
            trigger: Duration::from_secs(1),
            shuffle_partitions: 2,
            // The corpus has operators that this job does not run.
            keeps_state: false,
        };
        let mut seen = Seen::default();
        match MicroBatchQuery::start(plan, storage, timeline).await {
            Err((failure, _)) => seen.failure = Some(failure),
            Ok(mut query) => {
                for _ in 0..BATCHES {
                    if let Err(failure) = one_batch(&mut query, &mut seen).await {
                        seen.failure = Some(failure);
                        break;
                    }
                }
            }
        }
        seen
    }
}

async fn one_batch(query: &mut MicroBatchQuery, seen: &mut Seen) -> Result<(), Failure> {
    let Some(batch) = query.next_batch().await? else {
        return Ok(());
    };
    if seen.first.is_none() {
        let lines = |lines: &[Option<String>]| lines.iter().map(as_json).collect();
        seen.first = Some((batch.id, lines(&batch.starts), lines(&batch.ends)));
    }
    query.commit(&batch).await?;
    seen.committed += 1;
    Ok(())
}

impl Seen {
    /// `None` when it is what Spark did.
    fn differs(&self, expected: &Value) -> Option<String> {
        let outcome = text(expected, "outcome");
        match (&self.failure, outcome) {
            (None, "starts" | "starts_fresh") => self.batch_differs(expected),
            (Some(failure), "fails") => self.failure_differs(failure, expected),
            (None, _) => Some(format!("it started: {:?}", self.first)),
            (Some(failure), _) => Some(format!("it failed: {failure}")),
        }
    }

    fn batch_differs(&self, expected: &Value) -> Option<String> {
        let Some((id, starts, ends)) = &self.first else {
            return Some("no batch was run".to_owned());
        };
        if Some(*id) != expected["batch_id"].as_i64() {
            return Some(format!("batch {id}"));
        }
        // Where the source itself was asked for its start, this one has its own.
        let wanted = expected["start_offsets"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if wanted
            .iter()
            .any(|value| value.is_null() || value == "None")
        {
            return None;
        }
        if *starts != wanted {
            return Some(format!("starts at {starts:?}"));
        }
        let wanted = expected["end_offsets"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        (*ends != wanted).then(|| format!("ends at {ends:?}"))
    }

    fn failure_differs(&self, failure: &Failure, expected: &Value) -> Option<String> {
        let when = match (failure.at_start, self.committed) {
            (true, _) => "start",
            (false, 0) => "before_first_batch",
            (false, _) => "after_batches",
        };
        if when != text(expected, "when") {
            return Some(format!("fails at {when}: {failure}"));
        }
        let (class, conditions) = cause(expected);
        let root = failure.root();
        if root.class != class {
            return Some(format!("fails with {failure}"));
        }
        let texts = failure.causes.iter().map(|cause| cause.text.as_str());
        let seen: Vec<String> = texts.filter_map(condition).collect();
        let known = seen.iter().all(|condition| conditions.contains(condition));
        if !known || seen.is_empty() != conditions.is_empty() {
            return Some(format!("fails with {failure}"));
        }
        expected
            .get("batch_id")
            .and_then(|_| self.batch_differs(expected))
    }
}

/// A source like `rate-micro-batch`: ten rows a batch, and a time that goes on with them.
struct Rate {
    advance_ms: i64,
}

/// The second source of the union goes on by two seconds a batch, all others by one.
fn source(expected: &Value, index: u32) -> Arc<dyn Source> {
    let is_second_of_union = text(expected, "query") == "union" && index == 1;
    Arc::new(Rate {
        advance_ms: if is_second_of_union { 2000 } else { 1000 },
    })
}

impl Source for Rate {
    fn description(&self) -> String {
        "RateStreamMicroBatch".to_owned()
    }

    fn initial(&self, _now_ms: Option<i64>) -> Result<String, Failure> {
        Ok(json!({ "offset": 0, "timestamp": BEGAN_MS }).to_string())
    }

    fn initial_file(&self, _line: &str) -> Option<Vec<u8>> {
        None
    }

    fn initial_from(&self, bytes: &[u8]) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn next_end(&self, start: &str, _: Option<i64>, _: i64) -> Result<String, Failure> {
        let start: Value = serde_json::from_str(start).map_err(|error| {
            Failure::new("org.json4s.MappingException", error.to_string())
        })?;
        let field = |name: &str| start[name].as_i64().unwrap_or_default();
        let end = json!({
            "offset": field("offset") + 10,
            "timestamp": field("timestamp") + self.advance_ms,
        });
        Ok(end.to_string())
    }

    fn plan(&self, _: &str, _: &str) -> Result<(Vec<OffsetRange>, Vec<String>), Failure> {
        Ok((Vec::new(), Vec::new()))
    }

    fn read(
        &self,
        _: &[OffsetRange],
    ) -> Result<(Vec<OffsetRange>, Vec<String>), Failure> {
        Ok((Vec::new(), Vec::new()))
    }

    fn latest(&self, _now_ms: Option<i64>) -> Option<String> {
        None
    }

    fn waiting_after(&self, _end: &str, _now_ms: Option<i64>) -> Option<Vec<i64>> {
        None
    }
}

/// Where the time of every case in the corpus begins.
const BEGAN_MS: i64 = 1_700_000_000_000;

fn archives() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/tests/corpus");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().ends_with(".tar.gz"))
        .collect();
    found.sort();
    found
}

/// The innermost cause's class, and the conditions of all causes.
fn cause(expected: &Value) -> (String, Vec<String>) {
    let chain = expected["error"].as_array().expect("a chain of causes");
    let said = |cause: &Value| cause[1].as_str().unwrap_or_default().to_owned();
    let conditions = chain
        .iter()
        .filter_map(|cause| condition(&said(cause)))
        .collect();
    let last = chain.last().expect("a cause");
    let class = match last[0].as_str().unwrap_or_default() {
        // What `start()` throws came through Python.
        "Py4JJavaError" => {
            let said = said(last);
            let after = said.split_once(".\n: ").map_or("", |(_, after)| after);
            after.split(':').next().unwrap_or_default().to_owned()
        }
        "IllegalArgumentException" => "java.lang.IllegalArgumentException".to_owned(),
        class => class.to_owned(),
    };
    (class, conditions)
}

/// The error condition that a message begins with.
fn condition(text: &str) -> Option<String> {
    let (condition, _) = text.strip_prefix('[')?.split_once(']')?;
    Some(condition.to_owned())
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a text")
}

fn as_json(line: &Option<String>) -> Value {
    line.as_deref().map_or(Value::Null, |line| {
        serde_json::from_str(line).unwrap_or_else(|_| json!(line))
    })
}

//! Real checkpoints, whole and broken, against what Spark did with them. A case
//! is data: another archive in `corpus/` or `restarts/` is picked up by itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its data has failed"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;

use domain::checkpoint::prognosis::FirstBatch;
use domain::checkpoint::{
    CheckpointView, FailsWhen, ListedObject, Prognosis, QueryShape, SparkLine, predict,
};
use serde_json::Value;

/// One restart that was really made.
struct Case {
    name: String,
    view: CheckpointView,
    expected: Value,
}

impl Case {
    fn line(&self) -> SparkLine {
        self.text("spark").parse().unwrap()
    }

    fn shape(&self) -> QueryShape {
        let sources = u32::try_from(self.expected["sources"].as_u64().unwrap()).unwrap();
        if self.expected["stateful"].as_bool().unwrap() {
            QueryShape::stateful(sources)
        } else {
            QueryShape::stateless(sources)
        }
    }

    fn text(&self, field: &str) -> &str {
        self.expected[field].as_str().unwrap()
    }

    /// The innermost cause: its class, and the error condition of any cause.
    fn cause(&self) -> (String, Vec<String>) {
        let chain = self.expected["error"].as_array().unwrap();
        let text =
            |cause: &Value, index: usize| cause[index].as_str().unwrap().to_owned();
        let conditions = chain
            .iter()
            .filter_map(|cause| {
                let said = text(cause, 1);
                let inner = said.strip_prefix('[')?.split_once(']')?.0;
                Some(inner.to_owned())
            })
            .collect();
        let last = chain.last().unwrap();
        let class = match text(last, 0).as_str() {
            // What `start()` throws came through Python.
            "Py4JJavaError" => {
                let said = text(last, 1);
                let after = said.split_once(".\n: ").unwrap().1;
                after.split_once(':').unwrap().0.to_owned()
            }
            "IllegalArgumentException" => "java.lang.IllegalArgumentException".to_owned(),
            // Before 4.0 one task checks the schema while another reads the rows,
            // and either may be the first to find that they do not fit.
            "org.apache.spark.sql.execution.streaming.state.InvalidUnsafeRowException" => {
                "org.apache.spark.sql.execution.streaming.state.StateSchemaNotCompatible"
                    .to_owned()
            }
            class => class.to_owned(),
        };
        (class, conditions)
    }
}

fn archives() -> Vec<PathBuf> {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut found: Vec<PathBuf> = ["corpus", "restarts"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(tests.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".tar.gz"))
        .collect();
    found.sort();
    found
}

/// `spark-<version>/<case>/expected.json` and `…/<case>/checkpoint/<key>`.
fn cases() -> Vec<Case> {
    let mut found: BTreeMap<String, Case> = BTreeMap::new();
    for archive in archives() {
        let file = std::fs::File::open(archive).unwrap();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            let mut parts = path.splitn(4, '/');
            let (Some(version), Some(case)) = (parts.next(), parts.next()) else {
                continue;
            };
            let (Some(what), rest) = (parts.next(), parts.next()) else {
                continue;
            };
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            let name = format!("{version}/{case}");
            let case = found.entry(name.clone()).or_insert_with(|| Case {
                view: CheckpointView::new(format!("file:$B/{case}")),
                name,
                expected: Value::Null,
            });
            match (what, rest) {
                ("expected.json", _) => {
                    case.expected = serde_json::from_slice(&bytes).unwrap();
                }
                ("checkpoint", Some(key)) => case.view.read(key, bytes),
                _ => {}
            }
        }
    }
    found.into_values().collect()
}

fn as_json(lines: &[Option<String>]) -> Vec<Value> {
    let value = |line: &Option<String>| match line {
        None => Value::Null,
        Some(line) => serde_json::from_str(line).unwrap(),
    };
    lines.iter().map(value).collect()
}

/// One recorder wrote a missing start as a text.
fn expected_lines(value: &Value) -> Vec<Value> {
    let none = |line: &Value| {
        if line == "None" {
            Value::Null
        } else {
            line.clone()
        }
    };
    value.as_array().unwrap().iter().map(none).collect()
}

fn batch_differs(case: &Case, first: &FirstBatch) -> Option<String> {
    let expected = &case.expected;
    if Some(first.batch_id) != expected["batch_id"].as_i64() {
        return Some(format!("batch {}", first.batch_id));
    }
    let start = as_json(&first.start_offsets);
    if start != expected_lines(&expected["start_offsets"]) {
        return Some(format!("start {start:?}"));
    }
    let end = first.end_offsets.as_deref().map(as_json)?;
    (end != expected_lines(&expected["end_offsets"])).then(|| format!("end {end:?}"))
}

/// What is foretold and what was seen; `None` when they agree.
fn differs(case: &Case, prognosis: &Prognosis) -> Option<String> {
    let outcome = case.text("outcome");
    match prognosis {
        Prognosis::Starts {
            batch_id,
            start_offsets,
            end_offsets,
            replay,
        } if outcome == "starts" => {
            let first = FirstBatch {
                batch_id: *batch_id,
                start_offsets: start_offsets.clone(),
                end_offsets: end_offsets.clone(),
                replay: *replay,
            };
            batch_differs(case, &first)
        }
        Prognosis::StartsFresh { start, .. } if outcome == "starts_fresh" => {
            let sources = case.expected["sources"].as_u64().unwrap();
            let none = vec![None; usize::try_from(sources).unwrap()];
            let first = FirstBatch {
                batch_id: 0,
                start_offsets: start.clone().unwrap_or(none),
                end_offsets: None,
                replay: false,
            };
            batch_differs(case, &first)
        }
        Prognosis::Fails {
            when,
            error_class,
            error_condition,
            text,
            first_batch,
            ..
        } if outcome == "fails" => {
            let name = match when {
                FailsWhen::Start => "start",
                FailsWhen::BeforeFirstBatch => "before_first_batch",
                FailsWhen::AfterBatches => "after_batches",
            };
            let (class, conditions) = case.cause();
            if name != case.text("when") {
                return Some(format!("fails at {name}"));
            }
            if *error_class != class {
                return Some(format!("class {error_class}: {text}"));
            }
            let known = error_condition
                .as_ref()
                .is_none_or(|c| conditions.contains(c));
            if !known || (error_condition.is_none() && !conditions.is_empty()) {
                return Some(format!("condition {error_condition:?}"));
            }
            match (case.expected.get("batch_id"), first_batch) {
                (None, _) => None,
                (Some(_), Some(first)) => batch_differs(case, first),
                (Some(_), None) => Some("no first batch".to_owned()),
            }
        }
        other => Some(format!("{other:?}")),
    }
}

#[test]
fn every_restart_is_foretold_as_it_happened() {
    let cases = cases();
    assert!(cases.len() > 900, "only {} cases were found", cases.len());
    let mut table: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = String::new();
    for case in &cases {
        let prognosis = predict(&case.view, case.line(), &case.shape());
        let row = table.entry(case.text("spark")).or_default();
        row.0 += 1;
        match differs(case, &prognosis) {
            None => row.1 += 1,
            Some(difference) => {
                let expected = case.text("outcome");
                writeln!(wrong, "{}: {expected}, but {difference}", case.name).unwrap();
            }
        }
    }
    let mut shown = String::from("spark   cases  foretold\n");
    for (version, (all, right)) in table {
        writeln!(shown, "{version:7} {all:5}  {right:8}").unwrap();
    }
    eprintln!("{shown}");
    assert!(wrong.is_empty(), "{shown}\n{wrong}");
}

/// Spark's own words, where the record has the whole of them.
#[test]
fn error_texts_are_those_of_spark() {
    let mut wrong = String::new();
    let mut compared = 0;
    for case in cases() {
        let Prognosis::Fails { text, .. } =
            predict(&case.view, case.line(), &case.shape())
        else {
            continue;
        };
        // What names a task, a thread or a process differs from run to run, which
        // partition fails first is a race, and long texts were cut short.
        let text = text.replace("/state/0/0/", "/state/0/1/");
        let seen: Vec<String> = case.expected["error"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cause| {
                cause[1]
                    .as_str()
                    .unwrap()
                    .replace("/state/0/0/", "/state/0/1/")
            })
            .filter(|said| !said.starts_with("Job aborted"))
            .collect();
        // Without any state left, which store fails first is for Spark to say.
        let gone = !case
            .view
            .listing
            .keys()
            .any(|key| key.starts_with("state/"));
        let race = seen
            .iter()
            .any(|said| said.contains("state format invalidation"));
        let own_words = race || text.contains("data type in the state schema");
        if own_words
            || text.contains("CANNOT_LOAD_STATE_STORE")
            || gone && text.contains("/state/")
        {
            continue;
        }
        compared += 1;
        let begins = |said: &String| {
            let said = said.strip_suffix('\u{2026}').unwrap_or(said);
            *said == text
                || said.contains(&format!(": {text}"))
                || (said.len() >= 390 && text.starts_with(said))
        };
        if !seen.iter().any(begins) && text != "metadata" && !text.is_empty() {
            writeln!(wrong, "{}\n  foretold {text:?}\n  seen {seen:?}", case.name)
                .unwrap();
        }
    }
    assert!(compared > 80, "only {compared} texts were compared");
    assert!(wrong.is_empty(), "{wrong}");
}

/// A caller that reads only what it is told to read learns the same, except for
/// what is hidden inside state files.
#[test]
fn the_decisive_files_are_enough() {
    for case in cases()
        .into_iter()
        .filter(|case| !case.expected["stateful"].as_bool().unwrap())
    {
        let mut view = CheckpointView::new(case.view.uri.clone());
        for (key, bytes) in &case.view.bytes {
            let size = bytes.len() as u64;
            view.list(
                key.clone(),
                ListedObject {
                    size,
                    ..ListedObject::default()
                },
            );
        }
        for key in view.decisive_files() {
            view.read(key.clone(), case.view.bytes[&key].clone());
        }
        let shape = case.shape();
        assert_eq!(
            predict(&view, case.line(), &shape),
            predict(&case.view, case.line(), &shape),
            "{}",
            case.name
        );
    }
}

/// Whatever stops Spark is an error of the doctor, and a checkpoint that was
/// not tampered with is none.
#[test]
fn the_doctor_names_what_stops_spark() {
    use domain::checkpoint::checks::{check_of, examine};
    use domain::checkpoint::{Action, Severity};
    for case in cases() {
        let findings = examine(&case.view, case.line(), &case.shape());
        let worst = findings.iter().map(|finding| finding.severity).max();
        let shown = format!("{}: {findings:?}", case.name);
        for finding in &findings {
            assert!(check_of(&finding.id).is_some(), "{shown}");
            let mended = finding.action != Action::Nothing;
            assert_eq!(mended, !finding.why.is_empty(), "{shown}");
        }
        if case.text("outcome") == "fails" {
            assert_eq!(worst, Some(Severity::Error), "{shown}");
            assert!(
                findings.iter().all(|finding| finding.id != "C00"),
                "{shown}"
            );
        }
        let untouched = ["-whole", "-whole-at-zero", "-last-uncommitted"];
        let untouched = untouched.iter().any(|end| case.name.ends_with(end));
        let starts = case.text("outcome") == "starts";
        if starts && untouched && !case.name.contains("/own-") {
            assert!(worst <= Some(Severity::Info), "{shown}");
        }
    }
}

/// What Spark wrote is what would be written.
#[test]
fn real_files_are_rendered_to_the_byte() {
    use domain::checkpoint::{CommitMetadata, OffsetSeq, StreamMetadata};
    let mut compared = 0;
    for case in cases() {
        let untouched = case.name.ends_with("-whole") && !case.name.contains("/own-");
        for (key, bytes) in case.view.bytes.iter().filter(|_| untouched) {
            let rendered = match key.split('/').next() {
                Some("metadata") => {
                    StreamMetadata::parse(bytes).flawless().unwrap().render()
                }
                Some("offsets") => OffsetSeq::parse(bytes).flawless().unwrap().render(),
                Some("commits") => {
                    CommitMetadata::parse(bytes).flawless().unwrap().render()
                }
                _ => continue,
            };
            assert_eq!(rendered.as_bytes(), bytes, "{} {key}", case.name);
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} files were compared");
}

//! Restarts that were really made: the checkpoint as it lay before, and what Spark
//! did. They are the domain's own test data.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::tool::Said;

/// One restart.
pub(crate) struct Restart {
    /// `spark-3.5.6/join-whole`.
    pub(crate) name: String,
    /// The checkpoint's files by key.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    expected: Value,
}

/// All that are recorded, in the order of their names.
pub(crate) fn all() -> Vec<Restart> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/tests");
    let mut found: BTreeMap<String, Restart> = BTreeMap::new();
    for folder in ["corpus", "restarts"] {
        let entries = std::fs::read_dir(tests.join(folder)).expect("there is data");
        for entry in entries {
            let path = entry.expect("the folder can be read").path();
            if path.to_string_lossy().ends_with(".tar.gz") {
                unpack(&path, &mut found);
            }
        }
    }
    assert!(
        found.len() > 900,
        "only {} restarts were found",
        found.len()
    );
    found.into_values().collect()
}

fn unpack(archive: &PathBuf, found: &mut BTreeMap<String, Restart>) {
    let file = std::fs::File::open(archive).expect("the archive can be read");
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for entry in tar.entries().expect("it is an archive") {
        let mut entry = entry.expect("it is whole");
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry
            .path()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned();
        let parts: Vec<&str> = path.splitn(4, '/').collect();
        let [version, case, what, ..] = parts.as_slice() else {
            continue;
        };
        let name = format!("{version}/{case}");
        let restart = found.entry(name.clone()).or_insert_with(|| Restart {
            name,
            files: BTreeMap::new(),
            expected: Value::Null,
        });
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("it is whole");
        match (*what, parts.get(3)) {
            ("expected.json", _) => {
                restart.expected = serde_json::from_slice(&bytes).expect("it is JSON");
            }
            ("checkpoint", Some(key)) => {
                restart.files.insert((*key).to_owned(), bytes);
            }
            _ => {}
        }
    }
}

impl Restart {
    /// What the doctor is told of the query.
    pub(crate) fn options(&self) -> Vec<String> {
        let expected = &self.expected;
        [
            (
                "--spark",
                expected["spark"]
                    .as_str()
                    .expect("it has a Spark")
                    .to_owned(),
            ),
            ("--sources", expected["sources"].to_string()),
            ("--stateful", expected["stateful"].to_string()),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect()
    }

    /// Lays the checkpoint into a folder of its own.
    pub(crate) fn lay(&self, folder: &Path) -> PathBuf {
        let root = folder.join(self.name.replace('/', "_"));
        std::fs::create_dir_all(&root).expect("a folder can be made");
        for (key, bytes) in &self.files {
            let path = root.join(key);
            let parent = path.parent().expect("a file lies in a folder");
            std::fs::create_dir_all(parent).expect("a folder can be made");
            std::fs::write(path, bytes).expect("a file can be written");
        }
        root
    }

    /// In what the report differs from what Spark did; `None` when in nothing.
    pub(crate) fn differs(&self, said: &Said) -> Option<String> {
        let expected = &self.expected;
        let outcome = expected["outcome"].as_str().expect("it has an outcome");
        let differs = |what: &str, came: &Value| Some(format!("{what} is {came}"));
        if said.prognosis("outcome") != outcome {
            return differs("the outcome", said.prognosis("outcome"));
        }
        if let Some(batch) = expected.get("batch_id")
            && said.prognosis("batch_id") != batch
        {
            return differs("the first batch", said.prognosis("batch_id"));
        }
        let errors = said.ids("error");
        let code = i32::from(outcome == "fails" || !errors.is_empty());
        if said.code != code {
            return Some(format!("the exit code is {}, errors {errors:?}", said.code));
        }
        if outcome != "fails" {
            return None;
        }
        if said.prognosis("when") != &expected["when"] {
            return differs("when it fails", said.prognosis("when"));
        }
        let (class, conditions) = self.cause();
        if said.prognosis("error_class") != class.as_str() {
            return differs("the class", said.prognosis("error_class"));
        }
        let condition = said.prognosis("error_condition").as_str();
        let agrees = match condition {
            Some(condition) => conditions.iter().any(|seen| seen == condition),
            None => conditions.is_empty(),
        };
        (!agrees).then(|| format!("the condition is {condition:?}, not {conditions:?}"))
    }

    /// The class of the innermost cause and the conditions of all.
    fn cause(&self) -> (String, Vec<String>) {
        let chain = self.expected["error"].as_array().expect("it has an error");
        let text = |cause: &Value, at: usize| {
            cause[at].as_str().expect("causes are texts").to_owned()
        };
        let conditions = chain
            .iter()
            .filter_map(|cause| {
                let said = text(cause, 1);
                Some(said.strip_prefix('[')?.split_once(']')?.0.to_owned())
            })
            .collect();
        let last = chain.last().expect("there is a cause");
        let class = match text(last, 0).as_str() {
            // What `start()` throws came through Python.
            "Py4JJavaError" => {
                let said = text(last, 1);
                let after = said.split_once(".\n: ").expect("it names its class").1;
                after.split(':').next().unwrap_or_default().to_owned()
            }
            "IllegalArgumentException" => "java.lang.IllegalArgumentException".to_owned(),
            // Before 4.0 two tasks find the same fault, and either may be first.
            "org.apache.spark.sql.execution.streaming.state.InvalidUnsafeRowException" => {
                "org.apache.spark.sql.execution.streaming.state.StateSchemaNotCompatible"
                    .to_owned()
            }
            class => class.to_owned(),
        };
        (class, conditions)
    }
}

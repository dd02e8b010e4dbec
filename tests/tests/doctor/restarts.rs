//! Every restart that was recorded, through the real binary.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::recorded::{Restart, all};
use crate::tool;

/// Asked at the same time; each call is a process.
const AT_ONCE: usize = 4;

/// In what the reports differ from what Spark did.
fn wrong(restarts: &[Restart], ask: impl Fn(&Restart) -> tool::Said + Sync) -> String {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(String::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(restart) =
                    restarts.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    if let Some(difference) = restart.differs(&ask(restart)) {
                        let mut wrong = wrong.lock().expect("nobody panicked");
                        wrong.push_str(&format!("{}: {difference}\n", restart.name));
                    }
                }
            });
        }
    });
    wrong.into_inner().expect("nobody panicked")
}

#[test]
fn every_recorded_restart_is_foretold_from_a_directory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let restarts = all();
    let wrong = wrong(&restarts, |restart| {
        let place = restart.lay(folder.path());
        let options = restart.options();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let said = tool::directory(&place, &options);
        std::fs::remove_dir_all(&place).expect("the folder can be removed");
        said
    });
    assert!(wrong.is_empty(), "of {}:\n{wrong}", restarts.len());
}

#[test]
fn what_is_not_told_is_inferred_and_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole: Vec<Restart> = all()
        .into_iter()
        .filter(|restart| {
            // Started by the Spark that wrote them.
            let own = ["spark-3.5.6/", "spark-4.1.1/"];
            restart.name.ends_with("-whole")
                && own.iter().any(|version| restart.name.starts_with(version))
        })
        .collect();
    assert!(whole.len() >= 8, "only {} were found", whole.len());
    let wrong = wrong(&whole, |restart| {
        let said = tool::directory(&restart.lay(folder.path()), &[]);
        let query = &said.report["query"];
        for from in ["spark_from", "sources_from", "stateful_from"] {
            assert_eq!(query[from], "inferred", "{}", restart.name);
        }
        let spark = query["spark"].as_str().expect("it is reckoned with one");
        assert!(restart.name.contains(spark), "{}: {spark}", restart.name);
        assert!(said.ids("info").contains(&"L02"), "{}", restart.name);
        said
    });
    assert!(wrong.is_empty(), "{wrong}");
}

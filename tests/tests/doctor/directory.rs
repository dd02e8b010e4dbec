//! Directories as they may lie there, and what the doctor must not do to them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::tool::{self, command, directory, run};

const SPARK: [&str; 6] = ["--spark", "3.5", "--sources", "1", "--stateful", "false"];

/// A whole checkpoint of one Kafka source: batch 3 is planned and committed.
pub(crate) fn checkpoint(root: &Path) {
    for (key, text) in [
        (
            "metadata",
            r#"{"id":"5b0c4824-5d6d-4f9e-b1a4-0a53ef144619"}"#,
        ),
        ("offsets/2", "v1\n{}\n{\"orders\":{\"0\":10}}"),
        ("offsets/3", "v1\n{}\n{\"orders\":{\"0\":20}}"),
        ("commits/2", "v1\n{}"),
        ("commits/3", "v1\n{}"),
        ("sources/0/0", "\0v1\n{\"orders\":{\"0\":0}}"),
    ] {
        put(root, key, text.as_bytes());
    }
}

pub(crate) fn put(root: &Path, key: &str, bytes: &[u8]) {
    let path = root.join(key);
    fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file can be written");
}

fn fresh() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("checkpoint");
    checkpoint(&root);
    (folder, root)
}

/// Number, mode, times of writing, size and bytes.
type About = (u64, u32, i64, i64, u64, Vec<u8>);

/// Everything about a tree but when it was last read.
fn state(root: &Path) -> BTreeMap<PathBuf, About> {
    let mut seen = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        let about = fs::symlink_metadata(&path).expect("it is there");
        let mut bytes = Vec::new();
        if about.is_dir() {
            for entry in fs::read_dir(&path).expect("a folder can be read") {
                open.push(entry.expect("an entry").path());
            }
        } else if about.is_file() {
            bytes = fs::read(&path).expect("a file can be read");
        }
        let all = (
            about.ino(),
            about.mode(),
            about.mtime_nsec(),
            about.ctime_nsec(),
            about.size(),
            bytes,
        );
        seen.insert(path, all);
    }
    seen
}

#[test]
fn a_look_changes_nothing() {
    let (folder, root) = fresh();
    let before = state(folder.path());
    let mut call = command(&root, &SPARK);
    call.current_dir(folder.path());
    let said = tool::ask(call);
    assert_eq!(said.code, 0, "{:#}", said.report);
    assert_eq!(said.prognosis("outcome"), "starts");
    assert_eq!(said.prognosis("batch_id"), 4);
    assert_eq!(state(folder.path()), before);
}

#[test]
fn people_read_what_spark_will_do_first() {
    let (_folder, root) = fresh();
    fs::remove_file(root.join("offsets/2")).expect("a file can be removed");
    let output = run(&mut command(&root, &SPARK));
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("it is text");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert!(
        lines[1].starts_with("Spark 3.5 fails before its first batch"),
        "{text}"
    );
    assert!(text.contains("batch 2 doesn't exist"), "{text}");
    assert!(text.contains("error C11"), "{text}");
    assert!(text.contains("mended by: "), "{text}");
    assert!(text.contains("what was not looked into"), "{text}");
    assert!(
        !text.contains('\u{1b}'),
        "colours are for terminals: {text:?}"
    );
}

#[test]
fn hidden_checksums_of_hadoop_are_not_seen() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for key in [
        "offsets/.0.crc",
        "commits/.0.crc",
        ".metadata.crc",
        "state/.0.crc",
    ] {
        put(folder.path(), key, b"crc\0");
    }
    // 4.1 refuses batch 0 where anything else lies in these folders.
    let said = directory(folder.path(), &["--spark", "4.1", "--stateful", "false"]);
    assert_eq!(
        said.prognosis("outcome"),
        "starts_fresh",
        "{:#}",
        said.report
    );
    put(folder.path(), "offsets/.0.tmp", b"");
    let said = directory(folder.path(), &["--spark", "4.1", "--stateful", "false"]);
    assert_eq!(said.prognosis("outcome"), "fails", "{:#}", said.report);
}

#[test]
fn empty_directories_count_as_hadoop_lists_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let told = ["--spark", "4.1", "--stateful", "false"];
    for name in ["offsets", "commits", "state"] {
        fs::create_dir(folder.path().join(name)).expect("a folder can be made");
    }
    let said = directory(folder.path(), &told);
    assert_eq!(
        (said.code, said.prognosis("outcome")),
        (0, &"starts_fresh".into())
    );
    fs::create_dir(folder.path().join("state/0")).expect("a folder can be made");
    assert_eq!(
        directory(folder.path(), &told).prognosis("outcome"),
        "fails"
    );
    // A directory with the name of the next batch is in its way.
    let (_folder, root) = fresh();
    fs::create_dir(root.join("offsets/4")).expect("a folder can be made");
    let said = directory(&root, &SPARK);
    assert_eq!((said.code, said.prognosis("outcome")), (1, &"fails".into()));
}

#[test]
fn links_are_not_followed_out_of_the_directory() {
    let (folder, root) = fresh();
    let outside = folder.path().join("secret");
    fs::write(&outside, "v1\n{}\n{\"secret\":{\"0\":99}}").expect("a file");
    fs::remove_file(root.join("offsets/3")).expect("a file can be removed");
    symlink(&outside, root.join("offsets/3")).expect("a link can be made");
    symlink("/", root.join("everything")).expect("a link can be made");
    symlink(".", root.join("offsets/loop")).expect("a link can be made");
    let said = directory(&root, &SPARK);
    assert_eq!(
        (said.code, said.prognosis("outcome")),
        (2, &"unknown".into())
    );
    assert!(
        said.limits().contains("offsets/3 could not be read"),
        "{}",
        said.limits()
    );
    assert!(
        !said.report.to_string().contains("secret\":"),
        "{:#}",
        said.report
    );
    // One that stays inside is the file that it leads to.
    fs::remove_file(root.join("offsets/3")).expect("a link can be removed");
    put(&root, "notes/3", b"v1\n{}\n{\"orders\":{\"0\":20}}");
    symlink("../notes/3", root.join("offsets/3")).expect("a link can be made");
    let said = directory(&root, &SPARK);
    assert_eq!(said.prognosis("batch_id"), 4, "{:#}", said.report);
}

#[test]
fn what_cannot_be_read_is_said_and_not_passed_over() {
    let (_folder, root) = fresh();
    // A pipe cannot be read by anybody, root included, and must not be waited for.
    fs::remove_file(root.join("commits/3")).expect("a file can be removed");
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("commits/3"))
        .status()
        .expect("mkfifo is there");
    assert!(made.success());
    let said = directory(&root, &SPARK);
    assert_eq!(
        (said.code, said.prognosis("outcome")),
        (2, &"unknown".into())
    );
    assert!(
        said.limits().contains("commits/3 could not be read"),
        "{}",
        said.limits()
    );

    let (_folder, root) = fresh();
    for (path, mode) in [("offsets/3", 0o000), ("offsets", 0o000)] {
        let path = root.join(path);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        let forbidden = fs::read_dir(&path).is_err() && fs::read(&path).is_err();
        if forbidden {
            let said = directory(&root, &SPARK);
            assert_eq!(said.code, 2, "{:#}", said.report);
            assert_eq!(said.prognosis("outcome"), "unknown");
            assert!(
                said.limits().contains("ermission denied"),
                "{}",
                said.limits()
            );
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
}

#[test]
fn a_place_that_is_not_there_is_unread() {
    for place in [
        "/nonexistent/checkpoint",
        "hdfs://n/x",
        "s3://",
        "/dev/null",
    ] {
        let output = run(&mut command(place, &[]));
        assert_eq!(output.status.code(), Some(2), "{place}: {output:?}");
        assert!(!output.stderr.is_empty(), "{place}");
    }
    let said = directory(Path::new("/nonexistent/checkpoint"), &[]);
    assert_eq!(said.code, 2);
    assert!(said.report["error"].is_string() && !said.stderr.is_empty());
    for more in [
        &["--spark", "2.4"][..],
        &["--stateful", "perhaps"],
        &["--sources", "0"],
        &["--kafka", "nowhere"],
        &["--format", "xml"],
    ] {
        let output = run(&mut command("/", more));
        assert_eq!(output.status.code(), Some(2), "{more:?}");
    }
}

#[test]
fn a_root_of_several_checkpoints_is_told_with_what_to_run_next() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["orders", "team a/returns"] {
        checkpoint(&folder.path().join(name));
    }
    let said = directory(folder.path(), &SPARK);
    assert_eq!(
        (said.code, said.prognosis("outcome")),
        (2, &"unknown".into())
    );
    let below = &said.report["checkpoints"];
    assert_eq!(*below, serde_json::json!(["orders/", "team a/returns/"]));
    let output = run(&mut command(folder.path(), &SPARK));
    let text = String::from_utf8(output.stdout).expect("it is text");
    let root = folder.path().canonicalize().expect("it is there");
    let next = format!("sluice doctor '{}/team a/returns/'", root.display());
    assert!(text.contains(&next), "{text}");
}

#[test]
fn ten_thousand_odd_names_are_looked_at_in_time() {
    let (_folder, root) = fresh();
    for n in 0..2_500_u32 {
        let odd = char::from_u32(n % 200 + 1)
            .filter(|c| *c != '/')
            .unwrap_or('x');
        put(&root, &format!("offsets/-{n}"), b"");
        put(&root, &format!("offsets/x{odd}{n}"), b"v1");
        put(&root, &format!("state/0/{n}/{odd}.delta"), b"");
        put(&root, &format!("junk/{n}/offsets{odd}/7"), b"");
    }
    let name = OsStr::from_bytes(b"\xff\xfe\x80");
    fs::write(root.join("offsets").join(name), b"x").expect("a file can be written");
    fs::write(root.join(name), b"x").expect("a file can be written");
    let since = Instant::now();
    let said = directory(&root, &SPARK);
    assert_eq!(said.prognosis("outcome"), "starts", "{:#}", said.report);
    assert!(said.limits().contains("is not UTF-8"), "{}", said.limits());
    assert!(
        since.elapsed() < Duration::from_secs(60),
        "{:?}",
        since.elapsed()
    );
    // What a terminal would obey comes as letters.
    let output = run(&mut command(&root, &SPARK));
    let text = String::from_utf8(output.stdout).expect("it is text");
    assert!(
        text.chars().all(|c| c == '\n' || !c.is_control()),
        "{text:?}"
    );
}

#[test]
fn a_huge_file_is_not_read() {
    let (_folder, root) = fresh();
    let huge = fs::File::create(root.join("offsets/3")).expect("a file");
    huge.set_len(1 << 30).expect("a file can be sparse");
    put(&root, "state/0/0/3.delta", b"");
    let since = Instant::now();
    let said = directory(&root, &SPARK);
    assert_eq!(
        (said.code, said.prognosis("outcome")),
        (2, &"unknown".into())
    );
    assert!(
        said.limits().contains("1073741824 bytes"),
        "{}",
        said.limits()
    );
    assert!(
        since.elapsed() < Duration::from_secs(20),
        "{:?}",
        since.elapsed()
    );
}

#[test]
fn deep_nesting_is_walked_to_its_end() {
    let (_folder, root) = fresh();
    let mut deep = root.join("state");
    for _ in 0..400 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).expect("folders can be made");
    fs::write(deep.join("offsets"), b"x").expect("a file can be written");
    let said = directory(&root, &SPARK);
    assert_eq!(said.prognosis("outcome"), "starts", "{:#}", said.report);
    // The six files of the checkpoint and the one at the end.
    assert_eq!(said.report["seen"]["objects"], 7);
}

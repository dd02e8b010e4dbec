//! The house's rules that no compiler knows: who may know whom, what may be
//! written where. Each reads the sources as they lie in the repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Beyond this a file holds two subjects.
const LINES_MAX: usize = 450;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the repository")
        .to_owned()
}

struct Source {
    /// From the root of the repository, with `/` between the parts.
    path: String,
    text: String,
}

/// Every text file below some folders, by the end of its name.
fn sources(folders: &[&str], endings: &[&str]) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("the entry can be read").path();
            let name = path.file_name().expect("it has a name").to_string_lossy();
            if path.is_dir() {
                if name != "node_modules" && name != "target" {
                    open.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).expect("sources are text");
                let path = path.strip_prefix(&root).expect("it lies below the root");
                let path = path.to_string_lossy().replace('\\', "/");
                found.push(Source { path, text });
            }
        }
    }
    assert!(
        !found.is_empty(),
        "no file in {folders:?} ends in {endings:?}"
    );
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

/// The lines that a rule forbids, as `path:line: text`.
fn lines_with(
    files: &[Source],
    forbidden: impl Fn(&Source, &str) -> bool,
) -> Vec<String> {
    let mut hits = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            if forbidden(file, line) {
                hits.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    hits
}

fn manifest(package: &str) -> String {
    fs::read_to_string(root().join(package).join("Cargo.toml"))
        .expect("every package has a manifest")
}

/// The names under `[dependencies]` and the target's own.
fn dependencies(package: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest(package).lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.contains("dev-");
        } else if inside && line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let end = line.find(['.', ' ', '=']).unwrap_or(line.len());
            names.insert(line[..end].to_owned());
        }
    }
    names
}

#[track_caller]
fn none(hits: &[String], rule: &str) {
    assert!(hits.is_empty(), "{rule}\n{}", hits.join("\n"));
}

#[test]
fn only_one_folder_names_an_aws_sdk() {
    let files = sources(
        &["app", "domain", "frontend", "sandbox", "server"],
        &[".rs"],
    );
    let hits = lines_with(&files, |file, line| {
        // Tests drive the sandbox by a client that is not ours.
        let test = file.path.contains("/tests/");
        line.contains("aws_sdk_") && !test && !file.path.starts_with("server/src/aws")
    });
    none(&hits, "only server/src/aws names an AWS SDK");
}

#[test]
fn the_domain_does_no_io() {
    let allowed: BTreeSet<String> = [
        "serde",
        "serde_json",
        "serde_json_canonicalizer",
        "sha2",
        "hex",
        "thiserror",
        "uuid",
        "jiff",
        "miniz_oxide",
        "crc32fast",
        "lz4_flex",
        "ruzstd",
    ]
    .map(str::to_owned)
    .into();
    let names = dependencies("domain");
    assert!(names.contains("serde"), "the manifest was not understood");
    let more: Vec<_> = names.difference(&allowed).collect();
    assert!(
        more.is_empty(),
        "a dependency of domain must do no IO: {more:?}"
    );

    let banned = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "std::thread",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "Uuid::new_v4",
        "tokio::",
        "async fn",
    ];
    let hits = lines_with(&sources(&["domain/src"], &[".rs"]), |file, line| {
        let comment = line.trim_start().starts_with("//");
        let test = file.path.ends_with("tests.rs") || file.path.contains("/tests/");
        !comment && !test && banned.iter().any(|word| line.contains(word))
    });
    none(&hits, "domain has no IO, no clock and no randomness");
}

#[test]
fn the_pages_do_not_know_the_server() {
    let names = dependencies("app");
    assert!(names.contains("leptos"), "the manifest was not understood");
    for unknown in ["server", "sandbox", "sqlx", "krafka"] {
        assert!(!names.contains(unknown), "app depends on {unknown}");
    }
}

#[test]
fn the_server_does_not_know_that_there_is_a_sandbox() {
    let files = sources(&["server/src"], &[".rs"]);
    let hits = lines_with(&files, |file, line| {
        let word = line.to_lowercase().contains("sandbox");
        let subcommand = file.path == "server/src/bin/sluice/sandbox.rs";
        let way_in = file.path == "server/src/bin/sluice/main.rs";
        word && !subcommand && !way_in
    });
    none(
        &hits,
        "in the server only the subcommand's file names the sandbox",
    );
}

#[test]
fn files_hold_one_subject() {
    let folders = [
        "app", "domain", "frontend", "sandbox", "server", "style", "tests", "xtask",
    ];
    let files = sources(&folders, &[".rs", ".css"]);
    let long: Vec<String> = files
        .iter()
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(file, lines)| format!("{}: {lines} lines", file.path))
        .collect();
    none(&long, "a file this long holds two subjects");
}

#[test]
fn no_module_is_a_drawer_for_everything() {
    let folders = ["app", "domain", "sandbox", "server", "xtask"];
    let hits: Vec<String> = sources(&folders, &[".rs"])
        .into_iter()
        .filter(|file| {
            file.path.split('/').any(|part| {
                let name = part.trim_end_matches(".rs");
                matches!(
                    name,
                    "common" | "utils" | "util" | "helpers" | "types" | "misc"
                )
            })
        })
        .map(|file| file.path)
        .collect();
    none(&hits, "a module is named for what it holds");
}

#[test]
fn server_code_in_the_pages_is_gated_by_module() {
    let hits = lines_with(&sources(&["app/src"], &[".rs"]), |file, line| {
        let gate = line.contains("cfg(feature") || line.contains("cfg!(");
        gate && !file.path.ends_with("lib.rs") && !file.path.ends_with("mod.rs")
    });
    none(
        &hits,
        "a feature gates whole modules, in the file that declares them",
    );
}

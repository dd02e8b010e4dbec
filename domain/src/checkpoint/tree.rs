//! A checkpoint's files as a tree for people: folders with counts and sizes, the
//! newest files of each, and what the findings are about. Its size is bounded
//! whatever the listing's is; what is left out is counted.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Severity};
use super::layout::java_long;
use super::view::CheckpointView;

/// So many of a folder's newest files are named, beside those that a finding is
/// about.
const FILES_MAX: usize = 6;
/// So many of those are.
const OFFENDING_MAX: usize = 12;
/// So many of a folder's folders are opened, those with findings first.
const FOLDERS_MAX: usize = 8;
/// Deeper folders are counted with the one that they lie in: a store's SST files
/// lie at this depth.
const DEPTH_MAX: usize = 6;

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Folder {
    /// Without a slash; empty for the checkpoint itself.
    pub name: String,
    /// All objects below it.
    pub objects: u64,
    /// Their sizes, in bytes.
    pub bytes: u64,
    /// The worst of the findings about it or about what lies below.
    pub worst: Option<Severity>,
    pub folders: Vec<Folder>,
    /// Newest first, those with findings before.
    pub files: Vec<File>,
    /// Files in it that are not named.
    pub files_left_out: u64,
    /// Folders in it that are not opened.
    pub folders_left_out: u64,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub name: String,
    /// In bytes; `None` for one that a finding misses.
    pub size: Option<u64>,
    /// When it was written, in milliseconds since the epoch.
    pub at_ms: Option<i64>,
    /// The worst of the findings about it.
    pub worst: Option<Severity>,
}

/// The tree of what was listed, with what is wrong in it.
#[must_use]
pub fn tree(view: &CheckpointView, findings: &[Finding]) -> Folder {
    let mut root = Building::default();
    for (key, object) in &view.listing {
        // A folder's own marker is no file in it.
        if key.is_empty() || key.ends_with('/') {
            continue;
        }
        let file = File {
            name: String::new(),
            size: Some(object.size),
            at_ms: Some(object.last_modified_ms),
            worst: None,
        };
        root.add(key, file);
    }
    for finding in findings {
        let Some(path) = &finding.path else { continue };
        if !path.contains("://") && !path.is_empty() {
            let listed = view.listing.get(path);
            let file = File {
                name: String::new(),
                size: listed.map(|object| object.size),
                at_ms: listed.map(|object| object.last_modified_ms),
                worst: Some(finding.severity),
            };
            root.mark(path, file);
        }
    }
    root.built(String::new())
}

/// A folder while the listing goes through it.
#[derive(Default)]
struct Building {
    objects: u64,
    bytes: u64,
    own: u64,
    worst: Option<Severity>,
    folders: BTreeMap<String, Building>,
    newest: Vec<File>,
    offending: BTreeMap<String, File>,
}

impl Building {
    fn add(&mut self, key: &str, file: File) {
        let mut here = self;
        let mut rest = key;
        for _ in 1..DEPTH_MAX {
            here.count(&file);
            match rest.split_once('/') {
                Some((folder, below)) => {
                    // A name is copied once for its folder, and not for each file.
                    if !here.folders.contains_key(folder) {
                        here.folders.insert(folder.to_owned(), Self::default());
                    }
                    here = here.folders.entry(folder.to_owned()).or_default();
                    rest = below;
                }
                None => return here.keep(rest, file),
            }
        }
        here.count(&file);
        here.keep(rest, file);
    }

    fn count(&mut self, file: &File) {
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(file.size.unwrap_or_default());
    }

    fn keep(&mut self, name: &str, file: File) {
        self.own += 1;
        self.newest.push(File {
            name: name.to_owned(),
            ..file
        });
        if self.newest.len() >= 8 * FILES_MAX {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.newest.sort_by_cached_key(|file| {
            let number = file.name.split(['.', '_']).next().and_then(java_long);
            Reverse((file.at_ms, number, file.name.clone()))
        });
        self.newest.truncate(FILES_MAX);
    }

    /// A finding about a file, or about a folder where the path ends so or names
    /// one.
    fn mark(&mut self, path: &str, file: File) {
        let mut here = self;
        let mut rest = path.trim_end_matches('/');
        let is_folder = path.ends_with('/');
        for _ in 1..DEPTH_MAX {
            here.worst = here.worst.max(file.worst);
            let (name, below) = match rest.split_once('/') {
                Some((name, below)) => (name, Some(below)),
                None => (rest, None),
            };
            let named = below.is_some() || is_folder || here.folders.contains_key(name);
            if !named {
                break;
            }
            here = here.folders.entry(name.to_owned()).or_default();
            match below {
                Some(below) => rest = below,
                None => {
                    here.worst = here.worst.max(file.worst);
                    return;
                }
            }
        }
        here.worst = here.worst.max(file.worst);
        let known = here.offending.entry(rest.to_owned());
        let known = known.or_insert_with(|| File {
            name: rest.to_owned(),
            ..file.clone()
        });
        known.worst = known.worst.max(file.worst);
    }

    fn built(mut self, name: String) -> Folder {
        self.cut();
        let there = self.offending.values().filter(|file| file.size.is_some());
        let mut named = there.count() as u64;
        let mut files: Vec<File> = self.offending.values().cloned().collect();
        files.sort_by_key(|file| Reverse(file.worst));
        for left_out in files.iter().skip(OFFENDING_MAX) {
            named -= u64::from(left_out.size.is_some());
        }
        files.truncate(OFFENDING_MAX);
        for file in self.newest {
            if !self.offending.contains_key(&file.name) {
                named += 1;
                files.push(file);
            }
        }
        let mut folders: Vec<(String, Building)> = self.folders.into_iter().collect();
        folders.sort_by_cached_key(|(name, folder)| {
            (Reverse(folder.worst), java_long(name), name.clone())
        });
        let folders_left_out = folders.len().saturating_sub(FOLDERS_MAX) as u64;
        folders.truncate(FOLDERS_MAX);
        Folder {
            name,
            objects: self.objects,
            bytes: self.bytes,
            worst: self.worst,
            folders: folders
                .into_iter()
                .map(|(name, folder)| folder.built(name))
                .collect(),
            files,
            files_left_out: self.own.saturating_sub(named),
            folders_left_out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::ListedObject;

    fn view(keys: &[(&str, i64)]) -> CheckpointView {
        let mut view = CheckpointView::new("s3://b/c");
        for (key, at) in keys {
            let object = ListedObject {
                size: 10,
                last_modified_ms: *at,
                ..ListedObject::default()
            };
            view.list(*key, object);
        }
        view
    }

    fn folder<'a>(from: &'a Folder, path: &[&str]) -> &'a Folder {
        path.iter().fold(from, |folder, name| {
            let found = folder.folders.iter().find(|below| below.name == *name);
            found.unwrap_or_else(|| panic!("no {name} in {folder:#?}"))
        })
    }

    fn names(folder: &Folder) -> Vec<&str> {
        folder.files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn folders_are_counted_and_the_newest_files_come_first() {
        let keys: Vec<String> = (0..20).map(|n| format!("offsets/{n}")).collect();
        let mut listed: Vec<(&str, i64)> = keys.iter().map(|key| (&key[..], 5)).collect();
        listed.extend([("metadata", 1), ("offsets/", 9), ("state/0/1/3.delta", 2)]);
        let tree = tree(&view(&listed), &[]);
        assert_eq!((tree.objects, tree.bytes), (22, 220));
        assert_eq!(names(&tree), ["metadata"]);
        let offsets = folder(&tree, &["offsets"]);
        assert_eq!(names(offsets), ["19", "18", "17", "16", "15", "14"]);
        assert_eq!((offsets.objects, offsets.files_left_out), (20, 14));
        assert_eq!(names(folder(&tree, &["state", "0", "1"])), ["3.delta"]);
    }

    #[test]
    fn what_a_finding_is_about_is_shown_even_where_it_is_old_or_missing() {
        let keys: Vec<String> = (0..20).map(|n| format!("offsets/{n}")).collect();
        let mut listed: Vec<(&str, i64)> =
            (0..).zip(&keys).map(|(at, key)| (&key[..], at)).collect();
        listed.push(("state/0/7/1.delta", 1));
        let about = |id: &str, severity, path: &str| {
            Finding::new(id, severity, "x").at(path, None)
        };
        let findings = [
            about("C21", Severity::Warning, "offsets/3"),
            about("C19", Severity::Info, "offsets/3"),
            about("C31", Severity::Error, "state/0/0/8.delta"),
            about("C32", Severity::Error, "state/0/7/"),
            about("C44", Severity::Error, "s3://b/out/_spark_metadata/7"),
        ];
        let tree = tree(&view(&listed), &findings);
        assert_eq!(tree.worst, Some(Severity::Error));
        let offsets = folder(&tree, &["offsets"]);
        assert_eq!(offsets.worst, Some(Severity::Warning));
        assert_eq!(names(offsets)[..2], ["3", "19"]);
        assert_eq!(offsets.files_left_out, 13);
        let missing = &folder(&tree, &["state", "0", "0"]).files[0];
        assert_eq!((missing.size, missing.worst), (None, Some(Severity::Error)));
        let lost = folder(&tree, &["state", "0", "7"]);
        assert_eq!((lost.worst, lost.objects), (Some(Severity::Error), 1));
    }

    /// A large state is a tree of some hundred lines.
    #[test]
    fn the_tree_stays_small_and_counts_what_it_leaves_out() {
        let mut view = CheckpointView::new("s3://b/c");
        for partition in 0..300 {
            for version in 0..40 {
                let key = format!("state/0/{partition}/left/{version}.delta");
                view.list(key, ListedObject::default());
            }
        }
        let tree = tree(&view, &[]);
        fn lines(folder: &Folder) -> u64 {
            let below: u64 = folder.folders.iter().map(lines).sum();
            1 + folder.files.len() as u64 + below
        }
        assert_eq!(tree.objects, 12_000);
        assert!(lines(&tree) < 100, "{}", lines(&tree));
        let operator = folder(&tree, &["state", "0"]);
        assert_eq!(operator.folders_left_out, 292);
        assert_eq!(names(folder(operator, &["0", "left"]))[0], "39.delta");
    }
}

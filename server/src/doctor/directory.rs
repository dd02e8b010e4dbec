//! A checkpoint in a directory, seen as Hadoop's local file system shows it to
//! Spark: without the hidden checksum files, and with directories that are empty.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use domain::checkpoint::ListedObject;

use super::gathered::Gathered;
use super::progress::Step;
use super::source::Read;

/// More than any checkpoint has.
const ENTRIES_MAX: u64 = 5_000_000;
/// Progress is told so often.
const TELL_EVERY: u64 = 2_000;

/// A directory that was walked.
#[derive(Default)]
pub(super) struct Directory {
    root: PathBuf,
    /// Where a key does not spell its path, or leads over a link.
    paths: BTreeMap<String, PathBuf>,
    /// What could not be seen, by key; the directory itself is the empty one.
    pub(super) blocked: BTreeMap<String, String>,
    /// What else was not as Spark may see it, as sentences.
    pub(super) said: Vec<String>,
}

/// What is walked next.
struct Open {
    path: PathBuf,
    /// Empty or with a `/` at its end.
    key: String,
    /// Reached over a link: no further link to a directory is followed.
    linked: bool,
}

impl Directory {
    /// Walks it. Nothing is opened but directories.
    ///
    /// # Errors
    /// When the directory itself is none or cannot be read.
    pub(super) fn walk(
        root: &Path,
        tell: &(dyn Fn(Step) + Sync),
    ) -> io::Result<(Self, Gathered)> {
        let mut directory = Self {
            root: root.canonicalize()?,
            ..Self::default()
        };
        if !directory.root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        // Said at once, where not even the first listing is allowed.
        fs::read_dir(&directory.root)?;
        let mut gathered = Gathered::default();
        let mut open = vec![Open {
            path: directory.root.clone(),
            key: String::new(),
            linked: false,
        }];
        while let Some(next) = open.pop() {
            if let Err(error) = directory.enter(&next, &mut open, &mut gathered, tell) {
                if gathered.objects > ENTRIES_MAX {
                    return Err(error);
                }
                let key = next.key.trim_end_matches('/').to_owned();
                directory.blocked.insert(key, error.to_string());
            }
        }
        Ok((directory, gathered))
    }

    fn enter(
        &mut self,
        here: &Open,
        open: &mut Vec<Open>,
        gathered: &mut Gathered,
        tell: &(dyn Fn(Step) + Sync),
    ) -> io::Result<()> {
        let mut visible = false;
        for entry in fs::read_dir(&here.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let shown = name.to_string_lossy();
            // Hadoop's checksums of its local file system, which it shows nobody.
            if shown.starts_with('.') && shown.ends_with(".crc") {
                continue;
            }
            visible = true;
            let path = here.path.join(&name);
            let key = format!("{}{shown}", here.key);
            if name.to_str().is_none() {
                self.said.push(format!(
                    "The name of {key} is not UTF-8; it is shown with replacements, as \
                     Java shows it."
                ));
                self.paths.insert(key.clone(), path.clone());
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(Open {
                    path,
                    key: format!("{key}/"),
                    linked: here.linked,
                });
            } else if kind.is_symlink() {
                self.link(path, key, here.linked, open, gathered);
            } else {
                self.file(key, &entry.metadata()?, gathered);
            }
            if gathered.objects > ENTRIES_MAX {
                return Err(io::Error::other("there are more than five million files"));
            }
            if gathered.objects.is_multiple_of(TELL_EVERY) {
                tell(Step::Listed(gathered.objects));
            }
        }
        // A directory counts by its name where it lies below another. Right under
        // the checkpoint an empty one means nothing.
        if !visible && here.key.matches('/').count() > 1 {
            gathered.add(here.key.clone(), ListedObject::default());
        }
        Ok(())
    }

    fn file(&mut self, key: String, metadata: &Metadata, gathered: &mut Gathered) {
        let mut object = ListedObject {
            size: metadata.len(),
            last_modified_ms: modified_ms(metadata),
            etag: String::new(),
        };
        if !metadata.is_file() {
            // Never opened: a pipe would be waited for until somebody writes.
            self.blocked.insert(
                key.clone(),
                "it is neither a file nor a directory".to_owned(),
            );
            object.size = object.size.max(1);
        }
        gathered.add(key, object);
    }

    /// A link is followed as Hadoop follows it, but never out of the directory.
    fn link(
        &mut self,
        path: PathBuf,
        key: String,
        linked: bool,
        open: &mut Vec<Open>,
        gathered: &mut Gathered,
    ) {
        let Ok(target) = path.canonicalize() else {
            self.said.push(format!(
                "{key} is a link to nothing, which Spark passes over."
            ));
            return;
        };
        let inside = target.starts_with(&self.root);
        let seen = fs::metadata(&target);
        match seen {
            Ok(seen) if inside && seen.is_file() => {
                self.paths.insert(key.clone(), target);
                self.file(key, &seen, gathered);
            }
            Ok(seen)
                if inside && seen.is_dir() && !linked && !path.starts_with(&target) =>
            {
                self.said.push(format!("{key} is a link and was followed."));
                open.push(Open {
                    path: target,
                    key: format!("{key}/"),
                    linked: true,
                });
            }
            _ => {
                let why = if inside {
                    "it is a link that leads back or on to another link"
                } else {
                    "it is a link that leads out of the directory, and is not followed"
                };
                self.blocked.insert(key.clone(), why.to_owned());
                let object = ListedObject {
                    size: 1,
                    ..ListedObject::default()
                };
                gathered.add(key, object);
            }
        }
    }

    /// The bytes of a file as it was listed.
    pub(super) fn read(&self, key: &str, listed: &ListedObject) -> Read {
        if let Some(why) = self.blocked.get(key) {
            return Read::No(why.clone());
        }
        let path = match self.paths.get(key) {
            Some(path) => path.clone(),
            None => self.root.join(key),
        };
        match read_file(&path, listed.size) {
            Ok(Some(bytes)) => Read::Bytes(bytes),
            Ok(None) => Read::Moved,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Read::Moved,
            Err(error) => Read::No(error.to_string()),
        }
    }
}

/// `None` when it has another size by now.
fn read_file(path: &Path, size: u64) -> io::Result<Option<Vec<u8>>> {
    if !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(size + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == size).then_some(bytes))
}

fn modified_ms(metadata: &Metadata) -> i64 {
    metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

//! The sink beside the checkpoint: what lies at its place, and whether it will
//! drop what the next start reads.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::UNIX_EPOCH;

use domain::checkpoint::ListedObject;
use domain::sink::{
    FILE_BYTES_MAX, LogFolder, Remembered, SinkSeen, SinkView, Whose, delta_list_after,
};
use domain::stream::{Prefix, SinkKind};
use serde::Serialize;

use super::place::Place;
use crate::observe::sink_at;

/// So many names of a log's folder are looked at; the newest are then not among
/// them for sure, which is said.
const LOG_NAMES_MAX: usize = 200_000;
/// So many names of data show what lies there.
const DATA_NAMES_MAX: usize = 1_000;

/// The sink in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SinkSaid {
    /// Where it was looked for.
    pub location: String,
    /// `None` where nothing lies there.
    pub kind: Option<SinkKind>,
    /// The key that tells, relative to the place.
    pub by: Option<String>,
    /// Other kinds that have left a log there too.
    pub beside: Vec<SinkKind>,
    /// The batches that it remembers, this query's first.
    pub remembered: Vec<RememberedSaid>,
}

/// See [`SinkSaid`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RememberedSaid {
    /// A query id, a `txnAppId` or the like; `None` where the id of the batch
    /// alone counts.
    pub name: Option<String>,
    pub batch: i64,
    pub file: String,
    pub whose: Whose,
}

impl SinkSaid {
    pub(super) fn of(seen: &SinkSeen) -> Self {
        let found = seen.found.as_ref();
        Self {
            location: seen.location.clone(),
            kind: seen.kind(),
            by: found.map(|found| found.by.clone()),
            beside: found.map(|found| found.beside.clone()).unwrap_or_default(),
            remembered: seen.remembered.iter().map(RememberedSaid::of).collect(),
        }
    }
}

impl RememberedSaid {
    fn of(memory: &Remembered) -> Self {
        Self {
            name: memory.name.clone(),
            batch: memory.batch,
            file: memory.file.clone(),
            whose: memory.whose,
        }
    }
}

/// Looks at the place, or says why that cannot be done.
pub(super) async fn look(place: &Place) -> Result<SinkSeen, String> {
    let view = match place {
        Place::Directory(path) => {
            directory(path, &place.uri()).map_err(|error| error.to_string())?
        }
        Place::Bucket { .. } => {
            let prefix: Prefix = place
                .uri()
                .parse()
                .map_err(|error: domain::stream::InvalidPrefix| error.to_string())?;
            let s3 = crate::aws::s3_by_the_chain()
                .await
                .map_err(|error| error.to_string())?;
            sink_at(&s3, &prefix)
                .await
                .map_err(|error| error.to_string())?
        }
    };
    // Nobody said which it is: where several logs lie, the first is taken, and
    // the report names the others.
    Ok(SinkSeen::of(&view, SinkKind::PlainFiles))
}

/// A directory, of which the logs' folders are listed and some of the data.
fn directory(path: &Path, uri: &str) -> io::Result<SinkView> {
    let mut view = SinkView::new(format!("{}/", uri.trim_end_matches('/')));
    // A query that never wrote has no such directory, as no such prefix.
    if !path.exists() {
        return Ok(view);
    }
    let mut data = 0;
    let mut top: Vec<(String, fs::DirEntry)> = Vec::new();
    for entry in fs::read_dir(path)?.take(LOG_NAMES_MAX) {
        let entry = entry?;
        top.push((entry.file_name().to_string_lossy().into_owned(), entry));
    }
    top.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, entry) in &top {
        let kind = entry.file_type()?;
        let folder = LogFolder::ALL
            .into_iter()
            .find(|folder| folder.name().trim_end_matches('/') == name);
        match folder {
            // A link may lead anywhere, and is not followed.
            Some(folder) if kind.is_dir() => log(path, folder, &mut view)?,
            _ if kind.is_file() && data < DATA_NAMES_MAX && !hidden(name) => {
                data += 1;
                view.listing.insert(name.clone(), listed(entry)?);
            }
            _ => {}
        }
    }
    // The last folder of data is the newest where folders are days.
    let folder = top.iter().rev().find(|(name, entry)| {
        !name.starts_with(['_', '.'])
            && name != "metadata"
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
    });
    if let Some((name, _)) = folder {
        for entry in fs::read_dir(path.join(name))?.take(DATA_NAMES_MAX) {
            let entry = entry?;
            let file = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_file() && !hidden(&file) {
                view.listing
                    .insert(format!("{name}/{file}"), listed(&entry)?);
            }
        }
    }
    for key in view.wanted() {
        let size = view.listing.get(&key).map_or(0, |object| object.size);
        if let Some(bytes) = read(&path.join(&key), size)? {
            view.bytes.insert(key, bytes);
        }
    }
    Ok(view)
}

fn log(path: &Path, folder: LogFolder, view: &mut SinkView) -> io::Result<()> {
    let within = folder.name();
    let here = path.join(within);
    let after = match folder {
        LogFolder::DeltaLog => delta_after(&here)?,
        _ => None,
    };
    let mut names = BTreeMap::new();
    collect(&here, within, &mut names)?;
    if folder == LogFolder::Hoodie && here.join("timeline").is_dir() {
        let timeline = format!("{within}timeline/");
        collect(&here.join("timeline"), &timeline, &mut names)?;
    }
    if names.len() >= LOG_NAMES_MAX {
        view.cut.insert(folder);
    }
    let from = after.map_or_else(String::new, |name| format!("{within}{name}"));
    view.listing
        .extend(names.into_iter().filter(|(key, _)| *key > from));
    Ok(())
}

fn collect(
    path: &Path,
    within: &str,
    names: &mut BTreeMap<String, ListedObject>,
) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type()?.is_file() || hidden(&name) {
            continue;
        }
        if names.len() >= LOG_NAMES_MAX {
            break;
        }
        names.insert(format!("{within}{name}"), listed(&entry)?);
    }
    Ok(())
}

/// Where Delta's newest commits begin, by its own pointer.
fn delta_after(log: &Path) -> io::Result<Option<String>> {
    let pointer = log.join("_last_checkpoint");
    match fs::metadata(&pointer) {
        Ok(seen) if seen.is_file() => {
            let bytes = read(&pointer, seen.len())?;
            Ok(bytes.and_then(|bytes| delta_list_after(&bytes)))
        }
        _ => Ok(None),
    }
}

/// Hadoop's checksums of its local file system, which it shows nobody.
fn hidden(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".crc")
}

fn listed(entry: &fs::DirEntry) -> io::Result<ListedObject> {
    let metadata = entry.metadata()?;
    let modified = metadata.modified().ok();
    let since = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let ms = since.and_then(|since| i64::try_from(since.as_millis()).ok());
    Ok(ListedObject {
        size: metadata.len(),
        last_modified_ms: ms.unwrap_or_default(),
        etag: String::new(),
    })
}

/// `None` where it has another size by now, or is larger than any is read.
fn read(path: &Path, size: u64) -> io::Result<Option<Vec<u8>>> {
    if size > FILE_BYTES_MAX {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(size + 1)
        .read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == size).then_some(bytes))
}

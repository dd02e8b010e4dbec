//! Keys of a bucket in the order that S3 lists them.
//!
//! S3 orders keys by their UTF-8 bytes. A directory's keys all start with its name and
//! a slash, so a walk that sorts each directory by name, with the slash for directories,
//! gives keys in that order, and reads only the directories that lie on its way.

use std::fs::FileType;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::vec::IntoIter;

/// Where a listing goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum From {
    /// At the start.
    Start,
    /// After this key.
    After(String),
    /// After every key that starts so.
    Past(String),
}

impl From {
    fn allows(&self, key: &str) -> bool {
        match self {
            Self::Start => true,
            Self::After(last) => key > last.as_str(),
            Self::Past(prefix) => key > prefix.as_str() && !key.starts_with(prefix),
        }
    }

    /// Whether no key that starts with `prefix` is allowed.
    fn is_beyond(&self, prefix: &str) -> bool {
        match self {
            Self::Start => false,
            Self::After(last) => prefix < last.as_str() && !last.starts_with(prefix),
            Self::Past(past) => {
                prefix.starts_with(past)
                    || (prefix < past.as_str() && !past.starts_with(prefix))
            }
        }
    }
}

/// The keys under a prefix, in order: those of the plain files and the odd ones.
pub(super) struct Walk {
    root: PathBuf,
    prefix: String,
    from: From,
    levels: Vec<Level>,
    plain_next: Option<String>,
    odd: Peekable<IntoIter<String>>,
}

struct Level {
    /// The key of the directory, with its slash; empty for the bucket.
    base: String,
    entries: IntoIter<String>,
}

impl Walk {
    /// A walk of the bucket at `root`; `odd` are the keys in its side folder, sorted.
    pub(super) fn new(
        root: &Path,
        prefix: &str,
        from: From,
        odd: Vec<String>,
    ) -> std::io::Result<Self> {
        let mut walk = Self {
            root: root.to_owned(),
            prefix: prefix.to_owned(),
            from,
            levels: Vec::new(),
            plain_next: None,
            odd: odd.into_iter().peekable(),
        };
        walk.descend(String::new())?;
        walk.plain_next = walk.next_plain()?;
        Ok(walk)
    }

    /// Leaves out the rest of the keys that start with `prefix`.
    pub(super) fn skip_past(&mut self, prefix: &str) -> std::io::Result<()> {
        self.from = From::Past(prefix.to_owned());
        while self
            .levels
            .last()
            .is_some_and(|level| level.base.starts_with(prefix))
        {
            self.levels.pop();
        }
        if self
            .plain_next
            .as_ref()
            .is_some_and(|key| !self.from.allows(key))
        {
            self.plain_next = self.next_plain()?;
        }
        Ok(())
    }

    /// The next key.
    pub(super) fn next(&mut self) -> std::io::Result<Option<String>> {
        while let Some(odd) = self.odd.peek() {
            if odd.starts_with(&self.prefix) && self.from.allows(odd) {
                break;
            }
            self.odd.next();
        }
        match (&self.plain_next, self.odd.peek()) {
            (Some(plain), Some(odd)) if odd < plain => Ok(self.odd.next()),
            (Some(plain), odd) => {
                // A person may have put a plain file where an odd one was; it wins.
                if odd == Some(plain) {
                    self.odd.next();
                }
                let key = self.plain_next.take();
                self.plain_next = self.next_plain()?;
                Ok(key)
            }
            (None, _) => Ok(self.odd.next()),
        }
    }

    fn next_plain(&mut self) -> std::io::Result<Option<String>> {
        while let Some(level) = self.levels.last_mut() {
            let Some(name) = level.entries.next() else {
                self.levels.pop();
                continue;
            };
            let key = format!("{}{name}", level.base);
            if key.ends_with('/') {
                let on_the_way =
                    key.starts_with(&self.prefix) || self.prefix.starts_with(&key);
                if on_the_way && !self.from.is_beyond(&key) {
                    self.descend(key)?;
                }
            } else if key.starts_with(&self.prefix) && self.from.allows(&key) {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    fn descend(&mut self, base: String) -> std::io::Result<()> {
        let directory = self.root.join(&base);
        let mut entries = Vec::new();
        let read = match std::fs::read_dir(&directory) {
            Ok(read) => read,
            // It was removed while the walk was on its way.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in read {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            match entry.file_type() {
                Ok(kind) if FileType::is_dir(&kind) => entries.push(name + "/"),
                // A symbolic link could lead out of the bucket.
                Ok(kind) if FileType::is_file(&kind) => entries.push(name),
                _ => {}
            }
        }
        entries.sort_unstable();
        self.levels.push(Level {
            base,
            entries: entries.into_iter(),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(keys: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a directory");
        for key in keys {
            let path = folder.path().join(key);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, key).expect("written");
        }
        folder
    }

    fn walk(root: &Path, prefix: &str, from: From, odd: &[&str]) -> Vec<String> {
        let odd = odd.iter().map(|key| (*key).to_owned()).collect();
        let mut walk = Walk::new(root, prefix, from, odd).expect("a walk");
        std::iter::from_fn(|| walk.next().expect("a key")).collect()
    }

    const KEYS: [&str; 6] = ["a-b", "a.b", "a/b", "a/c/d", "a0", "b"];

    #[test]
    fn keys_come_in_byte_order() {
        let folder = bucket(&KEYS);
        let found = walk(folder.path(), "", From::Start, &["/x", "a//b", "ü"]);
        let mut wanted: Vec<&str> = KEYS.into_iter().chain(["/x", "a//b", "ü"]).collect();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_walk_goes_on_after_any_key() {
        let folder = bucket(&KEYS);
        for (at, key) in KEYS.iter().enumerate() {
            let found = walk(folder.path(), "", From::After((*key).to_owned()), &[]);
            assert_eq!(found, KEYS[at + 1..], "after {key}");
        }
        let found = walk(folder.path(), "", From::Past("a/".to_owned()), &["a//"]);
        assert_eq!(found, ["a0", "b"]);
    }

    #[test]
    fn a_prefix_need_not_end_at_a_slash() {
        let folder = bucket(&["orders/1", "orders_backup/1", "orders2"]);
        let found = |prefix| walk(folder.path(), prefix, From::Start, &[]);
        assert_eq!(found("orders/"), ["orders/1"]);
        assert_eq!(found("orders"), ["orders/1", "orders2", "orders_backup/1"]);
        assert_eq!(found("nothing"), [""; 0]);
    }

    #[test]
    fn a_group_can_be_left_out_in_the_middle() {
        let folder = bucket(&KEYS);
        let mut walk =
            Walk::new(folder.path(), "", From::Start, Vec::new()).expect("a walk");
        let mut found = Vec::new();
        while let Some(key) = walk.next().expect("a key") {
            if key.starts_with("a/") {
                walk.skip_past("a/").expect("skipped");
            }
            found.push(key);
        }
        assert_eq!(found, ["a-b", "a.b", "a/b", "a0", "b"]);
    }
}

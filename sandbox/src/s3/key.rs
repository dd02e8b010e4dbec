//! From keys to files and back.
//!
//! A plain key is the path of a plain file, so that a person can open the directory and
//! find `_checkpoints/streaming/orders/metadata` where it is expected. A key that is no
//! path on every file system (`a//b`, `dir/`, `..`, long or non-ASCII segments) lies
//! percent-encoded in a side folder.

use std::path::{Path, PathBuf};

use crate::wire::{percent_decode, percent_encode};

/// The longest segment that every common file system takes, in bytes.
const SEGMENT_BYTES_MAX: usize = 255;

/// How much of an encoded key goes into one file name of the side folder.
const CHUNK_BYTES: usize = 200;

/// Whether a key can be a path at all. A hand-made file may have any such name.
pub(super) fn is_path(key: &str) -> bool {
    key.split('/').all(|segment| {
        !segment.is_empty()
            && segment != "."
            && segment != ".."
            && segment.len() <= SEGMENT_BYTES_MAX
            && !segment.contains('\0')
    })
}

/// Whether a key is stored as a plain file. Segments that are not printable ASCII are
/// not: some file systems fold case or normalise Unicode, and would merge two keys.
pub(super) fn is_plain(key: &str) -> bool {
    is_path(key)
        && key
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b'\\')
}

/// The file of a key in a side folder. The last name ends in `.o` and the ones before
/// in `.d`, so that no key's file is another's directory.
pub(super) fn side_path(folder: &Path, key: &str) -> PathBuf {
    let encoded = percent_encode(key, false);
    let mut path = folder.to_owned();
    let mut rest = encoded.as_str();
    while rest.len() > CHUNK_BYTES {
        let (chunk, after) = rest.split_at(CHUNK_BYTES);
        path.push(format!("{chunk}.d"));
        rest = after;
    }
    path.push(format!("{rest}.o"));
    path
}

/// Every key that has a file in a side folder, in no order.
pub(super) fn side_keys(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut keys = Vec::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((directory, before)) = open.pop() {
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if let Some(chunk) = name.strip_suffix(".d") {
                open.push((entry.path(), format!("{before}{chunk}")));
            } else if let Some(chunk) = name.strip_suffix(".o") {
                keys.push(percent_decode(&format!("{before}{chunk}")));
            }
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_keys_are_paths() {
        for key in [
            "a",
            "a/b/c",
            "_checkpoints/streaming/orders/offsets/12",
            "a b+c%",
        ] {
            assert!(is_plain(key), "{key}");
        }
    }

    #[test]
    fn odd_keys_are_not_plain() {
        let long = "x".repeat(256);
        for key in [
            "",
            "/a",
            "a/",
            "a//b",
            ".",
            "../a",
            "a/./b",
            "a\0b",
            "a\nb",
            "ü",
            "\u{1F4A7}",
            "a\\b",
            &long,
        ] {
            assert!(!is_plain(key), "{key:?}");
        }
    }

    #[test]
    fn side_files_give_their_keys_back() {
        let folder = tempfile::tempdir().expect("a directory");
        let mut keys = vec![
            "a//b".to_owned(),
            "dir/".to_owned(),
            "..".to_owned(),
            "%2F".to_owned(),
            "e\u{301}".to_owned(),
            "\u{e9}".to_owned(),
            "/".repeat(1024),
            "x".repeat(200),
            "x".repeat(201),
            "x".repeat(400),
        ];
        for key in &keys {
            let path = side_path(folder.path(), key);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(&path, key).expect("written");
        }
        let mut found = side_keys(folder.path()).expect("keys");
        found.sort();
        keys.sort();
        assert_eq!(found, keys);
    }
}

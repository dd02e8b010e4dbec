//! Keys on the wire. A key may hold any Unicode text of 1,024 bytes.

use std::fmt::Write as _;

/// `bucket/key` for the header `x-amz-copy-source`, which S3 percent-decodes
/// and the SDK sends as it is.
pub(super) fn copy_source(bucket: &str, key: &str) -> String {
    let mut out = format!("{bucket}/");
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/' => {
                out.push(char::from(byte));
            }
            // A plus sign would be read as a blank.
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A key of a listing with `encoding-type=url`, in which a blank is a plus
/// sign; `None` when it is no such encoding.
pub(in crate::aws) fn decode_listed(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &rest[2..];
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Whether XML 1.0 can carry the key unchanged. DeleteObjects names keys in
/// XML, where a control character has no form or is turned into another.
pub(super) fn fits_xml(key: &str) -> bool {
    key.chars()
        .all(|c| !c.is_control() && c != '\u{fffe}' && c != '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_keys_are_encoded_for_a_copy() {
        for (key, expected) in [
            ("a/b", "bucket/a/b"),
            ("a b+c", "bucket/a%20b%2Bc"),
            ("100%", "bucket/100%25"),
            ("x?versionId=1", "bucket/x%3FversionId%3D1"),
            ("é/\u{1f600}", "bucket/%C3%A9/%F0%9F%98%80"),
            ("//", "bucket///"),
            ("tab\t", "bucket/tab%09"),
        ] {
            assert_eq!(copy_source("bucket", key), expected);
        }
    }

    #[test]
    fn listed_keys_are_decoded_and_nonsense_is_refused() {
        for (listed, expected) in [
            ("offsets/12", Some("offsets/12")),
            ("a+b%2Bc", Some("a b+c")),
            ("%C3%A9", Some("é")),
            ("100%25", Some("100%")),
            ("%0A", Some("\n")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%FF", None),
        ] {
            assert_eq!(decode_listed(listed).as_deref(), expected, "{listed}");
        }
    }

    #[test]
    fn control_characters_do_not_go_into_xml() {
        assert!(fits_xml("a/é \u{1f600}&<>\"'"));
        for odd in ["a\n", "a\r", "a\t", "a\u{1}", "a\u{7f}", "a\u{ffff}"] {
            assert!(!fits_xml(odd), "{odd:?}");
        }
    }
}

//! One file of a checkpoint, read now, for who wants to see it.

use app::view::FileSeen;
use domain::decoded::decode;
use domain::ids::StreamName;

use super::{Observer, reason};
use crate::aws::AwsErrorKind;

/// As much of a file is read as the checks read.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

impl Observer {
    /// The file of this key below the stream's checkpoint. Where the key leads
    /// out of the checkpoint, there is no such file.
    pub async fn checkpoint_file(&self, name: &StreamName, key: &str) -> FileSeen {
        let Some(stream) = self.stream(name).filter(|_| lies_below(key)) else {
            return FileSeen::Missing;
        };
        let place = &stream.checkpoint;
        let whole = format!("{}{key}", place.key());
        let s3 = self.0.aws.reading(name).s3();
        let size = match s3.head(place.bucket(), &whole).await {
            Ok(Some(head)) => head.size,
            Ok(None) => return FileSeen::Missing,
            Err(error) => return unread(&error),
        };
        if size > FILE_BYTES_MAX {
            let max = FILE_BYTES_MAX;
            return FileSeen::TooLarge { size, max };
        }
        match s3.get(place.bucket(), &whole, FILE_BYTES_MAX).await {
            Ok(got) => FileSeen::Read {
                decoded: Box::new(decode(key, &got.bytes)),
                etag: got.etag,
            },
            Err(error) if error.kind == AwsErrorKind::NotFound => FileSeen::Missing,
            Err(error) => unread(&error),
        }
    }
}

fn unread(error: &crate::aws::AwsError) -> FileSeen {
    let reason = reason(error);
    match error.kind {
        AwsErrorKind::Denied => FileSeen::NotPermitted { reason },
        _ => FileSeen::Unread { reason },
    }
}

/// Whether a key stays where it is put: no step of it leads up or nowhere, so
/// that what is asked for is below the checkpoint however it is resolved.
fn lies_below(key: &str) -> bool {
    let steps = key.strip_suffix('/').unwrap_or(key);
    key.len() <= 1_024
        && !key.contains(|c: char| c.is_control() || c == '\\')
        && steps
            .split('/')
            .all(|step| !matches!(step, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_leads_out_of_the_checkpoint_is_none() {
        for (key, expected) in [
            ("metadata", true),
            ("offsets/12", true),
            ("offsets/", true),
            ("state/0/0/_metadata/schema", true),
            ("offsets/.8.e27-9dc.tmp", true),
            ("", false),
            ("/metadata", false),
            ("../orders2/metadata", false),
            ("offsets/../../x", false),
            ("offsets//12", false),
            ("./metadata", false),
            ("offsets\\..\\x", false),
            ("a\nb", false),
        ] {
            assert_eq!(lies_below(key), expected, "{key:?}");
        }
    }
}

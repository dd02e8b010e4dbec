//! Whether the checkpoint can be listed and read.

use domain::probe::{Answer, Probe};
use domain::stream::Stream;
use domain::text::{bytes, counted, shell_quoted};

use super::question::{Question, failed};
use crate::aws::S3;

/// An offsets file has some bytes for each partition.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Asks S3 for a page of the listing and for one file.
pub(super) async fn probes(
    s3: &S3,
    stream: &Stream,
    newest_offsets: Option<i64>,
) -> Vec<Probe> {
    let (listed, read) = tokio::join!(list(s3, stream), read(s3, stream, newest_offsets));
    vec![listed, read]
}

async fn list(s3: &S3, stream: &Stream) -> Probe {
    let (bucket, prefix) = (stream.checkpoint.bucket(), stream.checkpoint.key());
    let question = Question {
        id: "checkpoint-list".to_owned(),
        asks: format!("Can Sluice list {}", stream.checkpoint.uri()),
        calls: "ListObjectsV2",
        command: format!(
            "aws s3api list-objects-v2 --bucket {bucket} --prefix {} --max-items 1000",
            shell_quoted(prefix)
        ),
    };
    question
        .ask(async {
            match s3.first_page(bucket, prefix).await {
                Ok((page, _)) if page.is_empty() => Answer::passed(
                    "It can be listed, and nothing lies there: the next start is a start from nothing.",
                ),
                Ok((page, more)) => {
                    let count = counted(page.len() as u64, "object", "objects");
                    let more = if more { ", and there are more" } else { "" };
                    Answer::passed(format!("The first page has {count}{more}."))
                }
                Err(error) => failed(
                    &error,
                    (
                        "There is no such bucket.",
                        "Compare the checkpoint's location in the configuration with the job's.",
                    ),
                ),
            }
        })
        .await
}

/// The newest offsets file, since that is what a start reads first; before any
/// was seen, the metadata.
async fn read(s3: &S3, stream: &Stream, newest_offsets: Option<i64>) -> Probe {
    let file = newest_offsets
        .map_or_else(|| "metadata".to_owned(), |batch| format!("offsets/{batch}"));
    let key = format!("{}{file}", stream.checkpoint.key());
    let uri = format!("{}{file}", stream.checkpoint.uri());
    let question = Question {
        id: "checkpoint-read".to_owned(),
        asks: format!("Can Sluice read {uri}"),
        calls: "GetObject",
        command: format!("aws s3 cp {} -", shell_quoted(&uri)),
    };
    question
        .ask(async {
            match s3.get(stream.checkpoint.bucket(), &key, FILE_BYTES_MAX).await {
                Ok(got) if got.bytes.is_empty() => Answer::failed(
                    "It was read, and it has no bytes. Spark cannot start on that.",
                    "See what the findings on the stream's page say of it.",
                ),
                Ok(got) => Answer::passed(format!(
                    "It was read whole: {}. Whether it is sound, the findings on the stream's page say.",
                    bytes(got.bytes.len() as u64)
                )),
                Err(error) => failed(
                    &error,
                    (
                        "There is no such file.",
                        "Look whether the checkpoint lies elsewhere, or was never begun.",
                    ),
                ),
            }
        })
        .await
}

//! What a checkpoint will be after a way out, and what Spark then does: the
//! doctor's own look at it.

use domain::checkpoint::{Given, Prognosis, QueryShape, SparkLine, infer, predict};
use domain::intent::WayOut;
use domain::plan::{Edit, Foreseen};
use domain::stream::Stream;

use super::{Files, ROUNDS_MAX, Read, read_more, read_state};
use crate::aws::S3;

/// Judges the checkpoint as it will be. State that the next start needs is read
/// too, within the budget of a look.
pub(in crate::observe) async fn foreseen(
    s3: &S3,
    stream: &Stream,
    files: &Files,
    read: Read,
    way_out: &WayOut,
    (line, shape, given): (SparkLine, &QueryShape, Given),
) -> Result<Foreseen, String> {
    let shape = infer(&read.view, shape, given).shape;
    let edit = Edit::of(way_out, &read.view)?;
    let mut after = edit.applied_to(&read.view);
    for _ in 0..ROUNDS_MAX {
        let Prognosis::Unknown { unread } = predict(&after, line, &shape) else {
            break;
        };
        let wanted = unread.into_iter().collect();
        if !read_more(s3, stream, &mut after, files, wanted).await? {
            break;
        }
    }
    read_state(s3, stream, &mut after, files, (line, &shape)).await?;
    let prognosis = predict(&after, line, &shape);
    Ok(Foreseen { edit, prognosis })
}

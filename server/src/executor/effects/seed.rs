//! Writes the starting offsets, before which nothing else may lie there.

use domain::checkpoint::InitialOffset;
use domain::ids::Digest;
use domain::plan::SeedStep;
use domain::run::Facts;

use super::{Effect, Work};
use crate::aws::{AwsErrorKind, PutOn};
use crate::executor::problem::Stopped;

impl Work<'_> {
    pub(super) async fn seed(&self, step: &SeedStep) -> Result<Effect, Stopped> {
        let bytes = InitialOffset {
            offsets: step.offsets.clone(),
        }
        .render();
        if Digest::of(&bytes) != step.sha256 {
            return Err(Stopped::person(
                "The seed is not what the plan promises.",
                "Nothing was written. This is a defect; report it with this reference.",
            ));
        }
        let key = format!("{}{}", step.prefix.key(), step.key());
        let s3 = self.aws.s3();
        match s3
            .put(step.prefix.bucket(), &key, bytes.clone(), PutOn::Absent)
            .await
        {
            Ok(etag) => Ok(Effect::done(Facts::Written { key, etag })),
            Err(error) if error.kind == AwsErrorKind::PreconditionFailed => {
                let there = s3
                    .get(step.prefix.bucket(), &key, bytes.len() as u64 + 1)
                    .await?;
                if there.bytes == bytes {
                    Ok(Effect::done(Facts::Written {
                        key,
                        etag: there.etag,
                    }))
                } else {
                    Err(Stopped::person(
                        format!("{key} holds other offsets than the plan's."),
                        "Somebody has written it. Look before resuming.",
                    ))
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

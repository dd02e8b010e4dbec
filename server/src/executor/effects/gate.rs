//! Closes and opens the gate: a `metadata` that Spark refuses, and the right
//! one in its place.

use domain::plan::{GateStep, OpenGateStep};
use domain::run::{Event, Facts};
use domain::stream::Prefix;

use super::{Effect, Work};
use crate::aws::{AwsErrorKind, Got, PutOn};
use crate::executor::problem::Stopped;

/// More than any `metadata`, and little to read.
const METADATA_BYTES_MAX: u64 = 64 * 1024;

impl Work<'_> {
    pub(super) async fn close_gate(&self, step: &GateStep) -> Result<Effect, Stopped> {
        let there = self.metadata(&step.prefix).await?;
        if let Some(got) = there.filter(|got| got.bytes == step.body.as_bytes()) {
            return Ok(self.closed(step, got.etag));
        }
        // The last look before the first change: the plan, the agreement, and
        // that nobody writes.
        self.refuse_without_agreement().await?;
        let snapshot = self.refuse_stale().await?;
        self.refuse_passed_offsets(&snapshot)?;
        self.refuse_unstartable().await?;
        self.refuse_torn_backup().await?;
        self.refuse_writers().await?;
        let on = step.replaces.clone().map_or(PutOn::Absent, PutOn::Match);
        let put = self
            .aws
            .s3()
            .put(
                step.prefix.bucket(),
                &key(&step.prefix),
                step.body.clone().into_bytes(),
                on,
            )
            .await;
        match put {
            Ok(etag) => Ok(self.closed(step, etag)),
            Err(error) if error.kind == AwsErrorKind::PreconditionFailed => {
                let there = self.metadata(&step.prefix).await?;
                match there.filter(|got| got.bytes == step.body.as_bytes()) {
                    Some(got) => Ok(self.closed(step, got.etag)),
                    None => Err(Stopped::person(
                        "The plan is stale. metadata was written again by somebody.",
                        "Nothing was changed. Abort this Run and open another.",
                    )),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    fn closed(&self, step: &GateStep, etag: String) -> Effect {
        Effect {
            before: vec![Event::GateClosed { etag: etag.clone() }],
            facts: Facts::Written {
                key: key(&step.prefix),
                etag,
            },
            warning: None,
        }
    }

    pub(super) async fn open_gate(&self, step: &OpenGateStep) -> Result<Effect, Stopped> {
        let opened = |etag: String, already: bool| Effect {
            before: if already {
                Vec::new()
            } else {
                vec![Event::GateOpened { etag: etag.clone() }]
            },
            facts: Facts::Written {
                key: key(&step.prefix),
                etag,
            },
            warning: None,
        };
        let observer = &self.held.world.observer;
        observer.expect_query_id(&self.stream.name, step.query_id);
        let already =
            self.held.loaded.lock().await.state.gate == domain::run::Gate::Opened;
        let Some(there) = self.metadata(&step.prefix).await? else {
            return Err(Stopped::person(
                "The closed gate is gone: somebody deleted metadata.",
                "A job that was started meanwhile may have written here. Look before resuming.",
            ));
        };
        if there.bytes == step.body().as_bytes() {
            return Ok(opened(there.etag, already));
        }
        if there.bytes != step.replaces.as_bytes() {
            return Err(Stopped::person(
                "metadata holds neither the closed gate nor what it is to hold.",
                "Somebody has written it. Look before resuming.",
            ));
        }
        self.refuse_writers().await?;
        let etag = self
            .aws
            .s3()
            .put(
                step.prefix.bucket(),
                &key(&step.prefix),
                step.body().into_bytes(),
                PutOn::Match(there.etag),
            )
            .await?;
        Ok(opened(etag, already))
    }

    async fn metadata(&self, prefix: &Prefix) -> Result<Option<Got>, Stopped> {
        let result = self
            .aws
            .s3()
            .get(prefix.bucket(), &key(prefix), METADATA_BYTES_MAX)
            .await;
        match result {
            Ok(got) => Ok(Some(got)),
            Err(error) if error.kind == AwsErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Approvals are judged again when the plan is carried out, not only when
    /// it was started.
    pub(super) async fn refuse_without_agreement(&self) -> Result<(), Stopped> {
        use domain::agreement::AgreementState;
        let loaded = self.held.loaded.lock().await;
        let plan = loaded.state.plan(self.plan.body.kind);
        // Expiry is a matter of the start; who agreed is a matter of now.
        let at = plan
            .and_then(|p| p.started.as_ref())
            .map_or_else(crate::clock::now, |(at, _)| *at);
        let state = plan.map(|p| p.agreement(&self.plan.body.agreement, at));
        match state {
            Some(AgreementState::NotNeeded | AgreementState::Agreed) => Ok(()),
            _ => Err(Stopped::person(
                "Not everybody has agreed to this plan whom it needs.",
                "Nothing was changed. Ask for agreement again.",
            )),
        }
    }
}

fn key(prefix: &Prefix) -> String {
    format!("{}metadata", prefix.key())
}

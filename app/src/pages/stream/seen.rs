//! What was seen of a stream, and what there is to say where it was not.

use domain::snapshot::{Observed, Snapshot};
use leptos::prelude::*;

use crate::ui::*;
use crate::view::StreamPage;

/// Why there is nothing to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unseen {
    /// Nobody has looked at the stream yet.
    NotYet,
    /// It could not be read, for this reason.
    Unknown(String),
}

/// A part of what was seen.
pub(super) fn seen<T: Clone>(
    page: &StreamPage,
    part: fn(&Snapshot) -> &Observed<T>,
) -> Result<T, Unseen> {
    match page.snapshot.as_ref().map(part) {
        None => Err(Unseen::NotYet),
        Some(Observed::Seen { value, .. }) => Ok(value.clone()),
        Some(Observed::Unknown { reason, .. }) => Err(Unseen::Unknown(reason.clone())),
    }
}

/// Says that something was not seen. `what` is the subject of the sentence.
pub(super) fn unseen(what: &str, why: Unseen) -> AnyView {
    match why {
        Unseen::NotYet => view! {
            <EmptyState title="Sluice has not looked at this stream yet.">
                <p>"What it sees will show here within a minute or two."</p>
            </EmptyState>
        }
        .into_any(),
        Unseen::Unknown(reason) => view! {
            <Callout
                tone=Tone::Unknown
                icon=IconName::Question
                title=format!("{what} could not be read.")
            >
                <p>{reason}</p>
            </Callout>
        }
        .into_any(),
    }
}

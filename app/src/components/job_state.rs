//! The state of a job run as a chip.

use domain::snapshot::JobRunState;
use leptos::prelude::*;

use crate::ui::*;

/// A job run's state in EMR's word, in small letters.
#[component]
pub fn JobStateChip(
    /// The state.
    state: JobRunState,
) -> AnyView {
    let (tone, icon) = match &state {
        JobRunState::Submitted
        | JobRunState::Pending
        | JobRunState::Scheduled
        | JobRunState::Queued => (Tone::Info, IconName::Hourglass),
        JobRunState::Running => (Tone::Good, IconName::Play),
        JobRunState::Success => (Tone::Neutral, IconName::Check),
        JobRunState::Failed => (Tone::Danger, IconName::Cross),
        JobRunState::Cancelling => (Tone::Warning, IconName::Stop),
        JobRunState::Cancelled => (Tone::Neutral, IconName::Stop),
        JobRunState::Other(_) => (Tone::Unknown, IconName::Question),
    };
    view! {
        <Chip tone icon>
            {state.word().to_lowercase()}
        </Chip>
    }
    .into_any()
}

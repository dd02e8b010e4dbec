//! A verdict as a chip, and how each one looks.

use domain::time::{Millis, human_duration};
use domain::verdict::{Loss, LossBy, VerdictKind};
use leptos::prelude::*;

use crate::ui::*;

/// What a verdict looks like; `None` before the first look at a stream. The
/// word goes with it: colour and shape never stand alone.
#[must_use]
pub fn verdict_look(kind: Option<VerdictKind>) -> (Tone, IconName) {
    match kind {
        None => (Tone::Unknown, IconName::Hourglass),
        Some(VerdictKind::Unknown) => (Tone::Unknown, IconName::Question),
        Some(VerdictKind::LosingData) => (Tone::Danger, IconName::Drop),
        Some(VerdictKind::Corrupt) => (Tone::Danger, IconName::Octagon),
        Some(VerdictKind::Down) => (Tone::Danger, IconName::Power),
        Some(VerdictKind::Stuck) => (Tone::Warning, IconName::Pause),
        Some(VerdictKind::Blocked) => (Tone::Warning, IconName::Lock),
        Some(VerdictKind::WorkingOnABigBatch) => (Tone::Info, IconName::Activity),
        Some(VerdictKind::Behind) => (Tone::Warning, IconName::Trend),
        Some(VerdictKind::Idle) => (Tone::Neutral, IconName::Moon),
        Some(VerdictKind::Healthy) => (Tone::Good, IconName::Check),
    }
}

/// Whether somebody should look at a stream with this verdict.
#[must_use]
pub fn needs_attention(kind: Option<VerdictKind>) -> bool {
    !matches!(
        kind,
        Some(VerdictKind::WorkingOnABigBatch | VerdictKind::Idle | VerdictKind::Healthy)
    )
}

/// The verdict of a word in an address.
#[must_use]
pub fn verdict_of(slug: &str) -> Option<VerdictKind> {
    VerdictKind::ALL
        .into_iter()
        .find(|kind| kind.slug() == slug)
}

/// A verdict in a word.
#[component]
pub fn VerdictChip(
    /// The verdict; `None` before the first look.
    kind: Option<VerdictKind>,
) -> AnyView {
    let (tone, icon) = verdict_look(kind);
    view! {
        <Chip tone icon>
            {kind.map_or("not looked at yet", VerdictKind::word)}
        </Chip>
    }
    .into_any()
}

/// For how long something has been so, with the time of its beginning on hover
/// and in print.
#[component]
pub fn Lasting(
    /// Its beginning.
    since: Millis,
    /// The present, in milliseconds since 1970 UTC.
    #[prop(into)]
    now_ms: Signal<i64>,
) -> AnyView {
    view! {
        <time datetime=since.rfc3339() title=since.utc()>
            {move || format!("for {}", human_duration(whole_seconds(now_ms.get(), since)))}
        </time>
    }
    .into_any()
}

/// When something happens that many milliseconds from now at the least.
#[must_use]
pub fn until(left_ms: i64) -> String {
    if left_ms < 1_000 {
        "now".to_owned()
    } else {
        format!("in {}", human_duration(left_ms))
    }
}

/// When unread records are deleted, and by what where that is not their age.
#[must_use]
pub fn loss_in(loss: Loss) -> String {
    let most = if loss.measured { "" } else { "at most " };
    let by = match loss.by {
        LossBy::Time => "",
        LossBy::Size => ", by size",
    };
    format!("{most}{}{by}", until(loss.in_ms))
}

/// Milliseconds since then, without a rest that nobody reads.
fn whole_seconds(now_ms: i64, since: Millis) -> i64 {
    Millis(now_ms).since(since).max(0) / 1_000 * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_found_by_its_word_in_the_address() {
        for kind in VerdictKind::ALL {
            assert_eq!(verdict_of(&kind.slug()), Some(kind));
        }
        assert_eq!(verdict_of("fine"), None);
    }

    #[test]
    fn what_is_due_happens_now() {
        assert_eq!([0, 999, 61_000].map(until), ["now", "now", "in 1 m 1 s"]);
    }

    #[test]
    fn what_is_not_known_needs_attention() {
        assert!(needs_attention(None));
        assert!(needs_attention(Some(VerdictKind::Unknown)));
        assert!(!needs_attention(Some(VerdictKind::Idle)));
    }
}

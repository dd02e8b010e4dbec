//! What several streams fell by together.

use domain::text::counted;
use domain::time::human_duration;
use domain::verdict::CommonCause;
use leptos::prelude::*;

use crate::paths;
use crate::ui::*;

/// The strip above the streams: what fell at once, and what it has in common.
/// Nothing where nothing did.
#[component]
pub fn CommonCauses(
    /// The causes, widest first.
    #[prop(into)]
    causes: Signal<Vec<CommonCause>>,
    /// The present, in milliseconds since 1970 UTC.
    #[prop(into)]
    now_ms: Signal<i64>,
) -> AnyView {
    (move || {
        causes
            .get()
            .into_iter()
            .map(|cause| one(cause, now_ms))
            .collect_view()
    })
    .into_any()
}

fn one(cause: CommonCause, now_ms: Signal<i64>) -> AnyView {
    let count = counted(cause.streams.len() as u64, "stream", "streams");
    let shared: Vec<String> = cause.shared.iter().map(|what| what.words()).collect();
    let title = format!("{count} fell at once and share {}", listed(&shared));
    let links = cause
        .streams
        .iter()
        .map(|name| {
            view! {
                <li>
                    <a href=paths::stream(name)>{name.to_string()}</a>
                </li>
            }
        })
        .collect_view();
    let since = cause.since;
    let lasting = move || {
        let for_ms = domain::time::Millis(now_ms.get()).since(since).max(0);
        human_duration(for_ms / 60_000 * 60_000)
    };
    let why = cause.cause.map(|cause| {
        view! {
            <p>
                {format!("Their jobs name {}. {}", cause.kind.word(), cause.kind.helps())}
            </p>
        }
    });
    view! {
        <Callout tone=Tone::Danger icon=IconName::Octagon title>
            <p>
                {format!(
                    "{} of the {} on it. Look at what they share before you reset any of them. The first fell ",
                    cause.streams.len(),
                    counted(u64::from(cause.of), "stream", "streams"),
                )} {lasting} " ago."
            </p>
            {why}
            <ul class="plain-list">{links}</ul>
        </Callout>
    }
    .into_any()
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_reads_as_a_list() {
        let words: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(listed(&words[..1]), "a");
        assert_eq!(listed(&words[..2]), "a and b");
        assert_eq!(listed(&words), "a, b and c");
    }
}

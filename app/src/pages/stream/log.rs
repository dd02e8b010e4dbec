//! The end of the driver's log, errors first.

use leptos::prelude::*;

use super::Page;
use crate::api::AppError;
use crate::components::*;
use crate::ui::*;
use crate::view::{LogLine, LogTail};

/// As many errors are lifted out; the rest is in the log below.
const ERRORS_SHOWN: usize = 3;

/// The log. It is read again after each new look at the stream.
pub(super) fn log(page: Page, log: Fetched<LogTail>) -> AnyView {
    let seen_at = page.part(|page| page.row.seen_at);
    Effect::new(move |before: Option<_>| {
        let seen_at = seen_at.get();
        if before.is_some_and(|before| before != seen_at) {
            log.refetch();
        }
        seen_at
    });
    view! {
        <Transition fallback=|| {
            view! { <Skeleton lines=6 /> }
        }>
            {move || Suspend::new(async move {
                match log.await {
                    Ok(tail) => shown(tail, page.now_ms),
                    Err(AppError(error)) => view! { <ErrorCallout error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

fn shown(tail: LogTail, now_ms: Signal<i64>) -> AnyView {
    let LogTail {
        source,
        lines,
        unknown,
        ..
    } = tail;
    let unread = unknown.map(|reason| {
        view! {
            <Callout
                tone=Tone::Unknown
                icon=IconName::Question
                title="The log could not be read."
            >
                <p>{reason}</p>
            </Callout>
        }
    });
    let errors = errors(&lines, now_ms);
    let list = match (lines.is_empty(), unread.is_some()) {
        (true, true) => ().into_any(),
        (true, false) => {
            view! { <EmptyState title="The log holds no line." /> }.into_any()
        }
        (false, _) => view! {
            <div class="log" tabindex="0" role="region" aria-label="The end of the log">
                <ol class="log__lines">{lines.into_iter().map(line).collect_view()}</ol>
            </div>
        }
        .into_any(),
    };
    view! {
        <div class="stack">
            {unread} {errors} {list}
            <p class="soft small">{source}</p>
        </div>
    }
    .into_any()
}

/// The newest errors, the newest first.
fn errors(lines: &[LogLine], now_ms: Signal<i64>) -> AnyView {
    let all = lines.iter().filter(|line| line.is_error).count();
    if all == 0 {
        return ().into_any();
    }
    let more = all.saturating_sub(ERRORS_SHOWN);
    let newest = lines
        .iter()
        .rev()
        .filter(|line| line.is_error)
        .take(ERRORS_SHOWN);
    let list = newest
        .cloned()
        .map(|LogLine { at, text, .. }| {
            let first = text.lines().next().unwrap_or_default().to_owned();
            let whole = (first != text).then(|| {
                view! {
                    <details class="fold">
                        <summary>"The whole error"</summary>
                        <div class="fold__body">
                            <Code text what="the error" />
                        </div>
                    </details>
                }
            });
            view! {
                <Callout
                    tone=Tone::Danger
                    icon=IconName::Octagon
                    title=view! { <code class="key">{first}</code> }
                >
                    <p class="soft small">
                        <Time at_ms=at.0 now_ms />
                    </p>
                    {whole}
                </Callout>
            }
        })
        .collect_view();
    view! {
        <div class="stack stack--tight">
            {list}
            {(more > 0)
                .then(|| {
                    view! {
                        <p class="soft small">{format!("{more} earlier errors stand in the log below.")}</p>
                    }
                })}
        </div>
    }
    .into_any()
}

fn line(line: LogLine) -> impl IntoView {
    let LogLine { at, text, is_error } = line;
    let tone = is_error.then_some(Tone::Danger.as_str());
    let time = at.utc();
    let label =
        is_error.then(|| view! { <span class="visually-hidden">"Error: "</span> });
    view! {
        <li class="log__line" data-tone=tone>
            <time class="log__time" datetime=at.rfc3339()>
                {time}
            </time>
            <span class="log__text">{label} {text}</span>
        </li>
    }
}

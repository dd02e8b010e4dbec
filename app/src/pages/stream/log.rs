//! The end of the driver's log, errors first: those that others have had before
//! with what they mean, then the rest, then the lines themselves.

use domain::failures::{Group, Known, Report, Reset};
use domain::text::{counted, thousands};
use leptos::prelude::*;

use super::Page;
use crate::api::AppError;
use crate::components::*;
use crate::ui::*;
use crate::view::{LogLine, LogTail};

/// As many errors that nobody knows are shown at once; the others are folded.
const UNKNOWN_SHOWN: usize = 3;

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
        read,
        since,
        errors,
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
    let count = lines.len() as u64;
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
    let extent = since.map(|since| {
        let of = match read > count {
            true => format!(
                "The last {} of {} records that were read, since ",
                thousands(count),
                thousands(read)
            ),
            false => format!("{}, since ", counted(read, "record", "records")),
        };
        view! {
            {of}
            <Time at_ms=since.0 now_ms />
            ". "
        }
    });
    view! {
        <div class="stack">
            {unread} {lifted(errors, now_ms)} {list}
            <p class="soft small">{extent} {source}</p>
        </div>
    }
    .into_any()
}

/// The errors: all that are known, and the newest of the others.
fn lifted(errors: Vec<Group>, now_ms: Signal<i64>) -> AnyView {
    if errors.is_empty() {
        return ().into_any();
    }
    let (known, others): (Vec<Group>, Vec<Group>) =
        errors.into_iter().partition(|error| error.known.is_some());
    let mut others = others.into_iter();
    let first: Vec<Group> = others.by_ref().take(UNKNOWN_SHOWN).collect();
    let rest: Vec<Group> = others.collect();
    let more = rest.len() as u64;
    let draw = move |errors: Vec<Group>| {
        errors
            .into_iter()
            .map(|error| one(error, now_ms))
            .collect_view()
    };
    view! {
        <div class="stack stack--tight">
            {draw(known)} {draw(first)}
            {(more > 0)
                .then(|| {
                    let others = counted(more, "other error", "other errors");
                    view! {
                        <details class="fold">
                            <summary>{others}</summary>
                            <div class="fold__body stack stack--tight">{draw(rest)}</div>
                        </details>
                    }
                })}
        </div>
    }
    .into_any()
}

fn one(error: Group, now_ms: Signal<i64>) -> AnyView {
    let Group {
        headline,
        known,
        times,
        first,
        last,
        text,
    } = error;
    let when = view! {
        <p class="soft small">
            {match times {
                1 => "Logged once, ".to_owned(),
                _ => format!("Logged {} times, the last ", thousands(times)),
            }}
            <Time at_ms=last.0 now_ms />
            {(times > 1)
                .then(|| {
                    view! {
                        ", the first "
                        <Time at_ms=first.0 now_ms />
                    }
                })} "."
        </p>
    };
    let whole = (headline != text.trim()).then(|| {
        view! {
            <details class="fold">
                <summary>"The whole error"</summary>
                <div class="fold__body">
                    <Code text what="the error" />
                </div>
            </details>
        }
    });
    match known {
        Some(known) => {
            let name = known.name.to_string();
            view! {
                <Callout tone=Tone::Danger icon=IconName::Octagon title=format!("{name}.")>
                    <p>
                        <code class="key">{headline}</code>
                    </p>
                    {meaning(known)}
                    {when}
                    {whole}
                </Callout>
            }
            .into_any()
        }
        None => view! {
            <Callout
                tone=Tone::Danger
                icon=IconName::Octagon
                title=view! { <code class="key">{headline}</code> }
            >
                <p class="soft small">"Not in the catalogue of known failures."</p>
                {when}
                {whole}
            </Callout>
        }
        .into_any(),
    }
}

/// What the catalogue says: what it means, what to do, and where it is reported.
fn meaning(known: Known) -> AnyView {
    let reset = match known.reset {
        Reset::Helps => "A reset helps, where nothing lesser does.".to_owned(),
        Reset::DoesNot => "A reset does not help.".to_owned(),
        Reset::Only(when) => format!("A reset helps only {when}."),
    };
    let count = known.reports.len();
    let reports = known
        .reports
        .into_iter()
        .enumerate()
        .map(|(index, Report { title, url })| {
            view! {
                <a href=url.to_string() rel="noreferrer">
                    {title.to_string()}
                </a>
                {(index + 1 < count).then_some(" · ")}
            }
        })
        .collect_view();
    view! {
        <p>{known.meaning.to_string()}</p>
        <p>
            <strong>"What to do: "</strong>
            {known.action.to_string()}
            " "
            {reset}
        </p>
        <p class="soft small">
            {format!("known failure {}", known.id)}
            {(count > 0).then_some(" · ")}
            {reports}
        </p>
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

//! The end of the driver's log, errors first.

use domain::text::counted;
use leptos::prelude::*;

use super::Page;
use crate::api::AppError;
use crate::components::*;
use crate::ui::*;
use crate::view::{LogLine, LogTail};

/// As many different errors are lifted out; the rest is in the log below.
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

/// One error, however often it was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LiftedError {
    headline: String,
    newest: LogLine,
    times: u64,
}

/// The errors of a log, each once, the newest first.
fn lifted(lines: &[LogLine]) -> Vec<LiftedError> {
    let mut errors: Vec<LiftedError> = Vec::new();
    for line in lines.iter().rev().filter(|line| line.is_error) {
        let headline = headline(&line.text).to_owned();
        match errors
            .iter_mut()
            .find(|error| alike(&error.headline, &headline))
        {
            Some(error) => error.times += 1,
            None => errors.push(LiftedError {
                headline,
                newest: line.clone(),
                times: 1,
            }),
        }
    }
    errors
}

/// Whether two errors differ only in times, numbers and ids: in words that hold
/// a digit.
fn alike(one: &str, other: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !(c.is_alphanumeric() || c == '-'))
            .map(|word| match word.contains(|c: char| c.is_ascii_digit()) {
                true => "0".to_owned(),
                false => word.to_owned(),
            })
            .collect()
    };
    words(one) == words(other)
}

/// The line that says what went wrong. Python says it last, Java first.
fn headline(text: &str) -> &str {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    if first.starts_with("Traceback ") {
        lines.next_back().unwrap_or(first)
    } else {
        first
    }
}

/// The newest errors, the newest first.
fn errors(lines: &[LogLine], now_ms: Signal<i64>) -> AnyView {
    let errors = lifted(lines);
    if errors.is_empty() {
        return ().into_any();
    }
    let more = errors.len().saturating_sub(ERRORS_SHOWN) as u64;
    let list = errors
        .into_iter()
        .take(ERRORS_SHOWN)
        .map(|error| lifted_out(error, now_ms))
        .collect_view();
    view! {
        <div class="stack stack--tight">
            {list}
            {(more > 0)
                .then(|| {
                    let others = counted(more, "other error stands", "other errors stand");
                    view! { <p class="soft small">{format!("{others} in the log below.")}</p> }
                })}
        </div>
    }
    .into_any()
}

fn lifted_out(error: LiftedError, now_ms: Signal<i64>) -> impl IntoView {
    let LiftedError {
        headline,
        newest: LogLine { at, text, .. },
        times,
    } = error;
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
    let often = (times > 1).then(|| format!(", {times} times in what is shown below"));
    view! {
        <Callout
            tone=Tone::Danger
            icon=IconName::Octagon
            title=view! { <code class="key">{headline}</code> }
        >
            <p class="soft small">
                <Time at_ms=at.0 now_ms />
                {often}
            </p>
            {whole}
        </Callout>
    }
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

#[cfg(test)]
mod tests {
    use domain::time::Millis;

    use super::*;

    fn line(at: i64, text: &str, is_error: bool) -> LogLine {
        LogLine {
            at: Millis(at),
            text: text.to_owned(),
            is_error,
        }
    }

    #[test]
    fn an_error_is_lifted_once_however_often_it_was_logged() {
        let lines = [
            line(1, "ERROR one", true),
            line(2, "all is well", false),
            line(3, "ERROR two", true),
            line(4, "ERROR one", true),
            line(5, "ERROR three of 5ee9cad4-461f", true),
            line(6, "ERROR three of 4c36c953-776a", true),
            line(7, "ERROR bad feed", true),
            line(8, "ERROR bad face", true),
        ];
        let shown: Vec<(String, i64, u64)> = lifted(&lines)
            .into_iter()
            .map(|error| (error.headline, error.newest.at.0, error.times))
            .collect();
        assert_eq!(
            shown,
            [
                ("ERROR bad face".to_owned(), 8, 1),
                ("ERROR bad feed".to_owned(), 7, 1),
                ("ERROR three of 4c36c953-776a".to_owned(), 6, 2),
                ("ERROR one".to_owned(), 4, 2),
                ("ERROR two".to_owned(), 3, 1)
            ]
        );
    }

    #[test]
    fn the_headline_is_the_line_that_says_what_went_wrong() {
        for (text, expected) in [
            (
                "java.lang.Error: no\n\tat a.B.c(B.java:1)",
                "java.lang.Error: no",
            ),
            (
                "Traceback (most recent call last):\n  File\nValueError: no\n",
                "ValueError: no",
            ),
            (
                "Traceback (most recent call last):",
                "Traceback (most recent call last):",
            ),
        ] {
            assert_eq!(headline(text), expected);
        }
    }
}

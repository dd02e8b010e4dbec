//! A file of the checkpoint, decoded, with the line that is wrong marked.

use domain::checkpoint::{Finding, Issue, IssueCode, Severity};
use domain::decoded::{Decoded, HexRow, Sheet, TextLine};
use domain::ids::StreamName;
use domain::text::{bytes, counted};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{known, unprinted};
use crate::api::read::fetch_file;
use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::{FilePage, FileSeen};

/// The page of the file in the address.
pub(super) fn page() -> AnyView {
    let params = use_params_map();
    let address = Memo::new(move |_| {
        params.with(|params| {
            let name = params.get_str("name").and_then(|name| name.parse().ok());
            let key = params.get_str("key").unwrap_or_default().to_owned();
            (name, key)
        })
    });
    let fetched = Resource::new_blocking(
        move || address.get(),
        |(name, key): (Option<StreamName>, String)| async move {
            fetch_file(known(name)?, key).await
        },
    );
    // Another file is another page.
    (move || {
        address.track();
        once_fetched(fetched, drawn)
    })
    .into_any()
}

fn drawn(page: FilePage) -> AnyView {
    let FilePage {
        stream,
        key,
        uri,
        file,
        findings,
        changed_since,
        ..
    } = page;
    let moved = changed_since.then(|| {
        view! {
            <Callout
                tone=Tone::Info
                icon=IconName::Info
                title="It was written again since Sluice last looked at the stream."
            >
                <p>"What was found then may no longer hold."</p>
            </Callout>
        }
    });
    let body = match file {
        FileSeen::Read { etag, decoded } => {
            read(&stream, *decoded, etag, uri.clone(), findings)
        }
        other => not_read(other, findings, uri),
    };
    view! {
        <Title text=format!("{key} · {stream}") />
        <div class="page">
            <div class="page__head">
                <div>
                    <p class="soft">
                        "A file in the checkpoint of "
                        <a href=paths::stream(&stream)>{stream.to_string()}</a>
                    </p>
                    <h1 class="file__name">{key}</h1>
                </div>
            </div>
            {moved}
            {body}
        </div>
    }
    .into_any()
}

/// Why there is nothing to show, each in its own words.
fn not_read(file: FileSeen, findings: Vec<Finding>, uri: String) -> AnyView {
    let (tone, icon, title, text) = match file {
        FileSeen::Missing => (
            Tone::Warning,
            IconName::Question,
            "There is no such file in the checkpoint.".to_owned(),
            "It was deleted, or never written. Spark keeps about a hundred batches."
                .to_owned(),
        ),
        FileSeen::TooLarge { size, max } => (
            Tone::Unknown,
            IconName::Question,
            format!("The file has {} and is not read.", bytes(size)),
            format!("At most {} of a file are read for this page.", bytes(max)),
        ),
        FileSeen::NotPermitted { reason } => (
            Tone::Unknown,
            IconName::Lock,
            "Sluice may not read this file.".to_owned(),
            reason,
        ),
        FileSeen::Unread { reason } => (
            Tone::Unknown,
            IconName::Question,
            "The file could not be read.".to_owned(),
            reason,
        ),
        // Drawn elsewhere.
        FileSeen::Read { .. } => return ().into_any(),
    };
    view! {
        <div class="stack stack--tight">
            <Callout tone icon title>
                <p>{text}</p>
                <p>
                    <Copyable value=uri what="the address" />
                </p>
            </Callout>
            {findings.into_iter().map(found).collect_view()}
        </div>
    }
    .into_any()
}

fn read(
    stream: &StreamName,
    file: Decoded,
    etag: String,
    uri: String,
    findings: Vec<Finding>,
) -> AnyView {
    let Decoded {
        title,
        about,
        facts,
        sheets,
        lines,
        lines_left,
        hex,
        issues,
        beside,
    } = file;
    let marks = Marks::of(&issues, &findings);
    // What stands at no line that is shown, stands above.
    let is_shown = |line: Option<u32>| {
        line.is_some_and(|line| lines.iter().any(|shown| shown.number == line))
    };
    let findings: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| !is_shown(finding.line))
        .collect();
    // A finding says what follows from it, so the issue need not be repeated.
    let issues: Vec<Issue> = issues
        .into_iter()
        .filter(|issue| findings.is_empty() && !is_shown(issue.line))
        .collect();
    let above = (!(findings.is_empty() && issues.is_empty())).then(|| {
        view! {
            <div class="stack stack--tight">
                {findings.into_iter().map(found).collect_view()}
                {issues.into_iter().map(whole_issue).collect_view()}
            </div>
        }
    });
    let facts = facts
        .into_iter()
        .map(|(name, value)| view! { <Fact name>{value}</Fact> })
        .collect_view();
    let beside = beside
        .into_iter()
        .map(|(word, key)| {
            let href = paths::stream_file(stream, &key, None);
            view! {
                <li>
                    {format!("{word}: ")}
                    <a class="key" href=href>
                        {key}
                    </a>
                </li>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="stack">
            {above}
            <Card>
                <div class="stack">
                    <p>
                        <strong>{format!("{title}. ")}</strong>
                        {about}
                    </p>
                    <Facts wide=true>
                        {facts} <Fact name="ETag">
                            <Copyable value=etag what="the ETag" />
                        </Fact> <Fact name="Address">
                            <Copyable value=uri what="the address" />
                        </Fact>
                    </Facts>
                    {(!beside.is_empty()).then(|| view! { <ul class="list">{beside}</ul> })}
                </div>
            </Card>
            {text(lines, lines_left, &marks)}
            {hexadecimal(hex)}
            {sheets.into_iter().map(sheet).collect_view()}
        </div>
    }
    .into_any()
}

/// What is said at a line, and how bad the worst of it is.
struct Marks(Vec<(u32, Tone, String)>);

impl Marks {
    fn of(issues: &[Issue], findings: &[Finding]) -> Self {
        let mut marks: Vec<(u32, Tone, String)> = Vec::new();
        for finding in findings {
            if let Some(line) = finding.line {
                let text = format!("{} (check {})", finding.message, finding.id);
                marks.push((line, tone_of(finding.severity).0, text));
            }
        }
        for issue in issues {
            if let Some(line) = issue.line {
                marks.push((line, tone_of_issue(issue.code), issue.message.clone()));
            }
        }
        Self(marks)
    }

    fn at(&self, line: u32) -> Vec<(Tone, String)> {
        let at = |(at, _, _): &&(u32, Tone, String)| *at == line;
        let mark = |(_, tone, text): &(u32, Tone, String)| (*tone, text.clone());
        self.0.iter().filter(at).map(mark).collect()
    }
}

const fn tone_of(severity: Severity) -> (Tone, IconName, &'static str) {
    match severity {
        Severity::Error => (Tone::Danger, IconName::Octagon, "error"),
        Severity::Warning => (Tone::Warning, IconName::Warning, "warning"),
        Severity::Info => (Tone::Info, IconName::Info, "to know"),
    }
}

/// Some oddities Spark does not mind.
const fn tone_of_issue(code: IssueCode) -> Tone {
    match code {
        IssueCode::Unusual | IssueCode::VoidOffset | IssueCode::Duplicate => {
            Tone::Warning
        }
        _ => Tone::Danger,
    }
}

fn icon_of(tone: Tone) -> IconName {
    match tone {
        Tone::Danger => IconName::Octagon,
        Tone::Warning => IconName::Warning,
        _ => IconName::Info,
    }
}

fn found(finding: Finding) -> AnyView {
    let (tone, icon, word) = tone_of(finding.severity);
    view! {
        <Callout tone icon title=finding.message>
            <p class="soft small">{format!("{word} · check {}", finding.id)}</p>
        </Callout>
    }
    .into_any()
}

fn whole_issue(issue: Issue) -> AnyView {
    let tone = tone_of_issue(issue.code);
    let title = match issue.line {
        Some(line) => format!("Line {line}: {}", issue.message),
        None => issue.message,
    };
    view! { <Callout tone icon=icon_of(tone) title /> }.into_any()
}

fn text(lines: Vec<TextLine>, left: u64, marks: &Marks) -> AnyView {
    if lines.is_empty() {
        return ().into_any();
    }
    let lines = lines
        .into_iter()
        .map(|line| {
            let marks = marks.at(line.number);
            text_line(line, marks)
        })
        .collect_view();
    view! {
        <section class="section" aria-label="The text">
            <h2>"The text"</h2>
            <ol class="file__lines">{lines}</ol>
            {(left > 0)
                .then(|| {
                    let more = counted(left, "line follows", "lines follow");
                    view! { <p class="soft small">{format!("{more} and are not shown.")}</p> }
                })}
        </section>
    }
    .into_any()
}

fn text_line(line: TextLine, marks: Vec<(Tone, String)>) -> AnyView {
    let TextLine { number, text, cut } = line;
    let worst = marks
        .iter()
        .map(|(tone, _)| *tone)
        .min_by_key(|tone| match tone {
            Tone::Danger => 0,
            Tone::Warning => 1,
            _ => 2,
        });
    let anchor = format!("line-{number}");
    let marks = marks
        .into_iter()
        .map(|(tone, text)| {
            view! {
                <p class="noted file__mark" data-tone=tone.as_str()>
                    <Icon name=icon_of(tone) />
                    {text}
                </p>
            }
        })
        .collect_view();
    view! {
        <li class="file__line" id=anchor.clone() data-tone=worst.map(Tone::as_str)>
            <a class="file__number" href=format!("#{anchor}") aria-label=format!("Line {number}")>
                {number}
            </a>
            <div class="file__body">
                <code class="file__text">{unprinted::shown(&text)}</code>
                {cut.then(|| view! { <span class="soft small">" … the rest of the line is not shown"</span> })}
                {marks}
            </div>
        </li>
    }
    .into_any()
}

fn hexadecimal(rows: Vec<HexRow>) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let text: Vec<String> = rows
        .into_iter()
        .map(|row| format!("{:08x}  {:<47}  {}", row.offset, row.bytes, row.text))
        .collect();
    view! {
        <section class="section" aria-label="The first bytes">
            <h2>"The first bytes"</h2>
            <Code text=text.join("\n") what="the first bytes" />
        </section>
    }
    .into_any()
}

/// Long tables of names and values are folded.
const ROWS_OPEN_MAX: usize = 300;

fn sheet(sheet: Sheet) -> AnyView {
    let Sheet {
        title,
        head,
        rows,
        numbers_from,
    } = sheet;
    let from = numbers_from as usize;
    let count = rows.len();
    let names = head.clone();
    let heads = head
        .into_iter()
        .enumerate()
        .map(|(at, name)| view! { <Th numeric={at >= from}>{name}</Th> })
        .collect_view();
    let body = rows
        .into_iter()
        .map(|row| {
            let mut cells = row.into_iter();
            let first = cells.next().unwrap_or_default();
            let cells = cells
                .enumerate()
                .map(|(at, cell)| {
                    let label = names.get(at + 1).cloned().unwrap_or_default();
                    view! {
                        <Td label numeric={at + 1 >= from}>
                            <span class="key">{cell}</span>
                        </Td>
                    }
                })
                .collect_view();
            view! {
                <tr>
                    <ThRow>
                        <span class="key">{first}</span>
                    </ThRow>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    let table = view! {
        <Table caption=title.clone()>
            <thead>
                <tr>{heads}</tr>
            </thead>
            <tbody>{body}</tbody>
        </Table>
    };
    if count > ROWS_OPEN_MAX {
        view! {
            <details class="fold fold--card">
                <summary>{title}</summary>
                {table}
            </details>
        }
        .into_any()
    } else {
        table.into_any()
    }
}

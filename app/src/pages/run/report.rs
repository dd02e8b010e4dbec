//! The report: a document, on screen and on paper.

mod parts;

use domain::ids::RunId;
use domain::report::Report as Document;
use domain::run::{Ending, Stage};
use domain::text::thousands;
use domain::time::human_duration;
use leptos::prelude::*;

use crate::api::AppError;
use crate::api::read::fetch_report;
use crate::components::*;
use crate::paths;
use crate::ui::*;

/// The report of the Run in the address; none while another stage is shown.
#[derive(Clone, Copy)]
struct Written(Resource<Option<Result<Document, AppError>>>);

/// Has the report of the Run in the address fetched when it is the stage that is
/// shown.
pub(super) fn provide(shown: Memo<Option<Stage>>) {
    let id = run_of_address();
    let wanted = move || id.get().filter(|_| shown.get() == Some(Stage::Report));
    let report = Resource::new_blocking(wanted, |wanted| async {
        match wanted {
            Some(run) => Some(fetch_report(run).await),
            None => None,
        }
    });
    provide_context(Written(report));
}

/// The stage.
pub(super) fn stage() -> AnyView {
    let run = CurrentRun::of_page();
    let Written(report) = expect_context();
    // A Run that moves on writes another report.
    let seq = run.part(|page| page.state.last_seq);
    Effect::new(move |before: Option<i64>| {
        let seq = seq.get();
        if before.is_some_and(|before| before != seq) {
            report.refetch();
        }
        seq
    });
    view! {
        <Transition fallback=|| view! { <Skeleton lines=8 /> }>
            {move || Suspend::new(async move {
                match report.await {
                    Some(Ok(report)) => document(report, run),
                    Some(Err(AppError(error))) => view! { <ErrorCallout error /> }.into_any(),
                    None => view! { <Skeleton lines=8 /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

fn document(report: Document, run: CurrentRun) -> AnyView {
    let files = files(&report.run);
    let effects = report.effects.clone();
    view! {
        <article class="report stack">
            {files}
            {summary(&report, run.now_ms)}
            {numbers(&report)}
            {parts::checklist(&report)}
            {(!effects.is_empty())
                .then(|| {
                    view! {
                        <section class="section">
                            <h2>"Offsets"</h2>
                            <EffectsTable effects />
                        </section>
                    }
                })}
            {parts::steps(&report, run.now_ms)}
            {parts::timeline(&report, run.now_ms)}
            {parts::audit(&report)}
        </article>
    }
    .into_any()
}

/// The report as files. On paper it is one already.
fn files(run: &RunId) -> impl IntoView + use<> {
    let link = |format: &str, text: &'static str| {
        let name = format!("{run}.{format}");
        view! {
            <LinkButton
                href=paths::report_file(run, format)
                icon=IconName::Download
                download=name
                external=true
            >
                {text}
            </LinkButton>
        }
    };
    view! {
        <div class="row report__files">
            {link("md", "Download as Markdown")} {link("json", "Download as JSON")}
        </div>
    }
}

/// What happened, in sentences.
fn summary(report: &Document, now_ms: Signal<i64>) -> impl IntoView + use<> {
    let (tone, icon, outcome) = match &report.ended {
        Some((Ending::Done, _, _)) => {
            (Tone::Good, IconName::Check, "was reset and advances")
        }
        Some((Ending::Restored, _, _)) => (
            Tone::Warning,
            IconName::Undo,
            "is as it was before; what was done was undone",
        ),
        Some((Ending::Closed, _, _)) => {
            (Tone::Neutral, IconName::Lock, "was not changed")
        }
        None => (
            Tone::Accent,
            IconName::Activity,
            "is being reset; this report is not final",
        ),
    };
    let title = format!("{} {outcome}.", report.stream);
    let why = report.ended.as_ref().map(|(_, _, why)| why.clone());
    let since = report.since.map(|at| {
        view! { " It had begun " <Time at_ms=at.0 now_ms /> "." }
    });
    let wrong = format!(
        "{} {}.",
        report.stream,
        report.verdict.trim_end_matches('.')
    );
    let opened = format!("{} opened the Run ", report.opened_by.name);
    let opened_at = report.opened_at;
    let ended = report.ended.as_ref().map(|(_, at, _)| *at);
    let chosen = report.chosen.clone();
    view! {
        <section class="section">
            <h2>"Summary"</h2>
            <Callout tone icon verdict=true title>
                {why.map(|why| view! { <p>{why}</p> })}
            </Callout>
            <Facts wide=true>
                <Fact name="What was wrong">{wrong} {since}</Fact>
                <Fact name="Who began">
                    {opened} <Time at_ms=opened_at.0 now_ms /> "."
                </Fact>
                <Fact name="What was chosen">
                    {match chosen {
                        Some((way_out, reason)) => {
                            view! {
                                <p>{way_out}</p>
                                <blockquote class="quote">{reason}</blockquote>
                            }
                                .into_any()
                        }
                        None => view! { "No way out was chosen." }.into_any(),
                    }}
                </Fact>
                <Fact name="Ended">
                    {match ended {
                        Some(at) => view! { <Time at_ms=at.0 now_ms /> }.into_any(),
                        None => view! { "not over yet" }.into_any(),
                    }}
                </Fact>
            </Facts>
        </section>
    }
}

/// Offsets count more than records where transactions or compaction leave
/// holes.
fn bound(count: u64) -> &'static str {
    if count > 0 {
        "records, at most"
    } else {
        "records"
    }
}

/// What it cost and how long it took.
fn numbers(report: &Document) -> impl IntoView + use<> {
    let durations = report.durations.clone();
    let cost = report.cost;
    let planned = !report.effects.is_empty();
    let records = move |count: u64| {
        if planned {
            thousands(count)
        } else {
            "no plan was made".to_owned()
        }
    };
    let standstill = durations
        .standstill_ms
        .map_or_else(|| "unknown".to_owned(), human_duration);
    let (kept, objective) = match durations.class {
        Some(class) => (
            match durations.within_rto {
                Some(true) => "kept",
                Some(false) => "missed",
                None => "not over yet",
            },
            format!("{}: {}", class.title(), class.expected()),
        ),
        None => ("none", "no way out was chosen".to_owned()),
    };
    view! {
        <section class="section">
            <h2>"Numbers"</h2>
            <Figures>
                <Figure name="Skipped, never read" note=bound(cost.skipped)>
                    {records(cost.skipped)}
                </Figure>
                <Figure name="Read again" note=bound(cost.repeated)>
                    {records(cost.repeated)}
                </Figure>
                <Figure name="Deleted by Kafka unread" note=bound(cost.already_lost)>
                    {records(cost.already_lost)}
                </Figure>
            </Figures>
            <Figures>
                <Figure name="From opening to end">{human_duration(durations.total_ms)}</Figure>
                <Figure name="Waiting for agreement">
                    {human_duration(durations.agreement_ms)}
                </Figure>
                <Figure name="The stream stood still" note="from the stop to the first new batch">
                    {standstill}
                </Figure>
                <Figure name="Recovery time objective" note=objective>
                    {kept}
                </Figure>
            </Figures>
        </section>
    }
}

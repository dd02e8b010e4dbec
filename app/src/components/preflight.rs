//! What stands before the start of a plan: each question with its answer, and which
//! of them keep the plan from being started.

use domain::plan::PlanKind;
use domain::preflight::{Preflight, PreflightProbe, Tried};
use domain::probe::Outcome;
use domain::text::counted;
use leptos::prelude::*;

use super::act_form::{ActForm, Hidden, blocked};
use super::current_run::CurrentRun;
use super::probes::{probe_row, probe_row_of_warning, probe_summary, probe_table};
use crate::api::act::AskPlanPreflight;
use crate::ui::*;
use crate::view::Permission;

/// The pre-flight of a plan that was not started yet.
#[component]
pub fn PreflightCard(
    /// Which of the two plans.
    kind: PlanKind,
) -> AnyView {
    let run = CurrentRun::of_page();
    let asked = run.part_of_plan(kind, |view| view.preflight.clone());
    let ask = run.action::<AskPlanPreflight>();
    let prepare = run.part(|page| page.may.prepare.clone());
    let trial = run.part_of_plan(kind, |view| view.trial.clone());
    let no_trial = blocked(ask, move || match (prepare.get(), trial.get()) {
        (Permission { allowed: true, .. }, trial) => trial,
        (prepare, _) => prepare,
    });
    let no_asking = blocked(ask, move || prepare.get());
    let form =
        move |word: &'static str, text: &'static str, no: Signal<Option<String>>| {
            view! {
                <ActForm action=ask>
                    <Hidden name="run" value=run.id().to_string() />
                    <Hidden name="plan" value=run.plan_id(kind) />
                    <Hidden name="trial" value=word.to_owned() />
                    <div class="row">
                        <Button
                            kind=ButtonKind::Submit
                            appearance=ButtonAppearance::Quiet
                            icon=IconName::Repeat
                            disabled_reason=no
                        >
                            {text}
                        </Button>
                    </div>
                </ActForm>
            }
        };
    view! {
        <Card title="Pre-flight">
            <p class="soft prose">
                "What would stop the plan half way is asked before anything is changed, and all of it once more right before the start."
            </p>
            {move || match asked.get() {
                Some(asked) => answers(asked, run.now_ms),
                None => view! { <p>"It was not asked for this plan yet."</p> }.into_any(),
            }}
            <div class="row">
                {form("", "Ask again", no_asking)}
                {form("yes", "Ask again, and try the conditions", no_trial)}
            </div>
        </Card>
    }
    .into_any()
}

fn answers(asked: Preflight, now_ms: Signal<i64>) -> AnyView {
    let refusals = asked.refusals().count();
    let summary = probe_summary(asked.probes.iter().map(|weighed| &weighed.probe));
    let tried = tried(asked.tried.as_ref(), now_ms);
    let mut weighed = asked.probes;
    weighed.sort_by_key(|one| (!one.refuses(), one.probe.answer.outcome));
    // What passed is folded away, so that the start is not far below on a phone.
    let (passed, others): (Vec<PreflightProbe>, Vec<PreflightProbe>) = weighed
        .into_iter()
        .partition(|one| one.probe.answer.outcome == Outcome::Passed);
    let others =
        (!others.is_empty()).then(|| table("What did not pass".to_owned(), others));
    let passed = (!passed.is_empty()).then(|| {
        let count = counted(passed.len() as u64, "question", "questions");
        let caption = format!("{count} passed");
        view! {
            <details class="fold">
                <summary>{caption.clone()}</summary>
                <div class="fold__body">{table(caption, passed)}</div>
            </details>
        }
    });
    let verdict = match refusals {
        0 => view! {
            <Callout
                tone=Tone::Good
                icon=IconName::Check
                title="Nothing that was asked is in the way of the start."
            >
                <p>{summary}</p>
            </Callout>
        }
        .into_any(),
        _ => view! {
            <Callout
                tone=Tone::Danger
                icon=IconName::Octagon
                title="The plan is not started like this."
            >
                <p>{summary}</p>
                <p>"Nothing of the stream was changed. Do what is said below beside what failed, and ask again."</p>
            </Callout>
        }
        .into_any(),
    };
    view! {
        {verdict}
        <p class="small soft">"Asked " <Time at_ms=asked.asked_at.0 now_ms /> ". " {tried}</p>
        {others}
        {passed}
    }
    .into_any()
}

fn table(caption: String, weighed: Vec<PreflightProbe>) -> AnyView {
    let rows = weighed.into_iter().map(row).collect_view();
    probe_table(caption, rows.into_any())
}

fn row(weighed: PreflightProbe) -> AnyView {
    match weighed.refuses() {
        true => probe_row(weighed.probe),
        false => probe_row_of_warning(weighed.probe),
    }
}

/// Conditions are tried by writing, so not whenever somebody looks.
fn tried(tried: Option<&Tried>, now_ms: Signal<i64>) -> AnyView {
    match tried {
        Some(tried) => view! {
            "Conditions were tried "
            <Time at_ms=tried.at.0 now_ms />
            " at "
            <code class="key">{tried.place.clone()}</code>
            "."
        }
        .into_any(),
        None => {
            "Which conditions S3 honours was not tried in this Run. That writes a few objects of Sluice's own beside the backups and deletes them; the start does it in any case.".into_any()
        }
    }
}

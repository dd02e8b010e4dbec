//! The exact plan: what the reset will do, to the last key and offset.

use domain::plan::{PlanBody, PlanKind};
use domain::run::{PlanState, Stage};
use domain::time::human_duration;
use leptos::prelude::*;

use crate::components::*;
use crate::paths;
use crate::ui::*;

const KIND: PlanKind = PlanKind::Reset;

/// The stage.
pub(super) fn stage() -> AnyView {
    let run = CurrentRun::of_page();
    let made = run.part_of_plan(KIND, |view| view.plan.is_some());
    let started = run.part(|page| {
        page.state
            .reset
            .as_ref()
            .is_some_and(PlanState::is_under_way)
    });
    view! {
        <section class="section">
            <h2>"Plan"</h2>
            <p class="soft prose">
                "The plan is complete: what carries it out makes no choice of its own. An agreement holds for this very plan, and for no other."
            </p>
            <Before />
            <Drift kind=KIND />
            {move || made.get().then(|| view! { <Made /> })}
            {move || {
                if started.get() {
                    view! { <UnderWay /> }.into_any()
                } else {
                    view! {
                        {move || made.get().then(|| view! { <WayOn /> })}
                        <MakePlanAnew kind=KIND />
                    }
                        .into_any()
                }
            }}
        </section>
    }
    .into_any()
}

/// What must be there before there can be a plan. Nothing once it is.
#[component]
fn Before() -> AnyView {
    let run = CurrentRun::of_page();
    let missing = run.part(|page| match (&page.state.sealed, &page.state.intent) {
        (None, _) => Some((
            Stage::Secure,
            "The plan stands on a sealed backup, and there is none yet.",
            "Go to secure",
        )),
        (Some(_), None) => Some((
            Stage::WayOut,
            "No way out is chosen yet.",
            "Choose a way out",
        )),
        _ => None,
    });
    (move || {
        missing.get().map(|(stage, title, text)| {
            view! {
                <Callout tone=Tone::Info icon=IconName::Info title>
                    {(stage == Stage::Secure)
                        .then(|| {
                            view! {
                                <p>
                                    "A checkpoint that is still being written cannot be listed to the last key. Until then the card shows what the chosen way out would cost now."
                                </p>
                            }
                        })}
                    <NextStage stage text />
                </Callout>
            }
        })
    })
    .into_any()
}

/// The plan, in every part.
#[component]
fn Made() -> AnyView {
    let run = CurrentRun::of_page();
    let effects = run.part_of_plan(KIND, |view| {
        view.plan
            .as_ref()
            .map(|plan| plan.body.effects.clone())
            .unwrap_or_default()
    });
    let ranges = run.part_of_plan(KIND, |view| {
        view.plan
            .as_ref()
            .map(|plan| plan.body.ranges)
            .unwrap_or_default()
    });
    let plan = run.plan(KIND);
    let id = run.plan_id(KIND);
    let body = run.part_of_plan(KIND, |view| {
        view.plan.as_ref().map(|plan| plan.body.clone())
    });
    view! {
        <Card title="What it does to the data" flush=true>
            {move || view! { <EffectsTable effects=effects.get() /> }}
            {move || view! { <RangesView ranges=ranges.get() /> }}
        </Card>
        <Card title="What it will do">
            {move || plan.get().planned()}
        </Card>
        {move || body.get().map(reasons)}
        <PastResets />
        <Card title="What it stands on">
            {move || body.get().map(|body| basis(body, id.get(), run.now_ms))}
        </Card>
    }
    .into_any()
}

/// What no number says: what was left out, what to know, how long it takes.
fn reasons(body: PlanBody) -> impl IntoView {
    let PlanBody {
        left_out,
        notes,
        estimate,
        ..
    } = body;
    let left_out: Vec<_> = left_out
        .into_iter()
        .map(|left| view! { <Fact name=left.what>{left.why}</Fact> })
        .collect();
    let takes = match estimate.most_ms {
        Some(most) => {
            format!(
                "{} to {}",
                human_duration(estimate.least_ms),
                human_duration(most)
            )
        }
        None => format!(
            "{} at the least; the end is unknown",
            human_duration(estimate.least_ms)
        ),
    };
    let spend = estimate
        .spend
        .map(|spend| spend.words())
        .unwrap_or_default();
    let list = |lines: Vec<String>| {
        view! {
            <ul class="list soft">
                {lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}
            </ul>
        }
    };
    view! {
        {(!left_out.is_empty())
            .then(|| {
                view! {
                    <Card title="What it does not do, and why">
                        <Facts wide=true>{left_out}</Facts>
                    </Card>
                }
            })}
        {(!notes.is_empty())
            .then(|| {
                view! {
                    <Card title="What to know">
                        <ul class="list">
                            {notes.into_iter().map(|note| view! { <li>{note}</li> }).collect_view()}
                        </ul>
                    </Card>
                }
            })}
        <Card title="How long it takes">
            <Figures>
                <Figure name="Estimate">{takes}</Figure>
                <Figure name="Recovery time objective" note=estimate.class.title()>
                    {estimate.class.expected()}
                </Figure>
            </Figures>
            {list(estimate.assumptions)}
            {(!estimate.advice.is_empty())
                .then(|| {
                    view! {
                        <h3>"To catch up in time"</h3>
                        {list(estimate.advice)}
                    }
                })}
            {(!spend.is_empty())
                .then(|| {
                    view! {
                        <h3>"What it takes"</h3>
                        {list(spend)}
                    }
                })}
        </Card>
    }
}

/// What another value of makes the plan stale.
fn basis(body: PlanBody, id: String, now_ms: Signal<i64>) -> impl IntoView {
    let unknown = || "unknown".to_owned();
    let PlanBody {
        basis,
        sealed,
        built_at,
        snapshot_at,
        ..
    } = body;
    let alone = id.parse().ok().map(|id| paths::plan(&id));
    let job_run = basis.job_run.map_or_else(unknown, String::from);
    let code = basis
        .driver
        .map_or_else(unknown, |digest| digest.short().to_owned());
    let files = basis.decisive.map(|files| {
        files
            .into_iter()
            .map(|(key, etag)| {
                view! {
                    <li>
                        <code class="key">{key}</code>
                        <span class="soft">{format!(" ETag {etag}")}</span>
                    </li>
                }
            })
            .collect_view()
    });
    let backup = sealed.map(|sealed| sealed.backup.uri());
    let configured = [basis.configuration, basis.policy]
        .map(|digest| digest.short().to_owned())
        .join(", ");
    view! {
        <Facts wide=true>
            <Fact name="Plan">
                <Copyable value=id what="the plan's id" />
                {alone.map(|href| view! { " " <a href=href>"Export, share or compare it"</a> })}
            </Fact>
            <Fact name="Made">
                <Time at_ms=built_at.0 now_ms />
            </Fact>
            <Fact name="The world as of">
                <Time at_ms=snapshot_at.0 now_ms />
            </Fact>
            {backup
                .map(|backup| {
                    view! {
                        <Fact name="Sealed backup">
                            <Copyable value=backup what="the backup's address" />
                        </Fact>
                    }
                })}
            <Fact name="Newest job run">{job_run}</Fact>
            <Fact name="Digest of its driver">
                <code>{code}</code>
            </Fact>
            <Fact name="Configuration and policy">
                <code>{configured}</code>
            </Fact>
            <Fact name="Decisive files">
                {match files {
                    Some(files) => view! { <ul class="plain-list">{files}</ul> }.into_any(),
                    None => view! { "unknown" }.into_any(),
                }}
            </Fact>
        </Facts>
    }
}

/// Agreement where it is needed, and the start.
#[component]
fn WayOn() -> AnyView {
    let run = CurrentRun::of_page();
    let asks = run.part_of_plan(KIND, |view| {
        view.agreement
            .as_ref()
            .is_some_and(|agreement| !agreement.needed.is_none())
    });
    view! {
        {move || {
            asks.get()
                .then(|| {
                    view! {
                        <NextStage stage=Stage::Agreement text="Go on to agreement" />
                    }
                })
        }}
        <PreflightCard kind=KIND />
        <Card title="Start">
            <ConfirmStart kind=KIND />
        </Card>
    }
    .into_any()
}

/// The plan is carried out, or was.
#[component]
fn UnderWay() -> AnyView {
    let run = CurrentRun::of_page();
    let over = run.part(|page| page.state.ended.is_some());
    view! {
        <div class="row">
            {move || {
                let (stage, text) = if over.get() {
                    (Stage::Report, "Read the report")
                } else {
                    (Stage::Run, "Watch the Run")
                };
                view! {
                    <LinkButton
                        href=paths::stage(&run.id(), stage)
                        appearance=ButtonAppearance::Primary
                        icon=IconName::ArrowRight
                    >
                        {text}
                    </LinkButton>
                }
            }}
        </div>
    }
    .into_any()
}

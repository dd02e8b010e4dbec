//! A plan by itself: to be shared, exported, judged and compared.

use domain::ids::{Digest, RunId};
use domain::plan::{Plan, PlanKind};
use domain::run::Stage;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::api::AppError;
use crate::api::act::AdoptPlanOfFile;
use crate::api::read::fetch_plan;
use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::{Permission, PlanPage, PlanRef};

/// The page.
#[component]
pub fn PlanAlone() -> AnyView {
    let id = plan_of_address("plan");
    let fetched = Resource::new_blocking(
        move || id.get(),
        |id: Option<Digest>| async move { fetch_plan(known(id)?).await },
    );
    let adopt = ServerAction::<AdoptPlanOfFile>::new();
    // The error of a plain form stands at the head of the page.
    adopt.clear();
    // Another plan is another page.
    (move || {
        id.track();
        once_fetched(fetched, move |page| drawn(page, adopt))
    })
    .into_any()
}

/// The plan that a part of the address names; none where it is no id.
pub(super) fn plan_of_address(part: &'static str) -> Memo<Option<Digest>> {
    let params = use_params_map();
    Memo::new(move |_| {
        params.with(|params| params.get_str(part).and_then(|id| id.parse().ok()))
    })
}

pub(super) fn known(id: Option<Digest>) -> Result<Digest, AppError> {
    use domain::error::{ErrorKind, WireError};
    id.ok_or_else(|| {
        AppError(WireError::new(
            ErrorKind::NotFound,
            "There is no such plan.",
            "Look for it in the Run that made it.",
        ))
    })
}

fn drawn(page: PlanPage, adopt: ServerAction<AdoptPlanOfFile>) -> AnyView {
    let PlanPage {
        now,
        plan,
        steps,
        faults,
        drift,
        held,
        open_run,
        may_adopt,
        others,
    } = page;
    let (stream, run) = (plan.body.stream.clone(), plan.body.run.clone());
    let title = format!("Plan {} · {stream}", plan.id.short());
    let effects = plan.body.effects.clone();
    let ranges = plan.body.ranges;
    let is_reset = plan.body.kind == PlanKind::Reset;
    let way_out = plan.body.intent.as_ref().map(|i| i.way_out.describe());
    let id = plan.id.clone();
    let heading = format!("The {} plan {}", plan.body.kind.word(), id.short());
    let kind = plan.body.kind;
    let files = files(&plan);
    let others = compared(&id, others, now.0);
    let again = match held {
        true => None,
        false => Some(view! { <Adopt plan=plan.clone() open_run may_adopt adopt /> }),
    };
    view! {
        <Title text=title />
        <div class="page">
            <div class="page__head">
                <div>
                    <p class="soft">
                        "A plan for " <a href=paths::stream(&stream)>{stream.to_string()}</a>
                        ", made in Run " <code>{run.to_string()}</code>
                    </p>
                    <h1>{heading}</h1>
                    {way_out.map(|way_out| view! { <p>{way_out}</p> })}
                </div>
                {files}
            </div>
            <Judged run=run.clone() kind held faults drift />
            {again}
            {is_reset
                .then(|| {
                    view! {
                        <Card title="What it does to the data" flush=true>
                            <EffectsTable effects />
                            <RangesView ranges />
                        </Card>
                    }
                })}
            <Card title="What it will do">
                <PlanSteps plan=Some(plan) steps />
            </Card>
            {others}
        </div>
    }
    .into_any()
}

/// The plan as files.
fn files(plan: &Plan) -> impl IntoView + use<> {
    let begins = !plan.starting_offsets().is_empty();
    let id = plan.id.clone();
    view! {
        <div class="row">
            <LinkButton
                href=paths::plan_file(&id, "plan.json")
                icon=IconName::Download
                download=format!("plan-{}.json", id.short())
                external=true
            >
                "Export as JSON"
            </LinkButton>
            {begins
                .then(|| {
                    view! {
                        <LinkButton
                            href=paths::plan_file(&id, "offsets.csv")
                            icon=IconName::File
                            download=format!("offsets-{}.csv", id.short())
                            external=true
                        >
                            "Export the offsets as CSV"
                        </LinkButton>
                    }
                })}
        </div>
    }
}

/// Whether it keeps the rules, and whether the world still is as it says.
#[component]
fn Judged(
    run: RunId,
    kind: PlanKind,
    held: bool,
    faults: Vec<String>,
    drift: Option<Vec<String>>,
) -> AnyView {
    let list = |lines: Vec<String>| {
        let lines = lines.into_iter();
        view! {
            <ul class="list">{lines.map(|line| view! { <li>{line}</li> }).collect_view()}</ul>
        }
    };
    let whose = if held {
        let stage = match kind {
            PlanKind::Secure => Stage::Secure,
            PlanKind::Reset => Stage::Plan,
        };
        view! {
            <p>
                "Its Run holds it. "
                <a href=paths::stage(&run, stage)>"Look at it there"</a>
            </p>
        }
        .into_any()
    } else {
        view! {
            <p>
                "No Run holds it, so it cannot be started. Its way out can be chosen, and Sluice then makes the plan of that anew."
            </p>
        }
        .into_any()
    };
    let (tone, icon, title, lines) = match (faults, drift) {
        (faults, _) if !faults.is_empty() => (
            Tone::Danger,
            IconName::Cross,
            "It breaks a rule and could not be carried out.",
            faults,
        ),
        (_, None) => (
            Tone::Unknown,
            IconName::Question,
            "It keeps the rules. Whether the world is still as it says is unknown: the stream has not been looked at yet.",
            Vec::new(),
        ),
        (_, Some(drift)) if drift.is_empty() => (
            Tone::Good,
            IconName::Check,
            "It keeps the rules, and what it stands on is as it was.",
            Vec::new(),
        ),
        (_, Some(drift)) => (
            Tone::Warning,
            IconName::Warning,
            "It keeps the rules, but the world has moved from under it.",
            drift,
        ),
    };
    view! {
        <Callout tone icon title>
            {(!lines.is_empty()).then(|| list(lines))}
            {whose}
        </Callout>
    }
    .into_any()
}

/// Chooses its way out in the Run that is open.
#[component]
fn Adopt(
    plan: Plan,
    open_run: Option<RunId>,
    may_adopt: Permission,
    adopt: ServerAction<AdoptPlanOfFile>,
) -> AnyView {
    let Some(intent) = plan.body.intent else {
        return ().into_any();
    };
    let run = open_run.map_or_else(String::new, |run| run.to_string());
    let reason = format!("As in plan {}: {}", plan.id.short(), intent.reason);
    let blocked = blocked(adopt, move || may_adopt.clone());
    view! {
        <Card title="Take its way out over">
            <p>{format!("{}, in the Run that is open.", intent.way_out.describe())}</p>
            <ActForm action=adopt>
                <Hidden name="run" value=run />
                <Hidden name="plan" value=plan.id.to_string() />
                <Field
                    id="adopt-reason"
                    label="Reason"
                    hint="Why this way out. It stands in the plan and in the report."
                >
                    <TextArea
                        id="adopt-reason"
                        name=field("reason")
                        value=reason
                        required=true
                    />
                </Field>
                <div class="row">
                    <Button
                        kind=ButtonKind::Submit
                        appearance=ButtonAppearance::Primary
                        disabled_reason=blocked
                    >
                        "Choose this way out"
                    </Button>
                </div>
            </ActForm>
        </Card>
    }
    .into_any()
}

/// The plans beside which it can be put.
fn compared(plan: &Digest, others: Vec<PlanRef>, now_ms: i64) -> AnyView {
    if others.is_empty() {
        return ().into_any();
    }
    let rows = others
        .into_iter()
        .map(|other| {
            let PlanRef {
                id,
                run,
                built_at,
                way_out,
                ..
            } = other;
            let href = paths::compare(plan, &id);
            view! {
                <tr>
                    <ThRow>
                        <a href=href>{format!("Plan {}", id.short())}</a>
                    </ThRow>
                    <Td label="Way out">{way_out.unwrap_or_else(|| "none chosen".to_owned())}</Td>
                    <Td label="Run">
                        <code>{run.to_string()}</code>
                    </Td>
                    <Td label="Made">
                        <Time at_ms=built_at.0 now_ms />
                    </Td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Card title="Compare it with" flush=true>
            <Table caption="Plans to compare it with" caption_hidden=true>
                <thead>
                    <tr>
                        <Th>"Plan"</Th>
                        <Th>"Way out"</Th>
                        <Th>"Run"</Th>
                        <Th>"Made"</Th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </Card>
    }
    .into_any()
}

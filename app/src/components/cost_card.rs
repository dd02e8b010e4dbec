//! The card that never leaves: what the reset costs, wherever one is in it.

use domain::plan::{Cost, Ranges, TimeRange};
use domain::text::thousands;
use leptos::prelude::*;

use super::current_run::CurrentRun;
use crate::ui::*;
use crate::view::{OptionCard, RunPage, Weighed};

/// What stands on the card.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    /// What the numbers are of.
    of: String,
    cost: Option<Cost>,
    takes: Option<String>,
    agrees: Option<String>,
    ranges: Ranges,
}

/// As the person filled it in.
fn told(weighed: Weighed) -> Shown {
    Shown {
        of: format!("If you choose {}.", weighed.way_out),
        cost: Some(weighed.cost),
        takes: Some(weighed.takes),
        agrees: Some(weighed.agrees),
        ranges: weighed.ranges,
    }
}

/// Records skipped, records read again, time, and who must agree. It changes
/// as the choice changes.
#[component]
pub fn CostCard() -> AnyView {
    let run = CurrentRun::of_page();
    let known = run.part(|page| (chosen(page), options(page)));
    let shown = Memo::new(move |_| {
        let (chosen, options) = known.get();
        let picked = run.picked.get();
        let weighed = run.weighed.get();
        match weighed.filter(|(value, _)| Some(value) == picked.as_ref()) {
            Some((_, weighed)) => told(weighed),
            None => {
                let looked_at = options
                    .into_iter()
                    .find(|(value, _)| Some(value) == picked.as_ref());
                looked_at.map_or(chosen, |(_, option)| option)
            }
        }
    });
    let figures = move || {
        let Shown {
            of,
            cost,
            takes,
            agrees,
            ranges,
        } = shown.get();
        view! {
            <p class="small soft">{of}</p>
            <Figures>
                <Figure name="Skipped, never read" note=bound(cost.map(|cost| cost.skipped))>
                    {cost.map_or_else(unknown, |cost| thousands(cost.skipped))}
                </Figure>
                <Figure name="Read again" note=bound(cost.map(|cost| cost.repeated))>
                    {cost.map_or_else(unknown, |cost| thousands(cost.repeated))}
                </Figure>
                <Figure name="Takes">{takes.unwrap_or_else(unknown)}</Figure>
                <Figure name="Must agree">{agrees.unwrap_or_else(unknown)}</Figure>
            </Figures>
            {stretch("Skipped", ranges.skipped)}
            {stretch("Read again", ranges.repeated)}
            {cost
                .filter(|cost| cost.already_lost > 0)
                .map(|cost| {
                    view! {
                        <p class="small">
                            {format!(
                                "Kafka has deleted {} records before they were read. No way out brings them back.",
                                thousands(cost.already_lost),
                            )}
                        </p>
                    }
                })}
        }
    };
    view! {
        <Card title="What it costs">
            <div class="stack" aria-live="polite">
                {figures}
            </div>
        </Card>
    }
    .into_any()
}

fn stretch(name: &str, range: Option<TimeRange>) -> Option<impl IntoView + use<>> {
    let said = format!("{name}: {}.", range?.words());
    Some(view! { <p class="small soft">{said}</p> })
}

/// What the Run's value says: of the plan, of the chosen way out, or, before
/// one is chosen, of the one that does the least harm.
fn chosen(page: &RunPage) -> Shown {
    let of = match (&page.state.reset, &page.state.intent) {
        (Some(_), _) => "By the plan.".to_owned(),
        (None, Some(intent)) => {
            format!("Of option {}, as things are now.", intent.way_out.letter())
        }
        (None, None) => return least_harm(page),
    };
    Shown {
        of,
        cost: page.cost,
        takes: page.takes.clone(),
        agrees: page.agrees.clone(),
        ranges: match (&page.reset.plan, &page.weighed) {
            (Some(plan), _) => plan.body.ranges,
            (None, Some(weighed)) => weighed.ranges,
            (None, None) => Ranges::default(),
        },
    }
}

fn least_harm(page: &RunPage) -> Shown {
    match page.options.iter().find(|option| option.recommended) {
        Some(option) => Shown {
            of: format!(
                "No way out is chosen yet. {}: {} does the least harm.",
                option.letter, option.title
            ),
            ..cost_of(option)
        },
        None => Shown {
            of: "No way out is chosen yet.".to_owned(),
            cost: None,
            takes: None,
            agrees: None,
            ranges: Ranges::default(),
        },
    }
}

fn cost_of(option: &OptionCard) -> Shown {
    Shown {
        of: format!("If you choose {}: {}.", option.letter, option.title),
        cost: option.cost,
        takes: Some(option.takes.clone()),
        agrees: Some(option.agrees.clone()),
        ranges: Ranges::default(),
    }
}

/// What each way out would cost, by its word in forms, except the one that was
/// chosen: of that the Run knows more.
fn options(page: &RunPage) -> Vec<(String, Shown)> {
    page.options
        .iter()
        .filter(|option| !option.chosen)
        .map(|option| (option.value.clone(), cost_of(option)))
        .collect()
}

/// Offsets count more than records where transactions or compaction leave
/// holes, so a number that is not zero is an upper bound.
fn bound(count: Option<u64>) -> &'static str {
    match count {
        None => "known once the way out is",
        Some(0) => "records",
        Some(_) => "records, at most",
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

//! What a way out needs to know, and a look at what it then does.

use leptos::prelude::*;

use super::super::backups::backup_parameter;
use crate::api::AppError;
use crate::api::read::fetch_weighed;
use crate::components::*;
use crate::forms::Choose;
use crate::paths;
use crate::ui::*;

/// The field of the way out with this word in forms, where it has one, and what it
/// would do below.
pub(super) fn parameter(value: String) -> AnyView {
    let run = CurrentRun::of_page();
    // What is filled in is not filled in again: the person may have changed it.
    let (prefill, choices) = run.once(|page| {
        let option = page.options.iter().find(|option| option.value == value);
        option
            .map(|option| (option.prefill.clone(), option.choices.clone()))
            .unwrap_or_default()
    });
    let typed = RwSignal::new(prefill.clone());
    let on_input = Callback::new(move |text| typed.set(text));
    let field = match value.as_str() {
        "rollback" if !choices.is_empty() => batch(prefill, choices, on_input),
        "restore" if !choices.is_empty() => {
            backup_parameter(prefill, choices, on_input).into_any()
        }
        "move" => moves(prefill, on_input),
        "rise" => offsets(
            run,
            "rises",
            "Offsets to go on at, with numbers rising",
            prefill,
            on_input,
        ),
        "timestamp" => time(prefill, on_input),
        "offsets" => offsets(run, "offsets", "Offsets", prefill, on_input),
        _ => return ().into_any(),
    };
    let option = value.clone();
    view! {
        <div class="way-out__parameter" data-option=option>
            <div class="stack">{field} <Look value typed /></div>
        </div>
    }
    .into_any()
}

/// A button that shows what the way out would do, and below it what it showed.
/// It appears once the page is alive; without script the choice itself shows it.
#[component]
fn Look(value: String, typed: RwSignal<String>) -> AnyView {
    let run = CurrentRun::of_page();
    let (alive, set_alive) = signal(false);
    Effect::new(move |_| set_alive.set(true));
    let look = Action::new(|request: &Choose| {
        let request = request.clone();
        async move { (request.option.clone(), fetch_weighed(request).await) }
    });
    // The card beside shows the same figures.
    Effect::new(move |_| {
        run.weighed.set(
            look.value().get().and_then(|(option, answer)| {
                answer.ok().map(|weighed| (option, weighed))
            }),
        );
    });
    // What was shown is of what was typed then.
    Effect::new(move |before: Option<String>| {
        let now = typed.get();
        if before.is_some_and(|before| before != now) {
            look.clear();
        }
        now
    });
    let asked = StoredValue::new(value);
    let press = Callback::new(move |()| {
        look.dispatch(request(run, &asked.get_value(), typed.get_untracked()));
    });
    let pending = look.pending();
    let busy =
        Signal::derive(move || pending.get().then(|| "Kafka is asked.".to_owned()));
    view! {
        <div class="stack" aria-live="polite">
            <Show when=move || alive.get()>
                <div>
                    <Button on_press=press disabled_reason=busy>
                        "Show what it would do"
                    </Button>
                </div>
            </Show>
            {move || {
                look.value()
                    .get()
                    .map(|(_, answer)| match answer {
                        Ok(weighed) => view! { <WeighedView weighed /> }.into_any(),
                        Err(AppError(error)) => view! { <ErrorCallout error /> }.into_any(),
                    })
            }}
        </div>
    }
    .into_any()
}

fn request(run: CurrentRun, option: &str, typed: String) -> Choose {
    let mut request = Choose {
        run: run.id().to_string(),
        option: option.to_owned(),
        at: String::new(),
        offsets: String::new(),
        batch: String::new(),
        backup: String::new(),
        moves: String::new(),
        rises: String::new(),
        reason: String::new(),
    };
    let field = match option {
        "timestamp" => &mut request.at,
        "rollback" => &mut request.batch,
        "move" => &mut request.moves,
        "restore" => &mut request.backup,
        "rise" => &mut request.rises,
        _ => &mut request.offsets,
    };
    *field = typed;
    request
}

fn batch(
    prefill: String,
    choices: Vec<(String, String)>,
    on_change: Callback<String>,
) -> AnyView {
    view! {
        <Field
            id="choose-batch"
            label="Newest batch that stays"
            hint="Those of the newest batches after which Spark goes on, by the doctor's look at the checkpoint as it would then be."
        >
            <Select
                id="choose-batch"
                name=field("batch")
                options=choices
                value=Signal::stored(prefill)
                on_change
            />
        </Field>
    }
    .into_any()
}

fn moves(prefill: String, on_input: Callback<String>) -> AnyView {
    view! {
        <Field
            id="choose-moves"
            label="Records to step over"
            hint="One a line, as orders_events-3@1234: topic, partition and the record's own offset, as they stand in the job's error. Or the offsets to be read next, of the partitions that move, as Spark's JSON or as lines of topic,partition,offset."
        >
            <TextArea id="choose-moves" name=field("moves") value=prefill mono=true on_input />
        </Field>
    }
    .into_any()
}

fn time(prefill: String, on_input: Callback<String>) -> AnyView {
    view! {
        <Field
            id="choose-at"
            label="Time"
            hint="With its zone, as 2025-01-15T00:00:00Z, 2025-01-15 01:00 +01:00 or 2025-01-15 01:00 Europe/Berlin; epoch milliseconds, as 1736899200000; or relative, as 2h ago."
        >
            <TextInput
                id="choose-at"
                name=field("at")
                value=prefill
                mono=true
                short=true
                on_input
            />
        </Field>
    }
    .into_any()
}

/// Offsets of every partition, for the form's field of this name.
fn offsets(
    run: CurrentRun,
    name: &'static str,
    label: &'static str,
    prefill: String,
    on_input: Callback<String>,
) -> AnyView {
    let id = format!("choose-{name}");
    view! {
        <Field
            id=id.clone()
            label
            hint="Every partition, as Spark's JSON, {\"orders_events\":{\"0\":12345,\"1\":12001}}, or as lines of topic,partition,offset. An offset is the next one to be read."
        >
            <TextArea id name=field(name) value=prefill mono=true on_input />
        </Field>
        <p class="small">
            <a href=paths::offsets(&run.stream())>"Take them from what the sink holds"</a>
        </p>
    }
    .into_any()
}

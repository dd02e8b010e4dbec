//! The backups that option D can put back: which one, and what each would do.

use domain::text::{bytes, counted, thousands};
use leptos::prelude::*;

use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::{BackupHeld, BackupRow};

/// The choice, and below it what each of the backups is.
pub(super) fn backup_parameter(
    prefill: String,
    choices: Vec<(String, String)>,
    on_change: Callback<String>,
) -> impl IntoView {
    let run = CurrentRun::of_page();
    let backups = run.part(|page| page.backups.clone());
    let now_ms = run.now_ms;
    view! {
        <Field
            id="choose-backup"
            label="Backup"
            hint="Those of the newest ten that lie there whole, as their manifests say, and from which Spark would go on under what Kafka has now."
        >
            <Select
                id="choose-backup"
                name=field("backup")
                options=choices
                value=Signal::stored(prefill)
                on_change
            />
        </Field>
        <Table caption="Backups of this stream, newest first">
            <thead>
                <tr>
                    <Th>"Sealed"</Th>
                    <Th>"Made by"</Th>
                    <Th>"Newest batch"</Th>
                    <Th numeric=true>"Size"</Th>
                    <Th>"Against what is there now"</Th>
                    <Th>"Put back now"</Th>
                </tr>
            </thead>
            <tbody>
                {move || {
                    backups.get().into_iter().map(|backup| row(backup, now_ms)).collect_view()
                }}
            </tbody>
        </Table>
    }
}

fn row(backup: BackupRow, now_ms: Signal<i64>) -> impl IntoView {
    let BackupRow {
        name,
        sealed_at,
        held,
        cost,
        not_possible,
        ..
    } = backup;
    let outcome = match (cost, not_possible) {
        (Some(cost), None) => format!(
            "{} read again, {} skipped",
            counted(cost.repeated, "record", "records"),
            thousands(cost.skipped)
        ),
        (_, why) => format!("Not possible: {}", why.unwrap_or_default()),
    };
    let made_by = held.as_ref().map(made_by);
    let batch = held.as_ref().map(batch);
    let size = held.as_ref().map(|held| {
        let objects = counted(held.objects, "object", "objects");
        view! { <TwoLines note=bytes(held.bytes).into_any()>{objects}</TwoLines> }
    });
    let against = held.as_ref().map(against);
    view! {
        <tr>
            <ThRow>
                <TwoLines note=view! { <code class="key">{name}</code> }.into_any()>
                    <Time at_ms=sealed_at.0 now_ms />
                </TwoLines>
            </ThRow>
            <Td label="Made by">{made_by}</Td>
            <Td label="Newest batch">{batch}</Td>
            <Td label="Size" numeric=true>
                {size}
            </Td>
            <Td label="Against what is there now">
                <span>{against}</span>
            </Td>
            <Td label="Put back now">
                <span>{outcome}</span>
            </Td>
        </tr>
    }
}

fn made_by(held: &BackupHeld) -> impl IntoView + use<> {
    let address = paths::run(&held.run);
    let reason = held.reason.clone().map(IntoAny::into_any);
    let run = held.run.to_string();
    view! {
        <TwoLines note=reason>
            <a href=address>{run}</a>
        </TwoLines>
    }
}

/// The newest readable committed batch, and where it ends.
fn batch(held: &BackupHeld) -> AnyView {
    let Some((batch, planned_at)) = held.batch else {
        return "none that is committed can be read".into_any();
    };
    let offsets = held.offsets.clone().unwrap_or_default();
    let note = format!("planned {}", planned_at.utc());
    view! {
        <div class="stack stack--tight">
            <TwoLines note=note.into_any()>{thousands_of(batch)}</TwoLines>
            <details class="fold">
                <summary>"Its offsets"</summary>
                <div class="fold__body">
                    <Code text=offsets what=format!("the offsets of batch {batch}") wrap=true />
                </div>
            </details>
        </div>
    }
    .into_any()
}

fn thousands_of(batch: i64) -> String {
    u64::try_from(batch).map_or_else(|_| batch.to_string(), thousands)
}

fn against(held: &BackupHeld) -> String {
    let compared = held.compared;
    if compared.is_same() {
        return "the same".to_owned();
    }
    format!(
        "{} only in the backup, {} only there now, {} different, {} the same",
        thousands(compared.only_there),
        thousands(compared.only_here),
        thousands(compared.different),
        thousands(compared.same)
    )
}

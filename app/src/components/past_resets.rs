//! How past resets of the stream went.

use domain::estimate::PastReset;
use domain::time::human_duration;
use leptos::prelude::*;

use super::current_run::CurrentRun;
use crate::paths;
use crate::ui::*;

/// A row for each reset that was carried out before; a sentence where none was.
#[component]
pub fn PastResets() -> AnyView {
    let run = CurrentRun::of_page();
    let past = run.part(|page| page.past.clone());
    let body = move || {
        match past.get() {
        past if past.is_empty() => view! {
            <p class="soft">
                "None yet, so that the estimate rests on assumptions where nothing else was measured."
            </p>
        }
        .into_any(),
        past => table(past, run.now_ms),
    }
    };
    view! {
        <section class="stack">
            <Card title="How past resets of this stream went">{body}</Card>
        </section>
    }
    .into_any()
}

fn table(past: Vec<PastReset>, now_ms: Signal<i64>) -> AnyView {
    let took =
        |ms: Option<i64>| ms.map_or_else(|| "did not happen".to_owned(), human_duration);
    let rows = past
        .into_iter()
        .map(|reset| {
            let way_out = reset.way_out.unwrap_or_else(|| "none chosen".to_owned());
            view! {
                <tr>
                    <ThRow>
                        <a href=paths::run(&reset.run)>
                            <Time at_ms=reset.opened_at.0 now_ms />
                        </a>
                    </ThRow>
                    <Td label="Way out">{way_out}</Td>
                    <Td label="Ended">{reset.ending.word()}</Td>
                    <Td label="Stop" numeric=true>
                        {took(reset.stop_ms)}
                    </Td>
                    <Td label="Backup" numeric=true>
                        {took(reset.copied.map(|copied| copied.took_ms))}
                    </Td>
                    <Td label="To the first batch" numeric=true>
                        {took(reset.start_ms)}
                    </Td>
                    <Td label="In all" numeric=true>
                        {took(reset.took_ms)}
                    </Td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="Past resets of this stream" caption_hidden=true>
            <thead>
                <tr>
                    <Th>"Opened"</Th>
                    <Th>"Way out"</Th>
                    <Th>"Ended"</Th>
                    <Th numeric=true>"Stop"</Th>
                    <Th numeric=true>"Backup"</Th>
                    <Th numeric=true>"To the first batch"</Th>
                    <Th numeric=true>"In all"</Th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

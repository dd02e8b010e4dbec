//! Where a stream got to, by every place that tells: to begin at.

use domain::ids::StreamName;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::known;
use crate::api::read::fetch_offsets;
use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::{FoundOffsets, OffsetsPage};

/// The page of the stream in the address.
pub(super) fn page() -> AnyView {
    let params = use_params_map();
    let name = Memo::new(move |_| {
        params.with(|params| {
            let name = params.get_str("name")?;
            name.parse::<StreamName>().ok()
        })
    });
    let fetched = Resource::new_blocking(
        move || name.get(),
        |name| async { fetch_offsets(known(name)?).await },
    );
    // Another stream is another page.
    (move || {
        name.track();
        once_fetched(fetched, drawn)
    })
    .into_any()
}

fn drawn(page: OffsetsPage) -> AnyView {
    let OffsetsPage {
        stream,
        checkpoint,
        sink,
        sink_location,
        query,
        ..
    } = page;
    view! {
        <Title text=format!("Offsets · {stream}") />
        <div class="page">
            <div class="page__head">
                <div>
                    <p class="soft">
                        "Where " <a href=paths::stream(&stream)>{stream.to_string()}</a> " got to"
                    </p>
                    <h1>"Offsets to begin at"</h1>
                </div>
            </div>
            <p class="soft prose">
                "Each is the next offset to be read. Either form can be put into the fields of the options that begin at offsets."
            </p>
            <Card title="By its checkpoint">{found(checkpoint, "the checkpoint")}</Card>
            <Card title="By what its sink holds">
                {found(sink, "the sink")} <p class="soft">
                    "Of a sink that only a query engine can read, ask it, and put its rows into the field: "
                    <code class="key">{sink_location}</code>
                </p> <Code text=query what="the query" wrap=true />
            </Card>
        </div>
    }
    .into_any()
}

fn found(found: Result<FoundOffsets, String>, of: &'static str) -> AnyView {
    let FoundOffsets {
        offsets,
        from,
        misfits,
    } = match found {
        Ok(found) => found,
        Err(why) => {
            return view! { <Callout tone=Tone::Unknown icon=IconName::Question title=why /> }
                .into_any();
        }
    };
    let from = from.into_iter().map(|line| view! { <li>{line}</li> });
    let from = from.collect_view();
    let wrong = (!misfits.is_empty()).then(|| {
        let lines = misfits.into_iter().map(|line| view! { <li>{line}</li> });
        view! {
            <Callout
                tone=Tone::Warning
                icon=IconName::Warning
                title="They do not fit what Kafka holds now, and would be refused as they are."
            >
                <ul class="list">{lines.collect_view()}</ul>
            </Callout>
        }
    });
    view! {
        <ul class="list soft">{from}</ul>
        {wrong}
        <Code text=offsets.to_spark_json() what=format!("the offsets of {of} as JSON") wrap=true />
        <details class="fold">
            <summary>"As lines of topic, partition and offset"</summary>
            <div class="fold__body">
                <Code text=offsets.to_csv() what=format!("the offsets of {of} as CSV") />
            </div>
        </details>
    }
    .into_any()
}

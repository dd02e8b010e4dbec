//! The sink: what lies at its place, what it remembers of this query, and what
//! that does to the next start.

use domain::checkpoint::Prognosis;
use domain::sink::{
    Again, CLEARED, Remembered, SinkSeen, SinkTold, Whose, next_start, told,
};
use domain::snapshot::Observed;
use domain::stream::{Sink, SinkKind};
use leptos::prelude::*;

use super::Page;
use super::seen::{Unseen, unseen};
use crate::ui::*;
use crate::view::StreamPage;

/// All that is known of the sink.
pub(super) fn sink(page: Page) -> AnyView {
    let (sink, downstream) =
        page.once(|page| (page.stream.sink.clone(), page.stream.downstream.clone()));
    let looked_at = page.part(looked_at);
    view! {
        <div class="stack">
            {move || match looked_at.get() {
                Err(why) => unseen("The sink", why),
                Ok(seen) => shown(&sink, seen, page.now_ms),
            }}
            {configured(page, downstream)}
        </div>
    }
    .into_any()
}

/// The sink, and how the query would begin.
type LookedAt = (SinkSeen, Observed<SinkSeen>, Option<Prognosis>);

fn looked_at(page: &StreamPage) -> Result<LookedAt, Unseen> {
    let seen = super::seen::seen(page, |snapshot| &snapshot.sink)?;
    let snapshot = page.snapshot.as_ref().ok_or(Unseen::NotYet)?;
    let prognosis = snapshot.checkpoint.seen().map(|c| c.prognosis.clone());
    Ok((seen, snapshot.sink.clone(), prognosis))
}

fn shown(sink: &Sink, looked_at: LookedAt, now_ms: Signal<i64>) -> AnyView {
    let (seen, observed, prognosis) = looked_at;
    let another_kind = another_kind(sink, &seen);
    let (found, newest, others) = (found(&seen), newest(&seen), others(&seen.remembered));
    let by = match seen.found {
        Some(found) => view! { <code class="key">{found.by}</code> }.into_any(),
        None => "nothing".into_any(),
    };
    let changed = match seen.changed_at {
        Some(at) => view! { <Time at_ms=at.0 now_ms /> }.into_any(),
        None => "none".into_any(),
    };
    let started = at_a_restart(sink, &observed, prognosis);
    let reset = after_a_reset(sink, &observed);
    view! {
        {another_kind}
        <Card>
            <Facts wide=true>
                <Fact name="Found">{found}</Fact>
                <Fact name="Recognised by">{by}</Fact>
                <Fact name="Newest object that was listed">{changed}</Fact>
                <Fact name="Newest batch that it remembers">{newest}</Fact>
                {others}
                <Fact name="If the job is just started">{started}</Fact>
                <Fact name="After a reset (A, B or C)">{reset}</Fact>
            </Facts>
        </Card>
    }
    .into_any()
}

/// A configuration that tells another kind than lies there.
fn another_kind(sink: &Sink, seen: &SinkSeen) -> Option<AnyView> {
    let kind = seen.kind().filter(|kind| *kind != sink.kind)?;
    let title = format!(
        "The sink is {}, and {} is configured.",
        kind.title(),
        sink.kind.title()
    );
    let view = view! {
        <Callout tone=Tone::Warning icon=IconName::Warning title=title>
            <p>
                "Plans go by what was found. Where the place is not that of this stream, its location in the configuration is wrong."
            </p>
        </Callout>
    };
    Some(view.into_any())
}

fn found(seen: &SinkSeen) -> String {
    let Some(found) = &seen.found else {
        return "nothing lies there".to_owned();
    };
    let mut words = found.kind.title().to_owned();
    if !found.beside.is_empty() {
        let beside: Vec<&str> = found.beside.iter().map(|kind| kind.title()).collect();
        words.push_str(&format!(", beside a log of {}", beside.join(" and ")));
    }
    words
}

fn newest(seen: &SinkSeen) -> String {
    if seen.kind().is_none_or(|kind| kind == SinkKind::PlainFiles) {
        return "none: it keeps no log of batches".to_owned();
    }
    match (seen.newest_of_this_query(), &seen.unread) {
        (Some(memory), _) => {
            format!("{}, {}, by {}", memory.batch, name(memory), memory.file)
        }
        (None, Some(reason)) => format!("unknown. {reason}"),
        (None, None) => "none of this query".to_owned(),
    }
}

fn name(memory: &Remembered) -> String {
    match (memory.whose, &memory.name) {
        (Whose::ThisQuery, _) => "under this query's id".to_owned(),
        (Whose::AnyQuery, None) => "whatever the query's id".to_owned(),
        (Whose::AnyQuery, Some(name)) => {
            format!("under {name}, whatever the query's id")
        }
        (Whose::FixedName, Some(name)) => {
            format!("under {name}, which the job's code seems to fix")
        }
        (_, name) => {
            format!("under {}", name.as_deref().unwrap_or("no name"))
        }
    }
}

fn others(remembered: &[Remembered]) -> Option<AnyView> {
    let others: Vec<String> = remembered
        .iter()
        .filter(|memory| memory.whose == Whose::Another)
        .map(|memory| format!("{} {}", memory.batch, name(memory)))
        .collect();
    (!others.is_empty()).then(|| {
        let items = others
            .into_iter()
            .map(|item| view! { <li>{item}</li> })
            .collect_view();
        view! {
            <Fact name="Batches of other queries">
                <ul class="plain-list">{items}</ul>
            </Fact>
        }
        .into_any()
    })
}

fn at_a_restart(
    sink: &Sink,
    seen: &Observed<SinkSeen>,
    prognosis: Option<Prognosis>,
) -> AnyView {
    match prognosis.as_ref().and_then(next_start) {
        None => {
            "Unknown, or nothing: whether it runs a batch cannot be foretold.".into_any()
        }
        Some(next) => {
            let again = if next.replay { Again::Yes } else { Again::No };
            said(told(sink, seen, &next, again))
        }
    }
}

fn after_a_reset(sink: &Sink, seen: &Observed<SinkSeen>) -> AnyView {
    // Each of them clears the checkpoint and gives the query a new id.
    said(told(sink, seen, &CLEARED, Again::Yes))
}

fn said(told: SinkTold) -> AnyView {
    let (tone, icon, word) = match told.refused {
        true => (Tone::Danger, IconName::Octagon, "drops batches in silence"),
        false => return view! { <p>{told.said}</p> }.into_any(),
    };
    view! {
        <Chip tone icon>
            {word}
        </Chip>
        <p>{told.said}</p>
    }
    .into_any()
}

/// What the configuration says of it, which is known in any case.
fn configured(page: Page, downstream: Vec<String>) -> AnyView {
    let sink = page.once(|page| page.stream.sink.clone());
    view! {
        <Card title="As configured">
            <Facts wide=true>
                <Fact name="Kind">{sink.kind.title()}</Fact>
                <Fact name="Location">
                    <Copyable value=sink.location what="the location" />
                </Fact>
                <Fact name="Read downstream by">
                    {super::about::listed(downstream, "nothing is configured")}
                </Fact>
            </Facts>
        </Card>
    }
    .into_any()
}

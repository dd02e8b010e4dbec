//! Every component on one page, to be looked at and to be photographed. Its
//! data is made up and always the same.

mod acting;

use super::*;
use acting::{beside, choices, happenings, texts};
use leptos::prelude::*;
use leptos_meta::Title;

/// 2026-01-15 03:12:44 UTC.
const NOW_MS: i64 = 1_768_446_764_000;
const MINUTE_MS: i64 = 60_000;

/// The page. It is routed for development and for the browser tests.
#[component]
pub fn Gallery() -> AnyView {
    let nav = vec![
        NavItem {
            label: "Streams".into(),
            href: "/gallery".into(),
            count: None,
        },
        NavItem {
            label: "Runs".into(),
            href: "/gallery/runs".into(),
            count: None,
        },
        NavItem {
            label: "Inbox".into(),
            href: "/gallery/inbox".into(),
            count: Some(2),
        },
    ];
    view! {
        <Title text="Gallery" />
        <Frame
            nav=nav
            path="/gallery".to_owned()
            banner=("SANDBOX".to_owned(), "Nothing here is real.".to_owned())
            banner_link=("/gallery".to_owned(), "Break something".to_owned())
            user="Ada Okafor".to_owned()
            user_menu=|| view! { <p class="soft small">"operator"</p> }
        >
            <div class="page">
                <div class="page__head">
                    <h1>"Gallery"</h1>
                    <div class="row">
                        <LinkButton href="/gallery" icon=IconName::ArrowRight>
                            "Go somewhere"
                        </LinkButton>
                    </div>
                </div>
                <Verdicts />
                <StepRail />
                <div class="split">
                    <div class="stack">
                        <Listing />
                        <Charts />
                        {choices()}
                        {happenings()}
                        {texts()}
                    </div>
                    <aside class="split__aside stack">
                        {beside()}
                    </aside>
                </div>
            </div>
        </Frame>
    }
    .into_any()
}

#[component]
fn Verdicts() -> AnyView {
    view! {
        <Callout
            tone=Tone::Danger
            icon=IconName::Octagon
            verdict=true
            title=view! {
                <strong>"orders"</strong>
                " has been stuck for 1 h 12 m: Spark cannot read its offset log ("
                <code>"offsets/4711"</code>
                " is empty)."
            }
        >
            <p>
                "Least harmful way out: roll back one batch. Nothing is lost, 1,204 records are read again."
            </p>
            <div class="row">
                <Button appearance=ButtonAppearance::Primary icon=IconName::Gate>
                    "Begin a reset of orders"
                </Button>
                <Button>"Look at the checkpoint"</Button>
            </div>
        </Callout>
        <div class="grid">
            <Callout tone=Tone::Warning icon=IconName::Clock title="As of 40 s ago, reconnecting." />
            <Callout
                tone=Tone::Unknown
                icon=IconName::Question
                title="The log start of orders_events is unknown."
            >
                <p>"The broker did not answer within 5 s. Reference 7f3a-11c0."</p>
            </Callout>
            <Callout tone=Tone::Good icon=IconName::Check title="The copy is proved." />
            <Callout tone=Tone::Info icon=IconName::Info title="A job run is starting." />
        </div>
    }
    .into_any()
}

#[component]
fn StepRail() -> AnyView {
    let step = |label: &str, state, note: Option<&str>| StepItem {
        label: label.to_owned(),
        href: (state != StepState::Ahead).then(|| "/gallery".to_owned()),
        state,
        note: note.map(str::to_owned),
        shown: state == StepState::Current,
    };
    let items = vec![
        step("Checklist", StepState::Done, Some("8 of 8")),
        step("Way out", StepState::Done, Some("A, latest")),
        step("Secure", StepState::Done, None),
        step("Plan", StepState::Current, None),
        step("Agreement", StepState::Waiting, Some("Mia Lindqvist")),
        step("Run", StepState::Failed, None),
        step("Report", StepState::Ahead, None),
    ];
    view! { <Steps label="Guided reset" items=items /> }.into_any()
}

#[component]
fn Listing() -> AnyView {
    let rows = [
        (
            "orders",
            Tone::Danger,
            IconName::Octagon,
            "corrupt",
            Some(1_204_882),
            "failed",
        ),
        (
            "payments",
            Tone::Warning,
            IconName::Trend,
            "behind",
            Some(48_211),
            "running",
        ),
        (
            "returns",
            Tone::Unknown,
            IconName::Question,
            "unknown",
            None,
            "unknown",
        ),
        (
            "refunds",
            Tone::Neutral,
            IconName::Moon,
            "idle",
            Some(0),
            "running",
        ),
        (
            "clicks",
            Tone::Good,
            IconName::Check,
            "healthy",
            Some(12),
            "running",
        ),
    ];
    let body = rows
        .map(|(name, tone, icon, word, lag, job)| {
            let shape: Vec<Option<f64>> = (0_u8..24)
                .map(|at| {
                    let wave = f64::from(at * 7 % 11) + 3.0;
                    (tone != Tone::Unknown || at < 9).then_some(wave)
                })
                .collect();
            view! {
                <tr>
                    <ThRow>
                        <a href="/gallery">{name}</a>
                    </ThRow>
                    <Td label="Verdict">
                        <Chip tone icon>
                            {word}
                        </Chip>
                    </Td>
                    <Td label="Lag" numeric=true>
                        <Number value=lag unit="records" />
                    </Td>
                    <Td label="Last batch">
                        <Time at_ms=NOW_MS - 72 * MINUTE_MS now_ms=NOW_MS />
                    </Td>
                    <Td label="Records in">
                        <Sparkline label=format!("Records in of {name}, last 24 h") values=shape />
                    </Td>
                    <Td label="Job">{job}</Td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="row">
            <ChipLink tone=Tone::Danger icon=IconName::Octagon href="/gallery" count=1 current=true>
                "corrupt"
            </ChipLink>
            <ChipLink tone=Tone::Good icon=IconName::Check href="/gallery" count=214>
                "healthy"
            </ChipLink>
        </div>
        <Table caption="Streams, worst first">
            <thead>
                <tr>
                    <Th>"Stream"</Th>
                    <Th sorted=Sort::Descending sort_href="/gallery">
                        "Verdict"
                    </Th>
                    <Th numeric=true sort_href="/gallery">
                        "Lag"
                    </Th>
                    <Th>"Last batch"</Th>
                    <Th>"Records in"</Th>
                    <Th>"Job"</Th>
                </tr>
            </thead>
            <tbody>{body}</tbody>
            <tfoot>
                <tr>
                    <ThRow>"5 streams"</ThRow>
                    <Td label="Verdict">"2 need attention"</Td>
                    <Td label="Lag" numeric=true>
                        <Number value=1_253_105_i128 unit="records" />
                    </Td>
                    <Td label="Last batch" />
                    <Td label="Records in" />
                    <Td label="Job">"3 running"</Td>
                </tr>
            </tfoot>
        </Table>
    }
    .into_any()
}

#[component]
fn Charts() -> AnyView {
    let line = |name: &str, scale: f64, gap: bool| Series {
        name: name.to_owned(),
        points: (0_i64..60)
            .map(|minute| Point {
                at_ms: NOW_MS - (60 - minute) * MINUTE_MS,
                value: (!gap || !(20..26).contains(&minute))
                    .then(|| scale * (minute * 13 % 17 + 20) as f64),
            })
            .collect(),
    };
    let mark = |minutes: i64, name: &str| Mark {
        at_ms: NOW_MS - minutes * MINUTE_MS,
        name: name.to_owned(),
    };
    let processed = ChartData {
        series: vec![
            line("processed", 410.0, true),
            line("waiting", 230.0, false),
        ],
        marks: vec![mark(40, "stop"), mark(12, "restart")],
        ..ChartData::default()
    };
    let lag = ChartData {
        series: vec![line("lag", 1_800.0, false)],
        limits: vec![Limit {
            value: 50_000.0,
            name: "alarm".to_owned(),
        }],
        ..ChartData::default()
    };
    view! {
        <div class="grid">
            <Card>
                <Chart
                    id="chart-processed"
                    title="Records"
                    unit="a minute"
                    data=processed
                    group="gallery"
                />
            </Card>
            <Card>
                <Chart id="chart-lag" title="Lag" unit="records" data=lag group="gallery" />
            </Card>
        </div>
    }
    .into_any()
}

//! Every component on one page, to be looked at and to be photographed. Its
//! data is made up and always the same.

use super::*;
use leptos::prelude::*;
use leptos_meta::Title;

/// 2026-01-15 03:12:44 UTC.
const NOW_MS: i64 = 1_768_446_764_000;
const MINUTE_MS: i64 = 60_000;

/// The page. It is routed for development and for the browser tests.
#[component]
pub fn Gallery() -> impl IntoView {
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
                        <Choices />
                        <Happenings />
                        <Texts />
                    </div>
                    <aside class="split__aside stack">
                        <Beside />
                    </aside>
                </div>
            </div>
        </Frame>
    }
}

#[component]
fn Verdicts() -> impl IntoView {
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
}

#[component]
fn StepRail() -> impl IntoView {
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
    view! { <Steps label="Guided reset" items=items /> }
}

#[component]
fn Listing() -> impl IntoView {
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
                    <Td label="Last batch">""</Td>
                    <Td label="Records in">""</Td>
                    <Td label="Job">"3 running"</Td>
                </tr>
            </tfoot>
        </Table>
    }
}

#[component]
fn Charts() -> impl IntoView {
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
}

#[component]
fn Choices() -> impl IntoView {
    let (chosen, choose) = signal(1_u8);
    let checked = move |this: u8| Signal::derive(move || chosen.get() == this);
    view! {
        <Card title="Way out">
            <fieldset class="fieldset">
                <legend class="fieldset__legend">"Where should orders go on?"</legend>
                <RadioCard
                    name="option"
                    value="a"
                    label="A. At the latest offsets"
                    checked=checked(1)
                    on_choose=move |()| choose.set(1)
                    end=view! {
                        <Chip tone=Tone::Accent icon=IconName::Check>
                            "recommended"
                        </Chip>
                    }
                        .into_any()
                >
                    <p class="soft">"Fastest. What waits in Kafka is not read."</p>
                    <Figures>
                        <Figure name="Lost">"1,204,882"</Figure>
                        <Figure name="Read again">"0"</Figure>
                    </Figures>
                </RadioCard>
                <RadioCard
                    name="option"
                    value="c"
                    label="C. At the earliest offsets"
                    disabled=true
                >
                    <p class="soft">
                        "Not possible: the log start has passed the last committed batch."
                    </p>
                </RadioCard>
            </fieldset>
            <Field
                id="name"
                label="Type the name of the stream"
                hint="It stands in the head of this page."
                error=Some("order is not orders.".to_owned())
            >
                <TextInput id="name" name="name" value="order".to_owned() mono=true short=true invalid=true />
            </Field>
            <Field id="reason" label="Reason">
                <TextArea id="reason" name="reason" />
            </Field>
            <Field id="zone" label="Time zone">
                <Select
                    id="zone"
                    name="zone"
                    value="utc".to_owned()
                    options=vec![
                        ("utc".to_owned(), "UTC".to_owned()),
                        ("local".to_owned(), "Local".to_owned()),
                    ]
                />
            </Field>
            <Checkbox name="seen" checked=true>
                "I have seen what will be lost."
            </Checkbox>
            <div class="row">
                <Button appearance=ButtonAppearance::Danger icon=IconName::Gate>
                    "Stop the job and reset orders"
                </Button>
                <Button disabled_reason=Some("Only operators can start a reset.".to_owned())>
                    "Start"
                </Button>
                <Button appearance=ButtonAppearance::Bare>"Withdraw"</Button>
            </div>
        </Card>
    }
}

#[component]
fn Happenings() -> impl IntoView {
    view! {
        <Card title="Run">
            <Timeline>
                <TimelineItem
                    tone=Tone::Good
                    icon=IconName::Check
                    title="The job was stopped"
                    meta=view! { "1 attempt, 41 s" }.into_any()
                />
                <TimelineItem
                    tone=Tone::Accent
                    icon=IconName::Copy
                    title="The checkpoint is being copied"
                    meta=view! { "2 m 3 s" }.into_any()
                    current=true
                >
                    <Progress
                        label="Copying the checkpoint"
                        done=18_204_u64
                        total=24_000_u64
                        unit="objects"
                        per_second=Some(212)
                    />
                </TimelineItem>
                <TimelineItem tone=Tone::Neutral icon=IconName::Circle title="Clear 24,000 keys" />
            </Timeline>
        </Card>
        <EmptyState title="No resets yet.">
            <p>"The first one will show here with its report."</p>
        </EmptyState>
        <Card>
            <Skeleton />
        </Card>
    }
}

#[component]
fn Texts() -> impl IntoView {
    let tab = |label: &str, current| TabItem {
        label: label.to_owned(),
        href: "/gallery".to_owned(),
        current,
    };
    view! {
        <Tabs label="Log" items=vec![tab("Errors", true), tab("All lines", false)] />
        <Code
            what="the command"
            text="aws emr-serverless cancel-job-run \\\n  --application-id 00f8 --job-run-id 00fa"
        />
        <p>
            "The newest offsets are in "
            <Copyable value="_checkpoints/streaming/orders/offsets/4711" what="the key" /> "."
        </p>
        <div class="row">
            {IconName::ALL.map(|name| view! { <Icon name /> }).collect_view()}
        </div>
    }
}

#[component]
fn Beside() -> impl IntoView {
    view! {
        <Card title="What it costs">
            <Figures>
                <Figure name="Lost" note="partitions 0 to 5">
                    "1,204,882"
                </Figure>
                <Figure name="Read again">"0"</Figure>
                <Figure name="Takes">"about 4 m"</Figure>
            </Figures>
            <Facts>
                <Fact name="From">"2026-01-15 01:58:10 UTC"</Fact>
                <Fact name="Must agree">"one stakeholder"</Fact>
            </Facts>
        </Card>
        <Card title="Configuration">
            <Facts wide=true>
                <Fact name="Topic">"orders_events"</Fact>
                <Fact name="Partitions">"6"</Fact>
            </Facts>
        </Card>
    }
}

//! The parts that are acted on, and those that show something acting.

use crate::ui::*;
use leptos::prelude::*;

pub(super) fn choices() -> AnyView {
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
    .into_any()
}

pub(super) fn happenings() -> AnyView {
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
    .into_any()
}

pub(super) fn texts() -> AnyView {
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
    .into_any()
}

pub(super) fn beside() -> AnyView {
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
    .into_any()
}

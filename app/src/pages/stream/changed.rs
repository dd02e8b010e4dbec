//! What changed since the last job run that did its work.

use domain::changed::{CancelledBy, Changed, File, FileNow, RunLine, Setting, Value};
use domain::text::shell_quoted;
use domain::time::Millis;
use leptos::prelude::*;

use crate::ui::*;

/// The comparison, or why there is none.
pub(super) fn changed(changed: Result<Changed, String>, region: &str) -> AnyView {
    let body = match changed {
        Err(why) => view! {
            <Callout
                tone=Tone::Unknown
                icon=IconName::Question
                title="What changed is unknown."
            >
                <p>{why}</p>
            </Callout>
        }
        .into_any(),
        Ok(changed) => shown(changed, region),
    };
    view! {
        <section class="section" id="changed" aria-label="What changed since the last good run">
            <h2>"What changed since the last good run"</h2>
            {body}
        </section>
    }
    .into_any()
}

fn shown(changed: Changed, region: &str) -> AnyView {
    let is_one = changed.is_one_run();
    let Changed {
        newest,
        good,
        batch: (batch, planned_at),
        settings,
        files,
    } = changed;
    let basis = if is_one {
        format!(
            "The newest job run is itself the one that committed batch {batch}, planned at {}. It was started with nothing else.",
            planned_at.utc()
        )
    } else {
        format!(
            "The newest job run against the one under which batch {batch}, the newest that is committed, was planned at {}.",
            planned_at.utc()
        )
    };
    let since = good.submitted_at;
    let settings = (!is_one).then(|| settings_table(settings));
    let newest = run("The newest job run", newest, region);
    let good = (!is_one).then(|| run("The last good job run", good, region));
    view! {
        <div class="stack">
            <p>{basis}</p>
            <Facts wide=true>{newest} {good}</Facts>
            {settings}
            {files_table(files, since)}
            <p class="soft small">
                "What EMR keeps of a job run is compared. What the application or the account sets for all of them, and what the code reads elsewhere, is not seen here."
            </p>
        </div>
    }
    .into_any()
}

fn run(name: &'static str, run: RunLine, region: &str) -> AnyView {
    let details = match run.details.trim_end_matches('.') {
        "" => String::new(),
        details => format!(" EMR says: {details}."),
    };
    let told = format!(
        " is {}, submitted at {} by {}.{details}",
        run.state,
        run.submitted_at.utc(),
        run.started_by
    );
    let cancelled = run.cancelled.map(|by| match by {
        CancelledBy::Said(name) => view! { <p>{format!("Cancelled by {name}.")}</p> }.into_any(),
        CancelledBy::Unknown => {
            let command = format!(
                "aws cloudtrail lookup-events --region {} --lookup-attributes AttributeKey=EventName,AttributeValue=CancelJobRun",
                shell_quoted(region)
            );
            view! {
                <p>
                    "Who cancelled it is unknown: EMR does not say. CloudTrail keeps it for 90 days:"
                </p>
                <Code text=command what="the command" wrap=true />
            }
            .into_any()
        }
    });
    view! {
        <Fact name>
            <Copyable value=run.id.to_string() what="the job run's id" />
            <span class="probe__asks">{told}</span>
            {cancelled}
        </Fact>
    }
    .into_any()
}

fn settings_table(settings: Vec<Setting>) -> AnyView {
    if settings.is_empty() {
        return view! {
            <p>
                "Release, role, mode, script, arguments and configuration are the same, key by key."
            </p>
        }
        .into_any();
    }
    let rows = settings
        .into_iter()
        .map(|setting| {
            let verb = match (&setting.before, &setting.after) {
                (Value::Absent, _) => "added",
                (_, Value::Absent) => "removed",
                _ => "changed",
            };
            view! {
                <tr>
                    <ThRow>
                        <TwoLines note=verb.into_any()>
                            <span class="probe__asks">{setting.key}</span>
                        </TwoLines>
                    </ThRow>
                    <Td label="Last good run">{value(setting.before)}</Td>
                    <Td label="Newest run">{value(setting.after)}</Td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="Started otherwise">
            <thead>
                <tr>
                    <Th>"What"</Th>
                    <Th>"Last good run"</Th>
                    <Th>"Newest run"</Th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

fn value(value: Value) -> AnyView {
    match value {
        Value::Absent => view! { <span class="soft">"not set"</span> }.into_any(),
        Value::Hidden => {
            view! { <span class="soft">"set; not shown, as it may be a secret"</span> }
                .into_any()
        }
        Value::Shown(text) => view! { <code class="key">{text}</code> }.into_any(),
    }
}

fn files_table(files: Vec<File>, since: Millis) -> AnyView {
    if files.is_empty() {
        return view! { <p>"The newest job run names no script and no jar."</p> }
            .into_any();
    }
    let rows = files
        .into_iter()
        .map(|file| {
            let (chip, note) = lies(file.now, since);
            view! {
                <tr>
                    <ThRow>
                        <TwoLines note=file.what.into_any()>
                            <span class="probe__asks">{file.uri}</span>
                        </TwoLines>
                    </ThRow>
                    <Td label="Since">{chip}</Td>
                    <Td label="Now">
                        <span class="probe__asks">{note}</span>
                    </Td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption=format!(
            "Script and jars since {}, when the last good run was submitted",
            since.utc(),
        )>
            <thead>
                <tr>
                    <Th>"File"</Th>
                    <Th>"Since"</Th>
                    <Th>"Now"</Th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

fn lies(now: FileNow, since: Millis) -> (AnyView, String) {
    let (tone, icon, word, note) = match now {
        FileNow::There { written_at, etag } => {
            let note = format!("Written at {}, ETag {etag}.", written_at.utc());
            if written_at > since {
                (Tone::Warning, IconName::Warning, "written anew", note)
            } else {
                (Tone::Good, IconName::Check, "unchanged", note)
            }
        }
        FileNow::Missing => (
            Tone::Danger,
            IconName::Octagon,
            "gone",
            "There is no such object, so no job run can start with it.".to_owned(),
        ),
        FileNow::Unknown { reason } => {
            (Tone::Unknown, IconName::Question, "unknown", reason)
        }
    };
    let chip = view! {
        <Chip tone icon>
            {word}
        </Chip>
    };
    (chip.into_any(), note)
}

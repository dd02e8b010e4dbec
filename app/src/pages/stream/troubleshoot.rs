//! What was asked of everything around a stream, one row a question.

use domain::ids::StreamName;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::known;
use crate::api::act::TryBackupWrite;
use crate::api::read::fetch_troubleshoot;
use crate::components::*;
use crate::paths;
use crate::ui::*;
use crate::view::{Permission, TroubleshootPage, WriteTried};

/// The page of the stream in the address.
pub(super) fn page() -> AnyView {
    let params = use_params_map();
    let name = Memo::new(move |_| {
        params.with(|params| {
            let name = params.get_str("name")?;
            name.parse::<StreamName>().ok()
        })
    });
    let action = ServerAction::<TryBackupWrite>::new();
    // The error of a plain form stands at the head of the page.
    action.clear();
    let fetched = Resource::new_blocking(
        move || name.get(),
        |name| async { fetch_troubleshoot(known(name)?).await },
    );
    (move || {
        name.track();
        once_fetched(fetched, move |first| current(first, fetched, action))
    })
    .into_any()
}

/// The page, drawn anew after a write was tried: everything is asked again then,
/// so that the page is of one time. Nothing else asks again by itself.
fn current(
    first: TroubleshootPage,
    fetched: Fetched<TroubleshootPage>,
    action: ServerAction<TryBackupWrite>,
) -> AnyView {
    let (page, set_page) = signal(first);
    let version = action.version();
    Effect::new(move |before: Option<usize>| {
        let version = version.get();
        if before.is_some_and(|before| before != version) {
            fetched.refetch();
        }
        version
    });
    Effect::new(move |_| {
        if let Some(Ok(new)) = fetched.get() {
            set_page.set(new);
        }
    });
    (move || drawn(page.get(), action)).into_any()
}

fn drawn(page: TroubleshootPage, action: ServerAction<TryBackupWrite>) -> AnyView {
    let TroubleshootPage {
        now,
        stream,
        probes,
        changed,
        region,
        backup_root,
        may_write,
        written,
    } = page;
    // Those that need somebody first, and else in the order of the runbook.
    let mut sorted = probes.clone();
    sorted.sort_by_key(|probe| probe.answer.outcome);
    let rows = sorted.into_iter().map(probe_row).collect_view();
    view! {
        <Title text=format!("Troubleshoot {stream}") />
        <div class="page">
            <div class="page__head">
                <div>
                    <p class="soft">
                        "What surrounds the stream "
                        <a href=paths::stream(&stream)>{stream.to_string()}</a>
                    </p>
                    <h1>"Troubleshoot"</h1>
                </div>
                <div class="row">
                    <span class="soft small">{format!("Asked at {}.", now.utc())}</span>
                    <LinkButton href=paths::troubleshoot(&stream) icon=IconName::Repeat external=true>
                        "Ask again"
                    </LinkButton>
                </div>
            </div>
            <ErrorInAddress />
            <p>{probe_summary(probes.iter())}</p>
            {probe_table("What was asked; nothing is changed by it".to_owned(), rows.into_any())}
            {super::changed::changed(changed, &region)}
            {write(stream, backup_root, may_write, written, action)}
        </div>
    }
    .into_any()
}

/// The one probe that changes something, behind a button.
fn write(
    stream: StreamName,
    root: String,
    may: Permission,
    written: Option<WriteTried>,
    action: ServerAction<TryBackupWrite>,
) -> AnyView {
    let blocked = blocked(action, move || may.clone());
    let tried = match written {
        Some(WriteTried { at, by, probe }) => {
            let caption = format!("The newest try, by {by} at {}", at.utc());
            probe_table(caption, probe_row(probe).into_any())
        }
        None => {
            view! { <p class="soft">"It was not tried since Sluice was started."</p> }
                .into_any()
        }
    };
    view! {
        <section class="section" id="write" aria-label="Writing beside the backups">
            <h2>"Writing beside the backups"</h2>
            <p>
                "Sluice writes one small object with a name of its own under "
                <code class="key">{root}</code>
                ", only if there is none of that name, and deletes exactly that one. A bucket that keeps versions keeps a version of it. Who tried it stands in Sluice's log and in CloudTrail."
            </p>
            {tried}
            <ActForm action=action>
                <Hidden name="stream" value=stream.to_string() />
                <div class="row">
                    <Button kind=ButtonKind::Submit icon=IconName::File disabled_reason=blocked>
                        "Try a write"
                    </Button>
                </div>
            </ActForm>
        </section>
    }
    .into_any()
}

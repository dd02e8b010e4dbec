//! The checkpoint's files as a tree that opens without script.

use domain::checkpoint::Severity;
use domain::checkpoint::tree::{File, Folder};
use domain::ids::StreamName;
use domain::text::{bytes, counted};
use leptos::prelude::*;

use super::Page;
use crate::paths;
use crate::ui::*;

/// The tree as it was when the page was opened. It is not drawn anew with each
/// batch: what a person has opened stays open.
pub(super) fn files(page: Page, stream: &StreamName) -> AnyView {
    let tree = page.once(|page| page.tree.clone());
    let now_ms = page.now_ms;
    let body = match tree {
        None => view! {
            <p class="soft">"The files have not been listed yet. Load the page again in a moment."</p>
        }
        .into_any(),
        Some(tree) if tree.objects == 0 && tree.files.is_empty() => {
            view! { <EmptyState title="There is no file under the checkpoint." /> }.into_any()
        }
        Some(tree) => {
            let total = counts(&tree);
            view! {
                <p class="soft small">
                    {format!("{total}, as listed when this page was opened: the newest files of each folder, and those that a finding is about.")}
                </p>
                <div class="file-tree">{inside(stream, "", tree, now_ms)}</div>
            }
            .into_any()
        }
    };
    view! {
        <section class="stack stack--tight" aria-label="Files">
            <h3>"Files"</h3>
            {body}
        </section>
    }
    .into_any()
}

fn counts(folder: &Folder) -> String {
    let objects = counted(folder.objects, "file", "files");
    format!("{objects}, {}", bytes(folder.bytes))
}

/// What lies in a folder: its folders, then its files, then what is left out.
fn inside(
    stream: &StreamName,
    path: &str,
    folder: Folder,
    now_ms: Signal<i64>,
) -> AnyView {
    let left_out = left_out(&folder);
    let folders = folder
        .folders
        .into_iter()
        .map(|below| opened(stream, path, below, now_ms))
        .collect_view();
    let files = folder
        .files
        .into_iter()
        .map(|file| line(stream, path, file, now_ms))
        .collect_view();
    view! {
        <ul class="file-tree__list">
            {folders} {files}
            {left_out.map(|said| view! { <li class="file-tree__more">{said}</li> })}
        </ul>
    }
    .into_any()
}

fn left_out(folder: &Folder) -> Option<String> {
    let mut said = Vec::new();
    if folder.folders_left_out > 0 {
        let more = counted(folder.folders_left_out, "more folder", "more folders");
        said.push(more);
    }
    if folder.files_left_out > 0 {
        let more = counted(folder.files_left_out, "older file", "older files");
        said.push(more);
    }
    (!said.is_empty()).then(|| format!("and {}", said.join(" and ")))
}

/// A folder. One that a finding is about stands open.
fn opened(
    stream: &StreamName,
    path: &str,
    folder: Folder,
    now_ms: Signal<i64>,
) -> AnyView {
    let below = format!("{path}{}/", folder.name);
    let open = folder.worst > Some(Severity::Info);
    let name = format!("{}/", folder.name);
    let (total, worst) = (counts(&folder), folder.worst);
    view! {
        <li>
            <details class="file-tree__folder" open=open>
                <summary class="file-tree__line">
                    <span class="key">{name}</span>
                    {worst.map(severity)}
                    <span class="file-tree__about">{total}</span>
                </summary>
                {inside(stream, &below, folder, now_ms)}
            </details>
        </li>
    }
    .into_any()
}

fn line(stream: &StreamName, path: &str, file: File, now_ms: Signal<i64>) -> AnyView {
    let key = format!("{path}{}", file.name);
    let href = paths::stream_file(stream, &key, None);
    let about = match (file.size, file.at_ms) {
        (Some(size), Some(at_ms)) => view! {
            {bytes(size)}
            " · "
            <Time at_ms now_ms />
        }
        .into_any(),
        _ => "is not there".into_any(),
    };
    view! {
        <li class="file-tree__line">
            <a class="key" href=href>
                {file.name}
            </a>
            {file.worst.map(severity)}
            <span class="file-tree__about">{about}</span>
        </li>
    }
    .into_any()
}

fn severity(worst: Severity) -> AnyView {
    let (tone, icon, word) = match worst {
        Severity::Error => (Tone::Danger, IconName::Octagon, "error"),
        Severity::Warning => (Tone::Warning, IconName::Warning, "warning"),
        Severity::Info => (Tone::Info, IconName::Info, "to know"),
    };
    view! {
        <Chip tone icon>
            {word}
        </Chip>
    }
    .into_any()
}

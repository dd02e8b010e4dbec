//! The console's page: rendered here, without scripts, every lever a form.

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::Shared;
use super::state::{self, StreamState};
use crate::wire::xml_text as text;

/// What the page was asked with.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// What the last lever said.
    said: Option<String>,
}

/// `GET /`.
pub(super) async fn home(
    State(shared): State<Shared>,
    Query(asked): Query<Asked>,
) -> Html<String> {
    let state = state::State::of(&shared);
    let said = asked
        .said
        .map(|said| format!("<p class=\"said\" role=\"status\">{}</p>", text(&said)))
        .unwrap_or_default();
    let sluice = shared
        .sluice
        .as_deref()
        .map(|url| format!("<a href=\"{}\">Sluice</a>", text(url)))
        .unwrap_or_default();
    let rows: String = state.streams.iter().map(row).collect();
    let options: String = state
        .streams
        .iter()
        .map(|s| format!("<option value=\"{0}\">{0}</option>", s.name))
        .collect();
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Sandbox console</title><link rel=\"stylesheet\" href=\"/console.css\">\
         </head><body><header><h1>SANDBOX CONSOLE</h1>\
         <p>Break it here, mend it with {sluice}. Nothing on this page is real.</p>\
         </header><main>{said}<section><h2>Streams</h2><div class=\"scroll\"><table>\
         <thead><tr><th>Stream</th><th>Job run</th><th>Newest offsets</th>\
         <th>Newest commit</th><th>Kafka</th><th>Switched on</th></tr></thead>\
         <tbody>{rows}</tbody></table></div></section>\
         <section class=\"levers\"><h2>Levers</h2>{levers}</section>\
         <section><h2>Faults that are on</h2>{faults}</section>\
         <section><h2>Messages sent</h2><p>None: the sandbox has no mail service yet.</p>\
         </section><section><h2>Begin anew</h2>\
         <form method=\"post\" action=\"/api/reset\"><button>Take everything back to the \
         start</button></form><p>Takes some seconds: hours of history are written.</p>\
         </section><p><a href=\"/api/state\">State as JSON</a> · \
         <a href=\"/api/record?effect=change\">Changes so far as JSON</a></p></main>\
         </body></html>",
        levers = levers(&options, state.time_factor),
        faults = faults(&state),
    ))
}

/// `GET /console.css`.
pub(super) async fn css() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("console.css")).into_response()
}

fn row(stream: &StreamState) -> String {
    let name = |key: &Option<String>| {
        let name = key.as_deref().and_then(|key| key.rsplit('/').next());
        name.unwrap_or("none").to_owned()
    };
    let job = match (&stream.job_run_id, stream.job_state) {
        (Some(id), Some(state)) => {
            format!(
                "{state}, attempt {}<br><code>{}</code>",
                stream.attempt,
                text(id)
            )
        }
        _ => "none".to_owned(),
    };
    let switched: Vec<&str> = [
        (stream.hangs, "hangs"),
        (stream.will_not_die, "will not die"),
        (stream.comes_back, "comes back"),
        (stream.open_transaction, "open transaction"),
        (!stream.producer_on, "producer off"),
    ]
    .into_iter()
    .filter_map(|(is_on, word)| is_on.then_some(word))
    .collect();
    format!(
        "<tr><th scope=\"row\">{}<br><code>{}</code></th><td>{job}</td><td>{}</td>\
         <td>{}</td><td><code>{}</code><br>{} to {}, pace {}%</td><td>{}</td></tr>",
        text(stream.title),
        stream.name,
        text(&name(&stream.newest_offsets)),
        text(&name(&stream.newest_commit)),
        stream.topic,
        stream.log_start,
        stream.log_end,
        stream.pace,
        switched.join(", "),
    )
}

/// A form: its lever, its words, and its fields.
fn lever(name: &str, words: &str, fields: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/api/levers/{name}\"><fieldset>\
         <legend>{words}</legend>{fields}<button>{words}</button></fieldset></form>"
    )
}

fn levers(options: &str, factor: u32) -> String {
    let stream =
        format!("<label>Stream <select name=\"stream\">{options}</select></label>");
    let with = |fields: &str| format!("{stream}{fields}");
    let on = select("on", "On", &["true", "false"]);
    let file = select("file", "File", FILES);
    let how = select("how", "How", DAMAGES);
    let files = [
        lever(
            "damage_file",
            "Damage a file",
            &with(&format!("{file}{how}")),
        ),
        lever("delete_file", "Delete a file", &with(&file)),
        lever("torn_write", "Tear the next write", &with("")),
    ];
    let jobs = [
        lever("start", "Start the job", &with("")),
        lever("cancel", "Cancel the job run", &with("")),
        lever("crash", "Lose the driver", &with("")),
        lever("hang", "Let the driver hang", &with(&on)),
        lever(
            "slow_batch",
            "Hold the batch",
            &with(&number("minutes", "Minutes", 10)),
        ),
        lever("will_not_die", "A job that will not die", &with(&on)),
        lever("comes_back", "A job that comes back", &with(&on)),
    ];
    let topics = [
        lever("producer", "Switch the producer", &with(&on)),
        lever(
            "pace",
            "Set the pace",
            &with(&number("percent", "Percent", 300)),
        ),
        lever(
            "flood",
            "Flood the topic",
            &with(&number("records", "Records", 1_000_000)),
        ),
        lever("cut_retention", "Cut retention", &with("")),
        lever("open_transaction", "Open a transaction", &with("")),
        lever("end_transactions", "End the transactions", &with("")),
        lever("recreate_topic", "Recreate the topic", &with("")),
        lever(
            "add_partitions",
            "Add partitions",
            &with(&number("total", "Total", 12)),
        ),
    ];
    let services = [
        lever(
            "throttle_s3",
            "Throttle S3",
            &number("percent", "Percent", 30),
        ),
        lever("break_s3", "Let S3 fail", &number("percent", "Percent", 10)),
        lever("slow_s3", "Slow S3", &number("ms", "Milliseconds", 500)),
        lever("no_faults", "End every fault", ""),
        lever(
            "time_factor",
            "Scale time",
            &number("factor", "Factor", factor.into()),
        ),
    ];
    [
        files.concat(),
        jobs.concat(),
        topics.concat(),
        services.concat(),
    ]
    .concat()
}

const FILES: &[&str] = &[
    "newest_offsets",
    "previous_offsets",
    "newest_commit",
    "metadata",
    "initial_offsets",
];

const DAMAGES: &[&str] = &[
    "empty",
    "truncated",
    "garbage",
    "version_only",
    "newer_version",
    "blank_metadata",
    "bad_json",
    "void",
];

fn number(name: &str, label: &str, value: u64) -> String {
    format!(
        "<label>{label} <input type=\"number\" min=\"0\" name=\"{name}\" \
         value=\"{value}\"></label>"
    )
}

fn select(name: &str, label: &str, values: &[&str]) -> String {
    let options: String = values
        .iter()
        .map(|value| {
            format!(
                "<option value=\"{value}\">{}</option>",
                value.replace('_', " ")
            )
        })
        .collect();
    format!("<label>{label} <select name=\"{name}\">{options}</select></label>")
}

fn faults(state: &state::State) -> String {
    if state.faults.is_empty() {
        return "<p>None.</p>".to_owned();
    }
    let items: String = state
        .faults
        .iter()
        .map(|active| {
            let shown = serde_json::to_string(&active.fault).unwrap_or_default();
            format!(
                "<li><code>{}</code>, struck {}</li>",
                text(&shown),
                active.struck
            )
        })
        .collect();
    format!("<ul>{items}</ul>")
}

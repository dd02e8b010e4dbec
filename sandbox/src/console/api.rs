//! The console's API. Levers take a JSON object or a form; a form's answer is the page.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Map, Value, json};

use super::Shared;
use super::state;
use crate::record;
use crate::wire::percent_decode;
use crate::world::Lever;

/// `GET /api/state`.
pub(super) async fn state(State(shared): State<Shared>) -> Response {
    Json(state::State::of(&shared)).into_response()
}

/// `GET /api/record`, filtered by the fields of `record::Query`.
pub(super) async fn record(
    State(shared): State<Shared>,
    Query(query): Query<record::Query>,
) -> Response {
    let entries = shared.world.record.query(&query);
    let dropped = shared.world.record.dropped();
    Json(json!({ "entries": entries, "dropped": dropped })).into_response()
}

/// `POST /api/levers/{name}`.
pub(super) async fn pull(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let is_form = is_form(&headers);
    let lever = match read(&name, is_form, &body) {
        Ok(lever) => lever,
        Err(why) => return answer(is_form, StatusCode::BAD_REQUEST, &why),
    };
    match shared.world.pull(lever) {
        Ok(done) => answer(is_form, StatusCode::OK, &done),
        Err(error) => answer(is_form, StatusCode::CONFLICT, &error.to_string()),
    }
}

/// `POST /api/reset`: answers when the starting state is there again.
pub(super) async fn reset(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let is_form = is_form(&headers);
    // The reset goes on when whoever asked for it hangs up.
    let world = shared.world.clone();
    let reset = tokio::spawn(async move { world.reset().await }).await;
    match reset {
        Ok(Ok(())) => answer(is_form, StatusCode::OK, "everything is as at the start"),
        Ok(Err(error)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "console.reset_failed"
            );
            answer(
                is_form,
                StatusCode::INTERNAL_SERVER_ERROR,
                &error.to_string(),
            )
        }
        Err(error) => {
            let text = format!("the reset broke off: {error}");
            answer(is_form, StatusCode::INTERNAL_SERVER_ERROR, &text)
        }
    }
}

fn answer(is_form: bool, status: StatusCode, text: &str) -> Response {
    match is_form {
        true => {
            let said = crate::wire::percent_encode(text, false);
            Redirect::to(&format!("/?said={said}")).into_response()
        }
        false if status == StatusCode::OK => {
            Json(json!({ "done": text })).into_response()
        }
        false => (status, Json(json!({ "error": text }))).into_response(),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

fn read(name: &str, is_form: bool, body: &[u8]) -> Result<Lever, String> {
    let text =
        std::str::from_utf8(body).map_err(|_| "the body is not UTF-8".to_owned())?;
    let mut fields = match is_form {
        true => form(text),
        false if text.trim().is_empty() => Map::new(),
        false => match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Err("the body is no JSON object".to_owned()),
            Err(error) => return Err(format!("the body is not JSON: {error}")),
        },
    };
    fields.insert("lever".to_owned(), json!(name));
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

/// A form's fields, with numbers and truth values taken for what they are.
fn form(text: &str) -> Map<String, Value> {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| {
            let value = percent_decode(&value.replace('+', " "));
            let value = match value.as_str() {
                "true" => json!(true),
                "false" => json!(false),
                text => text
                    .parse::<u64>()
                    .map_or_else(|_| json!(text), |n| json!(n)),
            };
            (percent_decode(name), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{CheckpointFileChoice, Damage};

    #[test]
    fn a_lever_is_read_from_a_form_and_from_json() {
        let form = read("pace", true, b"stream=orders&percent=300").expect("a lever");
        let json = br#"{"stream":"orders","percent":300}"#;
        assert_eq!(form, read("pace", false, json).expect("a lever"));
        let damage = read(
            "damage_file",
            true,
            b"stream=orders&file=newest_offsets&how=empty",
        );
        assert_eq!(
            damage.expect("a lever"),
            Lever::DamageFile {
                stream: "orders".into(),
                file: CheckpointFileChoice::NewestOffsets,
                how: Damage::Empty,
            }
        );
    }

    #[test]
    fn unknown_levers_and_fields_are_refused() {
        assert!(read("explode", false, b"{}").is_err());
        assert!(read("start", false, br#"{"stream":"orders","now":true}"#).is_err());
        assert!(read("start", false, b"[]").is_err());
    }
}

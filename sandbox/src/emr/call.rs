//! A request taken apart: its query, its body, and the page it asks for.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};

use super::error::EmrError;
use super::job_run::{JobRunState, Mode, RunFilter};
use super::operation::Operation;
use super::request::invalid;
use crate::wire::percent_decode;

/// A request with its query and body taken apart.
pub(super) struct Call {
    query: Vec<(String, String)>,
    pub(super) body: Value,
}

impl Call {
    pub(super) fn read(
        op: &Operation,
        parts: &Parts,
        body: &Bytes,
    ) -> Result<Self, EmrError> {
        let query = pairs(parts.uri.query().unwrap_or_default());
        if let Some((name, _)) = query
            .iter()
            .find(|(n, _)| !op.query().contains(&n.as_str()))
        {
            return Err(invalid(format!("unknown parameter: {name}")));
        }
        let body = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(body)
                .map_err(|error| invalid(format!("the body is not JSON: {error}")))?,
        };
        Ok(Self { query, body })
    }

    fn one(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let found = self.query.iter().filter(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, EmrError> {
        self.one(name)
            .map(|text| {
                text.parse().map_err(|_| {
                    invalid(format!("{name} must be a whole number: {text}"))
                })
            })
            .transpose()
    }

    fn time_ms(&self, name: &str) -> Result<Option<i64>, EmrError> {
        self.one(name)
            .map(|text| {
                text.parse::<jiff::Timestamp>()
                    .map(jiff::Timestamp::as_millisecond)
                    .map_err(|_| invalid(format!("{name} must be a date-time: {text}")))
            })
            .transpose()
    }

    pub(super) fn filter(&self) -> Result<RunFilter, EmrError> {
        let states = self
            .all("states")
            .into_iter()
            .map(|name| {
                JobRunState::named(name)
                    .ok_or_else(|| invalid(format!("Invalid value for states: {name}")))
            })
            .collect::<Result<_, _>>()?;
        let mode = match self.one("mode") {
            None => None,
            Some("BATCH") => Some(Mode::Batch),
            Some("STREAMING") => Some(Mode::Streaming),
            Some(other) => {
                return Err(invalid(format!("Invalid value for mode: {other}")));
            }
        };
        Ok(RunFilter {
            created_after_ms: self.time_ms("createdAtAfter")?,
            created_before_ms: self.time_ms("createdAtBefore")?,
            states,
            mode,
        })
    }

    /// One page of a list. The token is where the next one begins.
    pub(super) fn page(&self, field: &str, all: Vec<Value>) -> Result<Value, EmrError> {
        let size = self.number("maxResults")?.unwrap_or(50);
        if !(1..=50).contains(&size) {
            return Err(invalid("maxResults must be 1 to 50"));
        }
        let from = match self.one("nextToken") {
            None => 0,
            Some(token) => token
                .strip_prefix("page-")
                .and_then(|from| from.parse().ok())
                .filter(|from| *from <= all.len())
                .ok_or_else(|| invalid("Invalid nextToken"))?,
        };
        let size = usize::try_from(size).unwrap_or(50);
        let until = all.len().min(from + size);
        let mut answer = json!({ field: all[from..until] });
        if until < all.len() {
            answer["nextToken"] = json!(format!("page-{until}"));
        }
        Ok(answer)
    }

    /// The parameters for the record; what EMR marks as sensitive stays out.
    pub(super) fn in_short(&self) -> BTreeMap<String, String> {
        let mut params: BTreeMap<String, String> = self.query.iter().cloned().collect();
        for field in ["name", "clientToken", "mode", "releaseLabel"] {
            if let Some(text) = self.body[field].as_str() {
                params.insert(field.to_owned(), text.to_owned());
            }
        }
        if let Some(entry) = self.body["jobDriver"]["sparkSubmit"]["entryPoint"].as_str()
        {
            params.insert("entryPoint".into(), entry.to_owned());
        }
        if let Some(tags) = self.body["tags"].as_object() {
            params.insert("tags".into(), Value::from(tags.clone()).to_string());
        }
        params
    }
}

/// The pairs of a query string.
fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                percent_decode(name),
                percent_decode(&value.replace('+', " ")),
            )
        })
        .collect()
}

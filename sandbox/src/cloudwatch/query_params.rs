//! Parameters of the Query protocol: a form whose names are paths, such as
//! `MetricData.member.1.Dimensions.member.2.Value`.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

/// Nothing in the API is nested deeper than 7 names.
const MAX_DEPTH: usize = 12;

/// Why a form could not be read as parameters.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormError {
    #[error("{0} stands for a value and for a structure")]
    Clash(String),
    #[error("{0} is nested too deeply")]
    TooDeep(String),
    #[error("{name} is {text:?}, which is no {kind}")]
    Value {
        name: String,
        text: String,
        kind: &'static str,
    },
}

#[derive(Default)]
struct Node {
    text: Option<String>,
    children: BTreeMap<String, Node>,
}

/// The parameters as the other protocols would give them: numbers, times as
/// epoch seconds, lists and structures. `Action` and `Version` are no
/// parameters.
pub(super) fn parse(form: &[u8]) -> Result<Value, FormError> {
    let mut root = Node::default();
    for (name, text) in url::form_urlencoded::parse(form) {
        if name != "Action" && name != "Version" {
            root.insert(&name, text.into_owned())?;
        }
    }
    root.children
        .iter()
        .map(|(name, node)| Ok((name.clone(), node.value("", name)?)))
        .collect::<Result<_, _>>()
        .map(Value::Object)
}

/// The value of `Action`.
pub(super) fn action(form: &[u8]) -> Option<String> {
    url::form_urlencoded::parse(form)
        .find(|(name, _)| name == "Action")
        .map(|(_, action)| action.into_owned())
}

impl Node {
    fn insert(&mut self, name: &str, text: String) -> Result<(), FormError> {
        if name.split('.').count() > MAX_DEPTH {
            return Err(FormError::TooDeep(name.to_owned()));
        }
        let leaf = name.split('.').fold(self, |node, part| {
            node.children.entry(part.to_owned()).or_default()
        });
        if leaf.text.replace(text).is_some() {
            return Err(FormError::Clash(name.to_owned()));
        }
        Ok(())
    }

    /// `name` is the field that this is the value of, or an item of; `parent`
    /// is the field around it.
    fn value(&self, parent: &str, name: &str) -> Result<Value, FormError> {
        match &self.text {
            Some(_) if !self.children.is_empty() => {
                Err(FormError::Clash(name.to_owned()))
            }
            // The AWS CLI writes an empty list so.
            Some(text) if text.is_empty() && is_list(name) => {
                Ok(Value::Array(Vec::new()))
            }
            Some(text) => scalar(parent, name, text),
            None => match self.children.get("member") {
                Some(list) if self.children.len() == 1 => list.items(parent, name),
                _ => self
                    .children
                    .iter()
                    .map(|(field, node)| Ok((field.clone(), node.value(name, field)?)))
                    .collect::<Result<_, _>>()
                    .map(Value::Object),
            },
        }
    }

    fn items(&self, parent: &str, name: &str) -> Result<Value, FormError> {
        let mut items = Vec::new();
        for (index, node) in &self.children {
            let index: u32 = index
                .parse()
                .map_err(|_| mistyped(name, index, "index of a list"))?;
            items.push((index, node.value(parent, name)?));
        }
        items.sort_by_key(|(index, _)| *index);
        Ok(items.into_iter().map(|(_, item)| item).collect())
    }
}

fn is_list(name: &str) -> bool {
    matches!(
        name,
        "MetricData"
            | "Dimensions"
            | "Values"
            | "Counts"
            | "Statistics"
            | "ExtendedStatistics"
            | "MetricDataQueries"
    )
}

/// The form has no types, so they are known here by the field's name.
fn scalar(parent: &str, name: &str, text: &str) -> Result<Value, FormError> {
    match name {
        // A dimension's value is text, a sample's is a number.
        "Value" if parent == "Dimensions" => Ok(Value::from(text)),
        "Value" | "Values" | "Counts" | "SampleCount" | "Sum" | "Minimum" | "Maximum" => {
            text.parse()
                .ok()
                .and_then(Number::from_f64)
                .map(Value::Number)
                .ok_or_else(|| mistyped(name, text, "number"))
        }
        "Period" | "StorageResolution" | "MaxDatapoints" => text
            .parse::<i32>()
            .map(Value::from)
            .map_err(|_| mistyped(name, text, "whole number")),
        "ReturnData" | "IncludeLinkedAccounts" | "StrictEntityValidation" => text
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| mistyped(name, text, "boolean")),
        "StartTime" | "EndTime" | "Timestamp" => epoch_seconds(text)
            .map(Value::from)
            .ok_or_else(|| mistyped(name, text, "time of ISO 8601")),
        _ => Ok(Value::from(text)),
    }
}

/// A time without an offset is UTC, as CloudWatch takes it.
fn epoch_seconds(text: &str) -> Option<f64> {
    let time = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(local).ok()
    })?;
    Some(time.as_millisecond() as f64 / 1000.0)
}

fn mistyped(name: &str, text: &str, kind: &'static str) -> FormError {
    FormError::Value {
        name: name.to_owned(),
        text: text.to_owned(),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_become_typed_lists_and_structures() {
        let form = b"Action=PutMetricData&Version=2010-08-01&Namespace=N\
            &MetricData.member.2.MetricName=b&MetricData.member.2.Value=1.5\
            &MetricData.member.1.MetricName=a\
            &MetricData.member.1.Dimensions.member.1.Name=d\
            &MetricData.member.1.Dimensions.member.1.Value=7\
            &MetricData.member.1.Timestamp=1970-01-01T00%3A00%3A01.5Z\
            &MetricData.member.1.Values.member.1=3&MetricData.member.1.Counts.member.1=2";
        assert_eq!(action(form).as_deref(), Some("PutMetricData"));
        assert_eq!(
            parse(form).unwrap(),
            json!({
                "Namespace": "N",
                "MetricData": [
                    {
                        "MetricName": "a",
                        "Dimensions": [{ "Name": "d", "Value": "7" }],
                        "Timestamp": 1.5,
                        "Values": [3.0],
                        "Counts": [2.0],
                    },
                    { "MetricName": "b", "Value": 1.5 },
                ],
            })
        );
    }

    #[test]
    fn a_time_without_an_offset_is_utc() {
        assert_eq!(epoch_seconds("1970-01-02T00:00:00"), Some(86_400.0));
        assert_eq!(epoch_seconds("yesterday"), None);
    }

    #[test]
    fn a_name_for_a_value_and_a_structure_is_refused() {
        assert!(matches!(parse(b"A=1&A.B=2"), Err(FormError::Clash(_))));
        assert!(matches!(parse(b"Period=x"), Err(FormError::Value { .. })));
        let deep = "a.".repeat(100) + "b=1";
        assert!(matches!(parse(deep.as_bytes()), Err(FormError::TooDeep(_))));
    }
}

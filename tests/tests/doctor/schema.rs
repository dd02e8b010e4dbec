//! The report against docs/doctor.schema.json, by as much of JSON Schema as that
//! file uses. A keyword that is not known here fails, so that none is passed over.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/doctor.schema.json");
        let text = std::fs::read_to_string(path).expect("the schema is there");
        serde_json::from_str(&text).expect("the schema is JSON")
    })
}

/// Fails where the report does not hold to the schema.
#[track_caller]
pub(crate) fn holds(report: &Value) {
    if let Err(wrong) = check(schema(), report, "$") {
        panic!("{wrong}\n{report:#}");
    }
}

fn check(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let rules = schema.as_object().expect("a schema is an object");
    for (rule, wanted) in rules {
        let fits = match rule.as_str() {
            "$schema" | "title" | "description" | "properties" => true,
            "const" => value == wanted,
            "enum" => list(wanted).contains(value),
            "type" => match wanted {
                Value::Array(any) => any.iter().any(|kind| is(kind, value)),
                kind => is(kind, value),
            },
            "required" => value.as_object().is_none_or(|object| {
                list(wanted)
                    .iter()
                    .all(|name| object.contains_key(name.as_str().unwrap_or_default()))
            }),
            "additionalProperties" => value.as_object().is_none_or(|object| {
                object
                    .keys()
                    .all(|name| !schema["properties"][name].is_null())
            }),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(wanted, item, &format!("{at}[{index}]"))?;
                }
                true
            }
            other => {
                return Err(format!("the schema uses {other}, which is not checked"));
            }
        };
        if !fits {
            return Err(format!("{at}: {value} does not hold to {rule} {wanted}"));
        }
    }
    if let (Some(object), Some(known)) = (value.as_object(), rules.get("properties")) {
        for (name, inner) in object {
            check(&known[name], inner, &format!("{at}.{name}"))?;
        }
    }
    Ok(())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("null") => value.is_null(),
        _ => false,
    }
}

#[test]
fn what_does_not_hold_to_the_schema_is_found() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let whole = crate::tool::directory(place.path(), &[]).report;
    for (pointer, wrong) in [
        ("/format", serde_json::json!(2)),
        ("/prognosis/outcome", serde_json::json!("starts-fresh")),
        ("/prognosis/batch_id", serde_json::json!("0")),
        ("/findings", serde_json::json!([{"id": "C04"}])),
        ("/seen", serde_json::json!({})),
        ("/limits", serde_json::json!([1])),
    ] {
        let mut report = whole.clone();
        *report.pointer_mut(pointer).expect("the field is there") = wrong;
        assert!(check(schema(), &report, "$").is_err(), "{pointer}");
    }
    let mut report = whole;
    report["more"] = serde_json::json!(1);
    assert!(check(schema(), &report, "$").is_err());
}

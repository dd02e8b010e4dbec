use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StateFault;

/// `state/<op>/0/[<store>/]_metadata/schema`: the columns of a store's keys and
/// values, against which a restarted query is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateSchema {
    pub version: u32,
    /// Empty for transformWithState (version 3), which is not looked into.
    pub key: Vec<StateField>,
    pub value: Vec<StateField>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateField {
    pub name: String,
    /// The type as JSON.
    pub data_type: String,
    pub nullable: bool,
}

impl StateSchema {
    /// Java's `writeUTF` of `v1` or `v2`, then key and value schema as JSON; in
    /// version 2 each in chunks, counted by an int32.
    pub fn parse(bytes: &[u8]) -> Result<Self, StateFault> {
        let mut input = bytes;
        let version = utf(&mut input)?;
        let number = version
            .strip_prefix('v')
            .and_then(|number| number.parse::<u32>().ok())
            .filter(|number| (1..=3).contains(number))
            .ok_or(StateFault::BadVersion(version))?;
        let (key, value) = match number {
            1 => (utf(&mut input)?, utf(&mut input)?),
            2 => (chunks(&mut input)?, chunks(&mut input)?),
            _ => {
                return Ok(Self {
                    version: number,
                    key: Vec::new(),
                    value: Vec::new(),
                });
            }
        };
        Ok(Self {
            version: number,
            key: fields(&key)?,
            value: fields(&value)?,
        })
    }

    /// Scala's text of a schema, as Spark's messages print it.
    pub fn show(fields: &[StateField]) -> String {
        let fields: Vec<String> = fields
            .iter()
            .map(|field| {
                format!(
                    "StructField({},{},{})",
                    field.name,
                    shown_type(&field.data_type),
                    field.nullable
                )
            })
            .collect();
        format!("StructType({})", fields.join(","))
    }
}

fn shown_type(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::String(name)) => {
            let mut letters = name.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            format!("{}{}Type", first.unwrap_or_default(), letters.as_str())
        }
        _ => json.to_owned(),
    }
}

fn utf(input: &mut &[u8]) -> Result<String, StateFault> {
    let (length, rest) = input.split_at_checked(2).ok_or(StateFault::EndMissing)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let (text, rest) = rest
        .split_at_checked(length)
        .ok_or(StateFault::EndMissing)?;
    *input = rest;
    Ok(String::from_utf8_lossy(text).into_owned())
}

fn chunks(input: &mut &[u8]) -> Result<String, StateFault> {
    let (count, rest) = input.split_at_checked(4).ok_or(StateFault::EndMissing)?;
    let count = i32::from_be_bytes([count[0], count[1], count[2], count[3]]);
    *input = rest;
    let mut text = String::new();
    // A claimed count costs nothing: every chunk must really be there.
    for _ in 0..count {
        text.push_str(&utf(input)?);
    }
    Ok(text)
}

fn fields(json: &str) -> Result<Vec<StateField>, StateFault> {
    let schema: Value = serde_json::from_str(json).map_err(|_| StateFault::BadJson)?;
    let fields = schema
        .get("fields")
        .and_then(Value::as_array)
        .ok_or(StateFault::BadJson)?;
    fields
        .iter()
        .map(|field| {
            Some(StateField {
                name: field.get("name")?.as_str()?.to_owned(),
                data_type: field.get("type")?.to_string(),
                nullable: field
                    .get("nullable")
                    .and_then(Value::as_bool)
                    .unwrap_or(true),
            })
        })
        .collect::<Option<_>>()
        .ok_or(StateFault::BadJson)
}

//! An answer before it is written in one of the protocols.

use aws_smithy_cbor::Encoder;
use aws_smithy_types::DateTime;
use serde_json::Value;

use crate::wire::xml_text;

/// A value of an answer. Timestamps are apart from numbers, since each
/// protocol writes them in its own way.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Output {
    Text(String),
    Number(f64),
    /// Epoch milliseconds.
    Timestamp(i64),
    List(Vec<Output>),
    Structure(Vec<(&'static str, Output)>),
}

impl Output {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// AWS JSON: timestamps are epoch seconds, with a fraction where they have
    /// one.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Number(number) => Value::from(*number),
            Self::Timestamp(ms) if ms % 1000 == 0 => Value::from(ms / 1000),
            Self::Timestamp(ms) => Value::from(seconds(*ms)),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Structure(fields) => fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.to_json()))
                .collect(),
        }
    }

    /// RPC v2 CBOR: timestamps are epoch seconds under tag 1.
    pub(super) fn to_cbor(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        self.write_cbor(&mut encoder);
        encoder.into_writer()
    }

    fn write_cbor(&self, encoder: &mut Encoder) {
        match self {
            Self::Text(text) => {
                encoder.str(text);
            }
            Self::Number(number) => {
                encoder.double(*number);
            }
            Self::Timestamp(ms) => {
                encoder.timestamp(&DateTime::from_millis(*ms));
            }
            Self::List(items) => {
                encoder.array(items.len());
                for item in items {
                    item.write_cbor(encoder);
                }
            }
            Self::Structure(fields) => {
                encoder.map(fields.len());
                for (name, value) in fields {
                    encoder.str(name);
                    value.write_cbor(encoder);
                }
            }
        }
    }

    /// Query: a list's items are `member` elements, timestamps are ISO 8601.
    pub(super) fn to_xml(&self) -> String {
        let mut xml = String::new();
        self.write_xml(&mut xml);
        xml
    }

    fn write_xml(&self, xml: &mut String) {
        match self {
            Self::Text(text) => xml.push_str(&xml_text(text)),
            Self::Number(number) => xml.push_str(&number.to_string()),
            Self::Timestamp(ms) => xml.push_str(&iso_8601(*ms)),
            Self::List(items) => {
                for item in items {
                    item.write_element("member", xml);
                }
            }
            Self::Structure(fields) => {
                for (name, value) in fields {
                    value.write_element(name, xml);
                }
            }
        }
    }

    fn write_element(&self, name: &str, xml: &mut String) {
        xml.push_str(&format!("<{name}>"));
        self.write_xml(xml);
        xml.push_str(&format!("</{name}>"));
    }
}

/// Exact for every time that CloudWatch knows: 2^53 milliseconds are 285,000
/// years.
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn iso_8601(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |time| time.to_string())
}

//! The three protocols in which CloudWatch is spoken, told apart by their
//! headers and read into one form.

use std::io::Read;

use aws_smithy_cbor::{Decoder, data::Type};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header, request::Parts};
use serde_json::{Map, Number, Value};

use super::{
    operations::ApiError,
    output::Output,
    query_params::{self, FormError},
};
use crate::wire;

/// The service's name in the paths and targets of its protocols.
const SERVICE: &str = "GraniteServiceVersion20100801";
const XML_NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";
/// CloudWatch takes at most 1 MB of PutMetricData, before compression.
const MAX_INFLATED_BYTES: u64 = 1024 * 1024;
/// Nothing in the API is nested deeper than 7 levels.
const MAX_CBOR_DEPTH: u8 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Smithy RPC v2 CBOR: the Rust SDK.
    Cbor,
    /// AWS JSON 1.0: boto3 and the AWS CLI 1.
    Json,
    /// Form in, XML out: older clients, among them the AWS CLI 2.9 of Debian.
    Query,
}

/// Why a request could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(
        "the body is not gzip, or is longer than {MAX_INFLATED_BYTES} bytes inflated"
    )]
    Gzip(#[source] std::io::Error),
    #[error("the sandbox does not read the content encoding {0}")]
    Encoding(String),
    #[error("the body is not CBOR as CloudWatch takes it: {0}")]
    Cbor(String),
    #[error("the body is not JSON: {0}")]
    Json(String),
    #[error(transparent)]
    Form(#[from] FormError),
}

impl Protocol {
    pub(super) fn of(parts: &Parts) -> Self {
        if parts.headers.contains_key("smithy-protocol") {
            Self::Cbor
        } else if parts.headers.contains_key("x-amz-target") {
            Self::Json
        } else {
            Self::Query
        }
    }

    /// The operation that is asked for, or `None` where the request names none
    /// of CloudWatch's.
    pub(super) fn operation(self, parts: &Parts, body: &[u8]) -> Option<String> {
        match self {
            Self::Cbor => parts
                .uri
                .path()
                .strip_prefix("/service/")?
                .strip_prefix(SERVICE)?
                .strip_prefix("/operation/")
                .map(str::to_owned),
            Self::Json => header_text(parts, "x-amz-target")?
                .strip_prefix(SERVICE)?
                .strip_prefix('.')
                .map(str::to_owned),
            Self::Query => query_params::action(body),
        }
    }

    /// The parameters as a JSON object; times are epoch seconds.
    pub(super) fn parameters(self, body: &[u8]) -> Result<Value, ReadError> {
        match self {
            Self::Cbor if body.is_empty() => Ok(Value::Object(Map::new())),
            Self::Cbor => {
                let mut decoder = Decoder::new(body);
                let value = read_cbor(&mut decoder, MAX_CBOR_DEPTH)?;
                if decoder.position() != body.len() {
                    return Err(ReadError::Cbor(
                        "there is something after it".to_owned(),
                    ));
                }
                Ok(value)
            }
            Self::Json => serde_json::from_slice(body)
                .map_err(|error| ReadError::Json(error.to_string())),
            Self::Query => Ok(query_params::parse(body)?),
        }
    }

    pub(super) fn answer(self, operation: &str, output: &Output) -> Response<Body> {
        match self {
            Self::Cbor => {
                let mut response = Response::new(Body::from(output.to_cbor()));
                set(
                    &mut response,
                    header::CONTENT_TYPE.as_str(),
                    "application/cbor",
                );
                set(&mut response, "smithy-protocol", "rpc-v2-cbor");
                set(&mut response, "x-amzn-requestid", &wire::request_id());
                response
            }
            Self::Json => {
                let mut response = wire::json_ok(&output.to_json());
                set(
                    &mut response,
                    header::CONTENT_TYPE.as_str(),
                    "application/x-amz-json-1.0",
                );
                response
            }
            Self::Query => wire::query_xml_ok(operation, XML_NAMESPACE, &output.to_xml()),
        }
    }

    /// The newer protocols name the error's shape in the body and the code of
    /// old in a header, so that clients can go on matching on it.
    pub(super) fn refuse(self, error: &ApiError) -> Response<Body> {
        let status = StatusCode::BAD_REQUEST;
        let text = error.to_string();
        let (shape, code) = (error.shape(), error.code());
        let mut response = match self {
            Self::Cbor => wire::cbor_error(
                status,
                &format!("com.amazonaws.cloudwatch#{shape}"),
                &text,
            ),
            Self::Json => wire::json_error(status, shape, &text),
            Self::Query => return wire::query_xml_error(status, code, &text),
        };
        set(
            &mut response,
            "x-amzn-query-error",
            &format!("{code};Sender"),
        );
        response
    }
}

/// The body without its compression. Clients compress what is longer than
/// 10 KiB.
pub(super) fn inflate(parts: &Parts, body: &Bytes) -> Result<Bytes, ReadError> {
    match header_text(parts, header::CONTENT_ENCODING.as_str()) {
        None | Some("" | "identity" | "aws-chunked") => Ok(body.clone()),
        Some("gzip") => {
            let mut inflated = Vec::new();
            flate2::read::GzDecoder::new(&body[..])
                .take(MAX_INFLATED_BYTES + 1)
                .read_to_end(&mut inflated)
                .map_err(ReadError::Gzip)?;
            if inflated.len() as u64 > MAX_INFLATED_BYTES {
                return Err(ReadError::Gzip(std::io::ErrorKind::FileTooLarge.into()));
            }
            Ok(inflated.into())
        }
        Some(other) => Err(ReadError::Encoding(other.to_owned())),
    }
}

fn read_cbor(decoder: &mut Decoder<'_>, depth: u8) -> Result<Value, ReadError> {
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| ReadError::Cbor("it is nested too deeply".to_owned()))?;
    let bad = |error: aws_smithy_cbor::decode::DeserializeError| {
        ReadError::Cbor(error.to_string())
    };
    match decoder.datatype().map_err(bad)? {
        Type::Bool => decoder.boolean().map(Value::from).map_err(bad),
        Type::Null | Type::Undefined => {
            decoder.skip().map_err(bad)?;
            Ok(Value::Null)
        }
        Type::F16 | Type::F32 | Type::F64 => number(decoder.double().map_err(bad)?),
        Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64 => decoder.long().map(Value::from).map_err(bad),
        Type::String | Type::StringIndef => decoder
            .str()
            .map(|text| Value::from(text.as_ref()))
            .map_err(bad),
        Type::Tag => number(decoder.timestamp().map_err(bad)?.as_secs_f64()),
        Type::Array | Type::ArrayIndef => {
            let mut left = decoder.list().map_err(bad)?;
            let mut items = Vec::new();
            while more(decoder, &mut left)? {
                items.push(read_cbor(decoder, depth)?);
            }
            Ok(Value::Array(items))
        }
        Type::Map | Type::MapIndef => {
            let mut left = decoder.map().map_err(bad)?;
            let mut fields = Map::new();
            while more(decoder, &mut left)? {
                let name = decoder.str().map_err(bad)?.into_owned();
                let value = read_cbor(decoder, depth)?;
                // A member that is null is as good as absent.
                if !value.is_null() {
                    fields.insert(name, value);
                }
            }
            Ok(Value::Object(fields))
        }
        other => Err(ReadError::Cbor(format!("{other:?} has no place in it"))),
    }
}

/// Whether a list or map goes on: by its count, or up to the break where it
/// was begun without one.
fn more(decoder: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, ReadError> {
    let bad = |error: aws_smithy_cbor::decode::DeserializeError| {
        ReadError::Cbor(error.to_string())
    };
    match left {
        Some(0) => Ok(false),
        Some(left) => {
            *left -= 1;
            Ok(true)
        }
        None if decoder.datatype().map_err(bad)? == Type::Break => {
            decoder.skip().map_err(bad)?;
            Ok(false)
        }
        None => Ok(true),
    }
}

fn number(number: f64) -> Result<Value, ReadError> {
    Number::from_f64(number)
        .map(Value::Number)
        .ok_or_else(|| ReadError::Cbor(format!("{number} is no value that can be kept")))
}

fn header_text<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

fn set(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

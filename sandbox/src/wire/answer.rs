//! The shapes in which AWS's services answer.

use std::collections::BTreeMap;

use aws_smithy_cbor::Encoder;
use axum::body::Body;
use http::{Response, StatusCode, header};
use serde_json::{Value, json};

use crate::record::Effect;

/// What a service says it did, for the record. Put it into the extensions of an
/// answer: `response.extensions_mut().insert(did)`.
#[derive(Debug, Clone)]
pub struct Did {
    /// The operation by its AWS name.
    pub action: String,
    /// The parameters in short, without secrets.
    pub params: BTreeMap<String, String>,
    /// Whether it could change anything.
    pub effect: Effect,
}

/// The error code of an answer that refuses, for the record; the error functions here
/// put it in.
#[derive(Debug, Clone)]
pub(super) struct Refusal(pub(super) String);

/// A fresh request id in the form that AWS gives.
pub fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// 200 with a body of AWS JSON 1.1.
pub fn json_ok(value: &Value) -> Response<Body> {
    with_body(StatusCode::OK, "application/x-amz-json-1.1", value)
}

/// 200 with a body of REST JSON.
pub fn rest_json_ok(value: &Value) -> Response<Body> {
    with_body(StatusCode::OK, "application/json", value)
}

/// An error of AWS JSON: the code stands in `__type`.
pub fn json_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = json!({ "__type": code, "message": message, "Message": message });
    let mut response = with_body(status, "application/x-amz-json-1.1", &body);
    set(&mut response, "x-amzn-errortype", code);
    refusing(response, code)
}

/// An error of REST JSON: the code stands in a header.
pub fn rest_json_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = json!({ "message": message, "Message": message });
    let mut response = with_body(status, "application/json", &body);
    set(&mut response, "x-amzn-errortype", code);
    refusing(response, code)
}

/// An error of rpc-v2-cbor: a map of `__type` and `message`.
pub fn cbor_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let mut encoder = Encoder::new(Vec::new());
    encoder
        .map(2)
        .str("__type")
        .str(code)
        .str("message")
        .str(message);
    let mut response = Response::new(Body::from(encoder.into_writer()));
    *response.status_mut() = status;
    set(
        &mut response,
        header::CONTENT_TYPE.as_str(),
        "application/cbor",
    );
    set(&mut response, "smithy-protocol", "rpc-v2-cbor");
    set(&mut response, "x-amzn-requestid", &request_id());
    refusing(response, code)
}

/// 200 of the Query protocol; `result` is the XML inside `<ActionResult>`.
pub fn query_xml_ok(action: &str, namespace: &str, result: &str) -> Response<Body> {
    let id = request_id();
    let xml = format!(
        "<{action}Response xmlns=\"{namespace}\"><{action}Result>{result}\
         </{action}Result><ResponseMetadata><RequestId>{id}</RequestId>\
         </ResponseMetadata></{action}Response>"
    );
    xml_body(StatusCode::OK, xml, &id)
}

/// An error of the Query protocol.
pub fn query_xml_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let id = request_id();
    let side = if status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    let xml = format!(
        "<ErrorResponse><Error><Type>{side}</Type><Code>{}</Code><Message>{}</Message>\
         </Error><RequestId>{id}</RequestId></ErrorResponse>",
        xml_text(code),
        xml_text(message),
    );
    refusing(xml_body(status, xml, &id), code)
}

/// The error of S3's REST protocol.
pub fn s3_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let id = request_id();
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{}</Code>\
         <Message>{}</Message><RequestId>{id}</RequestId></Error>",
        xml_text(code),
        xml_text(message),
    );
    let mut response = xml_body(status, xml, &id);
    set(
        &mut response,
        header::CONTENT_TYPE.as_str(),
        "application/xml",
    );
    set(&mut response, "x-amz-request-id", &id);
    refusing(response, code)
}

/// Escapes text for XML.
pub fn xml_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The names in `object` that are not in `known`, for the loud refusal. Something
/// that is not an object has no names.
pub fn unknown_fields(object: &Value, known: &[&str]) -> Vec<String> {
    let Some(object) = object.as_object() else {
        return Vec::new();
    };
    object
        .keys()
        .filter(|name| !known.contains(&name.as_str()))
        .cloned()
        .collect()
}

fn with_body(status: StatusCode, content_type: &str, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE.as_str(), content_type);
    set(&mut response, "x-amzn-requestid", &request_id());
    response
}

fn xml_body(status: StatusCode, xml: String, id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE.as_str(), "text/xml");
    set(&mut response, "x-amzn-requestid", id);
    response
}

fn refusing(mut response: Response<Body>, code: &str) -> Response<Body> {
    response.extensions_mut().insert(Refusal(code.to_owned()));
    response
}

/// Sets a header; a value that no header can carry is left out.
fn set(response: &mut Response<Body>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (
        http::HeaderName::try_from(name),
        http::HeaderValue::try_from(value),
    ) {
        response.headers_mut().insert(name, value);
    }
}

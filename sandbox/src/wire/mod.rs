//! The AWS front door: one loopback port for every service.
//!
//! A request says which service it is for in the scope of its signature
//! (`Credential=AKID/date/region/SERVICE/aws4_request`), so that `AWS_ENDPOINT_URL` is
//! all that a client needs. Whatever is not known, a service, an operation or a
//! parameter, is refused loudly: a sandbox that ignores what it does not understand
//! would let a mistake through that AWS would catch.

mod answer;
mod cut;
mod form;
mod front_door;
mod keys;
mod signature;

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};

pub use answer::{
    Did, cbor_error, json_error, json_ok, query_xml_error, query_xml_ok, request_id,
    rest_json_error, rest_json_ok, s3_error, unknown_fields, xml_text,
};
pub use form::{Form, FormError};
pub use front_door::{FrontDoor, FrontDoorBuilder, Shared};
pub use keys::{AccessKey, AccessKeys, Principal};
pub use signature::{Scope, SignatureError};
pub(crate) use signature::{percent_decode, percent_encode, query_pairs};

/// The account that everything in the sandbox belongs to.
pub const ACCOUNT: &str = "123456789012";

/// The region that ARNs in the sandbox name.
pub const REGION: &str = "eu-central-1";

/// One AWS service behind the front door.
///
/// The signature has been verified and the body read in full (at most
/// [`BODY_BYTES_MAX`]) before `handle` is called. An answer should carry a [`Did`]
/// in its extensions, so that the record names the operation and its parameters.
#[async_trait::async_trait]
pub trait AwsService: Send + Sync + 'static {
    /// The service's name in a signature's scope: `emr-serverless`, `monitoring`,
    /// `logs`, `kafka`, `iam`, `sts`.
    fn name(&self) -> &'static str;

    /// Which shape the service's errors have, for those that the front door itself
    /// must answer (throttling and the like).
    fn protocol(&self) -> Protocol;

    /// The operation that a request asks for, by its AWS name. Faults and rights are
    /// looked up under it; `None` leaves the refusal to `handle`.
    fn action(&self, parts: &Parts, body: &Bytes) -> Option<String>;

    /// The ARN that the operation touches, for the check of the caller's rights.
    fn resource(&self, _parts: &Parts, _body: &Bytes) -> String {
        "*".to_owned()
    }

    /// Carries the request out.
    async fn handle(&self, parts: Parts, body: Bytes, by: Principal) -> Response<Body>;
}

/// How a service of AWS writes its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON with the operation in `X-Amz-Target` (CloudWatch Logs, CloudWatch).
    Json,
    /// JSON with the operation in method and path (EMR Serverless, MSK).
    RestJson,
    /// Form in, XML out, the operation in `Action` (STS, IAM).
    QueryXml,
    /// CBOR with the operation in the path (CloudWatch by the newer SDKs).
    Cbor,
}

/// The largest body of a request to any service but S3, in bytes.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The error in the shape of `protocol`.
pub fn error_answer(
    protocol: Protocol,
    status: StatusCode,
    code: &str,
    message: &str,
) -> Response<Body> {
    match protocol {
        Protocol::Json => json_error(status, code, message),
        Protocol::RestJson => rest_json_error(status, code, message),
        Protocol::QueryXml => query_xml_error(status, code, message),
        Protocol::Cbor => cbor_error(status, code, message),
    }
}

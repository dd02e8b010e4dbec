//! Signature Version 4: reading the scope and verifying the signature.
//!
//! Format: AWS, "Create a signed AWS API request". S3 is verified by `s3s`, since its
//! bodies are streamed and may be signed chunk by chunk; every other service here.

use http::HeaderMap;
use http::request::Parts;
use sha2::{Digest, Sha256};

use super::keys::{AccessKey, AccessKeys};

/// By how much a request's time may differ from ours, in milliseconds.
const SKEW_MS_MAX: i64 = 15 * 60 * 1000;

/// What a signature names before it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The access key's id.
    pub access_key: String,
    /// `YYYYMMDD`.
    pub date: String,
    /// The region, `us-east-1` for the global services.
    pub region: String,
    /// The service.
    pub service: String,
    /// The names of the signed headers, in lower case.
    pub signed_headers: Vec<String>,
    /// The signature in hex.
    pub signature: String,
    /// Whether it stands in the query rather than in the header.
    pub presigned: bool,
}

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature of version 4.
    #[error("the request carries no AWS4-HMAC-SHA256 signature")]
    Missing,
    /// It cannot be read.
    #[error("the signature is malformed: {0}")]
    Malformed(String),
    /// The access key is not known.
    #[error("the access key {0} is not known")]
    UnknownKey(String),
    /// The session has ended.
    #[error("the session of the access key {0} has ended")]
    Expired(String),
    /// The session token is missing or another.
    #[error("the session token does not belong to the access key {0}")]
    WrongToken(String),
    /// The clocks differ too much.
    #[error("the time of the request differs from the server's by more than 15 minutes")]
    Skewed,
    /// The signature is not the one that the key gives.
    #[error("the signature does not match the request")]
    Mismatch,
}

impl SignatureError {
    /// The error code that AWS gives, outside S3.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Malformed(_) => "IncompleteSignatureException",
            Self::UnknownKey(_) | Self::WrongToken(_) => "UnrecognizedClientException",
            Self::Expired(_) => "ExpiredTokenException",
            Self::Skewed | Self::Mismatch => "InvalidSignatureException",
        }
    }

    /// The error code that S3 gives.
    pub fn s3_code(&self) -> &'static str {
        match self {
            Self::Missing => "AccessDenied",
            Self::Malformed(_) => "AuthorizationHeaderMalformed",
            Self::UnknownKey(_) => "InvalidAccessKeyId",
            Self::WrongToken(_) => "InvalidToken",
            Self::Expired(_) => "ExpiredToken",
            Self::Skewed => "RequestTimeTooSkewed",
            Self::Mismatch => "SignatureDoesNotMatch",
        }
    }
}

impl Scope {
    /// Reads the scope from the header or, of a presigned request, from the query.
    pub fn of(parts: &Parts) -> Result<Self, SignatureError> {
        if let Some(value) = parts.headers.get(http::header::AUTHORIZATION) {
            let value = value
                .to_str()
                .map_err(|_| SignatureError::Malformed("not ASCII".to_owned()))?;
            return Self::from_header(value);
        }
        Self::from_query(parts.uri.query().unwrap_or_default())
    }

    fn from_header(value: &str) -> Result<Self, SignatureError> {
        let rest = value
            .strip_prefix("AWS4-HMAC-SHA256 ")
            .ok_or(SignatureError::Missing)?;
        let field = |name: &str| {
            rest.split(',')
                .filter_map(|part| part.trim().split_once('='))
                .find(|(found, _)| *found == name)
                .map(|(_, value)| value.to_owned())
                .ok_or_else(|| SignatureError::Malformed(format!("{name} is missing")))
        };
        let credential = field("Credential")?;
        let signed = field("SignedHeaders")?;
        Self::assemble(&credential, &signed, field("Signature")?, false)
    }

    fn from_query(query: &str) -> Result<Self, SignatureError> {
        let field = |name: &str| {
            query_pairs(query)
                .into_iter()
                .find(|(found, _)| found == name)
                .map(|(_, value)| value)
        };
        if field("X-Amz-Algorithm").as_deref() != Some("AWS4-HMAC-SHA256") {
            return Err(SignatureError::Missing);
        }
        let need = |name: &str| {
            field(name)
                .ok_or_else(|| SignatureError::Malformed(format!("{name} is missing")))
        };
        Self::assemble(
            &need("X-Amz-Credential")?,
            &need("X-Amz-SignedHeaders")?,
            need("X-Amz-Signature")?,
            true,
        )
    }

    fn assemble(
        credential: &str,
        signed: &str,
        signature: String,
        presigned: bool,
    ) -> Result<Self, SignatureError> {
        // An access key may not hold a slash, so the scope is the last four parts.
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key, date, region, service, "aws4_request"] = parts.as_slice() else {
            return Err(SignatureError::Malformed(format!(
                "the credential {credential} is not KEY/DATE/REGION/SERVICE/aws4_request"
            )));
        };
        Ok(Self {
            access_key: (*access_key).to_owned(),
            date: (*date).to_owned(),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
            signed_headers: signed.split(';').map(str::to_owned).collect(),
            signature,
            presigned,
        })
    }

    /// Looks the key up: known, not expired, and with its session token.
    pub fn key(
        &self,
        parts: &Parts,
        keys: &AccessKeys,
        now_ms: i64,
    ) -> Result<AccessKey, SignatureError> {
        let id = &self.access_key;
        let key = keys
            .get(id)
            .ok_or_else(|| SignatureError::UnknownKey(id.clone()))?;
        let token = if self.presigned {
            query_pairs(parts.uri.query().unwrap_or_default())
                .into_iter()
                .find(|(name, _)| name == "X-Amz-Security-Token")
                .map(|(_, value)| value)
        } else {
            header(&parts.headers, "x-amz-security-token").map(str::to_owned)
        };
        if token != key.session_token {
            return Err(SignatureError::WrongToken(id.clone()));
        }
        if key.expires_at_ms.is_some_and(|end_ms| end_ms <= now_ms) {
            return Err(SignatureError::Expired(id.clone()));
        }
        Ok(key)
    }

    /// Verifies the signature of a request of any service but S3, which has its
    /// signature in the header and its path encoded once more.
    pub fn verify(
        &self,
        parts: &Parts,
        body: &[u8],
        secret: &str,
        now_ms: i64,
    ) -> Result<(), SignatureError> {
        let time = header(&parts.headers, "x-amz-date").ok_or_else(|| {
            SignatureError::Malformed("x-amz-date is missing".to_owned())
        })?;
        let sent_ms = basic_time_ms(time)
            .ok_or_else(|| SignatureError::Malformed(format!("x-amz-date is {time}")))?;
        if !time.starts_with(&self.date) {
            return Err(SignatureError::Malformed(
                "the scope names another day than x-amz-date".to_owned(),
            ));
        }
        if (sent_ms - now_ms).abs() > SKEW_MS_MAX {
            return Err(SignatureError::Skewed);
        }
        let request = canonical_request(parts, body, &self.signed_headers)?;
        let scope = format!(
            "{}/{}/{}/aws4_request",
            self.date, self.region, self.service
        );
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
            hex::encode(Sha256::digest(request.as_bytes()))
        );
        let date_key = hmac(format!("AWS4{secret}").as_bytes(), self.date.as_bytes());
        let region_key = hmac(&date_key, self.region.as_bytes());
        let service_key = hmac(&region_key, self.service.as_bytes());
        let signing_key = hmac(&service_key, b"aws4_request");
        let wanted = hex::encode(hmac(&signing_key, to_sign.as_bytes()));
        if wanted == self.signature {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }
}

/// The names and values of a query, decoded.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name), percent_decode(value))
        })
        .collect()
}

/// Undoes percent-encoding; a stray percent sign stands for itself. A plus sign is a
/// plus sign, as in a signed query.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| {
            let hex = std::str::from_utf8(hex).ok()?;
            u8::from_str_radix(hex, 16).ok()
        });
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Percent-encodes everything but the unreserved characters and, for a path, slashes.
pub(crate) fn percent_encode(text: &str, keep_slash: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            b'/' if keep_slash => encoded.push('/'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

fn canonical_request(
    parts: &Parts,
    body: &[u8],
    signed_headers: &[String],
) -> Result<String, SignatureError> {
    let mut query: Vec<(String, String)> =
        query_pairs(parts.uri.query().unwrap_or_default())
            .into_iter()
            .map(|(name, value)| {
                (percent_encode(&name, false), percent_encode(&value, false))
            })
            .collect();
    query.sort();
    let query = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&");
    let mut headers = String::new();
    for name in signed_headers {
        let values: Vec<String> = parts
            .headers
            .get_all(name.as_str())
            .iter()
            .map(|value| {
                let value = String::from_utf8_lossy(value.as_bytes());
                value.split_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect();
        if values.is_empty() {
            return Err(SignatureError::Malformed(format!(
                "the signed header {name} is missing"
            )));
        }
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    if !signed_headers.iter().any(|name| name == "host") {
        return Err(SignatureError::Malformed("host is not signed".to_owned()));
    }
    Ok(format!(
        "{}\n{}\n{query}\n{headers}\n{}\n{}",
        parts.method,
        percent_encode(parts.uri.path(), true),
        signed_headers.join(";"),
        hex::encode(Sha256::digest(body)),
    ))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The milliseconds of `YYYYMMDDTHHMMSSZ`.
fn basic_time_ms(time: &str) -> Option<i64> {
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?;
    let time = jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?;
    Some(time.as_millisecond())
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;

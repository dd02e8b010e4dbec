//! The parameters of the Query protocol.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Response;
use http::StatusCode;
use http::request::Parts;

use axum::body::Body;

use super::answer::query_xml_error;
use super::signature::percent_decode;

/// The parameters of one request. Each is taken once; what is left at the end was not
/// understood and is refused.
#[derive(Debug, Clone, Default)]
pub struct Form {
    fields: BTreeMap<String, String>,
}

/// A refusal of the Query protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormError {
    /// The error code.
    pub code: &'static str,
    /// The sentence for a person.
    pub message: String,
}

impl Form {
    /// Reads the parameters of the body, and of the query before it.
    pub fn read(parts: &Parts, body: &Bytes) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let body = String::from_utf8_lossy(body);
        let fields = query
            .split('&')
            .chain(body.split('&'))
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let text = |text: &str| percent_decode(&text.replace('+', " "));
                (text(name), text(value))
            })
            .collect();
        Self { fields }
    }

    /// The operation that is asked for.
    pub fn action(&self) -> Option<&str> {
        self.fields.get("Action").map(String::as_str)
    }

    /// A parameter, without taking it.
    pub fn peek(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// Takes a parameter that may be absent.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.fields.remove(name)
    }

    /// Takes a parameter that must be there.
    pub fn need(&mut self, name: &str) -> Result<String, FormError> {
        self.take(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| FormError {
                code: "ValidationError",
                message: format!("the parameter {name} is missing"),
            })
    }

    /// Takes the members `NAME.member.1`, `NAME.member.2` and so on.
    pub fn members(&mut self, name: &str) -> Vec<String> {
        (1..)
            .map_while(|at: u32| self.take(&format!("{name}.member.{at}")))
            .collect()
    }

    /// Refuses what was not taken.
    pub fn finish(mut self) -> Result<(), FormError> {
        self.fields.remove("Action");
        self.fields.remove("Version");
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => Err(FormError {
                code: "ValidationError",
                message: format!("the sandbox does not understand the parameter {name}"),
            }),
        }
    }
}

impl FormError {
    /// A refusal with this code.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The answer; what does not exist is 404 and everything else 400.
    pub fn answer(&self) -> Response<Body> {
        let status = match self.code {
            "NoSuchEntity" => StatusCode::NOT_FOUND,
            "AccessDenied" => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        query_xml_error(status, self.code, &self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_leftovers_refused() {
        let (parts, ()) = http::Request::post("/").body(()).expect("one").into_parts();
        let body = Bytes::from_static(
            b"Action=GetRole&Version=2010-05-08&RoleName=a%2Bb+c&N.member.1=x&\
              N.member.2=y&Odd=1",
        );
        let mut form = Form::read(&parts, &body);
        assert_eq!(form.action(), Some("GetRole"));
        assert_eq!(form.need("RoleName").as_deref(), Ok("a+b c"));
        assert_eq!(form.members("N"), ["x", "y"]);
        assert!(form.need("Absent").is_err());
        let error = form.finish().expect_err("refused");
        assert!(error.message.contains("Odd"), "{}", error.message);
    }
}

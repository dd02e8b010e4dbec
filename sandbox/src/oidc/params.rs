//! The parameters of a request.

use std::collections::BTreeMap;

/// Parameters of a query or a form, each at most once.
#[derive(Debug, Clone, Default)]
pub(super) struct Params(BTreeMap<String, String>);

/// RFC 6749, section 3.1: no parameter may be given more than once.
#[derive(Debug, thiserror::Error)]
#[error("The parameter {0} is given more than once.")]
pub(super) struct RepeatedParam(String);

impl Params {
    pub(super) fn parse(form: &[u8]) -> Result<Self, RepeatedParam> {
        let mut params = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(form) {
            if params
                .insert(name.to_string(), value.into_owned())
                .is_some()
            {
                return Err(RepeatedParam(name.into_owned()));
            }
        }
        Ok(Self(params))
    }

    /// The value, or `None` where it is absent or empty, which the standard
    /// takes for the same.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// `uri` with parameters added to its query.
pub(super) fn with_query(uri: &str, params: &[(&str, Option<&str>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in params {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() {
        return uri.to_owned();
    }
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}{query}")
}

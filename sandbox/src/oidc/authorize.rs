//! The authorization request: what is asked, and why it may be refused.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{config::ProviderConfig, params::Params};

/// What the provider accepts as `scope`; others are left out of the answer.
pub(super) const SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// A request that may be answered with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthorizeRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) code_challenge: String,
    /// Granted scopes.
    pub(super) scopes: Vec<&'static str>,
    pub(super) prompt: Prompt,
    /// How long ago the person may have signed in, in milliseconds.
    pub(super) max_age_ms: Option<i64>,
    pub(super) login_hint: Option<String>,
}

/// Whether the person must, may or must not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    /// Only where nobody is signed in, or too long ago.
    IfNeeded,
    /// Always.
    Always,
    /// Never; an error instead.
    Never,
}

/// How a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// On a page of the provider, since nothing vouches for the address to
    /// send an answer to.
    OnPage(String),
    /// At the client, by one of the standard's error codes.
    AtClient {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
        description: String,
    },
}

impl AuthorizeRequest {
    pub(super) fn read(
        params: &Params,
        config: &ProviderConfig,
    ) -> Result<Self, Refusal> {
        let (client_id, redirect_uri) = known_client(params, config)?;
        let refuse = |error, description: &str| Refusal::AtClient {
            redirect_uri: redirect_uri.clone(),
            state: params.get("state").map(str::to_owned),
            error,
            description: description.to_owned(),
        };
        for (name, error) in [
            ("request", "request_not_supported"),
            ("request_uri", "request_uri_not_supported"),
            ("registration", "registration_not_supported"),
        ] {
            if params.get(name).is_some() {
                return Err(refuse(error, "The sandbox takes plain parameters only."));
            }
        }
        let required = |name: &'static str| {
            params.get(name).map(str::to_owned).ok_or_else(|| {
                refuse(
                    "invalid_request",
                    &format!("The parameter {name} is required."),
                )
            })
        };
        if required("response_type")? != "code" {
            let text = "The sandbox knows the response type code only.";
            return Err(refuse("unsupported_response_type", text));
        }
        if params
            .get("response_mode")
            .is_some_and(|mode| mode != "query")
        {
            let text = "The sandbox knows the response mode query only.";
            return Err(refuse("invalid_request", text));
        }
        let scopes = granted_scopes(&required("scope")?)
            .ok_or_else(|| refuse("invalid_scope", "The scope openid is required."))?;
        if required("code_challenge_method")? != "S256" {
            let text = "The code challenge method must be S256.";
            return Err(refuse("invalid_request", text));
        }
        let code_challenge = required("code_challenge")?;
        if !is_challenge(&code_challenge) {
            let text = "The code challenge is no SHA-256 in base64url without padding.";
            return Err(refuse("invalid_request", text));
        }
        let prompt = Prompt::read(params.get("prompt"))
            .ok_or_else(|| refuse("invalid_request", "This prompt is not known."))?;
        let max_age_ms = match params.get("max_age") {
            None => None,
            Some(text) => Some(
                text.parse::<u32>()
                    .map(|seconds| i64::from(seconds) * 1000)
                    .map_err(|_| {
                        refuse("invalid_request", "max_age is a number of seconds.")
                    })?,
            ),
        };
        Ok(Self {
            client_id,
            state: required("state")?,
            nonce: required("nonce")?,
            code_challenge,
            scopes,
            prompt,
            max_age_ms,
            login_hint: params.get("login_hint").map(str::to_owned),
            redirect_uri,
        })
    }
}

/// Until client and address are known to belong together, nothing may be sent
/// to the address.
fn known_client(
    params: &Params,
    config: &ProviderConfig,
) -> Result<(String, String), Refusal> {
    let on_page = |text: &str| Refusal::OnPage(text.to_owned());
    let client = params
        .get("client_id")
        .and_then(|id| config.client(id))
        .ok_or_else(|| on_page("The client is not known here."))?;
    let redirect_uri = params
        .get("redirect_uri")
        .ok_or_else(|| on_page("The parameter redirect_uri is required."))?;
    if !client
        .redirect_uris
        .iter()
        .any(|registered| registered == redirect_uri)
    {
        return Err(on_page(
            "The redirect URI is not registered for this client.",
        ));
    }
    Ok((client.id.clone(), redirect_uri.to_owned()))
}

fn granted_scopes(asked: &str) -> Option<Vec<&'static str>> {
    let asked: Vec<&str> = asked.split(' ').collect();
    asked.contains(&"openid").then(|| {
        SCOPES
            .into_iter()
            .filter(|scope| asked.contains(scope))
            .collect()
    })
}

fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD
        .decode(text)
        .is_ok_and(|digest| digest.len() == 32)
}

impl Prompt {
    fn read(text: Option<&str>) -> Option<Self> {
        let mut prompt = Self::IfNeeded;
        for word in text
            .unwrap_or("")
            .split(' ')
            .filter(|word| !word.is_empty())
        {
            prompt = match (word, prompt) {
                ("none", Self::IfNeeded) if text == Some("none") => Self::Never,
                (
                    "login" | "select_account" | "consent",
                    Self::IfNeeded | Self::Always,
                ) => Self::Always,
                _ => return None,
            };
        }
        Some(prompt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::Client;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(change: &[(&str, &str)]) -> Result<AuthorizeRequest, Refusal> {
        let mut params = vec![
            ("response_type", "code"),
            ("client_id", "sluice"),
            ("redirect_uri", "http://localhost:3000/cb"),
            ("scope", "openid profile offline_access"),
            ("state", "s"),
            ("nonce", "n"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in change {
            params.retain(|(known, _)| known != name);
            params.push((name, value));
        }
        let form = with_query_of(&params);
        let config = ProviderConfig::new(Client {
            id: "sluice".to_owned(),
            secret: "secret".to_owned(),
            redirect_uris: vec!["http://localhost:3000/cb".to_owned()],
            post_logout_redirect_uris: Vec::new(),
        });
        AuthorizeRequest::read(&Params::parse(form.as_bytes()).unwrap(), &config)
    }

    fn with_query_of(params: &[(&str, &str)]) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(params)
            .finish()
    }

    fn error(change: &[(&str, &str)]) -> &'static str {
        match read(change).unwrap_err() {
            Refusal::AtClient { error, state, .. } => {
                assert!(change.iter().any(|(n, _)| *n == "state") || state.is_some());
                error
            }
            Refusal::OnPage(_) => "on page",
        }
    }

    #[test]
    fn a_whole_request_is_taken_and_unknown_scopes_are_not_granted() {
        let request = read(&[]).unwrap();
        assert_eq!(request.scopes, ["openid", "profile"]);
        assert_eq!(request.prompt, Prompt::IfNeeded);
        assert_eq!(read(&[("prompt", "login")]).unwrap().prompt, Prompt::Always);
        assert_eq!(read(&[("prompt", "none")]).unwrap().prompt, Prompt::Never);
        assert_eq!(read(&[("max_age", "60")]).unwrap().max_age_ms, Some(60_000));
    }

    #[test]
    fn an_unknown_client_or_address_is_refused_on_a_page() {
        assert_eq!(error(&[("client_id", "other")]), "on page");
        assert_eq!(
            error(&[("redirect_uri", "http://localhost:3000/cb/")]),
            "on page"
        );
        assert_eq!(
            error(&[("redirect_uri", "http://LOCALHOST:3000/cb")]),
            "on page"
        );
        assert_eq!(error(&[("redirect_uri", "")]), "on page");
    }

    #[test]
    fn every_other_fault_is_told_to_the_client() {
        assert_eq!(
            error(&[("response_type", "token")]),
            "unsupported_response_type"
        );
        assert_eq!(error(&[("scope", "profile")]), "invalid_scope");
        assert_eq!(error(&[("state", "")]), "invalid_request");
        assert_eq!(error(&[("nonce", "")]), "invalid_request");
        assert_eq!(error(&[("code_challenge", "")]), "invalid_request");
        assert_eq!(error(&[("code_challenge", "short")]), "invalid_request");
        assert_eq!(
            error(&[("code_challenge_method", "plain")]),
            "invalid_request"
        );
        assert_eq!(error(&[("code_challenge_method", "")]), "invalid_request");
        assert_eq!(error(&[("response_mode", "fragment")]), "invalid_request");
        assert_eq!(error(&[("prompt", "none login")]), "invalid_request");
        assert_eq!(error(&[("prompt", "nonsense")]), "invalid_request");
        assert_eq!(error(&[("max_age", "-1")]), "invalid_request");
        assert_eq!(error(&[("request", "x.y.z")]), "request_not_supported");
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        assert!(Params::parse(b"state=a&state=b").is_err());
    }
}

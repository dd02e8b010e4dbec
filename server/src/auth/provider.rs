//! The OpenID provider: who it is, where a browser is sent, and what its answer
//! is worth.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use domain::access::PersonId;
use domain::time::Millis;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields,
    IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
};
use tokio::sync::Mutex;
use url::Url;

use super::claims::OtherClaims;
use crate::config::{PublicOrigin, SignIn};
use crate::http::client::{HttpClient, HttpClientError};

type Fields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type TokenAnswer = StandardTokenResponse<Fields, CoreTokenType>;
type OidcClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    TokenAnswer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Signatures that only the provider can make. `none` is no signature, and the
/// HS family would let whoever learns the client secret sign in as anybody.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// How far the provider's clock may be ahead of ours.
const CLOCK_SKEW_MS: i64 = 60_000;

/// How long metadata and keys are trusted before they are read again.
const METADATA_AGE_MS_MAX: i64 = 3_600_000;
/// How soon they may be read again for a key that is not known, so that forged
/// tokens cannot make us hammer the provider.
const METADATA_AGE_MS_MIN: i64 = 30_000;

/// The configured provider. What it says of itself is read when it is first
/// needed, so that the server starts while the provider is down.
pub struct Provider {
    settings: SignIn,
    redirect: String,
    signed_out: String,
    http: HttpClient,
    known: RwLock<Option<Arc<Known>>>,
    /// Held while the metadata is read, so that it is read once.
    reading: Mutex<()>,
}

struct Known {
    client: OidcClient,
    metadata: ProviderMetadataWithLogout,
    read_at: Millis,
}

/// A browser's way to the provider, and what must be remembered until it is back.
pub struct Departure {
    pub url: Url,
    pub state: String,
    pub nonce: String,
    pub pkce_verifier: String,
}

/// Who came back.
pub struct Identity {
    pub id: PersonId,
    pub name: String,
    pub email: Option<String>,
    /// The values of the roles claim.
    pub role_values: Vec<String>,
    /// `auth_time`: when the person proved who they are. `None` where the
    /// provider does not tell; then no act that needs a fresh sign-in is open.
    pub authenticated_at: Option<Millis>,
    /// Names the session at the provider when signing out.
    pub id_token: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("the provider's metadata cannot be read")]
    Discover(#[source] openidconnect::DiscoveryError<HttpClientError>),
    #[error("an address of the configuration cannot be used with the provider")]
    Address(#[source] url::ParseError),
    #[error("the provider names no token endpoint")]
    NoTokenEndpoint(#[source] openidconnect::ConfigurationError),
    #[error("the provider did not exchange the code")]
    Exchange(
        #[source]
        openidconnect::RequestTokenError<
            HttpClientError,
            StandardErrorResponse<CoreErrorResponseType>,
        >,
    ),
    #[error("the provider sent no ID token")]
    NoIdToken,
    #[error("the ID token is refused")]
    IdToken(#[source] openidconnect::ClaimsVerificationError),
    #[error("the access token is not the one that the ID token speaks of")]
    AccessToken,
    #[error("the ID token says that the person signed in in the future")]
    AuthenticatedInFuture,
}

impl Provider {
    pub fn new(settings: SignIn, origin: &PublicOrigin, http: HttpClient) -> Self {
        Self {
            redirect: origin.join("/sign-in/callback"),
            signed_out: origin.join("/signed-out"),
            settings,
            http,
            known: RwLock::new(None),
            reading: Mutex::new(()),
        }
    }

    pub fn settings(&self) -> &SignIn {
        &self.settings
    }

    /// Whether the provider has been reached.
    pub fn is_known(&self) -> bool {
        self.current().is_some()
    }

    /// The origins that a form of ours may lead to.
    pub fn origins(&self) -> Vec<String> {
        let mut origins = Vec::new();
        let mut add = |url: &Url| {
            let origin = url.origin().ascii_serialization();
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        };
        if let Ok(issuer) = Url::parse(self.settings.issuer.as_str()) {
            add(&issuer);
        }
        if let Some(known) = self.current() {
            add(known.metadata.authorization_endpoint().url());
            if let Some(end) = &known.metadata.additional_metadata().end_session_endpoint
            {
                add(end.url());
            }
        }
        origins
    }

    /// Reads the provider's metadata and keys, unless they are fresh.
    pub async fn discover(&self) -> Result<(), ProviderError> {
        self.known(METADATA_AGE_MS_MAX).await.map(|_| ())
    }

    /// Begins a sign-in. `fresh` asks for a new proof of who the person is, even
    /// if they are signed in at the provider.
    pub async fn depart(&self, fresh: bool) -> Result<Departure, ProviderError> {
        let known = self.known(METADATA_AGE_MS_MAX).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        // With `max_age` the provider must tell `auth_time`.
        let age_seconds = match fresh {
            true => 0,
            false => u64::from(self.settings.session_absolute_minutes) * 60,
        };
        let scopes = self
            .settings
            .scopes
            .iter()
            .filter(|scope| *scope != "openid");
        let (url, state, nonce) = known
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes.cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .set_max_age(Duration::from_secs(age_seconds))
            .url();
        Ok(Departure {
            url,
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            pkce_verifier: verifier.into_secret(),
        })
    }

    /// Exchanges the code and proves the ID token: issuer, audience, expiry,
    /// signature and nonce.
    pub async fn arrive(
        &self,
        code: String,
        nonce: String,
        pkce_verifier: String,
        now: Millis,
    ) -> Result<Identity, ProviderError> {
        let known = self.known(METADATA_AGE_MS_MAX).await?;
        let answer = known
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(ProviderError::NoTokenEndpoint)?
            .set_pkce_verifier(PkceCodeVerifier::new(pkce_verifier))
            .request_async(&self.http)
            .await
            .map_err(ProviderError::Exchange)?;
        let nonce = Nonce::new(nonce);
        match self.prove(&known, &answer, &nonce, now) {
            // The provider may have changed its keys since they were read.
            Err(ProviderError::IdToken(error)) if is_unknown_key(&error) => {
                let known = self.known(METADATA_AGE_MS_MIN).await?;
                self.prove(&known, &answer, &nonce, now)
            }
            proved => proved,
        }
    }

    /// Where the browser ends the session at the provider too, if it can.
    pub fn end_session_url(&self, id_token: &str) -> Option<Url> {
        let known = self.current()?;
        let endpoint = known
            .metadata
            .additional_metadata()
            .end_session_endpoint
            .clone()?;
        let back = PostLogoutRedirectUrl::new(self.signed_out.clone()).ok()?;
        let mut url = LogoutRequest::from(endpoint)
            .set_client_id(ClientId::new(self.settings.client_id.clone()))
            .set_post_logout_redirect_uri(back)
            .http_get_url();
        url.query_pairs_mut().append_pair("id_token_hint", id_token);
        Some(url)
    }

    fn prove(
        &self,
        known: &Known,
        answer: &TokenAnswer,
        nonce: &Nonce,
        now: Millis,
    ) -> Result<Identity, ProviderError> {
        let id_token = answer.id_token().ok_or(ProviderError::NoIdToken)?;
        let verifier = known
            .client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS);
        let claims = id_token
            .claims(&verifier, nonce)
            .map_err(ProviderError::IdToken)?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = id_token
                .signing_alg()
                .map_err(|_| ProviderError::AccessToken)?;
            let key = id_token
                .signing_key(&verifier)
                .map_err(|_| ProviderError::AccessToken)?;
            let actual =
                AccessTokenHash::from_token(answer.access_token(), algorithm, key)
                    .map_err(|_| ProviderError::AccessToken)?;
            if actual != *expected {
                return Err(ProviderError::AccessToken);
            }
        }
        let authenticated_at = claims
            .auth_time()
            .map(|time| Millis(time.timestamp_millis()));
        if authenticated_at.is_some_and(|time| time > now.plus(CLOCK_SKEW_MS)) {
            return Err(ProviderError::AuthenticatedInFuture);
        }
        let subject = claims.subject().to_string();
        let first = claims
            .name()
            .and_then(|name| name.get(None))
            .map(|name| name.to_string());
        let email = claims.email().map(|email| email.to_string());
        let name = first
            .or_else(|| claims.preferred_username().map(|name| name.to_string()))
            .or_else(|| email.clone())
            .unwrap_or_else(|| subject.clone());
        Ok(Identity {
            id: PersonId {
                issuer: claims.issuer().to_string(),
                subject,
            },
            name,
            email,
            role_values: claims.additional_claims().texts(&self.settings.roles_claim),
            authenticated_at,
            id_token: id_token.to_string(),
        })
    }

    fn current(&self) -> Option<Arc<Known>> {
        self.known
            .read()
            .expect("nothing panics while it holds this lock")
            .clone()
    }

    /// What is known of the provider, no older than `age_ms_max`. When it cannot
    /// be read anew, what was known before is used on.
    async fn known(&self, age_ms_max: i64) -> Result<Arc<Known>, ProviderError> {
        let fresh =
            |known: &Arc<Known>| crate::clock::now().since(known.read_at) <= age_ms_max;
        if let Some(known) = self.current().filter(fresh) {
            return Ok(known);
        }
        let _reading = self.reading.lock().await;
        // Another request may have read it while this one waited.
        if let Some(known) = self.current().filter(fresh) {
            return Ok(known);
        }
        match self.read().await {
            Ok(known) => {
                let known = Arc::new(known);
                *self
                    .known
                    .write()
                    .expect("nothing panics while it holds this lock") =
                    Some(Arc::clone(&known));
                Ok(known)
            }
            Err(error) => match self.current() {
                Some(known) => {
                    tracing::warn!(
                        error = crate::telemetry::chain(&error),
                        "the provider's metadata was not read anew"
                    );
                    Ok(known)
                }
                None => Err(error),
            },
        }
    }

    async fn read(&self) -> Result<Known, ProviderError> {
        let issuer = IssuerUrl::new(self.settings.issuer.as_str().to_owned())
            .map_err(ProviderError::Address)?;
        // Refuses metadata whose issuer is not exactly the configured one.
        let metadata = ProviderMetadataWithLogout::discover_async(issuer, &self.http)
            .await
            .map_err(ProviderError::Discover)?;
        let secret = self.settings.client_secret.expose().to_owned();
        let redirect =
            RedirectUrl::new(self.redirect.clone()).map_err(ProviderError::Address)?;
        let client = OidcClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            Some(ClientSecret::new(secret)),
        )
        .set_redirect_uri(redirect);
        Ok(Known {
            client,
            metadata,
            read_at: crate::clock::now(),
        })
    }
}

fn is_unknown_key(error: &openidconnect::ClaimsVerificationError) -> bool {
    use openidconnect::{ClaimsVerificationError, SignatureVerificationError};
    matches!(
        error,
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey
        )
    )
}

//! Tokens that are faulty on purpose: a client that looks refuses each.

use openidconnect::{ClaimsVerificationError, TokenResponse};
use sandbox::oidc::TokenFault;

use crate::browser::{client, provider, sign_in};

#[tokio::test]
async fn a_client_that_looks_refuses_every_faulty_token() {
    let provider = provider().await;
    let client = client(&provider).await;
    type Expected = fn(&ClaimsVerificationError) -> bool;
    let faults: [(TokenFault, Expected); 7] = [
        (TokenFault::WrongIssuer, |e| {
            matches!(e, ClaimsVerificationError::InvalidIssuer(_))
        }),
        (TokenFault::WrongAudience, |e| {
            matches!(e, ClaimsVerificationError::InvalidAudience(_))
        }),
        (TokenFault::WrongNonce, |e| {
            matches!(e, ClaimsVerificationError::InvalidNonce(_))
        }),
        (TokenFault::Expired, |e| {
            matches!(e, ClaimsVerificationError::Expired(_))
        }),
        (TokenFault::AlgNone, |e| {
            matches!(e, ClaimsVerificationError::SignatureVerification(_))
        }),
        (TokenFault::UnknownKeyId, |e| {
            matches!(e, ClaimsVerificationError::SignatureVerification(_))
        }),
        (TokenFault::WrongSignature, |e| {
            matches!(e, ClaimsVerificationError::SignatureVerification(_))
        }),
    ];
    for (fault, expected) in faults {
        provider.faulty_tokens().set(Some(fault));
        let (tokens, nonce) = sign_in(&provider, &client, "oda").await;
        let token = tokens.id_token().unwrap();
        let error = token
            .claims(&client.id_token_verifier(), &nonce)
            .unwrap_err();
        assert!(expected(&error), "{fault:?}: {error:?}");
    }
    provider.faulty_tokens().set(None);
    let (tokens, nonce) = sign_in(&provider, &client, "oda").await;
    assert!(
        tokens
            .id_token()
            .unwrap()
            .claims(&client.id_token_verifier(), &nonce)
            .is_ok()
    );
}

#[tokio::test]
async fn an_old_sign_in_shows_in_auth_time() {
    let provider = provider().await;
    let client = client(&provider).await;
    provider.faulty_tokens().set(Some(TokenFault::OldAuthTime));
    let (tokens, nonce) = sign_in(&provider, &client, "oda").await;
    let token = tokens.id_token().unwrap();
    let claims = token.claims(&client.id_token_verifier(), &nonce).unwrap();
    let days = (claims.issue_time() - claims.auth_time().unwrap()).num_days();
    assert_eq!(days, 365);
}

use super::*;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const NOW_MS: i64 = 1_700_000_000_000;

fn request() -> AuthorizeRequest {
    AuthorizeRequest {
        client_id: "sluice".to_owned(),
        redirect_uri: "http://localhost:3000/cb".to_owned(),
        state: "s".to_owned(),
        nonce: "n".to_owned(),
        // The example of RFC 7636, appendix B.
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
        scopes: vec!["openid"],
        prompt: Prompt::IfNeeded,
        max_age_ms: None,
        login_hint: None,
    }
}

fn signed_in() -> (Grants, String, String) {
    let mut grants = Grants::default();
    let Next::Ask(asked) = grants.begin(request(), None, NOW_MS) else {
        panic!("a stranger was not asked");
    };
    let (cookie, code, _) = grants.sign_in(&asked, "oda", NOW_MS).unwrap();
    assert!(
        grants.sign_in(&asked, "oda", NOW_MS).is_none(),
        "an answer counted twice"
    );
    (grants, cookie, code)
}

fn exchange(
    grants: &mut Grants,
    code: &str,
    at_ms: i64,
) -> Result<(String, Grant), ExchangeError> {
    grants.exchange(code, "sluice", "http://localhost:3000/cb", VERIFIER, at_ms)
}

#[test]
fn a_code_is_exchanged_once_and_its_token_withdrawn_when_shown_again() {
    let (mut grants, _, code) = signed_in();
    let (token, grant) = exchange(&mut grants, &code, NOW_MS + 59_999).unwrap();
    assert_eq!(grant.session.login, "oda");
    assert!(grants.access(&token, NOW_MS + 60_000).is_some());
    assert_eq!(
        exchange(&mut grants, &code, NOW_MS + 59_999),
        Err(ExchangeError::Used)
    );
    assert!(grants.access(&token, NOW_MS + 60_000).is_none());
}

#[test]
fn a_code_ends_after_a_minute() {
    let (mut grants, _, code) = signed_in();
    assert_eq!(
        exchange(&mut grants, &code, NOW_MS + 60_000),
        Err(ExchangeError::Unknown)
    );
}

#[test]
fn a_code_is_bound_to_client_address_and_verifier_and_burnt_by_a_wrong_one() {
    let uri = "http://localhost:3000/cb";
    let wrong = [
        ("other", uri, VERIFIER, ExchangeError::Client),
        (
            "sluice",
            "http://localhost:3000/",
            VERIFIER,
            ExchangeError::RedirectUri,
        ),
        ("sluice", uri, "guess", ExchangeError::Verifier),
    ];
    for (client, uri, verifier, expected) in wrong {
        let (mut grants, _, code) = signed_in();
        let refused = grants.exchange(&code, client, uri, verifier, NOW_MS);
        assert_eq!(refused.map(|(token, _)| token), Err(expected));
        assert_eq!(
            exchange(&mut grants, &code, NOW_MS),
            Err(ExchangeError::Used)
        );
    }
}

#[test]
fn a_session_is_used_unless_it_is_too_old_or_the_person_is_to_be_asked() {
    let (mut grants, cookie, _) = signed_in();
    let later_ms = NOW_MS + 10_000;
    let mut begin = |change: fn(&mut AuthorizeRequest)| {
        let mut request = request();
        change(&mut request);
        grants.begin(request, Some(&cookie), later_ms)
    };
    assert!(matches!(begin(|_| {}), Next::Code(_)));
    assert!(matches!(begin(|r| r.prompt = Prompt::Never), Next::Code(_)));
    assert!(matches!(begin(|r| r.prompt = Prompt::Always), Next::Ask(_)));
    assert!(matches!(
        begin(|r| r.max_age_ms = Some(20_000)),
        Next::Code(_)
    ));
    assert!(matches!(
        begin(|r| r.max_age_ms = Some(10_000)),
        Next::Ask(_)
    ));
    assert!(matches!(begin(|r| r.max_age_ms = Some(0)), Next::Ask(_)));
    assert_eq!(
        begin(|r| (r.max_age_ms, r.prompt) = (Some(0), Prompt::Never)),
        Next::LoginRequired
    );
}

#[test]
fn a_session_ends_by_signing_out_and_by_time() {
    let (mut grants, cookie, _) = signed_in();
    let ended_ms = NOW_MS + SESSION_MS;
    assert!(matches!(
        grants.begin(request(), Some(&cookie), ended_ms),
        Next::Ask(_)
    ));
    assert!(matches!(
        grants.begin(request(), Some(&cookie), NOW_MS),
        Next::Code(_)
    ));
    grants.sign_out(Some(&cookie), None);
    assert!(matches!(
        grants.begin(request(), Some(&cookie), NOW_MS),
        Next::Ask(_)
    ));
}

#[test]
fn the_number_of_entries_is_bounded() {
    let mut entries = Entries::default();
    for at_ms in 0..(MAX_ENTRIES as i64 + 10) {
        entries.put(at_ms.to_string(), (), at_ms, 1_000_000);
    }
    assert_eq!(entries.0.len(), MAX_ENTRIES);
    assert!(entries.get("9", 0).is_none());
    assert!(entries.get("10", 0).is_some());
}

use super::*;

/// RFC 4231, test case 2.
#[test]
fn hmac_gives_the_published_value() {
    let mac = hmac(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(
        hex::encode(mac),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

/// The example of AWS's documentation on signing (GET ListUsers).
fn documented_request() -> (Parts, String) {
    let (parts, ()) = http::Request::get(
        "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
    )
    .header("host", "iam.amazonaws.com")
    .header(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )
    .header("x-amz-date", "20150830T123600Z")
    .header(
        "authorization",
        "AWS4-HMAC-SHA256 \
         Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date, \
         Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    )
    .body(())
    .expect("a request")
    .into_parts();
    (parts, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned())
}

#[test]
fn the_documented_signature_is_verified() {
    let (parts, secret) = documented_request();
    let now_ms = basic_time_ms("20150830T123700Z").expect("a time");
    let scope = Scope::of(&parts).expect("a scope");
    assert_eq!((scope.service.as_str(), scope.presigned), ("iam", false));
    assert_eq!(scope.verify(&parts, b"", &secret, now_ms), Ok(()));
    assert_eq!(
        scope.verify(&parts, b"more", &secret, now_ms),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        scope.verify(&parts, b"", "another", now_ms),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        scope.verify(&parts, b"", &secret, now_ms + SKEW_MS_MAX),
        Err(SignatureError::Skewed)
    );
}

#[test]
fn a_request_without_a_signature_is_told_so() {
    let (parts, ()) = http::Request::get("http://127.0.0.1/")
        .body(())
        .expect("a request")
        .into_parts();
    assert_eq!(Scope::of(&parts), Err(SignatureError::Missing));
}

#[test]
fn percent_coding_goes_both_ways() {
    let odd = "a b/%2F+ü~";
    assert_eq!(percent_encode(odd, false), "a%20b%2F%252F%2B%C3%BC~");
    assert_eq!(percent_decode(&percent_encode(odd, true)), odd);
    assert_eq!(percent_decode("100%"), "100%");
}

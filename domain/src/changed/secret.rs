//! What may be a secret is never shown, not even in part.

/// What a name or a value with a secret in it tends to hold, in lower case. A
/// password in an address stands between a colon and an `@`.
const WORDS: [&str; 12] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "sasl.jaas",
    "credential",
    "access.key",
    "accesskey",
    "access-key",
    "private",
    "api-key",
];

/// Whether a setting may hold a secret, by its name or by its value. It errs on
/// the side of hiding: `…SecretsManager…` is hidden too.
#[must_use]
pub fn may_be_secret(key: &str, value: &str) -> bool {
    let holds = |text: &str| {
        let text = text.to_ascii_lowercase().replace('_', "-");
        WORDS.iter().any(|word| text.contains(word))
    };
    holds(key) || holds(value) || signs_in(value)
}

/// Whether an address in the text carries a name and a password.
fn signs_in(text: &str) -> bool {
    text.match_indices("://").any(|(at, sign)| {
        let rest = &text[at + sign.len()..];
        let host = rest.split(['/', ' ', '?']).next().unwrap_or(rest);
        host.split_once('@')
            .is_some_and(|(user, _)| user.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_told_by_its_name_or_by_its_value() {
        for (key, value, secret) in [
            ("spark.executor.memory", "8g", false),
            ("spark.hadoop.fs.s3a.secret.key", "x", true),
            ("spark.hadoop.fs.s3a.access.key", "AKIA", true),
            ("spark.kafka.sasl.jaas.config", "x", true),
            ("--API_TOKEN", "x", true),
            ("spark.db.PASSWORD", "x", true),
            ("spark.driver.extraJavaOptions", "-Dstore.password=x", true),
            ("--db", "postgres://me:hush@host/db", true),
            ("--db", "postgres://me@host:5432/db", false),
            ("--from", "s3://bucket/a:b@c", false),
        ] {
            assert_eq!(may_be_secret(key, value), secret, "{key} {value}");
        }
    }
}

//! Why a job failed, as far as its own words tell: what it would take to mend
//! that, since a reset would not.

use serde::{Deserialize, Serialize};

/// A line is quoted up to so many characters.
const QUOTED_CHARS_MAX: usize = 300;

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What kind of thing is wrong.
    pub kind: CauseKind,
    /// The line that says so, as it was written.
    pub line: String,
    /// The key, role or secret that the line names, an ARN.
    pub about: Option<String>,
}

/// What can be wrong with a job that no checkpoint has to do with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// A KMS key that is disabled, gone, or may not be used.
    Key,
    /// A credential that is wrong or whose time is over.
    Secret,
    /// A right that is missing.
    Permission,
    /// A limit of the account or the application.
    Quota,
    /// The script, a jar or a library is not there.
    ScriptMissing,
    /// Records, tables or state have another shape than the code expects.
    Schema,
    /// An executor or the driver had too little memory.
    Memory,
    /// Something could not be reached.
    Network,
    /// The job's own code.
    Code,
}

impl CauseKind {
    /// In a few words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Key => "a KMS key",
            Self::Secret => "a secret or credential",
            Self::Permission => "a missing permission",
            Self::Quota => "a quota",
            Self::ScriptMissing => "a script or library that is not there",
            Self::Schema => "a schema that does not fit",
            Self::Memory => "too little memory",
            Self::Network => "a place that cannot be reached",
            Self::Code => "the job's code",
        }
    }

    /// What would help, as a sentence.
    #[must_use]
    pub fn helps(self) -> &'static str {
        match self {
            Self::Key => {
                "Enable the KMS key, or let the job's role use it, and start the job again."
            }
            Self::Secret => {
                "Renew the secret or credential that the job signs in with, and start the job again."
            }
            Self::Permission => {
                "Give the job's role the right that it was refused, and start the job again."
            }
            Self::Quota => {
                "Raise the limit that the job ran into, or free what uses it up, and start the job again."
            }
            Self::ScriptMissing => {
                "Put the script or library where the job looks for it, and start the job again."
            }
            Self::Schema => {
                "Make the code, or what it reads and writes, fit each other, and start the job again."
            }
            Self::Memory => {
                "Give the job more memory, or cap maxOffsetsPerTrigger, and start the job again."
            }
            Self::Network => {
                "Open the way to what could not be reached, and start the job again."
            }
            Self::Code => "Mend the job's code, and start the job again.",
        }
    }
}

/// What an error says, by kind; the first kind that any text shows is it, so
/// the more telling ones stand first. The words are those of Kafka's, the AWS
/// SDK's, Hadoop's, Spark's and Python's own exceptions.
const SIGNS: &[(CauseKind, &[&str])] = &[
    (
        CauseKind::Key,
        &[
            "kms:decrypt",
            "kms:generatedatakey",
            "kmsinvalidstateexception",
            "kms.disabledexception",
            "kms.notfoundexception",
            "kms.kmsinvalidstate",
            "awskms; status code",
            "arn:aws:kms:",
        ],
    ),
    (
        CauseKind::Secret,
        &[
            "expiredtoken",
            "security token included in the request is expired",
            "security token included in the request is invalid",
            "invalidaccesskeyid",
            "signaturedoesnotmatch",
            "saslauthenticationexception",
            "authentication failed during authentication due to invalid credentials",
            "certificateexpiredexception",
            "certificate_expired",
            "password authentication failed",
            "resourcenotfoundexception: secrets manager can't find",
        ],
    ),
    (
        CauseKind::Permission,
        &[
            "accessdenied",
            "access denied",
            "is not authorized to perform",
            "authorizationexception",
            "not authorized to access",
            "insufficient lake formation permission",
        ],
    ),
    (
        CauseKind::Quota,
        &[
            "servicequotaexceeded",
            "limitexceededexception",
            "maximum capacity",
            "max capacity",
            "quota exceeded",
            "exceeded the quota",
            "insufficientcapacity",
            "insufficient capacity",
        ],
    ),
    (
        CauseKind::ScriptMissing,
        &[
            "can't open file",
            "modulenotfounderror",
            "classnotfoundexception",
            "noclassdeffounderror",
            "failed to find data source",
            "entrypoint does not exist",
            "unable to download the entrypoint",
        ],
    ),
    (
        CauseKind::Schema,
        &[
            "state_schema",
            "stateschemanotcompatible",
            "schemacolumnconvertnotsupported",
            "avrotypeexception",
            "unresolved_column",
            "cannot resolve",
            "schema mismatch",
            "incompatible schema",
            "malformed_record_in_parsing",
            "incompatible_data",
            "cannot_merge_incompatible",
        ],
    ),
    (
        CauseKind::Memory,
        &["outofmemoryerror", "gc overhead limit", "memoryerror"],
    ),
    (
        CauseKind::Network,
        &[
            "unknownhostexception",
            "timed out waiting for a node assignment",
            "no resolvable bootstrap urls",
            "connection refused",
            "connectexception",
            "unable to execute http request",
        ],
    ),
    (
        CauseKind::Code,
        &[
            "nullpointerexception",
            "pythonexception",
            "typeerror:",
            "keyerror:",
            "valueerror:",
            "nameerror:",
            "attributeerror:",
            "syntaxerror:",
            "indentationerror:",
            "zerodivisionerror:",
            "py4jexception",
            "nosuchmethoderror",
            "numberformatexception",
        ],
    ),
];

/// What the texts say is wrong, most telling first; `None` where they say
/// nothing that is known. They are EMR's words on the job run, and lines of the
/// driver's log.
#[must_use]
pub fn cause<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Option<Cause> {
    SIGNS.iter().find_map(|(kind, signs)| {
        let mut lines = texts.clone().flat_map(str::lines);
        let line = lines.find(|line| shows(line, signs))?;
        Some(Cause {
            kind: *kind,
            about: arn(line),
            line: quoted(line, signs),
        })
    })
}

fn shows(line: &str, signs: &[&str]) -> bool {
    // A frame of a stack trace names classes that did nothing wrong.
    if line.trim_start().starts_with("at ") {
        return false;
    }
    let line = line.to_ascii_lowercase();
    signs.iter().any(|sign| line.contains(sign))
}

/// The line, or where it is long the part that begins a little before the sign.
fn quoted(line: &str, signs: &[&str]) -> String {
    let line = line.trim();
    if line.chars().count() <= QUOTED_CHARS_MAX {
        return line.to_owned();
    }
    let lower = line.to_ascii_lowercase();
    let at = signs.iter().filter_map(|sign| lower.find(sign)).min();
    let from = line.floor_char_boundary(at.unwrap_or(0).saturating_sub(60));
    let part: String = line[from..].chars().take(QUOTED_CHARS_MAX).collect();
    let lead = if from > 0 { "…" } else { "" };
    format!("{lead}{part}…")
}

fn arn(line: &str) -> Option<String> {
    let from = line.find("arn:aws")?;
    let rest = &line[from..];
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_:/.+=@".contains(c)))
        .unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches(['.', ':']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Option<(CauseKind, Option<String>)> {
        cause(texts.iter().copied()).map(|cause| (cause.kind, cause.about))
    }

    #[test]
    fn each_kind_is_told_by_the_words_of_its_error() {
        let key = "arn:aws:kms:eu-central-1:111122223333:key/8f1c";
        let denied = format!(
            "AccessDenied: User is not authorized to perform: kms:Decrypt on resource: {key} because"
        );
        assert_eq!(of(&[&denied]), Some((CauseKind::Key, Some(key.to_owned()))));
        for (text, kind) in [
            (
                "ExpiredTokenException: The security token included in the request is expired",
                CauseKind::Secret,
            ),
            (
                "org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed",
                CauseKind::Secret,
            ),
            (
                "org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [orders]",
                CauseKind::Permission,
            ),
            (
                "java.nio.file.AccessDeniedException: s3://bucket/ck: Access Denied (Service: Amazon S3; Status Code: 403)",
                CauseKind::Permission,
            ),
            (
                "ServiceQuotaExceededException: vCPU limit reached",
                CauseKind::Quota,
            ),
            (
                "python3: can't open file '/tmp/spark/job.py': No such file or directory",
                CauseKind::ScriptMissing,
            ),
            (
                "ModuleNotFoundError: No module named 'avro'",
                CauseKind::ScriptMissing,
            ),
            (
                "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `price` cannot be resolved",
                CauseKind::Schema,
            ),
            (
                "java.lang.OutOfMemoryError: Java heap space",
                CauseKind::Memory,
            ),
            (
                "java.net.UnknownHostException: b-1.msk.example",
                CauseKind::Network,
            ),
            ("KeyError: 'currency'", CauseKind::Code),
        ] {
            assert_eq!(of(&[text]).map(|found| found.0), Some(kind), "{text}");
        }
    }

    #[test]
    fn what_the_checkpoint_or_kafka_did_is_no_cause_of_these() {
        for text in [
            "java.lang.IllegalStateException: Failed to read log file s3://bucket/ck/offsets/9. Incomplete log file",
            "java.lang.IllegalStateException: Cannot fetch offset 17 (GroupId: x)",
            "\tat org.apache.kafka.common.errors.SaslAuthenticationException.<init>(X.java:1)",
            "",
        ] {
            assert_eq!(of(&[text]), None, "{text}");
        }
    }

    #[test]
    fn the_more_telling_text_is_taken_wherever_it_stands() {
        let texts = ["Job failed. KeyError: 'x'", "Caused by: AccessDenied"];
        assert_eq!(of(&texts), Some((CauseKind::Permission, None)));
    }

    #[test]
    fn a_long_line_is_quoted_around_what_it_says() {
        let line = format!("{}AccessDenied here{}", "ü".repeat(500), "y".repeat(500));
        let found = cause([line.as_str()].into_iter()).unwrap();
        assert!(found.line.contains("AccessDenied here"), "{}", found.line);
        assert!(found.line.chars().count() < 310);
    }
}

//! What the doctor says. In JSON every name is in snake case and stable; an
//! action that names a batch is `{"roll_back_to": 5}`, the others are texts.

use serde::{Deserialize, Serialize};

/// One thing that is wrong with a checkpoint, or worth knowing about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The number of the check, `C04`; stable, so that runbooks can name it.
    /// What it looks for stands in [`super::checks::CHECKS`].
    pub id: String,
    pub severity: Severity,
    /// Relative to the checkpoint; a whole address, `s3://…`, where it lies
    /// elsewhere.
    pub path: Option<String>,
    /// Counted from 1.
    pub line: Option<u32>,
    /// What stands there, shortened.
    pub value: Option<String>,
    /// A plain sentence with the evidence.
    pub message: String,
    /// The least harmful action that is enough.
    pub action: Action,
    /// Why nothing less would do; empty where nothing needs to be done.
    pub why: String,
    /// What else is enough, rising in harm, each with why one would choose it.
    pub otherwise: Vec<Remedy>,
    /// How one who edits the checkpoint by hand could mend it with less.
    pub by_hand: Option<String>,
}

/// One way to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    pub action: Action,
    /// Why nothing less would do.
    pub why: String,
}

/// Ordered from least to worst.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    /// The query cannot start, or records are lost without a word.
    Error,
}

/// What would mend it, ordered by harm.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Nothing,
    Wait,
    RestartOnly,
    /// Back to the end of this batch, which keeps its commit.
    RollBackTo(i64),
    RestoreBackup,
    /// Seed the starting offsets in a cleared checkpoint.
    NewStartAtOffsets,
    FullReset,
}

/// Longer evidence is cut.
const VALUE_CHARS_MAX: usize = 200;

impl Remedy {
    pub fn new(action: Action, why: impl Into<String>) -> Self {
        Self {
            action,
            why: why.into(),
        }
    }
}

impl Finding {
    /// Whether it is about how Kafka and the checkpoint fit together, and not
    /// about the checkpoint's own files: those may be whole all the same.
    pub fn is_about_kafka(&self) -> bool {
        matches!(self.id.as_str(), "C23" | "C24" | "C25" | "C26")
    }

    /// A finding that asks for nothing, yet.
    pub fn new(id: &str, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            severity,
            path: None,
            line: None,
            value: None,
            message: message.into(),
            action: Action::Nothing,
            why: String::new(),
            otherwise: Vec::new(),
            by_hand: None,
        }
    }

    pub fn at(mut self, path: impl Into<String>, line: Option<u32>) -> Self {
        self.path = Some(path.into());
        self.line = line;
        self
    }

    /// The evidence as it stands in the file.
    pub fn showing(mut self, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        let mut shown: String = value.chars().take(VALUE_CHARS_MAX).collect();
        if shown.len() < value.len() {
            shown.push('\u{2026}');
        }
        self.value = Some(shown);
        self
    }

    /// What is enough, the least harmful first.
    pub fn mended_by(mut self, ladder: impl IntoIterator<Item = Remedy>) -> Self {
        let mut ladder = ladder.into_iter();
        if let Some(first) = ladder.next() {
            self.action = first.action;
            self.why = first.why;
        }
        self.otherwise = ladder.collect();
        self
    }

    pub fn by_hand(mut self, how: impl Into<String>) -> Self {
        self.by_hand = Some(how.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_has_the_same_names_in_json_for_ever() {
        let finding = Finding::new("C04", Severity::Error, "offsets/6 is empty.")
            .at("offsets/6", Some(1))
            .showing("x")
            .mended_by([
                Remedy::new(Action::RollBackTo(5), "because"),
                Remedy::new(Action::RestoreBackup, "else"),
            ]);
        let json = serde_json::to_value(&finding).unwrap();
        let expected = serde_json::json!({
            "id": "C04",
            "severity": "error",
            "path": "offsets/6",
            "line": 1,
            "value": "x",
            "message": "offsets/6 is empty.",
            "action": {"roll_back_to": 5},
            "why": "because",
            "otherwise": [{"action": "restore_backup", "why": "else"}],
            "by_hand": null,
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Finding>(json).unwrap(), finding);
    }
}

//! What a person asks the server to do: one value a server function, as a form
//! or a call sends it. Nothing in it is believed; the server parses it into
//! the domain's types.

use serde::{Deserialize, Serialize};

/// Opens a Run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRun {
    /// On this stream.
    pub stream: String,
}

/// Answers an item of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerItem {
    /// In this Run.
    pub run: String,
    /// The item: `stuck`, `corruption`, `backup`, `stakeholders` or `reason`.
    pub item: String,
    /// `accept` takes what Sluice offers; `word` takes `text`.
    pub by: String,
    /// The person's word.
    #[serde(default)]
    pub text: String,
}

/// Chooses a way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choose {
    /// In this Run.
    pub run: String,
    /// `restart`, `move`, `rollback`, `restore`, `latest`, `timestamp`, `offsets`,
    /// `rise` or `earliest`.
    pub option: String,
    /// For `timestamp`: RFC 3339 with a zone, epoch milliseconds, or relative
    /// such as `2h ago`.
    #[serde(default)]
    pub at: String,
    /// For `offsets`: Spark's JSON, `{"topic":{"0":23}}`.
    #[serde(default)]
    pub offsets: String,
    /// For `rollback`: the newest batch that stays.
    #[serde(default)]
    pub batch: String,
    /// For `restore`: where the backup lies and the SHA-256 of its manifest, as
    /// `s3://bucket/prefix/#…`.
    #[serde(default)]
    pub backup: String,
    /// For `move`: records to step over, as `topic-partition@offset`, one a line,
    /// or Spark's JSON with the partitions that move.
    #[serde(default)]
    pub moves: String,
    /// For `rise`: Spark's JSON with every partition.
    #[serde(default)]
    pub rises: String,
    /// Why; required.
    #[serde(default)]
    pub reason: String,
}

/// Makes a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MakePlan {
    /// In this Run.
    pub run: String,
    /// `secure` or `reset`.
    pub kind: String,
}

/// Takes a plan in from a file, to be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPlan {
    /// For this Run.
    pub run: String,
    /// The file's text: a plan and its id, as [`Plan`](domain::plan::Plan) is written
    /// in JSON.
    #[serde(default)]
    pub plan: String,
}

/// Chooses the way out of another plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptPlan {
    /// In this Run.
    pub run: String,
    /// The id of the plan whose way out it is.
    pub plan: String,
    /// Why; required.
    #[serde(default)]
    pub reason: String,
}

/// Asks what stands before the start of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskPreflight {
    /// In this Run.
    pub run: String,
    /// The plan's id.
    pub plan: String,
    /// `yes` to try conditions too, by objects of Sluice's own.
    #[serde(default)]
    pub trial: String,
}

/// Asks for agreement to a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAgreement {
    /// In this Run.
    pub run: String,
    /// The plan's id.
    pub plan: String,
}

/// Agrees to a plan or declines it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// In this Run.
    pub run: String,
    /// The plan's id: an answer holds for this very plan.
    pub plan: String,
    /// `agree` or `decline`.
    pub answer: String,
    /// A comment; required to decline.
    #[serde(default)]
    pub comment: String,
}

/// Starts a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartPlan {
    /// In this Run.
    pub run: String,
    /// `secure` or `reset`.
    pub kind: String,
    /// The id of the plan that was seen.
    pub plan: String,
    /// The stream's name, typed.
    #[serde(default)]
    pub typed_name: String,
}

/// Asks for an abort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abort {
    /// Of this Run.
    pub run: String,
    /// Why; required.
    #[serde(default)]
    pub reason: String,
}

/// Lets a parked Run go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// This Run.
    pub run: String,
    /// What was looked at or mended; required.
    #[serde(default)]
    pub reason: String,
}

/// Tries a write where backups go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TryWrite {
    /// Of this stream.
    pub stream: String,
}

//! A Structured Streaming checkpoint as Spark 3.3 to 4.2 writes and reads it:
//! bytes to typed values and back, what the next start will do
//! ([`prognosis::predict`]), and what is wrong in words ([`checks::examine`]).
//!
//! Parsers are lenient and never panic: a half-written file is the ordinary
//! case here, so each returns what could be read together with its issues.
//! What *Spark* would make of the same bytes is a separate question with a
//! separate answer, [`reading`], because it must be exact to the error text.

pub mod checks;
pub mod commit_log;
pub mod finding;
pub mod inference;
pub mod initial_offset;
pub mod layout;
pub mod metadata;
pub mod offset_log;
pub mod prognosis;
pub mod reading;
pub mod sink_log;
pub mod spark_line;
pub mod standing;
pub mod state;
pub mod tree;
pub mod view;

mod json_scan;
mod parsed;
#[cfg(test)]
mod properties;
mod text_lines;

pub use commit_log::CommitMetadata;
pub use finding::{Action, Finding, Remedy, Severity};
pub use inference::{Given, Inferred, infer};
pub use initial_offset::InitialOffset;
pub use layout::CheckpointFile;
pub use metadata::StreamMetadata;
pub use offset_log::{OffsetSeq, OffsetSeqMetadata};
pub use parsed::{Issue, IssueCode, Parsed};
pub use prognosis::{FailsWhen, Foresight, Prognosis, foresee, predict};
pub use sink_log::{SinkFile, SinkLog, SinkLogName};
pub use spark_line::{QueryShape, SparkGuess, SparkLine};
pub use standing::Standing;
pub use view::{CheckpointView, ListedObject};

//! Whole-system tests: the sandbox in this process, the real binary beside it, and
//! people who talk to it over HTTP.
//!
//! What a test judges by is what the sandbox and the database hold, never what the
//! binary says of itself alone.

mod bucket;
mod deadline;
mod deeds;
mod ground;
mod guided;
mod journal;
mod person;
mod process;
pub mod runbook;
mod stage;

pub use bucket::{Bronze, Bucket, Objects};
pub use deadline::until;
pub use deeds::Deeds;
pub use ground::{Extra, Ground};
pub use guided::Guided;
pub use journal::{Journal, Row};
pub use person::{Answer, Person, Refused};
pub use process::{Ended, Sluice};
pub use stage::Stage;

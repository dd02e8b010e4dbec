//! `sluice doctor`: says what Spark will do with the checkpoint that lies in a
//! directory or under a prefix, without a server, a configuration or a database.
//! It only lists and reads.
//!
//! All judging is the domain's; here a place is listed, the files that matter
//! are read, and what came of it is put into a [`Report`].

mod bucket;
mod directory;
mod gathered;
mod kafka;
mod look;
mod place;
mod prognosis;
mod progress;
mod report;
mod sink;
mod source;
mod spark;
mod text;

use domain::checkpoint::SparkLine;

use crate::config::HostPort;

pub use look::diagnose;
pub use place::{Place, PlaceError};
pub use progress::Step;
pub use report::Report;
pub use text::render;

/// What the person says of the query. What is left out is inferred, and the
/// report says so.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The Spark that will start it.
    pub spark: Option<SparkLine>,
    /// Source occurrences in the plan.
    pub sources: Option<u32>,
    /// Whether it keeps state.
    pub stateful: Option<bool>,
    /// Brokers that are asked, without authentication.
    pub kafka: Option<Vec<HostPort>>,
    /// Where the query's rows go.
    pub sink: Option<Place>,
}

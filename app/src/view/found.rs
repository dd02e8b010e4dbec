//! Offsets that a start could begin at, and where they were found.

use domain::ids::StreamName;
use domain::offsets::PartitionOffsets;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

/// Every place that tells where a stream got to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetsPage {
    /// The server's time.
    pub now: Millis,
    /// The stream.
    pub stream: StreamName,
    /// By the newest readable committed batch; or why that is not known.
    pub checkpoint: Result<FoundOffsets, String>,
    /// By what the sink holds; or why that cannot be told by looking at files.
    pub sink: Result<FoundOffsets, String>,
    /// Where the sink lies.
    pub sink_location: String,
    /// The question that any engine can be asked which reads the sink.
    pub query: String,
}

/// Offsets, each the next one to be read, and what is to be known of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundOffsets {
    /// The offsets.
    pub offsets: PartitionOffsets,
    /// Where they were found, as sentences.
    pub from: Vec<String>,
    /// In which ways they do not fit what Kafka holds now, by partition.
    pub misfits: Vec<String>,
}

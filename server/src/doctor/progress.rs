//! How far a look has come, for whoever waits for it.

/// Where it is. Counts only rise within one kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many objects are listed; how many there are is not known.
    Listed(u64),
    /// So many of the files that matter are read.
    Read { files: u64, of: u64 },
    /// Kafka is asked.
    AsksKafka,
    /// What lies at the sink's place is listed, and its log read.
    LooksAtTheSink,
}

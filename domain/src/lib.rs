//! What Sluice knows, as pure values and functions: no IO, no clock, no
//! randomness. Times and ids come in as arguments, so that every decision can
//! be made again in a test, on the server and in the browser.

pub mod access;
pub mod agreement;
pub mod backup;
pub mod basis;
pub mod canonical;
pub mod changed;
pub mod checkpoint;
pub mod decoded;
pub mod error;
pub mod estimate;
pub mod failures;
pub mod ids;
pub mod intent;
pub mod keyset;
pub mod manifest;
pub mod offsets;
pub mod plan;
pub mod policy;
pub mod preflight;
pub mod probe;
pub mod report;
pub mod run;
pub mod sink;
pub mod snapshot;
pub mod stream;
pub mod text;
pub mod time;
pub mod verdict;
pub mod when;

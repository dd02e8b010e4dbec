//! What Sluice knows, as pure values and functions: no IO, no clock, no
//! randomness. Times and ids come in as arguments, so that every decision can
//! be made again in a test, on the server and in the browser.

pub mod access;
pub mod canonical;
pub mod checkpoint;
pub mod ids;
pub mod offsets;
pub mod time;

//! The rules of plans and Runs, on a stream that is made here.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test that called them"
)]

mod carriers;
mod changed;
mod compare;
mod log;
mod needs;
mod onward;
mod plan;
mod preflight;
mod restored;
mod rewritten;
mod run;
mod verdict;
mod world;

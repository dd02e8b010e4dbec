//! EMR Serverless, driven over the wire by AWS's own Rust client.

mod bench;
mod jobs;
mod outside;
mod service;
mod sinks;

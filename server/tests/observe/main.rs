//! The server's eyes and hands against the sandbox: S3, EMR Serverless,
//! CloudWatch and Kafka over their own protocols.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, and in what tests share, a failure is to stop it"
)]

mod doctor;
mod faulty_objects;
mod files;
mod job_runs;
mod objects;
mod place;
mod snapshots;
mod topics;

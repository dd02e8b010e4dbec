//! EMR Serverless: applications and job runs with their real states and delays.
//!
//! The service keeps what AWS keeps and starts the simulated job behind it. States move
//! only forward and only by time or by what the job does; a caller sees them with the
//! same lag as on AWS, divided by the sandbox's factor.

mod answers;
mod application;
mod call;
mod error;
mod job_run;
mod lifecycle;
mod operation;
mod request;
mod service;
mod store;

pub use application::{Application, ApplicationState};
pub use error::EmrError;
pub use job_run::{Attempt, JobRun, JobRunState, Mode, RunFilter};
pub use request::StartJobRun;
pub use service::EmrService;
pub use store::{Emr, Levers, Started};

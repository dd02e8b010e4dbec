//! The levers on jobs.

use serde_json::{Value, json};

use super::World;
use super::lever::{Lever, LeverError};
use crate::emr::StartJobRun;

impl World {
    pub(super) fn pull_job(&self, lever: Lever) -> Result<String, LeverError> {
        match lever {
            Lever::Start { stream } => {
                let definition = self.stream_named(&stream)?;
                self.submit(definition.application, &definition.submission(&token()))
            }
            Lever::Submit {
                application,
                mut body,
            } => {
                body.insert("clientToken".to_owned(), json!(token()));
                self.submit(&application, &Value::Object(body))
            }
            Lever::Cancel { stream } => {
                let run = self.job_run(&stream)?;
                let cancelled = self.emr.cancel(&run.application_id, &run.id, None);
                cancelled.map_err(LeverError::Emr)?;
                Ok(format!("job run {} is being cancelled", run.id))
            }
            Lever::Crash { stream } => {
                let run = self.job_run(&stream)?;
                self.emr.crash(&run.id);
                Ok(format!("the driver of job run {} is lost", run.id))
            }
            Lever::Hang { stream, on } => {
                let run = self.job_run(&stream)?;
                self.controls.hang(&run.id, on);
                let word = if on { "hangs" } else { "goes on" };
                Ok(format!("the driver of job run {} {word}", run.id))
            }
            Lever::SlowBatch { stream, minutes } => {
                let run = self.job_run(&stream)?;
                let until_ms = self.clock.now_ms() + i64::from(minutes) * 60_000;
                self.controls
                    .slow_until(&run.id, (minutes > 0).then_some(until_ms));
                Ok(format!(
                    "the executors of job run {} have {minutes} min",
                    run.id
                ))
            }
            Lever::WillNotDie { stream, on } => {
                let run = self.job_run(&stream)?;
                let id = run.id.clone();
                self.emr.set_levers(|levers| match on {
                    true => drop(levers.will_not_die.insert(id)),
                    false => drop(levers.will_not_die.remove(&id)),
                });
                let word = if on { "will not die" } else { "can die" };
                Ok(format!("job run {} {word}", run.id))
            }
            Lever::ComesBack { stream, on } => {
                let name = self.stream_named(&stream)?.job_name();
                self.emr.set_levers(|levers| match on {
                    true => drop(levers.comes_back.insert(name)),
                    false => drop(levers.comes_back.remove(&name)),
                });
                let word = if on { "comes back" } else { "stays away" };
                Ok(format!("the job of {stream} {word}"))
            }
            _ => unreachable!("only levers on jobs come here"),
        }
    }

    fn submit(&self, application: &str, body: &Value) -> Result<String, LeverError> {
        let application = self.emr.application(application).map_err(LeverError::Emr)?;
        let request = StartJobRun::parse(body, &application).map_err(LeverError::Emr)?;
        let by = Self::console().arn;
        let started = self.emr.start_job_run(&application.id, request, &by);
        let started = started.map_err(LeverError::Emr)?;
        Ok(format!("job run {} is submitted", started.job_run_id))
    }
}

fn token() -> String {
    uuid::Uuid::new_v4().to_string()
}

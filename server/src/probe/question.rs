//! One question: asked under a deadline, its errors sorted into what they say
//! of the thing and what they say of Sluice's rights.

use std::future::Future;
use std::time::Duration;

use domain::probe::{Answer, Probe};
use tokio::time::Instant;

use crate::aws::{AwsError, AwsErrorKind};
use crate::observe::reason;

/// How long one question may take, with all its calls and their attempts.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// What is asked.
pub(super) struct Question {
    pub(super) id: String,
    pub(super) asks: String,
    pub(super) calls: &'static str,
    /// Lines for a shell.
    pub(super) command: String,
}

impl Question {
    /// Asks, and takes the time.
    pub(super) async fn ask(self, answer: impl Future<Output = Answer>) -> Probe {
        self.ask_to_the_end(async {
            within(DEADLINE, Box::pin(answer)).await.unwrap_or_else(|| {
                Answer::failed(
                    format!("No answer came within {} seconds.", DEADLINE.as_secs()),
                    "Ask again. If it stays so, look at the network between Sluice and what is asked.",
                )
            })
        })
        .await
    }

    /// Asks without a deadline of its own, for what must not be cut off between
    /// two calls. Each call has its time-outs.
    pub(super) async fn ask_to_the_end(
        self,
        answer: impl Future<Output = Answer>,
    ) -> Probe {
        let began = Instant::now();
        let answer = answer.await;
        let took_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.answered(answer, Some(took_ms))
    }

    /// What there is to say without asking.
    pub(super) fn not_asked(self, answer: Answer) -> Probe {
        self.answered(answer, None)
    }

    fn answered(self, answer: Answer, took_ms: Option<i64>) -> Probe {
        Probe {
            id: self.id,
            asks: self.asks,
            calls: self.calls.to_owned(),
            command: self.command,
            answer,
            took_ms,
        }
    }
}

/// In the place of all answers, where a fault of Sluice's ended the asking.
pub(super) fn broke_off() -> Probe {
    let question = Question {
        id: "all".to_owned(),
        asks: "What surrounds the stream".to_owned(),
        calls: "",
        command: String::new(),
    };
    question.not_asked(Answer::failed(
        "The asking broke off by a fault of Sluice; its log says where.",
        "Type the runbook's commands by hand.",
    ))
}

/// What came, if it came in time.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

/// What a failed call of AWS says. `missing` is what it means where the thing
/// that was asked about is not there, and what to do then.
pub(super) fn failed(error: &AwsError, missing: (&str, &str)) -> Answer {
    let said = reason(error);
    match error.kind {
        AwsErrorKind::Denied => Answer::not_permitted(
            format!("Sluice may not ask this. {said}"),
            format!(
                "Allow {} to the role or user with which Sluice reads, or let somebody who may type the command.",
                error.operation
            ),
        ),
        AwsErrorKind::NotFound => {
            Answer::failed(format!("{} {said}", missing.0), missing.1)
        }
        AwsErrorKind::Throttled => {
            Answer::failed(said, "AWS refuses for the moment. Ask again in a minute.")
        }
        AwsErrorKind::Unreachable => Answer::failed(
            said,
            "Look at the network between Sluice and AWS: endpoints, DNS, proxies.",
        ),
        _ => Answer::failed(said, "Type the command, which may tell more."),
    }
}

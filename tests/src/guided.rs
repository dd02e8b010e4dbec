//! A guided reset by somebody who knows the way.

use std::time::Duration;

use domain::ids::{RunId, StreamName};
use domain::plan::{Plan, PlanKind};
use domain::run::{Ending, RunState};
use domain::verdict::VerdictKind;
use serde_json::Value;

use crate::deadline::until;
use crate::person::{Person, Refused};

/// A Run and who walks through it.
#[derive(Debug, Clone)]
pub struct Guided {
    /// Who.
    pub person: Person,
    /// The Run.
    pub run: RunId,
    stream: StreamName,
}

impl Guided {
    /// Opens a Run on a stream and says why.
    pub async fn opened(person: &Person, stream: &StreamName) -> Self {
        let guided = Self::opened_bare(person, stream).await;
        for item in ["stuck", "corruption", "writers", "backup", "stakeholders"] {
            // What Sluice can say to it is taken; else a person's word.
            let fields = [("item", item), ("by", "accept")];
            if guided.asks("answer", &fields).await.is_err() {
                let word = [("item", item), ("by", "word"), ("text", "Seen by eye.")];
                guided.does("answer", &word).await;
            }
        }
        let reason = "The newest offsets have no bytes.";
        guided
            .does(
                "answer",
                &[("item", "reason"), ("by", "word"), ("text", reason)],
            )
            .await;
        guided
    }

    /// Opens a Run and does nothing more.
    pub async fn opened_bare(person: &Person, stream: &StreamName) -> Self {
        let answer = person
            .post("open-run", &[("stream", stream.as_str())])
            .await
            .unwrap_or_else(|refused| panic!("no Run is opened: {refused:?}"));
        let address = answer.location.expect("the answer leads to the Run");
        let run = address
            .strip_prefix("/runs/")
            .unwrap_or_else(|| panic!("{address} is no Run's"))
            .parse()
            .expect("an address of a Run ends with its id");
        Self {
            person: person.clone(),
            run,
            stream: stream.clone(),
        }
    }

    /// Chooses a way out, with its parameter.
    pub async fn chooses(&self, option: &str, parameter: &[(&str, &str)]) {
        let reason = "The newest offsets have no bytes.";
        let mut fields = vec![("option", option), ("reason", reason)];
        fields.extend_from_slice(parameter);
        self.does("choose", &fields).await;
    }

    /// Makes a plan.
    pub async fn plans(&self, kind: PlanKind) -> Plan {
        self.does("make-plan", &[("kind", kind.word())]).await;
        self.plan(kind).await.expect("a plan was made")
    }

    /// The plan of a kind, as the page shows it.
    pub async fn plan(&self, kind: PlanKind) -> Option<Plan> {
        let page = self.page().await;
        let plan: Option<Plan> = part(&page[kind.word()]["plan"]);
        if let Some(plan) = &plan {
            assert!(plan.is_genuine(), "the plan is not the one of its id");
        }
        plan
    }

    /// Starts a plan, confirmed by the stream's name.
    pub async fn starts(&self, plan: &Plan) {
        let refused = self.tries_to_start(plan, self.stream.as_str()).await.err();
        assert!(refused.is_none(), "the plan does not start: {refused:?}");
    }

    /// As [`Guided::starts`], with what is typed, and what comes of it.
    pub async fn tries_to_start(&self, plan: &Plan, typed: &str) -> Result<(), Refused> {
        let fields = [
            ("kind", plan.body.kind.word()),
            ("plan", plan.id.as_str()),
            ("typed_name", typed),
        ];
        self.asks("start", &fields).await
    }

    /// Makes and starts the secure plan and waits for the sealed backup.
    pub async fn secures(&self) -> Plan {
        let plan = self.plans(PlanKind::Secure).await;
        self.starts(&plan).await;
        self.is_sealed().await;
        plan
    }

    /// Waits for the sealed backup.
    pub async fn is_sealed(&self) {
        until("a sealed backup", Duration::from_secs(180), async || {
            let state = self.state().await;
            self.is_not_parked(&state);
            match state.secure {
                Some(plan) if plan.is_done() && state.sealed.is_some() => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// Waits for the end, which must be *done*.
    pub async fn is_done(&self) {
        let ended = until("the end of the Run", Duration::from_secs(240), async || {
            let state = self.state().await;
            self.is_not_parked(&state);
            let unfinished = format!("{:?}", state.reset);
            state.ended.ok_or(unfinished)
        })
        .await;
        assert_eq!(ended.0, Ending::Done, "{}", ended.2);
    }

    /// Waits until the home page says that the stream is healthy.
    pub async fn is_healthy_again(&self) {
        until("a healthy stream", Duration::from_secs(240), async || {
            let verdict = self.page().await["verdict"].clone();
            let kind: Option<VerdictKind> = part(&verdict["kind"]);
            match kind {
                Some(VerdictKind::Healthy) => Ok(()),
                _ => Err(verdict.to_string()),
            }
        })
        .await;
    }

    /// The Run's state.
    pub async fn state(&self) -> RunState {
        part(&self.page().await["state"])
    }

    /// Everything that the Run's pages show.
    pub async fn page(&self) -> Value {
        self.person
            .read("run", &[("run", self.run.as_str())])
            .await
            .unwrap_or_else(|refused| panic!("the Run is not shown: {refused:?}"))
    }

    /// The same Run before somebody else.
    pub fn before(&self, person: &Person) -> Self {
        Self {
            person: person.clone(),
            ..self.clone()
        }
    }

    /// Calls a server function about this Run.
    pub async fn asks(
        &self,
        endpoint: &str,
        fields: &[(&str, &str)],
    ) -> Result<(), Refused> {
        let mut all = vec![("run", self.run.as_str())];
        all.extend_from_slice(fields);
        self.person.post(endpoint, &all).await.map(drop)
    }

    /// As [`Guided::asks`], where it must be accepted.
    pub async fn does(&self, endpoint: &str, fields: &[(&str, &str)]) {
        let refused = self.asks(endpoint, fields).await.err();
        assert!(refused.is_none(), "{endpoint} is refused: {refused:?}");
    }

    fn is_not_parked(&self, state: &RunState) {
        assert_eq!(state.parked, None, "{} waits for a person", self.run);
    }
}

/// A part of a page as the domain's type.
fn part<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone())
        .unwrap_or_else(|error| panic!("{error}: {value}"))
}

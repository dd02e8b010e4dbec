//! What a person does to a Run. The request is parsed into the domain's types
//! first, then judged, then appended.

use std::sync::Arc;

use app::backend::Answered;
use app::forms::{Abort, AnswerItem, Choose, OpenRun, Resume};
use domain::access::{Action, Actor, Person};
use domain::ids::{InvalidId, JobRunId, RunId};
use domain::intent::Intent;
use domain::run::{Answer, ChecklistItem, Ending, Event, Gate};
use domain::stream::Stream;
use domain::verdict::VerdictKind;

use super::Server;
use super::failure::{internal, invalid, of_run};
use super::forms::{corruption, item_word, parse_way_out, required, writers};
use crate::clock;
use crate::runs::{Loaded, RunError};

impl Server {
    pub(super) async fn open(&self, actor: &Actor, request: &OpenRun) -> Answered<RunId> {
        let name = request
            .stream
            .parse()
            .map_err(|e: InvalidId| invalid(e.to_string(), ""))?;
        let stream = self.visible(actor, &name)?;
        self.may(actor, Action::Prepare, &stream)?;
        if let Some(open) = self.open_of(&stream).await? {
            return Ok(open);
        }
        let latest = self.poller.refresh(&name).await;
        let snapshot = domain::canonical::to_string(&latest.snapshot)
            .map_err(|e| internal("run.open.snapshot", &e))?;
        let snapshot = self
            .runs
            .store()
            .put_blob(snapshot.as_bytes())
            .await
            .map_err(|e| internal("run.open.snapshot", &e))?;
        let run = RunId::new(&name, clock::now(), rand::random());
        let event = Event::Opened {
            stream: name,
            verdict: latest.verdict.sentence.clone(),
            snapshot,
            since: latest.verdict.since,
        };
        match self.runs.open(&run, &actor.person, event).await {
            Ok(()) => Ok(run),
            Err(RunError::AlreadyOpen(open)) => Ok(open),
            Err(error) => Err(of_run("run.open", error)),
        }
    }

    pub(super) async fn open_of(&self, stream: &Stream) -> Answered<Option<RunId>> {
        self.runs
            .open_run(&stream.name)
            .await
            .map_err(|e| of_run("run.open_of", e))
    }

    /// The Run that a request names, for somebody who may do `action`.
    pub(super) async fn run_for(
        &self,
        actor: &Actor,
        run: &str,
        action: Action,
    ) -> Answered<(Loaded, Arc<Stream>)> {
        let run: RunId = run
            .parse()
            .map_err(|e: InvalidId| invalid(e.to_string(), ""))?;
        let (loaded, stream) = self.visible_run(actor, &run).await?;
        self.may(actor, action, &stream)?;
        Ok((loaded, stream))
    }

    pub(super) async fn append(
        &self,
        mut loaded: Loaded,
        by: &Person,
        event: Event,
    ) -> Answered<()> {
        let word = event.word();
        self.runs
            .append(&mut loaded, Some(by), None, event)
            .await
            .map_err(|e| of_run(word, e))
    }

    pub(super) async fn answer_item(
        &self,
        actor: &Actor,
        request: &AnswerItem,
    ) -> Answered<()> {
        let (loaded, stream) = self.run_for(actor, &request.run, Action::Prepare).await?;
        let item = ChecklistItem::ALL
            .into_iter()
            .find(|i| item_word(*i) == request.item)
            .ok_or_else(|| {
                invalid(
                    format!("{:?} is no item of the checklist.", request.item),
                    "Allowed: stuck, corruption, writers, backup, stakeholders, reason.",
                )
            })?;
        let answer = if request.by == "accept" {
            self.offered(&stream, item).ok_or_else(|| {
                invalid(
                    "Sluice has nothing to offer here.",
                    "Answer in your own words.",
                )
            })?
        } else {
            let text = required(&request.text, "an answer")?;
            self.in_words(&stream, item, text)
        };
        self.append(loaded, &actor.person, Event::Answered { item, answer })
            .await
    }

    /// A person's word. On who writes it is a word on those job runs that were
    /// seen and can be explained.
    fn in_words(&self, stream: &Stream, item: ChecklistItem, text: String) -> Answer {
        let latest = self.poller.get(&stream.name);
        let jobs = latest.as_ref().and_then(|l| l.snapshot.jobs.seen());
        let others = jobs.map_or(&[][..], |jobs| &jobs.others);
        let runs: Vec<JobRunId> = others
            .iter()
            .filter(|run| run.can_be_explained())
            .map(|run| run.id.clone())
            .collect();
        if item == ChecklistItem::Writers && !runs.is_empty() {
            Answer::Explained { runs, text }
        } else {
            Answer::Word { text }
        }
    }

    /// What Sluice itself can say to an item of the checklist now.
    pub(super) fn offered(&self, stream: &Stream, item: ChecklistItem) -> Option<Answer> {
        let latest = self.poller.get(&stream.name)?;
        match item {
            ChecklistItem::Stuck => Some(Answer::Evidence {
                text: format!("{} {}.", stream.name, latest.verdict.sentence),
                supports: latest.verdict.kind <= VerdictKind::Stuck
                    && latest.verdict.kind != VerdictKind::Unknown,
            }),
            ChecklistItem::Corruption => corruption(&latest.snapshot),
            ChecklistItem::Writers => writers(&latest.snapshot),
            ChecklistItem::Backup => Some(Answer::Step {
                text: "The secure plan of this Run copies every object and proves each copy before anything is changed. It cannot be skipped.".to_owned(),
            }),
            ChecklistItem::Stakeholders => Some(Answer::Step {
                text: "Agreement is asked for under this Run before a plan that needs it can start.".to_owned(),
            }),
            ChecklistItem::Reason => None,
        }
    }

    pub(super) async fn choose_way_out(
        &self,
        actor: &Actor,
        request: &Choose,
    ) -> Answered<()> {
        let (loaded, stream) = self.run_for(actor, &request.run, Action::Prepare).await?;
        let reason = required(&request.reason, "a reason")?;
        let way_out = parse_way_out(request, clock::now())?;
        // Refuse early what could never become a plan.
        if let Some(latest) = self.poller.get(&stream.name) {
            self.weigh(&stream, &latest.snapshot, &way_out).await?;
        }
        let intent = Intent {
            way_out,
            reason,
            person: actor.person.clone(),
        };
        self.append(loaded, &actor.person, Event::Intended { intent })
            .await
    }

    pub(super) async fn ask_abort(&self, actor: &Actor, request: &Abort) -> Answered<()> {
        let (loaded, _) = self.run_for(actor, &request.run, Action::Abort).await?;
        let reason = required(&request.reason, "a reason")?;
        let event = if loaded.state.gate == Gate::Untouched {
            Event::AbortAsked { reason }
        } else {
            Event::Ended {
                ending: Ending::Closed,
                reason: format!("Closed by hand as it was: {reason}"),
            }
        };
        self.append(loaded, &actor.person, event).await
    }

    pub(super) async fn let_go_on(
        &self,
        actor: &Actor,
        request: &Resume,
    ) -> Answered<()> {
        let (loaded, _) = self.run_for(actor, &request.run, Action::Start).await?;
        let reason = required(&request.reason, "what was looked at or mended")?;
        self.append(loaded, &actor.person, Event::Resumed { reason })
            .await
    }
}

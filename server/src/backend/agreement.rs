//! Asks for agreement to a plan, and takes the answers.

use app::backend::Answered;
use app::forms::{RequestAgreement, Vote};
use domain::access::{Action, Actor, Role};
use domain::agreement::AgreementState;
use domain::plan::Plan;
use domain::run::Event;
use domain::stream::Stream;

use super::Server;
use super::failure::invalid;
use super::forms::required;
use crate::clock;
use crate::runs::Loaded;

impl Server {
    pub(super) async fn ask(
        &self,
        actor: &Actor,
        request: &RequestAgreement,
    ) -> Answered<()> {
        let (loaded, _) = self.run_for(actor, &request.run, Action::Prepare).await?;
        let plan = self.plan_named(&loaded, &request.plan).await?;
        if plan.body.agreement.is_none() {
            return Err(invalid("This plan needs nobody's agreement.", "Start it."));
        }
        let event = Event::Requested {
            plan: plan.id,
            expires_at: clock::now().plus(plan.body.agreement.expires_after_ms),
        };
        self.append(loaded, &actor.person, event).await
    }

    pub(super) async fn cast(&self, actor: &Actor, request: &Vote) -> Answered<()> {
        let (loaded, stream) = self.run_for(actor, &request.run, Action::View).await?;
        let plan = self.plan_named(&loaded, &request.plan).await?;
        let role = self
            .may_vote(actor, &stream, &loaded, &plan)
            .map_err(domain::error::WireError::from)?;
        let event = match request.answer.as_str() {
            "agree" => Event::Agreed {
                plan: plan.id,
                role,
                comment: request.comment.trim().to_owned(),
            },
            "decline" => Event::Declined {
                plan: plan.id,
                role,
                reason: required(&request.comment, "a reason for declining")?,
            },
            other => {
                return Err(invalid(
                    format!("{other:?} is no answer."),
                    "Agree or decline.",
                ));
            }
        };
        self.append(loaded, &actor.person, event).await
    }

    /// In which role the actor may answer the request for this plan.
    pub(super) fn may_vote(
        &self,
        actor: &Actor,
        stream: &Stream,
        loaded: &Loaded,
        plan: &Plan,
    ) -> Result<Role, domain::access::Denial> {
        let deny = |reason: &str, roles: Vec<Role>| domain::access::Denial {
            reason: reason.to_owned(),
            roles,
            sign_in_again: false,
        };
        let state = loaded.state.plan(plan.body.kind);
        let asked = state.and_then(|p| p.asked.as_ref());
        let agreement = state.map(|p| p.agreement(&plan.body.agreement, clock::now()));
        let Some(AgreementState::Waiting { missing, .. }) = agreement else {
            return Err(deny(
                "Nobody is being asked about this plan now.",
                Vec::new(),
            ));
        };
        let wanted: Vec<Role> = missing.iter().map(|m| m.role).collect();
        let me = &actor.person.id;
        if state.is_some_and(|p| p.planned_by.id == *me) {
            return Err(deny(
                "Nobody agrees to a plan that they made themselves.",
                wanted,
            ));
        }
        if asked.is_some_and(|a| a.by.id == *me) {
            return Err(deny(
                "Nobody agrees to a plan that they asked for themselves.",
                wanted,
            ));
        }
        if asked.is_some_and(|a| a.votes.iter().any(|v| v.person.id == *me)) {
            return Err(deny(
                "You have answered already; one person counts once.",
                wanted,
            ));
        }
        let mut denied = deny("Nobody is missing.", Vec::new());
        for role in wanted {
            let action = match role {
                Role::Stakeholder => Action::SignOff,
                _ => Action::Approve,
            };
            match self.may(actor, action, stream) {
                Ok(()) if actor.has(role, &stream.scope()) => return Ok(role),
                Ok(()) => {}
                Err(denial) => denied = denial,
            }
        }
        Err(denied)
    }
}

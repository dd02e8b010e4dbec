//! One Run, killed before and after each of its events, in one life after the other.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::ids::StepId;
use domain::plan::{Plan, StepKind};
use domain::run::Event;
use tests::{Ended, Ground, Guided, Row, Sluice, until};

/// SIGKILL.
const KILLED: Ended = Ended::Signal(9);
/// Nothing that a life has to do lasts longer, even on a busy machine.
const LIFE: Duration = Duration::from_secs(120);
/// More lives than any step can need: a bound, not a measure.
const LIVES_A_STEP_MAX: u32 = 40;

/// The lives so far.
pub(crate) struct Chain<'a> {
    ground: &'a Ground,
    run: &'a Guided,
    /// Steps and the kinds of their events that a life was ended after, when one had
    /// been ended before the same event.
    covered: BTreeSet<(StepId, String)>,
    kills: u32,
}

impl<'a> Chain<'a> {
    pub(crate) fn new(ground: &'a Ground, run: &'a Guided) -> Self {
        Self {
            ground,
            run,
            covered: BTreeSet::new(),
            kills: 0,
        }
    }

    /// Starts the plan and kills at its start and at every event of its steps; of the
    /// reset, at the end of the Run too.
    pub(crate) async fn kills_through(&mut self, plan: &Plan) {
        self.kills_at_the_start(plan).await;
        for step in &plan.body.steps {
            self.kills_at_a_step(&step.id, plan).await;
        }
        if plan.body.steps.iter().any(|s| s.kind.word() == "watch") {
            self.kills_at_the_end(plan).await;
        }
    }

    /// As [`Chain::kills_through`], up to the first step of a kind.
    pub(crate) async fn kills_until(&mut self, plan: &Plan, kind: &str) {
        self.kills_at_the_start(plan).await;
        for step in &plan.body.steps {
            if step.kind.word() == kind {
                return;
            }
            self.kills_at_a_step(&step.id, plan).await;
        }
        panic!("the plan has no step {kind}");
    }

    /// Whether the intent and the outcome of each step that changes something outside
    /// were met by a kill on both sides.
    pub(crate) async fn covered_every_effect(&self, plans: &[&Plan]) {
        let kinds: Vec<String> =
            self.rows().await.into_iter().map(|row| row.kind).collect();
        for step in plans.iter().flat_map(|plan| &plan.body.steps) {
            let has =
                |kind: &str| self.covered.contains(&(step.id.clone(), kind.to_owned()));
            assert!(has("step_intended"), "{}: {:?}", step.id, self.covered);
            let outcome = has("step_done") || has("step_warned");
            assert!(
                outcome || !step.kind.has_effect(),
                "{}: {:?}\n{kinds:?}",
                step.id,
                self.covered
            );
            let own = match step.kind {
                StepKind::Seal(_) => "sealed",
                StepKind::CloseGate(_) => "gate_closed",
                StepKind::OpenGate(_) => "gate_opened",
                _ => continue,
            };
            assert!(has(own), "{}: {:?}", step.id, self.covered);
        }
        eprintln!("{} kills", self.kills);
    }

    /// A start is the intent of a trial, the answers of the pre-flight, and then the
    /// start itself. One that is killed before that has started nothing.
    async fn kills_at_the_start(&mut self, plan: &Plan) {
        for (at, kind) in (1..).zip(["trial_intended", "preflighted", "started"]) {
            for moment in ["before", "after"] {
                let failpoint = format!("{moment}:{}", self.rows().await.len() + at);
                let mut sluice = self.ground.serve_until(&failpoint).await;
                let fields = [
                    ("run", self.run.run.as_str()),
                    ("kind", plan.body.kind.word()),
                    ("plan", plan.id.as_str()),
                    ("typed_name", "orders"),
                ];
                let answered = self.run.person.tries_to_post("start", &fields).await;
                assert!(answered.is_err(), "{failpoint}: {answered:?}");
                assert_eq!(sluice.ends_within(LIFE).await, KILLED, "{failpoint}");
                self.kills += 1;
                let rows = self.rows().await;
                let newest = rows.last().map(|row| row.kind.as_str());
                assert_eq!(newest == Some(kind), moment == "after", "{failpoint}");
            }
        }
    }

    /// Ends a life before and one after the first event of the step, then before and
    /// after the second one of a new attempt, and so on until the step is done.
    async fn kills_at_a_step(&mut self, step: &StepId, plan: &Plan) {
        let mut depth = 0;
        for _ in 0..LIVES_A_STEP_MAX {
            let rows_before = self.rows().await;
            if is_done(&rows_before, step) {
                return;
            }
            let met = self.life("before", depth, plan).await;
            if is_done(&self.rows().await, step) {
                // This attempt had fewer events than the last one.
                return;
            }
            let both = self.life("after", depth, plan).await && met;
            let rows = self.rows().await;
            let last = rows.last().expect("the Run was opened");
            if both && step_of(&last.event).is_none_or(|of| of == step) {
                self.covered.insert((step.clone(), last.kind.clone()));
            }
            // These two come once; the next attempt has one event less.
            let comes_once = ["sealed", "gate_opened"].contains(&last.kind.as_str());
            depth += usize::from(!comes_once);
            // An attempt that failed and was made again has more events than the next.
            let new = &rows[rows_before.len()..];
            if new.iter().any(|row| row.kind == "step_failed") {
                depth = 0;
            }
        }
        panic!("{step} is not done: {:?}", self.rows().await);
    }

    async fn kills_at_the_end(&mut self, plan: &Plan) {
        assert!(self.life("before", 0, plan).await, "the Run has no end");
        assert!(self.life("after", 0, plan).await, "the Run has no end");
        let rows = self.rows().await;
        assert_eq!(rows.last().expect("rows").kind, "ended");
    }

    /// Lives until the event that comes after `depth` others; whether it came to that.
    /// The plan can be done before.
    async fn life(&mut self, moment: &str, depth: usize, plan: &Plan) -> bool {
        let number = self.rows().await.len() + 1 + depth;
        let failpoint = format!("{moment}:{number}");
        let mut sluice = self.ground.serve_until(&failpoint).await;
        let died = until(&failpoint, LIFE, async || {
            if sluice.has_ended() {
                return Ok(true);
            }
            let rows = self.rows().await;
            let last = rows.last().map(|row| row.kind.clone());
            // A row after which it dies can be seen while it is dying.
            let is_dying = moment == "after" && rows.len() >= number;
            match is_over(&rows, plan) && !is_dying {
                true => Ok(false),
                false => Err(format!("{last:?}\n{}", sluice.log())),
            }
        })
        .await;
        self.ended_by_the_kill(&mut sluice, died, &failpoint).await;
        died
    }

    async fn ended_by_the_kill(&mut self, sluice: &mut Sluice, died: bool, at: &str) {
        if died {
            assert_eq!(sluice.ends_within(LIFE).await, KILLED, "{at}");
            self.kills += 1;
        } else {
            sluice.kill();
        }
        let rows = self.rows().await;
        let parked = rows.iter().find(|row| row.kind == "parked");
        assert_eq!(parked, None, "{at}");
        let numbers: Vec<i64> = rows.iter().map(|row| row.run_seq).collect();
        let whole = 1..=i64::try_from(rows.len()).expect("a small number");
        assert_eq!(numbers, whole.collect::<Vec<_>>(), "{at}");
    }

    async fn rows(&self) -> Vec<Row> {
        self.ground.journal().await.of(&self.run.run).await
    }
}

/// Whether nothing is left to do for the executor: of the secure plan, when its steps
/// are done; of the reset plan, when the Run has ended.
fn is_over(rows: &[Row], plan: &Plan) -> bool {
    match plan.body.kind {
        domain::plan::PlanKind::Secure => {
            plan.body.steps.iter().all(|step| is_done(rows, &step.id))
        }
        domain::plan::PlanKind::Reset => rows.iter().any(|row| row.kind == "ended"),
    }
}

fn is_done(rows: &[Row], step: &StepId) -> bool {
    rows.iter().any(|row| {
        matches!(&row.event,
            Event::StepDone { step: of, .. } | Event::StepWarned { step: of, .. }
                if of == step)
    })
}

fn step_of(event: &Event) -> Option<&StepId> {
    match event {
        Event::StepIntended { step, .. }
        | Event::StepProgressed { step, .. }
        | Event::StepDone { step, .. }
        | Event::StepWarned { step, .. }
        | Event::StepFailed { step, .. } => Some(step),
        _ => None,
    }
}

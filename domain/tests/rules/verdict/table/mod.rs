//! One row a story: what is so, the verdict, and what its words must hold.

mod checkpoint;
mod job;
mod sink;
mod work;

use super::case::{Case, MINUTE};
use domain::snapshot::JobRunState;
use domain::verdict::{Verdict, VerdictKind as Kind};

type Story = (&'static str, Case, Kind, &'static [&'static str]);

/// Each story must come to its verdict, and say each of the words somewhere.
fn tell(stories: Vec<Story>) {
    let mut wrong = Vec::new();
    for (name, case, kind, words) in stories {
        let verdict = case.judged();
        let said = said(&verdict);
        let missing: Vec<_> = words.iter().filter(|w| !said.contains(**w)).collect();
        if verdict.kind != kind || !missing.is_empty() {
            wrong.push(format!(
                "{name}: expected {kind:?} with {missing:?}\n{verdict:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn said(verdict: &Verdict) -> String {
    let mut said = format!("{} | {}", verdict.sentence, verdict.advice);
    for evidence in &verdict.evidence {
        said.push_str(" | ");
        said.push_str(evidence);
    }
    said
}

fn quiet() -> Case {
    Case::well().last_batch(20 * MINUTE)
}

fn ended(state: &str) -> Case {
    quiet().run(|run| run.state = JobRunState::from(state.to_owned()))
}

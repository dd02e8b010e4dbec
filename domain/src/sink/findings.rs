//! C44, C46 and C47: the next start against what the sink remembers.

use super::{Effect, SinkSeen, Whose, next_start};
use crate::checkpoint::{Action, Finding, Prognosis, Remedy, Severity};
use crate::stream::SinkKind;

/// What the sink will do with the next start that loses records. A batch that is
/// run again, and that the sink has, is dropped rightly.
///
/// The sink has to be looked at before the checkpoint is: while a job is at
/// work, its next batch is then never in the sink already.
#[must_use]
pub fn findings(seen: &SinkSeen, prognosis: &Prognosis) -> Vec<Finding> {
    let (Some(kind), Some(next)) = (seen.kind(), next_start(prognosis)) else {
        return Vec::new();
    };
    let Effect::Drops { upto, whose, file } = seen.effect(&next) else {
        return Vec::new();
    };
    let id = match kind {
        SinkKind::FileSink => "C44",
        SinkKind::Delta => "C46",
        SinkKind::Iceberg => "C47",
        // Hudi's has no number; the sink is told of at the stream all the same.
        SinkKind::Hudi | SinkKind::PlainFiles => return Vec::new(),
    };
    let first = next.batch.saturating_add(i64::from(next.replay));
    let severity = match whose {
        Whose::FixedName => Severity::Warning,
        _ => Severity::Error,
    };
    let name = seen
        .remembered
        .iter()
        .find(|memory| memory.whose == whose && memory.batch == upto)
        .and_then(|memory| memory.name.clone());
    let under = name.map_or_else(String::new, |name| format!(" under {name}"));
    let message = format!(
        "The next start runs batch {first} with new offsets, and {} remembers batches up \
         to {upto}{under}: what is read in batches {first} to {upto} is committed and \
         never written.",
        kind.title()
    );
    let finding = Finding::new(id, severity, message)
        .at(format!("{}{file}", seen.location), None)
        .showing(upto.to_string())
        .mended_by(ladder(kind, whose, upto))
        .by_hand(by_hand(kind, whose, upto));
    vec![finding]
}

fn ladder(kind: SinkKind, whose: Whose, upto: i64) -> Vec<Remedy> {
    let mut ladder = vec![Remedy::new(
        Action::RestoreBackup,
        format!(
            "A restart, or going back further, runs batches under ids that the sink has. \
             A backup of the checkpoint fits whose newest batch is {upto} or later."
        ),
    )];
    let by_query = matches!(kind, SinkKind::Delta | SinkKind::Iceberg);
    if by_query && whose == Whose::ThisQuery {
        ladder.push(Remedy::new(
            Action::NewStartAtOffsets,
            "Where there is no such backup: under a new query id the sink writes every \
             batch. What it holds already and is read again is there twice.",
        ));
    }
    ladder
}

fn by_hand(kind: SinkKind, whose: Whose, upto: i64) -> String {
    let next = upto.saturating_add(1);
    let rising = format!(
        "Without state, and with the job stopped: metadata as it is, the wanted offsets \
         as offsets/{upto}, the same as the file before it, and commits/{upto}; the next \
         batch is then {next}, which the sink writes."
    );
    match (kind, whose) {
        (SinkKind::FileSink, _) => format!(
            "{rising} Or move _spark_metadata aside together with the output: readers \
             that go by it see only what it lists."
        ),
        (_, Whose::FixedName) => {
            format!("{rising} Or give the job's code another txnAppId.")
        }
        _ => rising,
    }
}

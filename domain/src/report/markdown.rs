//! The report as a Markdown document.

use std::fmt::Write as _;

use super::Report;
use crate::run::Ending;
use crate::text::thousands;
use crate::time::human_duration;

impl Report {
    /// The report as a Markdown document.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_markdown(&mut out);
        out
    }

    fn write_markdown(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "# Reset of {}: {}\n",
            cell(&self.stream),
            self.outcome()
        )?;
        writeln!(out, "- Run: `{}`", self.run)?;
        writeln!(
            out,
            "- What was wrong: {} {}.",
            cell(&self.stream),
            cell(&self.verdict)
        )?;
        writeln!(
            out,
            "- Opened by {} at {}",
            cell(&self.opened_by.name),
            self.opened_at.utc()
        )?;
        if let Some((way_out, reason)) = &self.chosen {
            writeln!(out, "- Way out: {}", cell(way_out))?;
            writeln!(out, "- Reason: {}", cell(reason))?;
        }
        if let Some((_, at, why)) = &self.ended {
            writeln!(out, "- Ended at {}: {}", at.utc(), cell(why))?;
        }
        writeln!(out, "- Total: {}", human_duration(self.durations.total_ms))?;
        writeln!(
            out,
            "- Waiting for agreement: {}",
            human_duration(self.durations.agreement_ms)
        )?;
        if let Some(class) = self.durations.class {
            let kept = match self.durations.within_rto {
                Some(true) => "kept",
                Some(false) => "missed",
                None => "not over yet",
            };
            writeln!(
                out,
                "- Recovery time objective: {}, {} ({kept})",
                class.title(),
                class.expected()
            )?;
        }
        if let Some((backup, manifest)) = &self.backup {
            writeln!(out, "- Backup: `{backup}`, manifest `{manifest}`")?;
        }
        self.write_effects(out)?;
        writeln!(out, "\n## Checklist\n")?;
        for (item, answer) in &self.checklist {
            let answer = match answer {
                Some(answer) => cell(answer.text()),
                None => "not answered".to_owned(),
            };
            writeln!(out, "- {}: {answer}", item.title())?;
        }
        writeln!(out, "\n## Steps\n")?;
        writeln!(out, "| step | outcome | attempts | took | what it did |")?;
        writeln!(out, "|---|---|---:|---:|---|")?;
        for step in &self.steps {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                step.title,
                step.outcome,
                step.attempts,
                step.took_ms
                    .map_or_else(|| "not known".to_owned(), human_duration),
                cell(&step.did)
            )?;
        }
        writeln!(out, "\n## Timeline\n")?;
        for entry in &self.timeline {
            writeln!(
                out,
                "- {} · {} · {}",
                entry.at.utc(),
                cell(&entry.who),
                cell(&entry.what)
            )?;
        }
        writeln!(out, "\n## Audit\n")?;
        for (kind, id) in &self.plans {
            writeln!(out, "- {} plan `{id}`", kind.word())?;
        }
        writeln!(out, "- Journal head `{}`", self.audit_head)
    }

    fn write_effects(&self, out: &mut String) -> std::fmt::Result {
        if self.effects.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n## Offsets\n")?;
        writeln!(
            out,
            "Skipped: {} records. Read again: {} records. Deleted by Kafka before they were read: {} records.\n",
            thousands(self.cost.skipped),
            thousands(self.cost.repeated),
            thousands(self.cost.already_lost)
        )?;
        writeln!(
            out,
            "| topic | partition | before | after | skipped | read again |"
        )?;
        writeln!(out, "|---|---:|---:|---:|---:|---:|")?;
        for e in &self.effects {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                cell(&e.topic),
                e.partition,
                e.before
                    .map_or_else(|| "none".to_owned(), |o| o.0.to_string()),
                e.after.0,
                e.skipped,
                e.repeated
            )?;
        }
        Ok(())
    }

    /// How it ended, in a word.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        self.ended
            .as_ref()
            .map_or("not over yet", |(ending, _, _)| Ending::word(*ending))
    }
}

/// Text from outside, fit for a line of Markdown: one line, no markup.
fn cell(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .flat_map(|c| {
            let escape = matches!(
                c,
                '|' | '<' | '>' | '`' | '*' | '_' | '[' | ']' | '\\' | '#'
            );
            escape.then_some('\\').into_iter().chain([c])
        })
        .collect()
}

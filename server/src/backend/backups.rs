//! The backups that can be put back: found in S3, proved by the journal, and each
//! judged as the checkpoint that it would be.

use app::backend::Answered;
use app::view::{BackupHeld, BackupRow};
use domain::backup::{BackupSeen, FoundBackup, is_sealed};
use domain::intent::WayOut;
use domain::plan::{Cost, preview_restore, sink_on_restore};
use domain::run::{PlanState, RunState};
use domain::snapshot::Snapshot;
use domain::stream::{Prefix, Stream};

use super::Server;
use super::failure::{of_run, stale};
use super::forms::backup_value;

impl Server {
    /// The newest backups of a stream. None are looked for once the way out can no
    /// longer change.
    ///
    /// # Errors
    /// Why they could not be listed, as a sentence.
    pub(super) async fn backup_rows(
        &self,
        stream: &Stream,
        state: &RunState,
        snapshot: Option<&Snapshot>,
    ) -> Result<Vec<BackupRow>, String> {
        let settled = state.reset.as_ref().is_some_and(PlanState::is_under_way);
        if settled || state.ended.is_some() {
            return Ok(Vec::new());
        }
        let found = self.observer.backups(&stream.name).await?;
        let mut rows = Vec::new();
        for found in found.iter() {
            // What this Run has made of what is there now changes nothing.
            let own = state.sealed.as_ref().map(|sealed| &sealed.backup);
            if own != Some(&found.prefix) {
                rows.push(self.backup_row(stream, snapshot, found).await);
            }
        }
        Ok(rows)
    }

    async fn backup_row(
        &self,
        stream: &Stream,
        snapshot: Option<&Snapshot>,
        found: &FoundBackup,
    ) -> BackupRow {
        let value = match &found.backup {
            Ok(seen) => backup_value(&found.prefix, &seen.sealed.sha256),
            Err(_) => found.prefix.uri(),
        };
        let row = |held, outlook: Result<(Cost, String), String>| {
            let (cost, sink, not_possible) = match outlook {
                Ok((cost, sink)) => (Some(cost), sink, None),
                Err(why) => (None, String::new(), Some(why)),
            };
            BackupRow {
                value,
                name: found.prefix.name().to_owned(),
                sealed_at: found.sealed_at,
                held,
                cost,
                sink,
                not_possible,
            }
        };
        let seen = match &found.backup {
            Ok(seen) => seen,
            Err(why) => return row(None, Err(why.clone())),
        };
        let made_by = self.runs.load(&seen.run).await.ok().flatten();
        let made_by = made_by.as_ref().map(|loaded| &loaded.state);
        let reason = made_by.and_then(|state| state.intent.as_ref());
        let held = BackupHeld {
            run: seen.run.clone(),
            reason: reason.map(|intent| intent.reason.clone()),
            objects: seen.sealed.keys.count,
            bytes: seen.sealed.keys.bytes,
            batch: seen
                .checkpoint
                .last_committed()
                .map(|b| (b.batch, b.planned_at)),
            offsets: seen.checkpoint.next_offsets().map(|o| o.to_spark_json()),
            compared: seen.compared,
        };
        let digest = made_by
            .and_then(|state| state.sealed.as_ref())
            .map(|sealed| &sealed.sha256);
        let outlook = is_sealed(&seen.sealed, digest).and_then(|()| {
            let snapshot = snapshot.ok_or("The stream has not been looked at yet.")?;
            let effects = preview_restore(stream, snapshot, seen);
            let effects = effects.map_err(|refusal| refusal.to_string())?;
            let sink = sink_on_restore(stream, snapshot, seen);
            Ok((Cost::of(&effects), sink.unwrap_or_default()))
        });
        row(Some(held), outlook)
    }

    /// The backup that a way out puts back, as it lies there now, and its list of
    /// keys kept, as a plan holds only its digest.
    pub(super) async fn backup_to_restore(
        &self,
        stream: &Stream,
        way_out: &WayOut,
    ) -> Answered<Option<BackupSeen>> {
        let WayOut::Restore { backup, manifest } = way_out else {
            return Ok(None);
        };
        let seen = self.proved(stream, backup).await?;
        if seen.sealed.sha256 != *manifest {
            return Err(stale(
                "The backup's manifest is another than was chosen.",
                "Choose the backup anew.",
            ));
        }
        self.runs
            .keep_keys(&seen.entries)
            .await
            .map_err(|e| of_run("plan.keys", e))?;
        Ok(Some(seen))
    }

    /// A backup as it lies there now, whose manifest is the one in the journal.
    async fn proved(&self, stream: &Stream, backup: &Prefix) -> Answered<BackupSeen> {
        let refused = |why: String| {
            stale(
                format!("{} cannot be put back. {why}", backup.name()),
                "Choose another backup, or another way out.",
            )
        };
        let seen = self.observer.backup(&stream.name, backup).await;
        let seen = seen.map_err(refused)?;
        let made_by = self.runs.load(&seen.run).await;
        let made_by = made_by.map_err(|e| of_run("backup.run", e))?;
        let sealed = made_by.and_then(|loaded| loaded.state.sealed);
        is_sealed(&seen.sealed, sealed.as_ref().map(|s| &s.sha256)).map_err(refused)?;
        Ok(seen)
    }
}

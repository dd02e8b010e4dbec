//! What a way out would do, before anything is chosen or planned.

use app::backend::Answered;
use app::forms::Choose;
use app::view::{TimeTyped, Weighed};
use domain::access::{Action, Actor};
use domain::error::{ErrorKind, WireError};
use domain::intent::{Touch, WayOut};
use domain::plan::{
    Cost, PartitionEffect, Ranges, RecordTimes, Refusal, TimestampOffsets, kept_from,
    preview, preview_restore, wanted_times,
};
use domain::policy::Policy;
use domain::snapshot::Snapshot;
use domain::stream::Stream;
use domain::when::in_its_zone;

use super::Server;
use super::failure::{invalid, stale};
use super::forms::parse_way_out;
use super::options::what_the_sink_does;
use super::run_page::class_of;
use crate::clock;

impl Server {
    /// What a form's way out would do by what was seen last.
    pub(super) async fn weighed(
        &self,
        actor: &Actor,
        request: &Choose,
    ) -> Answered<Weighed> {
        let (_, stream) = self.run_for(actor, &request.run, Action::View).await?;
        let way_out = parse_way_out(request, clock::now())?;
        let latest = self.poller.get(&stream.name).ok_or_else(|| {
            stale(
                "The stream has not been looked at yet.",
                "Try again in a moment.",
            )
        })?;
        let mut weighed = self
            .weigh_fully(&stream, &latest.snapshot, &way_out)
            .await?;
        if let (WayOut::Timestamp { at }, Some(time)) = (&way_out, &mut weighed.time) {
            time.zoned = in_its_zone(&request.at, *at);
        }
        Ok(weighed)
    }

    /// The effects of a way out with all that is told of them.
    pub(super) async fn weigh_fully(
        &self,
        stream: &Stream,
        snapshot: &Snapshot,
        way_out: &WayOut,
    ) -> Answered<Weighed> {
        let effects = self.weigh(stream, snapshot, way_out).await?;
        // Without them the numbers are as right as with them.
        let times = self.record_times(stream, snapshot, &effects).await;
        let ranges = Ranges::of(&effects, &times.unwrap_or_default());
        let cost = Cost::of(&effects);
        let policy: Policy = self.observer.policy(&stream.name);
        Ok(Weighed {
            way_out: way_out.describe(),
            time: match way_out {
                WayOut::Timestamp { at } => Some(TimeTyped {
                    at: *at,
                    zoned: None,
                }),
                _ => None,
            },
            sink: what_the_sink_does(stream, snapshot, way_out, Some(cost)),
            takes: class_of(way_out, snapshot).expected().to_owned(),
            agrees: policy.agreement_for(way_out).words(),
            cost,
            ranges,
            effects,
        })
    }

    /// What a way out would do to each partition; refused where it could never
    /// become a plan.
    pub(super) async fn weigh(
        &self,
        stream: &Stream,
        snapshot: &Snapshot,
        way_out: &WayOut,
    ) -> Answered<Vec<PartitionEffect>> {
        let refused = |refusal: Refusal| {
            invalid(
                refusal.to_string(),
                "Choose another way out, or other values.",
            )
        };
        if way_out.touch() == Touch::Backup {
            let backup = self.backup_to_restore(stream, way_out).await?;
            // Kafka's ends of before the backup was sealed would be behind it.
            let latest = self.poller.refresh(&stream.name).await;
            let effects = backup.map(|b| preview_restore(stream, &latest.snapshot, &b));
            return effects.unwrap_or(Ok(Vec::new())).map_err(refused);
        }
        let times = self.times(stream, way_out).await?;
        preview(stream, snapshot, way_out, times.as_ref()).map_err(refused)
    }

    /// The times of the records between which `effects` skip or read again;
    /// `None` where Kafka does not answer.
    pub(super) async fn record_times(
        &self,
        stream: &Stream,
        snapshot: &Snapshot,
        effects: &[PartitionEffect],
    ) -> Option<RecordTimes> {
        let wanted = wanted_times(effects);
        let seen = snapshot.checkpoint.seen();
        let last = seen.and_then(|c| c.last_committed());
        let hint = last.map_or(snapshot.taken_at, |batch| batch.planned_at);
        let times = self.observer.record_times(stream, &wanted, hint).await;
        times
            .inspect_err(|error| {
                tracing::warn!(stream = %stream.name, %error, "records could not be dated");
            })
            .ok()
    }

    pub(super) async fn times(
        &self,
        stream: &Stream,
        way_out: &WayOut,
    ) -> Answered<Option<TimestampOffsets>> {
        let at = match way_out {
            WayOut::Timestamp { at } => Some(*at),
            WayOut::Earliest => self.poller.get(&stream.name).and_then(|latest| {
                kept_from(&latest.snapshot, &self.observer.policy(&stream.name))
            }),
            WayOut::Latest
            | WayOut::Offsets { .. }
            | WayOut::Restart
            | WayOut::Restore { .. }
            | WayOut::RollBack { .. }
            | WayOut::Move { .. }
            | WayOut::Rise { .. } => None,
        };
        let Some(at) = at else {
            return Ok(None);
        };
        self.observer
            .offsets_for_time(stream, at)
            .await
            .map(Some)
            .map_err(|why| {
                WireError::new(
                    ErrorKind::Upstream,
                    format!("Kafka could not resolve {}: {why}", at.utc()),
                    "Try again once it answers.",
                )
            })
    }
}

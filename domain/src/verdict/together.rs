//! What several streams that fell at once have in common.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Cause, Verdict, VerdictKind};
use crate::ids::StreamName;
use crate::time::Millis;

/// Streams fell at once when each fell within this time after the one before.
const AT_ONCE_MS: i64 = 5 * 60_000;

/// A stream, what it stands on, and how it is.
#[derive(Clone, Debug)]
pub struct Watched<'a> {
    /// The stream.
    pub name: &'a StreamName,
    /// What it shares with others, or may.
    pub stands_on: Vec<Shared>,
    /// How it is.
    pub verdict: &'a Verdict,
    /// Since when the verdict is what it is, by Sluice's own looks: for a
    /// verdict that does not tell itself.
    pub seen_since: Option<Millis>,
}

/// Something that several streams can stand on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what", content = "name")]
pub enum Shared {
    /// The script or jar that they run.
    Script(String),
    /// A key, role or secret that their errors name.
    Named(String),
    /// The role that their jobs run in.
    Role(String),
    /// The Kafka cluster.
    Cluster(String),
    /// The EMR Serverless application.
    Application(String),
}

impl Shared {
    /// For a sentence: "the application 00f1".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Script(name) => format!("the script {name}"),
            Self::Named(name) => format!("{name}, which their errors name"),
            Self::Role(name) => format!("the role {name}"),
            Self::Cluster(name) => format!("the Kafka cluster {name}"),
            Self::Application(name) => format!("the application {name}"),
        }
    }
}

/// Streams that fell at once, and what they share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommonCause {
    /// The streams, two at the least.
    pub streams: Vec<StreamName>,
    /// What they share, the most particular first.
    pub shared: Vec<Shared>,
    /// How many streams stand on the first of these, fallen or not.
    pub of: u32,
    /// When the first of them fell.
    pub since: Millis,
    /// Why their jobs failed, where they all say the same.
    pub cause: Option<Cause>,
}

/// The common causes, widest first. What one stream has alone is no common
/// cause, and neither is what most of those that stand on it survived.
#[must_use]
pub fn common_causes(streams: &[Watched<'_>]) -> Vec<CommonCause> {
    let mut found: Vec<CommonCause> = at_once(streams)
        .iter()
        .flat_map(|fallen| of_these(fallen, streams))
        .collect();
    found.sort_by_key(|c| (std::cmp::Reverse(c.streams.len()), c.since));
    found
}

/// The streams that fell, in groups that fell at once.
fn at_once<'a, 'b>(streams: &'a [Watched<'b>]) -> Vec<Vec<(Millis, &'a Watched<'b>)>> {
    let mut fallen: Vec<(Millis, &Watched<'_>)> = streams
        .iter()
        .filter(|s| has_fallen(s.verdict.kind))
        .filter_map(|s| Some((s.verdict.since.or(s.seen_since)?, s)))
        .collect();
    fallen.sort_by_key(|(since, _)| *since);
    let mut groups: Vec<Vec<(Millis, &Watched<'_>)>> = Vec::new();
    for (since, stream) in fallen {
        match groups.last_mut() {
            Some(group)
                if group
                    .last()
                    .is_some_and(|(last, _)| since.since(*last) <= AT_ONCE_MS) =>
            {
                group.push((since, stream));
            }
            _ => groups.push(vec![(since, stream)]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// The others are slow or quiet, or have their own reason by what they are.
fn has_fallen(kind: VerdictKind) -> bool {
    match kind {
        VerdictKind::Unknown
        | VerdictKind::LosingData
        | VerdictKind::Corrupt
        | VerdictKind::Down
        | VerdictKind::Stuck
        | VerdictKind::Blocked => true,
        VerdictKind::WorkingOnABigBatch
        | VerdictKind::Behind
        | VerdictKind::Idle
        | VerdictKind::Healthy => false,
    }
}

fn of_these(fallen: &[(Millis, &Watched<'_>)], all: &[Watched<'_>]) -> Vec<CommonCause> {
    // What is shared, by exactly whom; the same streams make one cause.
    let mut by_members: BTreeMap<Vec<&StreamName>, BTreeSet<&Shared>> = BTreeMap::new();
    let shared: BTreeSet<&Shared> =
        fallen.iter().flat_map(|(_, s)| &s.stands_on).collect();
    for what in shared {
        let stands = |s: &Watched<'_>| s.stands_on.contains(what);
        let members: Vec<&StreamName> = fallen
            .iter()
            .filter(|(_, s)| stands(s))
            .map(|(_, s)| s.name)
            .collect();
        let of = all.iter().filter(|s| stands(s)).count();
        if members.len() > 1 && members.len() * 2 > of {
            by_members.entry(members).or_default().insert(what);
        }
    }
    let within = |few: &[&StreamName], many: &[&StreamName]| {
        few.len() < many.len() && few.iter().all(|name| many.contains(name))
    };
    let widest: Vec<&Vec<&StreamName>> = by_members
        .keys()
        .filter(|members| !by_members.keys().any(|other| within(members, other)))
        .collect();
    widest
        .into_iter()
        .map(|members| {
            let shared: Vec<Shared> =
                by_members[members].iter().map(|s| (*s).clone()).collect();
            let of = all
                .iter()
                .filter(|s| shared.first().is_some_and(|f| s.stands_on.contains(f)))
                .count();
            let mine = || fallen.iter().filter(|(_, s)| members.contains(&s.name));
            let mut causes = mine().map(|(_, s)| s.verdict.cause.as_ref());
            let first = causes.next().flatten();
            let same = causes.all(|c| c.map(|c| c.kind) == first.map(|c| c.kind));
            CommonCause {
                streams: members.iter().map(|name| (*name).clone()).collect(),
                shared,
                of: u32::try_from(of).unwrap_or(u32::MAX),
                since: mine().map(|(since, _)| *since).min().unwrap_or_default(),
                cause: first.filter(|_| same).cloned(),
            }
        })
        .collect()
}

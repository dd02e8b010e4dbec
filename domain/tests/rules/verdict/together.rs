//! What several streams that fell at once have in common.

use domain::ids::StreamName;
use domain::time::Millis;
use domain::verdict::{
    CommonCause, ResetHelps, Shared, Verdict, VerdictKind as Kind, Watched, common_causes,
};

use super::case::{MINUTE, ago};

struct One {
    name: StreamName,
    stands_on: Vec<Shared>,
    verdict: Verdict,
}

fn application(name: &str) -> Shared {
    Shared::Application(name.to_owned())
}

fn cluster(name: &str) -> Shared {
    Shared::Cluster(name.to_owned())
}

fn one(name: &str, kind: Kind, since: Option<Millis>, stands_on: &[Shared]) -> One {
    One {
        name: name.parse().unwrap(),
        stands_on: stands_on.to_vec(),
        verdict: Verdict {
            kind,
            sentence: String::new(),
            advice: String::new(),
            since,
            reset_helps: ResetHelps::No,
            evidence: Vec::new(),
            cause: None,
        },
    }
}

fn causes(streams: &[One]) -> Vec<CommonCause> {
    let watched: Vec<Watched<'_>> = streams
        .iter()
        .map(|s| Watched {
            name: &s.name,
            stands_on: s.stands_on.clone(),
            verdict: &s.verdict,
            seen_since: Some(ago(3 * MINUTE)),
        })
        .collect();
    common_causes(&watched)
}

fn names(cause: &CommonCause) -> Vec<&str> {
    cause.streams.iter().map(StreamName::as_str).collect()
}

#[test]
fn what_fell_at_once_on_one_application_names_it() {
    let on = |app| [application(app), cluster("msk")];
    let found = causes(&[
        one("a", Kind::Down, Some(ago(20 * MINUTE)), &on("x")),
        one("b", Kind::Stuck, Some(ago(17 * MINUTE)), &on("x")),
        one("c", Kind::Down, Some(ago(14 * MINUTE)), &on("x")),
        one("d", Kind::Healthy, None, &on("y")),
        one("e", Kind::Healthy, None, &on("y")),
        one("f", Kind::Healthy, None, &on("y")),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(names(&found[0]), ["a", "b", "c"]);
    // Half of the cluster's streams are well, so it is not to blame.
    assert_eq!(found[0].shared, [application("x")]);
    assert_eq!(found[0].of, 3);
    assert_eq!(found[0].since, ago(20 * MINUTE));
}

#[test]
fn the_wider_thing_is_named_where_it_takes_more_of_them_in() {
    let on = |app| [application(app), cluster("msk")];
    let found = causes(&[
        one("a", Kind::Unknown, None, &on("x")),
        one("b", Kind::Unknown, None, &on("x")),
        one("c", Kind::Unknown, None, &on("y")),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(names(&found[0]), ["a", "b", "c"]);
    assert_eq!(found[0].shared, [cluster("msk")]);
}

#[test]
fn one_stream_alone_is_no_common_cause() {
    let on = [application("x")];
    let alone = one("a", Kind::Down, Some(ago(MINUTE)), &on);
    assert_eq!(causes(&[alone]), []);
    // Long after one another.
    let found = causes(&[
        one("a", Kind::Down, Some(ago(60 * MINUTE)), &on),
        one("b", Kind::Down, Some(ago(MINUTE)), &on),
    ]);
    assert_eq!(found, []);
    // At once, and with nothing in common.
    let found = causes(&[
        one("a", Kind::Down, Some(ago(MINUTE)), &[application("x")]),
        one("b", Kind::Down, Some(ago(MINUTE)), &[application("y")]),
    ]);
    assert_eq!(found, []);
}

#[test]
fn what_most_survived_is_not_to_blame() {
    let on = [application("x")];
    let mut streams: Vec<One> = ["c", "d", "e"]
        .iter()
        .map(|name| one(name, Kind::Healthy, None, &on))
        .collect();
    streams.push(one("a", Kind::Down, Some(ago(MINUTE)), &on));
    streams.push(one("b", Kind::Down, Some(ago(2 * MINUTE)), &on));
    assert_eq!(causes(&streams), []);
}

//! What carries the starting offsets: seeds, a Spark conf key or an argument.

use domain::intent::WayOut;
use domain::plan::{Fault, Plan, RestartStep, Setting, StepKind, check, preview, render};
use domain::snapshot::Snapshot;
use domain::stream::{Carrier, Stream};
use proptest::prelude::*;

use crate::plan::{dry_run, reset, reset_of, stopped};
use crate::world::{offsets, snapshot, stream};

fn carried_by(carrier: Carrier) -> Stream {
    Stream {
        carrier,
        ..stream()
    }
}

fn by_conf() -> Stream {
    carried_by(Carrier::Conf {
        key: "spark.orders.startingOffsets".into(),
    })
}

fn by_argument() -> Stream {
    carried_by(Carrier::Argument {
        name: "starting-offsets".into(),
    })
}

#[test]
fn a_reset_plan_that_the_driver_carries_reads_like_this() {
    let conf = reset_of(&by_conf(), &stopped(), WayOut::Latest, None).unwrap();
    insta::assert_snapshot!("carried_by_a_conf", dry_run(&conf));
    let argument = reset_of(&by_argument(), &stopped(), WayOut::Latest, None).unwrap();
    let restart = render(&argument)
        .steps
        .into_iter()
        .find(|s| s.word == "restart")
        .unwrap();
    insta::assert_snapshot!(
        "carried_by_an_argument",
        format!("{}\n$ {}", restart.will, restart.commands.join("\n$ "))
    );
}

#[test]
fn a_plan_that_the_driver_carries_writes_no_seed_and_may_be_carried_out() {
    for stream in [by_conf(), by_argument()] {
        let plan = reset_of(&stream, &stopped(), WayOut::Latest, None).unwrap();
        assert_eq!(check(&plan, &stream), []);
        assert!(plan.body.steps.iter().all(|s| s.kind.word() != "seed"));
        let setting = plan.setting().unwrap();
        assert_eq!(setting.value(), r#"{"orders_events":{"0":150,"1":260}}"#);
        assert_eq!(plan.starting_offsets(), [offsets(&[150, 260])]);
        // It is no plan for the same stream under another configuration.
        assert!(matches!(
            check(&plan, &crate::world::stream())[..],
            [Fault::OtherCarrier(_)]
        ));
        assert_ne!(
            stream.digest().unwrap(),
            crate::world::stream().digest().unwrap()
        );
    }
}

#[test]
fn a_start_is_carried_by_seeds_or_by_the_driver_never_by_both_or_neither() {
    let stream = by_conf();
    let edit = |change: &dyn Fn(&mut Plan)| {
        let mut plan = reset_of(&stream, &stopped(), WayOut::Latest, None).unwrap();
        change(&mut plan);
        check(&Plan::new(plan.body).unwrap(), &stream)
    };
    let restart = |plan: &mut Plan, change: &dyn Fn(&mut RestartStep)| {
        for step in &mut plan.body.steps {
            if let StepKind::Restart(restart) = &mut step.kind {
                change(restart);
            }
        }
    };
    let neither = edit(&|p| restart(p, &|r| r.setting = None));
    assert!(matches!(neither[..], [Fault::Order(_)]), "{neither:?}");
    let both = edit(&|p| {
        let seeded = reset(&stopped(), WayOut::Latest).unwrap();
        let mut seed = seeded.body.steps[2].clone();
        seed.id = domain::ids::StepId::numbered("reset", 99);
        p.body.steps.insert(2, seed);
    });
    assert!(matches!(both[..], [Fault::Order(_)]), "{both:?}");
    for value in [
        r#"{"orders_events":{"0":150,"1":261}}"#,
        r#"{"orders_events":{"0":150}}"#,
        r#"{"orders_events":{"0":150,"1":260},"other":{"0":1}}"#,
        r#"{"orders_events":{"1":260,"0":150}}"#,
        "latest",
    ] {
        let other = edit(&|p| {
            restart(p, &|r| {
                r.setting = Some(Setting::Conf {
                    key: "spark.orders.startingOffsets".into(),
                    value: value.into(),
                });
            });
        });
        assert!(matches!(other[..], [Fault::Setting]), "{value}: {other:?}");
    }
    let elsewhere = edit(&|p| {
        restart(p, &|r| {
            let value = r.setting.as_ref().unwrap().value().to_owned();
            let key = "spark.executor.memory".into();
            r.setting = Some(Setting::Conf { key, value });
        });
    });
    assert!(
        matches!(elsewhere[..], [Fault::OtherCarrier(_)]),
        "{elsewhere:?}"
    );
    let undone = edit(&|p| p.body.undo = vec![p.body.steps[3].clone()]);
    assert!(
        undone.iter().any(|f| matches!(f, Fault::OtherCarrier(_))),
        "{undone:?}"
    );
}

#[test]
fn what_cannot_carry_the_offsets_is_refused_before_anything_is_stopped() {
    let refused = |stream: &Stream, snapshot: &Snapshot| {
        let planned = reset_of(stream, snapshot, WayOut::Latest, None).unwrap_err();
        let chosen = preview(stream, snapshot, &WayOut::Latest, None);
        assert_eq!(chosen.unwrap_err(), planned);
        planned.to_string()
    };
    let wide = snapshot("FAILED", None, &[0; 64], &[1_000_000_000; 64]);
    let said = refused(&by_conf(), &wide);
    let why = "64 partitions have 1,033 characters, and EMR takes 1,024";
    assert!(said.contains(why), "{said}");
    // An argument has room for them.
    reset_of(&by_argument(), &wide, WayOut::Latest, None).unwrap();
    let mut two = by_argument();
    two.sources = vec![vec!["orders_events".into()]; 2];
    let said = refused(&two, &stopped());
    assert!(said.contains("2 sources"), "{said}");
}

/// A plan as it was stored before a driver could carry anything.
const OLD_PLAN: &str = include_str!("plan-without-a-carrier.json");

#[test]
fn a_plan_of_before_the_field_keeps_its_id_and_may_be_carried_out() {
    let plan: Plan = serde_json::from_str(OLD_PLAN).unwrap();
    assert!(plan.is_genuine());
    assert_eq!(plan.setting(), None);
    assert_eq!(check(&plan, &stream()), []);
    assert_eq!(plan.starting_offsets(), [offsets(&[150, 260])]);
    // The stream's digest is the same too, so that it is not stale.
    let now = stopped().basis(
        &stream().digest().unwrap(),
        &crate::world::policy().digest().unwrap(),
    );
    assert_eq!(plan.drift(&now), Vec::<String>::new());
    assert_eq!(serde_json::to_string(&plan).unwrap(), OLD_PLAN.trim_end());
}

proptest! {
    /// Whatever carries it, the job is told of every partition of the stream
    /// exactly once, and exactly what the plan's effects say.
    #[test]
    fn every_carrier_tells_the_job_what_the_effects_say(
        partitions in proptest::collection::vec((0_i64..1_000, 0_i64..1_000, 0_i64..1_000), 1..9),
        carrier in 0_usize..3,
    ) {
        let starts: Vec<i64> = partitions.iter().map(|p| p.0).collect();
        let ends: Vec<i64> = partitions.iter().map(|p| p.0 + p.1).collect();
        let wanted: Vec<i64> =
            partitions.iter().map(|p| p.0 + p.2.min(p.1)).collect();
        let stream = [stream(), by_conf(), by_argument()][carrier].clone();
        let world = snapshot("FAILED", None, &starts, &ends);
        let way_out = WayOut::Offsets { offsets: offsets(&wanted) };
        let plan = reset_of(&stream, &world, way_out, None).unwrap();
        prop_assert_eq!(check(&plan, &stream), Vec::new());
        let seeds = plan.body.steps.iter().filter_map(|s| match &s.kind {
            StepKind::Seed(seed) => Some(seed.offsets.clone()),
            _ => None,
        });
        let told: Vec<_> = seeds
            .chain(plan.setting().and_then(Setting::offsets))
            .collect();
        prop_assert_eq!(told, vec![offsets(&wanted)]);
        for effect in &plan.body.effects {
            let at = usize::try_from(effect.partition).unwrap();
            prop_assert_eq!(effect.after.0, wanted[at]);
            prop_assert_eq!(
                effect.skipped + effect.backlog,
                u64::try_from(ends[at] - starts[at]).unwrap(),
                "each record that Kafka has is skipped or read"
            );
        }
        prop_assert_eq!(plan.body.effects.len(), wanted.len());
    }
}

//! `orders` goes from corrupt to healthy by each way out, and stays as it is where a
//! rule says no. Judged by what lies in the bucket, by the bronze objects and by the
//! sandbox's own record of what was done to it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::error::ErrorKind;
use domain::offsets::PartitionOffsets;
use domain::plan::{Plan, PlanKind};
use domain::report::Report;
use tests::{Bronze, Deeds, Extra, Ground, Guided, Objects, Person, Sluice, until};

const CHECKPOINT: &str = "_checkpoints/streaming/orders/";
const BACKUPS: &str = "_checkpoints/streaming/orders_backup_";
const BRONZE: &str = "bronze/kafka/orders/";
const TOPIC: &str = "orders_events";

#[tokio::test(flavor = "multi_thread")]
async fn orders_is_healthy_again_from_the_newest_record() {
    let stage = Stage::set(Extra::default()).await;
    let oda = stage.person("oda").await;
    let run = stage.opens_a_run(&oda).await;
    run.chooses("latest", &[]).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    for effect in &plan.body.effects {
        assert_eq!(effect.after, effect.log_end, "{effect:?}");
    }
    run.starts(&plan).await;
    stage.is_reset_as_promised(&run, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_is_healthy_again_from_a_time() {
    let stage = Stage::set(Extra::default()).await;
    let oda = stage.person("oda").await;
    let run = stage.opens_a_run(&oda).await;
    let hour_ms = 3_600_000;
    let at_ms = stage.ground.sandbox.shared.clock.now_ms() - hour_ms;
    run.chooses("timestamp", &[("at", &at_ms.to_string())])
        .await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    let topics = &stage.ground.sandbox.world.topics;
    for effect in &plan.body.effects {
        let first = topics.offset_for_timestamp(TOPIC, effect.partition, at_ms);
        let first = first.expect("a topic").expect("a record of the last hour");
        assert_eq!(effect.after.0, first.offset, "{effect:?}");
    }
    run.starts(&plan).await;
    stage.is_reset_as_promised(&run, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_is_healthy_again_from_given_offsets() {
    let stage = Stage::set(Extra::default()).await;
    let oda = stage.person("oda").await;
    let run = stage.opens_a_run(&oda).await;
    let given = stage.offsets_before_the_end();
    run.chooses("offsets", &[("offsets", &given.to_spark_json())])
        .await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    assert_eq!(promised(&plan), given);
    run.starts(&plan).await;
    stage.is_reset_as_promised(&run, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_is_healthy_again_from_the_oldest_record_once_a_stakeholder_agreed() {
    let stage = Stage::set(Extra {
        operators_are_stakeholders: true,
    })
    .await;
    stage.keeps_few_old_records();
    let (oda, otto) = (stage.person("oda").await, stage.person("otto").await);
    let stella = stage.person("stella").await;
    let run = stage.opens_a_run(&oda).await;
    run.chooses("earliest", &[]).await;
    run.secures().await;
    let plan = run.plans(PlanKind::Reset).await;
    for effect in &plan.body.effects {
        assert_eq!(effect.after, effect.log_start, "{effect:?}");
    }
    let vote = [("plan", plan.id.as_str()), ("answer", "agree")];

    let refused = run.tries_to_start(&plan, "orders").await;
    assert_refused(refused, ErrorKind::Stale, "Ask for it first");
    let asked = [("plan", plan.id.as_str())];
    run.before(&otto).does("request-agreement", &asked).await;
    let refused = run.tries_to_start(&plan, "orders").await;
    assert_refused(refused, ErrorKind::Stale, "Not everybody has agreed");
    // Both are stakeholders too; but Oda has made the plan, and Otto has asked for it.
    let refused = run.asks("vote", &vote).await;
    assert_refused(refused, ErrorKind::NotPermitted, "made themselves");
    let refused = run.before(&otto).asks("vote", &vote).await;
    assert_refused(refused, ErrorKind::NotPermitted, "asked for themselves");
    let refused = run.tries_to_start(&plan, "orders").await;
    assert_refused(refused, ErrorKind::Stale, "Not everybody has agreed");
    assert_eq!(stage.state_of_the_checkpoint(), stage.checkpoint);

    run.before(&stella).does("vote", &vote).await;
    run.starts(&plan).await;
    stage.is_reset_as_promised(&run, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_not_started_under_a_wrong_name_nor_when_the_world_has_moved() {
    let stage = Stage::set(Extra::default()).await;
    let oda = stage.person("oda").await;
    let run = stage.opens_a_run(&oda).await;
    run.chooses("latest", &[]).await;
    let secure = run.plans(PlanKind::Secure).await;
    for typed in ["", "Orders", "payments"] {
        let refused = run.tries_to_start(&secure, typed).await;
        assert_refused(refused, ErrorKind::Invalid, "is not orders");
    }
    run.starts(&secure).await;
    run.is_sealed().await;
    let plan = run.plans(PlanKind::Reset).await;
    let refused = run.tries_to_start(&plan, "order").await;
    assert_refused(refused, ErrorKind::Invalid, "is not orders");

    // Somebody writes an offsets file after the backup was sealed.
    let (last, bytes) = (9_999, b"v1\n{}\n{}");
    let key = format!("{CHECKPOINT}offsets/{last}");
    stage.ground.bucket().put(&key, bytes);
    let refused = run.tries_to_start(&plan, "orders").await;
    assert_refused(refused, ErrorKind::Stale, "stale");

    let mut expected = stage.checkpoint.clone();
    expected.insert(format!("offsets/{last}"), bytes.to_vec());
    assert_eq!(stage.state_of_the_checkpoint(), expected);
    let deeds = stage.deeds();
    assert_eq!(deeds.accepted("StartJobRun"), 0);
    assert!(deeds.keys().iter().all(|key| key.starts_with(BACKUPS)));
    run.does("abort", &[("reason", "Somebody else writes here.")])
        .await;
    let ended = until("the end of the Run", Duration::from_secs(30), async || {
        let state = run.state().await;
        state.ended.ok_or_else(|| format!("{:?}", state.reset))
    })
    .await;
    assert_eq!(ended.0, domain::run::Ending::Closed, "{}", ended.2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_row_of_the_journal_is_named() {
    let stage = Stage::set(Extra::default()).await;
    let oda = stage.person("oda").await;
    let run = stage.opens_a_run(&oda).await;
    let mut journal = stage.ground.journal().await;
    assert!(journal.rows().await > 1);
    let (verified, said) = audit(&stage.ground).await;
    assert!(verified, "{said}");
    journal.forge(&run.run, 2).await;
    let (verified, said) = audit(&stage.ground).await;
    assert!(!verified, "{said}");
    assert!(said.contains("row 2"), "{said}");
}

/// A ground with neighbours, the binary on it, and how everything was before.
struct Stage {
    /// Dropped before its ground, so that its log is still there to be shown.
    _sluice: Sluice,
    ground: Ground,
    checkpoint: Objects,
    neighbours: BTreeMap<String, Objects>,
    bronze: BTreeSet<String>,
    recorded: u64,
}

impl Stage {
    async fn set(extra: Extra) -> Self {
        let ground = Ground::with(extra).await;
        let bucket = ground.bucket();
        let neighbours = [
            "_checkpoints/streaming/orders2/",
            "_checkpoints/streaming/orders_backup_20250115_031500/",
            "_checkpoints/streaming/orders-old/",
        ];
        for neighbour in neighbours {
            bucket.put(&format!("{neighbour}metadata"), br#"{"id":"other"}"#);
            bucket.put(&format!("{neighbour}offsets/0"), b"");
        }
        // An object whose key is the prefix without its slash.
        bucket.put("_checkpoints/streaming/orders", b"beside it");
        let sluice = ground.serve().await;
        let neighbours = neighbours
            .iter()
            .map(|prefix| ((*prefix).to_owned(), bucket.objects(prefix)))
            .collect();
        let (checkpoint, bronze) = (bucket.objects(CHECKPOINT), bucket.keys(BRONZE));
        assert!(checkpoint.contains_key("metadata"), "{checkpoint:?}");
        let recorded = ground.sandbox.shared.record.last_seq();
        Self {
            checkpoint,
            neighbours,
            bronze,
            recorded,
            _sluice: sluice,
            ground,
        }
    }

    async fn person(&self, login: &str) -> Person {
        Person::signed_in(&self.ground, login).await
    }

    /// Opens a Run, once Sluice has seen that the stream is corrupt.
    async fn opens_a_run(&self, person: &Person) -> Guided {
        let orders = "orders".parse().expect("a name");
        let run = Guided::opened(person, &orders).await;
        let kind = run.page().await["verdict"]["kind"].clone();
        assert_eq!(kind, "corrupt");
        run
    }

    /// Offsets before the end of each partition, which the stream has read long ago,
    /// and no further from it than is read again in seconds.
    fn offsets_before_the_end(&self) -> PartitionOffsets {
        let topics = &self.ground.sandbox.world.topics;
        let partitions = self.ground.orders().topics[0].partitions;
        let mut offsets = PartitionOffsets::new();
        for partition in 0..i32::try_from(partitions).expect("a small number") {
            let end = topics.log_end(TOPIC, partition).expect("a topic");
            offsets.set(TOPIC, partition, end - 1_600_000 + i64::from(partition));
        }
        offsets
    }

    /// Lets retention take all but what is read again in seconds. What the stream has
    /// not read is kept.
    fn keeps_few_old_records(&self) {
        let topics = &self.ground.sandbox.world.topics;
        for (topic, partition, offset) in self.offsets_before_the_end().iter() {
            topics
                .advance_log_start(topic, partition, offset)
                .expect("a topic");
        }
    }

    fn state_of_the_checkpoint(&self) -> Objects {
        self.ground.bucket().objects(CHECKPOINT)
    }

    fn deeds(&self) -> Deeds {
        let record = &self.ground.sandbox.shared.record;
        assert_eq!(record.dropped(), 0, "the record is not whole");
        Deeds::since(record, self.recorded)
    }

    /// All that a finished reset must have left behind.
    async fn is_reset_as_promised(&self, run: &Guided, plan: &Plan) {
        run.is_done().await;
        self.began_where_the_plan_says(plan).await;
        self.backup_is_the_checkpoint_as_it_was(plan);
        self.nothing_else_was_touched();
        self.reports_are_readable(run, plan).await;
        run.is_healthy_again().await;
        let (verified, said) = audit(&self.ground).await;
        assert!(verified, "{said}");
    }

    /// By the objects that the new job run wrote: each partition begins at the promised
    /// offset, and from there on nothing is missing and nothing is there twice.
    async fn began_where_the_plan_says(&self, plan: &Plan) {
        let promised = promised(plan);
        assert_eq!(promised.len(), 6, "{promised:?}");
        let began = until(
            "bronze of each partition",
            Duration::from_secs(120),
            async || {
                let ranges = self.ground.bucket().bronze(BRONZE, &self.bronze);
                let began = Bronze::beginnings(&ranges)?;
                match began.len() == promised.len() {
                    true => Ok(began),
                    false => Err(format!("{began:?}")),
                }
            },
        )
        .await;
        assert_eq!(began, promised);
    }

    fn backup_is_the_checkpoint_as_it_was(&self, plan: &Plan) {
        let sealed = plan.body.sealed.as_ref().expect("a sealed backup");
        let place = sealed.backup.key();
        assert!(place.starts_with(BACKUPS), "{place}");
        assert_eq!(self.ground.bucket().objects(place), self.checkpoint);
        let manifest = self
            .ground
            .bucket()
            .bytes(&format!("{}.manifest.json", place.trim_end_matches('/')));
        let manifest = manifest.expect("a manifest beside the backup");
        let manifest: domain::manifest::Manifest =
            serde_json::from_slice(&manifest).expect("a manifest");
        let listed: Vec<_> = manifest.entries.iter().map(|entry| &entry.key).collect();
        assert_eq!(listed, self.checkpoint.keys().collect::<Vec<_>>());
    }

    fn nothing_else_was_touched(&self) {
        let bucket = self.ground.bucket();
        for (prefix, before) in &self.neighbours {
            assert_eq!(bucket.objects(prefix), *before, "{prefix}");
        }
        let beside = bucket.bytes("_checkpoints/streaming/orders");
        assert_eq!(beside.as_deref(), Some(&b"beside it"[..]));
        let deeds = self.deeds();
        let keys = deeds.keys();
        assert!(!keys.is_empty(), "the record knows nothing of Sluice");
        for key in keys {
            let old = self.neighbours.keys().any(|prefix| key.starts_with(prefix));
            let allowed = key.starts_with(CHECKPOINT) || key.starts_with(BACKUPS);
            assert!(allowed && !old, "Sluice has written {key}");
        }
        assert_eq!(deeds.accepted("StartJobRun"), 1);
    }

    async fn reports_are_readable(&self, run: &Guided, plan: &Plan) {
        let address = |ending| format!("/runs/{}/report.{ending}", run.run);
        let json = text_of(&run.person, &address("json"), "application/json").await;
        let report: Report = serde_json::from_str(&json).expect("a report");
        assert_eq!(report.run, run.run);
        assert_eq!(report.effects, plan.body.effects);
        let ending = report.ended.expect("an ending").0;
        assert_eq!(ending, domain::run::Ending::Done);
        let markdown = text_of(&run.person, &address("md"), "text/markdown").await;
        for word in [run.run.as_str(), "Oda Brandt", "orders"] {
            assert!(markdown.contains(word), "{word} is not in\n{markdown}");
        }
        for effect in &plan.body.effects {
            let after = format!("| {} |", effect.after.0);
            assert!(markdown.contains(&after), "{after} is not in\n{markdown}");
        }
    }
}

/// Where the plan says that each partition will begin.
fn promised(plan: &Plan) -> PartitionOffsets {
    let mut offsets = PartitionOffsets::new();
    for effect in &plan.body.effects {
        offsets.set(effect.topic.clone(), effect.partition, effect.after.0);
    }
    offsets
}

async fn text_of(person: &Person, path: &str, kind: &str) -> String {
    let answer = person.open(path).await;
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    let sent = answer.headers()["content-type"].to_str().expect("ASCII");
    assert!(sent.starts_with(kind), "{path}: {sent}");
    answer.text().await.expect("a body")
}

#[track_caller]
fn assert_refused(result: Result<(), tests::Refused>, kind: ErrorKind, says: &str) {
    let refused = result.expect_err("it must be refused");
    assert_eq!(refused.status.as_u16(), kind.status(), "{refused:?}");
    let error = refused.error.expect("a server function says why");
    assert_eq!(error.kind, kind, "{error:?}");
    assert!(error.message.contains(says), "{error:?}");
}

/// Runs `sluice audit verify`; whether it verifies, and what was said.
async fn audit(ground: &Ground) -> (bool, String) {
    let output = tokio::process::Command::new(Sluice::binary())
        .args(["audit", "verify", "--config"])
        .arg(ground.config())
        .output()
        .await
        .expect("the binary can be run");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.success(), said)
}

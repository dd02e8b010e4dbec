//! Streams whose code reads where to begin, from a Spark conf or from an argument: a
//! reset begins there, and stops for a person where the code does not read it after all.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::offsets::PartitionOffsets;
use domain::plan::{Plan, PlanKind, Setting};
use domain::run::Ending;
use sandbox::emr::{JobRun, StartJobRun};
use sandbox::streams::{StreamDefinition, streams};
use tests::{Bronze, Deeds, Ground, Guided, Person, Sluice, until};

/// How far before the end a start is: read long ago, and read again in seconds.
const BACK: i64 = 2_000;
const PARKS_WITHIN: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn a_conf_carries_the_start_and_the_sibling_goes_on() {
    let stage = Stage::set("loyalty_points").await;
    let tiers = "_checkpoints/loyalty/loyalty_tiers/";
    let before = stage.ground.bucket().bytes(&format!("{tiers}metadata"));
    let (run, plan) = stage.is_reset().await;
    let job = stage.newest_job_run();
    let defaults = &job.configuration_overrides["applicationConfiguration"][0];
    assert_eq!(defaults["classification"], "spark-defaults");
    assert_eq!(
        defaults["properties"]["spark.loyalty.startingOffsets"],
        stage.planned.to_spark_json()
    );
    assert!(matches!(plan.setting(), Some(Setting::Conf { .. })));
    run.is_healthy_again().await;
    let bucket = stage.ground.bucket();
    assert_eq!(bucket.bytes(&format!("{tiers}metadata")), before);
    let deeds = stage.deeds();
    assert!(deeds.keys().iter().all(|key| !key.starts_with(tiers)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_carries_the_start() {
    let stage = Stage::set("shipments").await;
    let (run, plan) = stage.is_reset().await;
    let job = stage.newest_job_run();
    assert_eq!(
        job.job_driver["sparkSubmit"]["entryPointArguments"],
        serde_json::json!(["--starting-offsets", stage.planned.to_spark_json()])
    );
    assert!(matches!(plan.setting(), Some(Setting::Argument { .. })));
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_does_not_read_the_key_parks_the_run() {
    let stage = Stage::set("loyalty_points").await;
    let run = stage.opens_a_run().await;
    let plan = run.plans(PlanKind::Reset).await;
    let reads = r#"spark.conf.get("spark.loyalty.startingOffsets", "latest")"#;
    assert_eq!(stage.definition.script.matches(reads).count(), 1);
    let deaf = stage.definition.script.replace(reads, r#""latest""#);
    let script = format!("jobs/{}", stage.definition.script_name);
    stage.ground.bucket().put(&script, deaf.as_bytes());
    run.starts(&plan).await;
    for _ in 0..2 {
        let (reason, next_step) = parked(&run).await;
        assert!(
            reason.contains("did not begin where the plan says"),
            "{reason}"
        );
        assert!(reason.contains("loyalty_points-"), "{reason}");
        assert!(reason.contains("2 more partitions differ too"), "{reason}");
        assert!(
            next_step.contains("the Spark conf key spark.loyalty.startingOffsets"),
            "{next_step}"
        );
        assert_eq!(run.state().await.ended, None);
        // Looking again changes nothing.
        run.does("resume", &[("reason", "Looked at its log.")])
            .await;
    }
    parked(&run).await;
    run.does("abort", &[("reason", "The script is to be mended first.")])
        .await;
    let ended = until("the end of the Run", PARKS_WITHIN, async || {
        let state = run.state().await;
        state.ended.ok_or_else(|| format!("{:?}", state.parked))
    })
    .await;
    assert_ne!(ended.0, Ending::Done, "{}", ended.2);
    let started = stage.deeds().accepted("StartJobRun");
    assert_eq!(started, 1);
}

/// What the driver holds is known to EMR only. It is looked at before the gate is
/// closed, not after the checkpoint was cleared.
#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_cannot_carry_the_start_parks_the_run_before_the_gate() {
    let stage = Stage::set("loyalty_points").await;
    stage.is_submitted_with("--conf 'spark.loyalty.startingOffsets=latest");
    let run = stage.opens_a_run().await;
    let checkpoint = stage.definition.checkpoint_prefix();
    let before = stage.ground.bucket().objects(&checkpoint);
    let plan = run.plans(PlanKind::Reset).await;
    run.starts(&plan).await;
    let (reason, _) = parked(&run).await;
    assert!(
        reason.contains("quoting that is not understood"),
        "{reason}"
    );
    assert_eq!(stage.ground.bucket().objects(&checkpoint), before);
    assert_eq!(stage.deeds().accepted("StartJobRun"), 0);
}

async fn parked(run: &Guided) -> (String, String) {
    until("a parked Run", PARKS_WITHIN, async || {
        let state = run.state().await;
        let unfinished = format!("{:?}", state.reset);
        state.parked.ok_or(unfinished)
    })
    .await
}

/// A ground, the binary on it, a stream and where it is to begin.
struct Stage {
    /// Dropped before its ground, so that its log is still there to be shown.
    _sluice: Sluice,
    ground: Ground,
    definition: StreamDefinition,
    planned: PartitionOffsets,
    recorded: u64,
}

impl Stage {
    async fn set(stream: &str) -> Self {
        let ground = Ground::new().await;
        let definition = streams()
            .into_iter()
            .find(|definition| definition.name == stream)
            .expect("the sandbox has it");
        let topic = &definition.topics[0];
        let mut planned = PartitionOffsets::new();
        for partition in 0..i32::try_from(topic.partitions).expect("a small number") {
            let end = ground.sandbox.world.topics.log_end(topic.name, partition);
            let begin = end.expect("a topic") - BACK + i64::from(partition);
            planned.set(topic.name, partition, begin);
        }
        let sluice = ground.serve().await;
        let recorded = ground.sandbox.shared.record.last_seq();
        Self {
            _sluice: sluice,
            ground,
            definition,
            planned,
            recorded,
        }
    }

    /// Opens a Run that is to begin at the planned offsets, and secures it.
    async fn opens_a_run(&self) -> Guided {
        let oda = Person::signed_in(&self.ground, "oda").await;
        let name = self.definition.name.parse().expect("a name");
        let run = Guided::opened(&oda, &name).await;
        let offsets = self.planned.to_spark_json();
        run.chooses("offsets", &[("offsets", &offsets)]).await;
        run.secures().await;
        run
    }

    /// A reset to its end. Judged by the bronze objects: each partition begins at the
    /// planned offset, and from there on nothing is missing and nothing is twice.
    async fn is_reset(&self) -> (Guided, Plan) {
        let run = self.opens_a_run().await;
        let bronze = self.definition.bronze_prefix();
        let old: BTreeSet<String> = self.ground.bucket().keys(&bronze);
        let plan = run.plans(PlanKind::Reset).await;
        let value = plan.setting().map(Setting::value);
        assert_eq!(value, Some(self.planned.to_spark_json().as_str()));
        run.starts(&plan).await;
        run.is_done().await;
        let began = until(
            "bronze of each partition",
            Duration::from_secs(120),
            async || {
                let ranges = self.ground.bucket().bronze(&bronze, &old);
                let began = Bronze::beginnings(&ranges)?;
                match began.len() == self.planned.len() {
                    true => Ok(began),
                    false => Err(format!("{began:?}")),
                }
            },
        )
        .await;
        assert_eq!(began, self.planned);
        let checkpoint = self.definition.checkpoint_prefix();
        let written = self.deeds().changes_by("PutObject", &checkpoint);
        assert_eq!(
            written.into_iter().collect::<Vec<_>>(),
            [("metadata".to_owned(), 2)],
            "Sluice closes and opens the gate and seeds nothing"
        );
        (run, plan)
    }

    /// Somebody cancels the job and submits it anew, with more parameters.
    fn is_submitted_with(&self, more: &str) {
        let world = &self.ground.sandbox.world;
        let old = self.newest_job_run();
        world
            .emr
            .cancel(&old.application_id, &old.id, None)
            .expect("it runs");
        let application = world.emr.application(self.definition.application);
        let application = application.expect("an application");
        let mut body = self.definition.submission("with-more-parameters");
        let parameters = &mut body["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"];
        let given = parameters.as_str().expect("parameters").to_owned();
        *parameters = format!("{given} {more}").into();
        let request = StartJobRun::parse(&body, &application).expect("a request");
        world
            .emr
            .start_job_run(
                &application.id,
                request,
                "arn:aws:iam::123456789012:user/airflow",
            )
            .expect("it is accepted");
    }

    fn newest_job_run(&self) -> JobRun {
        let job = self.ground.sandbox.world.job_run(self.definition.name);
        job.expect("a job run")
    }

    fn deeds(&self) -> Deeds {
        Deeds::since(&self.ground.sandbox.shared.record, self.recorded)
    }
}

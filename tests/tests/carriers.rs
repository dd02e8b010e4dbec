//! Streams whose code reads where to begin, from a Spark conf or from an argument: a
//! reset begins there, and stops for a person where the code does not read it after all.

use std::time::Duration;

use domain::offsets::PartitionOffsets;
use domain::plan::{Plan, PlanKind, Setting};
use domain::run::Ending;
use sandbox::emr::{JobRun, StartJobRun};
use tests::{Guided, Stage, until};

/// How far before the end a start is: read long ago, and read again in seconds.
const BACK: i64 = 2_000;
const PARKS_WITHIN: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn a_conf_carries_the_start_and_the_sibling_goes_on() {
    let planned = Planned::set("loyalty_points").await;
    let stage = &planned.stage;
    let tiers = "_checkpoints/loyalty/loyalty_tiers/";
    let before = stage.ground.bucket().bytes(&format!("{tiers}metadata"));
    let (run, plan) = planned.is_reset().await;
    let job = planned.newest_job_run();
    let defaults = &job.configuration_overrides["applicationConfiguration"][0];
    assert_eq!(defaults["classification"], "spark-defaults");
    assert_eq!(
        defaults["properties"]["spark.loyalty.startingOffsets"],
        planned.offsets.to_spark_json()
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
    let planned = Planned::set("shipments").await;
    let (run, plan) = planned.is_reset().await;
    let job = planned.newest_job_run();
    assert_eq!(
        job.job_driver["sparkSubmit"]["entryPointArguments"],
        serde_json::json!(["--starting-offsets", planned.offsets.to_spark_json()])
    );
    assert!(matches!(plan.setting(), Some(Setting::Argument { .. })));
    run.is_healthy_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_does_not_read_the_key_parks_the_run() {
    let planned = Planned::set("loyalty_points").await;
    let stage = &planned.stage;
    let run = planned.opens_a_run().await;
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
    let planned = Planned::set("loyalty_points").await;
    let stage = &planned.stage;
    planned.is_submitted_with("--conf 'spark.loyalty.startingOffsets=latest");
    let run = planned.opens_a_run().await;
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

/// A stage, and where its stream is to begin.
struct Planned {
    stage: Stage,
    offsets: PartitionOffsets,
}

impl Planned {
    async fn set(stream: &str) -> Self {
        let stage = Stage::set(stream).await;
        let topic = &stage.definition.topics[0];
        let mut offsets = PartitionOffsets::new();
        for partition in 0..i32::try_from(topic.partitions).expect("a small number") {
            let topics = &stage.ground.sandbox.world.topics;
            let end = topics.log_end(topic.name, partition).expect("a topic");
            offsets.set(topic.name, partition, end - BACK + i64::from(partition));
        }
        Self { stage, offsets }
    }

    /// Opens a Run that is to begin at the planned offsets, and secures it.
    async fn opens_a_run(&self) -> Guided {
        let run = self.stage.opens_a_run().await;
        let offsets = self.offsets.to_spark_json();
        run.chooses("offsets", &[("offsets", &offsets)]).await;
        run.secures().await;
        run
    }

    /// A reset to its end. Judged by the bronze objects: each partition begins at the
    /// planned offset, and from there on nothing is missing and nothing is twice.
    async fn is_reset(&self) -> (Guided, Plan) {
        let run = self.opens_a_run().await;
        let old = self.stage.bronze_keys();
        let plan = run.plans(PlanKind::Reset).await;
        let value = plan.setting().map(Setting::value);
        assert_eq!(value, Some(self.offsets.to_spark_json().as_str()));
        run.starts(&plan).await;
        run.is_done().await;
        let partitions = self.offsets.len();
        let began = self.stage.new_bronze_begins(&old, partitions).await;
        assert_eq!(began, self.offsets);
        let checkpoint = self.stage.definition.checkpoint_prefix();
        let written = self.stage.deeds().changes_by("PutObject", &checkpoint);
        assert_eq!(
            written.into_iter().collect::<Vec<_>>(),
            [("metadata".to_owned(), 2)],
            "Sluice closes and opens the gate and seeds nothing"
        );
        (run, plan)
    }

    /// Somebody cancels the job and submits it anew, with more parameters.
    fn is_submitted_with(&self, more: &str) {
        let world = &self.stage.ground.sandbox.world;
        let old = self.newest_job_run();
        world
            .emr
            .cancel(&old.application_id, &old.id, None)
            .expect("it runs");
        let application = world.emr.application(self.stage.definition.application);
        let application = application.expect("an application");
        let mut body = self.stage.definition.submission("with-more-parameters");
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
        let job = self
            .stage
            .ground
            .sandbox
            .world
            .job_run(self.stage.definition.name);
        job.expect("a job run")
    }
}

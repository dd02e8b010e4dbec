//! The runbook's way, and what each of its commands must have done.

use std::time::Duration;

use domain::checkpoint::OffsetSeq;
use sandbox::emr::{JobRun, JobRunState, Mode};
use sandbox::streams::{JOB_ROLE, StreamDefinition};
use sandbox::wire::ACCOUNT;
use sandbox::world::{CheckpointFileChoice, Lever, World};
use serde_json::Value;
use tests::runbook::Command;
use tests::{Objects, until};

use crate::shell::Shell;

const PATIENCE: Duration = Duration::from_secs(120);
const CHECKPOINT: &str = "_checkpoints/streaming/orders/";
const BRONZE: &str = "bronze/kafka/orders/";

/// Somebody with the runbook in their hands.
pub(crate) struct Walk {
    shell: Shell,
    orders: StreamDefinition,
    /// The checkpoint when the walk began.
    checkpoint: Objects,
}

impl Walk {
    /// Mends `orders` and lets it run until it has read everything and is at rest, so
    /// that each command meets what it is written for: a job to cancel, a checkpoint
    /// that is whole.
    pub(crate) async fn begin(shell: Shell) -> Self {
        let orders = shell.ground.orders();
        let world = &shell.ground.sandbox.world;
        let torn = CheckpointFileChoice::NewestOffsets;
        pull(world, |stream| Lever::DeleteFile { stream, file: torn });
        pull(world, |stream| Lever::Producer { stream, on: false });
        pull(world, |stream| Lever::Start { stream });
        at_rest(world, &orders).await;
        let run = newest(world);
        shell.set("EMR_APP_ID", run.application_id.clone());
        shell.set("JOB_RUN_ID", run.id.clone());
        shell.set(
            "ROLE_ARN",
            format!("arn:aws:iam::{ACCOUNT}:role/{JOB_ROLE}"),
        );
        shell.set("KAFKA_CLUSTER_ARN", shell.ground.sandbox.msk.cluster().arn);
        let checkpoint = shell.ground.bucket().objects(CHECKPOINT);
        Self {
            shell,
            orders,
            checkpoint,
        }
    }

    /// Types every command, and asserts on each.
    pub(crate) async fn through(&self, commands: &[Command]) {
        let statistics = commands
            .iter()
            .find(|command| is_statistics(command) && !is_shortened(command))
            .expect("the runbook asks for metrics");
        for command in commands {
            // The runbook writes the first one out and shortens the later ones.
            let command = match is_statistics(command) && is_shortened(command) {
                true => statistics,
                false => command,
            };
            self.type_in(command).await;
        }
    }

    async fn type_in(&self, command: &Command) {
        let words: Vec<&str> = command
            .text
            .split_whitespace()
            .filter(|word| *word != "\\")
            .collect();
        let text = command.text.as_str();
        match words.as_slice() {
            ["aws", "cloudwatch", "get-metric-statistics", ..] => {
                self.reads_metrics(text).await;
            }
            ["aws", "s3", "ls", "s3://bucket/bronze/kafka/orders/", ..] => {
                self.lists_bronze(text).await;
            }
            ["aws", "s3", "ls", ..] => self.lists_the_checkpoint(text).await,
            ["aws", "logs", "tail", ..] => self.follows_the_log(text).await,
            ["aws", "s3", "sync", from, ..] if from.ends_with("/orders/") => {
                self.backs_up(text).await;
            }
            ["aws", "s3", "sync", ..] => self.restores(text).await,
            ["aws", "s3", "rm", ..] => self.empties(text).await,
            ["aws", "s3", "cp", ..] => self.prints_metadata(text).await,
            ["aws", "s3api", "head-object", ..] => self.finds_no_folder(text).await,
            ["aws", "emr-serverless", "cancel-job-run", ..] => self.cancels(text).await,
            ["aws", "emr-serverless", "start-job-run", ..] => self.starts(text).await,
            ["aws", "kafka", "describe-cluster", ..] => self.sees_kafka(text).await,
            ["aws", "iam", "get-role-policy", ..] => self.sees_the_rights(text).await,
            ["echo", ..] => self.says_where_the_backup_is(text).await,
            [assignment, ..] if assignment.starts_with("BACKUP_DATE=") => {
                let date = self.shell.assign(text).await;
                assert_eq!(date.len(), "20250115_031500".len(), "{date}");
            }
            _ => panic!(
                "nothing asserts what this command of the runbook does, under {:?}:\n{text}",
                command.place
            ),
        }
    }

    /// The runbook names no dimensions, and a metric without them is another metric:
    /// its command shows nothing, whatever the job does.
    async fn reads_metrics(&self, text: &str) {
        let answer = json(&self.shell.succeed(text).await);
        assert_eq!(answer["Label"], "records_processed_total");
        assert_eq!(answer["Datapoints"], Value::Array(Vec::new()), "{answer}");
        let whole = format!(
            "{text} --dimensions Name=stream,Value=orders Name=environment,Value=production"
        );
        let answer = json(&self.shell.succeed(&whole).await);
        let points = answer["Datapoints"].as_array().expect("a list");
        assert!(!points.is_empty(), "{answer}");
        assert!(points.iter().all(|point| point["Sum"].is_number()));
    }

    async fn lists_the_checkpoint(&self, text: &str) {
        let listed = self.shell.succeed(text).await;
        let keys: Vec<&str> = keys_in(&listed).collect();
        let there = self.bucket().keys(CHECKPOINT);
        assert!(keys.contains(&"_checkpoints/streaming/orders/metadata"));
        assert_eq!(keys, there.iter().map(String::as_str).collect::<Vec<_>>());
    }

    async fn follows_the_log(&self, text: &str) {
        let run = newest(self.world());
        // A driver's lines stand in a stream that is named after its job run.
        self.shell
            .follow(text, |printed| printed.contains(&run.id))
            .await;
    }

    async fn backs_up(&self, text: &str) {
        let before = self.bucket().objects(CHECKPOINT);
        self.shell.succeed(text).await;
        assert_eq!(self.bucket().objects(&self.backup()), before);
        assert_eq!(self.bucket().objects(CHECKPOINT), before);
        assert!(before.contains_key("metadata"), "there was nothing");
    }

    async fn says_where_the_backup_is(&self, text: &str) {
        let said = self.shell.succeed(text).await;
        let date = self.shell.variable("BACKUP_DATE");
        assert!(said.contains(&format!("orders_backup_{date}")), "{said}");
    }

    async fn cancels(&self, text: &str) {
        let run = newest(self.world());
        assert_eq!(run.state, JobRunState::Running, "{run:?}");
        let answer = json(&self.shell.succeed(text).await);
        assert_eq!(answer["jobRunId"], run.id.as_str());
        let state = newest(self.world()).state;
        assert!(
            matches!(state, JobRunState::Cancelling | JobRunState::Cancelled),
            "{state:?}"
        );
        self.ends_as(JobRunState::Cancelled).await;
    }

    async fn empties(&self, text: &str) {
        let backup = self.bucket().objects(&self.backup());
        // Each option of the runbook begins with a checkpoint that is there.
        self.bucket().replace(CHECKPOINT, &self.checkpoint);
        let printed = self.shell.succeed(text).await;
        let deleted = printed.lines().filter(|line| line.starts_with("delete:"));
        assert_eq!(deleted.count(), self.checkpoint.len(), "{printed}");
        assert!(self.bucket().keys(CHECKPOINT).is_empty());
        assert_eq!(self.bucket().objects(&self.backup()), backup);
    }

    /// The runbook starts no STREAMING run: what it gets is a batch run, which EMR will
    /// cancel in the end. It begins at the end of the topic, by the job's own code.
    async fn starts(&self, text: &str) {
        let (topic, before) = (self.orders.topics[0].name, newest(self.world()).id);
        let end = self.world().topics.log_end(topic, 0).expect("a topic");
        let answer = json(&self.shell.succeed(text).await);
        let id = answer["jobRunId"].as_str().expect("an id").to_owned();
        assert_ne!(id, before);
        let run = until("a job run at work", PATIENCE, async || {
            let run = newest(self.world());
            match run.state {
                JobRunState::Running => Ok(run),
                state => Err(format!("{state:?}: {}", run.state_details)),
            }
        })
        .await;
        assert_eq!((run.id.as_str(), run.mode), (id.as_str(), Mode::Batch));
        pull(self.world(), |stream| Lever::Producer { stream, on: true });
        let first = until("the first batch", PATIENCE, async || {
            let commit = self.bucket().bytes(&format!("{CHECKPOINT}commits/0"));
            commit.ok_or("no commit")?;
            let offsets = self.bucket().bytes(&format!("{CHECKPOINT}sources/0/0"));
            offsets.ok_or_else(|| "no initial offsets".to_owned())
        })
        .await;
        let began = domain::checkpoint::InitialOffset::parse(&first);
        let began = began.value.expect("Spark's own format").offsets;
        assert_eq!(began.get(topic, 0), Some(end));
    }

    async fn lists_bronze(&self, text: &str) {
        let listed = self.shell.succeed(text).await;
        let keys: Vec<&str> = keys_in(&listed).collect();
        let there = self.bucket().keys(BRONZE);
        assert_eq!(keys.len(), 10, "{listed}");
        for key in keys {
            assert!(there.contains(key), "{key} is not there");
        }
    }

    async fn sees_kafka(&self, text: &str) {
        let answer = json(&self.shell.succeed(text).await);
        assert_eq!(answer["ClusterInfo"]["State"], "ACTIVE", "{answer}");
        let arn = self.shell.variable("KAFKA_CLUSTER_ARN");
        assert_eq!(answer["ClusterInfo"]["ClusterArn"], arn);
    }

    async fn sees_the_rights(&self, text: &str) {
        let answer = json(&self.shell.succeed(text).await);
        assert_eq!(answer["RoleName"], JOB_ROLE);
        let allowed = answer["PolicyDocument"]["Statement"][0]["Action"].to_string();
        assert!(allowed.contains("kafka-cluster:ReadData"), "{answer}");
    }

    /// There is no object of that name, only objects below it: the command fails on a
    /// checkpoint that is in order.
    async fn finds_no_folder(&self, text: &str) {
        let output = self.shell.run(text).await;
        assert!(!output.succeeded, "{}", output.out);
        assert!(output.err.contains("404"), "{}", output.err);
        assert!(!self.bucket().keys(CHECKPOINT).is_empty());
    }

    async fn prints_metadata(&self, text: &str) {
        let printed = json(&self.shell.succeed(text).await);
        let there = self.bucket().bytes(&format!("{CHECKPOINT}metadata"));
        let there = String::from_utf8(there.expect("metadata")).expect("JSON");
        assert_eq!(printed, json(&there));
        assert!(printed["id"].is_string(), "{printed}");
    }

    /// A sync brings back what is in the backup and leaves what is not, so the result
    /// is a mixture.
    async fn restores(&self, text: &str) {
        pull(self.world(), |stream| Lever::Cancel { stream });
        self.ends_as(JobRunState::Cancelled).await;
        let backup = self.bucket().keys(&self.backup());
        let rest = |key: &String| key[self.backup().len()..].to_owned();
        let before = self.bucket().keys(CHECKPOINT);
        self.shell.succeed(text).await;
        let after = self.bucket().objects(CHECKPOINT);
        for key in backup.iter().map(rest) {
            assert!(after.contains_key(&key), "{key} was not brought back");
        }
        for key in before {
            let key = &key[CHECKPOINT.len()..];
            assert!(after.contains_key(key), "{key} is gone");
        }
    }

    async fn ends_as(&self, state: JobRunState) {
        until("the end of the job run", PATIENCE, async || {
            let run = newest(self.world());
            match run.state == state {
                true => Ok(()),
                false => Err(format!("{:?}: {}", run.state, run.state_details)),
            }
        })
        .await;
    }

    fn backup(&self) -> String {
        let date = self.shell.variable("BACKUP_DATE");
        format!("_checkpoints/streaming/orders_backup_{date}/")
    }

    fn world(&self) -> &World {
        &self.shell.ground.sandbox.world
    }

    fn bucket(&self) -> tests::Bucket<'_> {
        self.shell.ground.bucket()
    }
}

fn is_statistics(command: &Command) -> bool {
    command.text.contains("get-metric-statistics")
}

fn is_shortened(command: &Command) -> bool {
    command.text.trim_end().ends_with("...")
}

fn pull(world: &World, lever: impl FnOnce(String) -> Lever) {
    world
        .pull(lever("orders".to_owned()))
        .unwrap_or_else(|error| panic!("a lever does not move: {error}"));
}

fn newest(world: &World) -> JobRun {
    world.job_run("orders").expect("orders has a job run")
}

/// Waits until the newest batch is committed and ends where the topic does.
async fn at_rest(world: &World, orders: &StreamDefinition) {
    let bucket = tests::Bucket::new(&world.store);
    let topic = &orders.topics[0];
    let partitions = i32::try_from(topic.partitions).expect("a small number");
    until("a job at rest", PATIENCE, async || {
        let file = |choice| world.checkpoint_file("orders", choice).ok();
        let offsets = file(CheckpointFileChoice::NewestOffsets).ok_or("no offsets")?;
        let commit = file(CheckpointFileChoice::NewestCommit).ok_or("no commit")?;
        let number = |key: &str| key.rsplit('/').next().map(str::to_owned);
        if number(&offsets) != number(&commit) {
            return Err(format!("{offsets} and {commit}"));
        }
        let bytes = bucket.bytes(&offsets).ok_or("no offsets")?;
        let read = OffsetSeq::parse(&bytes).value.ok_or("unreadable")?;
        let reached = read
            .kafka_offsets(0)
            .and_then(|parsed| parsed.value)
            .ok_or("no source")?;
        for partition in 0..partitions {
            let end = world.topics.log_end(topic.name, partition);
            let (end, reached) =
                (end.expect("a topic"), reached.get(topic.name, partition));
            if reached != Some(end) {
                return Err(format!("{partition} is at {reached:?} of {end}"));
            }
        }
        Ok(())
    })
    .await;
}

/// The keys in a listing of `aws s3 ls`.
fn keys_in(listing: &str) -> impl Iterator<Item = &str> {
    listing
        .lines()
        .filter_map(|line| line.split_whitespace().nth(3))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

//! The configuration by which Sluice looks at the sandbox. The format is that of
//! `sluice.example.toml`.

use std::fmt::Write;
use std::time::Duration;

use super::{
    BUCKET, CheckpointPlace, LOG_GROUP, Starting, StreamDefinition, TRIGGER_SECONDS,
    streams,
};
use crate::clock::Clock;
use crate::iam::{OBSERVER_ROLE, OPERATOR_ROLE};
use crate::job::SinkFormat;
use crate::wire::{ACCOUNT, REGION};

/// Where everything listens, and the keys for it.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Where Sluice itself is to listen, such as `127.0.0.1:3000`.
    pub listen: String,
    /// What the browser's address bar shows.
    pub public_origin: String,
    /// Where Sluice's own metrics are to be served; none when absent.
    pub metrics_listen: Option<String>,
    /// Sluice's database.
    pub data_dir: String,
    /// The folder with the browser's part.
    pub assets_dir: String,
    /// The front door of AWS, `http://127.0.0.1:PORT`.
    pub aws: String,
    /// The sandbox's console, to which the banner leads; none when absent.
    pub console: Option<String>,
    /// Kafka, `127.0.0.1:PORT`.
    pub kafka: String,
    /// The id of the Kafka cluster.
    pub kafka_cluster_id: String,
    /// The cluster's ARN in MSK.
    pub msk_arn: String,
    /// The OpenID provider's issuer.
    pub issuer: String,
    /// Sluice's client at the provider.
    pub client_id: String,
    /// The file with its secret.
    pub client_secret_file: String,
    /// Sluice's access key.
    pub access_key_id: String,
    /// The file with the secret key.
    pub secret_access_key_file: String,
}

/// The whole file. Times are those of a sandbox under the clock's factor.
pub fn sluice_toml(at: &Addresses, clock: &Clock) -> String {
    sluice_toml_of(&streams(), at, clock)
}

/// As [`sluice_toml`], for these streams.
pub fn sluice_toml_of(
    streams: &[StreamDefinition],
    at: &Addresses,
    clock: &Clock,
) -> String {
    let mut toml = String::new();
    head(&mut toml, at, clock).expect("a text grows");
    for stream in streams {
        one(&mut toml, stream, clock).expect("a text grows");
    }
    toml
}

fn head(toml: &mut String, at: &Addresses, clock: &Clock) -> std::fmt::Result {
    writeln!(
        toml,
        "# Sluice on its sandbox. Written anew at every start.\n\n[server]"
    )?;
    writeln!(toml, "listen = {}", text(&at.listen))?;
    writeln!(toml, "public_origin = {}", text(&at.public_origin))?;
    if let Some(listen) = &at.metrics_listen {
        writeln!(toml, "metrics_listen = {}", text(listen))?;
    }
    writeln!(toml, "data_dir = {}", text(&at.data_dir))?;
    writeln!(toml, "assets_dir = {}", text(&at.assets_dir))?;
    writeln!(toml, "log = \"text\"")?;
    let link = at.console.as_ref().map_or_else(String::new, |console| {
        format!(
            ", link = {}, link_text = \"Break and mend streams\"",
            text(console)
        )
    });
    writeln!(toml, "banner = {{ text = \"SANDBOX\"{link} }}")?;
    writeln!(toml, "\n[sign_in]\nissuer = {}", text(&at.issuer))?;
    writeln!(toml, "client_id = {}", text(&at.client_id))?;
    writeln!(
        toml,
        "client_secret_file = {}",
        text(&at.client_secret_file)
    )?;
    writeln!(toml, "roles_claim = \"sluice_roles\"")?;
    for role in ["viewer", "operator", "approver", "stakeholder", "admin"] {
        writeln!(
            toml,
            "\n[[sign_in.roles]]\nvalue = \"{role}\"\nrole = \"{role}\""
        )?;
    }
    writeln!(toml, "\n[aws]\nregion = \"{REGION}\"")?;
    writeln!(toml, "\n[aws.endpoints]\nall = {}", text(&at.aws))?;
    writeln!(
        toml,
        "\n[aws.credentials]\naccess_key_id = {}",
        text(&at.access_key_id)
    )?;
    writeln!(
        toml,
        "secret_access_key_file = {}",
        text(&at.secret_access_key_file)
    )?;
    writeln!(toml, "\n[policy.production]")?;
    writeln!(toml, "quiet_seconds = {}", scaled_seconds(clock, 60))?;
    writeln!(toml, "stuck_triggers = 5\nalarm_hours = 1")?;
    writeln!(
        toml,
        "\n[policy.production.agreement]\nsecure = []\nlatest = []\nchosen = []"
    )?;
    writeln!(toml, "earliest = [{{ role = \"stakeholder\", count = 1 }}]")?;
    writeln!(toml, "\n[[kafka_clusters]]\nname = \"streaming\"")?;
    writeln!(toml, "bootstrap = [{}]", text(&at.kafka))?;
    writeln!(toml, "cluster_id = {}", text(&at.kafka_cluster_id))?;
    writeln!(toml, "msk_arn = {}", text(&at.msk_arn))?;
    writeln!(toml, "\n[kafka_clusters.authentication]\nkind = \"none\"")
}

fn one(toml: &mut String, stream: &StreamDefinition, clock: &Clock) -> std::fmt::Result {
    writeln!(toml, "\n[[streams]]\nname = {}", text(stream.name))?;
    writeln!(toml, "title = {}", text(stream.title))?;
    writeln!(
        toml,
        "environment = \"production\"\naccount = \"{ACCOUNT}\""
    )?;
    for (key, role) in [("read_role", OBSERVER_ROLE), ("change_role", OPERATOR_ROLE)] {
        writeln!(toml, "{key} = \"arn:aws:iam::{ACCOUNT}:role/{role}\"")?;
    }
    if !stream.siblings.is_empty() {
        writeln!(toml, "siblings = [{}]", list(&stream.siblings))?;
    }
    writeln!(toml, "owners = [\"streaming-team\"]")?;
    writeln!(
        toml,
        "\n[streams.job]\napplication_id = {}",
        text(stream.application)
    )?;
    writeln!(toml, "entry_point = {}", text(&stream.entry_point()))?;
    let trigger = scaled_seconds(clock, TRIGGER_SECONDS);
    writeln!(toml, "trigger_interval_seconds = {trigger}")?;
    writeln!(toml, "\n[streams.checkpoint]")?;
    match stream.checkpoint {
        CheckpointPlace::Location(prefix) => {
            writeln!(toml, "location = \"s3://{BUCKET}/{prefix}\"")?;
        }
        CheckpointPlace::Root { root, query } => {
            writeln!(
                toml,
                "root = \"s3://{BUCKET}/{root}\"\nquery_name = \"{query}\""
            )?;
        }
    }
    writeln!(toml, "sources = 1\nstateful = {}", stream.stateful)?;
    let topics: Vec<&str> = stream.topics.iter().map(|topic| topic.name).collect();
    writeln!(
        toml,
        "\n[streams.kafka]\ncluster = \"streaming\"\ntopics = [{}]",
        list(&topics)
    )?;
    if stream.read_committed {
        writeln!(toml, "isolation = \"read_committed\"")?;
    }
    let starting = match stream.starting {
        Starting::Script => None,
        Starting::Conf(key) => Some(("conf", key)),
        Starting::Argument(name) => Some(("argument", name)),
    };
    if let Some((carrier, key)) = starting {
        writeln!(
            toml,
            "\n[streams.starting_position]\ncarrier = {}\nkey = {}",
            text(carrier),
            text(key)
        )?;
    }
    metrics(toml, stream)?;
    writeln!(toml, "\n[streams.logs]\ngroup = \"{LOG_GROUP}\"")?;
    writeln!(
        toml,
        "stream_prefix = \"applications/{}/jobs/\"",
        stream.application
    )?;
    sink(toml, stream)?;
    writeln!(toml, "\n[[streams.contacts]]\nname = \"Streaming Team\"")?;
    writeln!(toml, "reach = \"streaming-oncall@company.com\"")?;
    for table in &stream.downstream {
        writeln!(toml, "\n[[streams.downstream]]\ntable = {}", text(table))?;
    }
    Ok(())
}

fn sink(toml: &mut String, stream: &StreamDefinition) -> std::fmt::Result {
    let kind = match stream.sink {
        SinkFormat::Bronze => "plain_files",
        SinkFormat::Json => "file_sink",
        SinkFormat::Delta => "delta",
        SinkFormat::Iceberg => "iceberg",
    };
    let location = format!("s3://{BUCKET}/{}", stream.bronze_prefix());
    writeln!(toml, "\n[streams.sink]\nkind = {}", text(kind))?;
    writeln!(toml, "location = {}", text(&location))?;
    if stream.sink == SinkFormat::Bronze {
        let layout = "dt={date}/part-{batch}-{uuid}.json";
        writeln!(toml, "layout = {}", text(layout))?;
    }
    Ok(())
}

fn metrics(toml: &mut String, stream: &StreamDefinition) -> std::fmt::Result {
    let (records, is_counter) = stream.records_metric;
    let kind = if is_counter { "counter" } else { "delta" };
    let dimensions = format!(
        "{{ environment = \"production\", stream = {} }}",
        text(stream.name)
    );
    writeln!(
        toml,
        "\n[streams.metrics]\nnamespace = \"ETLPipelineMetrics\""
    )?;
    writeln!(
        toml,
        "\n[streams.metrics.records_processed]\nname = {}",
        text(records)
    )?;
    writeln!(toml, "kind = \"{kind}\"\ndimensions = {dimensions}")?;
    writeln!(
        toml,
        "\n[streams.metrics.lag]\nname = \"consumer_lag_records\""
    )?;
    writeln!(toml, "kind = \"gauge\"\ndimensions = {dimensions}")
}

/// Whole seconds, at least one.
fn scaled_seconds(clock: &Clock, seconds: u32) -> u64 {
    let scaled = clock.scaled(Duration::from_secs(u64::from(seconds)));
    u64::try_from(scaled.as_millis().div_ceil(1000))
        .unwrap_or(1)
        .max(1)
}

/// A TOML string. What JSON escapes, TOML's basic strings take.
fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

fn list(values: &[&str]) -> String {
    let values: Vec<String> = values.iter().map(|value| text(value)).collect();
    values.join(", ")
}

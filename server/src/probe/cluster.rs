//! The Kafka cluster: what MSK says of it, and whether its brokers can be
//! reached from here.

use domain::probe::{Answer, Probe};
use domain::text::{counted, shell_quoted};
use futures::future::join_all;

use super::question::{Question, failed};
use crate::aws::{Brokers, ClusterSeen, Msk};
use crate::config::{HostPort, KafkaAuthentication, KafkaCluster, MskArn};
use crate::kafka::{KafkaClient, ReachError};
use crate::observe::reason;

/// More than MSK ever names to begin with.
const BROKERS_MAX: usize = 12;
const OUR_REACH: &str = "This is Sluice's reach; the job's network may differ.";
const MISSING: (&str, &str) = (
    "MSK has no such cluster.",
    "Compare msk_arn in the configuration with the console, and its region.",
);

/// Asks MSK for the cluster and its brokers, and then each broker.
pub(super) async fn probes(
    msk: &Msk,
    kafka: &KafkaClient,
    cluster: &KafkaCluster,
) -> Vec<Probe> {
    let arn = cluster.msk_arn.as_ref();
    let msk = arn.map(|arn| (msk.in_region(arn.region()), arn));
    let of_the_brokers = async {
        let (named, addresses) = brokers(msk.as_ref(), cluster).await;
        let reached = addresses
            .into_iter()
            .enumerate()
            .map(|(at, broker)| reach(kafka, cluster, at + 1, broker));
        let mut probes = vec![named];
        probes.extend(join_all(reached).await);
        probes
    };
    let (described, rest) = tokio::join!(described(msk.as_ref()), of_the_brokers);
    let mut probes = vec![described];
    probes.extend(rest);
    probes
}

fn not_msk() -> Answer {
    Answer::not_configured(
        "No ARN of the cluster is configured, so MSK cannot be asked.",
        "If it is one of MSK's, set msk_arn in its [[kafka_clusters]].",
    )
}

async fn described(msk: Option<&(Msk, &MskArn)>) -> Probe {
    let question = |command: String| Question {
        id: "msk-cluster".to_owned(),
        asks: "Is the MSK cluster active".to_owned(),
        calls: "DescribeClusterV2",
        command,
    };
    let Some((msk, arn)) = msk else {
        return question(String::new()).not_asked(not_msk());
    };
    let command = command("describe-cluster-v2", arn);
    question(command)
        .ask(async {
            match msk.cluster(arn.as_str()).await {
                Ok(seen) => state(&seen),
                Err(error) => failed(&error, MISSING),
            }
        })
        .await
}

/// `ACTIVE` and the states in which MSK changes something while brokers go on
/// to serve, by its API reference.
fn state(seen: &ClusterSeen) -> Answer {
    let said = match seen.said.trim_end_matches('.') {
        "" => String::new(),
        said => format!(" MSK says: {said}."),
    };
    let brokers = seen.brokers.map(|n| {
        let count = u64::try_from(n).unwrap_or_default();
        format!(", {}", counted(count, "broker", "brokers"))
    });
    let version = seen.version.as_ref().map(|v| format!(", Kafka {v}"));
    let is = format!(
        "{} is {}{}{}.{said}",
        seen.name,
        seen.state,
        version.unwrap_or_default(),
        brokers.unwrap_or_default()
    );
    match seen.state.as_str() {
        "ACTIVE" => Answer::passed(is),
        "MAINTENANCE" | "REBOOTING_BROKER" | "UPDATING" | "HEALING" => {
            Answer::passed(format!(
                "{is} Brokers go on one after the other while it is so; a job may fail once and be tried again."
            ))
        }
        _ => Answer::failed(
            is,
            "No job can read from it while it is so. Look at the cluster in the console of MSK.",
        ),
    }
}

/// What MSK names, and all addresses that are to be reached: the configured ones
/// and those, each once.
async fn brokers(
    msk: Option<&(Msk, &MskArn)>,
    cluster: &KafkaCluster,
) -> (Probe, Vec<HostPort>) {
    let question = |command: String| Question {
        id: "msk-brokers".to_owned(),
        asks: "Which brokers does MSK name".to_owned(),
        calls: "GetBootstrapBrokers",
        command,
    };
    let mut addresses = cluster.bootstrap.clone();
    let Some((msk, arn)) = msk else {
        return (question(String::new()).not_asked(not_msk()), addresses);
    };
    let mut named = Vec::new();
    let found = &mut named;
    let probe = question(command("get-bootstrap-brokers", arn))
        .ask(async {
            match msk.brokers(arn.as_str()).await {
                Ok(brokers) => {
                    *found = of_our_sign_in(brokers, &cluster.authentication);
                    told(found, cluster)
                }
                Err(error) => failed(&error, MISSING),
            }
        })
        .await;
    for broker in named.into_iter().filter_map(|b| HostPort::try_from(b).ok()) {
        if !addresses.contains(&broker) {
            addresses.push(broker);
        }
    }
    addresses.truncate(BROKERS_MAX);
    (probe, addresses)
}

fn of_our_sign_in(brokers: Brokers, by: &KafkaAuthentication) -> Vec<String> {
    match by {
        KafkaAuthentication::None => brokers.plaintext,
        KafkaAuthentication::Tls { .. } | KafkaAuthentication::Mtls { .. } => brokers.tls,
        KafkaAuthentication::Scram { .. } => brokers.scram,
        KafkaAuthentication::Iam { .. } => brokers.iam,
    }
}

fn told(named: &[String], cluster: &KafkaCluster) -> Answer {
    if named.is_empty() {
        return Answer::failed(
            "MSK names no brokers for the kind of sign-in that is configured.",
            "Compare the kind of authentication in the configuration with what the cluster has switched on.",
        );
    }
    let unnamed: Vec<&str> = cluster
        .bootstrap
        .iter()
        .map(HostPort::as_str)
        .filter(|one| !named.iter().any(|broker| broker == one))
        .collect();
    let unnamed = if unnamed.is_empty() {
        String::new()
    } else {
        format!(
            " Configured, and not among them: {}. It may be a name of your own for one of them.",
            unnamed.join(", ")
        )
    };
    Answer::passed(format!("{}.{unnamed}", named.join(", ")))
}

async fn reach(
    kafka: &KafkaClient,
    cluster: &KafkaCluster,
    number: usize,
    broker: HostPort,
) -> Probe {
    let (host, port) = broker.as_str().rsplit_once(':').unwrap_or_default();
    let question = Question {
        id: format!("broker-{number}"),
        asks: format!("Does Sluice reach the broker {broker}"),
        calls: "TCP, ApiVersions, DescribeCluster",
        command: format!("nc -vz -w 4 {} {port}", shell_quoted(host)),
    };
    question
        .ask(async {
            match kafka.reach(cluster, &broker).await {
                Ok(id) => reached(id, cluster.cluster_id.as_deref()),
                Err(error) => unreached(&error),
            }
        })
        .await
}

fn reached(id: Option<String>, wanted: Option<&str>) -> Answer {
    match (id, wanted) {
        (Some(id), Some(wanted)) if id != wanted => Answer::failed(
            format!(
                "It answers, and belongs to the cluster {id}; {wanted} is configured."
            ),
            "Compare bootstrap and cluster_id in the configuration.",
        ),
        (Some(_), Some(_)) => Answer::passed(format!(
            "It answers, for the cluster that is configured. {OUR_REACH}"
        )),
        (Some(_), None) => Answer::passed(format!("It answers. {OUR_REACH}")),
        (None, _) => Answer::passed(format!(
            "It answers, and does not say for which cluster. {OUR_REACH}"
        )),
    }
}

fn unreached(error: &ReachError) -> Answer {
    let said = format!("{} {OUR_REACH}", reason(error));
    match error {
        ReachError::Tcp { .. } => Answer::failed(
            said,
            "Look at DNS, routes and security groups between Sluice and the broker. Then try the command from the subnets of the application.",
        ),
        ReachError::Kafka(_) => Answer::failed(
            said,
            "Look at the kind of authentication, its secret, and whether the port is that of this kind.",
        ),
    }
}

fn command(what: &str, arn: &MskArn) -> String {
    format!(
        "aws kafka {what} --region {} --cluster-arn {}",
        shell_quoted(arn.region()),
        shell_quoted(arn.as_str())
    )
}

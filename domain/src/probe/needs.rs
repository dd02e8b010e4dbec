//! The calls that a stream's job needs, so that its role can be asked about
//! them.

use crate::stream::{SinkKind, Stream};

/// Actions that the job needs, all on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// IAM's names, such as `s3:PutObject`.
    pub actions: Vec<&'static str>,
    /// An ARN without wildcards: a policy allows the action on it or does not.
    pub resource: String,
    /// What the calls carry that a policy may ask for: IAM's condition keys with
    /// their values.
    pub context: Vec<(&'static str, String)>,
}

impl Need {
    fn of(actions: &[&'static str], resource: String) -> Self {
        Self {
            actions: actions.to_vec(),
            resource,
            context: Vec::new(),
        }
    }
}

/// What a job needs, by what it needs it for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobNeeds {
    /// Spark reads, writes, renames and purges files of the checkpoint.
    pub checkpoint: Vec<Need>,
    /// What the sink needs, by its kind.
    pub sink: Vec<Need>,
    /// What MSK asks of who signs in by IAM; `None` without the cluster's ARN.
    pub topics: Option<Vec<Need>>,
}

/// The calls that the stream's job needs. The objects are named as Spark names
/// them, since a policy may be narrower than the prefix. Spark reads Kafka by
/// assigned partitions and commits nothing there, so no group is needed.
#[must_use]
pub fn job_needs(stream: &Stream, msk_arn: Option<&str>) -> JobNeeds {
    let partition = partition_of(&stream.region);
    let checkpoint = &stream.checkpoint;
    let bucket = |name: &str| format!("arn:{partition}:s3:::{name}");
    let object = |name: &str, key: &str| format!("arn:{partition}:s3:::{name}/{key}");
    JobNeeds {
        checkpoint: vec![
            Need::of(
                &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                object(
                    checkpoint.bucket(),
                    &format!("{}offsets/0", checkpoint.key()),
                ),
            ),
            Need::of(&["s3:ListBucket"], bucket(checkpoint.bucket())),
        ],
        sink: sink(stream, &bucket, &object),
        topics: msk_arn.map(|arn| topics(stream, arn)),
    }
}

fn sink(
    stream: &Stream,
    bucket: &dyn Fn(&str) -> String,
    object: &dyn Fn(&str, &str) -> String,
) -> Vec<Need> {
    let place = stream.sink.location.strip_prefix("s3://");
    let Some((name, prefix)) = place.and_then(|place| place.split_once('/')) else {
        return Vec::new();
    };
    let key = match stream.sink.kind {
        SinkKind::PlainFiles => "part-00000",
        SinkKind::FileSink => "_spark_metadata/0",
        SinkKind::Delta => "_delta_log/00000000000000000000.json",
        SinkKind::Iceberg => "metadata/v1.metadata.json",
        SinkKind::Hudi => ".hoodie/hoodie.properties",
    };
    let at = object(name, &format!("{prefix}{key}"));
    match stream.sink.kind {
        // Whether it reads or deletes what it wrote stands in the job's code.
        SinkKind::PlainFiles => vec![Need::of(&["s3:PutObject"], at)],
        _ => vec![
            Need::of(&["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], at),
            Need::of(&["s3:ListBucket"], bucket(name)),
        ],
    }
}

/// Resources as the service authorization reference for `kafka-cluster` has
/// them: `…:topic/<cluster>/<uuid>/<topic>` beside `…:cluster/<cluster>/<uuid>`.
fn topics(stream: &Stream, arn: &str) -> Vec<Need> {
    let mut needs = vec![Need::of(&["kafka-cluster:Connect"], arn.to_owned())];
    let names = stream.sources.iter().flatten();
    needs.extend(names.map(|topic| {
        let resource = arn.replacen(":cluster/", ":topic/", 1);
        Need::of(
            &["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"],
            format!("{resource}/{topic}"),
        )
    }));
    needs
}

/// The partition of AWS that a region is in, as it stands in ARNs.
pub(crate) fn partition_of(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

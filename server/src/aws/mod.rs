//! AWS as far as Sluice needs it. Nothing outside of this module names an SDK.
//!
//! What comes out is Sluice's own: keys are full keys, ETags stand without
//! quotes, times are milliseconds, and every failure is an [`AwsError`] that
//! says whether anything can have changed.

mod assumed_role;
mod changing;
mod emr;
mod error;
mod iam;
mod logs;
mod metrics;
mod msk;
mod s3;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::config::SharedCredentialsProvider;
use domain::ids::StreamName;

use crate::config::{Config, Endpoints, RoleArn};
use assumed_role::AssumedRole;
use changing::Changing;

pub use emr::{
    ApplicationSeen, Differences, Emr, JobMarks, JobRunFull, JobRunSummary, driver_digest,
};
pub use error::{AwsError, AwsErrorKind};
pub use iam::{Iam, Judged, RolePolicy};
pub use logs::{LogEvent, Logs};
pub use metrics::{MetricPoint, MetricQuery, Metrics, Statistic};
pub use msk::{Brokers, ClusterSeen, Msk};
pub use s3::{
    COPY_BYTES_MAX, Copied, DeleteOutcome, Deleted, EncryptionSeen, Got, Head,
    ListedSome, Object, PutOn, S3,
};
pub use settings::OwnKeys;

/// AWS for every configured stream. Cheap to clone.
#[derive(Clone)]
pub struct Aws(Arc<Inner>);

struct Inner {
    sdk: SdkConfig,
    endpoints: Endpoints,
    places: BTreeMap<StreamName, Place>,
    reading: BTreeMap<StreamName, StreamAws>,
    changing: Changing,
}

/// What of a stream's configuration decides how AWS is called for it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    region: String,
    account: String,
    read_role: Option<RoleArn>,
    change_role: Option<RoleArn>,
}

impl Aws {
    /// Prepares the clients of every stream. Nothing is called yet.
    pub async fn new(config: &Config) -> Result<Self, AwsError> {
        let sdk = settings::load(&config.aws).await;
        let places: BTreeMap<StreamName, Place> = config
            .streams
            .iter()
            .map(|stream| {
                let place = Place {
                    region: config.region(stream).as_str().to_owned(),
                    account: stream.account.as_str().to_owned(),
                    read_role: stream.read_role.clone(),
                    change_role: stream.change_role.clone(),
                };
                (stream.name.clone(), place)
            })
            .collect();
        // Streams of one account and role share their clients, and with them
        // connections and the role's session.
        let mut shared: BTreeMap<Place, StreamAws> = BTreeMap::new();
        let mut reading = BTreeMap::new();
        for (name, place) in &places {
            let looking = Place {
                change_role: None,
                ..place.clone()
            };
            let clients = shared.entry(looking).or_insert_with(|| {
                let role = place.read_role.as_ref();
                clients(&sdk, &config.aws.endpoints, place, role, "sluice-read")
            });
            reading.insert(name.clone(), clients.clone());
        }
        Ok(Self(Arc::new(Inner {
            sdk,
            endpoints: config.aws.endpoints.clone(),
            places,
            reading,
            changing: Changing::default(),
        })))
    }

    /// The clients that look at a stream, in its read role.
    ///
    /// # Panics
    /// For a stream that is not configured: callers take its name from the
    /// configuration.
    #[must_use]
    pub fn reading(&self, stream: &StreamName) -> StreamAws {
        self.0
            .reading
            .get(stream)
            .cloned()
            .expect("a stream is looked up in the configuration first")
    }

    /// The clients that carry out an approved plan, in the stream's change
    /// role. `session` names the Run and stands in CloudTrail. Calls for one
    /// session share their clients and assume the role once; some minutes
    /// after the last the clients are forgotten.
    ///
    /// # Panics
    /// As [`Aws::reading`].
    #[must_use]
    pub fn changing(&self, stream: &StreamName, session: &str) -> StreamAws {
        let inner = &*self.0;
        let place = inner
            .places
            .get(stream)
            .expect("a stream is looked up in the configuration first");
        inner.changing.clients(stream, session, || {
            let role = place.change_role.as_ref();
            clients(&inner.sdk, &inner.endpoints, place, role, session)
        })
    }

    /// Sluice's own credentials, for MSK's IAM authentication.
    ///
    /// # Errors
    /// When the chain of credentials has none.
    pub async fn own_keys(&self) -> Result<OwnKeys, AwsError> {
        settings::own_keys(&self.0.sdk).await
    }
}

/// S3 without a configuration: credentials, region and address as the SDK's own
/// chain finds them. For the command line only, where the person names the bucket.
///
/// # Errors
/// When the chain finds no region.
pub async fn s3_by_the_chain() -> Result<S3, AwsError> {
    Ok(S3::new(settings::s3_by_the_chain().await?, None))
}

/// The services that hold a stream, in one role. Cheap to clone, and so are its
/// parts.
#[derive(Clone)]
pub struct StreamAws(Arc<Services>);

struct Services {
    s3: S3,
    emr: Emr,
    metrics: Metrics,
    logs: Logs,
    iam: Iam,
    msk: Msk,
}

impl StreamAws {
    /// Objects.
    #[must_use]
    pub fn s3(&self) -> S3 {
        self.0.s3.clone()
    }

    /// Applications and job runs.
    #[must_use]
    pub fn emr(&self) -> Emr {
        self.0.emr.clone()
    }

    /// CloudWatch metrics.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.0.metrics.clone()
    }

    /// CloudWatch Logs.
    #[must_use]
    pub fn logs(&self) -> Logs {
        self.0.logs.clone()
    }

    /// Roles and their policies.
    #[must_use]
    pub fn iam(&self) -> Iam {
        self.0.iam.clone()
    }

    /// Clusters of MSK.
    #[must_use]
    pub fn msk(&self) -> Msk {
        self.0.msk.clone()
    }
}

fn clients(
    sdk: &SdkConfig,
    endpoints: &Endpoints,
    place: &Place,
    role: Option<&RoleArn>,
    session: &str,
) -> StreamAws {
    let mut here = settings::in_region(sdk, &place.region);
    if let Some(role) = role {
        let sts = settings::sts(&here, endpoints);
        let assumed = AssumedRole::new(sts, role.as_str(), session);
        here = here
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(assumed))
            .build();
    }
    StreamAws(Arc::new(Services {
        s3: S3::new(settings::s3(&here, endpoints), Some(place.account.clone())),
        emr: Emr::new(settings::emr(&here, endpoints)),
        metrics: Metrics::new(settings::cloudwatch(&here, endpoints)),
        logs: Logs::new(settings::logs(&here, endpoints)),
        iam: Iam::new(settings::iam(&here, endpoints)),
        msk: Msk::new(settings::msk(&here, endpoints)),
    }))
}

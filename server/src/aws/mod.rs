//! AWS as far as Sluice needs it. Nothing outside of this module names an SDK.
//!
//! What comes out is Sluice's own: keys are full keys, ETags stand without
//! quotes, times are milliseconds, and every failure is an [`AwsError`] that
//! says whether anything can have changed.

mod assumed_role;
mod emr;
mod error;
mod logs;
mod metrics;
mod s3;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::config::SharedCredentialsProvider;
use domain::ids::StreamName;

use crate::config::{Config, Endpoints, RoleArn};
use assumed_role::AssumedRole;

pub use emr::{ApplicationSeen, Emr, JobMarks, JobRunFull, JobRunSummary, driver_digest};
pub use error::{AwsError, AwsErrorKind};
pub use logs::{LogEvent, Logs};
pub use metrics::{MetricPoint, MetricQuery, Metrics, Statistic};
pub use s3::{
    COPY_BYTES_MAX, Copied, DeleteOutcome, Deleted, Got, Head, Object, PutOn, S3,
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
}

/// What of a stream's configuration decides how AWS is called for it.
#[derive(Clone)]
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
        let reading = places
            .iter()
            .map(|(name, place)| {
                let role = place.read_role.as_ref();
                let clients =
                    clients(&sdk, &config.aws.endpoints, place, role, "sluice-read");
                (name.clone(), clients)
            })
            .collect();
        Ok(Self(Arc::new(Inner {
            sdk,
            endpoints: config.aws.endpoints.clone(),
            places,
            reading,
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
    /// role. `session` names the Run and stands in CloudTrail.
    ///
    /// # Panics
    /// As [`Aws::reading`].
    #[must_use]
    pub fn changing(&self, stream: &StreamName, session: &str) -> StreamAws {
        let Inner {
            sdk,
            endpoints,
            places,
            ..
        } = &*self.0;
        let place = places
            .get(stream)
            .expect("a stream is looked up in the configuration first");
        clients(sdk, endpoints, place, place.change_role.as_ref(), session)
    }

    /// Sluice's own credentials, for MSK's IAM authentication.
    ///
    /// # Errors
    /// When the chain of credentials has none.
    pub async fn own_keys(&self) -> Result<OwnKeys, AwsError> {
        settings::own_keys(&self.0.sdk).await
    }
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
        s3: S3::new(settings::s3(&here, endpoints), place.account.clone()),
        emr: Emr::new(settings::emr(&here, endpoints)),
        metrics: Metrics::new(settings::cloudwatch(&here, endpoints)),
        logs: Logs::new(settings::logs(&here, endpoints)),
    }))
}

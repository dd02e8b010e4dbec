//! How the SDK is set up: timeouts, retries, credentials, addresses.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    RequestChecksumCalculation, ResponseChecksumValidation, SharedCredentialsProvider,
};

use super::error::{AwsError, AwsErrorKind};
use crate::config::{self, Endpoint, Endpoints, Secret};

/// A connection that is not there by then is not coming.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// One attempt, without the body of a streamed answer, which the SDK watches
/// for stalls of its own.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// In standard mode, with jittered backoff and a retry quota that keeps an
/// outage from being made worse.
const ATTEMPTS_MAX: u32 = 3;

/// Sluice's own AWS credentials.
pub struct OwnKeys {
    /// The access key's id.
    pub access_key_id: String,
    /// The secret key.
    pub secret_access_key: Secret,
    /// The session's token, where they are temporary.
    pub session_token: Option<Secret>,
}

pub(super) async fn load(aws: &config::Aws) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(Duration::from_secs(u64::from(
            aws.operation_timeout_seconds,
        )))
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(aws.region.as_str().to_owned()))
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX));
    if let Some(own) = &aws.credentials {
        loader = loader.credentials_provider(Credentials::new(
            own.access_key_id.clone(),
            own.secret_access_key.expose(),
            None,
            None,
            "the configuration file",
        ));
    }
    loader.load().await
}

/// The most that a call on the command line may take, with all its attempts.
const CHAIN_OPERATION_TIMEOUT: Duration = Duration::from_secs(60);

/// A client for S3 as the SDK's own chain sets it up. Another address than AWS's
/// is called path style, since few of them answer to a bucket's own host name.
pub(super) async fn s3_by_the_chain() -> Result<aws_sdk_s3::Client, AwsError> {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CHAIN_OPERATION_TIMEOUT)
        .build();
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .load()
        .await;
    if sdk.region().is_none() {
        return Err(AwsError::own(
            "Region",
            AwsErrorKind::Invalid,
            "no region is set: set AWS_REGION, or a region in the profile",
        ));
    }
    let own_address = sdk.endpoint_url().is_some()
        || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some_and(|url| !url.is_empty());
    let config = aws_sdk_s3::config::Builder::from(&sdk)
        .response_checksum_validation(ResponseChecksumValidation::WhenSupported)
        .force_path_style(own_address)
        .build();
    Ok(aws_sdk_s3::Client::from_conf(config))
}

pub(super) async fn own_keys(sdk: &SdkConfig) -> Result<OwnKeys, AwsError> {
    let provider: SharedCredentialsProvider = sdk
        .credentials_provider()
        .ok_or_else(|| AwsError::no_credentials("no chain of credentials is set up"))?;
    let credentials = provider
        .provide_credentials()
        .await
        .map_err(AwsError::from)?;
    Ok(OwnKeys {
        access_key_id: credentials.access_key_id().to_owned(),
        secret_access_key: Secret::new(credentials.secret_access_key()),
        session_token: credentials.session_token().map(Secret::new),
    })
}

pub(super) fn in_region(sdk: &SdkConfig, region: &str) -> SdkConfig {
    sdk.to_builder()
        .region(Region::new(region.to_owned()))
        .build()
}

/// Checksums stay on in both directions: every write carries one that S3
/// verifies, every read is verified by what S3 keeps.
pub(super) fn s3(sdk: &SdkConfig, endpoints: &Endpoints) -> aws_sdk_s3::Client {
    let mut builder = aws_sdk_s3::config::Builder::from(sdk)
        .request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
        .response_checksum_validation(ResponseChecksumValidation::WhenSupported);
    if let Some(address) = address(endpoints, endpoints.s3.as_ref()) {
        builder = builder.endpoint_url(address);
    }
    aws_sdk_s3::Client::from_conf(builder.build())
}

pub(super) fn emr(
    sdk: &SdkConfig,
    endpoints: &Endpoints,
) -> aws_sdk_emrserverless::Client {
    let mut builder = aws_sdk_emrserverless::config::Builder::from(sdk);
    if let Some(address) = address(endpoints, endpoints.emr_serverless.as_ref()) {
        builder = builder.endpoint_url(address);
    }
    aws_sdk_emrserverless::Client::from_conf(builder.build())
}

pub(super) fn cloudwatch(
    sdk: &SdkConfig,
    endpoints: &Endpoints,
) -> aws_sdk_cloudwatch::Client {
    let mut builder = aws_sdk_cloudwatch::config::Builder::from(sdk);
    if let Some(address) = address(endpoints, endpoints.cloudwatch.as_ref()) {
        builder = builder.endpoint_url(address);
    }
    aws_sdk_cloudwatch::Client::from_conf(builder.build())
}

pub(super) fn logs(
    sdk: &SdkConfig,
    endpoints: &Endpoints,
) -> aws_sdk_cloudwatchlogs::Client {
    let mut builder = aws_sdk_cloudwatchlogs::config::Builder::from(sdk);
    if let Some(address) = address(endpoints, endpoints.cloudwatch_logs.as_ref()) {
        builder = builder.endpoint_url(address);
    }
    aws_sdk_cloudwatchlogs::Client::from_conf(builder.build())
}

pub(super) fn iam(sdk: &SdkConfig, endpoints: &Endpoints) -> aws_sdk_iam::Client {
    let mut builder = aws_sdk_iam::config::Builder::from(sdk);
    if let Some(address) = address(endpoints, endpoints.iam.as_ref()) {
        builder = builder.endpoint_url(address);
    }
    aws_sdk_iam::Client::from_conf(builder.build())
}

pub(super) fn msk(sdk: &SdkConfig, endpoints: &Endpoints) -> aws_sdk_kafka::Client {
    let mut builder = aws_sdk_kafka::config::Builder::from(sdk);
    if let Some(address) = address(endpoints, endpoints.msk.as_ref()) {
        builder = builder.endpoint_url(address);
    }
    aws_sdk_kafka::Client::from_conf(builder.build())
}

pub(super) fn sts(sdk: &SdkConfig, endpoints: &Endpoints) -> aws_sdk_sts::Client {
    let mut builder = aws_sdk_sts::config::Builder::from(sdk);
    if let Some(address) = address(endpoints, endpoints.sts.as_ref()) {
        builder = builder.endpoint_url(address);
    }
    aws_sdk_sts::Client::from_conf(builder.build())
}

/// The configured address of a service, or that of all. Where there is none,
/// what the SDK has read stands: `AWS_ENDPOINT_URL`, or AWS's own.
fn address<'a>(endpoints: &'a Endpoints, own: Option<&'a Endpoint>) -> Option<&'a str> {
    own.or(endpoints.all.as_ref()).map(Endpoint::as_str)
}

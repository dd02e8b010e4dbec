//! From the bytes of a request to the bytes of its answer.
//!
//! Formats and rules are those of Apache Kafka's protocol guide; error codes
//! are those of its table. A field that a version lacks must be left at its
//! default, or it cannot be encoded.

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::{
    ResponseError,
    messages::{
        ApiKey, ApiVersionsResponse, BrokerId, DescribeClusterRequest,
        DescribeClusterResponse, DescribeConfigsRequest, DescribeLogDirsRequest,
        ListOffsetsRequest, MetadataRequest, RequestHeader, ResponseHeader,
        api_versions_response::ApiVersion,
        describe_cluster_response::DescribeClusterBroker,
    },
    protocol::{Decodable, Encodable, StrBytes, VersionRange},
};

use super::{Topics, bounds, configs, log_dirs, metadata, offsets};

/// What is answered, in which versions. Newer ones exist; clients step down to
/// these.
const SUPPORTED: [(ApiKey, VersionRange, &str); 6] = [
    (
        ApiKey::ListOffsets,
        VersionRange { min: 1, max: 7 },
        "ListOffsets",
    ),
    (
        ApiKey::Metadata,
        VersionRange { min: 1, max: 12 },
        "Metadata",
    ),
    (
        ApiKey::ApiVersions,
        VersionRange { min: 0, max: 3 },
        "ApiVersions",
    ),
    (
        ApiKey::DescribeConfigs,
        VersionRange { min: 1, max: 4 },
        "DescribeConfigs",
    ),
    (
        ApiKey::DescribeLogDirs,
        VersionRange { min: 1, max: 4 },
        "DescribeLogDirs",
    ),
    (
        ApiKey::DescribeCluster,
        VersionRange { min: 0, max: 0 },
        "DescribeCluster",
    ),
];

/// The one broker's id.
pub(super) const NODE_ID: BrokerId = BrokerId(1);
/// Stands in for "operations were not asked for".
pub(super) const OPERATIONS_UNKNOWN: i32 = i32::MIN;
/// A bit for each operation by its number in `AclOperation`: DESCRIBE (8) and
/// DESCRIBE_CONFIGS (10), which are all that this broker lets anyone do.
pub(super) const OPERATIONS: i32 = 1 << 8 | 1 << 10;

/// Where clients find the broker.
pub(super) struct Broker {
    pub(super) host: String,
    pub(super) port: u16,
}

/// A request whose header was understood.
pub(super) struct Request {
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    name: &'static str,
    body: Bytes,
    /// Only ApiVersions: the version is not one of ours, and the answer says so.
    version_unknown: bool,
}

/// Why a request is not answered and its connection closed.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    #[error("a request of {0} bytes is too short to have a header")]
    TooShort(usize),
    #[error("the request's key {key} in version {version} was not advertised")]
    Unsupported { key: i16, version: i16 },
    #[error("could not read the request: {0}")]
    Decode(String),
    #[error("could not write the answer: {0}")]
    Encode(String),
}

impl Request {
    pub(super) fn decode(mut frame: Bytes) -> Result<Self, AnswerError> {
        if frame.len() < 8 {
            return Err(AnswerError::TooShort(frame.len()));
        }
        let (raw_key, version) = ((&frame[..2]).get_i16(), (&frame[2..4]).get_i16());
        let correlation_id = (&frame[4..8]).get_i32();
        let unsupported = AnswerError::Unsupported {
            key: raw_key,
            version,
        };
        let Some((key, versions, name)) = SUPPORTED
            .into_iter()
            .find(|(key, ..)| *key as i16 == raw_key)
        else {
            return Err(unsupported);
        };
        if version < versions.min || version > versions.max {
            if key != ApiKey::ApiVersions {
                return Err(unsupported);
            }
            let body = Bytes::new();
            let version_unknown = true;
            return Ok(Self {
                key,
                version: 0,
                correlation_id,
                name,
                body,
                version_unknown,
            });
        }
        let header_version = key.request_header_version(version);
        RequestHeader::decode(&mut frame, header_version).map_err(decode_error)?;
        if !bounds::lists_fit(key, version, &frame) {
            return Err(AnswerError::Decode("a list passes its end".to_owned()));
        }
        let version_unknown = false;
        Ok(Self {
            key,
            version,
            correlation_id,
            name,
            body: frame,
            version_unknown,
        })
    }

    /// The request's name in Kafka's protocol.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    fn body<T: Decodable>(&self) -> Result<T, AnswerError> {
        T::decode(&mut self.body.clone(), self.version).map_err(decode_error)
    }
}

/// The whole answer, with its length in front.
pub(super) fn answer(
    request: &Request,
    topics: &Topics,
    broker: &Broker,
) -> Result<Bytes, AnswerError> {
    match request.key {
        ApiKey::ApiVersions => encode(request, &api_versions(request)),
        ApiKey::Metadata => {
            let body: MetadataRequest = request.body()?;
            encode(
                request,
                &metadata::answer(&body, request.version, topics, broker),
            )
        }
        ApiKey::ListOffsets => {
            let body: ListOffsetsRequest = request.body()?;
            encode(request, &offsets::answer(&body, request.version, topics))
        }
        ApiKey::DescribeConfigs => {
            let body: DescribeConfigsRequest = request.body()?;
            encode(request, &configs::answer(&body, request.version, topics))
        }
        ApiKey::DescribeLogDirs => {
            let body: DescribeLogDirsRequest = request.body()?;
            encode(request, &log_dirs::answer(&body, request.version, topics))
        }
        ApiKey::DescribeCluster => {
            let body: DescribeClusterRequest = request.body()?;
            encode(request, &describe_cluster(&body, topics, broker))
        }
        _ => Err(AnswerError::Unsupported {
            key: request.key as i16,
            version: request.version,
        }),
    }
}

fn encode(request: &Request, body: &impl Encodable) -> Result<Bytes, AnswerError> {
    let mut answer = BytesMut::zeroed(4);
    ResponseHeader::default()
        .with_correlation_id(request.correlation_id)
        .encode(
            &mut answer,
            request.key.response_header_version(request.version),
        )
        .and_then(|()| body.encode(&mut answer, request.version))
        .map_err(|error| AnswerError::Encode(format!("{error:#}")))?;
    let length = i32::try_from(answer.len() - 4)
        .map_err(|_| AnswerError::Encode("it is longer than 2 GiB".to_owned()))?;
    answer[..4].copy_from_slice(&length.to_be_bytes());
    Ok(answer.freeze())
}

fn api_versions(request: &Request) -> ApiVersionsResponse {
    let keys = SUPPORTED
        .iter()
        .map(|(key, versions, _)| {
            ApiVersion::default()
                .with_api_key(*key as i16)
                .with_min_version(versions.min)
                .with_max_version(versions.max)
        })
        .collect();
    let error = if request.version_unknown {
        ResponseError::UnsupportedVersion.code()
    } else {
        0
    };
    ApiVersionsResponse::default()
        .with_error_code(error)
        .with_api_keys(keys)
}

fn describe_cluster(
    request: &DescribeClusterRequest,
    topics: &Topics,
    broker: &Broker,
) -> DescribeClusterResponse {
    let operations = if request.include_cluster_authorized_operations {
        OPERATIONS
    } else {
        OPERATIONS_UNKNOWN
    };
    DescribeClusterResponse::default()
        .with_cluster_id(text(topics.cluster_id()))
        .with_controller_id(NODE_ID)
        .with_cluster_authorized_operations(operations)
        .with_brokers(vec![
            DescribeClusterBroker::default()
                .with_broker_id(NODE_ID)
                .with_host(text(&broker.host))
                .with_port(i32::from(broker.port)),
        ])
}

pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn decode_error(error: impl std::fmt::Display) -> AnswerError {
    AnswerError::Decode(format!("{error:#}"))
}

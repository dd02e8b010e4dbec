//! DescribeConfigs: the settings of topics that the sandbox acts on.

use kafka_protocol::{
    ResponseError,
    messages::{
        DescribeConfigsRequest, DescribeConfigsResponse,
        describe_configs_request::DescribeConfigsResource,
        describe_configs_response::{
            DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
        },
    },
};

use super::{TopicSettings, Topics, answers::text};

/// `ConfigResource.Type.TOPIC`.
const TOPIC: i8 = 2;
/// `ConfigEntry.ConfigSource`.
const DYNAMIC_TOPIC_CONFIG: i8 = 1;
const DEFAULT_CONFIG: i8 = 5;
/// `ConfigEntry.ConfigType`.
const TYPE_STRING: i8 = 2;
const TYPE_LONG: i8 = 5;
const TYPE_LIST: i8 = 7;

const TYPES_FROM: i16 = 3;

pub(super) fn answer(
    request: &DescribeConfigsRequest,
    version: i16,
    topics: &Topics,
) -> DescribeConfigsResponse {
    let results = request.resources.iter().map(|resource| {
        let result = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        let refused = |error: ResponseError, message: &str| {
            result
                .clone()
                .with_error_code(error.code())
                .with_error_message(Some(text(message)))
        };
        if resource.resource_type != TOPIC {
            return refused(
                ResponseError::InvalidRequest,
                "The sandbox describes the configuration of topics only.",
            );
        }
        match topics.topic(&resource.resource_name) {
            None => refused(
                ResponseError::UnknownTopicOrPartition,
                "This server does not host this topic-partition.",
            ),
            Some(topic) => result.clone().with_configs(describe(
                &topic.settings,
                resource,
                request.include_synonyms,
                version,
            )),
        }
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

struct Entry {
    name: &'static str,
    value: String,
    default: String,
    kind: i8,
}

fn entries(settings: &TopicSettings) -> [Entry; 4] {
    let default = TopicSettings::default();
    let long = |name, value: i64, default: i64| Entry {
        name,
        value: value.to_string(),
        default: default.to_string(),
        kind: TYPE_LONG,
    };
    let words = |name, value: &str, default: &str, kind| Entry {
        name,
        value: value.to_owned(),
        default: default.to_owned(),
        kind,
    };
    [
        words(
            "cleanup.policy",
            settings.cleanup_policy.as_str(),
            default.cleanup_policy.as_str(),
            TYPE_LIST,
        ),
        words(
            "message.timestamp.type",
            settings.timestamp_type.as_str(),
            default.timestamp_type.as_str(),
            TYPE_STRING,
        ),
        long(
            "retention.bytes",
            settings.retention_bytes,
            default.retention_bytes,
        ),
        long("retention.ms", settings.retention_ms, default.retention_ms),
    ]
}

/// A name that is asked for and not known is left out, as in Kafka.
fn describe(
    settings: &TopicSettings,
    resource: &DescribeConfigsResource,
    synonyms: bool,
    version: i16,
) -> Vec<DescribeConfigsResourceResult> {
    let wanted = |name: &str| {
        let keys = resource.configuration_keys.as_ref();
        keys.is_none_or(|keys| keys.iter().any(|key| key.as_str() == name))
    };
    entries(settings)
        .into_iter()
        .filter(|entry| wanted(entry.name))
        .map(|entry| entry.describe(synonyms, version))
        .collect()
}

impl Entry {
    fn describe(&self, synonyms: bool, version: i16) -> DescribeConfigsResourceResult {
        let source = if self.value == self.default {
            DEFAULT_CONFIG
        } else {
            DYNAMIC_TOPIC_CONFIG
        };
        let mut result = DescribeConfigsResourceResult::default()
            .with_name(text(self.name))
            .with_value(Some(text(&self.value)))
            .with_config_source(source);
        if synonyms {
            result.synonyms.push(self.synonym(&self.value, source));
            if source != DEFAULT_CONFIG {
                result
                    .synonyms
                    .push(self.synonym(&self.default, DEFAULT_CONFIG));
            }
        }
        if version >= TYPES_FROM {
            result.config_type = self.kind;
        }
        result
    }

    fn synonym(&self, value: &str, source: i8) -> DescribeConfigsSynonym {
        DescribeConfigsSynonym::default()
            .with_name(text(self.name))
            .with_value(Some(text(value)))
            .with_source(source)
    }
}

//! The one thing that a restart changes in the driver of its base, where the
//! configuration says that the job's code reads its starting position there.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::offsets::PartitionOffsets;
use crate::stream::{Carrier, Stream};
use crate::text::{counted, thousands};

/// A value in the driver and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Setting {
    /// A property of `spark-defaults` among the configuration overrides.
    Conf {
        /// The Spark conf key.
        key: String,
        /// Spark's `startingOffsets`, such as `{"topic":{"0":23}}`.
        value: String,
    },
    /// An argument of the entry point: `--name value` or `--name=value`.
    Argument {
        /// Its name, without the dashes.
        name: String,
        /// Spark's `startingOffsets`, such as `{"topic":{"0":23}}`.
        value: String,
    },
}

/// How many characters EMR takes as the value of one property
/// (`ConfigurationPropertyValue` in its service model).
const PROPERTY_CHARS_MAX: usize = 1_024;

impl Setting {
    /// What carries `offsets` by `carrier`; `None` where seeds do.
    #[must_use]
    pub fn of(carrier: &Carrier, offsets: &PartitionOffsets) -> Option<Self> {
        let value = offsets.to_spark_json();
        match carrier {
            Carrier::Seed => None,
            Carrier::Conf { key } => Some(Self::Conf {
                key: key.clone(),
                value,
            }),
            Carrier::Argument { name } => Some(Self::Argument {
                name: name.clone(),
                value,
            }),
        }
    }

    /// Spark's `startingOffsets`.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Setting::Conf { value, .. } | Setting::Argument { value, .. } => value,
        }
    }

    /// The offsets in the value, if it is exactly what Sluice writes for them.
    #[must_use]
    pub fn offsets(&self) -> Option<PartitionOffsets> {
        let offsets = PartitionOffsets::parse(self.value()).value?;
        (offsets.to_spark_json() == self.value()).then_some(offsets)
    }

    /// Where it stands, after a verb: `the Spark conf key spark.a.b`.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Setting::Conf { key, .. } => format!("the Spark conf key {key}"),
            Setting::Argument { name, .. } => format!("the argument --{name}"),
        }
    }

    /// Whether it stands where this carrier says.
    #[must_use]
    pub fn is_by(&self, carrier: &Carrier) -> bool {
        match (self, carrier) {
            (Setting::Conf { key, .. }, Carrier::Conf { key: wanted }) => key == wanted,
            (Setting::Argument { name, .. }, Carrier::Argument { name: wanted }) => {
                name == wanted
            }
            _ => false,
        }
    }
}

/// What the driver has to carry for a start at `targets`, by source.
pub(super) fn setting(
    stream: &Stream,
    targets: &[PartitionOffsets],
) -> Result<Option<Setting>, Refusal> {
    if stream.carrier.is_seed() {
        return Ok(None);
    }
    let [offsets] = targets else {
        return Err(Refusal::Carrier(format!(
            "One value cannot carry the starting offsets of {}. Let seeding carry them.",
            counted(targets.len() as u64, "source", "sources")
        )));
    };
    let setting = Setting::of(&stream.carrier, offsets);
    if let Some(Setting::Conf { key, value }) = &setting
        && value.len() > PROPERTY_CHARS_MAX
    {
        return Err(Refusal::Carrier(format!(
            "The starting offsets of {} have {} characters, and EMR takes {} as the value of {key}. Let seeding or an argument carry them.",
            counted(offsets.len() as u64, "partition", "partitions"),
            thousands(value.len() as u64),
            thousands(PROPERTY_CHARS_MAX as u64)
        )));
    }
    Ok(setting)
}

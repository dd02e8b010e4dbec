//! Short texts of the configuration that are checked where they are read.

use std::fmt;

use serde::Deserialize;

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:expr, $allowed:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(value: String) -> Result<Self, &'static str> {
                let check: fn(&str) -> bool = $check;
                if check(&value) { Ok(Self(value)) } else { Err($allowed) }
            }
        }
    };
}

checked_text!(
    /// The name of an environment or a Kafka cluster.
    Name,
    is_name,
    "a name has 1 to 63 lower-case letters, digits, \"-\" and \"_\", and begins \
     with a letter or digit"
);

checked_text!(
    /// An AWS account.
    AccountId,
    |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()),
    "an account is 12 digits, in quotes"
);

checked_text!(
    /// The ARN of an IAM role.
    RoleArn,
    |text| text.starts_with("arn:") && text.contains(":iam::") && text.contains(":role/"),
    "a role is an ARN such as \"arn:aws:iam::111122223333:role/name\""
);

checked_text!(
    /// The ARN of a cluster of MSK.
    MskArn,
    |text| text.starts_with("arn:")
        && text.split(':').nth(2) == Some("kafka")
        && text.split(':').nth(3).is_some_and(|region| !region.is_empty())
        && text.split(':').nth(5).is_some_and(|rest| rest.starts_with("cluster/")),
    "a cluster is an ARN such as \"arn:aws:kafka:eu-west-1:111122223333:cluster/name/id\""
);

impl MskArn {
    /// The region that the cluster is in.
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
}

checked_text!(
    /// An AWS region.
    Region,
    |text| text.len() >= 5
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
    "a region is a name such as \"eu-west-1\""
);

checked_text!(
    /// A host and a port.
    HostPort,
    is_host_port,
    "an address is \"host:port\""
);

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.bytes().next().is_some_and(plain)
        && text
            .bytes()
            .all(|byte| plain(byte) || byte == b'-' || byte == b'_')
}

fn is_host_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && port.parse::<u16>().is_ok_and(|port| port > 0)
            && !host.contains(['/', '@', ' '])
    })
}

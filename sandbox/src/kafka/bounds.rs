//! Whether the lists of a request can be as long as they say.
//!
//! The protocol library makes room for a list before it reads it. One that
//! claims two billion items would end the process, so every list is walked
//! first and must fit into the bytes that are there.

use bytes::{Buf, Bytes};
use kafka_protocol::messages::ApiKey;

/// True where each list of the request is there to its end. What is not a list
/// is left to the library, which checks it.
pub(super) fn lists_fit(key: ApiKey, version: i16, body: &Bytes) -> bool {
    let mut walk = Walk {
        rest: body.clone(),
        flexible: is_flexible(key, version),
    };
    let walked = match key {
        ApiKey::Metadata => walk.list(|topic| {
            topic.skip(if version >= 10 { 16 } else { 0 })?;
            topic.string()?;
            topic.tags()
        }),
        ApiKey::ListOffsets => {
            let isolation_level = if version >= 2 { 1 } else { 0 };
            let leader_epoch = if version >= 4 { 4 } else { 0 };
            walk.skip(4 + isolation_level).and_then(|()| {
                walk.list(|topic| {
                    topic.string()?;
                    topic.list(|partition| {
                        partition.skip(4 + leader_epoch + 8)?;
                        partition.tags()
                    })?;
                    topic.tags()
                })
            })
        }
        ApiKey::DescribeLogDirs => walk.list(|topic| {
            topic.string()?;
            topic.list(|partition| partition.skip(4))?;
            topic.tags()
        }),
        ApiKey::DescribeConfigs => walk.list(|resource| {
            resource.skip(1)?;
            resource.string()?;
            resource.list(Walk::string)?;
            resource.tags()
        }),
        _ => Some(()),
    };
    walked.is_some()
}

/// From these versions on lengths are varints and structures have tags.
fn is_flexible(key: ApiKey, version: i16) -> bool {
    match key {
        ApiKey::Metadata => version >= 9,
        ApiKey::ListOffsets => version >= 6,
        ApiKey::DescribeConfigs => version >= 4,
        ApiKey::DescribeLogDirs => version >= 2,
        _ => false,
    }
}

struct Walk {
    rest: Bytes,
    flexible: bool,
}

impl Walk {
    fn skip(&mut self, bytes: usize) -> Option<()> {
        if bytes > self.rest.len() {
            return None;
        }
        self.rest.advance(bytes);
        Some(())
    }

    /// The number of items; a list that is null has none.
    fn list(&mut self, item: impl Fn(&mut Self) -> Option<()>) -> Option<()> {
        let count = if self.flexible {
            self.varint()?.saturating_sub(1)
        } else {
            u32::try_from(self.rest.try_get_i32().ok()?).unwrap_or(0)
        };
        for _ in 0..count {
            item(self)?;
        }
        Some(())
    }

    /// A string; one that is null is empty.
    fn string(&mut self) -> Option<()> {
        let length = if self.flexible {
            self.varint()?.saturating_sub(1)
        } else {
            u32::try_from(self.rest.try_get_i16().ok()?).unwrap_or(0)
        };
        self.skip(usize::try_from(length).ok()?)
    }

    fn tags(&mut self) -> Option<()> {
        if !self.flexible {
            return Some(());
        }
        for _ in 0..self.varint()? {
            self.varint()?;
            let length = self.varint()?;
            self.skip(usize::try_from(length).ok()?)?;
        }
        Some(())
    }

    fn varint(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.rest.try_get_u8().ok()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

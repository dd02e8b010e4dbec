use serde::{Deserialize, Serialize};

use crate::checkpoint::parsed::{Issue, IssueCode, Parsed};

/// CRC-32C (Castagnoli, reflected), as `java.util.zip.CRC32C` has it.
pub fn crc32c(bytes: &[u8]) -> u32 {
    !through(&CASTAGNOLI, u32::MAX, bytes)
}

/// CRC-32 as zip archives have it, taken piece by piece.
pub(super) struct Crc32(u32);

impl Crc32 {
    pub(super) fn new() -> Self {
        Self(u32::MAX)
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.0 = through(&ZIP, self.0, bytes);
    }

    pub(super) fn value(&self) -> u32 {
        !self.0
    }
}

fn through(table: &[u32; 256], crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        let index = (crc ^ u32::from(*byte)) & 0xff;
        table[index as usize] ^ (crc >> 8)
    })
}

static CASTAGNOLI: [u32; 256] = table(0x82f6_3b78);
static ZIP: [u32; 256] = table(0xedb8_8320);

const fn table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ polynomial
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

/// `<file>.crc`, which Spark 4.1 and later write beside a state file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChecksumFile {
    pub algorithm: String,
    /// The CRC-32C of the file, as a signed number of 32 bits.
    pub value: i32,
    /// The size of the file, in bytes.
    pub main_file_size: u64,
}

impl ChecksumFile {
    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        match serde_json::from_slice::<Self>(bytes) {
            Ok(value) if value.algorithm == "CRC32C" => Parsed {
                value: Some(value),
                issues: Vec::new(),
            },
            Ok(value) => Parsed::nothing(Issue::whole(
                IssueCode::BadShape,
                format!("The algorithm {:?} is not known.", value.algorithm),
            )),
            Err(error) => Parsed::nothing(Issue::whole(
                IssueCode::BadJson,
                format!("This is no checksum file: {error}."),
            )),
        }
    }

    /// What is off about the file itself, if anything.
    pub fn compare(&self, bytes: &[u8]) -> Option<Issue> {
        let value = crc32c(bytes).cast_signed();
        let size = bytes.len() as u64;
        (value != self.value || size != self.main_file_size).then(|| {
            Issue::whole(
                IssueCode::ChecksumMismatch,
                format!(
                    "Expected {} bytes with checksum {}, found {size} bytes with \
                     checksum {value}.",
                    self.main_file_size, self.value
                ),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_check_value_holds() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(b""), 0);
        let mut zip = Crc32::new();
        zip.take(b"1234");
        zip.take(b"56789");
        assert_eq!(zip.value(), 0xcbf4_3926);
    }
}

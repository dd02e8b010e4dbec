//! The framing of lz4-java's `LZ4BlockOutputStream`, Spark's default codec.

use super::StateFault;

const MAGIC: &[u8; 8] = b"LZ4Block";
const METHOD_RAW: u8 = 0x10;
const METHOD_LZ4: u8 = 0x20;
/// The token's low half counts from blocks of 1 KiB.
const LEVEL_BASE: u32 = 10;

/// More than this is never unpacked; Spark writes a file for each partition
/// and batch, so real ones stay far below.
pub(super) const UNPACKED_MAX: usize = 256 << 20;

/// Unpacks a whole stream, concatenated streams included. Memory follows what
/// is really there: a block may claim at most what LZ4 can unpack from it.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<u8>, StateFault> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        // A header that is cut off ends the stream without a word.
        let Some((header, body)) = rest.split_at_checked(21) else {
            break;
        };
        if &header[..8] != MAGIC {
            return Err(StateFault::Corrupted);
        }
        let token = header[8];
        let packed = length(header, 9)?;
        let unpacked = length(header, 13)?;
        let block_max = 1usize << (LEVEL_BASE + u32::from(token & 0x0f));
        if unpacked > block_max || (unpacked == 0) != (packed == 0) {
            return Err(StateFault::Corrupted);
        }
        let Some((block, after)) = body.split_at_checked(packed) else {
            return Err(StateFault::EndedPrematurely);
        };
        if out.len() + unpacked > UNPACKED_MAX {
            return Err(StateFault::TooLarge(UNPACKED_MAX as u64));
        }
        match token & 0xf0 {
            METHOD_RAW if packed == unpacked => out.extend_from_slice(block),
            METHOD_LZ4 => {
                let start = out.len();
                decode(block, unpacked, &mut out).ok_or(StateFault::Corrupted)?;
                if out.len() - start != unpacked {
                    return Err(StateFault::Corrupted);
                }
            }
            _ => return Err(StateFault::Corrupted),
        }
        rest = after;
    }
    Ok(out)
}

fn length(header: &[u8], at: usize) -> Result<usize, StateFault> {
    let bytes: [u8; 4] = header[at..at + 4]
        .try_into()
        .map_err(|_| StateFault::Corrupted)?;
    usize::try_from(i32::from_le_bytes(bytes)).map_err(|_| StateFault::Corrupted)
}

/// One LZ4 block; `None` when it is malformed or unpacks to more than `size`.
fn decode(block: &[u8], size: usize, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let mut input = block.iter().copied();
    loop {
        let token = input.next()?;
        let literals = run(usize::from(token >> 4), &mut input)?;
        if input.len() < literals || out.len() - start + literals > size {
            return None;
        }
        out.extend(input.by_ref().take(literals));
        if input.len() == 0 {
            return Some(());
        }
        let offset = usize::from(u16::from_le_bytes([input.next()?, input.next()?]));
        let count = run(usize::from(token & 0x0f), &mut input)? + 4;
        let from = out
            .len()
            .checked_sub(offset)
            .filter(|from| *from >= start)?;
        if offset == 0 || out.len() - start + count > size {
            return None;
        }
        for index in from..from + count {
            out.push(out[index]);
        }
    }
}

fn run(nibble: usize, input: &mut impl Iterator<Item = u8>) -> Option<usize> {
    let mut count = nibble;
    if nibble == 15 {
        loop {
            let more = input.next()?;
            count += usize::from(more);
            if more != 255 {
                break;
            }
        }
    }
    Some(count)
}

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

/// Whether the very first block cannot be unpacked, which is what a reader of
/// the header meets.
pub(super) fn first_block_is_corrupted(bytes: &[u8]) -> bool {
    let packed = bytes.get(9..13).and_then(|four| four.try_into().ok());
    let packed = packed.map_or(0, i32::from_le_bytes);
    let end = usize::try_from(packed).unwrap_or(0).saturating_add(HEADER);
    let first = bytes.get(..end).unwrap_or(bytes);
    matches!(unpack(first), Err(StateFault::Corrupted))
}

/// Magic, token, packed length, unpacked length, checksum.
const HEADER: usize = 21;

/// Unpacks a whole stream, concatenated streams included. Memory follows what
/// is really there: a block may claim at most what LZ4 can unpack from it.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<u8>, StateFault> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        // A header that is cut off ends the stream without a word.
        let Some((header, body)) = rest.split_at_checked(HEADER) else {
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
        let start = out.len();
        match token & 0xf0 {
            METHOD_RAW if packed == unpacked => out.extend_from_slice(block),
            METHOD_LZ4 => {
                decode(block, unpacked, &mut out).ok_or(StateFault::Corrupted)?;
                if out.len() - start != unpacked {
                    return Err(StateFault::Corrupted);
                }
            }
            _ => return Err(StateFault::Corrupted),
        }
        let sum = xxhash32(&out[start..], CHECKSUM_SEED) & CHECKSUM_MASK;
        if unpacked > 0 && sum.to_le_bytes() != header[17..HEADER] {
            return Err(StateFault::Corrupted);
        }
        rest = after;
    }
    Ok(out)
}

/// A stream of one raw block, as `LZ4BlockOutputStream` writes what does not
/// shrink, and the empty block at its end.
#[cfg(test)]
pub(in crate::checkpoint) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for block in [bytes, &[]] {
        let length = u32::try_from(block.len()).unwrap().to_le_bytes();
        let sum = match block.len() {
            0 => 0,
            _ => xxhash32(block, CHECKSUM_SEED) & CHECKSUM_MASK,
        };
        out.extend_from_slice(MAGIC);
        out.push(METHOD_RAW | 0x06);
        out.extend_from_slice(&length);
        out.extend_from_slice(&length);
        out.extend_from_slice(&sum.to_le_bytes());
        out.extend_from_slice(block);
    }
    out
}

/// As `LZ4BlockOutputStream` seeds its checksum.
const CHECKSUM_SEED: u32 = 0x9747_b28c;
/// lz4-java's `asChecksum` leaves the top four bits out.
const CHECKSUM_MASK: u32 = 0x0fff_ffff;

const PRIMES: [u32; 5] = [
    0x9e37_79b1,
    0x85eb_ca77,
    0xc2b2_ae3d,
    0x27d4_eb2f,
    0x1656_67b1,
];

/// xxHash in its form of 32 bits.
fn xxhash32(bytes: &[u8], seed: u32) -> u32 {
    let [p1, p2, p3, p4, p5] = PRIMES;
    let word = |four: &[u8]| u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    let round = |acc: u32, lane: u32| {
        acc.wrapping_add(lane.wrapping_mul(p2))
            .rotate_left(13)
            .wrapping_mul(p1)
    };
    let stripes = bytes.chunks_exact(16);
    let mut rest = stripes.remainder();
    let mut hash = if bytes.len() >= 16 {
        let mut lanes = [
            seed.wrapping_add(p1).wrapping_add(p2),
            seed.wrapping_add(p2),
            seed,
            seed.wrapping_sub(p1),
        ];
        for stripe in stripes {
            for (lane, four) in lanes.iter_mut().zip(stripe.chunks_exact(4)) {
                *lane = round(*lane, word(four));
            }
        }
        lanes[0]
            .rotate_left(1)
            .wrapping_add(lanes[1].rotate_left(7))
            .wrapping_add(lanes[2].rotate_left(12))
            .wrapping_add(lanes[3].rotate_left(18))
    } else {
        seed.wrapping_add(p5)
    };
    hash = hash.wrapping_add(bytes.len() as u32);
    while let Some((four, after)) = rest.split_at_checked(4) {
        hash = hash.wrapping_add(word(four).wrapping_mul(p3));
        hash = hash.rotate_left(17).wrapping_mul(p4);
        rest = after;
    }
    for byte in rest {
        hash = hash.wrapping_add(u32::from(*byte).wrapping_mul(p5));
        hash = hash.rotate_left(11).wrapping_mul(p1);
    }
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(p2);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(p3);
    hash ^ (hash >> 16)
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

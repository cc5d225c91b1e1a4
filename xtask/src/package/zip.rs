//! A zip archive of plain files (PKWARE's application note 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16): sorted, packed, of one
//! time and one mode, so that the same files make the same bytes.
//!
//! Ours, because what a library for it does besides is what must not happen here, and the compressor is here already.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::File;
use crate::Result;

/// The version needed to take an entry out: 2.0, for folders and packed entries.
const VERSION: u16 = 20;
/// Made on Unix, where files have modes.
const MADE_BY: u16 = 3 << 8 | VERSION;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
const DEFLATED: u16 = 8;
/// 1 January 1980, the first day that the format knows.
const DATE: u16 = 1 << 5 | 1;
/// A file that everybody may read: the upper half of its attributes.
const MODE: u32 = 0o100_644 << 16;

/// The archive of some files.
pub fn zip(mut files: Vec<File>) -> Result<Vec<u8>> {
    files.sort();
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (path, bytes) in &files {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes)?;
        let packed = encoder.finish()?;
        let mut crc = Crc::new();
        crc.update(bytes);
        let mut entry = halves(&[VERSION, FLAGS, DEFLATED, 0, DATE]);
        entry.extend(words(&[crc.sum(), u32::try_from(packed.len())?, u32::try_from(bytes.len())?]));
        // The length of the name, and no extra field.
        entry.extend(halves(&[u16::try_from(path.len())?, 0]));
        let offset = u32::try_from(out.len())?;
        out.extend(b"PK\x03\x04");
        out.extend(&entry);
        out.extend(path.bytes());
        out.extend(packed);
        directory.extend(b"PK\x01\x02");
        directory.extend(halves(&[MADE_BY]));
        directory.extend(entry);
        // No comment, the first disk, no attributes of the inner kind.
        directory.extend(halves(&[0, 0, 0]));
        directory.extend(words(&[MODE, offset]));
        directory.extend(path.bytes());
    }
    let (start, length, count) = (out.len(), directory.len(), u16::try_from(files.len())?);
    out.extend(directory);
    out.extend(b"PK\x05\x06");
    out.extend(halves(&[0, 0, count, count]));
    out.extend(words(&[u32::try_from(length)?, u32::try_from(start)?]));
    out.extend(halves(&[0]));
    Ok(out)
}

fn halves(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

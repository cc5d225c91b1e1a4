//! A zip archive of plain files, stored as they are (PKWARE's application note 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16).
//! Never compresses, never encrypts, writes no time: the same files make the same bytes.
//!
//! Ours, because the smallest library for it weighs 26 KB of the page on the wire, and this half of one.

/// The version needed to take an entry out: 2.0, for folders.
const VERSION: u16 = 20;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// 1 January 1980, the first day that the format knows.
const DATE: u16 = 1 << 5 | 1;

/// The archive of some files, each a path with `/` and its bytes. Meant for texts: sizes are cut at 4 GiB.
pub fn zip<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let (mut out, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for (path, bytes) in files {
        let offset = size(out.len());
        let mut entry = Vec::new();
        for half in [VERSION, FLAGS, 0, 0, DATE] {
            entry.extend(half.to_le_bytes());
        }
        for word in [crc(bytes), size(bytes.len()), size(bytes.len())] {
            entry.extend(word.to_le_bytes());
        }
        // The length of the name, and no extra field.
        entry.extend(size(path.len()).to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&entry);
        out.extend(path.bytes());
        out.extend(bytes);
        directory.extend(b"PK\x01\x02");
        directory.extend(VERSION.to_le_bytes());
        directory.extend(entry);
        // No comment, the first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(path.bytes());
        count += 1;
    }
    let (start, length) = (size(out.len()), size(directory.len()));
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    for half in [count, count] {
        out.extend(half.to_le_bytes());
    }
    for word in [length, start] {
        out.extend(word.to_le_bytes());
    }
    out.extend([0; 2]);
    out
}

fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The checksum of the format (CRC-32 of ISO 3309), bit by bit: texts are small.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    //! The checksum alone; whole archives are read by real programs in `tests/it/pack.rs`.

    #[test]
    fn the_checksum_of_the_standard_check_string() {
        assert_eq!(super::crc(b"123456789"), 0xcbf4_3926);
    }
}

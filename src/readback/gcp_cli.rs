//! Reads rules of Google Cloud for gcloud back. Never reads what stands around them.

use super::gcp::Own;
use super::{Reader, Reading, holes, key, shell};

/// The record.
pub static READER: Reader = Reader { dialect: "gcp-cli", read };

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut own = Own::default();
    let mut tag = "";
    let mut lines = shell(text)?.lines();
    while let Some(line) = lines.next() {
        reading.line += 1;
        if let Some(name) = line.strip_prefix("tag=") {
            own.tag(reading, name)?;
            tag = name;
            reading.frame("tag");
        } else if let Some(name) = line.strip_prefix("network=") {
            key(name)?;
            reading.frame("network");
        } else if let Some([name, protocol, ports, about, end]) = holes("  rule ~ ~:~ '~' ~ \\", line).as_deref() {
            let mut peers = String::new();
            let mut goes_on = true;
            while goes_on {
                let line = lines.next()?.strip_prefix("    ")?;
                reading.line += 1;
                let part = line.strip_suffix('\\');
                goes_on = part.is_some();
                peers.push_str(part.unwrap_or(line));
            }
            // Where the rules are: a rule of no function is never made, one of another place perhaps twice.
            (reading.last == "  kept=").then_some(())?;
            own.rule(reading, [name, tag], [end, protocol, ports, about], &peers, " ")?;
        } else if !reading.passes(line)? {
            reading.frame(line);
        }
    }
    Some(())
}

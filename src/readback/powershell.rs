//! Reads PowerShell rules back. Never reads what stands around them.

use super::{Reading, key, ports, protocol, quotable};
use crate::net::Direction;

/// Reads the rules; everything else is the frame.
pub fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        reading.line += 1;
        if line.starts_with("# ") {
            continue;
        }
        if let Some(sentence) = line.strip_prefix("Write-Warning 'Held back: ") {
            quotable(sentence.strip_suffix(".'")?)?;
            reading.held += 1;
            continue;
        }
        if reading.held > 0 && (line == REFUSES || line == "return") {
            continue;
        }
        if let Some(name) = line.strip_prefix("  'Portcullis-") {
            // Rules that must be there; the check of what is there opens nothing.
            key(name.strip_suffix('\'')?)?;
            continue;
        }
        let Some(first) = line.strip_prefix("  @{ Name = 'Portcullis-").filter(|name| !name.contains("ess-base-"))
        else {
            reading.frame(line);
            continue;
        };
        reading.last.starts_with("$rules = @(").then_some(())?;
        let mut entry = first.to_owned();
        while !entry.ends_with(" }") {
            entry.push_str(lines.next()?);
            reading.line += 1;
        }
        rule(reading, entry.strip_suffix(" }")?)?;
    }
    Some(())
}

const REFUSES: &str = "Write-Warning 'Nothing was changed. Fill in what is missing on the page and copy again.'";

/// `ingress-g1-g3-tcp-443'; DisplayName = '…'     Description = '…'; Group = 'Portcullis ingress' …`
fn rule(reading: &mut Reading, entry: &str) -> Option<()> {
    let (name, rest) = entry.split_once("'; DisplayName = 'Portcullis: ")?;
    let (way, flow) = name.split_once('-')?;
    key(flow)?;
    let (title, rest) = rest.split_once("'     Description = '")?;
    let (purpose, rest) = rest.split_once("'; Group = 'Portcullis ")?;
    quotable(title).and(quotable(purpose))?;
    let (direction, words, port) = match way {
        "ingress" => (Direction::Ingress, "ingress'     Direction = 'Inbound", "'; LocalPort = '"),
        "egress" => (Direction::Egress, "egress'     Direction = 'Outbound", "'; RemotePort = '"),
        _ => return None,
    };
    let rest = rest
        .strip_prefix(words)?
        .strip_prefix("'; Action = 'Allow'; Enabled = 'True'; Profile = 'Any'     Protocol = '")?;
    let (name, rest) = rest.split_once(port)?;
    let (range, peers) = rest.split_once("'; RemoteAddress = ")?;
    let (first, last) = ports(range, '-')?;
    let gate = (direction, protocol(name)?, first, last);
    if peers == "'Any'" {
        reading.opens_to_everyone(gate);
        return Some(());
    }
    let list = peers.strip_prefix("@('")?.strip_suffix("')")?;
    // Long lists go on in the next line.
    reading.opens_to(gate, &list.replace(",       '", ", '"), "', '", None)
}

//! Reads PowerShell rules back. Never reads what stands around them.

use super::{Reader, Reading, holes, key, ports, protocol, quotable};
use crate::net::Direction;

/// The record.
pub static READER: Reader = Reader { dialect: "powershell", read };

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
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
        if reading.held > 0 && line == REFUSES {
            reading.refuses = lines.next() == Some("return");
            reading.line += 1;
            continue;
        }
        if let Some(name) = line.strip_prefix("  'Portcullis-") {
            // Rules that must be there; the check of what is there opens nothing.
            key(name.strip_suffix('\'')?)?;
            continue;
        }
        let base = |name: &&str| name.starts_with("ingress-base-") || name.starts_with("egress-base-");
        let Some(first) = line.strip_prefix("  @{ Name = 'Portcullis-").filter(|name| !base(name)) else {
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

/// A rule, its lines joined: name, title, purpose, group, direction, protocol, whose port, ports, addresses.
const RULE: &str = "~-~'; DisplayName = 'Portcullis: ~'     Description = '~'; Group = 'Portcullis ~'     Direction = '~'; \
    Action = 'Allow'; Enabled = 'True'; Profile = 'Any'     Protocol = '~'; ~Port = '~'; RemoteAddress = ~";

fn rule(reading: &mut Reading, entry: &str) -> Option<()> {
    let [way, flow, title, purpose, group, direction, name, whose, range, peers] = holes(RULE, entry)?[..] else {
        return None;
    };
    key(flow).and(quotable(title)).and(quotable(purpose))?;
    let direction = match (way, group, direction, whose) {
        ("ingress", "ingress", "Inbound", "Local") => Direction::Ingress,
        ("egress", "egress", "Outbound", "Remote") => Direction::Egress,
        _ => return None,
    };
    let (first, last) = ports(range, '-')?;
    let gate = (direction, protocol(name)?, first, last);
    // Long lists go on in the next line.
    let list = match peers {
        "'Any'" => "Any".to_owned(),
        list => holes("@('~')", list)?[0].replace(",       '", ", '"),
    };
    reading.opens_to_all(gate, &list, "', '", "Any")
}

//! Reads netsh rules back. Never reads what stands around them.

use super::{Reader, Reading, holes, key, keyed, ports, protocol, quotable};
use crate::net::Direction;

/// The record.
pub static READER: Reader = Reader { dialect: "netsh", read };

/// What a text begins with that may run.
const STARTS: [&str; 2] = [
    "@fltmc >nul 2>&1 && set \"PORTCULLIS=go\"",
    "@if not defined PORTCULLIS echo Nothing was changed: open Command Prompt with Run as administrator and paste again.",
];
const REFUSES: &str = "@echo Nothing was changed. Fill in what is missing on the page and copy again.";

/// A line that adds one rule, and what it does if Windows does not take it; a line that says that it would.
const ADDS: [&str; 2] = [
    "@if defined PORTCULLIS netsh advfirewall firewall add ~ >nul || echo Stopped: Windows did not take the rule ~. && set \"PORTCULLIS=\"",
    "@if defined PORTCULLIS echo netsh advfirewall firewall add ~",
];

/// A line that deletes all rules, and adds those of the administrators at once.
const REPLACES: &str = "~ && netsh advfirewall firewall add ~ >nul || ~";

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    for line in text.lines() {
        reading.line += 1;
        if line.starts_with("@rem ") {
            continue;
        }
        if let Some(sentence) = line.strip_prefix("@echo Held back: ") {
            quotable(sentence)?;
            reading.held += 1;
        } else if reading.held > 0 && line == REFUSES {
            // Nothing below does anything, since this stands in place of what lets it.
            reading.refuses = true;
            STARTS.iter().for_each(|line| reading.frame(line));
        } else if line.contains("description=\"base-") || line.contains(" enable=no ") {
            reading.frame(line);
        } else if let Some(found) = ADDS.iter().find_map(|pattern| holes(pattern, line)) {
            key(found.get(1).unwrap_or(&"x"))?;
            rule(reading, found[0])?;
        } else if let Some([before, rules, after]) = holes(REPLACES, line).as_deref() {
            for one in rules.split(" >nul && netsh advfirewall firewall add ") {
                rule(reading, one)?;
            }
            reading.frame(before);
            reading.frame(after);
        } else {
            reading.frame(line);
        }
    }
    Some(())
}

/// A rule: name, direction, protocol, whose port, ports, addresses, flow and purpose.
const RULE: &str = "rule name=\"Portcullis ~\" dir=~ action=allow enable=yes profile=any protocol=~ ~port=~ remoteip=~ description=\"~: ~\"";

fn rule(reading: &mut Reading, text: &str) -> Option<()> {
    let [name, way, transport, whose, range, list, label, purpose] = holes(RULE, text)?[..] else { return None };
    quotable(purpose)?;
    // Long lists are rules in a row: `g1-g3-tcp-443 2 of 3`.
    keyed(label)?;
    let direction = match (name.strip_suffix(" new").unwrap_or(name), way, whose) {
        ("ingress", "in", "local") => Direction::Ingress,
        ("egress", "out", "remote") => Direction::Egress,
        _ => return None,
    };
    let (first, last) = ports(range, '-')?;
    reading.opens_to_all((direction, protocol(transport)?, first, last), list, ",", "any")
}

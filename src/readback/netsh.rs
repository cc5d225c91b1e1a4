//! Reads netsh rules back. Never reads what stands around them.

use super::{Reading, key, ports, protocol, quotable};
use crate::net::Direction;

const ADD: &str = "netsh advfirewall firewall add rule name=\"Portcullis ";
const GO: &str = "@if defined PORTCULLIS ";
const STOPS: &str = " >nul || echo Stopped: Windows did not take the rule ";

/// What a text begins with that may run.
const STARTS: [&str; 2] = [
    "@fltmc >nul 2>&1 && set \"PORTCULLIS=go\"",
    "@if not defined PORTCULLIS echo Nothing was changed: open Command Prompt with Run as administrator and paste again.",
];

/// Reads the rules; everything else is the frame.
pub fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    for line in text.lines() {
        reading.line += 1;
        if line.starts_with("@rem ") {
            continue;
        }
        if let Some(sentence) = line.strip_prefix("@echo Held back: ") {
            quotable(sentence)?;
            reading.held += 1;
            continue;
        }
        // Nothing below such lines does anything, since they stand in place of those that let it.
        if reading.held > 0 && line == "@echo Nothing was changed. Fill in what is missing on the page and copy again."
        {
            STARTS.iter().for_each(|line| reading.frame(line));
            continue;
        }
        // The rule that is there to be deleted.
        let Some((before, mut rest)) = line.split_once(ADD).filter(|_| !line.contains(" enable=no ")) else {
            reading.frame(line);
            continue;
        };
        let mut base = rest.contains(" description=\"base-");
        loop {
            let (opens, after) = rule(rest)?;
            if let Some((gate, list)) = opens {
                match list {
                    "any" => reading.opens_to_everyone(gate),
                    list => reading.opens_to(gate, list, ",", None)?,
                }
            }
            match after.strip_prefix(" >nul && ").and_then(|next| next.strip_prefix(ADD)) {
                Some(next) => {
                    base |= next.contains(" description=\"base-");
                    rest = next;
                }
                None => {
                    rest = after;
                    break;
                }
            }
        }
        let tried = before == "@if defined PORTCULLIS echo " && rest.is_empty();
        let added = before == GO
            && rest
                .strip_prefix(STOPS)
                .and_then(|rest| rest.strip_suffix(". && set \"PORTCULLIS=\""))
                .and_then(key)
                .is_some();
        if base {
            reading.frame(line);
        } else if !tried && !added {
            // Administrators come in the line that deletes.
            reading.frame(before.strip_suffix(" >nul && ")?);
            reading.frame(rest.strip_prefix(" >nul")?);
        }
    }
    Some(())
}

type Opens<'a> = Option<((Direction, crate::net::Protocol, u16, u16), &'a str)>;

/// `ingress new" dir=in action=allow enable=yes profile=any protocol=TCP localport=443 remoteip=192.0.2.1 description="…"`: what
/// it opens (nothing that counts where it is no flow), and what follows.
fn rule(text: &str) -> Option<(Opens<'_>, &str)> {
    let (conditions, rest) = text.split_once(" description=\"")?;
    let (description, after) = rest.split_once('"')?;
    let (label, purpose) = description.split_once(": ")?;
    quotable(purpose)?;
    let flow = key(label.split(' ').next()?)?;
    if flow.starts_with("base-") {
        return Some((None, after));
    }
    let (name, conditions) = conditions.split_once("\" dir=")?;
    let (way, conditions) = conditions.split_once(" action=allow enable=yes profile=any protocol=")?;
    let (direction, port) = match (name.strip_suffix(" new").unwrap_or(name), way) {
        ("ingress", "in") => (Direction::Ingress, " localport="),
        ("egress", "out") => (Direction::Egress, " remoteport="),
        _ => return None,
    };
    let (transport, rest) = conditions.split_once(port)?;
    let (range, list) = rest.split_once(" remoteip=")?;
    let (first, last) = ports(range, '-')?;
    Some((Some(((direction, protocol(transport)?, first, last), list)), after))
}

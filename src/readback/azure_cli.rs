//! Reads Azure rules for the command line back. Never reads what stands around them.

use super::azure::rule;
use super::{EVERYONE, Reader, Reading, group, holes, key, network, number, ports, quotable, shell, word};

/// The record.
pub static READER: Reader = Reader { dialect: "azure-cli", read };

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut groups: Vec<u32> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    // Rules come before the groups that they name.
    let mut rules = Vec::new();
    let mut in_rules = false;
    for line in shell(text)?.lines() {
        reading.line += 1;
        if in_rules && line != "RULES" {
            match holes("rule ~ ~ ~ ~ ~", line) {
                Some(words) => rules.push((words, Vec::new())),
                None => rules.last_mut()?.1.push(line),
            }
        } else if let Some([number_of, name]) = holes("  look_up ~ # ~", line).as_deref() {
            quotable(name)?;
            groups.push(number(number_of).filter(|group| !groups.contains(group))?);
        } else if let Some([name]) = holes("  rg='~'", line).as_deref() {
            word(name).map(|_| reading.frame("  rg"))?;
        } else if let Some([name]) = holes("  names='~'", line).as_deref() {
            word(name).map(|_| reading.frame("  names"))?;
        } else if let Some([own]) = holes("  own=~", line).as_deref() {
            number(own).filter(|own| *own == reading.own).map(|_| reading.frame("  own"))?;
        } else if !reading.passes(line)? {
            in_rules = line == "cat <<'RULES'";
            reading.frame(line);
        }
    }
    for (words, lines) in rules {
        let [name, priority, way, protocol, description] = words[..] else { return None };
        let mut lines = lines.into_iter().peekable();
        let mut end = |end: &str| {
            let kind = lines.next()?.strip_prefix(end)?;
            let mut spans = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("--")) {
                match kind {
                    "-asgs" if spans.is_empty() => spans.push(group(line.strip_prefix('g')?)?),
                    "-address-prefixes" if line == "*" && spans.is_empty() => spans.extend(EVERYONE),
                    "-address-prefixes" => spans.push(network(line)?),
                    _ => return None,
                }
            }
            Some(spans)
        };
        let ends = [end("--source")?, end("--destination")?];
        (lines.next() == Some("--destination-port-ranges")).then_some(())?;
        let mut ranges = Vec::new();
        for line in lines {
            let (range, flow) = line.split_once(' ')?;
            key(quotable(flow)?.split(':').next()?)?;
            ranges.push(ports(range, '-')?);
        }
        rule(reading, [name, description, priority, way, protocol], ends, ranges, !groups.is_empty())?;
        (!names.contains(&name)).then(|| names.push(name))?;
    }
    if groups.is_empty() {
        groups.push(reading.own);
    }
    // Its own group is the first.
    reading.means(&groups)
}

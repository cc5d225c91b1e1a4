//! Reads Azure rules in Bicep back. Never reads what stands around them.

use super::azure::Words;
use super::{Reader, Reading, holes, number, quotable, word};

/// The record.
pub static READER: Reader = Reader { dialect: "azure-bicep", read };

const WORDS: Words = Words {
    rule: "name: '~'
properties: {
description: '~'
priority: ~
direction: '~'
access: 'Allow'
protocol: '~'
sourcePortRange: '*'
~destinationPortRanges: [
~]
}
",
    everyone: "AddressPrefix: '*'",
    group: "ApplicationSecurityGroups: [{ id: g~.id }]",
    networks: "AddressPrefixes: [",
    value: "'~'",
};
const GROUP: &str = "resource g~ 'Microsoft.Network/applicationSecurityGroups@2024-05-01' = {";
const HELD_BACK: &str = "param heldBack~ string = 'Held back: ~. Fill in what is missing on the page and copy again.'";

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut groups: Vec<u32> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    // What comes before the number in the name of every group.
    let mut called: Option<&str> = None;
    let mut stem = |line: &'a str, of: u32| {
        let stem = word(holes("  name: '~'", line)?[0])?.strip_suffix(&of.to_string())?;
        (*called.get_or_insert(stem) == stem).then_some(())
    };
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        reading.line += 1;
        if line.is_empty() || line.starts_with("// ") {
        } else if let Some([of]) = holes(GROUP, line).as_deref() {
            let of = number(of).filter(|of| !groups.contains(of))?;
            stem(lines.next()?, of)?;
            (lines.next() == Some("  location: location") && lines.next() == Some("}")).then(|| groups.push(of))?;
            reading.line += 3;
        } else if line.starts_with("  name: ") {
            stem(line, reading.own)?;
            reading.frame("  name");
        } else if line == "@allowed(['filled in'])" {
            let [at, sentence] = holes(HELD_BACK, lines.next()?)?[..] else { return None };
            quotable(sentence).filter(|_| at == reading.held.to_string())?;
            reading.line += 1;
            reading.held += 1;
            // Each of these sentences is one that refuses.
            reading.refuses = true;
        } else if line == "      {" && reading.last == "    securityRules: concat(ownRules, [" {
            let mut rule = String::new();
            loop {
                let line = lines.next()?;
                reading.line += 1;
                if line == "      }" {
                    break;
                }
                let line = line.trim_start();
                if !line.starts_with("// ") {
                    rule = rule + line + "\n";
                }
            }
            let name = WORDS.rule(reading, &rule, !groups.is_empty())?.to_owned();
            (!names.contains(&name)).then(|| names.push(name))?;
        } else {
            reading.frame(line);
        }
    }
    if groups.is_empty() {
        groups.push(reading.own);
        reading.frame("addresses");
    }
    // Its own group is the first.
    reading.means(&groups)
}

//! Reads AWS rules for the command line back. Never reads what stands around them.

use super::{Reader, Reading, group, holes, network, number, shell, word};

/// The record.
pub static READER: Reader = Reader { dialect: "aws-cli", read };

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut groups: Vec<u32> = Vec::new();
    // What comes before the number in the name of every group.
    let mut called: Option<&str> = None;
    let mut in_rules = false;
    for line in shell(text)?.lines() {
        reading.line += 1;
        if in_rules && line != "RULES" {
            if !line.starts_with("# ") {
                rule(reading, line)?;
            }
        } else if let Some([group, name, variable, _]) =
            holes("  look_up g~ '~' \"$PORTCULLIS_G~\" # ~", line).as_deref()
        {
            let stem = word(name)?.strip_suffix(group).filter(|_| group == variable)?;
            (*called.get_or_insert(stem) == stem).then_some(())?;
            groups.push(number(group).filter(|group| !groups.contains(group))?);
        } else if let Some([vpc]) = holes("  vpc='~'", line).as_deref() {
            (vpc.is_empty() || word(vpc.strip_prefix(" Name=vpc-id,Values=")?).is_some())
                .then(|| reading.frame("  vpc"))?;
        } else if !reading.passes(line)? {
            in_rules = line == "cat <<'RULES'";
            reading.frame(line);
        }
    }
    // The first that is looked up is the one that gets the rules.
    reading.means(&groups)
}

/// `ingress tcp 443 443 192.0.2.17/32 g1-g3-tcp-443: User access`
fn rule(reading: &mut Reading, line: &str) -> Option<()> {
    let [way, name, first, last, peer, text] = holes("~ ~ ~ ~ ~ ~", line)?[..] else { return None };
    reading.opens_in([way, name, first, last, text], peer.strip_prefix('g').map_or_else(|| network(peer), group))
}

//! Reads rules of Google Cloud in Terraform back. Never reads what stands around them.

use super::gcp::Own;
use super::{Reader, Reading, holes, key, quotable, word};

/// The record.
pub static READER: Reader = Reader { dialect: "gcp-terraform", read };

/// Reads the resources; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let (mut own, number) = (Own::default(), format!("portcullis_g{}", reading.own));
    let mut called: Option<&str> = None;
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        reading.line += 1;
        if line.is_empty() || line.starts_with("# ") {
        } else if let Some([label, flow]) = holes("resource \"google_compute_firewall\" \"~\" { # ~", line).as_deref() {
            let (body, after) = rest.split_once("\n}\n")?;
            rest = after;
            let [name, about, network, way, tag, end, peers, protocol, ports] = holes(RULE, body)?[..] else {
                return None;
            };
            match holes("\"~\"", network) {
                Some(name) => key(name[0]),
                None => word(network).filter(|word| word.contains('.')),
            }?;
            // One network for all rules of a text.
            key(flow).filter(|_| *called.get_or_insert(network) == network)?;
            let direction = if end.starts_with("source") { "IN" } else { "E" };
            (way == direction && !end.contains('-') && name.replace('-', "_") == *label).then_some(())?;
            // In several lines where there are many.
            let peers =
                holes("\n    ~,\n  ", peers).map_or(peers.to_owned(), |found| found[0].replace(",\n    ", ", "));
            let (end, peers) = (end.replace('_', "-"), holes("\"~\"", &peers)?[0]);
            own.rule(reading, [name, tag], [&end, protocol, ports, about], peers, "\", \"")?;
            reading.line += body.lines().count() + 1;
        } else if let Some([sentence]) = holes("    \"Held back: ~.\",", line).as_deref() {
            quotable(sentence)?;
            reading.held += 1;
        } else {
            reading.last = line;
            reading.frame_as(&line.replace(&number, ""));
            reading.refuses |= holes("    condition     = length(local.~_held_back) == 0", line) == Some(vec![&number]);
        }
    }
    rest.is_empty().then_some(())
}

/// A rule: name, what it is for, network, direction, target, peers, protocol, ports.
const RULE: &str = "  name        = \"~\"
  description = \"~\"
  network     = ~
  direction   = \"~GRESS\"
  priority    = 1000
  disabled    = false
  target_tags = [\"~\"]

  ~ = [~]

  allow {
    protocol = \"~\"
    ports    = [\"~\"]
  }";

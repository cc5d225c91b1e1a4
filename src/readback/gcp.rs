//! What is read in every language of Google Cloud's firewall: its rules. Never reads what stands around them.

use super::{Reading, group, key, network};

/// What a text calls its own, and which rules it has had.
#[derive(Default)]
pub(super) struct Own<'a> {
    /// What the tag of every group begins with.
    stem: &'a str,
    /// The names of the rules.
    names: Vec<&'a str>,
}

impl<'a> Own<'a> {
    /// The tag of the group that the text is for; there is one.
    pub(super) fn tag(&mut self, reading: &Reading, tag: &'a str) -> Option<()> {
        let stem = key(tag)?.strip_suffix(&reading.own.to_string())?;
        let one = self.stem.is_empty() || self.stem == stem;
        self.stem = stem;
        // Or it would be another group's.
        let whole = !stem.ends_with(|c: char| c.is_ascii_digit());
        (one && whole && stem.starts_with(|c: char| c.is_ascii_lowercase())).then_some(())
    }

    /// A rule: its name and the tag that it is for; what its peers are, protocol, ports, description; the peers, with this
    /// between them.
    pub(super) fn rule(
        &mut self,
        reading: &mut Reading,
        [name, tag]: [&'a str; 2],
        [end, protocol, ports, about]: [&str; 4],
        peers: &str,
        between: &str,
    ) -> Option<()> {
        self.tag(reading, tag)?;
        let (direction, way) = match end {
            "source-tags" | "source-ranges" => ("ingress", "-in-"),
            "destination-ranges" => ("egress", "-out-"),
            _ => return None,
        };
        key(name.strip_prefix(tag)?.strip_prefix(way)?)?;
        (name.len() <= 63 && !self.names.contains(&name)).then(|| self.names.push(name))?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let mut family = None;
        for (at, peer) in peers.split(between).enumerate() {
            let span = match end {
                "source-tags" => group(peer.strip_prefix(self.stem)?).filter(|_| at == 0),
                _ => network(peer),
            }?;
            // One of another family cannot stand in the same rule.
            (*family.get_or_insert(span.0) == span.0 && at < 256).then_some(())?;
            reading.opens_in([direction, protocol, first, last, about], Some(span))?;
        }
        Some(())
    }
}

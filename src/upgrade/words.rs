//! The difference between two releases as a person would tell it. Adds nothing to it, and leaves nothing out.

use super::{Change, Move, Upgrade};
use crate::catalog::Catalog;
use crate::count::counted;
use crate::flow::Flow;
use crate::net::{Port, PortRange};

/// A flow that differs, as a table shows it.
pub struct Row<'a> {
    /// What happens to it, as a sign: `+`, `−` or `~`.
    pub sign: &'static str,
    /// The same as a word.
    pub word: &'static str,
    /// For a flow that stays: what is different about it; else empty.
    pub how: String,
    /// The flow; one that stays is as it is in the other release.
    pub flow: &'a Flow,
}

impl Upgrade {
    /// The flows that differ: added, removed, changed.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for (sign, word, flows) in [("+", "added", &self.added), ("−", "removed", &self.removed)] {
            for flow in flows {
                rows.push(Row { sign, word, how: String::new(), flow });
            }
        }
        for change in &self.changed {
            rows.push(Row { sign: "~", word: "changed", how: change.words(), flow: &change.after });
        }
        rows
    }

    /// True if the flows are the same, reasons included.
    pub fn same_flows(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// What changes, in one sentence.
    pub fn headline(&self) -> String {
        let way = ["From ", self.from, " to ", self.to].concat();
        if self.same_flows() {
            let what = if self.notes.is_empty() && self.errors.is_empty() { "nothing" } else { "no flow" };
            return [&way, " ", what, " changes: the same flows with the same ports."].concat();
        }
        let moved = self.moves.iter().map(|one| one.flows).sum::<usize>();
        let flows = |count: usize| counted(count, "flow");
        let mut parts = Vec::new();
        for (count, before, behind) in [
            (self.added.len() - moved, "", " more"),
            (self.removed.len() - moved, "", " fewer"),
            (moved, "other ports in ", ""),
            (self.changed.len(), "other reasons or documents for ", ""),
        ] {
            if count > 0 {
                parts.push([before, &flows(count), behind].concat());
            }
        }
        let last = parts.pop().unwrap_or_default();
        let first = if parts.is_empty() { String::new() } else { parts.join(", ") + " and " };
        [&way, " this deployment needs ", &first, &last, "."].concat()
    }

    /// What the rows do not say by themselves, each as a sentence: ports that grow, shrink and move; what happens to things
    /// that are no flows; what would no longer work.
    pub fn details(&self, catalog: &Catalog) -> Vec<String> {
        let moves = self.moves.iter().map(|one| one.words(catalog));
        let errors = self.errors.iter().map(|error| [&error.message, " ", &error.reason].concat());
        moves.chain(self.notes.iter().cloned()).chain(errors).collect()
    }
}

impl Move {
    /// `Spotfire Server: Clustering needs one more port: 5703.`
    pub fn words(&self, catalog: &Catalog) -> String {
        let name = catalog.listener(self.listener).map_or_else(String::new, |listener| catalog.full_name(listener));
        let (old, new) = (self.before, self.after);
        let beyond = |shorter: PortRange, longer: PortRange| {
            let next = Port::new(shorter.last().number().checked_add(1)?)?;
            (shorter.first() == longer.first()).then(|| PortRange::new(next, longer.last())).flatten()
        };
        let ports = |range: PortRange, one: &str, more: &str| match range.count() {
            1 => ["one ", one].concat(),
            count => [&count.to_string(), " ", more].concat(),
        };
        let told = match (beyond(old, new), beyond(new, old)) {
            (Some(range), _) => {
                [" needs ", &ports(range, "more port", "more ports"), ": ", &range.to_string()].concat()
            }
            (_, Some(range)) => {
                [" needs ", &ports(range, "port less", "ports less"), ": without ", &range.to_string()].concat()
            }
            _ => [" moves from ", &old.to_string(), " to ", &new.to_string()].concat(),
        };
        let places = if self.flows > 1 { [", in ", &counted(self.flows, "flow")].concat() } else { String::new() };
        [&name, &told, &places, "."].concat()
    }
}

impl Change {
    /// What is different, in a few words: `encryption: clear text → encrypted; also for: JMX monitoring`.
    pub fn words(&self) -> String {
        let (old, new) = (&self.before, &self.after);
        let mut parts = Vec::new();
        let mut differ = |what: &str, old: &str, new: &str| {
            if old != new {
                parts.push([what, ": ", old, " → ", new].concat());
            }
        };
        differ("encryption", old.encryption().name(), new.encryption().name());
        let trust = |flow: &Flow| flow.reasons.iter().map(|reason| reason.confidence).min();
        let word = |flow| trust(flow).map_or("", |confidence| confidence.name());
        differ("confidence", word(old), word(new));
        for (what, flow, other) in [("also for", new, old), ("no longer for", old, new)] {
            let known = |purpose: &str| other.reasons.iter().any(|reason| reason.purpose == purpose);
            let mut purposes: Vec<&str> = Vec::new();
            for reason in &flow.reasons {
                if !known(&reason.purpose) && !purposes.contains(&&*reason.purpose) {
                    purposes.push(&reason.purpose);
                }
            }
            if !purposes.is_empty() {
                parts.push([what, ": ", &purposes.join(", ")].concat());
            }
        }
        if parts.is_empty() { "other reasons or documents".to_owned() } else { parts.join("; ") }
    }
}

//! A hand-written flow table as data. Never made from the program's own flows.

use crate::lab::Protocol;

/// What stands for every guarded group.
const HOST: &str = "Host";

/// The flows that must be possible; everything else must not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// In the order written.
    pub rows: Vec<Row>,
    /// Machines that the table guards may open whatever they want.
    pub lets_out: bool,
}

/// One flow between groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name of the group that opens it.
    pub initiator: String,
    /// The name of the group that listens.
    pub responder: String,
    /// Transport protocol.
    pub protocol: Protocol,
    /// The first and the last port, both included.
    pub ports: (u16, u16),
}

impl Table {
    /// Reads `Initiator -> Responder  tcp 9443`, or a range of ports; `#` begins a comment.
    pub fn read(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rows = lines.map(|line| Row::read(line).unwrap_or_else(|| panic!("not a row: {line}")));
        Self { rows: rows.collect(), lets_out: false }
    }

    /// The same table, and what each of these groups needs, which `host` says of `Host`.
    pub fn with_host(&self, host: &Self, groups: &[&str]) -> Self {
        let mut next = self.clone();
        for row in groups.iter().flat_map(|group| host.rows.iter().map(move |row| row.of(group))) {
            next.rows.push(row);
        }
        next
    }

    /// The same table where guarded machines open whatever they want.
    pub fn letting_out(self) -> Self {
        Self { lets_out: true, ..self }
    }

    /// The same table after a port of a group has another number.
    pub fn renumbered(&self, responder: &str, from: u16, to: u16) -> Self {
        let mut next = self.clone();
        for row in next.rows.iter_mut().filter(|row| row.responder == responder && row.ports == (from, from)) {
            row.ports = (to, to);
        }
        assert_ne!(next, *self, "nothing of {responder} has the number {from}");
        next
    }

    /// The same table without a group.
    pub fn without(&self, group: &str) -> Self {
        let left = self.rows.iter().filter(|row| row.initiator != group && row.responder != group);
        Self { rows: left.cloned().collect(), ..*self }
    }
}

impl Row {
    fn read(line: &str) -> Option<Self> {
        let (rest, ports) = line.rsplit_once(' ')?;
        let (ends, protocol) = rest.trim_end().rsplit_once(' ')?;
        let (initiator, responder) = ends.split_once(" -> ")?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        Some(Self {
            initiator: initiator.trim().to_owned(),
            responder: responder.trim().to_owned(),
            protocol: Protocol::ALL.into_iter().find(|known| known.lower() == protocol)?,
            ports: (first.parse().ok()?, last.parse().ok()?),
        })
    }

    /// The same row, with a group in the place of `Host`.
    fn of(&self, group: &str) -> Self {
        let end = |name: &String| if name == HOST { group.to_owned() } else { name.clone() };
        Self { initiator: end(&self.initiator), responder: end(&self.responder), ..self.clone() }
    }

    /// True if it is about this port.
    pub fn is_for(&self, protocol: Protocol, port: u16) -> bool {
        self.protocol == protocol && (self.ports.0..=self.ports.1).contains(&port)
    }
}

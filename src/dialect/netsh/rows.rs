//! The rules of a netsh text, each a whole command; only printed here, never said when it is run.

use crate::dialect::{Plan, Planned, plain};
use crate::net::Direction;
use crate::order::sort_by_key;
use crate::windows::base;

/// Addresses in one rule, so that no line is cut (8191 characters at the prompt, 4095 in some terminals).
const MOST_IN_A_LINE: usize = 40;
/// Characters of a description.
const LONGEST_PURPOSE: usize = 250;

/// A direction in netsh's words.
pub const fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "in",
        Direction::Egress => "out",
    }
}

/// A rule that is to be added.
pub struct Row {
    /// The line above it, if it is the first of its flow.
    pub comment: Option<String>,
    /// Its flow, and which piece of it.
    pub key: String,
    /// The whole command.
    pub command: String,
    /// True if it lets administrators in.
    pub guards: bool,
}

/// The rules of a direction under a name, the administrators' first.
pub fn rules(plan: &Plan, direction: Direction, name: &str) -> Vec<Row> {
    let way = way(direction);
    let mut rows = Vec::new();
    let mut add = |comment: &str, key: &str, words: &str, pieces: &[String], guards| {
        for (at, matches) in pieces.iter().enumerate() {
            let key = match pieces.len() {
                1 => key.to_owned(),
                count => format!("{key} {} of {count}", at + 1),
            };
            let description: String = format!("{key}: {words}").chars().take(LONGEST_PURPOSE).collect();
            let command = format!(
                "netsh advfirewall firewall add rule name=\"{name}\" dir={way} action=allow enable=yes profile=any {matches} description=\"{description}\""
            );
            rows.push(Row { comment: (at == 0).then(|| comment.to_owned()), key, command, guards });
        }
    };
    for planned in plan.of(direction) {
        let rule = planned.rule;
        let ends = format!("{} to {}", plain(&rule.source.name), plain(&rule.destination.name));
        let purpose = plain(&rule.purpose);
        let comment = format!("{ends}, {} {}: {purpose}", rule.protocol, rule.ports);
        // Whoever comes in from no group of the deployment manages the machine.
        let guards = direction == Direction::Ingress && rule.peer().group == 0;
        add(&comment, &rule.key, &format!("{ends}, {purpose}"), &matches(planned, direction), guards);
    }
    if plan.drops(direction) {
        for row in base(direction) {
            let matches: Vec<String> = match (row.ports, row.types) {
                (Some((own, other)), _) => {
                    let peers = if row.peers.is_empty() { "any".to_owned() } else { row.peers.join(",") };
                    vec![format!("protocol={} localport={own} remoteport={other} remoteip={peers}", row.protocol)]
                }
                (None, []) => vec![format!("protocol={} remoteip=any", row.protocol)],
                (None, types) => {
                    types.iter().map(|kind| format!("protocol={}:{kind},any remoteip=any", row.protocol)).collect()
                }
            };
            add(row.title, row.key, row.title, &matches, false);
        }
    }
    sort_by_key(&mut rows, |row| !row.guards);
    rows
}

/// What a rule matches, in as many pieces as its addresses need.
fn matches(planned: &Planned, direction: Direction) -> Vec<String> {
    let port = match direction {
        Direction::Ingress => "localport",
        Direction::Egress => "remoteport",
    };
    let all = format!("protocol={} {port}={} remoteip=", planned.rule.protocol, planned.rule.ports);
    match &planned.peers {
        None => vec![all + "any"],
        Some(peers) => {
            let peers: Vec<String> = peers.iter().map(ToString::to_string).collect();
            peers.chunks(MOST_IN_A_LINE).map(|piece| format!("{all}{}", piece.join(","))).collect()
        }
    }
}

//! Reads what the kernel holds, as iptables-save and ip6tables-save list it. Shares nothing with the printer or the reader of
//! printed text.

use std::collections::BTreeSet;

use portcullis::net::{Direction, Family, Protocol};

use crate::allowed::{Allowed, Gate, ports, span};

/// One of our chains in one family.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The rules that are no flow's, in order, without comments.
    pub base: Vec<String>,
    /// The gates that are open for everyone.
    everyone: BTreeSet<Gate>,
}

/// The listing without what differs from call to call: dates and counters.
pub fn steady(listing: &str) -> String {
    let lines = listing.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(" [").next().unwrap_or_default().to_owned() + "\n").collect()
}

/// The rules of a chain, in order.
pub fn rules<'a>(listing: &'a str, chain: &str) -> Vec<&'a str> {
    let start = format!("-A {chain} ");
    listing.lines().filter_map(|line| line.strip_prefix(&start)).collect()
}

/// Reads our chain of a direction in both families, and adds what it lets through; the error names the rule that does not
/// belong.
pub fn read(four: &str, six: &str, direction: Direction, allowed: &mut Allowed) -> Result<[Chain; 2], String> {
    let (chain, end) = match direction {
        Direction::Ingress => ("PORTCULLIS-IN", "-s"),
        Direction::Egress => ("PORTCULLIS-OUT", "-d"),
    };
    let mut read = |listing, family| {
        let mut found = Chain::default();
        for line in rules(listing, chain) {
            let rule = without_comment(line).ok_or_else(|| format!("a comment that does not end: {line}"))?;
            if !rule.contains("--ctstate NEW ") {
                found.base.push(rule);
            } else if flow(&rule, end, family, direction, &mut found, allowed).is_none() {
                return Err(format!("not an allow rule: {line}"));
            }
        }
        Ok(found)
    };
    let (four, six) = (read(four, Family::V4)?, read(six, Family::V6)?);
    if four.everyone != six.everyone {
        return Err(format!("everyone in one family only: {:?}, {:?}", four.everyone, six.everyone));
    }
    Ok([four, six])
}

fn without_comment(line: &str) -> Option<String> {
    let Some((before, rest)) = line.split_once("-m comment --comment ") else { return Some(line.to_owned()) };
    let after = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once("\" ")?.1,
        None => rest.split_once(' ')?.1,
    };
    Some(format!("{before}{after}"))
}

/// `[-s 192.0.2.1/32 ]-p tcp -m tcp --dport 443 -m conntrack --ctstate NEW -j ACCEPT`
fn flow(
    rule: &str,
    end: &str,
    family: Family,
    direction: Direction,
    chain: &mut Chain,
    allowed: &mut Allowed,
) -> Option<()> {
    let words: Vec<&str> = rule.split(' ').collect();
    let (peer, rest) = match words.as_slice() {
        [own, peer, rest @ ..] if *own == end => (Some(*peer), rest),
        rest => (None, rest),
    };
    let ["-p", protocol, "-m", module, "--dport", range, "-m", "conntrack", "--ctstate", "NEW", "-j", "ACCEPT"] = rest
    else {
        return None;
    };
    let protocol = match (*protocol, *module) {
        ("tcp", "tcp") => Protocol::Tcp,
        ("udp", "udp") => Protocol::Udp,
        _ => return None,
    };
    let (first, last) = ports(&range.replace(':', "-"))?;
    let gate = (direction, protocol, first, last);
    let Some(peer) = peer else {
        allowed.admit_everyone(gate);
        chain.everyone.insert(gate);
        return Some(());
    };
    let host = if family == Family::V4 { "/32" } else { "/128" };
    let span = span(peer.strip_suffix(host).unwrap_or(peer)).filter(|span| span.0 == family)?;
    allowed.admit(gate, span);
    Some(())
}

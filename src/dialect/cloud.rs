//! What only the firewalls of clouds share: how a text names the other end of a rule, what describes a rule, and what Terraform
//! needs. Never prints a text of its own.

use std::fmt::Write;

use super::{Field, Plan, Planned, Text, plain};
use crate::net::{Address, Family};
use crate::order::sort_by_key;
use crate::rule::Rule;

/// How a text names the groups that it knows: by themselves, or by their addresses.
pub const PEERS: Field = Field {
    id: "peers",
    label: "Other groups as (groups, addresses)",
    default: "groups",
    check: |text| match text {
        "groups" | BY_ADDRESSES => Ok(()),
        _ => Err("use the word groups, or addresses."),
    },
};
pub(super) const BY_ADDRESSES: &str = "addresses";

/// A network with its length, also where it is a single host; names are none.
pub(super) fn network(address: &Address) -> Option<(Family, String)> {
    let family = address.family()?;
    let length = if family == Family::V4 { 32 } else { 128 };
    Some((
        family,
        match address {
            Address::Host(ip) => format!("{ip}/{length}"),
            other => other.to_string(),
        },
    ))
}

/// The other end of a rule.
#[derive(PartialEq, Eq)]
pub(super) enum Peer {
    /// The machines of that group.
    Group(u32),
    /// A network, with its length.
    Network(Family, String),
}

/// The peers of a rule, each once; everyone is a network of each family.
pub(super) fn peers(planned: &Planned) -> Vec<Peer> {
    let everyone = || [(Family::V4, "0.0.0.0/0"), (Family::V6, "::/0")].map(|(family, all)| (family, all.to_owned()));
    let networks: Vec<(Family, String)> = match &planned.peers {
        _ if planned.refers => return vec![Peer::Group(planned.rule.peer().group)],
        None => everyone().into(),
        Some(addresses) => {
            addresses.iter().flat_map(|address| address.prefixes()).filter_map(|one| network(&one)).collect()
        }
    };
    let mut peers: Vec<Peer> = Vec::new();
    for (family, network) in networks {
        let peer = Peer::Network(family, network);
        // A range and a host may share a piece.
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    peers
}

/// The other groups that rules refer to, each with its name, in the order of their numbers.
pub(super) fn others<'a>(plan: &'a Plan) -> Vec<(u32, &'a str)> {
    let referred = plan.rules.iter().filter(|planned| planned.refers).map(|planned| planned.rule.peer());
    let mut others: Vec<(u32, &str)> =
        referred.filter(|peer| peer.group != plan.group).map(|peer| (peer.group, peer.name.as_str())).collect();
    sort_by_key(&mut others, |(group, _)| *group);
    others.dedup_by_key(|(group, _)| *group);
    others
}

/// Flows and what they are for, as the description of a rule that is for all of them; cut where a cloud would refuse it.
pub(super) fn described(flows: &[&Rule]) -> String {
    let mut text = String::new();
    for flow in flows {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&flow.key);
        text.push_str(": ");
        text.push_str(&plain(&flow.purpose));
    }
    text.truncate(LONGEST);
    text.truncate(text.trim_end().len());
    text
}
/// Characters of a description.
const LONGEST: usize = 255;

/// True for an expression of Terraform: names with points between them.
pub(super) fn is_expression(text: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    text.len() <= 200 && text.contains('.') && text.split('.').all(word)
}

/// An expression of Terraform as it stands in a text, which says how to declare a variable; anything else in quotes.
pub(super) fn expressed(out: &mut String, text: &str) -> String {
    if let Some(variable) = text.strip_prefix("var.") {
        out.push_str(&format!("# Once in the module: variable \"{variable}\" {{ type = string }}\n"));
    }
    if text.contains('.') { text.to_owned() } else { format!("\"{text}\"") }
}

/// The end of a resource of Terraform, which keeps everything from being changed while something is held back.
pub(super) fn precondition(plan: &Plan, text: Text, own: &str) -> String {
    let mut out = String::new();
    let refusals = if text.has_rules() { plan.refusals(plain) } else { Vec::new() };
    if !refusals.is_empty() {
        let _ = write!(
            out,
            "
  lifecycle {{
    precondition {{
      condition     = length(local.{own}_held_back) == 0
      error_message = join(\" \", concat([\"Nothing was changed. Fill in what is missing on the page.\"], local.{own}_held_back))
    }}
  }}
}}

locals {{
  {own}_held_back = [
"
        );
        for refusal in &refusals {
            let _ = writeln!(out, "    \"Held back: {refusal}.\",");
        }
        out.push_str("  ]\n");
    }
    out.push_str("}\n");
    out
}

//! Reads what nft itself says is loaded, from its JSON. Shares nothing with the printer or the reader of printed text.

use portcullis::net::{Direction, Protocol};
use serde_json::{Value, json};

use crate::allowed::{Allowed, Span, ports, span};

/// Adds what a chain lets through; the error names the rule that does not belong.
pub fn read(json: &str, direction: Direction, allowed: &mut Allowed) -> Result<(), String> {
    let whole: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let objects = whole["nftables"].as_array().ok_or("not nft's JSON")?;
    let rules: Vec<&Value> = objects.iter().filter_map(|object| object.get("rule")).collect();
    let Some((replies, rest)) = rules.split_first() else { return Err("an empty chain".to_owned()) };
    let expected = json!([
        { "match": { "op": "in", "left": { "ct": { "key": "state" } }, "right": ["established", "related"] } },
        { "accept": null },
    ]);
    if replies["expr"] != expected {
        return Err(format!("replies come first, not {replies}"));
    }
    for rule in rest {
        accept(&rule["expr"], direction, allowed).ok_or_else(|| format!("not an allow rule: {rule}"))?;
    }
    Ok(())
}

/// As [`read`], for the chain of a whole policy: what it says besides its flows (connections, itself, ICMP, DHCP) is not an
/// allow rule for anybody new, and is passed over.
pub fn read_whole(json: &str, direction: Direction, allowed: &mut Allowed) -> Result<(), String> {
    let whole: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let objects = whole["nftables"].as_array().ok_or("not nft's JSON")?;
    for rule in objects.iter().filter_map(|object| object.get("rule")) {
        let comment = rule["comment"].as_str().unwrap_or_default();
        if comment.contains("-tcp-") || comment.contains("-udp-") {
            accept(&rule["expr"], direction, allowed).ok_or_else(|| format!("not an allow rule: {rule}"))?;
        }
    }
    Ok(())
}

fn accept(expressions: &Value, direction: Direction, allowed: &mut Allowed) -> Option<()> {
    let own_end = if direction == Direction::Ingress { "saddr" } else { "daddr" };
    let (mut peers, mut gate, mut new, mut accepted) = (None, None, false, false);
    for expression in expressions.as_array()? {
        if expression == &json!({ "accept": null }) {
            accepted = true;
            continue;
        }
        let matched = &expression["match"];
        let (left, right) = (&matched["left"], &matched["right"]);
        if *left == json!({ "ct": { "key": "state" } }) && *right == json!("new") {
            new = true;
            continue;
        }
        let payload = &left["payload"];
        match (payload["protocol"].as_str()?, payload["field"].as_str()?) {
            ("ip" | "ip6", end) if end == own_end && matched["op"] == "==" => peers = Some(spans(right)?),
            (protocol @ ("tcp" | "udp"), "dport") if matched["op"] == "==" => {
                let protocol = if protocol == "tcp" { Protocol::Tcp } else { Protocol::Udp };
                let (first, last) = ports(&one(right)?)?;
                gate = Some((direction, protocol, first, last));
            }
            _ => return None,
        }
    }
    let gate = gate.filter(|_| new && accepted)?;
    match peers {
        None => allowed.admit_everyone(gate),
        Some(spans) => spans.into_iter().for_each(|span| allowed.admit(gate, span)),
    }
    Some(())
}

fn spans(value: &Value) -> Option<Vec<Span>> {
    match value["set"].as_array() {
        Some(set) => set.iter().map(|member| span(&one(member)?)).collect(),
        None => Some(vec![span(&one(value)?)?]),
    }
}

/// A host or port, a prefix or a range, in the one canonical way to write it.
pub fn one(value: &Value) -> Option<String> {
    let plain =
        |value: &Value| value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()));
    if let Some([first, last]) = value["range"].as_array().map(Vec::as_slice) {
        return Some(format!("{}-{}", plain(first)?, plain(last)?));
    }
    match value.get("prefix") {
        Some(prefix) => Some(format!("{}/{}", plain(&prefix["addr"])?, plain(&prefix["len"])?)),
        None => plain(value),
    }
}

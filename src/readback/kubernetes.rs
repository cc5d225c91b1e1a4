//! Reads Kubernetes network policies back. Never reads what stands around their rules.

use super::{EVERYONE, Reader, Reading, group, holes, key, network, number, quotable};

/// The record.
pub static READER: Reader = Reader { dialect: "kubernetes", read };

/// Everybody, as the peers of a rule.
const EVERYBODY: [&str; 3] = [
    "        - ipBlock: {cidr: \"0.0.0.0/0\"}",
    "        - ipBlock: {cidr: \"::/0\"}",
    "        - namespaceSelector: {} # All pods: not every network plugin counts them among the addresses.",
];
/// The last line of the rule that stands before all others that let something out.
const DNS: &str = "        - {protocol: TCP, port: 53}";
const HELD_BACK: &str =
    "    - \"Held back: ~. Nothing was changed. Fill in what is missing on the page and copy again.\"";

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    // Other characters may end a line in YAML.
    text.bytes().all(|b| matches!(b, b'\n' | b' '..=b'~')).then_some(())?;
    let (mut way, mut namespace) = ("", None);
    // Policies, and those of them that no server takes, since they have a type that there is not.
    let (mut policies, mut refused) = (0, 0);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        reading.line += 1;
        let (list, other) = if way == "ingress" { ("  ingress:", "from") } else { (DNS, "to") };
        if line.trim_start().starts_with("# ") {
        } else if let Some([of, to]) = holes("  name: portcullis-g~-~", line).as_deref() {
            number(of).filter(|of| *of == reading.own)?;
            way = to;
            policies += 1;
            reading.frame(way);
        } else if let Some([name]) = holes("  namespace: \"~\"", line).as_deref() {
            // One for all policies of a text.
            (*namespace.get_or_insert(key(name)?) == *name).then(|| reading.frame("  namespace"))?;
        } else if let Some([of]) = holes("      portcullis/group: g~", line).as_deref() {
            number(of).filter(|of| *of == reading.own).map(|_| reading.frame("      portcullis/group"))?;
        } else if let Some([sentence]) = holes(HELD_BACK, line).as_deref() {
            quotable(sentence)?;
            match reading.last {
                "    - Ingress" | "    - Egress" => refused += 1,
                HELD_BACK => {}
                _ => return None,
            }
            reading.held += 1;
            reading.last = HELD_BACK;
        } else if let Some([end, flow]) = holes("    - ~: # ~", line).as_deref() {
            let peers: Vec<&str> = lines.by_ref().take_while(|line| *line != "      ports:").collect();
            let port = lines.next()?;
            // Without peers it would be for everyone.
            (reading.last == list && *end == other && !peers.is_empty()).then_some(())?;
            reading.line += peers.len() + 2;
            rule(reading, [way, *flow, port], &peers)?;
        } else {
            reading.frame(line);
        }
    }
    reading.refuses = refused > 0 && refused == policies;
    Some(())
}

/// A rule: its direction, flow, and port or range; and its peers.
fn rule(reading: &mut Reading, [way, flow, port]: [&str; 3], peers: &[&str]) -> Option<()> {
    let [name, range] = holes("        - {protocol: ~, port: ~}", port)?[..] else { return None };
    let (first, last) = range.split_once(", endPort: ").unwrap_or((range, range));
    // Protocols are capital letters here, and these come before all others.
    let mut opens = |end| reading.opens_in([way, name, first, last, flow], end).filter(|_| name < "a");
    if peers == EVERYBODY {
        return EVERYONE.iter().try_for_each(|all| opens(Some(*all)));
    }
    peers.iter().try_for_each(|peer| {
        opens(match holes("        - podSelector: {matchLabels: {portcullis/group: g~}}", peer) {
            Some(found) => group(found[0]),
            None => network(holes("        - ipBlock: {cidr: \"~\"}", peer)?[0]).filter(|one| !EVERYONE.contains(one)),
        })
    })
}

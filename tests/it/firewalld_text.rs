//! Reads printed firewalld text back, line by line and strictly: the files as they will be written, and the shell around
//! them. Runs nothing, and shares nothing with the printer.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::net::{Direction, Family, Protocol};

use crate::allowed::{Gate, Span, ports, span};
use crate::reading::{Read, quotable};

const BEGIN: &str = "sh <<'PORTCULLIS'\n";
const END: &str = "\n}\nmain \"$@\"\nPORTCULLIS\n";
const HELD: &str = "  say 'Held back: ";
const REFUSES: &str = "  stop 'Fill in what is missing on the page and copy again.'";
const XML: &str = r#"<?xml version="1.0" encoding="utf-8"?>"#;

/// What a comment stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Topic {
    Base,
    Flow,
}

/// A text that is being read.
#[derive(Default)]
struct Reader {
    read: Read,
    /// Rules of a policy, by direction.
    rules: BTreeMap<Direction, BTreeSet<String>>,
    /// Members of the sets, by the function that prints them.
    sets: BTreeMap<String, (Family, Vec<Span>)>,
    /// Rules that name a set.
    named: Vec<(Gate, Family, String)>,
    /// ICMP kinds seen.
    icmp: BTreeSet<&'static str>,
}

/// Reads a text; the error names the line that does not belong.
pub fn read(text: &str) -> Result<Read, String> {
    let body = text.strip_prefix(BEGIN).ok_or("it does not begin with the shell")?;
    let body = body.strip_suffix(END).ok_or("it does not end with the call")?;
    let mut reader = Reader::default();
    let (mut function, mut document): (String, Option<Vec<&str>>) = (String::new(), None);
    for line in body.lines() {
        if matches!(line, "PORTCULLIS" | "main \"$@\"") {
            return Err(format!("the text ends early: {line}"));
        } else if let Some(lines) = &mut document {
            if line != "RULES" {
                lines.push(line);
                continue;
            }
            let lines = document.take().unwrap_or_default();
            reader.file(&function, &lines)?;
        } else if line.trim_start().starts_with('#') {
        } else if let Some(sentence) = line.strip_prefix(HELD) {
            let sentence = sentence.strip_suffix(".' >&2").ok_or_else(|| format!("not one sentence: {line}"))?;
            quotable(sentence)?;
            reader.read.held += 1;
            reader.read.commands.push(HELD.to_owned());
        } else {
            if let Some(name) = line.strip_suffix("() {") {
                name.clone_into(&mut function);
            }
            if line == "cat <<'RULES'" {
                document = Some(Vec::new());
            }
            reader.read.refuses |= line == REFUSES;
            reader.read.commands.push(line.to_owned());
        }
    }
    if document.is_some() {
        return Err("a file does not end".to_owned());
    }
    reader.finish(body)
}

impl Reader {
    fn file(&mut self, function: &str, lines: &[&str]) -> Result<(), String> {
        let fail = |why: &str| Err(format!("{function}: {why}"));
        let Some((XML, lines)) = lines.split_first().map(|(first, rest)| (*first, rest)) else {
            return fail("not XML");
        };
        self.read.commands.push(function.to_owned());
        match function {
            "policy_in" => self.policy(Direction::Ingress, lines),
            "policy_out" => self.policy(Direction::Egress, lines),
            _ if function.starts_with("set_") => self.set(function, lines),
            _ => fail("not a file of ours"),
        }
    }

    fn set(&mut self, function: &str, lines: &[&str]) -> Result<(), String> {
        let (["<ipset type=\"hash:net\">", option, entries @ .., "</ipset>"], true) = (lines, !lines.is_empty()) else {
            return Err(format!("{function}: not a set of addresses"));
        };
        let family = match *option {
            "  <option name=\"family\" value=\"inet\"/>" => Family::V4,
            "  <option name=\"family\" value=\"inet6\"/>" => Family::V6,
            _ => return Err(format!("{function}: no family")),
        };
        let mut spans: Vec<Span> = Vec::new();
        for line in entries {
            let entry = line.strip_prefix("  <entry>").and_then(|rest| rest.strip_suffix("</entry>"));
            let Some(found) = entry.filter(|text| !text.contains('-')).and_then(span) else {
                return Err(format!("{function}: not a host or a network: {line}"));
            };
            if found.0 != family || spans.iter().any(|(_, from, to)| *from <= found.2 && found.1 <= *to) {
                return Err(format!("{function}: another family, or within another entry: {line}"));
            }
            spans.push(found);
            self.read.commands.push((*line).to_owned());
        }
        if spans.is_empty() || self.sets.insert(function.to_owned(), (family, spans)).is_some() {
            return Err(format!("{function}: empty, or twice"));
        }
        Ok(())
    }

    fn policy(&mut self, direction: Direction, lines: &[&str]) -> Result<(), String> {
        let [open, short, description, from, to, rest @ .., "</policy>"] = lines else {
            return Err("not a policy".to_owned());
        };
        let target =
            open.strip_prefix("<policy priority=\"-14900\" target=\"").and_then(|rest| rest.strip_suffix("\">"));
        let verdict = match (target, direction) {
            (Some("CONTINUE"), _) => None,
            (Some("DROP"), _) => Some("drop"),
            (Some("ACCEPT"), Direction::Egress) => Some("accept"),
            _ => return Err(format!("not a target: {open}")),
        };
        self.read.base.extend(verdict.map(|verdict| (direction, verdict)));
        let additive = verdict.is_none();
        let (ends, word) = match direction {
            Direction::Ingress => (["ANY", "HOST"], "incoming"),
            Direction::Egress => (["HOST", "ANY"], "outgoing"),
        };
        let expected = [
            format!("  <short>Portcullis {word}</short>"),
            "  <description>Written by Portcullis: change it there, not here.</description>".to_owned(),
            format!("  <ingress-zone name=\"{}\"/>", ends[0]),
            format!("  <egress-zone name=\"{}\"/>", ends[1]),
        ];
        if [short, description, from, to].map(|line| (*line).to_owned()) != expected {
            return Err(format!("not the head of the policy: {lines:?}"));
        }
        self.read.commands.push((*open).to_owned());
        let (mut topic, mut told, mut found) = (None, true, BTreeSet::new());
        for line in rest {
            if let Some(comment) = line.strip_prefix("  # ") {
                quotable(comment)?;
                if comment.contains("--") || comment.contains(['<', '>', '&']) {
                    return Err(format!("not a comment of XML: {line}"));
                }
                let flow = comment.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")).map(|(_, key)| key);
                let key =
                    flow.filter(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
                match (comment, key) {
                    ("Already allowed by a rule above", _) if topic == Some(Topic::Flow) && !told => told = true,
                    (_, Some(key)) => {
                        if !told || !self.read.flows.insert((direction, key.to_owned())) {
                            return Err(format!("a flow without a rule, or twice: {line}"));
                        }
                        (topic, told) = (Some(Topic::Flow), false);
                    }
                    _ if BASE.contains(&comment) && !additive && topic != Some(Topic::Flow) => {
                        topic = Some(Topic::Base)
                    }
                    _ => return Err(format!("not a comment of ours: {line}")),
                }
                continue;
            }
            if !found.insert((*line).to_owned()) {
                return Err(format!("firewalld warns of a rule that it has already: {line}"));
            }
            self.read.commands.push((*line).to_owned());
            match topic {
                None => return Err(format!("a rule without a reason: {line}")),
                Some(Topic::Base) => self.base(direction, line)?,
                Some(Topic::Flow) => {
                    told = true;
                    self.accept(direction, line).ok_or_else(|| format!("not an allow rule: {line}"))?;
                }
            }
        }
        if !told {
            return Err("a flow without a rule".to_owned());
        }
        self.rules.insert(direction, found);
        Ok(())
    }

    fn base(&mut self, direction: Direction, line: &str) -> Result<(), String> {
        let body = line.strip_prefix("  <rule family=").and_then(|rest| rest.strip_suffix("<accept/></rule>"));
        let body = body.ok_or_else(|| format!("not an allow rule: {line}"))?;
        let word = match (body, direction) {
            (r#""ipv4"><icmp-type name="destination-unreachable"/>"#, Direction::Ingress) => "unreachable",
            (r#""ipv4"><icmp-type name="time-exceeded"/>"#, Direction::Ingress) => "exceeded",
            (r#""ipv4"><icmp-type name="parameter-problem"/>"#, Direction::Ingress) => "problem",
            (r#""ipv4"><icmp-type name="echo-request"/>"#, Direction::Ingress) => "echo",
            (r#""ipv4"><protocol value="icmp"/>"#, Direction::Egress) => "icmp",
            (r#""ipv6"><protocol value="ipv6-icmp"/>"#, _) => "icmpv6",
            (r#""ipv4"><port port="68" protocol="udp"/>"#, Direction::Ingress)
            | (r#""ipv4"><port port="67" protocol="udp"/>"#, Direction::Egress) => "dhcp",
            (r#""ipv6"><source address="fe80::/10"/><port port="546" protocol="udp"/>"#, Direction::Ingress)
            | (r#""ipv6"><destination address="fe80::/10"/><port port="547" protocol="udp"/>"#, Direction::Egress) => {
                "dhcpv6"
            }
            (r#""ipv6"><destination address="ff02::1:2"/><port port="547" protocol="udp"/>"#, Direction::Egress) => {
                return Ok(());
            }
            _ => return Err(format!("not what a machine needs: {line}")),
        };
        if matches!(word, "unreachable" | "exceeded" | "problem" | "echo") {
            self.icmp.insert(word);
            if self.icmp.len() == 4 {
                self.read.base.insert((direction, "icmp"));
            }
        } else {
            self.read.base.insert((direction, word));
        }
        Ok(())
    }

    /// `<rule family="ipv4"><source address="192.0.2.1"/><port port="443" protocol="tcp"/><accept/></rule>`
    fn accept(&mut self, direction: Direction, line: &str) -> Option<()> {
        let rest = line.strip_prefix("  <rule")?.strip_suffix("\"/><accept/></rule>")?;
        let (peer, port) = rest.split_once("<port port=\"")?;
        let (range, protocol) = port.split_once("\" protocol=\"")?;
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            _ => return None,
        };
        let (first, last) = ports(range)?;
        let gate: Gate = (direction, protocol, first, last);
        if peer == ">" {
            self.read.allowed.admit_everyone(gate);
            return Some(());
        }
        let (family, peer) = peer.strip_prefix(" family=\"ipv")?.split_once("\"><")?;
        let family = match family {
            "4" => Family::V4,
            "6" => Family::V6,
            _ => return None,
        };
        let end = if direction == Direction::Ingress { "source " } else { "destination " };
        let peer = peer.strip_prefix(end)?.strip_suffix("\"/>")?;
        if let Some(name) = peer.strip_prefix("ipset=\"") {
            self.named.push((gate, family, name.to_owned()));
            return Some(());
        }
        let found = span(peer.strip_prefix("address=\"")?).filter(|_| !peer.contains('-'))?;
        (found.0 == family).then(|| self.read.allowed.admit(gate, found))
    }

    /// What can only be said at the end: every file is written under its name, every set is one of ours, and the count by
    /// which the text sees that firewalld has all rules is right.
    fn finish(mut self, body: &str) -> Result<Read, String> {
        for (gate, family, name) in std::mem::take(&mut self.named) {
            let way = if gate.0 == Direction::Ingress { "portcullis-in-" } else { "portcullis-out-" };
            let function = format!("set{}", name.strip_prefix("portcullis").unwrap_or("?").replace('-', "_"));
            let written = format!("    {function} >\"$1/ipsets/{name}.xml\"");
            let lines = body.lines().filter(|line| line.strip_suffix(" &&").unwrap_or(line) == written).count();
            match self.sets.get(&function) {
                Some((of, spans)) if *of == family && lines == 1 && name.starts_with(way) && name.len() <= 31 => {
                    spans.iter().for_each(|span| self.read.allowed.admit(gate, *span));
                }
                _ => return Err(format!("no set {name}")),
            }
        }
        for (direction, rules) in &self.rules {
            let part = if *direction == Direction::Ingress { "in" } else { "out" };
            let written = format!("    policy_{part} | xml >\"$1/policies/portcullis-{part}.xml\"");
            let counted = format!(
                "[ \"$(firewall-cmd --policy=portcullis-{part} --list-rich-rules | grep -c '^rule ')\" = {} ]",
                rules.len()
            );
            for line in [written, counted] {
                if !body.contains(&line) {
                    return Err(format!("it does not say: {line}"));
                }
            }
        }
        Ok(self.read)
    }
}

/// What comments say about rules that no flow stands for.
const BASE: [&str; 5] = [
    "Replies, and what the machine says to itself, firewalld accepts before any policy",
    "Errors that others report, and ping",
    "ICMP",
    "The same for IPv6, and its neighbours, routers and multicast groups (no names for those before firewalld 2.1)",
    "DHCP and DHCPv6",
];

#[test]
fn broken_text_is_noticed() {
    use crate::{nft_whole, printing, scenarios};
    use portcullis::deployment::Edit;
    use portcullis::dialect::Text;
    use portcullis::net::Addresses;

    let mut deployment = nft_whole::deployment();
    let node = scenarios::group(&deployment, "Node").id;
    scenarios::apply(
        &mut deployment,
        Edit::Listens(node, Addresses::parse("192.0.2.65 192.0.2.70/31 2001:db8::4:1").0),
    );
    let server = scenarios::group(&deployment, "Spotfire Server").id;
    let text = printing::print(printing::firewalld(), &deployment, server, &Direction::ALL, Text::Apply).text;
    assert!(read(&text).is_ok(), "{:?}\n{text}", read(&text));
    for (whole, broken) in [
        ("sh <<'PORTCULLIS'", "sh <<PORTCULLIS"),
        ("main() {", "main() {\nPORTCULLIS"),
        ("priority=\"-14900\"", "priority=\"100\""),
        ("target=\"DROP\"", "target=\"CONTINUE\""),
        ("target=\"DROP\"", "target=\"ACCEPT\""),
        ("<ingress-zone name=\"ANY\"/>", "<ingress-zone name=\"public\"/>"),
        ("  # Node to", "  # Node -- to"),
        (" (g4-g3-tcp-9443)", ""),
        ("port port=\"9443\"", "port port=\"0\""),
        ("<port port=\"9443\"", "<source-port port=\"9443\""),
        ("family=\"ipv6\"><source address=\"2001:db8::4:1\"/>", "family=\"ipv4\"><source address=\"2001:db8::4:1\"/>"),
        ("<source ipset=\"portcullis-in-g4-v4\"/>", ""),
        ("<source ipset=\"portcullis-in-g4-v4\"/>", "<source ipset=\"portcullis-in-g5-v4\"/>"),
        ("<source address=\"2001:db8::4:1\"/>", "<destination address=\"2001:db8::4:1\"/>"),
        ("<source address=\"2001:db8::4:1\"/>", "<source address=\"2001:db8::4:1\" invert=\"yes\"/>"),
        ("  <entry>192.0.2.65</entry>\n", "  <entry>192.0.2.65</entry>\n  <entry>192.0.2.0/24</entry>\n"),
        ("  <entry>192.0.2.65</entry>\n", "  <entry>192.0.2.065</entry>\n"),
        ("value=\"inet\"", "value=\"inet6\""),
        ("<accept/>", "<drop/>"),
        ("<protocol value=\"ipv6-icmp\"/>", "<protocol value=\"tcp\"/>"),
        ("portcullis-in-g4-v4.xml", "portcullis-in-g4-v6.xml"),
        ("policies/portcullis-in.xml\" &&\n    set", "policies/public.xml\" &&\n    set"),
        ("grep -c '^rule ')\" = ", "grep -c '^rule ')\" = 1"),
    ] {
        assert!(text.contains(whole), "{whole}");
        assert!(read(&text.replacen(whole, broken, 1)).is_err(), "{broken}");
    }
}

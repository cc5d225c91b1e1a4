//! Reads printed nftables text back, line by line and strictly. Runs nothing, and shares nothing with the printer.

use portcullis::net::{Direction, Protocol};

use crate::allowed::{Gate, ports, span};
use crate::reading::{Read, quotable};

const BEGIN: &str = "sh <<'PORTCULLIS'\n";
const END: &str = "\n}\nmain \"$@\"\nPORTCULLIS\n";
const HELD: &str = "  say 'Held back: ";
const REFUSES: &str = "  stop 'Fill in what is missing on the page and copy again.'";

/// A text that is being read.
#[derive(Default)]
struct Reader(Read);

/// Reads a text; the error names the line that does not belong.
pub fn read(text: &str) -> Result<Read, String> {
    let body = text.strip_prefix(BEGIN).ok_or("it does not begin with the shell")?;
    let body = body.strip_suffix(END).ok_or("it does not end with the call")?;
    let mut read = Reader::default();
    let mut in_rules = false;
    for line in body.lines() {
        let trimmed = line.trim_start();
        if matches!(line, "PORTCULLIS" | "main \"$@\"") {
            return Err(format!("the text ends early: {line}"));
        } else if trimmed.starts_with('#') {
        } else if in_rules && line != "RULES" {
            read.rule(line)?;
        } else if let Some(sentence) = line.strip_prefix(HELD) {
            let sentence = sentence.strip_suffix(".' >&2").ok_or_else(|| format!("not one sentence: {line}"))?;
            quotable(sentence)?;
            read.0.held += 1;
            read.0.commands.push(HELD.to_owned());
        } else {
            in_rules = line == "cat <<'RULES'";
            read.0.refuses |= line == REFUSES;
            read.0.commands.push(line.to_owned());
        }
    }
    if in_rules { Err("the rules do not end".to_owned()) } else { Ok(read.0) }
}

impl Reader {
    fn rule(&mut self, line: &str) -> Result<(), String> {
        let fail = |why: &str| Err(format!("{why}: {line}"));
        let (command, comment) = match line.split_once(" comment ") {
            None => (line, None),
            Some((command, comment)) => match comment.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
                None => return fail("a comment that is not one string"),
                Some(comment) => (command, Some(comment)),
            },
        };
        if comment.is_some_and(|comment| comment.len() > 128) {
            return fail("nft cuts this comment");
        }
        quotable(comment.unwrap_or_default())?;
        self.0.commands.push(command.to_owned());
        let words: Vec<&str> = command.split(' ').collect();
        if command == "add table inet portcullis" {
            return Ok(());
        }
        let ([verb, what, "inet", table, chain], rest) = words.split_at(words.len().min(5)) else {
            return fail("not a command on a table of family inet");
        };
        let direction = match (*table, *chain) {
            (_, "portcullis_in") | ("portcullis", "in") => Direction::Ingress,
            (_, "portcullis_out") | ("portcullis", "out") => Direction::Egress,
            _ => return fail("not a chain of ours"),
        };
        let base: Option<&'static str> = match (*verb, *what, rest.join(" ").as_str(), direction) {
            ("add" | "flush", "chain", "", _) => return Ok(()),
            ("add", "chain", "{ type filter hook input priority filter; policy drop; }", Direction::Ingress)
            | ("add", "chain", "{ type filter hook output priority filter; policy drop; }", Direction::Egress) => {
                Some("drop")
            }
            ("add", "chain", "{ type filter hook output priority filter; policy accept; }", Direction::Egress) => {
                Some("accept")
            }
            ("add", "rule", "ct state established,related accept", _) => Some("established"),
            ("add", "rule", "ct state invalid drop", Direction::Ingress) => Some("invalid"),
            ("add", "rule", "iif \"lo\" accept", Direction::Ingress)
            | ("add", "rule", "oif \"lo\" accept", Direction::Egress) => Some("loopback"),
            (
                "add",
                "rule",
                "icmp type { destination-unreachable, time-exceeded, parameter-problem, echo-request } accept",
                Direction::Ingress,
            ) => Some("icmp"),
            ("add", "rule", "meta l4proto { icmp, ipv6-icmp } accept", Direction::Egress) => {
                self.0.base.insert((direction, "icmp"));
                Some("icmpv6")
            }
            ("add", "rule", rest, Direction::Ingress)
                if rest.starts_with("icmpv6 type {") && ICMPV6.iter().all(|kind| rest.contains(kind)) =>
            {
                Some("icmpv6")
            }
            ("add", "rule", "meta nfproto ipv4 udp sport 67 udp dport 68 accept", Direction::Ingress)
            | ("add", "rule", "meta nfproto ipv4 udp sport 68 udp dport 67 accept", Direction::Egress) => Some("dhcp"),
            ("add", "rule", "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept", Direction::Ingress)
            | (
                "add",
                "rule",
                "ip6 daddr { fe80::/10, ff02::1:2 } udp sport 546 udp dport 547 accept",
                Direction::Egress,
            ) => Some("dhcpv6"),
            _ => None,
        };
        if let Some(base) = base {
            self.0.base.insert((direction, base));
            return Ok(());
        }
        if (*verb, *what) != ("add", "rule") {
            return fail("not a command of ours");
        }
        let Some(flow) = comment.and_then(|comment| comment.split(' ').next()) else {
            return fail("a rule without its flow");
        };
        self.0.flows.insert((direction, flow.to_owned()));
        self.accept(direction, rest).ok_or_else(|| format!("not an allow rule: {line}"))
    }

    /// `[ip saddr 192.0.2.1] tcp dport 443 ct state new accept`
    fn accept(&mut self, direction: Direction, words: &[&str]) -> Option<()> {
        let at = words.iter().position(|word| matches!(*word, "tcp" | "udp"))?;
        let (peers, [protocol, "dport", range, "ct", "state", "new", "accept"]) = words.split_at(at) else {
            return None;
        };
        let protocol = if *protocol == "tcp" { Protocol::Tcp } else { Protocol::Udp };
        let (first, last) = ports(range)?;
        let gate: Gate = (direction, protocol, first, last);
        let own_end = if direction == Direction::Ingress { "saddr" } else { "daddr" };
        let (family, list) = match peers {
            [] => {
                self.0.allowed.admit_everyone(gate);
                return Some(());
            }
            [family, end, "{", list @ .., "}"] if *end == own_end && list.len() > 1 => (family, list),
            [family, end, list @ ..] if *end == own_end && list.len() == 1 => (family, list),
            _ => return None,
        };
        for (position, address) in list.iter().enumerate() {
            let address = if position + 1 < list.len() { address.strip_suffix(',')? } else { address };
            let span = span(address)?;
            let word = if span.0 == portcullis::net::Family::V4 { "ip" } else { "ip6" };
            if *family != word {
                return None;
            }
            self.0.allowed.admit(gate, span);
        }
        Some(())
    }
}

/// Without these a machine loses its neighbours, its router or large packets (RFC 4890).
const ICMPV6: [&str; 5] =
    ["packet-too-big", "destination-unreachable", "nd-neighbor-solicit", "nd-neighbor-advert", "nd-router-advert"];

#[test]
fn broken_text_is_noticed() {
    use crate::{printing, scenarios};
    use portcullis::dialect::Text;

    let deployment = scenarios::default();
    let server = scenarios::group(&deployment, "Spotfire Server").id;
    let text = printing::print(printing::nftables(), &deployment, server, &Direction::ALL, Text::Apply).text;
    assert!(read(&text).is_ok());
    for (whole, broken) in [
        ("sh <<'PORTCULLIS'", "sh <<PORTCULLIS"),
        ("main() {", "main() {\nPORTCULLIS"),
        ("User access\"", "User access\"; accept; comment \"\""),
        ("tcp dport 9443", "tcp dport 0"),
        ("tcp dport 9443", "tcp sport 9443"),
        ("ip saddr 192.0.2.65 ", "ip saddr { } "),
        ("ip saddr 192.0.2.65 ", "ip daddr 192.0.2.65 "),
        ("ip saddr 192.0.2.65 ", "ip saddr 192.0.2.065 "),
        ("ip6 saddr 2001:db8::4:1 ", "ip saddr 2001:db8::4:1 "),
        ("ct state new accept", "accept"),
        ("ct state new accept", "ct state new drop"),
        ("flush chain inet filter portcullis_in", "flush ruleset"),
        ("flush chain inet filter portcullis_in", "flush chain inet filter input"),
    ] {
        assert!(text.contains(whole), "{whole}");
        assert!(read(&text.replacen(whole, broken, 1)).is_err(), "{broken}");
    }
}

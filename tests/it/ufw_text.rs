//! Reads printed ufw text back, line by line and strictly. Runs nothing, and shares nothing with the printer.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Lines;

use portcullis::net::{Direction, Family, Protocol};

use crate::allowed::{Gate, ports, span};
use crate::reading::{Read, quotable};

const BEGIN: &str = "sh <<'PORTCULLIS'\n";
const END: &str = "\n}\nmain \"$@\"\nPORTCULLIS\n";
const HELD: &str = "  say 'Held back: ";
const REFUSES: &str = "  stop 'Fill in what is missing on the page and copy again.'";

/// What the text does with each line of its rules; the words between are an address and a port.
const CALLS: [&str; 2] = [
    "      add) run prepend allow \"$way\" proto \"$protocol\" from \"$from\" ${origin:+port \"$origin\"} to \"$to\" port \"$port\" comment \"$comment\" ;;",
    "      delete) run delete allow \"$way\" proto \"$protocol\" from \"$from\" ${origin:+port \"$origin\"} to \"$to\" port \"$port\" ;;",
];

/// How it asks ufw.
const ASKS: [&str; 2] = ["  ufw=ufw", "  ufw='ufw --dry-run'"];

/// What ufw's own files must say, all of it for each word.
const RELIES: [(Direction, &str, &[&str]); 10] = [
    (
        Direction::Ingress,
        "loopback",
        &["before.rules -A ufw-before-input -i lo -j ACCEPT", "before6.rules -A ufw6-before-input -i lo -j ACCEPT"],
    ),
    (
        Direction::Ingress,
        "established",
        &[
            "before.rules -A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "before6.rules -A ufw6-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        ],
    ),
    (
        Direction::Ingress,
        "icmp",
        &["before.rules -A ufw-before-input -p icmp --icmp-type destination-unreachable -j ACCEPT"],
    ),
    (
        Direction::Ingress,
        "icmpv6",
        &[
            "before6.rules -A ufw6-before-input -p icmpv6 --icmpv6-type packet-too-big -j ACCEPT",
            "before6.rules -A ufw6-before-input -p icmpv6 --icmpv6-type router-advertisement -m hl --hl-eq 255 -j ACCEPT",
            "before6.rules -A ufw6-before-input -p icmpv6 --icmpv6-type neighbor-solicitation -m hl --hl-eq 255 -j ACCEPT",
            "before6.rules -A ufw6-before-input -p icmpv6 --icmpv6-type neighbor-advertisement -m hl --hl-eq 255 -j ACCEPT",
        ],
    ),
    (Direction::Ingress, "dhcp", &["before.rules -A ufw-before-input -p udp --sport 67 --dport 68 -j ACCEPT"]),
    (
        Direction::Ingress,
        "dhcpv6",
        &["before6.rules -A ufw6-before-input -p udp -s fe80::/10 --sport 547 -d fe80::/10 --dport 546 -j ACCEPT"],
    ),
    (
        Direction::Egress,
        "loopback",
        &["before.rules -A ufw-before-output -o lo -j ACCEPT", "before6.rules -A ufw6-before-output -o lo -j ACCEPT"],
    ),
    (
        Direction::Egress,
        "established",
        &[
            "before.rules -A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "before6.rules -A ufw6-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        ],
    ),
    (
        Direction::Egress,
        "icmpv6",
        &[
            "before6.rules -A ufw6-before-output -p icmpv6 --icmpv6-type echo-request -j ACCEPT",
            "before6.rules -A ufw6-before-output -p icmpv6 --icmpv6-type router-solicitation -m hl --hl-eq 255 -j ACCEPT",
            "before6.rules -A ufw6-before-output -p icmpv6 --icmpv6-type neighbor-solicitation -m hl --hl-eq 255 -j ACCEPT",
            "before6.rules -A ufw6-before-output -p icmpv6 --icmpv6-type neighbor-advertisement -m hl --hl-eq 255 -j ACCEPT",
        ],
    ),
    (Direction::Egress, "icmp", &["-A ufw-before-output -p icmp -m comment --comment \"portcullis out\" -j ACCEPT"]),
];

/// What becomes of what is not listed.
const DEFAULTS: [(Direction, &str, &str); 3] = [
    (
        Direction::Ingress,
        "drop",
        "  grep -qx 'DEFAULT_INPUT_POLICY=\"DROP\"' /etc/default/ufw || run default deny incoming",
    ),
    (
        Direction::Egress,
        "drop",
        "  grep -qx 'DEFAULT_OUTPUT_POLICY=\"DROP\"' /etc/default/ufw || run default deny outgoing",
    ),
    (
        Direction::Egress,
        "accept",
        "  grep -qx 'DEFAULT_OUTPUT_POLICY=\"ACCEPT\"' /etc/default/ufw || run default allow outgoing",
    ),
];

/// A text that is being read.
#[derive(Default)]
struct Reader {
    read: Read,
    relies: BTreeSet<String>,
}

/// Reads a text; the error names the line that does not belong.
pub fn read(text: &str) -> Result<Read, String> {
    let body = text.strip_prefix(BEGIN).ok_or("it does not begin with the shell")?;
    let body = body.strip_suffix(END).ok_or("it does not end with the call")?;
    let mut reader = Reader::default();
    let mut lines = body.lines().peekable();
    let (mut asks, mut calls, mut main) = (0, 0, 0);
    while let Some(line) = lines.next() {
        if matches!(line, "PORTCULLIS" | "RULES" | "RELIES") {
            return Err(format!("the text ends early: {line}"));
        }
        if line.starts_with('#') {
            continue;
        }
        reader.read.commands.push(line.to_owned());
        match line {
            "cat <<'RULES'" => reader.rules(&mut lines)?,
            "cat <<'RELIES'" => reader.relies(&mut lines)?,
            REFUSES => reader.read.refuses = true,
            "main() {" => main += 1,
            line if ASKS.contains(&line) => asks += 1,
            line if CALLS.contains(&line) => calls += 1,
            line if line.contains("default ") && line.contains("run ") => {
                let (direction, word, _) =
                    DEFAULTS.iter().find(|known| known.2 == line).ok_or_else(|| format!("not a policy: {line}"))?;
                reader.read.base.insert((*direction, word));
            }
            line if line.contains("run ") => harmless(line)?,
            line => {
                if let Some(sentence) = line.strip_prefix(HELD) {
                    quotable(sentence.strip_suffix(".' >&2").ok_or_else(|| format!("not one sentence: {line}"))?)?;
                    reader.read.held += 1;
                    reader.read.commands.pop();
                    reader.read.commands.push(HELD.to_owned());
                }
            }
        }
    }
    if asks > 1 || asks == 1 && calls != 2 || main == 0 {
        return Err(format!("{asks} ways to ask ufw, {calls} calls, {main} scripts"));
    }
    reader.base()
}

/// Calls of ufw besides those for rules.
fn harmless(line: &str) -> Result<(), String> {
    let known = [
        "  [ \"$anew\" = no ] || run reload",
        "  [ \"$active\" = yes ] || run --force enable",
        "  [ \"$active\" = yes ] || say 'would run: ufw --force enable'",
        "  say 'would run: ufw default deny incoming'",
        "  say 'would run: ufw default deny outgoing'",
        "  say 'would run: ufw default allow outgoing'",
    ];
    let said = ["say \"would run: ufw", "stop '"].iter().any(|said| line.contains(said));
    if known.contains(&line) || said { Ok(()) } else { Err(format!("not a call of ours: {line}")) }
}

impl Reader {
    fn rules(&mut self, lines: &mut Peekable<Lines>) -> Result<(), String> {
        for line in lines.by_ref() {
            match line {
                "RULES" => return Ok(()),
                "# DHCP and DHCPv6: from port 68 to 67, and from port 546 to 547" => {}
                "out udp 68->67 to 0.0.0.0/0 # dhcp DHCP" => drop(self.read.base.insert((Direction::Egress, "dhcp"))),
                "out udp 546->547 to fe80::/10 ff02::1:2 # dhcpv6 DHCPv6" => {
                    self.read.base.insert((Direction::Egress, "dhcpv6"));
                }
                line if line.starts_with("# ") => quotable(line)?,
                line => self.rule(line)?,
            }
        }
        Err("the rules do not end".to_owned())
    }

    fn relies(&mut self, lines: &mut Peekable<Lines>) -> Result<(), String> {
        for line in lines.by_ref() {
            if line == "RELIES" {
                return Ok(());
            }
            if !RELIES.iter().any(|(_, _, known)| known.contains(&line)) {
                return Err(format!("nothing to rely on: {line}"));
            }
            self.read.commands.push(line.to_owned());
            self.relies.insert(line.to_owned());
        }
        Err("what it relies on does not end".to_owned())
    }

    /// `in tcp 443 from 192.0.2.1 192.0.2.2 # g1-g3-tcp-443 User access`
    fn rule(&mut self, line: &str) -> Result<(), String> {
        let fail = |why: &str| format!("{why}: {line}");
        if line.len() > 4095 {
            return Err(fail("longer than a terminal takes"));
        }
        let (rule, comment) = line.split_once(" # ").ok_or_else(|| fail("no comment"))?;
        quotable(comment)?;
        if comment.contains('#') || comment.len() > 120 || comment.trim() != comment {
            return Err(fail("not a comment"));
        }
        let key = comment.split(' ').next().unwrap_or_default();
        let words: Vec<&str> = rule.split(' ').collect();
        let [way, protocol, range, end, list @ ..] = words.as_slice() else { return Err(fail("not a rule")) };
        let direction = match (*way, *end) {
            ("in", "from") => Direction::Ingress,
            ("out", "to") => Direction::Egress,
            _ => return Err(fail("neither in nor out")),
        };
        let protocol = match *protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            _ => return Err(fail("no protocol")),
        };
        if range.contains('-') {
            return Err(fail("ufw writes ranges with a colon"));
        }
        let (first, last) = ports(&range.replace(':', "-")).ok_or_else(|| fail("no ports"))?;
        let gate: Gate = (direction, protocol, first, last);
        self.read.flows.insert((direction, key.to_owned()));
        self.read.commands.push(rule.to_owned());
        if list == ["any"] {
            self.read.allowed.admit_everyone(gate);
            return Ok(());
        }
        let mut families: BTreeSet<Family> = BTreeSet::new();
        for address in list {
            let span = span(address).filter(|_| !address.contains('-')).ok_or_else(|| fail("not an address of ufw"))?;
            families.insert(span.0);
            self.read.allowed.admit(gate, span);
        }
        if families.len() == 1 { Ok(()) } else { Err(fail("not one family")) }
    }

    /// What the whole of a policy says.
    fn base(mut self) -> Result<Read, String> {
        for (direction, word, lines) in RELIES {
            match lines.iter().filter(|line| self.relies.contains(**line)).count() {
                0 => {}
                count if count == lines.len() => drop(self.read.base.insert((direction, word))),
                _ => return Err(format!("only a part of {word}")),
            }
        }
        Ok(self.read)
    }
}

#[test]
fn broken_text_is_noticed() {
    use crate::{printing, scenarios};
    use portcullis::dialect::Text;

    let deployment = scenarios::default();
    let print = |deployment: &portcullis::deployment::Deployment| {
        let server = scenarios::group(deployment, "Spotfire Server").id;
        printing::print(printing::ufw(), deployment, server, &Direction::ALL, Text::Apply).text
    };
    let text = print(&deployment);
    assert!(read(&text).is_ok(), "{:?}", read(&text));
    for (whole, broken) in [
        ("sh <<'PORTCULLIS'", "sh <<PORTCULLIS"),
        ("main() {", "main() {\nPORTCULLIS"),
        ("# g1-g3-tcp-443 User access", "# g1-g3-tcp-443 User 'access"),
        ("# g1-g3-tcp-443 User access", ""),
        (" # g1-g3-tcp-443 User access", " # $(reboot)"),
        ("in tcp 9443 from", "in tcp 0 from"),
        ("in tcp 9443 from", "in tcp 9443-9444 from"),
        ("in tcp 9443 from", "in tcp 9443 to"),
        ("in tcp 9443 from", "in icmp 9443 from"),
        ("in tcp 9443 from 192.0.2.65", "in tcp 9443 from"),
        ("in tcp 9443 from 192.0.2.65", "in tcp 9443 from 192.0.2.065"),
        ("in tcp 9443 from 192.0.2.65", "in tcp 9443 from 192.0.2.65 2001:db8::1"),
        ("in tcp 9443 from 192.0.2.65", "in tcp 9443 from 192.0.2.65 any"),
        ("in tcp 9443 from 192.0.2.65", "in tcp 9443 from 192.0.2.65-192.0.2.66"),
        ("in tcp 9443 from 192.0.2.65", "route tcp 9443 from 192.0.2.65"),
        ("run prepend allow \"$way\"", "run prepend deny \"$way\""),
        ("run delete allow \"$way\"", "run --force reset \"$way\""),
        ("  ufw=ufw\n", "  ufw=ufw\n  run disable\n"),
        ("\nRULES\n}", "\n}"),
    ] {
        assert!(text.contains(whole), "{whole}");
        assert!(read(&text.replacen(whole, broken, 1)).is_err(), "{broken}");
    }
    let text = print(&scenarios::whole(&deployment, true));
    assert!(read(&text).is_ok(), "{:?}", read(&text));
    for (whole, broken) in [
        ("-i lo -j ACCEPT\n", "-i eth0 -j ACCEPT\n"),
        ("before6.rules -A ufw6-before-input -i lo -j ACCEPT\n", ""),
        ("run default deny incoming", "run default allow incoming"),
        ("run --force enable", "run --force disable"),
        ("out udp 68->67 to 0.0.0.0/0 #", "out udp 68->67 to any #"),
        ("-p icmp -m comment", "-m comment"),
    ] {
        assert!(text.contains(whole), "{whole}");
        assert!(read(&text.replacen(whole, broken, 1)).is_err(), "{broken}");
    }
}

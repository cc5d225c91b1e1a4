//! Reads printed iptables text back, line by line and strictly. Runs nothing, and shares nothing with the printer.

use std::collections::BTreeSet;

use portcullis::net::{Direction, Family, Protocol};

use crate::allowed::{Gate, ports, span};
use crate::reading::{Read, quotable};

const BEGIN: &str = "sh <<'PORTCULLIS'\n";
const END: &str = "\n}\nmain \"$@\"\nPORTCULLIS\n";
const HELD: &str = "  say 'Held back: ";
const REFUSES: &str = "  stop 'Fill in what is missing on the page and copy again.'";

/// What one family's rules say.
#[derive(Default)]
struct Half {
    /// What was read, in order: commands on chains, and what a whole policy says.
    said: Vec<(Direction, &'static str)>,
    /// Which flows everyone is let through for.
    everyone: BTreeSet<(Gate, String)>,
    ended: bool,
}

/// Reads a text; the error names the line that does not belong.
pub fn read(text: &str) -> Result<Read, String> {
    let body = text.strip_prefix(BEGIN).ok_or("it does not begin with the shell")?;
    let body = body.strip_suffix(END).ok_or("it does not end with the call")?;
    let mut read = Read::default();
    let mut halves: Vec<(Family, Half)> = Vec::new();
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        if matches!(line, "PORTCULLIS" | "main \"$@\"") {
            return Err(format!("the text ends early: {line}"));
        } else if line.trim_start().starts_with('#') {
            continue;
        } else if let Some(sentence) = line.strip_prefix(HELD) {
            let sentence = sentence.strip_suffix(".' >&2").ok_or_else(|| format!("not one sentence: {line}"))?;
            quotable(sentence)?;
            read.held += 1;
            read.commands.push(HELD.to_owned());
            continue;
        }
        loads(line)?;
        read.refuses |= line == REFUSES;
        read.commands.push(line.to_owned());
        let family = match line {
            "rules4() {" => Family::V4,
            "rules6() {" => Family::V6,
            _ => continue,
        };
        if lines.next() != Some("cat <<'RULES'") || lines.next() != Some("*filter") {
            return Err(format!("no rules of table filter after {line}"));
        }
        let mut half = Half::default();
        loop {
            match lines.next().ok_or("the rules do not end")? {
                "RULES" if half.ended => break,
                line => rule(line, family, &mut half, &mut read)?,
            }
        }
        halves.push((family, half));
    }
    match halves.as_slice() {
        [] => {}
        [(Family::V4, four), (Family::V6, six)] => agree(four, six, &mut read)?,
        _ => return Err("not the rules of both families, once".to_owned()),
    }
    Ok(read)
}

/// Whatever loads rules must keep those of the host, and wait for its turn.
fn loads(line: &str) -> Result<(), String> {
    // The list of commands that must be there names them too.
    let fits = ["\" -w --noflush", " -w --noflush", " ip6tables ip6tables-save ", "; do"];
    if line.split("-restore").skip(1).any(|rest| !fits.iter().any(|start| rest.starts_with(start))) {
        return Err(format!("it flushes: {line}"));
    }
    Ok(())
}

/// Demands that both families say the same of everything but addresses, and that our chains are reached.
fn agree(four: &Half, six: &Half, read: &mut Read) -> Result<(), String> {
    if four.everyone != six.everyone {
        return Err("everyone in one family only".to_owned());
    }
    let only = |half: &Half, words: &[&str]| {
        half.said.iter().filter(|(_, word)| !words.contains(word)).copied().collect::<Vec<_>>()
    };
    if only(four, &["icmp", "dhcp"]) != only(six, &["icmpv6", "multicast", "dhcpv6"]) {
        return Err(format!("the families differ: {:?} and {:?}", four.said, six.said));
    }
    for (direction, host, chain) in
        [(Direction::Ingress, "INPUT", "PORTCULLIS-IN"), (Direction::Egress, "OUTPUT", "PORTCULLIS-OUT")]
    {
        let said: Vec<&str> = four.said.iter().filter(|(of, _)| *of == direction).map(|(_, word)| *word).collect();
        let hung = format!("  \"$1\" -w -C {host} -j {chain} 2>/dev/null || echo '-I {host} 1 -j {chain}'");
        match said.as_slice() {
            [] => {}
            ["drop" | "accept", "chain", "flush", "jump", "established", ..] => {}
            ["chain", "established"] if read.commands.contains(&hung) => {}
            said => return Err(format!("{chain}: {said:?}")),
        }
    }
    for (direction, word) in four.said.iter().chain(&six.said) {
        if !matches!(*word, "chain" | "flush" | "jump" | "multicast") {
            read.base.insert((*direction, word));
        }
    }
    for (half, word, kinds) in [(four, "icmp", 4), (six, "icmpv6", 9), (six, "multicast", 4)] {
        let said = half.said.iter().filter(|said| **said == (Direction::Ingress, word)).count();
        if ![0, kinds].contains(&said) {
            return Err(format!("{said} kinds of {word}, not {kinds}"));
        }
    }
    Ok(())
}

fn rule(line: &str, family: Family, half: &mut Half, read: &mut Read) -> Result<(), String> {
    let fail = |why: &str| Err(format!("{why}: {line}"));
    if half.ended {
        return fail("after the end of the rules");
    }
    if line.len() >= 4000 || line.split(' ').any(|word| word.len() >= 1000) {
        return fail("too long");
    }
    if line.starts_with("# ") {
        return Ok(());
    }
    if line == "COMMIT" {
        half.ended = true;
        return Ok(());
    }
    let (command, comment) = match line.split_once(" -m comment --comment \"") {
        None => (line.to_owned(), None),
        Some((command, rest)) => match rest.split_once('"') {
            Some((comment, target)) => (format!("{command}{target}"), Some(comment)),
            None => return fail("a comment that does not end"),
        },
    };
    quotable(comment.unwrap_or_default())?;
    if comment.is_some_and(|comment| comment.len() > 255) {
        return fail("iptables cuts this comment");
    }
    read.commands.push(command.clone());
    let known = SAID.iter().find(|(own, _, _, said)| *said == command && own.is_none_or(|own| own == family));
    if let Some((_, direction, word, _)) = known {
        half.said.push((*direction, word));
        return Ok(());
    }
    let Some(flow) = comment.and_then(|comment| comment.split(' ').next()) else {
        return fail("a rule without its flow");
    };
    accept(&command, flow, family, half, read).ok_or_else(|| format!("not an allow rule: {line}"))
}

/// `-A PORTCULLIS-IN [-s 192.0.2.1,192.0.2.4] -p tcp --dport 443 -m conntrack --ctstate NEW -j ACCEPT`
fn accept(command: &str, flow: &str, family: Family, half: &mut Half, read: &mut Read) -> Option<()> {
    let words: Vec<&str> = command.split(' ').collect();
    let (direction, own_end) = match words.get(..2)? {
        ["-A", "PORTCULLIS-IN"] => (Direction::Ingress, "-s"),
        ["-A", "PORTCULLIS-OUT"] => (Direction::Egress, "-d"),
        _ => return None,
    };
    // Replies come first, in a chain that was declared.
    half.said.contains(&(direction, "established")).then_some(())?;
    let at = words.iter().position(|word| *word == "-p")?;
    let ["-p", protocol, "--dport", range, "-m", "conntrack", "--ctstate", "NEW", "-j", "ACCEPT"] = words[at..] else {
        return None;
    };
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    if range.contains('-') {
        return None;
    }
    let (first, last) = ports(&range.replace(':', "-"))?;
    let gate: Gate = (direction, protocol, first, last);
    match words[2..at] {
        [] => {
            half.everyone.insert((gate, flow.to_owned()));
            read.allowed.admit_everyone(gate);
        }
        [end, list] if end == own_end => {
            for address in list.split(',') {
                let span = span(address).filter(|span| span.0 == family && !address.contains('-'))?;
                read.allowed.admit(gate, span);
            }
        }
        _ => return None,
    }
    read.flows.insert((direction, flow.to_owned()));
    Some(())
}

type Said = (Option<Family>, Direction, &'static str, &'static str);
const V4: Option<Family> = Some(Family::V4);
const V6: Option<Family> = Some(Family::V6);
const IN: Direction = Direction::Ingress;
const OUT: Direction = Direction::Egress;

/// Everything that is no allow rule of a flow. Without its neighbours, its router or errors about large packets a machine is
/// lost (RFC 4890).
const SAID: [Said; 37] = [
    (None, IN, "drop", ":INPUT DROP [0:0]"),
    (None, OUT, "drop", ":OUTPUT DROP [0:0]"),
    (None, OUT, "accept", ":OUTPUT ACCEPT [0:0]"),
    (None, IN, "chain", ":PORTCULLIS-IN - [0:0]"),
    (None, OUT, "chain", ":PORTCULLIS-OUT - [0:0]"),
    (None, IN, "flush", "-F INPUT"),
    (None, OUT, "flush", "-F OUTPUT"),
    (None, IN, "jump", "-A INPUT -j PORTCULLIS-IN"),
    (None, OUT, "jump", "-A OUTPUT -j PORTCULLIS-OUT"),
    (None, IN, "established", "-A PORTCULLIS-IN -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"),
    (None, OUT, "established", "-A PORTCULLIS-OUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"),
    (None, IN, "invalid", "-A PORTCULLIS-IN -m conntrack --ctstate INVALID -j DROP"),
    (None, IN, "loopback", "-A PORTCULLIS-IN -i lo -j ACCEPT"),
    (None, OUT, "loopback", "-A PORTCULLIS-OUT -o lo -j ACCEPT"),
    (V4, IN, "icmp", "-A PORTCULLIS-IN -p icmp --icmp-type destination-unreachable -j ACCEPT"),
    (V4, IN, "icmp", "-A PORTCULLIS-IN -p icmp --icmp-type time-exceeded -j ACCEPT"),
    (V4, IN, "icmp", "-A PORTCULLIS-IN -p icmp --icmp-type parameter-problem -j ACCEPT"),
    (V4, IN, "icmp", "-A PORTCULLIS-IN -p icmp --icmp-type echo-request -j ACCEPT"),
    (V4, OUT, "icmp", "-A PORTCULLIS-OUT -p icmp -j ACCEPT"),
    (V6, OUT, "icmpv6", "-A PORTCULLIS-OUT -p ipv6-icmp -j ACCEPT"),
    (V6, IN, "icmpv6", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type destination-unreachable -j ACCEPT"),
    (V6, IN, "icmpv6", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type packet-too-big -j ACCEPT"),
    (V6, IN, "icmpv6", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type time-exceeded -j ACCEPT"),
    (V6, IN, "icmpv6", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type parameter-problem -j ACCEPT"),
    (V6, IN, "icmpv6", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type echo-request -j ACCEPT"),
    (V6, IN, "icmpv6", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type router-solicitation -j ACCEPT"),
    (V6, IN, "icmpv6", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type router-advertisement -j ACCEPT"),
    (V6, IN, "icmpv6", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type neighbour-solicitation -j ACCEPT"),
    (V6, IN, "icmpv6", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type neighbour-advertisement -j ACCEPT"),
    (V6, IN, "multicast", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type 130 -j ACCEPT"),
    (V6, IN, "multicast", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type 131 -j ACCEPT"),
    (V6, IN, "multicast", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type 132 -j ACCEPT"),
    (V6, IN, "multicast", "-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type 143 -j ACCEPT"),
    (V4, IN, "dhcp", "-A PORTCULLIS-IN -p udp --sport 67 --dport 68 -j ACCEPT"),
    (V4, OUT, "dhcp", "-A PORTCULLIS-OUT -p udp --sport 68 --dport 67 -j ACCEPT"),
    (V6, IN, "dhcpv6", "-A PORTCULLIS-IN -s fe80::/10 -p udp --sport 547 --dport 546 -j ACCEPT"),
    (V6, OUT, "dhcpv6", "-A PORTCULLIS-OUT -d fe80::/10,ff02::1:2 -p udp --sport 546 --dport 547 -j ACCEPT"),
];

#[test]
fn broken_text_is_noticed() {
    use crate::{printing, scenarios};
    use portcullis::dialect::Text;

    let deployment = scenarios::default();
    let server = scenarios::group(&deployment, "Spotfire Server").id;
    let of = |deployment| printing::print(printing::iptables(), deployment, server, &Direction::ALL, Text::Apply).text;
    let (additive, whole) = (of(&deployment), of(&scenarios::whole(&deployment, true)));
    let additive_breaks = [
        ("sh <<'PORTCULLIS'", "sh <<PORTCULLIS"),
        ("main() {", "main() {\nPORTCULLIS"),
        ("cat <<'RULES'", "cat <<RULES"),
        ("*filter\n", "*nat\n"),
        ("*filter\n", ""),
        ("COMMIT\nRULES", "RULES"),
        ("COMMIT\nRULES", "COMMIT\n-F INPUT\nRULES"),
        ("User access\"", "User access\" -j ACCEPT -m comment --comment \""),
        ("User access\" -j ACCEPT", "User access\" -j DROP"),
        ("g1-g3-tcp-443 User access", "g1-g3-tcp-443 $(reboot)"),
        ("--dport 9443", "--dport 0"),
        ("--dport 9443", "--sport 9443"),
        ("--dport 9443", "--dport 9443-9444"),
        ("-s 192.0.2.65 ", ""),
        ("-s 192.0.2.65 ", "-d 192.0.2.65 "),
        ("-s 192.0.2.65 ", "-s 192.0.2.065 "),
        ("-s 192.0.2.65 ", "-s 192.0.2.65/24 "),
        ("-s 192.0.2.65 ", "-s 2001:db8::4:1 "),
        ("-s 192.0.2.65 ", "-s node.example.test "),
        ("-s 192.0.2.65 ", "-s 192.0.2.65, "),
        ("-s 2001:db8::4:1 ", "-s 192.0.2.65 "),
        ("--ctstate NEW ", ""),
        ("--ctstate ESTABLISHED,RELATED", "--ctstate ESTABLISHED,RELATED,NEW"),
        (":PORTCULLIS-IN - [0:0]", ":INPUT - [0:0]"),
        (":PORTCULLIS-IN - [0:0]\n", ""),
        ("-A PORTCULLIS-IN -s 192.0.2.65 ", "-A INPUT -s 192.0.2.65 "),
        ("-w --noflush", "-w"),
        ("echo '-I INPUT 1 -j PORTCULLIS-IN'", "echo '-I INPUT 9 -j PORTCULLIS-IN'"),
        ("rules6() {", "rules4() {"),
    ];
    let whole_breaks = [
        (":INPUT DROP [0:0]", ":INPUT ACCEPT [0:0]"),
        (":OUTPUT DROP [0:0]", ":OUTPUT ACCEPT [0:0]"),
        ("-F INPUT\n", ""),
        ("-A INPUT -j PORTCULLIS-IN\n", ""),
        ("-i lo -j ACCEPT", "-i eth0 -j ACCEPT"),
        ("-A PORTCULLIS-IN -m conntrack --ctstate INVALID -j DROP\n", ""),
        ("--icmp-type echo-request", "--icmp-type any"),
        ("-A PORTCULLIS-IN -p ipv6-icmp --icmpv6-type packet-too-big -j ACCEPT\n", ""),
        ("-s fe80::/10 ", ""),
        ("-p ipv6-icmp -j ACCEPT", "-j ACCEPT"),
    ];
    let breaks = [(&additive, &additive_breaks[..]), (&whole, &whole_breaks[..])];
    for (text, (from, to)) in breaks.into_iter().flat_map(|(text, breaks)| breaks.iter().map(move |one| (text, one))) {
        assert!(read(text).is_ok());
        assert!(text.contains(from), "{from}");
        assert!(read(&text.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    }
}

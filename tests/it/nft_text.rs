//! Reads printed nftables text back, line by line and strictly. Runs nothing, and shares nothing with the printer.

use std::collections::BTreeSet;

use portcullis::net::{Direction, Protocol};

use crate::allowed::{Allowed, Gate, ports, span};

/// What a printed text says.
#[derive(Debug, Default)]
pub struct NftText {
    /// What its rules let through.
    pub allowed: Allowed,
    /// The flows that its rules stand for, by the first word of the comments.
    pub flows: BTreeSet<(Direction, String)>,
    /// Every line that a shell or nft acts upon, with what was quoted taken out.
    pub commands: Vec<String>,
    /// How many sentences say that something is held back.
    pub held: usize,
    /// Comment lines.
    pub comments: Vec<String>,
}

const BEGIN: &str = "sh <<'PORTCULLIS'\n";
const END: &str = "\n}\nmain\nPORTCULLIS\n";
const HELD: &str = "  say 'Held back: ";

/// Reads a text; the error names the line that does not belong.
pub fn read(text: &str) -> Result<NftText, String> {
    let body = text.strip_prefix(BEGIN).ok_or("it does not begin with the shell")?;
    let body = body.strip_suffix(END).ok_or("it does not end with the call")?;
    let mut read = NftText::default();
    let mut in_rules = false;
    for line in body.lines() {
        let trimmed = line.trim_start();
        if matches!(line, "PORTCULLIS" | "main") {
            return Err(format!("the text ends early: {line}"));
        } else if let Some(comment) = trimmed.strip_prefix('#') {
            read.comments.push(comment.trim_start().to_owned());
        } else if in_rules && line != "RULES" {
            read.rule(line)?;
        } else if let Some(sentence) = line.strip_prefix(HELD) {
            let sentence = sentence.strip_suffix(".' >&2").ok_or_else(|| format!("not one sentence: {line}"))?;
            quotable(sentence)?;
            read.held += 1;
            read.commands.push(HELD.to_owned());
        } else {
            in_rules = line == "cat <<'RULES'";
            read.commands.push(line.to_owned());
        }
    }
    if in_rules { Err("the rules do not end".to_owned()) } else { Ok(read) }
}

impl NftText {
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
        self.commands.push(command.to_owned());
        let words: Vec<&str> = command.split(' ').collect();
        let ([verb, what, "inet", _, chain], rest) = words.split_at(words.len().min(5)) else {
            return fail("not a command on a table of family inet");
        };
        let direction = match *chain {
            "portcullis_in" => Direction::Ingress,
            "portcullis_out" => Direction::Egress,
            _ => return fail("not a chain of ours"),
        };
        match (*verb, *what, rest) {
            ("add" | "flush", "chain", []) => Ok(()),
            ("add", "rule", ["ct", "state", "established,related", "accept"]) => Ok(()),
            ("add", "rule", rest) => {
                let Some(flow) = comment.and_then(|comment| comment.split(' ').next()) else {
                    return fail("a rule without its flow");
                };
                self.flows.insert((direction, flow.to_owned()));
                self.accept(direction, rest).ok_or_else(|| format!("not an allow rule: {line}"))
            }
            _ => fail("not a command of ours"),
        }
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
                self.allowed.admit_everyone(gate);
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
            self.allowed.admit(gate, span);
        }
        Some(())
    }
}

/// Refuses text that could end the quotes around it, in the shell or in nft.
fn quotable(text: &str) -> Result<(), String> {
    let harmful = |c: char| matches!(c, '\'' | '"' | '\\' | '$' | '`' | '!') || !(' '..='~').contains(&c);
    if text.contains(harmful) { Err(format!("it can end its quotes: {text}")) } else { Ok(()) }
}

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

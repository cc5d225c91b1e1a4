//! Reads firewalld's files back: rules of policies, and sets of addresses. Never reads what stands around them.

use super::{End, Reader, Reading, Span, holes, key, ports, protocol, quotable, shell, span};
use crate::net::Direction;
use crate::order::sort_by;

/// The record.
pub static READER: Reader = Reader { dialect: "firewalld", read };

/// A set of addresses.
struct Set<'a> {
    /// The shell function that prints it.
    function: &'a str,
    spans: Vec<Span>,
    /// True once the text writes it under its name.
    written: bool,
}

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut sets: Vec<Set> = Vec::new();
    let body = shell(text)?;
    let mut lines = body.lines();
    // Sets stand behind the rules that name them.
    while let Some(line) = lines.next() {
        if let Some(function) = line.strip_suffix("() {").filter(|name| name.starts_with("set_")) {
            // The shell takes the last one of a name.
            sets.iter().all(|set| set.function != function).then_some(())?;
            sets.push(Set { function, spans: entries(&mut lines)?, written: false });
        }
    }
    let mut direction = None;
    let (mut of_flow, mut rules) = (false, Vec::new());
    let mut counts = [0, 0];
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        reading.line += 1;
        if let Some(comment) = line.strip_prefix("  # ") {
            let comment = quotable(comment).filter(|comment| !comment.contains("--"))?;
            let name = comment.strip_suffix(')').and_then(|rest| rest.rsplit('(').next()).and_then(key);
            of_flow =
                name.is_some_and(|name| name.contains('-')) || of_flow && comment == "Already allowed by a rule above";
        } else if reading.passes(line)? {
        } else if line.starts_with("set_") && line.ends_with("() {") {
            lines.by_ref().take_while(|line| *line != "}").for_each(|_| reading.line += 1);
        } else if let Some(rest) = line.strip_prefix("    set_") {
            written(&mut sets, rest)?;
        } else if let (true, Some(direction)) = (line.starts_with("  <rule"), direction) {
            rules.push(line);
            counts[usize::from(direction == Direction::Egress)] += 1;
            match of_flow {
                true => rule(reading, &sets, direction, line)?,
                false => reading.frame(line),
            }
        } else if let Some([before, part, between, count, rest]) = holes(COUNTS, line).as_deref() {
            (count.parse() == Ok(counts[usize::from(*part == "out")])).then_some(())?;
            [before, part, between, rest].iter().for_each(|piece| reading.frame(piece));
        } else {
            direction = match line {
                "policy_in() {" => Some(Direction::Ingress),
                "policy_out() {" => Some(Direction::Egress),
                "RULES" => None,
                _ => direction,
            };
            if line == "RULES" {
                of_flow = false;
                each_once(&mut rules)?;
            }
            reading.frame(line);
        }
    }
    sets.iter().all(|set| set.written).then_some(())
}

/// firewalld has each rule of a policy once; takes them out.
fn each_once(rules: &mut Vec<&str>) -> Option<()> {
    sort_by(rules, Ord::cmp);
    let twins = rules.windows(2).any(|pair| pair[0] == pair[1]);
    rules.clear();
    (!twins).then_some(())
}

/// How a text sees that firewalld has all rules of a direction.
const COUNTS: &str = "~ --policy=portcullis-~ ~ -c '^rule ')\" = ~ ]~";

/// The members of a set; all of one family, none within another.
fn entries<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<Vec<Span>> {
    let head = ["cat <<'RULES'", "<?xml version=\"1.0\" encoding=\"utf-8\"?>", "<ipset type=\"hash:net\">"];
    head.iter().all(|expected| lines.next() == Some(expected)).then_some(())?;
    let family = match lines.next()? {
        "  <option name=\"family\" value=\"inet\"/>" => End::V4,
        "  <option name=\"family\" value=\"inet6\"/>" => End::V6,
        _ => return None,
    };
    let mut spans: Vec<Span> = Vec::new();
    loop {
        let line = lines.next()?;
        if line == "</ipset>" {
            break;
        }
        let entry = line.strip_prefix("  <entry>")?.strip_suffix("</entry>").filter(|entry| !entry.contains('-'))?;
        let (of, first, last) = span(entry).filter(|(of, ..)| *of == family)?;
        spans.iter().all(|(_, from, to)| *to < first || last < *from).then_some(())?;
        spans.push((of, first, last));
    }
    (lines.next() == Some("RULES") && lines.next() == Some("}") && !spans.is_empty()).then_some(spans)
}

/// `    set_in_g4_v4 >"$1/ipsets/portcullis-in-g4-v4.xml" &&`, without its start.
fn written(sets: &mut [Set], rest: &str) -> Option<()> {
    let [function, name] = holes("~ >\"$1/ipsets/portcullis-~.xml\"", rest.strip_suffix(" &&").unwrap_or(rest))?[..]
    else {
        return None;
    };
    let set = sets.iter_mut().find(|set| set.function.strip_prefix("set_") == Some(function) && !set.written)?;
    set.written = name.len() <= 20 && key(name)?.replace('-', "_") == function;
    Some(())
}

/// `  <rule family="ipv4"><source address="192.0.2.1"/><port port="443" protocol="tcp"/><accept/></rule>`
fn rule(reading: &mut Reading, sets: &[Set], direction: Direction, line: &str) -> Option<()> {
    const RULE: &str = "  <rule~><port port=\"~\" protocol=\"~\"/><accept/></rule>";
    let [peer, range, name] = holes(RULE, line)?[..] else { return None };
    let (first, last) = ports(range, '-')?;
    let gate = (direction, protocol(name)?, first, last);
    if peer.is_empty() {
        reading.opens_to_everyone(gate);
        return Some(());
    }
    let [family, end, how, whom] = holes(" family=\"ipv~\"><~ ~=\"~\"/", peer)?[..] else { return None };
    let family = match family {
        "4" => End::V4,
        "6" => End::V6,
        _ => return None,
    };
    let part = match (direction, end) {
        (Direction::Ingress, "source") => "portcullis-in-",
        (Direction::Egress, "destination") => "portcullis-out-",
        _ => return None,
    };
    match how {
        "address" => reading.opens_to(gate, Some(whom).filter(|address| !address.contains('-'))?, ",", family),
        "ipset" => {
            let function = key(whom)?.replacen("portcullis", "set", 1).replace('-', "_");
            let set = sets.iter().find(|set| whom.starts_with(part) && set.function == function)?;
            set.spans.iter().all(|(of, ..)| *of == family).then_some(())?;
            set.spans.iter().for_each(|span| reading.opens(gate, *span));
            Some(())
        }
        _ => None,
    }
}

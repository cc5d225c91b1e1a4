//! Reads firewalld's files back: rules of policies, and sets of addresses. Never reads what stands around them.

use super::{EVERYONE, Reading, Span, key, ports, protocol, quotable, shell, span};
use crate::net::{Direction, Family};

/// A set of addresses.
struct Set<'a> {
    /// The shell function that prints it.
    function: &'a str,
    spans: Vec<Span>,
    /// True once the text writes it under its name.
    written: bool,
}

/// Reads the rules; everything else is the frame.
pub fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut sets: Vec<Set> = Vec::new();
    let body = shell(text)?;
    let mut lines = body.lines();
    // Sets stand behind the rules that name them.
    while let Some(line) = lines.next() {
        if let Some(function) = line.strip_suffix("() {").filter(|name| name.starts_with("set_")) {
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
            let name =
                comment.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")).and_then(|(_, name)| key(name));
            of_flow =
                name.is_some_and(|name| name.contains('-')) || of_flow && comment == "Already allowed by a rule above";
        } else if reading.passes(line)? {
        } else if line.starts_with("set_") {
            lines.by_ref().take_while(|line| *line != "}").for_each(|_| reading.line += 1);
        } else if let Some(rest) = line.strip_prefix("    set_") {
            written(&mut sets, rest)?;
        } else if let Some((before, count)) = line.split_once("grep -c '^rule ')\" = ") {
            let way = usize::from(before.contains("-out "));
            let (count, rest) = count.split_once(' ')?;
            (count.parse() == Ok(counts[way])).then_some(())?;
            reading.frame(before);
            reading.frame(rest);
        } else if let (true, Some(direction)) = (line.starts_with("  <rule"), direction) {
            // firewalld has each rule once.
            (!rules.contains(&line)).then(|| rules.push(line))?;
            counts[usize::from(direction == Direction::Egress)] += 1;
            match of_flow {
                true => rule(reading, &sets, direction, line)?,
                false => reading.frame(line),
            }
        } else {
            direction = match line {
                "policy_in() {" => Some(Direction::Ingress),
                "policy_out() {" => Some(Direction::Egress),
                "RULES" => None,
                _ => direction,
            };
            if line == "RULES" {
                of_flow = false;
                rules.clear();
            }
            reading.frame(line);
        }
    }
    sets.iter().all(|set| set.written).then_some(())
}

/// The members of a set; all of one family, none within another.
fn entries<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<Vec<Span>> {
    let head = ["cat <<'RULES'", "<?xml version=\"1.0\" encoding=\"utf-8\"?>", "<ipset type=\"hash:net\">"];
    head.iter().all(|expected| lines.next() == Some(expected)).then_some(())?;
    let family = match lines.next()? {
        "  <option name=\"family\" value=\"inet\"/>" => Family::V4,
        "  <option name=\"family\" value=\"inet6\"/>" => Family::V6,
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
    let (function, path) = rest.split_once(" >\"$1/ipsets/portcullis-")?;
    let name = path.strip_suffix(" &&").unwrap_or(path).strip_suffix(".xml\"").filter(|name| name.len() <= 20)?;
    let set = sets.iter_mut().find(|set| set.function.strip_prefix("set_") == Some(function) && !set.written)?;
    set.written = key(name)?.replace('-', "_") == function;
    Some(())
}

/// `  <rule family="ipv4"><source address="192.0.2.1"/><port port="443" protocol="tcp"/><accept/></rule>`
fn rule(reading: &mut Reading, sets: &[Set], direction: Direction, line: &str) -> Option<()> {
    let (peer, port) =
        line.strip_prefix("  <rule")?.strip_suffix("\"/><accept/></rule>")?.split_once("<port port=\"")?;
    let (range, name) = port.split_once("\" protocol=\"")?;
    let (first, last) = ports(range, '-')?;
    let gate = (direction, protocol(name)?, first, last);
    if peer == ">" {
        reading.opens_to_everyone(gate);
        return Some(());
    }
    let (family, peer) = peer.strip_prefix(" family=\"ipv")?.split_once("\"><")?;
    let (family, _, _) = EVERYONE.into_iter().find(|(of, ..)| family == if *of == Family::V4 { "4" } else { "6" })?;
    let (end, part) = match direction {
        Direction::Ingress => ("source ", "in-"),
        Direction::Egress => ("destination ", "out-"),
    };
    let peer = peer.strip_prefix(end)?.strip_suffix("\"/>")?;
    match peer.strip_prefix("ipset=\"portcullis-") {
        Some(name) => {
            let function = key(name.starts_with(part).then_some(name)?)?.replace('-', "_");
            let set = sets.iter().find(|set| set.function.strip_prefix("set_") == Some(function.as_str()))?;
            set.spans.iter().all(|(of, ..)| *of == family).then_some(())?;
            set.spans.iter().for_each(|span| reading.opens(gate, *span));
            Some(())
        }
        None => {
            let address = peer.strip_prefix("address=\"").filter(|address| !address.contains('-'))?;
            reading.opens_to(gate, address, ",", Some(family))
        }
    }
}

//! Reads AWS rules in Terraform back. Never reads what stands around them.

use super::{End, Reader, Reading, group, holes, quotable, quoted_network, word};

/// The record.
pub static READER: Reader = Reader { dialect: "aws-terraform", read };

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let (number_of, own) = (reading.own.to_string(), format!("portcullis_g{}", reading.own));
    let mut names: Vec<&str> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        reading.line += 1;
        if line.is_empty() || line.starts_with("# ") {
        } else if let Some([way, name, _]) =
            holes("resource \"aws_vpc_security_group_~_rule\" \"~\" { # ~", line).as_deref()
        {
            // Terraform refuses a name that is there twice.
            (word(name)?.starts_with(&own) && !names.contains(name)).then(|| names.push(name))?;
            let mut values = String::new();
            for line in lines.by_ref().take(7) {
                reading.line += 1;
                let (name, value) = line.split_once(" = ").unwrap_or((line, ""));
                values = values + name.trim_matches(' ') + " = " + value + "\n";
            }
            rule(reading, &own, way, &values)?;
        } else if let Some([sentence]) = holes("    \"Held back: ~.\",", line).as_deref() {
            quotable(sentence)?;
            reading.held += 1;
        } else {
            // What the user may call things.
            let usual = match holes("  ~ = ~", line).as_deref() {
                Some(["name       ", name]) => word(holes("\"~\"", name)?[0].strip_suffix(&number_of)?)?,
                Some(["vpc_id     ", vpc]) => word(holes("\"~\"", vpc).map_or(*vpc, |found| found[0]))?,
                Some(["tags       ", tags]) => quotable(holes("{ Name = \"~\" }", tags)?[0])?,
                _ => "",
            };
            reading.last = line;
            match line.strip_suffix(" of Portcullis\"").and_then(|line| line.strip_suffix(&number_of)) {
                _ if !usual.is_empty() => reading.hash(line.get(..14).unwrap_or("")),
                Some(described) => reading.hash(described),
                None => reading.frame_as(&line.replace(&own, "")),
            }
            reading.refuses |= holes("      condition     = length(local.~_held_back) == 0", line) == Some(vec![&own]);
        }
    }
    Some(())
}

/// A rule: group, other end, protocol, ports, what it is for.
const RULE: &str = "security_group_id = aws_security_group.~.id
~ = ~
ip_protocol = \"~\"
from_port = ~
to_port = ~
description = \"~\"
} = \n";

fn rule(reading: &mut Reading, own: &str, way: &str, values: &str) -> Option<()> {
    let [of, word, peer, name, first, last, text] = holes(RULE, values)?[..] else { return None };
    let end = match word {
        _ if of != own => None,
        "referenced_security_group_id" => group(holes("aws_security_group.portcullis_g~.id", peer)?[0]),
        "cidr_ipv4" => quoted_network(peer, End::V4),
        "cidr_ipv6" => quoted_network(peer, End::V6),
        _ => None,
    };
    reading.opens_in([way, name, first, last, text], end)
}

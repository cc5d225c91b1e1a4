//! Reads AWS rules in CloudFormation back. Never reads what stands around them.

use super::{End, Reader, Reading, group, holes, number, quotable, quoted_network};

/// The record.
pub static READER: Reader = Reader { dialect: "aws-cloudformation", read };

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let mut groups: Vec<u32> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        reading.line += 1;
        if line.starts_with("# ") || line.starts_with("  # ") {
        } else if let Some([name]) = holes("Description: \"Portcullis: rules of ~\"", line).as_deref() {
            quotable(name)?;
            reading.frame("Description");
        } else if let Some([group]) = holes("  G~:", line).as_deref() {
            // A parameter for each group that is named, of a kind that is the same for all.
            let [_, kind, called] = [line, lines.next()?, lines.next()?];
            quotable(holes("    Description: \"Security group of ~\"", called)?[0])?;
            let group = number(group).filter(|group| kind == GROUP && !groups.contains(group))?;
            reading.line += 2;
            groups.push(group);
        } else if let Some([group]) =
            holes("      - Assert: {\"Fn::Equals\": [{Ref: G~}, \"filled in\"]}", line).as_deref()
        {
            quotable(holes(HELD_BACK, lines.next()?)?[0]).filter(|_| number(group) == Some(reading.own))?;
            reading.line += 1;
            reading.held += 1;
            // Each of these sentences is one that refuses.
            reading.refuses = reading.last == "    Assertions:";
        } else if let Some([name, _]) = holes("  ~: # ~", line).as_deref() {
            (name.bytes().all(|b| b.is_ascii_alphanumeric()) && !names.contains(name)).then(|| names.push(name))?;
            let values: Vec<&str> = lines.by_ref().take(8).collect();
            reading.line += values.len();
            rule(reading, &(values.join("\n")))?;
        } else if let Some([group]) = holes("    Metadata: {Group: {Ref: G~}}", line).as_deref() {
            number(group).filter(|group| *group == reading.own)?;
            reading.frame("    Metadata");
        } else {
            reading.frame(line);
        }
    }
    // Its own group is the first.
    reading.means(&groups)
}

const GROUP: &str = "    Type: AWS::EC2::SecurityGroup::Id";
const HELD_BACK: &str =
    "        AssertDescription: \"Held back: ~. Fill in what is missing on the page and copy again.\"";

/// A rule: direction, group, protocol, ports, other end, what it is for.
const RULE: &str = "    Type: AWS::EC2::SecurityGroup~
    Properties:
      GroupId: {Ref: G~}
      IpProtocol: ~
      FromPort: ~
      ToPort: ~
      ~: ~
      Description: \"~\"";

fn rule(reading: &mut Reading, text: &str) -> Option<()> {
    let [way, of, name, first, last, word, peer, text] = holes(RULE, text)?[..] else { return None };
    number(of).filter(|of| *of == reading.own)?;
    let end = match (way, word) {
        (_, "CidrIp") => quoted_network(peer, End::V4),
        (_, "CidrIpv6") => quoted_network(peer, End::V6),
        ("Ingress", "SourceSecurityGroupId") | ("Egress", "DestinationSecurityGroupId") => {
            group(holes("{Ref: G~}", peer)?[0])
        }
        _ => None,
    };
    let way = match way {
        "Ingress" => "ingress",
        "Egress" => "egress",
        _ => return None,
    };
    reading.opens_in([way, name, first, last, text], end)
}

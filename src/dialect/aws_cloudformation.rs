//! CloudFormation: a stack of rules for the security group of one group of machines. Its own group and those that it refers to
//! are parameters, so that whoever made them does not matter, and no stack waits for another.
//!
//! What it must get right (firewall-facts section 4.7): logical names come from what a rule is, since CloudFormation makes anew
//! what has another name, and would find the old rule in its way; there is no `!` in YAML's short forms here, since a shell may
//! take it for its history; a template needs a resource, also where there is no rule.

use std::fmt::Write;

use super::aws::{AWS, NAMES, Row, rows};
use super::cloud::{Peer, described, others};
use super::{Dialect, Plan, Text, plain};
use crate::net::{Direction, Family};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "aws-cloudformation",
    name: "AWS, CloudFormation",
    extension: "yaml",
    how: "Save it, and run the commands below with the ids of your security groups.",
    lasts: "Safe to apply again: CloudFormation changes only what differs, and removes what a newer text lacks.",
    print,
    ..AWS
};

fn print(plan: &Plan, text: Text) -> String {
    let mut out = String::new();
    for line in &plan.header {
        let _ = writeln!(out, "# {line}");
    }
    let mut groups = vec![(plan.group, plan.name)];
    groups.append(&mut others(plan));
    let ids: Vec<String> = groups.iter().map(|(number, _)| format!("G{number}=sg-ID")).collect();
    let deploy = format!(
        "aws cloudformation deploy --stack-name {}{} --template-file FILE --parameter-overrides {}",
        plan.setting(NAMES.id),
        plan.group,
        ids.join(" ")
    );
    let _ = write!(
        out,
        "# Try it: {deploy} --no-execute-changeset
# Apply it, also after a change: {deploy}
# Take it out: aws cloudformation delete-stack --stack-name {}{}
AWSTemplateFormatVersion: \"2010-09-09\"
Description: \"Portcullis: rules of {}\"
Parameters:
",
        plan.setting(NAMES.id),
        plan.group,
        plain(plan.name).chars().take(255).collect::<String>()
    );
    for (number, name) in &groups {
        let name = plain(name);
        let _ = write!(
            out,
            "  G{number}:
    Type: AWS::EC2::SecurityGroup::Id
    Description: \"Security group of {name}\"
"
        );
    }
    let refusals = if text.has_rules() { plan.refusals(plain) } else { Vec::new() };
    if !refusals.is_empty() {
        out.push_str("Rules:\n  HeldBack:\n    Assertions:\n");
        for refusal in &refusals {
            let _ = write!(
                out,
                "      - Assert: {{\"Fn::Equals\": [{{Ref: G{}}}, \"filled in\"]}}
        AssertDescription: \"Held back: {refusal}. Fill in what is missing on the page and copy again.\"
",
                plan.group
            );
        }
    }
    out.push_str("Resources:\n");
    let rows = rows(plan);
    for row in &rows {
        rule(&mut out, plan.group, row);
    }
    if rows.is_empty() {
        let _ = write!(
            out,
            "  NoRule:
    Type: AWS::CloudFormation::WaitConditionHandle
    Metadata: {{Group: {{Ref: G{}}}}}
",
            plan.group
        );
    }
    out
}

fn rule(out: &mut String, own: u32, row: &Row) {
    let ingress = row.direction == Direction::Ingress;
    let (kind, end) = if ingress { ("Ingress", "Source") } else { ("Egress", "Destination") };
    let peer = match &row.peer {
        Peer::Group(number) => format!("{end}SecurityGroupId: {{Ref: G{number}}}"),
        Peer::Network(Family::V4, network) => format!("CidrIp: \"{network}\""),
        Peer::Network(Family::V6, network) => format!("CidrIpv6: \"{network}\""),
    };
    let _ = write!(
        out,
        "{}  {kind}{}{}x{}: # {}
    Type: AWS::EC2::SecurityGroup{kind}
    Properties:
      GroupId: {{Ref: G{own}}}
      IpProtocol: {}
      FromPort: {}
      ToPort: {}
      {peer}
      Description: \"{}\"
",
        row.comments("  "),
        row.protocol,
        row.ports.to_string().replace('-', "to"),
        row.peer.name('x'),
        row.key(),
        row.protocol.lower(),
        row.ports.first(),
        row.ports.last(),
        described(&row.flows)
    );
}

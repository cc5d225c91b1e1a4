//! Terraform: the security group of one group of machines, and a resource for each of its rules. The texts of several groups
//! stand beside each other in one module and refer to each other by the names of their groups.
//!
//! What it must get right (firewall-facts section 4.7): names come from what a rule is, never from its position or from
//! anything that may be renamed, since Terraform destroys and makes anew what has another name (so do a security group's name
//! and description); rules are never mixed with rules inside the group; the provider refuses host bits.

use std::fmt::Write;

use super::aws::{AWS, NAMES, Row, is_vpc, rows};
use super::cloud::{PEERS, Peer, described, expressed, is_expression, others, precondition};
use super::{Dialect, Field, Plan, Text, plain};
use crate::net::{Direction, Family, Policy};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "aws-terraform",
    name: "AWS, Terraform",
    extension: "tf",
    how: "Save it beside the texts of the other groups, in one Terraform module with the provider hashicorp/aws, version 5 or later. Try it: terraform plan. Apply it, also after a change: terraform apply.",
    lasts: "Safe to apply again: Terraform changes only what differs, and removes what a newer text lacks. Take it out: delete this file and what refers to its group, then terraform apply.",
    assumes,
    fields: &[PEERS, NAMES, VPC],
    print,
    ..AWS
};

const VPC: Field = Field {
    id: "vpc",
    label: "VPC (an id, or an expression)",
    default: "var.vpc_id",
    check: |text| match is_vpc(text) || is_expression(text) {
        true => Ok(()),
        false => Err("write an id as vpc-0123abcd, or an expression as var.vpc_id."),
    },
};

fn assumes(_: Policy, direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => {
            "A security group lets in only what a rule of it lists, and another group on the same machines may let in more. Terraform removes the rule with which AWS lets everything out of a new group: without the egress rules, nothing may go out."
        }
        Direction::Egress => {
            "Terraform removes the rule with which AWS lets everything out of a new group: only what is listed may go out. Add what the machines themselves need, such as updates. DNS and time from AWS need no rule."
        }
    }
}

/// What our security group of that number is called in the module.
fn group(number: u32) -> String {
    format!("portcullis_g{number}")
}

fn print(plan: &Plan, text: Text) -> String {
    let mut out = String::new();
    for line in &plan.header {
        let _ = writeln!(out, "# {line}");
    }
    let own = group(plan.group);
    for (number, name) in others(plan) {
        let _ = writeln!(out, "# Refers to aws_security_group.{}, from the text of {}.", group(number), plain(name));
    }
    let vpc = expressed(&mut out, plan.setting(VPC.id));
    let name: String = plain(plan.name).chars().take(255).collect();
    let _ = write!(
        out,
        "
resource \"aws_security_group\" \"{own}\" {{
  name        = \"{}{}\"
  description = \"Group {} of Portcullis\"
  vpc_id      = {vpc}
  tags        = {{ Name = \"{name}\" }}
",
        plan.setting(NAMES.id),
        plan.group,
        plan.group
    );
    out.push_str(&precondition(plan, text, &own));
    for row in rows(plan) {
        rule(&mut out, &own, &row);
    }
    out
}

fn rule(out: &mut String, own: &str, row: &Row) {
    let way = row.direction.lower();
    let (field, peer, width) = match &row.peer {
        Peer::Group(number) => {
            ("referenced_security_group_id", format!("aws_security_group.{}.id", group(*number)), 28)
        }
        Peer::Network(Family::V4, network) => ("cidr_ipv4", format!("\"{network}\""), 17),
        Peer::Network(Family::V6, network) => ("cidr_ipv6", format!("\"{network}\""), 17),
    };
    let _ = writeln!(
        out,
        "\n{}resource \"aws_vpc_security_group_{way}_rule\" \"{own}_{}\" {{ # {}",
        row.comments(""),
        row.name(),
        row.key()
    );
    for (name, value) in [
        ("security_group_id", format!("aws_security_group.{own}.id")),
        (field, peer),
        ("ip_protocol", format!("\"{}\"", row.protocol.lower())),
        ("from_port", row.ports.first().to_string()),
        ("to_port", row.ports.last().to_string()),
        ("description", format!("\"{}\"", described(&row.flows))),
    ] {
        let _ = writeln!(out, "  {name:<width$} = {value}");
    }
    out.push_str("}\n");
}

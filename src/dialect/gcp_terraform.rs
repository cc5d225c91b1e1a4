//! Terraform: a resource for each firewall rule of one group of machines in Google Cloud. The texts of several groups stand
//! beside each other in one module; they know each other by network tags only, so that none waits for another.
//!
//! What it must get right, besides what `gcp.rs` says: a resource that is called otherwise is destroyed and made anew, so names
//! come from names of rules; what the provider would fill in by itself is written out.

use std::fmt::Write;

use super::cloud::{PEERS, described, expressed, is_expression};
use super::gcp::{GCP, Row, TAGS, is_network, rows, tag, tags};
use super::{Dialect, Field, Plan, Text, plain};
use crate::net::Direction;

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "gcp-terraform",
    name: "Google Cloud, Terraform",
    texts: &[Text::Apply],
    extension: "tf",
    how: "Save it beside the texts of the other groups, in one Terraform module with the provider hashicorp/google. Try it: terraform plan. Apply it, also after a change: terraform apply.",
    lasts: "Safe to apply again: Terraform changes only what differs, and removes what a newer text lacks. Take it out: delete this file, then terraform apply.",
    fields: &[PEERS, TAGS, NETWORK],
    print,
    ..GCP
};

/// The network that the rules are for.
const NETWORK: Field = Field {
    id: "network",
    label: "VPC network (a name, or an expression)",
    default: "var.network",
    check: |text| match is_network(text) || is_expression(text) {
        true => Ok(()),
        false => Err("write a name of small letters, digits and -, or an expression as var.network."),
    },
};

fn print(plan: &Plan, _: Text) -> String {
    let mut out = String::new();
    for line in &plan.header {
        let _ = writeln!(out, "# {line}");
    }
    out.push_str(&tags(plan, "tags = [\"", "\"] in its google_compute_instance or google_compute_instance_template"));
    let network = expressed(&mut out, plan.setting(NETWORK.id));
    let refusals = plan.refusals(plain);
    if !refusals.is_empty() {
        let held = format!("portcullis_g{}_held_back", plan.group);
        let _ = write!(out, "\nlocals {{\n  {held} = [\n");
        for refusal in refusals {
            let _ = writeln!(out, "    \"Held back: {refusal}.\",");
        }
        let _ = write!(
            out,
            "  ]
}}

output \"{held}\" {{
  value = local.{held}

  precondition {{
    condition     = length(local.{held}) == 0
    error_message = join(\" \", concat([\"Nothing was changed. Fill in what is missing on the page.\"], local.{held}))
  }}
}}
"
        );
    }
    for row in rows(plan, "") {
        rule(&mut out, plan, &network, &row);
    }
    out
}

fn rule(out: &mut String, plan: &Plan, network: &str, row: &Row) {
    let Row { flow, comment, name, end, .. } = row;
    let direction = if flow.direction == Direction::Ingress { "INGRESS" } else { "EGRESS" };
    let peers = row.peers("\", \"", "\",\n    \"");
    let peers = match peers.contains('\n') {
        true => format!("\n    \"{peers}\",\n  "),
        false => format!("\"{peers}\""),
    };
    let _ = write!(
        out,
        "
{comment}resource \"google_compute_firewall\" \"{}\" {{ # {}
  name        = \"{name}\"
  description = \"{}\"
  network     = {network}
  direction   = \"{direction}\"
  priority    = 1000
  disabled    = false
  target_tags = [\"{}\"]

  {} = [{peers}]

  allow {{
    protocol = \"{}\"
    ports    = [\"{}\"]
  }}
}}
",
        name.replace('-', "_"),
        flow.key,
        described(&[row.flow]),
        tag(plan, plan.group),
        end.replace('-', "_"),
        flow.protocol.lower(),
        flow.ports
    );
}

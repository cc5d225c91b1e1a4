//! Terraform: the network security group of one group of machines, its application security group, and a resource for each rule.
//! The texts of several groups stand beside each other in one module and refer to each other by the names of their groups.
//!
//! What it must get right (firewall-facts section 4.8): names and priorities come from what a rule is, since Terraform may make
//! a new rule before the old one with its priority is gone; rules are never mixed with rules inside the group.

use std::fmt::Write;

use super::azure::{AZURE, End, NAMES, Row, by_groups, rows};
use super::cloud::{others, precondition};
use super::{Dialect, Plan, Text, plain};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "azure-terraform",
    name: "Azure, Terraform",
    extension: "tf",
    how: "Save it beside the texts of the other groups, in one Terraform module with the provider hashicorp/azurerm. Try it: terraform plan. Apply it, also after a change: terraform apply. It counts once the network security group is on the network interfaces of the machines, or on a subnet of theirs alone.",
    lasts: "Safe to apply again: Terraform changes only what differs, and removes what a newer text lacks. Take it out: delete this file and what refers to its groups, then terraform apply.",
    print,
    ..AZURE
};

fn print(plan: &Plan, text: Text) -> String {
    let mut out = String::new();
    for line in &plan.header {
        let _ = writeln!(out, "# {line}");
    }
    let own = format!("portcullis_g{}", plan.group);
    out.push_str(match by_groups(plan) {
        true => "# Once, for every network interface: azurerm_network_interface_security_group_association and
# azurerm_network_interface_application_security_group_association with the groups below.
# All these network interfaces are in one virtual network: otherwise refer to groups by their addresses on the page.
",
        false => "# Once, for every network interface: azurerm_network_interface_security_group_association with the group below.
# The machines themselves stand as *: whatever the network security group is on.
",
    });
    for (number, name) in others(plan) {
        let name = plain(name);
        let _ = writeln!(
            out,
            "# Refers to azurerm_application_security_group.portcullis_g{number}, from the text of {name}."
        );
    }
    out.push_str("# Once in the module: variable \"location\" { type = string } and variable \"resource_group_name\" { type = string }\n");
    let group = |out: &mut String, kind: &str| {
        let _ = write!(
            out,
            "
resource \"azurerm_{kind}_security_group\" \"{own}\" {{
  name                = \"{}{}\"
  location            = var.location
  resource_group_name = var.resource_group_name
",
            plan.setting(NAMES.id),
            plan.group
        );
    };
    if by_groups(plan) {
        group(&mut out, "application");
        out.push_str("}\n");
    }
    group(&mut out, "network");
    out.push_str(&precondition(plan, text, &own));
    for row in rows(plan) {
        rule(&mut out, &own, &row);
    }
    out
}

fn rule(out: &mut String, own: &str, row: &Row) {
    let (name, (way, protocol)) = (row.name(), row.words());
    let _ = write!(
        out,
        "
resource \"azurerm_network_security_rule\" \"{own}_{}\" {{
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.{own}.name
  name                        = \"{name}\"
  description                 = \"{}\"
  priority                    = {}
  direction                   = \"{way}\"
  access                      = \"Allow\"
  protocol                    = \"{protocol}\"
  source_port_range           = \"*\"

",
        name.replace('-', "_"),
        row.description(),
        row.priority()
    );
    // What stands below each other in one line each is aligned.
    let ends = row.ends().map(|(end, of)| match of {
        End::Everyone => (format!("{end}_address_prefix"), "\"*\"".to_owned()),
        End::Group(number) => (
            format!("{end}_application_security_group_ids"),
            format!("[azurerm_application_security_group.portcullis_g{number}.id]"),
        ),
        End::Networks(_, networks) => {
            let mut list = "[\n".to_owned();
            for network in networks {
                let _ = writeln!(list, "    \"{network}\",");
            }
            (format!("{end}_address_prefixes"), list + "  ]")
        }
    });
    let listed = ends.iter().any(|(_, value)| value.contains('\n'));
    let width = if listed { 0 } else { ends.iter().map(|(name, _)| name.len()).max().unwrap_or(0) };
    for (name, value) in ends {
        let _ = writeln!(out, "  {name:<width$} = {value}");
    }
    out.push_str("  destination_port_ranges = [\n");
    for flow in &row.flows {
        let (key, purpose, ports) = (&flow.key, plain(&flow.purpose), flow.ports);
        let _ = writeln!(out, "    # {key}: {purpose}\n    \"{ports}\",");
    }
    out.push_str("  ]\n}\n");
}

//! Bicep: the network security group of one group of machines with all its rules, and the application security groups by which
//! they mean machines. The texts of several groups name the same ones, and may be deployed in any order.
//!
//! What it must get right (firewall-facts section 4.8): rules stand within the group, so that a rule that a newer text lacks is
//! gone, and rules that somebody else wants come in by a parameter; a text that holds something back cannot be compiled.

use std::fmt::Write;

use super::azure::{AZURE, End, NAMES, Row, by_groups, groups, rows};
use super::{Dialect, Plan, Text, plain};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "azure-bicep",
    name: "Azure, Bicep",
    extension: "bicep",
    how: "Save it, and run a command below with this file and your resource group. It counts once the network security group is on the network interfaces of the machines, or on a subnet of theirs alone.",
    lasts: "Safe to apply again: the network security group then has exactly these rules, and those in its parameter ownRules. Any other is removed.",
    print,
    ..AZURE
};

fn print(plan: &Plan, text: Text) -> String {
    let mut out = String::new();
    for line in &plan.header {
        let _ = writeln!(out, "// {line}");
    }
    let names = plan.setting(NAMES.id);
    let name = format!("{names}{}", plan.group);
    let _ = write!(
        out,
        "// Try it: az deployment group what-if --resource-group RG --template-file FILE
// Apply it, also after a change: az deployment group create --resource-group RG --template-file FILE
// Rules of your own: add --parameters ownRules=@JSON to both, always, with a file that has a list of them as below.
// Once, for every network interface, in place of the group it has: az network nic update --resource-group RG --name NIC --network-security-group {name}
"
    );
    out.push_str(&match by_groups(plan) {
        true => format!("// and for each of its addresses: az network nic ip-config update --resource-group RG --nic-name NIC --name IPCONFIG --application-security-groups {name}
// All these network interfaces are in one virtual network: otherwise refer to groups by their addresses on the page.
"),
        false => "// The machines themselves stand as *: whatever the network security group is on.\n".to_owned(),
    });
    if let [direction] = plan.directions {
        let way = direction.lower();
        let _ = writeln!(out, "// Only {way}: rules of the other direction from an earlier text are removed.");
    }
    let _ = write!(
        out,
        "// Take it out: take the groups off the network interfaces, then az network nsg delete --resource-group RG --name {name}

param location string = resourceGroup().location
param ownRules array = []
"
    );
    let refusals = if text.has_rules() { plan.refusals(plain) } else { Vec::new() };
    for (at, refusal) in refusals.iter().enumerate() {
        let _ = write!(
            out,
            "
@allowed(['filled in'])
param heldBack{at} string = 'Held back: {refusal}. Fill in what is missing on the page and copy again.'
"
        );
    }
    for (number, called) in groups(plan) {
        let _ = write!(
            out,
            "
// {}
resource g{number} 'Microsoft.Network/applicationSecurityGroups@2024-05-01' = {{
  name: '{names}{number}'
  location: location
}}
",
            plain(called)
        );
    }
    let _ = write!(
        out,
        "
resource nsg 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {{
  name: '{name}'
  location: location
  properties: {{
    securityRules: concat(ownRules, [
"
    );
    for row in rows(plan) {
        rule(&mut out, &row);
    }
    out.push_str("    ])\n  }\n}\n");
    out
}

fn rule(out: &mut String, row: &Row) {
    let (way, protocol) = row.words();
    let _ = write!(
        out,
        "      {{
        name: '{}'
        properties: {{
          description: '{}'
          priority: {}
          direction: '{way}'
          access: 'Allow'
          protocol: '{protocol}'
          sourcePortRange: '*'
",
        row.name(),
        row.description(),
        row.priority()
    );
    for (end, of) in row.ends() {
        let _ = match of {
            End::Everyone => writeln!(out, "          {end}AddressPrefix: '*'"),
            End::Group(number) => writeln!(out, "          {end}ApplicationSecurityGroups: [{{ id: g{number}.id }}]"),
            End::Networks(_, networks) => {
                let _ = writeln!(out, "          {end}AddressPrefixes: [");
                for network in networks {
                    let _ = writeln!(out, "            '{network}'");
                }
                writeln!(out, "          ]")
            }
        };
    }
    out.push_str("          destinationPortRanges: [\n");
    for flow in &row.flows {
        let (key, purpose, ports) = (&flow.key, plain(&flow.purpose), flow.ports);
        let _ = writeln!(out, "            // {key}: {purpose}\n            '{ports}'");
    }
    out.push_str("          ]\n        }\n      }\n");
}

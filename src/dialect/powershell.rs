//! Windows PowerShell, module NetSecurity: allow rules added to Windows Defender Firewall, in rule groups of their own.
//! Never changes a profile, never touches a rule outside those groups.
//!
//! What it must get right (firewall-facts section 4.1): `Name` is the key, so it is stable; an outbound rule filters the
//! *remote* port (vendor samples filter the local one, which matches nothing); a selector of `Remove-NetFirewallRule` is
//! always a literal or one of our own names, since without one it deletes every rule of the machine. No empty line: a
//! console that reads a pasted block line by line would end it there.

use std::fmt::Write;

use super::{Dialect, Plan, Planned, Text, plain};
use crate::net::{Address, Direction, Policy, System};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "powershell",
    name: "Windows PowerShell",
    system: System::Windows,
    extension: "ps1",
    line_end: "\r\n",
    how: "Paste into PowerShell opened with Run as administrator, or save it and run: powershell -ExecutionPolicy Bypass -File",
    lasts: "Safe to run again. Survives a restart.",
    assumes,
    fields: &[],
    clean: plain,
    says: |address| !matches!(address, Address::Name(_)),
    print,
};

fn assumes(_: Policy, direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => {
            "Windows blocks inbound traffic by default: these rules admit what is listed. A block rule beats them."
        }
        Direction::Egress => {
            "Outbound is allowed by default on Windows: these egress rules change nothing until you block it."
        }
    }
}

/// The rule group of a direction: a literal, with no character that Windows reads as a wildcard.
const fn group(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "Portcullis ingress",
        Direction::Egress => "Portcullis egress",
    }
}

fn print(plan: &Plan, text: Text) -> String {
    let mut out = String::from("& {\n");
    for line in &plan.header {
        let _ = writeln!(out, "# {line}");
    }
    out.push_str("$ErrorActionPreference = 'Stop'\n");
    if text != Text::TakeOut {
        let refusals = plan.refusals(plain);
        for refusal in &refusals {
            let _ = writeln!(out, "Write-Warning 'Held back: {refusal}.'");
        }
        if !refusals.is_empty() {
            out.push_str(
                "Write-Warning 'Nothing was changed. Fill in what is missing on the page and copy again.'\nreturn\n",
            );
        }
    }
    out.push_str(ADMINISTRATOR);
    match text {
        Text::TakeOut => take_out(&mut out, plan),
        Text::Try | Text::Apply | Text::Guarded | Text::Keep => apply(&mut out, plan, text),
    }
    out.push_str("}\n");
    out
}

const ADMINISTRATOR: &str = "\
$me = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
  Write-Warning 'Nothing was changed: open PowerShell with Run as administrator and paste again.'
  return
}
";

const POLICY_CHECK: &str = "\
if (Get-NetFirewallProfile -PolicyStore ActiveStore | Where-Object { $_.AllowLocalFirewallRules -eq 'False' }) {
  Write-Warning 'A domain policy ignores local rules on this machine: ask whoever owns that policy to add these.'
}
";

fn apply(out: &mut String, plan: &Plan, text: Text) {
    let what_if = if text == Text::Try { " -WhatIf" } else { "" };
    for direction in plan.directions {
        let group = group(*direction);
        out.push_str("$rules = @(\n");
        for planned in plan.of(*direction) {
            rule(out, planned, *direction);
        }
        let _ = write!(
            out,
            ")
foreach ($rule in $rules) {{
  Get-NetFirewallRule -Name $rule.Name -ErrorAction SilentlyContinue | Remove-NetFirewallRule{what_if}
  New-NetFirewallRule @rule{what_if} | Out-Null
}}
Get-NetFirewallRule -Group '{group}' -ErrorAction SilentlyContinue | Where-Object {{ $rules.Name -notcontains $_.Name }} | \
             Remove-NetFirewallRule{what_if}
"
        );
        if text == Text::Apply {
            let _ = writeln!(out, "Write-Output ('{group}: ' + $rules.Count + ' rules in place.')");
        }
    }
    out.push_str(POLICY_CHECK);
}

fn rule(out: &mut String, planned: &Planned, direction: Direction) {
    let rule = planned.rule;
    let (source, destination) = (plain(&rule.source.name), plain(&rule.destination.name));
    let (way, port) = match direction {
        Direction::Ingress => ("Inbound", "LocalPort"),
        Direction::Egress => ("Outbound", "RemotePort"),
    };
    let peers = match &planned.peers {
        None => "'Any'".to_owned(),
        Some(peers) => {
            let quoted: Vec<String> = peers.iter().map(|peer| format!("'{peer}'")).collect();
            format!("@({})", quoted.join(", "))
        }
    };
    let (protocol, ports, purpose) = (rule.protocol, rule.ports, plain(&rule.purpose));
    let _ = write!(
        out,
        "  @{{ Name = 'Portcullis-{}-{}'; DisplayName = 'Portcullis: {source} to {destination}, {protocol} {ports}'
     Description = '{purpose}'; Group = '{}'
     Direction = '{way}'; Action = 'Allow'; Enabled = 'True'; Profile = 'Any'
     Protocol = '{protocol}'; {port} = '{ports}'; RemoteAddress = {peers} }}
",
        direction.lower(),
        rule.key,
        group(direction),
    );
}

fn take_out(out: &mut String, plan: &Plan) {
    for direction in plan.directions {
        let group = group(*direction);
        let _ = writeln!(
            out,
            "Get-NetFirewallRule -Group '{group}' -ErrorAction SilentlyContinue | Remove-NetFirewallRule\n\
             Write-Output '{group}: taken out.'"
        );
    }
}

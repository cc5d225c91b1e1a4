//! PowerShell, module NetSecurity: allow rules in Windows Defender Firewall, in rule groups of their own. *Additive*:
//! changes no profile, touches no rule outside those groups. *Whole host*: switches off every other local rule of the
//! direction and sets the profiles; never deletes a rule that is not ours, never touches what a domain policy says.
//!
//! What it must get right (firewall-facts section 4.1): `Name` is the key, so it is stable; an outbound rule filters the
//! *remote* port (vendor samples filter the local one, which matches nothing); a selector of `Remove-NetFirewallRule` is
//! always a literal or one of our own names, since without one it deletes every rule of the machine. No empty line: a
//! console that reads a pasted block line by line would end it there.
//!
//! The whole policy also switches off the *block* rules of others: a block rule beats every allow, so that with one left the
//! text would not say what passes. Windows can save and bring back only the policy of both directions at once (`netsh
//! advfirewall export` and `import`); so each direction is applied by itself, but while both are in place they are taken out
//! together, and the text for one of them says so and changes nothing.
//!
//! Every form is in Microsoft's reference (learn.microsoft.com, module NetSecurity, Windows Server 2019): New-NetFirewallRule
//! (`IcmpType`, `Enabled` as a word), Get-NetFirewallRule (`Group`, `Direction`, `Action`, `Enabled` together with
//! `PolicyStore`; `PersistentStore` holds the rules of this machine, `RSOP` those of domain policies, `ActiveStore` what is in
//! force), Disable-NetFirewallRule and Remove-NetFirewallRule (rules by pipe), Set-NetFirewallProfile (`All`, `Enabled`,
//! `DefaultInboundAction`, `DefaultOutboundAction`, `AllowInboundRules`), and "netsh advfirewall" in Windows Commands. Nothing of
//! this was run on Windows.

use std::fmt::Write;

use super::{Dialect, Place, Plan, Planned, Text, UNGUARDED, numbers_only, plain};
use crate::net::{Direction, Policy, System};
use crate::windows::{Base, SAVED, base, ours};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "powershell",
    name: "PowerShell",
    place: Place::Host(System::Windows),
    texts: &UNGUARDED,
    extension: "ps1",
    line_end: "\r\n",
    how: "Paste into PowerShell opened with Run as administrator, or save it and run: powershell -ExecutionPolicy Bypass -File",
    lasts: "Safe to run again. Survives a restart.",
    assumes,
    fields: &[],
    clean: plain,
    says: numbers_only,
    stores: true,
    refers: &[],
    exceeds: |_| Vec::new(),
    print,
};

fn assumes(policy: Policy, direction: Direction) -> &'static str {
    match (policy, direction) {
        (Policy::Additive, Direction::Ingress) => {
            "Windows blocks inbound traffic by default: these rules admit what is listed. A block rule beats them."
        }
        (Policy::Additive, Direction::Egress) => {
            "Outbound is allowed by default on Windows: these egress rules change nothing until you block it."
        }
        (Policy::WholeHost, Direction::Ingress) => {
            "Whole policy: incoming traffic that is not listed is dropped, and all other local rules for it are switched off. Rules of a domain policy stay. Take it out brings back the policy of both directions as it was saved before the first Apply, also where somebody changed it since."
        }
        (Policy::WholeHost, Direction::Egress) => {
            "Whole policy: all other local rules for outgoing traffic are switched off, and the profiles say what becomes of what is not listed. Rules of a domain policy stay."
        }
    }
}

/// Addresses in one line: a console cuts a pasted line, and a range of IPv6 addresses has up to 79 characters.
const MOST_IN_A_LINE: usize = 40;
/// Characters of a description.
const LONGEST_PURPOSE: usize = 1000;

fn print(plan: &Plan, text: Text) -> String {
    let mut out = String::from("& {\n");
    for line in &plan.header {
        let _ = writeln!(out, "# {line}");
    }
    out.push_str("$ErrorActionPreference = 'Stop'\n");
    if text.has_rules() {
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
    if text != Text::Keep {
        let _ = writeln!(out, "$saved = Join-Path $env:SystemRoot '{SAVED}'");
    }
    match text {
        Text::TakeOut => take_out(&mut out, plan),
        Text::Keep => keep(&mut out, plan),
        Text::Try | Text::Apply | Text::Guarded => apply(&mut out, plan, text),
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

/// Additive rules stop where the policy of the host is ours as a whole: taken out alone, they would leave a host that drops all.
const NOT_WHOLE: &str = "\
if (Test-Path -LiteralPath $saved) {
  Write-Warning 'Nothing was changed: the whole policy of this host is in place. Change that one, or take it out first.'
  return
}
";

const LOCAL_RULES_COUNT: &str = "\
if (Get-NetFirewallProfile -PolicyStore ActiveStore | Where-Object { $_.AllowLocalFirewallRules -eq 'False' }) {
  Write-Warning 'Nothing was changed: a domain policy ignores local rules on this machine. Ask whoever owns that policy.'
  return
}
";

/// A second run finds the file and leaves it.
const SAVE: &str = "\
if (-not (Test-Path -LiteralPath $saved)) {
  New-Item -ItemType Directory -Force -Path (Split-Path $saved) | Out-Null
  netsh advfirewall export $saved | Out-Null
  if ($LASTEXITCODE -ne 0 -or -not (Test-Path -LiteralPath $saved)) {
    Remove-Item -LiteralPath $saved -ErrorAction SilentlyContinue
    Write-Warning 'Nothing was changed: the policy that is there could not be saved.'
    return
  }
}
";

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "Inbound",
        Direction::Egress => "Outbound",
    }
}

/// Settings of every profile under a whole policy.
fn profile(plan: &Plan, direction: Direction) -> (&'static str, &'static str) {
    match (direction, plan.drops(direction)) {
        (Direction::Ingress, _) => (
            "-DefaultInboundAction Block -AllowInboundRules True",
            "$_.DefaultInboundAction -ne 'Block' -or $_.AllowInboundRules -eq 'False'",
        ),
        (Direction::Egress, true) => ("-DefaultOutboundAction Block", "$_.DefaultOutboundAction -ne 'Block'"),
        (Direction::Egress, false) => ("-DefaultOutboundAction Allow", "$_.DefaultOutboundAction -eq 'Block'"),
    }
}

fn apply(out: &mut String, plan: &Plan, text: Text) {
    let whole = plan.policy == Policy::WholeHost;
    let tries = text == Text::Try;
    let what_if = if tries { " -WhatIf" } else { "" };
    out.push_str(if whole { LOCAL_RULES_COUNT } else { NOT_WHOLE });
    if whole && !tries {
        out.push_str(SAVE);
    }
    for direction in plan.directions {
        let group = ours(*direction);
        out.push_str("$rules = @(\n");
        for planned in plan.of(*direction) {
            rule(out, planned, *direction);
        }
        for row in bases(plan, *direction) {
            base_rule(out, row, *direction);
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
        if whole {
            let (way, (settings, _)) = (way(*direction), profile(plan, *direction));
            // Ours, the administrators' among them, stand before anything is switched off.
            let _ = writeln!(
                out,
                "Get-NetFirewallRule -PolicyStore PersistentStore -Direction {way} -Enabled True -ErrorAction SilentlyContinue | \
                 Where-Object {{ $_.Group -ne '{group}' }} | Disable-NetFirewallRule{what_if}
Set-NetFirewallProfile -All -Enabled True {settings}{what_if}"
            );
        }
        if !tries {
            let _ = writeln!(out, "Write-Output ('{group}: rules in place: ' + $rules.Count)");
        }
    }
    if tries {
        out.push_str("Write-Output 'Nothing was changed.'\n");
    }
    checks(out, plan, tries);
}

/// What a rule of ours cannot do, looked up on the machine.
fn checks(out: &mut String, plan: &Plan, tries: bool) {
    let whole = plan.policy == Policy::WholeHost;
    out.push_str("$profiles = Get-NetFirewallProfile -PolicyStore ActiveStore\n");
    let mut warn = |condition: &str, sentence: &str| {
        let _ = writeln!(out, "if ($profiles | Where-Object {{ {condition} }}) {{\n  Write-Warning '{sentence}'\n}}");
    };
    if !whole {
        warn(
            "$_.AllowLocalFirewallRules -eq 'False'",
            "A domain policy ignores local rules on this machine: ask whoever owns that policy to add these.",
        );
        warn(
            "$_.Enabled -eq 'False'",
            "The firewall is off in a profile, where it filters nothing. To see which: Get-NetFirewallProfile",
        );
    }
    for direction in plan.directions {
        match (whole, direction) {
            (true, _) if tries => {}
            (true, _) => warn(
                &format!("$_.Enabled -eq 'False' -or {}", profile(plan, *direction).1),
                "A domain policy sets a profile in another way, and wins. To see: Get-NetFirewallProfile -PolicyStore ActiveStore",
            ),
            (false, Direction::Ingress) => {
                warn(
                    "$_.AllowInboundRules -eq 'False'",
                    "A profile blocks all incoming connections, whatever rules say. To see: Get-NetFirewallProfile",
                );
                warn(
                    "$_.DefaultInboundAction -eq 'Allow'",
                    "A profile allows incoming traffic by default: there the ingress rules change nothing.",
                );
            }
            (false, Direction::Egress) => warn(
                "$_.DefaultOutboundAction -ne 'Block'",
                "A profile allows outgoing traffic by default: there the egress rules change nothing.",
            ),
        }
    }
    for direction in plan.directions {
        let way = way(*direction);
        let mut count = |store: &str, action: &str, sentence: &str| {
            let list = format!("Get-NetFirewallRule -PolicyStore {store} -Direction {way}{action} -Enabled True");
            let _ = write!(
                out,
                "$others = @({list} -ErrorAction SilentlyContinue)
if ($others) {{
  Write-Warning ('{sentence}: ' + $others.Count + '. To list them: {list}')
}}
"
            );
        };
        if whole {
            count("RSOP", "", "Rules of a domain policy stay in force");
        } else {
            count("PersistentStore", " -Action Block", "Block rules of this machine beat these rules");
            count("RSOP", " -Action Block", "Block rules of a domain policy beat these rules");
        }
    }
}

/// What the direction needs besides its flows.
fn bases(plan: &Plan, direction: Direction) -> &'static [Base] {
    if plan.drops(direction) { base(direction) } else { &[] }
}

fn rule(out: &mut String, planned: &Planned, direction: Direction) {
    let rule = planned.rule;
    let (source, destination) = (plain(&rule.source.name), plain(&rule.destination.name));
    let port = match direction {
        Direction::Ingress => "LocalPort",
        Direction::Egress => "RemotePort",
    };
    let (protocol, ports) = (rule.protocol, rule.ports);
    let matches = format!(
        "Protocol = '{protocol}'; {port} = '{ports}'; RemoteAddress = {}",
        match &planned.peers {
            None => "'Any'".to_owned(),
            Some(peers) => array(peers),
        }
    );
    let title = format!("{source} to {destination}, {protocol} {ports}");
    let purpose: String = plain(&rule.purpose).chars().take(LONGEST_PURPOSE).collect();
    entry(out, direction, &rule.key, &title, &purpose, &matches);
}

fn base_rule(out: &mut String, row: &Base, direction: Direction) {
    let mut matches = format!("Protocol = '{}'", row.protocol);
    let _ = match (row.ports, row.types) {
        (Some((own, other)), _) => write!(matches, "; LocalPort = '{own}'; RemotePort = '{other}'"),
        (None, []) => write!(matches, "; IcmpType = 'Any'"),
        (None, types) => write!(matches, "; IcmpType = {}", array(types)),
    };
    let _ = match row.peers {
        [] => write!(matches, "; RemoteAddress = 'Any'"),
        peers => write!(matches, "; RemoteAddress = {}", array(peers)),
    };
    entry(out, direction, row.key, row.title, "What every machine needs", &matches);
}

fn entry(out: &mut String, direction: Direction, key: &str, title: &str, purpose: &str, matches: &str) {
    let (way, group) = (way(direction), ours(direction));
    let _ = write!(
        out,
        "  @{{ Name = '{}'; DisplayName = 'Portcullis: {title}'
     Description = '{purpose}'; Group = '{group}'
     Direction = '{way}'; Action = 'Allow'; Enabled = 'True'; Profile = 'Any'
     {matches} }}
",
        name(direction, key),
    );
}

fn name(direction: Direction, key: &str) -> String {
    format!("Portcullis-{}-{key}", direction.lower())
}

fn array<T: std::fmt::Display>(items: &[T]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("'{item}'")).collect();
    let lines: Vec<String> = quoted.chunks(MOST_IN_A_LINE).map(|line| line.join(", ")).collect();
    format!("@({})", lines.join(",\n       "))
}

/// Looks that the rules are where they survive a restart; there is nothing else to do.
fn keep(out: &mut String, plan: &Plan) {
    for direction in plan.directions {
        let group = ours(*direction);
        out.push_str("$names = @(\n");
        let keys = plan.of(*direction).map(|planned| planned.rule.key.as_str());
        for key in keys.chain(bases(plan, *direction).iter().map(|row| row.key)) {
            let _ = writeln!(out, "  '{}'", name(*direction, key));
        }
        let _ = write!(
            out,
            ")
if ($names | Where-Object {{ -not (Get-NetFirewallRule -PolicyStore PersistentStore -Name $_ -ErrorAction SilentlyContinue | Where-Object {{ $_.Enabled -eq 'True' }}) }}) {{
  Write-Warning '{group}: rules are missing or switched off. Use Apply first.'
  return
}}
"
        );
        if plan.policy == Policy::WholeHost {
            let _ = write!(
                out,
                "if (Get-NetFirewallProfile -PolicyStore PersistentStore | Where-Object {{ $_.Enabled -eq 'False' -or {} }}) {{
  Write-Warning '{group}: a profile was changed. Use Apply first.'
  return
}}
",
                profile(plan, *direction).1
            );
        }
    }
    out.push_str("Write-Output 'Nothing to do: these rules are stored, and survive a restart.'\n");
}

fn take_out(out: &mut String, plan: &Plan) {
    let whole = plan.policy == Policy::WholeHost;
    if whole {
        for other in Direction::ALL.iter().filter(|direction| !plan.directions.contains(direction)) {
            let _ = write!(
                out,
                "if (Get-NetFirewallRule -Group '{}' -ErrorAction SilentlyContinue) {{
  Write-Warning 'Nothing was changed: Windows brings back both directions at once. Choose In and out, take that out, and apply again what shall stay.'
  return
}}
",
                ours(*other)
            );
        }
        let _ = write!(
            out,
            "\
if (-not (Test-Path -LiteralPath $saved)) {{
  Write-Warning ('Nothing was changed: there is no saved policy ' + $saved + '. Rules that were only added are taken out with {}, {}.')
  return
}}
netsh advfirewall import $saved | Out-Null
if ($LASTEXITCODE -ne 0) {{
  Write-Warning ('Windows did not take the saved policy ' + $saved + '. The rules were left as they are.')
  return
}}
",
            Policy::Additive.name(),
            Text::TakeOut.name()
        );
    } else {
        out.push_str(NOT_WHOLE);
    }
    for direction in plan.directions {
        let group = ours(*direction);
        let _ = writeln!(
            out,
            "Get-NetFirewallRule -Group '{group}' -ErrorAction SilentlyContinue | Remove-NetFirewallRule\n\
             Write-Output '{group}: taken out.'"
        );
    }
    if whole {
        out.push_str(
            "Remove-Item -LiteralPath $saved
Write-Output 'The policy of both directions is back as it was saved, also where somebody changed it since.'
",
        );
    }
}

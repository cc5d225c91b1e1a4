//! Every PowerShell text, parsed by a real grammar and held against a list of the sentences it may be made of. Runs nothing:
//! there is no Windows here.

use portcullis::deployment::{Deployment, GroupId};
use portcullis::dialect::Text;
use portcullis::net::Direction;

use crate::powershell_text::read;
use crate::printing::{COVERS, PLAIN, planned, powershell, print};
use crate::reading::Read;
use crate::scenarios::{self, group};

/// Every text of every scenario: what it is of, and what it says.
fn every(kind: Text) -> Vec<(Deployment, GroupId, &'static [Direction], Read)> {
    let mut found = Vec::new();
    for scenario in scenarios::all() {
        for group in &scenario.deployment.groups {
            for cover in COVERS {
                let text = print(powershell(), &scenario.deployment, group.id, cover, kind).text;
                let read = read(&text).unwrap_or_else(|why| panic!("{}, {}: {why}\n{text}", scenario.name, group.name));
                found.push((scenario.deployment.clone(), group.id, cover, read));
            }
        }
    }
    assert!(found.len() > 80);
    found
}

/// True if a command can change the host's rules.
fn changes(command: &str) -> bool {
    ["New-", "Remove-", "Set-", "Enable-", "Disable-"].iter().any(|verb| command.contains(verb))
}

#[test]
fn every_text_lets_through_exactly_its_plan_and_refuses_while_something_is_held_back() {
    for kind in [Text::Apply, Text::Try] {
        for (deployment, group, cover, read) in every(kind) {
            let snippet = print(powershell(), &deployment, group, cover, kind);
            assert_eq!(read.allowed, planned(powershell(), &deployment, group, cover));
            assert_eq!(read.flows.len(), snippet.written);
            assert_eq!(read.refuses, !snippet.held.is_empty());
            assert_eq!(read.held > 0, read.refuses);
        }
    }
}

#[test]
fn nothing_changes_before_the_checks_are_passed() {
    for kind in PLAIN {
        for (.., read) in every(kind) {
            let position = |found: fn(&String) -> bool| read.commands.iter().position(found);
            let first_change = position(|command| changes(command)).expect("it is there to change something");
            let check =
                position(|command| command.starts_with("if (-not $me.IsInRole")).expect("a check of the account");
            let stop = position(|command| command == "$ErrorActionPreference = 'Stop'").expect("an error ends it");
            assert!(stop < check && check < first_change);
            let warned = read.commands[check + 1..].iter().take(2).map(String::as_str);
            assert!(warned.eq(["Write-Warning", "return"]), "{:?}", read.commands);
            let held = position(|command| command == "return").expect("the check returns");
            assert_eq!(held < check, read.refuses, "what is held back stops it before anything is asked of the host");
        }
    }
}

#[test]
fn trying_only_asks_what_if() {
    for (kind, asks) in [(Text::Try, true), (Text::Apply, false), (Text::TakeOut, false)] {
        for (.., read) in every(kind) {
            for command in read.commands.iter().filter(|command| changes(command)) {
                let steps = command.split(" | ").filter(|step| changes(step));
                assert!(
                    steps.clone().count() == 1 && steps.into_iter().all(|step| step.ends_with(" -WhatIf") == asks),
                    "{command}"
                );
            }
        }
    }
}

#[test]
fn taking_out_removes_our_groups_by_their_literal_names_and_nothing_else() {
    for (_, _, cover, read) in every(Text::TakeOut) {
        let removals: Vec<&String> = read.commands.iter().filter(|command| changes(command)).collect();
        let expected = cover.iter().map(|direction| {
            format!(
                "Get-NetFirewallRule -Group 'Portcullis {}' -ErrorAction SilentlyContinue | Remove-NetFirewallRule",
                direction.lower()
            )
        });
        assert!(removals.into_iter().eq(&expected.collect::<Vec<_>>()));
        assert!(read.flows.is_empty() && read.allowed.is_empty());
    }
}

#[test]
fn stale_rules_go_only_after_the_new_ones_stand() {
    for (_, _, cover, read) in every(Text::Apply) {
        let order: Vec<&str> = read
            .commands
            .iter()
            .filter(|command| changes(command))
            .map(|command| {
                if command.starts_with("New-") {
                    "add"
                } else if command.contains("$rule.Name") {
                    "replace"
                } else {
                    "stale"
                }
            })
            .collect();
        assert_eq!(order, ["replace", "add", "stale"].repeat(cover.len()));
    }
}

#[test]
fn broken_text_is_noticed() {
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let text = print(powershell(), &deployment, server, &Direction::ALL, Text::Apply).text;
    assert!(read(&text).is_ok());
    for (whole, broken) in [
        // What the grammar sees.
        ("& {\n", "& {\n'"),
        ("\n)\n", "\n"),
        (" | Remove-NetFirewallRule", " | | Remove-NetFirewallRule"),
        // What removes more than it should.
        (
            "Get-NetFirewallRule -Name $rule.Name -ErrorAction SilentlyContinue | Remove-NetFirewallRule",
            "Remove-NetFirewallRule",
        ),
        ("-Group 'Portcullis ingress'", "-Group 'Portcullis*'"),
        ("-Group 'Portcullis ingress' ", ""),
        ("-Name $rule.Name", "-Name $rule.DisplayName"),
        ("Name = 'Portcullis-ingress-g1-g3-tcp-443'", "Name = '*'"),
        // What matches something else than was meant.
        ("RemotePort = '5432'", "LocalPort = '5432'"),
        ("LocalPort = '443'", "RemotePort = '443'"),
        ("LocalPort = '443'", "LocalPort = '0'"),
        ("LocalPort = '443'", "LocalPort = 'Any'"),
        ("LocalPort = '443'; ", ""),
        ("'192.0.2.65'", "'192.0.2.065'"),
        ("'192.0.2.65'", "'Any'"),
        ("RemoteAddress = @('192.0.2.17', '2001:db8::1:1')", "RemoteAddress = @()"),
        ("; RemoteAddress = @('192.0.2.17', '2001:db8::1:1')", ""),
        ("Protocol = 'TCP'", "Protocol = 'Any'"),
        ("Direction = 'Inbound'", "Direction = 'Outbound'"),
        ("Action = 'Allow'", "Action = 'Block'"),
        ("Enabled = 'True'", "Enabled = $true"),
        ("Group = 'Portcullis ingress'\n", "Group = 'Core Networking'\n"),
        ("g2-g3-tcp-443", "g1-g3-tcp-443"),
        // What runs something else.
        ("Description = 'User access'", "Description = \"User $(Get-Date)\""),
        ("Description = 'User access'", "Description = 'User'; Owner = (whoami)"),
        ("New-NetFirewallRule @rule", "Invoke-Expression $rule.Description"),
        ("New-NetFirewallRule @rule", "New-NetFirewallRule -DisplayName 'x'"),
        ("$ErrorActionPreference = 'Stop'", "$ErrorActionPreference = 'Continue'"),
        ("$ErrorActionPreference = 'Stop'", "Set-NetFirewallProfile -All -Enabled False"),
        ("::GetCurrent()", "::GetAnonymous()"),
        ("  return\n", "  exit\n"),
        // What a console would end early.
        ("$rules = @(\n", "\n$rules = @(\n"),
    ] {
        assert!(text.contains(whole), "{whole}");
        assert!(read(&text.replacen(whole, broken, 1)).is_err(), "not noticed: {broken}");
    }
}

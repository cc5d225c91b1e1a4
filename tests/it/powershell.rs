//! Every PowerShell text, parsed by a real grammar and held against a list of the sentences it may be made of. Runs nothing:
//! there is no Windows here.

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::Text;
use portcullis::net::{Addresses, Direction, Policy, System};

use crate::powershell_text::read;
use crate::printing::{COVERS, planned, powershell, print};
use crate::reading::{Read, whole};
use crate::scenarios::{self, CATALOG, group};

/// Every scenario on Windows: rules that are added, the whole policy of every host, and one that drops outgoing traffic too.
pub fn policies() -> Vec<Deployment> {
    let list = |text| Addresses::parse(text).0;
    let mut found = Vec::new();
    for scenario in scenarios::all() {
        let mut deployment = scenario.deployment;
        let ids: Vec<GroupId> = deployment.groups.iter().map(|group| group.id).collect();
        for id in &ids {
            deployment.apply(&CATALOG, &Edit::System(*id, System::Windows));
        }
        found.push(deployment.clone());
        for id in &ids {
            deployment.apply(&CATALOG, &Edit::Policy(*id, Policy::WholeHost));
        }
        deployment.apply(&CATALOG, &Edit::Management(list("203.0.113.0/24 2001:db8:ffff::/48")));
        found.push(deployment.clone());
        deployment.apply(&CATALOG, &Edit::DropOutgoing(true));
        for service in &portcullis::host::BASE {
            deployment.apply(&CATALOG, &Edit::Base(service.id, list("192.0.2.250 2001:db8::250")));
        }
        found.push(deployment);
    }
    found
}

/// Every text of every policy: what it is of, and what it says.
fn every(kind: Text) -> Vec<(Deployment, GroupId, &'static [Direction], Read)> {
    let mut found = Vec::new();
    for deployment in policies() {
        for group in &deployment.groups {
            for cover in COVERS {
                let text = print(powershell(), &deployment, group.id, cover, kind).text;
                let read = read(&text).unwrap_or_else(|why| panic!("{}: {why}\n{text}", group.name));
                found.push((deployment.clone(), group.id, cover, read));
            }
        }
    }
    assert!(found.len() > 240);
    found
}

const ALL: [Text; 4] = [Text::Apply, Text::Try, Text::Keep, Text::TakeOut];

/// True if a command can change the host's rules.
fn changes(command: &str) -> bool {
    ["New-Net", "Remove-Net", "Set-Net", "Enable-Net", "Disable-Net", "netsh advfirewall import"]
        .iter()
        .any(|verb| command.contains(verb))
}

fn is_whole(deployment: &Deployment, group: GroupId) -> bool {
    deployment.group(group).is_some_and(|group| group.policy == Policy::WholeHost)
}

#[test]
fn every_text_lets_through_exactly_its_plan_and_refuses_while_something_is_held_back() {
    for kind in [Text::Apply, Text::Try, Text::Keep] {
        for (deployment, group, cover, read) in every(kind) {
            let snippet = print(powershell(), &deployment, group, cover, kind);
            assert_eq!(read.flows.len(), snippet.written);
            assert_eq!(read.refuses, !snippet.held.is_empty());
            assert_eq!(read.held > 0, read.refuses);
            if kind != Text::Keep {
                assert_eq!(read.allowed, planned(powershell(), &deployment, group, cover));
            }
        }
    }
}

#[test]
fn a_whole_policy_is_whole_and_added_rules_touch_nothing_else() {
    for (deployment, group, cover, read) in every(Text::Apply) {
        let drops = |direction| direction == Direction::Ingress || deployment.host.drops_outgoing;
        let wanted = cover.iter().flat_map(|direction| whole("powershell", *direction, drops(*direction)));
        let wanted = wanted.filter(|_| is_whole(&deployment, group)).collect();
        assert_eq!(read.base, wanted);
        let others = ["Set-Net", "Disable-Net", "netsh"];
        let touches = read.commands.iter().any(|command| others.iter().any(|verb| command.contains(verb)));
        assert_eq!(touches, is_whole(&deployment, group));
    }
}

#[test]
fn nothing_changes_before_the_checks_are_passed() {
    for kind in ALL {
        for (deployment, group, _, read) in every(kind) {
            let position = |found: &dyn Fn(&str) -> bool| read.commands.iter().position(|command| found(command));
            let first_change = position(&changes);
            assert_eq!(first_change.is_some(), kind != Text::Keep, "making it last only looks");
            let check =
                position(&|command| command.starts_with("if (-not $me.IsInRole")).expect("a check of the account");
            let stop = position(&|command| command == "$ErrorActionPreference = 'Stop'").expect("an error ends it");
            assert!(stop < check);
            let warned = read.commands[check + 1..].iter().take(2).map(String::as_str);
            assert!(warned.eq(["Write-Warning", "return"]), "{:?}", read.commands);
            let held = position(&|command| command == "return").expect("the check returns");
            assert_eq!(held < check, read.refuses, "what is held back stops it before anything is asked of the host");
            let Some(first_change) = first_change else { continue };
            assert!(check < first_change);
            // Added rules and a whole policy do not meet; what was there is saved first, and brought back only if it is there.
            let wanted: &[&str] = match (is_whole(&deployment, group), kind) {
                (false, _) => &["if (Test-Path -LiteralPath $saved)", "Write-Warning", "return"],
                (true, Text::TakeOut) => &["if (-not (Test-Path -LiteralPath $saved))", "Write-Warning", "return"],
                (true, Text::Try) => &[],
                (true, _) => &[
                    "if (-not (Test-Path -LiteralPath $saved))",
                    "New-Item -ItemType Directory -Force -Path (Split-Path $saved) | Out-Null",
                    "netsh advfirewall export $saved | Out-Null",
                    "if ($LASTEXITCODE -ne 0 -or -not (Test-Path -LiteralPath $saved))",
                    "Remove-Item -LiteralPath $saved -ErrorAction SilentlyContinue",
                    "Write-Warning",
                    "return",
                ],
            };
            let before = &read.commands[check + 3..first_change];
            let found = wanted.is_empty() || before.windows(wanted.len()).any(|window| window == wanted);
            assert!(found, "{before:?}");
            let saves = before.iter().filter(|command| command.contains("export")).count();
            assert_eq!(saves, usize::from(is_whole(&deployment, group) && kind == Text::Apply));
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
            assert!(
                !asks || !read.commands.iter().any(|command| command.contains("netsh") || command.contains("-Item"))
            );
        }
    }
}

#[test]
fn taking_out_removes_our_groups_by_their_literal_names_and_nothing_else() {
    for (deployment, group, cover, read) in every(Text::TakeOut) {
        let removals: Vec<&String> = read.commands.iter().filter(|command| changes(command)).collect();
        let ours = cover.iter().map(|direction| {
            format!(
                "Get-NetFirewallRule -Group 'Portcullis {}' -ErrorAction SilentlyContinue | Remove-NetFirewallRule",
                direction.lower()
            )
        });
        let back = is_whole(&deployment, group).then(|| "netsh advfirewall import $saved | Out-Null".to_owned());
        assert!(removals.into_iter().eq(&back.into_iter().chain(ours).collect::<Vec<_>>()));
        assert!(read.flows.is_empty() && read.allowed.is_empty() && read.base.is_empty());
        // One direction is not brought back behind the back of the other.
        let asks =
            read.commands.iter().filter(|command| command.starts_with("if (Get-NetFirewallRule -Group '")).count();
        assert_eq!(asks, usize::from(is_whole(&deployment, group) && cover.len() == 1));
    }
}

#[test]
fn stale_rules_and_those_of_others_go_only_after_the_new_ones_stand() {
    for (deployment, group, cover, read) in every(Text::Apply) {
        let order: Vec<&str> = read
            .commands
            .iter()
            .filter(|command| changes(command))
            .map(|command| match command {
                command if command.starts_with("New-") => "add",
                command if command.contains("$rule.Name") => "replace",
                command if command.contains("Disable-") => "others",
                command if command.starts_with("Set-") => "profiles",
                _ => "stale",
            })
            .collect();
        let wanted: &[&str] = match is_whole(&deployment, group) {
            true => &["replace", "add", "stale", "others", "profiles"],
            false => &["replace", "add", "stale"],
        };
        assert_eq!(order, wanted.repeat(cover.len()));
    }
}

#[test]
fn no_line_is_cut_where_lists_are_long() {
    let mut deployment = scenarios::default();
    let node = group(&deployment, "Node").id;
    let range = |at: u32| format!("2001:db8:ffff:ffff:ffff:ffff:{at:x}:1000-2001:db8:ffff:ffff:ffff:ffff:{at:x}:ffff");
    let addresses: Vec<String> = (0x1000..0x1000 + 1000).map(range).collect();
    scenarios::apply(&mut deployment, Edit::Listens(node, Addresses::parse(&addresses.join(" ")).0));
    let server = group(&deployment, "Spotfire Server").id;
    let text = print(powershell(), &deployment, server, &Direction::ALL, Text::Apply).text;
    assert_eq!(read(&text).expect("ours").allowed, planned(powershell(), &deployment, server, &Direction::ALL));
    assert!(text.lines().all(|line| line.len() < 4096));
}

#[test]
fn broken_text_is_noticed() {
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let text = print(powershell(), &deployment, server, &Direction::ALL, Text::Apply).text;
    let whole = policies().into_iter().nth(2).expect("the default, dropping outgoing traffic");
    let of = |kind| print(powershell(), &whole, server, &Direction::ALL, kind).text;
    let (apply, take_out, keep) = (of(Text::Apply), of(Text::TakeOut), of(Text::Keep));
    for (text, good, bad) in [
        (&apply, "-Direction Inbound -Enabled True -ErrorAction", "-Enabled True -ErrorAction"),
        (&apply, "$_.Group -ne 'Portcullis ingress'", "$_.Group -ne 'Portcullis egress'"),
        (&apply, " | Where-Object { $_.Group -ne 'Portcullis ingress' }", ""),
        (&apply, "-PolicyStore PersistentStore -Direction", "-Direction"),
        (&apply, "Disable-NetFirewallRule", "Remove-NetFirewallRule"),
        (&apply, "-DefaultInboundAction Block", "-DefaultInboundAction Allow"),
        (&apply, "-All -Enabled True", "-All -Enabled False"),
        (&apply, "export $saved", "export C:\\x"),
        (&apply, "export $saved", "reset"),
        (&apply, "'Portcullis\\before.wfw'", "$env:TEMP"),
        (&apply, "$LASTEXITCODE -ne 0", "$LASTEXITCODE -eq 0"),
        (&apply, "IcmpType = @('3', '8'", "IcmpType = @('5', '8'"),
        (&apply, "IcmpType = @('3', '8', '11', '12')", "IcmpType = 'Any'"),
        (&apply, "RemotePort = '547'", "RemotePort = 'Any'"),
        (&apply, "-ingress-base-dhcp'", "-ingress-base-dhcpv6'"),
        (&take_out, "import $saved", "import $others"),
        (&take_out, "Remove-Item -LiteralPath $saved", "Remove-Item -Path $saved -Recurse"),
        (&take_out, "Remove-Item -LiteralPath $saved", "Remove-Item $env:SystemRoot"),
        (&keep, "  'Portcullis-ingress-g1-g3-tcp-443'", "  'Portcullis-ingress-g2-g3-tcp-443'"),
        (&keep, "  'Portcullis-ingress-g1-g3-tcp-443'", "  'Core-Networking'"),
        (&keep, "$_.Enabled -eq 'True'", "$_.Enabled -ne 'True'"),
    ] {
        assert!(read(text).is_ok() && text.contains(good), "{good}");
        assert!(read(&text.replacen(good, bad, 1)).is_err(), "not noticed: {bad}");
    }
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

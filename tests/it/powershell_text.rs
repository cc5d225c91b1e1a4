//! Reads printed PowerShell through a real grammar and takes only sentences it knows: cmdlets, parameters, types, keys and
//! the shape of every value. Runs nothing, and shares nothing with the printer.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::net::{Direction, Protocol};
use tree_sitter::{Node, Parser, Tree};

use crate::allowed::{Gate, ports, span};
use crate::reading::Read;

/// What the grammar makes of a text; the error says that it does not know it.
pub fn parses(text: &str) -> Result<Tree, String> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).map_err(|error| error.to_string())?;
    let tree = parser.parse(text, None).ok_or("not parsed")?;
    if tree.root_node().has_error() {
        return Err("the grammar finds an error".to_owned());
    }
    Ok(tree)
}

/// Reads a text; the error says what does not belong.
pub fn read(text: &str) -> Result<Read, String> {
    let tree = parses(text)?;
    let mut reader = Reader { text, read: Read::default() };
    // The whole text is one call of one script block: a console runs all of it or nothing.
    let body = text.strip_prefix("& {\n").and_then(|text| text.strip_suffix("\n}\n")).ok_or("not one block")?;
    if body.lines().any(|line| line.trim().is_empty()) {
        return Err("an empty line: a console would run the block before its end".to_owned());
    }
    let body = reader.only(tree.root_node(), "script_block_body")?;
    reader.block(reader.only(body, "statement_list")?, true)?;
    Ok(reader.read)
}

struct Reader<'a> {
    text: &'a str,
    read: Read,
}

const GROUPS: [(&str, Direction); 2] =
    [("Portcullis ingress", Direction::Ingress), ("Portcullis egress", Direction::Egress)];

/// Directions as the firewall calls them.
const WAYS: [(&str, Direction); 2] = [("Inbound", Direction::Ingress), ("Outbound", Direction::Egress)];

const ASSIGNMENTS: [&str; 7] = [
    "$ErrorActionPreference = 'Stop'",
    "$me = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()",
    "$saved = Join-Path $env:SystemRoot 'Portcullis\\before.wfw'",
    "$profiles = Get-NetFirewallProfile -PolicyStore ActiveStore",
    "$others = @(Get-NetFirewallRule -PolicyStore PersistentStore -Direction WAY -Action Block -Enabled True -ErrorAction SilentlyContinue)",
    "$others = @(Get-NetFirewallRule -PolicyStore RSOP -Direction WAY -Action Block -Enabled True -ErrorAction SilentlyContinue)",
    "$others = @(Get-NetFirewallRule -PolicyStore RSOP -Direction WAY -Enabled True -ErrorAction SilentlyContinue)",
];

/// Questions; `STORE` is a profile store.
const CONDITIONS: [&str; 20] = [
    "-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)",
    "Get-NetFirewallProfile -PolicyStore ActiveStore | Where-Object { $_.AllowLocalFirewallRules -eq 'False' }",
    "Test-Path -LiteralPath $saved",
    "-not (Test-Path -LiteralPath $saved)",
    "$LASTEXITCODE -ne 0 -or -not (Test-Path -LiteralPath $saved)",
    "$LASTEXITCODE -ne 0",
    "$others",
    "Get-NetFirewallRule -Group 'GROUP' -ErrorAction SilentlyContinue",
    "$names | Where-Object { -not (Get-NetFirewallRule -PolicyStore PersistentStore -Name $_ -ErrorAction SilentlyContinue | Where-Object { $_.Enabled -eq 'True' }) }",
    "$profiles | Where-Object { $_.AllowLocalFirewallRules -eq 'False' }",
    "$profiles | Where-Object { $_.Enabled -eq 'False' }",
    "$profiles | Where-Object { $_.AllowInboundRules -eq 'False' }",
    "$profiles | Where-Object { $_.DefaultInboundAction -eq 'Allow' }",
    "$profiles | Where-Object { $_.DefaultOutboundAction -ne 'Block' }",
    "$profiles | Where-Object { $_.Enabled -eq 'False' -or $_.DefaultInboundAction -ne 'Block' -or $_.AllowInboundRules -eq 'False' }",
    "$profiles | Where-Object { $_.Enabled -eq 'False' -or $_.DefaultOutboundAction -ne 'Block' }",
    "$profiles | Where-Object { $_.Enabled -eq 'False' -or $_.DefaultOutboundAction -eq 'Block' }",
    "Get-NetFirewallProfile -PolicyStore PersistentStore | Where-Object { $_.Enabled -eq 'False' -or $_.DefaultInboundAction -ne 'Block' -or $_.AllowInboundRules -eq 'False' }",
    "Get-NetFirewallProfile -PolicyStore PersistentStore | Where-Object { $_.Enabled -eq 'False' -or $_.DefaultOutboundAction -ne 'Block' }",
    "Get-NetFirewallProfile -PolicyStore PersistentStore | Where-Object { $_.Enabled -eq 'False' -or $_.DefaultOutboundAction -eq 'Block' }",
];

/// Pipelines by their words; `GROUP` is one of ours, `WAY` a direction. What removes or switches off rules stands only behind a
/// selection that is literal or names one rule of ours.
const PIPELINES: [&str; 14] = [
    "Get-NetFirewallRule -Name $rule.Name -ErrorAction SilentlyContinue | Remove-NetFirewallRule",
    "New-NetFirewallRule @rule | Out-Null",
    "New-NetFirewallRule @rule",
    "Get-NetFirewallRule -Group 'GROUP' -ErrorAction SilentlyContinue | Remove-NetFirewallRule",
    "Get-NetFirewallRule -Group 'GROUP' -ErrorAction SilentlyContinue | Where-Object { $rules.Name -notcontains $_.Name } | Remove-NetFirewallRule",
    "Write-Output ('GROUP: rules in place: ' + $rules.Count)",
    "New-Item -ItemType Directory -Force -Path (Split-Path $saved) | Out-Null",
    "netsh advfirewall export $saved | Out-Null",
    "netsh advfirewall import $saved | Out-Null",
    "Remove-Item -LiteralPath $saved -ErrorAction SilentlyContinue",
    "Remove-Item -LiteralPath $saved",
    "Set-NetFirewallProfile -All -Enabled True -DefaultInboundAction Block -AllowInboundRules True",
    "Set-NetFirewallProfile -All -Enabled True -DefaultOutboundAction Block",
    "Set-NetFirewallProfile -All -Enabled True -DefaultOutboundAction Allow",
];

/// Sentences with a value in them.
const VALUES: [&str; 3] = ["$others.Count", "$saved", "$rules.Count"];

/// Keys of a rule, each with its values.
type Values = &'static [(&'static str, &'static [&'static str])];

/// What a rule of a whole policy may match besides flows.
const BASE: [(Direction, &str, Values); 8] = [
    (
        Direction::Ingress,
        "icmp",
        &[("Protocol", &["ICMPv4"]), ("IcmpType", &["3", "8", "11", "12"]), ("RemoteAddress", &["Any"])],
    ),
    (
        Direction::Ingress,
        "icmpv6",
        &[
            ("Protocol", &["ICMPv6"]),
            ("IcmpType", &["1", "2", "3", "4", "128", "130", "131", "132", "133", "134", "135", "136", "143"]),
            ("RemoteAddress", &["Any"]),
        ],
    ),
    (
        Direction::Ingress,
        "dhcp",
        &[("Protocol", &["UDP"]), ("LocalPort", &["68"]), ("RemotePort", &["67"]), ("RemoteAddress", &["Any"])],
    ),
    (
        Direction::Ingress,
        "dhcpv6",
        &[("Protocol", &["UDP"]), ("LocalPort", &["546"]), ("RemotePort", &["547"]), ("RemoteAddress", &["fe80::/10"])],
    ),
    (Direction::Egress, "icmp", &[("Protocol", &["ICMPv4"]), ("IcmpType", &["Any"]), ("RemoteAddress", &["Any"])]),
    (Direction::Egress, "icmpv6", &[("Protocol", &["ICMPv6"]), ("IcmpType", &["Any"]), ("RemoteAddress", &["Any"])]),
    (
        Direction::Egress,
        "dhcp",
        &[("Protocol", &["UDP"]), ("LocalPort", &["68"]), ("RemotePort", &["67"]), ("RemoteAddress", &["Any"])],
    ),
    (
        Direction::Egress,
        "dhcpv6",
        &[
            ("Protocol", &["UDP"]),
            ("LocalPort", &["546"]),
            ("RemotePort", &["547"]),
            ("RemoteAddress", &["fe80::/10", "ff02::1:2"]),
        ],
    ),
];

/// The text with `GROUP` and `WAY` in place of what is one of ours or a direction.
fn pattern(text: &str) -> String {
    let text = GROUPS.iter().fold(text.to_owned(), |text, (group, _)| text.replace(&format!("'{group}"), "'GROUP"));
    WAYS.iter().fold(text, |text, (way, _)| text.replace(&format!("-Direction {way} "), "-Direction WAY "))
}

impl<'a> Reader<'a> {
    fn of(&self, node: Node) -> &'a str {
        &self.text[node.byte_range()]
    }

    /// The children that say something.
    fn parts<'t>(&self, node: Node<'t>) -> Vec<Node<'t>> {
        let mut cursor = node.walk();
        let says = |child: &Node| {
            child.is_named() && !matches!(child.kind(), "comment" | "command_argument_sep" | "empty_statement")
        };
        node.children(&mut cursor).filter(says).collect()
    }

    /// Descends through single children to a node of that kind.
    fn only<'t>(&self, node: Node<'t>, kind: &str) -> Result<Node<'t>, String> {
        let mut node = node;
        while node.kind() != kind {
            let parts = self.parts(node);
            let operator = |part: &&Node| part.kind() != "command_invokation_operator";
            let [part] = parts.iter().filter(operator).collect::<Vec<_>>()[..] else {
                return Err(format!("no single {kind} in: {}", self.of(node)));
            };
            node = *part;
        }
        Ok(node)
    }

    fn block(&mut self, list: Node, outermost: bool) -> Result<(), String> {
        for statement in self.parts(list) {
            let text = self.of(statement);
            let parts = self.parts(statement);
            match (statement.kind(), &parts[..]) {
                ("flow_control_statement", _) if text == "return" => {
                    self.read.commands.push("return".to_owned());
                    self.read.refuses |= outermost;
                }
                ("pipeline", [assignment]) if assignment.kind() == "assignment_expression" => {
                    self.assignment(*assignment)?
                }
                ("pipeline", [_]) => self.pipeline(text)?,
                ("if_statement", [condition, body]) if CONDITIONS.contains(&pattern(self.of(*condition)).as_str()) => {
                    self.read.commands.push(format!("if ({})", self.of(*condition)));
                    self.block(self.only(*body, "statement_list")?, false)?;
                }
                ("foreach_statement", [variable, list, body])
                    if self.of(*variable) == "$rule" && self.of(*list) == "$rules" =>
                {
                    self.read.commands.push("foreach".to_owned());
                    self.block(self.only(*body, "statement_list")?, false)?;
                }
                (kind, _) => return Err(format!("unknown {kind}: {text}")),
            }
        }
        Ok(())
    }

    fn assignment(&mut self, node: Node) -> Result<(), String> {
        let text = self.of(node);
        let parts = self.parts(node);
        let [target, _, value] = parts[..] else { return Err(format!("unknown assignment: {text}")) };
        if ASSIGNMENTS.contains(&pattern(text).as_str()) {
            self.read.commands.push(text.to_owned());
            return Ok(());
        }
        if self.of(target) == "$names" {
            self.read.commands.push(text.to_owned());
            return self.names(self.of(value));
        }
        if self.of(target) != "$rules" {
            return Err(format!("unknown variable: {text}"));
        }
        self.read.commands.push("$rules".to_owned());
        let array = self.only(value, "array_expression")?;
        for list in self.parts(array) {
            for element in self.parts(list) {
                let table = self.only(element, "hash_literal_expression")?;
                self.rule(table)?;
            }
        }
        Ok(())
    }

    fn pipeline(&mut self, text: &str) -> Result<(), String> {
        let sentence = ["Write-Warning ", "Write-Output "].iter().find_map(|command| {
            let said = text.strip_prefix(command)?;
            // Literal pieces, with known values between them.
            let pieces: Vec<&str> = match said.strip_prefix('(').and_then(|said| said.strip_suffix(')')) {
                Some(pieces) => pieces.split(" + ").filter(|piece| !VALUES.contains(piece)).collect(),
                None => vec![said],
            };
            let literal = |piece: &&str| {
                piece.strip_prefix('\'').and_then(|piece| piece.strip_suffix('\'')).is_some_and(quotable)
            };
            pieces.iter().all(literal).then_some((command.trim(), said))
        });
        if let Some((command, said)) = sentence {
            self.read.held += usize::from(said.starts_with("'Held back: "));
            self.read.commands.push(command.to_owned());
            return Ok(());
        }
        self.read.commands.push(text.to_owned());
        let (bare, tries) = (text.replace(" -WhatIf", ""), text.contains(" -WhatIf"));
        for ((group, direction), (way, _)) in GROUPS.iter().zip(WAYS) {
            let aside = format!(
                "Get-NetFirewallRule -PolicyStore PersistentStore -Direction {way} -Enabled True -ErrorAction SilentlyContinue | Where-Object {{ $_.Group -ne '{group}' }} | Disable-NetFirewallRule"
            );
            if bare == aside {
                self.read.base.extend((!tries).then_some((*direction, "others")));
                return Ok(());
            }
        }
        let found = PIPELINES
            .iter()
            .find(|known| **known == pattern(&bare))
            .ok_or_else(|| format!("unknown pipeline: {text}"))?;
        let verdict = found.strip_prefix("Set-NetFirewallProfile -All -Enabled True ").map(|settings| match settings {
            "-DefaultOutboundAction Block" => (Direction::Egress, "drop"),
            "-DefaultOutboundAction Allow" => (Direction::Egress, "accept"),
            _ => (Direction::Ingress, "drop"),
        });
        self.read.base.extend(verdict.filter(|_| !tries));
        Ok(())
    }

    /// Names of rules of ours that must be there.
    fn names(&mut self, list: &str) -> Result<(), String> {
        let list = list.strip_prefix("@(\n").and_then(|list| list.strip_suffix(')')).ok_or("not a list of names")?;
        for line in list.lines() {
            let name = line.strip_prefix("  '").and_then(|name| name.strip_suffix('\'')).ok_or("not one name")?;
            self.name(name).ok_or_else(|| format!("not the name of a rule of ours, or twice: {name}"))?;
        }
        Ok(())
    }

    /// Takes the name of a rule apart and notes its flow; its key, or `None` where it is a base rule.
    fn name(&mut self, name: &str) -> Option<Option<(Direction, &'static str)>> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let (direction, key) = Direction::ALL.into_iter().find_map(|direction| {
            Some((direction, name.strip_prefix(&format!("Portcullis-{}-", direction.lower()))?))
        })?;
        if let Some(base) = key.strip_prefix("base-") {
            let (.., key, _) = BASE.iter().find(|(of, key, _)| *of == direction && *key == base)?;
            return Some(Some((direction, key)));
        }
        let new = key.chars().all(plain) && self.read.flows.insert((direction, key.to_owned()));
        new.then_some(None)
    }

    fn rule(&mut self, table: Node) -> Result<(), String> {
        let shown = self.of(table);
        let fail = |why: &str| Err(format!("{why}: {shown}"));
        let mut entries = BTreeMap::new();
        for entry in self.parts(self.only(table, "hash_literal_body")?) {
            let parts = self.parts(entry);
            let [key, value] = parts[..] else { return fail("not a key and a value") };
            if entries.insert(self.of(key), self.strings(self.of(value))?).is_some() {
                return fail("a key twice");
            }
        }
        let one = |key: &str| match entries.get(key).map(Vec::as_slice) {
            Some([value]) => Ok(*value),
            _ => Err(format!("not one {key}: {shown}")),
        };
        for (key, value) in [("Action", "Allow"), ("Enabled", "True"), ("Profile", "Any")] {
            if one(key)? != value {
                return fail(key);
            }
        }
        let group = one("Group")?;
        let Some((_, direction)) = GROUPS.iter().find(|(name, _)| *name == group) else {
            return fail("a foreign group");
        };
        let (display, description) = (one("DisplayName")?, one("Description")?);
        if display.contains('|') || description.contains('|') || display.eq_ignore_ascii_case("all") {
            return fail("a text that Windows refuses");
        }
        let name = one("Name")?;
        if !name.starts_with(&format!("Portcullis-{}-", direction.lower())) {
            return fail("a name of the other direction");
        }
        let common = ["Action", "Description", "Direction", "DisplayName", "Enabled", "Group", "Name", "Profile"];
        let keys = |own: &[&str]| {
            let expected: BTreeSet<&str> = common.iter().chain(own).copied().collect();
            entries.keys().eq(expected.iter())
        };
        let way = WAYS.iter().find(|(_, of)| of == direction).map_or("", |(way, _)| way);
        if one("Direction")? != way {
            return fail("the other direction");
        }
        let Some(is_base) = self.name(name) else { return fail("a name that selects more than itself, or twice") };
        if let Some((of, key)) = is_base {
            let (.., matches) =
                BASE.iter().find(|(own, name, _)| (*own, *name) == (of, key)).ok_or("an unknown rule")?;
            let own: Vec<&str> = matches.iter().map(|(key, _)| *key).collect();
            if !keys(&own) || matches.iter().any(|(key, values)| entries[key] != *values) {
                return fail("not what this rule should be");
            }
            return if self.read.base.insert((of, key)) { Ok(()) } else { fail("a name twice") };
        }
        // An outbound rule filters the port of the other end: the local one is a random number.
        let port = if *direction == Direction::Ingress { "LocalPort" } else { "RemotePort" };
        if !keys(&[port, "Protocol", "RemoteAddress"]) {
            return fail("not the keys of that direction");
        }
        let protocol = match one("Protocol")? {
            "TCP" => Protocol::Tcp,
            "UDP" => Protocol::Udp,
            _ => return fail("a foreign protocol"),
        };
        let Some((first, last)) = ports(one(port)?) else { return fail("not a canonical port") };
        let gate: Gate = (*direction, protocol, first, last);
        for address in &entries["RemoteAddress"] {
            match span(address) {
                Some(span) => self.read.allowed.admit(gate, span),
                None if one("RemoteAddress")? == "Any" => self.read.allowed.admit_everyone(gate),
                None => return fail("not a canonical address"),
            }
        }
        Ok(())
    }

    /// A value: one literal string, or an array of them.
    fn strings(&self, value: &'a str) -> Result<Vec<&'a str>, String> {
        let list = value.strip_prefix("@(").and_then(|list| list.strip_suffix(')')).unwrap_or(value);
        let string = |piece: &'a str| piece.strip_prefix('\'')?.strip_suffix('\'').filter(|text| quotable(text));
        let pieces: Option<Vec<&str>> = match value.starts_with("@(") {
            true => list.split(',').map(|piece| string(piece.trim_start())).collect(),
            false => string(list).map(|text| vec![text]),
        };
        pieces.ok_or_else(|| format!("not a literal: {value}"))
    }
}

/// True if no character of the text can end the quotes around it, as PowerShell reads them.
fn quotable(text: &str) -> bool {
    !text.contains('\'') && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

//! Reads printed PowerShell through a real grammar and takes only sentences it knows: cmdlets, parameters, types, keys and
//! the shape of every value. Runs nothing, and shares nothing with the printer.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::net::{Direction, Protocol};
use tree_sitter::{Node, Parser};

use crate::allowed::{Gate, ports, span};
use crate::reading::Read;

/// Reads a text; the error says what does not belong.
pub fn read(text: &str) -> Result<Read, String> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).map_err(|error| error.to_string())?;
    let tree = parser.parse(text, None).ok_or("not parsed")?;
    let mut reader = Reader { text, read: Read::default() };
    if tree.root_node().has_error() {
        return Err("the grammar finds an error".to_owned());
    }
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

const ASSIGNMENTS: [&str; 2] = [
    "$ErrorActionPreference = 'Stop'",
    "$me = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()",
];

const CONDITIONS: [&str; 2] = [
    "-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)",
    "Get-NetFirewallProfile -PolicyStore ActiveStore | Where-Object { $_.AllowLocalFirewallRules -eq 'False' }",
];

/// Pipelines by their words; `GROUP` is one of ours. What removes rules stands only behind a selection that is literal or
/// names one rule of ours.
const PIPELINES: [&str; 6] = [
    "Get-NetFirewallRule -Name $rule.Name -ErrorAction SilentlyContinue | Remove-NetFirewallRule",
    "New-NetFirewallRule @rule | Out-Null",
    "New-NetFirewallRule @rule",
    "Get-NetFirewallRule -Group 'GROUP' -ErrorAction SilentlyContinue | Remove-NetFirewallRule",
    "Get-NetFirewallRule -Group 'GROUP' -ErrorAction SilentlyContinue | Where-Object { $rules.Name -notcontains $_.Name } | Remove-NetFirewallRule",
    "Write-Output ('GROUP: ' + $rules.Count + ' rules in place.')",
];

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
                ("if_statement", [condition, body]) if CONDITIONS.contains(&self.of(*condition)) => {
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
        if ASSIGNMENTS.contains(&text) {
            self.read.commands.push(text.to_owned());
            return Ok(());
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
        let sentence = ["Write-Warning", "Write-Output"].iter().find_map(|command| {
            let text = text.strip_prefix(command)?.strip_prefix(" '")?.strip_suffix('\'')?;
            quotable(text).then_some((*command, text))
        });
        if let Some((command, said)) = sentence {
            self.read.held += usize::from(said.starts_with("Held back: "));
            self.read.commands.push(command.to_owned());
            return Ok(());
        }
        let without = GROUPS.iter().fold(text.replace(" -WhatIf", ""), |text, (group, _)| text.replace(group, "GROUP"));
        if !PIPELINES.contains(&without.as_str()) {
            return Err(format!("unknown pipeline: {text}"));
        }
        self.read.commands.push(text.to_owned());
        Ok(())
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
        // An outbound rule filters the port of the other end: the local one is a random number.
        let (way, port) = match direction {
            Direction::Ingress => ("Inbound", "LocalPort"),
            Direction::Egress => ("Outbound", "RemotePort"),
        };
        let keys = [
            "Action",
            "Description",
            "Direction",
            "DisplayName",
            "Enabled",
            "Group",
            port,
            "Name",
            "Profile",
            "Protocol",
            "RemoteAddress",
        ];
        if !entries.keys().eq(BTreeSet::from(keys).iter()) || one("Direction")? != way {
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
        let name = one("Name")?;
        let prefix = format!("Portcullis-{}-", direction.lower());
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !name.starts_with(&prefix) || !name.chars().all(plain) {
            return fail("a name that selects more than itself");
        }
        let (display, description) = (one("DisplayName")?, one("Description")?);
        if display.contains('|') || description.contains('|') || display.eq_ignore_ascii_case("all") {
            return fail("a text that Windows refuses");
        }
        let key = name.strip_prefix(&prefix).unwrap_or(name).to_owned();
        if !self.read.flows.insert((*direction, key)) { fail("a name twice") } else { Ok(()) }
    }

    /// A value: one literal string, or an array of them.
    fn strings(&self, value: &'a str) -> Result<Vec<&'a str>, String> {
        let list = value.strip_prefix("@(").and_then(|list| list.strip_suffix(')')).unwrap_or(value);
        let string = |piece: &'a str| piece.strip_prefix('\'')?.strip_suffix('\'').filter(|text| quotable(text));
        let pieces: Option<Vec<&str>> = match value.starts_with("@(") {
            true => list.split(", ").map(string).collect(),
            false => string(list).map(|text| vec![text]),
        };
        pieces.ok_or_else(|| format!("not a literal: {value}"))
    }
}

/// True if no character of the text can end the quotes around it, as PowerShell reads them.
fn quotable(text: &str) -> bool {
    !text.contains('\'') && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

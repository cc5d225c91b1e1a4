//! Reads Azure rules in Terraform back. Never reads what stands around them.

use super::azure::Words;
use super::{Reader, Reading, holes, quotable, word};

/// The record.
pub static READER: Reader = Reader { dialect: "azure-terraform", read };

const WORDS: Words = Words {
    rule: "name = \"~\"
description = \"~\"
priority = ~
direction = \"~\"
access = \"Allow\"
protocol = \"~\"
source_port_range = \"*\"
~destination_port_ranges = [
~]
",
    everyone: "_address_prefix = \"*\"",
    group: "_application_security_group_ids = [azurerm_application_security_group.portcullis_g~.id]",
    networks: "_address_prefixes = [",
    value: "\"~\",",
};

/// Reads the rules; everything else is the frame.
fn read<'a>(reading: &mut Reading<'a>, text: &'a str) -> Option<()> {
    let (number_of, own) = (reading.own.to_string(), format!("portcullis_g{}", reading.own));
    let head = format!(
        "resource_group_name = var.resource_group_name
network_security_group_name = azurerm_network_security_group.{own}.name
"
    );
    let (mut names, mut by_groups): (Vec<&str>, bool) = (Vec::new(), false);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        reading.line += 1;
        if line.is_empty() || line.starts_with("# ") {
        } else if let Some([name]) = holes("resource \"azurerm_network_security_rule\" \"~\" {", line).as_deref() {
            let mut rule = String::new();
            loop {
                let line = lines.next()?;
                reading.line += 1;
                if line == "}" {
                    break;
                }
                let line = line.trim_start();
                if line.is_empty() || line.starts_with("# ") {
                } else if let Some((field, value)) = line.split_once(" = ") {
                    rule = rule + field.trim_end() + " = " + value + "\n";
                } else {
                    rule = rule + line + "\n";
                }
            }
            let called = WORDS.rule(reading, rule.strip_prefix(&head)?, by_groups)?;
            // Terraform refuses a name that is there twice.
            let wanted = format!("{own}_{}", called.replace('-', "_"));
            (*name == wanted && !names.contains(name)).then(|| names.push(name))?;
        } else if let Some([sentence]) = holes("    \"Held back: ~.\",", line).as_deref() {
            quotable(sentence)?;
            reading.held += 1;
        } else if let Some([name]) = holes("  name                = \"~\"", line).as_deref() {
            word(name)?.strip_suffix(&number_of).map(|_| reading.frame("  name"))?;
        } else {
            by_groups |= line.starts_with("resource \"azurerm_application_security_group\" ");
            reading.last = line;
            reading.frame_as(&line.replace(&own, ""));
            reading.refuses |= holes("      condition     = length(local.~_held_back) == 0", line) == Some(vec![&own]);
        }
    }
    Some(())
}

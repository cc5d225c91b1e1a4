//! Printed text of any firewall language, read back strictly by readers that share nothing with the printers. Runs nothing.

use std::collections::BTreeSet;

use portcullis::net::Direction;

use crate::allowed::Allowed;
use crate::{
    aws_text, azure_text, firewalld_text, gcp_text, iptables_text, kubernetes_text, netsh_text, nft_text,
    powershell_text, ufw_text,
};

/// What a printed text says.
#[derive(Debug, Default)]
pub struct Read {
    /// What the rules for flows let through; management and base services are flows too.
    pub allowed: Allowed,
    /// The flows that its rules stand for, by their keys.
    pub flows: BTreeSet<(Direction, String)>,
    /// What a whole policy says besides: see [`whole`].
    pub base: BTreeSet<(Direction, &'static str)>,
    /// Every line that something acts upon, in order, without free text.
    pub commands: Vec<String>,
    /// How many sentences say that something is held back.
    pub held: usize,
    /// True if the text ends before its first change.
    pub refuses: bool,
}

/// Reads a text; the error says what does not belong.
pub fn read(dialect: &str, text: &str) -> Result<Read, String> {
    match dialect {
        "aws-terraform" => aws_text::terraform(text).map(|(read, _)| read),
        "aws-cli" => aws_text::cli(text).map(|(read, _)| read),
        "aws-cloudformation" => aws_text::cloudformation(text).map(|(read, _)| read),
        "azure-bicep" => azure_text::bicep(text).map(|(read, _)| read),
        "azure-cli" => azure_text::cli(text).map(|(read, _)| read),
        "azure-terraform" => azure_text::terraform(text).map(|(read, _)| read),
        "iptables" => iptables_text::read(text),
        "kubernetes" => kubernetes_text::read(text),
        "netsh" => netsh_text::read(text),
        "firewalld" => firewalld_text::read(text),
        "gcp-cli" => gcp_text::script(text).map(|(read, _)| read),
        "gcp-terraform" => gcp_text::terraform(text).map(|(read, _)| read),
        "nftables" => nft_text::read(text),
        "powershell" => powershell_text::read(text),
        "ufw" => ufw_text::read(text),
        other => Err(format!("nobody reads {other}")),
    }
}

/// What a whole policy must say of a direction besides its flows. A language in which some of it goes without saying (Windows
/// knows connections by itself; ufw and firewalld answer neighbours) is asked for what is left.
pub fn whole(dialect: &str, direction: Direction, drops: bool) -> BTreeSet<(Direction, &'static str)> {
    let verdict = if drops { "drop" } else { "accept" };
    let words: &[&str] = match (dialect, direction) {
        ("nftables" | "iptables", Direction::Ingress) => {
            &["established", "invalid", "loopback", "icmp", "icmpv6", "dhcp", "dhcpv6"]
        }
        ("nftables" | "iptables", Direction::Egress) => {
            &["established", "loopback", "icmp", "icmpv6", "dhcp", "dhcpv6"]
        }
        ("powershell" | "netsh", Direction::Egress) if !drops => &["others"],
        ("powershell" | "netsh", _) => &["others", "icmp", "icmpv6", "dhcp", "dhcpv6"],
        // What it relies on stands in ufw's own files, and the text makes sure that it does.
        ("ufw", Direction::Ingress) => &["established", "loopback", "icmp", "icmpv6", "dhcp", "dhcpv6"],
        ("ufw", Direction::Egress) if drops => &["established", "loopback", "icmp", "icmpv6", "dhcp", "dhcpv6"],
        ("ufw", Direction::Egress) => &[],
        // Replies and loopback it accepts by itself, before any policy.
        ("firewalld", _) => &["icmp", "icmpv6", "dhcp", "dhcpv6"],
        _ => return BTreeSet::new(),
    };
    words.iter().copied().chain([verdict]).map(|word| (direction, word)).collect()
}

/// Refuses text that could end the quotes around it, in a shell or in a firewall's language.
pub fn quotable(text: &str) -> Result<(), String> {
    let harmful = |c: char| matches!(c, '\'' | '"' | '\\' | '$' | '`' | '!') || !(' '..='~').contains(&c);
    if text.contains(harmful) { Err(format!("it can end its quotes: {text}")) } else { Ok(()) }
}

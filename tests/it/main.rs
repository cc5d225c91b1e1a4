//! The native test suite: the facts, the laws, both dialects through real tools, and the walls between modules. One binary;
//! never opens a browser, never sends a packet, never asks the clock.

// What fails here stops a test, not somebody's page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aerleon;
mod allowed;
mod arbitrary;
mod canonical;
mod catalog;
mod diagram;
mod editing;
mod firewalld;
mod firewalld_host;
mod firewalld_text;
mod flow_tables;
mod found;
mod howto;
mod injection;
mod iptables;
mod iptables_host;
mod iptables_later;
mod iptables_refusals;
mod iptables_save;
mod iptables_text;
mod large;
mod laws;
mod limits;
mod links;
mod mutants;
mod namespace;
mod netsh;
mod netsh_host;
mod netsh_text;
mod nft;
mod nft_json;
mod nft_text;
mod nft_whole;
mod orders;
mod pack;
mod powershell;
mod powershell_text;
mod printing;
mod reading;
mod rust_source;
mod scenarios;
mod schema;
mod sequences;
mod shell_texts;
mod snapshots;
mod table;
mod tidy;
mod ufw;
mod ufw_kernel;
mod ufw_text;
mod vendor_table;
mod words;
mod words_of_texts;

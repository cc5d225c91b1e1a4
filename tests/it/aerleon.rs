//! The same flows through another generator, Aerleon (Apache-2.0; tests only, never in the page): what it lets through must be
//! what our text lets through. Shares no code with the printers, and reads Aerleon's output by itself.
//!
//! Aerleon's known faults (firewall-facts sections 0 and 9) are asserted, so that the way around them can go when they do: a
//! condition of another family than the policy's is lost, and with it the whole condition; comments are not escaped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis::deployment::{Deployment, GroupId};
use portcullis::dialect::{DIALECTS, Text};
use portcullis::flow::flows;
use portcullis::net::{Address, Addresses, Direction, Family, Protocol};

use crate::allowed::{Allowed, Gate, ports, span};
use crate::scenarios::{self, CATALOG};
use crate::{large, printing, reading};

/// The languages that both write.
const BOTH: [&str; 2] = ["nftables", "iptables"];

/// Aerleon's program; where it is missing, nothing is compared, which in CI is a failure.
fn program() -> Option<PathBuf> {
    match std::env::var_os("PORTCULLIS_AERLEON").map(PathBuf::from).filter(|path| path.is_file()) {
        Some(path) => Some(path),
        None if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("PORTCULLIS_AERLEON names no program"),
        None => {
            let _ = writeln!(std::io::stderr(), "\nNOT RUN, no Aerleon (cargo xtask test installs it)");
            None
        }
    }
}

/// A folder that goes when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portcullis-aerleon-{}-{name}", std::process::id()));
        for inner in ["policies/pol", "definitions", "output"] {
            fs::create_dir_all(path.join(inner)).expect("a temporary folder");
        }
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("a temporary file");
    }

    /// Runs Aerleon over all policies; what it wrote, by file name.
    fn run(&self, program: &Path) -> BTreeMap<String, String> {
        let mut command = Command::new(program);
        for folder in ["base_directory=policies", "definitions_directory=definitions", "output_directory=output"] {
            command.arg(format!("--{folder}"));
        }
        let output = command.current_dir(&self.0).output().expect("Aerleon runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains("with errors"), "{said}");
        let files = fs::read_dir(self.0.join("output")).expect("the output").map(|file| file.expect("readable").path());
        let read = |path: PathBuf| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("UTF-8"))
        };
        files.map(read).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A flow in Aerleon's words; its name leads back to the group whose machines enforce it.
struct Term {
    name: String,
    protocol: Protocol,
    ports: String,
    /// `None` is everyone.
    peers: Option<Vec<String>>,
}

/// A policy for one direction and one family: what is of another family must not come near it.
fn policy(direction: Direction, family: Family, terms: &[Term], definitions: &mut Definitions) -> String {
    let (hook, chain, end) = match direction {
        Direction::Ingress => ("input", "INPUT", "source-address"),
        Direction::Egress => ("output", "OUTPUT", "destination-address"),
    };
    let inet = if family == Family::V4 { "inet" } else { "inet6" };
    let mut text = format!(
        "filters:\n  - header:\n      targets:\n        nftables: {inet} {hook}\n        iptables: {chain} {inet}\n    terms:\n"
    );
    for term in terms {
        let protocol = term.protocol.lower();
        let service = definitions.service(protocol, &term.ports);
        let _ = writeln!(text, "      - name: {}\n        protocol: {protocol}\n        action: accept", term.name);
        let _ = writeln!(text, "        destination-port: {service}");
        if let Some(peers) = &term.peers {
            let _ = writeln!(text, "        {end}: {}", definitions.network(peers));
        }
    }
    text
}

/// Networks and services by name.
#[derive(Default)]
struct Definitions {
    networks: BTreeMap<Vec<String>, String>,
    services: BTreeMap<(String, String), String>,
}

impl Definitions {
    fn network(&mut self, addresses: &[String]) -> String {
        let next = format!("N{}", self.networks.len());
        self.networks.entry(addresses.to_vec()).or_insert(next).clone()
    }

    fn service(&mut self, protocol: &str, ports: &str) -> String {
        let next = format!("S{}", self.services.len());
        self.services.entry((protocol.to_owned(), ports.to_owned())).or_insert(next).clone()
    }

    fn text(&self) -> String {
        let mut text = "networks:\n".to_owned();
        for (addresses, name) in &self.networks {
            let _ = writeln!(text, "  {name}:\n    values:");
            for address in addresses {
                let _ = writeln!(text, "      - address: {address}");
            }
        }
        text.push_str("services:\n");
        for ((protocol, ports), name) in &self.services {
            let _ = writeln!(text, "  {name}:\n    - protocol: {protocol}\n      port: {ports}");
        }
        text
    }
}

/// The terms of one direction and family for every group. What has no address that can be written has no term; what everyone
/// may reach has one in each family.
fn terms(deployment: &Deployment, direction: Direction, family: Family) -> Vec<Term> {
    let mut terms = Vec::new();
    for (at, flow) in flows(&CATALOG, deployment).iter().enumerate() {
        let (own, peer) = match direction {
            Direction::Ingress => (flow.responder, flow.initiator),
            Direction::Egress => (flow.initiator, flow.responder),
        };
        let group = deployment.group(peer).expect("an end");
        let addresses = if direction == Direction::Ingress { group.connects_from() } else { &group.listens };
        let peers = match addresses {
            Addresses::Missing => continue,
            Addresses::Any => None,
            Addresses::Known(list) => {
                let of_family = list.iter().filter(|address| address.family() == Some(family));
                let texts: Vec<String> = of_family.flat_map(Address::prefixes).map(|one| with_length(&one)).collect();
                if texts.is_empty() {
                    continue;
                }
                Some(texts)
            }
        };
        let name = format!("g{}n{at}", own.0);
        terms.push(Term { name, protocol: flow.protocol, ports: flow.ports.to_string(), peers });
    }
    terms
}

/// Aerleon wants a length even for one address.
fn with_length(address: &Address) -> String {
    match address {
        Address::Host(ip) => format!("{ip}/{}", if ip.is_ipv4() { 32 } else { 128 }),
        other => other.to_string(),
    }
}

/// What the rules of each of Aerleon's chains let through.
type Chains = BTreeMap<String, Allowed>;

/// Who a rule is about; `None` is everyone, of the policy's family.
fn admit(allowed: &mut Allowed, gate: Gate, peers: Option<&[&str]>) -> Option<()> {
    match peers {
        None => allowed.admit_everyone(gate),
        Some(peers) => {
            for peer in peers {
                let one = peer.strip_suffix("/32").filter(|host| host.contains('.')).or(peer.strip_suffix("/128"));
                allowed.admit(gate, span(one.unwrap_or(peer))?);
            }
        }
    }
    Some(())
}

fn protocol(word: &str) -> Option<Protocol> {
    Protocol::ALL.into_iter().find(|known| known.lower() == word)
}

/// Reads Aerleon's nftables text.
fn nftables(text: &str, direction: Direction) -> Result<Chains, String> {
    let (mut chains, mut jumps) = (Chains::new(), BTreeSet::new());
    let mut chain = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["table", "ip" | "ip6", "filtering_policies", "{"] | ["}"] => {}
            ["chain", name, "{"] => chain = Some(name.to_owned()),
            ["type", "filter", "hook", "input" | "output", ..]
            | ["ct", "state", "established,related", "accept"]
            | ["comment", ..] => {}
            ["jump", name] => drop(jumps.insert(name.to_owned())),
            _ => {
                let name = chain.clone().ok_or_else(|| format!("outside a chain: {line}"))?;
                nftables_rule(&words, direction, chains.entry(name).or_default())
                    .ok_or_else(|| format!("not understood: {line}"))?;
            }
        }
    }
    reached(chains, &jumps)
}

fn nftables_rule(words: &[&str], direction: Direction, allowed: &mut Allowed) -> Option<()> {
    let end = if direction == Direction::Ingress { "saddr" } else { "daddr" };
    let at = words.iter().position(|word| matches!(*word, "tcp" | "udp"))?;
    let (peers, [word, "dport", range, "ct", "state", "new", "accept"]) = words.split_at(at) else { return None };
    let (first, last) = ports(range)?;
    let gate = (direction, protocol(word)?, first, last);
    let peers: Option<Vec<&str>> = match peers {
        [] => None,
        ["ip" | "ip6", own, "{", list @ .., "}"] if *own == end => {
            Some(list.iter().map(|one| one.trim_end_matches(',')).collect())
        }
        ["ip" | "ip6", own, one] if *own == end => Some(vec![one]),
        _ => return None,
    };
    admit(allowed, gate, peers.as_deref())
}

/// Reads Aerleon's iptables text; its chains begin with `I_` or `O_`.
fn iptables(text: &str, direction: Direction) -> Result<Chains, String> {
    let (mut chains, mut jumps) = (Chains::new(), BTreeSet::new());
    let (base, end) = match direction {
        Direction::Ingress => ("INPUT", "-s"),
        Direction::Egress => ("OUTPUT", "-d"),
    };
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        let (name, peers, word, range) = match words[..] {
            ["-N", _] => continue,
            ["-A", from, "-j", name] if from == base => {
                jumps.insert(name.get(2..).unwrap_or_default().to_owned());
                continue;
            }
            ["-A", name, "-p", word, "--dport", range, "-m", "state", "--state", _, "-j", "ACCEPT"] => {
                (name, None, word, range)
            }
            ["-A", name, "-p", word, "--dport", range, own, peer, "-m", "state", "--state", _, "-j", "ACCEPT"]
                if own == end =>
            {
                (name, Some([peer]), word, range)
            }
            _ => return Err(format!("not understood: {line}")),
        };
        let rule = || {
            let (first, last) = ports(&range.replace(':', "-"))?;
            let gate = (direction, protocol(word)?, first, last);
            let name = name.get(2..)?.to_owned();
            admit(chains.entry(name).or_default(), gate, peers.as_ref().map(<[&str; 1]>::as_slice))
        };
        let mut rule = rule;
        rule().ok_or_else(|| format!("not understood: {line}"))?;
    }
    reached(chains, &jumps)
}

/// Only a chain that is jumped to lets anything through.
fn reached(chains: Chains, jumps: &BTreeSet<String>) -> Result<Chains, String> {
    match chains.keys().find(|name| !jumps.contains(*name)) {
        Some(name) => Err(format!("nobody jumps to {name}")),
        None => Ok(chains),
    }
}

/// The text of a dialect among Aerleon's files.
fn output<'a>(files: &'a BTreeMap<String, String>, dialect: &str, name: &str) -> &'a str {
    let file = if dialect == "nftables" { format!("{name}.nft") } else { name.to_owned() };
    files.get(&file).unwrap_or_else(|| panic!("Aerleon did not write {file}, only {:?}", files.keys()))
}

fn parse(dialect: &str, text: &str, direction: Direction) -> Result<Chains, String> {
    if dialect == "nftables" { nftables(text, direction) } else { iptables(text, direction) }
}

#[test]
fn another_generator_lets_the_same_through() {
    let Some(program) = program() else { return };
    let mut deployments: Vec<(String, Deployment)> =
        scenarios::all().into_iter().map(|scenario| (scenario.name.to_owned(), scenario.deployment)).collect();
    let mut everyone = scenarios::default();
    let clients = scenarios::group(&everyone, "Web clients").id;
    scenarios::apply(&mut everyone, portcullis::deployment::Edit::Listens(clients, Addresses::Any));
    deployments.push(("everyone".to_owned(), everyone));
    deployments.push(("large".to_owned(), large::deployment(&CATALOG)));

    let folder = Folder::new("flows");
    let mut definitions = Definitions::default();
    let mut written = Vec::new();
    for (scenario, deployment) in &deployments {
        for (direction, family) in
            Direction::ALL.into_iter().flat_map(|direction| [Family::V4, Family::V6].map(|family| (direction, family)))
        {
            let terms = terms(deployment, direction, family);
            // Aerleon refuses a policy without terms.
            if !terms.is_empty() {
                let name = format!("{scenario}-{}-{}", direction.lower(), family.to_string().to_lowercase());
                let text = policy(direction, family, &terms, &mut definitions);
                folder.write(&format!("policies/pol/{name}.yaml"), &text);
                written.push((scenario, direction, name));
            }
        }
    }
    folder.write("definitions/all.yaml", &definitions.text());
    let files = folder.run(&program);

    for dialect in DIALECTS.into_iter().filter(|dialect| BOTH.contains(&dialect.id)) {
        let (mut compared, mut rules) = (0, 0);
        for (scenario, deployment) in &deployments {
            let mut theirs: BTreeMap<GroupId, Allowed> = BTreeMap::new();
            for (_, direction, name) in written.iter().filter(|(of, ..)| *of == scenario) {
                let text = output(&files, dialect.id, name);
                let chains = parse(dialect.id, text, *direction).unwrap_or_else(|why| panic!("{name}: {why}"));
                for (chain, allowed) in chains {
                    let group = chain[1..].split('n').next().and_then(|id| id.parse().ok()).expect("our own name");
                    theirs.entry(GroupId(group)).or_default().add(&allowed);
                    rules += 1;
                }
            }
            for group in &deployment.groups {
                let text = printing::print(dialect, deployment, group.id, &Direction::ALL, Text::Apply).text;
                let ours = reading::read(dialect.id, &text).unwrap_or_else(|why| panic!("{}: {why}", dialect.id));
                let theirs = theirs.remove(&group.id).unwrap_or_default();
                assert_eq!(ours.allowed.beyond(&theirs), [""; 0], "{}: {scenario}, {}", dialect.id, group.name);
                assert_eq!(theirs.beyond(&ours.allowed), [""; 0], "{}: {scenario}, {}", dialect.id, group.name);
                compared += 1;
            }
            assert!(theirs.is_empty(), "rules for {:?}", theirs.keys());
        }
        assert!(compared > 100 && rules > 2000);
        let _ = writeln!(
            std::io::stderr(),
            "\n{}: the same as Aerleon for {compared} groups, {rules} of its chains",
            dialect.id
        );
    }
}

#[test]
fn the_known_faults_of_the_other_generator_are_still_there() {
    let Some(program) = program() else { return };
    let folder = Folder::new("faults");
    folder.write(
        "definitions/all.yaml",
        "networks:
  V6ONLY:
    values:
      - address: 2001:db8::1/128
services:
  HTTP:
    - protocol: tcp
      port: 80
",
    );
    folder.write(
        "policies/pol/faults.yaml",
        "filters:
  - header:
      targets:
        nftables: inet input
    terms:
      - name: lost
        source-address: V6ONLY
        destination-port: HTTP
        protocol: tcp
        action: accept
      - name: comment
        comment: 'one\"; accept; comment \"two'
        destination-port: HTTP
        protocol: tcp
        action: accept
",
    );
    let files = folder.run(&program);
    let text = output(&files, "nftables", "faults");
    let rule = |chain: &str| {
        let (_, rest) = text.split_once(&format!("chain {chain} {{")).expect("the chain");
        rest.split('}').next().unwrap_or_default().trim().to_owned()
    };
    // The only condition on the source is gone: everyone may connect. Our terms are parted by family because of this.
    assert_eq!(rule("lost"), "tcp dport 80 ct state new accept");
    // Free text becomes rules: our terms carry none.
    assert!(rule("comment").contains("\"one\"; accept; comment \"two\""), "{text}");
}

//! Firewall languages: each a record of what it can say and one function that prints; this file holds the one list and what
//! they share. A dialect sees rules only, never a catalog or a deployment, and prints nothing that is not in the plan.
//!
//! To add one: a file beside the others, and two lines here.

mod aws;
pub mod aws_cli;
pub mod aws_cloudformation;
pub mod aws_terraform;
mod azure;
pub mod azure_bicep;
pub mod azure_cli;
pub mod azure_terraform;
pub mod firewalld;
mod gcp;
pub mod gcp_cli;
pub mod gcp_terraform;
pub mod iptables;
pub mod kubernetes;
pub mod netsh;
pub mod nftables;
pub mod powershell;
pub mod ufw;

use std::fmt::Write;

use crate::net::{Address, Addresses, Direction, Family, Policy, System};
use crate::order::{Map, sort_by_key};
use crate::rule::{Enforcement, Rule, Ruleset};
use crate::shell::Script;

/// Every dialect, in the order of the page.
pub static DIALECTS: [&Dialect; 15] = [
    &powershell::DIALECT,
    &netsh::DIALECT,
    &nftables::DIALECT,
    &iptables::DIALECT,
    &firewalld::DIALECT,
    &ufw::DIALECT,
    &aws_terraform::DIALECT,
    &aws_cloudformation::DIALECT,
    &aws_cli::DIALECT,
    &azure_bicep::DIALECT,
    &azure_terraform::DIALECT,
    &azure_cli::DIALECT,
    &gcp_terraform::DIALECT,
    &gcp_cli::DIALECT,
    &kubernetes::DIALECT,
];

/// The dialect of that identifier.
pub fn dialect(id: &str) -> Option<&'static Dialect> {
    DIALECTS.into_iter().find(|dialect| dialect.id == id)
}

/// The dialect to begin with on a system.
pub fn usual(system: System) -> &'static Dialect {
    DIALECTS.into_iter().find(|dialect| dialect.place == Place::Host(system)).unwrap_or(DIALECTS[0])
}

/// Where a firewall stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On each machine, as part of that system.
    Host(System),
    /// Around the machines, in the cloud they run in; whatever system they have.
    Cloud,
}

/// A firewall language.
pub struct Dialect {
    /// Identifier, for links and file names.
    pub id: &'static str,
    /// Name on the page.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// The texts it has. A text that rolls back by itself is for a whole policy only.
    pub texts: &'static [Text],
    /// Extension of its files.
    pub extension: &'static str,
    /// How lines end in its files. On the clipboard they end in a line feed.
    pub line_end: &'static str,
    /// How to run its texts, in one sentence.
    pub how: &'static str,
    /// What becomes of applied rules, in one or two sentences.
    pub lasts: &'static str,
    /// What the firewall does with what no rule names, and what an allow rule cannot do; the text says so.
    pub assumes: fn(Policy, Direction) -> &'static str,
    /// Names that the user may have to adapt to the host.
    pub fields: &'static [Field],
    /// The one escaping function: what remains of any text of the user's, safe everywhere in its output.
    pub clean: fn(&str) -> String,
    /// True if it can say this address.
    pub says: fn(&Address) -> bool,
    /// True if [`Text::Keep`] has no rules of its own: the firewall keeps them, and the text only looks that they are there.
    pub stores: bool,
    /// The directions of rules in which it can refer to a group of ours in place of that group's addresses: it does, unless
    /// [`PEERS`] says otherwise.
    pub refers: &'static [Direction],
    /// What the firewall may refuse of a plan, or do besides, although each of its rules can be said: whole sentences.
    pub exceeds: fn(&Plan) -> Vec<String>,
    /// Prints a plan; lines end in a line feed.
    pub print: fn(&Plan, Text) -> String,
}

/// A name that the user may have to adapt to the host.
pub struct Field {
    /// Identifier, unique in its dialect.
    pub id: &'static str,
    /// Label on the page.
    pub label: &'static str,
    /// Its value unless the user says otherwise.
    pub default: &'static str,
    /// What can be used.
    pub check: fn(&str) -> Result<(), &'static str>,
}

/// Which of its texts a dialect prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// Puts exactly these rules in place of what an earlier text put there.
    Apply,
    /// Says what applying would do; changes nothing.
    Try,
    /// Applies, and brings back what was there before unless somebody confirms within [`SECONDS`], even if the session dies.
    Guarded,
    /// Makes applied rules come back after a restart, or says that they do.
    Keep,
    /// Takes out what an earlier text put there, and brings back what was there before.
    TakeOut,
}

/// How long [`Text::Guarded`] waits for a confirmation.
pub const SECONDS: u32 = 60;

impl Text {
    /// All of them, in the order of the page; applying comes first because it is what people copy.
    pub const ALL: [Self; 5] = [Self::Apply, Self::Try, Self::Guarded, Self::Keep, Self::TakeOut];

    /// Its name on the page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Try => "Try it",
            Self::Guarded => "Confirm or roll back",
            Self::Keep => "Make it last",
            Self::TakeOut => "Take it out",
        }
    }

    /// True if it stands for the rules, and refuses to run while one is held back.
    pub fn has_rules(self) -> bool {
        self != Self::TakeOut
    }
}

impl Dialect {
    /// The texts it has for a policy.
    pub fn texts(&self, policy: Policy) -> impl Iterator<Item = Text> {
        self.texts.iter().copied().filter(move |text| policy == Policy::WholeHost || *text != Text::Guarded)
    }

    /// Where the rules of the group of that number are enforced.
    pub const fn point(&self, group: u32) -> Enforcement {
        match self.place {
            Place::Host(_) => Enforcement::Host(group),
            Place::Cloud => Enforcement::CloudGroup(group),
        }
    }

    /// True if it stands on machines of another system than this one.
    pub fn is_foreign(&self, system: System) -> bool {
        matches!(self.place, Place::Host(own) if own != system)
    }

    /// True if the text refers to the other end of a rule in place of its addresses.
    pub fn refers_to(&self, rule: &Rule, settings: &Map<String, String>) -> bool {
        let peer = rule.peer();
        peer.ours && peer.addresses != Addresses::Any && self.by_groups(settings).contains(&rule.direction)
    }

    /// The directions in which the text refers to groups of ours, not to addresses.
    pub fn by_groups(&self, settings: &Map<String, String>) -> &'static [Direction] {
        if self.setting(&PEERS, settings) == BY_ADDRESSES { &[] } else { self.refers }
    }

    /// What the user says of a field, or its default.
    pub fn setting<'a>(&self, field: &Field, settings: &'a Map<String, String>) -> &'a str {
        settings.get(&self.key(field)).map_or(field.default, String::as_str)
    }

    /// What a field is called among the settings of a deployment.
    pub fn key(&self, field: &Field) -> String {
        format!("{}.{}", self.id, field.id)
    }
}

/// What a dialect is to print: rules whose peers it can say, and what had to be left out, in words.
pub struct Plan<'a> {
    /// The number of the group that it is for.
    pub group: u32,
    /// The name of that group, as the user writes it: any text.
    pub name: &'a str,
    /// Lines for the head of the text: plain ASCII, no control characters.
    pub header: Vec<String>,
    /// The directions covered; each is managed by itself.
    pub directions: &'a [Direction],
    /// Whether the rules add to what is there, or are all there is.
    pub policy: Policy,
    /// With [`Policy::WholeHost`], whether outgoing traffic that no rule lists is dropped too.
    pub drops_outgoing: bool,
    /// Rules to print.
    pub rules: Vec<Planned<'a>>,
    /// Rules that cannot be printed; the text refuses to run while there are any.
    pub held: Vec<Held<'a>>,
    /// What the dialect cannot say, or changed.
    pub notes: Vec<String>,
    /// Values of the dialect's fields, checked.
    pub settings: Map<&'static str, String>,
}

/// A rule with the peers to print.
#[derive(Clone)]
pub struct Planned<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Addresses of the peer, at least one unless it is referred to; `None` is everyone.
    pub peers: Option<Vec<&'a Address>>,
    /// True if the text refers to the peer's group, whatever its addresses are.
    pub refers: bool,
}

/// A rule that cannot be printed.
pub struct Held<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Why: a sentence without its final stop.
    pub why: String,
}

impl Planned<'_> {
    /// The peers of one family, as text; `None` if there are none.
    pub fn of_family(&self, family: Family) -> Option<Vec<String>> {
        let peers = self.peers.as_ref()?;
        let texts: Vec<String> =
            peers.iter().filter(|peer| peer.family() == Some(family)).map(ToString::to_string).collect();
        (!texts.is_empty()).then_some(texts)
    }
}

impl Plan<'_> {
    /// The rules of one direction.
    pub fn of(&self, direction: Direction) -> impl Iterator<Item = &Planned<'_>> {
        self.rules.iter().filter(move |planned| planned.rule.direction == direction)
    }

    /// True if what no rule lists is dropped by this text.
    pub fn drops(&self, direction: Direction) -> bool {
        self.policy == Policy::WholeHost && (direction == Direction::Ingress || self.drops_outgoing)
    }

    /// The same plan for one direction only.
    pub fn only(&self, direction: Direction) -> Plan<'_> {
        Plan {
            group: self.group,
            name: self.name,
            header: Vec::new(),
            directions: match direction {
                Direction::Ingress => &[Direction::Ingress],
                Direction::Egress => &[Direction::Egress],
            },
            policy: self.policy,
            drops_outgoing: self.drops_outgoing,
            rules: self.of(direction).cloned().collect(),
            held: Vec::new(),
            notes: Vec::new(),
            settings: self.settings.clone(),
        }
    }

    /// The value of a field.
    pub fn setting(&self, field: &str) -> &str {
        self.settings.get(field).map_or("", String::as_str)
    }

    /// Why the text refuses to run: plain sentences, one for each group that lacks something.
    pub fn refusals(&self, clean: fn(&str) -> String) -> Vec<String> {
        let mut refusals = Vec::new();
        for held in &self.held {
            let sentence = clean(&held.why);
            if !refusals.contains(&sentence) {
                refusals.push(sentence);
            }
        }
        refusals
    }
}

/// Sorts the rules of some directions into what the dialect can print and what it cannot. Nothing is dropped: a rule is
/// printed or held back, and every address left out of a printed rule is in a note.
pub fn plan<'a>(
    dialect: &Dialect,
    ruleset: &'a Ruleset,
    directions: &'a [Direction],
    settings: &Map<String, String>,
) -> Plan<'a> {
    let mut plan = Plan {
        group: match ruleset.point {
            Enforcement::Host(group) | Enforcement::CloudGroup(group) => group,
            Enforcement::Device(_) => 0,
        },
        name: &ruleset.name,
        header: Vec::new(),
        directions,
        policy: ruleset.policy,
        drops_outgoing: ruleset.drops_outgoing,
        rules: Vec::new(),
        held: Vec::new(),
        notes: Vec::new(),
        settings: Map::new(),
    };
    for field in dialect.fields {
        let value = dialect.setting(field, settings);
        let value = match (field.check)(value) {
            Ok(()) => value,
            Err(why) => {
                plan.notes.push(format!("{} is back to {}: {why}", field.label, field.default));
                field.default
            }
        };
        plan.settings.insert(field.id, value.to_owned());
    }
    let mut notes: Vec<String> = Vec::new();
    let mut note = |text: String| {
        if !notes.contains(&text) {
            notes.push(text);
        }
    };
    for rule in ruleset.rules.iter().filter(|rule| directions.contains(&rule.direction)) {
        let peer = rule.peer();
        let refers = dialect.refers_to(rule, settings);
        let peers = match &peer.addresses {
            _ if refers => Some(Vec::new()),
            Addresses::Missing => {
                plan.held.push(Held { rule, why: format!("{} has no address", peer.name) });
                continue;
            }
            Addresses::Any => None,
            Addresses::Known(addresses) => {
                let (said, unsaid): (Vec<&Address>, Vec<&Address>) =
                    addresses.iter().partition(|address| (dialect.says)(address));
                if said.is_empty() {
                    let why = format!("{} has only names, and {} needs addresses", peer.name, dialect.name);
                    plan.held.push(Held { rule, why });
                    continue;
                }
                if !unsaid.is_empty() {
                    let names: Vec<String> = unsaid.iter().map(ToString::to_string).collect();
                    let names = names.join(", ");
                    note(format!("{}: {names} left out, since {} needs addresses.", peer.name, dialect.name));
                }
                Some(said)
            }
        };
        if let Some(text) = families_apart(rule) {
            note(text);
        }
        plan.rules.push(Planned { rule, peers, refers });
    }
    // A group is an end of many rules, with one name.
    let mut groups: Vec<u32> = vec![0];
    for peer in ruleset.rules.iter().flat_map(|rule| [&rule.source, &rule.destination]) {
        if groups.contains(&peer.group) {
            continue;
        }
        groups.push(peer.group);
        let written = (dialect.clean)(&peer.name);
        if written != peer.name {
            note(format!(
                "{written} (group {}): its name on the page has characters that are not safe in a script.",
                peer.group
            ));
        }
    }
    plan.notes.append(&mut notes);
    let mut exceeded = (dialect.exceeds)(&plan);
    plan.notes.append(&mut exceeded);
    plan
}

/// A note if the two ends have no family in common: such a rule can never match.
fn families_apart(rule: &Rule) -> Option<String> {
    let (own, peer) = (&rule.own().addresses, &rule.peer().addresses);
    // Everyone has both families, and so may a name, or whoever is not known yet.
    let has = |addresses: &Addresses, family| match addresses {
        Addresses::Known(list) => list.iter().any(|one| one.family().is_none_or(|own| own == family)),
        Addresses::Any | Addresses::Missing => true,
    };
    let meet = [Family::V4, Family::V6].into_iter().any(|family| has(own, family) && has(peer, family));
    let (own, peer) = (rule.own(), rule.peer());
    (!meet).then(|| {
        format!("{} and {} have no address family in common: rules between them can never match.", own.name, peer.name)
    })
}

/// The texts where nothing can roll back by itself.
const UNGUARDED: [Text; 4] = [Text::Apply, Text::Try, Text::Keep, Text::TakeOut];

/// What every dialect of Linux is: one shell script for a root shell. Name, words and printing are each one's own.
const LINUX: Dialect = Dialect {
    id: "",
    name: "",
    place: Place::Host(System::Linux),
    texts: &Text::ALL,
    extension: "sh",
    line_end: "\n",
    how: "Paste into a root shell, or save it and run it with sh.",
    lasts: "Safe to run again. Gone after a restart unless you run Make it last.",
    assumes: |_, _| "",
    fields: &[],
    clean: plain,
    says: numbers_only,
    stores: false,
    refers: &[],
    exceeds: |_| Vec::new(),
    print: |_, _| String::new(),
};

/// How a text names the groups that it knows: by themselves, or by their addresses.
pub const PEERS: Field = Field {
    id: "peers",
    label: "Other groups as (groups, addresses)",
    default: "groups",
    check: |text| match text {
        "groups" | BY_ADDRESSES => Ok(()),
        _ => Err("use the word groups, or addresses."),
    },
};
const BY_ADDRESSES: &str = "addresses";

/// True for what every firewall of a host understands: they resolve names once, while they start, or not at all.
fn numbers_only(address: &Address) -> bool {
    !matches!(address, Address::Name(_))
}

/// A network with its length, also where it is a single host; names are none.
fn network(address: &Address) -> Option<(Family, String)> {
    let family = address.family()?;
    let length = if family == Family::V4 { 32 } else { 128 };
    Some((
        family,
        match address {
            Address::Host(ip) => format!("{ip}/{length}"),
            other => other.to_string(),
        },
    ))
}

/// The other end of a rule.
#[derive(PartialEq, Eq)]
enum Peer {
    /// The machines of that group.
    Group(u32),
    /// A network, with its length.
    Network(Family, String),
}

/// The peers of a rule, each once; everyone is a network of each family.
fn peers(planned: &Planned) -> Vec<Peer> {
    let everyone = || [(Family::V4, "0.0.0.0/0"), (Family::V6, "::/0")].map(|(family, all)| (family, all.to_owned()));
    let networks: Vec<(Family, String)> = match &planned.peers {
        _ if planned.refers => return vec![Peer::Group(planned.rule.peer().group)],
        None => everyone().into(),
        Some(addresses) => {
            addresses.iter().flat_map(|address| address.prefixes()).filter_map(|one| network(&one)).collect()
        }
    };
    let mut peers: Vec<Peer> = Vec::new();
    for (family, network) in networks {
        let peer = Peer::Network(family, network);
        // A range and a host may share a piece.
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    peers
}

/// The other groups that rules refer to, each with its name, in the order of their numbers.
fn others<'a>(plan: &'a Plan) -> Vec<(u32, &'a str)> {
    let referred = plan.rules.iter().filter(|planned| planned.refers).map(|planned| planned.rule.peer());
    let mut others: Vec<(u32, &str)> =
        referred.filter(|peer| peer.group != plan.group).map(|peer| (peer.group, peer.name.as_str())).collect();
    sort_by_key(&mut others, |(group, _)| *group);
    others.dedup_by_key(|(group, _)| *group);
    others
}

/// A line that says what a rule is for.
fn comment(rule: &Rule, indent: &str) -> String {
    let Rule { source, destination, protocol, ports, purpose, key, .. } = rule;
    let (source, destination, purpose) = (plain(&source.name), plain(&destination.name), plain(purpose));
    format!("{indent}# {source} to {destination}, {protocol} {ports}: {purpose} ({key})\n")
}

/// Flows and what they are for, as the description of a rule that is for all of them; cut where a cloud would refuse it.
fn described(flows: &[&Rule]) -> String {
    let mut text = String::new();
    for flow in flows {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&flow.key);
        text.push_str(": ");
        text.push_str(&plain(&flow.purpose));
    }
    text.truncate(LONGEST);
    text.truncate(text.trim_end().len());
    text
}
/// Characters of a description.
const LONGEST: usize = 255;

/// True for an expression of Terraform: names with points between them.
fn is_expression(text: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    text.len() <= 200 && text.contains('.') && text.split('.').all(word)
}

/// An expression of Terraform as it stands in a text, which says how to declare a variable; anything else in quotes.
fn expressed(out: &mut String, text: &str) -> String {
    if let Some(variable) = text.strip_prefix("var.") {
        out.push_str(&format!("# Once in the module: variable \"{variable}\" {{ type = string }}\n"));
    }
    if text.contains('.') { text.to_owned() } else { format!("\"{text}\"") }
}

/// The end of a resource of Terraform, which keeps everything from being changed while something is held back.
fn precondition(plan: &Plan, text: Text, own: &str) -> String {
    let mut out = String::new();
    let refusals = if text.has_rules() { plan.refusals(plain) } else { Vec::new() };
    if !refusals.is_empty() {
        let _ = write!(
            out,
            "
  lifecycle {{
    precondition {{
      condition     = length(local.{own}_held_back) == 0
      error_message = join(\" \", concat([\"Nothing was changed. Fill in what is missing on the page.\"], local.{own}_held_back))
    }}
  }}
}}

locals {{
  {own}_held_back = [
"
        );
        for refusal in &refusals {
            let _ = writeln!(out, "    \"Held back: {refusal}.\",");
        }
        out.push_str("  ]\n");
    }
    out.push_str("}\n");
    out
}

/// The script as it is pasted: with the plan's head, and refusing to run while something is held back.
fn pasted(plan: &Plan, text: Text, clean: fn(&str) -> String, script: Script) -> String {
    let refusals = if text.has_rules() { plan.refusals(clean) } else { Vec::new() };
    Script { header: plan.header.clone(), refusals, ..script }.pasted()
}

/// What remains of a text when only plain letters, digits, blanks and `. _ : / ( ) + , -` may stay; anything else becomes
/// `_`. None of these ends a quoted string, starts an expansion or breaks a line in any shell or firewall language here.
pub fn plain(text: &str) -> String {
    let keep = |c: char| match c {
        ' ' | '.' | '_' | ':' | '/' | '(' | ')' | '+' | ',' | '-' => c,
        c if c.is_ascii_alphanumeric() => c,
        _ => '_',
    };
    let text = text.trim();
    let mut plain = String::with_capacity(text.len());
    plain.extend(text.chars().map(keep));
    plain
}

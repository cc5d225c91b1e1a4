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
pub mod cloud;
pub mod firewalld;
mod gcp;
pub mod gcp_cli;
pub mod gcp_terraform;
pub mod iptables;
pub mod kubernetes;
pub mod netsh;
pub mod nftables;
mod plan;
pub mod powershell;
pub mod ufw;

pub use plan::{Held, Plan, Planned, plan};

use crate::net::{Address, Addresses, Direction, Policy, System};
use crate::order::Map;
use crate::rule::{Enforcement, Rule};
use crate::shell::Script;
use cloud::{BY_ADDRESSES, PEERS};

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
    /// Around pods, which it means by their labels; whoever is no pod of the same cluster has addresses.
    Cluster,
}

impl Place {
    /// True if it stands on the machines themselves.
    pub const fn on_host(self) -> bool {
        matches!(self, Self::Host(_))
    }
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
    /// [`cloud::PEERS`] says otherwise.
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
            Place::Cluster => Enforcement::Pods(group),
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

/// True for what every firewall of a host understands: they resolve names once, while they start, or not at all.
fn numbers_only(address: &Address) -> bool {
    !matches!(address, Address::Name(_))
}

/// A line that says what a rule is for.
fn comment(rule: &Rule, indent: &str) -> String {
    let Rule { source, destination, protocol, ports, purpose, key, .. } = rule;
    let (source, destination, purpose) = (plain(&source.name), plain(&destination.name), plain(purpose));
    format!("{indent}# {source} to {destination}, {protocol} {ports}: {purpose} ({key})\n")
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

//! The facts: roles, the ports they listen on, who opens connections to them, and which document says so.
//! Read once from a data file; knows nothing of a user's deployment, and holds no fact in code.
//!
//! Identifiers are plain strings that stand in data, links and tests; no code matches on one of them. What a role *does* in
//! this program follows from its tags (`kind`, `hosted_on`, `external`), so that another product's catalog would load as well.

// The paths are spelled out because build.rs reads this file too, from elsewhere.
#[path = "catalog/change.rs"]
mod change;
#[path = "catalog/choice.rs"]
mod choice;
#[path = "catalog/preset.rs"]
mod preset;
#[path = "catalog/system.rs"]
mod system;
#[path = "catalog/words.rs"]
mod words;

pub use change::{Change, Step, Tool, Work};
pub use choice::{Answer, Choice, Condition, Scope};
pub use preset::{Preset, PresetGroup};
pub use system::{Reserved, SystemFacts};

use serde::{Deserialize, Serialize};

use crate::net::{Port, PortRange, Protocol, System};

/// The identifier of a row. Rows of different tables may share one. (Fields that *must* be there spell the type out: serde
/// borrows from the embedded text only where it sees the `&`.)
pub type Id = &'static str;

/// Everything the documentation says, as rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// The product whose ports these are.
    pub product: &'static str,
    /// Year and month of the facts; printed into every output.
    pub version: &'static str,
    /// Releases, oldest first.
    pub releases: Vec<Release>,
    /// Documents that rows refer to.
    pub sources: Vec<Source>,
    /// Places where documents disagree.
    pub disagreements: Vec<Disagreement>,
    /// Zones, in the order of the page.
    pub zones: Vec<Zone>,
    /// What operating systems do with numbers by themselves.
    #[serde(default)]
    pub systems: Vec<SystemFacts>,
    /// The command line of the product's servers, by system.
    #[serde(default)]
    pub tools: Vec<Tool>,
    /// Questions with named answers.
    pub choices: Vec<Choice>,
    /// What a machine can do in the product, in the order of the page.
    pub roles: Vec<Role>,
    /// Where roles accept connections.
    pub listeners: Vec<Listener>,
    /// Who opens connections to which listener.
    pub dependencies: Vec<Dependency>,
    /// Deployments to begin with; the first is the one the page opens with.
    pub presets: Vec<Preset>,
    /// Defaults that were others in earlier catalogs, the oldest change first: links of that time keep theirs.
    #[serde(default)]
    pub changes: Vec<Revision>,
}

/// A default that another catalog had otherwise.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// The version of the first catalog with the new default, as in [`Catalog::version`].
    pub version: &'static str,
    /// The listener whose default ports changed; or else a choice is named.
    #[serde(default)]
    pub listener: Option<Id>,
    /// For a listener, which of its rows of [`Listener::ports`] changed, by that row's `since`.
    #[serde(default)]
    pub since: &'static str,
    /// The choice whose default answer changed.
    #[serde(default)]
    pub choice: Option<Id>,
    /// What it was: a port or a range, or an answer's identifier.
    pub was: &'static str,
    /// Why it changed, in one sentence.
    pub text: &'static str,
}

/// A release whose defaults are known.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its number, as written in links.
    pub id: &'static str,
    /// True if services whose role says `shares_port` may listen on one number of one machine, unless an answer says otherwise.
    pub shares_service_ports: bool,
}

/// A document.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its number in the fact sheet.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The release it is about.
    pub release: &'static str,
    /// Where it can be read.
    pub url: &'static str,
}

/// A point on which documents contradict each other.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disagreement {
    /// Its number in the fact sheet.
    pub id: &'static str,
    /// Who says what.
    pub text: &'static str,
    /// The documents.
    pub sources: Vec<Id>,
}

/// A set of groups of one trust level; a column of the diagram holds one or more of them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Identifier.
    pub id: &'static str,
    /// Heading.
    pub name: &'static str,
    /// Column of the diagram, from 0.
    pub column: u8,
}

/// What kind of thing a role is; behaviour follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// People's machines. Their addresses are *any* until the user says otherwise.
    Client,
    /// In front of the servers.
    FrontDoor,
    /// The product's servers.
    Server,
    /// Hosts of services.
    Node,
    /// Runs on a node and has numbered instances there.
    Service,
    /// Databases and data sources.
    Data,
    /// User directories and sign-on.
    Directory,
    /// Watches the others, or gets to them.
    Monitoring,
    /// Somebody else's service.
    External,
}

/// What a machine does in the product.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Identifier.
    pub id: &'static str,
    /// Name in the field.
    pub name: &'static str,
    /// Kind.
    pub kind: Kind,
    /// The zone its groups stand in unless the user says otherwise.
    pub zone: &'static str,
    /// For a service: the role whose groups host it.
    #[serde(default)]
    pub hosted_on: Option<Id>,
    /// True if the user does not manage its machines: no snippet is written for them.
    #[serde(default)]
    pub external: bool,
    /// True if instances may share a port with others that say so, in releases that allow it.
    #[serde(default)]
    pub shares_port: bool,
    /// The operating system a new group of this role starts with.
    pub system: System,
    /// True if most deployments do without it: the page folds it away while it is off.
    #[serde(default)]
    pub rare: bool,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Documents.
    pub sources: Vec<Id>,
}

/// How much a row can be trusted (catalog-facts, "How to read it").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Inference, convention, or one sample.
    Low,
    /// Said once, or documents differ in detail.
    Medium,
    /// Said by the vendor and not contradicted.
    High,
}

impl Confidence {
    /// One word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What protects a flow on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// Nothing.
    Clear,
    /// Depends on configuration that the page does not ask for.
    Optional,
    /// TLS, or a protocol that encrypts by itself.
    Tls,
}

impl Encryption {
    /// Words for table and diagram.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear text",
            Self::Optional => "if configured",
            Self::Tls => "encrypted",
        }
    }
}

/// Where a role accepts connections.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Identifier.
    pub id: &'static str,
    /// The role that listens.
    pub role: &'static str,
    /// Short name, unique within the role.
    pub name: &'static str,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Default ports by release, oldest first; the last one whose `since` is reached counts.
    pub ports: Vec<DefaultPorts>,
    /// The number to move to when another listener of the machine has the default, where the documents suggest one.
    #[serde(default)]
    pub alternate: Option<u16>,
    /// The number to move to where only a privileged account may listen on the default.
    #[serde(default)]
    pub unprivileged: Option<Port>,
    /// What would encrypt it, as the words that follow “To encrypt it, ”; empty if it is encrypted, or nothing would.
    #[serde(default)]
    pub encrypt: &'static str,
    /// True if the number cannot be changed.
    #[serde(default)]
    pub fixed: bool,
    /// True if one number holds for all machines of the role: an override belongs to the deployment, not to a group.
    #[serde(default)]
    pub same_everywhere: bool,
    /// True if it is never reached over the network: it makes no rule, but takes part in collisions.
    #[serde(default)]
    pub local: bool,
    /// True if it takes any free numbers out of its range: another listener within the range is in its way, another such
    /// range is not.
    #[serde(default)]
    pub pool: bool,
    /// What protects it, where no variant says otherwise.
    pub encryption: Encryption,
    /// Circumstances in which it differs; the first that holds counts.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// What it is for.
    pub purpose: &'static str,
    /// Who must reach it (the vendor's column "firewall requirement").
    pub requirement: &'static str,
    /// When it listens.
    #[serde(default)]
    pub when: Option<Condition>,
    /// How its number is changed.
    pub change: Change,
    /// A contradiction that concerns it.
    #[serde(default)]
    pub disagreement: Option<Id>,
    /// Trust.
    pub confidence: Confidence,
    /// Documents.
    pub sources: Vec<Id>,
}

/// The default ports of a listener from some release on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultPorts {
    /// First release; empty means from the beginning.
    #[serde(default)]
    pub since: &'static str,
    /// First port.
    pub first: Port,
    /// How many ports follow each other, at least 1.
    #[serde(default = "one")]
    pub count: u16,
}

/// Circumstances in which a listener differs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub struct Variant {
    /// When.
    pub when: Condition,
    /// How many ports follow each other then, at least 1.
    #[serde(default)]
    pub count: Option<u16>,
    /// What protects it then.
    #[serde(default)]
    pub encryption: Option<Encryption>,
}

const fn one() -> u16 {
    1
}

/// A role opens connections to a listener.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// Identifier.
    pub id: &'static str,
    /// The roles that open it.
    pub from: Vec<Id>,
    /// The listener.
    pub to: &'static str,
    /// When.
    #[serde(default)]
    pub when: Option<Condition>,
    /// Why.
    pub purpose: &'static str,
    /// What does not work without it, as the words that follow “Without it, ”; empty where no document says so.
    #[serde(default)]
    pub without: &'static str,
    /// A contradiction that concerns it.
    #[serde(default)]
    pub disagreement: Option<Id>,
    /// Trust.
    pub confidence: Confidence,
    /// Documents.
    pub sources: Vec<Id>,
}

impl Catalog {
    /// Reads a catalog. Not in the page, which carries its catalog packed.
    ///
    /// # Errors
    /// Text that does not have the shape of these types; the message names line and column.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn parse(text: &'static str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The role of that identifier.
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// The listener of that identifier.
    pub fn listener(&self, id: &str) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.id == id)
    }

    /// The listeners of a role, in catalog order.
    pub fn listeners_of(&self, role: Id) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().filter(move |listener| listener.role == role)
    }

    /// True if each instance of the listener's service has a number of its own there: the first listener of a service. Any
    /// other (engines, monitoring) is one for all instances of a machine.
    pub fn per_instance(&self, listener: &Listener) -> bool {
        self.role(listener.role).is_some_and(|role| role.hosted_on.is_some())
            && self.listeners_of(listener.role).next().is_some_and(|first| first.id == listener.id)
    }

    /// The choice of that identifier.
    pub fn choice(&self, id: &str) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.id == id)
    }

    /// The zone of that identifier.
    pub fn zone(&self, id: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.id == id)
    }

    /// What an operating system does with numbers, if it is known.
    pub fn system(&self, system: System) -> Option<&SystemFacts> {
        self.systems.iter().find(|row| row.system == system)
    }

    /// The document of that identifier.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// The contradiction of that identifier.
    pub fn disagreement(&self, id: &str) -> Option<&Disagreement> {
        self.disagreements.iter().find(|row| row.id == id)
    }

    /// The newest release; empty only for a catalog without releases, which the catalog test refuses.
    pub fn newest(&self) -> Id {
        self.releases.last().map_or("", |release| release.id)
    }

    /// The release of that identifier.
    pub fn release(&self, id: &str) -> Option<&Release> {
        self.releases.iter().find(|release| release.id == id)
    }

    /// What a listener is called where its role is not in sight.
    pub fn full_name(&self, listener: &Listener) -> String {
        let role = self.role(listener.role).map_or(listener.role, |role| role.name);
        if role.contains(listener.name) { role.to_owned() } else { format!("{role}: {}", listener.name) }
    }

    /// True if `release` is `since` or newer, by the order of the table.
    pub fn at_least(&self, release: &str, since: &str) -> bool {
        let position = |id: &str| self.releases.iter().position(|row| row.id == id);
        position(since).is_some_and(|since| position(release).is_some_and(|release| release >= since))
    }
}

impl Listener {
    /// The default ports in a release.
    pub fn defaults(&self, catalog: &Catalog, release: &str) -> Option<PortRange> {
        self.row(catalog, release).map(|row| PortRange::starting(row.first, row.count))
    }

    /// The row of default ports that holds in a release.
    pub fn row(&self, catalog: &Catalog, release: &str) -> Option<&DefaultPorts> {
        let reached = |row: &&DefaultPorts| row.since.is_empty() || catalog.at_least(release, row.since);
        self.ports.iter().rfind(reached)
    }

    /// The most ports that it has in any release and circumstances, at least 1: room that its first number must leave.
    pub fn most(&self) -> u16 {
        let variants = self.variants.iter().filter_map(|variant| variant.count);
        self.ports.iter().map(|row| row.count).chain(variants).max().unwrap_or(1)
    }
}

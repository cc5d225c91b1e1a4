//! Prints the snippets of a deployment the way the page does. Never reads them back.

use portcullis::deployment::{Deployment, GroupId};
use portcullis::dialect::{DIALECTS, Dialect, Place, Text, plan};
use portcullis::enforce;
use portcullis::flow::flows;
use portcullis::net::{Direction, System};
use portcullis::rule::{Enforcement, Ruleset};
use portcullis::snippet::{Context, Snippet, snippet};

use crate::allowed::Allowed;
use crate::scenarios::CATALOG;

/// What one snippet can cover, both directions first.
pub const COVERS: [&[Direction]; 3] = [&Direction::ALL, &[Direction::Ingress], &[Direction::Egress]];

/// The dialects by name: tests may name them, code may not.
pub fn nftables() -> &'static Dialect {
    named("nftables")
}

/// The language of Ubuntu's own firewall.
pub fn ufw() -> &'static Dialect {
    named("ufw")
}

/// The older language of Linux.
pub fn iptables() -> &'static Dialect {
    named("iptables")
}

/// The language of Red Hat's own firewall.
pub fn firewalld() -> &'static Dialect {
    named("firewalld")
}

/// The other one.
pub fn powershell() -> &'static Dialect {
    named("powershell")
}

/// The other one of Windows.
pub fn netsh() -> &'static Dialect {
    named("netsh")
}

/// The dialect of that identifier.
pub fn named(id: &str) -> &'static Dialect {
    DIALECTS.into_iter().find(|dialect| dialect.id == id).unwrap_or_else(|| panic!("no dialect {id}"))
}

/// The firewalls of machines; with a system, those that it has.
pub fn hosts(system: Option<System>) -> impl Iterator<Item = &'static Dialect> {
    let stands = move |place| match place {
        Place::Host(own) => system.is_none_or(|system| own == system),
        Place::Cloud | Place::Cluster => false,
    };
    DIALECTS.into_iter().filter(move |dialect| stands(dialect.place))
}

/// The rules of a group where that dialect's firewall enforces them.
pub fn rules_in(dialect: &Dialect, deployment: &Deployment, GroupId(group): GroupId) -> Ruleset {
    enforce::rules(&CATALOG, deployment, &flows(&CATALOG, deployment), dialect.point(group))
}

/// The rules of a group's machines.
pub fn rules(deployment: &Deployment, GroupId(group): GroupId) -> Ruleset {
    let flows = flows(&CATALOG, deployment);
    enforce::rules(&CATALOG, deployment, &flows, Enforcement::Host(group))
}

/// One snippet for a group's machines.
pub fn print(dialect: &Dialect, deployment: &Deployment, group: GroupId, cover: &[Direction], text: Text) -> Snippet {
    let context = Context {
        product: CATALOG.product,
        release: deployment.release,
        catalog: CATALOG.version,
        fragment: "#1.p=example",
    };
    snippet(dialect, &rules_in(dialect, deployment, group), cover, text, &deployment.settings, &context)
}

/// What the plan of that snippet is meant to let through.
pub fn planned(dialect: &Dialect, deployment: &Deployment, group: GroupId, cover: &[Direction]) -> Allowed {
    Allowed::planned(&plan(dialect, &rules_in(dialect, deployment, group), cover, &deployment.settings))
}

/// The texts that every dialect of a host has in every mode and that hold their rules once.
pub const PLAIN: [Text; 3] = [Text::Apply, Text::Try, Text::TakeOut];

/// Every dialect with each of these texts that it has.
pub fn plain() -> impl Iterator<Item = (&'static Dialect, Text)> {
    DIALECTS.into_iter().flat_map(|dialect| {
        PLAIN.into_iter().filter(|text| dialect.texts.contains(text)).map(move |text| (dialect, text))
    })
}

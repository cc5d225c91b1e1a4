//! Prints the snippets of a deployment the way the page does. Never reads them back.

use portcullis::deployment::{Deployment, GroupId};
use portcullis::dialect::{DIALECTS, Dialect, Text, plan};
use portcullis::enforce;
use portcullis::flow::flows;
use portcullis::net::Direction;
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

fn named(id: &str) -> &'static Dialect {
    DIALECTS.into_iter().find(|dialect| dialect.id == id).unwrap_or_else(|| panic!("no dialect {id}"))
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
    snippet(dialect, &rules(deployment, group), cover, text, &deployment.settings, &context)
}

/// What the plan of that snippet is meant to let through.
pub fn planned(dialect: &Dialect, deployment: &Deployment, group: GroupId, cover: &[Direction]) -> Allowed {
    Allowed::planned(&plan(dialect, &rules(deployment, group), cover, &deployment.settings))
}

/// The texts that every dialect has in every mode and that hold their rules once.
pub const PLAIN: [Text; 3] = [Text::Apply, Text::Try, Text::TakeOut];

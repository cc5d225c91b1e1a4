//! Deployments to begin with, as rows. Makes none: an edit does.

use serde::{Deserialize, Serialize};

use super::{Id, one};
use crate::net::{Port, System};

/// A deployment to begin with.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Identifier.
    pub id: &'static str,
    /// Name on the page.
    pub name: &'static str,
    /// The only release it is about; else the one that was chosen before stays.
    #[serde(default)]
    pub release: Option<Id>,
    /// Answers to choices of the whole deployment: choice and answer.
    #[serde(default)]
    pub answers: Vec<(Id, Id)>,
    /// Its groups.
    pub groups: Vec<PresetGroup>,
}

/// A group of a preset.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresetGroup {
    /// Name.
    pub name: &'static str,
    /// Roles placed on it.
    pub roles: Vec<Id>,
    /// Services with one instance each, in the order in which they take their ports.
    #[serde(default)]
    pub services: Vec<Id>,
    /// Identical machines, at least 1.
    #[serde(default = "one")]
    pub machines: u16,
    /// Operating system, where it differs from the first role's.
    #[serde(default)]
    pub system: Option<System>,
    /// The zone, where it differs from the first role's.
    #[serde(default)]
    pub zone: Option<Id>,
    /// First ports, where they differ from the default: listener and number.
    #[serde(default)]
    pub ports: Vec<(Id, Port)>,
    /// Answers to choices of groups: choice and answer.
    #[serde(default)]
    pub answers: Vec<(Id, Id)>,
    /// The language of its firewall ([`crate::dialect::Dialect::id`]), where it is not its system's usual one.
    #[serde(default)]
    pub firewall: Option<&'static str>,
}

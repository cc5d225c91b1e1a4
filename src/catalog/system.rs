//! What an operating system does with port numbers by itself, whatever runs on it. Data only; knows no listener.

use serde::{Deserialize, Serialize};

use super::Id;
use crate::net::{Port, PortRange, System};

/// The numbers that an operating system treats in a way of its own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub struct SystemFacts {
    /// Which one.
    pub system: System,
    /// Numbers on which only a privileged account may listen; absent where there are none.
    #[serde(default)]
    pub privileged: Option<Reserved>,
    /// Numbers that outgoing connections take by default.
    pub ephemeral: Reserved,
}

/// A range of numbers, and what to know of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserved {
    /// First number.
    pub first: Port,
    /// Last number, included.
    pub last: Port,
    /// Whom it concerns and what can be done, in whole sentences.
    pub text: &'static str,
    /// Documents.
    pub sources: Vec<Id>,
}

impl Reserved {
    /// The range; a reversed one, which a test refuses, is its first number.
    pub fn range(&self) -> PortRange {
        PortRange::new(self.first, self.last).unwrap_or(self.first.into())
    }
}

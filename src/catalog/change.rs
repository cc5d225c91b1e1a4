//! How a listener's number is changed, as rows: what is written or run, on whose machines, in which order. Templates only;
//! [`crate::howto`] fills them in.

use serde::{Deserialize, Serialize};

use super::{Condition, Id};
use crate::net::System;

/// How a port is changed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// File, command or page.
    #[serde(rename = "where")]
    pub place: &'static str,
    /// What to do there, in short.
    pub how: &'static str,
    /// What to do, in order; nothing for a number that is fixed.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Documents that say so.
    #[serde(default)]
    pub sources: Vec<Id>,
}

/// What [`Change::place`] says of a number that is the operating system's own (SSH, Remote Desktop).
const SYSTEM: &str = "the operating system";

impl Change {
    /// True if the number is no matter of the product, but of the system that its machine runs.
    pub fn is_of_system(&self) -> bool {
        self.place == SYSTEM
    }
}

/// One step. In its texts `{port}` stands for the first port, `{ports}` for all of them, `{host}` for the address of the
/// listener's machines, and `{tool}` for the command line of the product's servers ([`super::Catalog::tools`]).
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What kind of work it is.
    #[serde(rename = "do")]
    pub work: Work,
    /// Where and what, for people.
    pub text: &'static str,
    /// What is written or run there, to be copied as it is; empty if a person does it on a page. (With quotes and line ends,
    /// so that it cannot be borrowed from JSON.)
    #[serde(default)]
    pub lines: String,
    /// The role on whose machines it is done, where that is not the listener's own. While nobody runs it, the step is left out.
    #[serde(default)]
    pub on: Option<Id>,
    /// True if one of those machines is enough.
    #[serde(default)]
    pub once: bool,
    /// The only system that it is for.
    #[serde(default)]
    pub system: Option<System>,
    /// The only circumstances that it is for.
    #[serde(default)]
    pub when: Option<Condition>,
}

/// Kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Gives the listener the number.
    Edit,
    /// Gives it the number when the product is installed: in place of the edit.
    Install,
    /// Tells others the number.
    Repeat,
    /// Makes it take effect, or says that nothing has to.
    Restart,
    /// Shows that it has.
    Check,
}

impl Work {
    /// Words for the beginning of a line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Edit => "Edit",
            Self::Install => "Or, when installing",
            Self::Repeat => "Repeat",
            Self::Restart => "Restart",
            Self::Check => "Check",
        }
    }
}

/// What the command line of the product's servers is called on a system.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The system.
    pub system: System,
    /// The command.
    pub name: &'static str,
}

//! What the page has noticed about a deployment: how bad, where, why, who says so, and what to do. Data only; finds nothing
//! itself.

use crate::catalog::Id;
use crate::deployment::{Edit, GroupId};
use crate::order::sort_by_key;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something cannot work, or a script refuses to run.
    Error,
    /// Something may be wrong, or wider than needed.
    Warning,
    /// Good to know.
    Hint,
}

impl Severity {
    /// One sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Error => "●",
            Self::Warning => "▲",
            Self::Hint => "○",
        }
    }

    /// One word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// Where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Everywhere.
    Deployment,
    /// The addresses of a group.
    Addresses(GroupId),
    /// The ports of a group.
    Ports(GroupId),
    /// A port that is not the default.
    Changed,
    /// An answer to a choice.
    Choice(Id),
    /// Who manages the machines, and what they live on.
    Management,
}

/// A change that would settle it, as one undo step.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// Words on the button.
    pub label: String,
    /// The change.
    pub edit: Edit,
}

/// Something noticed.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What, in one sentence.
    pub message: String,
    /// Why it matters, in one or two sentences.
    pub reason: String,
    /// Documents that say so.
    pub sources: Vec<Id>,
    /// What could be done; often one, sometimes a choice of several, sometimes nothing by button.
    pub fixes: Vec<Fix>,
}

/// True if a group has an error about its addresses: one that has none, and none such, needs none.
pub fn needs_address(group: GroupId, findings: &[Finding]) -> bool {
    let error = |finding: &&Finding| finding.severity == Severity::Error;
    findings.iter().filter(error).any(|finding| finding.place == Place::Addresses(group))
}

/// Puts the worst first; what is equally bad keeps its order.
pub fn worst_first(findings: &mut Vec<Finding>) {
    sort_by_key(findings, |finding| finding.severity);
}

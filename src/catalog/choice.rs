//! Questions with named answers, and conditions that ask for them, as rows. Answers nothing: a deployment does.

use serde::{Deserialize, Serialize};

use super::Id;

/// Whom an answer is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The whole deployment.
    Deployment,
    /// Each group of the roles named by the choice.
    Group,
}

/// A question with named answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Identifier.
    pub id: &'static str,
    /// For whom it is answered.
    pub scope: Scope,
    /// The roles it stands beside on the page and, for a group choice, whose groups answer it.
    pub roles: Vec<Id>,
    /// The question, short.
    pub question: &'static str,
    /// The answers.
    pub answers: Vec<Answer>,
    /// The answer assumed while nobody has decided: the conservative one.
    pub default: &'static str,
    /// When the question matters.
    #[serde(default)]
    pub when: Option<Condition>,
    /// What is assumed while undecided; absent if that is nothing to worry about.
    #[serde(default)]
    pub undecided: Option<&'static str>,
    /// A contradiction that it decides.
    #[serde(default)]
    pub disagreement: Option<Id>,
    /// Documents.
    pub sources: Vec<Id>,
}

/// One answer to a choice.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Identifier.
    pub id: &'static str,
    /// Words on the page.
    pub name: &'static str,
    /// Whether services whose role says `shares_port` may listen on one number of one machine, where this answer decides that
    /// and not the release.
    #[serde(default)]
    pub shares_service_ports: Option<bool>,
}

/// Something that is true or false of a deployment, or of the two ends of a flow.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// All of them.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
    /// Not that.
    Not(Box<Condition>),
    /// The choice is answered with one of these.
    Answer(&'static str, Vec<Id>),
    /// The release is at least the first and before the second, where given.
    Release(Option<Id>, Option<Id>),
    /// Some group carries the role.
    Role(&'static str),
    /// All groups with the role have at least so many machines together.
    Machines(&'static str, u32),
}

impl Choice {
    /// The answer of that identifier.
    pub fn answer(&self, id: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.id == id)
    }
}

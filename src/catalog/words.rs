//! Conditions in words, for people. Decides nothing: whether one holds is the deployment's to say.

use super::{Catalog, Condition, Id};

impl Catalog {
    /// When a dependency, and the listener it reaches, exist: “with 2 or more machines of Spotfire Server”; empty if always.
    pub fn when(&self, dependency: Option<Id>, listener: Option<Id>) -> String {
        let row = self.dependencies.iter().find(|row| Some(row.id) == dependency);
        let listener = listener.and_then(|id| self.listener(id));
        let conditions = [row.and_then(|row| row.when.as_ref()), listener.and_then(|row| row.when.as_ref())];
        self.joined(conditions.into_iter().flatten(), " and ")
    }

    fn joined<'a>(&self, parts: impl Iterator<Item = &'a Condition>, word: &str) -> String {
        let mut text = String::new();
        for part in parts {
            if !text.is_empty() {
                text += word;
            }
            text += &self.words(part);
        }
        text
    }

    fn words(&self, condition: &Condition) -> String {
        let role = |id| self.role(id).map_or(id, |role| role.name);
        match condition {
            Condition::All(parts) => self.joined(parts.iter(), " and "),
            Condition::Any(parts) => self.joined(parts.iter(), ", or "),
            Condition::Not(part) => format!("not {}", self.words(part)),
            Condition::Role(id) => format!("with {}", role(id)),
            Condition::Machines(id, least) => format!("with {least} or more machines of {}", role(id)),
            Condition::Release(since, before) => match (since, before) {
                (Some(since), Some(before)) => format!("from release {since} on, before {before}"),
                (Some(since), None) => format!("from release {since} on"),
                (_, before) => format!("before release {}", before.unwrap_or_default()),
            },
            Condition::Answer(id, answers) => {
                let choice = self.choice(id);
                let name = |id: &Id| choice.and_then(|choice| choice.answer(id)).map_or(*id, |answer| answer.name);
                let names: Vec<&str> = answers.iter().map(name).collect();
                format!("if “{}” is: {}", choice.map_or(*id, |choice| choice.question), names.join(" or "))
            }
        }
    }
}

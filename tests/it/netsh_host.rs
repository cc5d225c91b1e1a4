//! A Windows machine as far as a netsh text can tell: rules with their names, profiles, files, variables, and how the prompt goes
//! from command to command. Any command can be made to fail. Starts no process; knows nothing of the printer.

use std::collections::BTreeMap;

use portcullis::net::Direction;

use crate::netsh_text::{Command, Condition, statements};

/// A rule: its name, its direction, and everything else about it.
pub type Rule = (String, Direction, String);

/// What `export` saves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub rules: Vec<Rule>,
    /// For each profile whether it is on, and what becomes of what no rule lists.
    pub profiles: BTreeMap<&'static str, (bool, String, String)>,
}

/// A file or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    Folder,
    Policy(Policy),
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Host {
    pub administrator: bool,
    pub answers: bool,
    pub policy: Policy,
    pub files: BTreeMap<String, Stored>,
    pub variables: BTreeMap<String, String>,
    /// What was said, in order.
    pub said: Vec<String>,
    /// How many commands were run that could fail.
    pub calls: usize,
    /// The number of the command that fails without doing anything.
    pub fails: Option<usize>,
}

const PROFILES: [&str; 3] = ["domainprofile", "privateprofile", "publicprofile"];
pub const BEFORE: &str = r"%SystemRoot%\Portcullis\before.wfw";
pub const NOW: &str = r"%SystemRoot%\Portcullis\now.wfw";

impl Host {
    /// A machine with rules of its own, profiles that differ, and an earlier variable of the same name in its session.
    pub fn new() -> Self {
        let rule = |name: &str, direction, rest: &str| (name.to_owned(), direction, rest.to_owned());
        let profile = |on, ingress: &str, egress: &str| (on, ingress.to_owned(), egress.to_owned());
        Self {
            administrator: true,
            answers: true,
            policy: Policy {
                rules: vec![
                    rule("Core Networking", Direction::Ingress, "action=allow protocol=ICMPv6"),
                    rule("Remote Desktop", Direction::Ingress, "action=allow protocol=TCP localport=3389"),
                    rule("Block the world", Direction::Ingress, "action=block protocol=TCP localport=9443"),
                    rule("Portcullis", Direction::Ingress, "action=allow a name that only looks like ours"),
                    rule("Core Networking", Direction::Egress, "action=allow protocol=UDP"),
                    rule("Block mail", Direction::Egress, "action=block protocol=TCP remoteport=25"),
                ],
                profiles: BTreeMap::from([
                    (PROFILES[0], profile(true, "blockinbound", "allowoutbound")),
                    (PROFILES[1], profile(false, "allowinbound", "allowoutbound")),
                    (PROFILES[2], profile(true, "blockinboundalways", "blockoutbound")),
                ]),
            },
            files: BTreeMap::new(),
            variables: BTreeMap::from([("PORTCULLIS".to_owned(), "go".to_owned())]),
            said: Vec::new(),
            calls: 0,
            fails: None,
        }
    }

    /// Runs a text line by line, as a file or a paste.
    pub fn run(&mut self, text: &str) -> &mut Self {
        self.run_watched(text, |_| ())
    }

    /// The same, and shows the machine after every line.
    pub fn run_watched(&mut self, text: &str, mut watch: impl FnMut(&Self)) -> &mut Self {
        (self.said, self.calls) = (Vec::new(), 0);
        for statement in statements(text).unwrap_or_else(|why| panic!("{why}\n{text}")) {
            let holds = |condition: &Condition| match condition {
                Condition::Defined(name, negated) => self.variables.contains_key(name) != *negated,
                Condition::Exists(path, negated) => self.files.contains_key(path) != *negated,
            };
            if statement.conditions.iter().all(holds) {
                // Alternatives until one succeeds, each until one of its commands fails.
                let mut alternatives = statement.alternatives.iter();
                while alternatives.next().is_some_and(|sequence| !sequence.iter().all(|command| self.command(command)))
                {
                }
            }
            watch(self);
        }
        self
    }

    /// The rules of ours in force under any name, without the names.
    pub fn ours(&self) -> Vec<(Direction, String)> {
        let own = self.policy.rules.iter().filter(|(name, ..)| name.starts_with("Portcullis "));
        let mut found: Vec<_> = own.map(|(_, direction, rest)| (*direction, rest.clone())).collect();
        found.sort();
        found
    }

    /// The rules of others.
    pub fn others(&self) -> Vec<Rule> {
        self.policy.rules.iter().filter(|(name, ..)| !name.starts_with("Portcullis ")).cloned().collect()
    }

    /// True if nothing of a text is left in the session.
    pub fn is_clean(&self) -> bool {
        self.variables.is_empty()
    }

    fn command(&mut self, command: &Command) -> bool {
        match command {
            Command::Echo(sentence) => {
                self.said.push(sentence.clone());
                return true;
            }
            Command::Set(name, value) if value.is_empty() => return self.variables.remove(name).is_some(),
            Command::Set(name, value) => {
                self.variables.insert(name.clone(), value.clone());
                return true;
            }
            Command::Administrator => return self.administrator,
            _ => {}
        }
        self.calls += 1;
        if !self.administrator || !self.answers || self.fails == Some(self.calls) {
            return false;
        }
        let named = |name: &str, (own, ..): &Rule| own == name;
        let policy = &mut self.policy;
        let before = policy.rules.len();
        match command {
            Command::Echo(_) | Command::Set(..) | Command::Administrator | Command::ShowProfiles => true,
            Command::ShowValue { profile, word } => {
                let (_, ingress, egress) = &policy.profiles[profile.as_str()];
                format!("{ingress},{egress}").contains(&word.to_ascii_lowercase())
            }
            Command::Show(name) => policy.rules.iter().any(|rule| named(name, rule)),
            Command::Add { name, direction, rest } => {
                policy.rules.push((name.clone(), *direction, rest.clone()));
                true
            }
            Command::Delete { name, direction } => {
                policy.rules.retain(|rule| !named(name, rule) || rule.1 != *direction);
                policy.rules.len() < before
            }
            Command::DeleteAll(direction) => {
                policy.rules.retain(|(_, of, _)| of != direction);
                policy.rules.len() < before
            }
            Command::Rename { from, direction, to } => {
                let mut found = false;
                for rule in policy.rules.iter_mut().filter(|rule| named(from, rule) && rule.1 == *direction) {
                    rule.0.clone_from(to);
                    found = true;
                }
                found
            }
            Command::On => {
                policy.profiles.values_mut().for_each(|profile| profile.0 = true);
                true
            }
            Command::Policy { profile, ingress, egress } => {
                let value = |text: &str| match text.strip_prefix('%').and_then(|text| text.strip_suffix('%')) {
                    Some(name) => self.variables[name].clone(),
                    None => text.to_owned(),
                };
                let (ingress, egress) = (value(ingress), value(egress));
                for (_, own) in
                    policy.profiles.iter_mut().filter(|(own, _)| profile == "allprofiles" || profile == *own)
                {
                    (own.1, own.2) = (ingress.clone(), egress.clone());
                }
                true
            }
            Command::Export(path) => {
                // Whether Windows would overwrite a file is not documented.
                assert!(!self.files.contains_key(path), "{path} is there");
                let folder = self.files.contains_key(r"%SystemRoot%\Portcullis");
                folder && self.files.insert(path.clone(), Stored::Policy(policy.clone())).is_none()
            }
            Command::Import(path) => match self.files.get(path) {
                Some(Stored::Policy(saved)) => {
                    policy.clone_from(saved);
                    true
                }
                _ => false,
            },
            Command::MakeFolder(path) => self.files.insert(path.clone(), Stored::Folder).is_none(),
            Command::Erase(path) => self.files.remove(path).is_some(),
            Command::Copy(from, to) => {
                assert!(!self.files.contains_key(to), "{to} would be overwritten");
                self.files.get(from).cloned().is_some_and(|stored| self.files.insert(to.clone(), stored).is_none())
            }
        }
    }
}

//! What a dialect is to print: rules with peers that it can say, and in words what had to be left out or held back. Drops nothing
//! in silence, and prints nothing.

use super::Dialect;
use crate::net::{Address, Addresses, Direction, Family, Policy};
use crate::order::Map;
use crate::rule::{Enforcement, Rule, Ruleset};

/// What a dialect is to print: rules whose peers it can say, and what had to be left out, in words.
pub struct Plan<'a> {
    /// The number of the group that it is for.
    pub group: u32,
    /// The name of that group, as the user writes it: any text.
    pub name: &'a str,
    /// Lines for the head of the text: plain ASCII, no control characters.
    pub header: Vec<String>,
    /// The directions covered; each is managed by itself.
    pub directions: &'a [Direction],
    /// Whether the rules add to what is there, or are all there is.
    pub policy: Policy,
    /// With [`Policy::WholeHost`], whether outgoing traffic that no rule lists is dropped too.
    pub drops_outgoing: bool,
    /// Rules to print.
    pub rules: Vec<Planned<'a>>,
    /// Rules that cannot be printed; the text refuses to run while there are any.
    pub held: Vec<Held<'a>>,
    /// What the dialect cannot say, or changed.
    pub notes: Vec<String>,
    /// Values of the dialect's fields, checked.
    pub settings: Map<&'static str, String>,
}

/// A rule with the peers to print.
#[derive(Clone)]
pub struct Planned<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Addresses of the peer, at least one unless it is referred to; `None` is everyone.
    pub peers: Option<Vec<&'a Address>>,
    /// True if the text refers to the peer's group, whatever its addresses are.
    pub refers: bool,
}

/// A rule that cannot be printed.
pub struct Held<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Why: a sentence without its final stop.
    pub why: String,
}

impl Planned<'_> {
    /// The peers of one family, as text; `None` if there are none.
    pub fn of_family(&self, family: Family) -> Option<Vec<String>> {
        let peers = self.peers.as_ref()?;
        let texts: Vec<String> =
            peers.iter().filter(|peer| peer.family() == Some(family)).map(ToString::to_string).collect();
        (!texts.is_empty()).then_some(texts)
    }
}

impl Plan<'_> {
    /// The rules of one direction.
    pub fn of(&self, direction: Direction) -> impl Iterator<Item = &Planned<'_>> {
        self.rules.iter().filter(move |planned| planned.rule.direction == direction)
    }

    /// True if what no rule lists is dropped by this text.
    pub fn drops(&self, direction: Direction) -> bool {
        self.policy == Policy::WholeHost && (direction == Direction::Ingress || self.drops_outgoing)
    }

    /// The same plan for one direction only.
    pub fn only(&self, direction: Direction) -> Plan<'_> {
        Plan {
            group: self.group,
            name: self.name,
            header: Vec::new(),
            directions: match direction {
                Direction::Ingress => &[Direction::Ingress],
                Direction::Egress => &[Direction::Egress],
            },
            policy: self.policy,
            drops_outgoing: self.drops_outgoing,
            rules: self.of(direction).cloned().collect(),
            held: Vec::new(),
            notes: Vec::new(),
            settings: self.settings.clone(),
        }
    }

    /// The value of a field.
    pub fn setting(&self, field: &str) -> &str {
        self.settings.get(field).map_or("", String::as_str)
    }

    /// Why the text refuses to run: plain sentences, one for each group that lacks something.
    pub fn refusals(&self, clean: fn(&str) -> String) -> Vec<String> {
        let mut refusals = Vec::new();
        for held in &self.held {
            let sentence = clean(&held.why);
            if !refusals.contains(&sentence) {
                refusals.push(sentence);
            }
        }
        refusals
    }
}

/// Sorts the rules of some directions into what the dialect can print and what it cannot. Nothing is dropped: a rule is
/// printed or held back, and every address left out of a printed rule is in a note.
pub fn plan<'a>(
    dialect: &Dialect,
    ruleset: &'a Ruleset,
    directions: &'a [Direction],
    settings: &Map<String, String>,
) -> Plan<'a> {
    let mut plan = Plan {
        group: match ruleset.point {
            Enforcement::Host(group) | Enforcement::CloudGroup(group) | Enforcement::Pods(group) => group,
            Enforcement::Device(_) => 0,
        },
        name: &ruleset.name,
        header: Vec::new(),
        directions,
        policy: ruleset.policy,
        drops_outgoing: ruleset.drops_outgoing,
        rules: Vec::new(),
        held: Vec::new(),
        notes: Vec::new(),
        settings: Map::new(),
    };
    for field in dialect.fields {
        let value = dialect.setting(field, settings);
        let value = match (field.check)(value) {
            Ok(()) => value,
            Err(why) => {
                plan.notes.push(format!("{} is back to {}: {why}", field.label, field.default));
                field.default
            }
        };
        plan.settings.insert(field.id, value.to_owned());
    }
    let mut notes: Vec<String> = Vec::new();
    let mut note = |text: String| {
        if !notes.contains(&text) {
            notes.push(text);
        }
    };
    for rule in ruleset.rules.iter().filter(|rule| directions.contains(&rule.direction)) {
        let peer = rule.peer();
        let refers = dialect.refers_to(rule, settings);
        let peers = match &peer.addresses {
            _ if refers => Some(Vec::new()),
            Addresses::Missing => {
                plan.held.push(Held { rule, why: format!("{} has no address", peer.name) });
                continue;
            }
            Addresses::Any => None,
            Addresses::Known(addresses) => {
                let (said, unsaid): (Vec<&Address>, Vec<&Address>) =
                    addresses.iter().partition(|address| (dialect.says)(address));
                if said.is_empty() {
                    let why = format!("{} has only names, and {} needs addresses", peer.name, dialect.name);
                    plan.held.push(Held { rule, why });
                    continue;
                }
                if !unsaid.is_empty() {
                    let names: Vec<String> = unsaid.iter().map(ToString::to_string).collect();
                    let names = names.join(", ");
                    note(format!("{}: {names} left out, since {} needs addresses.", peer.name, dialect.name));
                }
                Some(said)
            }
        };
        if let Some(text) = families_apart(rule) {
            note(text);
        }
        plan.rules.push(Planned { rule, peers, refers });
    }
    // A group is an end of many rules, with one name.
    let mut groups: Vec<u32> = vec![0];
    for peer in ruleset.rules.iter().flat_map(|rule| [&rule.source, &rule.destination]) {
        if groups.contains(&peer.group) {
            continue;
        }
        groups.push(peer.group);
        let written = (dialect.clean)(&peer.name);
        if written != peer.name {
            note(format!(
                "{written} (group {}): its name on the page has characters that are not safe in a script.",
                peer.group
            ));
        }
    }
    plan.notes.append(&mut notes);
    let mut exceeded = (dialect.exceeds)(&plan);
    plan.notes.append(&mut exceeded);
    plan
}

/// A note if the two ends have no family in common: such a rule can never match.
fn families_apart(rule: &Rule) -> Option<String> {
    let (own, peer) = (&rule.own().addresses, &rule.peer().addresses);
    // Everyone has both families, and so may a name, or whoever is not known yet.
    let has = |addresses: &Addresses, family| match addresses {
        Addresses::Known(list) => list.iter().any(|one| one.family().is_none_or(|own| own == family)),
        Addresses::Any | Addresses::Missing => true,
    };
    let meet = [Family::V4, Family::V6].into_iter().any(|family| has(own, family) && has(peer, family));
    let (own, peer) = (rule.own(), rule.peer());
    (!meet).then(|| {
        format!("{} and {} have no address family in common: rules between them can never match.", own.name, peer.name)
    })
}

//! A deployment as real machines: runs the copied texts in them, asks everything, and tells where the answers differ from a
//! table. Knows nothing of the program's flows or rules but the texts.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use portcullis::deployment::Deployment;
use portcullis::dialect::{Text, dialect};
use portcullis::enforce;
use portcullis::flow::flows;
use portcullis::net::{Addresses, Direction};
use portcullis::rule::Enforcement;
use portcullis::snippet::{Context, snippet};

use crate::lab::{Lab, Machine, Probe, Protocol, Way};
use crate::scenarios::{CATALOG, machine_addresses};
use crate::table::Table;

/// What a careful host has before us: nothing in, nothing out, but answers, itself, and finding its neighbours.
const GUARD: &str = "nft -f - <<'END'
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    ct state established,related accept
    oif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
}
END
";

/// A machine of nobody's group; it has no rules.
const OUTSIDER: [&str; 2] = ["203.0.113.9", "2001:db8:ffff::9"];

/// The machines of a deployment, and one more that is not.
pub struct Site {
    lab: Lab,
    places: Vec<Place>,
    /// Groups that the rules take to be anywhere.
    anywhere: BTreeSet<String>,
    /// What is worth asking, and the part of it that some table opens.
    questions: BTreeSet<(Protocol, u16)>,
    openings: BTreeSet<(Protocol, u16)>,
    asked: (usize, Duration),
    born: Instant,
}

/// One machine.
struct Place {
    name: String,
    addresses: Vec<IpAddr>,
    /// The group it is made for; none for the outsider.
    home: Option<String>,
    /// The group it belongs to now: none once the group or the machine has gone.
    group: Option<String>,
    /// It has rules at all.
    guarded: bool,
}

impl Site {
    /// One machine for each of every group's, with its addresses; all but some groups' are to be guarded. The tables are
    /// those that will be compared with.
    pub fn new(deployment: &Deployment, unguarded: &[&str], tables: &[&Table]) -> Self {
        let mut places = Vec::new();
        for group in &deployment.groups {
            for machine in 0..group.machines {
                places.push(Place {
                    name: format!("{} {}", group.name, machine + 1),
                    addresses: machine_addresses(group, machine),
                    home: Some(group.name.clone()),
                    group: Some(group.name.clone()),
                    guarded: !unguarded.contains(&group.name.as_str()),
                });
            }
        }
        places.push(Place {
            name: "outsider".to_owned(),
            addresses: OUTSIDER.map(|text| text.parse().expect("an address")).into(),
            home: None,
            group: None,
            guarded: false,
        });
        let machine = |place: &Place| Machine { name: place.name.clone(), addresses: place.addresses.clone() };
        let born = Instant::now();
        Self {
            lab: Lab::new(&places.iter().map(machine).collect::<Vec<_>>()),
            places,
            anywhere: BTreeSet::new(),
            questions: questions(deployment, tables),
            openings: tables.iter().flat_map(|table| openings(table)).collect(),
            asked: (0, Duration::ZERO),
            born,
        }
    }

    /// Puts the default drop in place.
    pub fn guard(&self) {
        for at in (0..self.places.len()).filter(|&at| self.places[at].guarded) {
            let ran = self.lab.run(at, Way::Sh, GUARD, "");
            assert!(ran.status == Some(0), "{}: {ran:?}", self.places[at].name);
        }
    }

    /// Says which machine belongs where now: to the group that has its first address. Groups that are *any* are anywhere.
    pub fn places_of(&mut self, deployment: &Deployment) {
        self.anywhere.clear();
        for place in &mut self.places {
            let own = place.addresses[0].to_string();
            place.group = None;
            for group in &deployment.groups {
                let listed = group.listens.list().iter().any(|address| address.to_string() == own);
                let anywhere = group.listens == Addresses::Any;
                if listed || anywhere && place.home.as_ref() == Some(&group.name) {
                    place.group = Some(group.name.clone());
                }
                if anywhere {
                    self.anywhere.insert(group.name.clone());
                }
            }
        }
    }

    /// The text that the page copies for a group, both directions.
    pub fn text(&self, deployment: &Deployment, name: &str, text: Text) -> String {
        let group = deployment.groups.iter().find(|group| group.name == name).expect("a group");
        let flows = flows(&CATALOG, deployment);
        let ruleset = enforce::rules(&CATALOG, deployment, &flows, Enforcement::Host(group.id.0));
        let context =
            Context { product: CATALOG.product, release: deployment.release, catalog: CATALOG.version, fragment: "" };
        let nftables = dialect("nftables").expect("the dialect");
        let copied = snippet(nftables, &ruleset, &Direction::ALL, text, &deployment.settings, &context);
        assert!(copied.held.is_empty(), "{:?}", copied.held);
        copied.text
    }

    /// Runs a group's own text on each of its machines that are guarded. The first two are pasted, as people do.
    pub fn run_everywhere(&self, deployment: &Deployment, text: Text) {
        let mut ways = [Way::Pasted, Way::PastedWhole].into_iter();
        for (at, place) in self.places.iter().enumerate() {
            if let Some(group) = place.group.as_deref().filter(|_| place.guarded) {
                self.go(at, ways.next().unwrap_or(Way::Sh), &self.text(deployment, group, text));
            }
        }
    }

    /// Runs a text on every machine of a group.
    pub fn run(&self, group: &str, text: &str) {
        for at in (0..self.places.len()).filter(|&at| self.places[at].group.as_deref() == Some(group)) {
            self.go(at, Way::Sh, text);
        }
    }

    fn go(&self, at: usize, way: Way, text: &str) {
        let ran = self.lab.run(at, way, text, "");
        let name = &self.places[at].name;
        assert!(ran.survived && ran.status == Some(0), "{name}, {way:?}: {}\n{text}", ran.printed);
    }

    /// What nftables holds in every machine.
    pub fn rulesets(&self) -> Vec<String> {
        (0..self.places.len()).map(|at| self.lab.state(at)).collect()
    }

    /// Asks everything: every address of every machine each address of every other of its family. Where the answer is not
    /// the table's, it says so. For an empty table it asks only what some other table opens.
    pub fn differences(&mut self, table: &Table) -> Vec<String> {
        let mut probes = Vec::new();
        let questions = if table.rows.is_empty() { &self.openings } else { &self.questions };
        let ends = |at: usize| self.places[at].addresses.iter().map(move |address| (at, *address));
        let all: Vec<(usize, IpAddr)> = (0..self.places.len()).flat_map(ends).collect();
        for &(from, source) in &all {
            for &(_, to) in all.iter().filter(|&&(at, to)| at != from && to.is_ipv4() == source.is_ipv4()) {
                let probe = |&(protocol, port)| Probe { from, source, to, protocol, port };
                probes.extend(questions.iter().map(probe));
            }
        }
        let clock = Instant::now();
        let heard = self.lab.probe(&probes);
        self.asked.0 += probes.len();
        self.asked.1 += clock.elapsed();
        let mut differences = Vec::new();
        for (probe, heard) in probes.iter().zip(heard) {
            let to = self.places.iter().position(|place| place.addresses.contains(&probe.to)).expect("a machine");
            let (from, to) = (&self.places[probe.from], &self.places[to]);
            let wanted = self.passes(table, from, to, probe.protocol, probe.port);
            if heard != wanted {
                let (source, target, protocol, port) = (probe.source, probe.to, probe.protocol, probe.port);
                let verdict = if heard { "open, not in the table" } else { "in the table, not open" };
                differences
                    .push(format!("{} ({source}) -> {} ({target}) {protocol} {port}: {verdict}", from.name, to.name));
            }
        }
        differences
    }

    /// What the table says of two machines. A machine with rules lets out and in what the table names for its group, and
    /// nothing else; one without lets everything. A group that is *any* stands for everybody: whoever comes reaches the
    /// ports listed for it, and only those.
    fn passes(&self, table: &Table, from: &Place, to: &Place, protocol: Protocol, port: u16) -> bool {
        let own = |place: &Place, group: &String| place.group.as_ref() == Some(group);
        let met = |place: &Place, group: &String| own(place, group) || self.anywhere.contains(group);
        let mut rows = table.rows.iter().filter(|row| row.is_for(protocol, port));
        let leaves = !from.guarded || rows.clone().any(|row| own(from, &row.initiator) && met(to, &row.responder));
        let enters = !to.guarded || rows.any(|row| own(to, &row.responder) && met(from, &row.initiator));
        leaves && enters
    }

    /// True if the machine has rules and still belongs to a group.
    pub fn is_guarded(&self, at: usize) -> bool {
        self.places[at].guarded && self.places[at].group.is_some()
    }

    /// The name of a machine.
    pub fn name(&self, at: usize) -> &str {
        &self.places[at].name
    }

    /// How many machines there are.
    pub fn machines(&self) -> usize {
        self.places.len()
    }

    /// How many probes were made, and in how long.
    pub fn tally(&self) -> (usize, Duration) {
        self.asked
    }

    /// How long ago the first machine was begun.
    pub fn age(&self) -> Duration {
        self.born.elapsed()
    }
}

/// Every port that a table opens, by TCP and by UDP: a rule that has lost its protocol opens both.
fn openings(table: &Table) -> impl Iterator<Item = (Protocol, u16)> {
    let numbers = table.rows.iter().flat_map(|row| row.ports.0..=row.ports.1);
    numbers.flat_map(|number| Protocol::ALL.map(|protocol| (protocol, number)))
}

/// What is worth asking: every listener of the catalog and every port of the deployment, what a table opens by the other
/// protocol too, and the neighbours of that.
fn questions(deployment: &Deployment, tables: &[&Table]) -> BTreeSet<(Protocol, u16)> {
    let mut questions = BTreeSet::new();
    for listener in &CATALOG.listeners {
        let ports = listener.defaults(&CATALOG, deployment.release);
        let ports = ports.into_iter().flat_map(|range| range.first().number()..=range.last().number());
        questions.extend(ports.map(|port| (listener.protocol, port)));
    }
    for group in &deployment.groups {
        let instances = group.instances.iter().flat_map(|instance| &instance.ports);
        questions.extend(group.ports.values().chain(instances).map(|port| (Protocol::Tcp, port.number())));
    }
    for row in tables.iter().flat_map(|table| &table.rows) {
        questions.extend((row.ports.0 - 1..=row.ports.1 + 1).map(|port| (row.protocol, port)));
    }
    questions.extend(tables.iter().flat_map(|table| openings(table)));
    questions
}

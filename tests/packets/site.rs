//! A deployment as real machines: runs the copied texts in them, asks everything, and tells where the answers differ from a
//! table. Knows nothing of the program's flows or rules but the texts.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use portcullis::deployment::Deployment;
use portcullis::dialect::{Text, dialect};
use portcullis::enforce;
use portcullis::flow::flows;
use portcullis::net::{Addresses, Direction, Ways};
use portcullis::pack;
use portcullis::rule::Enforcement;
use portcullis::snippet::{Context, asked, snippet};

use crate::backend::Backend;
use crate::lab::{Lab, Machine, Probe, Protocol, Way};
use crate::scenarios::{CATALOG, machine_addresses};
use crate::story::Version;
use crate::table::Table;
use crate::view::{Place, View};

/// Machines of nobody's group; they have no rules. The outsider belongs nowhere; a whole policy knows the others.
const STRANGERS: [(&str, [&str; 2]); 3] = [
    ("outsider", ["203.0.113.9", "2001:db8:ffff::9"]),
    (MANAGEMENT, ["203.0.113.22", "2001:db8:ffff::22"]),
    (SERVICES, ["203.0.113.53", "2001:db8:ffff::53"]),
];

/// Who manages the machines, as the tables call it.
pub const MANAGEMENT: &str = "Management";
/// Who answers what machines live on, as the tables call it.
pub const SERVICES: &str = "Services";

/// The machines of a deployment, and three more that are not.
pub struct Site {
    lab: Lab,
    backend: &'static Backend,
    places: Vec<Place>,
    /// What each machine was given and still has, the newest last.
    given: Vec<Vec<Arc<View>>>,
    /// What is worth asking, and the part of it that some table opens.
    questions: BTreeSet<(Protocol, u16)>,
    openings: BTreeSet<(Protocol, u16)>,
    asked: (usize, Duration),
    /// How many texts were given to machines: the ways to paste take turns.
    turn: usize,
    born: Instant,
}

/// The state of every machine.
#[derive(PartialEq, Eq)]
pub struct States(Vec<String>);

impl Site {
    /// One machine for each of every group's, with its addresses; all but some groups' are to be guarded by a firewall. The
    /// tables are those that will be compared with.
    pub fn new(backend: &'static Backend, deployment: &Deployment, unguarded: &[&str], tables: &[&Table]) -> Self {
        let mut places = Vec::new();
        for group in &deployment.groups {
            for machine in 0..group.machines {
                places.push(Place {
                    name: format!("{} {}", group.name, machine + 1),
                    addresses: machine_addresses(group, machine),
                    home: group.name.clone(),
                    guarded: !unguarded.contains(&group.name.as_str()),
                });
            }
        }
        places.extend(STRANGERS.map(|(name, addresses)| Place {
            name: name.to_owned(),
            addresses: addresses.map(|text| text.parse().expect("an address")).into(),
            home: name.to_owned(),
            guarded: false,
        }));
        let machine = |place: &Place| Machine { name: place.name.clone(), addresses: place.addresses.clone() };
        let born = Instant::now();
        Self {
            lab: Lab::new(&places.iter().map(machine).collect::<Vec<_>>()),
            backend,
            given: places.iter().map(|_| Vec::new()).collect(),
            places,
            questions: questions(deployment, tables),
            openings: tables.iter().flat_map(|table| openings(table)).collect(),
            asked: (0, Duration::ZERO),
            turn: 0,
            born,
        }
    }

    /// Makes every guarded machine a careful host.
    pub fn guard(&self) {
        let Backend { links, lacks, setup, unit, boot, .. } = self.backend;
        self.on_each(&self.guarded(), |at, _| {
            links.iter().for_each(|(name, program)| self.lab.link(at, name, program));
            lacks.iter().for_each(|name| self.lab.install(at, name, "exit 127"));
            self.lab.enable(at, unit);
            self.go(at, Way::Sh, setup);
            self.go(at, Way::Sh, boot);
        });
    }

    /// The machines with rules.
    fn guarded(&self) -> Vec<usize> {
        (0..self.places.len()).filter(|&at| self.places[at].guarded).collect()
    }

    /// The machines that are made for a group.
    fn of(&self, group: &str) -> Vec<usize> {
        (0..self.places.len()).filter(|&at| self.places[at].home == group).collect()
    }

    /// Does something on several machines at once; the second number counts them.
    fn on_each<T: Send>(&self, these: &[usize], work: impl Fn(usize, usize) -> T + Sync) -> Vec<T> {
        thread::scope(|scope| {
            let work = &work;
            let each: Vec<_> =
                these.iter().enumerate().map(|(number, &at)| scope.spawn(move || work(at, number))).collect();
            each.into_iter().map(|one| one.join().unwrap_or_else(|reason| resume_unwind(reason))).collect()
        })
    }

    /// The text that the page copies for a group, both directions.
    pub fn text(&self, deployment: &Deployment, name: &str, text: Text) -> String {
        self.text_in(self.backend.dialect, deployment, name, text)
    }

    /// The same, in another language.
    pub fn text_in(&self, language: &str, deployment: &Deployment, name: &str, text: Text) -> String {
        let group = deployment.groups.iter().find(|group| group.name == name).expect("a group");
        let flows = flows(&CATALOG, deployment);
        let ruleset = enforce::rules(&CATALOG, deployment, &flows, Enforcement::Host(group.id.0));
        let context =
            Context { product: CATALOG.product, release: deployment.release, catalog: CATALOG.version, fragment: "" };
        let language = dialect(language).expect("the dialect");
        let copied = snippet(language, &ruleset, &Direction::ALL, text, &deployment.settings, &context);
        assert!(copied.held.is_empty(), "{:?}", copied.held);
        // What runs here is what the page's own reading takes for tested.
        let read = asked(language, text, &ruleset, &Direction::ALL, &deployment.settings).check(&copied.text);
        assert!(read.agrees(), "{read:?}\n{}", copied.text);
        copied.text
    }

    /// Runs the text of each machine's group on it, where it has rules. The first two are pasted, as people do.
    pub fn run_everywhere(&mut self, version: &Version, text: Text) {
        let view = Arc::new(View::new(version, &self.places));
        let own = |at: &usize| Some((*at, self.text(&version.deployment, view.group(*at)?, text)));
        let texts: Vec<(usize, String)> = self.guarded().iter().filter_map(own).collect();
        self.turn += 1;
        let ways = [[Way::Pasted, Way::PastedWhole], [Way::PastedWhole, Way::Pasted]][self.turn % 2];
        let these: Vec<usize> = texts.iter().map(|(at, _)| *at).collect();
        self.on_each(&these, |at, number| {
            self.go(at, ways.get(number).copied().unwrap_or(Way::Sh), &texts[number].1);
        });
        for at in these {
            match text {
                Text::Apply | Text::Guarded => self.given[at].push(Arc::clone(&view)),
                Text::TakeOut => self.given[at].clear(),
                Text::Try | Text::Keep => {}
            }
        }
    }

    /// Notes that every machine has gone back to what it had before the last text.
    pub fn went_back(&mut self) {
        self.given.iter_mut().for_each(|given| drop(given.pop()));
    }

    /// Pastes a text on every machine of a group.
    pub fn run(&self, group: &str, text: &str) {
        self.on_each(&self.of(group), |at, _| self.go(at, Way::Pasted, text));
    }

    /// Demands that every machine of a group refuses a text, for a reason.
    pub fn refuses(&self, group: &str, text: &str, why: &str) {
        self.on_each(&self.of(group), |at, _| {
            let ran = self.lab.run(at, Way::Pasted, text, "");
            let refused = ran.survived && ran.status != Some(0) && ran.printed.contains(why);
            assert!(refused, "{}, {}: {}", self.backend.name, self.places[at].name, ran.printed);
        });
    }

    /// True if every machine of a group refuses a text, and says that nothing was changed; false if every one takes it.
    pub fn refused(&self, group: &str, text: &str) -> bool {
        let each = self.on_each(&self.of(group), |at, _| {
            let ran = self.lab.run(at, Way::PastedWhole, text, "");
            let refused = ran.printed.contains("\nportcullis: Nothing was changed.");
            assert!(ran.survived && refused == (ran.status != Some(0)), "{}: {}", self.places[at].name, ran.printed);
            refused
        });
        let first = each.first().copied().expect("a machine");
        assert!(each.iter().all(|it| *it == first), "{}: one refuses, another does not", self.backend.name);
        first
    }

    /// The same where whoever pastes it is not root.
    pub fn refuses_without_root(&self, group: &str, text: &str) {
        self.on_each(&self.of(group), |at, _| self.lab.install(at, "id", "echo 1000"));
        self.refuses(group, text, "Root is needed");
        self.on_each(&self.of(group), |at, _| self.lab.uninstall(at, "id"));
    }

    fn go(&self, at: usize, way: Way, text: &str) {
        let ran = self.lab.run(at, way, text, "");
        let (firewall, name) = (self.backend.name, &self.places[at].name);
        let well = ran.survived && ran.status == Some(0);
        assert!(well, "{firewall}, {name}, {way:?}: {:?}\n{}\n{text}", (ran.survived, ran.status), ran.printed);
    }

    /// Puts the archive of all machines on those of a group.
    pub fn unpack(&self, deployment: &Deployment, group: &str) {
        let context =
            Context { product: CATALOG.product, release: deployment.release, catalog: CATALOG.version, fragment: "" };
        let files = pack::files(&CATALOG, deployment, &flows(&CATALOG, deployment), Some(Ways::Both), &context);
        for (path, text) in files.expect("read back") {
            self.of(group).into_iter().for_each(|at| self.lab.put(at, &path, &text));
        }
    }

    /// Runs the archive's playbook on every machine of a group, as its own controller; what Ansible printed last of each.
    pub fn play(&self, ansible: &str, group: &str, hosts: &str, words: &str) -> Vec<String> {
        let connection = "ansible_connection=local ansible_become=false ansible_remote_tmp=/tmp/ansible";
        let text = format!("{ansible} -i inventory.ini portcullis.yml {words}");
        self.on_each(&self.of(group), |at, _| {
            self.lab.put(at, "inventory.ini", &format!("[{hosts}]\nmachine {connection}\n"));
            self.lab.run(at, Way::Sh, &text, "").printed
        })
    }

    /// Notes that every machine of a group has what a version says.
    pub fn given(&mut self, group: &str, version: &Version) {
        for at in self.of(group) {
            self.given[at].push(Arc::new(View::new(version, &self.places)));
        }
    }

    /// Loads the host's own rules anew on every machine of a group, and nothing else.
    pub fn reload(&self, group: &str) {
        self.on_each(&self.of(group), |at, _| self.go(at, Way::Sh, self.backend.boot));
    }

    /// Wakes what sleeps on every machine of a group, and waits until it has done its work.
    pub fn wake(&self, group: &str, sleepers: usize) {
        self.on_each(&self.of(group), |at, _| self.lab.wake(at, sleepers));
    }

    /// Restarts every guarded machine.
    pub fn restart(&self) {
        self.on_each(&self.guarded(), |at, _| self.lab.restart(at, self.backend.boot));
    }

    /// All rules and files of every guarded machine.
    pub fn states(&self) -> States {
        States(self.on_each(&self.guarded(), |at, _| self.lab.state(at)))
    }

    /// Demands that every guarded machine is as it was.
    pub fn same(&self, was: &States, what: &str) {
        for ((at, was), is) in self.guarded().into_iter().zip(&was.0).zip(self.states().0) {
            let (firewall, name) = (self.backend.name, &self.places[at].name);
            assert!(*was == is, "{firewall}, {name}, {what}:\n{}", difference(was, &is));
        }
    }

    /// Demands that every machine that has rules of ours is as it was. Where a firewall changes rules one by one, they may be
    /// in another order.
    pub fn same_rules(&self, was: &States, what: &str) {
        let sorted = |state: &str| {
            let mut lines: Vec<&str> = state.lines().collect();
            lines.sort_unstable();
            lines.join("\n")
        };
        for ((at, was), is) in self.guarded().into_iter().zip(&was.0).zip(self.states().0) {
            let (firewall, name) = (self.backend.name, &self.places[at].name);
            let equal = *was == is || self.backend.gradual && sorted(was) == sorted(&is);
            assert!(equal || self.given[at].is_empty(), "{firewall}, {name}, {what}:\n{}", difference(was, &is));
        }
    }

    /// Demands that every machine with a whole policy answers echo requests.
    fn echoes(&self) {
        let ends = |at: usize| self.places[at].addresses.iter().map(move |address| (at, *address));
        let asker = self.places.iter().position(|place| place.name == MANAGEMENT).expect("the machine");
        let managed = |at: &usize| self.view(*at).is_some_and(|view| view.reached_by(MANAGEMENT, *at));
        for (at, to) in (0..self.places.len()).filter(managed).flat_map(ends) {
            let source = self.places[asker].addresses.iter().find(|own| own.is_ipv4() == to.is_ipv4());
            let heard = self.lab.ping(asker, *source.expect("both families"), to);
            assert!(heard, "{}, {}: no echo from {to}", self.backend.name, self.places[at].name);
        }
    }

    /// Demands that the answers are those of the tables, and that machines that have to answer echo requests do.
    pub fn agrees(&mut self, what: &str) {
        self.demand(&self.questions.clone(), what);
    }

    /// The same where equal states were asked everything already: asks only what some table opens.
    pub fn still_agrees(&mut self, what: &str) {
        self.demand(&self.openings.clone(), what);
    }

    fn demand(&mut self, questions: &BTreeSet<(Protocol, u16)>, what: &str) {
        let found = self.answers(questions);
        assert!(found.is_empty(), "{}, {what}:\n{}", self.backend.name, found.join("\n"));
        self.echoes();
    }

    /// Where the answers are not those of the tables.
    pub fn differences(&mut self) -> Vec<String> {
        self.answers(&self.questions.clone())
    }

    /// Asks every address of every machine from each address of every other of its family. Where the answer is not that of
    /// the tables, it says so.
    fn answers(&mut self, questions: &BTreeSet<(Protocol, u16)>) -> Vec<String> {
        let mut probes = Vec::new();
        let ends = |at: usize| self.places[at].addresses.iter().map(move |address| (at, *address));
        let all: Vec<(usize, IpAddr)> = (0..self.places.len()).flat_map(ends).collect();
        for &(from, source) in &all {
            // Two machines without rules would prove nothing.
            let asked = |&&(at, to): &&(usize, IpAddr)| {
                let guarded = self.places[at].guarded || self.places[from].guarded;
                at != from && guarded && to.is_ipv4() == source.is_ipv4()
            };
            for &(_, to) in all.iter().filter(asked) {
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
            if heard != self.passes(probe.from, to, probe.protocol, probe.port) {
                let (source, target, protocol, port) = (probe.source, probe.to, probe.protocol, probe.port);
                let verdict = if heard { "open, not in the table" } else { "in the table, not open" };
                let (from, to) = (&self.places[probe.from].name, &self.places[to].name);
                differences.push(format!("{from} ({source}) -> {to} ({target}) {protocol} {port}: {verdict}"));
            }
        }
        differences
    }

    /// What the tables say of two machines: each guarded one speaks by the version it was given last, and without one lets
    /// nothing pass; those without rules let everything.
    fn passes(&self, from: usize, to: usize, protocol: Protocol, port: u16) -> bool {
        let leaves = |view: &View| view.leaves(from, to, protocol, port);
        let enters = |view: &View| view.enters(to, from, protocol, port);
        (!self.places[from].guarded || self.view(from).is_some_and(leaves))
            && (!self.places[to].guarded || self.view(to).is_some_and(enters))
    }

    /// The version by which a machine speaks.
    fn view(&self, at: usize) -> Option<&View> {
        self.given[at].last().map(Arc::as_ref)
    }

    /// How much was asked, and in how long, in one line.
    pub fn tally(&self, name: &str) -> String {
        let ((probes, time), machines) = (self.asked, self.places.len());
        let (asking, all) = (time.as_secs_f64(), self.born.elapsed().as_secs_f64());
        let backend = self.backend.name;
        format!("{backend}: {name}: {machines} machines, {probes} probes in {asking:.1} s of {all:.1} s, no difference")
    }
}

/// The addresses of a machine of nobody's group, as a user types them.
pub fn address(stranger: &str) -> Addresses {
    let own = STRANGERS.iter().find(|(name, _)| *name == stranger).expect("a stranger");
    Addresses::parse(&own.1.join(" ")).0
}

/// The lines in which two states differ.
fn difference(was: &str, is: &str) -> String {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (was, is) = (lines(was), lines(is));
    let lost = was.iter().filter(|line| !is.contains(line)).map(|line| format!("- {line}"));
    let new = is.iter().filter(|line| !was.contains(line)).map(|line| format!("+ {line}"));
    let found: Vec<String> = lost.chain(new).collect();
    if !found.is_empty() {
        return found.join("\n");
    }
    let first = was.iter().zip(&is).position(|(was, is)| was != is).unwrap_or(was.len().min(is.len()));
    let near = |lines: &[String]| lines[first.saturating_sub(3)..(first + 9).min(lines.len())].join("\n");
    format!("another order:\n{}\n\ninstead of\n{}", near(&is), near(&was))
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
        let Some(range) = listener.defaults(&CATALOG, deployment.release) else { continue };
        let (first, last) = (range.first().number(), range.last().number());
        // A pool has a thousand numbers that no rule is about: its ends stand for all.
        let ports: Vec<u16> = if listener.pool { vec![first, last] } else { (first..=last).collect() };
        questions.extend(ports.into_iter().map(|port| (listener.protocol, port)));
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

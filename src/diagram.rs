//! The picture of a deployment as plain geometry: what stands where, and which flows each arrow stands for. Names no colour,
//! no font file and no browser; drawing is [`svg`]'s.
//!
//! Everything is in pixels, whole numbers, on a grid of 8; text is measured with widths that are a little too generous for
//! every common font, so what does not overlap here does not overlap on the screen.
//!
//! One arrow is one direction between two groups. Flows are merged into one arrow if ends and encryption are the same and
//! their ports follow each other ("9501–9502"), or are the same numbers in TCP and UDP ("88 tcp+udp"). So a label lists
//! exactly the ports of its flows; a bare number is TCP. Where there are so many groups that a box stands for a zone, many such
//! arrows between the same two boxes are one, and its label counts ("12 ports").

pub mod dot;
pub mod drawio;
mod layout;
pub mod mermaid;
mod subject;
pub mod svg;

use crate::catalog::{Catalog, Encryption, Id};
use crate::count::counted;
use crate::deployment::{Deployment, GroupId};
use crate::finding::{Finding, Place, Severity, needs_address};
use crate::flow::Flow;
use crate::order::sort_by_key;
use subject::Subject;

/// More arrows than anybody could follow; beyond it only the boxes are drawn, and the picture says so.
const MOST_ARROWS: usize = 500;
/// Arrows between the same two zones, protected alike, that are told apart.
const MOST_ALIKE: usize = 6;
/// Conversations told in the description; the table has them all.
const MOST_SENTENCES: usize = 60;

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagram {
    /// Width of the whole.
    pub width: i32,
    /// Height of the whole.
    pub height: i32,
    /// The zones, column by column.
    pub zones: Vec<ZoneBox>,
    /// The groups that take part, column by column.
    pub boxes: Vec<GroupBox>,
    /// The arrows, in the order of the flows.
    pub arrows: Vec<Arrow>,
    /// What the lines mean; only those that are there.
    pub legend: Vec<Key>,
    /// What the picture shows, in a few words.
    pub title: String,
    /// What it says, in sentences: for those who cannot see it.
    pub description: String,
}

/// What a picture shows, other than all flows as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// In a few words, for its title and below it; empty for all flows.
    pub note: &'a str,
    /// What happens to each flow; nothing beyond the end.
    pub changes: &'a [Change],
}

/// What happens to a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Nothing.
    #[default]
    Stays,
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// It stays, for other reasons.
    Changed,
}

impl Change {
    /// What is worth telling.
    const TOLD: [Self; 3] = [Self::Added, Self::Removed, Self::Changed];

    /// A sign and its meaning; empty if nothing happens.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Stays => "",
            Self::Added => "+ added",
            Self::Removed => "− removed",
            Self::Changed => "~ changed",
        }
    }

    /// The sign and what keeps it beside its number.
    const fn sign(self) -> &'static str {
        match self {
            Self::Stays => "",
            Self::Added => "+\u{a0}",
            Self::Removed => "−\u{a0}",
            Self::Changed => "~\u{a0}",
        }
    }
}

/// A point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

impl Rect {
    /// Right edge.
    pub const fn right(self) -> i32 {
        self.x + self.width
    }

    /// Lower edge.
    pub const fn bottom(self) -> i32 {
        self.y + self.height
    }
}

/// A line of text and the room reserved for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What it says about, which decides how it is written.
    pub words: Words,
    /// The text, cut to fit.
    pub text: String,
    /// Its room.
    pub rect: Rect,
    /// True if it ends at the right edge of its room instead of beginning at the left.
    pub at_end: bool,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// A zone's name.
    Zone,
    /// A group's name.
    Name,
    /// A group's number of machines.
    Count,
    /// Addresses.
    Address,
    /// The lack of addresses.
    Missing,
    /// A role or service that runs in the group.
    Role,
    /// Ports.
    Port,
    /// An explanation.
    Legend,
}

/// A zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneBox {
    /// The catalog's zone.
    pub zone: Id,
    /// Where it is.
    pub rect: Rect,
    /// Its name.
    pub label: Label,
}

/// A group of machines, or all groups of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupBox {
    /// The group; all those of a zone where there are too many for boxes of their own.
    pub groups: Vec<GroupId>,
    /// Where it is.
    pub rect: Rect,
    /// Its whole name, or the zone's.
    pub name: String,
    /// What is written in it.
    pub labels: Vec<Label>,
    /// What is wrong there, the worst first: told on the page only. See [`Diagram::mark`].
    pub findings: Vec<(Severity, String)>,
}

/// Flows of one direction between two boxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The keys of the flows it stands for; at least one.
    pub flows: Vec<String>,
    /// Who opens them: the first group of its box.
    pub initiator: GroupId,
    /// Who listens: the first group of its box.
    pub responder: GroupId,
    /// What protects them.
    pub encryption: Encryption,
    /// What happens to them.
    pub change: Change,
    /// From the initiator's edge to the responder's, each step horizontal or vertical.
    pub points: Vec<Point>,
    /// The ports, beside the responder. The line is interrupted there.
    pub label: Label,
    /// The whole, in words.
    pub title: String,
}

/// A row of the legend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The line style explained, drawn at the left of the text; `None` for a remark.
    pub encryption: Option<Encryption>,
    /// The explanation.
    pub label: Label,
}

impl Diagram {
    /// Marks the boxes with the errors and warnings about their groups. Where no error is about a group's addresses, none is
    /// missing: the texts refer to the group, or nobody usually has a rule about it.
    pub fn mark(&mut self, findings: &[Finding]) {
        for finding in findings.iter().filter(|finding| finding.severity != Severity::Hint) {
            let (Place::Addresses(id) | Place::Ports(id)) = finding.place else { continue };
            if let Some(drawn) = self.boxes.iter_mut().find(|drawn| drawn.groups.contains(&id)) {
                drawn.findings.push((finding.severity, finding.message.clone()));
            }
        }
        for drawn in &mut self.boxes {
            let [group] = drawn.groups[..] else { continue };
            if needs_address(group, findings) {
                continue;
            }
            for label in drawn.labels.iter_mut().filter(|label| label.words == Words::Missing) {
                label.words = Words::Address;
                label.text = label.text.replace("address missing", "no address");
            }
        }
    }

    /// The boxes of a zone, in their order.
    pub fn within(&self, zone: &ZoneBox) -> impl Iterator<Item = &GroupBox> {
        let Rect { x, y, .. } = zone.rect;
        let (right, bottom) = (zone.rect.right(), zone.rect.bottom());
        self.boxes.iter().filter(move |drawn| {
            drawn.rect.x >= x && drawn.rect.right() <= right && drawn.rect.y >= y && drawn.rect.bottom() <= bottom
        })
    }
}

/// What the box of a group is called on the page, if it has one to itself.
pub fn box_id(group: GroupId) -> String {
    format!("box-{}", group.0)
}

impl GroupBox {
    /// What it is called in the forms that are text: the first group's number.
    fn id(&self) -> String {
        format!("g{}", self.groups.first().map_or(0, |group| group.0))
    }

    /// What is written in it, the name whole.
    pub fn lines(&self) -> Vec<&str> {
        let others = self.labels.iter().filter(|label| label.words != Words::Name || self.groups.len() > 1);
        std::iter::once(self.name.as_str()).chain(others.map(|label| label.text.as_str())).collect()
    }
}

impl Arrow {
    /// Its ports and, unless it is encrypted, what protects it: `80 clear text`.
    pub fn says(&self) -> String {
        match self.encryption {
            Encryption::Tls => self.label.text.clone(),
            other => format!("{} {}", self.label.text, other.name()),
        }
    }
}

/// Flows that share an arrow.
struct Bundle {
    flows: Vec<usize>,
    ends: [GroupId; 2],
    encryption: Encryption,
    change: Change,
    tcp: bool,
    udp: bool,
    first: u16,
    last: u16,
    /// How many ports, if they are too many to be told; TCP and UDP are two.
    many: u32,
}

impl Bundle {
    /// What bundles have in common that look alike.
    const fn look(&self) -> ([GroupId; 2], Encryption, Change) {
        (self.ends, self.encryption, self.change)
    }

    fn ports(&self) -> String {
        let mut numbers = self.change.sign().to_owned();
        if self.many > 0 {
            return numbers + &self.many.to_string() + " ports";
        }
        numbers += &self.first.to_string();
        if self.first < self.last {
            numbers.push('–');
            numbers += &self.last.to_string();
        }
        match (self.tcp, self.udp) {
            (true, true) => numbers + " tcp+udp",
            (false, true) => numbers + "/udp",
            _ => numbers,
        }
    }
}

/// The flows as arrows between subjects, in the order of the flows.
fn bundles(flows: &[Flow], changes: &[Change], subjects: &[Subject]) -> Vec<Bundle> {
    let homes = subjects.iter().flat_map(|subject| subject.groups.iter().map(|group| (group.id, subject.id())));
    let homes = sorted(homes, |(group, _)| *group);
    let home = |id: GroupId| homes.binary_search_by_key(&id, |(group, _)| *group).map_or(id, |at| homes[at].1);
    let order = flows.iter().enumerate().map(|(at, flow)| {
        let change = changes.get(at).copied().unwrap_or_default();
        (at, ([home(flow.initiator), home(flow.responder)], flow.encryption(), change), flow.protocol, flow.ports)
    });
    let mut order: Vec<_> = order.collect();
    sort_by_key(&mut order, |&(_, look, protocol, ports)| (look, protocol, ports));
    let mut bundles: Vec<Bundle> = Vec::new();
    for (at, look, protocol, ports) in order {
        let (first, last) = (ports.first().number(), ports.last().number());
        let udp = protocol == crate::net::Protocol::Udp;
        let follows =
            |bundle: &&mut Bundle| bundle.look() == look && bundle.udp == udp && first <= bundle.last.saturating_add(1);
        match bundles.last_mut().filter(follows) {
            Some(bundle) => {
                bundle.last = bundle.last.max(last);
                bundle.flows.push(at);
            }
            None => {
                let (ends, encryption, change) = look;
                let flows = vec![at];
                bundles.push(Bundle { flows, ends, encryption, change, tcp: !udp, udp, first, last, many: 0 });
            }
        }
    }
    let mut merged: Vec<Bundle> = Vec::with_capacity(bundles.len());
    for bundle in bundles {
        let key = |bundle: &Bundle| (bundle.look(), bundle.first, bundle.last);
        let near = merged.iter_mut().rev().take_while(|other| other.look() == bundle.look());
        match near.filter(|other| bundle.udp && key(other) == key(&bundle)).last() {
            Some(other) => {
                other.udp = true;
                other.flows.extend(bundle.flows);
            }
            None => merged.push(bundle),
        }
    }
    if subjects.iter().any(|subject| subject.groups.len() > 1) {
        merged = crowded(merged);
    }
    sorted(merged.into_iter(), |bundle| bundle.flows.iter().min().copied())
}

/// Makes one of those between the same two subjects, where they are too many to be told apart.
fn crowded(bundles: Vec<Bundle>) -> Vec<Bundle> {
    let alike = |one: &Bundle, other: &Bundle| one.look() == other.look();
    let crowd = |one: &Bundle| bundles.iter().filter(|other| alike(one, other)).count() > MOST_ALIKE;
    let crowds: Vec<bool> = bundles.iter().map(crowd).collect();
    let mut told: Vec<Bundle> = Vec::new();
    for (mut bundle, crowd) in bundles.into_iter().zip(crowds) {
        // A number of both protocols is two ports.
        let ports = (u32::from(bundle.last - bundle.first) + 1) * (u32::from(bundle.tcp) + u32::from(bundle.udp));
        match told.last_mut().filter(|other| crowd && alike(other, &bundle)) {
            Some(other) => {
                other.many += ports;
                other.flows.append(&mut bundle.flows);
            }
            None => {
                bundle.many = if crowd { ports } else { 0 };
                told.push(bundle);
            }
        }
    }
    told
}

/// Draws a deployment and its flows; more than 40 groups by their zones. The same input gives the same picture, and boxes keep
/// their order whatever is added: column, then zone, then the order in which the groups were made.
pub fn diagram(catalog: &Catalog, deployment: &Deployment, flows: &[Flow]) -> Diagram {
    diagram_of(catalog, deployment, flows, Shown::default())
}

/// As [`diagram`], for some of the flows, or for those of two releases. Boxes without a flow stay.
pub fn diagram_of(catalog: &Catalog, deployment: &Deployment, flows: &[Flow], shown: Shown) -> Diagram {
    let subjects = subject::subjects(catalog, deployment);
    let bundles = bundles(flows, shown.changes, &subjects);
    let bundles = if bundles.len() > MOST_ARROWS { Vec::new() } else { bundles };
    let mut picture = layout::layout(catalog, &subjects, flows, &bundles, shown.note);
    let (flow, group) = (flows.len(), subjects.iter().map(|subject| subject.groups.len()).sum());
    picture.title = format!(
        "{} {}: {} between {}",
        catalog.product,
        deployment.release,
        counted(flow, "flow"),
        counted(group, "group")
    );
    if !shown.note.is_empty() {
        picture.title += &["; ", shown.note].concat();
    }
    picture.description = match (bundles.is_empty(), flow) {
        (true, 0) => "No flow crosses the network.".to_owned(),
        (true, _) => "The table has all flows.".to_owned(),
        _ => description(&subjects, &bundles),
    };
    picture
}

/// Who can reach whom on which port, as one paragraph.
fn description(subjects: &[Subject], bundles: &[Bundle]) -> String {
    let name = |id| subjects.iter().find(|subject| subject.id() == id).map_or("", |subject| subject.name);
    let mut told: Vec<([GroupId; 2], String)> = Vec::new();
    let mut more = false;
    for bundle in bundles {
        let what = format!("{} ({})", bundle.ports(), bundle.encryption.name());
        if let Some((_, text)) = told.iter_mut().find(|(ends, _)| *ends == bundle.ends) {
            *text = format!("{text}, {what}");
        } else if told.len() < MOST_SENTENCES {
            let [from, to] = bundle.ends.map(name);
            told.push((bundle.ends, format!("{from} can reach {to} on {what}")));
        } else {
            more = true;
        }
    }
    let mut sentences: Vec<String> = told.into_iter().map(|(_, text)| text).collect();
    if more {
        sentences.push("more in the table of flows".to_owned());
    }
    sentences.join("; ") + "."
}

/// The items in the order of their keys; equal ones stay as they were. Much smaller than other sorting, and fast enough for
/// what fits into a picture (flows do not).
fn sorted<T, K: Ord>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut sorted = Vec::new();
    for item in items {
        let own = key(&item);
        let at = sorted.partition_point(|other| key(other) <= own);
        sorted.insert(at, item);
    }
    sorted
}

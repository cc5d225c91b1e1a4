//! Where everything stands: boxes in columns, arrows on tracks of their own. Whole numbers only; never reorders boxes, never
//! draws.
//!
//! **Boxes.** Zones are columns, or stand above each other in one; groups stand above each other in their zone. A box is as
//! tall as its text and its arrows need, and grows further where that lets an arrow run straight.
//!
//! **Arrows** leave and enter at slots on the left and right edges. Between neighbouring columns lies a channel: beside each
//! column a strip for the labels of the arrows that end there, between the strips the vertical tracks. An arrow that passes
//! a column does so on a lane of its own above or below all zones; an arrow within a column returns to the side it left.
//! Arrows that cross no other straight one are made straight, the nearest to it first, unless that would chain boxes of
//! both columns together. Then slots move down, and only down, until all have room: a longest path, in an order without
//! cycles because straight arrows do not cross. Bent arrows keep to even rows on one side of a channel and to odd rows on the
//! other, so no two share a row.
//!
//! **Crossings.** The method is Sugiyama's (layers, then order within layers, then coordinates; Sugiyama, Tagawa and Toda 1981),
//! but boxes keep their order: what is ordered is everything else. The slots of an edge stand in the order of what they lead to
//! (`route`); a lane is above or below, and an arrow within a column left or right, where it crosses fewer others; lanes, and
//! arrows within a column, lie in each other. Verticals are ordered by inserting each where it adds the fewest crossings
//! (sifting; Matuszewski, Schönfeld and Molitor 1999); those that do not reach each other share a track (`tracks`).
//! A test (`tests/it/diagram_crossings.rs`) counts them against Graphviz.

mod route;
mod text;
mod tracks;

use super::subject::Subject;
use super::{Arrow, Bundle, Change, Diagram, GroupBox, Key, Label, Point, Rect, Words, ZoneBox, sorted};
use crate::catalog::{Catalog, Encryption, Id};
use crate::flow::Flow;
use route::route;
use text::label;
pub(super) use text::measure;
use tracks::channel;

const GRID: i32 = 8;
/// Between the picture's edge and what is in it.
const MARGIN: i32 = 8;
/// Between things that stand above each other.
const GAP: i32 = 16;
/// Between a zone's edge and its boxes.
const INSET: i32 = 16;
/// The height of a zone's heading.
const HEAD: i32 = 32;
/// Between the arrows at an edge, where there are few, and where there are many.
const PITCH: [i32; 2] = [24, 16];
/// From a box's corner to the first arrow, at least.
const LEAD: i32 = 16;
/// Many arrows.
const MANY: usize = 60;
/// Between lanes, and twice that between the rows of bent arrows.
const ROW: i32 = 16;
/// The height of a line of text.
const LINE: i32 = 16;
/// Between a box's edge and its text.
const PAD: i32 = 12;
/// Between a label and its neighbours.
const AIR: i32 = 4;
/// Boxes are between this wide and that.
pub(super) const WIDTHS: [i32; 2] = [136, 232];
/// The width that narrower pictures are brought towards, so that text looks equally large in all.
const USUAL: i32 = 880;
/// The most tracks that a channel gets for it, and the fewest that an inner channel has.
const SPARE: i32 = 9;
const LEAST: i32 = 3;
/// A line in the legend.
const SAMPLE: i32 = 32;
/// Purposes told of an arrow.
const MOST_PURPOSES: usize = 12;
const LEFT: usize = 0;
const RIGHT: usize = 1;

/// A box before it has a place.
struct Node<'a> {
    subject: &'a Subject<'a>,
    zone: Id,
    heading: &'static str,
    column: usize,
    /// The height its text needs.
    tall: i32,
    top: i32,
    bottom: i32,
    /// The slots of its left and right edge, from the top: which wire, and which end of it.
    edges: [Vec<(usize, usize)>; 2],
}

/// An arrow before it has points. In each pair the initiator's comes first.
struct Wire {
    nodes: [usize; 2],
    sides: [usize; 2],
    y: [i32; 2],
    /// The channels it has a vertical in; channel n is left of column n.
    channels: [usize; 2],
    track: [i32; 2],
    /// The lane it takes from one channel to the other: above or below, and which.
    lane: Option<(bool, i32)>,
    /// The row of that lane.
    row: i32,
    straight: bool,
}

/// The space beside a column.
struct Channel {
    /// Where its tracks begin.
    x: i32,
    /// The room for labels at its left and right.
    strips: [i32; 2],
    /// How many tracks wide the rest is.
    tracks: i32,
}

impl Channel {
    const fn width(&self) -> i32 {
        self.strips[0] + GRID * self.tracks + self.strips[1]
    }
}

/// Places everything; title and description are left empty.
pub(super) fn layout(
    catalog: &Catalog,
    subjects: &[Subject],
    flows: &[Flow],
    bundles: &[Bundle],
    note: &str,
) -> Diagram {
    let mut nodes = nodes(catalog, subjects);
    let mut arrows = Vec::new();
    let mut wires = Vec::new();
    for bundle in bundles {
        let at = bundle.ends.map(|id| nodes.iter().position(|node| node.subject.id() == id));
        if let [Some(from), Some(to)] = at {
            arrows.push(arrow([from, to].map(|at| nodes[at].subject), flows, bundle));
            wires.push(wire(&nodes, [from, to]));
        }
    }
    let lanes = route(&mut nodes, &mut wires);
    let top = MARGIN + ROW * lanes[0];
    let pitch = PITCH[usize::from(wires.len() > MANY)];
    settle(&mut nodes, &mut wires, top, pitch);
    straighten(&nodes, &mut wires);
    settle(&mut nodes, &mut wires, top, pitch);
    let bottom = nodes.iter().map(|node| node.bottom + INSET).max().unwrap_or(0);
    for wire in &mut wires {
        wire.row = wire.lane.map_or(0, |(above, at)| if above { MARGIN + ROW * at } else { bottom + ROW * (at + 1) });
    }

    let columns = nodes.last().map_or(0, |node| node.column + 1);
    let in_column = |column| nodes.iter().filter(move |node| node.column == column);
    let widths: Vec<i32> = (0..columns).map(|at| in_column(at).map(Node::width).max().unwrap_or(0)).collect();
    let mut channels: Vec<Channel> = (0..=columns).map(|at| channel(&mut wires, &arrows, at)).collect();
    let taken = 2 * MARGIN + widths.iter().sum::<i32>() + channels.iter().map(Channel::width).sum::<i32>();
    let inner = columns.saturating_sub(1);
    let spare = (USUAL - taken).max(0) / GRID / (inner as i32).max(1);
    for channel in channels.iter_mut().skip(1).take(inner) {
        channel.tracks = (channel.tracks + spare.min(SPARE)).max(LEAST);
    }
    let mut x = MARGIN;
    let mut lefts = Vec::with_capacity(columns);
    for (channel, width) in channels.iter_mut().zip(widths.iter().chain([&0])) {
        channel.x = x + channel.strips[0];
        x += channel.width();
        lefts.push(x);
        x += width;
    }

    let zones = zones(&nodes, &lefts, &widths, [top, bottom]);
    let boxes: Vec<GroupBox> = nodes.iter().map(|node| node.draw(lefts[node.column], widths[node.column])).collect();
    for (arrow, wire) in arrows.iter_mut().zip(&wires) {
        connect(arrow, wire, wire.nodes.map(|node| boxes[node].rect), &channels);
    }
    let remark = match (boxes.is_empty(), arrows.is_empty() && !flows.is_empty()) {
        (true, _) => Some("Nothing here yet: switch on a role."),
        (_, true) => Some("Too many flows to draw: the table has them all."),
        _ if boxes.iter().any(|one| one.groups.len() > 1) => Some("Many groups: drawn by zone"),
        _ => None,
    };
    let y = bottom + ROW * lanes[1] + GAP;
    let (legend, width) = legend(&arrows, &[remark.unwrap_or_default(), note], y);
    let (width, height) = ((x + MARGIN).max(width), if legend.is_empty() { y - MARGIN } else { y + LINE + MARGIN });
    Diagram { width, height, zones, boxes, arrows, legend, title: String::new(), description: String::new() }
}

/// The zones: each as long as its boxes need, the last of a column to the bottom.
fn zones(nodes: &[Node], lefts: &[i32], widths: &[i32], [top, bottom]: [i32; 2]) -> Vec<ZoneBox> {
    let mut zones: Vec<ZoneBox> = Vec::new();
    for node in nodes {
        let (x, width) = (lefts[node.column], widths[node.column]);
        let above = zones.last_mut().filter(|zone| zone.rect.x == x);
        let y = above.as_ref().map_or(top, |zone| zone.rect.bottom() + GAP);
        match above.filter(|zone| zone.zone == node.zone) {
            Some(zone) => zone.rect.height = node.bottom + INSET - zone.rect.y,
            None => {
                let rect = Rect { x, y, width, height: node.bottom + INSET - y };
                let label = label(Words::Zone, node.heading, Point { x: x + PAD, y: y + GRID }, width - 2 * PAD);
                zones.push(ZoneBox { zone: node.zone, rect, label });
            }
        }
    }
    for at in 0..zones.len() {
        if zones.get(at + 1).is_none_or(|next| next.rect.x != zones[at].rect.x) {
            zones[at].rect.height = bottom - zones[at].rect.y;
        }
    }
    zones
}

/// The boxes in their columns; columns without any are left out.
fn nodes<'a>(catalog: &Catalog, subjects: &'a [Subject]) -> Vec<Node<'a>> {
    let column = |zone: &str| catalog.zone(zone).map_or(u8::MAX, |zone| zone.column);
    let mut nodes: Vec<Node> = Vec::with_capacity(subjects.len());
    let mut last = None;
    for subject in subjects {
        let column = column(subject.zone);
        let at = nodes.last().map_or(0, |node| node.column + usize::from(last != Some(column)));
        last = Some(column);
        let lines = subject.text.iter().filter(|(words, _)| *words != Words::Count).count();
        let tall = snap(2 * PAD + LINE * lines as i32);
        let heading = catalog.zone(subject.zone).map_or("", |zone| zone.name);
        let edges = [Vec::new(), Vec::new()];
        nodes.push(Node { subject, zone: subject.zone, heading, column: at, tall, top: 0, bottom: 0, edges });
    }
    nodes
}

impl Node<'_> {
    /// The width of its zone, if it stood there alone.
    fn width(&self) -> i32 {
        let text = self.subject.text.iter().map(|(words, text)| measure(*words, text) + self.beside(*words));
        let inside = snap(text.max().unwrap_or(0) + 2 * PAD).clamp(WIDTHS[0], WIDTHS[1]);
        (inside + 2 * INSET).max(snap(measure(Words::Zone, self.heading) + 2 * PAD))
    }

    /// The room that the number of machines takes from the name.
    fn beside(&self, words: Words) -> i32 {
        let count = self.subject.text.iter().find(|(other, _)| words == Words::Name && *other == Words::Count);
        count.map_or(0, |(words, text)| measure(*words, text) + AIR)
    }

    /// The box, in a zone at that place and of that width.
    fn draw(&self, x: i32, width: i32) -> GroupBox {
        let rect = Rect { x: x + INSET, y: self.top, width: width - 2 * INSET, height: self.bottom - self.top };
        let mut y = self.top + PAD;
        let mut labels = Vec::new();
        for (words, text) in &self.subject.text {
            let room = rect.width - 2 * PAD - self.beside(*words);
            let mut label = label(*words, text, Point { x: rect.x + PAD, y }, room);
            if *words == Words::Count {
                label.at_end = true;
                label.rect.x = rect.right() - PAD - label.rect.width;
                label.rect.y -= LINE;
            } else {
                y += LINE;
            }
            labels.push(label);
        }
        let groups = self.subject.groups.iter().map(|group| group.id).collect();
        GroupBox { groups, rect, name: self.subject.name.to_owned(), labels, findings: Vec::new() }
    }
}

/// An arrow without its points.
fn arrow([from, to]: [&Subject; 2], flows: &[Flow], bundle: &Bundle) -> Arrow {
    let ports = bundle.ports();
    let mut title = format!("{} → {}: {ports}, {}", from.name, to.name, bundle.encryption.name());
    let flows: Vec<&Flow> = bundle.flows.iter().filter_map(|at| flows.get(*at)).collect();
    let mut told: Vec<String> = Vec::new();
    let mut last: Option<&Flow> = None;
    for flow in &flows {
        // Of thousands, most are there for the reasons of the one before.
        let reasons = |flow: &&Flow| {
            flow.reasons
                .iter()
                .map(|reason| &reason.purpose)
                .eq(last.into_iter().flat_map(|last| &last.reasons).map(|reason| &reason.purpose))
        };
        if reasons(flow) {
            continue;
        }
        last = Some(flow);
        let purposes = flow.purposes();
        if told.contains(&purposes) {
            continue;
        }
        let full = told.len() == MOST_PURPOSES;
        title.push('\n');
        title.push_str(if full { "and more: the table has them all" } else { &purposes });
        if full {
            break;
        }
        told.push(purposes);
    }
    let flows = flows.into_iter().map(Flow::key).collect();
    let label = label(Words::Port, &ports, Point { x: 0, y: 0 }, i32::MAX);
    let [initiator, responder] = bundle.ends;
    let (encryption, change) = (bundle.encryption, bundle.change);
    Arrow { flows, initiator, responder, encryption, change, points: Vec::new(), label, title }
}

/// A wire between boxes of different columns, on the sides that face each other. Others get their sides later.
fn wire(nodes: &[Node], ends: [usize; 2]) -> Wire {
    let columns = ends.map(|end| nodes[end].column);
    let sides = if columns[0] < columns[1] { [RIGHT, LEFT] } else { [LEFT, RIGHT] };
    Wire { nodes: ends, sides, y: [0; 2], channels: columns, track: [0; 2], lane: None, row: 0, straight: false }
}

/// Gives an arrow its points, and its label a place between the responder's zone and the tracks.
fn connect(arrow: &mut Arrow, wire: &Wire, rects: [Rect; 2], channels: &[Channel]) {
    let edge = |end: usize| if wire.sides[end] == LEFT { rects[end].x } else { rects[end].right() };
    let track = |end: usize| channels[wire.channels[end]].x + GRID * (wire.track[end] + 1);
    let [from, to] = wire.y;
    let mut points = vec![
        (edge(0), from),
        (track(0), from),
        (track(0), wire.row),
        (track(1), wire.row),
        (track(1), to),
        (edge(1), to),
    ];
    if wire.lane.is_none() {
        points.drain(2..4);
    }
    if wire.straight {
        points.drain(1..3);
    }
    arrow.points = points.into_iter().map(|(x, y)| Point { x, y }).collect();
    arrow.label.at_end = wire.sides[1] == LEFT;
    let rect = &mut arrow.label.rect;
    rect.x = if arrow.label.at_end { edge(1) - INSET - AIR - rect.width } else { edge(1) + INSET + AIR };
    rect.y = to - LINE / 2;
}

/// Moves boxes and slots down, and only down, until each has the room it needs. A box follows its first straight arrow,
/// with room for the bent ones above that.
fn settle(nodes: &mut [Node], wires: &mut [Wire], top: i32, pitch: i32) {
    for _ in 0..=nodes.len() + wires.len() {
        let mut moved = false;
        let mut above: Option<(usize, Id, i32)> = None;
        for node in nodes.iter_mut() {
            let start = match above {
                Some((column, zone, bottom)) if column == node.column => {
                    bottom + GAP + if zone == node.zone { 0 } else { INSET + HEAD }
                }
                _ => top + HEAD,
            };
            let lead = |slots: usize| ((node.tall - pitch * (slots as i32 - 1)) / 2 / GRID * GRID).max(LEAD);
            let mut pulled = i32::MAX;
            for slots in &node.edges {
                let mut room = lead(slots.len());
                for &(at, end) in slots {
                    if wires[at].straight {
                        pulled = pulled.min(wires[at].y[end] - room);
                    } else {
                        room += ROW / 2;
                    }
                    room += pitch;
                }
            }
            node.top = if pulled < i32::MAX && pulled > start + GRID { pulled } else { start };
            node.bottom = node.top + node.tall;
            for (side, slots) in node.edges.iter().enumerate() {
                let mut next = node.top + lead(slots.len());
                for &(at, end) in slots {
                    let wire = &mut wires[at];
                    let mut y = next.max(wire.y[end]);
                    if !wire.straight {
                        y += (if side == LEFT { ROW / 2 } else { 0 } - y).rem_euclid(ROW);
                    }
                    if y != wire.y[end] {
                        moved = true;
                        wire.y[end] = y;
                        if wire.straight {
                            wire.y[1 - end] = y;
                        }
                    }
                    next = y + pitch;
                    node.bottom = node.bottom.max(y + LEAD);
                }
            }
            above = Some((node.column, node.zone, node.bottom));
        }
        if !moved {
            break;
        }
    }
}

/// Marks wires that shall be straight, the nearly straight first: none crosses another, and of two boxes they join, one has
/// no other such partner there (or both boxes would grow to the length of a chain).
fn straighten(nodes: &[Node], wires: &mut [Wire]) {
    let slot = |wire: &Wire, at: usize, end: usize| {
        let slots = &nodes[wire.nodes[end]].edges[wire.sides[end]];
        (wire.nodes[end], slots.iter().position(|slot| *slot == (at, end)))
    };
    let candidates = (0..wires.len())
        .filter(|at| wires[*at].channels[0] == wires[*at].channels[1] && wires[*at].sides[0] != wires[*at].sides[1]);
    let near = sorted(candidates, |at| (wires[*at].y[0] - wires[*at].y[1]).abs());
    let mut chosen = Vec::new();
    let mut partners = vec![[Vec::new(), Vec::new()]; nodes.len()];
    for at in near {
        let wire = &mut wires[at];
        let (mut left, mut right) = (slot(wire, at, 0), slot(wire, at, 1));
        if wire.sides[0] == LEFT {
            std::mem::swap(&mut left, &mut right);
        }
        let channel = wire.channels[0];
        let ([_, of_left], [of_right, _]) = (&partners[left.0], &partners[right.0]);
        let alone = |side: usize, others: &[usize]| others.iter().all(|other| partners[*other][side].len() == 1);
        let known = of_left.contains(&right.0);
        let star = of_left.is_empty() && alone(RIGHT, of_right) || of_right.is_empty() && alone(LEFT, of_left);
        if !known && !star {
            continue;
        }
        if chosen.iter().all(|(other, over, under)| *other != channel || (*over < left) == (*under < right)) {
            chosen.push((channel, left, right));
            if !known {
                partners[left.0][RIGHT].push(right.0);
                partners[right.0][LEFT].push(left.0);
            }
            wire.straight = true;
        }
    }
    for wire in wires {
        wire.y = [0; 2];
    }
}

/// The legend in a row at that height, and how wide the picture must be for it.
fn legend(arrows: &[Arrow], remarks: &[&str], y: i32) -> (Vec<Key>, i32) {
    let present = [Encryption::Tls, Encryption::Optional, Encryption::Clear];
    let present = present.into_iter().filter(|encryption| arrows.iter().any(|arrow| arrow.encryption == *encryption));
    let mut keys: Vec<(Option<Encryption>, &str)> =
        present.map(|encryption| (Some(encryption), encryption.name())).collect();
    if !arrows.is_empty() {
        keys.push((None, "number: port at its listener"));
    }
    let changes = Change::TOLD.into_iter().filter(|change| arrows.iter().any(|arrow| arrow.change == *change));
    keys.extend(changes.map(|change| (None, change.words())));
    keys.extend(remarks.iter().filter(|remark| !remark.is_empty()).map(|remark| (None, *remark)));
    let mut x = MARGIN + PAD;
    let mut legend = Vec::new();
    for (encryption, text) in keys {
        x += if encryption.is_some() { SAMPLE + GRID } else { 0 };
        let label = label(Words::Legend, text, Point { x, y }, i32::MAX);
        x = snap(label.rect.right() + GAP);
        legend.push(Key { encryption, label });
    }
    (legend, x + MARGIN)
}

const fn snap(length: i32) -> i32 {
    (length + GRID - 1) / GRID * GRID
}

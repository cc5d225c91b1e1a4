//! The verticals of a channel: which stands left of which, so that few cross, and which may share a track. Never moves a row.

use super::{AIR, Channel, GRID, LEFT, RIGHT, Wire, snap};
use crate::diagram::Arrow;

/// More verticals than this in a channel are not sorted against each other.
const MOST_SORTED: usize = 400;
/// How often they are.
const PASSES: usize = 3;

/// A vertical of a wire in a channel, with the horizontals that lead to it: their row, and if they come from the right.
struct Vertical {
    wire: usize,
    end: usize,
    low: i32,
    high: i32,
    rows: [(i32, bool); 2],
}

/// Measures a channel and places what is in it.
pub(super) fn channel(wires: &mut [Wire], arrows: &[Arrow], at: usize) -> Channel {
    let strip = |side: usize| {
        let ends = wires.iter().zip(arrows).filter(|(wire, _)| wire.channels[1] == at && wire.sides[1] == side);
        ends.map(|(_, arrow)| snap(arrow.label.rect.width + 2 * AIR)).max().unwrap_or(0)
    };
    let strips = [strip(RIGHT), strip(LEFT)];
    let tracks = tracks(wires, at);
    Channel { x: 0, strips, tracks: if tracks > 0 { tracks + 1 } else { 0 } }
}

/// Gives every vertical of a channel a track; returns how many tracks there are.
fn tracks(wires: &mut [Wire], channel: usize) -> i32 {
    let mut verticals = Vec::new();
    for (at, wire) in wires.iter().enumerate().filter(|(_, wire)| !wire.straight) {
        for end in [0, 1] {
            if wire.channels[end] != channel || wire.lane.is_none() && end == 1 {
                continue;
            }
            let far = match wire.lane {
                Some(_) => (wire.row, wire.channels[1 - end] > channel),
                None => (wire.y[1], wire.sides[1] == LEFT),
            };
            let rows = [(wire.y[end], wire.sides[end] == LEFT), far];
            let (low, high) = (rows[0].0.min(rows[1].0), rows[0].0.max(rows[1].0));
            verticals.push(Vertical { wire: at, end, low, high, rows });
        }
    }
    let mut order: Vec<usize> = (0..verticals.len()).collect();
    let passes = if verticals.len() > MOST_SORTED { 0 } else { PASSES };
    for at in (0..passes).flat_map(|_| 0..verticals.len()) {
        order.retain(|other| *other != at);
        let mut cost: i32 = order.iter().map(|other| crossings(&verticals[at], &verticals[*other])).sum();
        let (mut least, mut best) = (cost, 0);
        for (position, other) in order.iter().enumerate() {
            cost += crossings(&verticals[*other], &verticals[at]) - crossings(&verticals[at], &verticals[*other]);
            if cost < least {
                (least, best) = (cost, position + 1);
            }
        }
        order.insert(best, at);
    }
    let mut placed: Vec<(i32, i32, i32)> = Vec::new();
    for at in order {
        let Vertical { wire, end, low, high, .. } = verticals[at];
        let beside =
            placed.iter().filter(|(other_low, other_high, _)| *other_low <= high + GRID && low <= *other_high + GRID);
        let track = beside.map(|(_, _, track)| track + 1).max().unwrap_or(0);
        placed.push((low, high, track));
        wires[wire].track[end] = track;
        if wires[wire].lane.is_none() {
            wires[wire].track[1] = track;
        }
    }
    placed.iter().map(|(_, _, track)| track + 1).max().unwrap_or(0)
}

/// How often two wires cross if the first one's vertical is left of the second one's.
fn crossings(left: &Vertical, right: &Vertical) -> i32 {
    let crosses = |of: &Vertical, to_right: bool, other: &Vertical| {
        let inside = of.rows.iter().filter(|(y, right)| *right == to_right && other.low < *y && *y < other.high);
        inside.count() as i32
    };
    crosses(left, true, right) + crosses(right, false, left)
}

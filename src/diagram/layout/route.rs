//! Which way each arrow takes, before anything has a place: sides of boxes, lanes above or below, and the order of the slots on
//! every edge. What must cross follows from these alone. Never moves a box.

use super::{LEFT, Node, RIGHT, Wire, sorted};

/// How often lanes are chosen anew, each knowing the others.
const PASSES: usize = 3;

/// Chooses sides, lanes and the order of the slots, so that few arrows cross: which ones do follows from these alone. Returns
/// how many lanes there are above and below.
pub(super) fn route(nodes: &mut [Node], wires: &mut [Wire]) -> [i32; 2] {
    // How many arrows end at each side of each box.
    let mut load = vec![[0; 2]; nodes.len()];
    for wire in wires.iter().filter(|wire| wire.channels[0] != wire.channels[1]) {
        for end in [0, 1] {
            load[wire.nodes[end]][wire.sides[end]] += 1;
        }
    }
    for wire in wires.iter_mut() {
        let [one, other] = [wire.nodes[0].min(wire.nodes[1]), wire.nodes[0].max(wire.nodes[1])];
        if wire.channels[0] == wire.channels[1] {
            // It crosses what ends between its own ends.
            let between = |side: usize| load[(one + 1).min(other)..other].iter().map(|load| load[side]).sum::<i32>();
            let at = |side: usize| (between(side), load[one][side] + load[other][side]);
            wire.sides = if at(LEFT) < at(RIGHT) { [LEFT; 2] } else { [RIGHT; 2] };
        }
        wire.channels = [0, 1].map(|end| wire.channels[end] + wire.sides[end]);
    }
    let lanes = lanes(nodes, wires);

    for (at, wire) in wires.iter().enumerate() {
        for end in [0, 1] {
            nodes[wire.nodes[end]].edges[wire.sides[end]].push((at, end));
        }
    }
    for node in 0..nodes.len() {
        for side in [LEFT, RIGHT] {
            let slots = std::mem::take(&mut nodes[node].edges[side]);
            let slots = sorted(slots.into_iter(), |&(at, end)| {
                let (wire, other) = (&wires[at], wires[at].nodes[1 - end] as isize);
                let within = nodes[wires[at].nodes[1 - end]].column == nodes[node].column;
                // Arrows within a column lie in each other: the first is the outermost at both ends.
                let (class, order, next) = match (wire.lane, within) {
                    (Some((above, lane)), _) => (if above { 0 } else { 5 }, lane as isize, 0),
                    (None, false) => (2, other, at as isize),
                    (None, true) if other == node as isize => (3, at as isize, end as isize),
                    (None, true) if other < node as isize => (1, -other, -(at as isize)),
                    (None, true) => (4, -other, at as isize),
                };
                (class, order, next)
            });
            nodes[node].edges[side] = slots;
        }
    }
    lanes
}

/// Gives a lane to every wire that passes a column: above or below, where it crosses fewer of those that end at the two columns,
/// else where the way is shorter. Long lanes lie around short ones, and equally long ones in the order of their boxes. Returns
/// how many there are above and below.
fn lanes(nodes: &[Node], wires: &mut [Wire]) -> [i32; 2] {
    let column = |node: usize| nodes.iter().enumerate().filter(move |(_, other)| other.column == nodes[node].column);
    let high = |node: usize| {
        let above = column(node).take_while(|(at, _)| *at < node).count();
        (200 * above + 100) / column(node).count()
    };
    let passing: Vec<usize> = (0..wires.len()).filter(|at| wires[*at].channels[0] != wires[*at].channels[1]).collect();
    for &at in &passing {
        let [one, other] = wires[at].nodes;
        wires[at].lane = Some((high(one.min(other)) + 2 * high(one.max(other)) < 300, 0));
    }
    for _ in 0..PASSES {
        for &at in &passing {
            let crossed = crossed(nodes, wires, at);
            if crossed[0] != crossed[1] {
                wires[at].lane = Some((crossed[0] < crossed[1], 0));
            }
        }
    }
    let order = sorted(passing.into_iter(), |at| {
        let Wire { channels: [from, to], nodes: [one, other], lane, .. } = wires[*at];
        let long = from.abs_diff(to) as isize;
        let above = lane.is_some_and(|(above, _)| above);
        (if above { -long } else { long }, one.min(other), one.max(other))
    });
    let mut lanes = [0; 2];
    for at in order {
        let above = wires[at].lane.is_some_and(|(above, _)| above);
        let lane = &mut lanes[usize::from(!above)];
        wires[at].lane = Some((above, *lane));
        *lane += 1;
    }
    lanes
}

/// How many of the arrows that end above and below a wire's own ends it crosses, if its lane is above, and if it is below.
fn crossed(nodes: &[Node], wires: &[Wire], at: usize) -> [i32; 2] {
    let ends = |wire: &Wire| [0, 1].map(|end| (wire.nodes[end], wire.sides[end], wire.nodes[1 - end]));
    let mut crossed = [0; 2];
    for (own, side, _) in ends(&wires[at]) {
        for wire in wires {
            for (node, its_side, far) in ends(wire) {
                if node == own || its_side != side || nodes[node].column != nodes[own].column {
                    continue;
                }
                let below = node > own;
                // Not one that goes the same way, nor one that ends on the same side of this.
                let crosses = match wire.lane {
                    Some((above, _)) => above == below,
                    None => nodes[far].column != nodes[node].column || (far > own) != below,
                };
                crossed[usize::from(below)] += i32::from(crosses);
            }
        }
    }
    crossed
}

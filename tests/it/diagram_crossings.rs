//! How often arrows cross in our pictures, counted, and compared with what Graphviz makes of the same graphs. Never judges
//! anything else about them.
//!
//! Both draw the same boxes in the same zones and one line for each arrow: Graphviz is given our own DOT, with its clusters and
//! its labels, from left to right, and draws splines, which it prefers to straight pieces. They are counted as lines through
//! many of their points. Once more without the zones, where Graphviz may put every box wherever it likes, in another order for
//! every picture: that is the harder comparison, as ours stay in their column and in their order.

use portcullis::deployment::Deployment;
use portcullis::diagram::dot::dot;
use portcullis::diagram::{Diagram, diagram};
use portcullis::flow::flows;

use crate::arbitrary;
use crate::scenarios::{CATALOG, presets};
use crate::shell_texts::said;

/// Seeded deployments that are compared in every run, and with `PORTCULLIS_FULL`, of those with more flows than [`FEW`].
const COMPARED: usize = 40;
const ALL_COMPARED: usize = 200;
/// With so few flows, nothing crosses in either.
const FEW: usize = 10;
/// Our crossings to those of Graphviz, in the median.
const MOST: f64 = 1.2;
/// Pieces that a curve of a spline is counted as.
const PIECES: u32 = 8;
/// Nearer than this to an end of both, in points, two splines do not cross: they meet at the edge of a box.
const MEETING: f64 = 2.0;

type Line = Vec<(f64, f64)>;

fn draw(deployment: &Deployment) -> Diagram {
    diagram(&CATALOG, deployment, &flows(&CATALOG, deployment))
}

/// Where the insides of two pieces meet.
fn crossing([a, b]: [(f64, f64); 2], [c, d]: [(f64, f64); 2]) -> Option<(f64, f64)> {
    let side = |(px, py): (f64, f64), (qx, qy): (f64, f64), (rx, ry): (f64, f64)| {
        (qx - px) * (ry - py) - (qy - py) * (rx - px)
    };
    let (of_a, of_b, of_c, of_d) = (side(c, d, a), side(c, d, b), side(a, b, c), side(a, b, d));
    // One end belongs to a piece and the other does not, so that what passes through a joint crosses once.
    let apart = |one: f64, other: f64| (one >= 0.0) != (other >= 0.0);
    (apart(of_a, of_b) && apart(of_c, of_d)).then(|| {
        let share = of_a / (of_a - of_b);
        (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1))
    })
}

/// How often the lines cross each other.
fn crossings(lines: &[Line], meeting: f64) -> usize {
    let bounds = |line: &Line| {
        line.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[left, top, right, bottom], (x, y)| {
            [left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)]
        })
    };
    let meet = |one: [f64; 4], other: [f64; 4]| {
        one[0] <= other[2] && other[0] <= one[2] && one[1] <= other[3] && other[1] <= one[3]
    };
    let piece = |ends: &[(f64, f64)]| [ends[0], ends[1]];
    let mut count = 0;
    for (at, one) in lines.iter().enumerate() {
        let own = bounds(one);
        for other in lines[at + 1..].iter().filter(|other| meet(own, bounds(other))) {
            let near = |(x, y): (f64, f64), line: &Line| {
                let ends = [line[0], line[line.len() - 1]];
                ends.iter().any(|end| (end.0 - x).hypot(end.1 - y) < meeting)
            };
            for left in one.windows(2) {
                let right = other.windows(2).filter_map(|right| crossing(piece(left), piece(right)));
                count += right.filter(|point| !near(*point, one) || !near(*point, other)).count();
            }
        }
    }
    count
}

/// The arrows as we draw them.
fn ours(drawn: &Diagram) -> Vec<Line> {
    let line = |points: &[portcullis::diagram::Point]| {
        points.iter().map(|point| (f64::from(point.x), f64::from(point.y))).collect()
    };
    drawn.arrows.iter().map(|arrow| line(&arrow.points)).collect()
}

/// The arrows as Graphviz draws them: its splines, in points.
fn graphviz(text: &str) -> Option<Vec<Line>> {
    let plain = said(&["dot", "-Tplain"], text)?;
    // A line of it may go on in the next one.
    let plain = plain.replace("\\\n", "");
    let edges = plain.lines().filter_map(|line| line.strip_prefix("edge "));
    let lines = edges.map(|edge| {
        let mut words = edge.split(' ').skip(2);
        let count: usize = words.next().and_then(|count| count.parse().ok()).expect("how many points");
        let numbers: Vec<f64> =
            words.take(2 * count).map(|word| 72.0 * word.parse::<f64>().expect("a number")).collect();
        let points: Vec<(f64, f64)> = numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        let mut line = vec![points[0]];
        for curve in points[1..].chunks(3) {
            let start = line[line.len() - 1];
            line.extend((1..=PIECES).map(|step| {
                let (t, u) = (f64::from(step) / f64::from(PIECES), 1.0 - f64::from(step) / f64::from(PIECES));
                let at = |a: f64, b: f64, c: f64, d: f64| {
                    u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
                };
                let (one, two, three) = (curve[0], curve[1], curve[2]);
                (at(start.0, one.0, two.0, three.0), at(start.1, one.1, two.1, three.1))
            }));
        }
        line
    });
    Some(lines.collect())
}

/// Our crossings to theirs. Where either has none, both are counted with one more.
fn ratio(ours: usize, theirs: usize) -> f64 {
    let one = usize::from(ours == 0 || theirs == 0);
    (ours + one) as f64 / (theirs + one) as f64
}

/// The same graph without its zones.
fn without_zones(text: &str) -> String {
    let kept = text.lines().filter(|line| {
        let line = line.trim();
        !line.starts_with("subgraph ") && !line.starts_with("label=") && line != "}"
    });
    kept.collect::<Vec<_>>().join("\n") + "\n}\n"
}

#[test]
fn lines_that_cross_are_counted_once_and_those_that_meet_are_not() {
    let line = |points: &[(i32, i32)]| -> Line { points.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect() };
    let level = line(&[(0, 10), (40, 10)]);
    for (other, count) in [
        (line(&[(20, 0), (20, 20)]), 1),
        (line(&[(20, 0), (20, 10), (20, 20)]), 1),
        (line(&[(20, 0), (20, 8)]), 0),
        (line(&[(10, 0), (10, 20), (30, 20), (30, 0)]), 2),
        (line(&[(0, 10), (40, 20)]), 0),
        (line(&[(40, 20), (40, 0)]), 1),
    ] {
        assert_eq!(crossings(&[level.clone(), other.clone()], MEETING), count, "{other:?}");
    }
}

/// How often the arrows of each preset cross. A better layout brings a number down; none may go up unseen.
const PRESETS: [(&str, usize); 7] =
    [("basic", 0), ("cluster", 0), ("one-machine", 0), ("dmz", 0), ("aws", 1), ("kubernetes", 38), ("legacy", 0)];

#[test]
fn the_arrows_of_the_presets_cross_as_often_as_said() {
    let found = presets().map(|(id, deployment)| (id, crossings(&ours(&draw(&deployment)), MEETING)));
    assert_eq!(found.collect::<Vec<_>>(), PRESETS);
}

#[test]
fn arrows_cross_hardly_more_often_than_where_graphviz_draws_them() {
    let compared = if std::env::var_os("PORTCULLIS_FULL").is_some() { ALL_COMPARED } else { COMPARED };
    let presets = presets().map(|(_, deployment)| deployment);
    let random = arbitrary::seeded(2 * compared, arbitrary::crowded())
        .filter(|deployment| flows(&CATALOG, deployment).len() > FEW)
        .take(compared);
    let (mut ratios, mut failed) = ([Vec::new(), Vec::new()], 0);
    for deployment in presets.chain(random) {
        let drawn = draw(&deployment);
        let own = crossings(&ours(&drawn), MEETING);
        let graph = dot(&drawn);
        for (graph, ratios) in [graph.clone(), without_zones(&graph)].iter().zip(&mut ratios) {
            let Some(theirs) = graphviz(graph) else { return println!("NOT RUN, no Graphviz") };
            if theirs.len() == drawn.arrows.len() {
                ratios.push(ratio(own, crossings(&theirs, MEETING)));
            } else {
                // It gives some graphs up, and loses edges of others, as it says itself.
                assert!(theirs.len() < drawn.arrows.len(), "{graph}");
                failed += 1;
            }
        }
    }
    assert!(failed * 50 <= compared, "Graphviz does not draw the whole of {failed}");
    for (mut ratios, what) in ratios.into_iter().zip(["with zones", "without"]) {
        ratios.sort_by(f64::total_cmp);
        let (count, median) = (ratios.len(), ratios[ratios.len() / 2]);
        let (mean, worst) = (ratios.iter().sum::<f64>() / count as f64, ratios[count - 1]);
        println!(
            "our crossings to those of Graphviz, {count} graphs {what}: median {median:.2}, mean {mean:.2}, worst {worst:.2}"
        );
        assert!(median <= MOST, "{what}: {median}");
    }
}

//! The picture keeps its promises, whatever the deployment: nothing overlaps, every flow is in it once, and no text of the
//! user's becomes markup. Never judges if it is beautiful: that is for eyes.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::catalog::Id;
use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::diagram::svg::{Theme, escape, inline, standalone};
use portcullis::diagram::{Arrow, Diagram, Point, Rect, Words, diagram};
use portcullis::flow::{Flow, flows};
use portcullis::net::{Addresses, PortRange, Protocol};

use crate::arbitrary;
use crate::scenarios::{self, CATALOG, apply};

/// Random deployments that are drawn.
const SEEDED: usize = 2_000;
/// Those in which a role is switched on.
const SWITCHED: usize = 400;

/// A piece of an arrow, as a rectangle of width or height 0.
type Segment = Rect;

fn draw(deployment: &Deployment) -> (Vec<Flow>, Diagram) {
    let flows = flows(&CATALOG, deployment);
    let drawn = diagram(&CATALOG, deployment, &flows);
    (flows, drawn)
}

fn segments(arrow: &Arrow) -> Vec<Segment> {
    let between = |ends: &[Point]| {
        let (x, y) = (ends[0].x.min(ends[1].x), ends[0].y.min(ends[1].y));
        Rect { x, y, width: (ends[0].x - ends[1].x).abs(), height: (ends[0].y - ends[1].y).abs() }
    };
    arrow.points.windows(2).map(between).collect()
}

/// True if the insides meet; for a segment, if it runs through the inside.
fn meet(one: Rect, other: Rect) -> bool {
    one.x < other.right() && other.x < one.right() && one.y < other.bottom() && other.y < one.bottom()
}

/// True if two segments lie on each other.
fn share(one: Segment, other: Segment) -> bool {
    let spans = |a: i32, b: i32, c: i32, d: i32| a.max(c) < b.min(d);
    let rows = one.height == 0 && other.height == 0 && one.y == other.y;
    let columns = one.width == 0 && other.width == 0 && one.x == other.x;
    rows && spans(one.x, one.right(), other.x, other.right())
        || columns && spans(one.y, one.bottom(), other.y, other.bottom())
}

fn inside(inner: Rect, outer: Rect) -> bool {
    inner.x >= outer.x && inner.right() <= outer.right() && inner.y >= outer.y && inner.bottom() <= outer.bottom()
}

fn apart(rects: &[Rect], what: &str) {
    for (at, one) in rects.iter().enumerate() {
        for other in &rects[at + 1..] {
            assert!(!meet(*one, *other), "{what} overlap: {one:?} {other:?}");
        }
    }
}

/// Everything that holds for every picture.
fn check(deployment: &Deployment) -> Diagram {
    let (flows, drawn) = draw(deployment);
    assert_eq!(drawn, draw(deployment).1, "the same input gives the same picture");
    let paper = Rect { x: 0, y: 0, width: drawn.width, height: drawn.height };

    let taking_part = deployment.groups.iter().filter(|group| deployment.takes_part(&CATALOG, group));
    assert_eq!(
        taking_part.map(|group| group.id).collect::<BTreeSet<_>>(),
        drawn.boxes.iter().flat_map(|drawn| drawn.groups.clone()).collect::<BTreeSet<_>>(),
    );
    let boxes: Vec<Rect> = drawn.boxes.iter().map(|drawn| drawn.rect).collect();
    let zones: Vec<Rect> = drawn.zones.iter().map(|zone| zone.rect).collect();
    apart(&boxes, "boxes");
    apart(&zones, "zones");
    for zone in &drawn.zones {
        assert!(inside(zone.rect, paper) && inside(zone.label.rect, zone.rect), "{zone:?}");
        assert!(boxes.iter().all(|drawn| !meet(*drawn, zone.label.rect)), "a box covers the heading of {zone:?}");
    }
    for drawn_box in &drawn.boxes {
        let group = deployment.group(drawn_box.groups[0]).unwrap();
        let zone = drawn.zones.iter().find(|zone| zone.zone == deployment.zone(&CATALOG, group)).unwrap();
        assert!(inside(drawn_box.rect, zone.rect), "{drawn_box:?} is not in {zone:?}");
        assert_eq!(
            drawn_box.rect.x % 8 + drawn_box.rect.y % 8 + drawn_box.rect.bottom() % 8,
            0,
            "{drawn_box:?} is off the grid"
        );
        let labels: Vec<Rect> = drawn_box.labels.iter().map(|label| label.rect).collect();
        apart(&labels, "lines of text");
        assert!(labels.iter().all(|label| inside(*label, drawn_box.rect)), "text leaves {drawn_box:?}");
    }

    let mut drawn_flows: Vec<&String> = drawn.arrows.iter().flat_map(|arrow| &arrow.flows).collect();
    drawn_flows.sort();
    let by_key: BTreeMap<String, &Flow> = flows.iter().map(|flow| (flow.key(), flow)).collect();
    assert_eq!(drawn_flows, by_key.keys().collect::<Vec<_>>(), "every flow is in one arrow");
    let home = |id| drawn.boxes.iter().find(|drawn| drawn.groups.contains(&id)).unwrap();
    for arrow in &drawn.arrows {
        let own: Vec<&Flow> = arrow.flows.iter().map(|key| by_key[key]).collect();
        for flow in &own {
            let ends = (home(flow.initiator).groups[0], home(flow.responder).groups[0], flow.encryption());
            assert_eq!(ends, (arrow.initiator, arrow.responder, arrow.encryption));
        }
        let ports = own.iter().flat_map(|flow| numbers(flow.ports).map(|port| (flow.protocol, port)));
        let ports: BTreeSet<_> = ports.collect();
        match arrow.label.text.strip_suffix(" ports") {
            Some(count) => {
                assert!(drawn.boxes.iter().any(|drawn| drawn.groups.len() > 1));
                assert_eq!(count.parse(), Ok(ports.len()), "{}", arrow.label.text);
            }
            None => assert_eq!(said(&arrow.label.text), ports, "{}", arrow.label.text),
        }
    }

    let all: Vec<Vec<Segment>> = drawn.arrows.iter().map(segments).collect();
    for (arrow, own) in drawn.arrows.iter().zip(&all) {
        let rect = |id| home(id).rect;
        let on_edge = |point: Point, rect: Rect, next: Point| {
            let outwards = point.x == rect.x && next.x < point.x || point.x == rect.right() && next.x > point.x;
            outwards && rect.y < point.y && point.y < rect.bottom()
        };
        let points = &arrow.points;
        assert!(on_edge(points[0], rect(arrow.initiator), points[1]), "{arrow:?}");
        assert!(on_edge(points[points.len() - 1], rect(arrow.responder), points[points.len() - 2]), "{arrow:?}");
        for point in points {
            assert_eq!(point.x % 8 + point.y % 8, 0, "{arrow:?} is off the grid");
        }
        for segment in own {
            assert!((segment.width == 0) != (segment.height == 0), "{arrow:?} is neither level nor upright");
            assert!(inside(*segment, paper), "{arrow:?} leaves the paper");
            assert!(boxes.iter().all(|drawn| !meet(*segment, *drawn)), "{arrow:?} runs through a box");
            for zone in &drawn.zones {
                assert!(!meet(*segment, zone.label.rect), "{arrow:?} strikes out a heading");
                let ends = [arrow.initiator, arrow.responder].map(rect);
                let concerned = ends.iter().any(|end| inside(*end, zone.rect));
                assert!(concerned || !meet(*segment, zone.rect), "{arrow:?} runs through a zone it has no business in");
            }
        }
        let (last, others) = own.split_last().unwrap();
        let label = arrow.label.rect;
        assert!(
            label.x > last.x && label.right() < last.right() && meet(*last, label),
            "{arrow:?}: the label is not on its line"
        );
        assert!(others.iter().all(|segment| !meet(*segment, label)), "{arrow:?} strikes out its own label");
    }
    for (at, (arrow, own)) in drawn.arrows.iter().zip(&all).enumerate() {
        for (other, segments) in drawn.arrows.iter().zip(&all).skip(at + 1) {
            for segment in segments {
                assert!(!own.iter().any(|own| share(*own, *segment)), "{arrow:?} and {other:?} lie on each other");
                assert!(!meet(*segment, arrow.label.rect), "{other:?} strikes out the label of {arrow:?}");
            }
            assert!(
                !own.iter().any(|own| meet(*own, other.label.rect)),
                "{arrow:?} strikes out the label of {other:?}"
            );
        }
    }

    let mut labels: Vec<Rect> = drawn.arrows.iter().map(|arrow| arrow.label.rect).collect();
    labels.extend(drawn.legend.iter().map(|key| key.label.rect));
    assert!(labels.iter().all(|label| inside(*label, paper)));
    apart(&labels.iter().chain(&boxes).copied().collect::<Vec<_>>(), "labels and boxes");
    let light = standalone(&drawn, &Theme::LIGHT);
    well_formed(&inline(&drawn), &drawn);
    well_formed(&light, &drawn);
    assert_eq!(lit(standalone(&drawn, &Theme::DARK)), lit(light), "dark is light in other colours");
    drawn
}

/// The text with one name for each colour of both themes.
fn lit(text: String) -> String {
    let colours = |theme: Theme| {
        let Theme { surface, sunken, line, edge, ink, soft, arrow, clear, missing } = theme;
        [surface, sunken, line, edge, ink, soft, arrow, clear, missing]
    };
    let pairs = colours(Theme::LIGHT).into_iter().zip(colours(Theme::DARK)).enumerate();
    pairs.fold(text, |text, (at, (light, dark))| {
        let name = format!("\"colour {at}\"");
        text.replace(&format!("\"{light}\""), &name).replace(&format!("\"{dark}\""), &name)
    })
}

fn numbers(ports: PortRange) -> std::ops::RangeInclusive<u16> {
    ports.first().number()..=ports.last().number()
}

/// The ports that a label says, read by its documented rule.
fn said(label: &str) -> BTreeSet<(Protocol, u16)> {
    let (ports, protocols) = match (label.strip_suffix(" tcp+udp"), label.strip_suffix("/udp")) {
        (Some(ports), _) => (ports, &[Protocol::Tcp, Protocol::Udp][..]),
        (_, Some(ports)) => (ports, &[Protocol::Udp][..]),
        _ => (label, &[Protocol::Tcp][..]),
    };
    let ports = numbers(PortRange::parse(ports).unwrap());
    ports.flat_map(|port| protocols.iter().map(move |protocol| (*protocol, port))).collect()
}

/// Reads the text as strict XML of a few elements and attributes, and counts them.
fn well_formed(text: &str, drawn: &Diagram) {
    assert!(!text.contains("style"), "the page's policy refuses styles");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "{}", &text[at..]);
    }
    let mut open: Vec<&str> = Vec::new();
    let mut count = std::collections::BTreeMap::new();
    for piece in text.split('<').skip(1) {
        let (tag, content) = piece.split_once('>').expect("every tag ends");
        assert!(!content.contains('>'), "{content}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let (name, mut attributes) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag, ""));
        assert!(["svg", "title", "desc", "g", "rect", "text", "path"].contains(&name), "{name}");
        while !attributes.is_empty() {
            let (attribute, rest) = attributes.split_once("=\"").expect("an attribute has a value");
            let (_, rest) = rest.split_once('"').expect("a value ends");
            let known = [
                "xmlns",
                "class",
                "role",
                "aria-labelledby",
                "aria-describedby",
                "tabindex",
                "viewBox",
                "width",
                "height",
                "id",
                "x",
                "y",
                "rx",
                "d",
                "fill",
                "stroke",
                "stroke-width",
                "stroke-dasharray",
                "font-family",
                "font-size",
                "font-weight",
                "letter-spacing",
                "text-anchor",
                "data-flow",
                "data-group",
                "aria-pressed",
            ];
            assert!(known.contains(&attribute), "{attribute}");
            attributes = rest.trim_start();
        }
        *count.entry(name).or_insert(0) += 1;
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty());
    let in_boxes: usize = drawn.boxes.iter().map(|drawn| drawn.labels.len()).sum();
    let texts = drawn.zones.len() + in_boxes + drawn.arrows.len() + drawn.legend.len();
    assert_eq!(count.get("text").copied().unwrap_or(0), texts);
    assert_eq!(count["title"], 1 + drawn.boxes.len() + drawn.arrows.len());
}

/// Forty groups of the roles that most deployments have, in turn.
fn forty() -> Deployment {
    let mut deployment = Deployment::initial(&CATALOG);
    let mut roles = CATALOG.roles.iter().filter(|role| role.hosted_on.is_none() && !role.rare).cycle();
    while deployment.groups.len() < 40 {
        apply(&mut deployment, Edit::AddGroup(roles.next().unwrap().id));
    }
    deployment
}

#[test]
fn scenarios_are_drawn_well() {
    for scenario in scenarios::all() {
        let drawn = check(&scenario.deployment);
        assert!(drawn.width <= 1160, "{}: text would be too small at {} px", scenario.name, drawn.width);
    }
}

#[test]
fn arrows_between_neighbouring_columns_of_the_presets_are_straight() {
    for (id, deployment) in scenarios::presets() {
        let drawn = check(&deployment);
        let columns: BTreeSet<i32> = drawn.boxes.iter().map(|drawn| drawn.rect.x).collect();
        let column = |id| {
            let x = drawn.boxes.iter().find(|drawn| drawn.groups.contains(&id)).unwrap().rect.x;
            columns.range(..x).count()
        };
        let mut straight = 0;
        for arrow in &drawn.arrows {
            let apart = column(arrow.initiator).abs_diff(column(arrow.responder));
            assert!(arrow.points.len() == 2 || apart != 1, "{id}: {arrow:?}");
            straight += usize::from(apart == 1);
        }
        assert!(straight > 1, "{id}");
    }
}

#[test]
fn forty_groups_are_drawn_well() {
    assert!(check(&forty()).arrows.len() > 200);
}

#[test]
fn nothing_and_next_to_nothing_are_pictures_too() {
    let mut deployment = Deployment::initial(&CATALOG);
    for group in deployment.groups.clone() {
        apply(&mut deployment, Edit::RemoveGroup(group.id));
    }
    let empty = check(&deployment);
    assert_eq!((empty.zones.len(), empty.legend.len()), (0, 1));
    apply(&mut deployment, Edit::Switch("server", true));
    assert_eq!(check(&deployment).boxes.len(), 1);
    let server = deployment.groups[0].id;
    apply(&mut deployment, Edit::Machines(server, 3));
    assert!(!check(&deployment).arrows.is_empty(), "three servers talk to each other");
}

#[test]
fn more_groups_than_anybody_could_follow_are_drawn_by_zone() {
    let mut deployment = forty();
    apply(&mut deployment, Edit::AddGroup("server"));
    let server = deployment.groups[40].id;
    apply(&mut deployment, Edit::Machines(server, 3));
    let drawn = check(&deployment);
    assert_eq!(drawn.boxes.len(), drawn.zones.len(), "{:?}", drawn.boxes);
    assert!(drawn.legend.iter().any(|key| key.label.text.contains("drawn by zone")), "{:?}", drawn.legend);
    assert!(drawn.title.contains("between 41 groups"), "{}", drawn.title);
    let servers = drawn.boxes.iter().find(|drawn| drawn.groups.contains(&server)).unwrap();
    let text: Vec<&str> = servers.labels.iter().map(|label| label.text.as_str()).collect();
    let count = servers.groups.len();
    assert!(text.contains(&format!("{count} groups").as_str()), "{text:?}");
    assert!(text.contains(&format!("×{}", count + 2).as_str()), "{text:?}");
    assert!(drawn.arrows.iter().any(|arrow| arrow.initiator == arrow.responder), "servers talk to each other");
}

#[test]
fn many_ports_between_two_zones_are_counted() {
    let mut deployment = forty();
    apply(&mut deployment, Edit::AddGroup("server"));
    let (client, server) = (deployment.groups[0].id, deployment.groups[40].id);
    for at in 0..100 {
        let (protocol, ports) = (
            if at % 2 == 0 { Protocol::Tcp } else { Protocol::Udp },
            // Some numbers are of both protocols, alone or within a range.
            PortRange::parse(&format!("{}-{}", 20_000 + 4 * (at / 4), 20_000 + 4 * (at / 4) + at % 3)).unwrap(),
        );
        let flow =
            Edit::AddFlow { initiator: client, responder: server, protocol, ports, purpose: format!("own {at}") };
        apply(&mut deployment, flow);
    }
    let drawn = check(&deployment);
    let counted: Vec<&Arrow> = drawn.arrows.iter().filter(|arrow| arrow.label.text.ends_with(" ports")).collect();
    assert!(counted.iter().any(|arrow| arrow.flows.len() >= 100 && arrow.title.ends_with("the table has them all")));
}

#[test]
fn more_arrows_than_anybody_could_follow_are_left_to_the_table() {
    let mut deployment = Deployment::initial(&CATALOG);
    let (client, server) = (deployment.groups[0].id, deployment.groups[2].id);
    for at in 0..500 {
        let ports = PortRange::parse(&(20_000 + 2 * at).to_string()).unwrap();
        let purpose = "own".to_owned();
        apply(
            &mut deployment,
            Edit::AddFlow { initiator: client, responder: server, protocol: Protocol::Tcp, ports, purpose },
        );
    }
    let (_, drawn) = draw(&deployment);
    assert!(drawn.arrows.is_empty() && drawn.boxes.len() == 5);
    assert!(drawn.legend.iter().any(|key| key.label.text.contains("Too many flows")), "{:?}", drawn.legend);
}

/// What people call things, and whoever means harm.
pub const NAMES: [&str; 6] = [
    "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🛡️ 防火墙服务器",
    "שרת ראשי الخادم الرئيسي (1)",
    "\u{202e}<script>alert(1)</script>",
    "]]><![CDATA[ --> %%{init: {}}%%",
    "a\nb\tc\u{0}d",
    "\"; DROP | {x} [y] \\",
];

/// Pictures that are hard to draw: every name, short and 200 characters long, on boxes of 64 addresses, with arrows to others and
/// to themselves; a single group, alone and talking to itself; none at all.
pub fn hard() -> Vec<Deployment> {
    let mut all: Vec<Deployment> = NAMES
        .iter()
        .flat_map(|name| [(*name).to_owned(), name.chars().cycle().take(200).collect::<String>(), "W".repeat(200)])
        .map(|name| {
            let mut deployment = scenarios::cluster();
            let addresses: Vec<String> = (1..=64).map(|last| format!("192.0.2.{last}")).collect();
            for (at, id) in deployment.groups.iter().map(|group| group.id).collect::<Vec<_>>().into_iter().enumerate() {
                let name = if at == 0 { name.clone() } else { format!("{at} {name}") };
                deployment.apply(&CATALOG, &Edit::Rename(id, name.clone()));
                apply(&mut deployment, Edit::Listens(id, Addresses::parse(&addresses.join(" ")).0));
                let _ = deployment.apply(&CATALOG, &Edit::Machines(id, 64));
                let purpose = name;
                let ports = PortRange::parse("7000-7003").unwrap();
                let flow = Edit::AddFlow { initiator: id, responder: id, protocol: Protocol::Udp, ports, purpose };
                deployment.apply(&CATALOG, &flow);
            }
            deployment
        })
        .collect();
    let mut alone = Deployment::initial(&CATALOG);
    for group in alone.groups.clone() {
        apply(&mut alone, Edit::RemoveGroup(group.id));
    }
    all.push(alone.clone());
    apply(&mut alone, Edit::Switch("server", true));
    all.push(alone.clone());
    let server = alone.groups[0].id;
    apply(&mut alone, Edit::Machines(server, 3));
    all.push(alone);
    all
}

#[test]
fn what_is_hard_to_draw_is_drawn_well() {
    for deployment in hard() {
        let drawn = check(&deployment);
        let text = standalone(&drawn, &Theme::LIGHT);
        for group in deployment.groups.iter().filter(|group| deployment.takes_part(&CATALOG, group)) {
            assert!(text.contains(&format!("<title>{}</title>", escape(&group.name))), "the whole of {}", group.name);
            if group.machines > 1 {
                let itself = |arrow: &&Arrow| arrow.initiator == group.id && arrow.responder == group.id;
                assert!(drawn.arrows.iter().any(|arrow| itself(&arrow)), "{} talks to itself", group.name);
            }
        }
        let folded = drawn.boxes.iter().flat_map(|drawn| &drawn.labels).filter(|label| label.words == Words::Address);
        assert!(folded.clone().count() == 0 || folded.clone().any(|label| label.text.ends_with("+61")));
    }
}

#[test]
fn names_are_folded_and_addresses_counted() {
    let mut deployment = Deployment::initial(&CATALOG);
    let (client, database) = (deployment.groups[0].id, deployment.groups[4].id);
    apply(&mut deployment, Edit::Rename(client, "W".repeat(200)));
    let addresses: Vec<String> = (1..=64).map(|last| format!("192.0.2.{last}")).collect();
    apply(&mut deployment, Edit::Listens(database, Addresses::parse(&addresses.join(" ")).0));
    let drawn = check(&deployment);
    let text = inline(&drawn);
    assert!(text.contains(&format!("<title>{}</title>", "W".repeat(200))), "the whole name is in the title");
    assert!(drawn.boxes[0].labels[0].text.ends_with("W…"));
    let folded: Vec<&str> = drawn.boxes[4].labels.iter().skip(1).map(|label| label.text.as_str()).collect();
    assert_eq!(folded, ["192.0.2.1, 192.0.2.2", "192.0.2.3, +61"]);
}

/// The groups in the order of their boxes.
fn order(deployment: &Deployment) -> Vec<GroupId> {
    draw(deployment).1.boxes.into_iter().flat_map(|drawn| drawn.groups).collect()
}

/// Demands that all that were there stand in their order if a role is switched on.
fn keeps_its_order(before: &Deployment, role: Id) {
    let mut after = before.clone();
    after.apply(&CATALOG, &Edit::Switch(role, true));
    let (before, mut now) = (order(before), order(&after));
    now.retain(|group| before.contains(group));
    assert_eq!(now, before, "with {role}");
}

#[test]
fn switching_a_role_on_keeps_the_order_of_the_others() {
    for (_, deployment) in scenarios::presets() {
        CATALOG.roles.iter().for_each(|role| keeps_its_order(&deployment, role.id));
    }
    let mut added = 0;
    for (deployment, role) in arbitrary::seeded(SWITCHED, (arbitrary::crowded(), arbitrary::role())) {
        added += usize::from(!deployment.groups.iter().any(|group| group.carries(role)));
        keeps_its_order(&deployment, role);
    }
    assert!(added * 5 >= SWITCHED, "{added}");
}

#[test]
fn ports_are_merged_only_where_a_label_can_say_it() {
    let mut deployment = Deployment::initial(&CATALOG);
    let (client, server) = (deployment.groups[0].id, deployment.groups[2].id);
    for (protocol, ports) in [
        (Protocol::Tcp, "7000"),
        (Protocol::Tcp, "7001-7003"),
        (Protocol::Tcp, "7005"),
        (Protocol::Udp, "7005"),
        (Protocol::Udp, "7007"),
    ] {
        let ports = PortRange::parse(ports).unwrap();
        let flow = Edit::AddFlow { initiator: client, responder: server, protocol, ports, purpose: "test".to_owned() };
        apply(&mut deployment, flow);
    }
    let arrows = check(&deployment).arrows.into_iter().filter(|arrow| arrow.initiator == client);
    let labels: Vec<String> = arrows.map(|arrow| arrow.label.text).collect();
    assert_eq!(labels, ["443", "7000–7003", "7005 tcp+udp", "7007/udp"]);
}

#[test]
fn it_can_be_read_instead_of_seen() {
    let drawn = check(&scenarios::missing());
    let text = "Web clients can reach Spotfire Server on 443 (encrypted); Analyst clients can reach Spotfire Server on 443 (encrypted); ";
    assert!(drawn.description.starts_with(text), "{}", drawn.description);
    assert!(drawn.title.ends_with("9 flows between 5 groups"), "{}", drawn.title);
}

#[test]
fn markup_and_what_turns_text_around_are_escaped() {
    assert_eq!(escape("<a b='c' d=\"e\">&amp;]]>"), "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;amp;]]&gt;");
    assert_eq!(escape("a\u{0}\u{1b}\u{7f}\u{85}\u{202e}\u{2066}\u{ffff}\r\tb\n"), "ab\n");
    assert_eq!(escape("Süd → 東京 👍🏽"), "Süd → 東京 👍🏽");
}

#[test]
fn the_default_looks_like_this() {
    insta::assert_snapshot!(inline(&draw(&scenarios::missing()).1));
}

/// Layout and markup hold for deployments that nobody would draw, crowded, with names from hell.
#[test]
fn two_thousand_seeded_deployments_are_drawn_well() {
    let mut large = 0;
    for (at, deployment) in arbitrary::seeded(SEEDED, arbitrary::crowded()).enumerate() {
        let drawn = std::panic::catch_unwind(|| check(&deployment));
        let drawn = drawn.unwrap_or_else(|_| panic!("number {at} of the seed: {deployment:?}"));
        let flows: usize = drawn.arrows.iter().map(|arrow| arrow.flows.len()).sum();
        large += usize::from(flows > 30);
    }
    assert!(large * 5 >= SEEDED * 2, "only {large} of {SEEDED} have more than 30 flows");
    println!("{large} of {SEEDED} have more than 30 flows");
}

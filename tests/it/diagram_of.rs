//! The picture of some flows, and of two releases: nothing else moves places or is said to be all. Never asks which flows are
//! right.

use std::collections::BTreeMap;

use portcullis::check;
use portcullis::deployment::{Deployment, Edit};
use portcullis::diagram::svg::{Theme, inline, standalone};
use portcullis::diagram::{Change, Diagram, Shown, diagram, diagram_of};
use portcullis::flow::{Categories, Category, Flow, flows};
use portcullis::net::{Port, PortRange, Protocol};
use portcullis::upgrade::upgrade;

use crate::scenarios::{self, CATALOG, apply};

/// Every role on, and a flow of the user's own.
fn everything() -> Deployment {
    let mut deployment = Deployment::initial(&CATALOG);
    for role in &CATALOG.roles {
        if !deployment.has(&CATALOG, role.id) {
            apply(&mut deployment, Edit::Switch(role.id, true));
        }
    }
    let ends = [deployment.groups[2].id, deployment.groups[4].id];
    let ports = PortRange::from(Port::new(8443).expect("a port"));
    let [initiator, responder] = ends;
    let purpose = "ours".to_owned();
    apply(&mut deployment, Edit::AddFlow { initiator, responder, protocol: Protocol::Tcp, ports, purpose });
    deployment
}

#[test]
fn what_flows_are_for_follows_from_their_ends() {
    let deployment = everything();
    let all = flows(&CATALOG, &deployment);
    let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for reason in all.iter().flat_map(|flow| &flow.reasons) {
        let names = rows.entry(reason.category(&CATALOG).name()).or_default();
        if !names.contains(&reason.dependency.unwrap_or("own")) {
            names.push(reason.dependency.unwrap_or("own"));
        }
    }
    let expect = [
        ("Back end", "node-to-server-registration"),
        ("Back end", "server-to-terr"),
        ("Data", "server-to-postgresql"),
        ("Data", "service-to-source-other"),
        ("Directory", "server-to-ldaps"),
        ("Monitoring", "jmx-to-server"),
        ("Monitoring", "config-tool-to-postgresql"),
        ("Monitoring", "bastion-to-node-ssh"),
        ("Other services", "server-to-smtp"),
        ("Other services", "client-to-oidc"),
        ("User access", "client-to-balancer-https"),
        ("User access", "balancer-to-server-https"),
        ("Your own", "own"),
    ];
    for (category, row) in expect {
        let of: Vec<_> = rows.iter().filter(|(_, rows)| rows.contains(&row)).map(|(name, _)| *name).collect();
        assert_eq!(of, [category], "{row}");
    }
    // Each flow is for something, and every word finds some.
    let of = |deployment: &Deployment| {
        let mut set = Categories::default();
        for flow in flows(&CATALOG, deployment) {
            assert_ne!(flow.categories(&CATALOG), Categories::default());
            set.add(flow.categories(&CATALOG));
        }
        Category::ALL.into_iter().filter(|category| set.has(*category)).collect::<Vec<_>>()
    };
    assert_eq!(of(&deployment), Category::ALL);
    assert_eq!(of(&Deployment::initial(&CATALOG)), [Category::Users, Category::BackEnd, Category::Data]);
}

fn order(drawn: &Diagram) -> Vec<String> {
    drawn.boxes.iter().map(|one| one.name.clone()).collect()
}

#[test]
fn some_flows_leave_every_box_where_it_stands_among_the_others_and_say_that_they_are_some() {
    let deployment = everything();
    let all = flows(&CATALOG, &deployment);
    let whole = diagram(&CATALOG, &deployment, &all);
    for category in Category::ALL {
        let some: Vec<Flow> = all.iter().filter(|flow| flow.categories(&CATALOG).has(category)).cloned().collect();
        assert!(!some.is_empty() && some.len() < all.len());
        let note = format!("{} of {} flows: {}", some.len(), all.len(), category.name());
        let drawn = diagram_of(&CATALOG, &deployment, &some, Shown { note: &note, changes: &[] });
        assert_eq!(order(&drawn), order(&whole));
        let keys: usize = drawn.arrows.iter().map(|arrow| arrow.flows.len()).sum();
        assert_eq!(keys, some.len());
        assert!(drawn.title.ends_with(&note), "{}", drawn.title);
        let told = drawn.legend.iter().filter(|key| key.label.text == note).count();
        assert_eq!(told, 1, "who sees only the image reads it too");
        assert!(drawn.legend.iter().all(|key| key.label.rect.right() <= drawn.width));
    }
    assert!(!whole.title.contains(';'));
}

#[test]
fn what_another_release_changes_is_told_by_a_sign_beside_the_port() {
    let mut deployment = scenarios::cluster();
    apply(&mut deployment, Edit::Release("10.3"));
    let before = flows(&CATALOG, &deployment);
    let upgrade = upgrade(&CATALOG, &deployment, "12.0").expect("a release");
    // As the table tells them, so does the picture.
    for row in upgrade.rows() {
        let words = format!("{} {}", row.sign, row.word);
        assert!(
            [Change::Added, Change::Removed, Change::Changed].iter().any(|change| change.words() == words),
            "{words}"
        );
    }
    let (added, removed) = (upgrade.added.len(), upgrade.removed.len());
    assert!(added > 0 && removed > 0);
    let both: Vec<Flow> = before.iter().chain(&upgrade.added).cloned().collect();
    let change = |flow: &Flow| match flow {
        flow if upgrade.removed.contains(flow) => Change::Removed,
        flow if upgrade.added.contains(flow) => Change::Added,
        _ => Change::Stays,
    };
    let changes: Vec<Change> = both.iter().map(change).collect();
    let drawn = diagram_of(&CATALOG, &deployment, &both, Shown { note: "", changes: &changes });
    let count = |change| {
        let arrows = drawn.arrows.iter().filter(|arrow| arrow.change == change);
        arrows.map(|arrow| arrow.flows.len()).sum::<usize>()
    };
    assert_eq!([Change::Added, Change::Removed, Change::Changed].map(count), [added, removed, 0]);
    for arrow in &drawn.arrows {
        let sign: String = arrow.change.words().chars().take(1).chain("\u{a0}".chars()).collect();
        assert_eq!(arrow.label.text.starts_with(&sign), arrow.change != Change::Stays, "{}", arrow.label.text);
        for key in &arrow.flows {
            let at = both.iter().position(|flow| flow.key() == *key).expect("a flow");
            assert_eq!(changes[at], arrow.change, "an arrow stands for flows to which the same happens");
        }
    }
    let legend: Vec<&str> = drawn.legend.iter().map(|key| key.label.text.as_str()).collect();
    assert!(legend.contains(&"+ added") && legend.contains(&"− removed") && !legend.contains(&"~ changed"));
    assert!(standalone(&drawn, &Theme::LIGHT).contains(">+\u{a0}5701–"));
}

#[test]
fn every_flow_of_both_releases_is_in_the_picture() {
    let mut deployment = everything();
    let newest = deployment.release;
    for release in CATALOG.releases.iter().filter(|release| release.id != newest) {
        apply(&mut deployment, Edit::Release(release.id));
        let upgrade = upgrade(&CATALOG, &deployment, newest).expect("a release");
        assert!(!upgrade.added.is_empty());
        let both: Vec<Flow> = flows(&CATALOG, &deployment).into_iter().chain(upgrade.added.clone()).collect();
        let drawn = diagram_of(&CATALOG, &deployment, &both, Shown::default());
        let drawn_flows: usize = drawn.arrows.iter().map(|arrow| arrow.flows.len()).sum();
        assert_eq!(drawn_flows, both.len(), "{}", release.id);
    }
}

#[test]
fn what_is_wrong_is_marked_at_its_box_on_the_page_only() {
    let deployment = Deployment::initial(&CATALOG);
    let flows = flows(&CATALOG, &deployment);
    let mut drawn = diagram(&CATALOG, &deployment, &flows);
    let plain = standalone(&drawn, &Theme::LIGHT);
    drawn.mark(&check::findings(&CATALOG, &deployment, &flows));
    assert_eq!(standalone(&drawn, &Theme::LIGHT), plain);
    let page = inline(&drawn);
    for (name, count) in [("Spotfire Server", 1), ("Node", 1), ("Web clients", 0)] {
        let at = page.find(&format!("<title>{name}")).expect(name);
        let group = &page[at..at + page[at..].find("</g>").expect("its end")];
        assert_eq!(group.matches("● 1</text>").count(), count, "{group}");
        assert_eq!(group.matches(&format!("error: {name} has no address.")).count(), count, "{group}");
    }
}

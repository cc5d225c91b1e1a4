//! Links that were made with an older catalog keep its defaults, and say which have changed since; those of this catalog and
//! of the first one say nothing.

use portcullis::catalog::{Answer, Catalog, Choice, Revision, Scope};
use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::link::{self, News, Opened};
use portcullis::net::Port;

use crate::scenarios::CATALOG;

const SERVER: GroupId = GroupId(3);
const NODE: GroupId = GroupId(4);

fn port(number: u16) -> Option<Port> {
    Port::new(number)
}

/// The facts of the first catalog, as they would be a month later: it asks one more question, which no baseline knows.
fn first() -> Catalog {
    let mut catalog = Catalog::spotfire().expect("the embedded catalog");
    catalog.version = "2026.11";
    catalog.changes.clear();
    let answers = [("on", "On"), ("off", "Off")].map(|(id, name)| Answer { id, name, shares_service_ports: None });
    catalog.choices.push(Choice {
        id: "probe",
        scope: Scope::Group,
        roles: vec!["server"],
        question: "Health probe",
        answers: answers.into(),
        default: "off",
        when: None,
        undecided: None,
        disagreement: None,
        sources: vec!["S1"],
    });
    catalog
}

/// A catalog in which these defaults are others, each since a version: a listener with its new first port and what it was, or
/// a choice with its new answer and what it was.
fn later(version: &'static str, rows: &[Row]) -> Catalog {
    let mut catalog = first();
    catalog.version = version;
    for row in rows {
        let mut revision = Revision {
            version: row.0,
            listener: None,
            since: "",
            choice: None,
            was: row.2,
            text: "A document says so.",
        };
        if let Some(listener) = catalog.listeners.iter_mut().find(|listener| listener.id == row.1) {
            let ports = listener.ports.last_mut().unwrap();
            ports.first = Port::new(row.3.parse().unwrap()).unwrap();
            (revision.listener, revision.since) = (Some(listener.id), ports.since);
        } else {
            let choice = catalog.choices.iter_mut().find(|choice| choice.id == row.1).unwrap();
            choice.default = row.3;
            revision.choice = Some(choice.id);
        }
        catalog.changes.push(revision);
    }
    catalog
}

/// Version, row, what it was, what it is.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// One default that the baseline knows and one that it does not, of listeners and of choices each.
const ROWS: [Row; 4] = [
    ("2026.12", "node-communication", "9443", "9643"),
    ("2026.12", "information-services", "9445", "9645"),
    ("2026.12", "database", "postgresql", "oracle"),
    ("2026.12", "probe", "off", "on"),
];

fn texts(news: &[News]) -> Vec<&str> {
    news.iter().map(|news| news.text.as_str()).collect()
}

#[test]
fn an_old_link_keeps_what_it_meant_and_says_so() {
    let (old, new) = (first(), later("2026.12", &ROWS));
    let text = link::write(&old, &Deployment::initial(&old));
    assert!(!text.contains("v="), "{text}");
    let Opened { deployment, problems, news } = link::read(&new, &text);
    assert_eq!(problems, [""; 0]);
    assert_eq!(deployment.group(NODE).unwrap().ports.get("node-communication"), port(9443).as_ref());
    assert_eq!(deployment.group(SERVER).unwrap().ports.get("information-services"), port(9445).as_ref());
    assert_eq!(deployment.answers.get("database"), Some(&"postgresql"));
    assert_eq!(deployment.group(SERVER).unwrap().answers.get("probe"), Some(&"off"));
    assert_eq!(
        texts(&news),
        [
            "Since this link was made, the default of Node manager: Communication changed from 9443 to 9643; this link keeps 9443. A document says so.",
            "Since this link was made, the default of Spotfire Server: Information Services changed from 9445 to 9645; this link keeps 9445. A document says so.",
            "Since this link was made, the default of Spotfire database: Engine changed from PostgreSQL to Oracle; this link keeps PostgreSQL. A document says so.",
            "Since this link was made, the default of Spotfire Server: Health probe changed from Off to On; this link keeps Off. A document says so.",
        ]
    );
    // The buttons take the new defaults, and leave nothing of the old ones.
    let mut taken = deployment.clone();
    for (news, label) in news.iter().zip(["Take 9643", "Take 9645", "Take Oracle", "Take On"]) {
        let fix = news.fix.as_ref().unwrap();
        assert_eq!(fix.label, label);
        taken.apply(&new, &fix.edit);
    }
    assert_eq!(taken, Deployment::initial(&new));
    // What is written now is of today: it says nothing, and means the same.
    for deployment in [deployment, taken] {
        let text = link::write(&new, &deployment);
        assert!(text.contains(";v=2026.12;"), "{text}");
        assert_eq!(link::read(&new, &text), Opened { deployment, problems: vec![], news: vec![] });
    }
}

#[test]
fn a_link_says_nothing_of_what_it_does_not_rest_on() {
    let (old, new) = (first(), later("2026.12", &ROWS));
    let mut deployment = Deployment::initial(&old);
    for edit in [
        Edit::Port(NODE, "node-communication", port(9444)),
        Edit::Port(SERVER, "information-services", port(9446)),
        Edit::Answer("database", Some("sqlserver")),
        Edit::GroupAnswer(SERVER, "probe", Some("off")),
    ] {
        deployment.apply(&old, &edit);
    }
    let opened = link::read(&new, &link::write(&old, &deployment));
    assert_eq!(opened, Opened { deployment: deployment.clone(), problems: vec![], news: vec![] });
    // Nor of roles that are not there.
    deployment = Deployment::initial(&old);
    for id in [SERVER, NODE, GroupId(5)] {
        deployment.apply(&old, &Edit::RemoveGroup(id));
    }
    assert_eq!(texts(&link::read(&new, &link::write(&old, &deployment)).news), [""; 0]);
}

#[test]
fn a_link_knows_only_the_changes_since_its_own_catalog() {
    let twice = [
        ("2026.12", "information-services", "9445", "9645"),
        ("2027.02", "information-services", "9645", "9845"),
        ("2026.12", "node-communication", "9443", "9643"),
        ("2027.02", "node-communication", "9643", "9843"),
    ];
    let middle = later("2026.12", &[twice[0], twice[2]]);
    let newest = later("2027.02", &twice);
    for (catalog, was) in [(first(), [9445, 9443]), (middle, [9645, 9643]), (later("2027.02", &twice), [9845, 9843])] {
        let text = link::write(&catalog, &Deployment::initial(&catalog));
        let opened = link::read(&newest, &text);
        assert_eq!(opened.problems, [""; 0]);
        let deployment = &opened.deployment;
        for ((group, listener), was) in [(SERVER, "information-services"), (NODE, "node-communication")].iter().zip(was)
        {
            let group = deployment.group(*group).unwrap();
            let listener = newest.listener(listener).unwrap();
            let ports = deployment.listener_ports(&newest, group, listener);
            assert_eq!(ports, [portcullis::net::PortRange::from(Port::new(was).unwrap())], "{text}");
        }
        let expected = if was[0] == 9845 { 0 } else { 2 };
        assert_eq!(opened.news.len(), expected, "{text}: {:?}", opened.news);
        for (news, was) in opened.news.iter().zip(was) {
            assert!(news.text.contains(&format!("keeps {was}.")), "{}", news.text);
        }
    }
}

#[test]
fn a_row_of_one_release_does_not_concern_another() {
    // Only the newest row of clustering moves; the ports of 10.3 are what they were.
    let (old, new) = (first(), later("2026.12", &[("2026.12", "cluster", "5701-5704", "5801")]));
    let mut deployment = Deployment::initial(&old);
    let opened = link::read(&new, &link::write(&old, &deployment));
    assert_eq!(opened.deployment.ports.get("cluster"), port(5701).as_ref());
    assert_eq!(
        texts(&opened.news),
        [
            "Since this link was made, the default of Spotfire Server: Clustering changed from 5701-5704 to 5801-5804; this link keeps 5701-5704. A document says so."
        ]
    );
    deployment.apply(&old, &Edit::Release("10.3"));
    let opened = link::read(&new, &link::write(&old, &deployment));
    assert_eq!(opened, Opened { deployment, problems: vec![], news: vec![] });
}

#[test]
fn one_more_port_cannot_be_kept_out_and_is_said() {
    let (old, mut new) = (first(), later("2026.12", &[("2026.12", "cluster", "5701-5704", "5701")]));
    new.listeners.iter_mut().find(|listener| listener.id == "cluster").unwrap().ports.last_mut().unwrap().count = 5;
    let opened = link::read(&new, &link::write(&old, &Deployment::initial(&old)));
    assert!(opened.deployment.ports.is_empty());
    assert_eq!(
        texts(&opened.news),
        [
            "Since this link was made, the default of Spotfire Server: Clustering changed from 5701-5704 to 5701-5705; this deployment has what is new. A document says so."
        ]
    );
    assert_eq!(opened.news[0].fix, None);
}

#[test]
fn a_version_that_makes_no_sense_is_told_and_a_newer_one_too() {
    let with = |version: &str| link::read(&CATALOG, &format!("1;v={version};aaaaaa")).problems;
    for version in ["", "2026", "2026.1", "26.11", "2026.011", "x", "2026-11", "~2b026.11"] {
        let problems = with(version);
        assert!(problems.iter().any(|text| text.starts_with("“v=")), "{version}: {problems:?}");
    }
    assert!(
        with("2199.01").iter().any(|text| text.contains("the catalog of 2199.01, which is newer than this page's"))
    );
    // That the check is wrong is all there is to say.
    assert_eq!(with("2026.11").len(), 1);
    assert_eq!(with("2001.01").len(), 1);
}

#[test]
fn links_of_the_first_catalog_have_no_news_in_it() {
    for text in include_str!("../../src/link/released.txt").lines() {
        assert_eq!(texts(&link::read(&first(), text).news), [""; 0], "{text}");
    }
}

/// What is wrong with the rows of changes in a catalog.
fn wrong(catalog: &Catalog) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut latest = "2026.11";
    for row in &catalog.changes {
        let name = row.listener.or(row.choice).unwrap_or_default();
        let mut say = |what: &str| wrong.push(format!("{} {name}: {what}", row.version));
        if row.version < latest || row.version <= "2026.11" || row.version > catalog.version {
            say("its version is not behind the one before, or beyond the catalog's");
        }
        latest = row.version;
        match (row.listener, row.choice) {
            (Some(id), None) => match catalog.listener(id) {
                None => say("no such listener"),
                Some(listener) if !listener.ports.iter().any(|ports| ports.since == row.since) => {
                    say("no such row of ports")
                }
                Some(_) if portcullis::net::PortRange::parse(row.was).is_err() => say("it was no port"),
                Some(_) => {}
            },
            (None, Some(id)) => match catalog.choice(id) {
                Some(choice) if choice.answer(row.was).is_some() => {}
                _ => say("no such choice, or no such answer"),
            },
            _ => say("either a listener or a choice"),
        }
        if !row.text.ends_with('.') {
            say("the text is not a sentence");
        }
    }
    wrong
}

#[test]
fn the_list_of_changes_is_sound() {
    assert_eq!(wrong(&CATALOG), [""; 0]);
    assert_eq!(wrong(&later("2026.12", &ROWS)), [""; 0]);
    let mut broken = later("2026.12", &ROWS);
    broken.changes[0].was = "0";
    broken.changes[1].since = "99";
    broken.changes[2].was = "nowhere";
    broken.changes[3].version = "2026.13";
    assert_eq!(wrong(&broken).len(), 4, "{:?}", wrong(&broken));
}

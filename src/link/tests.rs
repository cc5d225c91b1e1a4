//! Links survive the way there and back, later catalogs, and being cut.

use super::read::MOST_GROUPS;
use super::*;
use crate::deployment::{Edit, GroupId};
use crate::net::{PortRange, Protocol};

fn catalog() -> Catalog {
    Catalog::spotfire().expect("the embedded catalog")
}

fn busy(catalog: &Catalog) -> Deployment {
    let mut deployment = Deployment::initial(catalog);
    for edit in [
        Edit::Listens(GroupId(3), Addresses::parse("192.0.2.11, 2001:db8::11, db.example.test").0),
        Edit::Connects(GroupId(3), Some(Addresses::Missing)),
        Edit::Listens(GroupId(1), Addresses::Missing),
        Edit::Rename(GroupId(4), "Zürich ; = ~ _ node".to_owned()),
        Edit::Machines(GroupId(4), 2),
        Edit::Port(GroupId(4), "node-communication", Port::new(9444)),
        Edit::PortEverywhere("cluster", Port::new(5801)),
        Edit::GroupAnswer(GroupId(3), "web", Some("both")),
        Edit::Answer("database", Some("postgresql")),
        Edit::Switch("terr", true),
        Edit::Switch("ldap", true),
        Edit::Switch("ldap", false),
        Edit::RemoveGroup(GroupId(2)),
        Edit::Setting("nftables.table".to_owned(), "host".to_owned()),
        Edit::Firewall(GroupId(3), "nftables".to_owned()),
        Edit::AddFlow {
            initiator: GroupId(3),
            responder: GroupId(5),
            protocol: Protocol::Udp,
            ports: PortRange::parse("1434").expect("a port"),
            purpose: "named: instance".to_owned(),
        },
    ] {
        assert_eq!(deployment.apply(catalog, &edit), crate::deployment::Edited::Changed, "{edit:?}");
    }
    deployment
}

#[test]
fn the_initial_deployment_is_the_shortest_link() {
    let catalog = catalog();
    let text = write(&catalog, &Deployment::initial(&catalog));
    assert_eq!(text.len(), "1;xxxxxx".len(), "{text}");
    assert_eq!(
        read(&catalog, &text),
        Opened { deployment: Deployment::initial(&catalog), problems: vec![], news: vec![] }
    );
}

#[test]
fn a_busy_deployment_comes_back_whole() {
    let catalog = catalog();
    let deployment = busy(&catalog);
    let text = write(&catalog, &deployment);
    let opened = read(&catalog, &format!("#{text}"));
    assert_eq!(opened.problems, Vec::<String>::new());
    assert_eq!(opened.deployment, deployment);
    assert_eq!(write(&catalog, &opened.deployment), text);
}

#[test]
fn the_first_release_keeps_its_baseline() {
    assert_eq!(check(BASELINE), FROZEN, "the baseline must never change: links made with it are in people's wikis");
}

/// The check of `baseline1.txt` on the day of the first release.
const FROZEN: &str = "krgl2b";

#[test]
fn links_of_the_first_release_open_for_ever() {
    let catalog = catalog();
    for text in include_str!("released.txt").lines() {
        let opened = read(&catalog, text);
        assert_eq!(opened.problems, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn an_old_link_keeps_its_numbers_when_defaults_change() {
    let old = catalog();
    let text = write(&old, &busy(&old));
    let mut new = catalog();
    for listener in new.listeners.iter_mut().filter(|listener| listener.id == "server-registration") {
        listener.ports[0].first = Port::new(9999).expect("a port");
    }
    for choice in new.choices.iter_mut().filter(|choice| choice.id == "database") {
        choice.default = "oracle";
    }
    let initial = read(&new, &write(&old, &Deployment::initial(&old))).deployment;
    let server = initial.group(GroupId(3)).expect("the server");
    assert_eq!(server.ports.get("server-registration"), Port::new(9080).as_ref());
    assert_eq!(initial.answers.get("database"), Some(&"postgresql"));
    let opened = read(&new, &text);
    assert_eq!(opened.problems, Vec::<String>::new());
    assert_eq!(read(&new, &write(&new, &opened.deployment)).deployment, opened.deployment);
}

#[test]
fn cut_edited_and_newer_links_open_what_they_can_and_say_so() {
    let catalog = catalog();
    let text = write(&catalog, &busy(&catalog));
    for end in 0..text.len() {
        let opened = read(&catalog, &text[..end]);
        assert!(!opened.problems.is_empty(), "{}", &text[..end]);
        assert!(!opened.deployment.groups.is_empty());
    }
    let edited = read(&catalog, &text.replacen("192.0.2.11", "192.0.2.12", 1));
    assert_eq!(edited.problems.len(), 1, "{:?}", edited.problems);
    let newer = read(&catalog, &text.replacen("1;", "2;g3.shape=round;", 1));
    assert_eq!(newer.problems.len(), 2, "{:?}", newer.problems);
    assert_eq!(newer.deployment.groups.len(), busy(&catalog).groups.len());
}

#[test]
fn a_huge_link_is_read_as_far_as_it_goes() {
    let catalog = catalog();
    let huge = format!("1;{}", "g7.r=server;g7.a=192.0.2.1;".repeat(60_000));
    let opened = read(&catalog, &huge);
    assert!(opened.problems.len() >= 2);
    assert!(opened.deployment.group(GroupId(7)).is_some());
    let many: String = (1..2000).map(|id| format!("g{id}.r=server;")).collect();
    assert!(read(&catalog, &format!("1;{many}")).deployment.groups.len() <= MOST_GROUPS);
}

#[test]
fn text_of_any_kind_is_escaped_for_the_way() {
    for text in ["", "a b", "~_;=#%&", "Zürich", "😀", "\u{202e}x", "\"'`$(x)"] {
        assert_eq!(unescape(&escape(text)), text);
        assert!(escape(text).bytes().all(|b| b.is_ascii_alphanumeric() || b".-:,+?_~".contains(&b)));
    }
    assert_eq!(unescape("~zz~4"), "~zz~4");
}

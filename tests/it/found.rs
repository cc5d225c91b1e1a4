//! What the findings say, where it depends on more than one reason of a flow. Never asks in which order they stand.

use portcullis::check::findings;
use portcullis::deployment::{Deployment, Edit};
use portcullis::flow::flows;
use portcullis::net::{Addresses, Port};

use crate::scenarios::{self, CATALOG, apply, group};

/// The findings about clear text.
fn clear(deployment: &Deployment) -> Vec<String> {
    let found = findings(&CATALOG, deployment, &flows(&CATALOG, deployment));
    let about = found.into_iter().map(|finding| finding.message).filter(|message| message.contains("is clear text: "));
    about.collect()
}

#[test]
fn only_what_is_clear_text_is_called_so() {
    let mut deployment = scenarios::default();
    let plain = ["9080 is clear text: Spotfire Server: Back-end registration; Node manager: Registration."];
    assert_eq!(clear(&deployment), plain);
    // Registration on the number of what is encrypted: one flow with two reasons.
    let node = group(&deployment, "Node").id;
    apply(&mut deployment, Edit::Port(node, "node-registration", Port::new(9443)));
    assert_eq!(
        clear(&deployment),
        [
            "9080 is clear text: Spotfire Server: Back-end registration.",
            "9443 is clear text: Node manager: Registration."
        ]
    );
}

#[test]
fn several_addresses_of_one_machine_are_asked_about_where_it_matters() {
    let mut deployment = scenarios::default();
    let about = |deployment: &Deployment| {
        let found = findings(&CATALOG, deployment, &flows(&CATALOG, deployment));
        found.into_iter().filter(|finding| finding.message.contains("counts as")).collect::<Vec<_>>()
    };
    let (server, database) = (group(&deployment, "Spotfire Server").id, group(&deployment, "Spotfire database").id);
    for (id, text) in [(server, "192.0.2.1 2001:db8::1"), (database, "192.0.2.8 192.0.2.9")] {
        apply(&mut deployment, Edit::Listens(id, Addresses::parse(text).0));
    }
    assert_eq!(about(&deployment), [], "both families of one machine; machines that have nothing to say to each other");
    apply(&mut deployment, Edit::Listens(server, Addresses::parse("192.0.2.1 192.0.2.2 2001:db8::1").0));
    let found = about(&deployment);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "Spotfire Server has 2 addresses, but counts as 1 machine.");
    let before = flows(&CATALOG, &deployment).len();
    apply(&mut deployment, found[0].fixes[0].edit.clone());
    assert_eq!(about(&deployment), []);
    assert!(flows(&CATALOG, &deployment).len() > before, "servers talk to each other");
}

#[test]
fn roles_that_nothing_connects_to_are_said_to_be_so() {
    let mut deployment = scenarios::default();
    let alone = |deployment: &Deployment| {
        let found = findings(&CATALOG, deployment, &flows(&CATALOG, deployment));
        found.iter().any(|finding| finding.message.contains("Nothing connects"))
    };
    assert!(!alone(&deployment));
    for role in ["server", "node-manager", "web-player", "automation-services"] {
        apply(&mut deployment, Edit::Switch(role, false));
    }
    assert!(alone(&deployment));
}

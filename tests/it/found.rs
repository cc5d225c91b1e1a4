//! What the findings say, where it depends on more than one reason of a flow. Never asks in which order they stand.

use portcullis::check::findings;
use portcullis::deployment::{Deployment, Edit};
use portcullis::flow::flows;
use portcullis::net::Port;

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

//! Anything a person can do, in any order: undo of all of it brings back the first bytes, nothing refers to what is gone, and
//! another tab's deployment is never overwritten. Drives the page's own reducer; needs no browser.

use std::rc::Rc;

use portcullis::catalog::Catalog;
use portcullis::deployment::{Edited, GroupId};
use portcullis::dialect::Text;
use portcullis::link;
use portcullis::net::Ways;
use portcullis::snippet::lines;
use portcullis::ui::state::{Action, State, Why};
use portcullis::ui::view::Tab;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use yew::Reducible;

use crate::arbitrary::{addresses, config, edit, group};

fn begin() -> Rc<State> {
    Rc::new(State::begin(Catalog::spotfire().expect("the catalog"), "", None, false))
}

/// Anything that can happen, links and other tabs left out.
fn action() -> impl Strategy<Value = Action> {
    let tabs = [Tab::Findings, Tab::Flows, Tab::Catalog];
    prop_oneof![
        24 => edit().prop_map(Action::Edit),
        3 => Just(Action::Confirm),
        2 => Just(Action::Cancel),
        4 => Just(Action::Undo),
        3 => Just(Action::Redo),
        2 => (0_usize..12).prop_map(Action::Depth),
        1 => Just(Action::Dismiss),
        1 => Just(Action::Unkept),
        1 => addresses().prop_map(|addresses| Action::Paste(addresses.to_string())),
        2 => group().prop_map(Action::Group),
        1 => select(vec![Ways::In, Ways::Out, Ways::Both]).prop_map(Action::Ways),
        1 => select(Text::ALL.to_vec()).prop_map(Action::Text),
        1 => select(tabs.to_vec()).prop_map(Action::Tab),
        1 => (group(), any::<bool>()).prop_map(|(group, open)| Action::Fold(group, open)),
        1 => group().prop_map(|group| Action::Filling(Some(group))),
        1 => Just(Action::Filling(None)),
    ]
}

/// What must be true of every state.
fn sound(state: &State) -> Result<(), TestCaseError> {
    let exists = |id: GroupId| state.deployment.group(id).is_some();
    for flow in &state.deployment.custom {
        prop_assert!(exists(flow.initiator) && exists(flow.responder), "{:?} has lost an end", flow);
    }
    for flow in &state.derived.flows {
        prop_assert!(exists(flow.initiator) && exists(flow.responder), "{} has lost an end", flow.key());
    }
    prop_assert!(state.group().is_none_or(exists));
    prop_assert_eq!(
        &state.derived.link,
        &link::write(&state.catalog, &state.deployment),
        "what is shown is what is said"
    );
    let ids: Vec<GroupId> = state.deployment.groups.iter().map(|group| group.id).collect();
    for (at, id) in ids.iter().enumerate() {
        prop_assert!(!ids[..at].contains(id), "{:?} stands twice", id);
    }
    if let Some(pending) = &state.pending {
        let mut next = (*state.deployment).clone();
        prop_assert_eq!(
            next.apply(&state.catalog, &pending.edit),
            Edited::Changed,
            "{:?} asks for nothing",
            pending.edit
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn undo_of_everything_restores_the_first_bytes(actions in vec(action(), 0..60)) {
        let mut state = begin();
        let first = state.derived.link.clone();
        for action in actions {
            state = state.reduce(action);
            sound(&state)?;
        }
        let (last, depth) = (state.derived.link.clone(), state.depth());
        let undone = state.clone().reduce(Action::Depth(0));
        prop_assert_eq!(&undone.derived.link, &first);
        sound(&undone)?;
        let redone = undone.reduce(Action::Depth(depth));
        prop_assert_eq!(&redone.derived.link, &last, "and redo all of it");
        let mut one_by_one = state;
        while !one_by_one.past.is_empty() {
            one_by_one = one_by_one.reduce(Action::Undo);
        }
        prop_assert_eq!(&one_by_one.derived.link, &first);
    }

    #[test]
    fn what_another_tab_keeps_is_overwritten_only_by_a_yes(before in vec(action(), 0..20), after in vec(action(), 0..20), at in any::<Index>()) {
        let theirs = link::write(&begin().catalog, &crate::scenarios::cluster());
        let run = |state: Rc<State>, actions: &[Action]| actions.iter().fold(state, |state, action| state.reduce(action.clone()));
        let told = run(begin(), &before).reduce(Action::Elsewhere(theirs.clone()));
        prop_assume!(told.derived.link != theirs);
        let state = run(told, &after[..if after.is_empty() { 0 } else { at.index(after.len()) }]);
        // Whatever is undone or edited since: while there is something aside, this page keeps nothing in its place.
        let aside = state.aside.clone().expect("the other tab's is still there");
        prop_assert!(aside.mine.as_deref() == Some(&theirs) && aside.why == Why::Tab);
        let kept = state.clone().reduce(Action::Keep).reduce(Action::Undo);
        prop_assert!(kept.aside.is_none(), "the question is answered for every step");
        let opened = state.reduce(Action::Mine);
        prop_assert_eq!(&opened.derived.link, &theirs);
        prop_assert!(opened.aside.is_none());
    }
}

#[test]
fn the_oldest_steps_are_forgotten_and_the_depth_still_counts_them() {
    let mut state = begin();
    for step in 0..250 {
        let machines = if step % 2 == 0 { 2 } else { 1 };
        state = state.reduce(Action::Edit(portcullis::deployment::Edit::Several(vec![
            portcullis::deployment::Edit::Machines(GroupId(4), machines),
        ])));
    }
    assert_eq!((state.depth(), state.past.len(), state.made), (250, 200, 250));
    let undone = state.reduce(Action::Depth(0));
    assert_eq!((undone.depth(), undone.future.len()), (50, 200), "as far as there are steps");
}

#[test]
fn pasted_text_is_taken_only_if_all_of_it_is_addresses() {
    let pasted = |text: &str| begin().reduce(Action::Paste(text.to_owned())).pasted.clone().map(|it| it.to_string());
    assert_eq!(pasted("192.0.2.1\r\n192.0.2.2\n"), Some("192.0.2.1, 192.0.2.2".to_owned()));
    assert_eq!(pasted("db.example.test"), Some("db.example.test".to_owned()));
    for text in ["", "any", "hello", "see 192.0.2.1", "192.0.2.300", "sh <<'PORTCULLIS'"] {
        assert_eq!(pasted(text), None, "{text}");
    }
}

#[test]
fn every_line_of_a_rule_is_known_as_its_flows() {
    use portcullis::dialect::DIALECTS;
    use portcullis::net::{Direction, Policy};
    for (policy, deployment) in Policy::ALL
        .into_iter()
        .flat_map(|policy| [(policy, crate::scenarios::default()), (policy, crate::scenarios::cluster())])
    {
        let mut deployment = deployment;
        for group in deployment.groups.clone() {
            let whole = portcullis::deployment::Edit::Policy(group.id, policy);
            deployment.apply(&crate::scenarios::CATALOG, &whole);
        }
        for dialect in DIALECTS {
            for group in portcullis::pack::managed(&crate::scenarios::CATALOG, &deployment) {
                let text = crate::printing::print(dialect, &deployment, group, &Direction::ALL, Text::Apply).text;
                let ruleset = crate::printing::rules(&deployment, group);
                let flows: Vec<_> = ruleset.rules.iter().filter(|rule| rule.peer().group != 0).collect();
                let found = lines(&text);
                for rule in &flows {
                    let about: Vec<&str> =
                        found.iter().filter(|line| line.flow == Some(&rule.key)).map(|line| line.text).collect();
                    let port = rule.ports.first().to_string();
                    assert!(!about.is_empty(), "{} {}: {text}", dialect.id, rule.key);
                    // Either each line has the number, or they are one entry that has it.
                    let entry = about.join("\n");
                    assert!(entry.contains(&port), "{}: {entry}", dialect.id);
                    // No other rule's lines among them: an accept with other ports would be one.
                    for other in flows.iter().filter(|other| other.key != rule.key) {
                        assert!(!about.iter().any(|line| line.contains(&other.key)), "{}: {entry}", dialect.id);
                    }
                }
                // What has to do with accepting a flow's port is known as that flow's.
                let accepts = |line: &str| {
                    ["dport", "<rule ", "LocalPort =", "localport=", "remoteport="]
                        .iter()
                        .any(|word| line.contains(word))
                };
                for line in found.iter().filter(|line| line.flow.is_none() && !line.comment && accepts(line.text)) {
                    let stray = flows.iter().any(|rule| {
                        let peer = rule.peer().addresses.list().first().map(ToString::to_string);
                        peer.is_some_and(|peer| line.text.contains(&peer))
                            && line.text.contains(&format!("{}", rule.ports.first()))
                    });
                    assert!(!stray, "{}: nobody's: {}", dialect.id, line.text);
                }
            }
        }
    }
}

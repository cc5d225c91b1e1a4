//! Properties of editing: nothing is lost, nothing moves by itself, and an edit either changes something or says why not.
//! Prints nothing.

use std::collections::BTreeMap;

use portcullis::catalog::Id;
use portcullis::deployment::{CustomFlow, Deployment, Edit, Edited, GroupId};
use portcullis::flow::{Flow, flows};
use portcullis::net::{Addresses, Port, PortRange, Protocol};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::arbitrary::{NOWHERE, config, deployment, edit, group, role, service};
use crate::scenarios::{self, CATALOG};

/// The stored ports of every service in every group.
fn stored(deployment: &Deployment) -> BTreeMap<(GroupId, Id), Vec<Port>> {
    let of = |group: &portcullis::deployment::Group| {
        let id = group.id;
        group.instances.iter().map(move |instance| ((id, instance.service), instance.ports.clone())).collect::<Vec<_>>()
    };
    deployment.groups.iter().flat_map(of).collect()
}

/// The flows that neither begin nor end in these groups.
fn elsewhere(deployment: &Deployment, groups: &[GroupId]) -> Vec<Flow> {
    let touches = |flow: &Flow| groups.contains(&flow.initiator) || groups.contains(&flow.responder);
    flows(&CATALOG, deployment).into_iter().filter(|flow| !touches(flow)).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_edit_changes_something_or_says_why_not(before in deployment(), edit in edit()) {
        let mut after = before.clone();
        match after.apply(&CATALOG, &edit) {
            Edited::Changed => prop_assert_ne!(&after, &before),
            Edited::Unchanged => prop_assert_eq!(&after, &before),
            Edited::Refused(reason) => {
                prop_assert_eq!(&after, &before);
                prop_assert!(reason.len() > 10 && reason.ends_with('.'), "not a sentence: {}", reason);
            }
        }
    }

    #[test]
    fn several_edits_are_all_or_nothing(before in deployment(), edits in prop::collection::vec(edit(), 0..4)) {
        let mut after = before.clone();
        let refused = Edit::AddGroup(NOWHERE);
        let several = Edit::Several(edits.into_iter().chain([refused]).collect());
        prop_assert!(matches!(after.apply(&CATALOG, &several), Edited::Refused(_)));
        prop_assert_eq!(after, before);
    }

    #[test]
    fn off_and_on_again_is_the_same_state(before in deployment()) {
        for role in CATALOG.roles.iter().filter(|role| before.has(&CATALOG, role.id)) {
            let mut after = before.clone();
            after.apply(&CATALOG, &Edit::Switch(role.id, false));
            prop_assert!(!after.has(&CATALOG, role.id), "{} still runs", role.id);
            after.apply(&CATALOG, &Edit::Switch(role.id, true));
            prop_assert_eq!(&after, &before, "{}", role.id);
        }
    }

    #[test]
    fn what_is_switched_on_or_added_runs(before in deployment(), role in role()) {
        for edit in [Edit::Switch(role, true), Edit::AddGroup(role)] {
            let mut after = before.clone();
            if !matches!(after.apply(&CATALOG, &edit), Edited::Refused(_)) {
                prop_assert!(after.has(&CATALOG, role), "{:?} and it does not run", edit);
            }
        }
    }

    #[test]
    fn one_more_instance_moves_no_port(before in deployment(), at in any::<Index>()) {
        prop_assume!(!stored(&before).is_empty());
        let (group, service) = *at.get(&stored(&before).into_keys().collect::<Vec<_>>());
        let mut after = before.clone();
        if after.apply(&CATALOG, &Edit::AddInstance(group, service)) == Edited::Changed {
            let mut expected = stored(&before);
            let added = after.group(group).and_then(|group| group.instance_ports(service).last().copied());
            expected.entry((group, service)).or_default().extend(added);
            prop_assert_eq!(stored(&after), expected);
        }
    }

    #[test]
    fn one_instance_less_moves_no_port(before in deployment(), at in any::<Index>(), position in 0_usize..3) {
        prop_assume!(!stored(&before).is_empty());
        let (group, service) = *at.get(&stored(&before).into_keys().collect::<Vec<_>>());
        let mut after = before.clone();
        after.apply(&CATALOG, &Edit::RemoveInstance(group, service, position));
        let mut expected = stored(&before);
        if let Some(ports) = expected.get_mut(&(group, service)).filter(|ports| position < ports.len()) {
            ports.remove(position);
        }
        expected.retain(|_, ports| !ports.is_empty());
        prop_assert_eq!(stored(&after), expected);
    }

    #[test]
    fn another_release_moves_no_stored_port_and_no_address(before in deployment(), release in 0..CATALOG.releases.len()) {
        let mut after = before.clone();
        after.apply(&CATALOG, &Edit::Release(CATALOG.releases[release].id));
        prop_assert_eq!(&after.groups, &before.groups);
    }

    #[test]
    fn a_new_instance_takes_a_port_that_nothing_else_has(
        before in deployment(), at in any::<Index>(), service in service(), moved in any::<Index>(), first in 9501_u16..9505,
    ) {
        let mut after = before.clone();
        after.apply(&CATALOG, &Edit::Release(CATALOG.newest()));
        prop_assume!(!before.groups.is_empty());
        let id = at.get(&before.groups).id;
        // One of the machine's own listeners stands where services begin.
        let roles = &at.get(&before.groups).roles;
        let own: Vec<Id> = CATALOG.listeners.iter().filter(|row| roles.contains(&row.role)).map(|row| row.id).collect();
        if !own.is_empty() {
            let moved = *moved.get(&own);
            after.apply(&CATALOG, &Edit::Port(id, moved, Port::new(first)));
        }
        let ports = |deployment: &Deployment| stored(deployment).into_iter().filter(|((group, _), _)| *group == id).flat_map(|(_, ports)| ports).collect::<Vec<_>>();
        let taken = ports(&after);
        if after.apply(&CATALOG, &Edit::AddInstance(id, service)) == Edited::Changed {
            let group = after.group(id).expect("it was just changed");
            let port = *group.instance_ports(service).last().expect("it was just added");
            prop_assert!(!taken.contains(&port), "{port} is taken");
            for listener in CATALOG.listeners.iter().filter(|listener| group.roles.contains(&listener.role)) {
                let ranges = after.listener_ports(&CATALOG, group, listener);
                prop_assert!(!ranges.iter().any(|range| range.contains(port)), "{port} is the {} of that machine", listener.name);
            }
        }
    }

    #[test]
    fn moving_a_role_leaves_everything_else(
        before in deployment(), from in any::<Index>(), role in any::<Index>(), into in proptest::option::of(any::<Index>()),
    ) {
        prop_assume!(!before.groups.is_empty());
        let from = from.get(&before.groups).clone();
        prop_assume!(!from.roles.is_empty());
        let into = into.map(|into| into.get(&before.groups).id);
        let port = PortRange::from(Port::new(7777).expect("a port"));
        let own = Edit::AddFlow { initiator: from.id, responder: before.groups[0].id, protocol: Protocol::Udp, ports: port, purpose: String::new() };
        let mut before = before.clone();
        before.apply(&CATALOG, &own);
        let mut after = before.clone();
        let role = *role.get(&from.roles);
        if after.apply(&CATALOG, &Edit::Move { from: from.id, role, into }) == Edited::Changed {
            let made = after.groups.iter().map(|group| group.id).filter(|id| before.group(*id).is_none());
            let touched: Vec<GroupId> = [from.id].into_iter().chain(into).chain(made).collect();
            prop_assert_eq!(elsewhere(&after, &touched), elsewhere(&before, &touched));
            let instances = |deployment| stored(deployment).into_values().flatten().count();
            prop_assert_eq!(instances(&after), instances(&before), "an instance was lost");
            let anchored = |deployment: &Deployment| {
                let ends = |flow: &CustomFlow| [flow.initiator, flow.responder].iter().all(|end| deployment.group(*end).is_some());
                deployment.custom.iter().filter(|flow| ends(flow)).count()
            };
            prop_assert_eq!(anchored(&after), anchored(&before), "a flow of the user's own was lost");
        }
    }

    #[test]
    fn a_split_machine_keeps_what_it_had_and_opens_nothing(before in deployment(), at in any::<Index>()) {
        prop_assume!(!before.groups.is_empty());
        let mut before = before.clone();
        let id = at.get(&before.groups).id;
        before.apply(&CATALOG, &Edit::Machines(id, 3));
        let mut after = before.clone();
        prop_assert_eq!(after.apply(&CATALOG, &Edit::Split(id)), Edited::Changed);
        let made = after.groups.last().expect("it was just made").id;
        // Seen with the new group as part of the old one, the flows are what they were.
        let as_one = |flows: Vec<Flow>| {
            let one = |end: GroupId| if end == made { id } else { end };
            let key = |flow: &Flow| (one(flow.initiator), one(flow.responder), flow.protocol, flow.ports);
            flows.iter().map(key).collect::<std::collections::BTreeSet<_>>()
        };
        prop_assert_eq!(as_one(flows(&CATALOG, &after)), as_one(flows(&CATALOG, &before)));
        let (old, left, new) = (before.group(id).unwrap(), after.group(id).unwrap(), after.group(made).unwrap());
        prop_assert_eq!((left.machines, new.machines), (2, 1));
        prop_assert_eq!(&new.ports, &old.ports);
        prop_assert_eq!(&new.instances, &old.instances);
        for (old, left, new) in [(&old.listens, &left.listens, &new.listens), (old.connects_from(), left.connects_from(), new.connects_from())] {
            let mut both = left.list().to_vec();
            both.extend_from_slice(new.list());
            prop_assert_eq!(&both, old.list(), "no address is lost, none stands twice");
            prop_assert_eq!(*old == Addresses::Any, *new == Addresses::Any);
        }
    }

    #[test]
    fn a_duplicate_has_everything_but_the_addresses(before in deployment(), at in any::<Index>()) {
        prop_assume!(!before.groups.is_empty());
        let old = at.get(&before.groups);
        let mut after = before.clone();
        prop_assert_eq!(after.apply(&CATALOG, &Edit::Duplicate(old.id)), Edited::Changed);
        let new = after.groups.last().unwrap();
        prop_assert!(new.id != old.id && new.name != old.name);
        prop_assert_eq!((&new.roles, &new.instances, &new.ports, &new.answers), (&old.roles, &old.instances, &old.ports, &old.answers));
        prop_assert!(new.listens.list().is_empty() && new.connects_from().list().is_empty());
    }

    #[test]
    fn after_a_reset_nothing_differs_from_the_catalog_and_the_rest_stays(before in deployment(), at in any::<Index>()) {
        prop_assume!(!before.groups.is_empty());
        let id = at.get(&before.groups).id;
        let mut one = before.clone();
        one.apply(&CATALOG, &Edit::Reset(id));
        prop_assert_eq!(one.group(id).unwrap().changes(), 0);
        prop_assert_eq!(one.changes(), before.changes() - before.group(id).unwrap().changes());
        let mut all = before.clone();
        all.apply(&CATALOG, &Edit::ResetAll);
        prop_assert_eq!(all.changes(), 0);
        for deployment in [&one, &all] {
            prop_assert_eq!(stored(deployment), stored(&before), "instances keep their ports");
            for (new, old) in deployment.groups.iter().zip(&before.groups) {
                prop_assert_eq!((&new.listens, &new.connects, &new.name), (&old.listens, &old.connects, &old.name));
            }
        }
    }

    #[test]
    fn what_is_not_in_the_catalog_changes_nothing(before in deployment(), group in group(), on in any::<bool>()) {
        let port = Port::new(8080);
        let own = before.groups.first().map_or(group, |group| group.id);
        let choices = CATALOG.choices.iter().flat_map(|choice| {
            [Edit::Answer(choice.id, Some(NOWHERE)), Edit::GroupAnswer(own, choice.id, Some(NOWHERE))]
        });
        let edits = [
            Edit::Preset(NOWHERE),
            Edit::Release(NOWHERE),
            Edit::Switch(NOWHERE, on),
            Edit::AddGroup(NOWHERE),
            Edit::RemoveGroup(GroupId(99)),
            Edit::Rename(GroupId(99), "x".to_owned()),
            Edit::Listens(GroupId(99), Addresses::Any),
            Edit::Zone(own, Some(NOWHERE)),
            Edit::Move { from: own, role: NOWHERE, into: None },
            Edit::Port(own, NOWHERE, port),
            Edit::PortEverywhere(NOWHERE, port),
            Edit::AddInstance(own, NOWHERE),
            Edit::RemoveInstance(own, NOWHERE, 0),
            Edit::Answer(NOWHERE, Some(NOWHERE)),
            Edit::GroupAnswer(own, NOWHERE, Some(NOWHERE)),
            Edit::RemoveFlow(9999),
        ];
        for edit in edits.into_iter().chain(choices) {
            let mut after = before.clone();
            prop_assert!(after.apply(&CATALOG, &edit) != Edited::Changed, "{:?}", edit);
        }
    }
}

#[test]
fn a_service_that_is_added_while_its_host_is_off_brings_the_host_back() {
    for service in CATALOG.roles.iter().filter(|role| role.hosted_on.is_some()) {
        for edit in [Edit::AddGroup(service.id), Edit::Switch(service.id, true)] {
            let mut deployment = scenarios::default();
            scenarios::apply(&mut deployment, Edit::Switch(service.hosted_on.unwrap(), false));
            deployment.apply(&CATALOG, &edit);
            assert!(deployment.has(&CATALOG, service.id), "{edit:?}");
        }
    }
}

#[test]
fn a_port_override_that_no_listener_would_follow_is_refused() {
    let mut deployment = scenarios::default();
    let node = scenarios::group(&deployment, "Node").id;
    for listener in &CATALOG.listeners {
        let service = CATALOG.per_instance(listener);
        let port = Port::new(7777);
        if service || listener.fixed || listener.same_everywhere {
            let edited = deployment.apply(&CATALOG, &Edit::Port(node, listener.id, port));
            assert!(matches!(edited, Edited::Refused(_)), "{}: {edited:?}", listener.id);
        }
        if service || listener.fixed || !listener.same_everywhere {
            let edited = deployment.apply(&CATALOG, &Edit::PortEverywhere(listener.id, port));
            assert!(matches!(edited, Edited::Refused(_)), "{}: {edited:?}", listener.id);
        }
    }
}

#[test]
fn a_number_that_runs_past_the_last_port_is_refused_with_the_highest_possible() {
    let mut deployment = scenarios::cluster();
    let edited = deployment.apply(&CATALOG, &Edit::PortEverywhere("cluster", Port::new(65533)));
    assert!(matches!(&edited, Edited::Refused(reason) if reason.contains("65532")), "{edited:?}");
    scenarios::apply(&mut deployment, Edit::PortEverywhere("cluster", Port::new(65532)));
}

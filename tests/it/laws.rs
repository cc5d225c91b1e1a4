//! Properties of what is printed: nothing widens, both ends agree, the text says the plan, and nothing is dropped in silence.
//! Looks at deployments nobody would draw; names no role.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::{DIALECTS, Dialect, Text, plan};
use portcullis::flow::flows;
use portcullis::net::{Address, Addresses, Direction, Policy};
use portcullis::rule::Rule;
use proptest::prelude::*;

use crate::allowed::Allowed;
use crate::arbitrary::{addresses, config, deployment};
use crate::printing::{COVERS, plain, planned, print, rules, rules_in};
use crate::reading;
use crate::scenarios::CATALOG;

/// What every group's rules let through, in every dialect.
fn reach(deployment: &Deployment) -> BTreeMap<(&'static str, GroupId), Allowed> {
    let of = |dialect: &'static Dialect| {
        let one = |id| ((dialect.id, id), planned(dialect, deployment, id, &Direction::ALL));
        deployment.groups.iter().map(move |group| one(group.id))
    };
    DIALECTS.into_iter().flat_map(of).collect()
}

/// Demands that nothing passes after an edit that did not pass before.
fn never_wider(before: &Deployment, edit: &Edit) {
    let mut after = before.clone();
    after.apply(&CATALOG, edit);
    let (narrow, wide) = (reach(&after), reach(before));
    for (of, allowed) in narrow {
        let more = allowed.beyond(&wide[&of]);
        assert!(more.is_empty(), "{edit:?} added to {of:?}: {more:#?}");
    }
}

/// A rule as both ends see it.
fn described(rule: &Rule) -> String {
    let ends =
        [&rule.source, &rule.destination].map(|end| format!("g{} {:?} ({})", end.group, end.addresses, end.name));
    format!("{}: {} {} {} {}", rule.key, ends.join(" -> "), rule.protocol, rule.ports, rule.purpose)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn losing_addresses_never_lets_more_through(before in deployment(), at in any::<prop::sample::Index>()) {
        prop_assume!(!before.groups.is_empty());
        let group = at.get(&before.groups);
        never_wider(&before, &Edit::Listens(group.id, Addresses::Missing));
        never_wider(&before, &Edit::Connects(group.id, Some(Addresses::Missing)));
        for gone in 0..group.listens.list().len() {
            let rest = without(group.listens.list(), gone);
            never_wider(&before, &Edit::Listens(group.id, rest));
        }
        if let Some(connects) = &group.connects {
            for gone in 0..connects.list().len() {
                never_wider(&before, &Edit::Connects(group.id, Some(without(connects.list(), gone))));
            }
        }
    }

    #[test]
    fn a_whole_policy_that_loses_addresses_never_lets_more_through(
        before in deployment(), management in addresses(), base in addresses(), at in any::<prop::sample::Index>(),
    ) {
        let mut whole = before.clone();
        let services = &portcullis::host::BASE;
        let mut edits: Vec<Edit> =
            whole.groups.iter().map(|group| Edit::Policy(group.id, Policy::WholeHost)).collect();
        edits.extend([Edit::DropOutgoing(true), Edit::Management(management.clone())]);
        edits.extend(services.iter().map(|service| Edit::Base(service.id, base.clone())));
        for edit in &edits {
            whole.apply(&CATALOG, edit);
        }
        prop_assume!(!before.groups.is_empty());
        let (service, one) = (at.get(services).id, at.get(&before.groups).id);
        // One address less, and none at all.
        let fewer = |list: &Addresses| match list.list() {
            [] => vec![Addresses::Missing],
            some => vec![without(some, at.index(some.len())), Addresses::Missing],
        };
        let edits = fewer(&management).into_iter().map(Edit::Management);
        let edits: Vec<Edit> = edits.chain(fewer(&base).into_iter().map(|rest| Edit::Base(service, rest))).collect();
        let says = |dialect: &'static Dialect, deployment: &Deployment| {
            let text = print(dialect, deployment, one, &Direction::ALL, Text::Apply).text;
            reading::read(dialect.id, &text).map_err(TestCaseError::fail)
        };
        for edit in &edits {
            never_wider(&whole, edit);
        }
        for dialect in DIALECTS {
            let wide = says(dialect, &whole)?;
            for edit in &edits {
                let mut after = whole.clone();
                after.apply(&CATALOG, edit);
                let narrow = says(dialect, &after)?;
                prop_assert_eq!(narrow.allowed.beyond(&wide.allowed), Vec::<String>::new(), "{}", dialect.id);
                // What a policy says of everything else does not depend on who is listed.
                prop_assert_eq!(&narrow.base, &wide.base);
                // Nobody is locked out: without administrators the text does not run at all.
                let missing = |rule: &Rule| {
                    rule.peer().addresses == Addresses::Missing && !dialect.refers_to(rule, &after.settings)
                };
                prop_assert!(narrow.refuses || !rules_in(dialect, &after, one).rules.iter().any(missing));
            }
        }
    }

    #[test]
    fn a_peer_without_addresses_is_held_back_and_never_becomes_everyone(deployment in deployment()) {
        for group in &deployment.groups {
            for dialect in DIALECTS {
                let ruleset = rules_in(dialect, &deployment, group.id);
                let plan = plan(dialect, &ruleset, &Direction::ALL, &deployment.settings);
                for planned in &plan.rules {
                    let everyone = planned.rule.peer().addresses == Addresses::Any;
                    prop_assert_eq!(planned.peers.is_none(), everyone, "{:?}", planned.rule);
                }
                prop_assert_eq!(plan.rules.len() + plan.held.len(), ruleset.rules.len());
                let missing = |rule: &&Rule| {
                    rule.peer().addresses == Addresses::Missing && !dialect.refers_to(rule, &deployment.settings)
                };
                prop_assert!(plan.held.len() >= ruleset.rules.iter().filter(missing).count());
                for planned in plan.rules.iter().filter(|planned| planned.refers) {
                    let group = deployment.group(GroupId(planned.rule.peer().group)).expect("a group of ours");
                    let translated = planned.rule.direction == Direction::Ingress && group.connects.is_some();
                    let refers = dialect.refers.contains(&planned.rule.direction);
                    prop_assert!(refers && !translated && !deployment.external(&CATALOG, group));
                }
            }
        }
    }

    #[test]
    fn ingress_of_responders_and_egress_of_initiators_describe_the_same_flows(deployment in deployment()) {
        let mut sides: BTreeMap<Direction, BTreeSet<String>> = BTreeMap::new();
        let mut count = 0;
        for group in &deployment.groups {
            // Management and what a machine lives on have one end in the deployment only.
            for rule in rules(&deployment, group.id).rules.into_iter().filter(|rule| rule.peer().group != 0) {
                let own = rule.own().group;
                prop_assert_eq!(own, group.id.0, "a rule for another machine");
                let end = |id| deployment.group(GroupId(id)).expect("both ends are groups");
                prop_assert_eq!(&rule.source.addresses, end(rule.source.group).connects_from());
                prop_assert_eq!(&rule.destination.addresses, &end(rule.destination.group).listens);
                count += 1;
                prop_assert!(sides.entry(rule.direction).or_default().insert(described(&rule)), "twice: {:?}", rule);
            }
        }
        let flows = flows(&CATALOG, &deployment).len();
        prop_assert_eq!(count, 2 * flows);
        let side = |direction| sides.get(&direction).cloned().unwrap_or_default();
        prop_assert_eq!(side(Direction::Ingress), side(Direction::Egress));
    }

    #[test]
    fn flows_are_unique_and_have_reasons(deployment in deployment()) {
        let flows = flows(&CATALOG, &deployment);
        let ends = |flow: &portcullis::flow::Flow| (flow.initiator, flow.responder, flow.protocol, flow.ports);
        let unique: BTreeSet<_> = flows.iter().map(ends).collect();
        let keys: BTreeSet<String> = flows.iter().map(portcullis::flow::Flow::key).collect();
        prop_assert_eq!(unique.len(), flows.len());
        prop_assert_eq!(keys.len(), flows.len());
        prop_assert!(flows.iter().all(|flow| !flow.reasons.is_empty()));
    }

    #[test]
    fn the_printed_text_says_exactly_the_plan(deployment in deployment(), cover in prop::sample::select(COVERS.to_vec())) {
        for group in &deployment.groups {
            for dialect in DIALECTS {
                let snippet = print(dialect, &deployment, group.id, cover, Text::Apply);
                let read = reading::read(dialect.id, &snippet.text).map_err(TestCaseError::fail)?;
                prop_assert_eq!(&read.allowed, &planned(dialect, &deployment, group.id, cover));
                prop_assert_eq!((read.flows.len(), read.held > 0), (snippet.written, !snippet.held.is_empty()));
                prop_assert_eq!(read.refuses, !snippet.held.is_empty());
                if group.policy == Policy::WholeHost {
                    for direction in cover {
                        let drops = *direction == Direction::Ingress || deployment.host.drops_outgoing;
                        let wanted = reading::whole(dialect.id, *direction, drops);
                        let said = read.base.iter().filter(|(of, _)| of == direction).copied().collect();
                        prop_assert_eq!(wanted, said, "{}", dialect.id);
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_dialect_cannot_say_is_held_back_or_noted(before in deployment(), at in any::<prop::sample::Index>()) {
        prop_assume!(!before.groups.is_empty());
        let (mut deployment, group) = (before.clone(), at.get(&before.groups).id);
        let list = |text| Addresses::parse(text).0;
        deployment.apply(&CATALOG, &Edit::Listens(group, list("192.0.2.7 listens.example.test")));
        deployment.apply(&CATALOG, &Edit::Connects(group, Some(list("192.0.2.8 connects.example.test"))));
        for group in &deployment.groups {
            for (dialect, cover) in DIALECTS.into_iter().flat_map(|dialect| COVERS.map(|cover| (dialect, cover))) {
                let ruleset = rules_in(dialect, &deployment, group.id);
                let plan = plan(dialect, &ruleset, cover, &deployment.settings);
                for planned in plan.rules.iter().filter(|planned| !planned.refers) {
                    for address in planned.rule.peer().addresses.list() {
                        let printed = planned.peers.iter().flatten().any(|peer| *peer == address);
                        let noted = || plan.notes.iter().any(|note| note.contains(&address.to_string()));
                        prop_assert!(printed || noted(), "{}: {address} is dropped in silence", planned.rule.key);
                    }
                }
                let once: BTreeSet<&String> = plan.notes.iter().collect();
                prop_assert_eq!(once.len(), plan.notes.len(), "said twice: {:?}", &plan.notes);
                let snippet = print(dialect, &deployment, group.id, cover, Text::Apply);
                prop_assert_eq!(snippet.flows, snippet.written + snippet.held.len());
                prop_assert_eq!(&snippet.notes, &plan.notes);
            }
        }
    }

    #[test]
    fn the_same_deployment_prints_the_same_bytes(deployment in deployment()) {
        let again = deployment.clone();
        for group in &deployment.groups {
            for (dialect, text) in plain() {
                let print = |deployment| print(dialect, deployment, group.id, &Direction::ALL, text);
                prop_assert_eq!(print(&deployment), print(&again));
            }
        }
    }
}

fn without(list: &[Address], gone: usize) -> Addresses {
    let mut rest = list.to_vec();
    rest.remove(gone);
    Addresses::known(rest)
}

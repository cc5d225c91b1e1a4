//! What holds for the findings of any deployment: whatever meets is reported, a fix does something, the words are whole, and
//! they agree with the texts. Counts on its own, not on what it checks.

use std::collections::BTreeSet;

use portcullis::deployment::{Deployment, Edit, Edited, GroupId};
use portcullis::dialect::{DIALECTS, plan};
use portcullis::finding::Place;
use portcullis::net::{Direction, PortRange, Protocol};
use proptest::prelude::*;

use crate::arbitrary;
use crate::findings::findings;
use crate::printing::rules;
use crate::scenarios::CATALOG;

/// Listeners at work on one machine of a group: name, protocol, numbers, and whether they may share, as an instance or as a pool.
fn at_work(deployment: &Deployment, id: GroupId) -> Vec<(String, Protocol, PortRange, [bool; 2])> {
    let group = deployment.group(id).unwrap();
    let shares = match deployment.answers.get("service-ports").copied() {
        Some("shared") => true,
        Some("unique") => false,
        _ => CATALOG.release(deployment.release).unwrap().shares_service_ports,
    };
    let mut rows = Vec::new();
    for listener in &CATALOG.listeners {
        if !deployment.listening(&CATALOG, group, listener) {
            continue;
        }
        // The first listener of a service belongs to its instances.
        let first = CATALOG.listeners_of(listener.role).next().unwrap().id == listener.id;
        let may_share = shares && first && CATALOG.role(listener.role).unwrap().shares_port;
        for range in deployment.listener_ports(&CATALOG, group, listener) {
            rows.push((CATALOG.full_name(listener), listener.protocol, range, [may_share, listener.pool]));
        }
    }
    rows
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn whatever_meets_on_one_machine_is_reported(deployment in arbitrary::deployment()) {
        let found = findings(&deployment);
        for group in &deployment.groups {
            let about = found.iter().find(|finding| {
                finding.place == Place::Ports(group.id) && finding.message.contains(" have one number: ")
            });
            let said = about.map_or("", |finding| finding.message.as_str());
            let rows = at_work(&deployment, group.id);
            let mut meet = 0;
            for (at, (one, protocol, range, may)) in rows.iter().enumerate() {
                for (other, other_protocol, other_range, other_may) in &rows[..at] {
                    let common = (range.first().number()..=range.last().number())
                        .any(|number| (other_range.first().number()..=other_range.last().number()).contains(&number));
                    if common && protocol == other_protocol && !(0..2).any(|way| may[way] && other_may[way]) {
                        let pair = format!("{other_range} ({other} and {one})");
                        prop_assert!(said.contains(&pair), "{pair} is not in {said:?}");
                        meet += 1;
                    }
                }
            }
            prop_assert_eq!(meet > 0, about.is_some(), "{}", said);
        }
    }

    #[test]
    fn a_fix_does_something_about_what_it_stands_beside(deployment in arbitrary::deployment()) {
        for finding in findings(&deployment) {
            for fix in &finding.fixes {
                let mut next = deployment.clone();
                let edited = next.apply(&CATALOG, &fix.edit);
                prop_assert_eq!(edited, Edited::Changed, "{:#?}", &finding);
                prop_assert!(!findings(&next).contains(&finding), "{} leaves {finding:#?}", fix.label);
            }
        }
    }

    #[test]
    fn findings_have_a_place_a_reason_and_sources_that_exist(deployment in arbitrary::deployment()) {
        let found = findings(&deployment);
        prop_assert!(found.is_sorted_by_key(|finding| finding.severity));
        for finding in &found {
            let group = match finding.place {
                Place::Addresses(id) | Place::Ports(id) => deployment.group(id).is_some(),
                Place::Choice(id) => CATALOG.choice(id).is_some(),
                _ => true,
            };
            prop_assert!(group && finding.message.ends_with('.') && finding.reason.ends_with('.'), "{:#?}", finding);
            prop_assert!(finding.sources.iter().all(|id| CATALOG.source(id).is_some()), "{:#?}", finding);
            let once: BTreeSet<_> = finding.sources.iter().collect();
            prop_assert_eq!(once.len(), finding.sources.len());
            prop_assert!(finding.fixes.iter().all(|fix| !fix.label.ends_with("to ")), "{:#?}", finding);
        }
        let said: BTreeSet<String> = found.iter().map(|finding| format!("{finding:?}")).collect();
        prop_assert_eq!(said.len(), found.len(), "said twice");
    }

    #[test]
    fn the_page_and_its_texts_agree_on_who_never_meets(before in arbitrary::deployment()) {
        let mut deployment = before;
        for id in deployment.groups.iter().map(|group| group.id).collect::<Vec<_>>() {
            deployment.apply(&CATALOG, &Edit::Rename(id, format!("G{}", id.0)));
        }
        let mut noted = BTreeSet::new();
        for group in &deployment.groups {
            let ruleset = rules(&deployment, group.id);
            let plan = plan(DIALECTS[0], &ruleset, &Direction::ALL, &deployment.settings);
            for note in plan.notes {
                if let Some((names, _)) = note.split_once(" have no address family in common") {
                    let mut pair: Vec<String> = names.split(" and ").map(str::to_owned).collect();
                    // Administrators and what a machine lives on are no groups.
                    if pair.iter().all(|name| name[1..].parse::<u32>().is_ok() && name.starts_with('G')) {
                        pair.sort();
                        noted.insert(pair);
                    }
                }
            }
        }
        let found = findings(&deployment);
        let apart = found.iter().filter_map(|finding| finding.message.split_once(" have no address family in common"));
        let (mut pairs, mut more) = (BTreeSet::new(), 0);
        for (names, _) in apart {
            match names.split_once(" and ") {
                Some((one, other)) => {
                    let mut pair = vec![one.to_owned(), other.to_owned()];
                    pair.sort();
                    prop_assert!(pairs.insert(pair));
                }
                None => more = names.split(' ').next().unwrap().parse().unwrap(),
            }
        }
        prop_assert!(pairs.is_subset(&noted), "{:?} but {:?}", pairs, noted);
        prop_assert_eq!(pairs.len() + more, noted.len());
    }
}

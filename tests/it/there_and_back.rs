//! What is turned on or chosen and taken back leaves everything as it was, and every row of the catalog is there for some
//! deployment. Knows no row by name.

use std::collections::BTreeSet;

use portcullis::catalog::{Id, Scope};
use portcullis::deployment::{Deployment, Edit, Ends};
use portcullis::flow::flows;
use proptest::prelude::*;
use proptest::sample::select;

use crate::arbitrary;
use crate::scenarios::{self, CATALOG};

/// The edits there and back, for one question: of the deployment, or of a group.
fn answered(deployment: &Deployment, choice: Id, answer: Id) -> Vec<(Edit, Edit)> {
    let choice = CATALOG.choice(choice).unwrap();
    match choice.scope {
        Scope::Deployment => {
            let before = deployment.answers.get(choice.id).copied();
            vec![(Edit::Answer(choice.id, Some(answer)), Edit::Answer(choice.id, before))]
        }
        Scope::Group => {
            let edits = deployment.groups.iter().map(|group| {
                let edit = |answer| Edit::GroupAnswer(group.id, choice.id, answer);
                (edit(Some(answer)), edit(group.answers.get(choice.id).copied()))
            });
            edits.collect()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_role_that_runs_is_switched_off_and_on_without_a_trace(
        deployment in arbitrary::deployment(),
        role in select(CATALOG.roles.iter().map(|role| role.id).collect::<Vec<_>>()),
    ) {
        let mut after = deployment.clone();
        let runs = deployment.has(&CATALOG, role);
        after.apply(&CATALOG, &Edit::Switch(role, !runs));
        after.apply(&CATALOG, &Edit::Switch(role, runs));
        if runs {
            prop_assert_eq!(&after, &deployment);
        }
        // What it takes to run (groups, its host) may stay; a host that was off is switched off by hand.
        let host = CATALOG.role(role).and_then(|row| row.hosted_on).filter(|host| !deployment.has(&CATALOG, host));
        if let Some(host) = host {
            after.apply(&CATALOG, &Edit::Switch(host, false));
        }
        let sets = [&deployment, &after].map(|deployment| {
            flows(&CATALOG, deployment).iter().map(|flow| (flow.key(), flow.why())).collect::<BTreeSet<_>>()
        });
        prop_assert_eq!(&sets[0], &sets[1]);
    }

    #[test]
    fn an_answer_and_a_release_are_taken_back_without_a_trace(
        deployment in arbitrary::deployment(),
        choice in select(CATALOG.choices.iter().collect::<Vec<_>>()),
        answer in 0_usize..8,
        release in select(CATALOG.releases.iter().map(|release| release.id).collect::<Vec<_>>()),
    ) {
        let mut after = deployment.clone();
        let answer = choice.answers[answer % choice.answers.len()].id;
        for (there, back) in answered(&deployment, choice.id, answer) {
            after.apply(&CATALOG, &there);
            after.apply(&CATALOG, &back);
        }
        after.apply(&CATALOG, &Edit::Release(release));
        after.apply(&CATALOG, &Edit::Release(deployment.release));
        prop_assert_eq!(&after, &deployment);
    }
}

/// What has been seen at work.
#[derive(Default)]
struct Seen {
    listeners: BTreeSet<Id>,
    dependencies: BTreeSet<Id>,
    choices: BTreeSet<Id>,
    variants: BTreeSet<(Id, usize)>,
}

impl Seen {
    fn look(&mut self, deployment: &Deployment) {
        for flow in flows(&CATALOG, deployment) {
            self.dependencies.extend(flow.reasons.iter().filter_map(|reason| reason.dependency));
        }
        for group in &deployment.groups {
            let asked = CATALOG.choices.iter().filter(|choice| deployment.asks(&CATALOG, choice, Some(group)));
            self.choices.extend(asked.map(|choice| choice.id));
            let at_work = CATALOG.listeners.iter().filter(|listener| deployment.listening(&CATALOG, group, listener));
            for listener in at_work.filter(|row| !deployment.listener_ports(&CATALOG, group, row).is_empty()) {
                self.listeners.insert(listener.id);
                let ends = Ends { initiator: None, responder: Some(group) };
                let held = |(at, row): (usize, &portcullis::catalog::Variant)| {
                    deployment.holds(&CATALOG, &row.when, ends).then_some((listener.id, at))
                };
                self.variants.extend(listener.variants.iter().enumerate().find_map(held));
            }
        }
    }
}

#[test]
fn every_row_of_the_catalog_is_there_for_some_deployment() {
    let mut everything = scenarios::cluster();
    for role in &CATALOG.roles {
        everything.apply(&CATALOG, &Edit::Switch(role.id, true));
    }
    let mut seen = Seen::default();
    for release in &CATALOG.releases {
        let mut base = everything.clone();
        base.apply(&CATALOG, &Edit::Release(release.id));
        seen.look(&base);
        for role in &CATALOG.roles {
            let mut without = base.clone();
            without.apply(&CATALOG, &Edit::Switch(role.id, false));
            seen.look(&without);
        }
    }
    // Two answers at a time: some rows need both.
    let answers: Vec<(Id, Id)> =
        CATALOG.choices.iter().flat_map(|choice| choice.answers.iter().map(|answer| (choice.id, answer.id))).collect();
    let decide = |deployment: &Deployment, (choice, answer)| {
        let mut decided = deployment.clone();
        for (there, _) in answered(deployment, choice, answer) {
            decided.apply(&CATALOG, &there);
        }
        decided
    };
    for (at, first) in answers.iter().enumerate() {
        let decided = decide(&everything, *first);
        answers.iter().skip(at).for_each(|second| seen.look(&decide(&decided, *second)));
    }
    let all = |rows: &mut dyn Iterator<Item = Id>| rows.collect::<BTreeSet<_>>();
    assert_eq!(seen.listeners, all(&mut CATALOG.listeners.iter().map(|row| row.id)));
    assert_eq!(seen.dependencies, all(&mut CATALOG.dependencies.iter().map(|row| row.id)));
    assert_eq!(seen.choices, all(&mut CATALOG.choices.iter().map(|row| row.id)));
    let variants = CATALOG.listeners.iter().flat_map(|row| (0..row.variants.len()).map(move |at| (row.id, at)));
    assert_eq!(seen.variants, variants.collect::<BTreeSet<_>>());
}

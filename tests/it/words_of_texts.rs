//! Sentences in the texts that must be true where they stand: counts, the names of other texts, what a start can do with them,
//! and what has no way back. Runs nothing.

use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::{DIALECTS, Text};
use portcullis::net::{Addresses, Direction, Policy, System};

use crate::printing::{COVERS, hosts, netsh, nftables, powershell, print};
use crate::scenarios::{self, CATALOG, apply, group};

/// A whole policy of every machine, under either system.
fn whole(system: System) -> Deployment {
    let mut whole = scenarios::whole(&scenarios::default(), false);
    for id in whole.groups.iter().map(|group| group.id).collect::<Vec<_>>() {
        whole.apply(&CATALOG, &Edit::System(id, system));
    }
    whole
}

#[test]
fn one_is_not_called_several() {
    let mut one = scenarios::default();
    let database = group(&one, "Spotfire database").id;
    for dialect in DIALECTS {
        let said = |deployment: &Deployment, kind| print(dialect, deployment, database, COVERS[1], kind).text;
        let text = said(&one, Text::Apply);
        assert!(text.contains("1 flow: 1 written"), "{}\n{text}", dialect.id);
        for plural in [" 1 flows", " 1 rules", "these 1 "] {
            for kind in [Text::Apply, Text::Try, Text::Keep] {
                assert!(!said(&one, kind).contains(plural), "{} {kind:?} says{plural}", dialect.id);
            }
        }
        assert!(print(dialect, &one, group(&one, "Node").id, COVERS[1], Text::Apply).text.contains(" flows: "));
    }
    apply(&mut one, Edit::Listens(database, Addresses::Missing));
    assert!(
        print(nftables(), &one, group(&one, "Spotfire Server").id, COVERS[0], Text::Apply)
            .text
            .contains(" 1 held back")
    );
}

#[test]
fn other_texts_have_the_names_of_the_page() {
    let whole = whole(System::Windows);
    let node = group(&whole, "Node").id;
    for dialect in [netsh(), powershell()] {
        let text = print(dialect, &whole, node, COVERS[0], Text::TakeOut).text;
        let names = format!("taken out with {}, {}.", Policy::Additive.name(), Text::TakeOut.name());
        assert!(text.contains(&names), "{text}");
    }
    for dialect in DIALECTS {
        for kind in Text::ALL {
            assert!(!print(dialect, &whole, node, COVERS[0], kind).text.contains("Add to what is there"));
        }
    }
}

#[test]
fn a_chain_that_is_not_there_can_be_named_on_the_page() {
    let deployment = scenarios::default();
    let text = print(nftables(), &deployment, group(&deployment, "Node").id, COVERS[0], Text::Apply).text;
    assert_eq!(text.matches("under Names on this host on the page").count(), 4, "{text}");
}

#[test]
fn the_start_of_the_machine_is_not_told_to_make_it_last() {
    let added = scenarios::default();
    let whole = whole(System::Linux);
    for dialect in hosts(Some(System::Linux)) {
        for deployment in [&added, &whole] {
            let server = group(deployment, "Spotfire Server").id;
            let text = print(dialect, deployment, server, COVERS[0], Text::Keep).text;
            for sentence in ["Gone after a restart", "run it again"] {
                assert!(!text.contains(sentence), "{}: {sentence}\n{text}", dialect.id);
            }
            let apply = print(dialect, deployment, server, COVERS[0], Text::Apply).text;
            assert_eq!(
                apply.contains("Gone after a restart unless you run Make it last.'"),
                text.contains("part_in()")
            );
        }
    }
}

#[test]
fn where_nothing_rolls_back_by_itself_the_text_says_so() {
    for system in [System::Linux, System::Windows] {
        let whole = whole(system);
        let server = group(&whole, "Spotfire Server").id;
        for dialect in hosts(Some(system)) {
            let says = |deployment: &Deployment, cover: &[Direction], kind| {
                print(dialect, deployment, server, cover, kind).text.contains("no text that rolls back by itself")
            };
            let windows = system == System::Windows;
            assert_eq!([Text::Apply, Text::Try].map(|kind| says(&whole, COVERS[0], kind)), [windows; 2]);
            // Outgoing traffic locks nobody out, and rules that are added do not either.
            assert!(!says(&whole, COVERS[2], Text::Apply) && !says(&scenarios::default(), COVERS[0], Text::Apply));
            assert!(!says(&whole, COVERS[0], Text::TakeOut));
        }
    }
}

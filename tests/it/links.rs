//! Links over deployments nobody would draw: what was written comes back whole, whole policies and what they live on with it;
//! what makes no sense is told and left out; and links from before whole policies open as they did.

use std::collections::BTreeMap;

use portcullis::deployment::{Deployment, Edit, HostPolicy};
use portcullis::link::{self, Opened};
use portcullis::net::{Addresses, Policy, Port};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::arbitrary::{addresses, config, deployment, port};
use crate::scenarios::{self, CATALOG};

/// What a link says of whole policies: the beginning of its items, and how it is said in a deployment.
const FIELDS: [&str; 6] = ["h.m", "h.ssh", "h.out", "h.off", "h.b.", "g*.h"];

/// The items of a link, as written.
fn items(link: &str) -> BTreeMap<String, String> {
    let pairs = link.split(';').filter_map(|item| item.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// True if a link has an item of that field.
fn has(items: &BTreeMap<String, String>, field: &str) -> bool {
    items.keys().any(|key| match field.strip_prefix("g*") {
        Some(end) => key.starts_with('g') && key.split_once('.').is_some_and(|(_, own)| own == &end[1..]),
        None if field.ends_with('.') => key.starts_with(field),
        None => key == field,
    })
}

/// A deployment in which somebody has worked on whole policies.
fn host() -> impl Strategy<Value = Deployment> {
    let services = portcullis::host::BASE.len();
    let policy = (addresses(), proptest::option::of(port()), any::<bool>());
    let base = prop::collection::vec((addresses(), any::<bool>()), services);
    (deployment(), policy, base, prop::collection::vec(any::<bool>(), 9)).prop_map(
        |(mut deployment, (management, ssh, drops), base, whole)| {
            let mut edits = vec![Edit::Management(management), Edit::Ssh(ssh), Edit::DropOutgoing(drops)];
            for (service, (addresses, relies)) in portcullis::host::BASE.iter().zip(base) {
                edits.extend([Edit::Base(service.id, addresses), Edit::Relies(service.id, relies)]);
            }
            for (group, whole) in deployment.groups.iter().zip(whole) {
                edits.push(Edit::Policy(group.id, if whole { Policy::WholeHost } else { Policy::Additive }));
            }
            for edit in &edits {
                deployment.apply(&CATALOG, edit);
            }
            deployment
        },
    )
}

/// The same deployment as a page would have it: a field that lists an address twice keeps it once, and nobody is asked for
/// ports and answers of roles that are not there, and the page offers no firewall whose identifier has control characters.
fn typed(deployment: &Deployment) -> Deployment {
    let once = |addresses: &Addresses| Addresses::parse(&addresses.to_string()).0;
    let mut typed = deployment.clone();
    for group in &mut typed.groups {
        group.listens = once(&group.listens);
        group.connects = group.connects.as_ref().map(once);
        let plain = |id: &String| id.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
        group.firewall = group.firewall.as_ref().map(plain);
        let listener = |id: &str| CATALOG.listener(id).map_or("", |listener| listener.role);
        let (ports, answers) = (std::mem::take(&mut group.ports), std::mem::take(&mut group.answers));
        group.ports = ports.into_iter().filter(|(id, _)| group.roles.contains(&listener(id))).collect();
        let asked =
            |id: &str| CATALOG.choice(id).is_some_and(|choice| choice.roles.iter().any(|role| group.carries(role)));
        group.answers = answers.into_iter().filter(|(id, _)| asked(id)).collect();
    }
    typed.host.management = once(&typed.host.management);
    typed.host.base = typed.host.base.iter().map(|(service, addresses)| (*service, once(addresses))).collect();
    typed
}

fn comes_back(deployment: &Deployment) -> Result<(), TestCaseError> {
    let deployment = &typed(deployment);
    let link = link::write(&CATALOG, deployment);
    let opened = link::read(&CATALOG, &link);
    prop_assert_eq!(opened.problems, Vec::<String>::new(), "{}", &link);
    prop_assert_eq!(&opened.deployment, deployment, "{}", &link);
    prop_assert_eq!(link::write(&CATALOG, &opened.deployment), link);
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_deployment_comes_back_whole(deployment in deployment()) {
        comes_back(&deployment)?;
    }

    #[test]
    fn whole_policies_come_back_whole(deployment in host()) {
        comes_back(&deployment)?;
        let items = items(&link::write(&CATALOG, &deployment));
        let host = &deployment.host;
        let expected = [
            host.management != Addresses::Missing,
            host.ssh.is_some(),
            host.drops_outgoing,
            !host.without.is_empty(),
            !host.base.is_empty(),
            deployment.groups.iter().any(|group| group.policy == Policy::WholeHost),
        ];
        for (field, expected) in FIELDS.iter().zip(expected) {
            prop_assert_eq!(has(&items, field), expected, "{}", field);
        }
    }

    #[test]
    fn a_hostile_link_opens_and_what_it_opens_comes_back(
        field in prop::sample::select(vec!["h.m", "h.ssh", "h.out", "h.off", "h.b.dns", "h.b.nowhere", "g3.h", "g3.a", "h.x"]),
        value in crate::arbitrary::text(),
    ) {
        // As it is typed; what would end the item is another item then.
        let opened = link::read(&CATALOG, &format!("1;{field}={value};aaaaaa"));
        prop_assert!(!opened.problems.is_empty());
        comes_back(&opened.deployment)?;
    }
}

/// Whoever looks at another release and comes back by a link has the numbers they had given.
#[test]
fn a_number_outlives_a_release_that_does_not_have_its_listener() {
    let mut tried = 0;
    for listener in CATALOG.listeners.iter().filter(|listener| !listener.fixed) {
        let mut given = scenarios::default();
        let group = given.groups.iter().find(|group| group.roles.contains(&listener.role)).map(|group| group.id);
        let Some(group) = group else { continue };
        let port = Some(Port::new(12_345).expect("a port"));
        scenarios::apply(
            &mut given,
            match listener.same_everywhere {
                true => Edit::PortEverywhere(listener.id, port),
                false => Edit::Port(group, listener.id, port),
            },
        );
        for release in CATALOG.releases.iter().filter(|release| listener.defaults(&CATALOG, release.id).is_none()) {
            let mut older = given.clone();
            scenarios::apply(&mut older, Edit::Release(release.id));
            let mut opened = link::read(&CATALOG, &link::write(&CATALOG, &older)).deployment;
            assert_eq!(opened, older, "{}, {}", listener.id, release.id);
            scenarios::apply(&mut opened, Edit::Release(given.release));
            assert_eq!(opened, given, "{}, {}", listener.id, release.id);
            tried += 1;
        }
    }
    assert!(tried > 5, "{tried}");
}

#[test]
fn the_deployments_of_these_tests_have_every_field() {
    let mut runner = TestRunner::new(config());
    let (mut plain, mut worked): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) = Default::default();
    for _ in 0..200 {
        let count = |counts: &mut BTreeMap<&str, usize>, deployment: &Deployment| {
            let items = items(&link::write(&CATALOG, deployment));
            for field in FIELDS.iter().filter(|field| has(&items, field)) {
                *counts.entry(*field).or_default() += 1;
            }
        };
        count(&mut plain, &deployment().new_tree(&mut runner).expect("a deployment").current());
        count(&mut worked, &host().new_tree(&mut runner).expect("a deployment").current());
    }
    for field in FIELDS {
        assert!(plain.get(field).is_some_and(|times| *times >= 3), "{field}: {plain:?}");
        assert!(worked.get(field).is_some_and(|times| *times >= 60), "{field}: {worked:?}");
    }
}

/// Reads a link with one more item, in place of its check.
fn with(item: &str) -> Opened {
    let link = link::write(&CATALOG, &scenarios::default());
    let (body, _) = link.rsplit_once(';').expect("a check at its end");
    link::read(&CATALOG, &format!("{body};{item};aaaaaa"))
}

#[test]
fn a_value_that_makes_no_sense_is_told_and_left_out() {
    for (item, told) in [
        ("h.m=192.0.2.300", "h.m=192.0.2.300"),
        ("h.m=010.0.0.1", "h.m=010.0.0.1"),
        ("h.m=192.0.2.1~2f24", "h.m=192.0.2.1/24"),
        ("h.m=any,192.0.2.1", "h.m=any"),
        ("h.ssh=0", "h.ssh=0"),
        ("h.ssh=022", "h.ssh=022"),
        ("h.ssh=65536", "h.ssh=65536"),
        ("h.ssh=ssh", "h.ssh=ssh"),
        ("h.out=accept", "h.out=accept"),
        ("h.out=", "h.out="),
        ("h.off=dns,nowhere", "h.off=nowhere"),
        ("h.b.dns=0x0a000001", "h.b.dns=0x0a000001"),
        ("h.b.nowhere=192.0.2.1", "h.b.nowhere=192.0.2.1"),
        ("h.nowhere=1", "h.nowhere=1"),
        ("g3.h=half", "g3.h=half"),
        ("g3.h=", "g3.h="),
        ("g3.h=Whole", "g3.h=Whole"),
    ] {
        let Opened { deployment, problems, .. } = with(item);
        let told = format!("“{told}” could not be read and was left out.");
        assert!(problems.contains(&told), "{item}: {problems:?}");
        // That, and that somebody changed the link.
        assert_eq!(problems.len(), 2, "{item}: {problems:?}");
        assert!(!deployment.host.drops_outgoing && deployment.host.ssh.is_none(), "{item}");
        assert!(deployment.groups.iter().all(|group| group.policy == Policy::Additive), "{item}");
        // Never everyone in place of what could not be read.
        assert_ne!(deployment.host.management, Addresses::Any, "{item}");
        assert!(deployment.host.base.is_empty(), "{item}");
    }
    let both = with("h.m=192.0.2.1,nonsense!");
    assert_eq!(both.deployment.host.management.to_string(), "192.0.2.1");
    assert_eq!(with("h.ssh=22").deployment.host, HostPolicy::default(), "what is usual is no change");
    assert_eq!(with("h.m=").deployment.host, HostPolicy::default(), "empty is nobody");
}

#[test]
fn a_link_from_before_whole_policies_opens_as_it_did() {
    for text in include_str!("../../src/link/released.txt").lines() {
        let Opened { deployment, problems, .. } = link::read(&CATALOG, text);
        assert_eq!(problems, Vec::<String>::new(), "{text}");
        assert_eq!(deployment.host, HostPolicy::default(), "{text}");
        assert!(deployment.groups.iter().all(|group| group.policy == Policy::Additive), "{text}");
        assert_eq!(link::read(&CATALOG, &link::write(&CATALOG, &deployment)).deployment, deployment, "{text}");
    }
}

#[test]
fn a_link_of_a_whole_policy_opens_for_ever() {
    let Opened { deployment, problems, .. } = link::read(&CATALOG, FROZEN);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(link::write(&CATALOG, &deployment), FROZEN);
    let host = &deployment.host;
    assert_eq!(host.management.to_string(), "192.0.2.0/28, 2001:db8:f::/64");
    assert_eq!(host.ssh.map(|port| port.number()), Some(2222));
    assert!(host.drops_outgoing);
    assert_eq!(host.without.keys().copied().collect::<Vec<_>>(), ["domain"]);
    let base = |id| host.base.get(id).map(ToString::to_string).unwrap_or_default();
    assert_eq!([base("dns"), base("ntp"), base("updates")], ["192.0.2.53", "any", ""]);
    let whole = deployment.groups.iter().filter(|group| group.policy == Policy::WholeHost);
    assert_eq!(whole.map(|group| group.id.0).collect::<Vec<_>>(), [3]);
}

/// Never to be changed: people have such links by now.
const FROZEN: &str = "1;g3.h=whole;h.b.dns=192.0.2.53;h.b.ntp=any;h.m=192.0.2.0~2f28,2001:db8:f::~2f64;h.off=domain;h.out=drop;h.ssh=2222;hh7hqr";

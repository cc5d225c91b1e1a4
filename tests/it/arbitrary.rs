//! Deployments that nobody would draw: random edits over the real catalog, with identifiers, groups and positions that do
//! not exist among them. Fixed seed, so that a failure comes back; `PORTCULLIS_FULL` in the environment asks for many more cases.

use portcullis::catalog::Id;
use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::net::{Address, Addresses, Policy, Port, PortRange, Protocol, System};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, RngSeed, TestRng, TestRunner};

use crate::scenarios::CATALOG;

/// An identifier that no catalog has.
pub const NOWHERE: Id = "no-such-id";

/// How many cases, and the seed.
pub fn config() -> ProptestConfig {
    let cases = if std::env::var_os("PORTCULLIS_FULL").is_some() { 1024 } else { 64 };
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(2026),
        failure_persistence: None,
        max_global_rejects: 1 << 20,
        ..ProptestConfig::default()
    }
}

/// A deployment that somebody has worked on for a while.
pub fn deployment() -> impl Strategy<Value = Deployment> {
    let presets: Vec<Id> = CATALOG.presets.iter().map(|preset| preset.id).collect();
    let instances = vec((any::<Index>(), service()), 0..6);
    (select(presets), vec(addressing(), 0..8), vec(edit(), 0..24), instances).prop_map(
        |(preset, addresses, edits, instances)| {
            let mut deployment = Deployment::initial(&CATALOG);
            for edit in [Edit::Preset(preset)].iter().chain(&addresses).chain(&edits) {
                deployment.apply(&CATALOG, edit);
            }
            // Groups that host services are few: without help they would seldom have more than one instance.
            for (at, service) in instances {
                let host = CATALOG.role(service).and_then(|role| role.hosted_on);
                let hosts = deployment.groups.iter().filter(|group| host.is_some_and(|host| group.carries(host)));
                let hosts: Vec<GroupId> = hosts.map(|group| group.id).collect();
                if !hosts.is_empty() {
                    deployment.apply(&CATALOG, &Edit::AddInstance(*at.get(&hosts), service));
                }
            }
            deployment
        },
    )
}

/// A deployment with more groups and flows than the catalog alone would give it, and with names from hell.
pub fn crowded() -> impl Strategy<Value = Deployment> {
    let custom = (1_u32..24, 1_u32..24, select(Protocol::ALL.to_vec()), port(), 0_u16..4);
    (deployment(), vec(role(), 0..16), vec((1_u32..24, text()), 0..6), vec(custom, 0..24)).prop_map(
        |(mut deployment, crowd, names, custom)| {
            let crowd = crowd.into_iter().map(Edit::AddGroup);
            let names = names.into_iter().map(|(group, name)| Edit::Rename(GroupId(group), name));
            let custom = custom.into_iter().map(|(initiator, responder, protocol, first, count)| Edit::AddFlow {
                initiator: GroupId(initiator),
                responder: GroupId(responder),
                protocol,
                ports: PortRange::starting(first, count),
                purpose: "more".to_owned(),
            });
            for edit in crowd.chain(names).chain(custom) {
                deployment.apply(&CATALOG, &edit);
            }
            deployment
        },
    )
}

/// So many values, the same in every run whatever the environment says.
pub fn seeded<S: Strategy>(count: usize, strategy: S) -> impl Iterator<Item = S::Value> {
    let mut runner = TestRunner::new_with_rng(
        config(),
        TestRng::from_seed(RngAlgorithm::ChaCha, b"Portcullis, drawn two thousand 1"),
    );
    (0..count).map(move |_| strategy.new_tree(&mut runner).expect("a value").current())
}

/// Any edit, now and then several as one.
pub fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => addressing(),
        6 => placing(),
        4 => numbering(),
        3 => deciding(),
        1 => vec(prop_oneof![placing(), numbering(), deciding()], 0..4).prop_map(Edit::Several),
    ]
}

/// The groups of a preset, and some that may not be there.
pub fn group() -> impl Strategy<Value = GroupId> {
    (1_u32..=9).prop_map(GroupId)
}

/// A role, seldom one that does not exist.
pub fn role() -> impl Strategy<Value = Id> {
    one_of(CATALOG.roles.iter().map(|role| role.id))
}

/// A role that runs on nodes, seldom one that does not exist.
pub fn service() -> impl Strategy<Value = Id> {
    one_of(CATALOG.roles.iter().filter(|role| role.hosted_on.is_some()).map(|role| role.id))
}

/// What an address field may hold.
pub fn addresses() -> impl Strategy<Value = Addresses> {
    prop_oneof![
        2 => Just(Addresses::Missing),
        1 => Just(Addresses::Any),
        8 => vec(address(), 1..5).prop_map(Addresses::known),
    ]
}

/// An address of any form, often one that others have too.
pub fn address() -> impl Strategy<Value = Address> {
    let pool = [
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.3",
        "192.0.2.0/24",
        "192.0.2.128/25",
        "192.0.2.2-192.0.2.9",
        "198.51.100.7",
        "2001:db8::1",
        "2001:db8::2",
        "2001:db8::/32",
        "2001:db8::2-2001:db8::f",
        "db.example.test",
        "any-host.example.test",
    ];
    let read = |text: &str| Address::parse(text).expect("the pool is canonical");
    prop_oneof![
        6 => select(pool.map(read).to_vec()),
        1 => any::<u8>().prop_map(|last| Address::Host([203, 0, 113, last].into())),
    ]
}

/// A port; often one that listeners have by default.
pub fn port() -> impl Strategy<Value = Port> {
    let usual =
        [80, 443, 5701, 5703, 9080, 9082, 9443, 9444, 9501, 9502, 9503, 65535].map(|port| Port::new(port).unwrap());
    prop_oneof![3 => select(usual.to_vec()), 1 => (1..=u16::MAX).prop_map(|port| Port::new(port).unwrap())]
}

/// Text as it comes from people, from files, and from somebody who means harm.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![select(crate::injection::HOSTILE.to_vec()).prop_map(str::to_owned), any::<String>(), "[ -~]{0,40}"]
}

fn one_of(ids: impl Iterator<Item = Id>) -> impl Strategy<Value = Id> {
    prop_oneof![15 => select(ids.collect::<Vec<Id>>()), 1 => Just(NOWHERE)]
}

fn base() -> impl Strategy<Value = Id> {
    one_of(portcullis::host::BASE.iter().map(|service| service.id))
}

fn listener() -> impl Strategy<Value = Id> {
    one_of(CATALOG.listeners.iter().map(|listener| listener.id))
}

/// A choice with one of its answers, seldom another's.
fn answer() -> impl Strategy<Value = (Id, Option<Id>)> {
    let own =
        CATALOG.choices.iter().flat_map(|choice| choice.answers.iter().map(|answer| (choice.id, Some(answer.id))));
    let open = CATALOG.choices.iter().map(|choice| (choice.id, None));
    let wrong = [(NOWHERE, Some(NOWHERE)), (CATALOG.choices[0].id, Some(NOWHERE))];
    select(own.chain(open).chain(wrong).collect::<Vec<_>>())
}

/// Edits of addresses.
pub fn addressing() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (group(), addresses()).prop_map(|(group, addresses)| Edit::Listens(group, addresses)),
        1 => (group(), proptest::option::of(addresses())).prop_map(|(group, addresses)| Edit::Connects(group, addresses)),
    ]
}

/// Edits of what runs where.
fn placing() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (role(), any::<bool>()).prop_map(|(role, on)| Edit::Switch(role, on)),
        2 => role().prop_map(Edit::AddGroup),
        1 => group().prop_map(Edit::RemoveGroup),
        1 => group().prop_map(Edit::Split),
        1 => group().prop_map(Edit::Duplicate),
        1 => group().prop_map(Edit::Reset),
        1 => Just(Edit::ResetAll),
        2 => (group(), 0_u16..5).prop_map(|(group, machines)| Edit::Machines(group, machines)),
        4 => (group(), role(), proptest::option::of(group())).prop_map(|(from, role, into)| Edit::Move { from, role, into }),
        3 => (group(), service()).prop_map(|(group, service)| Edit::AddInstance(group, service)),
        2 => (group(), service(), 0_usize..3).prop_map(|(group, service, at)| Edit::RemoveInstance(group, service, at)),
    ]
}

/// Edits of ports, and flows of the user's own.
fn numbering() -> impl Strategy<Value = Edit> {
    let port_or_default = || proptest::option::of(port());
    prop_oneof![
        3 => (group(), listener(), port_or_default()).prop_map(|(group, listener, port)| Edit::Port(group, listener, port)),
        1 => (listener(), port_or_default()).prop_map(|(listener, port)| Edit::PortEverywhere(listener, port)),
        2 => (group(), service(), 0_usize..3, port())
            .prop_map(|(group, service, at, port)| Edit::InstancePort(group, service, at, port)),
        2 => (group(), group(), select(Protocol::ALL.to_vec()), port(), 0_u16..20, text()).prop_map(
            |(initiator, responder, protocol, first, count, purpose)| Edit::AddFlow {
                initiator,
                responder,
                protocol,
                ports: PortRange::starting(first, count),
                purpose,
            }
        ),
        1 => (0_u32..4).prop_map(Edit::RemoveFlow),
    ]
}

/// Edits of everything else.
fn deciding() -> impl Strategy<Value = Edit> {
    let releases = || one_of(CATALOG.releases.iter().map(|release| release.id));
    let zones = || one_of(CATALOG.zones.iter().map(|zone| zone.id));
    prop_oneof![
        2 => releases().prop_map(Edit::Release),
        2 => answer().prop_map(|(choice, answer)| Edit::Answer(choice, answer)),
        2 => (group(), answer()).prop_map(|(group, (choice, answer))| Edit::GroupAnswer(group, choice, answer)),
        1 => (group(), proptest::option::of(zones())).prop_map(|(group, zone)| Edit::Zone(group, zone)),
        1 => (group(), select(System::ALL.to_vec())).prop_map(|(group, system)| Edit::System(group, system)),
        2 => (group(), text()).prop_map(|(group, name)| Edit::Rename(group, name)),
        1 => (group(), text()).prop_map(|(group, firewall)| Edit::Firewall(group, firewall)),
        2 => (group(), select(Policy::ALL.to_vec())).prop_map(|(group, policy)| Edit::Policy(group, policy)),
        2 => addresses().prop_map(Edit::Management),
        1 => any::<bool>().prop_map(Edit::DropOutgoing),
        1 => proptest::option::of(port()).prop_map(Edit::Ssh),
        1 => (base(), addresses()).prop_map(|(service, addresses)| Edit::Base(service, addresses)),
        1 => (base(), any::<bool>()).prop_map(|(service, relies)| Edit::Relies(service, relies)),
        1 => (select(vec!["nftables.table", "nftables.input", "nftables.output", "x"]), text())
            .prop_map(|(key, value)| Edit::Setting(key.to_owned(), value)),
    ]
}

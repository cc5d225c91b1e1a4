//! Every finding: a deployment that shows it, and one that does not. Looks at words and fixes only; how they stand on the page
//! is shown elsewhere.

use portcullis::check;
use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::finding::{Finding, Place, Severity};
use portcullis::flow::flows;
use portcullis::net::{Addresses, Port, System};

use crate::scenarios::{self, CATALOG, apply, group};

/// What is noticed about a deployment.
pub fn findings(deployment: &Deployment) -> Vec<Finding> {
    check::findings(&CATALOG, deployment, &flows(&CATALOG, deployment))
}

/// Those whose message has these words.
fn about(deployment: &Deployment, words: &str) -> Vec<Finding> {
    findings(deployment).into_iter().filter(|finding| finding.message.contains(words)).collect()
}

/// The only one whose message has these words.
fn only(deployment: &Deployment, words: &str) -> Finding {
    let found = about(deployment, words);
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

/// Messages alone.
fn messages(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.message.as_str()).collect()
}

/// Presses the button of a finding.
fn fix(deployment: &mut Deployment, finding: &Finding, label: &str) {
    let fix = finding.fixes.iter().find(|fix| fix.label == label).unwrap_or_else(|| panic!("{label}: {finding:#?}"));
    apply(deployment, fix.edit.clone());
}

fn preset(id: &'static str) -> Deployment {
    let mut deployment = Deployment::initial(&CATALOG);
    deployment.apply(&CATALOG, &Edit::Preset(id));
    deployment
}

fn id(deployment: &Deployment, name: &str) -> GroupId {
    group(deployment, name).id
}

fn listens(deployment: &mut Deployment, name: &str, text: &str) {
    let id = id(deployment, name);
    apply(deployment, Edit::Listens(id, Addresses::parse(text).0));
}

/// Another number for a listener of a group.
fn port(deployment: &mut Deployment, name: &str, listener: &'static str, number: u16) {
    let id = id(deployment, name);
    apply(deployment, Edit::Port(id, listener, Port::new(number)));
}

#[test]
fn a_preset_lists_few_findings_and_the_worst_first() {
    let said = |id| {
        let found = findings(&preset(id));
        found.iter().map(|finding| format!("{} {}", finding.severity.name(), finding.message)).collect::<Vec<_>>()
    };
    assert_eq!(
        said("basic"),
        [
            "error Spotfire Server has no address.",
            "error Node has no address.",
            "error Spotfire database has no address.",
            "warning Any address may reach Spotfire Server on 443.",
            "warning Spotfire Server: web encryption not decided.",
            "warning Spotfire database: engine not decided.",
            "hint 9080 is clear text: Spotfire Server: Back-end registration; Node manager: Registration.",
            "hint On Linux, only root may listen below 1024: Spotfire Server on 443.",
            "hint The server may give services other numbers: read them back under Nodes & Services, Your network.",
        ]
    );
    assert_eq!(
        said("cluster")[5..],
        [
            "warning Any address may reach Load balancer on 443.",
            "warning Load balancer, Spotfire Servers: web encryption not decided.",
            "warning Spotfire database: engine not decided.",
            "warning LDAP or Active Directory: protocol not decided.",
            "hint 9080 is clear text: Spotfire Server: Back-end registration; Node manager: Registration.",
            "hint On Linux, only root may listen below 1024: Spotfire Servers on 443.",
            "hint The server may give services other numbers: read them back under Nodes & Services, Your network.",
        ]
    );
    assert_eq!(
        said("one-machine"),
        [
            "error Spotfire has no address.",
            "error Spotfire database has no address.",
            "error Two listeners of Spotfire have one number: 9080 (Spotfire Server: Back-end registration and Node manager: Registration), 9443 (Spotfire Server: Back-end communication and Node manager: Communication).",
            "warning Any address may reach Spotfire on 443.",
            "warning Spotfire: web encryption not decided.",
            "warning Spotfire database: engine not decided.",
            "hint The server may give services other numbers: read them back under Nodes & Services, Your network.",
        ]
    );
}

#[test]
fn a_group_without_an_address_holds_back_as_many_flows_as_need_it() {
    assert_eq!(about(&scenarios::cluster(), "has no address").len(), 0);
    let mut deployment = scenarios::cluster();
    let servers = id(&deployment, "Spotfire Servers");
    apply(&mut deployment, Edit::Listens(servers, Addresses::Missing));
    let needs = |flow: &&portcullis::flow::Flow| flow.initiator == servers || flow.responder == servers;
    let held = flows(&CATALOG, &deployment).iter().filter(needs).count();
    let finding = only(&deployment, "has no address");
    assert_eq!((finding.severity, finding.place), (Severity::Error, Place::Addresses(servers)));
    assert!(finding.reason.starts_with(&format!("The rules of {held} flows are held back")), "{}", finding.reason);

    // Where they connect from is known: only what reaches them waits.
    apply(&mut deployment, Edit::Connects(servers, Some(Addresses::parse("192.0.2.1").0)));
    let held = flows(&CATALOG, &deployment).iter().filter(|flow| flow.responder == servers).count();
    let reason = only(&deployment, "has no address").reason;
    assert!(reason.starts_with(&format!("The rules of {held} flows are held back")), "{reason}");

    let mut deployment = scenarios::default();
    let database = id(&deployment, "Spotfire database");
    apply(&mut deployment, Edit::Listens(database, Addresses::Missing));
    assert!(only(&deployment, "has no address").reason.starts_with("The rule of one flow is held back"));
}

#[test]
fn two_listeners_on_one_number_are_moved_apart() {
    assert!(about(&scenarios::one_machine(), "have one number").is_empty());
    let mut deployment = preset("one-machine");
    let finding = only(&deployment, "have one number");
    assert_eq!(finding.sources, ["S13", "S14"]);
    fix(&mut deployment, &finding, "Move to 9082 and 9444");
    assert!(about(&deployment, "have one number").is_empty());
    // What never crosses the network takes its number all the same.
    port(&mut deployment, "Spotfire", "server-communication", 9445);
    let message = only(&deployment, "have one number").message;
    assert!(
        message.contains("9445 (Spotfire Server: Back-end communication and Spotfire Server: Information Services)")
    );
}

#[test]
fn what_the_release_does_not_know_is_said_to_get_no_rule() {
    let mut deployment = scenarios::default();
    for role in ["terr", "library-storage", "community"] {
        apply(&mut deployment, Edit::Switch(role, true));
    }
    assert!(about(&deployment, "gets no rule").is_empty());
    // Where some of its listeners are known, but none that is at work, there is no rule either.
    for (release, names) in [
        ("12.0", &["Spotfire Community"][..]),
        ("10.3", &["Library storage", "Spotfire Community"]),
        ("7.11", &["TERR service", "Library storage", "Spotfire Community"]),
    ] {
        apply(&mut deployment, Edit::Release(release));
        let found = about(&deployment, "gets no rule");
        let expected = names.iter().map(|name| format!("{name} has no port in release {release}: it gets no rule."));
        assert_eq!(
            found.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>(),
            expected.collect::<Vec<_>>()
        );
    }
    let first = about(&deployment, "gets no rule").remove(0);
    fix(&mut deployment, &first, "Switch off TERR service");
    assert_eq!(about(&deployment, "gets no rule").len(), 2);
    // A share was possible in every release.
    apply(&mut deployment, Edit::Answer("library-kind", Some("smb")));
    assert_eq!(about(&deployment, "gets no rule").len(), 1);
}

#[test]
fn services_share_a_number_where_the_release_lets_them() {
    let mut deployment = scenarios::default();
    let node = id(&deployment, "Node");
    apply(&mut deployment, Edit::InstancePort(node, "automation-services", 0, Port::new(9501).unwrap()));
    let finding = only(&deployment, "have one number");
    assert!(finding.message.contains("9501 (Web Player service and Automation Services)"), "{}", finding.message);
    let mut older = deployment.clone();
    apply(&mut older, Edit::Release("11.4"));
    assert!(about(&older, "have one number").is_empty());
    // An answer says it where the release does not: a shared port that was edited back (D4), or one port each.
    let mut shared = deployment.clone();
    apply(&mut shared, Edit::Answer("service-ports", Some("shared")));
    assert!(about(&shared, "have one number").is_empty());
    apply(&mut older, Edit::Answer("service-ports", Some("unique")));
    assert_eq!(about(&older, "have one number").len(), 1);
    fix(&mut deployment, &finding, "Move to 9502");
    assert!(about(&deployment, "have one number").is_empty());
}

#[test]
fn everyone_is_said_to_be_let_in_once() {
    assert!(about(&scenarios::default(), "Any address").is_empty());
    let deployment = preset("basic");
    let finding = only(&deployment, "Any address");
    assert_eq!(
        finding.reason,
        "Web clients and Analyst clients may be anywhere. Type their networks to narrow the rules."
    );
    let mut own = scenarios::default();
    listens(&mut own, "Spotfire database", "any");
    assert_eq!(only(&own, "Any address").message, "Any address may reach Spotfire database on 5432.");
}

#[test]
fn clear_text_says_what_would_encrypt_it() {
    let mut deployment = scenarios::default();
    let server = id(&deployment, "Spotfire Server");
    assert!(about(&deployment, "80 is clear text: Spotfire Server: Public HTTP").is_empty());
    apply(&mut deployment, Edit::GroupAnswer(server, "web", Some("both")));
    apply(&mut deployment, Edit::Switch("jmx-client", true));
    let reason = |words| only(&deployment, words).reason;
    assert!(
        reason("80 is clear text: Spotfire Server: Public HTTP.")
            .contains(" To encrypt it, let the servers take HTTPS only")
    );
    assert!(reason("1099 is clear text").ends_with(" To encrypt it, set --tls-enabled=true with config-jmx."));
    let aws =
        only(&preset("aws"), "80 is clear text: Load balancer or reverse proxy: HTTP; Spotfire Server: Public HTTP.");
    assert!(aws.reason.contains(" To encrypt it, let the balancer take HTTPS only; let the servers take HTTPS only"));
    // Clear text by design: nothing would.
    let reason = reason("9080 is clear text");
    assert!(reason.contains("Clear text by design") && !reason.contains("To encrypt it"), "{reason}");
}

#[test]
fn what_nothing_encrypts_is_not_said_to_be_encryptable() {
    use portcullis::catalog::Encryption;
    for listener in &CATALOG.listeners {
        let words = listener.encrypt;
        assert!(words.is_empty() || listener.encryption != Encryption::Tls, "{}", listener.id);
        assert!(!words.ends_with('.') && !words.starts_with(char::is_uppercase), "{words}");
    }
}

#[test]
fn an_open_question_is_asked_until_it_is_answered() {
    let mut deployment = scenarios::cluster();
    let words = "Load balancer, Spotfire Servers: web encryption not decided.";
    let finding = only(&deployment, words);
    let labels: Vec<&str> = finding.fixes.iter().map(|fix| fix.label.as_str()).collect();
    assert_eq!((labels, finding.place), (vec!["HTTP", "HTTPS", "HTTPS, 80 redirects", "Both"], Place::Choice("web")));
    fix(&mut deployment, &finding, "HTTPS");
    assert!(about(&deployment, "web encryption").is_empty());
    let finding = only(&deployment, "protocol not decided");
    assert_eq!(finding.place, Place::Choice("directory"));
    fix(&mut deployment, &finding, "LDAPS");
    assert!(about(&deployment, "protocol not decided").is_empty());
    apply(&mut deployment, Edit::Switch("ldap", false));
    apply(&mut deployment, Edit::Answer("directory", None));
    assert!(about(&deployment, "protocol not decided").is_empty(), "nobody asks a directory that is off");
}

#[test]
fn a_changed_number_says_where_else_it_must_be_set() {
    let mut deployment = scenarios::default();
    let words = "must also be set";
    assert!(about(&deployment, words).is_empty());
    port(&mut deployment, "Spotfire Server", "server-registration", 9090);
    let finding = only(&deployment, "9090 must also be set on Spotfire Server.");
    assert!(finding.reason.contains("nodemanager.supervisor.cleartext.port on every node"), "{}", finding.reason);
    let server = id(&deployment, "Spotfire Server");
    apply(&mut deployment, Edit::Duplicate(server));
    assert_eq!(only(&deployment, words).message, "9090 must also be set on Spotfire Server, Spotfire Server 2.");
    port(&mut deployment, "Spotfire Server 2", "server-registration", 9091);
    assert_eq!(about(&deployment, words).len(), 2);
    apply(&mut deployment, Edit::PortEverywhere("cluster", Port::new(5801)));
    assert_eq!(messages(&about(&deployment, "5801")), ["5801 must also be set for Spotfire Server: Clustering."]);
    apply(&mut deployment, Edit::Switch("server", false));
    assert!(about(&deployment, words).is_empty());
}

#[test]
fn a_low_number_on_linux_needs_root_and_has_a_high_one_to_go_to() {
    let words = "only root may listen";
    let mut deployment = scenarios::default();
    let server = id(&deployment, "Spotfire Server");
    let finding = only(&deployment, words);
    assert_eq!((finding.severity, finding.place), (Severity::Hint, Place::Ports(server)));
    assert_eq!(finding.message, "On Linux, only root may listen below 1024: Spotfire Server on 443.");
    assert!(
        finding.reason.contains("the user spotfire")
            && finding.sources.contains(&"S61")
            && finding.sources.contains(&"S53")
    );

    let mut windows = deployment.clone();
    apply(&mut windows, Edit::System(server, System::Windows));
    assert!(about(&windows, words).is_empty());

    apply(&mut deployment, Edit::GroupAnswer(server, "web", Some("both")));
    apply(&mut deployment, Edit::Port(server, "server-communication", Port::new(1023)));
    let finding = only(&deployment, words);
    assert!(finding.message.ends_with(": Spotfire Server on 80, Spotfire Server on 443, Spotfire Server on 1023."));
    fix(&mut deployment, &finding, "Move to 8080 and 8443 and 9443");
    assert!(about(&deployment, words).is_empty());
    apply(&mut deployment, Edit::Port(server, "server-communication", Port::new(1024)));
    assert!(about(&deployment, words).is_empty());
}

#[test]
fn the_high_number_is_a_free_one() {
    let mut deployment = scenarios::default();
    port(&mut deployment, "Spotfire Server", "server-communication", 8443);
    let finding = only(&deployment, "only root may listen");
    fix(&mut deployment, &finding, "Move to 8444");
    assert!(about(&deployment, "have one number").is_empty());
}

#[test]
fn accounts_are_not_asked_about_where_they_are_not_the_products() {
    let mut deployment = scenarios::cluster();
    for name in ["Load balancer", "Active Directory"] {
        let id = id(&deployment, name);
        deployment.apply(&CATALOG, &Edit::System(id, System::Linux));
    }
    let servers = id(&deployment, "Spotfire Servers");
    apply(&mut deployment, Edit::System(servers, System::Windows));
    assert!(about(&deployment, "only root may listen").is_empty());
    // SSH on the servers is the system's own: nobody is led to move it.
    let aws = only(&preset("aws"), "only root may listen");
    assert_eq!(aws.message, "On Linux, only root may listen below 1024: Spotfire Servers on 80.");
}

#[test]
fn numbers_of_outgoing_connections_are_advised_against() {
    let (windows, linux) = ("Windows takes 49152-65535", "Linux takes 32768-60999");
    let mut deployment = scenarios::default();
    let node = id(&deployment, "Node");
    assert!(about(&deployment, " for outgoing connections").is_empty());
    let mut at = |system: System, number: u16| {
        deployment.apply(&CATALOG, &Edit::System(node, system));
        deployment.apply(&CATALOG, &Edit::InstancePort(node, "web-player", 0, Port::new(number).unwrap()));
        about(&deployment, " for outgoing connections").len()
    };
    for (system, first, last) in [(System::Windows, 49152, 65535), (System::Linux, 32768, 60999)] {
        assert_eq!([first, last].map(|number| at(system, number)), [1, 1], "{system:?}");
        assert_eq!(at(system, first - 1), 0, "{system:?}");
    }
    assert_eq!(at(System::Linux, 61001), 0);
    assert_eq!(at(System::Windows, 61001), 1);
    let finding = only(&deployment, windows);
    assert_eq!(finding.message, "Windows takes 49152-65535 for outgoing connections: Node on 61001.");
    assert_eq!((finding.severity, finding.sources.as_slice()), (Severity::Hint, &["S60"][..]));
    assert!(finding.reason.contains("advice about Windows: no page of the product speaks of it"));
    fix(&mut deployment, &finding, "Move to 9501");
    assert!(about(&deployment, windows).is_empty());

    // A range that only begins below, and a listener that only its own machine reaches.
    apply(&mut deployment, Edit::PortEverywhere("cluster", Port::new(32766)));
    port(&mut deployment, "Spotfire Server", "information-services", 40000);
    let finding = only(&deployment, linux);
    assert_eq!(
        finding.message,
        "Linux takes 32768-60999 for outgoing connections: Spotfire Server on 32766-32769, Spotfire Server on 40000."
    );
    assert_eq!(finding.sources, ["S61"]);
    fix(&mut deployment, &finding, "Move to 5701-5704 and 9445");
    assert!(about(&deployment, linux).is_empty());
}

#[test]
fn engines_go_as_many_thousands_lower_as_it_takes() {
    let mut deployment = scenarios::default();
    for service in ["terr", "python"] {
        apply(&mut deployment, Edit::Switch(service, true));
    }
    let finding = only(&deployment, " for outgoing connections");
    assert!(finding.message.ends_with(": Node on 61001-62001, Node on 62001-63001."), "{}", finding.message);
    fix(&mut deployment, &finding, "Move to 48001-49001 and 46001-47001");
    assert!(about(&deployment, " for outgoing connections").is_empty());
    let node = id(&deployment, "Node");
    apply(&mut deployment, Edit::Reset(node));
    apply(&mut deployment, Edit::System(node, System::Linux));
    assert!(about(&deployment, " for outgoing connections").is_empty(), "they lie above the range of Linux");
}

#[test]
fn machines_of_others_are_not_advised() {
    let mut deployment = scenarios::default();
    apply(&mut deployment, Edit::Switch("smtp", true));
    port(&mut deployment, "Mail server", "mail", 40000);
    assert!(about(&deployment, " for outgoing connections").is_empty());
    port(&mut deployment, "Spotfire database", "db-postgresql", 40000);
    assert_eq!(about(&deployment, " for outgoing connections").len(), 1);
}

#[test]
fn nodes_without_a_server_say_so() {
    let words = "Node manager runs, but no Spotfire Server does.";
    let mut deployment = scenarios::default();
    assert!(about(&deployment, words).is_empty());
    apply(&mut deployment, Edit::Switch("server", false));
    let finding = only(&deployment, words);
    assert!(!finding.sources.is_empty());
    assert!(about(&deployment, "Nothing connects").is_empty(), "one of them is enough");
    fix(&mut deployment, &finding, "Switch on Spotfire Server");
    assert_eq!(deployment, scenarios::default());
    // Where no node runs either, nobody waits for a server.
    apply(&mut deployment, Edit::Switch("server", false));
    apply(&mut deployment, Edit::Switch("node-manager", false));
    assert!(about(&deployment, words).is_empty());
}

#[test]
fn services_without_a_host_say_so() {
    let words = "Without Node manager, these do not run: Web Player service, Automation Services.";
    let mut deployment = scenarios::default();
    assert!(about(&deployment, "Without ").is_empty());
    apply(&mut deployment, Edit::Switch("node-manager", false));
    let finding = only(&deployment, words);
    let mut on = deployment.clone();
    fix(&mut on, &finding, "Switch on Node manager");
    assert_eq!(on, scenarios::default());
    fix(&mut deployment, &finding, "Switch the services off too");
    assert!(about(&deployment, "Without ").is_empty());
    // A service of which there is no instance waits for nobody.
    let mut bare = scenarios::default();
    let node = id(&bare, "Node");
    apply(&mut bare, Edit::RemoveGroup(node));
    apply(&mut bare, Edit::Switch("node-manager", false));
    assert!(about(&bare, "Without ").is_empty());
}

#[test]
fn several_servers_have_something_in_front_of_them() {
    let words = "nothing in front of them";
    let mut deployment = scenarios::cluster();
    assert!(about(&deployment, words).is_empty());
    apply(&mut deployment, Edit::Switch("load-balancer", false));
    let finding = only(&deployment, words);
    assert_eq!(finding.message, "3 machines of Spotfire Server, and nothing in front of them.");
    assert_eq!((finding.severity, finding.sources.as_slice()), (Severity::Hint, &["S12", "S15"][..]));
    let mut in_front = deployment.clone();
    fix(&mut in_front, &finding, "Switch on Load balancer or reverse proxy");
    assert_eq!(in_front, scenarios::cluster());
    // Machines count, not groups; without people, or with one server, nobody has to choose.
    let mut unused = deployment.clone();
    apply(&mut unused, Edit::Switch("browser", false));
    assert_eq!(about(&unused, words).len(), 1);
    apply(&mut unused, Edit::Switch("analyst", false));
    assert!(about(&unused, words).is_empty());
    let servers = id(&deployment, "Spotfire Servers");
    apply(&mut deployment, Edit::Machines(servers, 1));
    assert!(about(&deployment, words).is_empty());
    apply(&mut deployment, Edit::AddGroup("server"));
    assert_eq!(only(&deployment, words).message, "2 machines of Spotfire Server, and nothing in front of them.");
}

#[test]
fn two_ends_of_different_families_never_meet() {
    let words = "no address family in common";
    let mut deployment = scenarios::default();
    assert!(about(&deployment, words).is_empty());
    listens(&mut deployment, "Node", "192.0.2.65");
    listens(&mut deployment, "Spotfire Server", "2001:db8::3:1 2001:db8:3::/48");
    // Many flows, both ways: one finding for the pair.
    let finding = only(&deployment, words);
    assert_eq!(finding.message, "Node and Spotfire Server have no address family in common.");
    assert_eq!(
        finding.reason,
        "One connects from IPv4, the other listens on IPv6: rules between them can never match."
    );
    assert_eq!(finding.severity, Severity::Error);
    // A name may have either family, and so may everyone.
    for text in ["node.example.test", "any", "192.0.2.65 2001:db8::4:1"] {
        let mut other = deployment.clone();
        listens(&mut other, "Node", text);
        assert!(about(&other, words).is_empty(), "{text}");
    }
    // Translated on the way out: one direction is enough to be told.
    listens(&mut deployment, "Node", "2001:db8::4:1");
    let node = id(&deployment, "Node");
    apply(&mut deployment, Edit::Connects(node, Some(Addresses::parse("192.0.2.65").0)));
    assert_eq!(about(&deployment, words).len(), 1);
}

#[test]
fn of_very_many_pairs_the_rest_are_counted() {
    let mut deployment = scenarios::default();
    listens(&mut deployment, "Spotfire Server", "2001:db8::3:1");
    for number in 2..=9 {
        apply(&mut deployment, Edit::AddGroup("node-manager"));
        let made = deployment.groups.last().unwrap().id;
        apply(&mut deployment, Edit::Listens(made, Addresses::parse(&format!("192.0.2.{number}")).0));
    }
    let found = about(&deployment, "no address family in common");
    assert_eq!(found.len(), 6);
    assert_eq!(found[5].message, "3 pairs of groups more have no address family in common.");
}

#[test]
fn numbers_that_the_server_chooses_are_read_back() {
    let words = "read them back under Nodes & Services";
    let mut deployment = scenarios::default();
    let finding = only(&deployment, words);
    assert_eq!(finding.severity, Severity::Hint);
    assert!(finding.sources.contains(&"S28") && finding.reason.contains("from 12.0 the server picks"));
    apply(&mut deployment, Edit::Release("12.0"));
    assert_eq!(about(&deployment, words).len(), 1);
    apply(&mut deployment, Edit::Release("11.4"));
    assert!(about(&deployment, words).is_empty());
    let mut bare = scenarios::default();
    apply(&mut bare, Edit::Switch("automation-services", false));
    assert!(about(&bare, words).is_empty(), "one instance has the first number");
    let node = id(&bare, "Node");
    apply(&mut bare, Edit::AddInstance(node, "web-player"));
    assert_eq!(about(&bare, words).len(), 1, "two of one service");
}

#[test]
fn test_and_production_in_one_are_noticed_by_their_names() {
    let words = "Test and production";
    let named = |names: [&str; 2]| {
        let mut deployment = scenarios::default();
        for (group, name) in [("Node", names[0]), ("Spotfire database", names[1])] {
            let id = id(&deployment, group);
            deployment.apply(&CATALOG, &Edit::Rename(id, name.to_owned()));
        }
        deployment
    };
    let finding = only(&named(["spotfire-TEST-1", "DB (prod2)"]), words);
    assert_eq!(finding.message, "Test and production are in one deployment: spotfire-TEST-1; DB (prod2).");
    assert_eq!((finding.severity, finding.fixes.len()), (Severity::Warning, 0));
    for pair in [["qa", "Live"], ["Node int", "prd"], ["uat.example", "production"], ["dev_3", "Prod DB"]] {
        assert_eq!(about(&named(pair), words).len(), 1, "{pair:?}");
    }
    let apart = [
        ["test", "staging"],
        ["prod", "live"],
        ["Attestation", "prod"],
        ["integration", "prod"],
        ["test", "delivery"],
        ["test", "products"],
        ["", "prod"],
    ];
    for pair in apart {
        assert!(about(&named(pair), words).is_empty(), "{pair:?}");
    }
    let mut off = named(["Node", "prod"]);
    let browser = id(&off, "Web clients");
    apply(&mut off, Edit::Rename(browser, "Test users".to_owned()));
    assert_eq!(about(&off, words).len(), 1);
    apply(&mut off, Edit::Switch("browser", false));
    assert!(about(&off, words).is_empty(), "what is off is not in the deployment");
}

#[test]
fn very_many_names_are_counted() {
    let mut deployment = preset("basic");
    for _ in 0..9 {
        apply(&mut deployment, Edit::AddGroup("server"));
    }
    let finding = only(&deployment, "web encryption not decided");
    assert!(
        finding.message.ends_with("Spotfire Server 7 and 3 more: web encryption not decided."),
        "{}",
        finding.message
    );
    let all = finding.fixes[0].edit.clone();
    assert!(matches!(all, Edit::Several(edits) if edits.len() == 10), "the fix is for all");
}

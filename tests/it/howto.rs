//! The steps for changed ports: whole for every listener that can be changed, as the documents say for those that matter
//! most (written by hand from catalog-facts 2 and 3, never from the catalog), none where nothing is changed.

use portcullis::catalog::{Listener, Work};
use portcullis::check;
use portcullis::deployment::{Deployment, Edit, Edited, GroupId};
use portcullis::finding::Place;
use portcullis::flow::flows;
use portcullis::howto::{HowTo, Todo, steps};
use portcullis::net::{Addresses, Port, System};

use crate::scenarios::{self, CATALOG, apply, group};

fn changes(deployment: &Deployment) -> Vec<HowTo> {
    steps(&CATALOG, deployment)
}

fn port(number: u16) -> Port {
    Port::new(number).unwrap()
}

/// Everything the catalog knows, switched on.
fn everything() -> Deployment {
    let mut deployment = scenarios::cluster();
    for role in &CATALOG.roles {
        deployment.apply(&CATALOG, &Edit::Switch(role.id, true));
    }
    deployment
}

/// Gives a listener another number, in the first group where it is at work; returns the group.
fn override_port(deployment: &mut Deployment, id: &'static str, number: u16) -> GroupId {
    let listener = CATALOG.listener(id).unwrap();
    deployment.apply(&CATALOG, &deployment.enabling(&CATALOG, listener));
    let at_work = |group: &&portcullis::deployment::Group| deployment.listening(&CATALOG, group, listener);
    let group = deployment.groups.iter().find(at_work).unwrap_or_else(|| panic!("{id} is nowhere at work")).id;
    let service = CATALOG.per_instance(listener);
    apply(
        deployment,
        match listener {
            _ if service => Edit::InstancePort(group, listener.role, 0, port(number)),
            Listener { same_everywhere: true, .. } => Edit::PortEverywhere(id, Some(port(number))),
            _ => Edit::Port(group, id, Some(port(number))),
        },
    );
    group
}

/// The steps as a person reads them: `Edit on Node: text | lines`.
fn told(change: &HowTo) -> Vec<String> {
    let line = |todo: &Todo| {
        let lines = if todo.lines.is_empty() { String::new() } else { format!(" | {}", todo.lines) };
        format!("{} on {}: {}{lines}", todo.work.name(), todo.machines, todo.text)
    };
    change.steps.iter().map(line).collect()
}

/// The only change of a deployment in which one listener has another number.
fn only(mut deployment: Deployment, id: &'static str, number: u16) -> HowTo {
    override_port(&mut deployment, id, number);
    let mut found = changes(&deployment);
    assert_eq!(found.len(), 1, "{id}: {found:#?}");
    found.remove(0)
}

#[test]
fn every_listener_that_can_be_changed_says_how_with_the_number_in_it() {
    let changeable = CATALOG.listeners.iter().filter(|listener| !listener.fixed);
    for (at, listener) in changeable.enumerate() {
        let number = 20_000 + u16::try_from(at).unwrap();
        for scenario in [Deployment::initial(&CATALOG), everything()] {
            let change = only(scenario, listener.id, number);
            let say = |what: &str| panic!("{} has no {what}: {:#?}", listener.id, told(&change));
            assert_eq!((change.listener, change.to.first().number()), (listener.id, number));
            // A service that others came before has a later number by itself.
            let default = listener.defaults(&CATALOG, "14.8").unwrap();
            assert!(change.from == default || (9502..=9505).contains(&change.from.first().number()), "{change:?}");
            let named =
                |todo: &&Todo| todo.text.contains(&number.to_string()) || todo.lines.contains(&number.to_string());
            let edit = change.steps.iter().filter(|todo| todo.work == Work::Edit).find(named);
            edit.unwrap_or_else(|| say("edit with the number"));
            for work in [Work::Repeat, Work::Restart, Work::Check] {
                if !change.steps.iter().any(|todo| todo.work == work) {
                    say(work.name());
                }
            }
            for todo in &change.steps {
                assert!(!todo.machines.is_empty() && !todo.text.is_empty(), "{todo:?}");
                let filled = format!("{}{}", todo.text, todo.lines);
                assert!(["{port", "{tool}", "{host}"].iter().all(|open| !filled.contains(open)), "{todo:?}");
            }
            assert!(!change.sources.is_empty(), "{}", listener.id);
            assert!(change.sources.iter().all(|id| CATALOG.source(id).is_some()), "{:?}", change.sources);
        }
    }
}

#[test]
fn where_nothing_is_changed_nothing_is_to_be_done() {
    for preset in &CATALOG.presets {
        for release in &CATALOG.releases {
            let mut deployment = Deployment::initial(&CATALOG);
            deployment.apply(&CATALOG, &Edit::Release(release.id));
            deployment.apply(&CATALOG, &Edit::Preset(preset.id));
            // What the preset itself changes, where it does.
            let own: usize = preset.groups.iter().map(|group| group.ports.len()).sum();
            for role in &CATALOG.roles {
                let found = changes(&deployment);
                assert_eq!(found.len(), own, "{} in {} before {}: {found:?}", preset.id, release.id, role.id);
                deployment.apply(&CATALOG, &Edit::Switch(role.id, true));
            }
            assert_eq!(changes(&deployment).len(), own, "{} in {}", preset.id, release.id);
            // Nor where only the release is another one: ports that were assigned stay.
            let release = CATALOG.release(deployment.release).unwrap();
            for later in &CATALOG.releases {
                deployment.apply(&CATALOG, &Edit::Release(later.id));
                let (from, to) = (release.shares_service_ports, later.shares_service_ports);
                assert!(
                    from && !to || changes(&deployment).len() == own,
                    "{} from {} to {}",
                    preset.id,
                    release.id,
                    later.id
                );
            }
        }
    }
}

#[test]
fn the_back_end_port_of_a_server_is_repeated_on_its_nodes() {
    let change = only(scenarios::cluster(), "server-communication", 9445);
    assert_eq!(
        (change.name.as_str(), change.machines.as_str()),
        ("Spotfire Server: Back-end communication", "Spotfire Servers (3 machines)")
    );
    assert_eq!((change.from.to_string(), change.to.to_string()), ("9443".to_owned(), "9445".to_owned()));
    assert_eq!(
        told(&change),
        [
            "Edit on Spotfire Servers (3 machines): In tomcat/conf/server.xml of each machine, at the Connector with connectorType=backend, and nothing else there: | port=\"9445\"",
            "Or, when installing on Spotfire Servers (3 machines): the option of the Linux script configure: | configure -b 9445",
            "Repeat on Nodes (6 machines): Stop the node manager; then, if nodemanager.supervisor is this server, in nm/config/nodemanager.properties of its own installation (a server has a file of that name too; the documents at hand do not show this key, its name follows from those beside it): | nodemanager.supervisor.port=9445",
            "Repeat on Spotfire Servers (3 machines): The documents do not say how the servers of a cluster learn of it: give all of them the same number.",
            "Restart on Spotfire Servers (3 machines): Restart Spotfire Server.",
            "Restart on Nodes (6 machines): Start the node manager again.",
            "Check on Spotfire Servers (3 machines): All nodes are online: one that has not been heard for 12 seconds is offline.",
        ]
    );
    // One server has nobody of its kind to tell; on Windows the installer takes a property.
    let mut windows = scenarios::default();
    let server = group(&windows, "Spotfire Server").id;
    apply(&mut windows, Edit::System(server, System::Windows));
    let told = told(&only(windows, "server-communication", 9445));
    assert!(told[1].ends_with(" | SERVER_BACKEND_COMMUNICATION_PORT=9445"), "{told:#?}");
    assert!(!told.iter().any(|line| line.contains("of a cluster")), "{told:#?}");
}

#[test]
fn the_registration_port_of_a_server_is_another_connector_and_another_key() {
    let told = told(&only(scenarios::default(), "server-registration", 9081));
    for end in [
        "connectorType=registration, and nothing else there: | port=\"9081\"",
        " | configure -r 9081",
        " | nodemanager.supervisor.cleartext.port=9081",
    ] {
        assert!(told.iter().any(|line| line.ends_with(end)), "{end} is not in {told:#?}");
    }
}

#[test]
fn a_node_is_changed_in_its_own_file_while_it_is_stopped() {
    for (id, key, property) in [
        ("node-registration", "nodemanager.cleartext.port", "NODEMANAGER_REGISTRATION_PORT"),
        ("node-communication", "nodemanager.port", "NODEMANAGER_COMMUNICATION_PORT"),
    ] {
        let told = told(&only(scenarios::default(), id, 9446));
        let first = "Edit on Node: Stop the node manager; then, in nm/config/nodemanager.properties of its own installation (a server has a file of that name too): ";
        assert_eq!(told[0], format!("{first}| {key}=9446"));
        assert!(told[1].ends_with(&format!(" | {property}=9446")), "{told:#?}");
        assert!(
            told.iter().any(|line| line == "Repeat on Node: Nothing: no document asks for this number anywhere else.")
        );
        assert!(told.iter().any(|line| line == "Restart on Node: Start the node manager again."));
    }
    // The two machines of the documents' suggestion: both numbers, nothing else.
    let one_machine = changes(&scenarios::one_machine());
    let numbers: Vec<String> = one_machine.iter().map(|change| format!("{} {}", change.from, change.to)).collect();
    assert_eq!(numbers, ["9080 9082", "9443 9444"]);
}

#[test]
fn clustering_is_one_command_for_all_servers_in_all_its_ports() {
    let change = only(scenarios::cluster(), "cluster", 5801);
    assert_eq!(
        (change.group, change.from.to_string(), change.to.to_string()),
        (None, "5701-5704".to_owned(), "5801-5804".to_owned())
    );
    let told = told(&change);
    let lines = "config.sh export-config\nconfig.sh config-cluster --configuration=configuration.xml --port=5801\nconfig.sh import-config --comment=\"Clustering on port 5801\"";
    assert_eq!(
        told,
        [
            format!("Edit on one machine of Spotfire Servers (3 machines): In tomcat/spotfire-bin (or in the configuration tool, Configuration page, Clustering): | {lines}"),
            "Repeat on Spotfire Servers (3 machines): Nothing: the number is kept once, for all servers. It is the first of 5801-5804.".to_owned(),
            "Restart on Spotfire Servers (3 machines): Restart all servers.".to_owned(),
            "Check on Spotfire Servers (3 machines): The firewalls let all servers reach each other on 5801-5804, both ways.".to_owned(),
        ]
    );
    // On Windows the command line has another name.
    let mut windows = scenarios::cluster();
    let servers = group(&windows, "Spotfire Servers").id;
    apply(&mut windows, Edit::System(servers, System::Windows));
    assert!(
        only(windows, "cluster", 5801).steps[0]
            .lines
            .starts_with("config.bat export-config\nconfig.bat config-cluster ")
    );
}

#[test]
fn a_public_port_is_told_to_the_balancer_or_else_to_the_users() {
    let direct = told(&only(scenarios::default(), "public-https", 8443));
    let lines: Vec<&str> = direct.iter().filter_map(|line| line.split_once(" | ")).map(|(_, lines)| lines).collect();
    assert_eq!(
        lines,
        [
            "port=\"8443\"",
            "config.sh set-public-address --url=https://HOST:8443/",
            "https://HOST:8443/",
            "https://HOST:8443/spotfire/login.html",
        ]
    );
    // An address that is not set is found by the server itself: this is no order.
    let condition = ": Only if a public address was set before, or a proxy stands in front";
    assert!(direct.iter().any(|line| line.contains(condition) && line.contains("set-public-address")), "{direct:#?}");
    let balanced = told(&only(scenarios::cluster(), "public-https", 8443));
    assert!(
        balanced
            .iter()
            .any(|line| line.starts_with("Repeat on Load balancer: ") && line.contains("health check, use 8443")),
        "{balanced:#?}"
    );
    assert!(
        !balanced.iter().any(|line| line.contains("set-public-address")),
        "the balancer's address is the public one"
    );
    let at_balancer = told(&only(scenarios::cluster(), "balancer-https", 8443));
    assert!(at_balancer.iter().any(|line| line.ends_with(" | proxyPort=\"8443\"")), "{at_balancer:#?}");
    assert!(
        at_balancer.iter().any(|line| line.starts_with("Repeat on Active Directory (2 machines): For Kerberos")),
        "{at_balancer:#?}"
    );
}

#[test]
fn one_known_address_stands_where_it_belongs() {
    let mut deployment = scenarios::default();
    override_port(&mut deployment, "public-https", 8443);
    let server = group(&deployment, "Spotfire Server").id;
    for (addresses, host) in [
        ("spotfire.example.test", "spotfire.example.test"),
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1 192.0.2.2", "HOST"),
        ("192.0.2.0/24", "HOST"),
        ("192.0.2.1-192.0.2.3", "HOST"),
        ("2001:db8::1", "HOST"),
        ("any", "HOST"),
        ("", "HOST"),
    ] {
        apply(&mut deployment, Edit::Listens(server, Addresses::parse(addresses).0));
        let told = told(&changes(&deployment)[0]);
        let lines = told.iter().filter(|line| line.ends_with(&format!("https://{host}:8443/"))).count();
        assert_eq!(lines, 2, "{addresses}: {told:#?}");
        assert!(
            told.iter().any(|line| line.ends_with(&format!("https://{host}:8443/spotfire/login.html"))),
            "{told:#?}"
        );
    }
}

#[test]
fn what_servers_connect_to_is_told_to_servers() {
    let database = told(&only(scenarios::cluster(), "db-postgresql", 6432));
    let update = "In tomcat/spotfire-bin of each machine, which has a bootstrap.xml of its own: | config.sh update-bootstrap --database-url=\"jdbc:postgresql://HOST:6432/DB\"";
    assert!(database.contains(&format!("Repeat on Spotfire Servers (3 machines): {update}")), "{database:#?}");
    let directory = told(&only(scenarios::cluster(), "ldap-tls", 1636));
    let update = "config.sh export-config\nconfig.sh update-ldap-config --id=ID --servers=\"ldaps://HOST:1636\"\nconfig.sh import-config --comment=\"Directory on port 1636\"";
    assert!(
        directory.iter().any(|line| line.starts_with("Repeat on one machine of Spotfire Servers (3 machines): ")
            && line.ends_with(update)),
        "{directory:#?}"
    );
    let mail = told(&only(scenarios::cluster(), "mail", 2525));
    assert!(
        mail.iter().any(|line| line.contains("config.sh config-email-notification -Xmail.smtp.port=2525\n")),
        "{mail:#?}"
    );
    assert!(
        mail.iter()
            .any(|line| line.starts_with("Repeat on Nodes (6 machines): In Spotfire.Dxp.Worker.Automation.config")),
        "{mail:#?}"
    );
}

/// What is changed of the instances in the group `Node`: `service from to`.
fn instances(ports: &[(&'static str, &[u16])], release: &'static str) -> Vec<String> {
    let mut deployment = scenarios::default();
    deployment.apply(&CATALOG, &Edit::Release(release));
    let node = deployment.groups.iter_mut().find(|group| group.name == "Node").unwrap();
    let instance = |(service, ports): &(&'static str, &[u16])| portcullis::deployment::Instance {
        service,
        ports: ports.iter().copied().map(port).collect(),
    };
    node.instances = ports.iter().map(instance).collect();
    let line = |change: &HowTo| format!("{} {} {}", change.name, change.from, change.to);
    changes(&deployment).iter().map(line).collect()
}

#[test]
fn an_instance_is_changed_if_it_would_not_get_its_number_by_itself() {
    let none = Vec::<String>::new();
    let (wp, automation, terr) = ("web-player", "automation-services", "terr");
    assert_eq!(instances(&[(wp, &[9501]), (automation, &[9502]), (terr, &[9503])], "14.8"), none);
    // In whatever order they were added.
    assert_eq!(instances(&[(wp, &[9502]), (automation, &[9501])], "14.8"), none);
    assert_eq!(instances(&[(wp, &[9501, 9503]), (automation, &[9502])], "14.8"), none);
    assert_eq!(instances(&[(wp, &[9601]), (automation, &[9502])], "14.8"), ["Web Player service 9501 9601"]);
    assert_eq!(instances(&[(wp, &[9501, 9601])], "14.8"), ["Web Player service, instance 2 9502 9601"]);
    // What was between is gone: by itself the service would now be there.
    assert_eq!(instances(&[(wp, &[9501]), (terr, &[9503])], "14.8"), ["TERR service 9502 9503"]);
    // Up to 11.4 two of them share or do not, as they like; TERR does not.
    assert_eq!(instances(&[(wp, &[9501]), (automation, &[9501]), (terr, &[9502])], "11.4"), none);
    assert_eq!(instances(&[(wp, &[9501]), (automation, &[9502])], "11.4"), none);
    assert_eq!(instances(&[(wp, &[9501]), (automation, &[9502]), (terr, &[9503])], "10.3"), none);
    assert_eq!(instances(&[(wp, &[9501]), (automation, &[9601])], "11.4"), ["Automation Services 9501 9601"]);
    assert_eq!(instances(&[(wp, &[9501]), (terr, &[9501])], "11.4"), ["TERR service 9502 9501"]);
    assert_eq!(
        instances(&[(wp, &[9501]), (automation, &[9501])], "12.0"),
        ["Automation Services 9502 9501"],
        "from 12.0 on they do not share by themselves"
    );
}

#[test]
fn what_others_of_the_machine_have_is_not_free() {
    let mut deployment = scenarios::default();
    let node = group(&deployment, "Node").id;
    apply(&mut deployment, Edit::Port(node, "node-communication", Some(port(9501))));
    let names = |deployment: &Deployment| {
        changes(deployment).iter().map(|change| format!("{} {}", change.name, change.to)).collect::<Vec<_>>()
    };
    assert_eq!(names(&deployment), ["Node manager: Communication 9501", "Web Player service 9501"]);
    apply(&mut deployment, Edit::InstancePort(node, "web-player", 0, port(9502)));
    apply(&mut deployment, Edit::InstancePort(node, "automation-services", 0, port(9503)));
    assert_eq!(names(&deployment), ["Node manager: Communication 9501"]);
    // What is switched off has nothing to be done, but keeps its number.
    apply(&mut deployment, Edit::InstancePort(node, "web-player", 0, port(9502 + 1000)));
    assert_eq!(names(&deployment).len(), 2);
    apply(&mut deployment, Edit::Switch("web-player", false));
    assert_eq!(names(&deployment), ["Node manager: Communication 9501"]);
}

#[test]
fn an_instance_is_changed_on_the_page_of_the_server() {
    let told = told(&only(scenarios::default(), "web-player-service", 9601));
    assert_eq!(
        told[0],
        "Edit on Node: On the web pages of the server, under Nodes & Services, Your network: pick the instance, Edit, and give it the port 9601."
    );
    assert!(told[1].ends_with(" | {\"capability\":\"WEB_PLAYER\",\"instances\":1,\"port\":9601}"), "{told:#?}");
}

#[test]
fn there_are_steps_for_every_finding_about_a_changed_port_and_for_no_other_group() {
    let mut deployment = everything();
    for (at, listener) in CATALOG.listeners.iter().filter(|listener| !listener.fixed).enumerate() {
        if deployment.groups.iter().any(|group| deployment.listening(&CATALOG, group, listener)) {
            override_port(&mut deployment, listener.id, 30_000 + 10 * u16::try_from(at).unwrap());
        }
    }
    let found = check::findings(&CATALOG, &deployment, &flows(&CATALOG, &deployment));
    let mut said: Vec<String> =
        found.iter().filter(|finding| finding.place == Place::Changed).map(|finding| finding.message.clone()).collect();
    let service = |change: &&HowTo| CATALOG.per_instance(CATALOG.listener(change.listener).unwrap());
    let steps = changes(&deployment);
    let mut expected: Vec<String> = steps
        .iter()
        .filter(|change| !service(change))
        .map(|change| match change.group.and_then(|id| deployment.group(id)) {
            Some(group) => format!("{} must also be set on {}.", change.to.first(), group.name),
            None => format!("{} must also be set for {}.", change.to.first(), change.name),
        })
        .collect();
    said.sort();
    expected.sort();
    assert!(said.len() > 10, "{said:#?}");
    assert_eq!(said, expected);
    assert_eq!(steps.iter().filter(service).count(), 5);
}

#[test]
fn names_of_users_are_text_and_never_in_a_line() {
    const HOSTILE: &str = "{port}\"'; rm -rf / #<b>{tool}`$(reboot)";
    let mut plain = everything();
    let mut hostile = plain.clone();
    for group in plain.groups.clone() {
        apply(&mut hostile, Edit::Rename(group.id, HOSTILE.to_owned()));
    }
    for (at, listener) in CATALOG.listeners.iter().filter(|listener| !listener.fixed).enumerate() {
        for deployment in [&mut plain, &mut hostile] {
            if deployment.in_use(&CATALOG, listener) {
                override_port(deployment, listener.id, 30_000 + 10 * u16::try_from(at).unwrap());
            }
        }
    }
    let (plain, hostile) = (changes(&plain), changes(&hostile));
    let lines = |changes: &[HowTo]| {
        changes
            .iter()
            .flat_map(|change| &change.steps)
            .map(|todo| (todo.text.clone(), todo.lines.clone()))
            .collect::<Vec<_>>()
    };
    assert!(!lines(&plain).is_empty());
    assert_eq!(lines(&plain), lines(&hostile));
    assert!(hostile.iter().all(|change| change.machines.starts_with(HOSTILE)), "a name stands as it was given");
}

#[test]
fn another_release_has_other_steps_or_none() {
    let mut deployment = scenarios::default();
    override_port(&mut deployment, "information-services", 9545);
    assert_eq!(changes(&deployment).len(), 1);
    assert!(
        changes(&deployment)[0].steps[0].lines.contains("config-external-information-services-process --port=9545")
    );
    assert_eq!(deployment.apply(&CATALOG, &Edit::Release("14.0")), Edited::Changed);
    assert_eq!(changes(&deployment), [], "14.0 has no such listener");
}

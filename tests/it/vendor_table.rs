//! The eleven rows of the vendor's port table (catalog-facts 2.0, S1 to S5) and the outbound page (S7), written down by hand
//! and looked for in the catalog by what they say. Never derived from it.

use portcullis::catalog::Kind;
use portcullis::net::Protocol;

use crate::scenarios::CATALOG;

/// One row: role, listener, and its first and last port in the oldest and in the newest release.
type Row = (&'static str, &'static str, [(u16, u16); 2]);

/// The port table: eleven rows, of which clustering takes two (5701 and the second port; the newer guide adds two more, D1). A TERR service
/// was fixed at 9502; from 12.0 it takes the next free number from 9501 on (D2).
const PORT_TABLE: [Row; 10] = [
    ("server", "Public HTTP", [(80, 80), (80, 80)]),
    ("server", "Public HTTPS", [(443, 443), (443, 443)]),
    ("server", "Back-end registration", [(9080, 9080), (9080, 9080)]),
    ("server", "Back-end communication", [(9443, 9443), (9443, 9443)]),
    ("node-manager", "Registration", [(9080, 9080), (9080, 9080)]),
    ("node-manager", "Communication", [(9443, 9443), (9443, 9443)]),
    ("web-player", "Web Player", [(9501, 9501), (9501, 9501)]),
    ("terr", "TERR", [(9502, 9502), (9501, 9501)]),
    ("server", "Clustering", [(5701, 5702), (5701, 5704)]),
    ("server", "JMX", [(1099, 1099), (1099, 1099)]),
];

/// The outbound page, with Kerberos over UDP by general practice.
const OUTBOUND: [(&str, Protocol, u16); 12] = [
    ("database", Protocol::Tcp, 1521),
    ("database", Protocol::Tcp, 1433),
    ("database", Protocol::Tcp, 5432),
    ("ldap", Protocol::Tcp, 389),
    ("ldap", Protocol::Tcp, 636),
    ("ldap", Protocol::Tcp, 3268),
    ("ldap", Protocol::Tcp, 3269),
    ("kdc", Protocol::Tcp, 88),
    ("kdc", Protocol::Udp, 88),
    ("oidc", Protocol::Tcp, 443),
    ("smtp", Protocol::Tcp, 587),
    ("load-balancer", Protocol::Tcp, 443),
];

#[test]
fn the_port_table_is_in_the_catalog_with_its_numbers_in_the_oldest_and_newest_release() {
    for (role, name, numbers) in PORT_TABLE {
        let listener = CATALOG.listeners_of(role).find(|listener| listener.name == name);
        let listener = listener.unwrap_or_else(|| panic!("{role} has no {name}"));
        for (release, (first, last)) in ["10.3", "14.8"].into_iter().zip(numbers) {
            let ports = listener.defaults(&CATALOG, release).unwrap_or_else(|| panic!("{name} is not in {release}"));
            assert_eq!((ports.first().number(), ports.last().number()), (first, last), "{name} in {release}");
        }
        assert_eq!(listener.protocol, Protocol::Tcp);
        // The columns of the table: function, who must reach it, how it is changed.
        let columns = [listener.purpose, listener.requirement, listener.change.place, listener.change.how];
        assert!(columns.iter().all(|column| !column.is_empty()), "{name} lacks a column");
        assert!(listener.sources.contains(&"S1"), "{name} does not name the table");
    }
}

#[test]
fn clustering_grows_from_two_ports_to_four() {
    let cluster = CATALOG.listeners_of("server").find(|listener| listener.name == "Clustering").unwrap();
    let count = |release| {
        let ports = cluster.defaults(&CATALOG, release).unwrap();
        ports.last().number() - ports.first().number() + 1
    };
    assert_eq!(["7.11", "10.3", "10.10", "12.0", "14.0", "14.8"].map(count), [1, 2, 3, 3, 4, 4]);
    assert!(cluster.same_everywhere, "one number for all servers");
}

#[test]
fn what_is_clear_text_by_design_is_not_called_encrypted() {
    for listener in &CATALOG.listeners {
        let clear = matches!(
            listener.name,
            "Public HTTP"
                | "HTTP"
                | "Back-end registration"
                | "Registration"
                | "LDAP"
                | "Global Catalog"
                | "JMX"
                | "JMX connector"
                | "JMX of Information Services"
                | "JMX of TERR"
                | "JMX of Python"
                | "JMX of R"
                | "JMX of Statistics Services"
                | "EMS"
                | "HAProxy agent check"
                | "HAProxy metrics"
                | "Shutdown"
                | "TERR engine range"
                | "Python engine range"
                | "DNS (UDP)"
                | "DNS (TCP)"
                | "Copilot"
                | "Agents"
                | "Forward"
                | "JSON"
                | "Metrics of the forwarder"
        );
        assert_eq!(listener.encryption == portcullis::catalog::Encryption::Clear, clear, "{}", listener.id);
    }
}

#[test]
fn the_outbound_page_is_in_the_catalog() {
    for (role, protocol, port) in OUTBOUND {
        let found = CATALOG.listeners_of(role).any(|listener| {
            let ports = listener.defaults(&CATALOG, CATALOG.newest()).expect("ports");
            (listener.protocol, ports.first().number(), ports.last().number()) == (protocol, port, port)
        });
        assert!(found, "{role} {protocol} {port}");
    }
}

#[test]
fn nobody_but_servers_balancers_and_monitors_opens_a_connection_to_a_server_or_node_that_the_table_does_not_name() {
    // Who may open what, by kind of both ends: clients never reach nodes, nodes never reach the database.
    let allowed = |from: Kind, to: Kind| match (from, to) {
        (Kind::Client, Kind::Server | Kind::FrontDoor | Kind::External | Kind::Data) => true,
        // One behind the other (ingress and balancer), and Statistics Services by AJP.
        (Kind::FrontDoor, Kind::Server | Kind::FrontDoor | Kind::Data) => true,
        (Kind::Server, to) => !matches!(to, Kind::Client | Kind::FrontDoor | Kind::Monitoring),
        (Kind::Node, Kind::Server | Kind::External) => true,
        // The balancer, where it passes Statistics Services on.
        (Kind::Service, Kind::Server | Kind::Service | Kind::External | Kind::Data | Kind::FrontDoor) => true,
        // Metrics, probes and JMX reach everything that has them; the configuration tool reaches the database.
        (Kind::Monitoring, to) => !matches!(to, Kind::Client | Kind::Directory | Kind::Monitoring),
        (Kind::External, Kind::External) => true,
        _ => false,
    };
    for row in &CATALOG.dependencies {
        let listener = CATALOG.listener(row.to).unwrap();
        let to = CATALOG.role(listener.role).unwrap().kind;
        for from in &row.from {
            // Administrators log on to the bastion (catalog-facts, `admin-remote`).
            if (*from, listener.role) == ("administrators", "bastion") {
                continue;
            }
            assert!(allowed(CATALOG.role(from).unwrap().kind, to), "{} opens {}", from, row.to);
        }
    }
}

#[test]
fn the_lowest_free_numbers_avoid_what_the_documents_say_to_avoid() {
    let alternate = |role, name| CATALOG.listeners_of(role).find(|listener| listener.name == name).unwrap().alternate;
    assert_eq!(alternate("node-manager", "Registration"), Some(9082), "9081 is the balancer's agent check");
    assert_eq!(alternate("node-manager", "Communication"), Some(9444));
}

//! The catalog's rows hang together: every reference resolves, every row has a source, nothing else than the format can be
//! read, and another product's catalog works as well. Knows no port number of the product; `vendor_table` does.

use std::collections::BTreeSet;
use std::fmt::Debug;

use portcullis::catalog::{Catalog, Condition, Kind, Scope, Work};
use portcullis::deployment::{Deployment, Edit, Edited};
use portcullis::dialect::{DIALECTS, Text};
use portcullis::net::{Addresses, Direction, System};
use serde_json::{Value, json};

use crate::scenarios::{self, CATALOG};

const SPOTFIRE: &str = include_str!("../../src/catalog/spotfire.json");
const LIGHTHOUSE: &str = include_str!("../tables/lighthouse.json");

fn unique<'a>(what: &str, ids: impl IntoIterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for id in ids {
        assert!(!id.is_empty() && seen.insert(id), "{what} {id} stands twice, or is empty");
    }
    assert!(!seen.is_empty(), "no {what}");
}

/// Demands that a row has sources and that they exist.
fn sourced(row: &dyn Debug, sources: &[&str]) {
    assert!(!sources.is_empty(), "no source: {row:?}");
    unique("source of a row", sources.iter().copied());
    assert!(sources.iter().all(|id| CATALOG.source(id).is_some()), "an unknown source: {row:?}");
}

/// Demands that what a condition names exists.
fn resolves(condition: &Condition) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            assert!(parts.len() > 1, "not worth a list: {condition:?}");
            parts.iter().for_each(resolves);
        }
        Condition::Not(part) => resolves(part),
        Condition::Role(role) => assert!(CATALOG.role(role).is_some(), "{condition:?}"),
        Condition::Machines(role, least) => assert!(CATALOG.role(role).is_some() && *least > 0, "{condition:?}"),
        Condition::Release(since, before) => {
            assert!(since.is_some() || before.is_some(), "{condition:?}");
            assert!([since, before].into_iter().flatten().all(|id| CATALOG.release(id).is_some()), "{condition:?}");
        }
        Condition::Answer(choice, answers) => {
            let choice = CATALOG.choice(choice).unwrap_or_else(|| panic!("{condition:?}"));
            assert!(!answers.is_empty() && answers.iter().all(|id| choice.answer(id).is_some()), "{condition:?}");
        }
    }
}

#[test]
fn identifiers_are_unique_in_their_table() {
    unique("release", CATALOG.releases.iter().map(|row| row.id));
    unique("source", CATALOG.sources.iter().map(|row| row.id));
    unique("disagreement", CATALOG.disagreements.iter().map(|row| row.id));
    unique("zone", CATALOG.zones.iter().map(|row| row.id));
    unique("choice", CATALOG.choices.iter().map(|row| row.id));
    unique("role", CATALOG.roles.iter().map(|row| row.id));
    unique("listener", CATALOG.listeners.iter().map(|row| row.id));
    unique("dependency", CATALOG.dependencies.iter().map(|row| row.id));
    unique("preset", CATALOG.presets.iter().map(|row| row.id));
    for choice in &CATALOG.choices {
        unique("answer", choice.answers.iter().map(|answer| answer.id));
    }
    for role in &CATALOG.roles {
        let names: Vec<&str> = CATALOG.listeners_of(role.id).map(|listener| listener.name).collect();
        assert_eq!(BTreeSet::from_iter(&names).len(), names.len(), "{} has a listener's name twice", role.id);
    }
    for preset in &CATALOG.presets {
        unique("group of a preset", preset.groups.iter().map(|group| group.name));
    }
}

#[test]
fn every_row_has_a_source_that_exists() {
    CATALOG.disagreements.iter().for_each(|row| sourced(row, &row.sources));
    CATALOG.choices.iter().for_each(|row| sourced(row, &row.sources));
    CATALOG.roles.iter().for_each(|row| sourced(row, &row.sources));
    CATALOG.listeners.iter().for_each(|row| sourced(row, &row.sources));
    CATALOG.dependencies.iter().for_each(|row| sourced(row, &row.sources));
    for facts in &CATALOG.systems {
        for range in facts.privileged.iter().chain([&facts.ephemeral]) {
            sourced(range, &range.sources);
            assert!(range.first < range.last && range.text.ends_with('.'), "{range:?}");
        }
    }
    for system in System::ALL {
        assert_eq!(CATALOG.systems.iter().filter(|facts| facts.system == system).count(), 1, "{system:?}");
    }
    for source in &CATALOG.sources {
        let link = source.url.starts_with("https://") || source.url.starts_with("http://");
        assert!(link && !source.title.is_empty() && !source.release.is_empty(), "{source:?}");
    }
}

#[test]
fn every_disagreement_is_named_by_a_row() {
    let listeners = CATALOG.listeners.iter().map(|row| row.disagreement);
    let rows = listeners.chain(CATALOG.dependencies.iter().map(|row| row.disagreement));
    let rows = rows.chain(CATALOG.choices.iter().map(|row| row.disagreement));
    let named: BTreeSet<&str> = rows.flatten().collect();
    let known: BTreeSet<&str> = CATALOG.disagreements.iter().map(|row| row.id).collect();
    assert_eq!(named, known);
}

#[test]
fn roles_resolve_and_services_have_one_listener_and_a_host() {
    for role in &CATALOG.roles {
        assert!(CATALOG.zone(role.zone).is_some(), "{role:?}");
        assert_eq!(role.hosted_on.is_some(), role.kind == Kind::Service, "{role:?}");
        assert!(!role.shares_port || role.kind == Kind::Service, "{role:?}");
        if let Some(host) = role.hosted_on {
            assert!(CATALOG.role(host).is_some_and(|host| host.kind == Kind::Node), "{role:?}");
            let of_instances = CATALOG.listeners_of(role.id).filter(|listener| CATALOG.per_instance(listener));
            assert_eq!(of_instances.count(), 1, "an instance has one port: {role:?}");
        }
        let opens = CATALOG.dependencies.iter().any(|row| row.from.contains(&role.id));
        assert!(opens || CATALOG.listeners_of(role.id).next().is_some(), "{} talks to nobody", role.id);
    }
}

#[test]
fn listeners_resolve_and_somebody_reaches_each() {
    for listener in &CATALOG.listeners {
        assert!(CATALOG.role(listener.role).is_some(), "{listener:?}");
        listener.when.iter().for_each(resolves);
        assert!(listener.disagreement.is_none_or(|id| CATALOG.disagreement(id).is_some()), "{listener:?}");
        let reached = CATALOG.dependencies.iter().any(|row| row.to == listener.id);
        assert_eq!(reached, !listener.local, "{}", listener.id);
        assert!(!listener.ports.is_empty() && listener.ports.iter().all(|row| row.count > 0), "{listener:?}");
        let age = |id: &str| CATALOG.releases.iter().position(|release| release.id == id);
        let since: Vec<_> = listener
            .ports
            .iter()
            .map(|row| (!row.since.is_empty()).then(|| age(row.since).expect(row.since)))
            .collect();
        assert!(
            since.is_sorted() && since.iter().collect::<BTreeSet<_>>().len() == since.len(),
            "{}: oldest first",
            listener.id
        );
        let newest = listener.defaults(&CATALOG, CATALOG.newest()).expect("a listener of the newest release");
        assert_ne!(listener.alternate, Some(newest.first().number()), "{listener:?}");
        assert!(!listener.fixed || listener.alternate.is_none(), "{listener:?}");
        let privileged = CATALOG.systems.iter().filter_map(|facts| facts.privileged.as_ref());
        let low = |port| privileged.clone().any(|reserved| reserved.range().contains(port));
        assert!(listener.unprivileged.is_none_or(|port| low(newest.first()) && !low(port)), "{listener:?}");
    }
}

/// Files, keys, commands, options and other names that catalog-facts 2 and 3 give, and what stands for a value of the user's:
/// written down by hand. (`{port}`, `{ports}` and `{tool}` are filled in.)
const VOCABULARY: &str = "
    server.xml tomcat/conf/server.xml tomcat/spotfire-bin tomcat/certs bootstrap.xml
    tomcat/webapps/spotfire/WEB-INF/bootstrap.xml nm/config/nodemanager.properties nm/config/default.conf
    Spotfire.Dxp.Automation.ClientJobSender.exe.config Spotfire.Dxp.Worker.Automation.config
    spotfire.dxp.automation.tasks/smtp mail.smtp.ssl.enable useTls
    connectorType connectorType=registration connectorType=backend SSLEnabled SSLEnabled=true port= proxyPort proxyPort=
    nodemanager.port nodemanager.cleartext.port nodemanager.supervisor nodemanager.supervisor.port
    nodemanager.supervisor.cleartext.port nodemanager.port={port} nodemanager.cleartext.port={port}
    nodemanager.supervisor.port={port} nodemanager.supervisor.cleartext.port={port}
    SERVER_FRONTEND_PORT={port} SERVER_BACKEND_REGISTRATION_PORT={port} SERVER_BACKEND_COMMUNICATION_PORT={port}
    NODEMANAGER_REGISTRATION_PORT={port} NODEMANAGER_COMMUNICATION_PORT={port} -s -r -b -m -c
    WEB_PLAYER AUTOMATION_SERVICES
    export-config import-config --comment= config-cluster --configuration=configuration.xml --port --port={port}
    config-jmx --enabled=true --registry-port --connector-port --registry-port={port} --connector-port={port}
    config-external-information-services-process set-public-address --url --url=http://{host}:{port}/
    --url=https://{host}:{port}/ update-bootstrap --database-url --database-url= update-ldap-config --servers --servers=
    --discover config-email-notification -Xmail.smtp.port -Xmail.smtp.port={port} config-action-log-database-logger
    jdbc:oracle:thin:@//{host}:{port}/SERVICE jdbc:postgresql://{host}:{port}/DB jdbc:sqlserver://{host}:{port} DatabaseName=DB
    ldap://{host}:{port} ldaps://{host}:{port} http://{host}:{port}/ https://{host}:{port}/
    http://{host}:{port}/spotfire/login.html https://{host}:{port}/spotfire/login.html
    --connector-port={port} config-external-scheduled-updates config-http-notification custom.properties set-service-config engine.port.min engine.port.range jmx.rmi.port jmx.rmi.host
    jmx.active TibcoSpotfireStatisticsServicesURLs Spotfire.Dxp.Worker.Host.exe.config PORT_SPSERVER PORT_SPSERVER={port}
    PORT_JMX PORT_JMX={port} StatisticsServices --id=ID --auth-type=TYPE --tls-enabled=true --server-url --ems-enabled=true --server-url=tcp://{host}:{port} --host
    --host=https://{host}:{port}/ defaultProxy log-forwarder.extraPorts -1 Side-cars log-forwarder
    {port} {ports} {tool} {port}} { 10.3 12.0 PostgreSQL sign-on sub-process";

/// Where a number is changed, as in the last column of the vendor's table and the tables of catalog-facts 2.
const PLACES: [&str; 25] = [
    "server.xml",
    "nm/config/nodemanager.properties",
    "Nodes & Services, Your network",
    "Configuration tool, Clustering",
    "config-jmx",
    "config-external-information-services-process",
    "the load balancer",
    "bootstrap.xml",
    "update-ldap-config",
    "server configuration",
    "config-email-notification",
    "nowhere",
    "config-cluster",
    "config-action-log-database-logger",
    "set-public-address",
    "custom.properties",
    "the installer of Statistics Services",
    "data source definition",
    "config-external-scheduled-updates",
    "config-http-notification",
    "Spotfire.Dxp.Worker.Host.exe.config",
    "the layer of the analysis",
    "Copilot",
    "the log-forwarder chart",
    "the operating system",
];

/// The words of a text that are names of the product's: with a sign or a capital within.
fn technical(text: &str) -> impl Iterator<Item = &str> {
    let words =
        text.split(|c: char| c.is_whitespace() || "(),;\"".contains(c)).map(|word| word.trim_matches(['.', ':']));
    let within = |word: &str| {
        word.chars().zip(word.chars().skip(1)).any(|(one, next)| one.is_lowercase() && next.is_uppercase())
    };
    words.filter(move |word| word.contains(['.', '/', '_', '=', '-', '{']) || within(word))
}

#[test]
fn every_port_that_can_be_changed_has_its_steps_and_they_say_only_what_the_facts_say() {
    let vocabulary: BTreeSet<&str> = VOCABULARY.split_whitespace().collect();
    for listener in &CATALOG.listeners {
        let change = &listener.change;
        assert!(PLACES.contains(&change.place), "{}: {}", listener.id, change.place);
        if listener.fixed {
            assert!(change.steps.is_empty() && change.sources.is_empty(), "{}", listener.id);
            continue;
        }
        sourced(change, &change.sources);
        for work in [Work::Edit, Work::Repeat, Work::Restart, Work::Check] {
            assert!(change.steps.iter().any(|step| step.work == work), "{} has no {}", listener.id, work.name());
        }
        let numbered = change.steps.iter().filter(|step| step.work == Work::Edit);
        assert!(
            numbered.clone().any(|step| format!("{}{}", step.text, step.lines).contains("{port}")),
            "{}",
            listener.id
        );
        for step in &change.steps {
            assert!(step.text.ends_with(['.', ':', ')']), "{}: {step:?}", listener.id);
            assert!(!step.text.ends_with(':') || !step.lines.is_empty(), "{step:?} announces nothing");
            assert!(step.on.is_none_or(|role| CATALOG.role(role).is_some()), "{step:?}");
            step.when.iter().for_each(resolves);
            for word in technical(step.text).chain(technical(&step.lines)) {
                assert!(vocabulary.contains(word), "{}: the facts know no {word}: {step:?}", listener.id);
            }
        }
        for word in technical(change.how) {
            assert!(vocabulary.contains(word), "{}: the facts know no {word}", listener.id);
        }
    }
    for system in System::ALL {
        assert_eq!(CATALOG.tools.iter().filter(|tool| tool.system == system).count(), 1, "{system:?}");
    }
}

#[test]
fn what_is_put_to_use_is_at_work_and_takes_nothing_else_away() {
    let at_work = |deployment: &Deployment| {
        let ids = CATALOG.listeners.iter().filter(|listener| deployment.in_use(&CATALOG, listener)).map(|row| row.id);
        ids.collect::<BTreeSet<_>>()
    };
    for scenario in scenarios::all() {
        for listener in &CATALOG.listeners {
            let mut next = scenario.deployment.clone();
            let edit = next.enabling(&CATALOG, listener);
            let edited = next.apply(&CATALOG, &edit);
            let before = at_work(&scenario.deployment);
            assert_eq!(edited == Edited::Unchanged, before.contains(listener.id), "{edit:?}");
            let after = at_work(&next);
            assert!(after.contains(listener.id), "{} of {} after {edit:?}", listener.id, scenario.name);
            // Where only one of several can be at work, the other goes: an engine, a protocol.
            let one_of_several = |id: &str| CATALOG.listener(id).is_some_and(|lost| lost.role == listener.role);
            for lost in before.difference(&after) {
                assert!(
                    one_of_several(lost) && !lost.starts_with("public") && !lost.starts_with("balancer"),
                    "{lost} after {edit:?}"
                );
            }
        }
    }
    let mut plain = Deployment::initial(&CATALOG);
    let jmx = CATALOG.listener("jmx").unwrap();
    assert_eq!(plain.enabling(&CATALOG, jmx), Edit::Switch("jmx-client", true));
    let edit = plain.enabling(&CATALOG, CATALOG.listener("ldap-plain").unwrap());
    assert_eq!(edit, Edit::Several(vec![Edit::Switch("ldap", true), Edit::Answer("directory", Some("ldap"))]));
    assert_eq!(plain.apply(&CATALOG, &edit), Edited::Changed);
}

#[test]
fn dependencies_choices_and_presets_resolve() {
    for row in &CATALOG.dependencies {
        assert!(CATALOG.listener(row.to).is_some(), "{row:?}");
        unique("opener", row.from.iter().copied());
        assert!(row.from.iter().all(|role| CATALOG.role(role).is_some()), "{row:?}");
        row.when.iter().for_each(resolves);
        assert!(row.disagreement.is_none_or(|id| CATALOG.disagreement(id).is_some()), "{row:?}");
        // Every firewall can say it as it is: what means something to a shell becomes a `_` there.
        assert!(!row.purpose.contains(['\'', '"', '\\', '$', '`']), "{}", row.purpose);
    }
    for choice in &CATALOG.choices {
        assert!(choice.answers.len() > 1 && choice.answer(choice.default).is_some(), "{choice:?}");
        unique("role of a choice", choice.roles.iter().copied());
        assert!(choice.roles.iter().all(|role| CATALOG.role(role).is_some()), "{choice:?}");
        assert!(choice.disagreement.is_none_or(|id| CATALOG.disagreement(id).is_some()), "{choice:?}");
        choice.when.iter().for_each(resolves);
        if choice.scope == Scope::Group {
            let service = |role: &&&str| CATALOG.role(role).is_some_and(|role| role.kind == Kind::Service);
            assert_eq!(choice.roles.iter().filter(service).count(), 0, "{choice:?}");
        }
    }
    for group in CATALOG.presets.iter().flat_map(|preset| &preset.groups) {
        unique("role of a group", group.roles.iter().copied());
        assert!(group.machines > 0, "{group:?}");
        let roles = group.roles.iter().map(|role| CATALOG.role(role).unwrap_or_else(|| panic!("{group:?}")));
        assert!(roles.into_iter().all(|role| role.kind != Kind::Service), "{group:?}");
        for service in &group.services {
            let host = CATALOG.role(service).and_then(|role| role.hosted_on);
            assert!(host.is_some_and(|host| group.roles.contains(&host)), "{group:?}");
        }
    }
}

#[test]
fn every_preset_becomes_the_groups_it_names() {
    for preset in &CATALOG.presets {
        let mut deployment = Deployment::initial(&CATALOG);
        assert!(!matches!(deployment.apply(&CATALOG, &Edit::Preset(preset.id)), Edited::Refused(_)), "{}", preset.id);
        let groups = deployment.groups.iter().map(|group| (group.name.as_str(), group.machines));
        assert!(groups.eq(preset.groups.iter().map(|group| (group.name, group.machines))), "{}", preset.id);
        assert!(deployment.groups.iter().all(|group| group.listens.list().is_empty()), "a preset has no addresses");
    }
}

#[test]
fn the_page_carries_the_facts_of_the_file_and_no_others() {
    let file = Catalog::parse(SPOTFIRE).unwrap();
    assert_eq!(format!("{:#?}", *CATALOG), format!("{file:#?}"));
}

/// Reads a changed copy of the catalog.
fn read(value: &Value) -> Result<Catalog, String> {
    Catalog::parse(value.to_string().leak()).map_err(|error| error.to_string())
}

/// Every object in a JSON value, by its pointer.
fn objects(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| objects(value, format!("{at}/{key}"), found));
            found.push(at);
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| objects(value, format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

#[test]
fn what_does_not_work_without_a_flow_goes_on_with_a_sentence() {
    let told: Vec<&str> = CATALOG.dependencies.iter().map(|row| row.without).filter(|told| !told.is_empty()).collect();
    assert!(told.len() > 25);
    for words in told {
        assert!(!words.ends_with('.') && !words.to_lowercase().contains("without"), "{words}");
        assert!(words.len() < 60, "{words} is long for a page that is short of room");
    }
}

#[test]
fn a_key_that_the_format_does_not_have_is_refused_in_every_row() {
    let whole: Value = serde_json::from_str(LIGHTHOUSE).unwrap();
    assert!(read(&whole).is_ok());
    let mut rows = Vec::new();
    objects(&whole, String::new(), &mut rows);
    assert!(rows.len() > 20);
    for row in rows {
        let mut changed = whole.clone();
        changed.pointer_mut(&row).unwrap()["surprise"] = json!(1);
        assert!(read(&changed).is_err(), "{row} takes a key that is not in the format");
    }
}

#[test]
fn a_row_without_its_sources_or_with_port_0_is_refused() {
    let whole: Value = serde_json::from_str(SPOTFIRE).unwrap();
    for table in ["roles", "listeners", "dependencies", "choices", "disagreements"] {
        let mut changed = whole.clone();
        changed[table][0].as_object_mut().unwrap().remove("sources");
        assert!(read(&changed).is_err(), "{table}");
    }
    for port in [json!(0), json!(65536), json!("80"), json!(-1)] {
        let mut changed = whole.clone();
        changed["listeners"][0]["ports"][0]["first"] = port.clone();
        assert!(read(&changed).is_err(), "{port}");
    }
}

#[test]
fn another_products_catalog_yields_flows_and_snippets() {
    let catalog = Catalog::parse(LIGHTHOUSE).unwrap();
    let mut deployment = Deployment::initial(&catalog);
    let rock = deployment.groups[1].id;
    deployment.apply(&catalog, &Edit::Machines(rock, 2));
    deployment.apply(&catalog, &Edit::Listens(rock, Addresses::parse("192.0.2.1 192.0.2.2").0));
    let found = |deployment: &Deployment| {
        let flows = portcullis::flow::flows(&catalog, deployment);
        flows.iter().map(portcullis::flow::Flow::key).collect::<Vec<_>>()
    };
    // The second release lets both horns sound on one number; the lantern's three ports follow it too.
    assert_eq!(found(&deployment), ["g1-g2-udp-800-802", "g1-g2-tcp-900", "g2-g2-udp-800-802"]);
    deployment.apply(&catalog, &Edit::Answer("fog", Some("thin")));
    deployment.apply(&catalog, &Edit::Release("1"));
    deployment.apply(&catalog, &Edit::Machines(rock, 1));
    assert_eq!(found(&deployment), ["g1-g2-udp-700-701"]);

    let flows = portcullis::flow::flows(&catalog, &deployment);
    let point = portcullis::rule::Enforcement::Host(rock.0);
    let ruleset = portcullis::enforce::rules(&catalog, &deployment, &flows, point);
    for dialect in DIALECTS {
        let plan = portcullis::dialect::plan(dialect, &ruleset, &Direction::ALL, &deployment.settings);
        assert!((dialect.print)(&plan, Text::Apply).contains("700-701"), "{}", dialect.id);
    }
}

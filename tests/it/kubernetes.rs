//! The texts for Kubernetes through what others have written: the schemas of Kubernetes (kubernetes-validate), and a real
//! reader of YAML, which also sees what the schemas leave open (kubernetes.py). Never asks a cluster.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::cloud::PEERS;
use portcullis::dialect::{Dialect, Text};
use portcullis::flow::flows;
use portcullis::net::{Addresses, Direction, Protocol};
use portcullis::pack;

use crate::allowed::{Allowed, span};
use crate::cloud_checks::{Folder, programs};
use crate::printing::{COVERS, named, planned, print};
use crate::scenarios::{self, CATALOG, apply, group};

fn dialect() -> &'static Dialect {
    named("kubernetes")
}

/// What a command says of texts, each in a file that is called by its place.
fn said(name: &str, mut command: Command, texts: &[String]) -> (bool, String) {
    let folder = Folder::new(&format!("kubernetes-{name}"));
    command.args(texts.iter().enumerate().map(|(at, text)| folder.write(&format!("{at}.yaml"), text)));
    let output = command.output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// What kubernetes-validate says of texts.
fn validated(programs: &Path, name: &str, texts: &[String]) -> (bool, String) {
    let mut command = Command::new(programs.join("kubernetes-validate"));
    command.args(["--strict", "--quiet"]);
    said(name, command, texts)
}

/// What the reader of YAML says of each text: what is wrong, or what passes and how much is held back.
fn read(programs: &Path, name: &str, texts: &[String]) -> Vec<Result<(Allowed, usize), String>> {
    let mut python = Command::new(programs.join("python"));
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/kubernetes.py"));
    let (success, said) = said(name, python, texts);
    assert!(success, "{said}");
    let mut lines: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for line in said.lines() {
        let (file, rest) = line.split_once(".yaml ").expect("a path");
        let at = file.rsplit('/').next().expect("a name").parse().expect("a number");
        lines.entry(at).or_default().push(rest);
    }
    let one = |at: usize| {
        let mut read = (Allowed::default(), 0);
        for line in lines.get(&at).expect("something is said of each") {
            if let Some(why) = line.strip_prefix("WRONG ") {
                return Err(why.to_owned());
            }
            if let Some(held) = line.strip_prefix("held ") {
                read.1 += held.parse::<usize>().expect("a number");
                continue;
            }
            let words: Vec<&str> = line.split(' ').collect();
            let [way, protocol, first, last, peer] = words[..] else { panic!("{line}") };
            let direction = if way == "ingress" { Direction::Ingress } else { Direction::Egress };
            let protocol = if protocol == "TCP" { Protocol::Tcp } else { Protocol::Udp };
            let port = |text: &str| text.parse().expect("a port");
            let gate = (direction, protocol, port(first), port(last));
            match peer {
                "0.0.0.0/0" | "::/0" | "pods" => read.0.admit_everyone(gate),
                peer => match peer.strip_prefix('g') {
                    Some(group) => read.0.admit_group(gate, group.parse().expect("a number")),
                    None => {
                        let whole = peer.strip_suffix("/32").filter(|host| !host.contains(':'));
                        let place = whole.or(peer.strip_suffix("/128")).unwrap_or(peer);
                        read.0.admit(gate, span(place).expect("a network"));
                    }
                },
            }
        }
        Ok(read)
    };
    (0..texts.len()).map(one).collect()
}

/// The deployments whose texts are checked: all scenarios, by groups and by addresses, with everyone, ranges and no rules.
fn deployments() -> Vec<Deployment> {
    let mut all: Vec<Deployment> = scenarios::all().into_iter().map(|scenario| scenario.deployment).collect();
    let mut places = scenarios::default();
    for (name, addresses) in [
        ("Web clients", "any"),
        ("Node", "192.0.2.65-192.0.2.68 2001:db8::4:0/112"),
        ("Analyst clients", "198.51.101.7"),
    ] {
        let (id, (addresses, _)) = (group(&places, name).id, Addresses::parse(addresses));
        let addresses = if name == "Web clients" { Addresses::Any } else { addresses };
        apply(&mut places, Edit::Listens(id, addresses));
    }
    // YAML reads these as something else where they are not in quotes.
    apply(&mut places, Edit::Setting(dialect().key(&dialect().fields[1]), "1e5".to_owned()));
    all.push(places);
    let by_addresses = all.iter().cloned().map(|mut deployment| {
        apply(&mut deployment, Edit::Setting(dialect().key(&PEERS), "addresses".to_owned()));
        deployment
    });
    let by_addresses: Vec<Deployment> = by_addresses.collect();
    all.into_iter().chain(by_addresses).collect()
}

#[test]
fn kubernetes_takes_every_text_and_reads_in_it_what_was_planned() {
    let Some(programs) = programs() else { return };
    let (mut texts, mut wanted) = (Vec::new(), Vec::new());
    for deployment in deployments() {
        for (id, cover) in deployment.groups.iter().flat_map(|group| COVERS.map(|cover| (group.id, cover))) {
            let snippet = print(dialect(), &deployment, id, cover, Text::Apply);
            texts.push(snippet.text);
            wanted.push((planned(dialect(), &deployment, id, cover), !snippet.held.is_empty()));
        }
    }
    assert!(texts.iter().any(|text| text.contains("endPort")) && wanted.iter().any(|(_, held)| *held));
    assert!(texts.iter().any(|text| text.contains("ingress: []")) && texts.iter().any(|text| text.contains("::/0")));
    for (at, read) in read(&programs, "texts", &texts).into_iter().enumerate() {
        let (allowed, held) = read.unwrap_or_else(|why| panic!("{why}\n{}", texts[at]));
        assert_eq!((allowed, held > 0), wanted[at], "{}", texts[at]);
    }
    let (success, said) = validated(&programs, "schema", &texts);
    // Of a kind without a schema it only says that it does not know it.
    assert!(success && !said.contains("WARN"), "{said}");
    let _ = writeln!(std::io::stderr(), "\nkubernetes: {} texts taken and read", texts.len());
}

/// Ways to break a text, each of which somebody must refuse: all of them the reader, these also the schema.
const BROKEN: [(&str, &str, bool); 22] = [
    ("port: 443}", "port: 95010}", false),
    ("port: 443}", "port: 443, endPort: 442}", false),
    ("port: 443}", "port: 443, endPort: 443}", false),
    ("port: 443}", "port: \"443\"}", false),
    ("protocol: TCP, port: 443", "protocol: tcp, port: 443", false),
    ("protocol: TCP, port: 443", "port: 443", false),
    ("      ports:\n        - {protocol: TCP, port: 443}\n", "", false),
    ("ports:\n        - {protocol: TCP, port: 443}\n", "ports: []\n", false),
    ("- from: # g1-g3-tcp-443\n", "- from: []\n      more:\n", true),
    ("cidr: \"192.0.2.17/32\"", "cidr: \"192.0.2.17/33\"", false),
    ("/32\"}", "\"}", false),
    ("/32\"}", "/24\"}", false),
    ("ipBlock: {cidr: ", "ipBlock: {CIDR: ", true),
    ("ipBlock: {cidr: ", "ipBlocks: {cidr: ", true),
    ("  name: portcullis-g3-ingress", "  name: Portcullis_g3", false),
    ("  name: portcullis-g3-ingress", "  name: portcullis-g4-ingress", false),
    ("namespace: \"spotfire\"", "namespace: \"Spotfire\"", false),
    ("namespace: \"spotfire\"", "namespace: 123", true),
    ("      portcullis/group: g3\n", "      portcullis/group: g3\n      portcullis/group: g3\n", false),
    ("    - Ingress\n", "    - Ingress\n    - Egress\n", false),
    ("{k8s-app: kube-dns", "{k8s-app: any", false),
    ("kind: NetworkPolicy", "kind: NetworkPolicies", false),
];

#[test]
fn a_broken_text_is_refused() {
    let Some(programs) = programs() else { return };
    let deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    let text = print(dialect(), &deployment, server, &Direction::ALL, Text::Apply).text;
    let broken: Vec<String> = BROKEN.map(|(whole, broken, _)| text.replacen(whole, broken, 1)).into();
    for ((whole, ..), broken) in BROKEN.iter().zip(&broken) {
        assert_ne!(*broken, text, "nothing matches {whole} any more");
    }
    for ((whole, broken, _), read) in BROKEN.iter().zip(read(&programs, "broken", &broken)) {
        assert!(read.is_err(), "{broken} in place of {whole} is read as {read:?}");
    }
    for ((whole, text, by_schema), broken) in BROKEN.iter().zip(&broken) {
        if *by_schema {
            let (success, said) = validated(&programs, "one", std::slice::from_ref(broken));
            assert!(!success, "{text} in place of {whole}: {said}");
        }
    }
}

#[test]
fn what_is_closed_or_left_to_the_cluster_is_said() {
    let deployment = scenarios::default();
    let text = |name: &str, cover| print(dialect(), &deployment, group(&deployment, name).id, cover, Text::Apply);
    // The database opens nothing, and clients take nothing in.
    let clients = text("Web clients", COVERS[1]);
    assert!(clients.text.contains("\n  ingress: [] # Nothing passes.\n"), "{}", clients.text);
    assert!(
        clients.notes.iter().any(|note| note.starts_with("There is no ingress rule: this policy lets nothing in."))
    );
    let id = group(&deployment, "Web clients").id;
    let mut chosen = deployment.clone();
    apply(&mut chosen, Edit::Firewall(id, dialect().id.to_owned()));
    let found = pack::findings(&CATALOG, &chosen, &flows(&CATALOG, &chosen));
    let found: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(found, ["Look at the rules of Web clients before you apply them."]);
    let both = text("Spotfire Server", COVERS[0]);
    assert_eq!(both.notes, Vec::<String>::new());
    assert_eq!(both.text.matches("k8s-app: kube-dns}").count(), 1, "DNS is let out, and not in");
    let ingress = text("Spotfire Server", COVERS[1]);
    assert!(!ingress.text.contains("kube-dns}") && !ingress.text.contains("kind: Egress"));
    // Nothing of a text that holds something back may be applied.
    let mut missing = deployments().pop().expect("the last one goes by addresses");
    for id in missing.groups.iter().map(|group| group.id).collect::<Vec<_>>() {
        apply(&mut missing, Edit::Listens(id, Addresses::Missing));
    }
    let held = print(dialect(), &missing, group(&missing, "Spotfire Server").id, COVERS[0], Text::Apply);
    let policies: Vec<&str> = held.text.split("\n---\n").collect();
    assert!(
        policies.len() == 2
            && !held.held.is_empty()
            && policies.iter().all(|policy| policy.contains("\n    - \"Held back: "))
    );
}

#[test]
fn a_namespace_is_a_name_or_the_usual_one() {
    for text in ["spotfire", "a", "1e5", "team-7"] {
        assert_eq!((dialect().fields[1].check)(text), Ok(()), "{text}");
    }
    let long = "a".repeat(64);
    for text in ["", "-a", "a-", "A", "a.b", "a b", "ä", "a\"", "a\nb", long.as_str()] {
        assert!((dialect().fields[1].check)(text).is_err(), "{text}");
    }
    let mut deployment = scenarios::default();
    deployment.apply(&CATALOG, &Edit::Setting(dialect().key(&dialect().fields[1]), "a\"\nb".to_owned()));
    let server = group(&deployment, "Spotfire Server").id;
    let snippet = print(dialect(), &deployment, server, &Direction::ALL, Text::Apply);
    assert!(snippet.text.contains("\n  namespace: \"spotfire\"\n") && snippet.notes.len() == 1, "{:?}", snippet.notes);
}

#[test]
fn a_label_means_only_groups_that_have_policies_too() {
    let (_, mut deployment) = scenarios::presets().find(|(preset, _)| *preset == "kubernetes").expect("a preset");
    let [pods, database] = ["Server pods", "Spotfire database"].map(|name| group(&deployment, name).id);
    apply(&mut deployment, Edit::Listens(database, Addresses::parse("192.0.2.40").0));
    let text = |deployment: &Deployment| print(dialect(), deployment, pods, COVERS[0], Text::Apply).text;
    let by_label = format!("portcullis/group: g{}", database.0);
    let outside = text(&deployment);
    assert!(outside.contains("192.0.2.40/32") && !outside.contains(&by_label), "{outside}");
    apply(&mut deployment, Edit::Firewall(database, dialect().id.to_owned()));
    let inside = text(&deployment);
    assert!(!inside.contains("192.0.2.40") && inside.contains(&by_label), "{inside}");
}

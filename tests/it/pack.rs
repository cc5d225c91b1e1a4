//! The archive of all machines: what is in it, and that real programs can open it. Never looks at what the texts say.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use portcullis::check;
use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::dialect;
use portcullis::flow::{Flow, flows};
use portcullis::net::{Addresses, Direction, Policy, System, Ways};
use portcullis::pack::{self, File};
use portcullis::snippet::Context;

use crate::scenarios::{self, CATALOG, apply, group};

fn files(deployment: &Deployment) -> Vec<File> {
    let context =
        Context { product: CATALOG.product, release: deployment.release, catalog: CATALOG.version, fragment: "" };
    pack::files(&CATALOG, deployment, &flows(&CATALOG, deployment), Some(Ways::Both), &context).expect("read back")
}

fn paths(files: &[File]) -> Vec<&str> {
    files.iter().map(|(path, _)| path.as_str()).collect()
}

/// A cloud's group without rules for outgoing traffic may let nothing out: unless it is asked for, no text is of one side alone.
#[test]
fn each_text_has_the_usual_directions_of_its_own_group() {
    let mut deployment = scenarios::default();
    let (server, node) = (group(&deployment, "Spotfire Server").id, group(&deployment, "Node").id);
    apply(&mut deployment, Edit::Firewall(server, "aws-terraform".to_owned()));
    apply(&mut deployment, Edit::Firewall(node, "powershell".to_owned()));
    let context =
        Context { product: CATALOG.product, release: deployment.release, catalog: CATALOG.version, fragment: "" };
    let flows = flows(&CATALOG, &deployment);
    let text = |ways, end: &str| {
        let files = pack::files(&CATALOG, &deployment, &flows, ways, &context).expect("read back");
        let found = files.into_iter().find(|(path, _)| path.starts_with("2-apply/") && path.ends_with(end));
        found.unwrap_or_else(|| panic!("no {end}")).1
    };
    for (end, usual) in [(".tf", "ingress and egress"), (".ps1", "ingress only")] {
        assert!(text(None, end).contains(usual), "{end}");
        assert!(text(Some(Ways::In), end).contains("ingress only"), "{end}");
    }
}

#[test]
fn every_managed_group_has_each_of_its_texts_once_and_the_readme_names_it() {
    for scenario in scenarios::all() {
        let mut deployment = scenario.deployment;
        let managed = pack::managed(&CATALOG, &deployment);
        assert!(!managed.is_empty());
        for id in &managed {
            deployment.apply(&CATALOG, &Edit::Policy(*id, Policy::WholeHost));
        }
        let files = files(&deployment);
        let once: BTreeSet<&str> = paths(&files).into_iter().collect();
        assert_eq!(once.len(), files.len(), "a file twice: {:?}", paths(&files));
        let expected: usize = managed
            .iter()
            .filter_map(|id| deployment.group(*id))
            .map(|group| if group.system == System::Linux { 5 } else { 4 })
            .sum();
        let texts = files.iter().filter(|(path, _)| path.starts_with(|c: char| c.is_ascii_digit())).count();
        assert_eq!(texts, expected);
        assert_eq!(files[0].0, "README.txt");
        for group in managed.iter().filter_map(|id| deployment.group(*id)) {
            let name = portcullis::dialect::plain(&group.name);
            assert!(files[0].1.contains(&format!("- {name}: ")), "{name} in\n{}", files[0].1);
        }
    }
}

#[test]
fn groups_of_one_name_do_not_overwrite_each_other() {
    let mut deployment = scenarios::default();
    let node = group(&deployment, "Node").id;
    apply(&mut deployment, Edit::System(node, System::Linux));
    apply(&mut deployment, Edit::Rename(node, "Spotfire  SERVER?".to_owned()));
    let files = files(&deployment);
    for path in ["2-apply/spotfire-spotfire-server.sh", "2-apply/spotfire-spotfire-server-4.sh"] {
        assert_eq!(paths(&files).iter().filter(|other| **other == path).count(), 1, "{path}: {:?}", paths(&files));
    }
}

#[test]
fn what_is_held_back_is_said_in_the_readme() {
    let readme = &files(&scenarios::missing())[0].1;
    assert!(readme.contains("Held back: Node has no address.\r\n"), "{readme}");
    assert!(!readme.replace("\r\n", "").contains('\n'), "line ends of two kinds");
}

/// Two programs that are not ours read the archive back, byte for byte.
#[test]
fn real_programs_open_the_archive() {
    let files = files(&scenarios::cluster());
    let archive = pack::archive(&files);
    assert_eq!(archive, pack::archive(&files));
    let folder = std::env::temp_dir().join(format!("portcullis-it-{}-zip", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder of our own");
    let path = folder.join("all.zip");
    fs::write(&path, &archive).expect("a folder of our own");
    let script = "import sys, zipfile\n\
        z = zipfile.ZipFile(sys.argv[1])\n\
        assert z.testzip() is None\n\
        z.extractall(sys.argv[2] + '/python')";
    let arguments = ["-c", script, path.to_str().expect("plain"), folder.to_str().expect("plain")];
    let python = Command::new("python3").args(arguments).status();
    let unzip = Command::new("unzip").arg("-q").arg(&path).arg("-d").arg(folder.join("unzip")).status();
    let mut opened = 0;
    for (name, status) in [("python", python), ("unzip", unzip)] {
        let Ok(status) = status else { continue };
        assert!(status.success(), "{name}");
        opened += 1;
        for (path, text) in &files {
            let read = fs::read_to_string(folder.join(name).join(path));
            assert_eq!(read.ok().as_ref(), Some(text), "{name}: {path}");
        }
    }
    let _ = fs::remove_dir_all(folder);
    assert!(opened > 0 || std::env::var("CI").is_err(), "neither python3 nor unzip is here");
}

#[test]
fn too_many_rules_for_a_cloud_are_found_before_it_refuses_them() {
    let mut deployment = scenarios::default();
    let found = |deployment: &Deployment| {
        let findings = pack::findings(&CATALOG, deployment, &flows(&CATALOG, deployment));
        findings.into_iter().map(|finding| finding.reason).collect::<Vec<_>>()
    };
    let (server, clients) = (group(&deployment, "Spotfire Server").id, group(&deployment, "Web clients").id);
    apply(&mut deployment, Edit::Firewall(server, "aws-terraform".to_owned()));
    let listens = |count: u32| {
        let list: Vec<String> = (0..count).map(|at| format!("198.51.100.{}", 2 * at)).collect();
        Edit::Listens(clients, Addresses::parse(&list.join(" ")).0)
    };
    // Beside them stand the other clients, and the node with two references.
    apply(&mut deployment, listens(57));
    assert_eq!(found(&deployment), [""; 0]);
    apply(&mut deployment, listens(58));
    let said = found(&deployment);
    assert!(
        said.len() == 1 && said[0].starts_with("61 ingress rules for IPv4, and a security group takes 60"),
        "{said:?}"
    );
    let text = crate::printing::print(
        crate::printing::named("aws-terraform"),
        &deployment,
        server,
        &Direction::ALL,
        portcullis::dialect::Text::Apply,
    );
    assert!(
        text.notes.contains(&said[0]) && text.text.contains("# Note: 61 ingress rules for IPv4"),
        "{:?}",
        text.notes
    );
    apply(&mut deployment, Edit::Firewall(server, "nftables".to_owned()));
    assert_eq!(found(&deployment), [""; 0]);
}

#[test]
fn a_cloud_knows_nothing_of_administrators_and_whole_policies() {
    let mut deployment = scenarios::default();
    let server = group(&deployment, "Spotfire Server").id;
    apply(&mut deployment, Edit::Firewall(server, "aws-cli".to_owned()));
    apply(&mut deployment, Edit::Policy(server, Policy::WholeHost));
    let findings = pack::findings(&CATALOG, &deployment, &flows(&CATALOG, &deployment));
    assert!(findings.is_empty(), "{findings:?}");
    let whole = files(&deployment);
    apply(&mut deployment, Edit::Policy(server, Policy::Additive));
    assert_eq!(whole, files(&deployment));
    assert_eq!(
        paths(&whole).iter().filter(|path| path.ends_with("spotfire-server.sh")).count(),
        3,
        "{:?}",
        paths(&whole)
    );
    // Nobody has typed an address: what is referred to needs none.
    let missing = files(&{
        let mut missing = scenarios::missing();
        let server = group(&missing, "Spotfire Server").id;
        apply(&mut missing, Edit::Firewall(server, "aws-cli".to_owned()));
        missing
    });
    let text = &missing.iter().find(|(path, _)| path == "2-apply/spotfire-spotfire-server.sh").expect("its text").1;
    assert!(text.contains("9 flows: 9 written, 0 held back") && text.contains("look_up g4 "), "{text}");
}

#[test]
fn an_address_that_every_firewall_gets_by_reference_is_not_missing() {
    let mut deployment = scenarios::missing();
    let missing = |deployment: &Deployment| {
        let refers = |flow: &Flow, direction| pack::refers(&CATALOG, deployment, flow, direction);
        let found = check::findings_where(&CATALOG, deployment, &flows(&CATALOG, deployment), &refers);
        let about = found.into_iter().filter(|finding| finding.message.contains("has no address"));
        about.map(|finding| (finding.message, finding.reason)).collect::<Vec<_>>()
    };
    let names = |deployment: &Deployment| missing(deployment).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let [server, node, database] =
        ["Spotfire Server", "Node", "Spotfire database"].map(|name| format!("{name} has no address."));
    assert_eq!(names(&deployment), [server.clone(), node.clone(), database.clone()]);
    // Around the server there is a cloud: its own rules need nobody's address, while those of the others need the server's.
    let put = |deployment: &mut Deployment, name, firewall: &str| {
        let id = group(deployment, name).id;
        apply(deployment, Edit::Firewall(id, firewall.to_owned()));
    };
    put(&mut deployment, "Spotfire Server", "aws-terraform");
    let said = missing(&deployment);
    assert_eq!(names(&deployment), std::slice::from_ref(&server));
    let needed = flows(&CATALOG, &deployment);
    let server_id = group(&deployment, "Spotfire Server").id;
    let held = needed.iter().filter(|flow| [flow.initiator, flow.responder].contains(&server_id)).count();
    assert!(said[0].1.starts_with(&format!("The rules of {held} flows")), "{said:?}");
    for name in ["Node", "Spotfire database", "Web clients", "Analyst clients"] {
        put(&mut deployment, name, "aws-terraform");
    }
    assert_eq!(names(&deployment), [""; 0]);
    // By addresses, all of them are needed again.
    apply(&mut deployment, Edit::Setting("aws-terraform.peers".to_owned(), "addresses".to_owned()));
    assert_eq!(names(&deployment), [server, node, database]);
}

#[test]
fn what_stands_between_a_group_and_its_text_is_found() {
    let mut deployment = scenarios::default();
    let found = |deployment: &Deployment| {
        let findings = pack::findings(&CATALOG, deployment, &flows(&CATALOG, deployment));
        findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
    };
    assert_eq!(found(&deployment), [""; 0]);
    let (server, node) = (group(&deployment, "Spotfire Server").id, group(&deployment, "Node").id);
    apply(&mut deployment, Edit::Firewall(node, "nftables".to_owned()));
    assert_eq!(found(&deployment), ["nftables does not belong on Node."]);
    let unsuited = pack::findings(&CATALOG, &deployment, &flows(&CATALOG, &deployment)).remove(0);
    let [system, firewall] = &unsuited.fixes[..] else { panic!("{unsuited:?}") };
    assert_eq!([&system.label, &firewall.label], ["It runs Linux", "Use PowerShell"]);
    let mut other = deployment.clone();
    apply(&mut other, firewall.edit.clone());
    assert_eq!(found(&other), [""; 0]);
    apply(&mut deployment, system.edit.clone());
    apply(&mut deployment, Edit::Policy(server, Policy::WholeHost));
    assert_eq!(found(&deployment), ["Nobody could manage Spotfire Server any more."]);
    apply(&mut deployment, Edit::Management(Addresses::parse("192.0.2.200").0));
    apply(&mut deployment, Edit::DropOutgoing(true));
    for service in ["dns", "ntp", "domain"] {
        apply(&mut deployment, Edit::Relies(service, false));
    }
    assert_eq!(found(&deployment), ["Update servers have no address."]);
    apply(&mut deployment, Edit::Base("updates", Addresses::parse("192.0.2.201").0));
    assert_eq!(found(&deployment), [""; 0]);
    apply(&mut deployment, Edit::Listens(node, Addresses::parse("node.example.test").0));
    assert_eq!(found(&deployment), ["Node has only names, and nftables needs addresses."]);
}

#[test]
fn a_preset_of_a_cloud_comes_with_its_firewall_and_asks_only_for_addresses_that_nothing_refers_to() {
    let about = |id| {
        let (_, deployment) = scenarios::presets().find(|(preset, _)| *preset == id).expect("a preset");
        let found = pack::noticed(&CATALOG, &deployment, &flows(&CATALOG, &deployment));
        let found = found.into_iter().filter(|finding| finding.message.contains("has no address"));
        found.map(|finding| finding.message).collect::<Vec<_>>()
    };
    assert_eq!(about("aws"), ["Administrators has no address."]);
    // Its database may be outside of the cluster: no label means it, and whoever lets pods in there needs their addresses.
    let needed = ["Ingress controller", "kubelet", "Server pods", "Configuration job", "Spotfire database"];
    assert_eq!(about("kubernetes"), needed.map(|it| format!("{it} has no address.")));
    for group in CATALOG.presets.iter().flat_map(|preset| &preset.groups) {
        assert!(group.firewall.is_none_or(|id| dialect(id).is_some()), "{group:?}");
    }
}

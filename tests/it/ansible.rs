//! The playbook of the archive, as Ansible itself takes it: its syntax, and which file it has run where, with names that no
//! YAML is safe from. Runs nothing; `tests/packets/ansible.rs` does.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use portcullis::deployment::{Deployment, Edit};
use portcullis::dialect::{DIALECTS, Dialect, Place, Text, plain};
use portcullis::flow::flows;
use portcullis::net::{Direction, Policy, System, Ways};
use portcullis::pack::{self, File};
use portcullis::snippet::Context;

use crate::injection::HOSTILE;
use crate::powershell_text;
use crate::printing::print;
use crate::scenarios::{self, CATALOG, apply, group};

/// Ansible's program; where it is missing, nothing is asked, which in CI is a failure.
fn program() -> Option<PathBuf> {
    match std::env::var_os("PORTCULLIS_ANSIBLE").map(PathBuf::from).filter(|path| path.is_file()) {
        Some(path) => Some(path),
        None if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("PORTCULLIS_ANSIBLE names no program"),
        None => {
            let _ = writeln!(std::io::stderr(), "\nNOT RUN, no Ansible (cargo xtask test installs it)");
            None
        }
    }
}

/// A folder that goes when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("portcullis-ansible-{}-{name}", std::process::id())))
    }

    /// Unpacks an archive; the path of its playbook.
    fn unpack(&self, name: &str, files: &[File]) -> PathBuf {
        for (path, text) in files {
            let path = self.0.join(name).join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a temporary folder");
            fs::write(path, text).expect("a temporary file");
        }
        self.0.join(name).join("portcullis.yml")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn files(deployment: &Deployment) -> Vec<File> {
    // As `printing` has it.
    let context = Context {
        product: CATALOG.product,
        release: deployment.release,
        catalog: CATALOG.version,
        fragment: "#1.p=example",
    };
    pack::files(&CATALOG, deployment, &flows(&CATALOG, deployment), Some(Ways::Both), &context).expect("read back")
}

/// The dialects of hosts, each with its system.
fn hosts() -> Vec<(&'static Dialect, System)> {
    let host = |dialect: &'static Dialect| match dialect.place {
        Place::Host(system) => Some((dialect, system)),
        Place::Cloud | Place::Cluster => None,
    };
    DIALECTS.into_iter().filter_map(host).collect()
}

/// Deployments in which every dialect of a host speaks for every group, added and whole, and one with hostile names.
fn deployments() -> Vec<(String, Deployment)> {
    let mut all = Vec::new();
    for scenario in scenarios::all() {
        for (at, (dialect, system)) in hosts().into_iter().enumerate() {
            let mut deployment = scenario.deployment.clone();
            for id in pack::managed(&CATALOG, &deployment) {
                deployment.apply(&CATALOG, &Edit::System(id, system));
                deployment.apply(&CATALOG, &Edit::Firewall(id, dialect.id.to_owned()));
                if at % 2 == all.len() / hosts().len() % 2 {
                    deployment.apply(&CATALOG, &Edit::Policy(id, Policy::WholeHost));
                }
            }
            all.push((format!("{}-{}", scenario.name, dialect.id), deployment));
        }
    }
    let mut hostile = scenarios::cluster();
    let names =
        ["{{ 7*7 }}", "{% raw %}", "a\": !unsafe b", "# not a comment", "x\n  hosts: all", "- name: \\u0041", "{{"];
    let groups = pack::managed(&CATALOG, &hostile);
    let names: Vec<&str> = names.into_iter().chain(HOSTILE).collect();
    for (at, names) in names.chunks(groups.len()).enumerate() {
        for (id, name) in groups.iter().zip(names) {
            hostile.apply(&CATALOG, &Edit::Rename(*id, (*name).to_owned()));
        }
        all.push((format!("hostile-{at}"), hostile.clone()));
    }
    all
}

fn syntax_check(program: &Path, playbooks: &[PathBuf]) -> Output {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C.UTF-8").arg("--syntax-check").args(playbooks).output().expect("Ansible runs")
}

/// Prints what a reader of YAML that is not ours finds in playbooks: a line for each play, and how many tasks there are.
const READ: &str = "import sys, yaml
for path in sys.argv[1:]:
    for play in yaml.safe_load(open(path, encoding='utf-8')):
        own = play['vars']['portcullis']
        row = [path, play['name'], play['hosts'], own['text'], own['apply'], own['look']]
        row += [own.get('shell', '-'), own.get('confirm', '-'), str(play['become'])]
        row += [play['tasks'][0]['ansible.builtin.import_tasks']]
        assert set(play) == {'name', 'hosts', 'gather_facts', 'become', 'serial', 'vars', 'tasks'}, play
        assert len(play['tasks']) == 1 and len(play['vars']) == 3, play
        print('\\t'.join(row))";

#[test]
fn ansible_takes_every_playbook_and_it_names_the_files_that_were_read_back() {
    let Some(program) = program() else { return };
    let folder = Folder::new("syntax");
    let deployments = deployments();
    let unpacked = deployments.iter().map(|(name, deployment)| folder.unpack(name, &files(deployment)));
    let playbooks: Vec<PathBuf> = unpacked.collect();
    let output = syntax_check(&program, &playbooks);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("ERROR"), "{said}");

    let python = program.with_file_name("python");
    let output = Command::new(python).args(["-c", READ]).args(&playbooks).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = String::from_utf8(output.stdout).expect("UTF-8");
    let mut rows = read.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    for ((_, deployment), playbook) in deployments.iter().zip(&playbooks) {
        for id in pack::managed(&CATALOG, deployment) {
            let row = rows.next().expect("a play for each group");
            play(deployment, id, playbook, &row);
        }
    }
    assert!(rows.next().is_none(), "a play too many");
}

/// Demands that a play is that of a group.
fn play(deployment: &Deployment, id: portcullis::deployment::GroupId, playbook: &Path, row: &[&str]) {
    let group = deployment.group(id).expect("a group");
    let dialect = pack::firewall(group);
    let &[path, name, hosts, file, folder, look, shell, confirm, root, tasks] = row else {
        panic!("{row:?}");
    };
    assert_eq!(Path::new(path), playbook);
    assert!(name.starts_with(&format!("{}: {}, ", plain(&group.name), dialect.name)), "{name}");
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    assert!(hosts.starts_with("spotfire") && hosts.chars().all(word), "{hosts}");
    assert_eq!(file.split('.').next().map(|stem| stem.replace('-', "_")).as_deref(), Some(hosts));
    let linux = dialect.place == Place::Host(System::Linux);
    let guarded = linux && group.policy == Policy::WholeHost;
    assert_eq!(folder, if guarded { "2-confirm-or-roll-back" } else { "2-apply" });
    let waits = format!("/run/portcullis/{}-unconfirmed", dialect.id);
    assert_eq!(confirm, if guarded { &waits } else { "-" });
    assert_eq!((look, shell, root), if linux { ("look.sh", "sh", "True") } else { ("look.ps1", "-", "False") });
    let beside = |path: String| fs::read_to_string(playbook.with_file_name(path)).expect("in the archive");
    let applied = if guarded { Text::Guarded } else { Text::Apply };
    for (folder, text) in
        [("1-try", Text::Try), (folder, applied), ("3-make-it-last", Text::Keep), ("4-take-out", Text::TakeOut)]
    {
        let snippet = print(dialect, deployment, id, &Direction::ALL, text);
        assert!(beside(format!("{folder}/{file}")) == snippet.file, "{folder}/{file}");
    }
    beside(format!("ansible/{look}"));
    beside(tasks.to_owned());
}

#[test]
fn ansible_refuses_a_broken_playbook() {
    let Some(program) = program() else { return };
    let folder = Folder::new("broken");
    let good = files(&scenarios::default());
    assert!(syntax_check(&program, &[folder.unpack("good", &good)]).status.success());
    let break_in = |path: &str, from: &str, to: &str| {
        let mut files = good.clone();
        let file = files.iter_mut().find(|file| file.0 == path).expect("a file");
        assert!(file.1.contains(from), "{from}");
        file.1 = file.1.replace(from, to);
        let playbook = folder.unpack(&format!("broken {to}"), &files);
        !syntax_check(&program, &[playbook]).status.success()
    };
    assert!(break_in("portcullis.yml", "  hosts:", "  host:"));
    assert!(break_in("ansible/tasks.yml", "builtin.script", "builtin.scirpt"));
}

#[test]
fn each_group_has_a_group_of_its_own_in_the_inventory() {
    let mut deployment = scenarios::default();
    // The third would be called like the second, and with its number like the first.
    let database = group(&deployment, "Spotfire database").id;
    let (server, node) = (group(&deployment, "Spotfire Server").id, group(&deployment, "Node").id);
    apply(&mut deployment, Edit::Rename(server, format!("A {}", database.0)));
    apply(&mut deployment, Edit::Rename(node, "A".to_owned()));
    apply(&mut deployment, Edit::Rename(database, "a".to_owned()));
    let files = files(&deployment);
    let playbook = &files.iter().find(|(path, _)| path == "portcullis.yml").expect("a playbook").1;
    let hosts: Vec<&str> = playbook.lines().filter_map(|line| line.strip_prefix("  hosts: ")).collect();
    assert_eq!(hosts.iter().collect::<BTreeSet<_>>().len(), hosts.len(), "{hosts:?}");
    assert_eq!(hosts.len(), pack::managed(&CATALOG, &deployment).len());
    // Every address of the page stands under the group it is of.
    for id in pack::managed(&CATALOG, &deployment) {
        let listens = &deployment.group(id).expect("a group").listens;
        let lines: String = listens.list().iter().map(|address| format!("#   {address}\n")).collect();
        assert!(hosts.iter().any(|hosts| playbook.contains(&format!("#   [{hosts}]\n{lines}"))), "{playbook}");
    }
}

#[test]
fn what_looks_at_windows_is_powershell() {
    let look = include_str!("../../src/pack/ansible/look.ps1");
    assert!(look.is_ascii());
    powershell_text::parses(look).expect("PowerShell");
    powershell_text::parses(&look.replacen('{', "", 1)).expect_err("not any more");
}

//! The texts for clouds in front of real programs: cfn-lint, a parser of HCL, and the command line of AWS against a server on
//! this machine that plays AWS. Where they are missing nothing is checked, which in CI is a failure.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::{Dialect, Text};
use portcullis::net::{Addresses, Direction, Port, Protocol};
use serde_json::Value;

use crate::aws_text::{self, Tuple};
use crate::printing::{COVERS, named, print};
use crate::scenarios::{self, CATALOG, apply, group};

/// The folder of the programs.
pub fn programs() -> Option<PathBuf> {
    match std::env::var_os("PORTCULLIS_CLOUD_CHECKS").map(PathBuf::from).filter(|path| path.is_dir()) {
        Some(path) => Some(path),
        None if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("PORTCULLIS_CLOUD_CHECKS names no folder"),
        None => {
            let _ = writeln!(std::io::stderr(), "\nNOT RUN, no checkers of clouds (cargo xtask test installs them)");
            None
        }
    }
}

/// A folder that goes when this is dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    /// A new one of that name.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portcullis-cloud-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    /// Writes a file of that name; where it is.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a temporary file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The most telling texts of a dialect: every form of address, references and none, and rules that are held back.
fn texts(dialect: &Dialect) -> Vec<String> {
    let by_address = |mut deployment: Deployment| {
        apply(&mut deployment, Edit::Setting(format!("{}.peers", dialect.id), "addresses".to_owned()));
        deployment
    };
    let all = [
        (scenarios::cluster(), "Spotfire Servers"),
        (by_address(scenarios::cluster()), "Spotfire Servers"),
        (scenarios::mixed_names(), "Spotfire Server"),
        (by_address(scenarios::mixed_names()), "Node “Süd”"),
        (by_address(scenarios::mixed_names()), "Spotfire Server"),
        (by_address(scenarios::missing()), "Spotfire Server"),
        (scenarios::missing(), "Web clients"),
    ];
    let text = |(deployment, name): &(Deployment, &str)| {
        print(dialect, deployment, group(deployment, name).id, &Direction::ALL, Text::Apply).text
    };
    let mut texts: Vec<String> = all.iter().map(text).collect();
    // A group without any rule.
    let mut alone = scenarios::missing();
    for role in CATALOG.roles.iter().filter(|role| group(&scenarios::missing(), "Spotfire database").roles != [role.id])
    {
        alone.apply(&CATALOG, &Edit::Switch(role.id, false));
    }
    let id = group(&alone, "Spotfire database").id;
    texts.push(print(dialect, &alone, id, &Direction::ALL, Text::Apply).text);
    texts
}

#[test]
fn cfn_lint_has_nothing_to_say() {
    let Some(programs) = programs() else { return };
    let folder = Folder::new("cfn-lint");
    let texts = texts(named("aws-cloudformation"));
    let paths = texts.iter().enumerate().map(|(at, text)| folder.write(&format!("{at}.yaml"), text));
    let output = Command::new(programs.join("cfn-lint")).args(paths).output().expect("cfn-lint runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
    // It does look.
    let broken = texts[1].replacen("/32\"", "/24\"", 1);
    assert_ne!(broken, texts[1]);
    let broken = folder.write("broken.yaml", &broken);
    let output = Command::new(programs.join("cfn-lint")).arg(broken).output().expect("cfn-lint runs");
    assert!(!output.status.success(), "cfn-lint takes host bits");
}

/// Prints a line for each rule that it finds in the files that it is given, and one for each file.
const HCL: &str = r#"
import json, sys, hcl2
plain = lambda value: str(value).strip('"').removeprefix('${').removesuffix('}')
for path in sys.argv[1:]:
    print('file')
    with open(path) as file:
        for resource in hcl2.load(file)['resource']:
            for kind, named in resource.items():
                for rule in named.values():
                    if plain(kind).endswith('gress_rule'):
                        peer = [rule[key] for key in ('cidr_ipv4', 'cidr_ipv6', 'referenced_security_group_id') if key in rule]
                        assert len(peer) == 1, rule
                        words = [kind, rule['ip_protocol'], rule['from_port'], rule['to_port'], peer[0]]
                        print(' '.join(plain(word) for word in words))
"#;

#[test]
fn a_parser_of_hcl_finds_the_same_rules() {
    let Some(programs) = programs() else { return };
    let folder = Folder::new("hcl");
    let texts = texts(named("aws-terraform"));
    let paths = texts.iter().enumerate().map(|(at, text)| folder.write(&format!("{at}.tf"), text));
    let output = Command::new(programs.join("python")).args(["-c", HCL]).args(paths).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("plain");
    let found: Vec<&str> = said.split("file\n").skip(1).collect();
    assert_eq!(found.len(), texts.len());
    let mut count = 0;
    for (found, text) in found.iter().zip(&texts) {
        let (_, tuples) = aws_text::terraform(text).unwrap_or_else(|why| panic!("{why}\n{text}"));
        let row = |tuple: &Tuple| {
            let peer = match tuple.peer.strip_prefix('g') {
                Some(group) => format!("aws_security_group.portcullis_g{group}.id"),
                None => tuple.peer.clone(),
            };
            let (way, protocol) = (tuple.direction.lower(), tuple.protocol.lower());
            format!("aws_vpc_security_group_{way}_rule {protocol} {} {} {peer}", tuple.first, tuple.last)
        };
        let wanted: BTreeSet<String> = tuples.iter().map(row).collect();
        assert_eq!(found.lines().map(str::to_owned).collect::<BTreeSet<_>>(), wanted, "{text}");
        count += wanted.len();
    }
    assert!(count > 50);
}

/// A server that plays AWS, on a port of its own choice.
struct Aws {
    server: Child,
    programs: PathBuf,
    address: String,
}

impl Drop for Aws {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Aws {
    fn start(programs: PathBuf) -> Self {
        let mut server = Command::new(programs.join("moto_server"))
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto_server runs");
        // It says where it is once it listens; what it says of requests later is read too, lest it waits for a reader.
        let mut lines = BufReader::new(server.stderr.take().expect("it was piped")).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("Running on ")).expect("it says where it is");
        let address = line.split_whitespace().last().expect("an address").to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { server, programs, address }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", self.programs.display()))
            .env("AWS_ENDPOINT_URL", &self.address)
            .env("AWS_ACCESS_KEY_ID", "nobody")
            .env("AWS_SECRET_ACCESS_KEY", "nothing")
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .env("AWS_CONFIG_FILE", "/dev/null");
        command
    }

    /// What the command line of AWS answers.
    fn ask(&self, words: &[&str]) -> Value {
        let output = self.command("aws").arg("ec2").args(words).args(["--output", "json"]).output().expect("aws runs");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Pastes a text into a shell; what it says.
    fn paste(&self, text: &str, succeeds: bool) -> String {
        let mut shell = self.command("bash");
        let mut shell =
            shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bash");
        shell.stdin.take().expect("it was piped").write_all(text.as_bytes()).expect("it reads");
        let output = shell.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), succeeds, "{said}");
        said
    }

    fn make_group(&self, GroupId(group): GroupId) -> String {
        let name = format!("portcullis-g{group}");
        let made = self.ask(&["create-security-group", "--group-name", &name, "--description", "x"]);
        made["GroupId"].as_str().expect("an id").to_owned()
    }

    /// The rules of a group; groups are called by their numbers.
    fn rules(&self, ids: &[(GroupId, String)], of: GroupId) -> BTreeSet<Tuple> {
        let (_, own) = ids.iter().find(|(group, _)| *group == of).expect("a group");
        let filter = format!("Name=group-id,Values={own}");
        let answer = self.ask(&["describe-security-group-rules", "--filters", &filter]);
        let rule = |rule: &Value| {
            let port = |name: &str| u16::try_from(rule[name].as_i64().expect("a number")).ok();
            let protocol = match rule["IpProtocol"].as_str().expect("a word") {
                "tcp" => Protocol::Tcp,
                "udp" => Protocol::Udp,
                // The rule that lets everything out.
                _ => return None,
            };
            let network = rule["CidrIpv4"].as_str().or(rule["CidrIpv6"].as_str()).map(str::to_owned);
            let group = || {
                let id = rule["ReferencedGroupInfo"]["GroupId"].as_str().expect("a group");
                let (GroupId(group), _) = ids.iter().find(|(_, other)| other == id).expect("one of ours");
                format!("g{group}")
            };
            Some(Tuple {
                direction: if rule["IsEgress"] == true { Direction::Egress } else { Direction::Ingress },
                protocol,
                first: port("FromPort")?,
                last: port("ToPort")?,
                peer: network.unwrap_or_else(group),
            })
        };
        answer["SecurityGroupRules"].as_array().expect("a list").iter().filter_map(rule).collect()
    }
}

#[test]
fn the_command_line_leaves_exactly_what_the_last_text_says_and_takes_out_what_is_ours() {
    let Some(programs) = programs() else { return };
    let aws = Aws::start(programs);
    let dialect = named("aws-cli");
    let mut deployment = scenarios::mixed_names();
    let server = group(&deployment, "Spotfire Server").id;
    let text = |deployment: &Deployment, kind| print(dialect, deployment, server, COVERS[0], kind).text;
    let tuples = |deployment: &Deployment| -> BTreeSet<Tuple> {
        aws_text::cli(&text(deployment, Text::Apply)).expect("it can be read").1.into_iter().collect()
    };
    let said = aws.paste(&text(&deployment, Text::Apply), false);
    assert!(said.contains("Fill in what is missing") || said.contains("There is no security group"), "{said}");

    for name in ["Mail server", "Spotfire database"] {
        let id = group(&deployment, name).id;
        apply(&mut deployment, Edit::Listens(id, Addresses::parse("192.0.2.250-192.0.2.253").0));
    }
    let said = aws.paste(&text(&deployment, Text::Apply), false);
    assert!(said.contains("There is no security group portcullis-g"), "{said}");
    let ids: Vec<(GroupId, String)> =
        deployment.groups.iter().map(|group| (group.id, aws.make_group(group.id))).collect();
    let rules = || aws.rules(&ids, server);
    assert!(rules().is_empty());
    let (_, own) = ids.iter().find(|(id, _)| *id == server).expect("made");
    // Rules of somebody else: one that ours is too, and another.
    for permission in [
        "IpProtocol=tcp,FromPort=443,ToPort=443,IpRanges=[{CidrIp=198.51.100.0/24}]",
        "IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=203.0.113.0/24}]",
    ] {
        aws.ask(&["authorize-security-group-ingress", "--group-id", own, "--ip-permissions", permission]);
    }
    let theirs = rules();
    assert_eq!(theirs.len(), 2);

    let said = aws.paste(&text(&deployment, Text::Try), true);
    assert!(said.contains("Would add: ") && said.contains("Somebody else has made this rule"), "{said}");
    assert_eq!(rules(), theirs);
    let first = tuples(&deployment);
    assert!(
        first.iter().any(|tuple| tuple.peer.starts_with('g')) && first.iter().any(|tuple| tuple.peer.contains(':'))
    );
    for _ in 0..2 {
        aws.paste(&text(&deployment, Text::Apply), true);
        assert_eq!(rules(), first.union(&theirs).cloned().collect());
    }

    // The second version: another port, other clients, one peer less.
    let clients = group(&deployment, "Web clients").id;
    apply(&mut deployment, Edit::Listens(clients, Addresses::parse("198.51.100.0/24 198.51.101.0/24").0));
    let node = group(&deployment, "Node “Süd”").id;
    apply(&mut deployment, Edit::Port(node, "node-registration", Port::new(9445)));
    apply(&mut deployment, Edit::Switch("smtp", false));
    let second = tuples(&deployment);
    let (gone, new) = (first.difference(&second).count(), second.difference(&first).count());
    assert!(gone > 1 && new > 1, "{gone} gone, {new} new");
    aws.paste(&text(&deployment, Text::Apply), true);
    assert_eq!(rules(), second.union(&theirs).cloned().collect());

    aws.paste(&text(&deployment, Text::TakeOut), true);
    assert_eq!(rules(), theirs);
}

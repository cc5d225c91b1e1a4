//! The texts for Google Cloud through other programs. A second parser of Terraform's language reads every text and must see the
//! rules of the plan. The scripts run in a real shell against a small stand-in for gcloud, which is strict about its arguments
//! and keeps rules in files: applied twice, changed, tried, taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use portcullis::deployment::{Deployment, Edit, GroupId};
use portcullis::dialect::cloud::PEERS;
use portcullis::dialect::{Dialect, Text};
use portcullis::net::{Addresses, Direction};
use portcullis::rule::Ruleset;
use portcullis::snippet::{Context, snippet};

use crate::cloud_checks::{Folder, programs};
use crate::gcp_text::{self, Tuple};
use crate::printing::{COVERS, named, planned, print, rules_in};
use crate::scenarios::{self, apply, group};

/// Deployments in which everything occurs that a text depends on, with groups by their tags and by their addresses.
fn deployments(dialect: &Dialect) -> Vec<(String, Deployment)> {
    let mut all = Vec::new();
    for scenario in scenarios::all() {
        let mut by_addresses = scenario.deployment.clone();
        apply(&mut by_addresses, Edit::Setting(dialect.key(&PEERS), "addresses".to_owned()));
        all.push((format!("{}, by addresses", scenario.name), by_addresses));
        all.push((scenario.name.to_owned(), scenario.deployment));
    }
    let mut many = scenarios::default();
    let clients = group(&many, "Web clients").id;
    let addresses: Vec<String> = (0..600).map(|at| format!("198.51.{}.{}", 100 + at / 100, at % 100 * 2)).collect();
    apply(&mut many, Edit::Listens(clients, Addresses::parse(&(addresses.join(" ") + " 2001:db8:7::/64")).0));
    all.push(("many".to_owned(), many));
    all
}

/// Reads Terraform's language and prints what it finds, a line for each file.
const PARSES: &str = "
import json, sys, hcl2
def plain(value):
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items() if not key.startswith('__')}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, str):
        return value.removeprefix('\"').removesuffix('\"').removeprefix('${').removesuffix('}')
    return value
for path in sys.argv[1:]:
    with open(path) as file:
        try:
            found = plain(hcl2.load(file))
        except Exception as error:
            found = {'error': str(error)[:300]}
    print(json.dumps(found))
";

fn parsed(programs: &Path, texts: &[String]) -> Vec<serde_json::Value> {
    let folder = Folder::new("gcp-hcl");
    let paths = texts.iter().enumerate().map(|(at, text)| folder.write(&format!("{at}.tf"), text));
    let output = Command::new(programs.join("python")).arg("-c").arg(PARSES).args(paths).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The rules that a parser has found.
fn tuples(found: &serde_json::Value) -> Vec<Tuple> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let list =
        |value: &serde_json::Value| -> Vec<String> { value.as_array().into_iter().flatten().map(text).collect() };
    let mut tuples = Vec::new();
    for resource in found["resource"].as_array().into_iter().flatten() {
        for (label, body) in resource["google_compute_firewall"].as_object().expect("a firewall rule and nothing else")
        {
            let [allow] = body["allow"].as_array().expect("a block").as_slice() else { panic!("{body}") };
            let [ports] = &list(&allow["ports"])[..] else { panic!("{body}") };
            assert_eq!(text(&body["name"]).replace('-', "_"), *label);
            tuples.push(Tuple {
                name: text(&body["name"]),
                network: text(&body["network"]),
                direction: text(&body["direction"]),
                priority: text(&body["priority"]),
                disabled: text(&body["disabled"]),
                allow: format!("{}:{ports}", text(&allow["protocol"])),
                source_ranges: list(&body["source_ranges"]),
                source_tags: list(&body["source_tags"]),
                destination_ranges: list(&body["destination_ranges"]),
                target_tags: list(&body["target_tags"]),
                description: text(&body["description"]),
            });
        }
    }
    tuples
}

#[test]
fn another_parser_of_terraform_sees_the_rules_of_the_plan() {
    let Some(programs) = programs() else { return };
    let dialect = named("gcp-terraform");
    let (mut texts, mut wanted) = (Vec::new(), Vec::new());
    for (name, deployment) in deployments(dialect) {
        for group in &deployment.groups {
            texts.push(print(dialect, &deployment, group.id, &Direction::ALL, Text::Apply).text);
            wanted.push((format!("{name}, {}", group.name), planned(dialect, &deployment, group.id, &Direction::ALL)));
        }
    }
    // It looks.
    let whole = texts.len();
    texts.push(texts[0].replacen("resource \"", "resource ", 1));
    texts.push(texts[0].replacen("    protocol = \"tcp\"", "    protocol = \"tcp", 1));
    let found = parsed(&programs, &texts);
    assert_eq!(found.len(), texts.len());
    assert!(found[whole..].iter().all(|found| found["error"].is_string()), "{:?}", &found[whole..]);
    let mut held = 0;
    for ((found, text), (name, wanted)) in found.iter().zip(&texts).zip(wanted) {
        assert!(found["error"].is_null(), "{name}: {found}\n{text}");
        let tuples = tuples(found);
        assert_eq!(gcp_text::allowed(&tuples).unwrap_or_else(|why| panic!("{name}: {why}\n{text}")), wanted, "{name}");
        let (_, read) = gcp_text::terraform(text).unwrap_or_else(|why| panic!("{name}: {why}\n{text}"));
        assert_eq!(tuples, read, "{name}");
        let refuses = found["output"][0].as_object().is_some_and(|output| {
            output.iter().all(|(name, body)| {
                let condition = body["precondition"][0]["condition"].to_string();
                name.ends_with("_held_back") && condition.contains(&format!("length(local.{name}) == 0"))
            })
        });
        assert_eq!(refuses, text.contains("\"Held back: "), "{name}\n{found}");
        held += usize::from(refuses);
    }
    assert!(held > 3);
}

/// Stands in for gcloud: a rule is a file, which holds what `list` shows of it, without its name.
const GCLOUD: &str = r#"#!/bin/sh
cd "$STUB" || exit 9
printf '%s\n' "$*" >>log
wrong() { echo "ERROR: (gcloud) $1" >&2; exit 2; }
[ -t 0 ] && wrong 'asks the terminal'
[ -n "$(cat)" ] && wrong 'reads the text that it is in'
case "$1 $2" in
  'config get-value')
    [ "$*" = 'config get-value project' ] || wrong "arguments: $*"
    cat project
    exit ;;
  'compute networks')
    [ "$*" = "compute networks describe $4 --project=demo --quiet --format=value(name)" ] || wrong "arguments: $*"
    case $4 in default | other) echo "$4" ;; *) wrong "no network $4" ;; esac
    exit ;;
  'compute firewall-rules') ;;
  *) wrong "arguments: $*" ;;
esac
verb=$3
shift 3
if [ "$verb" = list ]; then
  [ $# = 4 ] && [ "$1 $2" = '--project=demo --quiet' ] || wrong "arguments: $*"
  pattern=${3#"--filter=name ~ '"}
  [ "$pattern" = "$3" ] && wrong "filter: $3"
  pattern=${pattern%"'"}
  [ "$4" = "--format=$(cat format)" ] || wrong "format: $4"
  cd rules || exit 9
  for rule in *; do
    printf '%s\n' "$rule" | grep -Eq "$pattern" && printf '%s|%s\n' "$rule" "$(cat "$rule")"
  done
  exit 0
fi
name=$1
shift
printf '%s\n' "$name" | grep -Eqx '[a-z]([-a-z0-9]{0,61}[a-z0-9])?' || wrong "name: $name"
[ -e full ] && [ "$verb" = create ] && wrong 'Quota FIREWALLS exceeded.'
network= direction= action= priority= disabled= rules= ranges= tags= places= targets= about= project= quiet=
for argument; do
  value=${argument#*=}
  case $argument in
    --project=demo) project=1 ;;
    --quiet) quiet=1 ;;
    --network=?*) network=$value ;;
    --direction=INGRESS | --direction=EGRESS) direction=$value ;;
    --action=ALLOW) action=$value ;;
    --priority=*) priority=$value ;;
    --no-disabled) disabled=False ;;
    --rules=*) rules=$value ;;
    --source-ranges=?*) ranges=$value ;;
    --source-tags=?*) tags=$value ;;
    --destination-ranges=?*) places=$value ;;
    --target-tags=?*) targets=$value ;;
    --description=*) about=$value ;;
    *) wrong "argument: $argument" ;;
  esac
done
[ -n "$project$quiet" ] || wrong 'asks'
case $verb in
  delete)
    [ $# = 2 ] && [ -e "rules/$name" ] || wrong "delete $name $*"
    rm "rules/$name" ;;
  create)
    [ -e "rules/$name" ] && wrong "The resource $name already exists"
    for needed in "$network" "$direction" "$action" "$priority" "$disabled" "$rules" "$targets" "$about"; do
      [ -n "$needed" ] || wrong "left to a default: $*"
    done
    case $direction,${ranges:+r}${tags:+t}${places:+d} in
      INGRESS,r | INGRESS,t | EGRESS,d) ;;
      *) wrong "peers: $*" ;;
    esac
    printf '%s\n' "$network|$direction||||$ranges|$tags|$places|$priority|$disabled|$rules|$targets|$about" >"rules/$name" ;;
  update)
    [ -e "rules/$name" ] || wrong "The resource $name was not found"
    [ -z "$network$direction$action" ] || wrong "update $*"
    IFS='|' read -r network direction denied one two olds tagged placed rank off had target text <"rules/$name"
    printf '%s\n' "$network|$direction|$denied|$one|$two|${ranges:-$olds}|${tags:-$tagged}|${places:-$placed}|${priority:-$rank}|${disabled:-$off}|${rules:-$had}|${targets:-$target}|${about:-$text}" >"rules/$name" ;;
  *) wrong "arguments: $verb" ;;
esac
"#;

/// What the real gcloud was seen to print with this format (528.0.0, its own printer, without a network).
const FORMAT: &str = "value[separator=\"|\"](name,network.basename(),direction,denied[].map().firewall_rule().list(),sourceServiceAccounts.list(),targetServiceAccounts.list(),sourceRanges.list(),sourceTags.list(),destinationRanges.list(),priority,disabled,allowed[].map().firewall_rule().list(),targetTags.list(),description)\n";

/// Rules of others, which nothing of ours may touch.
const OTHERS: [(&str, &str); 4] = [
    ("default-allow-internal", "default|INGRESS||||10.128.0.0/9|||65534|False|tcp:0-65535|||Allow internal"),
    ("portcullis-g33-in-g1-g33-tcp-1-v4", "default|INGRESS||||192.0.2.1/32|||1000|False|tcp:1|portcullis-g33|other"),
    ("portcullis-g4-in-g3-g4-tcp-1-tag", "default|INGRESS|||||portcullis-g3||1000|False|tcp:1|portcullis-g4|other"),
    (
        "my-portcullis-g3-in-x",
        "default|INGRESS||||192.0.2.2/32|||1000|False|tcp:1|web|two lines:\ndefault-allow-internal",
    ),
];

/// A project.
struct Project(Folder);

impl Project {
    fn new(name: &str) -> Self {
        let folder = Folder::new(&format!("gcp-{name}"));
        fs::create_dir_all(folder.0.join("rules")).expect("a temporary folder");
        folder.write("gcloud", GCLOUD);
        folder.write("format", FORMAT);
        folder.write("project", "demo\n");
        for (name, rule) in OTHERS {
            folder.write(&format!("rules/{name}"), &format!("{rule}\n"));
        }
        let made = Command::new("chmod").arg("+x").arg(folder.0.join("gcloud")).status().expect("chmod");
        assert!(made.success());
        Self(folder)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.0.join(name)).unwrap_or_default()
    }

    /// Pastes a text into a shell; whether it went through, what it said, and the changes it asked for.
    fn run(&self, text: &str) -> (bool, String, Vec<String>) {
        self.0.write("log", "");
        let path = format!("{}:/usr/bin:/bin", self.0.0.display());
        let mut shell = Command::new("dash");
        shell
            .env("PATH", path)
            .env("STUB", &self.0.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = shell.spawn().expect("dash");
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8(output.stdout).expect("UTF-8") + &String::from_utf8(output.stderr).expect("UTF-8");
        let changes =
            |line: &&str| ["create", "update", "delete"].iter().any(|verb| line.contains(&format!(" {verb} ")));
        let changes = self.read("log").lines().filter(changes).map(str::to_owned).collect();
        (output.status.success(), said, changes)
    }

    /// The rules of the project, but for those of others, which must be as they were.
    fn rules(&self) -> Vec<Tuple> {
        let files =
            fs::read_dir(self.0.0.join("rules")).expect("rules").map(|file| file.expect("readable").file_name());
        let mut names: BTreeSet<String> = files.map(|name| name.into_string().expect("plain")).collect();
        for (name, rule) in OTHERS {
            assert!(names.remove(name), "{name} is gone");
            assert_eq!(self.read(&format!("rules/{name}")), format!("{rule}\n"));
        }
        let list = |text: &str| text.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let tuple = |name: String| {
            let rule = self.read(&format!("rules/{name}"));
            let fields: Vec<&str> = rule.trim_end().split('|').collect();
            let [network, direction, denied, one, two, ranges, tags, places, priority, disabled, allow, targets, about] =
                fields[..]
            else {
                panic!("{name}: {rule}")
            };
            assert_eq!([denied, one, two], [""; 3], "{name}");
            Tuple {
                name,
                network: network.to_owned(),
                direction: direction.to_owned(),
                priority: priority.to_owned(),
                disabled: disabled.to_lowercase(),
                allow: allow.to_owned(),
                source_ranges: list(ranges),
                source_tags: list(tags),
                destination_ranges: list(places),
                target_tags: list(targets),
                description: about.to_owned(),
            }
        };
        names.into_iter().map(tuple).collect()
    }
}

fn script(deployment: &Deployment, id: GroupId, cover: &[Direction], text: Text) -> String {
    print(named("gcp-cli"), deployment, id, cover, text).text
}

/// The rules that a text is for, by name.
fn asked(text: &str) -> Vec<Tuple> {
    let (_, mut tuples) = gcp_text::script(text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    tuples.sort();
    tuples
}

#[test]
fn every_script_makes_the_rules_of_the_plan_and_takes_out_exactly_these() {
    let dialect = named("gcp-cli");
    for (name, deployment) in deployments(dialect) {
        // Others stand beside the server only.
        for group in deployment.groups.iter().filter(|group| group.id.0 == 3) {
            let project = Project::new("plan");
            let text = script(&deployment, group.id, &Direction::ALL, Text::Apply);
            let (done, said, changes) = project.run(&text);
            if text.contains("Held back: ") && !done {
                assert!(changes.is_empty() && said.contains("Nothing was changed."), "{said}");
                assert_eq!(project.read("log"), "", "gcloud was called");
                assert_eq!(project.rules(), []);
                continue;
            }
            assert!(done, "{name}: {said}\n{text}");
            let rules = project.rules();
            assert_eq!(rules, asked(&text), "{name}");
            let allowed = gcp_text::allowed(&rules).expect("rules");
            assert_eq!(allowed, planned(dialect, &deployment, group.id, &Direction::ALL), "{name}");
            assert_eq!(changes.len(), rules.len());
            let (done, said, changes) = project.run(&text);
            assert!(done && changes.is_empty(), "not the same the second time: {changes:?}\n{said}");
            let (done, said, _) = project.run(&script(&deployment, group.id, &Direction::ALL, Text::TakeOut));
            assert!(done && said.contains("Done: no rule of ours is left"), "{said}");
            assert_eq!(project.rules(), []);
        }
    }
}

/// The default and a later version of it: other addresses, a flow more, a role less.
fn versions() -> (Deployment, Deployment, GroupId) {
    let one = scenarios::default();
    let mut two = one.clone();
    let clients = group(&two, "Web clients").id;
    apply(&mut two, Edit::Listens(clients, Addresses::parse("198.51.100.0/24 2001:db8:9::/64").0));
    let analysts = group(&two, "Analyst clients").id;
    apply(&mut two, Edit::RemoveGroup(analysts));
    let server = group(&one, "Spotfire Server").id;
    (one, two, server)
}

#[test]
fn a_later_version_leaves_exactly_itself_and_a_trial_changes_nothing() {
    let (one, two, server) = versions();
    let text = |deployment: &Deployment, cover: &[Direction], kind| script(deployment, server, cover, kind);
    let project = Project::new("versions");
    assert!(project.run(&text(&one, &Direction::ALL, Text::Apply)).0);
    let first = project.rules();
    // Tried: what would be done is said, once for each, and nothing is.
    let (done, said, changes) = project.run(&text(&two, &Direction::ALL, Text::Try));
    assert!(done && changes.is_empty(), "{said}");
    assert_eq!(project.rules(), first);
    let tried: BTreeSet<String> =
        said.lines().filter_map(|line| line.strip_prefix("portcullis: Would ")).map(str::to_owned).collect();
    let (done, said_then, changes) = project.run(&text(&two, &Direction::ALL, Text::Apply));
    assert!(done, "{said_then}");
    let second = asked(&text(&two, &Direction::ALL, Text::Apply));
    assert_eq!(project.rules(), second);
    assert_ne!(first, second);
    let words = |line: &String| line.split(' ').skip(2).take(2).collect::<Vec<_>>().join(" ");
    assert_eq!(tried, changes.iter().map(words).collect::<BTreeSet<_>>());
    for verb in ["update", "delete"] {
        assert!(tried.iter().any(|line| line.starts_with(verb)), "no {verb}: {tried:?}");
    }
    assert!(said.contains(&format!("Changes to make: {}.", changes.len())), "{said}");
    // What is new is there before what is old goes.
    let deleted = changes.iter().position(|line| line.contains(" delete ")).expect("one");
    assert!(changes[deleted..].iter().all(|line| line.contains(" delete ")), "{changes:?}");
    // A text for one direction leaves the other alone.
    let (done, said, _) = project.run(&text(&one, COVERS[1], Text::Apply));
    assert!(done, "{said}");
    let of = |rules: &[Tuple], direction: &str| {
        rules.iter().filter(|rule| rule.direction == direction).cloned().collect::<Vec<_>>()
    };
    assert_eq!(of(&project.rules(), "INGRESS"), of(&first, "INGRESS"));
    assert_eq!(of(&project.rules(), "EGRESS"), of(&second, "EGRESS"));
    assert!(project.run(&text(&one, COVERS[2], Text::TakeOut)).0);
    assert_eq!(project.rules(), of(&first, "INGRESS"));
}

/// Changes the fields of a rule.
type Meddling = fn(&mut Vec<String>);

#[test]
fn what_somebody_has_done_to_a_rule_of_ours_is_undone() {
    let (one, _, server) = versions();
    let text = script(&one, server, &Direction::ALL, Text::Apply);
    let project = Project::new("meddled");
    assert!(project.run(&text).0);
    let whole = project.rules();
    let meddled: [(&str, Meddling); 9] = [
        ("denied", |rule| rule.swap(2, 10)),
        ("a tag more", |rule| rule[6] = "web".to_owned()),
        ("everyone", |rule| rule[5] = "0.0.0.0/0".to_owned()),
        ("turned round", |rule| rule[1] = "EGRESS".to_owned()),
        ("another network", |rule| rule[0] = "other".to_owned()),
        ("switched off", |rule| rule[9] = "True".to_owned()),
        ("last", |rule| rule[8] = "65535".to_owned()),
        ("more ports", |rule| rule[10] += ",tcp:22"),
        ("without a target", |rule| rule[11].clear()),
    ];
    let name = &whole.iter().find(|rule| !rule.source_ranges.is_empty()).expect("one").name;
    let kept = project.read(&format!("rules/{name}"));
    for (what, change) in meddled {
        let mut fields: Vec<String> = kept.trim_end().split('|').map(str::to_owned).collect();
        change(&mut fields);
        project.0.write(&format!("rules/{name}"), &(fields.join("|") + "\n"));
        let (done, said, changes) = project.run(&text);
        assert!(done && !changes.is_empty(), "{what}: {said}");
        assert_eq!(project.rules(), whole, "{what}");
    }
}

#[test]
fn where_gcloud_does_not_go_on_the_text_does_not_either() {
    let (one, _, server) = versions();
    let project = Project::new("stops");
    let text = script(&one, server, &Direction::ALL, Text::Apply);
    project.0.write("project", "");
    let (done, said, changes) = project.run(&text);
    assert!(!done && changes.is_empty() && said.contains("No project is chosen"), "{said}");
    project.0.write("project", "demo\n");
    let mut elsewhere = one.clone();
    apply(&mut elsewhere, Edit::Setting("gcp-cli.network".to_owned(), "nowhere".to_owned()));
    let (done, said, changes) = project.run(&script(&elsewhere, server, &Direction::ALL, Text::Apply));
    assert!(!done && changes.is_empty() && said.contains("The network nowhere was not found."), "{said}");
    assert!(project.run(&text).0);
    let before: BTreeMap<String, Tuple> = project.rules().into_iter().map(|rule| (rule.name.clone(), rule)).collect();
    // No room for what is new: what is old stays.
    project.0.write("full", "");
    let mut more = one;
    let id = group(&more, "Node").id;
    apply(&mut more, Edit::AddInstance(id, "terr"));
    let (done, said, changes) = project.run(&script(&more, server, &Direction::ALL, Text::Apply));
    assert!(!done && changes.len() == 1 && said.contains("Stopped: gcloud did not create"), "{said}");
    assert!(project.rules().iter().all(|rule| before.contains_key(&rule.name)));
    assert_eq!(project.rules().len(), before.len());
}

#[test]
fn long_names_are_shortened_and_stay_the_same_whatever_else_there_is() {
    let mut deployment = scenarios::cluster();
    for id in ["gcp-terraform.tags", "gcp-cli.tags"] {
        apply(&mut deployment, Edit::Setting(id.to_owned(), "twenty-characters-of".to_owned()));
    }
    let context = Context { product: "", release: "", catalog: "", fragment: "" };
    for dialect in ["gcp-terraform", "gcp-cli"].map(named) {
        let mut ruleset = rules_in(dialect, &deployment, group(&deployment, "Spotfire Servers").id);
        for (at, rule) in ruleset.rules.iter_mut().enumerate() {
            rule.key = format!("g4294967295-g4294967294-tcp-{}-65535", 50000 + at);
        }
        let names = |ruleset: &Ruleset| {
            let text = snippet(dialect, ruleset, &Direction::ALL, Text::Apply, &deployment.settings, &context).text;
            let read = if dialect.id == "gcp-cli" { gcp_text::script(&text) } else { gcp_text::terraform(&text) };
            let (_, tuples) = read.unwrap_or_else(|why| panic!("{why}\n{text}"));
            tuples.into_iter().map(|tuple| tuple.name).collect::<Vec<String>>()
        };
        let all = names(&ruleset);
        assert!(all.iter().all(|name| name.len() <= 63 && name.starts_with("twenty-characters-of")), "{all:?}");
        assert!(all.iter().all(|name| !name.contains("4294967295")), "these names are not too long: {all:?}");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        ruleset.rules.reverse();
        ruleset.rules.truncate(3);
        assert!(names(&ruleset).iter().all(|name| all.contains(name)));
    }
}

#[test]
fn names_that_google_cloud_does_not_take_are_not_used() {
    for (field, value) in [
        ("tags", "Upper"),
        ("tags", "ends-with-1"),
        ("tags", "$(reboot)"),
        ("tags", "a\nb"),
        ("tags", "far-too-long-for-a-tag"),
        ("network", "a\"b"),
        ("network", "-a"),
        ("network", "a-"),
        ("network", "'; reboot; '"),
    ] {
        for dialect in ["gcp-terraform", "gcp-cli"].map(named) {
            let mut deployment = scenarios::default();
            let server = group(&deployment, "Spotfire Server").id;
            let usual = print(dialect, &deployment, server, &Direction::ALL, Text::Apply).text;
            apply(&mut deployment, Edit::Setting(format!("{}.{field}", dialect.id), value.to_owned()));
            let printed = print(dialect, &deployment, server, &Direction::ALL, Text::Apply);
            assert!(printed.notes.iter().any(|note| note.contains(" is back to ")), "{value}: {:?}", printed.notes);
            let rules = |text: &str| text.lines().filter(|line| !line.starts_with("# ")).collect::<Vec<_>>().join("\n");
            assert_eq!(rules(&printed.text), rules(&usual), "{value}");
        }
    }
}

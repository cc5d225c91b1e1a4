//! gcloud: one shell script that makes the firewall rules of one group of machines in Google Cloud what they should be. It asks
//! once for all rules that bear the group's tag in their names, makes or changes those that differ, and then deletes the rest.
//!
//! What it must get right, besides what `gcp.rs` says: `create` fails where the name is taken, and `update` cannot turn a rule
//! round, move it to another network, or take away a second kind of peer: such a rule, which only somebody else can have made
//! of ours, is deleted and made anew. A description may have several lines, so what is deleted must look like a name of ours.

use std::fmt::Write;

use super::cloud::{PEERS, described};
use super::gcp::{GCP, Row, TAGS, is_network, rows, tag, tags};
use super::{Dialect, Field, Plan, Text, pasted, plain};
use crate::net::Direction;
use crate::shell::{Script, needs};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "gcp-cli",
    name: "Google Cloud, gcloud",
    texts: &[Text::Apply, Text::Try, Text::TakeOut],
    how: "Paste into Cloud Shell, or into any shell where gcloud is signed in with the role Compute Security Admin and has the project of the network, or save it and run it with sh.",
    lasts: "Safe to run again, also after a change: what a newer text lacks is deleted.",
    fields: &[PEERS, TAGS, NETWORK],
    print,
    ..GCP
};

/// The network that the rules are for.
const NETWORK: Field = Field {
    id: "network",
    label: "VPC network",
    default: "default",
    check: |text| match is_network(text) {
        true => Ok(()),
        false => Err("use at most 63 small letters, digits and -, beginning with a letter, not ending with -."),
    },
};

/// Steps that find out where they are, and what is there.
const LOOKS: &str = r#"  project=$(gcloud config get-value project 2>/dev/null </dev/null)
  [ -n "$project" ] || stop 'No project is chosen: gcloud config set project ID'
  say "Project $project, tag $tag"
  gcloud compute networks describe "$network" --project="$project" --quiet --format='value(name)' </dev/null >/dev/null ||
    stop "The network $network was not found."
  old=$(gcloud compute firewall-rules list --project="$project" --quiet --filter="name ~ '^$tag-$ways-'" --format='value[separator="|"](name,network.basename(),direction,denied[].map().firewall_rule().list(),sourceServiceAccounts.list(),targetServiceAccounts.list(),sourceRanges.list(),sourceTags.list(),destinationRanges.list(),priority,disabled,allowed[].map().firewall_rule().list(),targetTags.list(),description)' </dev/null) ||
    stop 'The rules could not be listed.'
"#;
/// Steps that change a rule, or say that they would.
const ACTS: &str = r#"  act() {
    say "$1 $2"
    gcloud compute firewall-rules "$@" --project="$project" --quiet </dev/null >/dev/null && return
    say "Stopped: gcloud did not $1 the rule $2. What is above is done. When the reason is gone, run this text again." >&2
    exit 1
  }
"#;
const TRIES: &str = r#"  changes=0
  act() {
    say "Would $1 $2"
    changes=$((changes + 1))
  }
"#;
/// Steps that make every rule what it should be, and then delete what is ours and not wanted.
const RULES: &str = r#"  rule() {
    name=$1 ports=$2 about=$3 end=$4
    shift 4
    peers=$(IFS=,; printf '%s' "$*")
    case $end in
      source-ranges) way=INGRESS ends="$peers||" others=1-5,7,8 ;;
      source-tags) way=INGRESS ends="|$peers|" others=1-6,8 ;;
      *) way=EGRESS ends="||$peers" others=1-7 ;;
    esac
    kept="$kept $name "
    new="$network|$way||||$ends|1000|False|$ports|$tag|$about"
    now=$(printf '%s\n' "$old" | sed -n "s/^$name|//p")
    [ "$now" = "$new" ] && return
    set -- "$name" --rules="$ports" "--$end=$peers" --target-tags="$tag" --priority=1000 --no-disabled --description="$about"
    if [ -n "$now" ]; then
      say "  now  $now"
      say "  then $new"
      if [ "$(printf '%s\n' "$now" | cut -d'|' -f"$others")" = "$(printf '%s\n' "$new" | cut -d'|' -f"$others")" ]; then
        act update "$@"
        return
      fi
      act delete "$name"
    fi
    act create "$@" --network="$network" --direction="$way" --action=ALLOW
  }
  rules
  for name in $(printf '%s\n' "$old" | cut -d'|' -f1 | grep -E "^$tag-$ways-[-a-z0-9]+\$"); do
    case $kept in
      *" $name "*) ;;
      *) act delete "$name" ;;
    esac
  done
"#;

fn print(plan: &Plan, text: Text) -> String {
    // What is taken out is what an empty list leaves.
    let (mut data, rows) = match text.has_rules() {
        true => (tags(plan, "gcloud compute instances add-tags MACHINE --zone=ZONE --tags=", ""), rows(plan, "  ")),
        false => (String::new(), Vec::new()),
    };
    let (tag, network) = (tag(plan, plan.group), plan.setting(NETWORK.id));
    let _ = write!(data, "tag={tag}\nnetwork={network}\nrules() {{\n  kept=\n");
    for row in rows {
        let Row { flow, comment, name, end, .. } = &row;
        let (protocol, ports) = (flow.protocol.lower(), flow.ports);
        let (about, peers) = (described(&[row.flow]), row.peers(" ", " \\\n    "));
        let _ = writeln!(data, "{comment}  rule {name} {protocol}:{ports} '{about}' {end} \\\n    {peers}");
    }
    data.push_str("}\n");
    let ways = match plan.directions {
        [Direction::Ingress] => "in",
        [Direction::Egress] => "out",
        _ => "(in|out)",
    };
    let (act, done) = match text {
        Text::Try => (TRIES, "\"Changes to make: $changes. Nothing was changed.\""),
        Text::TakeOut => (ACTS, "'Done: no rule of ours is left for this tag.'"),
        _ => (ACTS, "'Done: these rules are in place.'"),
    };
    let steps = format!("{}  ways='{ways}'\n{LOOKS}{act}{RULES}  say {done}\n", needs("gcloud"));
    pasted(plan, text, plain, Script { data, steps, anyone: true, ..Script::default() })
}

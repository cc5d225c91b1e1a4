//! The AWS command line: a shell script for whoever may change security groups, from any machine. It finds its group and those
//! that it refers to by their names, or by variables, changes only rules that have our tag, and leaves alone what somebody else
//! made, also where it says the same.
//!
//! What it must get right (firewall-facts section 4.7): AWS refuses a rule that is there, whoever made it, so what is there is
//! looked up first; new rules come before old ones go, so that nothing is cut; a rule of ours with another description is
//! described anew; groups are known by their ids alone, so every name is looked up before the first change.

use std::fmt::Write;

use super::aws::{AWS, NAMES, is_vpc, rows};
use super::cloud::{PEERS, Peer, described, others};
use super::{Dialect, Field, Plan, Text, pasted, plain};
use crate::shell::{Script, printed};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "aws-cli",
    name: "AWS, command line",
    extension: "sh",
    texts: &[Text::Apply, Text::Try, Text::TakeOut],
    how: "Paste into a shell where aws has a region and credentials that may change security groups, or save it and run it with sh.",
    lasts: "Safe to run again: it adds what is missing, and removes what an earlier text put there and this one lacks. Survives a restart.",
    fields: &[PEERS, NAMES, VPC],
    print,
    ..AWS
};

const VPC: Field = Field {
    id: "vpc",
    label: "VPC (an id, or any)",
    default: ANY,
    check: |text| match text == ANY || is_vpc(text) {
        true => Ok(()),
        false => Err("write an id as vpc-0123abcd, or the word any."),
    },
};
const ANY: &str = "any";

fn print(plan: &Plan, text: Text) -> String {
    let mut groups = vec![(plan.group, plan.name)];
    let mut data = String::new();
    if text.has_rules() {
        groups.append(&mut others(plan));
        let mut lines = String::new();
        for row in rows(plan) {
            let (way, protocol, ports) = (row.direction.lower(), row.protocol.lower(), row.ports);
            let peer = match &row.peer {
                Peer::Group(group) => format!("g{group}"),
                Peer::Network(_, network) => network.clone(),
            };
            let description = described(&row.flows);
            let (comments, first, last) = (row.comments(""), ports.first(), ports.last());
            let _ = writeln!(lines, "{comments}{way} {protocol} {first} {last} {peer} {description}");
        }
        data = printed("rules", "RULES", &lines);
    }
    let mut steps = String::new();
    let vpc = match plan.setting(VPC.id) {
        ANY => String::new(),
        id => format!(" Name=vpc-id,Values={id}"),
    };
    let _ = write!(steps, "  vpc='{vpc}'\n{LOOK_UP}");
    for (number, name) in &groups {
        let _ = writeln!(
            steps,
            "  look_up g{number} '{}{number}' \"$PORTCULLIS_G{number}\" # {}",
            plan.setting(NAMES.id),
            plain(name)
        );
    }
    let ways: Vec<&str> = plan.directions.iter().map(|direction| direction.lower()).collect();
    let want = if text.has_rules() { "$(rules | sed \"/^#/d$names;s/^/- /\")" } else { "" };
    let dry = if text == Text::Try { "--dry-run" } else { "" };
    let done = match text {
        Text::TakeOut => "Done: no rule of ours is left in this group.",
        Text::Try => "AWS accepts this. Nothing was changed.",
        _ => "Done: these rules are in place.",
    };
    let _ = write!(steps, "{HAVE}  ways='{}'\n  want={want}\n  dry={dry}\n{CHANGE}  say '{done}'\n", ways.join(" "));
    pasted(plan, text, plain, Script { data, steps, anyone: true, ..Script::default() })
}

/// Steps that find the id of a group, by its name unless a variable says it.
const LOOK_UP: &str = r#"  command -v aws >/dev/null 2>&1 || stop 'The command aws was not found.'
  AWS_PAGER=
  export AWS_PAGER
  own=
  names=
  look_up() {
    by="Name=group-name,Values=$2$vpc"
    [ -z "$3" ] || by="Name=group-id,Values=$3"
    # shellcheck disable=SC2086
    id=$(aws ec2 describe-security-groups --filters $by --query 'SecurityGroups[].GroupId' --output text) ||
      stop 'AWS did not say which security groups there are.'
    case $id in
      *[[:space:]]*) stop "Several security groups are called $2: choose a VPC on the page, or set PORTCULLIS_G${1#g} to the id of the one that is meant." ;;
      sg-*) ;;
      *) stop "There is no security group $2${3:+ with the id $3}: make it, choose another name on the page, or set PORTCULLIS_G${1#g} to the id of the one that is meant." ;;
    esac
    [ -n "$own" ] || own=$id
    names="$names;s/^\(\([a-z0-9]* \)\{4\}\)$1 /\1$id /"
  }
"#;

/// Steps that list the rules of the group, each as `ID WAY PROTOCOL FIRST LAST PEER DESCRIPTION`: all of them, and ours.
const HAVE: &str = r#"  have=$(aws ec2 describe-security-group-rules --filters "Name=group-id,Values=$own" --output text --query "SecurityGroupRules[].[SecurityGroupRuleId, IsEgress, IpProtocol, FromPort, ToPort, not_null(CidrIpv4, CidrIpv6, ReferencedGroupInfo.GroupId, PrefixListId), not_null(Tags[?Key=='Portcullis'].Value | [0], '-'), not_null(Description, '-')]") ||
    stop 'AWS did not say which rules the group has.'
  have=$(printf '%s\n' "$have" | tr '\t' ' ' | sed 's/^\([^ ]*\) False /\1 ingress /;s/^\([^ ]*\) True /\1 egress /')
  ours=$(printf '%s\n' "$have" | sed -n 's/^\([^ ]*\( [^ ]*\)\{5\}\) rules /\1 /p')
"#;

/// Steps that add what is missing, describe anew what has changed its reason, and then remove what is ours and not wanted: one
/// call each for a direction, which AWS takes whole or not at all.
const CHANGE: &str = r#"  among() { printf '%s\n' "$1" | cut -d ' ' -f "$2" | grep -qxF "$3"; }
  changed=
  tried() {
    said=$("$@" $dry 2>&1 </dev/null) && { changed=yes; return; }
    case $dry$said in --dry-run*DryRunOperation*) return ;; esac
    printf '%s\n' "$said" >&2
    [ -n "$changed" ] || stop 'AWS did not take this.'
    say 'Stopped half-way, and what is in place stays. When the reason is gone, run this text again.' >&2
    exit 1
  }
  for what in add describe remove; do
    for way in $ways; do
      case $what in remove) list=$ours ;; *) list=$want ;; esac
      set --
      while read -r id of protocol first last peer text; do
        [ "$of" = "$way" ] || continue
        tuple="$way $protocol $first $last $peer"
        case $what in
          add)
            among "$ours" 2-6 "$tuple" && continue
            among "$have" 2-6 "$tuple" && { say "Somebody else has made this rule, and it stays: $tuple"; continue; }
            ;;
          describe)
            among "$ours" 2-6 "$tuple" || continue
            among "$ours" 2- "$tuple $text" && continue
            ;;
          remove) among "$want" 2-6 "$tuple" && continue ;;
        esac
        [ -z "$dry" ] || say "Would $what: $tuple $text"
        case "$what $peer" in
          remove*) set -- "$@" "$id"; continue ;;
          *sg-*) peer="UserIdGroupPairs=[{GroupId=$peer,Description=\"$text\"}]" ;;
          *:*) peer="Ipv6Ranges=[{CidrIpv6=$peer,Description=\"$text\"}]" ;;
          *) peer="IpRanges=[{CidrIp=$peer,Description=\"$text\"}]" ;;
        esac
        set -- "$@" "IpProtocol=$protocol,FromPort=$first,ToPort=$last,$peer"
      done <<LIST
$list
LIST
      [ $# -gt 0 ] || continue
      case $what in
        add) tried aws ec2 "authorize-security-group-$way" --group-id "$own" --tag-specifications 'ResourceType=security-group-rule,Tags=[{Key=Portcullis,Value=rules}]' --ip-permissions "$@" ;;
        describe) tried aws ec2 "update-security-group-rule-descriptions-$way" --group-id "$own" --ip-permissions "$@" ;;
        remove) tried aws ec2 "revoke-security-group-$way" --group-id "$own" --security-group-rule-ids "$@" ;;
      esac
    done
  done
"#;

//! The Azure command line: a shell script for whoever may change network security groups, from any machine. It writes every rule
//! of a group of machines anew, and then removes those with a name like ours that are not wanted any more.
//!
//! What it must get right (firewall-facts section 4.8): a port, an address or an access that is not said is one that az chooses,
//! so all are; `create` takes the place of a rule of the same name, and Azure refuses a priority that another rule has, so
//! priorities are compared before the first change; what may begin with a hyphen is tied to its argument.

use std::fmt::Write;

use super::azure::{AZURE, End, NAMES, Row, groups, rows};
use super::cloud::PEERS;
use super::{Dialect, Field, Plan, Text, pasted, plain};
use crate::shell::{Script, needs, printed};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "azure-cli",
    name: "Azure, command line",
    extension: "sh",
    texts: &[Text::Apply, Text::Try, Text::TakeOut],
    how: "Paste into a shell where az is logged in and may change network security groups, or save it and run it with sh. It counts once the network security group is on the network interfaces of the machines, or on a subnet of theirs alone.",
    lasts: "Safe to run again: it writes its rules anew, and removes what an earlier text put there and this one lacks, by names like ingress-g1-tcp. Survives a restart.",
    fields: &[PEERS, NAMES, RESOURCES],
    print,
    ..AZURE
};

const RESOURCES: Field = Field {
    id: "resources",
    label: "Resource group",
    default: "spotfire",
    check: |text| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        match text.bytes().all(fits) && text.len() <= 90 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            true => Ok(()),
            false => Err("use letters, digits, - and _, beginning with a letter or digit, 90 at most."),
        }
    },
};

fn print(plan: &Plan, text: Text) -> String {
    let mut data = String::new();
    let mut steps = needs("az");
    let (resources, names, own) = (plan.setting(RESOURCES.id), plan.setting(NAMES.id), plan.group);
    let _ = write!(steps, "  rg='{resources}'\n  names='{names}'\n  own={own}\n{HAVE}");
    if text.has_rules() {
        let mut lines = String::new();
        for row in rows(plan) {
            rule(&mut lines, &row);
        }
        data = printed("rules", "RULES", &lines);
        for (number, name) in groups(plan) {
            let _ = writeln!(steps, "  look_up {number} # {}", plain(name));
        }
    }
    let ways: Vec<&str> = plan.directions.iter().map(|direction| direction.lower()).collect();
    let want = if text.has_rules() { "$(rules)" } else { "" };
    let dry = if text == Text::Try { "yes" } else { "" };
    let done = match text {
        Text::TakeOut => "Done: no rule of ours is left in this group.",
        Text::Try => "Nothing was changed.",
        _ => "Done: these rules are in place.",
    };
    let _ = write!(steps, "  ways='{}'\n  want={want}\n  dry={dry}\n{CHANGE}  say '{done}'\n", ways.join("|"));
    pasted(plan, text, plain, Script { data, steps, anyone: true, ..Script::default() })
}

/// A rule: a line of its own words, and then arguments of az, each in a line.
fn rule(out: &mut String, row: &Row) {
    let (way, protocol) = row.words();
    let _ = writeln!(out, "rule {} {} {way} {protocol} {}", row.name(), row.priority(), row.description());
    for (end, of) in row.ends() {
        let _ = match of {
            End::Everyone => writeln!(out, "--{end}-address-prefixes\n*"),
            End::Group(number) => writeln!(out, "--{end}-asgs\ng{number}"),
            End::Networks(_, networks) => writeln!(out, "--{end}-address-prefixes\n{}", networks.join("\n")),
        };
    }
    out.push_str("--destination-port-ranges\n");
    for flow in &row.flows {
        let _ = writeln!(out, "{} {}: {}", flow.ports, flow.key, plain(&flow.purpose));
    }
}

/// Steps that list the rules of the group, each as `NAME DIRECTION PRIORITY`, and look for the groups that rules name.
const HAVE: &str = r#"  have=$(az network nsg rule list --resource-group "$rg" --nsg-name "$names$own" --query '[].[name, direction, priority]' --output tsv </dev/null) ||
    stop "az did not list the rules of $names$own. If there is none: az network nsg create --resource-group $rg --name $names$own, and put it on the network interfaces of the machines."
  have=$(printf '%s\n' "$have" | tr '\t' ' ')
  look_up() {
    az network asg show --resource-group "$rg" --name "$names$1" --output none </dev/null ||
      stop "az did not find $names$1. If there is none: az network asg create --resource-group $rg --name $names$1, and put it on the network interfaces of its machines."
  }
"#;

/// Steps that compare priorities, write each rule, and then remove what is ours and not wanted.
const CHANGE: &str = r#"  while read -r word name priority way text; do
    [ "$word" = rule ] || continue
    other=$(printf '%s\n' "$have" | grep " $way $priority\$" | grep -v "^$name ")
    [ -z "$other" ] || stop "The rule ${other%% *} has the priority $priority, which $name needs: give it another one, or delete it."
  done <<LIST
$want
LIST
  changed=
  tried() {
    [ -z "$dry" ] || { say "Would run: $*"; return; }
    "$@" </dev/null && { changed=yes; return; }
    [ -n "$changed" ] || stop 'Azure did not take this.'
    say 'Stopped half-way, and what is in place stays. When the reason is gone, run this text again.' >&2
    exit 1
  }
  set --
  while read -r word name priority way protocol text; do
    case $word in
      '') ;;
      rule | end)
        [ $# -eq 0 ] || tried az network nsg rule create "$@"
        set -- --resource-group "$rg" --nsg-name "$names$own" --name "$name" --priority "$priority" --direction "$way" --access Allow --protocol "$protocol" "--description=$text" --output none --source-port-ranges '*'
        ;;
      g*) set -- "$@" "$names${word#g}" ;;
      *) set -- "$@" "$word" ;;
    esac
  done <<LIST
$want
end
LIST
  for name in $(printf '%s\n' "$have" | cut -d ' ' -f 1 | grep -E "^($ways)-g[0-9]+-(tcp|udp)(-[0-9]+-[0-9]+)?(-ipv6)?\$"); do
    printf '%s\n' "$want" | grep -q "^rule $name " || tried az network nsg rule delete --resource-group "$rg" --nsg-name "$names$own" --name "$name"
  done
"#;

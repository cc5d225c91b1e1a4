//! What the five texts do with the files of firewalld: check them on a copy, put them in place, reload, and bring the earlier
//! ones back where firewalld does not take them. Never writes a file that is not ours.

use std::fmt::Write;

use super::{DIALECT, PRIORITY, Way};
use crate::count::counted;
use crate::dialect::nftables::OTHERS;
use crate::dialect::{Plan, SECONDS, Text};
use crate::net::{Direction, Policy};
use crate::shell::{self, RUN, Script};

/// Where rules wait for their confirmation; the permanent files are the earlier ones until then, in case of a restart.
const PENDING: &str = "/run/portcullis/firewalld-pending";

/// Makes comments of XML: an exclamation mark in a pasted text would call up the history of the shell.
const XML: &str = r#"xml() {
  mark=$(printf '\041')
  sed "s/^  # \(.*\)/  <${mark}-- \1 -->/"
}
"#;

/// Moves our files of these directions between folders, and nothing else.
const FILES: &str = r#"ours() {
  (cd "$1" 2>/dev/null && for part in $parts; do
    ls "policies/portcullis-$part.xml" ipsets/portcullis-"$part"-*.xml 2>/dev/null
  done)
}
gone() {
  for part in $parts; do rm -f "$1/policies/portcullis-$part.xml"* "$1/ipsets/portcullis-$part-"*; done
}
moved() {
  gone "$2"
  mkdir -p "$2/policies" "$2/ipsets" || return 1
  for file in $(ours "$1"); do cp "$1/$file" "$2/$file" || return 1; done
}
"#;

/// A reload forgets the zone of an interface unless NetworkManager knows it or it was saved.
const RELOAD: &str = r#"reload() {
  said=$(firewall-cmd --reload 2>&1) || { echo "$said" >&2; return 1; }
  printf '%s\n' "$zones" | awk '/^[A-Za-z0-9_]/ { zone = $1 }
    $1 == "interfaces:" { for (i = 2; i <= NF; i++) print zone, $i }' |
  while read -r zone interface; do
    [ "$(firewall-cmd --get-zone-of-interface="$interface" 2>/dev/null)" = "$zone" ] ||
      firewall-cmd --quiet --zone="$zone" --change-interface="$interface"
  done
  return 0
}
"#;

/// A reload that fails leaves the host without rules: the earlier files come back at once.
const PLACE: &str = r#"place() {
  moved /etc/firewalld "$copy/earlier"
  moved "$1" /etc/firewalld && reload && standing && return 0
  moved "$copy/earlier" /etc/firewalld
  reload || say 'firewalld does not load the earlier rules either: see firewall-cmd --state' >&2
  return 1
}
"#;

/// Everything that firewalld holds, a line each; what is ours, and what a reload leaves alone, is left out.
const HELD: &str = r#"lines() {
  awk '/^[A-Za-z0-9_]/ { name = $1 }
    name ~ /^portcullis-/ || $1 == "interfaces:" { next }
    /^[A-Za-z0-9_]/ { print name; next }
    /^ / { for (i = 2; i <= NF; i++) print name, $1, $i; next }
    NF { print name, $0 }'
}
sets() {
  for set in $(firewall-cmd "$@" --get-ipsets | tr ' ' '\n' | grep -v '^portcullis-'); do
    firewall-cmd "$@" --ipset="$set" --get-entries | sed "s/^/ipset $set /"
  done
}
direct() { firewall-cmd "$@" --direct --get-all-rules; firewall-cmd "$@" --direct --get-all-passthroughs; }
held() { { printf '%s\n' "$zones" "$policies" | lines; sets; printf '%s\n' "$direct"; } | sort -u; }
saved() {
  {
    { firewall-cmd --permanent --list-all-zones; firewall-cmd --permanent --list-all-policies; } | lines
    sets --permanent
    if [ -e /etc/firewalld/direct.xml ]; then direct --permanent; fi
    echo
  } | sort -u
}
"#;

/// Stops where a reload would change more than our rules.
const SAVED: &str = r#"  zones=$(firewall-cmd --list-all-zones)
  policies=$(firewall-cmd --list-all-policies 2>/dev/null) || stop 'This firewalld knows no policies: version 0.9 or newer is needed.'
  direct=$(direct 2>/dev/null)
  differs=$({ held; saved; } 2>/dev/null | sort | uniq -u | grep .)
  [ -z "$differs" ] || {
    printf '%s\n' "$differs" >&2
    stop 'In these lines, what firewalld does and what it has saved differ, and a reload would end that. Either firewall-cmd --runtime-to-permanent (saves all of it) or firewall-cmd --reload (forgets it), then paste again.'
  }
"#;

/// What must be so before anything is changed.
const CHECKS: &str = r#"  case "$(ufw status 2>/dev/null)" in *'Status: active'*) stop 'ufw manages this host too. Two managers undo each other: stop one of them first.' ;; esac
  state=$(firewall-cmd --state 2>&1) || stop "firewalld is $state. Before you start it, see that it lets you in: firewall-offline-cmd --list-all must name ssh, or its port. Then: systemctl enable --now firewalld"
  [ "$(firewall-cmd --query-lockdown 2>/dev/null)" = yes ] && stop 'firewalld is locked down. To end that: firewall-cmd --lockdown-off'
  [ "$(firewall-cmd --query-panic 2>/dev/null)" = yes ] && stop 'firewalld is in panic mode and drops everything. To end that: firewall-cmd --panic-off'
  nft list table inet portcullis >/dev/null 2>&1 && stop 'The whole policy of this host is in place by nftables: take that one out first.'
"#;

/// Checks the files on a copy. The check ends well and only warns where a rule will be missing.
const EXAMINED: &str = r#"  examined() { firewall-offline-cmd --system-config="$copy" --check-config 2>&1; }
  cp -R /etc/firewalld/. "$copy" || stop 'The folder /etc/firewalld cannot be copied.'
  before=$(examined) || { printf '%s\n' "$before" >&2; stop 'firewalld finds mistakes in its own files.'; }
  fresh "$copy" || stop 'The files cannot be written.'
  after=$(examined)
  [ "$after" = "$before" ] || { printf '%s\n' "$after" >&2; stop 'firewalld refused the rules.'; }
"#;

/// A folder that goes when the text has ended.
const COPY: &str = r#"  copy=$(mktemp -d) || stop 'No temporary folder can be made.'
  trap 'rm -rf "$copy"' EXIT
"#;

/// Prints those of our policies that firewalld has, and is true of a host that has none.
const LIVE: &str = r#"live() {
  for part in $parts; do firewall-cmd --get-policies | tr ' ' '\n' | grep -x "portcullis-$part"; done
}
standing() { [ -z "$(live)" ]; }
"#;

/// The script that puts the rules in place, or tries them.
pub(super) fn apply(plan: &Plan, ways: &[Way], text: Text) -> Script {
    let mut script = checked(plan, ways, text);
    match text {
        Text::Try => script.steps.push_str("  say 'firewalld accepts these rules. Nothing was changed.'\n"),
        _ => {
            script.steps.push_str(
                "  place \"$copy\" || stop 'firewalld did not take the rules: what was there before is back.'\n",
            );
            script.steps.push_str(&done(plan, ways, "now and after a restart"));
        }
    }
    script
}

/// A script that has checked everything, and has our files in `$copy`.
fn checked(plan: &Plan, ways: &[Way], text: Text) -> Script {
    let mut data = files(plan, ways);
    for constant in [XML, FILES, RELOAD, PLACE, HELD, OTHERS] {
        data.push_str(constant);
    }
    data.push_str(&fresh(ways));
    data.push_str(&standing(ways));
    let mut steps = shell::needs("firewall-cmd") + &shell::needs("firewall-offline-cmd") + CHECKS;
    if ways.iter().any(|way| way.end == "destination" && !way.sets.is_empty()) {
        steps.push_str(
            "  case \"$(firewall-cmd --version)\" in 0.*) stop 'So many destinations need a set, and firewalld 1.0 for it.' ;; esac\n",
        );
    }
    steps.push_str(&shell::settled(DIALECT.id));
    if text != Text::Try {
        steps.push_str(&confirmed());
    }
    if plan.policy == Policy::Additive {
        for way in ways {
            let _ = writeln!(
                steps,
                "  grep -q 'target=\"DROP\"' /etc/firewalld/policies/portcullis-{}.xml 2>/dev/null &&
    stop 'The whole policy of this host is in place: change that one, or take it out first.'",
                way.part
            );
        }
    }
    steps.push_str(SAVED);
    steps.push_str(COPY);
    steps.push_str(EXAMINED);
    Script { data, steps, ..Script::default() }
}

/// The files and what they are called.
fn files(plan: &Plan, ways: &[Way]) -> String {
    let files = ways.iter().zip(plan.directions).map(|(way, direction)| way.files(plan, *direction));
    files.collect::<String>() + &parts(ways)
}

fn parts(ways: &[Way]) -> String {
    let parts: Vec<&str> = ways.iter().map(|way| way.part).collect();
    format!("parts='{}'\n", parts.join(" "))
}

/// The function that writes our files into a folder.
fn fresh(ways: &[Way]) -> String {
    let mut out = String::from("fresh() {\n  gone \"$1\"\n  mkdir -p \"$1/policies\" \"$1/ipsets\"");
    for way in ways {
        let part = way.part;
        let _ = write!(out, " &&\n    policy_{part} | xml >\"$1/policies/portcullis-{part}.xml\"");
        for set in &way.sets {
            let _ = write!(out, " &&\n    {} >\"$1/ipsets/{}.xml\"", set.function(), set.name);
        }
    }
    out + "\n}\n"
}

/// The function that is true if firewalld has all of our rules.
fn standing(ways: &[Way]) -> String {
    let all: Vec<String> = ways
        .iter()
        .map(|way| {
            let (part, count) = (way.part, way.rules.len());
            format!("[ \"$(firewall-cmd --policy=portcullis-{part} --list-rich-rules | grep -c '^rule ')\" = {count} ]")
        })
        .collect();
    format!("standing() {{\n  {}\n}}\n", all.join(" &&\n    "))
}

/// Steps that save a confirmed version whose time is not over yet.
fn confirmed() -> String {
    format!("  [ -e {PENDING} ] && sh {RUN}/firewalld-back.sh saved\n")
}

/// Steps that say what is in place now, and what our rules cannot do.
fn done(plan: &Plan, ways: &[Way], when: &str) -> String {
    let count = counted(plan.rules.len(), "flow");
    let mut steps = format!(
        "  say 'Done: rules for {count} are in place, {when}.'
  ahead=$(printf '%s\\n' \"$policies\" | awk '/^[A-Za-z0-9_]/ {{ name = $1 }}
    $1 == \"priority:\" && $2 < {PRIORITY} {{ print name }}' | grep -vx allow-host-ipv6 | tr '\\n' ' ')
  [ -z \"$ahead\" ] || say \"These policies come before ours, and what they say holds: $ahead\"
  [ -z \"$direct\" ] || say 'Direct rules stay, and what they drop stays dropped: firewall-cmd --direct --get-all-rules'
"
    );
    if plan.policy == Policy::WholeHost && plan.directions.contains(&Direction::Ingress) {
        steps.push_str(
            "  ports=$(printf '%s\\n' \"$zones\" \"$policies\" |
    grep -o 'port=[^ ]*:proto=[^ ]*' | tr '\\n' ' ')
  [ -z \"$ports\" ] || say \"Forwarded ports stay open, since firewalld accepts them before any policy: $ports\"\n",
        );
    }
    steps.push_str("  if command -v nft >/dev/null 2>&1; then\n");
    for Way { part, hook, chain, .. } in ways {
        let _ = write!(
            steps,
            "    {part}=$(others {hook} 'inet firewalld {chain}')
    [ -z \"${part}\" ] || say \"Also filters, and what it drops stays dropped: $(echo \"${part}\" | tr '\\n' ';')\"
"
        );
    }
    steps.push_str("  fi\n");
    steps
}

/// The script that applies a whole policy and brings back what was there before. The permanent files are the earlier ones
/// again as soon as firewalld has read ours, so that a reload, or a restart, is all that it takes to go back.
pub(super) fn guarded(plan: &Plan, ways: &[Way]) -> Script {
    let script = checked(plan, ways, Text::Guarded);
    let back = Script {
        data: parts(ways) + FILES + RELOAD,
        steps: format!(
            "  [ \"$1\" = saved ] || {{
    sleep {SECONDS}
    [ \"$(cat {PENDING}/token 2>/dev/null)\" = \"$1\" ] || exit 0
  }}
  if [ -e {RUN}/firewalld-unconfirmed ]; then
    zones=$(firewall-cmd --list-all-zones)
    reload
    rm -rf {PENDING}
{}    exit 0
  fi
  moved {PENDING} /etc/firewalld
  rm -rf {PENDING}
  [ \"$1\" = saved ] || wall 'portcullis: confirmed, and saved for the next restart.' 2>/dev/null
",
            indented(&shell::rolled_back(DIALECT.id))
        ),
        ..Script::default()
    };
    let apply = format!(
        "  {{ rm -rf {PENDING} && moved \"$copy\" {PENDING} && echo \"$token\" >{PENDING}/token; }} ||
    stop 'The folder {PENDING} cannot be written.'
  place \"$copy\" || {{ rm -rf {PENDING}; stop 'firewalld did not take the rules: what was there before is back.'; }}
  moved \"$copy/earlier\" /etc/firewalld
{}",
        done(plan, ways, "and saved for the next restart once they are confirmed and the time is over")
    );
    shell::guarded(script, DIALECT.id, &back.body(), &apply, SECONDS)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// The script that sees that the rules come back at every start: firewalld does that by itself.
pub(super) fn keep(plan: &Plan, ways: &[Way]) -> Script {
    let data = files(plan, ways) + XML + FILES + &fresh(ways) + &standing(ways);
    let mut steps = shell::needs("firewall-cmd") + &shell::settled(DIALECT.id);
    steps.push_str(&confirmed());
    steps.push_str(COPY);
    steps.push_str(
        r#"  contents() { for file in $(ours "$1"); do echo "$file"; cat "$1/$file"; done; }
  fresh "$copy" || stop 'The files cannot be written.'
  { [ "$(contents /etc/firewalld)" = "$(contents "$copy")" ] && standing; } 2>/dev/null ||
    stop 'These rules are not in place: use Apply first.'
  [ -d /run/systemd/system ] || stop 'This machine is not started by systemd: have its start run firewalld.'
  [ "$(systemctl is-enabled firewalld 2>/dev/null)" = enabled ] ||
    stop 'firewalld does not start with this machine. To make it: systemctl enable firewalld'
  say 'Done: firewalld starts with this machine, and these rules with it.'
"#,
    );
    Script { data, steps, ..Script::default() }
}

/// The script that takes our files out.
pub(super) fn take_out(ways: &[Way]) -> Script {
    let mut data = parts(ways);
    for constant in [FILES, RELOAD, PLACE, HELD] {
        data.push_str(constant);
    }
    data.push_str(LIVE);
    let forgotten = format!("rm -rf {PENDING} {RUN}/firewalld-unconfirmed {RUN}/firewalld-back.sh");
    let saved = indented(SAVED) + &indented(COPY);
    let steps = format!(
        r#"  if firewall-cmd --state >/dev/null 2>&1 && [ -n "$(ours /etc/firewalld)$(live)" ]; then
{saved}    {forgotten}
    place "$copy" || stop 'firewalld did not take that: what was there before is back.'
  else
    {forgotten}
    gone /etc/firewalld
  fi
  say 'Taken out.'
"#
    );
    Script { data, steps, ..Script::default() }
}

//! ufw: one call of `ufw prepend allow` for each address, with our tag as comment. *Additive*: rules of ours beside the host's,
//! before them. *Whole host*: ufw denies by default, ours are the only rules of a direction, and what was there is kept once
//! and brought back. Never changes a rule that is not ours while it adds, never edits what ufw does with forwarded traffic.
//!
//! What it must get right (firewall-facts section 4.6): rules of an inactive ufw are stored and not enforced; ufw has no sets, so
//! a flow is one line here and a call for each address there; it keeps one rule for the same traffic, whatever its verdict, and
//! skips a second one without a word; `any` is two rules, one for each family; it refuses `'` in a comment.

mod steps;

use std::fmt::Write;

use super::{Dialect, LINUX, Plan, Planned, SECONDS, Text, pasted, plain};
use crate::count::counted;
use crate::net::{Direction, Family, Policy};
use crate::shell::{self, RUN, Script};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "ufw",
    name: "ufw",
    lasts: "Safe to run again. Survives a restart where ufw is started with the machine: Make it last checks that.",
    assumes,
    print,
    ..LINUX
};

fn assumes(policy: Policy, direction: Direction) -> &'static str {
    match (policy, direction) {
        (Policy::Additive, Direction::Ingress) => {
            "Assumes that ufw is active and denies incoming traffic by default. Our rules come before the rules of the host, and what before.rules refuses stays refused."
        }
        (Policy::Additive, Direction::Egress) => {
            "ufw allows outgoing traffic by default: these egress rules change nothing until ufw default deny outgoing."
        }
        (Policy::WholeHost, Direction::Ingress) => {
            "Whole policy: incoming traffic that is not listed is denied, and ufw is turned on. What before.rules admits stays admitted: replies, ICMP, DHCP, and by multicast mDNS and UPnP. Forwarded traffic follows the setting that ufw has for it."
        }
        (Policy::WholeHost, Direction::Egress) => {
            "Whole policy: no other outgoing rule of ufw remains, and its default says what becomes of what is not listed. What before.rules admits stays admitted."
        }
    }
}

/// Addresses on one line, in characters: together with the rest it stays below what a terminal takes.
const MOST_IN_A_LINE: usize = 3600;
/// What the host had before a whole policy.
const BEFORE: &str = "/var/lib/portcullis/ufw-before";
/// What it had before a text that waits for its confirmation.
const EARLIER: &str = "/run/portcullis/ufw-earlier";

/// What a direction is called in ufw, and in this text.
const fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "in",
        Direction::Egress => "out",
    }
}

fn ways(plan: &Plan) -> String {
    let ways: Vec<&str> = plan.directions.iter().map(|direction| way(*direction)).collect();
    ways.join(" ")
}

fn print(plan: &Plan, text: Text) -> String {
    let script = match text {
        Text::Apply | Text::Try => match plan.policy {
            Policy::Additive => additive(plan, text),
            Policy::WholeHost => whole(plan, text),
        },
        Text::Guarded => guarded(plan),
        Text::Keep => keep(plan),
        Text::TakeOut => take_out(plan),
    };
    pasted(plan, text, plain, script)
}

/// The rules, first because they are what people read: a function that only prints them, a line for each flow and family.
fn rules(plan: &Plan) -> String {
    let mut out = String::new();
    for direction in plan.directions {
        if *direction == Direction::Egress && plan.drops(*direction) {
            out.push_str(LEASES);
        }
        for planned in plan.of(*direction) {
            rule(&mut out, planned, *direction);
        }
    }
    shell::printed("rules", "RULES", &out)
}

/// What keeps the address of a machine; ufw's own files have it for the answers only.
const LEASES: &str = "\
# DHCP and DHCPv6: from port 68 to 67, and from port 546 to 547
out udp 68->67 to 0.0.0.0/0 # dhcp DHCP
out udp 546->547 to fe80::/10 ff02::1:2 # dhcpv6 DHCPv6
";

fn rule(out: &mut String, planned: &Planned, direction: Direction) {
    let rule = planned.rule;
    let (source, destination) = (plain(&rule.source.name), plain(&rule.destination.name));
    let (way, end) = match direction {
        Direction::Ingress => ("in", "from"),
        Direction::Egress => ("out", "to"),
    };
    let (protocol, ports, purpose) =
        (rule.protocol.lower(), rule.ports.to_string().replace('-', ":"), plain(&rule.purpose));
    let comment: String = format!("{} {purpose}", rule.key).chars().take(120).collect();
    let comment = comment.trim_end();
    let _ = writeln!(out, "# {source} to {destination}, {} {}: {purpose}", rule.protocol, rule.ports);
    let mut line = |list: &str| {
        let _ = writeln!(out, "{way} {protocol} {ports} {end} {list} # {comment}");
    };
    let Some(peers) = &planned.peers else { return line("any") };
    for family in [Family::V4, Family::V6] {
        let mut list = String::new();
        for piece in peers.iter().filter(|peer| peer.family() == Some(family)).flat_map(|peer| peer.prefixes()) {
            let piece = piece.to_string();
            if list.len() + piece.len() > MOST_IN_A_LINE {
                line(&list);
                list.clear();
            }
            if !list.is_empty() {
                list.push(' ');
            }
            list.push_str(&piece);
        }
        if !list.is_empty() {
            line(&list);
        }
    }
}

/// Whoever else writes this host's rules would overwrite ours, and two kinds of tables hide from each other.
const MANAGERS: &str = r#"  case "$(firewall-cmd --state 2>/dev/null)" in running*) stop 'firewalld manages this host: choose its text on the page.' ;; esac
  case "$(iptables -V 2>/dev/null)" in
    *nf_tables*) [ -z "$(cat /proc/net/ip_tables_names /proc/net/ip6_tables_names 2>/dev/null)" ] ||
      stop 'Rules of the older iptables-legacy are in force beside those of ufw: remove them, or have update-alternatives choose it for ufw.' ;;
  esac
  case "$(ufw help 2>/dev/null)" in *prepend*) ;; *) stop 'This ufw cannot prepend rules: version 0.36 or newer is needed.' ;; esac
"#;

/// Whether ufw is active.
const ACTIVE: &str = r#"  case "$(ufw status 2>/dev/null)" in *'Status: active'*) active=yes ;; *) active=no ;; esac
"#;

/// Whether ufw filters IPv6 by rules.
const IPV6: &str = r#"  ipv6=no
  case "$(grep '^IPV6=' /etc/default/ufw)" in *[Yy][Ee][Ss]*) [ -d /proc/sys/net/ipv6 ] && ipv6=yes ;; esac
"#;

/// A folder to work in.
const WORK: &str = r#"  work=$(mktemp -d) || stop 'No temporary folder can be made.'
  trap 'rm -rf "$work"' EXIT
"#;

/// The functions and first steps of a text that changes rules, or tries to.
fn checked(plan: &Plan) -> Script {
    let data =
        rules(plan) + steps::WANTED + steps::CHANGES + steps::CHANGE + steps::BESIDE + steps::FILES + steps::BACK;
    Script { data, steps: begun(plan) + MANAGERS + ACTIVE + IPV6 + WORK, ..Script::default() }
}

/// Steps that leave a whole policy alone.
const NOT_WHOLE: &str = r#"  for way in $ways; do
    [ -e "$before/$way" ] && stop 'The whole policy of this host is in place: change that one, or take it out first.'
  done
"#;

fn begun(plan: &Plan) -> String {
    format!("{}  export LC_ALL=C\n  ways='{}' before={BEFORE}\n", shell::needs("ufw"), ways(plan))
}

/// Steps that are taken once nothing stands against it: from here on, stopping brings back what was there.
const CHANGED: &str = r#"  save "$work/now" || stop 'What ufw has could not be kept aside.'
  [ -e "$before" ] && cp -a "$before" "$work/now/before"
  stop() {
    back_to "$work/now"
    rm -f /run/portcullis/ufw-unconfirmed
    say "$1" >&2
    say 'Nothing was changed.' >&2
    exit 1
  }
"#;

/// Steps that make sure of the result.
const VERIFIED: &str = r#"  changes >"$work/changes"
  grep -q -e '^delete' -e '^add' "$work/changes" && stop "ufw did not take: $(grep -e '^delete' -e '^add' "$work/changes")"
"#;

/// Steps that say what was not done, and what a rule to allow cannot do.
const SAID: &str = r#"  [ "$ipv6" = yes ] || say 'IPv6 is off in ufw, which then drops all of it: rules for IPv6 addresses are left out.'
  sed -n 's/^theirs /The host has this rule by itself, and it stays as it is: /p' "$work/changes" | while read -r line; do say "$line"; done
  beside | while read -r line; do say "Also filters, and what it drops stays dropped: $line"; done
"#;

/// Steps that name the rules of the host that refuse something before ours are asked.
const ASKED: &str = r#"  before_ours | while read -r line; do say "Asked before ours, and what it refuses stays refused: $line"; done
"#;

fn done(plan: &Plan) -> String {
    format!("{SAID}  say 'Done: rules for {} are in place.'\n", counted(plan.rules.len(), "flow"))
}

/// The script that adds rules to those of the host, or tries them.
fn additive(plan: &Plan, text: Text) -> Script {
    let mut script = checked(plan);
    script.steps.push_str(NOT_WHOLE);
    script.steps.push_str(
        r#"  [ "$active" = yes ] ||
    stop 'ufw is not active: rules would be stored and not enforced. Allow SSH in ufw, turn it on with ufw enable, and try again.'
  changes >"$work/changes"
  against=$(sed -n 's/^against //p' "$work/changes")
  [ -z "$against" ] ||
    stop "ufw keeps one rule for the same traffic, and this host has another than to allow it: $against. Delete that rule, or take the flow off the page."
"#,
    );
    if text == Text::Try {
        script.steps.push_str(&tried());
        return script;
    }
    script.data.push_str(steps::BEFORE_OURS);
    script.steps.push_str(CHANGED);
    script.steps.push_str("  ufw=ufw\n  change\n");
    script.steps.push_str(VERIFIED);
    script.steps.push_str(ASKED);
    script.steps.push_str(&done(plan));
    script
}

fn tried() -> String {
    format!("  ufw='ufw --dry-run'\n  change\n{SAID}  say 'ufw accepts these rules. Nothing was changed.'\n")
}

/// Steps that check what a whole policy relies on.
fn relied(plan: &Plan) -> (String, String) {
    let mut lines = String::new();
    for direction in plan.directions {
        match direction {
            Direction::Ingress => lines.push_str(steps::RELIES_IN),
            Direction::Egress if plan.drops(*direction) => lines.push_str(steps::RELIES_OUT),
            Direction::Egress => {}
        }
    }
    let checks = r#"  lacks=$(relies | while read -r file line; do
    case "$file$ipv6" in before6.rulesno) continue ;; esac
    grep -qxF -e "$line" "/etc/ufw/$file" || echo "/etc/ufw/$file: $line"
  done)
  [ -z "$lacks" ] || stop "A whole policy relies on lines of ufw that this host lacks: $lacks"
  if [ "$active" = no ]; then
    for way in in out; do
      case " $ways " in *" $way "*) continue ;; esac
      quiet "$way" || stop 'ufw is not active here, and with it its rules for the other direction would come into force: choose both directions on the page.'
    done
  fi
"#;
    let mut data = shell::printed("relies", "RELIES", &lines);
    if plan.directions.contains(&Direction::Egress) && plan.drops(Direction::Egress) {
        data.push_str(&shell::printed("icmp", "RELIES", ICMP));
    }
    (data, checks.to_owned())
}

/// A script that has checked the host for a whole policy.
fn ready(plan: &Plan) -> Script {
    let mut script = checked(plan);
    let (lines, checks) = relied(plan);
    script.data.push_str(&lines);
    script.data.push_str(steps::MERGE);
    script.data.push_str(steps::WHOLE);
    script.steps.push_str(&shell::settled("ufw"));
    script.steps.push_str(&checks);
    script
}

/// What ufw is to do by default with a direction, in its own words.
fn default(plan: &Plan, direction: Direction) -> (&'static str, &'static str) {
    let word = match direction {
        Direction::Ingress => "incoming",
        Direction::Egress => "outgoing",
    };
    if plan.drops(direction) { ("deny", word) } else { ("allow", word) }
}

/// A command that succeeds if ufw does so.
fn stored(plan: &Plan, direction: Direction) -> String {
    let name = match direction {
        Direction::Ingress => "DEFAULT_INPUT_POLICY",
        Direction::Egress => "DEFAULT_OUTPUT_POLICY",
    };
    let verdict = if plan.drops(direction) { "DROP" } else { "ACCEPT" };
    format!("grep -qx '{name}=\"{verdict}\"' /etc/default/ufw")
}

/// The script that puts a whole policy in place, or tries it.
fn whole(plan: &Plan, text: Text) -> Script {
    let mut script = ready(plan);
    if text == Text::Try {
        script.steps.push_str("  changes >\"$work/changes\"\n");
        script.steps.push_str(
            r#"  sed -n 's/^other [46] /would put aside, and bring back with Take it out: /p' "$work/changes" | while read -r line; do say "$line"; done
"#,
        );
        for direction in plan.directions {
            let (policy, word) = default(plan, *direction);
            let _ = writeln!(script.steps, "  say 'would run: ufw default {policy} {word}'");
        }
        script.steps.push_str("  [ \"$active\" = yes ] || say 'would run: ufw --force enable'\n");
        script.steps.push_str(&tried());
        return script;
    }
    script.steps.push_str(CHANGED);
    script.steps.push_str(&put_in_place(plan));
    script
}

/// ICMP that this host begins: ufw has no command for it, and its own files have it for IPv6 only.
const ICMP: &str = r#"-A ufw-before-output -p icmp -m comment --comment "portcullis out" -j ACCEPT
"#;

/// Steps that write that line, at the end of what ufw asks first, where it is absent.
const ICMP_IN: &str = r#"  if grep -q 'portcullis out' /etc/ufw/before.rules; then :; else
    icmp | awk '/^[*]/ { table = $0 } file == 1 { line = $0; next }
      table == "*filter" && $0 == "COMMIT" { print line } { print }' file=1 - file=2 /etc/ufw/before.rules >"$work/file" &&
      cp "$work/file" /etc/ufw/before.rules || stop 'The file /etc/ufw/before.rules could not be written.'
    anew=yes
  fi
"#;

/// Steps that take it out again.
const ICMP_GONE: &str = r#"  if grep -q 'portcullis out' /etc/ufw/before.rules; then
    sed '/portcullis out/d' /etc/ufw/before.rules >"$work/file" && cp "$work/file" /etc/ufw/before.rules ||
      stop 'The file /etc/ufw/before.rules could not be written.'
    anew=yes
  fi
"#;

/// Steps that put a whole policy in place. Ours come first, so that whoever administers the host is never without a rule.
fn put_in_place(plan: &Plan) -> String {
    let mut steps = String::from(
        r#"  ufw=ufw
  remember || stop 'What ufw has could not be kept aside.'
  changes >"$work/changes"
  change
  anew=no
  if grep -q '^other' "$work/changes"; then
    aside || stop 'The rules of the host could not be put aside.'
    anew=yes
  fi
"#,
    );
    if plan.directions.contains(&Direction::Egress) {
        steps.push_str(if plan.drops(Direction::Egress) { ICMP_IN } else { ICMP_GONE });
    }
    steps.push_str(
        r#"  [ "$anew" = no ] || run reload
  changes >"$work/changes"
  change
"#,
    );
    steps.push_str(VERIFIED);
    steps.push_str(
        r#"  grep -q '^other' "$work/changes" && stop "These rules could not be put aside: $(grep '^other' "$work/changes")"
"#,
    );
    for direction in plan.directions {
        let (policy, word) = default(plan, *direction);
        let _ = writeln!(steps, "  {} || run default {policy} {word}", stored(plan, *direction));
    }
    steps.push_str(
        r#"  [ "$active" = yes ] || run --force enable
  case "$(ufw status)" in *'Status: active'*) ;; *) stop 'ufw did not start.' ;; esac
  [ "$active" = yes ] || say 'ufw is on now: the network settings in /etc/ufw/sysctl.conf hold until the next restart.'
  case "$active$(cat /proc/sys/net/ipv4/ip_forward 2>/dev/null)" in
    no1) say "This machine forwards traffic, and ufw filters that too now: $(grep '^DEFAULT_FORWARD_POLICY' /etc/default/ufw)" ;;
  esac
"#,
    );
    steps.push_str(&done(plan));
    steps
}

/// The script that applies a whole policy and brings back what was there before: an earlier version of it, or the host's own.
fn guarded(plan: &Plan) -> Script {
    let mut script = ready(plan);
    let back = Script {
        data: steps::FILES.to_owned() + steps::BACK,
        steps: shell::waits("ufw", SECONDS)
            + &format!("  export LC_ALL=C\n  back_to {EARLIER}\n  rm -rf {EARLIER}\n")
            + &shell::rolled_back("ufw"),
        ..Script::default()
    };
    let _ = write!(
        script.steps,
        "  rm -rf {EARLIER}
  save {EARLIER} || stop 'What ufw has could not be kept aside.'
  [ -e \"$before\" ] && cp -a \"$before\" {EARLIER}/before
"
    );
    let mut apply = String::from(CHANGED) + &put_in_place(plan);
    apply.push_str("  say 'Do not restart this machine before that is decided: ufw would start with the new rules.'\n");
    shell::guarded(script, "ufw", &back.body(), &apply, SECONDS)
}

/// The script that says whether the rules come back at every start: ufw keeps them by itself.
fn keep(plan: &Plan) -> Script {
    let data = rules(plan) + steps::WANTED + steps::CHANGES;
    let mut steps = begun(plan) + ACTIVE + IPV6 + WORK + &shell::settled("ufw");
    let absent = "stop 'These rules are not in place: use Apply first.'";
    let mut known = "-e '^theirs' -e '^other'";
    if plan.policy == Policy::Additive {
        steps.push_str(NOT_WHOLE);
    } else {
        known = "-e '^theirs'";
        let _ = writeln!(steps, "  for way in $ways; do [ -e \"$before/$way\" ] || {absent}; done");
        for direction in plan.directions {
            let _ = writeln!(steps, "  {} || {absent}", stored(plan, *direction));
        }
    }
    let _ = write!(
        steps,
        r#"  changes >"$work/changes"
  case "$active$(grep -c -v {known} "$work/changes")" in
    yes0) ;;
    *) {absent} ;;
  esac
"#
    );
    steps.push_str(
        r#"  grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf || stop 'ufw is active and not enabled: run ufw enable.'
  [ -d /run/systemd/system ] || stop 'This machine is not started by systemd: have its start run /lib/ufw/ufw-init start.'
  systemctl is-enabled --quiet ufw || stop 'ufw is not started with this machine: run systemctl enable ufw.'
  say 'Done: nothing was left to do. ufw stores its rules, and is started with this machine.'
"#,
    );
    Script { data, steps, ..Script::default() }
}

/// The script that takes our rules out.
fn take_out(plan: &Plan) -> Script {
    let mut script = Script { steps: begun(plan), ..Script::default() };
    match plan.policy {
        Policy::Additive => {
            script.data = "wanted() {\n  :\n}\n".to_owned() + steps::CHANGES + steps::CHANGE;
            script.steps = script.steps + NOT_WHOLE + IPV6 + WORK;
            script.steps.push_str(
                r#"  ufw=ufw
  changes >"$work/changes"
  change
"#,
            );
        }
        Policy::WholeHost => {
            script.data.push_str(steps::MERGE);
            script.steps.push_str(WORK);
            script.steps.push_str(
                r#"  for way in $ways; do
    [ -e "$before/$way" ] || continue
    for file in user.rules user6.rules; do
      merge "$way" "$before/$file" "/etc/ufw/$file" >"$work/$file" || stop 'What was there before could not be read.'
    done
    policy "$way" "$before/ufw" /etc/default/ufw >"$work/ufw" || stop 'What was there before could not be read.'
    cp "$work/user.rules" "$work/user6.rules" /etc/ufw/ && cp "$work/ufw" /etc/default/ufw || stop 'The files of ufw could not be written.'
    [ "$way" = in ] || { sed '/portcullis out/d' /etc/ufw/before.rules >"$work/file" && cp "$work/file" /etc/ufw/before.rules; }
    rm -f "$before/$way"
    ufw reload >/dev/null
  done
  if [ -e "$before/in" ] || [ -e "$before/out" ] || [ -z "$(ls "$before" 2>/dev/null)" ]; then
    :
  else
    grep -qi '^ENABLED=yes' "$before/ufw.conf" || ufw disable >/dev/null
    rm -rf "$before"
    rmdir /var/lib/portcullis 2>/dev/null
  fi
"#,
            );
            let _ = writeln!(script.steps, "  rm -rf {EARLIER} {RUN}/ufw-unconfirmed {RUN}/ufw-back.sh");
        }
    }
    script.steps.push_str("  say 'Taken out.'\n");
    script
}

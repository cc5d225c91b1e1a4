//! iptables and ip6tables, both backends. Own chains, flushed and refilled in one transaction for each family; both families,
//! or neither. *Additive*: one jump to each, inserted first where it is absent. *Whole host*: INPUT (OUTPUT) drops what our chain
//! does not list; its own rules are kept, taken out, and brought back with the removal. Never touches FORWARD or another chain.
//!
//! What it must get right (firewall-facts section 4.4): without `--noflush` every rule of the host is gone; a word has less than
//! 1,000 bytes and a comment 255; ranges of addresses do not exist, and those of ports are written with a colon; one family's
//! address stops the other's loader, so each has a text of its own.

mod host;
mod rules;

use std::fmt::Write;

use super::{Dialect, LINUX, Plan, SECONDS, Text, nftables, pasted, plain};
use crate::count::counted;
use crate::net::{Direction, Family, Policy};
use crate::shell::{self, RUN, Script};

use host::{COMMANDS, FAMILIES, MANAGERS, NATIVE, SWAP, UNKNOWN, aside, beside};
use rules::rules;

/// The record.
pub static DIALECT: Dialect = Dialect { id: "iptables", name: "iptables", assumes, print, ..LINUX };

fn assumes(policy: Policy, direction: Direction) -> &'static str {
    match (policy, direction) {
        (Policy::Additive, Direction::Ingress) => {
            "Assumes that INPUT drops incoming traffic by its policy or by a rule, in both address families: where it accepts, these rules change nothing. Where outgoing traffic is dropped too, replies need In and out."
        }
        (Policy::Additive, Direction::Egress) => {
            "OUTPUT accepts by default on Linux: these egress rules change nothing until you drop it."
        }
        (Policy::WholeHost, Direction::Ingress) => {
            "Whole policy: incoming traffic that is not listed is dropped, and the rules that INPUT had are set aside. Forwarded traffic (FORWARD, the ports that containers publish) is left as it is."
        }
        (Policy::WholeHost, Direction::Egress) => {
            "Whole policy: the rules that OUTPUT had are set aside, and its policy says what becomes of what is not listed."
        }
    }
}

/// What a direction is called.
struct Way {
    /// `in` or `out`.
    part: &'static str,
    /// The chain of the host.
    host: &'static str,
    /// Ours.
    ours: &'static str,
    /// The loopback interface, as our chain has it in a whole policy and only there.
    mark: &'static str,
    /// Which end the peer is.
    end: &'static str,
    /// Words for people.
    word: &'static str,
}

const fn way(direction: Direction) -> Way {
    match direction {
        Direction::Ingress => Way {
            part: "in",
            host: "INPUT",
            ours: "PORTCULLIS-IN",
            mark: "-A PORTCULLIS-IN -i lo -j ACCEPT",
            end: "-s",
            word: "incoming",
        },
        Direction::Egress => Way {
            part: "out",
            host: "OUTPUT",
            ours: "PORTCULLIS-OUT",
            mark: "-A PORTCULLIS-OUT -o lo -j ACCEPT",
            end: "-d",
            word: "outgoing",
        },
    }
}

fn print(plan: &Plan, text: Text) -> String {
    let script = match text {
        Text::Apply | Text::Try => apply(plan, text),
        Text::Guarded => guarded(plan),
        Text::Keep => keep(plan),
        Text::TakeOut => take_out(plan),
    };
    pasted(plan, text, plain, script)
}

fn ways<'a>(plan: &'a Plan) -> impl Iterator<Item = Way> + 'a {
    plan.directions.iter().map(|direction| way(*direction))
}

fn parts(plan: &Plan) -> Vec<&'static str> {
    ways(plan).map(|way| way.part).collect()
}

/// A function that prints what takes back what `swap` has loaded: the chains as they are before, those of the host only where
/// a whole policy takes them over, and else without ours.
fn now(plan: &Plan, text: Text) -> String {
    let mut out = "now() {\n  echo '*filter'\n".to_owned();
    for Way { part, host, ours, .. } in ways(plan) {
        let whole = format!("host \"$1\" {host}");
        let hung = match (text, plan.policy) {
            (Text::TakeOut, _) => format!(
                "if [ -e {RUN}/$1-before-{part} ]; then {whole}; else
    \"$1-save\" -t filter | grep '^-A {host} ' | grep -nx -e '-A {host} -j {ours}' | sed 's/^\\([0-9]*\\):-A {host}/-I {host} \\1/'
  fi"
            ),
            (_, Policy::WholeHost) => whole,
            (_, Policy::Additive) => format!("\"$1\" -w -C {host} -j {ours} 2>/dev/null || echo '-D {host} -j {ours}'"),
        };
        let _ = write!(out, "  ours \"$1\" {ours}\n  {hung}\n  absent \"$1\" {ours}\n");
    }
    out.push_str("  echo COMMIT\n}\n");
    out
}

/// The script that puts the rules in place, or tries them.
fn apply(plan: &Plan, text: Text) -> Script {
    let mut script = checked(plan);
    script.steps.push_str(&shell::settled("iptables"));
    script.steps.push_str(&loaded(plan, text));
    script
}

/// A script that has only checked the host.
fn checked(plan: &Plan) -> Script {
    let mut data = shell::printed("rules4", "RULES", &rules(plan, Family::V4))
        + &shell::printed("rules6", "RULES", &rules(plan, Family::V6));
    data.push_str("new() {\n  case \"$1\" in ip6tables) rules6 ;; *) rules4 ;; esac");
    let mut steps = COMMANDS.to_owned();
    steps.push_str(MANAGERS);
    steps.push_str(FAMILIES);
    match plan.policy {
        Policy::WholeHost => {
            data.push_str("\n}\n");
            for Way { host, .. } in ways(plan) {
                let _ = writeln!(steps, "  for family in $families; do made \"$family\" {host}; done");
            }
        }
        Policy::Additive => {
            data.push_str(" | sed '$d'\n");
            for Way { part, host, ours, mark, .. } in ways(plan) {
                let _ = writeln!(data, "  \"$1\" -w -C {host} -j {ours} 2>/dev/null || echo '-I {host} 1 -j {ours}'");
                let _ = write!(
                    steps,
                    "  for family in $families; do
    if [ -e {RUN}/$family-before-{part} ] || \"$family-save\" -t filter | grep -qx -e '{mark}'; then
      stop 'The whole policy of this host is in place: change that one, or take it out first.'
    fi
  done
"
                );
            }
            data.push_str("  echo COMMIT\n}\n");
        }
    }
    data.push_str(SWAP);
    data.push_str(&now(plan, Text::Apply));
    if plan.policy == Policy::WholeHost {
        data.push_str(NATIVE);
        data.push_str(&aside());
    }
    data.push_str(nftables::OTHERS);
    Script { data, steps, ..Script::default() }
}

/// Steps that load the rules, or only try them. With [`Text::Keep`] they are run at every start.
fn loaded(plan: &Plan, text: Text) -> String {
    let mut steps = String::new();
    if text == Text::Try {
        steps.push_str(
            "  for family in $families; do
    load \"$family\" \"$(new \"$family\")\" --test || stop \"$family refused the rules.\"
  done
  say 'iptables accepts these rules. Nothing was changed.'
",
        );
    } else {
        if plan.policy == Policy::WholeHost {
            let _ = writeln!(steps, "  mkdir -p {RUN} || stop 'The folder {RUN} cannot be written.'");
            steps.push_str("  for family in $families; do\n");
            for Way { part, host, ours, mark, .. } in ways(plan) {
                let _ = writeln!(steps, "    aside \"$family\" {host} {ours} {part} '{mark}'");
            }
            steps.push_str("  done\n");
        }
        let count = counted(plan.rules.len(), "flow");
        let restart = if text == Text::Keep { "" } else { " Gone after a restart unless you run Make it last." };
        let _ = write!(
            steps,
            "  swap
  say 'Done: rules for {count} are in place.{restart}'
"
        );
    }
    steps.push_str(&beside(plan));
    if ![Text::Try, Text::Keep].contains(&text) {
        steps.push_str(&shell::outdated("iptables", &parts(plan)));
    }
    steps
}

/// The script that applies a whole policy and brings back what was there before: an earlier version of it, or the host's own.
fn guarded(plan: &Plan) -> Script {
    let mut script = checked(plan);
    script.steps.push_str(&shell::settled("iptables"));
    let snapshot = format!(
        "  mkdir -p {RUN} && rm -f {RUN}/iptables-earlier {RUN}/ip6tables-earlier
  fresh='{RUN}/iptables-earlier {RUN}/ip6tables-earlier'
  for family in $families; do now \"$family\" >{RUN}/$family-earlier || stop 'The folder {RUN} cannot be written.'; done
"
    );
    let mut restored = format!(
        "  failed=
  for family in iptables ip6tables; do
    [ -s {RUN}/$family-earlier ] || continue
    if \"$family-restore\" -w --noflush <{RUN}/$family-earlier; then
"
    );
    for Way { part, mark, .. } in ways(plan) {
        let _ =
            writeln!(restored, "      grep -qx -e '{mark}' {RUN}/$family-earlier || rm -f {RUN}/$family-before-{part}");
    }
    let _ = write!(
        restored,
        "      rm -f {RUN}/$family-earlier
    else
      failed=$family
    fi
  done
  [ -z \"$failed\" ] || stop \"$failed refused.\"
"
    );
    let back = Script {
        steps: shell::waits("iptables", SECONDS) + &restored + &shell::rolled_back("iptables"),
        ..Script::default()
    };
    shell::guarded(script, "iptables", &back.body(), &(snapshot + &loaded(plan, Text::Guarded)), SECONDS)
}

/// The script that makes the rules come back at every start.
fn keep(plan: &Plan) -> Script {
    let mut steps = shell::needs("iptables") + MANAGERS + &shell::settled("iptables");
    for Way { ours, .. } in ways(plan) {
        let _ = writeln!(
            steps,
            "  iptables -w -S {ours} >/dev/null 2>&1 || stop 'These rules are not in place: use Apply first.'"
        );
    }
    let each: Vec<Plan> = plan.directions.iter().map(|direction| plan.only(*direction)).collect();
    let parts: Vec<(&str, Script)> =
        parts(plan).into_iter().zip(each.iter().map(|plan| apply(plan, Text::Keep))).collect();
    let script = Script { steps, ..Script::default() };
    shell::kept(script, "iptables", "netfilter-persistent.service iptables.service ip6tables.service", &parts)
}

/// The script that takes our rules out, whichever policy they are.
fn take_out(plan: &Plan) -> Script {
    let mut data = "new() {\n  echo '*filter'\n".to_owned();
    for Way { part, ours, .. } in ways(plan) {
        let _ = write!(
            data,
            "  echo ':{ours} - [0:0]'
  \"$1-save\" -t filter | sed -n 's/^-A \\(.* -j {ours}\\)$/-D \\1/p'
  cat {RUN}/$1-before-{part} 2>/dev/null
  echo '-X {ours}'
"
        );
    }
    data.push_str("  echo COMMIT\n}\n");
    data.push_str(SWAP);
    data.push_str(&now(plan, Text::TakeOut));
    data.push_str(NATIVE);
    data.push_str(&aside());
    let mut steps = COMMANDS.to_owned();
    steps.push_str(FAMILIES);
    steps.push_str(UNKNOWN);
    for Way { part, host, ours, mark, .. } in ways(plan) {
        let _ = write!(
            steps,
            "  for family in $families; do
    if [ -e {RUN}/$family-before-{part} ]; then
      made \"$family\" {host}
      aside \"$family\" {host} {ours} {part} '{mark}'
    elif \"$family-save\" -t filter | grep -qx -e '{mark}'; then
      failed \"$unknown\"
    fi
  done
  grep -qs '^# not known' {RUN}/iptables-before-{part} {RUN}/ip6tables-before-{part} && failed \"$unknown\"
"
        );
    }
    let _ = writeln!(
        steps,
        "  hint=' If a saved rule no longer fits this host, take it out of the files {RUN}/*-before-* and try again.'
  swap"
    );
    for part in parts(plan) {
        let _ = writeln!(steps, "  rm -f {RUN}/iptables-before-{part} {RUN}/ip6tables-before-{part}");
    }
    let _ = writeln!(
        steps,
        "  rm -f {RUN}/iptables-earlier {RUN}/ip6tables-earlier {RUN}/iptables-unconfirmed {RUN}/iptables-back.sh"
    );
    steps.push_str(&shell::forgotten("iptables", &parts(plan)));
    steps.push_str(
        "  say 'Taken out.'
  saved=$(grep -ls PORTCULLIS- /etc/iptables/rules.v4 /etc/iptables/rules.v6 /etc/sysconfig/iptables /etc/sysconfig/ip6tables | tr '\\n' ' ')
  [ -z \"$saved\" ] || say \"The start of this machine may bring the rules back: save those of the host again in $saved\"
",
    );
    Script { data, steps, ..Script::default() }
}

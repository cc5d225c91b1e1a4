//! nftables. *Additive*: own chains in the host's own table, flushed and refilled, and one jump from each base chain, inserted
//! where it is absent. *Whole host*: a table of our own that drops what it does not list; the rules of other chains on the
//! same hook are kept, taken out, and brought back with the removal. Never flushes a ruleset, never deletes what is not ours.
//!
//! A name that means something else elsewhere: here `inet` is *both* address families.
//!
//! What it must get right (firewall-facts section 4.3): an accept in a table of our own would not override a drop in
//! another, so additive chains stand in the host's table, and what else filters is named; a comment has no escape for `"` and
//! ends at 128 bytes; IPv4 and IPv6 cannot share a set.

use std::fmt::Write;

use super::{Dialect, Field, LINUX, Plan, Planned, SECONDS, Text, pasted, plain};
use crate::count::counted;
use crate::net::{Direction, Family, Policy};
use crate::shell::{self, RUN, Script};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "nftables",
    name: "nftables",
    assumes,
    fields: &[
        Field { id: "table", label: "Table (family inet)", default: "filter", check: name },
        Field { id: "input", label: "Incoming chain", default: "input", check: name },
        Field { id: "output", label: "Outgoing chain", default: "output", check: name },
    ],
    print,
    ..LINUX
};

fn assumes(policy: Policy, direction: Direction) -> &'static str {
    match (policy, direction) {
        (Policy::Additive, Direction::Ingress) => {
            "Assumes a chain that drops incoming traffic by default: where it accepts, these rules change nothing. Where outgoing traffic is dropped too, replies need In and out."
        }
        (Policy::Additive, Direction::Egress) => {
            "Outbound is accepted by default on Linux: these egress rules change nothing until you drop it."
        }
        (Policy::WholeHost, Direction::Ingress) => {
            "Whole policy: incoming traffic that is not listed is dropped, whatever other chains said. Forwarded traffic is left as it is."
        }
        (Policy::WholeHost, Direction::Egress) => {
            "Whole policy: what other chains said of outgoing traffic no longer holds, and the policy of our chain says what becomes of what is not listed."
        }
    }
}

/// Identifiers that nft reads as such wherever they stand: letters, digits and `_`, at most 60, not a word of its grammar.
fn name(text: &str) -> Result<(), &'static str> {
    let fits = text.len() <= 60
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !fits {
        return Err("use letters, digits and _, beginning with a letter.");
    }
    let lower = text.to_ascii_lowercase();
    if WORDS.contains(&lower.as_str()) || lower.starts_with("portcullis") {
        return Err("this word has a meaning of its own.");
    }
    Ok(())
}

/// Words of nft's grammar that might be tried as a name.
const WORDS: [&str; 40] = [
    "accept", "add", "all", "arp", "bridge", "chain", "comment", "continue", "counter", "create", "ct", "delete",
    "device", "drop", "element", "ether", "flow", "flush", "fwd", "hook", "icmp", "icmpv6", "inet", "ip", "ip6",
    "jump", "list", "map", "meta", "netdev", "policy", "priority", "reject", "rule", "ruleset", "set", "table", "tcp",
    "type", "udp",
];

/// Addresses in one rule. A terminal cuts a pasted line at 4095 bytes, and a range of IPv6 addresses has up to 79.
const MOST_IN_A_LINE: usize = 40;

/// The table of a whole policy.
const OWN: &str = "portcullis";

/// What a direction is called in the host's ruleset and in the text.
struct Way<'a> {
    /// `in` or `out`.
    part: &'static str,
    /// The table that our chain stands in.
    table: &'a str,
    /// Our chain.
    chain: &'static str,
    /// The host's base chain; ours if the policy is whole.
    base: &'a str,
    /// The hook it must be attached to.
    hook: &'static str,
}

fn way<'a>(plan: &'a Plan, direction: Direction) -> Way<'a> {
    let (part, hook, base, chain) = match direction {
        Direction::Ingress => ("in", "input", plan.setting("input"), "portcullis_in"),
        Direction::Egress => ("out", "output", plan.setting("output"), "portcullis_out"),
    };
    match plan.policy {
        Policy::Additive => Way { part, table: plan.setting("table"), chain, base, hook },
        Policy::WholeHost => Way { part, table: OWN, chain: part, base: part, hook },
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

fn parts(plan: &Plan) -> Vec<&'static str> {
    plan.directions.iter().map(|direction| way(plan, *direction).part).collect()
}

/// The rules, first because they are what people read: a function that only prints them, called once everything is checked.
fn rules(plan: &Plan) -> String {
    let mut out = String::new();
    if plan.policy == Policy::WholeHost {
        let _ = writeln!(out, "add table inet {OWN}");
    }
    for direction in plan.directions {
        let Way { table, chain, hook, .. } = way(plan, *direction);
        let attached = match (plan.policy, plan.drops(*direction)) {
            (Policy::Additive, _) => String::new(),
            (_, true) => format!(" {{ type filter hook {hook} priority filter; policy drop; }}"),
            (_, false) => format!(" {{ type filter hook {hook} priority filter; policy accept; }}"),
        };
        let _ = write!(
            out,
            "add chain inet {table} {chain}{attached}
flush chain inet {table} {chain}
add rule inet {table} {chain} ct state established,related accept comment \"replies to what was accepted\"
"
        );
        if plan.policy == Policy::WholeHost {
            for line in base(*direction) {
                let _ = writeln!(out, "add rule inet {table} {chain} {line}");
            }
        }
        for planned in plan.of(*direction) {
            rule(&mut out, planned, *direction, table, chain);
        }
    }
    shell::printed("rules", "RULES", &out)
}

/// What a machine needs to be one: itself, its neighbours, its address, and the errors that others report (RFC 4890, sections
/// 4.3 and 4.4, for ICMPv6).
fn base(direction: Direction) -> &'static [&'static str] {
    match direction {
        Direction::Ingress => &[
            "ct state invalid drop",
            "iif \"lo\" accept",
            "icmp type { destination-unreachable, time-exceeded, parameter-problem, echo-request } accept",
            "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept",
            "meta nfproto ipv4 udp sport 67 udp dport 68 accept comment \"DHCP\"",
            "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment \"DHCPv6\"",
        ],
        Direction::Egress => &[
            "oif \"lo\" accept",
            "meta l4proto { icmp, ipv6-icmp } accept",
            "meta nfproto ipv4 udp sport 68 udp dport 67 accept comment \"DHCP\"",
            "ip6 daddr { fe80::/10, ff02::1:2 } udp sport 546 udp dport 547 accept comment \"DHCPv6\"",
        ],
    }
}

/// Whoever else writes this host's rules would overwrite ours. Taking ours out needs no such check.
const MANAGERS: &str = r#"  case "$(ufw status 2>/dev/null)" in *'Status: active'*) stop 'ufw manages this host: add these rules with ufw.' ;; esac
  case "$(firewall-cmd --state 2>/dev/null)" in running*) stop 'firewalld manages this host: add these rules with firewall-cmd.' ;; esac
"#;

/// Prints family, table and name of every chain on a hook that can refuse: it has rules, or drops by default. A chain that has
/// neither is five lines long.
pub(super) const OTHERS: &str = r#"others() {
  nft list ruleset | awk -v hook="$1" '$1 == "table" { table = $2 " " $3 } $1 == "chain" { chain = $2 }
    $1 == "type" && $2 == "filter" && $4 == hook { print table, chain }' | grep -vx "$2" |
  while read -r family table chain; do
    rules=$(nft list chain "$family" "$table" "$chain")
    case "$rules" in *'policy drop;'*) ;; *) [ "$(printf '%s\n' "$rules" | wc -l)" -gt 5 ] || continue ;; esac
    echo "$family $table $chain"
  done
}
"#;

/// Prints what takes other chains on a hook out of the way, and what brings them back.
const ASIDE: &str = r#"aside() {
  others "$1" "$2" | while read -r family table chain; do
    echo "flush chain $family $table $chain"
    echo "table $family $table { chain $chain { policy accept; }; }"
  done
}
before() {
  others "$1" "$2" | while read -r family table chain; do
    echo "flush chain $family $table $chain"
    nft list chain "$family" "$table" "$chain"
  done
}
"#;

/// The script that puts the rules in place, or tries them.
fn apply(plan: &Plan, text: Text) -> Script {
    let mut script = checked(plan);
    script.steps.push_str(&shell::settled("nftables"));
    script.steps.push_str(&loaded(plan, text));
    script
}

/// A script that has only checked the host.
fn checked(plan: &Plan) -> Script {
    let mut data = rules(plan) + OTHERS;
    let mut steps = shell::needs("nft") + MANAGERS;
    match plan.policy {
        Policy::WholeHost => {
            data.push_str(ASIDE);
            steps.push_str(
                "  case \"$(others input; others output)\" in
    *'ip filter INPUT'* | *'ip filter OUTPUT'* | *'ip6 filter INPUT'* | *'ip6 filter OUTPUT'*)
      stop 'iptables manages rules of this host: choose iptables on the page.' ;;
  esac
",
            );
        }
        Policy::Additive => {
            for direction in plan.directions {
                steps.push_str(&attached(plan, *direction));
            }
        }
    }
    Script { data, steps, ..Script::default() }
}

/// Steps that leave a whole policy alone: what it has set aside names the chains of rules that were added before it.
fn not_whole(part: &str) -> String {
    format!(
        "  nft list chain inet {OWN} {part} >/dev/null 2>&1 &&
    stop 'The whole policy of this host is in place: change that one, or take it out first.'
"
    )
}

/// Steps that check the base chain of the host, which additive rules hang on.
fn attached(plan: &Plan, direction: Direction) -> String {
    let Way { part, table, chain, base, hook } = way(plan, direction);
    format!(
        "  {part}=$(nft list chain inet {table} {base} 2>/dev/null) ||
    stop 'There is no chain {base} in table inet {table}. Type the names that this host has under Names on this host on the page, and copy again. To see them: nft list ruleset'
  case \"${part}\" in
    *'hook {hook} '*) ;;
    *) stop 'Chain {base} of table inet {table} is not attached to {hook}. Type the name of the one that is under Names on this host on the page, and copy again. To see it: nft list ruleset' ;;
  esac
{}  elsewhere=$(nft list ruleset | awk '$1 == \"table\" {{ table = $2 \" \" $3 }} $1 == \"chain\" {{ chain = $2 }}
    $1 == \"jump\" && $2 == \"{chain}\" {{ print table, chain }}' | grep -vx 'inet {table} {base}')
  [ -z \"$elsewhere\" ] ||
    stop \"Rules of an earlier text hang on $elsewhere. Choose those names on the page and take them out there first.\"
",
        not_whole(part)
    )
}

/// Steps that load the rules in one transaction, or only try them. With [`Text::Keep`] they are run at every start.
fn loaded(plan: &Plan, text: Text) -> String {
    let mut steps = String::new();
    let whole = plan.policy == Policy::WholeHost;
    let applies = text != Text::Try;
    if whole && applies {
        let _ = writeln!(steps, "  mkdir -p {RUN} || stop 'The folder {RUN} cannot be written.'");
        for direction in plan.directions {
            let Way { part, hook, .. } = way(plan, *direction);
            let _ = write!(
                steps,
                "  {part}=
  [ -e {RUN}/nftables-before-{part} ] || {{ before {hook} 'inet {OWN} {part}' >{RUN}/nftables-before-{part} && {part}=new; }}
"
            );
        }
    }
    steps.push_str("  {\n    rules\n");
    for direction in plan.directions {
        let Way { part, table, chain, base, hook } = way(plan, *direction);
        let _ = match (whole, applies) {
            (true, true) => writeln!(steps, "    [ -z \"${part}\" ] || aside {hook} 'inet {OWN} {part}'"),
            (true, false) => {
                writeln!(steps, "    [ -e {RUN}/nftables-before-{part} ] || aside {hook} 'inet {OWN} {part}'")
            }
            (false, _) => write!(
                steps,
                "    case \"${part}\" in
      *'jump {chain}'[[:space:]]*) ;;
      *) echo 'insert rule inet {table} {base} jump {chain}' ;;
    esac
"
            ),
        };
    }
    if !applies {
        steps.push_str("  } | nft -c -f - || stop 'nft refused the rules.'\n  say 'nft accepts these rules. Nothing was changed.'\n");
        return steps;
    }
    match whole {
        false => steps.push_str("  } | nft -f - || stop 'nft refused the rules.'\n"),
        true => {
            steps.push_str("  } | nft -f - || {\n");
            for part in parts(plan) {
                let _ = writeln!(steps, "    [ -z \"${part}\" ] || rm -f {RUN}/nftables-before-{part}");
            }
            steps.push_str("    stop 'nft refused the rules.'\n  }\n");
        }
    }
    let count = counted(plan.rules.len(), "flow");
    let restart = if text == Text::Keep { "" } else { " Gone after a restart unless you run Make it last." };
    let _ = writeln!(steps, "  say 'Done: rules for {count} are in place.{restart}'");
    for direction in plan.directions {
        let Way { part, table, base, hook, .. } = way(plan, *direction);
        let _ = write!(
            steps,
            "  {part}=$(others {hook} 'inet {table} {base}')
  [ -z \"${part}\" ] || say \"Also filters, and what it drops stays dropped: $(echo \"${part}\" | tr '\\n' ';')\"
"
        );
    }
    if text != Text::Keep {
        steps.push_str(&shell::outdated("nftables", &parts(plan)));
    }
    steps
}

fn rule(out: &mut String, planned: &Planned, direction: Direction, table: &str, chain: &str) {
    let rule = planned.rule;
    let (source, destination) = (plain(&rule.source.name), plain(&rule.destination.name));
    let (protocol, ports) = (rule.protocol.lower(), rule.ports);
    let _ = writeln!(out, "# {source} to {destination}, {} {ports}: {}", rule.protocol, plain(&rule.purpose));
    let comment = comment(&rule.key, &rule.purpose);
    let mut line = |peers: &str| {
        let _ = writeln!(
            out,
            "add rule inet {table} {chain} {peers}{protocol} dport {ports} ct state new accept comment \"{comment}\""
        );
    };
    if planned.peers.is_none() {
        return line("");
    }
    let end = match direction {
        Direction::Ingress => "saddr",
        Direction::Egress => "daddr",
    };
    for (family, word) in [(Family::V4, "ip"), (Family::V6, "ip6")] {
        for piece in planned.of_family(family).unwrap_or_default().chunks(MOST_IN_A_LINE) {
            match piece {
                [one] => line(&format!("{word} {end} {one} ")),
                several => line(&format!("{word} {end} {{ {} }} ", several.join(", "))),
            }
        }
    }
}

/// The comment that nft keeps: at most 128 bytes, so the key that identifies the flow comes first.
fn comment(key: &str, purpose: &str) -> String {
    format!("{key} {}", plain(purpose)).chars().take(120).collect()
}

/// The script that applies a whole policy and brings back what was there before: an earlier version of it, or the host's own.
fn guarded(plan: &Plan) -> Script {
    let mut script = checked(plan);
    script.steps.push_str(&shell::settled("nftables"));
    let mut snapshot = format!("  mkdir -p {RUN}\n");
    let mut restored = String::from("  {\n");
    let mut cleared = String::new();
    for direction in plan.directions {
        let Way { part, table, chain, .. } = way(plan, *direction);
        let earlier = format!("{RUN}/nftables-earlier-{part}");
        let _ = writeln!(snapshot, "  nft list chain inet {table} {chain} >{earlier} 2>/dev/null || rm -f {earlier}");
        let _ = write!(
            restored,
            "    if [ -s {earlier} ]; then
      echo 'flush chain inet {table} {chain}'
      cat {earlier}
    else
{}    fi
",
            indented(&removal(plan, *direction))
        );
        let _ = writeln!(cleared, "  [ -s {earlier} ] || rm -f {RUN}/nftables-before-{part}");
    }
    restored.push_str("  } | nft -f - || stop 'nft refused.'\n");
    let back = Script {
        steps: shell::waits("nftables", SECONDS)
            + &restored
            + &cleared
            + &emptied(plan)
            + &shell::rolled_back("nftables"),
        ..Script::default()
    };
    shell::guarded(script, "nftables", &back.body(), &(snapshot + &loaded(plan, Text::Guarded)), SECONDS)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// The script that makes the rules come back at every start.
fn keep(plan: &Plan) -> Script {
    let mut script =
        Script { steps: shell::needs("nft") + MANAGERS + &shell::settled("nftables"), ..Script::default() };
    for direction in plan.directions {
        let Way { table, chain, .. } = way(plan, *direction);
        let _ = writeln!(
            script.steps,
            "  nft list chain inet {table} {chain} >/dev/null 2>&1 || stop 'These rules are not in place: use Apply first.'"
        );
    }
    let each: Vec<Plan> = plan.directions.iter().map(|direction| plan.only(*direction)).collect();
    let parts: Vec<(&str, Script)> =
        parts(plan).into_iter().zip(each.iter().map(|plan| apply(plan, Text::Keep))).collect();
    shell::kept(script, "nftables", "nftables.service", &parts)
}

/// Steps that print what removes our rules of a direction, if they are there.
fn removal(plan: &Plan, direction: Direction) -> String {
    let Way { part, table, chain, base, .. } = way(plan, direction);
    let hung = match plan.policy {
        Policy::Additive => format!(
            "    nft -a list chain inet {table} {base} 2>/dev/null |
      sed -n 's/^.*jump {chain} # handle \\([0-9][0-9]*\\)$/delete rule inet {table} {base} handle \\1/p'
"
        ),
        Policy::WholeHost => format!("    cat {RUN}/nftables-before-{part} 2>/dev/null\n"),
    };
    format!(
        "{hung}    nft list chain inet {table} {chain} >/dev/null 2>&1 &&
      printf '%s\\n' 'flush chain inet {table} {chain}' 'delete chain inet {table} {chain}'
"
    )
}

/// Steps that delete our own table once nothing is left in it.
fn emptied(plan: &Plan) -> String {
    match plan.policy {
        Policy::Additive => String::new(),
        Policy::WholeHost => format!(
            "  case \"$(nft list table inet {OWN} 2>/dev/null)\" in
    '' | *'chain '*) ;;
    *) nft delete table inet {OWN} ;;
  esac
"
        ),
    }
}

/// The script that takes our rules out.
fn take_out(plan: &Plan) -> Script {
    let mut steps = shell::needs("nft");
    let mut hint = String::new();
    match plan.policy {
        Policy::Additive => parts(plan).into_iter().for_each(|part| steps.push_str(&not_whole(part))),
        Policy::WholeHost => {
            hint = format!(
                " If a saved rule no longer fits this host, take it out of the files {RUN}/nftables-before-* and try again."
            );
        }
    }
    steps.push_str("  {\n");
    for direction in plan.directions {
        steps.push_str(&removal(plan, *direction));
    }
    let _ = writeln!(steps, "  }} | nft -f - || stop 'nft refused.{hint}'");
    steps.push_str(&emptied(plan));
    if plan.policy == Policy::WholeHost {
        for part in parts(plan) {
            let _ = writeln!(steps, "  rm -f {RUN}/nftables-before-{part} {RUN}/nftables-earlier-{part}");
        }
        let _ = writeln!(steps, "  rm -f {RUN}/nftables-unconfirmed {RUN}/nftables-back.sh");
    }
    steps.push_str(&shell::forgotten("nftables", &parts(plan)));
    steps.push_str("  say 'Taken out.'\n");
    Script { steps, ..Script::default() }
}

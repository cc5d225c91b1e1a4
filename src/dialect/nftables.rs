//! nftables, added to a ruleset that is there: own chains in the host's own table, flushed and refilled, and one jump from
//! each base chain, inserted where it is absent. Never flushes a ruleset, never sets a policy, never creates a base chain.
//!
//! A name that means something else elsewhere: here `inet` is *both* address families.
//!
//! What it must get right (firewall-facts section 4.3): an accept in a table of our own would not override a drop in
//! another, so the chains stand in the host's table; a comment has no escape for `"` and ends at 128 bytes; IPv4 and IPv6
//! cannot share a set. The text is one `sh` fed by a quoted here-document: whatever shell it is pasted into reads it whole,
//! expands none of it, and survives it. It holds no tab (completion) and no exclamation mark (history).

use std::fmt::Write;

use super::{Dialect, Field, Plan, Planned, Text, plain};
use crate::net::{Address, Direction, Family, System};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "nftables",
    name: "Linux nftables",
    system: System::Linux,
    extension: "sh",
    line_end: "\n",
    how: "Paste into a root shell, or save it and run it with sh.",
    lasts: "Safe to run again. Gone after a restart unless you save the ruleset.",
    assumes,
    fields: &[
        Field { id: "table", label: "Table (family inet)", default: "filter", check: name },
        Field { id: "input", label: "Incoming chain", default: "input", check: name },
        Field { id: "output", label: "Outgoing chain", default: "output", check: name },
    ],
    clean: plain,
    says: |address| !matches!(address, Address::Name(_)),
    print,
};

fn assumes(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => {
            "Assumes a chain that drops incoming traffic by default: where it accepts, these rules change nothing. Where outgoing traffic is dropped too, replies need In and out."
        }
        Direction::Egress => {
            "Outbound is accepted by default on Linux: these egress rules change nothing until you drop it."
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
    if WORDS.contains(&lower.as_str()) || lower.starts_with("portcullis_") {
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

/// What a direction is called in the host's ruleset and in the text.
struct Way<'a> {
    /// Our chain.
    chain: &'static str,
    /// The host's base chain.
    base: &'a str,
    /// The hook it must be attached to.
    hook: &'static str,
    /// The shell variable that holds what the base chain contains.
    kept: &'static str,
}

fn way<'a>(plan: &'a Plan, direction: Direction) -> Way<'a> {
    match direction {
        Direction::Ingress => {
            Way { chain: "portcullis_in", base: plan.setting("input"), hook: "input", kept: "incoming" }
        }
        Direction::Egress => {
            Way { chain: "portcullis_out", base: plan.setting("output"), hook: "output", kept: "outgoing" }
        }
    }
}

fn print(plan: &Plan, text: Text) -> String {
    let mut out = String::from("sh <<'PORTCULLIS'\n");
    for line in &plan.header {
        let _ = writeln!(out, "# {line}");
    }
    if text != Text::TakeOut {
        rules(&mut out, plan);
    }
    out.push_str("main() {\n");
    out.push_str("  say() { printf 'portcullis: %s\\n' \"$1\"; }\n");
    out.push_str("  stop() { say \"$1\" >&2; say 'Nothing was changed.' >&2; exit 1; }\n");
    if text != Text::TakeOut {
        let refusals = plan.refusals(plain);
        for refusal in &refusals {
            let _ = writeln!(out, "  say 'Held back: {refusal}.' >&2");
        }
        if !refusals.is_empty() {
            out.push_str("  stop 'Fill in what is missing on the page and copy again.'\n");
        }
    }
    out.push_str(CHECKS);
    match text {
        Text::TakeOut => take_out(&mut out, plan),
        Text::Try | Text::Apply => {
            out.push_str(MANAGERS);
            apply(&mut out, plan, text);
        }
    }
    out.push_str("}\nmain\nPORTCULLIS\n");
    out
}

/// The rules, first because they are what people read: a function that only prints them, called once everything is checked.
fn rules(out: &mut String, plan: &Plan) {
    let table = plan.setting("table");
    out.push_str("rules() {\ncat <<'RULES'\n");
    for direction in plan.directions {
        let Way { chain, .. } = way(plan, *direction);
        let _ = write!(
            out,
            "add chain inet {table} {chain}
flush chain inet {table} {chain}
add rule inet {table} {chain} ct state established,related accept comment \"replies to what was accepted\"
"
        );
        for planned in plan.of(*direction) {
            rule(out, planned, *direction, table, chain);
        }
    }
    out.push_str("RULES\n}\n");
}

const CHECKS: &str = r#"  [ "$(id -u)" = 0 ] || stop 'Root is needed: open a root shell (for example with sudo -i) and paste again.'
  command -v nft >/dev/null 2>&1 || stop 'The command nft was not found.'
"#;

/// Whoever else writes this host's rules would overwrite ours. Taking ours out needs no such check.
const MANAGERS: &str = r#"  case "$(ufw status 2>/dev/null)" in *'Status: active'*) stop 'ufw manages this host: add these rules with ufw.' ;; esac
  case "$(firewall-cmd --state 2>/dev/null)" in running*) stop 'firewalld manages this host: add these rules with firewall-cmd.' ;; esac
"#;

fn apply(out: &mut String, plan: &Plan, text: Text) {
    let table = plan.setting("table");
    for direction in plan.directions {
        let Way { chain, base, hook, kept } = way(plan, *direction);
        let _ = write!(
            out,
            "  {kept}=$(nft list chain inet {table} {base} 2>/dev/null) ||
    stop 'There is no chain {base} in table inet {table}. To see what there is: nft list ruleset'
  case \"${kept}\" in
    *'hook {hook} '*) ;;
    *) stop 'Chain {base} of table inet {table} is not attached to {hook}. To see what is: nft list ruleset' ;;
  esac
  elsewhere=$(nft list ruleset | awk '$1 == \"table\" {{ table = $2 \" \" $3 }} $1 == \"chain\" {{ chain = $2 }}
    $1 == \"jump\" && $2 == \"{chain}\" {{ print table, chain }}' | grep -vx 'inet {table} {base}')
  [ -z \"$elsewhere\" ] ||
    stop \"Rules of an earlier text hang on $elsewhere. Choose those names on the page and take them out there first.\"
"
        );
    }
    out.push_str("  {\n    rules\n");
    for direction in plan.directions {
        let Way { chain, base, kept, .. } = way(plan, *direction);
        let _ = write!(
            out,
            "    case \"${kept}\" in
      *'jump {chain}'[[:space:]]*) ;;
      *) echo 'insert rule inet {table} {base} jump {chain}' ;;
    esac
"
        );
    }
    if text == Text::Try {
        out.push_str("  } | nft -c -f - || stop 'nft refused the rules.'\n  say 'nft accepts these rules. Nothing was changed.'\n");
        return;
    }
    let count = plan.rules.len();
    let _ = write!(
        out,
        "  }} | nft -f - || stop 'nft refused the rules.'
  say 'Done: rules for {count} flows are in place. Gone after a restart unless you save the ruleset.'
"
    );
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

fn take_out(out: &mut String, plan: &Plan) {
    let table = plan.setting("table");
    out.push_str("  {\n");
    for direction in plan.directions {
        let Way { chain, base, .. } = way(plan, *direction);
        let _ = write!(
            out,
            "    nft -a list chain inet {table} {base} 2>/dev/null |
      sed -n 's/^.*jump {chain} # handle \\([0-9][0-9]*\\)$/delete rule inet {table} {base} handle \\1/p'
    nft list chain inet {table} {chain} >/dev/null 2>&1 &&
      printf '%s\\n' 'flush chain inet {table} {chain}' 'delete chain inet {table} {chain}'
"
        );
    }
    out.push_str("  } | nft -f - || stop 'nft refused.'\n  say 'Taken out.'\n");
}

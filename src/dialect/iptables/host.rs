//! What the texts ask of the host, and how they change it: all families at once, or none. Knows no rule.

use std::fmt::Write;

use super::{Way, ways};
use crate::dialect::Plan;
use crate::net::Policy;
use crate::shell::RUN;

/// Steps that stop where a command is missing.
pub(super) const COMMANDS: &str =
    "  for command in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    command -v \"$command\" >/dev/null 2>&1 || stop \"The command $command was not found.\"
  done
";

/// Whoever else writes this host's rules would overwrite ours. Taking ours out needs no such check.
pub(super) const MANAGERS: &str = r#"  case "$(ufw status 2>/dev/null)" in *'Status: active'*) stop 'ufw manages this host: choose ufw on the page.' ;; esac
  case "$(firewall-cmd --state 2>/dev/null)" in running*) stop 'firewalld manages this host: choose firewalld on the page.' ;; esac
"#;

/// Sets the families to load: both, unless the kernel has one only.
pub(super) const FAMILIES: &str = r#"  families='iptables ip6tables'
  [ -e /proc/net/if_inet6 ] || { families=iptables; say 'IPv6 is switched off in this kernel: the IPv6 rules are left out.'; }
  for family in $families; do
    case "$("$family-save" -t filter 2>&1)" in
      *'*filter'*COMMIT*) ;;
      *) stop "$family-save cannot list the rules of this host." ;;
    esac
  done
"#;

/// Why a whole policy is not taken out: its chain would be left dropping everything.
pub(super) const UNKNOWN: &str = "  unknown='The host loaded this policy with its own rules, so what was there before is not known. Take PORTCULLIS out of those (for example /etc/iptables/rules.v4 and rules.v6) and load them again.'
";

/// `ours COMMAND CHAIN` and, last, `absent COMMAND CHAIN` print what brings back one of our chains as it is now.
/// `load COMMAND RULES` takes rules that are complete: its loader holds the lock for which `new` may wait. `swap` loads what
/// `new COMMAND` prints in all families or in none; `now COMMAND` prints what takes that back.
pub(super) const SWAP: &str = r#"ours() {
  echo ":$2 - [0:0]"
  "$1-save" -t filter | grep "^-A $2 "
}
absent() {
  "$1-save" -t filter | grep -q "^:$2 " || echo "-X $2"
}
fresh=''
hint=''
failed() { rm -f $fresh; stop "$1"; }
load() {
  printf '%s\n' "$2" | "$1-restore" -w --noflush $3
}
swap() {
  for family in $families; do
    load "$family" "$(new "$family")" --test || failed "$family refused the rules.$hint"
  done
  earlier=$(now iptables)
  load iptables "$(new iptables)" || failed "iptables refused the rules.$hint"
  [ "$families" = iptables ] && return
  load ip6tables "$(new ip6tables)" && return
  load iptables "$earlier" ||
    { say 'ip6tables refused the rules, and what iptables had could not be brought back.' >&2; exit 1; }
  failed "ip6tables refused the rules; what iptables had is back.$hint"
}
"#;

/// `host COMMAND CHAIN` prints what brings back a chain of the host as it is now. `made COMMAND CHAIN` stops where a chain has
/// rules that were made with nft: iptables lists them without their sets, as if they were for everyone, and such a list must
/// never be loaded. Its own rules count, and look nothing up.
pub(super) const NATIVE: &str = r#"host() {
  "$1-save" -t filter | sed -n "s/^\(:$2 [A-Z]*\) .*/\1 [0:0]/p"
  echo "-F $2"
  "$1-save" -t filter | grep "^-A $2 "
}
native() {
  case "$(iptables -V)" in *nf_tables*) ;; *) return 1 ;; esac
  case "$1" in ip6tables) kind=ip6 ;; *) kind=ip ;; esac
  nft --debug=netlink list chain "$kind" filter "$2" 2>/dev/null | awk '
    BEGIN { RS = "" }
    /\n  \[ lookup / { found = 1 }
    /\n  \[ / { if ($0 ~ /\n  \[ counter /) next; found = 1 }
    END { exit 1 - found }'
}
made() {
  native "$1" "$2" && stop "Rules in $2 were made with nft, and $1 cannot list them: choose nftables on the page."
}
"#;

/// `aside COMMAND CHAIN OURS PART MARK` keeps what a chain of the host has besides our jump, once; what others have added since
/// then is added to it.
pub(super) fn aside() -> String {
    format!(
        r#"aside() {{
  file={RUN}/$1-before-$4
  if [ -e "$file" ]; then
    added=$(host "$1" "$2" | grep '^-A ' | grep -vxF -e "-A $2 -j $3" | grep -vxF -f "$file")
    [ -z "$added" ] || printf '%s\n' "$added" >>"$file"
  else
    fresh="$fresh $file"
    {{
      "$1-save" -t filter | grep -qxF -e "$5" && echo '# not known'
      host "$1" "$2" | grep -vxF -e "-A $2 -j $3"
    }} >"$file" || failed 'The folder {RUN} cannot be written.'
  fi
}}
"#
    )
}

/// Steps that say what else decides: the other backend, chains of nftables, and a chain that accepts anyway.
pub(super) fn beside(plan: &Plan) -> String {
    let mut steps = "  other=nft\n  case \"$(iptables -V)\" in *nf_tables*) other=legacy ;; esac\n".to_owned();
    for Way { host, ours, word, .. } in ways(plan) {
        let hook = host.to_ascii_lowercase();
        let _ = write!(
            steps,
            "  for family in $families; do
    if \"$family-$other-save\" 2>/dev/null | sed -n '/^[*]filter/,/^COMMIT/p' | grep -q -e '^-A {host} ' -e '^:{host} DROP'; then
      say \"Also filters, and what it drops stays dropped: $family-$other, chain {host}.\"
    fi
"
        );
        if plan.policy == Policy::Additive {
            let _ = write!(
                steps,
                "    if [ \"$(\"$family\" -w -S {host} | grep -vx -e '-A {host} -j {ours}')\" = '-P {host} ACCEPT' ]; then
      say \"$family accepts all {word} traffic: there these rules change nothing until {host} drops.\"
    fi
"
            );
        }
        let _ = write!(
            steps,
            "  done
  also=$(others {hook} 'ip6* filter {host}' 2>/dev/null | tr '\\n' ';')
  [ -z \"$also\" ] || say \"Also filters, and what it drops stays dropped: nftables, $also\"
"
        );
    }
    steps
}

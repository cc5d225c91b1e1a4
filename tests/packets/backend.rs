//! The firewalls that a Linux host can have: each a record of scripts that make it a careful host before us, start it, and
//! list it. Knows nothing of what the page copies.

use crate::lab;

/// One of them. Its scripts run in `sh` on a machine of the laboratory.
pub struct Backend {
    /// What messages call it.
    pub name: &'static str,
    /// The dialect that is copied for it.
    pub dialect: &'static str,
    /// Programs it needs here.
    pub programs: &'static [&'static str],
    /// Commands that stand for others in its machines.
    pub links: &'static [(&'static str, &'static str)],
    /// Commands that its machines do not have.
    pub lacks: &'static [&'static str],
    /// Writes what a careful host has before us: nothing in, nothing out, but answers, itself, and finding its neighbours;
    /// and a rule of its own that must not be lost.
    pub setup: &'static str,
    /// Loads what is written, as the start of the machine does.
    pub boot: &'static str,
    /// Lists what is neither a rule of the kernel nor a file.
    pub list: &'static str,
}

/// All of them.
pub static BACKENDS: [&Backend; 5] = [&NFTABLES, &IPTABLES, &LEGACY, &FIREWALLD, &UFW];

/// The kernel's own language.
pub static NFTABLES: Backend = Backend {
    name: "nftables",
    dialect: "nftables",
    programs: &["nft"],
    links: &[],
    lacks: &["ufw", "firewall-cmd"],
    setup: r#"cat >/etc/nftables.conf <<'END'
flush ruleset
table inet filter {
  set admins {
    type ipv4_addr
    flags interval
    elements = { 198.51.100.192/26 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip saddr @admins tcp dport 2222 counter accept comment "the host's own"
  }
  chain output {
    type filter hook output priority filter; policy drop;
    ct state established,related accept
    oif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
}
END
"#,
    boot: "nft -f /etc/nftables.conf\n",
    list: "",
};

/// What both iptables write; what netfilter-persistent loads.
const TABLES: &str = r"mkdir -p /etc/iptables
cat >/etc/iptables/rules.v4 <<'END'
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
:OWN - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 2222 -j OWN
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OWN -s 198.51.100.192/26 -j ACCEPT
COMMIT
END
cat >/etc/iptables/rules.v6 <<'END'
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
COMMIT
END
";

const LOADED: &str = "iptables-restore </etc/iptables/rules.v4 && ip6tables-restore </etc/iptables/rules.v6\n";

/// iptables over nftables.
pub static IPTABLES: Backend = Backend {
    name: "iptables",
    dialect: "iptables",
    programs: &["nft", "iptables-nft", "ip6tables-nft"],
    links: &[
        ("iptables", "iptables-nft"),
        ("iptables-save", "iptables-nft-save"),
        ("iptables-restore", "iptables-nft-restore"),
        ("ip6tables", "ip6tables-nft"),
        ("ip6tables-save", "ip6tables-nft-save"),
        ("ip6tables-restore", "ip6tables-nft-restore"),
    ],
    lacks: &["ufw", "firewall-cmd"],
    setup: TABLES,
    boot: LOADED,
    list: "",
};

/// The older iptables, on a host that has nothing else.
pub static LEGACY: Backend = Backend {
    name: "legacy iptables",
    dialect: "iptables",
    programs: &["iptables-legacy", "ip6tables-legacy"],
    links: &[
        ("iptables", "iptables-legacy"),
        ("iptables-save", "iptables-legacy-save"),
        ("iptables-restore", "iptables-legacy-restore"),
        ("ip6tables", "ip6tables-legacy"),
        ("ip6tables-save", "ip6tables-legacy-save"),
        ("ip6tables-restore", "ip6tables-legacy-restore"),
    ],
    lacks: &["ufw", "firewall-cmd"],
    setup: TABLES,
    boot: LOADED,
    list: "",
};

/// A zone that drops, and a policy that drops what the host itself opens.
pub static FIREWALLD: Backend = Backend {
    name: "firewalld",
    dialect: "firewalld",
    programs: &["nft", "firewalld", "firewall-cmd", "firewall-offline-cmd", "dbus-daemon"],
    links: &[],
    lacks: &["ufw"],
    setup: r#"put() { firewall-offline-cmd "$@" >/dev/null || exit 1; }
put --set-default-zone=drop
put --zone=drop --add-rich-rule='rule family="ipv4" source address="198.51.100.192/26" port port="2222" protocol="tcp" accept'
put --new-policy=careful
put --policy=careful --add-ingress-zone=HOST
put --policy=careful --add-egress-zone=ANY
put --policy=careful --set-target=DROP
put --policy=careful --add-rich-rule='rule family="ipv6" icmp-type name="neighbour-solicitation" accept'
put --policy=careful --add-rich-rule='rule family="ipv6" icmp-type name="neighbour-advertisement" accept'
"#,
    boot: r#"mkdir -p /run/dbus && dbus-daemon --system --fork || exit 1
setsid firewalld --nofork --nopid </dev/null >/var/log/firewalld-start 2>&1 &
tries=0
until [ "$(firewall-cmd --state 2>&1)" = running ]; do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || { cat /var/log/firewalld-start; exit 1; }
done
"#,
    list: "firewall-cmd --list-all-zones && firewall-cmd --list-all-policies\n",
};

/// ufw, active, with a rule of its own.
pub static UFW: Backend = Backend {
    name: "ufw",
    dialect: "ufw",
    programs: &["ufw", "iptables-nft"],
    links: &[],
    lacks: &["firewall-cmd"],
    setup: r#"put() { ufw "$@" >/dev/null || exit 1; }
put default deny incoming
put default deny outgoing
put deny proto tcp from 198.51.100.192/26 to any port 2222 comment "the host's own"
put allow proto tcp from 198.51.100.192/26 to any port 2223
sed -i 's/^ENABLED=.*/ENABLED=yes/' /etc/ufw/ufw.conf
"#,
    boot: "/lib/ufw/ufw-init start\n",
    list: "ufw status verbose\n",
};

impl Backend {
    /// Says in plain words what is missing here to have it.
    pub fn available(&self) -> Result<(), String> {
        lab::available()?;
        let missing: Vec<_> = self.programs.iter().copied().filter(|program| lab::find(program).is_none()).collect();
        if !missing.is_empty() {
            return Err(format!("{} needs {}", self.name, missing.join(", ")));
        }
        let known = portcullis::dialect::dialect(self.dialect).is_some();
        known.then_some(()).ok_or_else(|| format!("the page does not write {}", self.dialect))
    }
}

//! The firewalls that a Linux host can have: each a record of scripts that make it a careful host before us, and start
//! it. Knows nothing of what the page copies.

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
    /// The unit that loads it at the start of the machine.
    pub unit: &'static str,
    /// Its texts change rules one by one: those that stay keep their place.
    pub gradual: bool,
    /// Its texts take seconds: where time is short, it tells of fewer machines.
    pub slow: bool,
    /// What that unit does.
    pub boot: &'static str,
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
    unit: "nftables",
    gradual: false,
    slow: false,
    boot: "nft -f /etc/nftables.conf\n",
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
    unit: "netfilter-persistent",
    gradual: false,
    slow: false,
    boot: LOADED,
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
    unit: "netfilter-persistent",
    gradual: false,
    slow: false,
    boot: LOADED,
};

/// A zone that drops, and a policy that drops what the host itself opens.
pub static FIREWALLD: Backend = Backend {
    name: "firewalld",
    dialect: "firewalld",
    programs: &["nft", "firewalld", "firewall-cmd", "dbus-daemon"],
    links: &[],
    lacks: &["ufw"],
    // As firewalld itself writes it.
    setup: r#"sed -i 's/^DefaultZone=.*/DefaultZone=drop/; s/^FirewallBackend=.*/FirewallBackend=nftables/' /etc/firewalld/firewalld.conf
cat >/etc/firewalld/zones/drop.xml <<'END'
<?xml version="1.0" encoding="utf-8"?>
<zone target="DROP">
  <short>Drop</short>
  <rule family="ipv4">
    <source address="198.51.100.192/26"/>
    <port port="2222" protocol="tcp"/>
    <accept/>
  </rule>
  <forward/>
</zone>
END
cat >/etc/firewalld/policies/careful.xml <<'END'
<?xml version="1.0" encoding="utf-8"?>
<policy target="DROP">
  <rule family="ipv6">
    <icmp-type name="neighbour-solicitation"/>
    <accept/>
  </rule>
  <rule family="ipv6">
    <icmp-type name="neighbour-advertisement"/>
    <accept/>
  </rule>
  <ingress-zone name="HOST"/>
  <egress-zone name="ANY"/>
</policy>
END
"#,
    unit: "firewalld",
    gradual: false,
    slow: true,
    // A bus that starts firewalld when somebody asks for it; the answer comes when its rules are loaded.
    boot: r#"mkdir -p /run/dbus/services
cat >/run/dbus/bus.conf <<'END'
<busconfig>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <servicedir>/run/dbus/services</servicedir>
  <policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy>
  <limit name="service_start_timeout">300000</limit>
</busconfig>
END
printf '%s\n' '[D-BUS Service]' Name=org.fedoraproject.FirewallD1 'Exec=/usr/sbin/firewalld --nofork --nopid' \
  >/run/dbus/services/org.fedoraproject.FirewallD1.service
dbus-daemon --config-file=/run/dbus/bus.conf --fork --nopidfile && firewall-cmd --state >/dev/null
"#,
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
put deny proto tcp from 198.51.100.192/26 to any port 2222 comment 'of the host'
put deny proto tcp from 2001:db8:9::/48 to any port 2222
put allow proto tcp from 198.51.100.192/26 to any port 2223
sed -i 's/^ENABLED=.*/ENABLED=yes/' /etc/ufw/ufw.conf
"#,
    unit: "ufw",
    gradual: true,
    slow: true,
    boot: "/lib/ufw/ufw-init start\n",
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

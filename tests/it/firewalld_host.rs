//! A host of which a real firewalld is in charge: daemon, bus and files in namespaces, and what the kernel holds read back.
//! Never touches the firewalld of the machine that runs the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::Child;

use portcullis::net::{Direction, Protocol};
use serde_json::{Value, json};

use crate::allowed::{Allowed, Span, ports, span};
use crate::namespace::{Namespace, Outcome, find};
use crate::nft_json::one;

/// The host; the daemon and its bus end with it, even if the tests are killed: their namespace ends with its first process.
pub struct Host {
    pub namespace: Namespace,
    daemon: Child,
}

/// Starts a bus, and lets it start firewalld for the first call, which is answered when all rules are loaded.
const START: &str = r#"set -e
mount -t tmpfs log /var/log
rm -rf /etc/firewalld/*
mkdir -p /etc/firewalld/policies /etc/firewalld/ipsets /etc/firewalld/zones /run/services
printf '%s\n' DefaultZone=public FirewallBackend=nftables Lockdown=no FlushAllOnReload=yes >/etc/firewalld/firewalld.conf
cat >/run/bus.conf <<'BUS'
<busconfig>
  <listen>unix:path=/run/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>/run/services</servicedir>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
  <limit name="service_start_timeout">300000</limit>
</busconfig>
BUS
printf '%s\n' '[D-BUS Service]' 'Name=org.fedoraproject.FirewallD1' "Exec=$(command -v firewalld) --nofork --nopid" \
  >/run/services/org.fedoraproject.FirewallD1.service
DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/bus
export DBUS_SYSTEM_BUS_ADDRESS
dbus-daemon --config-file=/run/bus.conf --fork --nopidfile
firewall-cmd --state
exec cat
"#;

impl Host {
    /// A new one; `None` where this cannot be had, which in CI is a failure.
    pub fn new(name: &str) -> Option<Self> {
        let missing = ["firewalld", "firewall-cmd", "firewall-offline-cmd", "dbus-daemon"];
        if let Some(tool) = missing.into_iter().find(|tool| find(tool).is_none()) {
            assert!(std::env::var("CI").map_or(true, |ci| ci != "true"), "{tool} is not installed");
            let _ = writeln!(std::io::stderr(), "\nNOT RUN, {tool} is not installed: {name}");
            return None;
        }
        let namespace = Namespace::new(name)?;
        let client = find("firewall-cmd").expect("it was there");
        let client = format!("DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/bus exec {} \"$@\"", client.display());
        namespace.pretend("firewall-cmd", &client);
        namespace.pretend("systemctl", "echo enabled");
        let apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", START];
        let mut daemon = namespace.start(&apart);
        let mut state = String::new();
        BufReader::new(daemon.stdout.take().expect("piped")).read_line(&mut state).expect("text");
        let host = Self { namespace, daemon };
        assert_eq!(state, "running\n", "firewalld did not start");
        Some(host)
    }

    /// Runs a text, or any script, as a file.
    pub fn run(&self, script: &str) -> Outcome {
        self.namespace.run(&["sh"], script)
    }

    /// Runs a script that must succeed without a complaint, and returns what it prints.
    pub fn done(&self, script: &str) -> String {
        let outcome = self.run(script);
        assert!(outcome.success && outcome.stderr.is_empty(), "{outcome:?}\n{script}");
        outcome.stdout
    }

    /// Everything there is: what the kernel holds, what firewalld does and has saved, and all of its files.
    pub fn state(&self) -> String {
        self.done(
            "nft list ruleset; firewall-cmd --get-ipsets; firewall-cmd --list-all-policies; firewall-cmd --get-active-zones
            cd /etc/firewalld && find . -type f | sort | while read -r file; do echo \"$file\"; cat \"$file\"; done",
        )
    }

    /// The same without the files, which wait until a guarded text is confirmed.
    pub fn ruleset(&self) -> String {
        self.namespace.ruleset()
    }

    /// What the kernel holds of firewalld's, as JSON.
    pub fn kernel(&self) -> Kernel {
        let json = self.namespace.nft(&["-j", "list", "table", "inet", "firewalld"], "");
        let whole: Value = serde_json::from_str(&json).expect("JSON");
        let mut kernel = Kernel::default();
        for object in whole["nftables"].as_array().expect("nft's JSON") {
            let text = |value: &Value| value.as_str().expect("a name").to_owned();
            if let Some(set) = object.get("set") {
                let members = set["elem"].as_array().cloned().unwrap_or_default();
                let spans = members.iter().map(|member| one(member).and_then(|text| span(&text)).expect("canonical"));
                kernel.sets.insert(text(&set["name"]), spans.collect());
            }
            if let Some(rule) = object.get("rule") {
                kernel.chains.entry(text(&rule["chain"])).or_default().push(rule["expr"].clone());
            }
        }
        kernel
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.daemon.stdin.take());
        let _ = self.daemon.wait();
    }
}

/// The table of firewalld: its sets, and the rules of its chains in order.
#[derive(Default)]
pub struct Kernel {
    sets: BTreeMap<String, Vec<Span>>,
    chains: BTreeMap<String, Vec<Value>>,
}

impl Kernel {
    /// Reads a policy: what its rules for flows let through, and what it says besides, as [`crate::reading::whole`] names it.
    pub fn policy(
        &self,
        name: &str,
        direction: Direction,
        allowed: &mut Allowed,
    ) -> Result<BTreeSet<(Direction, &'static str)>, String> {
        let (way, end, before) = match direction {
            Direction::Ingress => ("IN", "saddr", "filter_INPUT"),
            Direction::Egress => ("OUT", "daddr", "filter_OUTPUT"),
        };
        let chain = |part: &str| format!("filter_{way}_policy_{name}{part}");
        let rules = |chain: &str| self.chains.get(chain).map_or(&[][..], Vec::as_slice);
        let jump = json!([{ "jump": { "target": chain("") } }]);
        if !self.chains.iter().any(|(name, rules)| name.starts_with(before) && rules.contains(&jump)) {
            return Err(format!("nobody asks {name}"));
        }
        // What firewalld accepts by itself, before it asks any policy.
        let first = rules(before).iter().take(3).map(ToString::to_string).collect::<String>();
        if !first.contains("established") || !first.contains("\"lo\"") {
            return Err(format!("replies and loopback come first, not {first}"));
        }
        for part in ["_pre", "_log", "_deny", "_post"] {
            if !rules(&chain(part)).is_empty() {
                return Err(format!("rules in {}", chain(part)));
            }
        }
        let mut base = BTreeSet::new();
        match rules(&chain("")).last() {
            Some(last) if *last == json!([{ "drop": null }]) => _ = base.insert((direction, "drop")),
            Some(last) if *last == json!([{ "accept": null }]) => _ = base.insert((direction, "accept")),
            Some(last) if last.to_string().contains("jump") => {}
            last => return Err(format!("it ends with {last:?}")),
        }
        let mut icmp = BTreeSet::new();
        for rule in rules(&chain("_allow")) {
            if let Some(kind) = self.base(rule, direction) {
                icmp.extend(kind.strip_prefix("icmp type "));
                match kind {
                    "icmpv6" | "dhcp" | "dhcpv6" | "icmp" => _ = base.insert((direction, kind)),
                    _ => {}
                }
            } else {
                self.accept(rule, direction, end, allowed).ok_or_else(|| format!("not an allow rule: {rule}"))?;
            }
        }
        if icmp.len() == 4 {
            base.insert((direction, "icmp"));
        }
        Ok(base)
    }

    fn base(&self, rule: &Value, direction: Direction) -> Option<&'static str> {
        let equal = |left: Value, right: Value| json!({ "match": { "op": "==", "left": left, "right": right } });
        let meta = |key: &str, value: &str| equal(json!({ "meta": { "key": key } }), json!(value));
        let field = |protocol: &str, field: &str, value: Value| {
            equal(json!({ "payload": { "protocol": protocol, "field": field } }), value)
        };
        let network = |text: &str, len: u8| json!({ "prefix": { "addr": text, "len": len } });
        let dport = |port: u16| field("udp", "dport", json!(port));
        let known = match direction {
            Direction::Ingress => vec![
                (vec![field("icmp", "type", json!("destination-unreachable"))], "icmp type unreachable"),
                (vec![field("icmp", "type", json!("time-exceeded"))], "icmp type exceeded"),
                (vec![field("icmp", "type", json!("parameter-problem"))], "icmp type problem"),
                (vec![field("icmp", "type", json!("echo-request"))], "icmp type echo"),
                (vec![meta("l4proto", "ipv6-icmp")], "icmpv6"),
                (vec![meta("nfproto", "ipv4"), dport(68)], "dhcp"),
                (vec![field("ip6", "saddr", network("fe80::", 10)), dport(546)], "dhcpv6"),
            ],
            Direction::Egress => vec![
                (vec![meta("l4proto", "icmp")], "icmp"),
                (vec![meta("l4proto", "ipv6-icmp")], "icmpv6"),
                (vec![meta("nfproto", "ipv4"), dport(67)], "dhcp"),
                (vec![field("ip6", "daddr", network("fe80::", 10)), dport(547)], "dhcpv6"),
                (vec![field("ip6", "daddr", json!("ff02::1:2")), dport(547)], "dhcpv6 to all"),
            ],
        };
        let (accept, matches) = rule.as_array()?.split_last()?;
        if *accept != json!({ "accept": null }) {
            return None;
        }
        known.into_iter().find(|(expected, _)| expected == matches).map(|(_, word)| word)
    }

    fn accept(&self, rule: &Value, direction: Direction, end: &str, allowed: &mut Allowed) -> Option<()> {
        let (accept, matches) = rule.as_array()?.split_last()?;
        let (gate, peers) = matches.split_last()?;
        if *accept != json!({ "accept": null }) || matches.iter().any(|matched| matched["match"]["op"] != "==") {
            return None;
        }
        let payload = &gate["match"]["left"]["payload"];
        let protocol = match (payload["protocol"].as_str()?, payload["field"].as_str()?) {
            ("tcp", "dport") => Protocol::Tcp,
            ("udp", "dport") => Protocol::Udp,
            _ => return None,
        };
        let (first, last) = ports(&one(&gate["match"]["right"])?)?;
        let gate = (direction, protocol, first, last);
        let [peer] = peers else {
            return peers.is_empty().then(|| allowed.admit_everyone(gate));
        };
        let (payload, right) = (&peer["match"]["left"]["payload"], &peer["match"]["right"]);
        if payload["field"] != end {
            return None;
        }
        let spans = match right.as_str().and_then(|text| text.strip_prefix('@')) {
            Some(set) => self.sets.get(set).filter(|set| !set.is_empty())?.clone(),
            None => vec![span(&one(right)?)?],
        };
        for span in spans {
            let word = if span.0 == portcullis::net::Family::V4 { "ip" } else { "ip6" };
            if payload["protocol"] != word {
                return None;
            }
            allowed.admit(gate, span);
        }
        Some(())
    }
}

//! The laboratory's own proof: it sees what passes, what does not, and what only seems to. It never tests the product.

use std::fs;
use std::net::{IpAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::{Lab, Machine, Output, Probe, Protocol, Way, available};

/// A host that lets in one TCP port and one UDP port from one machine, and lets out what those need.
const GUARDED: &str = "\
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto ipv6-icmp accept
    ip saddr 192.0.2.1 tcp dport 9501 accept
    ip6 saddr 2001:db8::1 tcp dport 9501 accept
    ip saddr 192.0.2.1 udp dport 514 counter accept
    ip6 saddr 2001:db8::1 udp dport 514 accept
    ip saddr 198.51.100.2 tcp dport 9502 accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    ct state established,related accept
    oif lo accept
    meta l4proto ipv6-icmp accept
    tcp dport { 9501, 9502 } accept
    udp dport 514 accept
  }
}
";

/// Lets nothing in.
const CLOSED: &str =
    "nft 'table inet filter { chain input { type filter hook input priority filter; policy drop; }; }'";

/// What [`GUARDED`] lets in from the first machine.
const OPEN: [(Protocol, u16); 2] = [(Protocol::Tcp, 9501), (Protocol::Udp, 514)];

#[test]
fn exactly_the_allowed_flows_pass() {
    let Some(lab) = three() else { return };
    assert!(lab.probe(&everything(&lab)).into_iter().all(|heard| heard), "without rules, everything passes");
    let load = load(GUARDED);
    for machine in 0..3 {
        let loaded = lab.run(machine, Way::Sh, &load, "");
        assert!(well(&loaded), "{loaded:?}");
    }
    let probes = everything(&lab);
    for (probe, heard) in probes.iter().zip(lab.probe(&probes)) {
        let open = match probe.source.to_string().as_str() {
            "192.0.2.1" | "2001:db8::1" => OPEN.contains(&(probe.protocol, probe.port)),
            "198.51.100.2" => (probe.protocol, probe.port) == (Protocol::Tcp, 9502),
            _ => false,
        };
        let itself = lab.owners[&probe.to] == probe.from;
        assert_eq!(heard, itself || open, "{probe:?}");
    }
}

#[test]
fn a_connection_without_a_returning_byte_is_not_open() {
    let Some(lab) = three() else { return };
    let ask = |port| ask("192.0.2.1", "192.0.2.2", Protocol::Tcp, port);
    let add = |rule: &str| lab.run(1, Way::Sh, &format!("nft add rule inet filter input {rule}"), "");
    lab.run(1, Way::Sh, CLOSED, "");
    add("tcp dport 9501 ct state new accept");
    let server = lab.namespaces[1].inside(|| TcpListener::bind("192.0.2.2:9501"));
    let client = lab.namespaces[0].inside(|| TcpStream::connect("192.0.2.2:9501"));
    assert!(server.is_ok() && client.is_ok(), "it does connect");
    drop((server, client));
    assert_eq!(lab.probe(&[ask(9501)]), [false], "but the byte is dropped");
    add("ct state established accept");
    assert_eq!(lab.probe(&[ask(9501), ask(9500), ask(9502)]), [true, false, false]);
    add("reject");
    assert_eq!(lab.probe(&[ask(9501), ask(9500)]), [true, false], "refused is not open");
}

#[test]
fn yesterdays_neighbours_and_connections_are_forgotten() {
    let Some(lab) = three() else { return };
    let v6 = ask("2001:db8::1", "2001:db8::2", Protocol::Udp, 514);
    let v4 = ask("192.0.2.1", "192.0.2.2", Protocol::Udp, 514);
    assert_eq!(lab.probe(&[v6, v4]), [true, true]);
    lab.run(1, Way::Sh, CLOSED, "");
    lab.run(1, Way::Sh, "nft add rule inet filter input udp dport 514 ct state new accept", "");
    assert_eq!(lab.probe(&[v6, v4]), [false, true], "without neighbour discovery, IPv6 is silent");
    let tracked = || lab.run(1, Way::Sh, "cat /proc/sys/net/netfilter/nf_conntrack_count", "").printed;
    assert_eq!(tracked(), "1\n");
    lab.namespaces[1].forget().unwrap();
    assert_eq!(tracked(), "0\n");
}

#[test]
fn every_way_runs_the_text_in_the_machine() {
    let Some(lab) = three() else { return };
    let start = lab.state(0);
    for way in [Way::Sh, Way::Piped, Way::Pasted, Way::PastedWhole] {
        let ran = lab.run(0, way, &load(GUARDED), "");
        assert!(well(&ran), "{way:?}: {ran:?}");
        let loaded = lab.state(0);
        assert!(loaded.contains("tcp dport 9501 accept") && !loaded.contains("packets"), "{way:?}: {loaded}");
        assert_eq!(lab.state(1), start, "{way:?}: only this machine");
        let ran = lab.run(0, way, "nft delete table inet filter\nnft nonsense", "");
        assert!(ran.survived && ran.status == Some(1) && ran.printed.contains("syntax error"), "{way:?}: {ran:?}");
        assert_eq!(lab.state(0), start);
    }
}

#[test]
fn a_session_that_dies_or_changes_is_noticed() {
    let Some(lab) = three() else { return };
    for way in [Way::Piped, Way::Pasted, Way::PastedWhole] {
        let run = |text: &str, stdin: &str| lab.run(0, way, text, stdin);
        for text in ["exit 3", "set -e\nfalse", "set -u", "exec true", "cd /", "umask 077"] {
            let ran = run(text, "");
            assert!(!ran.survived, "{way:?} {text}: {ran:?}");
        }
        let ran = run("( set -e; false; echo never )", "");
        assert!(ran.survived && ran.status == Some(1) && !ran.printed.contains("\nnever"), "{way:?}: {ran:?}");
        let ran = run("read -r word; echo \"<$word>\"", "typed");
        assert!(ran.survived && ran.printed.contains("<typed>"), "{way:?}: {ran:?}");
        let ran = lab.run_within(Duration::from_secs(1), 0, way, "echo 'open quote", "");
        assert!(!ran.survived && ran.status.is_none(), "{way:?}: {ran:?}");
    }
    let ran = lab.run(0, Way::Sh, "cat; exit 3", "typed");
    assert_eq!((ran.printed.as_str(), ran.status, ran.survived), ("typed", Some(3), true));
    let ran = lab.run_within(Duration::from_secs(1), 0, Way::Sh, "sleep 1000", "");
    assert_eq!((ran.status, ran.survived), (None, false));
}

#[test]
fn long_text_arrives_whole() {
    let Some(lab) = three() else { return };
    let text = "count=$((count + 1)) # a line of a long text\n".repeat(4_000);
    for way in [Way::Piped, Way::Pasted, Way::PastedWhole] {
        let ran = lab.run(0, way, &(text.clone() + "echo \"<$count>\""), "");
        assert!(ran.survived && ran.printed.contains("<4000>"), "{way:?}: {:?} {}", ran.status, ran.printed.len());
    }
}

#[test]
fn what_ran_in_the_machines_ends_with_them() {
    let Some(lab) = three() else { return };
    let ran = lab.run(0, Way::Sh, "sleep 1000 & echo $!", "");
    let process = format!("/proc/{}/ns/net", ran.printed.trim());
    assert!(ran.survived && fs::exists(&process).unwrap(), "{ran:?}");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _held = lab;
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err() && !fs::exists(process).unwrap());
}

#[test]
fn what_a_machine_writes_is_its_own() {
    let Some(lab) = three() else { return };
    let start = [lab.state(0), lab.state(1)];
    let places = ["/etc/hosts", "/etc/portcullis/a", "/var/lib/portcullis/b", "/run/portcullis/c", "/tmp/portcullis-d"];
    let here = || places.map(|place| fs::read_to_string(place).ok());
    let before = here();
    for place in places {
        let ran = lab.run(0, Way::Sh, &format!("mkdir -p $(dirname {place}) && echo mine >{place}"), "");
        assert!(well(&ran), "{ran:?}");
        let ran = lab.run(0, Way::Pasted, &format!("grep -x mine {place} >&2 || exit"), "");
        assert!(well(&ran), "it stays: {ran:?}");
        assert!(!well(&lab.run(1, Way::Sh, &format!("grep -x mine {place}"), "")), "only on this machine");
    }
    assert_eq!(here(), before, "never on this computer");
    for place in ["/usr/portcullis", "/opt/portcullis", "/portcullis", "/boot/portcullis"] {
        let ran = lab.run(0, Way::Sh, &format!("echo mine >{place}"), "");
        assert!(ran.status == Some(2) && !fs::exists(place).unwrap(), "{ran:?}");
    }
    let state = lab.state(0);
    for place in &places[..4] {
        assert!(state.contains(&format!("--- {place}, ")), "{state}");
    }
    assert_eq!(lab.state(1), start[1]);
    lab.run(0, Way::Sh, "rm -r /etc/portcullis /var/lib/portcullis /run/portcullis; sed -i d /etc/hosts", "");
    assert_ne!(lab.state(0), start[0], "a changed file");
    lab.run(0, Way::Sh, "rm /etc/hosts", "");
    assert!(lab.state(0).contains("--- /etc/hosts, gone"));
    lab.run(0, Way::Sh, "cp -p /mnt/was/etc/hosts /etc/hosts", "");
    assert_eq!(lab.state(0), start[0]);
}

#[test]
fn sleepers_sleep_until_they_are_woken() {
    let Some(lab) = three() else { return };
    let text = "setsid sh -c 'sleep 60; echo awake >/etc/awake' </dev/null >/dev/null 2>&1 &
";
    for way in [Way::Pasted, Way::PastedWhole, Way::Sh] {
        let start = lab.state(0);
        assert!(well(&lab.run(0, way, &format!("sh <<'END'\n{}END\n", text.repeat(2)), "")));
        assert_eq!(lab.state(0), start);
        lab.wake(0, 2);
        assert!(lab.state(0).contains("--- /etc/awake, "), "{way:?}");
        lab.run(0, Way::Sh, "rm /etc/awake", "");
    }
}

#[test]
fn a_restart_forgets_rules_and_runs_what_is_wanted() {
    let Some(lab) = three() else { return };
    let start = lab.state(0);
    let unit = "[Service]\nExecStart=/bin/sh -c 'word=again; echo $$word >/etc/ran'\n";
    let write = format!("cat >/etc/systemd/system/portcullis-x.service <<'END'\n{unit}END\n");
    assert!(well(&lab.run(0, Way::Sh, &write, "")));
    lab.run(0, Way::Sh, "mkdir /run/portcullis; touch /run/portcullis/x; sleep 60 &", "");
    lab.run(0, Way::Sh, CLOSED, "");
    lab.run(0, Way::Sh, "iptables-legacy -P INPUT DROP; ip6tables-legacy -N X", "");
    lab.restart(0, "touch /etc/booted");
    let state = lab.state(0);
    assert!(state.contains("/etc/booted") && !state.contains("--- /etc/ran") && !state.contains("--- /run"), "{state}");
    assert!(!state.contains("table inet") && !state.contains("DROP") && !state.contains(":X"), "{state}");
    assert!(well(&lab.run(0, Way::Sh, "systemctl daemon-reload && systemctl enable --quiet portcullis-x.service", "")));
    lab.restart(0, "");
    assert!(
        lab.state(0).contains(
            "--- /etc/ran, 644
again
"
        ),
        "{}",
        lab.state(0)
    );
    lab.run(
        0,
        Way::Sh,
        "systemctl disable --quiet portcullis-x.service; rm /etc/systemd/system/portcullis-x.service",
        "",
    );
    lab.run(0, Way::Sh, "rm /etc/ran /etc/booted", "");
    let files = |state: &str| state.split_once("--- ").map(|(_, files)| files.to_owned());
    assert_eq!(files(&lab.state(0)), files(&start));
}

/// 14 machines, each asking each other one on 8 ports in both families, while two ports are open.
#[test]
fn thousands_of_probes_take_seconds() {
    if available().is_err() {
        return;
    }
    let clock = Instant::now();
    let machines = (1..=14).map(|n| machine(&format!("m{n}"), &[&format!("192.0.2.{n}"), &format!("2001:db8::{n}")]));
    let lab = Lab::new(&machines.collect::<Vec<_>>());
    let built = clock.elapsed();
    let load = load(&GUARDED.replace("192.0.2.1", "192.0.2.0/24").replace("2001:db8::1", "2001:db8::/32"));
    for machine in 0..14 {
        assert!(well(&lab.run(machine, Way::Sh, &load, "")));
    }
    let mut probes = everything(&lab);
    probes.retain(|probe| lab.owners[&probe.to] != probe.from);
    let clock = Instant::now();
    let heard = lab.probe(&probes);
    eprintln!("14 machines built in {built:?}, {} probes in {:?}", probes.len(), clock.elapsed());
    for (probe, heard) in probes.iter().zip(heard) {
        assert_eq!(heard, OPEN.contains(&(probe.protocol, probe.port)), "{probe:?}");
    }
}

/// Two machines, the second with two addresses of each family, and a stranger; none where there can be no laboratory.
fn three() -> Option<Lab> {
    if let Err(missing) = available() {
        eprintln!("not run: {missing}");
        return None;
    }
    let web = machine("web", &["192.0.2.1", "2001:db8::1"]);
    let server = machine("server", &["192.0.2.2", "198.51.100.2", "2001:db8::2", "2001:db8:1::2"]);
    Some(Lab::new(&[web, server, machine("stranger", &["203.0.113.9", "2001:db8:2::9"])]))
}

fn machine(name: &str, addresses: &[&str]) -> Machine {
    Machine { name: name.into(), addresses: addresses.iter().map(|text| address(text)).collect() }
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A probe from the first machine.
fn ask(source: &str, to: &str, protocol: Protocol, port: u16) -> Probe {
    Probe { from: 0, source: address(source), to: address(to), protocol, port }
}

fn well(ran: &Output) -> bool {
    ran.survived && ran.status == Some(0)
}

/// Shell text that loads rules.
fn load(rules: &str) -> String {
    format!("nft -f - <<'END'\n{rules}END\n")
}

/// Every address asks every address of its family, on the open ports and their neighbours.
fn everything(lab: &Lab) -> Vec<Probe> {
    let tcp = [514, 9500, 9501, 9502].map(|port| (Protocol::Tcp, port));
    let udp = [513, 514, 515, 9501].map(|port| (Protocol::Udp, port));
    let mut probes = Vec::new();
    for (&source, &from) in &lab.owners {
        let reachable = lab.owners.keys().filter(|to| to.is_ipv4() == source.is_ipv4());
        for (&to, (protocol, port)) in reachable.flat_map(|to| [tcp, udp].concat().into_iter().map(move |it| (to, it)))
        {
            probes.push(Probe { from, source, to, protocol, port });
        }
    }
    probes
}

//! A packet laboratory: machines as network namespaces on one switch. It never touches the network or a file of this computer.
//!
//! ```text
//! Lab::new(&[Machine]) ──► run(machine, way, text, stdin)   the text, as a person would run it
//!                      ──► probe(&[Probe])                  who really reaches whom: one byte there, one byte back
//!                      ──► state(machine)                   all rules and files, to compare before and after
//!                      ──► wake(machine), restart(machine)  the time is over; the machine starts again
//! ```
//!
//! The namespaces have no names: they live by the descriptors a [`Lab`] holds, and go with it, even when it is killed. A
//! machine has its own network, `/etc`, `/var`, `/run` and `/tmp`; what else this computer has, it can only read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use namespace::Namespace;
pub use portcullis::net::Protocol;
pub use probe::Probe;
pub use shell::{Output, Way};

mod clock;
mod files;
mod namespace;
mod ping;
mod probe;
mod proof;
mod shell;

/// Where programs are looked for, whatever the caller's own `PATH` is.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Every program the laboratory itself calls.
const PROGRAMS: [&str; 7] = ["ip", "nft", "sh", "bash", "setsid", "mount", "mkfifo"];

/// How many pairs of machine and address all laboratories may have together: the kernel knows 1,024 neighbours a family,
/// all namespaces together.
const NEIGHBOURS: usize = 900;

/// The pairs that are taken now.
static TAKEN: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// Prints every rule of a machine, whatever put it there, without counters and dates.
const RULES: &str = r"nft --stateless list ruleset 2>/dev/null
for save in iptables-nft-save ip6tables-nft-save iptables-legacy-save ip6tables-legacy-save; do
  command -v $save >/dev/null || continue
  $save | sed '/^#/d; s/ \[[0-9]*:[0-9]*\]$//'
done
";

/// How long a new laboratory may take until everybody hears everybody.
const READY: Duration = Duration::from_mins(1);

/// One machine to be: a name for messages, and the addresses it owns.
#[derive(Clone, Debug)]
pub struct Machine {
    /// What messages call it.
    pub name: String,
    /// Its addresses, of either family; all machines reach each other directly.
    pub addresses: Vec<IpAddr>,
}

/// Machines on one switch, without any rule until [`Lab::run`] loads one.
#[derive(Debug)]
pub struct Lab {
    machines: Vec<Machine>,
    /// The network of each machine.
    namespaces: Vec<Namespace>,
    /// Where all cables end.
    switch: Namespace,
    /// Which machine each address belongs to.
    owners: BTreeMap<IpAddr, usize>,
    /// How many neighbours it takes.
    pairs: usize,
    /// Who probes now; the others wait.
    turn: Mutex<()>,
}

/// Says in plain words what is missing here to build a [`Lab`].
pub fn available() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("the packet laboratory needs root: network namespaces and nft ask for it".into());
    }
    let missing: Vec<_> = PROGRAMS.into_iter().filter(|program| find(program).is_none()).collect();
    if !missing.is_empty() {
        return Err(format!("not installed: {} (Debian: iproute2, nftables, bash, util-linux)", missing.join(", ")));
    }
    let namespace = Namespace::new().map_err(|e| format!("this system gives no network namespace: {e}"))?;
    namespace.forget().map_err(|e| format!("the kernel cannot forget connections (nf_conntrack_netlink): {e}"))?;
    namespace
        .output(program("nft").args(["list", "ruleset"]))
        .map_err(|e| format!("the kernel has no nftables: {e}"))?;
    files::furnish(&namespace)
        .map_err(|e| format!("this system gives no files of one's own (mount namespace, overlay): {e}"))
}

/// Where a program of this computer is.
pub fn find(program: &str) -> Option<PathBuf> {
    PATH.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

impl Lab {
    /// Builds the machines, and waits until every address is heard. Where other laboratories take all the room, it waits
    /// for them first.
    ///
    /// # Panics
    /// If the system refuses, or an address belongs to two machines.
    pub fn new(machines: &[Machine]) -> Self {
        let owners = owners(machines);
        let pairs = pairs(machines.len(), &owners);
        let namespace = || Namespace::new().expect("a network namespace");
        let lab = Self {
            machines: machines.to_vec(),
            namespaces: machines.iter().map(|_| namespace()).collect(),
            owners,
            pairs,
            switch: namespace(),
            turn: Mutex::default(),
        };
        lab.wire();
        lab.wait();
        lab
    }

    /// Every rule of a machine and every file it has made or changed, without counters: equal text means an equal state.
    ///
    /// # Panics
    /// If they cannot be listed.
    pub fn state(&self, machine: usize) -> String {
        let listed = self.namespaces[machine].output(program("sh").args(["-c", RULES]));
        let mut state = listed.unwrap_or_else(|e| panic!("{}: {e}", self.machines[machine].name));
        for (path, content) in self.files(machine) {
            let _ = write!(state, "--- {}, {content}", path.display());
        }
        state
    }

    /// One cable from each machine to the switch, its addresses on it, and everybody else on the same link.
    fn wire(&self) {
        self.switch.ip("link add switch type bridge mcast_snooping 0\nlink set switch up");
        for (at, (machine, namespace)) in self.machines.iter().zip(&self.namespaces).enumerate() {
            let path = namespace.path();
            self.switch.ip(&format!("link add port{at} master switch up type veth peer name eth0 netns {path}"));
            let addresses = machine.addresses.iter().map(|address| match address {
                IpAddr::V4(_) => format!("address add {address}/32 dev eth0"),
                IpAddr::V6(_) => format!("address add {address}/128 dev eth0 nodad"),
            });
            let links = ["link set lo up", "link set eth0 up"].map(String::from);
            let routes = ["route add 0.0.0.0/0 dev eth0", "route add ::/0 dev eth0"].map(String::from);
            let all: Vec<_> = links.into_iter().chain(addresses).chain(routes).collect();
            namespace.ip(&all.join("\n"));
            files::furnish(namespace).unwrap_or_else(|e| panic!("{}: {e}", machine.name));
        }
    }

    /// Proves, before any rule, that the first machine of each family hears every address: a later silence is a rule's
    /// doing.
    fn wait(&self) {
        let began = Instant::now();
        let mut probes = Vec::new();
        for family in [IpAddr::is_ipv4, IpAddr::is_ipv6] {
            let mut of_family = self.owners.iter().filter(|(address, _)| family(address)).peekable();
            let first = of_family.peek().map(|(to, _)| **to);
            probes.extend(of_family.filter_map(|(&source, &from)| {
                Some(Probe { from, source, to: first?, protocol: Protocol::Tcp, port: 7 })
            }));
        }
        while let Some(deaf) = self.probe(&probes).iter().position(|heard| !heard) {
            let deaf = probes[deaf];
            assert!(began.elapsed() < READY, "without any rule, nothing comes back for {deaf:?}");
        }
    }
}

impl Drop for Lab {
    /// What was left running in the machines ends with them.
    fn drop(&mut self) {
        Namespace::empty(&self.namespaces);
        *TAKEN.0.lock().unwrap_or_else(PoisonError::into_inner) -= self.pairs;
        TAKEN.1.notify_all();
    }
}

/// A program of this system, with an environment that does not depend on the caller's.
fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("PATH", PATH).env("LC_ALL", "C.UTF-8");
    command
}

/// Which machine each address belongs to.
fn owners(machines: &[Machine]) -> BTreeMap<IpAddr, usize> {
    let mut owners = BTreeMap::new();
    for (at, machine) in machines.iter().enumerate() {
        for &address in &machine.addresses {
            let other = owners.insert(address, at);
            assert!(other.is_none(), "{address} belongs to two machines");
        }
    }
    owners
}

/// Takes room for that many machines and addresses, as soon as there is enough.
fn pairs(machines: usize, owners: &BTreeMap<IpAddr, usize>) -> usize {
    let pairs = machines * owners.len();
    assert!(pairs <= NEIGHBOURS, "{pairs} pairs of machine and address are too many for the kernel's neighbour table");
    let taken = TAKEN.0.lock().unwrap_or_else(PoisonError::into_inner);
    let room = TAKEN.1.wait_while(taken, |taken| *taken + pairs > NEIGHBOURS);
    *room.unwrap_or_else(PoisonError::into_inner) += pairs;
    pairs
}

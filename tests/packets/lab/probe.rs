//! Thousands of probes and their echo servers in one event loop. It never believes a drop at the first try.
//!
//! A socket belongs to the namespace it was opened in, whoever uses it later. So the sockets are opened inside the
//! machines, and one thread serves both ends of all of them: while it waits, nothing of the laboratory is left undone.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};
use rustix::net::{accept_with, bind, connect, listen, recv, recvfrom, send, sendto, socket_with};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Lab, Protocol};

/// How long nothing at all may move before the first and the second try end. The second waits longer than the kernel
/// does before it repeats a SYN or a neighbour request (1 s).
const QUIET: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(1_300)];

/// How long a port may be taken: a program that another thread is starting holds the closed sockets of the last try too,
/// until it runs.
const RELEASE: Duration = Duration::from_secs(5);

/// The longest a try may take, whatever moves.
const LONGEST: Duration = Duration::from_mins(1);

/// Probes in flight together, if descriptors allow.
const TOGETHER: usize = 4_096;

/// Probes started before the loop looks around: the kernel's receive queues hold a thousand packets.
const WAVE: usize = 32;

/// One question: does a byte from here come back from there?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Probe {
    /// The machine that asks.
    pub from: usize,
    /// Which of its addresses it asks from.
    pub source: IpAddr,
    /// The address asked, of any machine.
    pub to: IpAddr,
    /// The protocol.
    pub protocol: Protocol,
    /// The port asked, where an echo server listens for the time of the probe.
    pub port: u16,
}

impl Lab {
    /// Tries all probes together: true where one byte went there and came back, false where it was dropped or refused
    /// twice. Neighbours and tracked connections are forgotten before, so that only the rules as they stand answer.
    ///
    /// # Panics
    /// If a probe makes no sense (an address nobody has, two families, port 0), or something else listens on its port.
    pub fn probe(&self, probes: &[Probe]) -> Vec<bool> {
        for probe in probes {
            self.check(probe);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        for (namespace, machine) in self.namespaces.iter().zip(&self.machines) {
            namespace.forget().unwrap_or_else(|e| panic!("{}: {e}", machine.name));
        }
        let together = (descriptors() / 4).clamp(1, TOGETHER);
        let mut answered = vec![false; probes.len()];
        for quiet in QUIET {
            let open: Vec<usize> = (0..probes.len()).filter(|&at| !answered[at]).collect();
            for some in open.chunks(together) {
                let asked: Vec<Probe> = some.iter().map(|&at| probes[at]).collect();
                for at in Round::run(self, &asked, quiet) {
                    answered[some[at]] = true;
                }
            }
        }
        answered
    }

    fn check(&self, probe: &Probe) {
        assert_eq!(
            self.owners.get(&probe.source),
            Some(&probe.from),
            "the source is not an address of that machine: {probe:?}"
        );
        assert!(self.owners.contains_key(&probe.to), "no machine has the address asked: {probe:?}");
        assert_eq!(probe.source.is_ipv4(), probe.to.is_ipv4(), "two address families: {probe:?}");
        assert_ne!(probe.port, 0, "there is no port 0: {probe:?}");
    }
}

/// One try of some probes, with both ends of each.
struct Round {
    watch: OwnedFd,
    /// Every socket that is watched; its place is the number its events carry.
    ends: Vec<Option<End>>,
    /// How many probes are not decided yet.
    open: usize,
    /// The probes whose byte came back.
    back: Vec<usize>,
}

/// A socket, and what it does when something happens to it.
struct End {
    socket: OwnedFd,
    part: Part,
}

#[derive(Clone, Copy)]
enum Part {
    /// Accepts connections.
    Door,
    /// Sends every byte of a connection back.
    Stream,
    /// Sends every datagram back.
    Datagram,
    /// Sends a byte and waits for it: the number of the probe, and whether the byte is on its way.
    Ask(usize, bool),
}

impl Round {
    /// Opens the servers, then asks everything; returns the numbers of the probes whose byte came back.
    fn run(lab: &Lab, probes: &[Probe], quiet: Duration) -> Vec<usize> {
        let watch = epoll::create(CreateFlags::CLOEXEC).expect("an epoll descriptor");
        let mut round = Self { watch, ends: Vec::new(), open: probes.len(), back: Vec::new() };
        let asked: BTreeSet<_> = probes.iter().map(|probe| (probe.protocol, probe.to, probe.port)).collect();
        let servers = lab.sockets(asked, |it| lab.owners[&it.1], |it| serve(it.0, (it.1, it.2).into()));
        for ((protocol, ..), socket) in servers {
            round.add(socket, if protocol == Protocol::Tcp { Part::Door } else { Part::Datagram });
        }
        let clients =
            lab.sockets(probes.iter().enumerate(), |it| it.1.from, |it| socket(it.1.protocol, (it.1.source, 0).into()));
        for (started, ((number, probe), socket)) in clients.into_iter().enumerate() {
            match connect(&socket, &SocketAddr::from((probe.to, probe.port))) {
                Ok(()) | Err(Errno::INPROGRESS) => round.add(socket, Part::Ask(number, false)),
                Err(_) => round.open -= 1,
            }
            if started % WAVE == 0 {
                round.turn(Duration::ZERO);
            }
        }
        let began = Instant::now();
        while round.open > 0 && round.turn(quiet) && began.elapsed() < LONGEST {}
        round.back
    }

    /// Watches a socket. What already waits there is told too.
    fn add(&mut self, socket: OwnedFd, part: Part) {
        let number = EventData::new_u64(self.ends.len() as u64);
        epoll::add(&self.watch, &socket, number, EventFlags::IN | EventFlags::OUT | EventFlags::ET)
            .expect("a watched socket");
        self.ends.push(Some(End { socket, part }));
    }

    /// Serves what has happened, or what happens first within `patience`; false if nothing did.
    fn turn(&mut self, patience: Duration) -> bool {
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 256];
        let patience = Timespec::try_from(patience).expect("a short time");
        let count = match epoll::wait(&self.watch, &mut events, Some(&patience)) {
            Err(Errno::INTR) => return true,
            waited => waited.expect("events"),
        };
        for event in &events[..count] {
            let number = usize::try_from(event.data.u64()).expect("a number of ours");
            if let Some(end) = self.ends[number].take() {
                self.ends[number] = self.serve(end);
            }
        }
        count > 0
    }

    /// Lets a socket do its part, as far as it can now; gives it back if it is not done.
    fn serve(&mut self, mut end: End) -> Option<End> {
        let mut byte = [0];
        match &mut end.part {
            Part::Door => {
                while let Ok(stream) = accept_with(&end.socket, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                    abrupt(&stream);
                    self.add(stream, Part::Stream);
                }
            }
            Part::Datagram => {
                while let Ok((_, _, Some(asker))) = recvfrom(&end.socket, &mut byte, RecvFlags::empty()) {
                    let _ = sendto(&end.socket, &byte, SendFlags::empty(), &asker);
                }
            }
            Part::Stream => loop {
                match recv(&end.socket, &mut byte, RecvFlags::empty()) {
                    Ok((1, _)) => drop(send(&end.socket, &byte, SendFlags::NOSIGNAL)),
                    Err(Errno::AGAIN) => break,
                    _ => return None,
                }
            },
            Part::Ask(number, sent) => {
                let result = if *sent { Ok(1) } else { send(&end.socket, b"?", SendFlags::NOSIGNAL) };
                *sent = result.is_ok();
                match result.and_then(|_| recv(&end.socket, &mut byte, RecvFlags::empty())) {
                    Err(Errno::AGAIN) => {}
                    result => {
                        self.open -= 1;
                        if result.is_ok() && byte == *b"?" {
                            self.back.push(*number);
                        }
                        return None;
                    }
                }
            }
        }
        Some(end)
    }
}

impl Lab {
    /// Opens a socket for each item, inside the machine it belongs to.
    fn sockets<T: Copy + Send>(
        &self,
        items: impl IntoIterator<Item = T>,
        machine: impl Fn(&T) -> usize,
        open: impl Fn(&T) -> rustix::io::Result<OwnedFd> + Sync,
    ) -> Vec<(T, OwnedFd)> {
        let mut of_machine = vec![Vec::new(); self.machines.len()];
        for item in items {
            of_machine[machine(&item)].push(item);
        }
        let mut opened = Vec::new();
        for (at, items) in of_machine.into_iter().enumerate() {
            let open = |item| open(&item).map(|socket| (item, socket));
            let here = self.namespaces[at].inside(|| items.into_iter().map(open).collect::<Result<Vec<_>, _>>());
            let name = &self.machines[at].name;
            opened.extend(here.unwrap_or_else(|e| panic!("{name}: no socket for a probe (is its port in use?): {e}")));
        }
        opened
    }
}

/// A socket at one end of a probe.
fn socket(protocol: Protocol, here: SocketAddr) -> rustix::io::Result<OwnedFd> {
    let family = if here.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let kind = if protocol == Protocol::Tcp { SocketType::STREAM } else { SocketType::DGRAM };
    let socket = socket_with(family, kind, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
    if protocol == Protocol::Tcp {
        abrupt(&socket);
        sockopt::set_socket_reuseaddr(&socket, here.port() != 0)?;
    }
    bind(&socket, &here)?;
    Ok(socket)
}

/// An echo server's socket. It has one address of its own, so that no answer leaves from another.
fn serve(protocol: Protocol, here: SocketAddr) -> rustix::io::Result<OwnedFd> {
    let began = Instant::now();
    let socket = loop {
        match socket(protocol, here) {
            Err(Errno::ADDRINUSE) if began.elapsed() < RELEASE => thread::yield_now(),
            result => break result?,
        }
    };
    if protocol == Protocol::Tcp {
        listen(&socket, 4_096)?;
    }
    Ok(socket)
}

/// Ends a connection at once when it is closed: nothing lingers in the machine.
fn abrupt(stream: &OwnedFd) {
    let _ = sockopt::set_socket_linger(stream, Some(Duration::ZERO));
}

/// Raises the number of descriptors this process may open as far as it may, and returns it.
fn descriptors() -> usize {
    let most = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most });
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |now| usize::try_from(now).unwrap_or(usize::MAX))
}

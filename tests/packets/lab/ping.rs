//! Echo requests, the other thing that must work on every machine: ICMP and ICMPv6. Never tells a reply from another asker's.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{bind, ipproto, recv, sendto, socket_with};

use super::Lab;

/// How long a reply may take.
const PATIENCE: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

/// What marks a question as ours.
const MARK: [u8; 4] = [0x70, 0x6f, 0x72, 0x74];

impl Lab {
    /// True if `to` answers an echo request that `from` sends from one of its addresses. Asks twice.
    ///
    /// # Panics
    /// If the question cannot be asked.
    pub fn ping(&self, from: usize, source: IpAddr, to: IpAddr) -> bool {
        self.namespaces[from].inside(|| {
            let (family, protocol, question, answer) = match source {
                IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP, 8, 0),
                IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6, 128, 129),
            };
            let socket = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, Some(protocol)).expect("a socket");
            bind(&socket, &SocketAddr::from((source, 0))).expect("an address of its own");
            let mut message = [question, 0, 0, 0, MARK[0], MARK[1], MARK[2], MARK[3]];
            // The kernel sums up ICMPv6 itself.
            let sum = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair[1]);
            let total: u32 = message.chunks(2).map(sum).sum();
            let check = !((total & 0xffff) + (total >> 16)) & 0xffff;
            message[2..4].copy_from_slice(&u16::try_from(check).expect("16 bits").to_be_bytes());
            (0..2).any(|_| {
                let sent = sendto(&socket, &message, SendFlags::empty(), &SocketAddr::from((to, 0)));
                sent.is_ok() && answered(&socket, source.is_ipv4(), answer)
            })
        })
    }
}

/// True if an answer of that type comes to our question.
fn answered(socket: &OwnedFd, has_header: bool, answer: u8) -> bool {
    let mut packet = [0; 256];
    while poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&PATIENCE)) == Ok(1) {
        let Ok((count, _)) = recv(socket, &mut packet, RecvFlags::empty()) else { return false };
        let from = if has_header { usize::from(packet[0] & 15) * 4 } else { 0 };
        if packet[..count].get(from).is_some_and(|kind| *kind == answer) && packet[from + 4..from + 8] == MARK {
            return true;
        }
    }
    false
}

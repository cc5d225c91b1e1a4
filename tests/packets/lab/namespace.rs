//! One machine's network and view of the files, held by two descriptors. It never changes those of the thread that asks.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::{panic, thread};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

/// A network and mounts of its own, as long as this value or a process inside lives.
#[derive(Debug)]
pub(super) struct Namespace {
    network: File,
    mounts: File,
}

impl Namespace {
    /// A new network with nothing but a sleeping `lo`, and the mounts as they are now.
    pub(super) fn new() -> io::Result<Self> {
        apart(|| {
            leave(UnshareFlags::NEWNET | UnshareFlags::NEWNS)?;
            let network = File::open("/proc/thread-self/ns/net")?;
            Ok(Self { network, mounts: File::open("/proc/thread-self/ns/mnt")? })
        })
    }

    /// Does `work` on a thread inside: the sockets it opens and the processes it starts belong to this network, and the
    /// files it names are those seen from here.
    pub(super) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        apart(|| {
            // Mounts can be changed only by who shares no working directory.
            leave(UnshareFlags::FS).expect("a working directory of its own");
            for (namespace, kind) in
                [(&self.network, LinkNameSpaceType::Network), (&self.mounts, LinkNameSpaceType::Mount)]
            {
                move_into_link_name_space(namespace.as_fd(), Some(kind)).expect("entry to the namespace");
            }
            work()
        })
    }

    /// What a program prints inside; what it complained about if it fails.
    pub(super) fn output(&self, command: &mut Command) -> Result<String, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let output = self.inside(|| command.stdin(Stdio::null()).output()).map_err(|e| format!("{name}: {e}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()))
        }
    }

    /// Runs lines for `ip`, all or a panic.
    pub(super) fn ip(&self, lines: &str) {
        let mut ip = super::program("ip");
        ip.args(["-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = self.inside(|| ip.spawn()).expect("ip starts");
        let fed = child.stdin.take().map(|mut pipe| pipe.write_all(lines.as_bytes()));
        let output = child.wait_with_output().expect("ip ends");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && matches!(fed, Some(Ok(()))), "ip: {complaint}\nin:\n{lines}");
    }

    /// Where another process finds this network, as long as this value lives.
    pub(super) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.network.as_raw_fd())
    }

    /// Forgets neighbours and tracked connections, so that only today's rules speak.
    pub(super) fn forget(&self) -> io::Result<()> {
        self.output(super::program("ip").args(["neigh", "flush", "all"])).map_err(io::Error::other)?;
        self.inside(forget_connections)
    }

    /// Ends every process inside these namespaces: nobody but their maker can have put it there.
    pub(super) fn empty(these: &[Self]) {
        let inode = |it: &Self| it.network.metadata().map(|file| file.ino());
        let ours: Vec<_> = these.iter().filter_map(|it| inode(it).ok()).collect();
        let inside =
            |pid: i32| fs::metadata(format!("/proc/{pid}/ns/net")).is_ok_and(|file| ours.contains(&file.ino()));
        let Ok(processes) = fs::read_dir("/proc") else {
            return;
        };
        for pid in processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
            // The second look is at the process the descriptor holds, not at one that got its number since.
            let Some(held) =
                Pid::from_raw(pid).filter(|_| inside(pid)).and_then(|it| pidfd_open(it, PidfdFlags::empty()).ok())
            else {
                continue;
            };
            if inside(pid) && pidfd_send_signal(&held, Signal::KILL).is_ok() {
                let _ = poll(&mut [PollFd::new(&held, PollFlags::IN)], None);
            }
        }
    }
}

/// Gives this thread something of its own.
fn leave(what: UnshareFlags) -> rustix::io::Result<()> {
    #[expect(deprecated, reason = "its safe form is deprecated for UnshareFlags::FILES, which is not used")]
    rustix::thread::unshare(what)
}

/// Does `work` on a thread of its own, which may change its namespace and ends; a panic there is a panic here.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|reason| panic::resume_unwind(reason))
}

/// Asks the kernel to delete every connection it tracks in this thread's namespace.
fn forget_connections() -> io::Result<()> {
    const DELETE_ALL_AND_ANSWER: (u16, u16) = (0x0102, 0x0005); // ctnetlink, delete; request, acknowledge
    let mut message = Vec::from(20_u32.to_ne_bytes());
    message.extend(DELETE_ALL_AND_ANSWER.0.to_ne_bytes());
    message.extend(DELETE_ALL_AND_ANSWER.1.to_ne_bytes());
    message.extend([0; 12]); // sequence, sender; every family, version, resource
    let kernel = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(netlink::NETFILTER),
    )?;
    rustix::net::send(&kernel, &message, SendFlags::empty())?;
    let mut answer = [0; 64];
    rustix::net::recv(&kernel, &mut answer, RecvFlags::empty())?;
    let code = i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]);
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-code)) }
}

//! A machine's time: who sleeps there wakes when the laboratory says so, and a restart is what a restart leaves. It never
//! waits by the clock of this computer, except to give up.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::files::CLOCK;
use super::namespace::Namespace;
use super::{Lab, Way};

/// How long somebody may take to fall asleep, or to end after waking.
const PATIENCE: Timespec = Timespec { tv_sec: 120, tv_nsec: 0 };

/// What a machine forgets when it is restarted, and what its start does after the host's own rules: the units that are
/// wanted, as systemd would run them.
const FORGET: &str = r#"rm -rf /run/* && mkdir -p /run/systemd/system /run/lock
nft flush ruleset
for family in iptables-legacy ip6tables-legacy; do
  command -v $family >/dev/null && [ -n "$($family-save)" ] || continue
  for chain in INPUT FORWARD OUTPUT; do $family -P $chain ACCEPT; done
  $family -F && $family -X
done
"#;
const WANTED: &str = r#"for unit in /etc/systemd/system/sysinit.target.wants/portcullis-*; do
  [ -e "$unit" ] || continue
  sed -n 's/^ExecStart=//p' "$unit" | sed 's/\$\$/$/g' | sh || exit 1
done
"#;

impl Lab {
    /// Waits until this many processes of a machine sleep, wakes them, and waits until those that had called for sleep have
    /// ended.
    ///
    /// # Panics
    /// If they do not fall asleep, or do not end.
    pub fn wake(&self, machine: usize, sleepers: usize) {
        self.namespaces[machine].inside(|| {
            // Also open for writing, so that it does not end with the first who wrote.
            let asleep = File::options().read(true).write(true).open(Path::new(CLOCK).join("asleep"));
            let asleep = asleep.expect("the clock");
            ioctl_fionbio(&asleep, true).expect("the clock");
            let mut heard = String::new();
            while heard.lines().count() < sleepers || !heard.ends_with('\n') {
                wait(&asleep, "nobody falls asleep");
                let _ = (&asleep).read_to_string(&mut heard);
            }
            let process = |line: &str| {
                let pid = line.parse().ok().and_then(Pid::from_raw).expect("a process");
                pidfd_open(pid, PidfdFlags::empty()).expect("it waits for its sleep")
            };
            let callers: Vec<_> = heard.lines().map(|line| (process(line), line)).collect();
            for (_, caller) in &callers {
                let mut wake = File::options().write(true).open(Path::new(CLOCK).join(caller)).expect("a sleeper");
                wake.write_all(b"\n").expect("a sleeper");
            }
            for (process, _) in &callers {
                wait(process, "who woke up does not end");
            }
        });
    }

    /// Restarts a machine: its processes end, its memory is empty, its rules are gone; then `boot` brings back the host's
    /// own, and the units that are wanted run.
    ///
    /// # Panics
    /// If something fails.
    pub fn restart(&self, machine: usize, boot: &str) {
        let namespace = &self.namespaces[machine];
        Namespace::empty(std::slice::from_ref(namespace));
        namespace.inside(|| {
            for left in fs::read_dir(CLOCK).into_iter().flatten().flatten() {
                if left.file_name() != "asleep" {
                    let _ = fs::remove_file(left.path());
                }
            }
        });
        for text in [FORGET, boot, WANTED] {
            let ran = self.run(machine, Way::Sh, text, "");
            assert!(ran.survived && ran.status == Some(0), "{}: {}\n{text}", self.machines[machine].name, ran.printed);
        }
    }
}

/// Waits until something can be read, or a process has ended.
fn wait(what: &impl AsFd, complaint: &str) {
    let came = poll(&mut [PollFd::new(what, PollFlags::IN)], Some(&PATIENCE));
    assert_eq!(came, Ok(1), "{complaint}");
}

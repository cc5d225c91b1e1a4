//! Runs text in a machine as a person would. It never waits by the clock, but until the shell answers or ends.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, read, write};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

use super::files::{BIN, HOME};
use super::{Lab, PATH};

/// How long [`Lab::run`] waits for an answer.
const PATIENCE: Duration = Duration::from_mins(10);

/// How long a shell may take to go after the hang-up.
const GRACE: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

/// How long a shell must sit at its prompt before it is asked again.
const SILENCE: Duration = Duration::from_millis(500);

/// The prompt of an interactive shell.
const PROMPT: &str = "machine$ ";

/// How a person gives text to a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `sh -c TEXT`.
    Sh,
    /// `bash`, which reads the text from a pipe.
    Piped,
    /// Pasted into an interactive `bash` on a terminal, each line as if typed.
    Pasted,
    /// Pasted into an interactive `bash` on a terminal that says what is pasted (bracketed paste), then Enter.
    PastedWhole,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Output {
    /// All that was printed, errors too; on a terminal also what was typed, as the person saw it.
    pub printed: String,
    /// The status of the last command; none if no answer came.
    pub status: Option<i32>,
    /// The same shell answered afterwards, with the same options, directory and umask. (With [`Way::Sh`]: it ended by
    /// itself.)
    pub survived: bool,
}

impl Lab {
    /// Runs text in a machine, then gives it `stdin`: a file's content, or what the person types next. Waits ten minutes at
    /// most. Then it hangs up, as a lost connection does: what is left to run must outlive that.
    ///
    /// # Panics
    /// If the shell does not start.
    pub fn run(&self, machine: usize, way: Way, text: &str, stdin: &str) -> Output {
        self.run_within(PATIENCE, machine, way, text, stdin)
    }

    /// As [`Lab::run`], with another patience.
    ///
    /// # Panics
    /// If the shell does not start.
    pub fn run_within(&self, patience: Duration, machine: usize, way: Way, text: &str, stdin: &str) -> Output {
        let terminal = matches!(way, Way::Pasted | Way::PastedWhole);
        let (name, arguments): (_, &[_]) = match way {
            Way::Sh => ("sh", &["-c", text]),
            Way::Piped => ("bash", &[]),
            Way::Pasted | Way::PastedWhole => ("setsid", &["--ctty", "bash", "--norc", "--noprofile", "-i"]),
        };
        let mut shell = super::program(name);
        shell.args(arguments).env("PATH", format!("{BIN}:{PATH}")).env("HOME", HOME).current_dir(HOME);
        shell.env("TERM", "xterm").env("PS1", PROMPT).env("HISTFILE", "/dev/null");
        let talk = self.namespaces[machine].inside(|| Talk::start(shell, terminal, Instant::now() + patience));
        let talk = talk.unwrap_or_else(|e| panic!("{}: no shell: {e}", self.machines[machine].name));
        if way == Way::Sh { talk.once(stdin) } else { talk.session(way, text, stdin) }
    }
}

/// A shell that is spoken to and listened to.
struct Talk {
    shell: Child,
    /// Readable when the shell has ended.
    ended: OwnedFd,
    /// Where it is spoken to, until all is said.
    mouth: Option<OwnedFd>,
    /// Where it is listened to, until it has fallen silent for good.
    ear: Option<OwnedFd>,
    heard: Vec<u8>,
    deadline: Instant,
}

impl Talk {
    /// Starts a shell with its two ends in our hand: of a new terminal, or of two pipes.
    fn start(mut shell: Command, terminal: bool, deadline: Instant) -> io::Result<Self> {
        let (mouth, ear, [stdin, stdout, stderr]): (OwnedFd, OwnedFd, [OwnedFd; 3]) = if terminal {
            let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
            let ours = openpt(flags)?;
            grantpt(&ours)?;
            unlockpt(&ours)?;
            let its = ioctl_tiocgptpeer(&ours, flags)?;
            (ours.try_clone()?, ours, [its.try_clone()?, its.try_clone()?, its])
        } else {
            let ((stdin, mouth), (ear, stdout)) = (io::pipe()?, io::pipe()?);
            (mouth.into(), ear.into(), [stdin.into(), stdout.try_clone()?.into(), stdout.into()])
        };
        ioctl_fionbio(&mouth, true)?;
        ioctl_fionbio(&ear, true)?;
        let shell = shell.stdin(stdin).stdout(stdout).stderr(stderr).spawn()?;
        let ended = pidfd_open(Pid::from_child(&shell), PidfdFlags::empty())?;
        Ok(Self { shell, ended, mouth: Some(mouth), ear: Some(ear), heard: Vec::new(), deadline })
    }

    /// A shell that has its text already: gives it its input and waits for its end.
    fn once(mut self, stdin: &str) -> Output {
        self.say(stdin, "", true, |_| false);
        let status = self.shell.try_wait().ok().flatten();
        let printed = self.text();
        self.end();
        Output { printed, status: status.and_then(|status| status.code()), survived: status.is_some() }
    }

    /// A shell that reads: asks who it is, gives it the text, and asks again.
    fn session(mut self, way: Way, text: &str, stdin: &str) -> Output {
        let terminal = way != Way::Piped;
        let prompted = |heard: &str| !terminal || heard.ends_with(PROMPT);
        let first = if way == Way::Pasted { "bind 'set enable-bracketed-paste off'; " } else { "" };
        self.say("", "", false, prompted);
        self.say(&(first.to_owned() + &ask("before")), "", false, |heard| {
            answer(heard, "before").is_some() && prompted(heard)
        });
        let before = answer(&self.text(), "before").map(|(_, who)| who);
        self.heard.clear();
        // A terminal pastes each line end as its Enter key.
        let pasted = match way {
            Way::PastedWhole => format!("\x1b[200~{}\x1b[201~\r", text.replace('\n', "\r")),
            Way::Pasted => lines(text).replace('\n', "\r"),
            Way::Piped | Way::Sh => lines(text),
        };
        // Asked again where a question of the text has taken the first for its answer.
        self.say(&(pasted + &lines(stdin) + &ask("after")), &ask("after"), !terminal, |heard| {
            answer(heard, "after").is_some()
        });
        let printed = self.text();
        self.end();
        let (status, after) = answer(&printed, "after").unzip();
        Output {
            printed,
            status: status.and_then(|status| status.parse().ok()),
            survived: after.is_some() && after == before,
        }
    }

    /// Says all the words (the `last` ones end its input) while listening, until it has heard what it waits for, or the
    /// shell has ended, or patience has. Where the shell sits silent at its prompt, it is told the words for that.
    fn say(&mut self, words: &str, again: &str, last: bool, until: impl Fn(&str) -> bool) {
        let mut words = words.as_bytes();
        let mut ended = false;
        loop {
            self.listen();
            let heard = self.text();
            if ended || words.is_empty() && until(&heard) {
                return;
            }
            match self.mouth.as_ref().map(|mouth| write(mouth, words)) {
                Some(Ok(said)) => words = &words[said..],
                Some(Err(Errno::AGAIN)) => {}
                Some(Err(_)) | None => words = &[], // nobody listens any more
            }
            if words.is_empty() && last {
                self.mouth = None;
            }
            let prompt = words.is_empty() && heard.ends_with(PROMPT);
            let left = self.deadline.saturating_duration_since(Instant::now());
            let left = if prompt { left.min(SILENCE) } else { left };
            let left = Timespec::try_from(left).expect("a short time");
            let mut ends = vec![PollFd::new(&self.ended, PollFlags::IN)];
            ends.extend(self.ear.as_ref().map(|ear| PollFd::new(ear, PollFlags::IN)));
            ends.extend(
                self.mouth.as_ref().filter(|_| !words.is_empty()).map(|mouth| PollFd::new(mouth, PollFlags::OUT)),
            );
            if poll(&mut ends, Some(&left)) == Ok(0) {
                if !prompt || Instant::now() >= self.deadline {
                    return;
                }
                words = again.as_bytes();
            }
            ended = !ends[0].revents().is_empty();
        }
    }

    /// Takes in what was printed until now.
    fn listen(&mut self) {
        let mut some = [0; 4_096];
        while let Some(ear) = &self.ear {
            match read(ear, &mut some) {
                Ok(count) if count > 0 => self.heard.extend(&some[..count]),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Ok(_) | Err(_) => self.ear = None, // all is said; a terminal ends with an error
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.heard).replace("\r\n", "\n")
    }

    /// Hangs up, and waits until the shell is gone.
    fn end(self) {
        let Self { mut shell, ended, mouth, ear, .. } = self;
        drop((mouth, ear));
        if poll(&mut [PollFd::new(&ended, PollFlags::IN)], Some(&GRACE)) != Ok(1) {
            let _ = shell.kill();
        }
        let _ = shell.wait();
    }
}

/// The text with its last line ended.
fn lines(text: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}")
}

/// A line that makes a shell tell the last status, and who it is. What is typed differs from what is printed.
fn ask(when: &str) -> String {
    format!("echo 'portcullis:'\"{when}:$?:$$:$-:$(umask):$PWD\"\n")
}

/// What it told: the status, and the rest.
fn answer(heard: &str, when: &str) -> Option<(String, String)> {
    let (_, told) = heard.split_once(&format!("portcullis:{when}:"))?;
    let (told, _) = told.split_once('\n')?;
    told.split_once(':').map(|(status, who)| (status.to_owned(), who.to_owned()))
}

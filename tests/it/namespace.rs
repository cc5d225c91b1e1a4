//! A fresh network namespace in which real rules are loaded, with `/etc`, `/run` and `/var/lib` of its own and a clock that
//! the test holds. Never touches the rules or files of the machine that runs the tests: nothing is started before the
//! namespaces are known to be others.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A namespace, kept alive by a process that waits for its input to end; both go when this is dropped.
pub struct Namespace {
    keeper: Child,
    tools: PathBuf,
}

/// Puts folders of its own in the place of the machine's, in a file system in memory, and waits. What it is told to write to
/// `/etc`, `/run` and `/var/lib` stays in there.
const PRIVATE: &str = "set -e
mkdir -p \"$1/private\" && mount -t tmpfs private \"$1/private\" && cd \"$1/private\"
for folder in etc var/lib; do
  mkdir -p \"$folder\" \"work/$folder\"
  mount -t overlay -o \"lowerdir=/$folder,upperdir=$PWD/$folder,workdir=$PWD/work/$folder\" overlay \"/$folder\"
done
cd / && mount -t tmpfs run /run && mkdir -p /run/systemd/system && mkfifo /run/clock /run/told
echo ready
exec cat";

/// What became of a command.
#[derive(Debug)]
pub struct Outcome {
    /// True if it ended well.
    pub success: bool,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Namespace {
    /// A new one; `None` where this cannot be had, which in CI is a failure.
    pub fn new(name: &str) -> Option<Self> {
        Self::with(name, &[])
    }

    /// A new one in which these commands are there besides.
    pub fn with(name: &str, tools: &[&str]) -> Option<Self> {
        let needed = ["unshare", "nsenter", "nft", "bash"];
        let missing = needed.iter().chain(tools).find(|tool| find(tool).is_none());
        match missing.map_or_else(|| Self::make(name), |tool| Err(format!("{tool} is not installed"))) {
            Ok(namespace) => Some(namespace),
            Err(why) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("no network namespace: {why}"),
            Err(why) => {
                // Straight to the terminal: the test harness swallows what a passing test prints.
                let _ = writeln!(std::io::stderr(), "\nNOT RUN, no network namespace ({why}): {name}");
                None
            }
        }
    }

    fn make(name: &str) -> Result<Self, String> {
        let tools = std::env::temp_dir().join(format!("portcullis-it-{}-{name}", std::process::id()));
        fs::create_dir_all(&tools).map_err(|error| error.to_string())?;
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "--mount", "--propagation", "private", "sh", "-c", PRIVATE, "sh"]).arg(&tools);
        unshare.stdin(Stdio::piped());
        unshare.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut keeper = unshare.spawn().map_err(|error| error.to_string())?;
        let mut ready = String::new();
        let stdout = keeper.stdout.take().ok_or("no output")?;
        BufReader::new(stdout).read_line(&mut ready).map_err(|error| error.to_string())?;
        let namespace = Self { keeper, tools };
        if ready != "ready\n" {
            return Err("unshare is refused; run as root".to_owned());
        }
        for kind in ["net", "mnt"] {
            let of = |process: &str| fs::read_link(format!("/proc/{process}/ns/{kind}"));
            let (ours, its) = (of("self"), of(&namespace.keeper.id().to_string()));
            if ours.map_err(|error| error.to_string())? == its.map_err(|error| error.to_string())? {
                return Err("unshare did not make a namespace".to_owned());
            }
        }
        // Whatever manages the firewall of the host has no say in here.
        namespace.pretend("ufw", "echo 'Status: inactive'");
        namespace.pretend("firewall-cmd", "echo 'not running'; exit 252");
        // Time passes when the test says so, and what is told to everybody is told to the test.
        namespace.pretend("sleep", "read -r _ </run/clock");
        namespace.pretend("wall", "echo \"$*\" >/run/told");
        namespace.pretend("systemctl", "echo \"$*\" >>/run/systemctl");
        Ok(namespace)
    }

    /// Ends what sleeps in here, and waits until somebody is told what came of it.
    pub fn time_is_over(&self) -> String {
        self.run(&["sh"], "echo >/run/clock; cat /run/told").stdout
    }

    /// Puts a command of that name before all others.
    pub fn pretend(&self, name: &str, script: &str) {
        let path = self.tools.join(name);
        // A link must not be followed: behind it is a program of the machine that runs the tests.
        let _ = fs::remove_file(&path);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a folder of our own");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a file of our own");
    }

    /// Puts a link of that name to a command before all others.
    pub fn stand_in(&self, name: &str, command: &str) {
        let path = self.tools.join(name);
        let _ = fs::remove_file(&path);
        symlink(find(command).expect(command), path).expect("a folder of our own");
    }

    /// Takes back what was pretended.
    pub fn no_longer(&self, name: &str) {
        fs::remove_file(self.tools.join(name)).expect("it was pretended");
    }

    /// Runs a shell on a text with only these commands to be found.
    pub fn run_with_only(&self, commands: &[&str], text: &str) -> Outcome {
        let only = self.tools.join("only");
        fs::create_dir_all(&only).expect("a folder of our own");
        for command in commands {
            symlink(find(command).expect(command), only.join(command)).expect("a folder of our own");
        }
        self.enter(&["sh"], text, only.to_str().expect("a plain path"))
    }

    /// Runs a command in here with that input.
    pub fn run(&self, command: &[&str], input: &str) -> Outcome {
        let path = std::env::var("PATH").unwrap_or_default();
        self.enter(command, input, &format!("{}:/usr/sbin:/sbin:{path}", self.tools.display()))
    }

    /// Starts a command in here that goes on, and can be talked to.
    pub fn start(&self, command: &[&str]) -> Child {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut entered = self.entered(command, &format!("{}:/usr/sbin:/sbin:{path}", self.tools.display()));
        entered.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("nsenter starts")
    }

    fn entered(&self, command: &[&str], path: &str) -> Command {
        let nsenter = find("nsenter").expect("it was there");
        let mut enter = Command::new(nsenter);
        for kind in ["net", "mount"] {
            let file = if kind == "net" { "net" } else { "mnt" };
            enter.arg(format!("--{kind}=/proc/{}/ns/{file}", self.keeper.id()));
        }
        enter.arg("env").arg(format!("PATH={path}"));
        enter
            .args(["HISTFILE=/dev/null", "LC_ALL=C"])
            .arg(find(command[0]).expect("a shell or nft"))
            .args(&command[1..]);
        enter
    }

    fn enter(&self, command: &[&str], input: &str, path: &str) -> Outcome {
        let mut enter = self.entered(command, path);
        let mut child =
            enter.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("nsenter starts");
        let mut stdin = child.stdin.take().expect("it was piped");
        let input = input.to_owned();
        // A command that ends early closes its input: no fault of ours.
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().expect("it ends");
        writer.join().expect("it ends");
        let text = |bytes| String::from_utf8(bytes).expect("plain text");
        Outcome { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The ruleset in here as nft prints it.
    pub fn ruleset(&self) -> String {
        self.nft(&["list", "ruleset"], "")
    }

    /// Replaces the ruleset in here.
    pub fn reset(&self, ruleset: &str) {
        self.nft(&["-f", "-"], &format!("flush ruleset\n{ruleset}"));
    }

    /// Runs nft, which must succeed, and returns what it prints.
    pub fn nft(&self, args: &[&str], input: &str) -> String {
        let outcome = self.run(&[&["nft"], args].concat(), input);
        assert!(outcome.success, "nft {args:?}: {}\n{input}", outcome.stderr);
        outcome.stdout
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
        let _ = fs::remove_dir_all(&self.tools);
    }
}

/// Where a command is.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/sbin"]).map(Path::new);
    folders.map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

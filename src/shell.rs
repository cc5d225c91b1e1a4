//! The frame of every Linux text: one `sh` fed by a quoted here-document, so that whatever shell it is pasted into reads it
//! whole, expands none of it and survives it. Knows no firewall; what stands inside comes with the call.
//!
//! Whoever fills it in keeps to four rules: no line is `PORTCULLIS`, `BOOT`, `BACK` or `UNIT`; no tab (completion) and no
//! exclamation mark (history); nothing of the user's but what went through a dialect's `clean`; and nothing is changed before
//! the last check has passed.

use std::fmt::Write;

/// Where what must outlive a text, but not a restart, is kept: what was there before, and what waits for a confirmation.
pub const RUN: &str = "/run/portcullis";
/// Where the texts that run at the start of the machine are kept.
pub const BOOT: &str = "/etc/portcullis";

/// What a script does, piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Comment lines, without `#`.
    pub header: Vec<String>,
    /// Functions that only print, before anything is done; they may be empty.
    pub data: String,
    /// Why it refuses to run: sentences without their final stop.
    pub refusals: Vec<String>,
    /// True if root is not needed.
    pub anyone: bool,
    /// The steps, indented by two blanks. They may call `say TEXT`, and `stop TEXT`, which says that nothing was changed.
    pub steps: String,
}

impl Script {
    /// The script as it is pasted.
    pub fn pasted(&self) -> String {
        format!("sh <<'PORTCULLIS'\n{}PORTCULLIS\n", self.body())
    }

    /// The script as it stands in a file, or within another.
    pub fn body(&self) -> String {
        let mut out = String::new();
        for line in &self.header {
            let _ = writeln!(out, "# {line}");
        }
        out.push_str(&self.data);
        out.push_str("main() {\n");
        out.push_str("  say() { printf 'portcullis: %s\\n' \"$1\"; }\n");
        out.push_str("  stop() { say \"$1\" >&2; say 'Nothing was changed.' >&2; exit 1; }\n");
        for refusal in &self.refusals {
            let _ = writeln!(out, "  say 'Held back: {refusal}.' >&2");
        }
        if !self.refusals.is_empty() {
            out.push_str("  stop 'Fill in what is missing on the page and copy again.'\n");
        }
        if !self.anyone {
            out.push_str(ROOT);
        }
        out.push_str(&self.steps);
        out.push_str("}\nmain \"$@\"\n");
        out
    }
}

const ROOT: &str = r#"  [ "$(id -u)" = 0 ] || stop 'Root is needed: open a root shell (for example with sudo -i) and paste again.'
"#;

/// A function that only prints a text; `end` is a word that no line of it is.
pub fn printed(name: &str, end: &str, text: &str) -> String {
    format!("{name}() {{\ncat <<'{end}'\n{text}{end}\n}}\n")
}

/// Steps that stop where a command is missing.
pub fn needs(command: &str) -> String {
    format!("  command -v {command} >/dev/null 2>&1 || stop 'The command {command} was not found.'\n")
}

/// Steps that stop while an earlier text may still be rolled back.
pub fn settled(firewall: &str) -> String {
    format!(
        "  [ -e {RUN}/{firewall}-unconfirmed ] &&
    stop 'An earlier text waits for its confirmation, or for the end of its time. Try again after that.'
"
    )
}

/// Steps that say so where the machine starts with an earlier version of one of these parts (`in`, `out`).
pub fn outdated(firewall: &str, parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts {
        let _ = writeln!(
            out,
            "  if [ -e {BOOT}/{firewall}-{part}.sh ]; then say 'The next start brings back what Make it last wrote: run it again.'; fi"
        );
    }
    out
}

/// A whole policy that takes itself back. `back` is a script that brings back what was there before this one ran; `apply` are
/// the steps that put the new rules in place, and call `stop` where they fail.
pub fn guarded(script: Script, firewall: &str, back: &str, apply: &str, seconds: u32) -> Script {
    let waiting = format!("{RUN}/{firewall}-unconfirmed");
    let data = script.data + &printed("back", "BACK", back);
    let mut steps = script.steps;
    // The clock runs before the rules stand: whatever happens to this session then, it is not needed any more.
    let _ = write!(
        steps,
        "  token=\"$$ $(date +%s)\"
  {{ mkdir -p {RUN} && back >{RUN}/{firewall}-back.sh && echo \"$token\" >{waiting}; }} ||
    stop 'The folder {RUN} cannot be written.'
  stop() {{ rm -f {waiting}; say \"$1\" >&2; say 'Nothing was changed.' >&2; exit 1; }}
  setsid sh {RUN}/{firewall}-back.sh \"$token\" </dev/null >/dev/null 2>&1 &
{apply}  say 'In place for {seconds} seconds. Open a NEW session to this machine to see that you still can, and confirm there:'
  say '  rm {waiting}'
  say 'Without that, what was there before comes back by itself.'
"
    );
    Script { data, steps, ..script }
}

/// The first steps of a script that brings back what was there before a guarded one: it waits, and does nothing if somebody
/// has confirmed, or another text waits by now.
pub fn waits(firewall: &str, seconds: u32) -> String {
    format!(
        "  sleep {seconds}
  [ \"$(cat {RUN}/{firewall}-unconfirmed 2>/dev/null)\" = \"$1\" ] || exit 0
"
    )
}

/// Its last steps.
pub fn rolled_back(firewall: &str) -> String {
    format!(
        "  rm -f {RUN}/{firewall}-unconfirmed
  wall 'portcullis: not confirmed in time. What was there before is back.' 2>/dev/null || true
"
    )
}

/// A script that makes these parts (`in`, `out`), each a script of its own, run at the start of the machine. `after` names the
/// units that load the host's own rules; `steps` check that what is to be kept is in place.
pub fn kept(script: Script, firewall: &str, after: &str, parts: &[(&str, Script)]) -> Script {
    let mut data = script.data;
    let mut steps = script.steps;
    steps.push_str(
        "  [ -d /run/systemd/system ] || stop 'This machine is not started by systemd: have its start run the text Apply.'\n",
    );
    let mut writes = String::new();
    for (part, body) in parts {
        data.push_str(&printed(&format!("part_{part}"), "BOOT", &body.body()));
        let _ = write!(writes, "part_{part} >{BOOT}/{firewall}-{part}.sh && ");
    }
    let unit = format!(
        "[Unit]
Description=Portcullis: firewall rules ({firewall})
DefaultDependencies=no
Conflicts=shutdown.target
After=local-fs.target systemd-tmpfiles-setup.service {after}
Before=network-pre.target shutdown.target
Wants=network-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'failed=0; for part in {BOOT}/{firewall}-*.sh; do sh \"$$part\" || failed=1; done; exit $$failed'
[Install]
WantedBy=sysinit.target
"
    );
    data.push_str(&printed("unit", "UNIT", &unit));
    let unit = unit_path(firewall);
    let _ = write!(
        steps,
        "  {{ mkdir -p {BOOT} && {writes}unit >{unit}; }} || stop 'What the start of this machine needs could not be written.'
  {{ systemctl daemon-reload && systemctl enable --quiet portcullis-{firewall}.service; }} ||
    stop 'systemd did not take the unit portcullis-{firewall}.'
  say 'Done: the rules as copied come back at every start, by the unit portcullis-{firewall}.'
"
    );
    Script { data, steps, ..script }
}

/// Steps that take parts out of the start of the machine again, and the unit with the last of them.
pub fn forgotten(firewall: &str, parts: &[&str]) -> String {
    let unit = unit_path(firewall);
    let files: Vec<String> = parts.iter().map(|part| format!("{BOOT}/{firewall}-{part}.sh")).collect();
    format!(
        "  rm -f {}
  if [ -e {unit} ] && [ -z \"$(ls {BOOT}/{firewall}-*.sh 2>/dev/null)\" ]; then
    systemctl disable --quiet portcullis-{firewall}.service
    rm -f {unit}
    systemctl daemon-reload
  fi
  rmdir {BOOT} 2>/dev/null || true
",
        files.join(" ")
    )
}

fn unit_path(firewall: &str) -> String {
    format!("/etc/systemd/system/portcullis-{firewall}.service")
}

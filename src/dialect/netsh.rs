//! netsh, for the command prompt: allow rules in Windows Defender Firewall, all of one direction under one name.
//! *Additive*: touches no other rule and no profile. *Whole host*: removes every other local rule of the direction and sets
//! the profiles; never without having saved what was there, never what a domain policy says.
//!
//! A text runs from a file and pasted into a live prompt, which reads it line by line. So there is no label, no block, no
//! `exit`; a variable stands for "go on", every line asks for it, and a failed check or step clears it. Inside double quotes
//! nothing that `plain` leaves has a meaning; outside, no text of the user's stands anywhere but after `rem` and `echo`.
//!
//! What it must get right (firewall-facts section 4.2): `add rule` knows no group, and adds a second rule of the same name. Rules
//! may share a name, and `delete rule` and `set rule` take all that match, so the name is the direction and the description begins
//! with the flow. *Additive* rules are added under a name of their own, then the earlier ones are deleted, then the new ones are
//! renamed: deleting first would leave nothing for seconds (a call each rule), and half of the new ones after a failure. A *whole*
//! policy cannot be swapped so, since `name=all` means ours too: it deletes first, adds the administrators' rules in the same line,
//! and imports what was there a moment ago if a step fails. `delete rule` fails where nothing matches, which is no failure here.
//! Outgoing rules filter the *remote* port; `firewallpolicy` takes both directions at once, so that a text for one looks up the
//! other's value and repeats it. Taking out: see `powershell.rs`, for the same reason.
//!
//! Every form is in Microsoft's reference: "netsh advfirewall" in Windows Commands (`export`, `import`, `set allprofiles`,
//! `firewallpolicy`, and the remarks of `add`, `delete` and `set rule`: all matching rules, `name=all` with a direction, ICMP code
//! `any`) and "Netsh AdvFirewall Firewall Commands" (parameters, `description`, `new name`). Not documented, but so in published
//! scripts and outputs: `fltmc` fails without an administrator (and needs no service, as `net session` does); `show rule` fails
//! where nothing matches; `BlockInbound,AllowOutbound` is not translated. Nothing of this was run on Windows.

mod rows;

use std::fmt::Write;

use self::rows::{Row, rules, way};
use super::{Dialect, Place, Plan, Text, UNGUARDED, numbers_only, plain};
use crate::count::counted;
use crate::net::{Direction, Policy, System};
use crate::windows::{SAVED, ours};

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "netsh",
    name: "netsh",
    place: Place::Host(System::Windows),
    texts: &UNGUARDED,
    extension: "cmd",
    line_end: "\r\n",
    how: "Paste into Command Prompt opened with Run as administrator, or save it and run it there.",
    lasts: "Safe to run again. Survives a restart.",
    assumes,
    fields: &[],
    clean: plain,
    says: numbers_only,
    stores: true,
    refers: &[],
    exceeds: |_| Vec::new(),
    print,
};

fn assumes(policy: Policy, direction: Direction) -> &'static str {
    match (policy, direction) {
        (Policy::Additive, Direction::Ingress) => {
            "Windows blocks inbound traffic by default: these rules admit what is listed. A block rule beats them."
        }
        (Policy::Additive, Direction::Egress) => {
            "Outbound is allowed by default on Windows: these egress rules change nothing until you block it."
        }
        (Policy::WholeHost, Direction::Ingress) => {
            "Whole policy: incoming traffic that is not listed is dropped, and all other local rules for it are removed: for some seconds nothing new gets in. Rules of a domain policy stay. Take it out brings back the policy of both directions as it was saved before the first Apply, also where somebody changed it since."
        }
        (Policy::WholeHost, Direction::Egress) => {
            "Whole policy: all other local rules for outgoing traffic are removed, and the profiles say what becomes of what is not listed. Rules of a domain policy stay."
        }
    }
}

/// Characters of the one line that may be longer: the prompt takes 8191, after it has put in the name of the folder.
const LONGEST_LINE: usize = 7800;
/// Characters of free text in one line.
const LONGEST: usize = 1000;
/// The folder of what is saved.
const FOLDER: &str = r"%SystemRoot%\Portcullis";
/// What was there before this text, to bring back if a step fails.
const NOW: &str = r"%SystemRoot%\Portcullis\now.wfw";

/// A text that is being written.
struct Lines(String);

impl Lines {
    /// A line that is always run.
    fn always(&mut self, command: &str) {
        let _ = writeln!(self.0, "@{command}");
    }

    /// A line that is run while nothing has failed, and may fail.
    fn go(&mut self, command: &str) {
        let _ = writeln!(self.0, "@if defined PORTCULLIS {command}");
    }

    /// A line that must succeed.
    fn must(&mut self, command: &str, sentence: &str) {
        self.go(&format!("{command} || echo {sentence} && set \"PORTCULLIS=\""));
    }

    /// A line that must not succeed.
    fn must_not(&mut self, command: &str, sentence: &str) {
        self.go(&format!("{command} && echo {sentence} && set \"PORTCULLIS=\""));
    }

    /// Stops where a condition of `if` holds.
    fn stop_if(&mut self, condition: &str, sentence: &str) {
        self.go(&format!("if {condition} echo {sentence} && set \"PORTCULLIS=\""));
    }

    fn rem(&mut self, text: &str) {
        let text: Vec<char> = text.chars().collect();
        for piece in text.chunks(LONGEST) {
            let piece: String = piece.iter().collect();
            // `rem /?` would be answered.
            let start = if piece.starts_with('/') { "- " } else { "" };
            let _ = writeln!(self.0, "@rem {start}{piece}");
        }
    }
}

fn print(plan: &Plan, text: Text) -> String {
    let mut lines = Lines(String::new());
    for line in &plan.header {
        lines.rem(line);
    }
    for variable in ["", "_BEGUN", "_FIRST"] {
        lines.always(&format!("set \"PORTCULLIS{variable}=\""));
    }
    let refusals = if text.has_rules() { plan.refusals(plain) } else { Vec::new() };
    for refusal in &refusals {
        lines.always(&format!("echo Held back: {refusal}."));
    }
    if refusals.is_empty() {
        lines.always("fltmc >nul 2>&1 && set \"PORTCULLIS=go\"");
        lines.always(
            "if not defined PORTCULLIS echo Nothing was changed: open Command Prompt with Run as administrator and paste again.",
        );
    } else {
        // Without the variable, no line below does anything.
        lines.always("echo Nothing was changed. Fill in what is missing on the page and copy again.");
    }
    lines.must(
        "netsh advfirewall show allprofiles >nul 2>&1",
        "Nothing was changed: Windows Defender Firewall does not answer.",
    );
    let whole = plan.policy == Policy::WholeHost;
    if !whole && text != Text::Keep {
        lines.stop_if(
            &format!("exist \"%SystemRoot%\\{SAVED}\""),
            "Nothing was changed: the whole policy of this host is in place. Change that one, or take it out first.",
        );
    }
    match text {
        Text::TakeOut => take_out(&mut lines, plan),
        Text::Keep => keep(&mut lines, plan),
        Text::Try => tries(&mut lines, plan),
        Text::Apply | Text::Guarded if whole => apply_whole(&mut lines, plan),
        Text::Apply | Text::Guarded => apply(&mut lines, plan),
    }
    for variable in ["", "_BEGUN", "_FIRST"] {
        lines.always(&format!("set \"PORTCULLIS{variable}=\""));
    }
    lines.0
}

/// Deletes the rules of a name; there may be none.
fn delete(name: &str, direction: Direction) -> String {
    format!("netsh advfirewall firewall delete rule name=\"{name}\" dir={} >nul 2>&1", way(direction))
}

fn present(name: &str) -> String {
    format!("netsh advfirewall firewall show rule name=\"{name}\" >nul 2>&1")
}

/// Adds rules, each a line.
fn add(lines: &mut Lines, rows: &[Row]) {
    for Row { comment, key, command, .. } in rows {
        if let Some(comment) = comment {
            lines.rem(comment);
        }
        lines.must(&format!("{command} >nul"), &format!("Stopped: Windows did not take the rule {key}."));
    }
}

fn apply(lines: &mut Lines, plan: &Plan) {
    lines.go("set \"PORTCULLIS_BEGUN=go\"");
    let new = |direction| format!("{} new", ours(direction));
    for direction in plan.directions {
        lines.go(&delete(&new(*direction), *direction));
    }
    let mut counts = Vec::new();
    for direction in plan.directions {
        let rows = rules(plan, *direction, &new(*direction));
        add(lines, &rows);
        counts.push(rows.len());
    }
    for direction in plan.directions {
        lines.always(&format!(
            "if defined PORTCULLIS_BEGUN if not defined PORTCULLIS {}",
            delete(&new(*direction), *direction)
        ));
    }
    lines.always("if defined PORTCULLIS_BEGUN if not defined PORTCULLIS echo The earlier rules stay as they were.");
    for (direction, count) in plan.directions.iter().zip(&counts) {
        let name = ours(*direction);
        lines.go(&delete(name, *direction));
        lines.must_not(
            &present(name),
            "Stopped: the earlier rules could not be deleted and stand beside the new ones. Paste again.",
        );
        if *count > 0 {
            let way = way(*direction);
            lines.must(
                &format!("netsh advfirewall firewall set rule name=\"{name} new\" dir={way} new name=\"{name}\" >nul"),
                "Stopped: the new rules are in force, but could not be renamed. Paste again.",
            );
        }
    }
    lines.go(&format!("echo Done: {} in place, also after a restart.", counted(counts.iter().sum(), "rule")));
    shown(lines, plan);
}

/// Shows what decides besides our rules. The prompt cannot count in a language that it does not know, so people read it.
fn shown(lines: &mut Lines, plan: &Plan) {
    lines.go("netsh advfirewall show allprofiles state");
    lines.go("netsh advfirewall show allprofiles firewallpolicy");
    lines.go("echo A profile that is off filters nothing. A domain policy can ignore local rules, and its own rules count besides.");
    if plan.policy == Policy::WholeHost {
        return;
    }
    for direction in plan.directions {
        lines.go(match direction {
            Direction::Ingress => {
                "echo Where BlockInboundAlways stands above no rule lets anything in, and where AllowInbound stands the ingress rules change nothing."
            }
            Direction::Egress => "echo Where AllowOutbound stands above, the egress rules change nothing.",
        });
    }
    lines.go(
        "echo A rule that blocks beats these rules. To list all rules: netsh advfirewall firewall show rule name=all",
    );
}

/// The profiles, and the variable that holds what a text for one direction must repeat of the other.
const PROFILES: [(&str, &str); 3] = [
    ("domainprofile", "PORTCULLIS_DOMAIN"),
    ("privateprofile", "PORTCULLIS_PRIVATE"),
    ("publicprofile", "PORTCULLIS_PUBLIC"),
];

/// The commands that set the profiles.
fn profiles(plan: &Plan) -> Vec<String> {
    let outgoing = if plan.drops(Direction::Egress) { "blockoutbound" } else { "allowoutbound" };
    let set = |profile: &str, values: &str| format!("netsh advfirewall set {profile} firewallpolicy {values} >nul");
    let mut commands = vec!["netsh advfirewall set allprofiles state on >nul".to_owned()];
    match plan.directions {
        [Direction::Ingress] => {
            commands.extend(PROFILES.map(|(profile, kept)| set(profile, &format!("blockinbound,%{kept}%"))));
        }
        [Direction::Egress] => {
            commands.extend(PROFILES.map(|(profile, kept)| set(profile, &format!("%{kept}%,{outgoing}"))));
        }
        _ => commands.push(set("allprofiles", &format!("blockinbound,{outgoing}"))),
    }
    commands
}

fn apply_whole(lines: &mut Lines, plan: &Plan) {
    let saved = format!("%SystemRoot%\\{SAVED}");
    let kept: &[&str] = match plan.directions {
        [Direction::Ingress] => &[",AllowOutbound", ",BlockOutbound"],
        [Direction::Egress] => &["BlockInbound,", "BlockInboundAlways,", "AllowInbound,"],
        _ => &[],
    };
    for (profile, variable) in PROFILES.iter().filter(|_| !kept.is_empty()) {
        lines.always(&format!("set \"{variable}=\""));
        for word in kept {
            let value = word.trim_matches(',').to_ascii_lowercase();
            lines.go(&format!(
                "netsh advfirewall show {profile} firewallpolicy | find /i \"{word}\" >nul && set \"{variable}={value}\""
            ));
        }
        lines.stop_if(
            &format!("not defined {variable}"),
            &format!("Nothing was changed: netsh does not say what {profile} does with the other direction."),
        );
    }
    const UNSAVED: &str = "Nothing was changed: the policy that is there could not be saved.";
    lines.go(&format!("if not exist \"{FOLDER}\" mkdir \"{FOLDER}\""));
    lines.go(&format!("if exist \"{NOW}\" del \"{NOW}\""));
    lines.must(&format!("netsh advfirewall export \"{NOW}\" >nul"), UNSAVED);
    lines.stop_if(&format!("not exist \"{NOW}\""), UNSAVED);
    lines.go(&format!("if not exist \"{saved}\" set \"PORTCULLIS_FIRST=go\""));
    lines.must(&format!("if defined PORTCULLIS_FIRST copy \"{NOW}\" \"{saved}\" >nul"), UNSAVED);
    lines.stop_if(&format!("not exist \"{saved}\""), UNSAVED);
    lines.go("set \"PORTCULLIS_BEGUN=go\"");
    let mut count = 0;
    for direction in plan.directions {
        let rows = rules(plan, *direction, ours(*direction));
        count += rows.len();
        replaced(lines, *direction, &rows);
    }
    for command in profiles(plan) {
        lines.must(&command, "Stopped: Windows did not take the settings of the profiles.");
    }
    lines.always(&format!(
        "if defined PORTCULLIS_BEGUN if not defined PORTCULLIS netsh advfirewall import \"{NOW}\" >nul && echo What was there before is back. && set \"PORTCULLIS_BEGUN=\" || echo What was there before could not be brought back from {NOW}"
    ));
    lines.always(&format!(
        "if defined PORTCULLIS_FIRST if not defined PORTCULLIS if not defined PORTCULLIS_BEGUN if exist \"{saved}\" del \"{saved}\""
    ));
    lines.go(&format!("del \"{NOW}\""));
    lines.go(&format!(
        "echo Done: {} in place, also after a restart. What was there before: {saved}",
        counted(count, "rule")
    ));
    shown(lines, plan);
    for (_, variable) in PROFILES.iter().filter(|_| !kept.is_empty()) {
        lines.always(&format!("set \"{variable}=\""));
    }
}

/// Deletes all rules of a direction and adds ours. What is pasted over the network may be cut off as soon as the rule that let it
/// in is gone: so the administrators' rules come in the line that deletes, and so does the way back.
fn replaced(lines: &mut Lines, direction: Direction, rows: &[Row]) {
    let (name, way) = (ours(direction), way(direction));
    lines.rem("A delete that finds nothing fails like one that cannot: so there is something to find, switched off.");
    lines.must(
        &format!("netsh advfirewall firewall add rule name=\"{name} new\" dir={way} action=allow enable=no protocol=TCP localport=9 remoteip=localsubnet >nul"),
        "Stopped: Windows takes no rules.",
    );
    let mut step = format!("netsh advfirewall firewall delete rule name=all dir={way} >nul");
    let back = format!(
        "|| echo Stopped: the rules of this direction could not be replaced. && set \"PORTCULLIS=\" && netsh advfirewall import \"{NOW}\" >nul"
    );
    let fits = rows.iter().take_while(|row| {
        let longer = format!("{step} && {} >nul", row.command);
        let fits = row.guards && longer.len() + back.len() < LONGEST_LINE;
        if fits {
            if let Some(comment) = &row.comment {
                lines.rem(comment);
            }
            step = longer;
        }
        fits
    });
    let fits = fits.count();
    lines.go(&format!("{step} {back}"));
    add(lines, rows.get(fits..).unwrap_or_default());
}

/// netsh has no dry run: the text checks the host, and says what it would do.
fn tries(lines: &mut Lines, plan: &Plan) {
    let mut count = 0;
    for direction in plan.directions {
        let name = ours(*direction);
        let way = way(*direction);
        lines.go(&match plan.policy {
            Policy::Additive => format!("echo netsh advfirewall firewall delete rule name=\"{name}\" dir={way}"),
            Policy::WholeHost => format!("echo netsh advfirewall firewall delete rule name=all dir={way}"),
        });
        for Row { comment, command, .. } in rules(plan, *direction, name) {
            count += 1;
            if let Some(comment) = comment {
                lines.rem(&comment);
            }
            lines.go(&format!("echo {command}"));
        }
    }
    lines.go(&format!(
        "echo Nothing was changed. netsh has no dry run: {} would be added, and Windows has not seen that yet.",
        counted(count, "rule")
    ));
    shown(lines, plan);
}

/// Rules of netsh are stored; there is nothing to do but look.
fn keep(lines: &mut Lines, plan: &Plan) {
    if plan.policy == Policy::WholeHost {
        lines.stop_if(
            &format!("not exist \"%SystemRoot%\\{SAVED}\""),
            "The whole policy is not in place. Use Apply first.",
        );
    }
    for direction in plan.directions {
        let name = ours(*direction);
        if !rules(plan, *direction, name).is_empty() {
            lines.must(&present(name), &format!("{name}: not in place. Use Apply first."));
        }
    }
    lines.go("echo Nothing to do: these rules are stored, and survive a restart.");
}

fn take_out(lines: &mut Lines, plan: &Plan) {
    let whole = plan.policy == Policy::WholeHost;
    let saved = format!("%SystemRoot%\\{SAVED}");
    if whole {
        for other in Direction::ALL.iter().filter(|direction| !plan.directions.contains(direction)) {
            lines.must_not(
                &present(ours(*other)),
                "Nothing was changed: Windows brings back both directions at once. Choose In and out, take that out, and apply again what shall stay.",
            );
        }
        lines.stop_if(
            &format!("not exist \"{saved}\""),
            &format!(
                "Nothing was changed: there is no saved policy. Rules that were only added are taken out with {}, {}.",
                Policy::Additive.name(),
                Text::TakeOut.name()
            ),
        );
        lines.must(
            &format!("netsh advfirewall import \"{saved}\" >nul"),
            "Windows did not take the saved policy. The rules were left as they are.",
        );
    }
    for direction in plan.directions {
        let name = ours(*direction);
        for name in [name, &format!("{name} new")] {
            lines.go(&delete(name, *direction));
        }
        lines.must_not(&present(name), &format!("{name}: the rules could not be deleted. Paste again."));
    }
    if whole {
        lines.go(&format!("del \"{saved}\""));
        lines.stop_if(
            &format!("exist \"{saved}\""),
            &format!("What was there before is back. Delete this file by hand: {saved}"),
        );
        lines.go(&format!("if exist \"{NOW}\" del \"{NOW}\""));
        lines.go("echo The policy of both directions is back as it was saved, also where somebody changed it since.");
    }
    lines.go("echo Taken out.");
}

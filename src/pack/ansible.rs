//! One Ansible playbook over all machines, beside the texts of the archive: it has them run these very files, where a look on
//! the machine says that there is something to do. Writes no rule, and nothing of the user's but a name of plain letters.
//!
//! It stands in the archive and not in a text of its own, because the archive has every text already, read back and as a file:
//! so the playbook quotes none of them, and YAML and Jinja never see what is in them. It needs `ansible.builtin` alone, also
//! for Windows. What it does is in `ansible/`, one file for all; here is only who does it with which text.

use std::fmt::Write;

use super::File;
use crate::count::counted;
use crate::deployment::Group;
use crate::dialect::{Dialect, Text, plain};
use crate::net::System;
use crate::shell::RUN;
use crate::snippet::Snippet;

/// A play and its group of the inventory, as they are written so far.
#[derive(Default)]
pub(super) struct Playbook {
    plays: String,
    inventory: String,
    systems: Vec<System>,
}

impl Playbook {
    /// Adds the machines of a group; `file` is what all of its texts are called.
    pub(super) fn add(&mut self, group: &Group, dialect: &Dialect, file: &str, snippet: &Snippet) {
        let hosts = file.split('.').next().unwrap_or_default().replace('-', "_");
        let _ = writeln!(self.inventory, "#   [{hosts}]");
        for address in group.listens.list() {
            let _ = writeln!(self.inventory, "#   {address}");
        }
        let system = dialect.system;
        if !self.systems.contains(&system) {
            self.systems.push(system);
        }
        let guarded = dialect.texts(group.policy).any(|text| text == Text::Guarded);
        let apply = if guarded { "2-confirm-or-roll-back" } else { "2-apply" };
        let confirm = if guarded { format!(", confirm: {RUN}/{}-unconfirmed", dialect.id) } else { String::new() };
        let (host, root) = match system {
            System::Linux => ("look: look.sh, shell: sh", "true"),
            System::Windows => ("look: look.ps1", "false"),
        };
        let _ = write!(
            self.plays,
            "
- name: \"{}: {}, {}, {}\"
  hosts: {hosts}
  gather_facts: false
  become: {root}
  serial: [1, \"100%\"]
  vars:
    portcullis: {{text: {file}, apply: {apply}, stores: {}, {host}{confirm}}}
    portcullis_texts: \"{{{{ lookup('ansible.builtin.file', '{apply}/{file}', '3-make-it-last/{file}') | hash('sha256') }}}}\"
  tasks:
    - ansible.builtin.import_tasks: ansible/tasks.yml
",
            plain(&group.name),
            dialect.name,
            group.policy.name().to_ascii_lowercase(),
            counted(snippet.written, "rule"),
            dialect.stores
        );
    }

    /// The playbook and what belongs to it; nothing where nobody would play.
    pub(super) fn files(self) -> Vec<File> {
        let mut files = Vec::new();
        let mut file = |path: &str, text: String| files.push((path.to_owned(), text));
        if !self.systems.is_empty() {
            file("portcullis.yml", format!("{FIRST}{}{}", self.inventory, self.plays));
            file("ansible/tasks.yml", include_str!("ansible/tasks.yml").to_owned());
        }
        for system in self.systems {
            match system {
                System::Linux => file("ansible/look.sh", include_str!("ansible/look.sh").to_owned()),
                System::Windows => file("ansible/look.ps1", include_str!("ansible/look.ps1").to_owned()),
            }
        }
        files
    }
}

const FIRST: &str = "# All machines, by the texts beside this file. From this folder, with your own inventory:
#   ansible-playbook -i inventory.ini portcullis.yml                                puts the rules in place, also after a restart
#   ansible-playbook -i inventory.ini portcullis.yml --check                        only tries
#   ansible-playbook -i inventory.ini portcullis.yml -e portcullis_state=absent     takes them out
# One machine of each group goes first; if it fails, nobody follows. A whole policy of Linux takes itself back where a new
# connection fails. Rules of ours that somebody changed or removed are put back; what others add beside them is not noticed.
#
# The groups of your inventory, with the addresses of the page:
";

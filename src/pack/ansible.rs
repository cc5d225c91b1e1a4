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

/// Plays and groups of the inventory, as they are written so far.
#[derive(Default)]
pub(super) struct Playbook {
    plays: String,
    inventory: String,
}

impl Playbook {
    /// Adds the machines of a group; `file` is what all of its texts are called.
    pub(super) fn add(&mut self, group: &Group, dialect: &Dialect, system: System, file: &str, snippet: &Snippet) {
        let hosts = file.split('.').next().unwrap_or_default().replace('-', "_");
        let _ = writeln!(self.inventory, "#   [{hosts}]");
        for address in group.listens.list() {
            let _ = writeln!(self.inventory, "#   {address}");
        }
        let host = match system {
            System::Linux => "look: look.sh, shell: sh",
            System::Windows => "look: look.ps1",
        };
        let _ = write!(
            self.plays,
            "\n- name: \"{}: {}, {}\"\n  hosts: {hosts}\n  become: {}\n  vars:\n    portcullis: {{text: {file}, {host}, apply: ",
            plain(&group.name),
            dialect.name,
            counted(snippet.written, "rule"),
            system == System::Linux,
        );
        if dialect.texts(group.policy).any(|text| text == Text::Guarded) {
            let _ = write!(self.plays, "2-confirm-or-roll-back, confirm: {RUN}/{}-unconfirmed", dialect.id);
        } else {
            self.plays.push_str("2-apply");
        }
        self.plays.push_str(PLAY);
    }

    /// The playbook and what belongs to it.
    pub(super) fn files(self) -> [File; 4] {
        [
            ("portcullis.yml", [FIRST, &self.inventory, &self.plays].concat()),
            ("ansible/tasks.yml", include_str!("ansible/tasks.yml").to_owned()),
            ("ansible/look.sh", include_str!("ansible/look.sh").to_owned()),
            ("ansible/look.ps1", include_str!("ansible/look.ps1").to_owned()),
        ]
        .map(|(path, text)| (path.to_owned(), text))
    }
}

const FIRST: &str = "# All machines, by the texts beside this file. In this folder, with your inventory:
#   ansible-playbook -i inventory.ini portcullis.yml                                puts the rules in place, also after a restart
#   ansible-playbook -i inventory.ini portcullis.yml --check                        only tries
#   ansible-playbook -i inventory.ini portcullis.yml -e portcullis_state=absent     takes them out
# One machine of each group goes first; if it fails, nobody follows. A whole policy of Linux takes itself back where a new
# connection fails. Rules of ours that somebody changed or removed are put back; what others add beside them is not noticed.
# The groups of your inventory, with the addresses of the page:
";

/// The rest of every play.
const PLAY: &str = r#"}
    portcullis_goal: "{{ {'present': '^in place', 'absent': '^nothing'}[portcullis_state | default('present')] }}"
    portcullis_look: "ansible/{{ portcullis.look }} {{ lookup('ansible.builtin.file', portcullis.apply ~ '/' ~ portcullis.text, '3-make-it-last/' ~ portcullis.text) | hash('sha256') }}"
  gather_facts: false
  serial: [1, "100%"]
  tasks:
    - ansible.builtin.import_tasks: ansible/tasks.yml
"#;

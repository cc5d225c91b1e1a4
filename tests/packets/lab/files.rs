//! What a machine has for itself: its configuration, its memory, and the programs that come first. Nothing written in a
//! machine is ever written on this computer: what is not the machine's own can only be read there.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::Lab;
use super::namespace::Namespace;

/// Where a machine's own folders are, as seen from inside.
const OWN: &str = "/mnt";

/// The folder its programs are looked for in first.
pub(super) const BIN: &str = "/mnt/bin";

/// The directory its shells start in.
pub(super) const HOME: &str = "/mnt/home";

/// Where its sleepers meet the laboratory.
pub(super) const CLOCK: &str = "/mnt/clock";

/// The folders that hold what is to be the same after a removal as before; the first two lie over this computer's.
const STATE: [&str; 3] = ["/etc", "/var", "/run/portcullis"];

/// What differs after every run, and says nothing of the rules: logs, caches, what firewalld and ufw keep of their own files.
const NOISE: [&str; 5] = ["/var/log/", "/var/cache/", "/etc/resolv.conf", "/var/lib/systemd/", "/var/tmp/"];

/// Lays the machine's own folders over this computer's, and makes the rest unwritable.
const FURNISH: &str = r"set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 own /mnt
mkdir /mnt/bin /mnt/home /mnt/clock /mnt/units /mnt/run /mnt/tmp /mnt/was
for folder in etc var; do
  mkdir -p /mnt/was/$folder /mnt/new/$folder /mnt/work/$folder
  mount --bind /$folder /mnt/was/$folder
  mount -t overlay $folder -o lowerdir=/$folder,upperdir=/mnt/new/$folder,workdir=/mnt/work/$folder /$folder
done
mount --bind /mnt/run /run
mount --bind /mnt/tmp /tmp
chmod 1777 /mnt/tmp
mkdir -p /run/systemd/system /run/lock
mkfifo /mnt/clock/asleep
mount -o remount,bind,ro /
";

/// The programs of a machine that are not this computer's.
const PROGRAMS: [(&str, &str); 3] = [
    // Sleeps until the laboratory says so; not at all where no time is asked for, as Ansible does.
    (
        "sleep",
        r#"[ "$1" != 0 ] || exit 0
wake=/mnt/clock/$PPID
mkfifo "$wake" && echo "$PPID" >/mnt/clock/asleep && read -r _ <"$wake"
rm -f "$wake""#,
    ),
    // Knows the unit of the host's own firewall, and what is wanted at the start of the machine beside it.
    (
        "systemctl",
        r#"wants=/etc/systemd/system/sysinit.target.wants
say=$1
shift
quiet=
[ "$1" != --quiet ] || { quiet=yes && shift; }
case "$say" in
  daemon-reload) ;;
  enable) [ -e "/etc/systemd/system/$1" ] && mkdir -p $wants && ln -sf "../$1" $wants/ ;;
  disable) rm -f "$wants/$1" ;;
  is-enabled | is-active)
    [ -e "$wants/$1" ] || [ -e "/mnt/units/${1%.service}" ] || exit 1
    [ $quiet ] || case "$say" in is-enabled) echo enabled ;; *) echo active ;; esac
    ;;
  *) exit 1 ;;
esac"#,
    ),
    ("wall", ""),
];

/// Gives a machine what is its own.
pub(super) fn furnish(namespace: &Namespace) -> Result<(), String> {
    namespace.output(super::program("sh").args(["-c", FURNISH]))?;
    for (name, text) in PROGRAMS {
        install(namespace, name, text);
    }
    Ok(())
}

/// Puts a program before all others of that name.
fn install(namespace: &Namespace, name: &str, text: &str) {
    let path = Path::new(BIN).join(name);
    namespace.inside(|| {
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a program of its own");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("a program of its own");
    });
}

impl Lab {
    /// Puts a program before all others of that name in a machine.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn install(&self, machine: usize, name: &str, text: &str) {
        install(&self.namespaces[machine], name, text);
    }

    /// Puts a file into the directory that a machine's shells start in.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn put(&self, machine: usize, path: &str, text: &str) {
        let path = Path::new(HOME).join(path);
        self.namespaces[machine].inside(|| {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of its own");
            fs::write(path, text).expect("a file of its own");
        });
    }

    /// Takes a program of [`Lab::install`] away again.
    ///
    /// # Panics
    /// If it is not there.
    pub fn uninstall(&self, machine: usize, name: &str) {
        self.namespaces[machine].inside(|| fs::remove_file(Path::new(BIN).join(name)).expect("a program of its own"));
    }

    /// Lets a machine have a unit that is enabled and runs.
    ///
    /// # Panics
    /// If that cannot be noted.
    pub fn enable(&self, machine: usize, unit: &str) {
        let path = Path::new(OWN).join("units").join(unit);
        self.namespaces[machine].inside(|| fs::write(path, "").expect("a unit of its own"));
    }

    /// Lets a name stand for another program of this computer in a machine.
    ///
    /// # Panics
    /// If there is no such program.
    pub fn link(&self, machine: usize, name: &str, program: &str) {
        let program = super::find(program).unwrap_or_else(|| panic!("{program} is not installed"));
        self.namespaces[machine].inside(|| symlink(program, Path::new(BIN).join(name)).expect("a program of its own"));
    }

    /// The files a machine has made or changed, by their path, and what they hold; without logs and caches.
    ///
    /// # Panics
    /// If one cannot be read.
    pub fn files(&self, machine: usize) -> BTreeMap<PathBuf, String> {
        self.namespaces[machine].inside(|| {
            let mut found = BTreeMap::new();
            for folder in STATE {
                let over = PathBuf::from(OWN).join("new").join(folder.trim_start_matches('/'));
                walk(if over.exists() { &over } else { Path::new(folder) }, Path::new(folder), &mut found);
            }
            found
        })
    }
}

/// Collects the files of a folder, each as it is seen at `place`, unless it is what this computer has there.
fn walk(folder: &Path, place: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let seen = place.join(entry.file_name());
        let noise = NOISE.iter().any(|noise| seen.starts_with(noise.trim_end_matches('/')));
        if noise || seen.extension().is_some_and(|extension| extension == "old") {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), &seen, found);
            continue;
        }
        let was = PathBuf::from(OWN).join("was").join(seen.strip_prefix("/").unwrap_or(&seen));
        let (was, is) = (content(&was), content(&seen));
        if was != is {
            found.insert(seen, is.unwrap_or_else(|| "gone".to_owned()));
        }
    }
}

/// What a file holds, with its mode; where a link leads to; none if there is nothing.
fn content(path: &Path) -> Option<String> {
    let metadata = path.symlink_metadata().ok()?;
    if let Ok(target) = path.read_link() {
        return Some(format!("-> {}", target.display()));
    }
    if !metadata.is_file() {
        return Some(format!("{:?}", metadata.file_type()));
    }
    let bytes = fs::read(path).ok()?;
    Some(format!("{:o}\n{}", metadata.permissions().mode() & 0o7777, String::from_utf8_lossy(&bytes)))
}

//! What is handed to the machines: which of them get a text, in which firewall's language, whether that firewall can carry
//! it, and all texts together as one archive, with an Ansible playbook that runs them. Prints no rule itself, and touches no
//! browser.

mod ansible;
mod zip;

use ansible::Playbook;

use crate::catalog::Catalog;
use crate::check;
use crate::count::counted;
use crate::deployment::{Deployment, Edit, Group, GroupId};
use crate::dialect::{self, Dialect, Text};
use crate::enforce;
use crate::finding::{Finding, Fix, Place, Severity, worst_first};
use crate::flow::Flow;
use crate::net::{Addresses, Direction, Policy, Ways};
use crate::snippet::{Context, Snippet, asked, file_name, snippet};

/// The groups that have a text: they take part and are not somebody else's. Clients come last.
pub fn managed(catalog: &Catalog, deployment: &Deployment) -> Vec<GroupId> {
    let has_text = |group: &&Group| deployment.takes_part(catalog, group) && !deployment.external(catalog, group);
    let client = |group: &&Group| deployment.of_clients(catalog, group);
    let (clients, others): (Vec<&Group>, Vec<&Group>) = deployment.groups.iter().filter(has_text).partition(client);
    others.into_iter().chain(clients).map(|group| group.id).collect()
}

/// The firewall of a group: the one chosen for it, or its system's usual one.
pub fn firewall(group: &Group) -> &'static Dialect {
    let chosen = group.firewall.as_deref().and_then(dialect::dialect);
    chosen.unwrap_or_else(|| dialect::usual(group.system))
}

/// The directions that the text of a group has unless somebody asks for others: incoming; and both where outgoing traffic is
/// dropped, as it is in clouds in which a group without rules for it lets nothing out.
pub fn ways(deployment: &Deployment, group: &Group) -> Ways {
    match deployment.host.drops_outgoing || !firewall(group).place.on_host() {
        true => Ways::Both,
        false => Ways::In,
    }
}

/// True if the text of a group is the whole policy of its machines; a cloud's never is.
pub fn is_whole(group: &Group) -> bool {
    group.policy == Policy::WholeHost && firewall(group).place.on_host()
}

/// Everything noticed about a deployment and the texts that are chosen for it, the worst first.
pub fn noticed(catalog: &Catalog, deployment: &Deployment, flows: &[Flow]) -> Vec<Finding> {
    let refers = |flow: &Flow, direction| refers(catalog, deployment, flow, direction);
    let mut found = check::findings_where(catalog, deployment, flows, &refers);
    found.extend(findings(catalog, deployment, flows));
    worst_first(&mut found);
    found
}

/// What stands between a group and the text that is chosen for it, each with what to do.
pub fn findings(catalog: &Catalog, deployment: &Deployment, flows: &[Flow]) -> Vec<Finding> {
    let managed: Vec<&Group> = managed(catalog, deployment).into_iter().filter_map(|id| deployment.group(id)).collect();
    let mut found: Vec<Finding> = managed.iter().filter_map(|group| unsuited(group)).collect();
    found.extend(unguarded(deployment, &managed));
    found.extend(unreachable_base(deployment, &managed));
    found.extend(only_names(catalog, deployment, &managed, flows));
    for group in &managed {
        found.extend(exceeded(catalog, deployment, flows, group));
    }
    found
}

fn unsuited(group: &Group) -> Option<Finding> {
    let (chosen, usual) = (firewall(group), dialect::usual(group.system));
    let dialect::Place::Host(needs) = chosen.place else { return None };
    chosen.is_foreign(group.system).then(|| Finding {
        severity: Severity::Error,
        place: Place::Deployment,
        message: format!("{} does not belong on {}.", chosen.name, group.name),
        reason: format!("{} runs {}, which has another firewall.", group.name, group.system.name()),
        sources: Vec::new(),
        fixes: vec![
            Fix { label: format!("It runs {}", needs.name()), edit: Edit::System(group.id, needs) },
            Fix { label: format!("Use {}", usual.name), edit: Edit::Firewall(group.id, usual.id.to_owned()) },
        ],
    })
}

/// One finding for all machines whose administrators would be locked out.
fn unguarded(deployment: &Deployment, managed: &[&Group]) -> Option<Finding> {
    let whole = managed.iter().filter(|group| is_whole(group));
    let names: Vec<&str> = whole.map(|group| group.name.as_str()).collect();
    (deployment.host.management == Addresses::Missing && !names.is_empty()).then(|| Finding {
        severity: Severity::Error,
        place: Place::Management,
        message: format!("Nobody could manage {} any more.", names.join(", ")),
        reason: "A whole policy lets administrators in only from the addresses they have. Until these are filled in, its text refuses to run."
            .to_owned(),
        sources: Vec::new(),
        fixes: Vec::new(),
    })
}

/// One finding for what machines live on and that has no address, where outgoing traffic is dropped.
fn unreachable_base(deployment: &Deployment, managed: &[&Group]) -> Option<Finding> {
    let host = &deployment.host;
    let dropped = host.drops_outgoing && managed.iter().any(|group| is_whole(group));
    let missing: Vec<_> = crate::host::BASE
        .iter()
        .filter(|service| !host.without.contains(service.id) && !host.base.contains(service.id))
        .collect();
    (dropped && !missing.is_empty()).then(|| Finding {
        severity: Severity::Error,
        place: Place::Management,
        message: format!(
            "{} have no address.",
            missing.iter().map(|service| service.name).collect::<Vec<_>>().join(", ")
        ),
        reason: "Where outgoing traffic is dropped, machines reach only what is listed. Fill these in, or say that the machines do without.".to_owned(),
        sources: Vec::new(),
        fixes: missing
            .iter()
            .map(|service| Fix {
                label: format!("Do without {}", service.name),
                edit: Edit::Relies(service.id, false),
            })
            .collect(),
    })
}

/// What the firewall around a group may refuse, or do besides, as far as it is known before it does.
fn exceeded(catalog: &Catalog, deployment: &Deployment, flows: &[Flow], group: &Group) -> Vec<Finding> {
    let dialect = firewall(group);
    if dialect.place.on_host() {
        return Vec::new();
    }
    let ruleset = enforce::rules(catalog, deployment, flows, dialect.point(group.id.0));
    let plan = dialect::plan(dialect, &ruleset, &Direction::ALL, &deployment.settings);
    let finding = |sentence: String| Finding {
        severity: Severity::Warning,
        place: Place::Deployment,
        message: format!("Look at the rules of {} before you apply them.", group.name),
        reason: sentence,
        sources: Vec::new(),
        fixes: Vec::new(),
    };
    (dialect.exceeds)(&plan).into_iter().map(finding).collect()
}

/// Whether the text for one end of a flow refers to the other end in place of its addresses, in the rules of a direction; `None`
/// if there is no text for that end, or if usually it does not have that direction.
pub fn refers(catalog: &Catalog, deployment: &Deployment, flow: &Flow, direction: Direction) -> Option<bool> {
    let (own, peer) = match direction {
        Direction::Ingress => (flow.responder, flow.initiator),
        Direction::Egress => (flow.initiator, flow.responder),
    };
    let (own, peer) = (deployment.group(own)?, deployment.group(peer)?);
    let usual = ways(deployment, own).directions().contains(&direction);
    (usual && !deployment.external(catalog, own)).then(|| refers_to(catalog, deployment, own, peer, direction))
}

fn refers_to(catalog: &Catalog, deployment: &Deployment, own: &Group, peer: &Group, direction: Direction) -> bool {
    // What comes in has left the peer.
    let way = if direction == Direction::Ingress { Direction::Egress } else { Direction::Ingress };
    let dialect = firewall(own);
    dialect.by_groups(&deployment.settings).contains(&direction)
        && enforce::ours(catalog, deployment, &dialect.point(own.id.0), peer, way)
}

/// One finding for each group that has only names where a firewall needs addresses.
fn only_names(catalog: &Catalog, deployment: &Deployment, managed: &[&Group], flows: &[Flow]) -> Vec<Finding> {
    let mut rows: Vec<(GroupId, Vec<&'static str>, usize)> = Vec::new();
    for flow in flows {
        for (own, peer, direction) in
            [(flow.responder, flow.initiator, Direction::Ingress), (flow.initiator, flow.responder, Direction::Egress)]
        {
            let own = managed.iter().find(|group| group.id == own);
            let (Some(own), Some(peer)) = (own, deployment.group(peer)) else { continue };
            let addresses = match direction {
                Direction::Ingress => peer.connects_from(),
                Direction::Egress => &peer.listens,
            };
            if refers_to(catalog, deployment, own, peer, direction) {
                continue;
            }
            // Nobody keeps people from opening connections, unless what goes out is dropped.
            if deployment.of_clients(catalog, own) && !ways(deployment, own).directions().contains(&direction) {
                continue;
            }
            let dialect = firewall(own);
            if addresses.list().is_empty() || addresses.list().iter().any(|address| (dialect.says)(address)) {
                continue;
            }
            let at = rows.iter().position(|(id, ..)| *id == peer.id).unwrap_or_else(|| {
                rows.push((peer.id, Vec::new(), 0));
                rows.len() - 1
            });
            rows[at].2 += 1;
            if !rows[at].1.contains(&dialect.name) {
                rows[at].1.push(dialect.name);
            }
        }
    }
    let finding = |(id, dialects, held): (GroupId, Vec<&str>, usize)| Finding {
        severity: Severity::Error,
        place: Place::Addresses(id),
        message: format!(
            "{} has only names, and {} needs addresses.",
            deployment.group(id).map_or("", |group| group.name.as_str()),
            dialects.join(", ")
        ),
        reason: format!(
            "A firewall that resolved names would do it once, while it starts. {held} {} held back: type the addresses beside the names.",
            if held == 1 { "rule is" } else { "rules are" }
        ),
        sources: Vec::new(),
        fixes: Vec::new(),
    };
    rows.into_iter().map(finding).collect()
}

/// The folders of the archive: which text, and what the folder is called. Their order is the order of the steps.
const FOLDERS: [(Text, &str); 5] = [
    (Text::Try, "1-try"),
    (Text::Apply, "2-apply"),
    (Text::Guarded, "2-confirm-or-roll-back"),
    (Text::Keep, "3-make-it-last"),
    (Text::TakeOut, "4-take-out"),
];

/// A file of the archive: path and content.
pub type File = (String, String);

/// Every text of every group that has one, for these directions or each group's usual ones, and how to go about it.
///
/// # Errors
/// The name of the group of which a text, read back, is not what it should be: then there is none at all.
pub fn files(
    catalog: &Catalog,
    deployment: &Deployment,
    flows: &[Flow],
    asked_for: Option<Ways>,
    context: &Context,
) -> Result<Vec<File>, String> {
    let mut files: Vec<File> = Vec::new();
    let mut steps = String::new();
    let mut playbook = Playbook::default();
    let mut stems: Vec<String> = Vec::new();
    for group in managed(catalog, deployment).into_iter().filter_map(|id| deployment.group(id)) {
        let dialect = firewall(group);
        let directions = asked_for.unwrap_or_else(|| ways(deployment, group)).directions();
        let ruleset = enforce::rules(catalog, deployment, flows, dialect.point(group.id.0));
        let mut applied: Option<Snippet> = None;
        let name = file_name(context.product, &ruleset.name, dialect.extension);
        let mut stem = name.split('.').next().unwrap_or_default().to_owned();
        // Names that differ only in what a file name cannot say.
        while stems.contains(&stem) {
            stem = format!("{stem}-{}", group.id.0);
        }
        let name = format!("{stem}.{}", dialect.extension);
        stems.push(stem);
        for (text, folder) in FOLDERS {
            if !dialect.texts(ruleset.policy).any(|has| has == text) {
                continue;
            }
            let snippet = snippet(dialect, &ruleset, directions, text, &deployment.settings, context);
            if !asked(dialect, text, &ruleset, directions, &deployment.settings).check(&snippet.text).agrees() {
                return Err(ruleset.name);
            }
            files.push((format!("{folder}/{name}"), snippet.file.clone()));
            if text == Text::Apply {
                applied = Some(snippet);
            }
        }
        let Some(applied) = applied else { continue };
        steps.push_str(&step(group, dialect, ruleset.policy, &applied));
        if let dialect::Place::Host(system) = dialect.place {
            playbook.add(group, dialect, system, &name, &applied);
        }
    }
    files.extend(playbook.files());
    let readme = format!(
        "Portcullis - {} {} - catalog {}\n{}\n{steps}\n{LAST}",
        context.product, context.release, context.catalog, FIRST
    );
    files.insert(0, ("README.txt".to_owned(), readme.replace('\n', "\r\n")));
    Ok(files)
}

const FIRST: &str = "
Firewall rules, one file for each group of machines. Every machine of a group gets the same file. The file for a cloud's
firewall is not for the machines: it is applied once, and says at its top how.

1. Run the file of folder 1-try on each machine. It changes nothing and says what would happen.
2. Run the file of folder 2-apply, one group after the other, in the order below. Where a machine has a file in
   2-confirm-or-roll-back, use that one the first time: it brings back what was there before, unless you confirm
   from a new session within 60 seconds.
3. Check that the product works. Then run the file of 3-make-it-last, so that the rules survive a restart.
4. To go back, run the file of 4-take-out.

On Windows run .ps1 files with powershell -ExecutionPolicy Bypass -File, and .cmd files in a command prompt, both as
administrator. On Linux run .sh files as root: sh FILE.

With Ansible, portcullis.yml does these steps, and says at its top how.
";

const LAST: &str =
    "A file that holds something back refuses to run and changes nothing. Fill in what is missing on the page,
and download again.
";

/// What the README says of a group.
fn step(group: &Group, dialect: &Dialect, policy: Policy, snippet: &Snippet) -> String {
    let machines = counted(group.machines.into(), "machine");
    let mut out = format!(
        "- {}: {machines}, {}, {}, {}\n",
        dialect::plain(&group.name),
        dialect.name,
        policy.name().to_ascii_lowercase(),
        counted(snippet.written, "rule")
    );
    let mut told: Vec<&str> = Vec::new();
    for why in &snippet.held {
        if !told.contains(&why.as_str()) {
            told.push(why);
            out.push_str(&format!("  Held back: {}.\n", dialect::plain(why)));
        }
    }
    for note in &snippet.notes {
        out.push_str(&format!("  Note: {}\n", dialect::plain(note)));
    }
    out
}

/// What the archive is called.
pub fn archive_name(catalog: &Catalog) -> String {
    format!("{}-firewall-rules.zip", catalog.product.to_ascii_lowercase())
}

/// The files as one zip archive; the same files make the same bytes.
pub fn archive(files: &[File]) -> Vec<u8> {
    zip::zip(files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())))
}

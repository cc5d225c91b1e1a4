//! Kubernetes: a NetworkPolicy for each direction of one group of machines, which are pods here and known by a label.
//!
//! What it must get right (firewall-facts section 4.10): an empty list of peers, or none, is everyone, and no ports are every
//! port; a policy without rules lets nothing pass, and leaving it out lets everything; a block of addresses need not include
//! pods; two selectors in one entry are both demanded, in two entries either; there is no word that stops kubectl, but a policy
//! with a type that the server does not know is refused whole.

use std::fmt::Write;

use super::cloud::{PEERS, network, others};
use super::{Dialect, Field, LINUX, Place, Plan, Planned, Text, comment, plain};
use crate::net::{Direction, Policy};
use crate::rule::Rule;

/// The record.
pub static DIALECT: Dialect = Dialect {
    id: "kubernetes",
    name: "Kubernetes NetworkPolicy",
    place: Place::Cluster,
    texts: &[Text::Apply],
    extension: "yaml",
    how: "Run a command below with this file in place of FILE, or with - and this text as its input.",
    lasts: "Safe to apply again: what a newer text lacks goes. It needs a network plugin that enforces NetworkPolicy: without one, nothing is kept out.",
    assumes,
    fields: &[PEERS, NAMESPACE],
    refers: &Direction::ALL,
    exceeds,
    print,
    ..LINUX
};

const NAMESPACE: Field = Field {
    id: "namespace",
    label: "Namespace of the pods",
    default: "spotfire",
    check: |text| {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let ends = text.starts_with('-') || text.ends_with('-');
        match text.bytes().all(fits) && !ends && (1..=63).contains(&text.len()) {
            true => Ok(()),
            false => Err("use lower-case letters, digits and -, not at its ends, 63 at most."),
        }
    },
};

/// What kubectl keeps in the policy itself of what it applied, in bytes.
const LONGEST: usize = 250_000;

/// DNS as clusters have it: this label is CoreDNS's too.
const DNS: &str = "    # DNS, without which no name is found.
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
";

fn assumes(_: Policy, direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => {
            "Pods take in everything until a policy for ingress selects them, and then only what one of their policies lists. Ports are those of the pods, not of a Service before them. Addresses are those that pods see: behind a load balancer, a node port or an ingress controller they may be other ones than the client has."
        }
        Direction::Egress => {
            "Pods may open everything until a policy for egress selects them, and then only what one of their policies lists. Ports and addresses are those behind a Service. DNS by the pods with the label k8s-app: kube-dns in kube-system is listed too: a cluster with another DNS, or with a cache on each node, needs a rule for that one."
        }
    }
}

/// Sentences about a direction that is closed by this, and about what is too long for the usual command.
fn exceeds(plan: &Plan) -> Vec<String> {
    let mut sentences = Vec::new();
    for direction in plan.directions {
        let word = direction.lower();
        let listed = plan.of(*direction).next().is_some();
        let held = plan.held.iter().any(|held| held.rule.direction == *direction);
        if !listed && !held {
            let (way, but) = match direction {
                Direction::Ingress => ("in", "nothing"),
                Direction::Egress => ("out", "nothing but DNS"),
            };
            sentences.push(format!(
                "There is no {word} rule: this policy lets {but} {way}. For pods that are to stay as open as they are, choose the other direction only."
            ));
        }
        if policy(plan, *direction, &[]).len() > LONGEST {
            sentences.push(format!(
                "The {word} policy may be longer than kubectl can keep beside it: apply it with kubectl apply --server-side."
            ));
        }
    }
    sentences
}

fn print(plan: &Plan, _: Text) -> String {
    let mut out = String::new();
    for line in &plan.header {
        let _ = writeln!(out, "# {line}");
    }
    let Plan { group, name, .. } = plan;
    let (name, namespace) = (plain(name), plan.setting(NAMESPACE.id));
    let _ = write!(
        out,
        "# Try it: kubectl diff -f FILE
# Apply it, also after a change: kubectl apply -f FILE
# Take it out: kubectl delete -f FILE
# The pods of {name} need the label portcullis/group: g{group}, in the template that they are made from, such as a Deployment:
# kubectl -n {namespace} patch deployment NAME -p '{{\"spec\":{{\"template\":{{\"metadata\":{{\"labels\":{{\"portcullis/group\":\"g{group}\"}}}}}}}}}}'
"
    );
    let others = others(plan);
    for (other, name) in &others {
        let name = plain(name);
        let _ = writeln!(
            out,
            "# Refers to the pods of {name}, in the same namespace, by their label portcullis/group: g{other}."
        );
    }
    if !others.is_empty() {
        out.push_str("# For groups that are no pods of this namespace, choose addresses on the page.\n");
    }
    let by_address = |planned: &Planned| planned.rule.peer().ours && !planned.refers && planned.peers.is_some();
    if plan.rules.iter().any(by_address) {
        out.push_str("# Pods get other addresses whenever they are made anew: for those of this namespace, choose groups on the page.\n");
    }
    let refusals = plan.refusals(plain);
    for (at, direction) in plan.directions.iter().enumerate() {
        if at > 0 {
            out.push_str("---\n");
        }
        out.push_str(&policy(plan, *direction, &refusals));
    }
    out
}

/// The policy of a direction. With refusals it has types that no server takes, and so do all others of the text.
fn policy(plan: &Plan, direction: Direction, refusals: &[String]) -> String {
    let (kind, end) = match direction {
        Direction::Ingress => ("Ingress", "from"),
        Direction::Egress => ("Egress", "to"),
    };
    let (way, group, namespace) = (direction.lower(), plan.group, plan.setting(NAMESPACE.id));
    let mut out = format!(
        "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: portcullis-g{group}-{way}
  namespace: \"{namespace}\"
spec:
  podSelector:
    matchLabels:
      portcullis/group: g{group}
  policyTypes:
    - {kind}
"
    );
    for refusal in refusals {
        let _ = writeln!(
            out,
            "    - \"Held back: {refusal}. Nothing was changed. Fill in what is missing on the page and copy again.\""
        );
    }
    let mut rules = String::new();
    if direction == Direction::Egress {
        rules.push_str(DNS);
    }
    for planned in plan.of(direction) {
        rule(&mut rules, end, planned);
    }
    let _ = match rules.as_str() {
        "" => writeln!(out, "  {way}: [] # Nothing passes."),
        rules => write!(out, "  {way}:\n{rules}"),
    };
    out
}

fn rule(out: &mut String, end: &str, planned: &Planned) {
    let Rule { key, protocol, ports, .. } = planned.rule;
    let peers = peers(planned);
    // Without peers it would be for everyone.
    if peers.is_empty() {
        return;
    }
    let (comment, first, last) = (comment(planned.rule, "    "), ports.first(), ports.last());
    let last = if first == last { String::new() } else { format!(", endPort: {last}") };
    let _ = write!(
        out,
        "{comment}    - {end}: # {key}
{peers}      ports:
        - {{protocol: {protocol}, port: {first}{last}}}
"
    );
}

/// The peers of a rule, a line for each; everyone is a network of each family, and all pods.
fn peers(planned: &Planned) -> String {
    let Planned { rule, peers, refers } = planned;
    let mut out = String::new();
    match peers {
        _ if *refers => {
            let group = rule.peer().group;
            let _ = writeln!(out, "        - podSelector: {{matchLabels: {{portcullis/group: g{group}}}}}");
        }
        None => out.push_str(EVERYONE),
        Some(addresses) => {
            let networks = addresses.iter().flat_map(|address| address.prefixes());
            for (_, network) in networks.filter_map(|one| network(&one)) {
                let _ = writeln!(out, "        - ipBlock: {{cidr: \"{network}\"}}");
            }
        }
    }
    out
}

const EVERYONE: &str = "        - ipBlock: {cidr: \"0.0.0.0/0\"}
        - ipBlock: {cidr: \"::/0\"}
        - namespaceSelector: {} # All pods: not every network plugin counts them among the addresses.
";

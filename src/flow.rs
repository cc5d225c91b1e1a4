//! Who may open a connection to whom, on which port, and why: computed from catalog and deployment. Never asks a firewall's
//! opinion, never names a role.
//!
//! The direction of a flow is that of the machine that opens it; replies are implied.

use std::borrow::Cow;

use crate::catalog::{Catalog, Confidence, Encryption, Id};
use crate::deployment::{Deployment, Ends, Group, GroupId};
use crate::net::{PortRange, Protocol};

/// A conversation that must be possible. Unique by its ends, protocol and ports.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Who opens it.
    pub initiator: GroupId,
    /// Who listens. The same group, if its machines talk to each other.
    pub responder: GroupId,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Ports of the listener, inclusive.
    pub ports: PortRange,
    /// Why; at least one.
    pub reasons: Vec<Reason>,
}

/// Why a flow must be possible, and who says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What it is for.
    pub purpose: Cow<'static, str>,
    /// What does not work without it, as the words that follow “Without it, ”; empty if nobody says so.
    pub without: &'static str,
    /// The row of the catalog; `None` for a flow of the user's own.
    pub dependency: Option<Id>,
    /// The listener it reaches; `None` for a flow of the user's own.
    pub listener: Option<Id>,
    /// What protects it.
    pub encryption: Encryption,
    /// Trust: the lower of dependency and listener.
    pub confidence: Confidence,
    /// Documents of dependency and listener, each once.
    pub sources: Vec<Id>,
    /// Contradictions between documents.
    pub disagreements: Vec<Id>,
}

impl Flow {
    /// What protects it: the weakest of its reasons.
    pub fn encryption(&self) -> Encryption {
        self.reasons.iter().map(|reason| reason.encryption).min().unwrap_or(Encryption::Clear)
    }

    /// A key that is stable for the life of its groups: `g4-g3-tcp-9443`.
    pub fn key(&self) -> String {
        format!("g{}-g{}-{}-{}", self.initiator.0, self.responder.0, self.protocol.lower(), self.ports)
    }

    /// The purposes, and what does not work without each: for those who decide whether it may be.
    pub fn why(&self) -> String {
        let mut why = self.purposes();
        for reason in &self.reasons {
            if !reason.without.is_empty() && !why.contains(reason.without) {
                for piece in [". Without it, ", reason.without] {
                    why.push_str(piece);
                }
            }
        }
        why
    }

    /// The purposes, each once, joined by commas.
    pub fn purposes(&self) -> String {
        let mut purposes: Vec<&str> = Vec::new();
        for reason in &self.reasons {
            if !purposes.contains(&reason.purpose.as_ref()) {
                purposes.push(&reason.purpose);
            }
        }
        purposes.join(", ")
    }
}

/// The allowed flows of a deployment, in the order of the catalog, the user's own last.
pub fn flows(catalog: &Catalog, deployment: &Deployment) -> Vec<Flow> {
    let mut found = Found::among(&deployment.groups);
    for dependency in &catalog.dependencies {
        let Some(listener) = catalog.listener(dependency.to).filter(|listener| !listener.local) else { continue };
        for responder in deployment.groups.iter().filter(|group| deployment.listening(catalog, group, listener)) {
            for initiator in &deployment.groups {
                let opens = dependency.from.iter().any(|role| deployment.runs(catalog, initiator, role));
                let ends = Ends { initiator: Some(initiator), responder: Some(responder) };
                let holds = || dependency.when.as_ref().is_none_or(|when| deployment.holds(catalog, when, ends));
                if !opens || !crosses(initiator, responder) || !holds() {
                    continue;
                }
                for ports in deployment.listener_ports(catalog, responder, listener) {
                    let mut sources = dependency.sources.clone();
                    sources.extend(listener.sources.iter().filter(|source| !dependency.sources.contains(source)));
                    let mut disagreements: Vec<Id> = dependency.disagreement.into_iter().collect();
                    disagreements.extend(listener.disagreement.filter(|id| dependency.disagreement != Some(id)));
                    let reason = Reason {
                        purpose: Cow::Borrowed(dependency.purpose),
                        without: dependency.without,
                        dependency: Some(dependency.id),
                        listener: Some(listener.id),
                        encryption: deployment.encryption(catalog, responder, listener),
                        confidence: dependency.confidence.min(listener.confidence),
                        sources,
                        disagreements,
                    };
                    found.add(initiator, responder, listener.protocol, ports, reason);
                }
            }
        }
    }
    for custom in &deployment.custom {
        let end = |id| deployment.group(id).filter(|group| deployment.takes_part(catalog, group));
        if let (Some(initiator), Some(responder)) = (end(custom.initiator), end(custom.responder))
            && crosses(initiator, responder)
        {
            let reason = Reason {
                purpose: Cow::Owned(custom.purpose.clone()),
                without: "",
                dependency: None,
                listener: None,
                encryption: custom.encryption,
                confidence: Confidence::High,
                sources: Vec::new(),
                disagreements: Vec::new(),
            };
            found.add(initiator, responder, custom.protocol, custom.ports, reason);
        }
    }
    found.flows
}

/// True if a flow between the groups crosses the network: a single machine needs no rule to talk to itself.
fn crosses(initiator: &Group, responder: &Group) -> bool {
    initiator.id != responder.id || initiator.machines > 1
}

/// Flows found so far, and where those of each pair of groups stand: few for any pair, however many in all.
struct Found<'a> {
    flows: Vec<Flow>,
    groups: &'a [Group],
    of_pairs: Vec<Vec<usize>>,
}

impl<'a> Found<'a> {
    fn among(groups: &'a [Group]) -> Self {
        Self { flows: Vec::new(), groups, of_pairs: vec![Vec::new(); groups.len() * groups.len()] }
    }

    fn add(&mut self, initiator: &Group, responder: &Group, protocol: Protocol, ports: PortRange, reason: Reason) {
        let (initiator, responder) = (initiator.id, responder.id);
        let [from, to] =
            [initiator, responder].map(|id| self.groups.iter().position(|group| group.id == id).unwrap_or(0));
        let of_pair = &mut self.of_pairs[from * self.groups.len() + to];
        for at in of_pair.iter() {
            let flow = &mut self.flows[*at];
            if (flow.protocol, flow.ports) == (protocol, ports) {
                return flow.reasons.push(reason);
            }
        }
        of_pair.push(self.flows.len());
        self.flows.push(Flow { initiator, responder, protocol, ports, reasons: vec![reason] });
    }
}

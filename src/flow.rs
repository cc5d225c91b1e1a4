//! Who may open a connection to whom, on which port, and why: computed from catalog and deployment. Never asks a firewall's
//! opinion, never names a role.
//!
//! The direction of a flow is that of the machine that opens it; replies are implied.

mod category;

pub use category::{Categories, Category};

use std::borrow::Cow;

use crate::catalog::{Catalog, Confidence, Encryption, Id};
use crate::deployment::{Deployment, Ends, Group, GroupId, Running};
use crate::net::{PortRange, Protocol};
use crate::order::sort_by_key;

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

/// The allowed flows of a deployment, in the order of the catalog, the user's own last. Takes time in proportion to the
/// flows, and to the pairs of groups that a row of the catalog asks about.
pub fn flows(catalog: &Catalog, deployment: &Deployment) -> Vec<Flow> {
    let (running, groups) = (Running::of(catalog, deployment), &deployment.groups);
    let mut found = Found::among(groups.len());
    for dependency in &catalog.dependencies {
        let Some(listener) = catalog.listener(dependency.to).filter(|listener| !listener.local) else { continue };
        let initiators = running.any(&dependency.from);
        if initiators.is_empty() {
            continue;
        }
        let mut sources = dependency.sources.clone();
        sources.extend(listener.sources.iter().filter(|source| !dependency.sources.contains(source)));
        let mut disagreements: Vec<Id> = dependency.disagreement.into_iter().collect();
        disagreements.extend(listener.disagreement.filter(|id| dependency.disagreement != Some(id)));
        for to in running.groups(listener.role) {
            let responder = &groups[*to];
            if !running.listening(responder, listener) {
                continue;
            }
            let listens_on = deployment.listener_ports(catalog, responder, listener);
            let encryption = deployment.encryption(catalog, responder, listener);
            for from in &initiators {
                let initiator = &groups[*from];
                let ends = Ends { initiator: Some(initiator), responder: Some(responder) };
                let holds = || dependency.when.as_ref().is_none_or(|when| running.holds(when, ends));
                if !crosses(initiator, responder) || !holds() {
                    continue;
                }
                for ports in &listens_on {
                    let reason = Reason {
                        purpose: Cow::Borrowed(dependency.purpose),
                        without: dependency.without,
                        dependency: Some(dependency.id),
                        listener: Some(listener.id),
                        encryption,
                        confidence: dependency.confidence.min(listener.confidence),
                        sources: sources.clone(),
                        disagreements: disagreements.clone(),
                    };
                    found.add([(*from, initiator), (*to, responder)], listener.protocol, *ports, reason);
                }
            }
        }
    }
    for custom in &deployment.custom {
        let end = |id| {
            let mut places = groups.iter().enumerate();
            places.find(|(_, group)| group.id == id).filter(|(_, group)| deployment.takes_part(catalog, group))
        };
        if let (Some(initiator), Some(responder)) = (end(custom.initiator), end(custom.responder))
            && crosses(initiator.1, responder.1)
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
            found.add([initiator, responder], custom.protocol, custom.ports, reason);
        }
    }
    found.flows
}

/// The flows in the order of their ends, then of protocol and ports: those between two groups stand together.
pub fn by_ends(flows: &[Flow]) -> Vec<&Flow> {
    let mut sorted = flows.iter().collect();
    sort_by_key(&mut sorted, |flow: &&Flow| (flow.initiator, flow.responder, flow.protocol, flow.ports));
    sorted
}

/// True if a flow between the groups crosses the network: a single machine needs no rule to talk to itself.
fn crosses(initiator: &Group, responder: &Group) -> bool {
    initiator.id != responder.id || initiator.machines > 1
}

/// Flows found so far, and where those of each pair of groups stand: few for any pair, however many in all.
struct Found {
    flows: Vec<Flow>,
    groups: usize,
    /// For each pair of groups the flow that was found last, counted from 1; 0 if there is none.
    last: Vec<u32>,
    /// For each flow the one of the same pair that was found before it, likewise.
    before: Vec<u32>,
}

impl Found {
    fn among(groups: usize) -> Self {
        Self { flows: Vec::new(), groups, last: vec![0; groups * groups], before: Vec::new() }
    }

    /// Adds a reason for a flow between two groups, each with its position.
    fn add(&mut self, ends: [(usize, &Group); 2], protocol: Protocol, ports: PortRange, reason: Reason) {
        let [(from, initiator), (to, responder)] = ends;
        let last = &mut self.last[from * self.groups + to];
        let mut at = *last as usize;
        while at > 0 {
            let flow = &mut self.flows[at - 1];
            if (flow.protocol, flow.ports) == (protocol, ports) {
                return flow.reasons.push(reason);
            }
            at = self.before[at - 1] as usize;
        }
        self.before.push(*last);
        let (initiator, responder) = (initiator.id, responder.id);
        self.flows.push(Flow { initiator, responder, protocol, ports, reasons: vec![reason] });
        *last = u32::try_from(self.flows.len()).unwrap_or(0);
    }
}

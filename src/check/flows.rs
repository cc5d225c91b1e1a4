//! Findings about flows: none at all, and those that anybody on the way can read. Never asks who the ends are.

use super::{Look, once_each};
use crate::catalog::{Encryption, Listener};
use crate::finding::{Finding, Place, Severity};
use crate::net::PortRange;

/// That there is no flow at all.
pub fn unconnected(look: &Look) -> Option<Finding> {
    (look.flows.is_empty() && !look.groups.is_empty()).then(|| Finding {
        severity: Severity::Warning,
        place: Place::Deployment,
        message: "Nothing connects to anything.".to_owned(),
        reason: "What these roles connect to is switched off.".to_owned(),
        sources: Vec::new(),
        fixes: Vec::new(),
    })
}

/// One finding for each port that is clear text. A flow may have another reason that is encrypted: that is not named.
pub fn clear_text(look: &Look) -> Vec<Finding> {
    let mut rows: Vec<(PortRange, Vec<&Listener>)> = Vec::new();
    for (_, _, flow) in &look.flows {
        for reason in flow.reasons.iter().filter(|reason| reason.encryption == Encryption::Clear) {
            let Some(id) = reason.listener else { continue };
            let row = rows.iter_mut().find(|(ports, _)| *ports == flow.ports);
            if row.as_ref().is_some_and(|(_, listeners)| listeners.iter().any(|other| other.id == id)) {
                continue;
            }
            let Some(listener) = look.catalog.listener(id) else { continue };
            match row {
                Some((_, listeners)) => listeners.push(listener),
                None => rows.push((flow.ports, vec![listener])),
            }
        }
    }
    let finding = |(ports, listeners): (PortRange, Vec<&Listener>)| {
        let names: Vec<String> = listeners.iter().map(|listener| look.catalog.full_name(listener)).collect();
        let mut reason = listeners.first().map_or_else(String::new, |listener| listener.requirement.to_owned());
        let words = once_each(listeners.iter().map(|listener| listener.encrypt).filter(|words| !words.is_empty()));
        if !words.is_empty() {
            reason += &format!(" To encrypt it, {}.", words.join("; "));
        }
        Finding {
            severity: Severity::Hint,
            place: Place::Deployment,
            message: format!("{ports} is clear text: {}.", names.join("; ")),
            reason,
            sources: once_each(listeners.iter().flat_map(|listener| listener.sources.iter().copied())),
            fixes: Vec::new(),
        }
    };
    rows.into_iter().map(finding).collect()
}

//! Flows of the user's own: the list, and a small form to add one.

use std::rc::Rc;

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{Entry, entry, labeled, select, sign};
use super::state::Action;
use crate::browser;
use crate::deployment::{Deployment, Edit, Group, GroupId};
use crate::net::{PortRange, Protocol};

/// See the file.
#[derive(Properties, PartialEq)]
pub struct CustomFlowsProps {
    /// The deployment.
    pub deployment: Rc<Deployment>,
    /// Where changes go.
    pub act: Act,
}

/// What is typed in the form.
#[derive(Clone, Default, PartialEq)]
struct Draft {
    from: String,
    to: String,
    protocol: String,
    ports: String,
    purpose: String,
    error: Option<String>,
}

impl Draft {
    fn read(&self, deployment: &Deployment) -> Result<Edit, String> {
        let group = |text: &str| -> Option<GroupId> {
            deployment.groups.iter().find(|group| group.id.0.to_string() == text).map(|group| group.id)
        };
        let initiator = group(&self.from).ok_or("A flow needs a group to begin at.")?;
        let responder = group(&self.to).ok_or("A flow needs a group to end at.")?;
        if initiator == responder && deployment.group(initiator).is_some_and(|group| group.machines < 2) {
            return Err("A single machine needs no rule to reach itself.".to_owned());
        }
        let ports = PortRange::parse(&self.ports).map_err(|refusal| refusal.to_string())?;
        let protocol =
            Protocol::ALL.into_iter().find(|protocol| protocol.lower() == self.protocol).unwrap_or(Protocol::Tcp);
        let purpose = match self.purpose.trim() {
            "" => "Added by hand".to_owned(),
            purpose => purpose.to_owned(),
        };
        Ok(Edit::AddFlow { initiator, responder, protocol, ports, purpose })
    }
}

/// See the file.
#[component]
pub fn CustomFlows(props: &CustomFlowsProps) -> Html {
    let draft = use_state_eq(Draft::default);
    let deployment = &props.deployment;
    // What nobody has chosen yet is what the lists show: from the first group to the second.
    let shown = |chosen: &str, at: usize| match deployment.groups.get(at) {
        Some(group) if chosen.is_empty() => group.id.0.to_string(),
        _ => chosen.to_owned(),
    };
    let ends = [shown(&draft.from, 0), shown(&draft.to, 1)];
    let name = |id: GroupId| deployment.group(id).map_or("", |group| group.name.as_str());
    let list = deployment.custom.iter().map(|flow| {
        html! {
            <li key={flow.id}>
                { format!("{} to {}, {} {}: {}", name(flow.initiator), name(flow.responder), flow.protocol, flow.ports, flow.purpose) }
                { sign("×", format!("Delete flow {}", flow.purpose), props.act.edit(Edit::RemoveFlow(flow.id))) }
            </li>
        }
    });
    let set = |change: fn(&mut Draft, String)| {
        let draft = draft.clone();
        move |text: String| {
            let mut next = (*draft).clone();
            next.error = None;
            change(&mut next, text);
            draft.set(next);
        }
    };
    let from = set(|draft, text| draft.from = text);
    let to = set(|draft, text| draft.to = text);
    let protocol = set(|draft, text| draft.protocol = text);
    let ports = set(|draft, text| draft.ports = text);
    let purpose = set(|draft, text| draft.purpose = text);
    let groups = |chosen: &str| -> Vec<Entry> {
        let id = |group: &Group| group.id.0.to_string();
        deployment.groups.iter().map(|group| entry(id(group), group.name.clone(), id(group) == chosen)).collect()
    };
    let protocols = Protocol::ALL.map(|row| entry(row.lower(), row.to_string(), row.lower() == draft.protocol)).into();
    let onsubmit = {
        let (draft, deployment, act, ends) = (draft.clone(), deployment.clone(), props.act.clone(), ends.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let [from, to] = ends.clone();
            match (Draft { from, to, ..(*draft).clone() }).read(&deployment) {
                Ok(edit) => {
                    act.now(Action::Edit(edit));
                    draft.set(Draft { from: draft.from.clone(), to: draft.to.clone(), ..Draft::default() });
                }
                Err(error) => draft.set(Draft { error: Some(error), ..(*draft).clone() }),
            }
        })
    };
    html! {
        <section class="custom" aria-label="Your own flows">
            <h2>{ "Your own flows" }</h2>
            if !deployment.custom.is_empty() {
                <ul>{ for list }</ul>
            }
            <details id="x-flow">
                <summary>{ "Add a flow" }</summary>
                <form class="fields" {onsubmit}>
                    { labeled("x-from", "From", select("x-from", "", groups(&ends[0]), Callback::from(move |event| from(browser::chosen(&event))))) }
                    { labeled("x-to", "To", select("x-to", "", groups(&ends[1]), Callback::from(move |event| to(browser::chosen(&event))))) }
                    { labeled("x-protocol", "Protocol", select("x-protocol", "", protocols, Callback::from(move |event| protocol(browser::chosen(&event))))) }
                    <label for="x-ports">{ "Port or range" }</label>
                    <input id="x-ports" class="mono" value={draft.ports.clone()} placeholder="1521 or 9600-9610" autocomplete="off"
                        oninput={Callback::from(move |event| ports(browser::typed(&event)))}
                        aria-invalid={draft.error.is_some().then_some("true")} aria-describedby={draft.error.is_some().then_some("x-error")} />
                    <label for="x-purpose">{ "Purpose" }</label>
                    <input id="x-purpose" value={draft.purpose.clone()} maxlength="200" autocomplete="off"
                        oninput={Callback::from(move |event| purpose(browser::typed(&event)))} />
                    if let Some(error) = &draft.error {
                        <p id="x-error" class="field-error" role="alert">{ error }</p>
                    }
                    <p class="buttons"><button>{ "Add" }</button></p>
                </form>
            </details>
        </section>
    }
}

//! What a whole policy needs besides the flows: who may manage the machines, and what they live on where outgoing traffic is
//! dropped. It holds for every machine whose whole policy is written, and says so.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::fields::{self, PortField};
use super::state::{Action, State};
use crate::browser;
use crate::deployment::{Edit, Group};
use crate::host::{self, BASE, Service};
use crate::net::{Addresses, System, Ways};

/// The fields, above the text of a group.
pub fn panel(state: &State, act: &Act, group: &Group) -> Html {
    let policy = &state.deployment.host;
    let management = act.on(move |addresses| Some(Action::Edit(Edit::Management(addresses))));
    let ssh = act.on(move |port| Some(Action::Edit(Edit::Ssh(port))));
    let drop = act.on(|event: Event| Some(Action::Edit(Edit::DropOutgoing(browser::ticked(&event)))));
    let missing = policy.management == Addresses::Missing;
    let ways: Vec<String> = host::management(group.system)
        .iter()
        .map(|ports| match ports.range {
            (first, last) if first == last => format!("{} {first}", ports.protocol),
            (first, last) => format!("{} {first}-{last}", ports.protocol),
        })
        .collect();
    html! {
        <div class="host">
            <p>{ "The same for every machine whose whole policy is written:" }</p>
            <div class={classes!("rows", missing.then_some("asked"))}>
                <label for="management">{ "Administrators come from" }</label>
                <div>
                    { fields::addresses(state, act, ("management", "management"), "Addresses of administrators".to_owned(), &policy.management, management) }
                    if missing {
                        <small>{ "Nobody is to be locked out: until this is filled in, the text refuses to run." }</small>
                    }
                </div>
            </div>
            <div class="rows">
                if group.system == System::Linux {
                    <label for="ssh">{ "SSH port" }</label>
                    <PortField id="ssh" label="SSH port" value={policy.ssh} placeholder="22" onchange={ssh} />
                } else {
                    <span>{ "on" }</span><span>{ format!("Remote Desktop and WinRM ({})", ways.join(", ")) }</span>
                }
            </div>
            <label class="tick">
                <input type="checkbox" checked={policy.drops_outgoing} onchange={drop} />
                { "Drop outgoing traffic that is not listed" }
            </label>
            if policy.drops_outgoing {
                if state.ways() == Ways::In {
                    <p class="note">{ "The text below has only what comes in: choose Out, or In and out." }</p>
                }
                <div class="rows">
                    { for BASE.iter().map(|service| base(state, act, service)) }
                </div>
            }
        </div>
    }
}

/// A service that machines live on: whether they use it, and where it is.
fn base(state: &State, act: &Act, service: &'static Service) -> Html {
    let policy = &state.deployment.host;
    let id = service.id;
    let used = !policy.without.contains(id);
    let relies = act.on(move |event: Event| Some(Action::Edit(Edit::Relies(id, browser::ticked(&event)))));
    let onchange = act.on(move |addresses| Some(Action::Edit(Edit::Base(id, addresses))));
    let value = policy.base.get(id).cloned().unwrap_or_default();
    html! {
        <>
            <label class="tick">
                <input type="checkbox" checked={used} onchange={relies} aria-label={format!("Use {}", service.name)} />
                { service.name }
            </label>
            if used {
                { fields::addresses(state, act, (format!("base-{id}"), format!("base-{id}")), format!("Addresses of {}", service.name), &value, onchange) }
            } else {
                <span class="soft">{ "not used" }</span>
            }
        </>
    }
}

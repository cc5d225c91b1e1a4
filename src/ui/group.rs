//! The fields of one group: name, machines, system, addresses, choices, ports, services, and what else runs there.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::choices::choices;
use super::controls::{button, entry, labeled, select, sign};
use super::fields::{self, PortField};
use super::state::{Action, State};
use crate::browser;
use crate::catalog::{Id, Kind, Listener, Role};
use crate::deployment::{Edit, Group};
use crate::net::{Addresses, Port, System};

/// Everything that can be said of a group.
pub fn details(state: &State, act: &Act, group: &Group) -> Html {
    let id = group.id;
    let label = |what: &str| format!("{what} of {}", group.name);
    let field = |what: &str| format!("{what}-{}", id.0);
    let addresses = act.on(move |addresses| Some(Action::Edit(Edit::Listens(id, addresses))));
    let name = act.on(move |event: InputEvent| Some(Action::Edit(Edit::Rename(id, browser::typed(&event)))));
    let machines = act.on(move |event: InputEvent| {
        let text = browser::typed(&event);
        // An empty field is about to be typed into; anything else that is no number is refused like 0.
        (!text.trim().is_empty()).then(|| Action::Edit(Edit::Machines(id, text.trim().parse().unwrap_or(0))))
    });
    let system = act.on(move |event: Event| {
        let chosen = browser::chosen(&event);
        let system = System::ALL.into_iter().find(|system| system.name() == chosen)?;
        Some(Action::Edit(Edit::System(id, system)))
    });
    let systems = System::ALL.map(|system| entry(system.name(), system.name(), system == group.system)).into();
    let role = group.roles.first().and_then(|role| state.catalog.role(role));
    html! {
        <div class="fields">
            <label for={field("a")}>{ "Addresses" }</label>
            { fields::addresses(state, act, (field("a"), field("a")), label("Addresses"), &group.listens, addresses) }
            { outgoing(state, act, group) }
            <label for={field("n")}>{ "Name" }</label>
            <input id={field("n")} value={group.name.clone()} oninput={name} maxlength="200" autocomplete="off" />
            <label for={field("m")}>{ "Machines" }</label>
            <input id={field("m")} type="number" min="1" max="1000" value={group.machines.to_string()} oninput={machines} />
            { labeled(field("s"), "System", select(field("s"), "", systems, system)) }
            { labeled(field("z"), "Zone", zones(state, act, group, field("z"))) }
            { choices(state, act, group) }
            { for group.roles.iter().map(|role| placement(state, act, group, role)) }
            { ports(state, act, group) }
            <p class="buttons">
                { for role.map(|role| button(format!("Another {}", role.name), act.edit(Edit::AddGroup(role.id)))) }
                { button("Duplicate", act.edit(Edit::Duplicate(id))) }
                if group.machines > 1 {
                    { button("Split off a machine", act.edit(Edit::Split(id))) }
                }
                if group.changes() > 0 {
                    { button("Reset", act.edit(Edit::Reset(id))) }
                }
                { button("Delete", act.edit(Edit::RemoveGroup(id))) }
            </p>
        </div>
    }
}

/// The zone the group stands in: the usual one of its role, or another.
fn zones(state: &State, act: &Act, group: &Group, field: String) -> Html {
    let (catalog, id) = (state.catalog.clone(), group.id);
    let usual = state.deployment.zone(&catalog, &Group { zone: None, ..group.clone() });
    let entries = catalog.zones.iter().map(|zone| {
        let usual = zone.id == usual;
        let name = if usual { format!("{} (usual)", zone.name) } else { zone.name.to_owned() };
        entry(zone.id, name, group.zone.map_or(usual, |own| own == zone.id))
    });
    let entries = entries.collect();
    let onchange = act.on(move |event: Event| {
        let zone = catalog.zone(&browser::chosen(&event))?.id;
        Some(Action::Edit(Edit::Zone(id, (zone != usual).then_some(zone))))
    });
    select(field, "", entries, onchange)
}

/// The box for addresses that others see, and their field once it is ticked.
fn outgoing(state: &State, act: &Act, group: &Group) -> Html {
    let id = group.id;
    let differs = act.on(move |event: Event| {
        Some(Action::Edit(Edit::Connects(id, browser::ticked(&event).then_some(Addresses::Missing))))
    });
    let connects = act.on(move |addresses| Some(Action::Edit(Edit::Connects(id, Some(addresses)))));
    let field = format!("f-{}", id.0);
    html! {
        <>
            <label class="tick">
                <input type="checkbox" checked={group.connects.is_some()} onchange={differs} />
                { "Connects from other addresses (address translation, failover)" }
            </label>
            if let Some(value) = &group.connects {
                <label for={field.clone()}>{ "From" }</label>
                { fields::addresses(state, act, (field.clone(), field.clone()), format!("Addresses that {} connects from", group.name), value, connects) }
            }
        </>
    }
}

/// Where a role of the group runs: here, on another group's machines, or on machines of its own.
fn placement(state: &State, act: &Act, group: &Group, role: Id) -> Html {
    let Some(role) = state.catalog.role(role) else { return html! {} };
    let (from, id) = (group.id, role.id);
    let others: Vec<&Group> = state
        .deployment
        .groups
        .iter()
        .filter(|other| other.id != from && !other.carries(id) && hosts(state, other))
        .collect();
    if role.external || role.kind == Kind::Client || others.is_empty() && group.roles.len() < 2 {
        return html! {};
    }
    let targets: Vec<_> = others.iter().map(|other| other.id).collect();
    let onchange = act.on(move |event: Event| {
        let chosen = browser::chosen(&event);
        let into = match chosen.as_str() {
            "own" => None,
            number => Some(*targets.iter().find(|target| target.0.to_string() == number)?),
        };
        Some(Action::Edit(Edit::Move { from, role: id, into }))
    });
    let together = group.roles.len() > 1;
    let mut entries = vec![entry("here", if together { "Here" } else { "On machines of its own" }, true)];
    if together {
        entries.push(entry("own", "On machines of its own", false));
    }
    entries.extend(
        others.iter().map(|other| entry(other.id.0.to_string(), format!("Together with {}", other.name), false)),
    );
    let name = format!("w-{}-{}", from.0, id);
    let list = select(name.clone(), format!("Where {} of {} runs", role.name, group.name), entries, onchange);
    labeled(name, if together { role.name } else { "Runs" }, list)
}

/// True if roles can be put on the group's machines: they are neither somebody else's nor people's.
fn hosts(state: &State, group: &Group) -> bool {
    let client = |role: &Id| state.catalog.role(role).is_some_and(|role| role.kind == Kind::Client);
    state.deployment.takes_part(&state.catalog, group)
        && !state.deployment.external(&state.catalog, group)
        && !group.roles.iter().any(client)
}

/// The ports of the group: default, override, reset; then the instances of its services.
fn ports(state: &State, act: &Act, group: &Group) -> Html {
    let (catalog, deployment) = (&*state.catalog, &*state.deployment);
    let listening = catalog.listeners.iter().filter(|listener| deployment.listening(catalog, group, listener));
    let mut rows = listening
        .filter(|listener| !catalog.per_instance(listener))
        .map(|listener| port(state, act, group, listener))
        .peekable();
    let hosted: Vec<&Role> = catalog
        .roles
        .iter()
        .filter(|role| role.hosted_on.is_some_and(|host| deployment.runs(catalog, group, host)))
        .collect();
    if hosted.is_empty() && rows.peek().is_none() {
        return html! {};
    }
    html! {
        <table class="ports">
            <caption class="visually-hidden">{ format!("Ports of {}", group.name) }</caption>
            <thead><tr><th scope="col">{ "Listener" }</th><th scope="col">{ "Default" }</th><th scope="col">{ "Port" }</th><td></td></tr></thead>
            <tbody>
                { for rows }
                { for hosted.iter().map(|role| instances(state, act, group, role)) }
                if !hosted.is_empty() {
                    <tr key="add"><td colspan="4">{ add_instance(state, act, group, &hosted) }</td></tr>
                }
            </tbody>
        </table>
    }
}

/// A menu of the services that can have one more instance in the group.
fn add_instance(state: &State, act: &Act, group: &Group, hosted: &[&Role]) -> Html {
    let (catalog, id) = (state.catalog.clone(), group.id);
    let onchange = act.on(move |event: Event| {
        let service = catalog.role(&browser::chosen(&event))?.id;
        Some(Action::Edit(Edit::AddInstance(id, service)))
    });
    let mut entries = vec![entry("", "Add a service instance…", false)];
    entries.extend(hosted.iter().map(|role| entry(role.id, role.name, false)));
    select(format!("add-{}", id.0), format!("Add a service to {}", group.name), entries, onchange)
}

fn port(state: &State, act: &Act, group: &Group, listener: &Listener) -> Html {
    let Some(default) = state.deployment.defaults(&state.catalog, group, listener) else { return html! {} };
    let overrides = if listener.same_everywhere { &state.deployment.ports } else { &group.ports };
    let value = overrides.get(listener.id).copied();
    let (group_id, id, everywhere) = (group.id, listener.id, listener.same_everywhere);
    let edit = move |port| if everywhere { Edit::PortEverywhere(id, port) } else { Edit::Port(group_id, id, port) };
    let onchange = act.on(move |port| Some(Action::Edit(edit(port))));
    let label = format!("{} port of {}", listener.name, group.name);
    // The reset is a step of its own (one of several): it must not be undone together with the typing before it.
    html! {
        <tr key={listener.id}>
            <th scope="row" title={listener.requirement}>
                { listener.name }
                if listener.same_everywhere { <small>{ " same on all" }</small> }
            </th>
            <td>{ default.to_string() }</td>
            <td>
                if listener.fixed {
                    { "fixed" }
                } else {
                    <PortField id={format!("p-{}-{}", group.id.0, listener.id)} {label} {value}
                        placeholder={default.first().to_string()} {onchange} />
                }
            </td>
            <td>
                if value.is_some() {
                    { sign("↺", format!("{}: back to {}", listener.name, default.first()), act.edit(Edit::Several(vec![edit(None)]))) }
                }
            </td>
        </tr>
    }
}

fn instances(state: &State, act: &Act, group: &Group, role: &Role) -> Html {
    let (id, service) = (group.id, role.id);
    let off = state.deployment.off.contains(service);
    let ports = if off { &[] } else { group.instance_ports(service) };
    let rows = ports.iter().enumerate().map(|(at, port)| {
        let onchange = act.on(move |port: Option<Port>| Some(Action::Edit(Edit::InstancePort(id, service, at, port?))));
        let label = format!("Port of {} instance {} on {}", role.name, at + 1, group.name);
        html! {
            <tr key={format!("{service}-{at}")}>
                <th scope="row">{ role.name }{ if ports.len() > 1 { format!(" {}", at + 1) } else { String::new() } }</th>
                <td></td>
                <td><PortField id={format!("i-{}-{service}-{at}", id.0)} {label} value={Some(*port)} placeholder="" {onchange} /></td>
                <td>{ sign("×", format!("Take out {} instance {}", role.name, at + 1), act.edit(Edit::RemoveInstance(id, service, at))) }</td>
            </tr>
        }
    });
    html! { <>{ for rows }</> }
}

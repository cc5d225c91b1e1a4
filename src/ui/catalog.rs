//! The catalog to search: every role and listener, also of what is switched off, with the columns of the vendor's table, and
//! a button that puts it to use or leads to its fields.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::findings::sources;
use super::state::{Action, State};
use crate::browser;
use crate::catalog::{Listener, Role};
use crate::deployment::{Edit, Group};
use crate::net::{Port, PortRange};

/// Groups that are named for one listener; the rest is counted.
const NAMED: usize = 3;

/// The search and what it finds, role by role.
pub fn catalog(state: &State, act: &Act) -> Html {
    let catalog = &*state.catalog;
    let query = state.view.query.trim().to_ascii_lowercase();
    let mut found = 0;
    let sections: Vec<Html> = catalog
        .roles
        .iter()
        .filter_map(|role| {
            let whole = says(&query, &[role.name, role.summary]);
            let listeners = catalog.listeners_of(role.id).filter(|listener| whole || finds(state, &query, listener));
            let cards: Vec<Html> = listeners.map(|listener| card(state, act, listener)).collect();
            found += cards.len();
            (whole || !cards.is_empty()).then(|| section(state, act, role, cards))
        })
        .collect();
    let count = match sections.len() {
        0 => format!(
            "Nothing found for “{}”. Search for a port, a role, a listener, what it is for, who must reach it, or the file or command that changes it.",
            state.view.query.trim()
        ),
        roles => format!("{found} of {} listeners, {roles} of {} roles", catalog.listeners.len(), catalog.roles.len()),
    };
    html! {
        <>
            <div class="search">
                <label for="query">{ "Search" }</label>
                <input id="query" type="search" value={state.view.query.clone()} placeholder="9443, registration, LDAP"
                    oninput={act.on(|event: InputEvent| Some(Action::Query(browser::typed(&event))))} />
                <small role="status">{ count }</small>
            </div>
            <div class="cards">{ for sections }</div>
        </>
    }
}

/// True if one of the texts has the query in it; all texts have nothing in them.
fn says(query: &str, texts: &[&str]) -> bool {
    texts.iter().any(|text| text.to_ascii_lowercase().contains(query))
}

/// True if the listener has to do with what is looked for: by its words, or by a number that it has in any release, in this
/// deployment, or to move to.
fn finds(state: &State, query: &str, listener: &Listener) -> bool {
    let (catalog, deployment) = (&*state.catalog, &*state.deployment);
    let change = &listener.change;
    let words =
        [listener.name, listener.purpose, listener.requirement, listener.protocol.lower(), change.place, change.how];
    let steps = change.steps.iter().any(|step| says(query, &[step.text, &step.lines]));
    if steps || says(query, &words) {
        return true;
    }
    let Some(port) = query.parse().ok().and_then(Port::new) else { return false };
    let documented = listener.ports.iter().map(|row| PortRange::starting(row.first, row.count));
    let here = deployment.groups.iter().filter(|group| deployment.listening(catalog, group, listener));
    let here = here.flat_map(|group| deployment.listener_ports(catalog, group, listener));
    listener.alternate == Some(port.number()) || documented.chain(here).any(|range| range.contains(port))
}

fn section(state: &State, act: &Act, role: &Role, cards: Vec<Html>) -> Html {
    // A role that listens nowhere has no card to be put to use by.
    let listens = state.catalog.listeners_of(role.id).next().is_some();
    let carrier = state.deployment.groups.iter().find(|group| state.deployment.runs(&state.catalog, group, role.id));
    let button = match carrier {
        _ if listens => html! {},
        Some(group) => leads(act, group, format!("a-{}", group.id.0), role.name),
        None => {
            let edit = Edit::Switch(role.id, true);
            uses(role.name, act.edit(edit))
        }
    };
    html! {
        <section key={role.id} data-on={carrier.is_some().to_string()}>
            <h3>{ role.name }{ mark(carrier.is_some()) }</h3>
            <p class="soft">{ role.summary }{ sources(state, &role.sources) }</p>
            { button }
            { for cards }
        </section>
    }
}

fn card(state: &State, act: &Act, listener: &Listener) -> Html {
    let (catalog, deployment) = (&*state.catalog, &*state.deployment);
    let groups: Vec<&Group> =
        deployment.groups.iter().filter(|group| deployment.listening(catalog, group, listener)).collect();
    let default = listener.defaults(catalog, deployment.release);
    let here = groups.first().map(|group| deployment.encryption(catalog, group, listener));
    let encryption = here.unwrap_or(listener.encryption);
    let numbers = default.map_or_else(|| format!("not in {}", deployment.release), |range| range.to_string());
    let on = default.is_some() && !groups.is_empty();
    let button = match groups.first() {
        _ if default.is_none() => html! {},
        Some(group) => leads(act, group, field(group, listener), listener.name),
        None => {
            let (catalog, deployment, id) = (state.catalog.clone(), state.deployment.clone(), listener.id);
            // Found when it is pressed: what it takes is tried out on copies of the deployment.
            let enable = act.on(move |_| Some(Action::Edit(deployment.enabling(&catalog, catalog.listener(id)?))));
            uses(listener.name, enable)
        }
    };
    let here = groups.iter().take(NAMED).map(|group| {
        let ports = deployment.listener_ports(catalog, group, listener);
        format!("{} {}", group.name, ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    });
    let mut here = here.collect::<Vec<_>>().join("; ");
    if groups.len() > NAMED {
        here.push_str(&format!("; and {} more", groups.len() - NAMED));
    }
    let disagreement = listener.disagreement.and_then(|id| catalog.disagreement(id));
    html! {
        <article key={listener.id} data-on={on.to_string()}>
            <h4>{ listener.name }{ mark(on) }</h4>
            <dl>
                { row("Default", format!("{} {numbers}", listener.protocol)) }
                { row("Encryption", encryption.name().to_owned()) }
                { row("Function", listener.purpose.to_owned()) }
                { row("Firewall", listener.requirement.to_owned()) }
                { row("To change", format!("{}: {}", listener.change.place, listener.change.how)) }
                if on { { row("Here", here) } }
            </dl>
            { for disagreement.map(|row| html! { <small class="disagreement">{ format!("Documents disagree: {}", row.text) }</small> }) }
            <p class="buttons">{ button }{ sources(state, &listener.sources) }</p>
        </article>
    }
}

/// The field of a listener's number in a group; of its addresses where the number is fixed.
fn field(group: &Group, listener: &Listener) -> String {
    let id = group.id.0;
    match listener {
        Listener { fixed: true, .. } => format!("a-{id}"),
        _ if group.instance_ports(listener.role).is_empty() => format!("p-{id}-{}", listener.id),
        _ => format!("i-{id}-{}-0", listener.role),
    }
}

#[inline(never)]
fn row(term: &'static str, text: String) -> Html {
    html! { <><dt>{ term }</dt><dd>{ text }</dd></> }
}

#[inline(never)]
fn mark(on: bool) -> Html {
    html! { <span class="mark">{ if on { "on" } else { "off" } }</span> }
}

fn uses(name: &str, onclick: Callback<MouseEvent>) -> Html {
    action("Use this", name, onclick)
}

fn leads(act: &Act, group: &Group, field: String, name: &str) -> Html {
    action("Show its field", name, act.always(Action::Seek(Some(group.id), field)))
}

#[inline(never)]
fn action(words: &'static str, name: &str, onclick: Callback<MouseEvent>) -> Html {
    html! { <button aria-label={format!("{words}: {name}")} {onclick}>{ words }</button> }
}

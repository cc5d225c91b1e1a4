//! The catalog to search: every listener, also of what is switched off, with the columns of the vendor's table.

use yew::prelude::*;

use super::Act;
use super::findings::sources;
use super::state::{Action, State};
use crate::browser;
use crate::catalog::Listener;

/// The search and its table.
pub fn catalog(state: &State, act: &Act) -> Html {
    let catalog = &*state.catalog;
    let query = state.view.query.trim().to_ascii_lowercase();
    let role = |listener: &Listener| catalog.role(listener.role).map_or("", |role| role.name);
    let ports = |listener: &Listener| {
        listener.defaults(catalog, state.deployment.release).map_or_else(String::new, |range| range.to_string())
    };
    let matches = |listener: &&Listener| {
        let number = query.parse::<u16>().ok().and_then(crate::net::Port::new);
        let range = listener.defaults(catalog, state.deployment.release);
        let hit = |text: &str| text.to_ascii_lowercase().contains(&query);
        let words = [role(listener), listener.name, listener.purpose, listener.requirement, listener.change.place];
        words.into_iter().any(hit) || number.is_some_and(|port| range.is_some_and(|range| range.contains(port)))
    };
    let found: Vec<&Listener> = catalog.listeners.iter().filter(matches).collect();
    let rows = found.iter().map(|listener| {
        html! {
            <tr key={listener.id}>
                <th scope="row">{ role(listener) }<small>{ format!("{} · {}", listener.name, listener.purpose) }</small></th>
                <td class="mono">{ format!("{} {}", listener.protocol, ports(listener)) }<small>{ listener.encryption.name() }</small></td>
                <td>{ listener.requirement }<small>{ format!("To change it: {}, {}.", listener.change.place, listener.change.how) }{ sources(state, &listener.sources) }</small></td>
            </tr>
        }
    });
    html! {
        <>
            <div class="search">
                <label for="query">{ "Search listeners" }</label>
                <input id="query" type="search" value={state.view.query.clone()} placeholder="9443, registration, LDAP"
                    oninput={act.on(|event: InputEvent| Some(Action::Query(browser::typed(&event))))} />
                <small role="status">{ format!("{} of {}", found.len(), catalog.listeners.len()) }</small>
            </div>
            <table class="flows">
                <caption class="visually-hidden">{ "Listeners" }</caption>
                <thead><tr><th scope="col">{ "Function" }</th><th scope="col">{ "Default" }</th><th scope="col">{ "Firewall requirement" }</th></tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
        </>
    }
}

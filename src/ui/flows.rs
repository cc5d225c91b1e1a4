//! The flow table: the picture in words, row by row; each row opens to why, when and who says so.

use yew::prelude::*;

use super::findings::sources;
use super::state::State;
use crate::flow::{Flow, Reason};

/// The table.
pub fn flows(state: &State) -> Html {
    if state.derived.flows.is_empty() {
        return html! { <p class="empty">{ "No flow: nothing that is switched on talks to anything else." }</p> };
    }
    let rows = state.derived.flows.iter().map(|flow| row(state, flow));
    html! {
        <table class="flows">
            <caption class="visually-hidden">{ "Allowed flows" }</caption>
            <thead><tr>
                <th scope="col">{ "From" }</th><th scope="col">{ "To" }</th><th scope="col">{ "Port" }</th><th scope="col">{ "Why" }</th>
            </tr></thead>
            <tbody>{ for rows }</tbody>
        </table>
    }
}

/// Where the row of a flow can be found on the page.
pub fn row_id(key: &str) -> String {
    format!("flow-{key}")
}

fn row(state: &State, flow: &Flow) -> Html {
    let name = |id| state.deployment.group(id).map_or("", |group| group.name.as_str()).to_owned();
    let key = flow.key();
    html! {
        <tr key={key.clone()} data-flow={key.clone()}>
            <td>{ name(flow.initiator) }</td>
            <td>{ name(flow.responder) }</td>
            <td class="mono">{ format!("{} {}", flow.protocol, flow.ports) }<small>{ flow.encryption().name() }</small></td>
            <td><details>
                <summary id={row_id(&key)}>{ flow.purposes() }</summary>
                { for flow.reasons.iter().map(|row| reason(state, row)) }
            </details></td>
        </tr>
    }
}

/// Purpose, condition, documents and how far they can be trusted.
fn reason(state: &State, reason: &Reason) -> Html {
    let catalog = &*state.catalog;
    let when = catalog.when(reason.dependency, reason.listener);
    let mut told = format!("{}.", reason.purpose);
    if !when.is_empty() {
        told += &format!(" Only {when}.");
    }
    let disagreements = reason.disagreements.iter().filter_map(|id| catalog.disagreement(id));
    html! {
        <>
            <p>{ told }</p>
            if reason.sources.is_empty() {
                <p><small>{ "A flow of your own." }</small></p>
            } else {
                <p><small>{ format!("Confidence {}; ", reason.confidence.name()) }{ sources(state, &reason.sources) }</small></p>
            }
            { for disagreements.map(|row| html! { <p><small class="disagreement">{ format!("Documents disagree: {}", row.text) }</small></p> }) }
        </>
    }
}

//! The flow table: the picture in words, row by row.

use yew::prelude::*;

use super::findings::sources;
use super::state::State;
use crate::flow::Flow;

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

fn row(state: &State, flow: &Flow) -> Html {
    let name = |id| state.deployment.group(id).map_or("", |group| group.name.as_str()).to_owned();
    let reasons = flow.reasons.iter().map(|reason| {
        let disagreements = reason.disagreements.iter().filter_map(|id| state.catalog.disagreement(id));
        html! {
            <li>
                { reason.purpose.to_string() }
                if !reason.sources.is_empty() {
                    <small>{ format!(" {} confidence", reason.confidence.name()) }{ sources(state, &reason.sources) }</small>
                }
                { for disagreements.map(|row| html! { <small class="disagreement">{ format!("Documents disagree: {}", row.text) }</small> }) }
            </li>
        }
    });
    html! {
        <tr key={flow.key()}>
            <td>{ name(flow.initiator) }</td>
            <td>{ name(flow.responder) }</td>
            <td class="mono">{ format!("{} {}", flow.protocol, flow.ports) }<small>{ flow.encryption().name() }</small></td>
            <td><ul>{ for reasons }</ul></td>
        </tr>
    }
}

//! The flow table: the picture in words, row by row, and the ways by which it leaves the page. Each row opens to why, when and
//! who says so.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{copied, download, entry, more, print, select, sign};
use super::findings::sources;
use super::state::{Action, State};
use super::upgrade;
use crate::browser;
use crate::count::counted;
use crate::deployment::GroupId;
use crate::flow::{Flow, Reason};
use crate::net::Addresses;
use crate::snippet::file_name;
use crate::table::{self, Table};

/// Where the table stands on the page.
const TABLE: &str = "flow-table";

/// What is selected where the browser does not copy.
pub const ROWS_SELECTED: &str = "The rows shown are selected";

/// The table under its bar; `told` announces what became of it.
pub fn flows(state: &State, act: &Act, told: &Callback<AttrValue>) -> Html {
    if state.derived.flows.is_empty() {
        return html! {
            <>
                { upgrade::comparison(state, act, told) }
                <p class="empty">{ "No flow: nothing that is switched on talks to anything else." }</p>
            </>
        };
    }
    let only = state.group().filter(|_| state.view.own_rows);
    let all = state.derived.flows.iter().filter(|flow| table::has(only, flow)).count();
    html! {
        <>
            { upgrade::comparison(state, act, told) }
            { bar(state, act, told, only, all) }
            { rows(state, act, only) }
        </>
    }
}

/// The table alone: all flows, or those of one group.
pub fn rows(state: &State, act: &Act, only: Option<GroupId>) -> Html {
    let all: Vec<&Flow> = state.derived.flows.iter().filter(|flow| table::has(only, flow)).collect();
    let rows: Vec<Html> = all.iter().take(state.view.rows).map(|flow| row(state, flow)).collect();
    let shown = rows.len();
    html! {
        <>
            <table class="flows" id={TABLE}>
                <caption class="visually-hidden">{ "Allowed flows" }</caption>
                { head(&["From", "To", "Port", "Why"]) }
                <tbody>{ for rows }</tbody>
            </table>
            { more(act, "row", shown, all.len()) }
        </>
    }
}

/// The headings of a table.
pub fn head(names: &[&'static str]) -> Html {
    html! { <thead><tr>{ for names.iter().map(|name| html! { <th scope="col">{ *name }</th> }) }</tr></thead> }
}

/// Which rows, and where to.
fn bar(state: &State, act: &Act, told: &Callback<AttrValue>, only: Option<GroupId>, rows: usize) -> Html {
    let group = state.group().and_then(|id| state.deployment.group(id));
    let entries = std::iter::once(entry("", "All groups", only.is_none()))
        .chain(group.map(|group| entry("own", format!("Only {}", group.name), only.is_some())));
    let pick = act.on(|event: Event| Some(Action::OwnRows(!browser::chosen(&event).is_empty())));
    let press = |deed: fn(&Table, Callback<AttrValue>)| {
        let (catalog, deployment, derived) = (state.catalog.clone(), state.deployment.clone(), state.derived.clone());
        let told = told.clone();
        Callback::from(move |_: MouseEvent| {
            deed(&table::table(&catalog, &deployment, &derived.flows, only), told.clone());
        })
    };
    html! {
        <div class="bar">
            { select("pick-rows", "Rows of the table", entries.collect(), pick) }
            <small>{ counted(rows, "row") }</small>
            <span class="buttons">
                { sign("CSV", "CSV: download the rows for a spreadsheet", press(keep)) }
                { sign("Markdown", "Markdown: copy the rows for a wiki", press(copy_markdown)) }
                { sign("Print", "Print picture, table, findings and text", press(|_, told| print(&told))) }
                <button class="primary" id="copy-table" onclick={press(copy)}>{ "Copy table" }</button>
            </span>
        </div>
    }
}

/// For word processors, mail, wikis and spreadsheets: each takes of both forms the one it can use.
fn copy(table: &Table, told: Callback<AttrValue>) {
    browser::copy_rich(table::html(table), table::tsv(table), TABLE, copied(&told, "Table copied.", ROWS_SELECTED));
}

fn copy_markdown(table: &Table, told: Callback<AttrValue>) {
    browser::copy(table::markdown(table), TABLE, copied(&told, "Table copied as Markdown.", ROWS_SELECTED));
}

fn keep(table: &Table, told: Callback<AttrValue>) {
    let name = file_name("", &table.name, "csv");
    let words = format!("{} in {name}.", counted(table.rows.len(), "row"));
    download(&told, &name, table::csv(table).as_bytes(), words);
}

/// Where the row of a flow can be found on the page.
pub fn row_id(key: &str) -> String {
    format!("flow-{key}")
}

fn row(state: &State, flow: &Flow) -> Html {
    let key = flow.key();
    html! { <tr key={key.clone()} data-flow={key.clone()}>{ cells(state, flow, Some(row_id(&key))) }</tr> }
}

/// The cells of a flow: its ends, its port, and why; the last one can be found by its id.
pub fn cells(state: &State, flow: &Flow, id: Option<String>) -> Html {
    // Inside another page nothing else says the addresses.
    let alone = state.view.embedded.is_some();
    let end = |id, opens: bool| {
        let group = state.deployment.group(id);
        let addresses = group.filter(|_| alone).map(|group| if opens { group.connects_from() } else { &group.listens });
        let addresses = addresses.map(|addresses| match addresses {
            Addresses::Missing => "no address".to_owned(),
            known => known.to_string(),
        });
        html! {
            <td>
                { group.map_or_else(String::new, |group| group.name.clone()) }
                if let Some(addresses) = addresses { <small>{ addresses }</small> }
            </td>
        }
    };
    html! {
        <>
            { end(flow.initiator, true) }
            { end(flow.responder, false) }
            <td class="mono">{ format!("{} {}", flow.protocol, flow.ports) }<small>{ flow.encryption().name() }</small></td>
            <td><details>
                <summary {id}>{ flow.purposes() }</summary>
                { for flow.reasons.iter().map(|row| reason(state, row)) }
            </details></td>
        </>
    }
}

/// Purpose, condition, documents and how far they can be trusted.
fn reason(state: &State, reason: &Reason) -> Html {
    let catalog = &*state.catalog;
    let when = catalog.when(reason.dependency, reason.listener);
    let mut told = format!("{}.", reason.purpose);
    if !reason.without.is_empty() {
        told += &format!(" Without it, {}.", reason.without);
    }
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

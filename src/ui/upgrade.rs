//! What another release would change for this deployment: words, rows, and the button that goes there. Changes nothing until
//! that is pressed.

use std::rc::Rc;

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{button, copied, entry, labeled, select};
use super::flows::{ROWS_SELECTED, cells, head};
use super::state::{Action, State};
use super::view::COMPARE;
use crate::browser;
use crate::table;
use crate::upgrade::{Row, Upgrade};

/// Where its rows stand.
const ROWS: &str = "compared-table";

/// The list of releases, and what the chosen one would change.
pub fn comparison(state: &State, act: &Act, told: &Callback<AttrValue>) -> Html {
    let catalog = &state.catalog;
    let compared = state.compared();
    let to = compared.as_ref().map_or("", |upgrade| upgrade.to);
    let others = catalog.releases.iter().rev().filter(|row| row.id != state.deployment.release);
    let entries = std::iter::once(entry("", "No comparison", to.is_empty()))
        .chain(others.map(|row| entry(row.id, format!("{} {}", catalog.product, row.id), row.id == to)));
    let pick = {
        let catalog = catalog.clone();
        act.on(move |event: Event| Some(Action::Compare(catalog.release(&browser::chosen(&event)).map(|row| row.id))))
    };
    // One child whether or not there is one: what comes and goes would cost the list its focus.
    let answer = compared.as_ref().map(|upgrade| answer(state, act, told, upgrade)).unwrap_or_default();
    let headline = compared.as_ref().map(|upgrade| upgrade.headline()).unwrap_or_default();
    html! {
        <section class="compared" aria-label="Compare releases">
            <p class="bar">{ labeled(COMPARE, "Compare with release", select(COMPARE, "", entries.collect(), pick)) }</p>
            <p role="status"><b>{ headline }</b></p>
            { answer }
        </section>
    }
}

fn answer(state: &State, act: &Act, told: &Callback<AttrValue>, upgrade: &Rc<Upgrade>) -> Html {
    let details = upgrade.details(&state.catalog);
    let copy = {
        let (state, upgrade, told) = (state.clone(), upgrade.clone(), told.clone());
        Callback::from(move |_: MouseEvent| {
            let table = table::compared(&state.catalog, &state.deployment, &upgrade);
            let done = copied(&told, "Comparison copied.", ROWS_SELECTED);
            browser::copy_rich(table::html(&table), table::tsv(&table), ROWS, done);
        })
    };
    let change = {
        let (to, told) = (upgrade.to, told.clone());
        act.on(move |_: MouseEvent| {
            told.emit(format!("Now release {to}. ↶ brings back what was here.").into());
            Some(Action::Upgrade(to))
        })
    };
    html! {
        <>
            if !details.is_empty() { <ul>{ for details.into_iter().map(|text| html! { <li>{ text }</li> }) }</ul> }
            <p class="buttons">
                { button(format!("Change to release {}", upgrade.to), change) }
                { button("Copy comparison", copy) }
            </p>
            <div id={ROWS}>
                if !upgrade.same_flows() {
                    <table class="flows">
                        <caption class="visually-hidden">{ format!("Flows that differ in release {}", upgrade.to) }</caption>
                        { head(&["Change", "From", "To", "Port", "Why"]) }
                        <tbody>{ for upgrade.rows().into_iter().map(|one| row(state, one)) }</tbody>
                    </table>
                }
            </div>
        </>
    }
}

fn row(state: &State, row: Row) -> Html {
    html! {
        <tr data-change={row.word} data-flow={row.flow.key()}>
            <td><b aria-hidden="true">{ row.sign }</b>{ "\u{a0}" }{ row.word }if !row.how.is_empty() { <small>{ row.how }</small> }</td>
            { cells(state, row.flow, None) }
        </tr>
    }
}

//! The right side: the picture, the text to copy, and what is to be said about them.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::marks::Marks;
use super::state::{Action, State};
use super::view::Tab;
use super::{catalog, findings, flows, howto, paper, picture, snippet};
use crate::finding::Severity;
use crate::table;

/// The answer.
pub fn answer(state: &State, act: &Act, told: &Callback<AttrValue>, marks: &mut Marks) -> Html {
    html! {
        <main class="answer" id="answer">
            <h1 class="on-paper">{ table::title(&state.catalog, &state.deployment, None) }</h1>
            { picture::picture(state, act, told) }
            <div class="on-paper" id={paper::ID}></div>
            { snippet::panel(state, act, told, marks) }
            { tabs(state, act, told) }
        </main>
    }
}

/// The id of a tab: an id has no blanks.
pub fn tab_id(name: &str) -> String {
    format!("tab-{}", name.replace(' ', "-"))
}

fn tabs(state: &State, act: &Act, told: &Callback<AttrValue>) -> Html {
    let worst = state.derived.findings.iter().filter(|finding| finding.severity != Severity::Hint).count();
    let names = [
        (Tab::Findings, "Findings", worst),
        (Tab::Flows, "Flows", state.derived.flows.len()),
        (Tab::HowTo, howto::NAME, state.derived.changes.len()),
        (Tab::Catalog, "Catalog", 0),
    ];
    let buttons = names.map(|(tab, name, count)| {
        let selected = state.view.tab == tab;
        html! {
            <button role="tab" id={tab_id(name)} aria-selected={selected.to_string()} aria-controls="tab-panel"
                tabindex={if selected { "0" } else { "-1" }} onclick={act.always(Action::Tab(tab))}>
                { name }
                if count > 0 { <span class="dot">{ count }</span> }
            </button>
        }
    });
    let onkeydown = {
        let (act, current) = (act.clone(), state.view.tab);
        Callback::from(move |event: KeyboardEvent| {
            let at = names.iter().position(|(tab, ..)| *tab == current).unwrap_or(0);
            let next = match event.key().as_str() {
                "ArrowRight" => (at + 1) % names.len(),
                "ArrowLeft" => (at + names.len() - 1) % names.len(),
                "Home" => 0,
                "End" => names.len() - 1,
                _ => return,
            };
            event.prevent_default();
            act.now(Action::Tab(names[next].0));
            crate::browser::reveal(&tab_id(names[next].1));
        })
    };
    let name = names.iter().find(|(tab, ..)| *tab == state.view.tab).map_or("", |(_, name, _)| name);
    html! {
        <section class="panel said">
            <div class="tabs" role="tablist" aria-label="About this deployment" {onkeydown}>{ for buttons }</div>
            <div id="tab-panel" role="tabpanel" aria-labelledby={tab_id(name)} tabindex="0">
                { match state.view.tab {
                    Tab::Findings => findings::findings(state, act),
                    Tab::Flows => flows::flows(state, act, told),
                    Tab::HowTo => howto::changes(state, told),
                    Tab::Catalog => catalog::catalog(state, act),
                } }
            </div>
        </section>
    }
}

//! How to change it: for every port that is not the default, the steps that make the product use it. Shows what
//! [`crate::howto`] says; decides nothing.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::answer::tab_id;
use super::controls::copied;
use super::findings::sources;
use super::state::{Action, State};
use super::view::Tab;
use crate::browser;
use crate::howto::{HowTo, Todo};

/// The name of the tab, and of the buttons that lead to it.
pub const NAME: &str = "How to change";

/// What a button calls that leads to the tab.
pub fn show(act: &Act) -> Callback<MouseEvent> {
    let act = act.clone();
    Callback::from(move |_: MouseEvent| {
        act.now(Action::Tab(Tab::HowTo));
        browser::reveal(&tab_id(NAME));
    })
}

/// The changed ports; `told` announces what became of Copy.
pub fn changes(state: &State, told: &Callback<AttrValue>) -> Html {
    let changes = &state.derived.changes;
    if changes.is_empty() {
        return html! {
            <p class="empty">{ "No port differs from its default: there is nothing to change in the product. To use another number, type it beside the default in the group's list of ports; the steps for each machine then stand here." }</p>
        };
    }
    html! {
        <div class="howto">{ for changes.iter().enumerate().map(|(at, row)| change(state, told, at, row)) }</div>
    }
}

fn change(state: &State, told: &Callback<AttrValue>, at: usize, change: &HowTo) -> Html {
    let steps = change.steps.iter().enumerate().map(|(step, todo)| self::todo(told, format!("do-{at}-{step}"), todo));
    html! {
        <section>
            <h3>{ &change.name }{ " " }<span class="mono">{ format!("{} → {}", change.from, change.to) }</span></h3>
            <small>{ &change.machines }{ sources(state, &change.sources) }</small>
            <ol>{ for steps }</ol>
        </section>
    }
}

fn todo(told: &Callback<AttrValue>, id: String, todo: &Todo) -> Html {
    let copy = {
        let (lines, told, id) = (todo.lines.clone(), told.clone(), AttrValue::from(id.clone()));
        Callback::from(move |_: MouseEvent| {
            browser::copy_shown(lines.clone(), id.clone(), copied(&told, "Copied.", "The text is selected"));
        })
    };
    html! {
        <li>
            <b>{ todo.work.name() }</b>{ " " }<small>{ &todo.machines }</small>
            <p>{ &todo.text }</p>
            if !todo.lines.is_empty() {
                <div class="lines"><code {id}>{ &todo.lines }</code><button aria-label={format!("Copy {}", todo.lines)} onclick={copy}>{ "Copy" }</button></div>
            }
        </li>
    }
}

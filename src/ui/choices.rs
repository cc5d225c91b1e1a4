//! A choice as a list of its answers; undecided is one of them, and says what is assumed.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{entry, labeled, select};
use super::findings::sources;
use super::state::{Action, State};
use crate::browser;
use crate::catalog::{Choice, Scope};
use crate::deployment::{Edit, Group};

/// The choices that matter for a group: its own, and those of the deployment that stand beside one of its roles.
pub fn choices(state: &State, act: &Act, group: &Group) -> Html {
    let asked =
        state.catalog.choices.iter().filter(|choice| state.deployment.asks(&state.catalog, choice, Some(group)));
    html! { <>{ for asked.map(|row| choice(state, act, row, group)) }</> }
}

fn choice(state: &State, act: &Act, choice: &Choice, group: &Group) -> Html {
    let answered = state.deployment.answer(choice, Some(group));
    let assumed = choice.answer(choice.default).map_or("", |answer| answer.name);
    let mut entries = vec![entry("", format!("Not decided (assumed: {assumed})"), !answered.decided)];
    for answer in &choice.answers {
        entries.push(entry(answer.id, answer.name, answered.decided && answer.id == answered.answer));
    }
    let (catalog, id, scope, group) = (state.catalog.clone(), choice.id, choice.scope, group.id);
    let onchange = act.on(move |event: Event| {
        let answer = catalog.choice(id)?.answer(&browser::chosen(&event)).map(|answer| answer.id);
        Some(Action::Edit(match scope {
            Scope::Deployment => Edit::Answer(id, answer),
            Scope::Group => Edit::GroupAnswer(group, id, answer),
        }))
    });
    let name = format!("c-{}-{}", group.0, id);
    let said = choice.disagreement.and_then(|row| state.catalog.disagreement(row));
    html! {
        <>
            { labeled(name.clone(), choice.question, select(name, "", entries, onchange)) }
            { for said.map(|row| html! { <small class="disagreement">{ row.text }{ sources(state, &row.sources) }</small> }) }
        </>
    }
}

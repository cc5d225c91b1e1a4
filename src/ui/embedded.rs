//! The page inside another one: only the part that its link asks for, to be looked at and copied. Edits nothing.

use markup::html;
use yew::prelude::*;

use super::controls::button;
use super::marks::Marks;
use super::state::State;
use super::{Act, flows, picture, snippet};
use crate::browser;
use crate::embed::{self, Embedded, Part};
use crate::table;

/// The part; `told` announces what became of Copy, and `copy_link` copies the address of the full page.
pub fn embedded(
    state: &State,
    shown: &Embedded,
    act: &Act,
    told: &Callback<AttrValue>,
    copy_link: Callback<MouseEvent>,
    marks: &mut Marks,
) -> Html {
    let has = |part| shown.part.has(part);
    let only = embed::group(shown, &state.deployment);
    let whole = [&browser::bare_address(), "#", &state.derived.link].concat();
    html! {
        <main class="answer embedded" id="answer">
            if !state.notices.is_empty() {
                <ul class="notice" role="alert">{ for state.notices.iter().map(|text| html! { <li>{ text }</li> }) }</ul>
            }
            if has(Part::Diagram) {
                <section class="panel diagram" aria-label="Allowed flows">{ picture::drawing(&state.picture()) }</section>
            }
            // Never the rules of another group than the one asked for.
            if has(Part::Snippet) && shown.group.is_none_or(|group| state.group() == Some(group)) {
                { snippet::read_only(state, told, marks) }
            }
            if has(Part::Table) {
                <section class="panel rows">{ flows::rows(state, act, only) }</section>
            }
            <p class="whole">
                { table::title(&state.catalog, &state.deployment, only) }{ ". " }
                <a href={whole} target="_blank" rel="noopener">{ "Open the full page" }</a>
                // A frame may forbid that without a word.
                if browser::confined() {
                    { " " }{ button("Copy its address", copy_link) }
                }
            </p>
        </main>
    }
}

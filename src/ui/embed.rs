//! What another page is given to show this deployment: a frame, or a form without a script. Copies it; writes none of it itself.

use markup::html;
use yew::prelude::*;

use super::controls::{button, copied, entry, select};
use super::filters::Filter;
use super::state::{Action, State};
use super::{Act, picture, snippet};
use crate::browser;
use crate::diagram;
use crate::embed::{self, Content, Embedded, Form, Part};
use crate::snippet::file_name;
use crate::table;

/// Where the text stands on the page.
const TEXT: &str = "embed-text";
/// The panel, and what opens it.
pub const PANEL: &str = "embed";
/// See [`PANEL`].
pub const OPEN: &str = "embed-open";

/// The panel, while it is open.
pub fn panel(state: &State, act: &Act, told: &Callback<AttrValue>) -> Html {
    let Some((form, part)) = state.view.embedding else { return html! {} };
    let forms = Form::ALL.map(|(it, name)| entry(name, name, it == form)).into();
    let parts = Part::ALL.map(|(it, word)| entry(word, word, it == part)).into();
    let pick_form = act.on(move |event: Event| {
        let chosen = browser::chosen(&event);
        let (form, _) = Form::ALL.into_iter().find(|(_, name)| *name == chosen)?;
        Some(Action::Embed(Some((form, part))))
    });
    let pick_part = act.on(move |event: Event| {
        let chosen = browser::chosen(&event);
        let (part, _) = Part::ALL.into_iter().find(|(_, word)| *word == chosen)?;
        Some(Action::Embed(Some((form, part))))
    });
    // Without what stands behind a question mark: it is nothing of this page's.
    let address = browser::bare_address().split('?').next().unwrap_or_default().to_owned();
    let snippet = Some(()).filter(|()| part.has(Part::Snippet)).and_then(|()| snippet::handed_out(state));
    let without = part.has(Part::Snippet) && snippet.is_none();
    let text = text(state, (form, part), &address, snippet.as_deref());
    let copy = {
        let (text, done) = (text.clone(), copied(told, "Copied.", "The text is selected"));
        Callback::from(move |_: MouseEvent| browser::copy(text.clone(), TEXT, done.clone()))
    };
    html! {
        <section class="notice embed" aria-label="Embed">
            <div class="bar">
                <h2 id={PANEL} tabindex="-1">{ "Embed" }</h2>
                { select("pick-form", "In which form", forms, pick_form) }
                { select("pick-part", "Which part", parts, pick_part) }
                <button class="primary" onclick={copy}>{ "Copy" }</button>
                { button("Close", act.always(Action::Embed(None))) }
            </div>
            <p>{ form.how() }</p>
            if form == Form::Frame && !address.starts_with("http") {
                <p class="note">{ "This page is a file of your computer: others cannot see it. Put it on a web server, and copy from there." }</p>
            }
            if part != Part::Snippet && (state.view.filter != Filter::default() || state.compared().is_some()) {
                <p class="note">{ "It has all flows: what the picture leaves out or compares is looked at here only." }</p>
            }
            if without {
                <p class="note">{ "There is no text of a machine that could be handed out." }</p>
            }
            <pre id={TEXT} tabindex="0" role="region" aria-label="Text to embed">{ text }</pre>
        </section>
    }
}

fn text(state: &State, (form, part): (Form, Part), address: &str, snippet: Option<&str>) -> String {
    let of_text = Some(()).filter(|()| part.has(Part::Snippet));
    let (group, ways) = (of_text.and_then(|()| state.group()), of_text.and(state.view.ways));
    let embedded = Embedded { part, group, firewall: None, ways };
    let (catalog, deployment, flows) = (&*state.catalog, &*state.deployment, &*state.derived.flows);
    // All of it, whatever part is looked at.
    let mut picture = diagram::diagram(catalog, deployment, flows);
    picture.mark(&state.derived.findings);
    embed::write(
        form,
        &Content {
            address,
            link: &state.derived.link,
            embedded: &embedded,
            picture: &picture,
            image: &file_name("", &picture::name(state), "png"),
            table: &table::table(catalog, deployment, flows, None),
            snippet,
        },
    )
}

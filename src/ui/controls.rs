//! Buttons and lists, each written once. They decide nothing; what they do comes with the call.

use markup::html;
use yew::prelude::*;
use yew::virtual_dom::{AttributeOrProperty, Attributes, VTag, VText};

use super::Act;
use super::state::Action;
use crate::browser::{self, Copied};
use crate::count::counted;

/// A button with words on it.
pub fn button(words: impl Into<AttrValue>, onclick: Callback<MouseEvent>) -> Html {
    html! { <button {onclick}>{ words.into() }</button> }
}

/// A button with a sign on it; what it does is its name and its title.
pub fn sign(sign: &'static str, name: impl Into<AttrValue>, onclick: Callback<MouseEvent>) -> Html {
    let name = name.into();
    html! { <button class="quiet" title={name.clone()} aria-label={name} {onclick}>{ sign }</button> }
}

/// An entry of a list.
pub struct Entry {
    value: AttrValue,
    words: AttrValue,
    chosen: bool,
    /// The heading that it stands under; empty for none.
    under: &'static str,
}

/// An entry of a list: what it is called in code and on the page, and whether it is the one that holds.
pub fn entry(value: impl Into<AttrValue>, words: impl Into<AttrValue>, chosen: bool) -> Entry {
    entry_under("", value, words, chosen)
}

/// An entry under a heading: those that follow each other under the same one stand together.
pub fn entry_under(
    under: &'static str,
    value: impl Into<AttrValue>,
    words: impl Into<AttrValue>,
    chosen: bool,
) -> Entry {
    Entry { value: value.into(), words: words.into(), chosen, under }
}

/// A list of which one entry holds: the chosen one, or else the first. `name` says what it is for; empty if a label does.
pub fn select(
    id: impl Into<AttrValue>,
    name: impl Into<AttrValue>,
    entries: Vec<Entry>,
    onchange: Callback<Event>,
) -> Html {
    list(id.into(), name.into(), entries, onchange)
}

fn list(id: AttrValue, name: AttrValue, entries: Vec<Entry>, onchange: Callback<Event>) -> Html {
    let name = Some(name).filter(|name| !name.is_empty());
    // Left to itself, a list shows the option that was made first, and Yew makes the last one first.
    let holds = entries.iter().position(|entry| entry.chosen).unwrap_or(0);
    let mut options: Vec<VTag> = Vec::new();
    let mut above = "";
    for (at, entry) in entries.into_iter().enumerate() {
        let under = entry.under;
        let option = option(entry, at == holds);
        if under.is_empty() {
            options.push(option);
            continue;
        }
        if under != above {
            static KEYS: [&str; 1] = ["label"];
            let label = Some(AttributeOrProperty::Attribute(under.into()));
            let mut heading = VTag::new("optgroup");
            heading.set_attributes(Attributes::Dynamic { keys: &KEYS, values: Box::new([label]) });
            options.push(heading);
            above = under;
        }
        if let Some(heading) = options.last_mut() {
            heading.add_child(option.into());
        }
    }
    // The reducer decides (it may ask first, or refuse); until it has, the list shows what holds.
    let onchange = Callback::from(move |event: Event| {
        onchange.emit(event.clone());
        browser::set_chosen(&event, holds);
    });
    html! { <select {id} aria-label={name} {onchange}>{ for options.into_iter().map(Html::from) }</select> }
}

/// By hand, because `html!` knows `selected` as an attribute only. An option that somebody has chosen once no longer heeds
/// that: after Undo, the list would show what does not hold. Markup, as the build writes it, has attributes only.
fn option(entry: Entry, selected: bool) -> VTag {
    static KEYS: [&str; 2] = ["value", "selected"];
    let chosen = match cfg!(target_arch = "wasm32") {
        true => Some(AttributeOrProperty::Property(selected.into())),
        false => selected.then_some(AttributeOrProperty::Attribute("selected".into())),
    };
    let values = Box::new([Some(AttributeOrProperty::Attribute(entry.value)), chosen]);
    let mut option = VTag::new("option");
    option.set_attributes(Attributes::Dynamic { keys: &KEYS, values });
    option.add_child(VText::new(entry.words).into());
    option
}

/// Under a list of which not all is shown: how much is, and more of it.
pub fn more(act: &Act, what: &str, shown: usize, all: usize) -> Html {
    if shown >= all {
        return html! {};
    }
    html! {
        <p class="buttons">
            <small>{ format!("{shown} of {}", counted(all, what)) }</small>
            { button(format!("Show more {what}s"), act.always(Action::More)) }
        </p>
    }
}

/// A control under its label.
pub fn labeled(id: impl Into<AttrValue>, words: impl Into<AttrValue>, control: Html) -> Html {
    html! { <><label for={id.into()}>{ words.into() }</label>{ control }</> }
}

/// What is said where the browser has not copied.
pub const REFUSED: &str = "The browser does not allow copying by button. ";

/// Announces how copying went: that it did, or what is selected in its place ("The text is selected").
pub fn copied(told: &Callback<AttrValue>, words: impl Into<AttrValue>, selected: &'static str) -> Callback<Copied> {
    let (told, words) = (told.clone(), words.into());
    Callback::from(move |copied| {
        told.emit(match copied {
            Copied::Copied => words.clone(),
            Copied::Selected => [REFUSED, selected, ": press Ctrl+C."].concat().into(),
        });
    })
}

/// What is said in a frame that may forbid it, for the page is not told.
const FORBIDDEN: &str =
    "If nothing came, the frame around this page forbids that: copy instead, or open the address that Copy link gives.";

/// Hands out a file, and announces it.
pub fn download(told: &Callback<AttrValue>, name: &str, bytes: &[u8], words: String) {
    browser::download(name, bytes);
    told.emit(if browser::confined() { [&words, " ", FORBIDDEN].concat() } else { words }.into());
}

/// Asks the browser to print the page.
pub fn print(told: &Callback<AttrValue>) {
    browser::print();
    if browser::confined() {
        told.emit(FORBIDDEN.into());
    }
}

//! Buttons and lists, each written once. They decide nothing; what they do comes with the call.

use yew::prelude::*;

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
}

/// An entry of a list: what it is called in code and on the page, and whether it is the one that holds.
pub fn entry(value: impl Into<AttrValue>, words: impl Into<AttrValue>, chosen: bool) -> Entry {
    Entry { value: value.into(), words: words.into(), chosen }
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
    let undecided = !entries.iter().any(|entry| entry.chosen);
    let options = entries.into_iter().enumerate().map(|(at, entry)| {
        let selected = entry.chosen || undecided && at == 0;
        html! { <option value={entry.value} {selected}>{ entry.words }</option> }
    });
    html! { <select {id} aria-label={name} {onchange}>{ for options }</select> }
}

/// A control under its label.
pub fn labeled(id: impl Into<AttrValue>, words: impl Into<AttrValue>, control: Html) -> Html {
    html! { <><label for={id.into()}>{ words.into() }</label>{ control }</> }
}

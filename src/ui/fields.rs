//! Fields for text that may be wrong: what is good takes effect at once, what is not is explained beside it and stays as
//! typed. Never clears what someone has written.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::state::{Action, State};
use super::view::Draft;
use crate::browser;
use crate::net::{Addresses, Port, Refusal};

/// A field for a list of addresses, or the word any.
#[derive(Properties, PartialEq)]
pub struct AddressProps {
    /// Of the input; the message's is this with `-error`.
    pub id: AttrValue,
    /// For people who do not see the label beside it.
    pub label: AttrValue,
    /// What holds now.
    pub value: Addresses,
    /// The id of the field where these addresses are for good; its own, or another one's if this one goes away.
    pub home: AttrValue,
    /// What was typed there, if part of it could not be read.
    pub draft: Option<AttrValue>,
    /// Called with what was read, on every change.
    pub onchange: Callback<Addresses>,
    /// Keeps what could not be read.
    pub act: Act,
}

/// A field for addresses, with what is remembered of it: `id` is its own, and that of its home.
pub fn addresses(
    state: &State,
    act: &Act,
    (id, home): (impl Into<AttrValue>, impl Into<AttrValue>),
    label: String,
    value: &Addresses,
    onchange: Callback<Addresses>,
) -> Html {
    let home = home.into();
    let draft = state.draft(&home);
    html! { <AddressField id={id.into()} label={AttrValue::from(label)} value={value.clone()} {home} {draft} {onchange} act={act.clone()} /> }
}

/// See [`AddressProps`].
#[component]
pub fn AddressField(props: &AddressProps) -> Html {
    let draft = use_state_eq(|| None::<AttrValue>);
    let busy = use_state_eq(|| false);
    // What was typed here, or else what is remembered, as long as it is still what holds.
    let typed = [draft.as_ref(), props.draft.as_ref()];
    let kept = typed.into_iter().flatten().find(|text| Addresses::parse(text).0 == props.value);
    let text = kept.cloned().unwrap_or_else(|| AttrValue::from(props.value.to_string()));
    let mut refused = Addresses::parse(&text).1;
    // The last piece may be half typed.
    if *busy && !text.ends_with([' ', ',', ';']) {
        refused.pop();
    }
    let error = (!refused.is_empty()).then(|| {
        let lines = refused.iter().map(|refused| html! { <span>{ refused.refusal.to_string() }</span> });
        html! { <p class="field-error" id={format!("{}-error", props.id)}>{ for lines }</p> }
    });
    let oninput = {
        let (draft, busy, onchange) = (draft.clone(), busy.clone(), props.onchange.clone());
        let (home, act) = (props.home.clone(), props.act.clone());
        Callback::from(move |event: InputEvent| {
            let text = browser::typed(&event);
            let addresses = Addresses::parse(&text).0;
            act.now(Action::Read(home.clone()));
            draft.set(Some(AttrValue::from(text)));
            busy.set(true);
            onchange.emit(addresses);
        })
    };
    let onblur = {
        let (home, typed, act) = (props.home.clone(), text.clone(), props.act.clone());
        Callback::from(move |_: FocusEvent| {
            busy.set(false);
            if !Addresses::parse(&typed).1.is_empty() {
                act.now(Action::Draft(Draft { field: home.clone(), text: typed.clone() }));
            }
        })
    };
    html! {
        <div class="field">
            <input id={props.id.clone()} class="mono" value={text} {oninput} {onblur} aria-label={props.label.clone()}
                placeholder="addresses, or any" spellcheck="false" autocomplete="off" autocapitalize="off"
                aria-invalid={error.is_some().then_some("true")}
                aria-describedby={error.is_some().then(|| format!("{}-error", props.id))} />
            // Always one node: Yew pairs siblings from the last, so with one more the field would be another one, without
            // the focus.
            { error.unwrap_or_default() }
        </div>
    }
}

/// A field for one port.
#[derive(Properties, PartialEq)]
pub struct PortProps {
    /// Of the input; the message's is this with `-error`.
    pub id: AttrValue,
    /// For people who do not see the label beside it.
    pub label: AttrValue,
    /// What holds now; `None` is the default.
    pub value: Option<Port>,
    /// Shown while the default holds; empty where there is no default to differ from.
    pub placeholder: AttrValue,
    /// Called with what was read, on every change that makes sense; `None` for an empty field.
    pub onchange: Callback<Option<Port>>,
}

/// See [`PortProps`].
#[component]
pub fn PortField(props: &PortProps) -> Html {
    let draft = use_state_eq(|| None::<(AttrValue, Option<Port>)>);
    let start = use_state_eq(|| props.value);
    let has_default = !props.placeholder.is_empty();
    let read = move |text: &str| -> Result<Option<Port>, Refusal> {
        if has_default && text.trim().is_empty() { Ok(None) } else { Port::parse(text).map(Some) }
    };
    // Who types the default's number, perhaps as the beginning of another one, keeps it before the eyes.
    let stands_for =
        |port: Option<Port>| port.filter(|port| props.value.is_some() || port.to_string() != *props.placeholder);
    // A draft holds as long as the value is still the one it was typed over, or the one it stands for.
    let held = draft.as_ref().filter(|(text, over)| match read(text) {
        Ok(port) => stands_for(port) == props.value,
        Err(_) => *over == props.value,
    });
    let text = held
        .map(|(text, _)| text.clone())
        .unwrap_or_else(|| props.value.map(|port| port.to_string()).unwrap_or_default().into());
    let error = read(&text).err();
    let oninput = {
        let (draft, onchange, start) = (draft.clone(), props.onchange.clone(), *start);
        Callback::from(move |event: InputEvent| {
            let text = browser::typed(&event);
            let port = read(&text);
            draft.set(Some((AttrValue::from(text), start)));
            // Of 65536, its beginning 6553 was a port too: what held before the typing holds again.
            onchange.emit(port.unwrap_or(start));
        })
    };
    let onfocus = {
        let (start, value) = (start.clone(), props.value);
        Callback::from(move |_: FocusEvent| start.set(value))
    };
    let holds = props.value.map_or_else(|| props.placeholder.to_string(), |port| port.to_string());
    html! {
        <div class="field">
            <input id={props.id.clone()} class={classes!("mono", (has_default && props.value.is_some()).then_some("changed"))} value={text} {oninput} {onfocus}
                inputmode="numeric" size="6" placeholder={props.placeholder.clone()} aria-label={props.label.clone()}
                spellcheck="false" autocomplete="off" aria-invalid={error.is_some().then_some("true")}
                aria-describedby={error.is_some().then(|| format!("{}-error", props.id))} />
            if let Some(error) = error {
                <p class="field-error" id={format!("{}-error", props.id)}>
                    { format!("{error} Until then {holds} holds.") }
                </p>
            }
        </div>
    }
}

//! Fields for text that may be wrong: what is good takes effect at once, what is not is explained beside it and stays as
//! typed. Never clears what someone has written.

use yew::prelude::*;

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
    /// Called with what was read, on every change.
    pub onchange: Callback<Addresses>,
}

/// See [`AddressProps`].
#[component]
pub fn AddressField(props: &AddressProps) -> Html {
    let draft = use_state_eq(|| None::<AttrValue>);
    let busy = use_state_eq(|| false);
    let kept = draft.as_ref().filter(|text| Addresses::parse(text).0 == props.value);
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
        Callback::from(move |event: InputEvent| {
            let text = browser::typed(&event);
            let addresses = Addresses::parse(&text).0;
            draft.set(Some(AttrValue::from(text)));
            busy.set(true);
            onchange.emit(addresses);
        })
    };
    let onblur = Callback::from(move |_: FocusEvent| busy.set(false));
    html! {
        <div class="field">
            <input id={props.id.clone()} class="mono" value={text} {oninput} {onblur} aria-label={props.label.clone()}
                placeholder="addresses, or any" spellcheck="false" autocomplete="off" autocapitalize="off"
                aria-invalid={error.is_some().then_some("true")}
                aria-describedby={error.is_some().then(|| format!("{}-error", props.id))} />
            { for error }
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
    let read = |text: &str| -> Result<Option<Port>, Refusal> {
        if text.trim().is_empty() { Ok(None) } else { Port::parse(text).map(Some) }
    };
    // A draft holds as long as the value is still the one it was typed over, or the one it stands for.
    let held = draft.as_ref().filter(|(text, over)| match read(text) {
        Ok(port) => port == props.value,
        Err(_) => *over == props.value,
    });
    let text = held.map(|(text, _)| text.clone()).unwrap_or_else(|| {
        props.value.map(|port| port.to_string()).unwrap_or_default().into()
    });
    let error = read(&text).err();
    let oninput = {
        let (draft, onchange, value) = (draft.clone(), props.onchange.clone(), props.value);
        Callback::from(move |event: InputEvent| {
            let text = browser::typed(&event);
            let port = read(&text);
            draft.set(Some((AttrValue::from(text), value)));
            if let Ok(port) = port {
                onchange.emit(port);
            }
        })
    };
    html! {
        <div class="field">
            <input id={props.id.clone()} class={classes!("mono", (props.value.is_some() && !props.placeholder.is_empty()).then_some("changed"))} value={text} {oninput}
                inputmode="numeric" size="6" placeholder={props.placeholder.clone()} aria-label={props.label.clone()}
                spellcheck="false" autocomplete="off" aria-invalid={error.is_some().then_some("true")}
                aria-describedby={error.is_some().then(|| format!("{}-error", props.id))} />
            if let Some(error) = error {
                <p class="field-error" id={format!("{}-error", props.id)}>
                    { error.to_string() }
                    { if props.value.is_some() { " Until then the last good number holds." } else { " Until then the default holds." } }
                </p>
            }
        </div>
    }
}

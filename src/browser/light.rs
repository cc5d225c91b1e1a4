//! One flow in all its places: what is pointed at or has the focus lights the arrow, the row and the lines of the same flow.
//! Only marks elements; the page's state knows nothing of it.

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlElement, KeyboardEvent, NodeList};
use yew::Callback;

use super::{document, window};

/// Names the flows an element is about: their keys, separated by blanks.
const FLOW: &str = "data-flow";
/// Marks the elements that are lit.
const LIT: &str = "data-lit";

fn all(selector: &str) -> Vec<Element> {
    let found: Option<NodeList> = document().and_then(|document| document.query_selector_all(selector).ok());
    let found = found.iter().flat_map(|list| (0..list.length()).filter_map(|at| list.item(at)));
    found.filter_map(|node| node.dyn_into().ok()).collect()
}

/// The nearest element around a target that is about flows.
fn subject(target: Option<EventTarget>) -> Option<Element> {
    target?.dyn_into::<Element>().ok()?.closest(&format!("[{FLOW}]")).ok()?
}

/// Lights what is about the same flows as this element, and nothing else. `reveal` scrolls the text to its first line.
fn light(subject: Option<&Element>, reveal: bool) {
    for element in all(&format!("[{LIT}]")) {
        let _ = element.remove_attribute(LIT);
    }
    let keys = subject.and_then(|subject| subject.get_attribute(FLOW)).unwrap_or_default();
    // A key holds letters, digits and hyphens only: nothing in it can end the quotes.
    let selectors: Vec<String> =
        keys.split(' ').filter(|key| !key.is_empty()).map(|key| format!("[{FLOW}~=\"{key}\"]")).collect();
    if selectors.is_empty() {
        return;
    }
    let mut shown = !reveal;
    for element in all(&selectors.join(",")) {
        let _ = element.set_attribute(LIT, "");
        let text = element.parent_element().filter(|parent| parent.tag_name() == "PRE");
        if let Some(text) = text.filter(|_| !std::mem::replace(&mut shown, true)) {
            let above = element.get_bounding_client_rect().top() - text.get_bounding_client_rect().top();
            // Some lines of what stands before it stay in view.
            #[allow(clippy::cast_possible_truncation, reason = "pixels on a screen")]
            text.set_scroll_top(text.scroll_top() + above as i32 - text.client_height() / 3);
        }
    }
}

/// Moves the focus to the next or the previous arrow of the picture.
fn walk(forward: bool) {
    let arrows = all(&format!(".drawing [{FLOW}]"));
    let focused = document().and_then(|document| document.active_element());
    let at = arrows.iter().position(|arrow| Some(arrow) == focused.as_ref());
    let next = match at {
        Some(at) if forward => (at + 1) % arrows.len(),
        Some(at) => (at + arrows.len() - 1) % arrows.len(),
        None if forward => 0,
        None => arrows.len().wrapping_sub(1),
    };
    // Elements of SVG take the focus as those of HTML do, but are of another type.
    if let Some(arrow) = arrows.get(next) {
        let _ = arrow.unchecked_ref::<HtmlElement>().focus();
    }
}

/// Lights from now on, until the listeners are dropped. Calls back with the keys of an arrow that is pressed.
pub fn on_light(opened: Callback<String>) -> Vec<EventListener> {
    let Some(window) = window() else { return Vec::new() };
    let target: &EventTarget = window.as_ref();
    let press = {
        let opened = opened.clone();
        move |target: Option<EventTarget>| {
            let arrow =
                subject(target).filter(|arrow| arrow.closest(".drawing").is_ok_and(|drawing| drawing.is_some()));
            if let Some(arrow) = arrow {
                light(Some(&arrow), true);
                opened.emit(arrow.get_attribute(FLOW).unwrap_or_default());
            }
        }
    };
    let pressed = press.clone();
    let options = EventListenerOptions::enable_prevent_default();
    vec![
        EventListener::new(target, "pointerover", |event| light(subject(event.target()).as_ref(), false)),
        EventListener::new(target, "focusin", |event| {
            if let Some(subject) = subject(event.target()) {
                light(Some(&subject), true);
            }
        }),
        EventListener::new(target, "click", move |event| pressed(event.target())),
        EventListener::new_with_options(target, "keydown", options, move |event| {
            let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
            let inside = key.target().and_then(|target| target.dyn_into::<Element>().ok()?.closest(".drawing").ok()?);
            if inside.is_none() || key.ctrl_key() || key.alt_key() || key.meta_key() {
                return;
            }
            match key.key().as_str() {
                "ArrowRight" | "ArrowDown" => walk(true),
                "ArrowLeft" | "ArrowUp" => walk(false),
                "Enter" | " " => press(key.target()),
                _ => return,
            }
            key.prevent_default();
        }),
    ]
}

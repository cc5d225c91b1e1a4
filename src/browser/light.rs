//! One flow in all its places, and one group with its neighbours: what is pointed at or has the focus lights the arrow, the row
//! and the lines of the same flows; a box that is pressed stands alone with those it talks to. Only marks elements; the page's
//! state knows nothing of it, and a new picture has no marks.

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlElement, KeyboardEvent, NodeList};
use yew::Callback;

use super::{document, window, zoom};

/// Names the flows an element is about: their keys, separated by blanks.
const FLOW: &str = "data-flow";
/// Names the groups that a box stands for: their numbers, separated by blanks.
const GROUP: &str = "data-group";
/// Marks the elements that are lit.
const LIT: &str = "data-lit";
/// Marks a picture of which one box is pressed, that box, its arrows, and the boxes at their other ends.
const NEAR: &str = "data-near";
/// Says which box that is.
const PRESSED: &str = "aria-pressed";

fn all(selector: &str) -> Vec<Element> {
    let found: Option<NodeList> = document().and_then(|document| document.query_selector_all(selector).ok());
    let found = found.iter().flat_map(|list| (0..list.length()).filter_map(|at| list.item(at)));
    found.filter_map(|node| node.dyn_into().ok()).collect()
}

/// The nearest element around a target that a selector names.
pub(super) fn around(target: Option<EventTarget>, selector: &str) -> Option<Element> {
    target?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}

/// The nearest element around a target that is about flows or groups.
fn subject(target: Option<EventTarget>) -> Option<Element> {
    around(target, "[data-flow], [data-group]")
}

fn mark(element: &Element, name: &str) {
    let _ = element.set_attribute(name, "");
}

fn unmark(name: &str) {
    for element in all(&["[", name, "]"].concat()) {
        let _ = element.remove_attribute(name);
    }
}

/// Names what is about the same flows as an element: a box is about those that begin or end there. A key or number holds
/// letters, digits and hyphens only: nothing in it can end the quotes.
fn alike(subject: &Element) -> String {
    let mut selectors: Vec<String> = Vec::new();
    for key in subject.get_attribute(FLOW).unwrap_or_default().split(' ').filter(|key| !key.is_empty()) {
        selectors.push(["[data-flow~=\"", key, "\"]"].concat());
    }
    for id in subject.get_attribute(GROUP).unwrap_or_default().split(' ').filter(|id| !id.is_empty()) {
        for [before, after] in [["^=\"g", "-\"]"], ["*=\" g", "-\"]"], ["*=\"-g", "-\"]"]] {
            selectors.push(["[data-flow", before, id, after].concat());
        }
    }
    selectors.join(",")
}

/// Lights what is about the same flows as this element, and nothing else. `reveal` scrolls the text to its first line.
fn light(subject: Option<&Element>, reveal: bool) {
    unmark(LIT);
    let Some(subject) = subject else { return };
    mark(subject, LIT);
    let mut shown = !reveal;
    for element in all(&alike(subject)) {
        mark(&element, LIT);
        let text = element.parent_element().filter(|parent| parent.tag_name() == "PRE");
        if let Some(text) = text.filter(|_| !std::mem::replace(&mut shown, true)) {
            let above = element.get_bounding_client_rect().top() - text.get_bounding_client_rect().top();
            // Some lines of what stands before it stay in view.
            #[allow(clippy::cast_possible_truncation, reason = "pixels on a screen")]
            text.set_scroll_top(text.scroll_top() + above as i32 - text.client_height() / 3);
        }
    }
}

/// Lets a box stand alone with its arrows and their other ends; no box, or the same one again, is the way back. True if one
/// stands alone now.
fn isolate(group: Option<&Element>) -> bool {
    let again = group.is_none_or(|group| group.get_attribute(PRESSED).as_deref() == Some("true"));
    unmark(NEAR);
    for pressed in all(".drawing [aria-pressed=true]") {
        let _ = pressed.set_attribute(PRESSED, "false");
    }
    let Some(group) = group.filter(|_| !again) else { return false };
    let _ = group.set_attribute(PRESSED, "true");
    mark(group, NEAR);
    let mut ends: Vec<String> = Vec::new();
    for arrow in all(&alike(group)).iter().filter(|element| element.tag_name() == "g") {
        mark(arrow, NEAR);
        // `g4-g3-tcp-9443` goes from 4 to 3, and so do the others, or between the same boxes.
        for end in arrow.get_attribute(FLOW).unwrap_or_default().split('-').take(2) {
            ends.push(["[data-group~=\"", end.get(1..).unwrap_or_default(), "\"]"].concat());
        }
    }
    ends.push(".drawing > svg".to_owned());
    all(&ends.join(",")).iter().for_each(|end| mark(end, NEAR));
    true
}

/// Moves the focus to the next or the previous arrow or box of the picture; where one box stands alone, of what is left.
fn walk(kind: &str, forward: bool) {
    let near = all(&[".drawing [data-near]", kind].concat());
    let way = if near.is_empty() { all(&[".drawing ", kind].concat()) } else { near };
    let focused = document().and_then(|document| document.active_element());
    let at = way.iter().position(|one| Some(one) == focused.as_ref());
    let next = match at {
        Some(at) if forward => (at + 1) % way.len(),
        Some(at) => (at + way.len() - 1) % way.len(),
        None if forward => 0,
        None => way.len().wrapping_sub(1),
    };
    // Elements of SVG take the focus as those of HTML do, but are of another type.
    if let Some(one) = way.get(next) {
        let _ = one.unchecked_ref::<HtmlElement>().focus();
    }
}

/// What was pressed in the picture.
pub enum Pressed {
    /// An arrow: the keys of its flows.
    Flows(String),
    /// A box that stands alone now: the numbers of its groups.
    Groups(String),
}

/// Lights from now on, until the listeners are dropped. Calls back when an arrow or a box is pressed.
pub fn on_light(opened: Callback<Pressed>) -> Vec<EventListener> {
    let Some(window) = window() else { return Vec::new() };
    let target: &EventTarget = window.as_ref();
    let press = move |target: Option<EventTarget>| {
        if around(target.clone(), ".drawing").is_none() {
            return;
        }
        let Some(subject) = subject(target) else {
            isolate(None);
            return;
        };
        light(Some(&subject), true);
        if let Some(keys) = subject.get_attribute(FLOW) {
            // Its row is elsewhere on the page.
            zoom::leave();
            opened.emit(Pressed::Flows(keys));
        } else if isolate(Some(&subject)) {
            opened.emit(Pressed::Groups(subject.get_attribute(GROUP).unwrap_or_default()));
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
        EventListener::new(target, "click", move |event| {
            if !zoom::dragged() {
                pressed(event.target());
            }
        }),
        EventListener::new_with_options(target, "keydown", options, move |event| {
            let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
            let name = key.key();
            if name == "Escape" {
                isolate(None);
                zoom::leave();
            }
            let modified = key.ctrl_key() || key.alt_key() || key.meta_key();
            if modified || around(key.target(), ".drawing").is_none() {
                return;
            }
            match name.as_str() {
                "ArrowRight" => walk("[data-flow]", true),
                "ArrowLeft" => walk("[data-flow]", false),
                "ArrowDown" => walk("[data-group]", true),
                "ArrowUp" => walk("[data-group]", false),
                "Enter" | " " => press(key.target()),
                "+" | "=" => zoom::zoom(5, None),
                "-" => zoom::zoom(3, None),
                "0" => zoom::zoom(0, None),
                _ => return,
            }
            key.prevent_default();
        }),
    ]
}

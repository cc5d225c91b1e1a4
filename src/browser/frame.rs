//! Tells whoever frames this page how tall it is, and nothing else: a number leaves it, never a name or an address.

use gloo::events::EventListener;
use wasm_bindgen::JsValue;

use super::{document, history, window};

/// Tells how tall the element of that id is, in pixels, now and whenever the frame changes its size; until the listener is
/// dropped. The message is `portcullis 640`, to the page around this one, whoever it is.
pub fn on_height(id: &'static str) -> Option<EventListener> {
    if !history::framed() {
        return None;
    }
    tell(id);
    Some(EventListener::new(window()?.as_ref(), "resize", move |_| {
        tell(id);
    }))
}

fn tell(id: &str) -> Option<()> {
    let height = document()?.get_element_by_id(id)?.scroll_height();
    let message = ["portcullis ", &height.to_string()].concat();
    window()?.parent().ok()??.post_message(&JsValue::from_str(&message), "*").ok()
}

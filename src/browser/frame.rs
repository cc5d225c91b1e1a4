//! Tells whoever frames this page how tall it is, and nothing else: a number leaves it, never a name or an address.

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsValue;

use super::{document, history, window};

/// Tells how tall the element of that id is, in pixels: now, whenever the frame changes its size, and when something is folded;
/// until the listeners are dropped. The message is `portcullis 640`, to the page around this one, whoever it is.
pub fn on_height(id: &'static str) -> Option<[EventListener; 2]> {
    if !history::framed() {
        return None;
    }
    tell(id);
    let window = window()?;
    // What is unfolded does not tell those around it.
    let folds = EventListenerOptions::run_in_capture_phase();
    Some([
        EventListener::new(&window, "resize", move |_| tell(id)),
        EventListener::new_with_options(&window, "toggle", folds, move |_| tell(id)),
    ])
}

fn tell(id: &str) {
    let attempt = || {
        let height = document()?.get_element_by_id(id)?.scroll_height();
        let message = ["portcullis ", &height.to_string()].concat();
        window()?.parent().ok()??.post_message(&JsValue::from_str(&message), "*").ok()
    };
    let _ = attempt();
}

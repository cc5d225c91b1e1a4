//! The browser's history: entries that remember a position, and who went to one. Never in a frame, where the history belongs
//! to the page around it; decides nothing.

use gloo::events::EventListener;
use wasm_bindgen::JsValue;
use yew::Callback;

use super::window;

/// The mark of this page's entries: a reload begins anew, and must not take the entries of the time before for its own.
fn mark() -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds, long before 2^64")]
    let started = window().and_then(|window| window.performance()).map_or(0, |clock| clock.time_origin() as u64);
    format!("portcullis {started} ")
}

/// True if this page is framed by another one.
pub fn framed() -> bool {
    window().is_none_or(|window| window.parent().ok().flatten().is_none_or(|parent| parent != window))
}

/// The position in the current entry; `None` if the entry is not this page's.
pub fn position() -> Option<usize> {
    let state = window()?.history().ok()?.state().ok()?.as_string()?;
    state.strip_prefix(&mark())?.parse().ok()
}

/// Writes a position into the current entry, or into a new one after it. The browser may refuse (WebKit after 100 in half a
/// minute): then Back leads a little further than one step.
pub fn write(position: usize, new: bool) {
    let Some(history) = window().and_then(|window| window.history().ok()) else { return };
    let state = JsValue::from_str(&format!("{}{position}", mark()));
    let _ = if new { history.push_state(&state, "") } else { history.replace_state(&state, "") };
}

/// Goes so many entries forward, or back.
pub fn go(steps: i32) {
    if let Some(history) = window().and_then(|window| window.history().ok()) {
        let _ = history.go_with_delta(steps);
    }
}

/// Calls back with the position of the entry that the browser went to; until the listener is dropped.
pub fn on_travel(went: Callback<Option<usize>>) -> Option<EventListener> {
    Some(EventListener::new(window()?.as_ref(), "popstate", move |_| went.emit(position())))
}

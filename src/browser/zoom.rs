//! Nearer to the picture and further from it, by button, key and Ctrl with the wheel; moved by the pointer. Only sets a width:
//! scrolling is the browser's, and the wheel alone stays what it is.

use std::cell::Cell;

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, WheelEvent};

use super::light::around;
use super::{document, window};

/// Marks a picture that is not as large as fits.
const ZOOMED: &str = "data-zoomed";

thread_local! {
    /// Where the pointer went down in the picture and how far that was scrolled, while it may be moved; and whether it was.
    static DRAG: Cell<(Option<[i32; 4]>, bool)> = const { Cell::new((None, false)) };
}

/// Makes the picture that many quarters as large as it is; 0 makes it fit: one that scrolls, to the width that there is. What is at that place of the window stays there, or
/// what is in the middle.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "pixels on a screen")]
pub fn zoom(quarters: i32, at: Option<[i32; 2]>) {
    let attempt = || {
        let drawing: HtmlElement = document()?.query_selector(".drawing").ok()??.dyn_into().ok()?;
        let set = |width: &str| {
            drawing.style().set_property("--width", width).ok()?;
            drawing.set_attribute(ZOOMED, "").ok()
        };
        if quarters == 0 {
            let scrolls = drawing.class_name().ends_with("tall");
            return if scrolls { set("100%") } else { drawing.remove_attribute(ZOOMED).ok() };
        }
        let svg = drawing.first_element_child()?;
        let length = |name| svg.get_attribute(name).and_then(|length| length.parse::<u32>().ok());
        let (width, height) = (length("width")? as i32, length("height")? as i32);
        let before = svg.get_bounding_client_rect();
        // What fits into its room leaves some of it empty.
        let drawn = (before.width() as i32).min(before.height() as i32 * width / height.max(1)).max(1);
        let wanted = (drawn * quarters / 4).clamp(width / 4, width * 4);
        let room = drawing.get_bounding_client_rect();
        let [x, y] = match at {
            Some([x, y]) => [x - room.left() as i32, y - room.top() as i32],
            None => [drawing.client_width() / 2, drawing.client_height() / 2],
        };
        let (left, top) = (drawing.scroll_left(), drawing.scroll_top());
        set(&[&wanted.to_string(), "px"].concat())?;
        drawing.set_scroll_left((left + x) * wanted / drawn - x);
        drawing.set_scroll_top((top + y) * wanted / drawn - y);
        Some(())
    };
    let _ = attempt();
}

/// True if what was pressed last was moved before it was let go: that is no click. Asked once: what clicks without a pointer
/// comes after none.
pub fn dragged() -> bool {
    DRAG.take().1
}

/// The picture and the mouse with its button down; nothing for a finger, which scrolls by itself.
fn mouse(event: &Event) -> Option<(&WheelEvent, Element)> {
    // All that is asked of it is a mouse event's.
    let mouse = event.unchecked_ref::<WheelEvent>();
    let kind = js_sys::Reflect::get(event, &"pointerType".into()).ok()?;
    let drawing = around(event.target(), ".drawing")?;
    (mouse.buttons() == 1 && kind.as_string().as_deref() == Some("mouse")).then_some((mouse, drawing))
}

/// Lets the wheel with Ctrl and the pointer move the picture, until the listeners are dropped.
pub fn on_zoom() -> Vec<EventListener> {
    let attempt = || {
        let window = window()?;
        let options = EventListenerOptions::enable_prevent_default();
        Some(vec![
            EventListener::new_with_options(&window, "wheel", options, |event| {
                let wheel = event.unchecked_ref::<WheelEvent>();
                if wheel.ctrl_key() && around(event.target(), ".drawing").is_some() {
                    event.prevent_default();
                    let quarters = if wheel.delta_y() < 0.0 { 5 } else { 3 };
                    zoom(quarters, Some([wheel.client_x(), wheel.client_y()]));
                }
            }),
            EventListener::new(&window, "pointerdown", |event| {
                let from = mouse(event).map(|(mouse, drawing)| {
                    [mouse.client_x(), mouse.client_y(), drawing.scroll_left(), drawing.scroll_top()]
                });
                DRAG.set((from, false));
            }),
            EventListener::new(&window, "pointermove", |event| {
                let (Some((mouse, drawing)), (Some([x, y, left, top]), moved)) = (mouse(event), DRAG.get()) else {
                    return;
                };
                let [x, y] = [mouse.client_x() - x, mouse.client_y() - y];
                if moved || x.abs() + y.abs() > 4 {
                    DRAG.set((DRAG.get().0, true));
                    drawing.set_scroll_left(left - x);
                    drawing.set_scroll_top(top - y);
                }
            }),
        ])
    };
    attempt().unwrap_or_default()
}

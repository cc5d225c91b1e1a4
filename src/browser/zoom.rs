//! Nearer to the picture and further from it, by button, key and Ctrl with the wheel; moved by the pointer. Only sets a width:
//! scrolling is the browser's, and the wheel alone stays what it is.

use std::cell::Cell;

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, WheelEvent};

use super::light::around;
use super::{document, window};

/// Marks a picture that is not as large as it was at first: `fit` if it is all there, or empty if it has a width of its own.
const ZOOMED: &str = "data-zoomed";

/// The box by which the picture takes the whole window, while it is ticked (an element's id).
pub const WHOLE_WINDOW: &str = "whole-window";

thread_local! {
    /// Where the pointer went down in the picture and how far that was scrolled, while it may be moved; and whether it was.
    static DRAG: Cell<(Option<[i32; 4]>, bool)> = const { Cell::new((None, false)) };
}

/// Makes the picture that many quarters as large as it is; 0 makes it fit into its place, however small that is. What is at that
/// place of the window stays there; without one, what has the focus, is pressed or is lit does, or what is in the middle.
#[allow(clippy::cast_possible_truncation, reason = "pixels on a screen")]
pub fn zoom(quarters: i32, at: Option<[i32; 2]>) {
    let attempt = || {
        let drawing: HtmlElement = document()?.query_selector(".drawing").ok()??.dyn_into().ok()?;
        if quarters == 0 {
            return drawing.set_attribute(ZOOMED, "fit").ok();
        }
        let svg = drawing.first_element_child()?;
        // Whole pixels: to read other numbers would weigh 13 KB on the wire.
        let length = |name| svg.get_attribute(name).and_then(|length| length.parse::<u32>().ok()).map(f64::from);
        let (width, height) = (length("width")?, length("height")?);
        let ratio = width / height.max(1.0);
        let drawn = Drawn::of(&svg, ratio);
        let room = drawing.get_bounding_client_rect();
        let middle = [room.left() + room.width() / 2.0, room.top() + room.height() / 2.0];
        let (point, stays) = match at {
            Some(at) => (at.map(f64::from), true),
            None => {
                let kept = ["g:focus", "[aria-pressed=true]", "[data-lit]"];
                let kept = kept.into_iter().find_map(|kept| drawing.query_selector(kept).ok()?);
                let kept = kept.map(|kept| kept.get_bounding_client_rect());
                let point = kept.map(|kept| [kept.left() + kept.width() / 2.0, kept.top() + kept.height() / 2.0]);
                let seen = |[x, y]: &[f64; 2]| {
                    (room.left()..room.right()).contains(x) && (room.top()..room.bottom()).contains(y)
                };
                (point.unwrap_or(middle), point.as_ref().is_none_or(seen))
            }
        };
        let part = [(point[0] - drawn.left) / drawn.width, (point[1] - drawn.top) / drawn.height];
        // Not by `clamp`, which brings with it how such numbers are written.
        let wanted = (drawn.width * f64::from(quarters) / 4.0).max(width / 4.0).min(width * 4.0) as i32;
        drawing.style().set_property("--width", &[&wanted.to_string(), "px"].concat()).ok()?;
        drawing.set_attribute(ZOOMED, "").ok()?;
        let now = Drawn::of(&svg, ratio);
        let [x, y] = if stays { point } else { middle };
        drawing.set_scroll_left(drawing.scroll_left() + (now.left + part[0] * now.width - x) as i32);
        drawing.set_scroll_top(drawing.scroll_top() + (now.top + part[1] * now.height - y) as i32);
        Some(())
    };
    let _ = attempt();
}

/// Where a picture is in the window; its element may be larger, where the other length is what fits.
struct Drawn {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Drawn {
    /// Of an element whose picture is that many times as wide as high.
    fn of(svg: &Element, ratio: f64) -> Self {
        let rect = svg.get_bounding_client_rect();
        let width = rect.width().min(rect.height() * ratio).max(1.0);
        let height = width / ratio;
        let [left, top] = [rect.left() + (rect.width() - width) / 2.0, rect.top() + (rect.height() - height) / 2.0];
        Self { left, top, width, height }
    }
}

/// Gives the window back to the rest of the page.
pub(super) fn leave() {
    let ticked = document().and_then(|document| document.get_element_by_id(WHOLE_WINDOW));
    if let Some(ticked) = ticked {
        ticked.unchecked_into::<HtmlInputElement>().set_checked(false);
    }
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

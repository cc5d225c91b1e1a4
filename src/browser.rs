//! The browser: storage, fragment, clipboard, downloads, paper, input values, focus. The only file that names a browser type; it
//! decides nothing, and whatever the browser refuses is an answer here, never a failure.

mod frame;
pub mod history;
mod image;
mod light;
mod zoom;

pub use frame::on_height;
pub use image::{Image, image};
pub use light::{Pressed, on_light};
pub use zoom::{WHOLE_WINDOW, on_zoom, zoom};

use gloo::events::EventListener;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Document, Element, HtmlDocument, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, Window,
};
use yew::{AttrValue, Callback, Event, FocusEvent, InputEvent, TargetCast};

fn document() -> Option<Document> {
    window()?.document()
}

/// Nothing where the page is drawn natively, for the build: asking would be a panic there.
fn window() -> Option<Window> {
    cfg!(target_arch = "wasm32").then(web_sys::window).flatten()
}

/// The element that the app is mounted into, shown and ready to be used: until now it held what the build has drawn. Marked
/// where it is inside another page.
pub fn mount_point(embedded: bool) -> Option<Element> {
    let element = document()?.get_element_by_id("app")?;
    if embedded {
        element.set_attribute("data-embedded", "").ok()?;
    }
    for held in ["inert", "hidden"] {
        element.remove_attribute(held).ok()?;
    }
    Some(element)
}

/// What the page keeps in this browser under a name; nothing where storage is empty, forbidden or broken.
pub fn stored(name: &str) -> Option<String> {
    window()?.local_storage().ok()??.get_item(name).ok()?
}

/// Keeps a text under a name. False where storage is forbidden or full: then nothing was changed.
pub fn store(name: &str, text: &str) -> bool {
    let storage = window().and_then(|window| window.local_storage().ok()?);
    storage.is_some_and(|storage| storage.set_item(name, text).is_ok())
}

/// Removes what is kept under a name.
pub fn forget(name: &str) {
    if let Some(storage) = window().and_then(|window| window.local_storage().ok()?) {
        let _ = storage.remove_item(name);
    }
}

/// The fragment of the page's address, without `#`.
pub fn fragment() -> String {
    let hash = window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    hash.strip_prefix('#').map(str::to_owned).unwrap_or(hash)
}

/// Replaces the fragment without adding a step to the browser's history; an empty one leaves the bare address. What stands
/// there already is not written again: that is a message to another process, and takes longer than a small edit.
pub fn set_fragment(fragment: &str) {
    let Some(window) = window() else { return };
    if self::fragment() == fragment {
        return;
    }
    let address = if fragment.is_empty() { bare_address() } else { format!("#{fragment}") };
    if let Ok(history) = window.history() {
        let state = history.state().unwrap_or(JsValue::NULL);
        let _ = history.replace_state_with_url(&state, "", Some(&address));
    }
}

/// The page's address without a fragment.
pub fn bare_address() -> String {
    let href = window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_owned()
}

/// Calls back with the new fragment whenever someone changes it, not where the browser only goes back to one of this page's
/// own entries; until the listener is dropped.
pub fn on_fragment(changed: Callback<String>) -> Option<EventListener> {
    Some(EventListener::new(window()?.as_ref(), "hashchange", move |_| {
        if history::position().is_none() {
            changed.emit(fragment());
        }
    }))
}

/// Calls back with what another tab keeps under a name from now on; until the listener is dropped.
pub fn on_stored(name: &'static str, changed: Callback<String>) -> Option<EventListener> {
    Some(EventListener::new(window()?.as_ref(), "storage", move |event| {
        let event = event.dyn_ref::<web_sys::StorageEvent>();
        if let Some(text) =
            event.filter(|event| event.key().as_deref() == Some(name)).and_then(|event| event.new_value())
        {
            changed.emit(text);
        }
    }))
}

/// Makes pasted lists whole: what is pasted into a field of addresses or ports keeps its line breaks and tabs as commas, and
/// what is pasted outside of every field is called back. Until the listener is dropped.
pub fn on_paste(pasted: Callback<String>) -> Option<EventListener> {
    let options = gloo::events::EventListenerOptions::enable_prevent_default();
    Some(EventListener::new_with_options(window()?.as_ref(), "paste", options, move |event| {
        let paste = event.dyn_ref::<web_sys::ClipboardEvent>();
        let text = paste.and_then(|paste| paste.clipboard_data()?.get_data("text").ok()).unwrap_or_default();
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else {
            return pasted.emit(text);
        };
        let breaks = |c: char| matches!(c, '\r' | '\n' | '\t');
        let pieces: Vec<&str> = text.split(breaks).map(str::trim).filter(|piece| !piece.is_empty()).collect();
        if pieces.len() < 2 || !input.class_name().contains("mono") {
            return;
        }
        // By this command the browser keeps its own undo of the field.
        let inserted = || {
            let document: HtmlDocument = document()?.dyn_into().ok()?;
            document.exec_command_with_show_ui_and_value("insertText", false, &pieces.join(", ")).ok()
        };
        if inserted() == Some(true) {
            event.prevent_default();
        }
    }))
}

/// Keys that mean the same everywhere on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// Ctrl+Z.
    Undo,
    /// Ctrl+Shift+Z or Ctrl+Y.
    Redo,
    /// Escape.
    Escape,
}

/// Calls back on these keys, until the listener is dropped: undo and redo outside of text fields, which have an undo of their
/// own.
pub fn on_shortcut(pressed: Callback<Shortcut>) -> Option<EventListener> {
    let options = gloo::events::EventListenerOptions::enable_prevent_default();
    Some(EventListener::new_with_options(window()?.as_ref(), "keydown", options, move |event| {
        let Some(key) = event.dyn_ref::<web_sys::KeyboardEvent>() else { return };
        let in_text = key.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let in_text = in_text.is_some_and(|input| input.type_() != "checkbox");
        let control = (key.ctrl_key() || key.meta_key()) && !key.alt_key() && !in_text;
        let shortcut = match key.key().as_str() {
            "Escape" => return pressed.emit(Shortcut::Escape),
            "z" | "Z" if key.shift_key() => Shortcut::Redo,
            "z" => Shortcut::Undo,
            "y" => Shortcut::Redo,
            _ => return,
        };
        if control {
            key.prevent_default();
            pressed.emit(shortcut);
        }
    }))
}

/// What became of a text that was to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// It is on the clipboard.
    Copied,
    /// The browser does not allow that; the text is selected, and the user can copy it by keyboard.
    Selected,
}

/// Copies a text: by the clipboard interface, or else by the old command, or else by selecting the element of that id, which
/// shows the same text.
pub fn copy(text: String, shown_in: &'static str, done: Callback<Copied>) {
    copy_as(None, text, shown_in.into(), done);
}

/// As [`copy`], for an element that was given its id while the page runs.
pub fn copy_shown(text: String, shown_in: AttrValue, done: Callback<Copied>) {
    copy_as(None, text, shown_in, done);
}

/// Copies markup and its plain twin together; who pastes takes what it can.
pub fn copy_rich(html: String, text: String, shown_in: &'static str, done: Callback<Copied>) {
    copy_as(Some(html), text, shown_in.into(), done);
}

fn copy_as(html: Option<String>, text: String, shown_in: AttrValue, done: Callback<Copied>) {
    wasm_bindgen_futures::spawn_local(async move {
        let copied = by_clipboard(html.as_deref(), &text).await || by_command(html, text);
        done.emit(if copied { Copied::Copied } else { Copied::Selected });
        if !copied {
            // What is told may bring the element onto the page.
            gloo::timers::callback::Timeout::new(0, move || select(&shown_in)).forget();
        }
    });
}

/// The clipboard's interface; nothing where the browser has none, or not for this page.
fn clipboard() -> Option<web_sys::Clipboard> {
    let navigator = window()?.navigator();
    let there = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| clipboard.is_object());
    (there && may_write()).then(|| navigator.clipboard())
}

/// False if the page around this one does not let it write to the clipboard. Chromium tells, and complains where it is tried
/// all the same; others say no when they are asked to.
fn may_write() -> bool {
    let told = || {
        let policy = js_sys::Reflect::get(document()?.as_ref(), &"featurePolicy".into()).ok()?;
        let allows: js_sys::Function = js_sys::Reflect::get(&policy, &"allowsFeature".into()).ok()?.dyn_into().ok()?;
        allows.call1(&policy, &"clipboard-write".into()).ok()?.as_bool()
    };
    told().unwrap_or(true)
}

async fn by_clipboard(html: Option<&str>, text: &str) -> bool {
    let Some(clipboard) = clipboard() else { return false };
    let promise = match html.map(|html| both(html, text)) {
        None => clipboard.write_text(text),
        Some(Some(items)) => clipboard.write(&items),
        Some(None) => return false,
    };
    wasm_bindgen_futures::JsFuture::from(promise).await.is_ok()
}

/// What the clipboard takes as one thing in two forms; nothing in browsers that do not know such a thing.
fn both(html: &str, text: &str) -> Option<js_sys::Array> {
    let forms = js_sys::Object::new();
    for (kind, text) in [(HTML, html), (PLAIN, text)] {
        js_sys::Reflect::set(&forms, &kind.into(), blob(&text.into(), kind)?.as_ref()).ok()?;
    }
    let item = web_sys::ClipboardItem::new_with_record_from_str_to_blob_promise(&forms).ok()?;
    Some(js_sys::Array::of1(&item))
}

const HTML: &str = "text/html";
const PLAIN: &str = "text/plain";

fn blob(content: &JsValue, kind: &str) -> Option<web_sys::Blob> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    web_sys::Blob::new_with_u8_array_sequence_and_options(&js_sys::Array::of1(content), &options).ok()
}

fn by_command(html: Option<String>, text: String) -> bool {
    let attempt = || {
        let document = document()?;
        let area: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
        area.set_value(&text);
        area.set_class_name("visually-hidden");
        let body = document.body()?;
        let focused = document.active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
        body.append_child(&area).ok()?;
        area.select();
        let twin = html.map(|html| {
            let options = gloo::events::EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&document, "copy", options, move |event| {
                let data = event.dyn_ref::<web_sys::ClipboardEvent>().and_then(|event| event.clipboard_data());
                if data.is_some_and(|data| data.set_data(HTML, &html).and(data.set_data(PLAIN, &text)).is_ok()) {
                    event.prevent_default();
                }
            })
        });
        let copied = document.dyn_ref::<HtmlDocument>()?.exec_command("copy").unwrap_or(false);
        drop(twin);
        area.remove();
        if let Some(element) = focused {
            let _ = element.focus();
        }
        Some(copied)
    };
    attempt().unwrap_or(false)
}

fn select(id: &str) {
    let attempt = || {
        let element = document()?.get_element_by_id(id)?;
        let selection = window()?.get_selection().ok()??;
        selection.select_all_children(&element).ok()
    };
    let _ = attempt();
}

/// True in a frame that keeps this page apart from everything: such a one may also forbid it to download and to print, and then
/// only the user sees that nothing came.
pub fn confined() -> bool {
    history::framed() && window().is_some_and(|window| window.origin() == "null")
}

/// Hands bytes to the user as a file.
pub fn download(file_name: &str, bytes: &[u8]) {
    let attempt = || {
        // No type by which a browser could show it in place of keeping it.
        let blob = blob(&js_sys::Uint8Array::from(bytes), "application/octet-stream")?;
        let url = web_sys::Url::create_object_url_with_blob(&blob).ok()?;
        let document = document()?;
        let anchor: web_sys::HtmlAnchorElement = document.create_element("a").ok()?.dyn_into().ok()?;
        anchor.set_href(&url);
        anchor.set_download(file_name);
        document.body()?.append_child(&anchor).ok()?;
        anchor.click();
        anchor.remove();
        // The browser reads the blob after this task: freeing its address now would empty the file.
        gloo::timers::callback::Timeout::new(10_000, move || {
            let _ = web_sys::Url::revoke_object_url(&url);
        })
        .forget();
        Some(())
    };
    let _ = attempt();
}

/// The day, where the machine is: `2026-11-30`, as it is written in Sweden.
pub fn today() -> String {
    js_sys::Date::new_0().to_locale_date_string("sv", &JsValue::UNDEFINED).into()
}

/// Asks the browser to print the page.
pub fn print() {
    let _ = window().map(|window| window.print());
}

/// Puts markup into the element of that id before the page is printed, whoever asks for it; until the listener is dropped.
/// Not a matter of the state: the browser does not wait for the page to be drawn again.
pub fn on_print(id: &'static str, markup: impl Fn() -> String + 'static) -> Option<EventListener> {
    Some(EventListener::new(window()?.as_ref(), "beforeprint", move |_| {
        if let Some(element) = document().and_then(|document| document.get_element_by_id(id)) {
            element.set_inner_html(&markup());
        }
    }))
}

/// The text in the field that an event is about.
pub fn typed(event: &InputEvent) -> String {
    event.target_dyn_into::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default()
}

/// The option that an event chose.
pub fn chosen(event: &Event) -> String {
    event.target_dyn_into::<HtmlSelectElement>().map(|select| select.value()).unwrap_or_default()
}

/// Makes the list of an event show the option at this position again: the state may refuse what the browser has already drawn.
pub fn set_chosen(event: &Event, at: usize) {
    if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
        select.set_selected_index(i32::try_from(at).unwrap_or(0));
    }
}

/// Whether the box that an event is about is ticked.
pub fn ticked(event: &Event) -> bool {
    event.target_dyn_into::<HtmlInputElement>().is_some_and(|input| input.checked())
}

/// Whether the details that an event is about are open.
pub fn unfolded(event: &Event) -> bool {
    event.target_dyn_into::<Element>().is_some_and(|details| details.has_attribute("open"))
}

/// Makes the checkbox of an event show this again: the state may refuse what the browser has already drawn.
pub fn set_ticked(event: &Event, ticked: bool) {
    if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
        input.set_checked(ticked);
    }
}

/// True if the focus goes out of the part of the page (a selector) that it was in, and not only to another field there.
pub fn leaves(event: &FocusEvent, part: &str) -> bool {
    let part_of = |target: Option<web_sys::EventTarget>| target?.dyn_into::<Element>().ok()?.closest(part).ok()?;
    let (from, to) = (part_of(event.target()), part_of(event.related_target()));
    to.is_none() || from != to
}

/// Opens whatever the element of that id is folded into, and moves the focus to it.
pub fn reveal(id: &str) {
    let Some(target) = document().and_then(|document| document.get_element_by_id(id)) else { return };
    let mut folded: Option<Element> = target.closest("details").ok().flatten();
    while let Some(details) = folded {
        let _ = details.set_attribute("open", "");
        folded = details.parent_element().and_then(|parent| parent.closest("details").ok().flatten());
    }
    // Those of SVG take the focus too, but are of another type.
    let _ = target.unchecked_ref::<HtmlElement>().focus();
}

/// Shows a plain message in place of a page that has failed, with the text that brings the deployment back.
pub fn show_failure(message: &str, deployment: &str) {
    let attempt = || {
        let element = document()?.get_element_by_id("start-error")?;
        let text = format!(
            "{message}\n\nYour deployment, to be kept or opened again behind the page's address:\n#{deployment}"
        );
        element.set_text_content(Some(&text));
        element.remove_attribute("hidden").ok()
    };
    let _ = attempt();
}

//! Pictures as pixels, which the browser makes of their markup. Asks no server, and never fails: what the browser refuses is an
//! answer.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};
use yew::Callback;

use super::{clipboard, document};

const PNG: &str = "image/png";
/// Pixels for each unit of the picture: sharp on good screens and on slides.
const SCALE: i32 = 2;
/// The longest edge, in pixels, that every engine can draw.
const LONGEST: i32 = 16_000;

/// What became of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// It is on the clipboard.
    Copied,
    /// It is here, as a PNG file: nobody asked for a copy, or the browser does not allow it.
    Made(Vec<u8>),
    /// The browser does not draw it.
    Refused,
}

/// Draws SVG of that width and height, twice as large, and copies it if that is asked for and allowed.
pub fn image(svg: String, size: [i32; 2], copy: bool, done: Callback<Image>) {
    spawn_local(async move {
        // Whoever copies must say so while the button is pressed, and may say later what.
        let drawn = future_to_promise(drawn(svg, size));
        if copy && copied(&drawn).await.is_some() {
            return done.emit(Image::Copied);
        }
        done.emit(bytes(drawn).await.map_or(Image::Refused, Image::Made));
    });
}

async fn copied(drawn: &Promise) -> Option<()> {
    let forms = Object::new();
    Reflect::set(&forms, &PNG.into(), drawn).ok()?;
    let clipboard = clipboard()?;
    let item = web_sys::ClipboardItem::new_with_record_from_str_to_blob_promise(&forms).ok()?;
    JsFuture::from(clipboard.write(&Array::of1(&item))).await.ok().map(drop)
}

async fn bytes(drawn: Promise) -> Option<Vec<u8>> {
    let blob: Blob = JsFuture::from(drawn).await.ok()?.dyn_into().ok()?;
    Some(Uint8Array::new(&JsFuture::from(blob.array_buffer()).await.ok()?).to_vec())
}

async fn drawn(svg: String, [width, height]: [i32; 2]) -> Result<JsValue, JsValue> {
    let image = HtmlImageElement::new()?;
    image.set_src(&["data:image/svg+xml,", &String::from(js_sys::encode_uri_component(&svg))].concat());
    JsFuture::from(image.decode()).await?;
    let scale = SCALE.min(LONGEST / width.max(height).max(1)).max(1);
    let canvas: HtmlCanvasElement = document().ok_or(JsValue::NULL)?.create_element("canvas")?.dyn_into()?;
    canvas.set_width((width * scale).unsigned_abs());
    canvas.set_height((height * scale).unsigned_abs());
    let context: CanvasRenderingContext2d = canvas.get_context("2d")?.ok_or(JsValue::NULL)?.dyn_into()?;
    let [width, height] = [width, height].map(|length| f64::from(length * scale));
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height)?;
    // Where it cannot, it calls back with nothing.
    let blob = Promise::new(&mut |found, refused| {
        if let Err(error) = canvas.to_blob(&found) {
            let _ = refused.call1(&JsValue::NULL, &error);
        }
    });
    JsFuture::from(blob).await
}

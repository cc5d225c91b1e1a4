//! Puts the page into one file: template, styles, its first answer, glue and WebAssembly, under a policy that allows nothing else. A pure
//! function of its inputs: the same parts make the same bytes, on every machine.

mod streams;
#[cfg(test)]
mod tests;

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lzma_rust2::{EncodeMode, LzmaOptions, LzmaWriter, MfType};
use sha2::{Digest, Sha256};

use crate::size::brotli;
use crate::{Result, strip};

/// A module with a section of code in which there is none.
#[cfg(test)]
pub const NOTHING: &[u8] = b"\0asm\x01\0\0\0\x0a\x01\0";

/// Starts the app in the finished page; decoders and glue go where the markers stand, on lines of their own.
const STARTER: &str = include_str!("bundle/starter.js");
const UNPACK_MARKER: &str = "/* UNPACK */";
const GLUE_MARKER: &str = "/* GLUE */";
/// Runs before the first paint.
const EARLY: &str = include_str!("bundle/early.js");
/// The decoder of the compressed WebAssembly.
const UNPACK: &str = include_str!("bundle/unpack.js");

/// Puts the unpacked streams together as a WebAssembly module.
const JOIN_MARKER: &str = "/* JOIN */";
const JOIN: &str = include_str!("bundle/join.js");

/// Opens a piece of the compressed WebAssembly in the page; the element that follows has it unpacked.
pub const PIECE_OPEN: &str = "<script type=\"application/octet-stream\">";
const PIECE: &str = "piece()";
/// Bytes in a piece, at most: some 70 ms of a slow line. No part of the base64 of another one.
const PIECE_LEN: usize = 3 * 5_000;

/// What the page is made of.
pub struct Parts<'a> {
    /// `index.html` of the checkout: one element per line, and the one list of style sheets.
    pub template: &'a str,
    /// The style sheets in the template's order, joined.
    pub css: &'a str,
    /// What `wasm-bindgen --target no-modules` wrote, with a loader that takes bytes.
    pub glue: &'a str,
    /// The WebAssembly.
    pub wasm: &'a [u8],
    /// What the page shows before it has started, as markup: the app as it draws itself first.
    pub answer: &'a str,
    /// And its ports, for those in whose browser it never does.
    pub ports: &'a str,
}

/// The style sheets that the template names, in its order.
pub fn styles(template: &str) -> Result<Vec<&str>> {
    let mut styles = Vec::new();
    for line in template.lines() {
        if let Line::Style(href) = Line::of(line.trim())? {
            styles.push(href);
        }
    }
    Ok(styles)
}

/// The page, whole: with the packing that is smallest on the wire, where servers pack it once more.
pub fn page(parts: &Parts) -> Result<String> {
    let mut smallest: Option<(usize, String)> = None;
    for packed in lzma(&streams::sort(parts.wasm)?)? {
        let page = page_of(parts, &packed)?;
        let size = brotli(page.as_bytes())?.len();
        if smallest.as_ref().is_none_or(|(other, _)| size < *other) {
            smallest = Some((size, page));
        }
    }
    smallest.map(|(_, page)| page).ok_or_else(|| "nothing packed".into())
}

/// The compressed WebAssembly of a page, as base64.
pub fn payload(page: &str) -> String {
    let pieces = page.split(PIECE_OPEN).skip(1);
    pieces.filter_map(|piece| piece.split_once("</script>")).map(|(piece, _)| piece).collect()
}

fn page_of(parts: &Parts, packed: &[u8]) -> Result<String> {
    let css = strip::css(parts.css).replace("</style", "<\\/style");
    let script = script(parts.glue)?;
    let early = strip::javascript(EARLY);
    let answer = strip::markup(parts.answer).ok_or("the answer is not what Yew draws")?;
    let ports = strip::markup(parts.ports).ok_or("the ports are no markup of ours")?;
    let policy = format!(
        "default-src 'none'; script-src {} {} {} 'wasm-unsafe-eval'; style-src {}; img-src data: blob:; base-uri 'none'; \
         form-action 'none'",
        hash(&early),
        hash(&script),
        hash(PIECE),
        hash(&css),
    );

    let mut out = String::new();
    let (mut policies, mut styles, mut drawn, mut scripts) = (0, 0, 0, 0);
    for line in without_comments(parts.template)?.lines() {
        let line = line.trim();
        match Line::of(line)? {
            Line::Empty | Line::Rust => {}
            Line::Style(_) => {
                // All styles stand where the first one stood.
                if styles == 0 {
                    out.push_str(&format!("<style>{css}</style>\n"));
                }
                styles += 1;
            }
            Line::Charset => {
                // Before everything that it governs.
                policies += 1;
                out.push_str(&format!("{line}\n<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n"));
            }
            Line::App => {
                drawn += 1;
                out.push_str(&format!("<div id=\"app\"><script>{early}</script>{answer}</div>\n"));
            }
            Line::Ports => {
                drawn += 1;
                out.push_str(&format!(
                    "<noscript id=\"ports\"><section class=\"still\">{ports}</section></noscript>\n"
                ));
            }
            Line::BodyEnd => {
                scripts += 1;
                out.push_str(&format!("<script>{script}</script>\n"));
                for piece in packed.chunks(PIECE_LEN) {
                    let piece = BASE64.encode(piece);
                    out.push_str(&format!("{PIECE_OPEN}{piece}</script><script>{PIECE}</script>"));
                }
                out.push_str(&format!("\n{line}\n"));
            }
            Line::Other => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    if (policies, drawn, scripts) != (1, 2, 1) || styles == 0 {
        return Err(
            "index.html needs one line each: <meta charset>, the app, its ports, </body>; and style links".into()
        );
    }
    Ok(out)
}

/// What a line of the template means here.
enum Line<'a> {
    Empty,
    /// A style sheet to put into the page.
    Style(&'a str),
    /// Tells Trunk what to compile; nothing to do here.
    Rust,
    Charset,
    /// Where the app will be.
    App,
    /// Where its ports are for those without scripts.
    Ports,
    BodyEnd,
    Other,
}

impl Line<'_> {
    fn of(line: &str) -> Result<Line<'_>> {
        Ok(match line {
            "" => Line::Empty,
            "</body>" => Line::BodyEnd,
            "<div id=\"app\"></div>" => Line::App,
            "<noscript id=\"ports\"></noscript>" => Line::Ports,
            _ if line.starts_with("<meta charset") => Line::Charset,
            _ if !line.contains("data-trunk") => Line::Other,
            _ if line.contains("rel=\"rust\"") => Line::Rust,
            _ if line.contains("rel=\"inline\"") && line.contains("type=\"css\"") => line
                .split_once("href=\"")
                .and_then(|(_, rest)| rest.split_once('"'))
                .map(|(href, _)| Line::Style(href))
                .ok_or_else(|| format!("index.html: no href in {line}"))?,
            _ => return Err(format!("index.html: cannot put this into one file: {line}").into()),
        })
    }
}

fn without_comments(html: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = html;
    while let Some((before, comment)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = comment.split_once("-->").ok_or("index.html: a comment has no end")?.1;
    }
    out.push_str(rest);
    Ok(out)
}

/// Glue and starter as one classic script: modules and separate files do not load from `file://`.
fn script(glue: &str) -> Result<String> {
    if !glue.starts_with("let wasm_bindgen") {
        return Err("the glue is not what `wasm-bindgen --target no-modules` writes".into());
    }
    let script =
        STARTER.replacen(UNPACK_MARKER, UNPACK, 1).replacen(JOIN_MARKER, JOIN, 1).replacen(GLUE_MARKER, glue, 1);
    let script = strip::javascript(&script);
    // Only strings and regular expressions can hold these, where the backslash means nothing.
    Ok(script.replace("</script", "<\\/script").replace("<!--", "<\\!--"))
}

/// As LZMA in several ways, each a `.lzma` file (header and all). Contexts never depend on positions: WebAssembly has no
/// alignment, and the page's own decoder is the shorter for it. It also reads no more than three bytes of the size.
fn lzma(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    if bytes.len() >= 1 << 24 {
        return Err("the WebAssembly is larger than 16 MB".into());
    }
    let mut packings = Vec::new();
    let ways = (1..=4).flat_map(|bits| [LzmaOptions::NICE_LEN_MAX, 192, 128].map(|nice_len| (bits, nice_len)));
    for (literal_bits, nice_len) in ways {
        let options = LzmaOptions {
            dict_size: 1 << 20,
            lc: literal_bits,
            lp: 0,
            pb: 0,
            mode: EncodeMode::Normal,
            nice_len,
            mf: MfType::Bt4,
            depth_limit: 1000,
            preset_dict: None,
        };
        let mut writer = LzmaWriter::new_use_header(Vec::new(), &options, Some(bytes.len() as u64))?;
        writer.write_all(bytes)?;
        packings.push(writer.finish()?);
    }
    Ok(packings)
}

/// How the policy names an inline script or style: exactly the text between its tags.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(Sha256::digest(text)))
}

//! The page from its parts: order, escapes, policy, and refusals.

use std::process::{Command, Stdio};

use super::*;

const TEMPLATE: &str = r#"<!doctype html>
<html lang="en">
    <head>
        <meta charset="utf-8" />
        <!-- why
             and how -->
        <link data-trunk rel="rust" data-bin="portcullis" />
        <link data-trunk rel="inline" type="css" href="styles/a.css" />
        <link data-trunk rel="inline" type="css" href="styles/b.css" />
    </head>
    <body>
        <div id="app"></div>
        <noscript id="ports"></noscript>
    </body>
</html>
"#;

const ANSWER: &str = "<h1 title=\"idle\">the answer</h1>";
const PORTS: &str = "<table border=\"1\"><td>the ports</td></table>";

fn between<'a>(page: &'a str, open: &str, close: &str) -> &'a str {
    let from = page.find(open).unwrap() + open.len();
    page[from..].split_once(close).unwrap().0
}

fn made(css: &str, glue: &str) -> String {
    let parts = Parts { template: TEMPLATE, css, glue, wasm: NOTHING, answer: ANSWER, ports: PORTS };
    page(&parts).unwrap()
}

#[test]
fn the_template_is_the_list_of_styles() {
    assert_eq!(styles(TEMPLATE).unwrap(), ["styles/a.css", "styles/b.css"]);
}

#[test]
fn the_policy_comes_first_and_names_what_is_there() {
    let page = made("a {}\n", "let wasm_bindgen = 1;\n");
    let policy = page.find("Content-Security-Policy").unwrap();
    assert!(policy < page.find("<style").unwrap());
    assert!(policy < page.find("<script").unwrap());
    assert!(page.contains(&hash(between(&page, "<style>", "</style>"))));
    let scripts: Vec<&str> =
        page.split("<script>").skip(1).map(|rest| rest.split_once("</script>").unwrap().0).collect();
    assert_eq!(scripts.len(), 3);
    for script in scripts {
        assert!(page.contains(&hash(script)), "{script}");
    }
    assert!(!page.contains("data-trunk") && !page.contains("<!--"));
}

#[test]
fn no_part_can_end_its_element() {
    let page = made("a { content: \"</style>\" }", "let wasm_bindgen = '</script><!--';\n");
    assert_eq!(page.matches("</style>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 4);
    assert!(!page.contains("<!--"));
}

#[test]
fn the_same_parts_make_the_same_bytes() {
    let glue = "let wasm_bindgen = 1;\n";
    assert_eq!(made("a {}", glue), made("a {}", glue));
}

#[test]
fn what_cannot_be_in_one_file_is_refused() {
    let link = "<link data-trunk rel=\"copy-file\" href=\"a.png\" />";
    assert!(styles(link).unwrap_err().to_string().contains("copy-file"));
    let glue = "let wasm_bindgen";
    let parts = Parts { template: "<p>no head</p>", css: "", glue, wasm: NOTHING, answer: ANSWER, ports: PORTS };
    assert!(page(&parts).is_err());
    let parts = Parts { template: TEMPLATE, glue: "export default", ..parts };
    assert!(page(&parts).is_err());
    let parts = Parts { answer: "<p class='a'>", glue: "let wasm_bindgen", ..parts };
    assert!(page(&parts).is_err());
}

#[test]
fn the_first_answer_stands_before_the_code_and_behind_what_may_hide_it() {
    let page = made("a {}", "let wasm_bindgen = 1;\n");
    let places = ["<div id=\"app\"><script>", "<h1>the answer</h1></div>", "<td>the ports</td>", PIECE_OPEN];
    let places = places.map(|part| page.find(part).unwrap_or_else(|| panic!("{part}")));
    assert!(places.is_sorted(), "{places:?}");
    let early = between(&page, "<div id=\"app\"><script>", "</script>");
    assert!(early.contains("inert") && page.contains(&hash(early)), "{early}");
}

/// Unpacks what it reads, as the page does, whatever pieces it comes in; then demands that what is cut off, lengthened or
/// changed never comes out as something else.
const UNPACKS: &str = "
    const made = (packed, length) => {
        const unpacking = unpack(packed.slice(0, length));
        for (let at = length; at < packed.length; at += length) unpacking(packed.slice(at, at + length));
        return Buffer.from(unpacking());
    };
    const packed = require('node:fs').readFileSync(0, 'latin1');
    const whole = made(packed, packed.length);
    process.stdout.write(whole);
    for (const length of [18, 19, 100, 5000]) if (!made(packed, length).equals(whole)) process.exit(1);
    const damaged = [packed + 'x'];
    for (let at = 0; at < packed.length; at += at < 40 ? 1 : 1 + packed.length / 20 | 0) {
        damaged.push(packed.slice(0, at));
        damaged.push(packed.slice(0, at) + '\\xa5' + packed.slice(at + 1));
    }
    for (const text of damaged) {
        let came = whole;
        try { came = made(text, 1000) } catch {}
        // Some bytes of the header mean nothing here.
        if (!came.equals(whole)) process.exit(1);
    }
";

#[test]
fn every_piece_is_in_the_page() {
    let packed: Vec<u8> = (0..2 * PIECE_LEN + 7).map(|at| (at % 251) as u8).collect();
    let glue = "let wasm_bindgen = 1;\n";
    let parts = Parts { template: TEMPLATE, css: "a {}", glue, wasm: NOTHING, answer: ANSWER, ports: PORTS };
    let page = page_of(&parts, &packed).unwrap();
    assert_eq!(page.matches(&format!("</script><script>{PIECE}</script>")).count(), 3);
    assert_eq!(BASE64.decode(payload(&page)).unwrap(), packed);
}

#[test]
fn the_decoder_of_the_page_unpacks_what_the_bundler_packs() {
    if Command::new("node").arg("--version").output().is_err() {
        eprintln!("left out: no node; the browser tests open the built page instead");
        return;
    }
    // Literals, runs, matches near and far, and distances that come again.
    let mut seed = 1_u32;
    let mut random = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 24
    };
    let noise: Vec<u8> = (0..20_000).map(|_| random() as u8).collect();
    let mut woven = Vec::new();
    for _ in 0..600 {
        let (from, len) = (random() as usize * 77 % 19_000, random() as usize);
        woven.extend_from_slice(&noise[from..from + len]);
        woven.extend(std::iter::repeat_n(b'-', random() as usize % 9));
    }
    let every = [&b""[..], b"\0", b"\0asm", &[7; 5_000], &noise, &woven];
    let packings = every.map(|bytes| lzma(bytes).unwrap().into_iter().map(move |packed| (bytes, packed)));
    for (bytes, packed) in packings.into_iter().flatten() {
        let mut node = Command::new("node")
            .args(["-e", &format!("{UNPACK}\n{UNPACKS}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        node.stdin.take().unwrap().write_all(&packed).unwrap();
        let done = node.wait_with_output().unwrap();
        assert!(done.stdout == bytes, "{} bytes came out as {}", bytes.len(), done.stdout.len());
        assert!(done.status.success(), "something else came out of damaged bytes, of {} bytes", bytes.len());
    }
}

/// Sorts and joins, as the page does; writes what came out.
const JOINS: &str = "
    process.stdout.write(Buffer.from(join(require('node:fs').readFileSync(0))));
";

/// A module whose bodies are these; what stands around them means nothing here.
fn module(bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut code = vec![bodies.len() as u8];
    for body in bodies {
        code.extend([0x80 | (body.len() & 127) as u8, (body.len() >> 7) as u8]);
        code.extend(body);
    }
    let mut module = b"\0asm\x01\0\0\0\x01\x02ab\x0a".to_vec();
    module.extend([0x80 | (code.len() & 127) as u8, (code.len() >> 7) as u8]);
    module.extend(code);
    module.extend(b"\x0b\x03end");
    module
}

#[test]
fn the_page_puts_together_what_the_bundler_sorts() {
    // Two kinds of locals; every kind of operand, short and long, the negative ones too.
    let mut every = vec![2, 3, 0x7f, 1, 0x7e];
    for instruction in 0..=0x44_u8 {
        let operands: &[u8] = match streams::OPERANDS[usize::from(instruction)] {
            b'.' => &[],
            b'T' => &[2, 0x80, 1, 0x41, 7],
            b'I' => &[0x85, 1, 0],
            b'M' => &[0, 0x90, 0x7f],
            b'4' => &[1, 2, 3, 0xff],
            b'8' => &[1, 2, 3, 4, 5, 6, 0xfe, 0xff],
            _ => &[0x80, 0x80, 0x7c],
        };
        every.push(instruction);
        every.extend(operands);
    }
    for (number, operands) in (0_u8..).zip(streams::EXTENDED) {
        every.extend([0xfc, number]);
        every.extend(std::iter::repeat_n(9, usize::from(operands - b'0')));
    }
    every.extend([0x45, 0xc4, 0xd0, 0x70, 0xd1, 0xd2, 0x83, 1, 0x0b]);
    let full = module(&[every.clone(), vec![0, 0x0b], every]);
    assert!(full.len() > 400);
    for module in [NOTHING, &full] {
        let sorted = streams::sort(module).unwrap();
        let Ok(mut node) = Command::new("node")
            .args(["-e", &format!("{JOIN}\n{JOINS}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
        else {
            return eprintln!("left out: no node; the browser tests open the built page instead");
        };
        node.stdin.take().unwrap().write_all(&sorted).unwrap();
        assert_eq!(node.wait_with_output().unwrap().stdout, module);
    }
}

#[test]
fn what_the_page_could_not_put_together_is_refused() {
    assert!(streams::sort(b"\0asm\x01\0\0\0").is_err(), "no code");
    for body in
        [&[0, 0xfe, 0, 0x0b][..], &[0, 0xfc, 40, 0x0b], &[0, 0x41, 0x80], &[0, 0x28, 0x40, 0, 0x0b], &[0, 0x44, 1]]
    {
        assert!(streams::sort(&module(&[body.to_vec()])).is_err(), "{body:x?}");
    }
    assert!(streams::sort(&module(&[vec![0, 0x0b]])).is_ok());
}

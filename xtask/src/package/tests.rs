//! Archives that are the same whatever order and day they are made in, and headers that say what the page says.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::*;

fn file(path: &str, text: &str) -> File {
    (path.to_owned(), text.as_bytes().to_vec())
}

/// The files of an archive, by its directory: path, mode, time, bytes.
fn unzip(archive: &[u8]) -> Vec<(String, u32, u32, Vec<u8>)> {
    let half = |at: usize| usize::from(u16::from_le_bytes(archive[at..at + 2].try_into().unwrap()));
    let word = |at: usize| u32::from_le_bytes(archive[at..at + 4].try_into().unwrap());
    let end = archive.len() - 22;
    assert_eq!(archive[end..end + 4], *b"PK\x05\x06");
    let mut files = Vec::new();
    let mut at = word(end + 16) as usize;
    for _ in 0..half(end + 10) {
        assert_eq!(archive[at..at + 4], *b"PK\x01\x02");
        let name = half(at + 28);
        let path = String::from_utf8(archive[at + 46..at + 46 + name].to_vec()).unwrap();
        let own = word(at + 42) as usize;
        // Both heads say the same of an entry.
        assert_eq!(archive[at + 6..at + 32], archive[own + 4..own + 30]);
        let data = own + 30 + half(own + 26) + half(own + 28);
        let mut bytes = Vec::new();
        DeflateDecoder::new(&archive[data..data + word(at + 20) as usize]).read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len(), word(at + 24) as usize);
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        assert_eq!(crc.sum(), word(at + 16));
        files.push((path, word(at + 38) >> 16, word(at + 12), bytes));
        at += 46 + name;
    }
    assert_eq!(at, end);
    files
}

#[test]
fn an_archive_holds_what_was_put_in_sorted_and_without_a_day() {
    let long = "the same again, ".repeat(500);
    let files = vec![file("b/two.txt", &long), file("a.txt", ""), file("b/one.txt", "ünï")];
    let archive = zip::zip(files.clone()).unwrap();
    let mut sorted = files.clone();
    sorted.sort();
    let inside = unzip(&archive);
    let found: Vec<File> = inside.iter().map(|(path, _, _, bytes)| (path.clone(), bytes.clone())).collect();
    assert_eq!(found, sorted);
    assert!(inside.iter().all(|(_, mode, time, _)| (*mode, *time) == (0o100_644, 0x0021_0000)));
    assert!(archive.len() < 1_000, "packed");
    assert_eq!(archive, zip::zip(sorted).unwrap(), "in whatever order they come");
}

#[test]
fn what_is_packed_with_gzip_names_no_time_and_no_system() {
    let packed = gzip(b"page").unwrap();
    assert_eq!(packed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
}

#[test]
fn checksums_are_those_of_the_standard() {
    let sums = sums(&[file("a", "abc")]);
    assert_eq!(sums, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n");
}

#[test]
fn headers_say_the_policy_of_the_page_once() {
    let policy = "default-src 'none'; script-src 'sha256-x=='";
    let page =
        format!("<meta charset=\"utf-8\" />\n<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n");
    let places = Places::find().unwrap();
    let written = headers::headers(&places, &page).unwrap();
    let names: Vec<&str> = written.iter().map(|(name, _)| name.as_str()).collect();
    let texts = ["README.md", "embedding.md"];
    assert_eq!(
        names,
        ["README.md", "_headers", "apache.conf", "cloudfront.json", "embedding.md", "nginx.conf", "web.config"]
    );
    for (name, text) in written.iter().filter(|(name, _)| !texts.contains(&name.as_str())) {
        let whole = format!("{policy}; frame-ancestors 'self'");
        assert_eq!(text.matches(&whole).count(), 1, "{name}");
        assert_eq!(text.matches("default-src").count(), 1, "{name}");
        // A header that knows no list would take the frames away again; it may only be taken off.
        let sends =
            |line: &&str| line.contains("X-Frame-Options") && !line.contains("unset") && !line.contains("<remove");
        assert_eq!(text.lines().find(sends), None, "{name}");
        assert!(text.contains("no-cache"), "{name}");
    }
}

#[test]
fn a_snippet_without_its_place_for_the_policy_is_refused() {
    for text in ["", "frame-ancestors 'self' frame-ancestors 'self'", "frame-ancestors *"] {
        assert_eq!(headers::with_policy(text, "default-src 'none'"), None, "{text}");
    }
    assert_eq!(headers::policy("<p>no policy</p>"), None);
}

#[test]
fn every_crate_of_the_page_brings_its_licence() {
    let licences = licences::licences(&Places::find().unwrap()).unwrap();
    for name in
        ["\nyew 0.", "\nwasm-bindgen 0.", "\npostcard 1.", "the Rust standard library", "Permission is hereby granted"]
    {
        assert!(licences.contains(name), "{name}");
    }
    // What only builds or tests is not in the page, and says nothing there.
    for name in ["\nsyn ", "\nserde_derive ", "\nproptest ", "\nbrotli ", "\nhtml-escape ", "/src/", ".cargo"] {
        assert!(!licences.contains(name), "{name}");
    }
    assert!(licences.lines().all(|line| !line.ends_with('\r')));
}

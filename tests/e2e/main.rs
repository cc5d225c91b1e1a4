//! The built page in a real Chromium, over http and from a file: what people do with it, told as stories. Never looks inside
//! the program; never leaves loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod browser;
mod page;
mod served;

#[test]
fn probe() {
    page::tell(|page| {
        page.is_quiet();
        page.picture("first");
        page.unfold(3);
        page.fill("#a-3", "192.0.2.49");
        page.choose("#pick-ways", "In and out");
        page.picture("second");
        page.browser.type_into("#missing-4", "192.0.2.65");
        page.picture("third");
        browser::say(&format!("{} {}", page.value("#a-4"), page.copy()));
        browser::say(&page.link());
        page.is_quiet();
    });
}

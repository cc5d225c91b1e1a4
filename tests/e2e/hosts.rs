//! A whole policy, and all machines at once: what is asked for, what is offered, what is downloaded.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::page::{Page, group, tell};

/// The texts that are offered, by their buttons.
fn offered(page: &Page) -> String {
    page.text(".texts")
}

#[test]
fn a_whole_policy_asks_for_administrators_before_it_runs() {
    tell(|page| {
        page.choose("#pick-group", &group::SERVER.to_string());
        page.choose("#pick-dialect", "nftables");
        assert!(!offered(page).contains("Confirm or roll back"), "{}", offered(page));
        page.choose("#pick-policy", "Whole policy");
        page.wait_for("#snippet-text", "table inet portcullis");
        page.wait_for(".texts", "Confirm or roll back");
        page.wait_for("#snippet-text", "Management has no address");
        page.wait_for("#tab-panel", "Nobody could manage Spotfire Server any more.");
        page.fill(&format!("#missing-{}", group::NODE), "192.0.2.65");
        page.browser.type_into("#management", "203.0.113.0/24");
        page.wait_for("#snippet-text", "ip saddr 203.0.113.0/24 tcp dport 22 ct state new accept");
        page.browser.type_into("#ssh", "2222");
        page.wait_for("#snippet-text", "ip saddr 203.0.113.0/24 tcp dport 2222 ct state new accept");
        let text = page.snippet();
        assert!(!text.contains("Held back") && !text.contains("stop 'Fill in"), "{text}");

        // Outgoing traffic is dropped only if asked for, and then what machines live on is asked for too.
        page.choose("#pick-ways", "In and out");
        page.wait_for("#snippet-text", "hook output priority filter; policy accept;");
        page.browser.click("//label[contains(., 'Drop outgoing traffic')]");
        page.wait_for("#snippet-text", "hook output priority filter; policy drop;");
        page.wait_for("#snippet-text", "DNS servers has no address");
        page.browser.type_into("#base-dns", "192.0.2.53");
        page.wait_for("#snippet-text", "ip daddr 192.0.2.53 udp dport 53");
        // What is said meanwhile above the text does not take the field from under one's hands.
        page.fill("#base-dns", "192.0.2.53, dns.example.test");
        page.wait_for(".above .note", "dns.example.test");
        assert_eq!(page.value("#base-dns"), "192.0.2.53, dns.example.test");
        assert_eq!(page.browser.run("return document.activeElement.id;", json!([])), json!("base-dns"));
        page.fill("#base-dns", "192.0.2.53");
        page.wait_without(".above .note");
        for service in ["Time servers", "Update servers", "Domain controllers"] {
            page.press_button(&format!("Do without {service}"));
            page.wait_for(".host", "not used");
        }
        page.fill(&format!("#missing-{}", group::DATABASE), "192.0.2.81");
        page.browser.wait("!document.querySelector('#snippet-text').textContent.includes('Held back')");

        // It is a part of the link and of what is kept.
        let link = page.link();
        assert!(link.contains("h.m=203.0.113.0") && link.contains("g3.h=whole"), "{link}");
        page.press_button("Confirm or roll back");
        page.wait_for("#snippet-text", "In place for 60 seconds");
        page.reload();
        page.wait_for("#snippet-text", "table inet portcullis");

        // Windows has the same question, and no rolling back.
        page.choose("#pick-group", &group::NODE.to_string());
        page.choose("#pick-policy", "Whole policy");
        page.wait_for(".host", "Remote Desktop and WinRM");
        page.wait_for("#snippet-text", "Management");
        assert!(!offered(page).contains("Confirm or roll back"), "{}", offered(page));
        page.is_quiet();
    });
}

#[test]
fn all_machines_come_as_one_archive() {
    tell(|page| {
        page.press_button("Download all texts of all machines, as one archive");
        page.wait_for(".toast", "in one archive");
        let path = arrived(page, "spotfire-firewall-rules.zip");
        let bytes = fs::read(&path).expect("an archive");
        assert!(bytes.starts_with(b"PK\x03\x04"));
        let inside = String::from_utf8_lossy(&bytes);
        for name in ["README.txt", "2-apply/spotfire-spotfire-server.sh", "4-take-out/spotfire-node.ps1"] {
            assert!(inside.matches(name).count() >= 2, "{name} is not in the archive");
        }
        assert!(inside.contains("Held back: "));
        fs::remove_file(path).expect("ours");
        page.is_quiet();
    });
}

/// The path of a download, once it has come: the browser moves the file to its name when it is whole.
pub fn arrived(page: &Page, name: &str) -> PathBuf {
    let path = page.browser.downloads().join(name);
    let frames = 600;
    let here = |path: &Path| {
        page.browser.run_async("await new Promise(requestAnimationFrame);", json!([]));
        path.is_file()
    };
    let there = || fs::read_dir(page.browser.downloads()).map(Iterator::collect::<Vec<_>>);
    assert!((0..frames).any(|_| here(&path)), "{name} has not come: {:?}", there());
    page.browser.resize_back();
    path
}

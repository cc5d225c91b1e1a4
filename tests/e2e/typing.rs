//! What people type and paste, good and bad: what is wrong is said beside the field with what was meant, and the rest keeps
//! working. Never clears what someone has written.

use serde_json::json;

use crate::browser::key;
use crate::page::{group, tell};

#[test]
fn bad_input_is_explained_beside_its_field() {
    tell(|page| {
        let addresses = format!("#a-{}", group::SERVER);
        let port = format!("#p-{}-server-communication", group::SERVER);
        page.unfold(group::SERVER);
        for (typed, meant) in [
            ("010.0.0.1", "Did you mean 10.0.0.1?"),
            ("10.1", "10.0.0.1"),
            ("10.0.0.5/8", "Did you mean 10.0.0.0/8"),
            ("192.0.2.300", "300"),
            ("http://host.example.test/", "host.example.test"),
        ] {
            page.fill(&addresses, &format!("192.0.2.49 {typed}"));
            page.browser.press(&[key::TAB]);
            page.wait_for(&format!("{addresses}-error"), meant);
            let told = page.browser.run(
                "const it = document.querySelector(arguments[0]); return [it.ariaInvalid, it.getAttribute('aria-describedby')];",
                json!([addresses]),
            );
            assert_eq!(told, json!(["true", format!("a-{}-error", group::SERVER)]));
            assert_eq!(page.value(&addresses), format!("192.0.2.49 {typed}"), "what was typed stays");
            assert!(page.text("#snippet-text").contains("(192.0.2.49)"), "the rest keeps working beside {typed}");
        }
        page.picture("bad-address");
        // What could not be read is told above the text, and is there again when the group is unfolded.
        let note = "Spotfire Server: “http://host.example.test/” could not be read.";
        page.wait_for(".unread", note);
        page.browser.click(&format!("#group-{} > summary", group::SERVER));
        page.wait_without(&addresses);
        page.wait_for(".unread", note);
        page.press_button("Show");
        page.browser.wait_with("document.activeElement.matches(arguments[0])", json!([addresses]));
        assert_eq!(page.value(&addresses), "192.0.2.49 http://host.example.test/");
        // So it is with a field that goes away when it has an address.
        page.fill("#missing-4", "192.0.2.50 10.1");
        page.browser.press(&[key::TAB]);
        page.wait_without("#missing-4");
        page.fill(&addresses, "192.0.2.49");
        page.browser.press(&[key::TAB]);
        page.wait_for(".unread", "Node: “10.1” could not be read.");
        page.press_button("Show");
        page.browser.wait("document.activeElement.id === 'a-4'");
        assert_eq!(page.value("#a-4"), "192.0.2.50 10.1");
        page.fill("#a-4", "192.0.2.50");
        page.wait_without(".unread");
        // What is said while one types on does not take the field from under one's hands.
        page.fill(&addresses, "010.0.0.1 192.0.2.49 10.1 ");
        page.browser.wait_with(
            "document.activeElement.matches(arguments[0]) && document.querySelectorAll(arguments[0] + '-error > span').length === 2",
            json!([addresses]),
        );
        assert_eq!(page.value(&addresses), "010.0.0.1 192.0.2.49 10.1 ");
        page.fill(&addresses, "192.0.2.49");
        page.wait_without(&format!("{addresses}-error"));

        page.fill(&port, "9445");
        page.browser.press(&[key::TAB]);
        for (typed, meant) in [
            ("1e3", "Did you mean 1000?"),
            ("0", "Port 0 does not exist"),
            ("65536", "65536 is too large"),
            ("09443", "Did you mean 9443?"),
            ("9443/tcp", "Did you mean 9443?"),
        ] {
            page.fill(&port, typed);
            assert_eq!(page.value(&port), typed, "what was typed stays");
            page.browser.press(&[key::TAB]);
            page.wait_for(&format!("{port}-error"), meant);
            page.wait_for(&format!("{port}-error"), "Until then 9445 holds.");
            assert!(page.text(".diagram svg").contains("9445"));
        }
        page.picture("bad-port");
        page.fill(&port, "9446");
        page.wait_without(&format!("{port}-error"));

        page.browser.click(".custom summary");
        let from = page.browser.run("return document.querySelector('#x-from').selectedOptions[0].text;", json!([]));
        assert_eq!(
            (from, page.value("#x-protocol")),
            (json!("Web clients"), "tcp".to_owned()),
            "what is shown is what is meant"
        );
        page.choose("#x-to", &group::SERVER.to_string());
        page.fill("#x-ports", "9610-9600");
        page.press_button("Add");
        page.wait_for("#x-error", "Did you mean 9600-9610?");
        assert_eq!(page.value("#x-ports"), "9610-9600");
        page.fill("#x-ports", "9600-9610");
        page.fill("#x-purpose", "Backup $(reboot)");
        page.press_button("Add");
        page.wait_for(".custom li", "Web clients to Spotfire Server, TCP 9600-9610: Backup $(reboot)");
        page.wait_for("#snippet-text", "dport 9600-9610 ");
        assert!(!page.snippet().contains("$(reboot)"));
        page.is_quiet();
    });
}

#[test]
fn lists_are_pasted_and_names_are_made_safe() {
    tell(|page| {
        let addresses = format!("#a-{}", group::SERVER);
        page.unfold(group::SERVER);
        page.browser.run_async(
            "await navigator.clipboard.writeText(arguments[0]);",
            json!(["192.0.2.49, 192.0.2.50;192.0.2.51\t192.0.2.52\n192.0.2.53\r\n2001:db8::/64\n"]),
        );
        page.browser.click(&addresses);
        page.browser.press(&[key::CONTROL, "v"]);
        page.browser.press(&[key::TAB]);
        page.wait_for(".group summary", "6 addresses");
        assert!(!page.has(&format!("{addresses}-error")));

        for name in [
            "it's \"here\"",
            "$(touch /tmp/portcullis)",
            "`id`",
            "%PATH%",
            "a\\nb",
            "</script><b>",
            "Ü ☂",
            "'; & { Remove-Item x } '",
        ] {
            page.fill(&format!("#n-{}", group::SERVER), name);
            page.wait_for(".group .name", name);
            for dialect in ["nftables", "powershell"] {
                page.choose("#pick-dialect", dialect);
                page.wait_for(".above .note", "not safe in a script");
                let text = page.snippet();
                assert!(!text.contains(name), "{dialect}: {name} in\n{text}");
            }
            assert!(page.has(".diagram svg"), "{name}");
        }
        page.picture("names");
        page.is_quiet();
    });
}

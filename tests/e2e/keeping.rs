//! Links, reloads and storage: what a person has made is not lost, and not replaced by what comes by a link.

use serde_json::json;

use crate::engine::Need;
use crate::page::{group, tell};

/// Where the page keeps the user's own deployment, and its mark of a start under way.
const KEPT: &str = "portcullis.deployment";
const STARTING: &str = "portcullis.starting";

/// A module that does nothing but fail, run as the page's own would be.
const TRAP: &str = "window.trap = () => setTimeout(() => new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array( \
    [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 8, 1, 0, 10, 5, 1, 3, 0, 0, 11]))));";

#[test]
fn a_link_opens_the_same_anywhere_and_leaves_ones_own_alone() {
    tell(|page| {
        let address = format!("#a-{}", group::SERVER);
        page.unfold(group::SERVER);
        page.fill(&address, "192.0.2.49");
        page.browser.click("#role-jmx-client");
        page.fill(&format!("#p-{}-jmx", group::SERVER), "1199");
        page.wait_for("#snippet-text", "1199");
        let (link, snippet) = (page.link(), page.snippet());
        assert_eq!(page.stored(KEPT), json!(link));

        // Somebody else, elsewhere.
        let other = page.elsewhere();
        other.open(&link);
        assert_eq!(other.snippet(), snippet);
        other.wait_for(".notice", "This deployment came by a link and is not kept in this browser yet.");
        assert_eq!((other.stored(KEPT), other.has("#mine")), (json!(null), false));
        // What is changed on a link outlives a reload, though it is not kept.
        other.browser.click("#role-smtp");
        other.browser.wait("location.hash.includes('smtp')");
        other.reload();
        other.wait_for(".group .name", "Mail server");
        assert_eq!(other.stored(KEPT), json!(null));
        other.press_button("Keep this one");
        other.wait_without(".notice");
        assert_eq!(other.browser.run("return location.hash;", json!([])), json!(""));
        let theirs = other.link();
        assert_eq!(other.stored(KEPT), json!(theirs));
        other.is_quiet();
        drop(other);

        // Theirs over mine: by opening, and while mine is open.
        for whole in [true, false] {
            if whole {
                page.open(&theirs);
            } else {
                page.browser.open(&format!("{}#{theirs}", page.address));
            }
            page.wait_for(".notice", "Yours is kept, and stays as it is until you keep this one.");
            page.picture("link-over-mine");
            page.wait_for(".group .name", "Mail server");
            page.browser.click("#role-kdc");
            page.browser.wait("location.hash.includes('kdc')");
            assert_eq!(page.stored(KEPT), json!(link));
            page.reload();
            page.wait_for(".group .name", "Kerberos KDC");
            assert_eq!(page.stored(KEPT), json!(link));
            page.browser.click("#mine");
            page.wait_without(".notice");
            assert_eq!((page.snippet(), page.link()), (snippet.clone(), link.clone()));
            assert_eq!(page.browser.run("return location.hash;", json!([])), json!(""));
            page.reload();
            assert_eq!((page.snippet(), page.link()), (snippet.clone(), link.clone()));
        }

        // Links that are no longer what they were.
        let long = format!("1;g3.a=192.0.2.49;{}", "zz.zz=0123456789;".repeat(60_000));
        for (fragment, said) in [
            ("hello", "This is not a link of this page."),
            (&link.replace("1;", "2;"), "The link was made by a newer version of this page"),
            (&link[..link.len() - 9], "The link was cut or changed on its way"),
            (&link.replace("192.0.2.49", "010.0.0.1"), "The link was cut or changed on its way"),
            (&long, "The link is too long"),
        ] {
            page.open(fragment);
            page.wait_for(".notice", said);
            assert_eq!(page.stored(KEPT), json!(link), "{fragment:.60}");
            page.press_button("Dismiss");
            page.browser.click("#mine");
            page.wait_without(".notice");
            assert_eq!(page.link(), link, "{fragment:.60}");
        }
        page.open(&theirs);
        page.browser.click("#keep");
        page.wait_without(".notice");
        assert_eq!(page.stored(KEPT), json!(theirs));
        page.reload();
        assert_eq!(page.link(), theirs);
        page.is_quiet();
    });
}

#[test]
fn a_reload_a_crash_and_forbidden_storage_lose_nothing() {
    tell(|page| {
        page.unfold(group::SERVER);
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.49");
        page.browser.click("#role-smtp");
        page.wait_for(".group .name", "Mail server");
        let (link, snippet) = (page.link(), page.snippet());
        page.reload();
        assert_eq!((page.snippet(), page.link()), (snippet, link.clone()));
        assert_eq!((page.stored(STARTING), page.has(".notice")), (json!(null), false));

        // To where it began, and there it stays.
        page.browser.click("#role-smtp");
        page.wait_without("#group-6");
        page.press_button("Undo");
        page.wait_for(".group .name", "Mail server");
        page.reload();
        assert_eq!(page.link(), link);

        // What a newer page has kept is not written over, neither by being looked at nor by edits, until that is asked for.
        let newer = link.replacen("1;", "2;zz=1;", 1);
        page.browser.run("localStorage.setItem(arguments[0], arguments[1]);", json!([KEPT, newer]));
        page.reload();
        page.wait_for(".notice", "The link was made by a newer version of this page");
        page.press_button("Dismiss");
        page.wait_without(".notice[role=alert]");
        assert_eq!((page.stored(KEPT), page.link()), (json!(newer), link.clone()));
        page.browser.click("#role-smtp");
        page.wait_without("#group-6");
        assert_eq!((page.stored(KEPT), page.has("#mine")), (json!(newer), false));
        page.browser.click("#keep");
        page.wait_without(".notice");
        assert_ne!(page.stored(KEPT), json!(newer));

        // The last start did not come to its end: what is kept is offered, not opened.
        for kept in [link.as_str(), "1;g3.a=\u{1F480};g99999.r=server;zzz", "\u{0}"] {
            page.browser.run(
                "localStorage.setItem(arguments[0], '1'); localStorage.setItem(arguments[1], arguments[2]);
                 history.replaceState(null, '', location.href.split('#')[0]);",
                json!([STARTING, KEPT, kept]),
            );
            page.reload();
            page.wait_for(".notice", "The last start did not come to its end");
            assert_eq!((page.stored(KEPT), page.has("#mine")), (json!(kept), true));
            assert!(page.text("#snippet-text").contains("Node has no address"), "the page itself works");
            page.browser.click("#mine");
            page.wait_without("#mine");
            page.settle();
        }
        page.picture("after-crash");

        // In a frame that may keep nothing; of another page beside it.
        page.open_around(&format!(
            "<link rel=icon href=data:,><iframe sandbox=\"allow-scripts\" width=\"1200\" height=\"700\" src=\"{}\"></iframe>",
            page.address
        ));
        page.browser.enter_frame(Some("iframe"));
        page.started();
        let forbidden = "try { localStorage; return false } catch { return true }";
        assert_eq!(page.browser.run(forbidden, json!([])), json!(true));
        page.unfold(group::SERVER);
        page.fill(&format!("#a-{}", group::SERVER), "192.0.2.49");
        page.wait_for("#snippet-text", "(192.0.2.49)");
        page.browser.wait("location.hash.includes('192.0.2.49')");
        page.press_button("Copy");
        page.wait_for(".toast", "held back");
        if page.address.starts_with("http") || page.browser.has(Need::FileInFrameAgain) {
            page.browser.run("location.reload();", json!([]));
            page.browser.enter_frame(None);
            page.browser.enter_frame(Some("iframe"));
            page.started();
            page.unfold(group::SERVER);
            assert_eq!(page.value(&format!("#a-{}", group::SERVER)), "192.0.2.49");
        }
        page.browser.enter_frame(None);
        page.is_quiet();

        // A trap: the page says so, and gives the deployment back.
        page.browser.before_every_page(TRAP);
        page.open("");
        let kept = page.stored(KEPT);
        page.browser.run("trap();", json!([]));
        page.wait_for("#start-error:not([hidden])", kept.as_str().expect("a text"));
        let said = page.browser.complaints();
        // WebKit tells a file nothing about the errors of its own scripts.
        let named = ["RuntimeError", "Script error."].iter().any(|name| said.iter().all(|it| it.contains(name)));
        assert!(said.len() == 1 && named, "{said:#?}");
    });
}

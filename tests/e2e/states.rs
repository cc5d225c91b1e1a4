//! The states of the page that are looked at: one list, each with a name, how to get there, and the part of the page that
//! it is about. Never judges what it sees there.

use portcullis::catalog::Catalog;
use portcullis::deployment::{Deployment, Edit, Edited};
use portcullis::link;
use portcullis::net::Addresses;
use serde_json::json;

use crate::page::{Page, group};

/// Where the page keeps the user's own deployment.
const KEPT: &str = "portcullis.deployment";

/// A state of the page.
pub struct State {
    /// Its name, also of its pictures and trees.
    pub name: &'static str,
    /// What it is about: scrolled to in a window that does not show the whole page.
    pub part: &'static str,
    /// How a page that nobody has touched gets there.
    enter: fn(&Page),
}

impl State {
    /// Opens the page as nobody has ever seen it, and brings it into this state.
    #[track_caller]
    pub fn enter(&self, page: &Page) {
        page.browser.run("localStorage.clear();", json!([]));
        page.open("");
        (self.enter)(page);
    }

    /// The state of that name.
    #[track_caller]
    pub fn named(name: &str) -> &'static Self {
        STATES.iter().find(|state| state.name == name).expect(name)
    }
}

/// The link of the deployment that the page begins with.
pub fn initial_link() -> String {
    link::write(&catalog(), &initial())
}

/// All of them.
pub const STATES: [State; 17] = [
    State {
        name: "first-screen",
        part: ".header",
        enter: |page| page.wait_for("#snippet-text", "Node has no address"),
    },
    State {
        name: "embed",
        part: ".embed",
        enter: |page| {
            page.press_button("Embed…");
            page.choose("#pick-form", "Confluence storage format");
            page.wait_for("#embed-text", "ri:attachment");
        },
    },
    State {
        name: "embedded",
        part: "#answer",
        enter: |page| {
            page.browser.open("about:blank");
            page.browser.open(&format!("{}#&view=all", page.address));
            page.browser.wait("document.querySelector('#app:not([inert]) .embedded')");
        },
    },
    State { name: "group-open", part: "#role-node-manager", enter: |page| page.unfold(group::NODE) },
    State { name: "field-error", part: "#role-server", enter: field_error },
    State {
        name: "cluster",
        part: ".header",
        enter: |page| {
            page.choose("#pick-preset", "cluster");
            page.wait_for("#pick-group", "Load balancer");
        },
    },
    State { name: "everything", part: ".header", enter: |page| keep(page, &everything()) },
    State { name: "question", part: "#pending", enter: question },
    State {
        name: "link-opened",
        part: ".notices",
        enter: |page| {
            let mut theirs = initial();
            apply(&mut theirs, Edit::Switch("smtp", true));
            keep(page, &initial());
            open(page, &theirs);
        },
    },
    State { name: "whole-policy", part: "#snippet-text", enter: whole_policy },
    State { name: "flows", part: "#tab-Flows", enter: |page| tab(page, "Flows") },
    State { name: "compared", part: "#tab-Flows", enter: compared },
    State { name: "catalog", part: "#tab-Catalog", enter: |page| tab(page, "Catalog") },
    State { name: "changed", part: "#tab-How-to-change", enter: changed },
    State {
        name: "keyboard",
        part: ".footer",
        enter: |page| {
            page.browser.click(".keys summary");
            page.browser.wait("document.querySelector('.keys[open]')");
        },
    },
    State { name: "overfull", part: ".notices", enter: |page| open(page, &overfull()) },
    State { name: "empty", part: ".header", enter: |page| keep(page, &empty()) },
];

fn field_error(page: &Page) {
    page.unfold(group::SERVER);
    page.fill(&format!("#a-{}", group::SERVER), "010.0.0.1 192.0.2.49 10.1");
    page.browser.press(&[crate::browser::key::TAB]);
    page.browser.wait_with(
        "document.querySelectorAll(arguments[0]).length === 2",
        json!([format!("#a-{}-error > span", group::SERVER)]),
    );
}

/// A port of one's own: counted, marked in the text, and told how to set.
fn changed(page: &Page) {
    page.unfold(group::SERVER);
    page.fill(&format!("#p-{}-server-communication", group::SERVER), "9447");
    page.wait_for("pre .new", "9447");
    page.browser.click("#tab-How-to-change");
    page.wait_for(".howto", "9447");
}

fn question(page: &Page) {
    page.choose("#pick-preset", "cluster");
    page.wait_for("#pick-group", "Load balancer");
    page.browser.click("#role-load-balancer");
    page.wait_for("#pending", "Opens");
}

fn whole_policy(page: &Page) {
    page.choose("#pick-policy", "Whole policy");
    page.browser.wait("document.querySelector('#management')");
    page.browser.click("//label[contains(., 'Drop outgoing')]/input");
    page.browser.wait("document.querySelector('[id^=base-]')");
}

/// A cluster compared with an old release.
fn compared(page: &Page) {
    page.choose("#pick-preset", "cluster");
    page.wait_for("#pick-group", "Load balancer");
    tab(page, "Flows");
    page.choose("#pick-compare", "10.3");
    page.wait_for("#compared-table", "removed");
}

fn tab(page: &Page, name: &str) {
    page.browser.click(&format!("#tab-{name}"));
    page.browser.wait("document.querySelector('#tab-panel :is(table, article)')");
}

/// Makes a deployment the user's own, as if it had been kept the last time.
fn keep(page: &Page, deployment: &Deployment) {
    let link = link::write(&catalog(), deployment);
    page.browser.run("localStorage.setItem(arguments[0], arguments[1]);", json!([KEPT, link]));
    page.reload();
    page.wait_without(".notice");
}

/// Opens the link of a deployment.
fn open(page: &Page, deployment: &Deployment) {
    page.open(&link::write(&catalog(), deployment));
    page.wait_for(".notice", "came by a link");
}

fn catalog() -> Catalog {
    Catalog::spotfire().expect("the embedded catalog can be read")
}

fn initial() -> Deployment {
    Deployment::initial(&catalog())
}

#[track_caller]
fn apply(deployment: &mut Deployment, edit: Edit) {
    let told = format!("{edit:?}");
    assert_eq!(deployment.apply(&catalog(), &edit), Edited::Changed, "{told:.200}");
}

/// Every role on.
fn everything() -> Deployment {
    let (catalog, mut deployment) = (catalog(), initial());
    for role in catalog.roles.iter().filter(|role| !initial().has(&catalog, role.id)) {
        apply(&mut deployment, Edit::Switch(role.id, true));
    }
    deployment
}

/// Every role off.
fn empty() -> Deployment {
    let (catalog, mut deployment) = (catalog(), initial());
    for role in catalog.roles.iter() {
        if deployment.has(&catalog, role.id) {
            apply(&mut deployment, Edit::Switch(role.id, false));
        }
    }
    deployment
}

/// More than anybody has: thirty groups with names of two hundred characters, from the left and from the right, with
/// emoji and without a blank, and sixty-four addresses in every second one.
fn overfull() -> Deployment {
    const NAMES: [&str; 4] = [
        "Analysis servers of the second data centre, third floor, behind the old balancer ",
        "שרתי הניתוח של מרכז הנתונים השני ",
        "Unbroken_name_without_any_blank_at_all.",
        "😀 servers 😎 of خوادم التحليل and ",
    ];
    let mut deployment = initial();
    for role in ["server", "node-manager", "browser", "analyst", "database"].into_iter().cycle() {
        if deployment.groups.len() >= 30 {
            break;
        }
        apply(&mut deployment, Edit::AddGroup(role));
    }
    let ids: Vec<_> = deployment.groups.iter().map(|group| group.id).collect();
    for (at, id) in ids.into_iter().enumerate() {
        let name: String = format!("{at} {}", NAMES[at % 4].repeat(8)).chars().take(200).collect();
        apply(&mut deployment, Edit::Rename(id, name));
        if at % 2 == 0 {
            let list: String =
                (0..32).map(|host| format!("192.0.2.{} 2001:db8:{at}::{host} ", 8 * at + host)).collect();
            apply(&mut deployment, Edit::Listens(id, Addresses::parse(&list).0));
        }
    }
    deployment
}

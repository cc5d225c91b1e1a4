//! The page as it is told to who does not see it: the accessibility tree that Chromium hands to screen readers, as snapshots
//! of the main views and by rules that hold in all of them. Never looks at how anything is drawn.
//!
//! `INSTA_UPDATE=always` writes new snapshots, for a person to read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::engine::Look;
use crate::page::{Page, tell_once};
use crate::states::{STATES, State};

/// The views whose trees are kept.
const VIEWS: [&str; 6] = ["first-screen", "group-open", "field-error", "question", "flows", "catalog"];

/// Lines of the text to copy that a tree shows: the dialects have snapshots of their own.
const TEXT_LINES: usize = 3;

/// What is told of a node besides its role, name, value and description.
const STATE: [&str; 12] = [
    "level", "checked", "pressed", "selected", "expanded", "disabled", "invalid", "required", "readonly", "modal",
    "live", "atomic",
];

#[test]
fn the_main_views_are_told_as_they_were_reviewed() {
    tell_once(Look::default(), false, |page| {
        for name in VIEWS {
            State::named(name).enter(page);
            let tree = Tree::of(page);
            let mut settings = insta::Settings::clone_current();
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(name, tree.text()));
        }
    });
}

#[test]
fn every_state_is_told_in_order_and_by_name() {
    tell_once(Look::default(), false, |page| {
        let mut wrong = Vec::new();
        // What stands inside another page has the landmarks and headings of that one.
        for state in STATES.iter().filter(|state| state.name != "embedded") {
            state.enter(page);
            let tree = Tree::of(page);
            let found = [unnamed(&tree), headings(&tree), landmarks(&tree), live(&tree), ids(page)];
            wrong.extend(found.into_iter().flatten().map(|why| format!("{}: {why}", state.name)));
        }
        assert!(wrong.is_empty(), "{wrong:#?}");

        State::named("field-error").enter(page);
        let tree = Tree::of(page);
        let field = tree.one(|node| node.role == "textbox" && node.state("invalid") == Some("true"));
        assert!(field.description.contains("Did you mean 10.0.0.1?"), "{field:?}");
        State::named("question").enter(page);
        let tree = Tree::of(page);
        let asking = tree.one(|node| node.role == "alertdialog");
        assert!(
            asking.name.starts_with("Switch off Load balancer") && asking.description.contains("Opens"),
            "{asking:?}"
        );
        assert_eq!(page.browser.run("return document.activeElement.id;", json!([])), json!("pending-list"));
        page.is_quiet();
    });
}

/// Whatever can have the focus has a name.
fn unnamed(tree: &Tree) -> Vec<String> {
    let focusable = tree.nodes.iter().filter(|node| node.focusable && node.role != "RootWebArea");
    assert!(focusable.clone().count() > 10);
    focusable.filter(|node| node.name.trim().is_empty()).map(|node| format!("no name: {}", node.line())).collect()
}

/// One first heading, at the top, and no level left out on the way down.
fn headings(tree: &Tree) -> Vec<String> {
    let headings = tree.nodes.iter().filter(|node| node.role == "heading");
    let levels: Vec<u64> =
        headings.map(|node| node.state("level").and_then(|level| level.parse().ok()).unwrap_or(0)).collect();
    let jumps = levels.windows(2).any(|pair| pair[1] > pair[0] + 1 || pair[1] == 1);
    if levels.first() != Some(&1) || jumps { vec![format!("levels of headings: {levels:?}")] } else { Vec::new() }
}

/// One of each landmark; where there are several regions, each has a name of its own.
fn landmarks(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for role in ["banner", "complementary", "main", "contentinfo"] {
        let count = tree.nodes.iter().filter(|node| node.role == role).count();
        if count != 1 {
            wrong.push(format!("{count} of {role}"));
        }
    }
    let mut regions = BTreeMap::<&str, usize>::new();
    for node in tree.nodes.iter().filter(|node| node.role == "region") {
        *regions.entry(&node.name).or_default() += 1;
    }
    assert!(regions.len() > 3);
    wrong.extend(regions.into_iter().filter(|(_, count)| *count > 1).map(|it| format!("regions of one name: {it:?}")));
    wrong
}

/// What happens is told: there is a place for it before it happens.
fn live(tree: &Tree) -> Vec<String> {
    let live = tree.nodes.iter().filter(|node| node.role == "status" && node.state("live") == Some("polite"));
    if live.count() == 0 { vec!["no live region".to_owned()] } else { Vec::new() }
}

/// Every id is given once, and whatever refers to one finds it.
fn ids(page: &Page) -> Vec<String> {
    let script = "const ids = [...document.querySelectorAll('[id]')].map(it => it.id); \
        const twice = ids.filter((id, at) => ids.indexOf(id) !== at).map(id => 'twice: ' + id); \
        const references = ['aria-controls', 'aria-describedby', 'aria-labelledby', 'aria-owns', 'aria-details', 'for']; \
        const lost = references.flatMap(name => [...document.querySelectorAll('[' + name + ']')] \
            .flatMap(it => it.getAttribute(name).split(' ')).filter(id => !ids.includes(id)).map(id => name + ' of nothing: ' + id)); \
        return ids.length ? [...twice, ...lost] : ['no ids at all'];";
    serde_json::from_value(page.browser.run(script, json!([]))).expect("texts")
}

/// The tree, in the order in which it is read.
struct Tree {
    nodes: Vec<Node>,
}

/// A node that is told.
#[derive(Debug)]
struct Node {
    depth: usize,
    role: String,
    name: String,
    value: String,
    description: String,
    states: Vec<(String, String)>,
    focusable: bool,
}

impl Tree {
    #[track_caller]
    fn of(page: &Page) -> Self {
        let told = page.browser.accessibility_tree();
        let by_id = told.iter().map(|node| (text(&node["nodeId"]), node)).collect();
        let mut nodes = Vec::new();
        walk(told.first().expect("a root"), &by_id, 0, &mut nodes);
        assert!(nodes.len() > 50, "{}", nodes.len());
        Self { nodes }
    }

    /// One node after the other, further in the deeper it stands. Text that is its parent's name already is left out.
    fn text(&self) -> String {
        let mut lines = String::new();
        let mut path: Vec<&Node> = Vec::new();
        let mut shown = 0;
        for node in &self.nodes {
            path.truncate(node.depth);
            let said = node.role == "StaticText" && path.iter().any(|parent| parent.name.contains(node.name.trim()));
            let to_copy = path.iter().any(|parent| parent.name == "Text to copy");
            shown = if to_copy { shown + 1 } else { 0 };
            if !said && shown <= TEXT_LINES {
                lines.push_str(&format!("{}{}\n", "  ".repeat(node.depth), node.line()));
            }
            path.push(node);
        }
        lines
    }

    /// The only node that is so.
    #[track_caller]
    fn one(&self, is: impl Fn(&Node) -> bool) -> &Node {
        let found: Vec<&Node> = self.nodes.iter().filter(|node| is(node)).collect();
        assert_eq!(found.len(), 1, "{found:#?}");
        found[0]
    }
}

impl Node {
    /// What is told of it, in one line.
    fn line(&self) -> String {
        let mut line = if self.role == "StaticText" { "text".to_owned() } else { self.role.clone() };
        if !self.name.is_empty() {
            line.push_str(&format!(" {:?}", self.name));
        }
        if !self.value.is_empty() && self.value != self.name {
            line.push_str(&format!(" = {:?}", self.value));
        }
        for (name, value) in &self.states {
            line.push_str(&format!(" {name}:{value}"));
        }
        if !self.description.is_empty() && self.description != self.name {
            line.push_str(&format!(" ({})", self.description));
        }
        line
    }

    fn state(&self, name: &str) -> Option<&str> {
        self.states.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }
}

/// Adds a node and what is below it; what is ignored, or only holds others together, leaves them to its parent.
fn walk(node: &Value, by_id: &BTreeMap<String, &Value>, depth: usize, nodes: &mut Vec<Node>) {
    let role = text(&node["role"]["value"]);
    // What a list offers is not read before it is opened.
    if ["MenuListPopup", "InlineTextBox", "LineBreak", "ListMarker"].contains(&role.as_str()) {
        return;
    }
    let property = |name: &str| {
        let properties = node["properties"].as_array().into_iter().flatten();
        properties.filter(|property| property["name"] == name).map(|property| text(&property["value"]["value"])).next()
    };
    let states = STATE.iter().filter_map(|name| {
        let value = property(name)?;
        let usual =
            ["invalid", "required", "readonly", "modal", "atomic", "disabled"].contains(name) && value == "false";
        (!usual && !value.is_empty()).then(|| ((*name).to_owned(), value))
    });
    let told = Node {
        depth,
        name: text(&node["name"]["value"]),
        value: text(&node["value"]["value"]),
        description: text(&node["description"]["value"]),
        states: states.collect(),
        focusable: property("focusable").as_deref() == Some("true"),
        role,
    };
    let holds_only = ["none", "generic"].contains(&told.role.as_str()) && told.name.is_empty() && !told.focusable;
    let below = if node["ignored"] == true || holds_only {
        depth
    } else {
        nodes.push(told);
        depth + 1
    };
    for child in node["childIds"].as_array().into_iter().flatten() {
        if let Some(child) = by_id.get(&text(child)) {
            walk(child, by_id, below, nodes);
        }
    }
}

/// A value as text, without quotes.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        value => value.to_string(),
    }
}

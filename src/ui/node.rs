//! What `html!` (the macro of this page, in `markup/`) is written out as: elements, put together by calls that are compiled once.
//! Decides nothing.

#[cfg(test)]
mod tests;

use std::rc::Rc;

use yew::html::{Classes, IntoPropValue};
use yew::prelude::*;
use yew::virtual_dom::{AttributeOrProperty, Attributes, Key, Listener, VList, VNode, VTag, VText};

/// An element, or a list of nodes, being made; small to pass on.
pub struct Node(Box<Parts>);

#[derive(Default)]
struct Parts {
    /// Empty for a list.
    tag: &'static str,
    fixed: &'static [(&'static str, AttributeOrProperty)],
    names: &'static [&'static str],
    /// As many as there are names, in their order; `None` is left out.
    values: Vec<Option<AttributeOrProperty>>,
    listeners: Vec<Option<Rc<dyn Listener>>>,
    key: Option<Key>,
    value: Option<AttrValue>,
    checked: Option<bool>,
    children: Vec<Html>,
    /// Whether the children are one node by itself, and no list of one.
    only: bool,
}

/// Begins an element.
#[inline(never)]
pub fn element(tag: &'static str) -> Node {
    Node(Box::new(Parts { tag, ..Parts::default() }))
}

/// Begins a list.
#[inline(never)]
pub fn list() -> Node {
    element("")
}

impl Node {
    /// All attributes, where nothing of them changes.
    #[inline(never)]
    pub fn fixed(&mut self, attributes: &'static [(&'static str, AttributeOrProperty)]) {
        self.0.fixed = attributes;
    }

    /// The names of the attributes, where some values change; the values follow in the same order.
    #[inline(never)]
    pub fn names(&mut self, names: &'static [&'static str]) {
        self.0.names = names;
    }

    /// A value that never changes.
    #[inline(never)]
    pub fn words_of(&mut self, value: &'static str) {
        self.attribute(Some(AttrValue::Static(value)));
    }

    /// A value that may be missing.
    #[inline(never)]
    pub fn attribute(&mut self, value: Option<AttrValue>) {
        self.0.values.push(value.map(AttributeOrProperty::Attribute));
    }

    /// An attribute that is there or not.
    #[inline(never)]
    pub fn flag(&mut self, name: &'static str, value: bool) {
        self.attribute(value.then_some(AttrValue::Static(name)));
    }

    /// The classes; left out where there are none.
    #[inline(never)]
    pub fn class(&mut self, classes: Classes) {
        let classes = Some(classes).filter(|classes| !classes.is_empty());
        self.attribute(classes.and_then(|classes| classes.into_prop_value()));
    }

    /// What an input holds.
    #[inline(never)]
    pub fn value(&mut self, value: Option<AttrValue>) {
        self.0.value = value;
    }

    /// Whether a box is ticked.
    #[inline(never)]
    pub fn checked(&mut self, checked: bool) {
        self.0.checked = Some(checked);
    }

    /// What it listens to.
    #[inline(never)]
    pub fn listener(&mut self, listener: Option<Rc<dyn Listener>>) {
        self.0.listeners.push(listener);
    }

    /// By what it is known again among its siblings.
    #[inline(never)]
    pub fn key(&mut self, key: Key) {
        self.0.key = Some(key);
    }

    /// One more child.
    #[inline(never)]
    pub fn child(&mut self, child: Html) {
        self.0.children.push(child);
    }

    /// One more child, as far as it is made.
    #[inline(never)]
    pub fn put(&mut self, child: Node) {
        self.child(child.done());
    }

    /// Says that its one child is no list.
    #[inline(never)]
    pub fn only(&mut self) {
        self.0.only = true;
    }

    /// The finished node.
    #[inline(never)]
    pub fn done(self) -> Html {
        let mut parts = *self.0;
        let children = match parts.children.pop() {
            Some(child) if parts.only => child,
            last => {
                parts.children.extend(last);
                VNode::from(VList::with_children(parts.children, None))
            }
        };
        if parts.tag.is_empty() {
            return children;
        }
        let mut tag = VTag::new(AttrValue::Static(parts.tag));
        tag.set_attributes(match parts.names {
            [] => Attributes::Static(parts.fixed),
            keys => Attributes::Dynamic { keys, values: parts.values.into() },
        });
        if !parts.listeners.is_empty() {
            tag.set_listeners(parts.listeners.into());
        }
        tag.set_value(parts.value);
        if let Some(checked) = parts.checked {
            tag.set_checked(checked);
        }
        if let Some(all) = tag.children_mut() {
            *all = children;
        }
        tag.key = parts.key;
        tag.into()
    }
}

/// What can be the value of an attribute.
pub trait Attribute {
    /// Adds it to the values of an element.
    fn set(self, node: &mut Node);
}

impl Attribute for AttrValue {
    fn set(self, node: &mut Node) {
        node.attribute(Some(self));
    }
}

impl Attribute for String {
    #[inline(never)]
    fn set(self, node: &mut Node) {
        node.attribute(Some(self.into()));
    }
}

impl Attribute for &'static str {
    fn set(self, node: &mut Node) {
        node.words_of(self);
    }
}

impl<V: Attribute> Attribute for Option<V> {
    fn set(self, node: &mut Node) {
        match self {
            Some(value) => value.set(node),
            None => node.attribute(None),
        }
    }
}

/// What can be a child.
pub trait Child {
    /// Adds it to the children of an element or list.
    fn add(self, node: &mut Node);
}

impl Child for Html {
    fn add(self, node: &mut Node) {
        node.child(self);
    }
}

impl Child for AttrValue {
    #[inline(never)]
    fn add(self, node: &mut Node) {
        node.child(VText::new(self).into());
    }
}

impl Child for String {
    #[inline(never)]
    fn add(self, node: &mut Node) {
        AttrValue::from(self).add(node);
    }
}

impl Child for &AttrValue {
    #[inline(never)]
    fn add(self, node: &mut Node) {
        self.clone().add(node);
    }
}

impl Child for &String {
    #[inline(never)]
    fn add(self, node: &mut Node) {
        self.clone().add(node);
    }
}

impl Child for usize {
    #[inline(never)]
    fn add(self, node: &mut Node) {
        self.to_string().add(node);
    }
}

impl Child for &'static str {
    #[inline(never)]
    fn add(self, node: &mut Node) {
        AttrValue::Static(self).add(node);
    }
}

//! Which flows the picture shows: those for one purpose, protected in one way, or of the machine whose text is shown. Never
//! touches what the text, the table and the rules hold.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{button, entry, select};
use super::state::{Action, State};
use crate::browser;
use crate::catalog::Encryption;
use crate::deployment::GroupId;
use crate::flow::{Categories, Category, Flow};
use crate::net::Ways;

/// What is asked of flows that are shown; nothing at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What they are for.
    pub category: Option<Category>,
    /// What protects them.
    pub encryption: Option<Encryption>,
    /// Which way they go, as seen from the group whose text is shown.
    pub ways: Option<Ways>,
}

/// The first of the lists.
pub const FIRST: &str = "show-purpose";
/// From the best protection to none.
const ENCRYPTIONS: [Encryption; 3] = [Encryption::Tls, Encryption::Optional, Encryption::Clear];

impl Filter {
    /// True if a flow that is for such things is shown.
    pub fn shows(self, group: Option<GroupId>, flow: &Flow, categories: Categories) -> bool {
        let into = Some(flow.responder) == group;
        let out = Some(flow.initiator) == group;
        self.encryption.is_none_or(|encryption| flow.encryption() == encryption)
            && self.category.is_none_or(|category| categories.has(category))
            && self.ways.is_none_or(|ways| into && ways != Ways::Out || out && ways != Ways::In)
    }

    /// What it asks, in words: `data, clear text, into Node`.
    pub fn words(self, group: &str) -> String {
        let parts = [
            self.category.map(|category| category.name().to_ascii_lowercase()),
            self.encryption.map(|encryption| encryption.name().to_owned()),
            self.ways.map(|ways| [&way(ways).to_ascii_lowercase(), group].concat()),
        ];
        parts.into_iter().flatten().collect::<Vec<String>>().join(", ")
    }
}

/// Before the name of a group.
const fn way(ways: Ways) -> &'static str {
    match ways {
        Ways::In => "Into ",
        Ways::Out => "Out of ",
        Ways::Both => "Into and out of ",
    }
}

/// The lists, and the way back to all flows.
pub fn filters(state: &State, act: &Act) -> Html {
    let (filter, drawn) = (state.view.filter, state.picture());
    let group = state.group().and_then(|id| state.deployment.group(id));
    let here = |category: &Category| drawn.present.has(*category) || filter.category == Some(*category);
    let purposes = Category::ALL.into_iter().filter(here);
    let purposes = purposes.map(|it| (it.name(), it.name().into(), filter.category == Some(it)));
    let protections = ENCRYPTIONS.map(|it| (it.name(), it.name().into(), filter.encryption == Some(it)));
    let ways = group.into_iter().flat_map(|group| {
        Ways::ALL.map(|(it, name)| (name, [way(it), &group.name].concat().into(), filter.ways == Some(it)))
    });
    let purpose: Chosen = |name, filter| {
        filter.category = Category::ALL.into_iter().find(|it| it.name() == name);
    };
    let protection: Chosen = |name, filter| filter.encryption = ENCRYPTIONS.into_iter().find(|it| it.name() == name);
    let direction: Chosen = |name, filter| {
        filter.ways = Ways::ALL.into_iter().find(|(_, word)| *word == name).map(|(it, _)| it);
    };
    let list = |id, name, all, others, chosen| list((act, filter), id, name, all, others, chosen);
    html! {
        <span class="filters">
            { list(FIRST, "Purpose of the flows shown", "All purposes", purposes.collect(), purpose) }
            { list("show-encryption", "Encryption of the flows shown", "Any encryption", protections.into(), protection) }
            { list("show-ways", "Direction of the flows shown", "All machines", ways.collect(), direction) }
            if filter != Filter::default() { { button("Show all", act.always(Action::Unfilter)) } }
        </span>
    }
}

/// What an entry that was chosen makes of the filter.
type Chosen = fn(&str, &mut Filter);

/// A list of which the first entry asks nothing.
fn list(
    (act, filter): (&Act, Filter),
    id: &'static str,
    name: &'static str,
    all: &'static str,
    others: Vec<(&'static str, AttrValue, bool)>,
    chosen: Chosen,
) -> Html {
    let mut entries = vec![entry("", all, false)];
    entries.extend(others.into_iter().map(|(value, words, holds)| entry(value, words, holds)));
    let pick = act.on(move |event: Event| {
        let mut filter = filter;
        chosen(&browser::chosen(&event), &mut filter);
        Some(Action::Filter(filter))
    });
    select(id, name, entries, pick)
}

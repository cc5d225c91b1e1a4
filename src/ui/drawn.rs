//! The picture that is looked at: of which flows, with what marks, in what words. Drawn once for a deployment and a view; draws
//! nothing by itself.

use yew::AttrValue;

use super::filters::Filter;
use super::state::State;
use crate::catalog::Id;
use crate::deployment::GroupId;
use crate::diagram::{Change, Diagram, Shown, diagram_of, svg};
use crate::flow::{Categories, Flow};
use crate::upgrade::Upgrade;

/// The picture, and what is said about it.
pub struct Drawn {
    /// Where everything stands.
    pub diagram: Diagram,
    /// The same as markup for the page.
    pub markup: AttrValue,
    /// True if it scrolls, because it is too tall or too wide to be scaled into its panel and read.
    pub tall: bool,
    /// How many flows it shows.
    pub flows: usize,
    /// What those are for, all of them.
    pub present: Categories,
    /// Which of them it shows; empty for all as they are.
    pub note: String,
    of: Looked,
}

/// What it was drawn for, besides the deployment.
type Looked = (Filter, Option<GroupId>, Option<Id>);

fn looked(state: &State) -> Looked {
    let filter = state.view.filter;
    (filter, state.group().filter(|_| filter.ways.is_some()), state.compared().map(|upgrade| upgrade.to))
}

impl Drawn {
    /// True if this is the picture for what is looked at.
    pub fn fits(&self, state: &State) -> bool {
        self.of == looked(state)
    }

    /// Draws it.
    pub fn of(state: &State) -> Self {
        /// In pixels: a width of 1088 is 870 in the page, the room there is in a window of 1280.
        const MOST: [i32; 2] = [1088, 400];
        let (catalog, deployment) = (&*state.catalog, &*state.deployment);
        let of = looked(state);
        let (filter, group, _) = of;
        let mut present = Categories::default();
        let (mut all, mut flows, mut changes) = (0, Vec::new(), Vec::new());
        let mut add = |flow: &Flow, change: Change| {
            let categories = flow.categories(catalog);
            present.add(categories);
            all += 1;
            if filter.shows(group, flow, categories) {
                flows.push(flow.clone());
                changes.push(change);
            }
        };
        let compared = state.compared();
        for flow in &state.derived.flows {
            add(flow, compared.as_ref().map_or(Change::Stays, |upgrade| change(upgrade, flow)));
        }
        let mut notes = Vec::new();
        if let Some(upgrade) = &compared {
            upgrade.added.iter().for_each(|flow| add(flow, Change::Added));
            notes.push(["compared with ", upgrade.to].concat());
        }
        if filter != Filter::default() {
            let name = group.and_then(|id| deployment.group(id)).map_or("", |group| group.name.as_str());
            notes.push(format!("{} of {all} flows: {}", flows.len(), filter.words(name)));
        }
        let note = notes.join("; ");
        let mut diagram = diagram_of(catalog, deployment, &flows, Shown { note: &note, changes: &changes });
        diagram.mark(&state.derived.findings);
        Self {
            markup: svg::inline(&diagram).into(),
            tall: diagram.width > MOST[0] || diagram.height > MOST[1],
            flows: flows.len(),
            present,
            note,
            of,
            diagram,
        }
    }
}

/// What happens to a flow of today.
fn change(upgrade: &Upgrade, flow: &Flow) -> Change {
    let same = |other: &Flow| {
        let ends = |flow: &Flow| (flow.initiator, flow.responder, flow.protocol, flow.ports);
        ends(flow) == ends(other)
    };
    if upgrade.removed.iter().any(same) {
        Change::Removed
    } else if upgrade.changed.iter().any(|change| same(&change.before)) {
        Change::Changed
    } else {
        Change::Stays
    }
}

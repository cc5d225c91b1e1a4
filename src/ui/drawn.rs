//! The picture that is looked at: of which flows, with what marks, in what words. Drawn once for a deployment and a view; draws
//! nothing by itself.

use yew::AttrValue;

use super::filters::Filter;
use super::state::State;
use crate::catalog::Id;
use crate::deployment::GroupId;
use crate::diagram::{Change, Diagram, Shown, diagram_of, svg};
use crate::flow::{Category, Flow, categories};
use crate::upgrade::Upgrade;

/// The picture, and what is said about it.
pub struct Drawn {
    /// Where everything stands.
    pub diagram: Diagram,
    /// The same as markup for the page.
    pub markup: AttrValue,
    /// True if it keeps its width and scrolls, because it is too tall to be scaled into its panel.
    pub tall: bool,
    /// How many flows it shows.
    pub flows: usize,
    /// What those are for, all of them.
    pub present: Vec<Category>,
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
        /// In pixels.
        const TALL: i32 = 400;
        let (catalog, deployment) = (&*state.catalog, &*state.deployment);
        let of = looked(state);
        let (filter, group, _) = of;
        let compared = state.compared();
        let all = rows(state, compared.as_deref());
        let present = categories(catalog, all.iter().map(|(flow, _)| *flow));
        let shown: Vec<(&Flow, Change)> =
            all.iter().filter(|(flow, _)| filter.shows(catalog, group, flow)).copied().collect();
        let mut notes = Vec::new();
        if let Some(upgrade) = &compared {
            notes.push(["compared with ", upgrade.to].concat());
        }
        if filter != Filter::default() {
            let name = group.and_then(|id| deployment.group(id)).map_or("", |group| group.name.as_str());
            notes.push(format!("{} of {} flows: {}", shown.len(), all.len(), filter.words(name)));
        }
        let changes: Vec<Change> = shown.iter().map(|(_, change)| *change).collect();
        let some: Vec<Flow>;
        let flows = if notes.is_empty() {
            &state.derived.flows
        } else {
            some = shown.iter().map(|(flow, _)| (*flow).clone()).collect();
            &some
        };
        let note = notes.join("; ");
        let mut diagram = diagram_of(catalog, deployment, flows, Shown { note: &note, changes: &changes });
        diagram.mark(&state.derived.findings);
        Self {
            markup: svg::inline(&diagram).into(),
            tall: diagram.height > TALL,
            flows: shown.len(),
            present,
            note,
            of,
            diagram,
        }
    }
}

/// The flows as they are, each with what happens to it in the other release; then those that come there.
fn rows<'a>(state: &'a State, upgrade: Option<&'a Upgrade>) -> Vec<(&'a Flow, Change)> {
    let change = |flow: &Flow| match upgrade {
        Some(upgrade) if upgrade.removed.contains(flow) => Change::Removed,
        Some(upgrade) if upgrade.changed.iter().any(|change| change.before == *flow) => Change::Changed,
        _ => Change::Stays,
    };
    let now = state.derived.flows.iter().map(|flow| (flow, change(flow)));
    now.chain(upgrade.into_iter().flat_map(|upgrade| &upgrade.added).map(|flow| (flow, Change::Added))).collect()
}

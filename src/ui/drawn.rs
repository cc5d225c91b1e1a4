//! The picture that is looked at: of which flows, with what marks, in what words. Drawn once for a deployment and a view; draws
//! nothing by itself.

use std::borrow::Cow;

use yew::AttrValue;

use super::filters::Filter;
use super::state::State;
use crate::catalog::Id;
use crate::deployment::GroupId;
use crate::diagram::{Diagram, Shown, diagram_of, svg};
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
    /// How many flows it shows, and of how many.
    pub flows: [usize; 2],
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
        let mut flows = Cow::Borrowed(&state.derived.flows[..]);
        let mut signs = Vec::new();
        let mut notes = Vec::new();
        let of = looked(state);
        if let Some(upgrade) = state.compared() {
            let both = both(&upgrade, &flows);
            signs = both.iter().map(|(_, sign)| *sign).collect();
            flows = both.into_iter().map(|(flow, _)| flow).collect();
            notes.push(["compared with ", upgrade.to].concat());
        }
        let all = flows.len();
        let present = categories(catalog, &flows);
        let (filter, group, _) = of;
        if filter != Filter::default() {
            let kept: Vec<bool> = flows.iter().map(|flow| filter.shows(catalog, group, flow)).collect();
            signs = signs.into_iter().zip(&kept).filter(|(_, kept)| **kept).map(|(sign, _)| sign).collect();
            let shown = flows.iter().zip(&kept).filter(|(_, kept)| **kept);
            flows = shown.map(|(flow, _)| flow.clone()).collect();
            let name = group.and_then(|id| deployment.group(id)).map_or("", |group| group.name.as_str());
            notes.push(format!("{} of {all} flows: {}", flows.len(), filter.words(name)));
        }
        let note = notes.join("; ");
        let mut diagram = diagram_of(catalog, deployment, &flows, Shown { note: &note, signs: &signs });
        diagram.mark(&state.derived.findings);
        Self {
            markup: svg::inline(&diagram).into(),
            tall: diagram.height > TALL,
            flows: [flows.len(), all],
            present,
            note,
            of,
            diagram,
        }
    }
}

/// The flows of two releases, each with what happens to it: as they are now, then those that come.
fn both(upgrade: &Upgrade, now: &[Flow]) -> Vec<(Flow, &'static str)> {
    let same = |one: &Flow, other: &Flow| {
        let ends = |flow: &Flow| (flow.initiator, flow.responder, flow.protocol, flow.ports);
        ends(one) == ends(other)
    };
    let rows = upgrade.rows();
    let sign = |flow: &Flow| rows.iter().find(|row| same(row.flow, flow)).map_or("", |row| row.sign);
    let added = rows.iter().filter(|row| !now.iter().any(|flow| same(row.flow, flow)));
    let now = now.iter().map(|flow| (flow.clone(), sign(flow)));
    now.chain(added.map(|row| (row.flow.clone(), row.sign))).collect()
}

//! What the page begins with: a link, what is kept, or the first preset; or, inside another page, only what its link says.

use std::rc::Rc;

use super::super::view::View;
use super::{Aside, Derived, State, Why};
use crate::catalog::Catalog;
use crate::deployment::{Deployment, Edit};
use crate::embed::{self, Embedded};
use crate::link;
use crate::pack;

impl State {
    /// The state to begin with: the link's deployment if there is one, else what is kept, else the catalog's first preset.
    /// With `broken`, what is kept is not opened but offered.
    pub fn begin(catalog: Catalog, fragment: &str, kept: Option<String>, broken: bool) -> Self {
        let catalog = Rc::new(catalog);
        let (link, embedded, problems) = embed::split(fragment);
        if let Some(embedded) = embedded {
            return Self::embedded(catalog, link, embedded, problems);
        }
        let same = kept.as_deref() == Some(fragment);
        let (opened, aside) = if !fragment.is_empty() && !same {
            (Some(link::read(&catalog, fragment)), Some(Aside { mine: kept, why: Why::Link }))
        } else if broken && kept.is_some() {
            (None, Some(Aside { mine: kept, why: Why::Broken }))
        } else {
            let opened = kept.as_ref().map(|kept| link::read(&catalog, kept));
            let unread = opened.as_ref().is_some_and(|opened| !opened.problems.is_empty());
            (opened, unread.then_some(Aside { mine: kept, why: Why::Unread }))
        };
        let (deployment, notices, news) = match opened {
            Some(opened) => (opened.deployment, opened.problems, opened.news),
            None => (Deployment::initial(&catalog), Vec::new(), Vec::new()),
        };
        let mut state = Self::of(catalog, deployment);
        (state.aside, state.notices, state.news) = (aside, notices, Rc::new(news));
        state
    }

    /// The state of a page inside another one: what the link says, or the catalog's first preset where it says nothing.
    pub(super) fn embedded(catalog: Rc<Catalog>, link: &str, embedded: Embedded, mut notices: Vec<String>) -> Self {
        let mut deployment = match link {
            "" => Deployment::initial(&catalog),
            link => {
                let mut opened = link::read(&catalog, link);
                notices.append(&mut opened.problems);
                // Nobody can take a new default here: they are told.
                notices.extend(opened.news.into_iter().map(|news| news.text));
                opened.deployment
            }
        };
        let offered = pack::managed(&catalog, &deployment);
        let shown = embedded.group.or_else(|| offered.first().copied());
        if let (Some(group), Some(firewall)) = (shown, &embedded.firewall) {
            deployment.apply(&catalog, &Edit::Firewall(group, firewall.clone()));
        }
        match embedded.group.filter(|id| !offered.contains(id)).map(|id| deployment.group(id)) {
            Some(None) => notices.push("The group in the link is none of this deployment.".to_owned()),
            Some(Some(group)) => notices.push(format!("{} has no rules of its own.", group.name)),
            None => {}
        }
        let mut state = Self::of(catalog, deployment);
        (state.view.group, state.view.ways) = (embedded.group, embedded.ways);
        (state.view.embedded, state.notices) = (Some(embedded), notices);
        state
    }

    fn of(catalog: Rc<Catalog>, deployment: Deployment) -> Self {
        let derived = Rc::new(Derived::of(&catalog, &deployment));
        Self {
            catalog,
            deployment: Rc::new(deployment),
            derived,
            past: Vec::new(),
            future: Vec::new(),
            dropped: 0,
            made: 0,
            view: View::first(),
            aside: None,
            notices: Vec::new(),
            news: Rc::default(),
            pending: None,
            pasted: None,
        }
    }
}

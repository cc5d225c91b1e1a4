//! Everything the page remembers, and one pure reducer. Never touches the browser: reading and keeping is the app's job.

mod action;
mod begin;

pub use action::Action;

use std::cell::RefCell;
use std::rc::Rc;

use yew::{AttrValue, Reducible};

use super::drawn::Drawn;
use super::embed::{OPEN, PANEL};
use super::filters::{FIRST, Filter};
use super::flows;
use super::view::{COMPARE, Draft, ROWS, Tab, View};
use crate::catalog::Catalog;
use crate::deployment::{Deployment, Edit, Edited, GroupId};
use crate::diagram;
use crate::embed;
use crate::finding::Finding;
use crate::flow::{Flow, Reason, by_ends, flows};
use crate::howto::{self, HowTo};
use crate::link::{self, News};
use crate::net::{Address, Addresses, Ways};
use crate::pack;
use crate::upgrade::{Upgrade, upgrade};

/// Told once, when the first edit cannot be kept.
const UNKEPT: &str = "This browser keeps nothing for this page: its storage is off, or full. The address of the page holds \
     your deployment instead: bookmark it, or copy the link, before you close it.";
/// Steps of undo that are kept.
const MOST_STEPS: usize = 200;

/// Everything the page remembers.
#[derive(Clone)]
pub struct State {
    /// The facts.
    pub catalog: Rc<Catalog>,
    /// What the user says.
    pub deployment: Rc<Deployment>,
    /// What follows from it.
    pub derived: Rc<Derived>,
    /// Earlier deployments, the latest last, each with the name of the step that left it.
    pub past: Vec<Step>,
    /// Undone steps, the next to redo last.
    pub future: Vec<Step>,
    /// Earlier steps that are no longer kept.
    pub dropped: usize,
    /// Steps that were ever made; undo and redo make none.
    pub made: usize,
    /// What is looked at.
    pub view: View,
    /// While something else than the user's own deployment is shown: what to go back to.
    pub aside: Option<Aside>,
    /// What could not be read or done, until it is dismissed.
    pub notices: Vec<String>,
    /// Defaults that have changed since what is shown was written, until they are dismissed.
    pub news: Rc<Vec<News>>,
    /// An edit that waits for a yes, because it opens or deletes something.
    pub pending: Option<Pending>,
    /// Addresses pasted outside of every field, until it is said whose they are.
    pub pasted: Option<Addresses>,
}

/// What follows from a deployment.
pub struct Derived {
    /// The allowed flows.
    pub flows: Vec<Flow>,
    /// What is to be said about them.
    pub findings: Vec<Finding>,
    /// What to do for every port that is not the default.
    pub changes: Vec<HowTo>,
    /// The share link's fragment, without `#`.
    pub link: String,
    /// The groups that have a snippet.
    pub offered: Vec<GroupId>,
    /// See [`State::picture`].
    picture: RefCell<Option<Rc<Drawn>>>,
    /// See [`State::compared`].
    compared: RefCell<Option<Rc<Upgrade>>>,
}

/// A step of undo or redo.
#[derive(Clone)]
pub struct Step {
    /// What the step does, as on the button.
    pub name: String,
    /// The deployment on its other side.
    pub deployment: Rc<Deployment>,
    /// What there was beside it.
    pub aside: Option<Aside>,
}

/// A deployment shown beside the user's own, which stays as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Aside {
    /// The user's own, as a link's text; `None` if nothing is kept.
    pub mine: Option<String>,
    /// Why it is shown.
    pub why: Why,
}

/// Why something else than the user's own deployment is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A link was opened.
    Link,
    /// The last start did not come to its end, perhaps because of what is kept.
    Broken,
    /// Part of what is kept could not be read, so it must not be overwritten unasked.
    Unread,
    /// The page was changed in another tab, which keeps that one in the same place.
    Tab,
}

/// An edit that waits for a yes.
#[derive(Clone)]
pub struct Pending {
    /// The edit.
    pub edit: Edit,
    /// What it does, as on a button.
    pub name: String,
    /// What it would open, or delete.
    pub consequences: Vec<String>,
}

impl State {
    /// How many steps lie behind, also those that are no longer kept.
    pub fn depth(&self) -> usize {
        self.dropped + self.past.len()
    }

    /// The group whose snippet is shown: the one looked at, or the first that the user manages, clients last.
    pub fn group(&self) -> Option<GroupId> {
        let offered = &self.derived.offered;
        let chosen = self.view.group.filter(|id| offered.contains(id));
        chosen.or_else(|| offered.first().copied())
    }

    /// A machine whose whole policy is written, beside whose text stands what all of these share: the one that is looked at,
    /// or else the first.
    fn whole(&self) -> Option<GroupId> {
        let whole = |id: &GroupId| self.deployment.group(*id).is_some_and(pack::is_whole);
        self.group().filter(whole).or_else(|| self.derived.offered.iter().copied().find(whole))
    }

    /// The picture; drawn once for a deployment and what is looked at.
    pub fn picture(&self) -> Rc<Drawn> {
        let known = self.derived.picture.borrow().clone().filter(|drawn| drawn.fits(self));
        known.unwrap_or_else(|| {
            let drawn = Rc::new(Drawn::of(self));
            *self.derived.picture.borrow_mut() = Some(drawn.clone());
            drawn
        })
    }

    /// What another release would change, if one is compared with; computed once for a deployment and a release.
    pub fn compared(&self) -> Option<Rc<Upgrade>> {
        let to = self.view.compare.filter(|to| *to != self.deployment.release)?;
        let mut known = self.derived.compared.borrow_mut();
        if known.as_ref().is_none_or(|known| known.to != to) {
            *known = upgrade(&self.catalog, &self.deployment, to).map(Rc::new);
        }
        known.clone()
    }

    /// The news about defaults, without those whose old value is no longer there.
    pub fn news(&self) -> impl Iterator<Item = &News> {
        let holds = |edit: &Edit| (*self.deployment).clone().apply(&self.catalog, edit) == Edited::Changed;
        self.news.iter().filter(move |news| news.fix.as_ref().is_none_or(|fix| holds(&fix.edit)))
    }

    /// The directions of the snippet: those looked at, else the usual ones of the group whose it is.
    pub fn ways(&self) -> Ways {
        let group = self.group().and_then(|id| self.deployment.group(id));
        let usual = || group.map_or(Ways::In, |group| pack::ways(&self.deployment, group));
        self.view.ways.unwrap_or_else(usual)
    }

    /// What is typed in fields and could not be read, and whose it is: the texts go without it.
    pub fn unread(&self) -> impl Iterator<Item = (&Draft, &str)> {
        let said = |draft: &&Draft| draft.group().is_some() || self.whole().is_some();
        self.view.drafts.iter().filter(said).filter_map(|draft| Some((draft, draft.whose(&self.deployment)?)))
    }

    /// What is typed in a field, as long as it is what was read there.
    pub fn draft(&self, field: &str) -> Option<AttrValue> {
        self.unread().find(|(draft, _)| draft.field == field).map(|(draft, _)| draft.text.clone())
    }

    fn show(&mut self, deployment: Deployment) {
        self.derived = Rc::new(Derived::of(&self.catalog, &deployment));
        self.deployment = Rc::new(deployment);
        self.pending = None;
    }

    /// Shows another deployment, with what there is beside it, as a step that can be undone.
    fn replace(&mut self, name: &str, deployment: Deployment, aside: Option<Aside>) {
        let aside = std::mem::replace(&mut self.aside, aside);
        self.past.push(Step { name: name.to_owned(), deployment: self.deployment.clone(), aside });
        if self.past.len() > MOST_STEPS {
            self.past.remove(0);
            self.dropped += 1;
        }
        self.future.clear();
        self.made += 1;
        self.show(deployment);
    }

    /// Applies an edit that needs no more asking.
    fn edit(&mut self, edit: &Edit) {
        let mut deployment = (*self.deployment).clone();
        match deployment.apply(&self.catalog, edit) {
            Edited::Refused(reason) => self.notices = vec![reason],
            Edited::Unchanged => self.pending = None,
            Edited::Changed => {
                // This edit may make a group with the number of one that is gone; one that comes back before is still the same.
                self.view.forget(&|draft| draft.group().is_some_and(|group| self.deployment.group(group).is_none()));
                let name = edit.name(&self.catalog, &self.deployment);
                let goes_on = edit.is_typing()
                    && self.future.is_empty()
                    && self.past.last().is_some_and(|step| step.name == name);
                match goes_on {
                    true => self.show(deployment),
                    false => self.replace(&name, deployment, self.aside.clone()),
                }
            }
        }
    }

    /// The edit as one that waits, if it takes something away and thereby opens flows (law 3) or deletes the user's own.
    fn pending(&self, edit: &Edit) -> Option<Pending> {
        if !edit.takes_away() {
            return None;
        }
        let mut next = (*self.deployment).clone();
        if next.apply(&self.catalog, edit) != Edited::Changed {
            return None;
        }
        let describe = |flow: &Flow, deployment: &Deployment| {
            let name = |id| deployment.group(id).map_or("", |group| group.name.as_str());
            format!("{} to {}, {} {}", name(flow.initiator), name(flow.responder), flow.protocol, flow.ports)
        };
        // A listener that only moves to another number is not one more that can be reached.
        let same = |old: &Flow, new: &Flow| {
            let moved = |reason: &Reason| {
                reason.listener.is_some() && new.reasons.iter().any(|it| it.listener == reason.listener)
            };
            (old.protocol, old.ports) == (new.protocol, new.ports) || old.reasons.iter().any(moved)
        };
        let ends = |flow: &Flow| (flow.initiator, flow.responder);
        let old = by_ends(&self.derived.flows);
        let known = |flow: &Flow| {
            let first = old.partition_point(|old| ends(old) < ends(flow));
            old[first..].iter().take_while(|old| ends(old) == ends(flow)).any(|old| same(old, flow))
        };
        let opened = flows(&self.catalog, &next);
        let opened = opened.iter().filter(|flow| !known(flow)).map(|flow| format!("Opens {}", describe(flow, &next)));
        let lost = self.deployment.custom.iter().filter(|flow| !next.custom.iter().any(|left| left.id == flow.id));
        let lost = lost.map(|flow| format!("Deletes your own flow “{}”", flow.purpose));
        let consequences: Vec<String> = opened.chain(lost).collect();
        let name = edit.name(&self.catalog, &self.deployment);
        (!consequences.is_empty()).then(|| Pending { edit: edit.clone(), name, consequences })
    }

    fn fold(&mut self, group: GroupId, open: bool) {
        self.view.open.retain(|other| *other != group);
        if open {
            self.view.open.push(group);
        }
    }

    /// Changes what there is beside the deployment, for every step at which it was the same: undoing must neither bring back
    /// a question that is answered nor overwrite what another tab keeps.
    fn lay_aside(&mut self, aside: Option<Aside>) {
        let old = std::mem::replace(&mut self.aside, aside);
        for step in self.past.iter_mut().chain(&mut self.future).filter(|step| step.aside == old) {
            step.aside = self.aside.clone();
        }
    }

    fn step(&mut self, back: bool) {
        let (from, to) = if back { (&mut self.past, &mut self.future) } else { (&mut self.future, &mut self.past) };
        if let Some(step) = from.pop() {
            let aside = std::mem::replace(&mut self.aside, step.aside);
            to.push(Step { name: step.name, deployment: self.deployment.clone(), aside });
            self.show((*step.deployment).clone());
        }
    }
}

impl Derived {
    fn of(catalog: &Catalog, deployment: &Deployment) -> Self {
        let flows = flows(catalog, deployment);
        let findings = pack::noticed(catalog, deployment, &flows);
        let changes = howto::steps(catalog, deployment);
        Self {
            flows,
            findings,
            changes,
            link: link::write(catalog, deployment),
            offered: pack::managed(catalog, deployment),
            picture: RefCell::new(None),
            compared: RefCell::new(None),
        }
    }
}

impl Reducible for State {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = (*self).clone();
        if next.view.embedded.is_some() && !action.only_looks() {
            return self;
        }
        match action {
            Action::Edit(edit) => {
                next.pasted = None;
                if matches!(edit, Edit::DropOutgoing(true)) {
                    // What is dropped is to be seen.
                    next.view.ways = None;
                }
                match next.pending(&edit) {
                    Some(pending) => next.pending = Some(pending),
                    None => next.edit(&edit),
                }
            }
            Action::Confirm => {
                if let Some(pending) = next.pending.take() {
                    next.edit(&pending.edit);
                }
            }
            Action::Cancel => {
                if next.pending.is_none() && next.pasted.is_none() {
                    return self;
                }
                next.pending = None;
                next.pasted = None;
            }
            Action::Undo => next.step(true),
            Action::Redo => next.step(false),
            Action::Depth(depth) => {
                while next.depth() > depth && !next.past.is_empty() {
                    next.step(true);
                }
                while next.depth() < depth && !next.future.is_empty() {
                    next.step(false);
                }
            }
            Action::Elsewhere(theirs) => {
                let why = next.aside.as_ref().map_or(Why::Tab, |aside| aside.why);
                let same = why == Why::Tab && theirs == next.derived.link;
                next.lay_aside((!same).then_some(Aside { mine: Some(theirs), why }));
            }
            Action::Unkept => next.notices = vec![UNKEPT.to_owned()],
            Action::Paste(text) => {
                // Any other text was not meant for this page; a word without a dot could be a name, but hardly is.
                let (addresses, refused) = Addresses::parse(&text);
                let meant = |one: &Address| !matches!(one, Address::Name(name) if !name.contains('.'));
                let all = refused.is_empty() && !addresses.list().is_empty() && addresses.list().iter().all(meant);
                next.pasted = all.then_some(addresses);
            }
            Action::Fold(group, open) => {
                if open == next.view.open.contains(&group) {
                    return self;
                }
                next.fold(group, open);
            }
            Action::Seek(group, id) => {
                match group {
                    Some(group) => next.fold(group, true),
                    // No group's own: its field is beside the text of one whose whole policy is written.
                    None => next.view.group = next.whole().or(next.view.group),
                }
                next.view.sought = Some(id);
            }
            Action::SeekFlow(id) => {
                next.view.tab = Tab::Flows;
                // It may be none of those that are shown.
                next.view.own_rows = false;
                let at = next.derived.flows.iter().position(|flow| flows::row_id(&flow.key()) == id);
                next.view.rows = next.view.rows.max(at.map_or(0, |at| at + 1));
                next.view.sought = Some(id);
            }
            Action::Found => next.view.sought = None,
            Action::Open(fragment) => {
                let (link, embedded, problems) = embed::split(&fragment);
                // What begins inside another page stays so, for it has never read what is kept; and what does not, neither: a
                // view would take the user's own from the page.
                if let Some(own) = next.view.embedded {
                    return Rc::new(Self::embedded(next.catalog, link, embedded.unwrap_or(own), problems));
                }
                if link.is_empty() || link == next.derived.link {
                    return self;
                }
                let opened = link::read(&next.catalog, link);
                let mine = next.aside.clone().map_or_else(|| Some(next.derived.link.clone()), |aside| aside.mine);
                (next.notices, next.news) = (opened.problems, Rc::new(opened.news));
                next.replace("Open the link", opened.deployment, Some(Aside { mine, why: Why::Link }));
            }
            Action::Keep => next.lay_aside(None),
            Action::Mine => {
                if let Some(mine) = next.aside.clone().and_then(|aside| aside.mine) {
                    let opened = link::read(&next.catalog, &mine);
                    let unread = !opened.problems.is_empty();
                    let aside = unread.then_some(Aside { mine: Some(mine), why: Why::Unread });
                    (next.notices, next.news) = (opened.problems, Rc::new(opened.news));
                    next.replace("Back to mine", opened.deployment, aside);
                }
            }
            Action::Dismiss => next.notices.clear(),
            Action::Known => next.news = Rc::default(),
            Action::Group(group) => next.view.group = Some(group),
            Action::Only(group) => {
                if next.group() == Some(group) || !next.derived.offered.contains(&group) {
                    return self;
                }
                next.view.group = Some(group);
                if next.view.filter.ways.is_some() {
                    // It is another picture now.
                    next.view.sought = Some(diagram::box_id(group));
                }
            }
            Action::Ways(ways) => next.view.ways = Some(ways),
            Action::Draft(draft) => {
                next.view.forget(&|other| other.field == draft.field);
                next.view.drafts.push(draft);
            }
            Action::Read(field) if next.view.drafts.iter().any(|draft| draft.field == field) => {
                next.view.forget(&|draft| draft.field == field);
            }
            Action::Read(_) => return self,
            Action::Text(text) => next.view.text = text,
            Action::Tab(tab) => next.view.tab = tab,
            Action::More => next.view.rows += ROWS,
            Action::OwnRows(own) => next.view.own_rows = own,
            Action::Embed(embedding) => {
                if embedding.is_none() || next.view.embedding.is_none() {
                    next.view.sought = Some(if embedding.is_none() { OPEN } else { PANEL }.to_owned());
                }
                next.view.embedding = embedding;
            }
            Action::Filter(filter) => next.view.filter = filter,
            Action::Unfilter => {
                next.view.filter = Filter::default();
                // The button that was pressed is gone.
                next.view.sought = Some(FIRST.to_owned());
            }
            Action::Compare(release) => next.view.compare = release,
            Action::Upgrade(release) => {
                next.edit(&Edit::Release(release));
                next.view.compare = None;
                // The button that was pressed goes with the comparison.
                next.view.sought = Some(COMPARE.to_owned());
            }
            Action::Query(query) => next.view.query = query,
            Action::Filling(None) => next.view.filling.clear(),
            Action::Filling(Some(group)) if next.view.filling.contains(&group) => return self,
            Action::Filling(Some(group)) => next.view.filling.push(group),
        }
        Rc::new(next)
    }
}

#[cfg(test)]
mod tests;

//! What is looked at and half typed: no part of the deployment, never kept and never in a link.

use yew::AttrValue;

use super::filters::Filter;
use crate::catalog::Id;
use crate::deployment::{Deployment, GroupId};
use crate::dialect::Text;
use crate::embed::{Embedded, Form, Part};
use crate::host::BASE;
use crate::net::{Addresses, Ways};

/// Where the release to compare with is chosen (an element's id).
pub const COMPARE: &str = "pick-compare";

/// How many rows of a list (flows, findings, groups of a role) are on the page at first, and how many come with each *Show
/// more*: what nobody has scrolled to is not made, so that an edit of a thousand groups does not pay for it.
pub const ROWS: usize = 100;

/// What is looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct View {
    /// The group whose snippet is shown; the default is the first that has one.
    pub group: Option<GroupId>,
    /// The directions of the snippet, if they were chosen: see [`super::state::State::ways`].
    pub ways: Option<Ways>,
    /// Which of its texts.
    pub text: Text,
    /// The tab beside the snippet.
    pub tab: Tab,
    /// True if the flow table has only the rows of the group whose snippet is shown.
    pub own_rows: bool,
    /// What is shown inside another page; then nothing can be edited.
    pub embedded: Option<Embedded>,
    /// The form for another page that is looked at, and what it is to show.
    pub embedding: Option<(Form, Part)>,
    /// Which flows the picture shows.
    pub filter: Filter,
    /// The release that the deployment is compared with.
    pub compare: Option<Id>,
    /// How many rows of a list are on the page at most.
    pub rows: usize,
    /// Groups whose fields are unfolded.
    pub open: Vec<GroupId>,
    /// The element that gets the focus as soon as it is on the page, by its id.
    pub sought: Option<String>,
    /// The search in the catalog.
    pub query: String,
    /// Groups whose missing addresses are being typed beside the snippet: their fields stay until the focus leaves.
    pub filling: Vec<GroupId>,
    /// Texts of fields that could not be read whole.
    pub drafts: Vec<Draft>,
}

impl View {
    /// What is looked at first.
    pub const fn first() -> Self {
        Self {
            group: None,
            ways: None,
            text: Text::Apply,
            tab: Tab::Findings,
            own_rows: false,
            embedded: None,
            embedding: None,
            filter: Filter { category: None, encryption: None, ways: None },
            compare: None,
            rows: ROWS,
            open: Vec::new(),
            sought: None,
            query: String::new(),
            filling: Vec::new(),
            drafts: Vec::new(),
        }
    }

    /// Forgets half-typed texts; one function for all reasons, since each of its own weighs a hundred bytes.
    pub fn forget(&mut self, gone: &dyn Fn(&Draft) -> bool) {
        self.drafts.retain(|draft| !gone(draft));
    }
}

/// A text of addresses, part of which could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The id of the field where these addresses are for good: `a-3` (listens on), `f-3` (connects from), `management`,
    /// `base-dns`.
    pub field: AttrValue,
    /// What stands there.
    pub text: AttrValue,
}

impl Draft {
    /// The group whose field it is.
    pub fn group(&self) -> Option<GroupId> {
        self.field.split_once('-').and_then(|(_, id)| id.parse().ok()).map(GroupId)
    }

    /// Whose addresses they are, in words, as long as the field's value is what was read of the text: other edits may have
    /// changed it since, or taken the field away.
    pub fn whose<'a>(&self, deployment: &'a Deployment) -> Option<&'a str> {
        let host = &deployment.host;
        let (name, value) = match self.field.split_once('-') {
            None => ("Administrators", Some(&host.management)),
            // Its field is there as long as it is asked for.
            Some(("base", id)) if !host.drops_outgoing || host.without.contains(id) => return None,
            Some(("base", id)) => (BASE.iter().find(|service| service.id == id)?.name, host.base.get(id)),
            Some((kind, _)) => {
                let group = deployment.group(self.group()?)?;
                let value = if kind == "f" { group.connects.as_ref()? } else { &group.listens };
                (group.name.as_str(), Some(value))
            }
        };
        (value.cloned().unwrap_or_default() == Addresses::parse(&self.text).0).then_some(name)
    }
}

/// The tabs beside the snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// What is to be said.
    Findings,
    /// The flow table.
    Flows,
    /// What to do for changed ports.
    HowTo,
    /// The facts.
    Catalog,
}

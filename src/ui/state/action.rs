//! Everything that can happen to what the page remembers. Does none of it: the reducer does.

use yew::AttrValue;

use super::super::filters::Filter;
use super::super::view::{Draft, Tab};
use crate::catalog::Id;
use crate::deployment::{Edit, GroupId};
use crate::dialect::Text;
use crate::embed::{Form, Part};
use crate::net::Ways;

/// Everything that can happen.
#[derive(Clone, Debug)]
pub enum Action {
    /// A change of the deployment.
    Edit(Edit),
    /// Yes to the edit that waits.
    Confirm,
    /// No to it, or to what was pasted.
    Cancel,
    /// One step back.
    Undo,
    /// One step forward again.
    Redo,
    /// Back or forward to where so many steps had been made.
    Depth(usize),
    /// Another tab keeps this deployment now (a link's text).
    Elsewhere(String),
    /// This browser does not keep what is edited.
    Unkept,
    /// A text was pasted outside of every field.
    Paste(String),
    /// Fold a group's fields in or out.
    Fold(GroupId, bool),
    /// Unfold a group, if one is given, and give the focus to an element of that id.
    Seek(Option<GroupId>, String),
    /// Look for the row of a flow (an element's id) in the table.
    SeekFlow(String),
    /// What was looked for has the focus.
    Found,
    /// A link was opened while the page was.
    Open(String),
    /// Make what is shown the user's own.
    Keep,
    /// Back to the user's own.
    Mine,
    /// The notices have been read.
    Dismiss,
    /// So has the news about defaults.
    Known,
    /// Look at a group's snippet.
    Group(GroupId),
    /// The same, if it has one: its box was pressed.
    Only(GroupId),
    /// Look at other directions.
    Ways(Ways),
    /// Look at another text.
    Text(Text),
    /// Look at another tab.
    Tab(Tab),
    /// Only the flows of the group whose snippet is shown, or all.
    OwnRows(bool),
    /// Look at a form for another page, or at none.
    Embed(Option<(Form, Part)>),
    /// Only some flows in the picture.
    Filter(Filter),
    /// All of them again, by the button that is there only until then.
    Unfilter,
    /// Compare with another release, or with none.
    Compare(Option<Id>),
    /// Change to the release that was compared with.
    Upgrade(Id),
    /// More rows of the lists.
    More,
    /// Search the catalog.
    Query(String),
    /// What was typed could not be read whole.
    Draft(Draft),
    /// What is typed in this field (an element's id) is all read, or being typed.
    Read(AttrValue),
    /// A missing address of this group is being typed; `None` when the focus leaves these fields.
    Filling(Option<GroupId>),
}

impl Action {
    /// True for what changes nothing but what is looked at: all that a page inside another one can do.
    pub(super) fn only_looks(&self) -> bool {
        matches!(
            self,
            Self::Open(_)
                | Self::Group(_)
                | Self::Only(_)
                | Self::Text(_)
                | Self::SeekFlow(_)
                | Self::Found
                | Self::More
                | Self::Dismiss
        )
    }
}

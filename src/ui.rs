//! The page: one state, one reducer, thin components. Computes nothing of its own; what it shows comes from the pipeline.

mod answer;
mod app;
mod catalog;
mod choices;
mod controls;
mod custom;
mod deployment;
pub mod drawn;
mod embed;
mod embedded;
mod fields;
pub mod filters;
mod findings;
mod flows;
mod group;
mod header;
mod host;
mod howto;
mod marks;
mod node;
mod notices;
mod paper;
mod picture;
mod snippet;
pub mod state;
mod still;
mod trail;
mod upgrade;
pub mod view;

pub use app::{Page, begin};
pub use still::ports;

use yew::{Callback, MouseEvent, UseReducerDispatcher};

use crate::browser;
use crate::deployment::Edit;
use state::{Action, State};

/// Mounts the app into the element `app`, or into the body where there is none. It takes the place of what the build has drawn
/// there.
pub fn mount() {
    app::on_failure();
    let Some(begun) = app::begin() else {
        return browser::show_failure("The catalog of this page cannot be read: the file is damaged.", "");
    };
    match browser::mount_point(begun.embedded()) {
        Some(root) => yew::Renderer::<Page>::with_root_and_props(root, begun).render(),
        None => yew::Renderer::<Page>::with_props(begun).render(),
    };
}

/// How components change the state: a handle that is the same for the life of the page.
#[derive(Clone, PartialEq)]
pub struct Act(UseReducerDispatcher<State>);

impl Act {
    /// Changes the state now.
    pub fn now(&self, action: Action) {
        self.0.dispatch(action);
    }

    /// A callback that changes the state by an action made from its event; `None` does nothing.
    pub fn on<E>(&self, action: impl Fn(E) -> Option<Action> + 'static) -> Callback<E> {
        let act = self.clone();
        Callback::from(move |event| act.perhaps(action(event)))
    }

    /// The part of every callback that does not depend on its event: compiled once.
    #[inline(never)]
    fn perhaps(&self, action: Option<Action>) {
        if let Some(action) = action {
            self.now(action);
        }
    }

    /// What a button calls that always does the same.
    pub fn always(&self, action: Action) -> Callback<MouseEvent> {
        self.on(move |_| Some(action.clone()))
    }

    /// What a button calls that always makes the same edit.
    pub fn edit(&self, edit: Edit) -> Callback<MouseEvent> {
        self.always(Action::Edit(edit))
    }
}

//! The app: begins from the link or from what is kept, mounts the parts, and keeps what changes. Never shows or keeps
//! anything that the reducer does not say.

use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

use super::state::{Action, State};
use super::{Act, answer, deployment, header, notices, paper};
use crate::browser::{self, Copied};
use crate::catalog::Catalog;

/// The user's own deployment, as a link's text.
const KEPT: &str = "portcullis.deployment";
/// Set while the page starts: if it is still there at the next start, what is kept may be what broke this one (law 10).
const STARTING: &str = "portcullis.starting";

thread_local! {
    /// The latest deployment as a link's text, for the message of a page that has failed.
    static LATEST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Shows a readable page when the program fails, with the deployment to copy out.
pub fn on_failure() {
    yew::set_custom_panic_hook(Box::new(|failure| {
        let latest = LATEST.try_with(|latest| latest.borrow().clone()).unwrap_or_default();
        browser::show_failure(&format!("This page has failed: {failure}"), &latest);
    }));
}

/// What the page begins with; `None` if its catalog cannot be read.
pub fn begin() -> Option<PageProps> {
    let catalog = Catalog::spotfire().ok()?;
    let kept = browser::stored(KEPT);
    LATEST.with(|latest| *latest.borrow_mut() = kept.clone().unwrap_or_default());
    let broken = browser::stored(STARTING).is_some();
    browser::store(STARTING, "1");
    Some(PageProps { begun: Begun(Rc::new(State::begin(catalog, &browser::fragment(), kept, broken))) })
}

/// The state a page begins with; made once.
#[derive(Clone)]
struct Begun(Rc<State>);

impl PartialEq for Begun {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// See [`begin`].
#[derive(Properties, PartialEq)]
pub struct PageProps {
    begun: Begun,
}

/// The app.
#[component]
pub fn Page(props: &PageProps) -> Html {
    let begun = props.begun.clone();
    let state = use_reducer(move || (*begun.0).clone());
    let act = Act(state.dispatcher());
    let message = use_state_eq(|| AttrValue::Static(""));
    let told = Callback::from({
        let message = message.clone();
        move |text: AttrValue| message.set(text)
    });

    use_effect_with((), {
        let act = act.clone();
        move |()| {
            browser::forget(STARTING);
            let fragments = browser::on_fragment(act.on(|fragment| Some(Action::Open(fragment))));
            let keys = browser::on_undo_keys(act.on(|redo| Some(if redo { Action::Redo } else { Action::Undo })));
            move || drop((fragments, keys))
        }
    });
    let opened = use_mut_ref(|| false);
    use_effect_with((state.derived.link.clone(), state.aside.is_some()), {
        let state = state.clone();
        move |(link, aside): &(String, bool)| {
            keep(link, *aside, !opened.replace(true));
            let printing = browser::on_print(paper::ID, move || paper::paper(&state));
            move || drop(printing)
        }
    });
    use_effect_with(state.pending.is_some(), |pending| {
        if *pending {
            browser::reveal("pending-list");
        }
    });
    use_effect_with(message.clone(), {
        move |message: &UseStateHandle<AttrValue>| {
            let message = message.clone();
            let timer = (!message.is_empty())
                .then(|| gloo::timers::callback::Timeout::new(8_000, move || message.set(AttrValue::Static(""))));
            move || drop(timer)
        }
    });

    let copy_link = {
        let (link, told) = (state.derived.link.clone(), told.clone());
        Callback::from(move |_: MouseEvent| {
            let told = told.clone();
            let link = format!("{}#{link}", browser::bare_address());
            let done = Callback::from(move |copied| {
                told.emit(match copied {
                    Copied::Copied => "Link copied. It holds the names and addresses of this deployment.".into(),
                    Copied::Selected => {
                        "The browser does not allow copying by button. The link is selected below: press Ctrl+C.".into()
                    }
                });
            });
            browser::copy(link, "link-text", done);
        })
    };
    html! {
        <>
            <a class="skip" href="#answer" onclick={Callback::from(|event: MouseEvent| { event.prevent_default(); browser::reveal("pick-group"); })}>{ "Skip to the rules" }</a>
            { header::header(&state, &act, copy_link) }
            <div class="notices">{ notices::notices(&state, &act) }</div>
            { deployment::deployment(&state, &act) }
            { answer::answer(&state, &act, &told) }
            <p class="toast" role="status" data-shown={(!message.is_empty()).to_string()}>
                <span>{ &*message }</span>
                if message.contains("selected below") { <code id="link-text">{ format!("{}#{}", browser::bare_address(), state.derived.link) }</code> }
            </p>
            <footer class="footer">
                { format!("Catalog {}. Not affiliated with the vendor of {}; check against its documentation. Nothing leaves this page.", state.catalog.version, state.catalog.product) }
            </footer>
        </>
    }
}

/// Keeps the user's own deployment in the browser; where that is forbidden, or while another is shown, in the address, so
/// that a reload brings it back. What was opened a moment ago is not written again: a newer page may have kept more than
/// this one can read.
fn keep(link: &str, aside: bool, only_opened: bool) {
    LATEST.with(|latest| link.clone_into(&mut latest.borrow_mut()));
    if only_opened {
        if !aside && browser::stored(KEPT).is_some() {
            browser::set_fragment("");
        }
        return;
    }
    let kept = !aside && browser::store(KEPT, link);
    browser::set_fragment(if kept { "" } else { link });
}

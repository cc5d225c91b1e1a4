//! The app: begins from the link or from what is kept, mounts the parts, and keeps what changes. Never shows or keeps
//! anything that the reducer does not say.

use std::cell::RefCell;
use std::rc::Rc;

use markup::html;
use yew::prelude::*;

use super::controls::copied;
use super::marks::Marks;
use super::state::{Action, State};
use super::trail::{Move, Trail};
use super::{Act, answer, deployment, embed, embedded, flows, header, notices, paper};
use crate::browser::{self, Pressed, Shortcut, history};
use crate::catalog::Catalog;
use crate::deployment::GroupId;

/// The user's own deployment, as a link's text.
const KEPT: &str = "portcullis.deployment";
/// Set while the page starts: if it is still there at the next start, what is kept may be what broke this one (law 10).
const STARTING: &str = "portcullis.starting";

/// What the keyboard does here besides what it does everywhere.
const KEYS: [(&str, &str); 8] = [
    ("Tab, Enter at once", "skip to the rules"),
    ("Ctrl+Z", "undo, outside of text fields"),
    ("Ctrl+Shift+Z or Ctrl+Y", "redo"),
    ("← → in the diagram", "go from flow to flow; Enter opens its row"),
    ("↑ ↓ in the diagram", "go from group to group; Enter shows it alone, with its rules"),
    ("+ − 0 in the diagram", "nearer, further, all of it; also Ctrl with the wheel"),
    ("Arrow keys in the tabs", "go from tab to tab"),
    ("Escape", "leave everything as it is, when the page asks; all groups, and the picture in its place, again"),
];

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
    let fragment = browser::fragment();
    if crate::embed::split(&fragment).1.is_some() {
        // Inside another page nothing is kept, and nothing that is kept is read.
        LATEST.with(|latest| latest.borrow_mut().clone_from(&fragment));
        return Some(PageProps { begun: Begun(Rc::new(State::begin(catalog, &fragment, None, false))) });
    }
    let kept = browser::stored(KEPT);
    LATEST.with(|latest| *latest.borrow_mut() = kept.clone().unwrap_or_default());
    let broken = browser::stored(STARTING).is_some();
    browser::store(STARTING, "1");
    Some(PageProps { begun: Begun(Rc::new(State::begin(catalog, &fragment, kept, broken))) })
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

impl PageProps {
    /// True if it is shown inside another page.
    pub fn embedded(&self) -> bool {
        self.begun.0.view.embedded.is_some()
    }
}

/// The app.
#[component]
pub fn Page(props: &PageProps) -> Html {
    let begun = props.begun.clone();
    let state = use_reducer(move || (*begun.0).clone());
    let act = Act(state.dispatcher());
    // Numbered, so that saying the same again shows it as long again.
    let message = use_state_eq(|| (0_u32, AttrValue::Static("")));
    let marks = use_mut_ref(Marks::default);
    let told = Callback::from({
        let message = message.clone();
        move |text: AttrValue| message.set((message.0 + 1, text))
    });

    use_effect_with((), {
        let (act, embedded) = (act.clone(), state.view.embedded.is_some());
        move |()| {
            if !embedded {
                browser::forget(STARTING);
            }
            let fragments = browser::on_fragment(act.on(|fragment| Some(Action::Open(fragment))));
            let keys = browser::on_shortcut(act.on(|shortcut| {
                Some(match shortcut {
                    Shortcut::Undo => Action::Undo,
                    Shortcut::Redo => Action::Redo,
                    Shortcut::Escape => Action::Cancel,
                })
            }));
            let tabs = browser::on_stored(KEPT, act.on(|kept| Some(Action::Elsewhere(kept))));
            let pastes = browser::on_paste(act.on(|text| Some(Action::Paste(text))));
            let lights = browser::on_light(act.on(|pressed: Pressed| match pressed {
                Pressed::Flows(keys) => keys.split(' ').next().map(|first| Action::SeekFlow(flows::row_id(first))),
                // A box of several groups is no group whose text could be shown.
                Pressed::Groups(ids) => Some(Action::Only(GroupId(ids.parse().ok()?))),
            }));
            let zooms = browser::on_zoom();
            move || drop((fragments, keys, tabs, pastes, lights, zooms))
        }
    });
    use_travel(&state, &act);
    let opened = use_mut_ref(|| None::<bool>);
    use_effect_with((state.derived.link.clone(), state.aside.is_some()), {
        let (act, state) = (act.clone(), state.clone());
        move |(link, aside): &(String, bool)| {
            let first = opened.borrow().is_none();
            let alone = state.view.embedded.is_none();
            let (kept, fragment) = if alone { keep(link, *aside, first) } else { (true, None) };
            // Said once, at the first edit that is not kept.
            if opened.replace(Some(kept)) == Some(true) && !kept {
                act.now(Action::Unkept);
            }
            // A long one takes longer to write than the page to be drawn again: it waits until the typing rests.
            let late = match fragment {
                Some(fragment) if fragment.len() > 4096 => {
                    Some(gloo::timers::callback::Timeout::new(300, move || browser::set_fragment(&fragment)))
                }
                fragment => {
                    fragment.iter().for_each(|fragment| browser::set_fragment(fragment));
                    None
                }
            };
            let printing = browser::on_print(paper::ID, move || paper::paper(&state));
            move || drop((printing, late))
        }
    });
    use_effect_with(state.view.sought.clone(), {
        let act = act.clone();
        move |sought: &Option<String>| {
            if let Some(id) = sought {
                browser::reveal(id);
                act.now(Action::Found);
            }
        }
    });
    // Whoever frames this page can make the frame as tall as what is in it.
    use_effect({
        let shown = state.view.embedded.is_some();
        move || {
            let heights = shown.then(|| browser::on_height("answer"));
            move || drop(heights)
        }
    });
    use_effect_with(state.pending.is_some(), |pending| {
        if *pending {
            browser::reveal("pending-list");
        }
    });
    use_effect_with(message.clone(), {
        move |message: &UseStateHandle<(u32, AttrValue)>| {
            let (shown, message) = (!message.1.is_empty(), message.clone());
            let empty = move || message.set((message.0, AttrValue::Static("")));
            let timer = shown.then(|| gloo::timers::callback::Timeout::new(8_000, empty));
            move || drop(timer)
        }
    });

    let copy_link = {
        let words = "Link copied. It holds the names and addresses of this deployment.";
        let (link, done) = (state.derived.link.clone(), copied(&told, words, "The link is selected below"));
        Callback::from(move |_: MouseEvent| {
            browser::copy(format!("{}#{link}", browser::bare_address()), "link-text", done.clone());
        })
    };
    if let Some(shown) = &state.view.embedded {
        return html! {
            <>
                { embedded::embedded(&state, shown, &act, &told, copy_link, &mut marks.borrow_mut()) }
                { toast(&state, &message.1) }
            </>
        };
    }
    html! {
        <>
            <a class="skip" href="#answer" onclick={Callback::from(|event: MouseEvent| { event.prevent_default(); browser::reveal("pick-group"); })}>{ "Skip to the rules" }</a>
            { header::header(&state, &act, &told, copy_link) }
            <div class="notices">{ notices::notices(&state, &act) }{ embed::panel(&state, &act, &told) }</div>
            { deployment::deployment(&state, &act) }
            { answer::answer(&state, &act, &told, &mut marks.borrow_mut()) }
            <p class="visually-hidden" role="status">{ marks.borrow().said().to_owned() }</p>
            { toast(&state, &message.1) }
            <footer class="footer">
                <details class="keys">
                    <summary>{ "Keyboard" }</summary>
                    <dl>{ for KEYS.map(|(keys, what)| html! { <><dt>{ keys }</dt><dd>{ what }</dd></> }) }</dl>
                </details>
                { format!("Catalog {}. Not affiliated with the vendor of {}; check against its documentation. Nothing leaves this page.", state.catalog.version, state.catalog.product) }
            </footer>
        </>
    }
}

/// What was done last, in words; and the link, where it could only be selected.
fn toast(state: &State, message: &AttrValue) -> Html {
    html! {
        <p class="toast" role="status" data-shown={(!message.is_empty()).to_string()}>
            <span>{ message }</span>
            if message.contains("selected below") { <code id="link-text">{ format!("{}#{}", browser::bare_address(), state.derived.link) }</code> }
        </p>
    }
}

/// Lets Back and Forward be undo and redo, except in a frame. Steps become entries of the history only after a moment without
/// another one: browsers refuse too many.
#[hook]
fn use_travel(state: &State, act: &Act) {
    /// In milliseconds; at most 60 entries in the half minute in which WebKit allows 100.
    const MOMENT: u32 = 500;
    let trail = use_mut_ref(|| {
        (!history::framed()).then(|| {
            history::write(0, false);
            Trail::begin(0, 0)
        })
    });
    use_effect_with((), {
        let (trail, act) = (trail.clone(), act.clone());
        move |()| {
            let travels = history::on_travel(act.on(move |position| {
                let depth = trail.borrow_mut().as_mut()?.landed(position)?;
                Some(Action::Depth(depth))
            }));
            move || drop(travels)
        }
    });
    use_effect_with((state.depth(), state.made), move |&(depth, made)| {
        let timer = gloo::timers::callback::Timeout::new(MOMENT, move || {
            let moved = trail.borrow_mut().as_mut().map_or(Move::Stay, |trail| trail.follow(depth, made));
            match moved {
                Move::Stay => {}
                Move::Push(position) => history::write(position, true),
                Move::Replace(position) => history::write(position, false),
                Move::Go(steps) => history::go(steps),
            }
        });
        move || drop(timer)
    });
}

/// Keeps the user's own deployment in the browser; where that is forbidden, or while another is shown, in the address, so
/// that a reload brings it back. What was opened a moment ago is not written again: a newer page may have kept more than
/// this one can read. False if it is the user's own and could not be kept; and the fragment that the address is to have now,
/// if it is to be another one.
fn keep(link: &str, aside: bool, only_opened: bool) -> (bool, Option<String>) {
    LATEST.with(|latest| link.clone_into(&mut latest.borrow_mut()));
    if only_opened {
        return (true, (!aside && browser::stored(KEPT).is_some()).then(String::new));
    }
    let kept = !aside && browser::store(KEPT, link);
    (kept || aside, Some(if kept { String::new() } else { link.to_owned() }))
}

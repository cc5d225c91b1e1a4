//! The text to copy: for which machine, for which firewall, which way; the fields it still needs; Copy and Download.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{button, copied, download, entry, entry_under, select, sign};
use super::fields;
use super::host;
use super::marks::Marks;
use super::state::{Action, State};
use super::view::Draft;
use crate::browser;
use crate::count::counted;
use crate::deployment::{Edit, Group, GroupId};
use crate::dialect::{DIALECTS, Dialect, Text};
use crate::enforce;
use crate::net::{Addresses, Direction, Policy, Ways};
use crate::pack;
use crate::readback::Readback;
use crate::rule::Ruleset;
use crate::snippet::{Context, Snippet, asked, lines, snippet};

/// Where the text stands on the page.
const TEXT: &str = "snippet-text";

/// What is said in place of handing out a text.
const REFUSED: &str = "Nothing was downloaded: a text was read back and is not what it should be.";

/// So many fields for missing addresses stand above the text at most.
const FIELDS: usize = 20;

/// The panel; `told` announces what became of Copy.
pub fn panel(state: &State, act: &Act, told: &Callback<AttrValue>, marks: &mut Marks) -> Html {
    let Some(group) = state.group().and_then(|id| state.deployment.group(id)) else {
        return nobody();
    };
    let made = Made::of(state, group);
    let Made { dialect, ruleset, snippet, read, of } = &made;
    marks.update(of.clone(), &state.derived.link, &snippet.text);
    html! {
        <section class="panel snippet" aria-label="Firewall rules">
            { bar(state, act, group, dialect, (snippet, read), told) }
            { differs(read) }
            { above(state, act, group, dialect, ruleset, snippet) }
            { text(snippet, marks) }
            { below(state, act, group, dialect, (snippet, read), told) }
        </section>
    }
}

fn nobody() -> Html {
    html! {
        <section class="panel snippet" aria-label="Firewall rules">
            <p class="empty">{ "No machine of yours takes part: switch on a role to get its rules." }</p>
        </section>
    }
}

/// The text that is looked at, for another page; `None` if there is none, or it must not be handed out.
pub fn handed_out(state: &State) -> Option<String> {
    let made = Made::of(state, state.deployment.group(state.group()?)?);
    made.read.agrees().then_some(made.snippet.text)
}

/// What the dialect could not say, and what the text is not for.
fn notes(group: &Group, dialect: &Dialect, snippet: &Snippet) -> Html {
    // One node, however many notes: see fields.rs.
    html! {
        <>
            if dialect.is_foreign(group.system) {
                <p class="note">{ format!("{} runs {}: {} does not belong there.", group.name, group.system.name(), dialect.name) }</p>
            }
            <>{ for snippet.notes.iter().map(|note| html! { <p class="note">{ note }</p> }) }</>
        </>
    }
}

/// The text alone, with the button that copies it; nothing of it can be changed.
pub fn read_only(state: &State, told: &Callback<AttrValue>, marks: &mut Marks) -> Html {
    let Some(group) = state.group().and_then(|id| state.deployment.group(id)) else { return nobody() };
    let Made { dialect, snippet, read, of, .. } = &Made::of(state, group);
    marks.update(of.clone(), &state.derived.link, &snippet.text);
    html! {
        <section class="panel snippet" aria-label="Firewall rules">
            <div class="bar">
                <h2>{ [&group.name, ", ", dialect.name].concat() }</h2>
                <span class="spring"></span>
                { copy_button(snippet, read, told) }
            </div>
            { differs(read) }
            <div class="above">
                { notes(group, dialect, snippet) }
                if !snippet.held.is_empty() { <p class="note">{ [&are(snippet.held.len()), " held back."].concat() }</p> }
            </div>
            { text(snippet, marks) }
            <div class="bar below">{ verdict(snippet, read) }</div>
        </section>
    }
}

/// The text that is looked at, what it is made of, and what was read in it.
struct Made {
    dialect: &'static Dialect,
    ruleset: Ruleset,
    snippet: Snippet,
    read: Readback,
    /// Which one it is, in words that no other has.
    of: String,
}

impl Made {
    fn of(state: &State, group: &Group) -> Self {
        let dialect = pack::firewall(group);
        let catalog = &*state.catalog;
        let ruleset = enforce::rules(catalog, &state.deployment, &state.derived.flows, dialect.point(group.id.0));
        let fragment = format!("#{}", state.derived.link);
        let context = context(state, &fragment);
        let directions = state.ways().directions();
        let text_kind = shown(state, dialect, group);
        let snippet = snippet(dialect, &ruleset, directions, text_kind, &state.deployment.settings, &context);
        let of = format!("{} {} {directions:?} {}", group.id.0, dialect.id, text_kind.name());
        let read = asked(dialect, text_kind, &ruleset, directions, &state.deployment.settings).check(&snippet.text);
        Self { dialect, snippet, read, ruleset, of }
    }
}

/// What the head of a text says besides its rules.
fn context<'a>(state: &State, fragment: &'a str) -> Context<'a> {
    Context {
        product: state.catalog.product,
        release: state.deployment.release,
        catalog: state.catalog.version,
        fragment,
    }
}

/// The text that is looked at; the first one where this firewall and policy do not have it.
fn shown(state: &State, dialect: &Dialect, group: &Group) -> Text {
    let has = dialect.texts(group.policy).any(|text| text == state.view.text);
    if has { state.view.text } else { Text::Apply }
}

fn bar(
    state: &State,
    act: &Act,
    group: &Group,
    dialect: &Dialect,
    (snippet, read): (&Snippet, &Readback),
    told: &Callback<AttrValue>,
) -> Html {
    let groups = state.derived.offered.iter().filter_map(|id| state.deployment.group(*id)).map(|row| {
        let name = if row.machines > 1 { format!("{} (×{})", row.name, row.machines) } else { row.name.clone() };
        entry(row.id.0.to_string(), name, row.id == group.id)
    });
    let dialects = DIALECTS.iter().map(|row| {
        let name = match row.is_foreign(group.system) {
            true => format!("{} (not for {})", row.name, group.system.name()),
            false => row.name.to_owned(),
        };
        let place = if row.place.on_host() { "On the machine" } else { "In the cloud" };
        entry_under(place, row.id, name, row.id == dialect.id)
    });
    let ways = Ways::ALL.map(|(ways, name)| entry(name, name, ways == state.ways())).into();
    let id = group.id;
    let pick_group = act.on(|event: Event| Some(Action::Group(GroupId(browser::chosen(&event).parse().ok()?))));
    let pick_dialect = act.on(move |event: Event| Some(Action::Edit(Edit::Firewall(id, browser::chosen(&event)))));
    let policies = Policy::ALL.map(|policy| entry(policy.name(), policy.name(), policy == group.policy)).into();
    let pick_policy = act.on(move |event: Event| {
        let chosen = browser::chosen(&event);
        let policy = Policy::ALL.into_iter().find(|policy| policy.name() == chosen)?;
        Some(Action::Edit(Edit::Policy(id, policy)))
    });
    let pick_ways = act.on(|event: Event| {
        let chosen = browser::chosen(&event);
        Ways::ALL.into_iter().find(|(_, name)| *name == chosen).map(|(ways, _)| Action::Ways(ways))
    });
    html! {
        <div class="bar">
            { select("pick-group", "For which machine", groups.collect(), pick_group) }
            { select("pick-dialect", "Which firewall", dialects.collect(), pick_dialect) }
            if dialect.place.on_host() {
                { select("pick-policy", "Added, or the whole policy", policies, pick_policy) }
            }
            { select("pick-ways", "Directions", ways, pick_ways) }
            { copy_button(snippet, read, told) }
        </div>
    }
}

fn copy_button(snippet: &Snippet, read: &Readback, told: &Callback<AttrValue>) -> Html {
    let copy = {
        let words = match snippet.held.len() {
            0 => "Copied.".into(),
            held => AttrValue::from(format!("Copied; it refuses to run while {} held back.", are(held))),
        };
        let (text, done) = (snippet.text.clone(), copied(told, words, "The text is selected"));
        Callback::from(move |_: MouseEvent| browser::copy(text.clone(), TEXT, done.clone()))
    };
    html! { <button class="primary" id="copy" disabled={!read.agrees()} onclick={copy}>{ "Copy" }</button> }
}

fn are(count: usize) -> String {
    if count == 1 { "1 rule is".to_owned() } else { format!("{count} rules are") }
}

/// Why a text is not handed out: what whoever read it back found.
fn differs(read: &Readback) -> Html {
    let rows = read.unread.iter().cloned();
    let rows = rows.chain(read.missing.iter().map(|row| format!("Missing: {row}")));
    let rows = rows.chain(read.extra.iter().map(|row| format!("Extra: {row}")));
    html! {
        if !read.agrees() {
            <div class="differs" role="alert">
                <p>{ "This text was read back and is not what it should be. It cannot be copied:" }</p>
                <ul>{ for rows.take(FIELDS).map(|row| html! { <li>{ row }</li> }) }</ul>
            </div>
        }
    }
}

/// Above the text: what the dialect could not say, the names it needs, and the fields for exactly the missing peers.
fn above(state: &State, act: &Act, group: &Group, dialect: &Dialect, ruleset: &Ruleset, snippet: &Snippet) -> Html {
    let mut missing: Vec<(u32, Direction)> = Vec::new();
    for rule in ruleset.rules.iter().filter(|rule| rule.peer().group != 0) {
        let row = (rule.peer().group, rule.direction);
        if state.ways().directions().contains(&rule.direction)
            && !dialect.refers_to(rule, &state.deployment.settings)
            && (rule.peer().addresses == Addresses::Missing || state.view.filling.contains(&GroupId(row.0)))
            && !missing.iter().any(|(group, _)| *group == row.0)
        {
            missing.push(row);
        }
    }
    let whole = pack::is_whole(group);
    let names = dialect.fields.iter().map(|field| {
        let key = dialect.key(field);
        let value = dialect.setting(field, &state.deployment.settings).to_owned();
        let error = (field.check)(&value).err();
        let id = format!("name-{}", field.id);
        let default = field.default;
        let oninput = act.on(move |event: InputEvent| {
            let value = browser::typed(&event);
            // An empty field is about to be typed into: until then what held holds.
            let setting = |value| Action::Edit(Edit::Setting(key.clone(), value));
            (!value.is_empty()).then(|| setting(if value == default { String::new() } else { value }))
        });
        html! {
            <span class="field">
                <label for={id.clone()}>{ field.label }</label>
                <input {id} class="mono" {value} {oninput} size="10" spellcheck="false" autocomplete="off" aria-invalid={error.map(|_| "true")} />
                // Always one node, as in fields.rs.
                { error.map(|error| html! { <span class="field-error">{ format!("Cannot be used: {error}") }</span> }).unwrap_or_default() }
            </span>
        }
    });
    // A field must not go from under the hands of who types in it, as soon as what is typed is an address.
    let onfocusout =
        act.on(|event: FocusEvent| browser::leaves(&event, ".missing-peers").then_some(Action::Filling(None)));
    let waiting = match snippet.held.len() {
        0 => "Nothing is held back any more.".to_owned(),
        held => format!("{} held back until these are filled in:", are(held)),
    };
    html! {
        <div class="above">
            if whole {
                { host::panel(state, act, group) }
            }
            <>{ for state.unread().map(|(draft, whose)| unread(act, draft, whose)) }</>
            { notes(group, dialect, snippet) }
            if !missing.is_empty() {
                <div class="missing-peers" data-held={snippet.held.len().to_string()} {onfocusout}>
                    <p>{ waiting }</p>
                    { for missing.iter().take(FIELDS).map(|(peer, way)| missing_peer(state, act, GroupId(*peer), *way)) }
                    if missing.len() > FIELDS {
                        <p>{ format!("{} more have none: type them on the left, or these first.", missing.len() - FIELDS) }</p>
                    }
                </div>
            }
            if !dialect.fields.is_empty() && !whole {
                <details class="names"><summary>{ if dialect.place.on_host() { "Names on this host" } else { "Names in this cloud" } }</summary><div>{ for names }</div></details>
            }
        </div>
    }
}

/// What stands in a field and could not be read is not in the text, and must not be missed in silence.
fn unread(act: &Act, draft: &Draft, whose: &str) -> Html {
    let (_, refused) = Addresses::parse(&draft.text);
    let pieces: Vec<String> = refused.iter().map(|refused| format!("“{}”", refused.text)).collect();
    let show = act.always(Action::Seek(draft.group(), draft.field.to_string()));
    html! {
        <p class="note unread">
            { format!("Addresses of {}: {} could not be read. Every text goes without it.", whose, pieces.join(", ")) }{ " " }
            { button("Show", show) }
        </p>
    }
}

fn missing_peer(state: &State, act: &Act, id: GroupId, direction: Direction) -> Html {
    let Some(group) = state.deployment.group(id) else { return html! {} };
    let outgoing = direction == Direction::Ingress && group.connects.is_some();
    let value = if outgoing { group.connects_from() } else { &group.listens }.clone();
    let onfocusin = act.on(move |_: FocusEvent| Some(Action::Filling(Some(id))));
    let onchange = act.on(move |addresses| {
        Some(Action::Edit(match outgoing {
            true => Edit::Connects(id, Some(addresses)),
            false => Edit::Listens(id, addresses),
        }))
    });
    let field = format!("missing-{}", id.0);
    // Where they stand when this field is gone.
    let home = format!("{}-{}", if outgoing { "f" } else { "a" }, id.0);
    html! {
        <div class="missing-peer" key={id.0} {onfocusin}>
            <label for={field.clone()}>{ &group.name }</label>
            { fields::addresses(state, act, (field, home), format!("Addresses of {}", group.name), &value, onchange) }
        </div>
    }
}

fn text(snippet: &Snippet, marks: &Marks) -> Html {
    let lines = lines(&snippet.text).into_iter().enumerate().map(|(at, line)| {
        let kind = match () {
            () if line.held => Some("held"),
            () if line.comment => Some("comment"),
            () => None,
        };
        let class = classes!(kind, marks.changed(at).then_some("new"));
        html! { <span {class} data-flow={line.flow.map(str::to_owned)}>{ line.text.to_owned() + "\n" }</span> }
    });
    html! { <pre id={TEXT} tabindex="0" role="region" aria-label="Text to copy">{ for lines }</pre> }
}

fn below(
    state: &State,
    act: &Act,
    group: &Group,
    dialect: &Dialect,
    (snippet, read): (&Snippet, &Readback),
    told: &Callback<AttrValue>,
) -> Html {
    let keep = {
        let (name, file, agrees) = (snippet.file_name.clone(), snippet.file.clone(), read.agrees());
        let told = told.clone();
        Callback::from(move |_: MouseEvent| match agrees {
            true => download(&told, &name, file.as_bytes(), ["The text is in ", &name, "."].concat()),
            false => told.emit(REFUSED.into()),
        })
    };
    let current = shown(state, dialect, group);
    let texts = dialect.texts(group.policy).map(|text| {
        let pressed = (text == current).to_string();
        html! { <button class="quiet" aria-pressed={pressed} onclick={act.always(Action::Text(text))}>{ text.name() }</button> }
    });
    html! {
        <div class="bar below">
            { verdict(snippet, read) }
            { sign("↓", format!("Download {}", snippet.file_name), keep) }
            { sign("↓ All", "Download all texts of all machines, as one archive", all_machines(state, told)) }
            <span class="spring"></span>
            <span role="group" aria-label="Which text" class="texts">{ for texts }</span>
        </div>
    }
}

/// What was read in exactly this text.
fn verdict(snippet: &Snippet, read: &Readback) -> Html {
    let count = match snippet.held.len() {
        0 => counted(snippet.written, "rule"),
        _ => format!("{} of {}", snippet.written, counted(snippet.flows, "rule")),
    };
    let verdict = match (read.agrees(), read.openings) {
        (true, 0) => "read back: opens nothing",
        (true, _) => "read back: 0 missing, 0 extra",
        _ => "read back: not what it should be",
    };
    let details = format!(
        "{} read from exactly these bytes, by code that shares nothing with what wrote them, and compared with the flows.",
        counted(read.openings, "opening")
    );
    html! { <small class="read" title={details}>{ count }{ ", " }{ verdict }</small> }
}

/// Downloads every text of every machine.
fn all_machines(state: &State, told: &Callback<AttrValue>) -> Callback<MouseEvent> {
    let (state, told) = (state.clone(), told.clone());
    Callback::from(move |_: MouseEvent| {
        let fragment = format!("#{}", state.derived.link);
        let (catalog, deployment) = (&*state.catalog, &*state.deployment);
        match pack::files(catalog, deployment, &state.derived.flows, state.view.ways, &context(&state, &fragment)) {
            Ok(files) => {
                let words = format!(
                    "{} and a README in one archive. Ansible runs its portcullis.yml.",
                    counted(files.len() - 1, "file")
                );
                download(&told, &pack::archive_name(catalog), &pack::archive(&files), words);
            }
            Err(name) => told.emit(format!("{REFUSED} It is one for {name}.").into()),
        }
    })
}

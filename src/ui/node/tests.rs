//! Holds the page's `html!` to Yew's: the same tree for everything that the page writes, but for the order of attributes: Yew
//! puts flags and the class last.

use yew::prelude::*;

/// True if both macros make the same of it.
macro_rules! same {
    ($($tree:tt)*) => {{
        let ours: Html = markup::html! { $($tree)* };
        let yews: Html = yew::html! { $($tree)* };
        // Or as text: two listeners are never the same.
        assert!(ours == yews || format!("{ours:?}") == format!("{yews:?}"), "\n{ours:#?}\nin place of\n{yews:#?}");
    }};
}

#[test]
fn an_element_is_what_it_is_for_yew() {
    same! {};
    same! { <br /> };
    same! { <p></p> };
    same! { <p aria-label="Note" data-x-y="1" class="note">{ "words" }</p> };
    same! { <p>{ "words" }{ " and more" }</p> };
    same! { <ul><li>{ "one" }</li><li>{ "two" }</li></ul> };
}

#[test]
fn so_are_values_that_change() {
    let (id, name, title) = ("a".to_owned(), AttrValue::from("b".to_owned()), Some("c"));
    let (none, yes): (Option<AttrValue>, bool) = (None, name.len() == 1);
    same! { <p id={id.clone()} title={title} aria-label={name.clone()} class="note"></p> };
    same! { <p aria-label={none.clone()}>{ &name }</p> };
    same! { <button disabled={yes}></button> };
    same! { <button id="x" disabled={!yes}></button> };
    same! { <p class={classes!("a", Some("b"), None::<&str>)}></p> };
    same! { <p class={classes!(None::<&str>)}></p> };
    same! { <p key="row">{ 12_usize }</p> };
    same! { <p key={12}></p> };
    same! { <input value={name.clone()} size="6" /> };
    same! { <input value="words" /> };
    same! { <input type="checkbox" checked={yes} /> };
    let name = "d";
    same! { <p {name} {title}></p> };
}

#[test]
fn so_are_lists_and_choices() {
    let rows = || ["a", "b"].into_iter().map(|row| yew::html! { <li key={row}>{ row }</li> });
    let (yes, some) = (rows().count() > 1, Some("x"));
    same! { <ul>{ for rows() }</ul> };
    same! { <ul>{ for rows().take(0) }</ul> };
    same! { <ul>{ for rows().take(1) }</ul> };
    same! { <><p></p>{ for rows() }</> };
    same! { <>{ for rows() }</> };
    same! { <></> };
    same! { <p>if yes { <b></b> }</p> };
    same! { <p>if !yes { <b></b> } else { <i></i>{ "words" } }</p> };
    same! { <p>if !yes { <b></b> } else if let Some(x) = some { { x } }</p> };
    same! { <p>if let Some(x) = some { <b>{ x }</b> }{ "after" }</p> };
    same! { if yes { <b></b> } };
    same! { <div><>{ for rows() }</><p>{ yew::html! { <i></i> } }</p></div> };
}

#[test]
fn no_name_of_the_callers_is_taken() {
    let (node, child) = ("n", "c");
    same! { <p title={node} class="x">{ child }{ node }</p> };
}

#[test]
fn what_is_listened_to_is_listened_to() {
    let click = Callback::from(|_: MouseEvent| ());
    same! { <button onclick={click.clone()} class="x">{ "Go" }</button> };
    same! { <button onclick={Some(click.clone())}></button> };
}

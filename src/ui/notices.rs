//! What stands above everything: a deployment that is not the user's own, what could not be read, and an edit that asks.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{button, entry, select};
use super::state::{Action, Aside, Pending, State, Why};
use crate::browser;
use crate::count::counted;
use crate::deployment::{Edit, GroupId};
use crate::net::Addresses;

/// The notices, if there are any.
pub fn notices(state: &State, act: &Act) -> Html {
    html! {
        <>
            { for state.aside.as_ref().map(|shown| aside(shown, act)) }
            if !state.notices.is_empty() {
                <section class="notice" role="alert">
                    <ul>{ for state.notices.iter().map(|text| html! { <li>{ text }</li> }) }</ul>
                    <button onclick={act.always(Action::Dismiss)}>{ "Dismiss" }</button>
                </section>
            }
            { news(state, act).unwrap_or_default() }
            { for state.pending.as_ref().map(|edit| pending(edit, act)) }
            { for state.pasted.as_ref().map(|addresses| pasted(state, act, addresses)) }
        </>
    }
}

/// Defaults that have changed since what is shown was written, and buttons that take the new ones.
fn news(state: &State, act: &Act) -> Option<Html> {
    let rows: Vec<Html> = state
        .news()
        .map(|news| {
            let take = news.fix.as_ref().map(|fix| button(fix.label.clone(), act.edit(fix.edit.clone())));
            html! { <li>{ &news.text }{ " " }{ for take }</li> }
        })
        .collect();
    (!rows.is_empty()).then(|| {
        html! {
            <section class="notice" aria-label="Changed defaults">
                <ul>{ for rows }</ul>
                <button onclick={act.always(Action::Known)}>{ "Dismiss" }</button>
            </section>
        }
    })
}

fn aside(aside: &Aside, act: &Act) -> Html {
    let text = match (aside.why, &aside.mine) {
        (Why::Link, Some(_)) => {
            "This deployment came by a link. Yours is kept, and stays as it is until you keep this one."
        }
        (Why::Link, None) => "This deployment came by a link and is not kept in this browser yet.",
        (Why::Broken, _) => {
            "The last start did not come to its end, so your deployment was not opened. It is still kept."
        }
        (Why::Unread, _) => {
            "Part of what is kept could not be read, perhaps because a newer page wrote it. It stays as it is until you \
             keep what you see."
        }
        (Why::Tab, _) => {
            "Your deployment was changed in another tab, and that one is kept. What you see here is kept in its place only \
             if you say so."
        }
    };
    let (back, keep) = match aside.why {
        Why::Link => (Some("Back to mine"), "Keep this one"),
        Why::Broken => (Some("Open it"), "Begin again here"),
        Why::Unread => (None, "Keep this one"),
        Why::Tab => (Some("Show the other one"), "Keep this one"),
    };
    html! {
        <section class="notice" aria-label="Not your own deployment">
            <p>{ text }</p>
            if let Some(mine) = &aside.mine {
                { for back.map(|word| html! { <button id="mine" onclick={act.always(Action::Mine)}>{ word }</button> }) }
                if matches!(aside.why, Why::Broken | Why::Unread) {
                    <details><summary>{ "Show it as text" }</summary><code>{ format!("#{mine}") }</code></details>
                }
            }
            <button id="keep" onclick={act.always(Action::Keep)}>{ keep }</button>
        </section>
    }
}

/// Addresses that were pasted outside of every field: whose are they?
fn pasted(state: &State, act: &Act, addresses: &Addresses) -> Html {
    let groups = state.deployment.groups.iter().filter(|group| state.deployment.takes_part(&state.catalog, group));
    let mut entries = vec![entry("", "Choose a group…", false)];
    entries.extend(groups.map(|group| entry(group.id.0.to_string(), group.name.clone(), false)));
    let chosen = {
        let addresses = addresses.clone();
        act.on(move |event: Event| {
            let group = GroupId(browser::chosen(&event).parse().ok()?);
            Some(Action::Edit(Edit::Listens(group, addresses.clone())))
        })
    };
    html! {
        <section class="notice" aria-label="Pasted addresses">
            <p><label for="pasted">{ format!("Pasted {}: {addresses}. Whose addresses are these?", counted(addresses.list().len(), "address")) }</label></p>
            { select("pasted", "", entries, chosen) }
            { button("Cancel", act.always(Action::Cancel)) }
        </section>
    }
}

fn pending(pending: &Pending, act: &Act) -> Html {
    let yes = match pending.consequences.iter().any(|text| text.starts_with("Opens")) {
        true => "Do it, and allow these flows",
        false => "Do it",
    };
    html! {
        <section class="notice asking" id="pending" role="alertdialog" aria-labelledby="pending-title" aria-describedby="pending-list">
            <p id="pending-title"><b>{ format!("{}?", pending.name) }</b>{ " The rules would change like this:" }</p>
            <ul id="pending-list" tabindex="-1">{ for pending.consequences.iter().map(|text| html! { <li>{ text }</li> }) }</ul>
            <button onclick={act.always(Action::Cancel)}>{ "Leave it as it is" }</button>
            <button class="primary" onclick={act.always(Action::Confirm)}>{ yes }</button>
        </section>
    }
}

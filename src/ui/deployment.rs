//! The left side: roles to switch on and off, grouped as the catalog's zones, and under each role its groups.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{button, more, sign};
use super::custom::CustomFlows;
use super::group;
use super::state::{Action, State};
use crate::browser;
use crate::catalog::{Id, Role};
use crate::deployment::{Edit, Group};
use crate::finding::needs_address;
use crate::net::Addresses;

/// The form that says what the deployment is.
pub fn deployment(state: &State, act: &Act) -> Html {
    let (catalog, deployment) = (&*state.catalog, &*state.deployment);
    // Under which role each group is shown: the first that runs there.
    let home = |group: &Group| group.placed().find(|role| deployment.runs(catalog, group, role));
    let homes: Vec<(&Group, Option<Id>)> = deployment.groups.iter().map(|group| (group, home(group))).collect();
    let role = |row: &Role| role(state, act, &homes, row);
    let zones = state.catalog.zones.iter().map(|zone| {
        let roles = state.catalog.roles.iter().filter(|role| role.zone == zone.id);
        // What most do without is folded away until it is on.
        let folded = |role: &&Role| role.rare && !deployment.has(catalog, role.id);
        let (rest, shown): (Vec<&Role>, Vec<&Role>) = roles.partition(folded);
        let (changes, edits) = changed(state, &homes, zone.id);
        html! {
            <section aria-label={zone.name}>
                <h2>
                    { zone.name }
                    if changes > 0 {
                        <span class="count">{ format!("{changes} changed") }</span>
                        { sign("↺", format!("Reset {}: {changes} changed", zone.name), act.edit(Edit::Several(edits))) }
                    }
                </h2>
                { for shown.into_iter().map(&role) }
                if !rest.is_empty() {
                    <details class="more">
                        <summary>{ format!("{} more", rest.len()) }</summary>
                        { for rest.into_iter().map(&role) }
                    </details>
                }
            </section>
        }
    });
    let all = state.deployment.changes();
    html! {
        <aside class="deployment" aria-label="Deployment">
            { for zones }
            <CustomFlows deployment={state.deployment.clone()} act={act.clone()} />
            if all > 0 {
                <p class="reset">{ button(format!("Reset all {all} changed values"), act.edit(Edit::ResetAll)) }</p>
            }
        </aside>
    }
}

/// What is not as the catalog says in a zone's section: how many values, and the edits that reset them.
fn changed(state: &State, homes: &[(&Group, Option<Id>)], zone: Id) -> (usize, Vec<Edit>) {
    let (catalog, deployment) = (&*state.catalog, &*state.deployment);
    let here = |role: Id| catalog.role(role).is_some_and(|role| role.zone == zone);
    let mut count = 0;
    let mut edits = Vec::new();
    for (group, home) in homes {
        if home.is_some_and(here) && group.changes() > 0 {
            count += group.changes();
            edits.push(Edit::Reset(group.id));
        }
    }
    let ports = deployment.ports.keys().filter(|id| catalog.listener(id).is_some_and(|row| here(row.role)));
    edits.extend(ports.map(|id| Edit::PortEverywhere(id, None)));
    let first = |id: &Id| catalog.choice(id).and_then(|choice| choice.roles.first());
    let answers = deployment.answers.keys().filter(|id| first(id).is_some_and(|role| here(role)));
    edits.extend(answers.map(|id| Edit::Answer(id, None)));
    let groups = edits.iter().filter(|edit| matches!(edit, Edit::Reset(_))).count();
    (count + edits.len() - groups, edits)
}

fn role(state: &State, act: &Act, homes: &[(&Group, Option<Id>)], role: &Role) -> Html {
    let (catalog, deployment) = (&*state.catalog, &*state.deployment);
    let on = deployment.has(catalog, role.id);
    let own: Vec<&Group> = homes.iter().filter(|(_, home)| *home == Some(role.id)).map(|(group, _)| *group).collect();
    let (id, rows) = (role.id, state.view.rows);
    let folds = own.iter().enumerate().filter(|(at, home)| *at < rows || state.view.open.contains(&home.id));
    let folds: Vec<Html> = folds.map(|(_, home)| fold(state, act, home)).collect();
    let shown = folds.len();
    let onchange = {
        let act = act.clone();
        Callback::from(move |event: Event| {
            let ticked = browser::ticked(&event);
            // The reducer decides (it may ask first); until it has, the box shows what holds.
            browser::set_ticked(&event, on);
            act.now(Action::Edit(Edit::Switch(id, ticked)));
        })
    };
    let elsewhere: Vec<&str> = match own.is_empty() {
        true => {
            let carriers = deployment.groups.iter().filter(|group| deployment.runs(catalog, group, role.id));
            carriers.map(|group| group.name.as_str()).collect()
        }
        false => Vec::new(),
    };
    html! {
        <div class="role" key={role.id} data-on={on.to_string()}>
            <input type="checkbox" role="switch" id={format!("role-{}", role.id)} checked={on} {onchange} aria-label={role.name} title={role.summary} />
            if own.is_empty() {
                <label for={format!("role-{}", role.id)}>{ role.name }</label>
                if !elsewhere.is_empty() {
                    <span class="place">{ format!("on {}", elsewhere.join(", ")) }</span>
                }
            } else {
                <div class="groups">{ for folds }{ more(act, "group", shown, own.len()) }</div>
            }
        </div>
    }
}

fn fold(state: &State, act: &Act, shown: &Group) -> Html {
    let (id, changed, open) = (shown.id, shown.changes(), state.view.open.contains(&shown.id));
    let ontoggle = act.on(move |event: Event| Some(Action::Fold(id, browser::unfolded(&event))));
    let (text, missing) = match &shown.listens {
        Addresses::Missing => ("no address".to_owned(), needs_address(id, &state.derived.findings)),
        Addresses::Known(list) if list.len() > 1 => (format!("{} addresses", list.len()), false),
        addresses => (addresses.to_string(), false),
    };
    html! {
        <details class="group" id={format!("group-{}", id.0)} key={id.0} {open} {ontoggle}>
            <summary>
                <span class="name" title={shown.name.clone()}>{ &shown.name }</span>
                if shown.machines > 1 {
                    <span class="count">{ format!("×{}", shown.machines) }</span>
                }
                if changed > 0 {
                    <span class="count">{ format!("{changed} changed") }</span>
                }
                <span class={classes!("place", missing.then_some("missing"))}>{ text }</span>
            </summary>
            if open {
                { group::details(state, act, shown) }
            }
        </details>
    }
}

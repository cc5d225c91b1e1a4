//! The bar at the top: where to begin from, undo and redo, the share link.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{entry, select};
use super::embed::OPEN;
use super::state::{Action, State, Step};
use crate::browser;
use crate::deployment::Edit;
use crate::embed::{Form, Part};

/// The header. `copy_link` is called by its main button; `told` announces what a preset replaced.
pub fn header(state: &State, act: &Act, told: &Callback<AttrValue>, copy_link: Callback<MouseEvent>) -> Html {
    let catalog = &state.catalog;
    let preset = {
        let (catalog, told) = (catalog.clone(), told.clone());
        act.on(move |event: Event| {
            let chosen = browser::chosen(&event);
            let preset = catalog.presets.iter().find(|preset| preset.id == chosen)?;
            told.emit(format!("Now “{}”. ↶ brings back what was here.", preset.name).into());
            Some(Action::Edit(Edit::Preset(preset.id)))
        })
    };
    let release = {
        let catalog = catalog.clone();
        act.on(move |event: Event| Some(Action::Edit(Edit::Release(catalog.release(&browser::chosen(&event))?.id))))
    };
    let newest = catalog.newest();
    let releases = catalog.releases.iter().rev().map(|row| {
        let newest = if row.id == newest { " (newest)" } else { "" };
        entry(row.id, format!("{} {}{newest}", catalog.product, row.id), row.id == state.deployment.release)
    });
    let presets = catalog.presets.iter().map(|row| entry(row.id, row.name, false));
    let presets = std::iter::once(entry("", "Begin from…", false)).chain(presets);
    html! {
        <header class="header">
            <h1><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M1 15V6a7 5 0 0 1 14 0v9M4.5 15V3M8 15V2M11.5 15V3M2 7h12M2 11h12" /></svg>
                { "Portcullis" }<span>{ format!(" firewall calculator for {}", catalog.product) }</span></h1>
            { select("pick-release", "Release", releases.collect(), release) }
            { select("pick-preset", "Begin from a preset", presets.collect(), preset) }
            <span class="spring"></span>
            { step("Undo", "↶", state.past.last(), act, Action::Undo) }
            { step("Redo", "↷", state.future.last(), act, Action::Redo) }
            <button id={OPEN} onclick={act.always(Action::Embed(Some((Form::Frame, Part::All))))}>{ "Embed…" }</button>
            <button class="primary" onclick={copy_link}>{ "Copy link" }</button>
        </header>
    }
}

fn step(word: &str, sign: &'static str, step: Option<&Step>, act: &Act, action: Action) -> Html {
    let title = match step {
        Some(step) => format!("{word}: {}", step.name),
        None => format!("Nothing to {}", word.to_ascii_lowercase()),
    };
    html! {
        <button class="quiet" title={title.clone()} aria-label={title} disabled={step.is_none()} onclick={act.always(action)}>{ sign }</button>
    }
}

//! The findings: a mark and a word for how bad, what and why, who says so, and buttons that settle it.

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{button, more};
use super::howto;
use super::state::{Action, State};
use crate::catalog::Id;
use crate::finding::{Finding, Place};

/// The list.
pub fn findings(state: &State, act: &Act) -> Html {
    let all = &state.derived.findings;
    let rows = all.iter().take(state.view.rows).map(|row| finding(state, act, row));
    html! {
        if all.is_empty() {
            <p class="empty">{ "Nothing to say: every rule has its addresses, and no two listeners meet." }</p>
        } else {
            <ul class="findings">{ for rows }</ul>
            { more(act, "finding", state.view.rows, all.len()) }
        }
    }
}

fn finding(state: &State, act: &Act, finding: &Finding) -> Html {
    let reveal = match finding.place {
        Place::Addresses(id) => Some(Action::Seek(Some(id), format!("a-{}", id.0))),
        Place::Management => Some(Action::Seek(None, "management".to_owned())),
        _ => None,
    };
    let fixes = finding.fixes.iter().map(|fix| button(fix.label.clone(), act.edit(fix.edit.clone())));
    html! {
        <li data-severity={finding.severity.name()}>
            <span class="sign" role="img" aria-label={finding.severity.name()}>{ finding.severity.sign() }</span>
            <div>
                <p><b>{ &finding.message }</b></p>
                <p class="reason">{ &finding.reason }{ sources(state, &finding.sources) }</p>
                if !finding.fixes.is_empty() || reveal.is_some() || finding.place == Place::Changed {
                    <p class="buttons">
                        { for fixes }
                        if finding.place == Place::Changed {
                            { button(howto::NAME, howto::show(act)) }
                        }
                        { for reveal.map(|action| button("Type addresses", act.always(action))) }
                    </p>
                }
            </div>
        </li>
    }
}

/// Links to documents, by number; their titles tell the rest.
pub fn sources(state: &State, ids: &[Id]) -> Html {
    let links = ids.iter().filter_map(|id| state.catalog.source(id)).map(|source| {
        let title = format!("{} ({})", source.title, source.release);
        html! { <>{ " " }<a href={source.url} target="_blank" rel="noopener noreferrer" aria-label={format!("{}: {title}", source.id)} {title}>{ source.id }</a></> }
    });
    html! { <span class="sources">{ for links }</span> }
}

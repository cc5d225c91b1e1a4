//! The picture under its bar, and the forms in which it leaves the page. Draws nothing: the diagram does.

use std::rc::Rc;

use markup::html;
use yew::prelude::*;

use super::Act;
use super::controls::{REFUSED, download, sign};
use super::drawn::Drawn;
use super::filters::filters;
use super::state::State;
use crate::browser::{self, Copied, Image};
use crate::count::counted;
use crate::diagram::{Diagram, dot, drawio, mermaid, svg};
use crate::snippet::file_name;

/// What the keys do in the picture.
const KEYS: &str = "Diagram: left and right go from flow to flow, up and down from group to group, Enter opens it";

/// A picture that is asked for, what its file is called, and who is told what became of it.
struct Asked {
    drawn: Rc<Drawn>,
    name: String,
    told: Callback<AttrValue>,
}

/// The picture; `told` announces what became of a copy.
pub fn picture(state: &State, act: &Act, told: &Callback<AttrValue>) -> Html {
    let drawn = state.picture();
    let name = name(state);
    let press = |deed: fn(Asked)| {
        let (drawn, name, told) = (drawn.clone(), name.clone(), told.clone());
        Callback::from(move |_: MouseEvent| {
            deed(Asked { drawn: drawn.clone(), name: name.clone(), told: told.clone() });
        })
    };
    let said = match &drawn.note {
        note if note.is_empty() => {
            let groups = drawn.diagram.boxes.iter().map(|one| one.groups.len()).sum();
            [counted(drawn.flows, "flow"), " between ".to_owned(), counted(groups, "group")].concat()
        }
        note => note.clone(),
    };
    html! {
        <section class="panel diagram" aria-label="Allowed flows">
            <div class="bar">
                <h2>{ "Allowed flows" }</h2>
                <small>{ said }</small>
                { filters(state, act) }
            </div>
            { drawing(&drawn) }
            <div class="bar below">
                <details class="words">
                    <summary>{ "In words" }</summary>
                    <p>{ drawn.diagram.description.clone() }</p>
                </details>
                <span class="buttons">
                    { sign("SVG", "SVG: download the picture, sharp at any size", press(|asked| asked.keep("svg", asked.svg()))) }
                    { sign("PNG", "PNG: download the picture for slides and tickets", press(|asked| asked.image(false))) }
                    { sign("draw.io", "draw.io: download a diagram that can be edited", press(|asked| asked.keep("drawio", drawio::drawio(asked.diagram())))) }
                    { sign("DOT", "DOT: download a graph for Graphviz", press(|asked| asked.keep("dot", dot::dot(asked.diagram())))) }
                    { sign("Mermaid", "Mermaid: copy a diagram for Markdown and wikis", press(Asked::mermaid)) }
                    <button id="copy-picture" onclick={press(|asked| asked.image(true))}>{ "Copy image" }</button>
                </span>
                <span class="zoom">
                    { sign("−", "Further from the picture", Callback::from(|_| browser::zoom(3, None))) }
                    { sign("Fit", "Fit: all of it, as large as there is room", Callback::from(|_| browser::zoom(0, None))) }
                    { sign("+", "Nearer to the picture", Callback::from(|_| browser::zoom(5, None))) }
                    <label><input type="checkbox" id={browser::WHOLE_WINDOW} />{ "Whole window" }</label>
                </span>
            </div>
        </section>
    }
}

/// What its file is called, in words.
pub fn name(state: &State) -> String {
    [state.catalog.product, " diagram ", state.deployment.release].concat()
}

/// The picture alone.
pub fn drawing(drawn: &Drawn) -> Html {
    html! {
        <div class={classes!("drawing", drawn.tall.then_some("tall"))} tabindex="0" role="group" aria-label={KEYS}>
            { Html::from_html_unchecked(drawn.markup.clone()) }
        </div>
    }
}

impl Asked {
    fn diagram(&self) -> &Diagram {
        &self.drawn.diagram
    }

    /// For light paper, whatever the page looks like.
    fn svg(&self) -> String {
        svg::standalone(self.diagram(), &svg::Theme::LIGHT)
    }

    /// What leaves the page is what is looked at: said where that is not all.
    fn part(&self) -> String {
        let note = &self.drawn.note;
        if note.is_empty() { String::new() } else { [" It shows ", note, "."].concat() }
    }

    /// Keeps it as a file.
    fn keep(&self, extension: &str, text: String) {
        self.kept(extension, text.as_bytes(), "");
    }

    fn kept(&self, extension: &str, bytes: &[u8], before: &str) {
        let name = file_name("", &self.name, extension);
        download(&self.told, &name, bytes, [before, "The picture is in ", &name, ".", &self.part()].concat());
    }

    fn mermaid(self) {
        let text = mermaid::mermaid(self.diagram());
        let kept = text.clone();
        let done = Callback::from(move |copied| match copied {
            Copied::Copied => self.told.emit(["Picture copied as Mermaid.", &self.part()].concat().into()),
            Copied::Selected => self.kept("mmd", kept.as_bytes(), REFUSED),
        });
        // Nothing on the page shows this text, so that nothing can be selected in its place.
        browser::copy(text, "", done);
    }

    /// As pixels: on the clipboard, or else as a file.
    fn image(self, copy: bool) {
        let (svg, size) = (self.svg(), [self.diagram().width, self.diagram().height]);
        let done = Callback::from(move |image| match image {
            Image::Copied => self.told.emit(["Picture copied.", &self.part()].concat().into()),
            Image::Made(bytes) => self.kept("png", &bytes, if copy { REFUSED } else { "" }),
            Image::Refused => self.kept("svg", self.svg().as_bytes(), "This browser makes no image of it. "),
        });
        browser::image(svg, size, copy, done);
    }
}

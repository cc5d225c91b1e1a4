//! The picture under its bar, and the forms in which it leaves the page. Draws nothing: the diagram does.

use markup::html;
use yew::prelude::*;

use super::controls::sign;
use super::state::State;
use crate::browser::{self, Copied, Image};
use crate::count::counted;
use crate::diagram::{self, Diagram, dot, drawio, mermaid, svg};
use crate::snippet::file_name;

/// A picture that is asked for, what its file is called, and who is told what became of it.
struct Asked {
    drawn: Diagram,
    name: String,
    told: Callback<AttrValue>,
}

/// The picture; `told` announces what became of a copy.
pub fn picture(state: &State, told: &Callback<AttrValue>) -> Html {
    let (catalog, deployment, flows) = (&*state.catalog, &*state.deployment, &*state.derived.flows);
    let groups = deployment.groups.iter().filter(|group| deployment.takes_part(catalog, group)).count();
    let (drawing, tall) = state.picture().clone();
    let press = |deed: fn(Asked)| {
        let (catalog, deployment, derived) = (state.catalog.clone(), state.deployment.clone(), state.derived.clone());
        let told = told.clone();
        Callback::from(move |_: MouseEvent| {
            let drawn = diagram::diagram(&catalog, &deployment, &derived.flows);
            deed(Asked {
                drawn,
                name: [catalog.product, " diagram ", deployment.release].concat(),
                told: told.clone(),
            });
        })
    };
    html! {
        <section class="panel diagram" aria-label="Allowed flows">
            <div class="bar">
                <h2>{ "Allowed flows" }</h2>
                <small>{ format!("{} between {}", counted(flows.len(), "flow"), counted(groups, "group")) }</small>
                <span class="buttons">
                    { sign("SVG", "SVG: download the picture, sharp at any size", press(|asked| asked.keep("svg", asked.svg()))) }
                    { sign("PNG", "PNG: download the picture for slides and tickets", press(|asked| asked.image(false))) }
                    { sign("draw.io", "draw.io: download a diagram that can be edited", press(|asked| asked.keep("drawio", drawio::drawio(&asked.drawn)))) }
                    { sign("DOT", "DOT: download a graph for Graphviz", press(|asked| asked.keep("dot", dot::dot(&asked.drawn)))) }
                    { sign("Mermaid", "Mermaid: copy a diagram for Markdown and wikis", press(Asked::mermaid)) }
                    <button id="copy-picture" onclick={press(|asked| asked.image(true))}>{ "Copy image" }</button>
                </span>
            </div>
            <div class={classes!("drawing", tall.then_some("tall"))} tabindex="0" role="group" aria-label="Diagram: the arrow keys go from flow to flow, Enter opens the one that has the focus">
                { Html::from_html_unchecked(drawing) }
            </div>
        </section>
    }
}

impl Asked {
    /// For light paper, whatever the page looks like.
    fn svg(&self) -> String {
        svg::standalone(&self.drawn, &svg::Theme::LIGHT)
    }

    /// Keeps it as a file.
    fn keep(&self, extension: &str, text: String) {
        self.kept(extension, text.as_bytes(), "");
    }

    fn kept(&self, extension: &str, bytes: &[u8], before: &str) {
        let name = file_name("", &self.name, extension);
        browser::download(&name, bytes);
        self.told.emit([before, "The picture is in ", &name, "."].concat().into());
    }

    fn mermaid(self) {
        let text = mermaid::mermaid(&self.drawn);
        let kept = text.clone();
        let done = Callback::from(move |copied| match copied {
            Copied::Copied => self.told.emit("Picture copied as Mermaid.".into()),
            Copied::Selected => self.kept("mmd", kept.as_bytes(), REFUSED),
        });
        // Nothing on the page shows this text, so that nothing can be selected in its place.
        browser::copy(text, "", done);
    }

    /// As pixels: on the clipboard, or else as a file.
    fn image(self, copy: bool) {
        let (svg, size) = (self.svg(), [self.drawn.width, self.drawn.height]);
        let done = Callback::from(move |image| match image {
            Image::Copied => self.told.emit("Picture copied.".into()),
            Image::Made(bytes) => self.kept("png", &bytes, if copy { REFUSED } else { "" }),
            Image::Refused => self.kept("svg", self.svg().as_bytes(), "This browser makes no image of it. "),
        });
        browser::image(svg, size, copy, done);
    }
}

/// What is said before where a file is in place of a copy.
const REFUSED: &str = "The browser does not allow copying by button. ";

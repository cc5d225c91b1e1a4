//! Portcullis: a firewall calculator for Spotfire deployments, as one static page. Never talks to a network.
//!
//! Everything is one pipeline of plain data; each arrow is a pure function, and the browser is only at the edge:
//!
//! ```text
//! catalog ──► deployment ──► flows ──► rules ──► snippet ──► pack   (all texts of all machines)
//! (facts,      (what the      (who may   (as seen   (text in one dialect,
//!  embedded)    user says)     open       from one    for one enforcement point)
//!                  │           what, why)  point)       └──► read-back   (what a text lets through, against the rules)
//!                  │             ├──► diagram ──► SVG
//!                  │             ├──► table ──► HTML, TSV, CSV, Markdown, wikitext
//!                  │             └──► embed  (both of them inside another page)
//!                  ├──► findings  (missing addresses, collisions, undecided choices, …)
//!                  ├──► how-to    (which file, key, command for every changed port)
//!                  ├──► upgrade   (what another release adds, removes and changes)
//!                  └──► link      (the same deployment as text: shared, and kept by the browser)
//! ```
//!
//! The modules below stand in the order of their dependencies: each may name those above it, and with two walls: from
//! [`rule`] to [`snippet`] nothing sees a catalog or a deployment (only [`enforce`] knows both worlds), and only `browser`
//! names a browser type. A text either adds to what its machine has or is the machine's whole policy; [`host`] holds what a
//! machine needs besides the product, [`shell`] and [`windows`] what the texts of one system share. A test (`tests/it/tidy.rs`) holds these walls.
//!
//! The laws the page keeps (empty is never "any"; nothing is dropped or widened in silence; user text cannot become a
//! command; nothing of the user's is lost; …) are stated where they are kept, and each has a test.

pub mod count;
pub mod net;
pub mod order;

pub mod host;

pub mod catalog;
pub mod deployment;
mod embedded;
pub mod finding;

pub mod flow;

pub mod check;
pub mod diagram;
pub mod howto;
pub mod link;
pub mod upgrade;

pub mod table;

pub mod rule;

pub mod readback;

pub mod enforce;

pub mod shell;
pub mod windows;

pub mod dialect;
pub mod snippet;

pub mod pack;

pub mod embed;

pub mod browser;
pub mod ui;

/// Mounts the app where the page has left room for it.
pub fn start() {
    ui::mount();
}

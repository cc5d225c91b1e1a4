//! The built page in real browsers, over http and from a file: what people do with it, told as stories. Never looks inside
//! the program; never leaves loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bidi;
mod browser;
mod devtools;
mod driver;
mod embedding;
mod engine;
mod page;
mod served;
mod thumbnail;

mod catalog;
mod copying;
mod editing;
mod everybody;
mod exports;
mod first_screen;
mod gestures;
mod hosts;
mod keeping;
mod many;
mod monkey;
mod pictures;
mod places;
mod reading;
mod starting;
mod states;
mod table;
mod tree;
mod typing;
mod upgrade;

#[allow(dead_code, reason = "shared with the core tests, which use all of it")]
#[path = "../it/large.rs"]
mod large;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "shared with the core tests, which use all of it")]
#[path = "../it/namespace.rs"]
mod namespace;

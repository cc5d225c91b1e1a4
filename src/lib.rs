//! x
pub mod net;
pub mod catalog;
pub mod deployment;
pub mod flow;
pub mod rule;
pub mod enforce;
pub mod dialect;
pub mod snippet;

//! The catalog that the page carries: checked and packed when the page is built (`build.rs`), so that no JSON is read in the
//! browser. Holds no fact of its own.

use crate::catalog::Catalog;

/// `src/catalog/spotfire.json`, packed.
static SPOTFIRE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/spotfire.postcard"));

impl Catalog {
    /// The embedded facts about Spotfire.
    ///
    /// # Errors
    /// Never in a built page: a test reads the same bytes.
    pub fn spotfire() -> postcard::Result<Self> {
        postcard::from_bytes(SPOTFIRE)
    }
}

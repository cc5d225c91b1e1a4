//! What web servers are told about the page: the snippets of `docs/hosting`, with the policy of this very page.

use std::fs;

use crate::Result;
use crate::places::{Places, read};

/// What only a header can say, and all that the snippets of the documentation say of a policy: who may frame the page.
const FRAMES: &str = "frame-ancestors 'self'";
/// What may stand in a folder of snippets and is none.
const TEXT: &str = "md";

/// The snippets, by name.
pub fn headers(places: &Places, page: &str) -> Result<Vec<(String, String)>> {
    let policy = policy(page).ok_or("the page has no policy")?;
    let mut snippets = Vec::new();
    for entry in fs::read_dir(places.root.join("docs").join("hosting"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = read(&path)?;
        let text = if name.ends_with(TEXT) {
            text
        } else {
            with_policy(&text, policy).ok_or_else(|| format!("{name}: {FRAMES} does not stand there once"))?
        };
        snippets.push((name, text));
    }
    snippets.sort();
    Ok(snippets)
}

/// The page's own policy.
pub fn policy(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("<meta http-equiv=\"Content-Security-Policy\" content=\"")?;
    rest.split_once('"').map(|(policy, _)| policy)
}

/// A snippet whose header says the policy too.
pub fn with_policy(snippet: &str, policy: &str) -> Option<String> {
    (snippet.matches(FRAMES).count() == 1).then(|| snippet.replace(FRAMES, &format!("{policy}; {FRAMES}")))
}

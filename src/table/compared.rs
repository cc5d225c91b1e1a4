//! The table of what another release changes: rows that come, go and stay for other reasons. Decides none of that.

use super::{Cell, HEAD, Table, row};
use crate::catalog::Catalog;
use crate::deployment::Deployment;
use crate::upgrade::Upgrade;

/// A row of each flow that is added, removed or changed, in this order, with a column that says which. A changed row has what
/// holds in the other release.
pub fn compared(catalog: &Catalog, deployment: &Deployment, upgrade: &Upgrade) -> Table {
    let way = [upgrade.from, " to ", upgrade.to].concat();
    let mut head = HEAD.to_vec();
    head.insert(0, "Change");
    let mut rows = Vec::new();
    for one in upgrade.rows() {
        let mut cells = row(catalog, deployment, one.flow, None);
        let colon = if one.how.is_empty() { "" } else { ": " };
        cells.insert(0, Cell::Words([one.word, colon, &one.how].concat()));
        rows.push(cells);
    }
    let mut title = [catalog.product, " ", &way, ": changed flows (catalog ", catalog.version, ")."].concat();
    for sentence in std::iter::once(upgrade.headline()).chain(upgrade.details(catalog)) {
        title.push(' ');
        title.push_str(&sentence);
    }
    Table { name: [catalog.product, " ", &way].concat(), title, head, rows }
}

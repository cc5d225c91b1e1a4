//! What stands in the page for those in whose browser its code does not run: the table of the default deployment. Made by
//! the build; nothing of it is in the page's code.

use crate::catalog::Catalog;
use crate::deployment::Deployment;
use crate::flow;
use crate::table;

/// From the ends to the purpose.
const COLUMNS: usize = 8;

/// The ports of the default deployment, as markup; `None` if the catalog cannot be read.
pub fn ports() -> Option<String> {
    let catalog = Catalog::spotfire().ok()?;
    let deployment = Deployment::initial(&catalog);
    let flows = flow::flows(&catalog, &deployment);
    let mut table = table::table(&catalog, &deployment, &flows, None);
    // Without the documents: they are most of the table, and the page has them.
    table.head.truncate(COLUMNS);
    table.rows.iter_mut().for_each(|row| row.truncate(COLUMNS));
    let title = table::title(&catalog, &deployment, None);
    Some(["<h2>", &title, "</h2><p>", table::READING, "</p>", &table::grid(&table)].concat())
}

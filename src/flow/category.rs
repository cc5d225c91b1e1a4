//! What flows are for, in the few words by which a reviewer sorts them. Follows from the kinds of the roles at their ends; says
//! nothing about a single row.

use super::{Flow, Reason};
use crate::catalog::{Catalog, Kind};

/// What flows are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// People, and what passes them on.
    Users,
    /// The product's machines among themselves.
    BackEnd,
    /// Databases and data sources.
    Data,
    /// User directories and sign-on.
    Directory,
    /// Watching the others, and getting to them.
    Monitoring,
    /// Somebody else's services.
    Other,
    /// What the user has added.
    Own,
}

impl Category {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 7] =
        [Self::Users, Self::BackEnd, Self::Data, Self::Directory, Self::Monitoring, Self::Other, Self::Own];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "User access",
            Self::BackEnd => "Back end",
            Self::Data => "Data",
            Self::Directory => "Directory",
            Self::Monitoring => "Monitoring",
            Self::Other => "Other services",
            Self::Own => "Your own",
        }
    }
}

impl Reason {
    /// What it is for. Who watches does so whomever it asks; else the listener decides, and people before machines.
    pub fn category(&self, catalog: &Catalog) -> Category {
        let dependency = catalog.dependencies.iter().find(|row| Some(row.id) == self.dependency);
        let listener = self.listener.and_then(|id| catalog.listener(id));
        let (Some(dependency), Some(listener)) = (dependency, listener) else { return Category::Own };
        let kind = |id: &str| catalog.role(id).map(|role| role.kind);
        let from = |wanted: Kind| dependency.from.iter().any(|role| kind(role) == Some(wanted));
        match kind(listener.role) {
            _ if from(Kind::Monitoring) => Category::Monitoring,
            Some(Kind::Data) => Category::Data,
            Some(Kind::Directory) => Category::Directory,
            Some(Kind::External) => Category::Other,
            Some(Kind::FrontDoor) => Category::Users,
            _ if from(Kind::Client) || from(Kind::FrontDoor) => Category::Users,
            _ => Category::BackEnd,
        }
    }
}

impl Flow {
    /// True if that is one of the things it is for.
    pub fn is_for(&self, catalog: &Catalog, category: Category) -> bool {
        self.reasons.iter().any(|reason| reason.category(catalog) == category)
    }
}

/// What there is among flows, in the order of the page.
pub fn categories<'a>(catalog: &Catalog, flows: impl IntoIterator<Item = &'a Flow>) -> Vec<Category> {
    let mut present = Vec::new();
    let mut last = None;
    for reason in flows.into_iter().flat_map(|flow| &flow.reasons) {
        // Flows stand in the order of the catalog: most have the row of the one before.
        let row = Some((reason.dependency, reason.listener));
        if std::mem::replace(&mut last, row) == row {
            continue;
        }
        let category = reason.category(catalog);
        if !present.contains(&category) {
            present.push(category);
        }
    }
    Category::ALL.into_iter().filter(|category| present.contains(category)).collect()
}

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
    /// The things it is for, as a set.
    pub fn categories(&self, catalog: &Catalog) -> Categories {
        let mut set = Categories::default();
        for reason in &self.reasons {
            set.add(Categories::of(reason.category(catalog)));
        }
        set
    }
}

/// A set of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Categories(u8);

impl Categories {
    const fn of(category: Category) -> Self {
        Self(1 << category as u8)
    }

    /// True if that is one of them.
    pub const fn has(self, category: Category) -> bool {
        self.0 & Self::of(category).0 != 0
    }

    /// Adds those of another set.
    pub const fn add(&mut self, others: Self) {
        self.0 |= others.0;
    }
}

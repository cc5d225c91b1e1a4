//! Order for little code: a map of text keys, and a stable sort. Says nothing about what it orders.
//!
//! The standard library's are made for speed on millions of items, and are compiled anew for every type: in place of them,
//! these took 56 KB off the page's WebAssembly. Here the parts that do not depend on a type are compiled once.

use std::cmp::Ordering;

/// A map from texts to values, in the order of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<K, V>(Vec<(K, V)>);

/// A set of texts, in their order.
pub type Set<K> = Map<K, ()>;

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Map<K, V> {
    /// Without entries.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// True if there is no entry.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes all entries out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Keeps only the entries that pass.
    pub fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        self.0.retain(|(key, value)| keep(key, value));
    }
}

impl<K: AsRef<str>, V> Map<K, V> {
    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.as_ref().cmp(key))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.find(key).ok().map(|at| &self.0[at].1)
    }

    /// True if the key is there.
    pub fn contains(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Puts a value in, in place of the one that the key has. Costs time in proportion to the entries behind it: many at once
    /// are better collected.
    pub fn insert(&mut self, key: K, value: V) {
        match self.find(key.as_ref()) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &str) -> Option<V> {
        self.find(key).ok().map(|at| self.0.remove(at).1)
    }
}

/// The last of several values for one key counts.
impl<K: AsRef<str>, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut entries: Vec<(K, V)> = entries.into_iter().collect();
        entries.reverse();
        sort_by(&mut entries, |(one, _), (other, _)| one.as_ref().cmp(other.as_ref()));
        entries.dedup_by(|(later, _), (first, _)| later.as_ref() == first.as_ref());
        Self(entries)
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Sorts by a key; what has equal keys keeps its order.
pub fn sort_by_key<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) {
    sort_by(items, |one, other| key(one).cmp(&key(other)));
}

/// Sorts by a comparison; what is equal keeps its order.
pub fn sort_by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let mut places: Vec<usize> = (0..items.len()).collect();
    sort_places(&mut places, &|one, other| compare(&items[one], &items[other]));
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(places.into_iter().filter_map(|place| taken[place].take()));
}

/// Merges sorted halves: never slower than n log n, whoever chose the items.
fn sort_places(places: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    if places.len() < 2 {
        return;
    }
    let (first, second) = places.split_at_mut(places.len() / 2);
    sort_places(first, compare);
    sort_places(second, compare);
    let (first, second) = (first.to_vec(), second.to_vec());
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    for place in places {
        let next = match (first.peek(), second.peek()) {
            (Some(one), Some(other)) if compare(*one, *other) == Ordering::Greater => second.next(),
            (Some(_), _) => first.next(),
            (None, _) => second.next(),
        };
        *place = next.unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;

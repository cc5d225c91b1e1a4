//! Which lines of the text an edit has changed: marked until the next edit, and told in words. Compares texts; knows no rule.

use crate::count::counted;

/// The lines that were changed by the last edit, of the text that is shown.
#[derive(Default)]
pub struct Marks {
    /// What the text is of: machine, firewall, directions, kind.
    of: String,
    /// The deployment it was printed for, as a link's text.
    edit: String,
    lines: Vec<String>,
    changed: Vec<bool>,
    said: String,
}

impl Marks {
    /// Compares a text with the one before. Another machine or firewall is another text, in which nothing is changed; the same
    /// deployment again keeps the marks.
    pub fn update(&mut self, of: String, edit: &str, text: &str) {
        if of == self.of && edit == self.edit {
            return;
        }
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let (changed, gone) = match of == self.of {
            true => compare(&self.lines, &lines),
            false => (vec![false; lines.len()], 0),
        };
        let new = changed.iter().filter(|changed| **changed).count();
        self.said = match (new, gone) {
            (0, 0) => String::new(),
            (new, 0) => format!("{} new or changed in the text to copy.", counted(new, "line")),
            (0, gone) => format!("{} gone from the text to copy.", counted(gone, "line")),
            (new, gone) => format!("{} new or changed in the text to copy, {gone} gone.", counted(new, "line")),
        };
        (self.of, self.edit, self.lines, self.changed) = (of, edit.to_owned(), lines, changed);
    }

    /// True if the line at this position is new or changed.
    pub fn changed(&self, line: usize) -> bool {
        self.changed.get(line).copied().unwrap_or(false)
    }

    /// The change in words, for those who cannot see it; empty if there is none.
    pub fn said(&self) -> &str {
        &self.said
    }
}

/// Which of the new lines were not there, and how many of the old ones are no longer. The link in the head is another one
/// after every edit: that is no change of the rules.
fn compare(old: &[String], new: &[String]) -> (Vec<bool>, usize) {
    let counts = |line: &String| !line.contains("Same page: ");
    // What is equal at both ends is most of a text; only the rest is searched.
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let rest = (old.len().min(new.len())) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let middle =
        |lines: &[String]| -> Vec<String> { lines.iter().take(lines.len() - tail).skip(head).cloned().collect() };
    let (old, fresh) = (middle(old), middle(new));
    let mut left: Vec<Option<&String>> = old.iter().filter(|line| counts(line)).map(Some).collect();
    let mut from = 0;
    let mut changed = vec![false; new.len()];
    for (at, line) in fresh.iter().enumerate().filter(|(_, line)| counts(line)) {
        // Lines keep their order, so that the search mostly ends where it begins.
        let matches = |at: &usize| left.get(*at).is_some_and(|other| *other == Some(line));
        match (from..left.len()).chain(0..from).find(matches) {
            Some(found) => {
                if let Some(slot) = left.get_mut(found) {
                    *slot = None;
                }
                from = found + 1;
            }
            None => {
                if let Some(mark) = changed.get_mut(head + at) {
                    *mark = true;
                }
            }
        }
    }
    (changed, left.into_iter().flatten().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(texts: &[(&str, &str, &str)]) -> (Vec<usize>, String) {
        let mut marks = Marks::default();
        for (of, edit, text) in texts {
            marks.update((*of).to_owned(), edit, text);
        }
        let lines = texts.last().map_or(0, |(_, _, text)| text.lines().count());
        ((0..lines).filter(|line| marks.changed(*line)).collect(), marks.said().to_owned())
    }

    #[test]
    fn only_the_lines_of_the_last_edit_are_marked() {
        assert_eq!(marks(&[("a", "1", "x\ny\nz")]), (vec![], String::new()));
        let changed = marks(&[("a", "1", "x\ny\nz"), ("a", "2", "x\nw\nz")]);
        assert_eq!(changed, (vec![1], "1 line new or changed in the text to copy, 1 gone.".to_owned()));
        let again = marks(&[("a", "1", "x\ny\nz"), ("a", "2", "x\nw\nz"), ("a", "2", "x\nw\nz")]);
        assert_eq!(again.0, [1], "nothing was edited since");
        let next = marks(&[("a", "1", "x\ny"), ("a", "2", "x\nw"), ("a", "3", "x\nw")]);
        assert_eq!(next, (vec![], String::new()), "the next edit changes nothing here");
        assert_eq!(marks(&[("a", "1", "x"), ("b", "2", "y")]).0, Vec::<usize>::new(), "another machine");
    }

    #[test]
    fn what_moves_is_not_changed_and_what_repeats_is_counted() {
        assert_eq!(marks(&[("a", "1", "x\ny\nz"), ("a", "2", "x\nq\ny\nz")]).0, [1]);
        assert_eq!(marks(&[("a", "1", "x\ny"), ("a", "2", "y\nx")]).0, Vec::<usize>::new());
        assert_eq!(marks(&[("a", "1", "x\nx"), ("a", "2", "x\nx\nx")]).0, [2]);
        assert_eq!(marks(&[("a", "1", "x\ny"), ("a", "2", "x")]).1, "1 line gone from the text to copy.");
        assert_eq!(marks(&[("a", "1", "# Same page: #1\nx"), ("a", "2", "# Same page: #2\nx")]).0, Vec::<usize>::new());
    }
}

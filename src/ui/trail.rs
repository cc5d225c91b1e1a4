//! Where the browser's history and the steps of undo stand beside each other: decides what the history has to do so that Back
//! and Forward are undo and redo. Plain numbers; touches no browser.

/// The entries of the history that this page made, each with the number of steps that lay behind when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    depths: Vec<usize>,
    at: usize,
    made: usize,
    /// True if the browser made the current entry by itself (somebody changed the address), so that the next step names it.
    fresh: bool,
}

/// What the history has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Nothing.
    Stay,
    /// Add an entry for this position, in place of those after the current one.
    Push(usize),
    /// Write this position into the current entry.
    Replace(usize),
    /// Go so many entries forward, or back.
    Go(i32),
}

impl Trail {
    /// A trail of one entry, at which so many steps lie behind.
    pub fn begin(depth: usize, made: usize) -> Self {
        Self { depths: vec![depth], at: 0, made, fresh: false }
    }

    /// The state is now at this depth, and so many steps have ever been made (undo and redo make none).
    pub fn follow(&mut self, depth: usize, made: usize) -> Move {
        let new = made != self.made;
        self.made = made;
        if std::mem::take(&mut self.fresh) || new && depth < self.depth() && self.at + 1 == self.depths.len() {
            return self.replace(depth);
        }
        if new && (depth != self.depth() || self.at + 1 < self.depths.len()) {
            self.depths.truncate(self.at + 1);
            self.depths.push(depth);
            self.at += 1;
            return Move::Push(self.at);
        }
        if depth == self.depth() {
            return Move::Stay;
        }
        match self.depths.iter().position(|entry| *entry == depth) {
            Some(position) => {
                let far = |position| i32::try_from(position).unwrap_or(0);
                let steps = far(position) - far(self.at);
                self.at = position;
                Move::Go(steps)
            }
            None => self.replace(depth),
        }
    }

    fn replace(&mut self, depth: usize) -> Move {
        if let Some(entry) = self.depths.get_mut(self.at) {
            *entry = depth;
        }
        Move::Replace(self.at)
    }

    fn depth(&self) -> usize {
        self.depths.get(self.at).copied().unwrap_or(0)
    }

    /// The browser went to the entry of this position: how many steps should lie behind there. `None` for an entry that this
    /// trail did not make, and for where it sent the browser itself: since then, another step may have been made.
    pub fn landed(&mut self, position: Option<usize>) -> Option<usize> {
        match position.filter(|position| *position < self.depths.len()) {
            Some(position) if position == self.at => None,
            Some(position) => {
                self.at = position;
                Some(self.depth())
            }
            None => {
                self.depths.truncate(self.at + 1);
                self.depths.push(self.depth());
                self.at += 1;
                self.fresh = true;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_entries_and_undo_goes_back_to_them() {
        let mut trail = Trail::begin(0, 0);
        assert_eq!(trail.follow(1, 1), Move::Push(1));
        assert_eq!(trail.follow(2, 2), Move::Push(2));
        assert_eq!(trail.follow(2, 2), Move::Stay);
        assert_eq!(trail.follow(0, 2), Move::Go(-2));
        assert_eq!(trail.landed(Some(0)), None, "it was sent there");
        assert_eq!(trail.follow(1, 2), Move::Go(1));
        assert_eq!(trail.landed(Some(2)), Some(2), "Forward");
        assert_eq!(trail.follow(2, 2), Move::Stay);
    }

    #[test]
    fn a_new_step_takes_the_place_of_undone_ones() {
        let mut trail = Trail::begin(0, 0);
        for step in 1..=3 {
            trail.follow(step, step);
        }
        assert_eq!(trail.follow(1, 3), Move::Go(-2));
        assert_eq!(trail.follow(2, 4), Move::Push(2));
        assert_eq!(trail.landed(Some(3)), None, "that entry is gone");
        // Undo and another step before the history was asked: the same depth, but another way to it.
        let mut trail = Trail::begin(0, 0);
        trail.follow(1, 1);
        assert_eq!(trail.follow(1, 2), Move::Stay);
        trail.follow(0, 2);
        assert_eq!(trail.follow(1, 3), Move::Push(1));
    }

    #[test]
    fn steps_that_came_too_fast_for_the_history_are_found_again() {
        let mut trail = Trail::begin(0, 0);
        assert_eq!(trail.follow(5, 5), Move::Push(1));
        assert_eq!(trail.follow(3, 5), Move::Replace(1), "no entry of its own");
        assert_eq!(trail.landed(Some(0)), Some(0));
        assert_eq!(trail.landed(Some(1)), Some(3));
        assert_eq!(trail.follow(2, 6), Move::Replace(1), "fewer steps than before, and a new one");
    }

    #[test]
    fn an_entry_of_somebody_else_becomes_ours_with_the_next_step() {
        let mut trail = Trail::begin(0, 0);
        trail.follow(1, 1);
        assert_eq!(trail.landed(None), None);
        assert_eq!(trail.follow(2, 2), Move::Replace(2));
        assert_eq!(trail.landed(Some(1)), Some(1));
    }
}

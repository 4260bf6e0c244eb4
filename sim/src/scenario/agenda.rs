//! What is going to happen, in order of time, and of planning where the times are equal.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use cadran_engine::model::Timestamp;

/// Things that are going to happen.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    planned: BinaryHeap<Reverse<Planned<T>>>,
    count: u64,
}

#[derive(Debug)]
struct Planned<T> {
    at: Timestamp,
    order: u64,
    what: T,
}

impl<T> Agenda<T> {
    pub(crate) const fn new() -> Self {
        Self { planned: BinaryHeap::new(), count: 0 }
    }

    pub(crate) fn plan(&mut self, at: Timestamp, what: T) {
        self.planned.push(Reverse(Planned { at, order: self.count, what }));
        self.count += 1;
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.planned.peek().map(|Reverse(next)| next.at)
    }

    /// The next thing.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.planned.pop().map(|Reverse(next)| next.what)
    }
}

impl<T> PartialEq for Planned<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}
impl<T> Eq for Planned<T> {}
impl<T> PartialOrd for Planned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Planned<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

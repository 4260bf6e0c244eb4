//! The people to call: without an end, or a list that is used up.

use std::collections::{BTreeMap, BTreeSet};

use cadran_engine::command::LeadNext;
use cadran_engine::model::{Lead, LeadId, ListId, Outcome, Phone, Timestamp, Zone};

const LIST: ListId = ListId::from_i64(1);

/// Mobile numbers that are kept for fiction (Arcep, numbering plan, 2.5.12): +33 6 39 98 00 00 to 99 99.
const FICTION: (i64, i64) = (33_639_980_000, 10_000);

/// A number that nobody has.
pub(crate) fn phone(row: i64) -> Phone {
    let (first, count) = FICTION;
    // Always eleven digits that begin with 33.
    format!("+{}", first + row % count).parse().expect("eleven digits are a number")
}

/// The leads of the day.
#[derive(Debug)]
pub(crate) struct Leads {
    /// Leads that were given out for the first time.
    given: i64,
    /// How many there are, if there is an end.
    size: Option<i64>,
    /// Leads that are dialled again, and from when.
    again: BTreeSet<(Timestamp, LeadId)>,
    /// What has become of leads that were dialled before.
    histories: BTreeMap<LeadId, Vec<(Outcome, u16)>>,
    /// Leads that will never be dialled again.
    done: i64,
}

impl Leads {
    pub(crate) fn new(size: Option<u32>) -> Self {
        Self {
            given: 0,
            size: size.map(i64::from),
            again: BTreeSet::new(),
            histories: BTreeMap::new(),
            done: 0,
        }
    }

    /// The next of them, as far as they are due; and when one falls due if there are fewer.
    pub(crate) fn take(&mut self, count: u16, now: Timestamp) -> (Vec<Lead>, Option<Timestamp>) {
        let mut leads = Vec::new();
        while leads.len() < usize::from(count) {
            let due = self.again.first().copied().filter(|(at, _)| *at <= now);
            let id = match due {
                Some(first) => {
                    self.again.remove(&first);
                    first.1
                }
                None if self.size.is_none_or(|size| self.given < size) => {
                    self.given += 1;
                    LeadId::from_i64(self.given)
                }
                None => break,
            };
            leads.push(self.lead(id));
        }
        (leads, self.again.first().map(|(at, _)| *at))
    }

    /// An attempt of a lead has ended. True when it was the last of the whole list.
    pub(crate) fn attempted(&mut self, lead: LeadId, outcome: Outcome, next: LeadNext) -> bool {
        // Nobody is dialled twice of a list without an end.
        let Some(size) = self.size else { return false };
        match next {
            LeadNext::Done => {
                self.histories.remove(&lead);
                self.done += 1;
            }
            LeadNext::Again { due_at, .. } => {
                let history = self.histories.entry(lead).or_default();
                match history.iter_mut().find(|(past, _)| *past == outcome) {
                    Some((_, count)) => *count += 1,
                    None => history.push((outcome, 1)),
                }
                self.again.insert((due_at, lead));
            }
        }
        self.done == size
    }

    /// A lead comes back undialled.
    pub(crate) fn released(&mut self, lead: LeadId, due_at: Timestamp) {
        self.again.insert((due_at, lead));
    }

    fn lead(&self, id: LeadId) -> Lead {
        Lead {
            id,
            list: LIST,
            phone: phone(id.as_i64()),
            alternates: Vec::new(),
            next_phone: 0,
            zone: Zone::utc(),
            history: self.histories.get(&id).cloned().unwrap_or_default(),
            promise: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    #[test]
    fn a_list_is_over_when_every_lead_is_done() {
        let mut leads = Leads::new(Some(2));
        let (taken, next_due) = leads.take(20, NOW);
        assert_eq!((taken.len(), next_due), (2, None));
        assert!(!leads.attempted(taken[0].id, Outcome::Answered, LeadNext::Done));
        let due_at = NOW + Duration::from_secs(60);
        assert!(!leads.attempted(taken[1].id, Outcome::Busy, LeadNext::Again { due_at, phone: 0 }));
        assert_eq!(leads.take(20, NOW), (Vec::new(), Some(due_at)));
        let (again, _) = leads.take(20, due_at);
        assert_eq!(again[0].history, [(Outcome::Busy, 1)]);
        assert!(leads.attempted(again[0].id, Outcome::NoAnswer, LeadNext::Done));
    }

    #[test]
    fn a_list_without_an_end_gives_as_many_as_are_wanted() {
        let mut leads = Leads::new(None);
        assert_eq!(leads.take(200, NOW).0.len(), 200);
        assert_eq!(leads.take(1, NOW).0[0].id, LeadId::from_i64(201));
    }
}

//! The people to call. They never run out.

use cadran_engine::model::{Lead, LeadId, ListId, Phone, Zone};

const LIST: ListId = ListId::from_i64(1);

/// Mobile numbers that are kept for fiction (Arcep, numbering plan, 2.5.12): +33 6 39 98 00 00 to 99 99.
const FICTION: (i64, i64) = (33_639_980_000, 10_000);

/// A number that nobody has.
pub(crate) fn phone(row: i64) -> Phone {
    let (first, count) = FICTION;
    // Always eleven digits that begin with 33.
    format!("+{}", first + row % count).parse().expect("eleven digits are a number")
}

/// A list without an end.
#[derive(Debug, Default)]
pub(crate) struct Leads {
    given: i64,
}

impl Leads {
    /// The next of them.
    pub(crate) fn take(&mut self, count: u16) -> Vec<Lead> {
        let first = self.given + 1;
        self.given += i64::from(count);
        (first..=self.given).map(lead).collect()
    }
}

fn lead(row: i64) -> Lead {
    Lead {
        id: LeadId::from_i64(row),
        list: LIST,
        phone: phone(row),
        alternates: Vec::new(),
        next_phone: 0,
        zone: Zone::utc(),
        history: Vec::new(),
    }
}

//! All that is known of the person behind a number.

use std::cmp::Reverse;

use cadran_engine::model::incoming::CallerRecord;
use cadran_engine::model::{PersonId, Phone};

use super::consent::Consent;
use super::db::Lane;
use super::do_not_call::DoNotCall;
use super::history::{HistoryFilter, HistoryOrder};
use super::relationship::Relationship;
use super::{
    AttemptRecord, CallerFilter, Error, LeadFilter, LeadOrder, LeadRecord, Page, Store, consent, do_not_call,
    person, relationship,
};

/// Leads, attempts and calls of each number that are told, the latest.
pub(super) const TOLD_MAX: u16 = 50;

/// All that is known of the person behind a number. Leads, attempts and calls are those that the store may list.
#[derive(Clone, Debug)]
pub struct ContactStory {
    /// Who it is; none when no list has the number.
    pub person: Option<PersonId>,
    /// Every number of the person.
    pub phones: Vec<Phone>,
    /// The person's leads, in all lists, the latest first.
    pub leads: Vec<LeadRecord>,
    /// Entries of our own do-not-call lists.
    pub do_not_call: Vec<DoNotCall>,
    /// Consents, those that were taken back among them.
    pub consents: Vec<Consent>,
    /// Contracts, purchases, enquiries.
    pub relationships: Vec<Relationship>,
    /// Attempts, the latest first.
    pub attempts: Vec<AttemptRecord>,
    /// Calls of the person to us that are over, the latest first.
    pub caller_calls: Vec<CallerRecord>,
}

impl Store {
    /// All that is known of the person behind a number.
    pub async fn contact_story(&self, phone: Phone) -> Result<ContactStory, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let persons = person::behind(&mut tx, &[phone]).await?;
        let person = persons.get(&phone).copied();
        let phones = if persons.is_empty() { vec![phone] } else { persons.keys().copied().collect() };
        let do_not_call = do_not_call::of(&mut tx, &phones).await?;
        let consents = consent::of(&mut tx, &phones).await?;
        let relationships = relationship::of(&mut tx, &phones).await?;
        tx.commit().await?;
        let (mut leads, mut attempts, mut caller_calls) = (Vec::new(), Vec::new(), Vec::new());
        for phone in phones.iter().copied().map(Some) {
            let filed = LeadFilter { phone, ..LeadFilter::default() };
            leads.extend(self.leads(filed, LeadOrder::Latest, Page { after: None, limit: TOLD_MAX }).await?);
            let attempted = HistoryFilter { phone, ..HistoryFilter::default() };
            attempts.extend(
                self.attempts(attempted, HistoryOrder::Latest, Page { after: None, limit: TOLD_MAX }).await?,
            );
            let called = CallerFilter { phone, ..CallerFilter::default() };
            caller_calls.extend(
                self.caller_calls(called, HistoryOrder::Latest, Page { after: None, limit: TOLD_MAX })
                    .await?,
            );
        }
        leads.sort_by_key(|record: &LeadRecord| Reverse(record.lead.id));
        attempts.sort_by_key(|record: &AttemptRecord| Reverse(record.attempt.started_at));
        caller_calls.sort_by_key(|record: &CallerRecord| Reverse(record.arrived_at));
        Ok(ContactStory {
            person,
            phones,
            leads,
            do_not_call,
            consents,
            relationships,
            attempts,
            caller_calls,
        })
    }
}

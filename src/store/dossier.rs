//! All that is known of persons before a call, read at once for everybody who is asked about.

use std::collections::{BTreeMap, BTreeSet};

use cadran_engine::almanac::numbering;
use cadran_engine::dialer::compliance::{
    Callee, DoNotCall, Inquiry, LineType, Pack, PastAttempt, PastOutcome, Registers, Whereabouts,
};
use cadran_engine::model::{AttemptId, CampaignId, Outcome, PersonId, Phone, SellerId, Timestamp, Zone};

use super::consent::Consent;
use super::db::{Sql, Tx};
use super::person::Persons;
use super::refusal::Refusal;
use super::register::Listings;
use super::relationship::Relationship;
use super::terms::Terms;
use super::value::{Row, args, json};
use super::{Error, consent, do_not_call, erasure, refusal, register, relationship};

/// What is known of several persons.
#[derive(Debug)]
pub(super) struct Dossiers {
    persons: Persons,
    dossiers: BTreeMap<PersonId, Dossier>,
    listings: Listings,
    /// Those who had their data erased.
    erased: BTreeSet<PersonId>,
}

/// What is known of one person.
#[derive(Debug, Default)]
struct Dossier {
    history: Vec<(AttemptId, PastAttempt)>,
    consents: Vec<Consent>,
    relationships: Vec<Relationship>,
    do_not_call: Vec<DoNotCall>,
}

/// Attempts that may matter, and those that are not over.
const HISTORY: Sql = Sql {
    postgres: "select attempt.attempt_id, attempt.phone, started_at, outcome, seller_id, attempt.campaign_id, subject, \
        coalesce(abandoned, outcome = 'dropped', false) as abandoned \
        from attempt left join abandonment on abandonment.attempt_id = attempt.attempt_id \
        where attempt.phone in (select jsonb_array_elements_text($1)) and (started_at >= $2 or outcome is null)",
    sqlite: "select attempt.attempt_id, attempt.phone, started_at, outcome, seller_id, attempt.campaign_id, subject, \
        coalesce(abandoned, outcome = 'dropped', false) as abandoned \
        from attempt left join abandonment on abandonment.attempt_id = attempt.attempt_id \
        where attempt.phone in (select value from json_each($1)) and (started_at >= $2 or outcome is null)",
};

impl Dossiers {
    /// What is known of `persons` at `now`, as far back as the packs look.
    pub(super) async fn gather(
        tx: &mut Tx,
        persons: Persons,
        packs: &[Pack],
        now: Timestamp,
    ) -> Result<Self, Error> {
        let phones: Vec<Phone> = persons.keys().copied().collect();
        let since = now - packs.iter().map(Pack::looks_back).max().unwrap_or_default();
        let mut dossiers: BTreeMap<PersonId, Dossier> = BTreeMap::new();
        let person = |phone: Phone| persons.get(&phone).copied();
        for row in tx.rows(HISTORY, args![json(&phones)?, since]).await? {
            if let Some(person) = person(row.get("phone")?) {
                dossiers.entry(person).or_default().history.push(read_attempt(&row)?);
            }
        }
        for refusal in refusal::of(tx, &phones).await? {
            if let Some(person) = person(refusal.phone) {
                dossiers.entry(person).or_default().refused(refusal);
            }
        }
        for consent in consent::of(tx, &phones).await? {
            if let Some(person) = person(consent.phone) {
                dossiers.entry(person).or_default().consents.push(consent);
            }
        }
        for tie in relationship::of(tx, &phones).await? {
            if let Some(person) = person(tie.phone) {
                dossiers.entry(person).or_default().relationships.push(tie);
            }
        }
        for entry in do_not_call::of(tx, &phones).await? {
            if let Some(person) = person(entry.phone) {
                dossiers.entry(person).or_default().do_not_call.push(do_not_call::in_rules(&entry, person));
            }
        }
        let listings = register::look_up(tx, &phones).await?;
        let erased = erasure::among(tx, &phones).await?.into_iter().filter_map(person).collect();
        Ok(Self { persons, dossiers, listings, erased })
    }

    /// Who is behind a number.
    pub(super) fn person(&self, phone: Phone) -> Option<PersonId> {
        self.persons.get(&phone).copied()
    }

    /// May this number be called on these terms? The number shown is `caller_id`.
    pub(super) fn inquiry(
        &self,
        phone: Phone,
        zone: &Zone,
        terms: &Terms,
        caller_id: Option<Phone>,
        now: Timestamp,
    ) -> Inquiry {
        let person = self.person(phone);
        let nothing = Dossier::default();
        let known = person.and_then(|person| self.dossiers.get(&person)).unwrap_or(&nothing);
        Inquiry {
            now,
            lead: Callee {
                person_id: person.map(|person| person.to_string()),
                number: phone.e164(),
                country: None,
                state: None,
                whereabouts: numbering::whereabouts(phone, zone)
                    .map_or(Whereabouts::Unknown, Whereabouts::Known),
                party: terms.compliance.audience,
                line_type: LineType::Unknown,
                consents: known.consents.iter().map(consent::in_rules).collect(),
                contract: relationship::contract(&known.relationships, terms.seller, now),
                ebr: relationship::business(&known.relationships, terms.seller),
                rnd: None,
                requested_callback: None,
                erased: person.is_some_and(|person| self.erased.contains(&person)),
            },
            campaign: terms.intent(caller_id),
            history: known.history.iter().map(|(_, attempt)| attempt.clone()).collect(),
            registers: Registers { public: self.listings.of(phone), internal: known.do_not_call.clone() },
        }
    }

    /// Notes an attempt that is being made durable, so that a second one of the same person sees it.
    pub(super) fn note_attempt(&mut self, id: AttemptId, phone: Phone, terms: &Terms, at: Timestamp) {
        let Some(person) = self.person(phone) else { return };
        let attempt = PastAttempt {
            at,
            seller: Some(terms.seller.to_string()),
            outcome: PastOutcome::InProgress,
            campaign: Some(terms.campaign.to_string()),
            number: Some(phone.e164()),
            subject: terms.compliance.subject.clone(),
        };
        self.dossiers.entry(person).or_default().history.push((id, attempt));
    }
}

impl Dossier {
    /// A refusal is what became of its attempt. One that is too old for caps may still bar the seller.
    fn refused(&mut self, refusal: Refusal) {
        match self.history.iter_mut().find(|(id, _)| *id == refusal.attempt) {
            Some((_, attempt)) => {
                attempt.outcome = PastOutcome::Refused;
                attempt.at = refusal.at;
            }
            None => self.history.push((
                refusal.attempt,
                PastAttempt {
                    at: refusal.at,
                    seller: refusal.seller.map(|seller| seller.to_string()),
                    outcome: PastOutcome::Refused,
                    campaign: Some(refusal.campaign.to_string()),
                    number: Some(refusal.phone.e164()),
                    subject: None,
                },
            )),
        }
    }
}

fn read_attempt(row: &Row) -> Result<(AttemptId, PastAttempt), Error> {
    let outcome: Option<Outcome> = row.get("outcome")?;
    let seller: Option<SellerId> = row.get("seller_id")?;
    let campaign: CampaignId = row.get("campaign_id")?;
    let phone: Phone = row.get("phone")?;
    let attempt = PastAttempt {
        at: row.get("started_at")?,
        seller: seller.map(|seller| seller.to_string()),
        outcome: if row.get("abandoned")? { PastOutcome::Abandoned } else { past(outcome) },
        campaign: Some(campaign.to_string()),
        number: Some(phone.e164()),
        subject: row.get("subject")?,
    };
    Ok((row.get("attempt_id")?, attempt))
}

/// An outcome as the rules look at it. Only what certainly rang nowhere is no attempt on the person.
const fn past(outcome: Option<Outcome>) -> PastOutcome {
    match outcome {
        None => PastOutcome::InProgress,
        Some(Outcome::Answered) => PastOutcome::Answered,
        Some(Outcome::Busy) => PastOutcome::Busy,
        Some(Outcome::Congestion) => PastOutcome::TrunkFailed,
        Some(Outcome::Dropped) => PastOutcome::Abandoned,
        Some(Outcome::Machine) => PastOutcome::AmdMachine,
        Some(Outcome::NoAnswer) => PastOutcome::NoAnswer,
        Some(Outcome::Cancelled | Outcome::Failed | Outcome::Rejected | Outcome::Unallocated) => {
            PastOutcome::Other
        }
    }
}

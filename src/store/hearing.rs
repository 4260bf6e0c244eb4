//! Asking the law about several calls at once: facts are read once, answers and their consequences are kept once.

use std::collections::BTreeMap;

use cadran_engine::dialer::compliance::{Decision, Inquiry, Obligation, PaceLaw, Pack, Reason};
use cadran_engine::model::{AttemptId, CampaignId, LeadId, Phone, Timestamp, Zone};

use super::db::Tx;
use super::decision::{self, Entry, Stage};
use super::denial::{self, Denied};
use super::dossier::Dossiers;
use super::person::Persons;
use super::terms::{self, Terms};
use super::{Error, Store};

/// A question about one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) lead: LeadId,
    /// The number that would be dialled.
    pub(super) phone: Phone,
    /// Where the lead lives.
    pub(super) zone: &'a Zone,
    /// When the call would be placed.
    pub(super) at: Timestamp,
}

/// What is known when the law is asked, and what it has answered.
#[derive(Debug)]
pub(super) struct Hearing<'p> {
    packs: &'p [Pack],
    terms: BTreeMap<CampaignId, Terms>,
    dossiers: Dossiers,
    entries: Vec<Entry>,
    denied: Vec<Denied>,
    pace_law: Option<PaceLaw>,
}

impl<'p> Hearing<'p> {
    /// Reads all that may matter to calls of these campaigns to these persons.
    pub(super) async fn open(
        tx: &mut Tx,
        persons: Persons,
        campaigns: impl IntoIterator<Item = CampaignId>,
        packs: &'p [Pack],
        now: Timestamp,
    ) -> Result<Self, Error> {
        let terms = terms::of(tx, campaigns).await?;
        let dossiers = Dossiers::gather(tx, persons, packs, now).await?;
        Ok(Self { packs, terms, dossiers, entries: Vec::new(), denied: Vec::new(), pace_law: None })
    }

    /// The terms of a campaign; one without a seller has none, and calls nobody.
    pub(super) fn terms(&self, campaign: CampaignId) -> Option<&Terms> {
        self.terms.get(&campaign)
    }

    /// The rule packs that are asked.
    pub(super) const fn packs(&self) -> &'p [Pack] {
        self.packs
    }

    /// What the law says of a call for which it is not known yet which number will be shown: one of the campaign's
    /// that may be shown is enough.
    pub(super) fn consider(&self, question: Question<'_>, terms: &Terms) -> (Inquiry, Decision<'p>) {
        let Question { phone, zone, at, .. } = question;
        let with = |caller_id| {
            let inquiry = self.dossiers.inquiry(phone, zone, terms, caller_id, at);
            let decision = inquiry.decide(self.packs);
            (inquiry, decision)
        };
        let mut considered = with(terms.caller_ids.first().copied());
        for caller_id in terms.caller_ids.iter().skip(1) {
            if !considered.1.reason().is_some_and(Reason::is_about_caller_id) {
                break;
            }
            considered = with(Some(*caller_id));
        }
        considered
    }

    /// May a lead be chosen for dialling?
    pub(super) fn ask_to_claim(
        &mut self,
        question: Question<'_>,
        terms: &Terms,
    ) -> Result<Result<(), Reason>, Error> {
        let (inquiry, decision) = self.consider(question, terms);
        let Some(denied) = Denied::by(&decision, &inquiry, question.lead) else {
            let law = PaceLaw::of(decision.packs().iter().copied());
            self.pace_law = self.pace_law.into_iter().chain(law).reduce(PaceLaw::and);
            return Ok(Ok(()));
        };
        let about = (Stage::Claim, question.lead, question.phone);
        let person = self.dossiers.person(question.phone);
        self.entries.push(Entry::of(&decision, &inquiry, about, terms, person)?);
        self.denied.push(denied);
        Ok(Err(denied.reason))
    }

    /// What the packs that let leads pass say of dialling ahead, all of them together.
    pub(super) const fn pace_law(&self) -> Option<PaceLaw> {
        self.pace_law
    }

    /// May this attempt be made?
    pub(super) fn ask_to_dial(
        &mut self,
        question: Question<'_>,
        terms: &Terms,
        attempt: AttemptId,
        caller_id: Phone,
    ) -> Result<Result<Vec<Obligation>, Reason>, Error> {
        let heard = self.hear(question, terms, attempt, caller_id)?;
        self.denied.extend(heard.as_ref().err());
        Ok(heard.map_err(|denied| denied.reason))
    }

    /// May an agent make this attempt by hand? The lead stays where it is when they may not.
    pub(super) fn ask_by_hand(
        &mut self,
        question: Question<'_>,
        terms: &Terms,
        attempt: AttemptId,
        caller_id: Phone,
    ) -> Result<Result<Vec<Obligation>, Reason>, Error> {
        Ok(self.hear(question, terms, attempt, caller_id)?.map_err(|denied| denied.reason))
    }

    /// What is asked of a call that is under way already.
    pub(super) fn owed(&self, question: Question<'_>, terms: &Terms) -> Vec<Obligation> {
        self.consider(question, terms).1.owed()
    }

    /// What the law asks of an attempt, or what stands against it. The decision is kept either way.
    fn hear(
        &mut self,
        question: Question<'_>,
        terms: &Terms,
        attempt: AttemptId,
        caller_id: Phone,
    ) -> Result<Result<Vec<Obligation>, Denied>, Error> {
        let Question { lead, phone, zone, at } = question;
        let inquiry = self.dossiers.inquiry(phone, zone, terms, Some(caller_id), at);
        let decision = inquiry.decide(self.packs);
        let about = (Stage::Attempt, lead, phone);
        let mut entry = Entry::of(&decision, &inquiry, about, terms, self.dossiers.person(phone))?;
        let heard = match Denied::by(&decision, &inquiry, lead) {
            None => {
                entry.attempt = Some(attempt.as_uuid().simple().to_string());
                self.dossiers.note_attempt(attempt, phone, terms, at);
                Ok(decision.obligations().to_vec())
            }
            Some(denied) => Err(denied),
        };
        self.entries.push(entry);
        Ok(heard)
    }

    /// Keeps the decisions and settles the leads that may not be called. The attempts that were allowed are there.
    pub(super) async fn close(self, tx: &mut Tx, now: Timestamp) -> Result<(), Error> {
        decision::keep(tx, &self.entries, now).await?;
        denial::settle(tx, &self.denied, now).await
    }
}

impl Store {
    /// The same database, with the law by these rule packs. Without any, nobody may be called.
    pub fn under(self, packs: Vec<Pack>) -> Self {
        Self { packs: packs.into(), ..self }
    }

    /// The rule packs by which calls are judged.
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }
}

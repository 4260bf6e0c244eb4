//! Why a number was called, or was not: all that is known of the person behind it, and what the law says at once.

use cadran_engine::dialer::compliance::{CapCount, Inquiry, Obligation, Reason};
use cadran_engine::model::{CampaignId, CampaignState, LeadId, PersonId, Phone, Timestamp};

use super::consent::Consent;
use super::contact_story::{ContactStory, TOLD_MAX};
use super::db::Lane;
use super::decision::{DecisionFilter, DialDecision, PackEdition, edition};
use super::do_not_call::DoNotCall;
use super::hearing::{Hearing, Question};
use super::lead_stock::WaitingLeads;
use super::relationship::Relationship;
use super::{AttemptRecord, Error, LeadRecord, Page, Store, person};

/// All that is known of the person behind a number.
#[derive(Clone, Debug)]
pub struct Why {
    /// Who it is; none when no list has the number.
    pub person: Option<PersonId>,
    /// Every number of the person.
    pub phones: Vec<Phone>,
    /// The person's leads, in all lists.
    pub leads: Vec<LeadRecord>,
    /// Entries of our own do-not-call lists.
    pub do_not_call: Vec<DoNotCall>,
    /// Consents, those that were taken back among them.
    pub consents: Vec<Consent>,
    /// Contracts, purchases, enquiries.
    pub relationships: Vec<Relationship>,
    /// Attempts, the latest first.
    pub attempts: Vec<AttemptRecord>,
    /// Decisions, the latest first.
    pub decisions: Vec<DialDecision>,
    /// What the law says of a call to each lead that is not done, at once.
    pub verdicts: Vec<Verdict>,
    /// What else keeps each lead that waits.
    pub standings: Vec<LeadStanding>,
}

/// Whether a lead that waits would be dialled, the law left aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadStanding {
    /// Which lead.
    pub lead: LeadId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// What the campaign does.
    pub state: CampaignState,
    /// What keeps the lead, and until when.
    pub waiting: WaitingLeads,
}

/// What the law says of a call to a lead.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Who would be called.
    pub lead: LeadId,
    /// By which campaign.
    pub campaign: CampaignId,
    /// On which number.
    pub phone: Phone,
    /// Why not, with the rule; none when the call may be placed.
    pub denied: Option<(Reason, String)>,
    /// When time alone opens the way.
    pub until: Option<Timestamp>,
    /// What an allowed call must do.
    pub obligations: Vec<Obligation>,
    /// The packs that were asked.
    pub packs: Vec<PackEdition>,
    /// How many attempts each cap counts.
    pub caps: Vec<CapCount>,
    /// The question, in the form of a worked case.
    pub inquiry: Inquiry,
}

impl Store {
    /// Why a number was called, or was not.
    pub async fn why(&self, phone: Phone, now: Timestamp) -> Result<Why, Error> {
        let ContactStory { person, phones, leads, do_not_call, consents, relationships, attempts, .. } =
            self.contact_story(phone).await?;
        let mut tx = self.db.begin(Lane::People).await?;
        let persons = person::behind(&mut tx, &[phone]).await?;
        let campaigns = leads.iter().map(|record| record.campaign);
        let hearing = Hearing::open(&mut tx, persons, campaigns, self.packs(), now).await?;
        tx.commit().await?;
        let open = leads.iter().filter(|record| record.done_reason.is_none());
        let verdicts = open.filter_map(|record| verdict(&hearing, record, now)).collect();
        let mut decisions = Vec::new();
        for phone in phones.iter().copied() {
            let decided = DecisionFilter { phone: Some(phone), ..DecisionFilter::default() };
            decisions.extend(self.dial_decisions(decided, Page { after: None, limit: TOLD_MAX }).await?);
        }
        let mut standings = Vec::new();
        for (lead, campaign) in leads.iter().map(|record| (record.lead.id, record.campaign)) {
            let Some(waiting) = self.waiting_lead(lead, now).await? else { continue };
            if let Some(kept) = self.campaign(campaign).await? {
                standings.push(LeadStanding { lead, campaign, state: kept.value.state, waiting });
            }
        }
        decisions.sort_by_key(|decision| std::cmp::Reverse(decision.last_at));
        Ok(Why {
            person,
            phones,
            leads,
            do_not_call,
            consents,
            relationships,
            attempts,
            decisions,
            verdicts,
            standings,
        })
    }
}

/// What the law says of a call to a lead; none when its campaign calls on nobody's behalf.
fn verdict(hearing: &Hearing<'_>, record: &LeadRecord, now: Timestamp) -> Option<Verdict> {
    let (lead, campaign, phone) = (record.lead.id, record.campaign, record.lead.phone_to_dial());
    let question = Question { lead, phone, zone: &record.lead.zone, at: now };
    let (inquiry, decision) = hearing.consider(question, hearing.terms(campaign)?);
    Some(Verdict {
        lead,
        campaign,
        phone,
        denied: decision.reason().zip(decision.rule_id().map(str::to_owned)),
        until: decision.until(),
        obligations: decision.obligations().to_vec(),
        packs: decision.packs().iter().map(|pack| edition(pack)).collect(),
        caps: inquiry.caps(hearing.packs()),
        inquiry,
    })
}

//! Why a number was called, or was not: all that is known of the person behind it, and what the law says at once.

use cadran_engine::dialer::compliance::{CapCount, Inquiry, Obligation, Reason};
use cadran_engine::model::{CampaignId, CampaignState, LeadId, Phone, Timestamp};

use super::contact_story::{ContactStory, TOLD_MAX};
use super::db::Lane;
use super::decision::{DecisionFilter, DialDecision, PackEdition, edition};
use super::hearing::{Hearing, Question};
use super::lead_stock::WaitingLeads;
use super::{Error, LeadRecord, Page, Store, person};

/// All that is known of the person behind a number, and what stands in the way of a call.
#[derive(Clone, Debug)]
pub struct Why {
    /// Who it is.
    pub contact: ContactStory,
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
        let contact = self.contact_story(phone).await?;
        let mut tx = self.db.begin(Lane::People).await?;
        let persons = person::behind(&mut tx, &[phone]).await?;
        let campaigns = contact.leads.iter().map(|record| record.campaign);
        let hearing = Hearing::open(&mut tx, persons, campaigns, self.packs(), now).await?;
        tx.commit().await?;
        let open = contact.leads.iter().filter(|record| record.done_reason.is_none());
        let verdicts = open.filter_map(|record| verdict(&hearing, record, now)).collect();
        let mut decisions = Vec::new();
        for phone in contact.phones.iter().copied() {
            let decided = DecisionFilter { phone: Some(phone), ..DecisionFilter::default() };
            decisions.extend(self.dial_decisions(decided, Page { after: None, limit: TOLD_MAX }).await?);
        }
        let mut standings = Vec::new();
        for (lead, campaign) in contact.leads.iter().map(|record| (record.lead.id, record.campaign)) {
            let Some(waiting) = self.waiting_lead(lead, now).await? else { continue };
            if let Some(kept) = self.campaign(campaign).await? {
                standings.push(LeadStanding { lead, campaign, state: kept.value.state, waiting });
            }
        }
        decisions.sort_by_key(|decision| std::cmp::Reverse(decision.last_at));
        Ok(Why { contact, decisions, verdicts, standings })
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

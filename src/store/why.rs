//! Why a number was called, or was not: all that is known of the person behind it, and what the law says at once.

use cadran_engine::dialer::compliance::{CapCount, Inquiry, Obligation, Reason};
use cadran_engine::model::{CampaignId, CampaignState, LeadId, PersonId, Phone, Timestamp};

use super::consent::Consent;
use super::db::{Lane, Sql, Tx};
use super::decision::{DecisionFilter, DialDecision, PackEdition, edition};
use super::do_not_call::DoNotCall;
use super::hearing::{Hearing, Question};
use super::history::{HistoryFilter, HistoryOrder};
use super::lead::{self, LeadRecord};
use super::lead_stock::WaitingLeads;
use super::relationship::Relationship;
use super::value::{args, json};
use super::{AttemptRecord, Error, Page, Store, consent, do_not_call, person, relationship};

/// Leads, attempts and decisions of each number that are told, the latest.
const TOLD_MAX: u16 = 50;

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

const LEADS: Sql = Sql {
    postgres: "select * from lead where phone in (select jsonb_array_elements_text($1)) order by lead_id desc limit $2",
    sqlite: "select * from lead where phone in (select value from json_each($1)) order by lead_id desc limit $2",
};

impl Store {
    /// Why a number was called, or was not.
    pub async fn why(&self, phone: Phone, now: Timestamp) -> Result<Why, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let persons = person::behind(&mut tx, &[phone]).await?;
        let person = persons.get(&phone).copied();
        let phones = if persons.is_empty() { vec![phone] } else { persons.keys().copied().collect() };
        let leads = read_leads(&mut tx, &phones).await?;
        let do_not_call = do_not_call::of(&mut tx, &phones).await?;
        let consents = consent::of(&mut tx, &phones).await?;
        let relationships = relationship::of(&mut tx, &phones).await?;
        let campaigns = leads.iter().map(|record| record.campaign);
        let hearing = Hearing::open(&mut tx, persons, campaigns, self.packs(), now).await?;
        tx.commit().await?;
        let open = leads.iter().filter(|record| record.done_reason.is_none());
        let verdicts = open.filter_map(|record| verdict(&hearing, record, now)).collect();
        let (mut attempts, mut decisions) = (Vec::new(), Vec::new());
        for phone in phones.iter().copied() {
            let attempted = HistoryFilter { phone: Some(phone), ..HistoryFilter::default() };
            attempts.extend(
                self.attempts(attempted, HistoryOrder::Latest, Page { after: None, limit: TOLD_MAX }).await?,
            );
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
        attempts.sort_by_key(|record| std::cmp::Reverse(record.attempt.started_at));
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

async fn read_leads(tx: &mut Tx, phones: &[Phone]) -> Result<Vec<LeadRecord>, Error> {
    let rows = tx.rows(LEADS, args![json(&phones)?, TOLD_MAX]).await?;
    let mut histories = lead::histories_in(tx, &rows).await?;
    rows.iter().map(|row| lead::read(row, &mut histories)).collect()
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

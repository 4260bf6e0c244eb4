//! Decisions about dials: every one that was allowed, and every refusal once for a lead, a reason and a day.

use std::collections::BTreeMap;

use cadran_engine::dialer::compliance::{Decision, Inquiry, Pack, Reason};
use cadran_engine::model::{AttemptId, CampaignId, LeadId, PersonId, Phone, SellerId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::db::{Select, Sql, Tx};
use super::register::digest;
use super::terms::Terms;
use super::value::{Row, args, json};
use super::{Error, Page, Store};

/// The number of a decision.
pub type DialDecisionId = i64;

/// What was decided about a dial, and on the strength of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialDecision {
    /// The row.
    pub id: DialDecisionId,
    /// The dial that was allowed; none when it was refused.
    pub attempt: Option<AttemptId>,
    /// Who would have been called.
    pub lead: LeadId,
    /// By which campaign.
    pub campaign: CampaignId,
    /// On whose behalf.
    pub seller: Option<SellerId>,
    /// The person as known then.
    pub person: Option<PersonId>,
    /// How it would have been dialled.
    pub mode: String,
    /// The number shown; none when no number of the campaign would do.
    pub caller_id: Option<String>,
    /// The packs that were asked.
    pub packs: Vec<PackEdition>,
    /// The SHA-256 of the question, in the form of a worked case.
    pub inputs: String,
    /// When it was asked.
    pub stage: Stage,
    /// Why not; none when it was allowed.
    pub refusal: Option<(Reason, String)>,
    /// When time alone would have opened the way.
    pub until: Option<Timestamp>,
    /// When it was decided first.
    pub at: Timestamp,
    /// When it was decided last, the same day.
    pub last_at: Timestamp,
    /// How often, the same day.
    pub times: u32,
}

/// An edition of a rule pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackEdition {
    /// The pack.
    pub id: String,
    /// Which edition.
    pub version: u32,
    /// The digest of its text.
    pub sha256: String,
}

/// When the law was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// In the transaction that makes an attempt durable.
    Attempt,
    /// When leads were chosen for a hopper.
    Claim,
}

/// A decision that is to be kept.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    /// Of the attempt that becomes durable, without dashes.
    pub(super) attempt: Option<String>,
    lead: i64,
    campaign: i64,
    seller: i64,
    person: Option<i64>,
    phone: String,
    mode: &'static str,
    caller_id: Option<String>,
    inputs: String,
    stage: Stage,
    reason: Option<Reason>,
    rule: Option<String>,
    until: Option<i64>,
    pack_set: String,
    #[serde(skip)]
    packs: Vec<PackEdition>,
}

impl Entry {
    /// What is kept of a decision on `inquiry` about a lead.
    pub(super) fn of(
        decision: &Decision<'_>,
        inquiry: &Inquiry,
        (stage, lead, phone): (Stage, LeadId, Phone),
        terms: &Terms,
        person: Option<PersonId>,
    ) -> Result<Self, Error> {
        let packs: Vec<PackEdition> = decision.packs().iter().map(|pack| edition(pack)).collect();
        let (reason, rule) = match decision {
            Decision::Allow { .. } => (None, None),
            Decision::Deny { reason, rule_id, .. } => (Some(*reason), Some((*rule_id).to_owned())),
        };
        Ok(Self {
            attempt: None,
            lead: lead.as_i64(),
            campaign: terms.campaign.as_i64(),
            seller: terms.seller.as_i64(),
            person: person.map(PersonId::as_i64),
            phone: digest(phone),
            mode: terms.mode.as_str(),
            caller_id: inquiry.campaign.cli.clone(),
            inputs: sha256(inquiry)?,
            stage,
            reason,
            rule,
            until: decision.until().map(Timestamp::as_millis),
            pack_set: sha256(&packs)?,
            packs,
        })
    }
}

pub(super) fn edition(pack: &Pack) -> PackEdition {
    PackEdition { id: pack.id().to_owned(), version: pack.version(), sha256: pack.sha256().to_owned() }
}

fn sha256(value: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_vec(value)
        .map_err(|error| Error::Corrupt { what: "a question to the law", problem: error.to_string() })?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}

const KEEP_PACKS: Sql = Sql {
    postgres: "insert into pack_set (digest, packs, first_used_at) \
        select row ->> 0, row -> 1, $2 from jsonb_array_elements($1) as row on conflict do nothing",
    sqlite: "insert into pack_set (digest, packs, first_used_at) \
        select value ->> 0, value -> 1, $2 from json_each($1) where true on conflict do nothing",
};

const DAY_MS: i64 = 86_400_000;

const KEEP: Sql = Sql {
    postgres: "insert into dial_decision (attempt_id, lead_id, campaign_id, seller_id, person_id, phone_digest, mode, \
        caller_id, pack_set, inputs, stage, reason, rule_id, until, day, at, last_at) \
        select cast(row ->> 'attempt' as uuid), cast(row ->> 'lead' as bigint), cast(row ->> 'campaign' as bigint), \
        cast(row ->> 'seller' as bigint), cast(row ->> 'person' as bigint), row ->> 'phone', row ->> 'mode', \
        row ->> 'caller_id', row ->> 'pack_set', row ->> 'inputs', row ->> 'stage', row ->> 'reason', row ->> 'rule', \
        cast(row ->> 'until' as bigint), $3, $2, $2 from jsonb_array_elements($1) as row \
        on conflict (tenant_id, lead_id, day, reason) do update set times = dial_decision.times + 1, last_at = excluded.last_at, \
        until = excluded.until, inputs = excluded.inputs, pack_set = excluded.pack_set, rule_id = excluded.rule_id, \
        caller_id = excluded.caller_id, stage = excluded.stage",
    sqlite: "insert into dial_decision (attempt_id, lead_id, campaign_id, seller_id, person_id, phone_digest, mode, \
        caller_id, pack_set, inputs, stage, reason, rule_id, until, day, at, last_at) \
        select unhex(value ->> 'attempt'), value ->> 'lead', value ->> 'campaign', value ->> 'seller', \
        value ->> 'person', value ->> 'phone', value ->> 'mode', value ->> 'caller_id', value ->> 'pack_set', \
        value ->> 'inputs', value ->> 'stage', value ->> 'reason', value ->> 'rule', value ->> 'until', $3, $2, $2 \
        from json_each($1) where true \
        on conflict (lead_id, day, reason) do update set times = dial_decision.times + 1, last_at = excluded.last_at, \
        until = excluded.until, inputs = excluded.inputs, pack_set = excluded.pack_set, rule_id = excluded.rule_id, \
        caller_id = excluded.caller_id, stage = excluded.stage",
};

/// Keeps what was decided at `now`.
pub(super) async fn keep(tx: &mut Tx, entries: &[Entry], now: Timestamp) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let sets: BTreeMap<&str, &[PackEdition]> =
        entries.iter().map(|entry| (entry.pack_set.as_str(), entry.packs.as_slice())).collect();
    let sets: Vec<(&str, &[PackEdition])> = sets.into_iter().collect();
    tx.execute(KEEP_PACKS, args![json(&sets)?, now]).await?;
    let day = now.as_millis().div_euclid(DAY_MS);
    tx.execute(KEEP, args![json(&entries)?, now, day]).await.map(drop)
}

/// Which decisions are wanted; without a value everything matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// By one campaign.
    pub campaign: Option<CampaignId>,
    /// About one lead.
    pub lead: Option<LeadId>,
    /// About one number.
    pub phone: Option<Phone>,
    /// For one reason.
    pub reason: Option<Reason>,
}

impl Store {
    /// Decisions, the latest first.
    pub async fn dial_decisions(
        &self,
        filter: DecisionFilter,
        page: Page<DialDecisionId>,
    ) -> Result<Vec<DialDecision>, Error> {
        let phone = filter.phone.map(digest);
        let sql =
            "select dial_decision.*, packs from dial_decision join pack_set on pack_set.digest = pack_set";
        let select = Select::new(sql)
            .of_campaigns("campaign_id", &self.scope)
            .narrow("campaign_id = ?", filter.campaign)
            .narrow("lead_id = ?", filter.lead)
            .narrow("phone_digest = ?", phone.as_deref())
            .narrow("reason = ?", filter.reason.map(Reason::as_str))
            .narrow("dial_decision_id < ?", page.after);
        select.page(&self.db, "dial_decision_id desc", page.limit()).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<DialDecision, Error> {
    let reason: Option<String> = row.get("reason")?;
    let reason: Option<Reason> = reason.map(|_| row.word("reason")).transpose()?;
    Ok(DialDecision {
        id: row.get("dial_decision_id")?,
        attempt: row.get("attempt_id")?,
        lead: row.get("lead_id")?,
        campaign: row.get("campaign_id")?,
        seller: row.get("seller_id")?,
        person: row.get("person_id")?,
        mode: row.get("mode")?,
        caller_id: row.get("caller_id")?,
        packs: row.json("packs")?,
        inputs: row.get("inputs")?,
        stage: row.word("stage")?,
        refusal: reason.zip(row.get("rule_id")?),
        until: row.get("until")?,
        at: row.get("at")?,
        last_at: row.get("last_at")?,
        times: row.get("times")?,
    })
}

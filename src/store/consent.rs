//! The ledger of consents. Nothing in it is ever removed: taking a consent back stamps it.

use std::collections::BTreeSet;

use cadran_engine::dialer::compliance;
use cadran_engine::model::{CampaignId, Phone, SellerId, Timestamp};
use serde::Serialize;

use super::db::{Select, Sql, Tx};
use super::import::NewConsent;
use super::value::{Row, args, json, without_nul};
use super::{Error, Page, Store, only};

/// The number of an entry.
pub type ConsentId = i64;

/// What somebody has allowed a seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The row.
    pub id: ConsentId,
    /// To whom it was given.
    pub seller: SellerId,
    /// Of whose number. It counts for every number of that person.
    pub phone: Phone,
    /// For what; only [`compliance::Consent::PHONE_MARKETING`] opens the telephone.
    pub purpose: String,
    /// Which wording the person agreed to.
    pub text_version: String,
    /// Where it was given: a form, a call, a letter.
    pub channel: String,
    /// What proves it, such as the name of a recording. Without proof it opens nothing.
    pub evidence: String,
    /// Whether it covers calls outside the legal hours.
    pub hours_waiver: bool,
    /// Whether it is a prior express written consent as American law asks (47 CFR 64.1200(f)(9)).
    pub written: bool,
    /// When it was given.
    pub given_at: Timestamp,
    /// When it ends by its own terms; none: never.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back, and who wrote that down.
    pub revoked: Option<(Timestamp, String)>,
    /// Who wrote it down: the text form of a user's id, or an import's.
    pub recorded_by: String,
    /// When.
    pub recorded_at: Timestamp,
}

const ADD: &str = "insert into consent (seller_id, phone, purpose, text_version, channel, evidence, hours_waiver, \
    written, given_at, expires_at, recorded_by, recorded_at) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning *";

const OF: Sql = Sql {
    postgres: "select * from consent where phone in (select jsonb_array_elements_text($1)) order by consent_id",
    sqlite: "select * from consent where phone in (select value from json_each($1)) order by consent_id",
};

impl Store {
    /// Writes a consent down. The id in `consent`, and a revocation, are not used.
    pub async fn add_consent(&self, consent: &Consent) -> Result<Consent, Error> {
        read(&only(self.db.change(ADD, columns(consent)).await?)?)
    }

    /// Entries, of some numbers or of all, the latest first.
    pub async fn consents(&self, phone: Option<Phone>, page: Page<ConsentId>) -> Result<Vec<Consent>, Error> {
        let select = Select::new("select * from consent")
            .narrow("phone = ?", phone)
            .narrow("consent_id < ?", page.after);
        select.page(&self.db, "consent_id desc", page.limit()).await?.iter().map(read).collect()
    }

    /// Notes that a consent was taken back. It stays as it is when it was taken back before.
    pub async fn revoke_consent(&self, id: ConsentId, by: &str, at: Timestamp) -> Result<Consent, Error> {
        let sql = "update consent set revoked_at = coalesce(revoked_at, $2), revoked_by = coalesce(revoked_by, $3) \
                   where consent_id = $1 returning *";
        match self.db.change(sql, args![id, at, by]).await?.first() {
            Some(row) => read(row),
            None => Err(Error::NotFound("consent")),
        }
    }
}

/// A file that comes again says nothing new.
const IMPORT: Sql = Sql {
    postgres: "insert into consent (seller_id, phone, purpose, text_version, channel, evidence, hours_waiver, written, \
        given_at, expires_at, recorded_by, recorded_at) \
        select seller_id, row ->> 'phone', row ->> 'purpose', row ->> 'text_version', row ->> 'source', \
        row ->> 'evidence', cast(row ->> 'hours_waiver' as boolean), cast(row ->> 'written' as boolean), \
        cast(row ->> 'given_at' as bigint), cast(row ->> 'expires_at' as bigint), $3, $4 \
        from campaign cross join jsonb_array_elements($2) as row where campaign_id = $1 and seller_id is not null \
        and not exists (select 1 from consent as known where known.seller_id = campaign.seller_id \
        and known.phone = row ->> 'phone' and known.purpose = row ->> 'purpose' \
        and known.evidence = row ->> 'evidence' and known.given_at = cast(row ->> 'given_at' as bigint))",
    sqlite: "insert into consent (seller_id, phone, purpose, text_version, channel, evidence, hours_waiver, written, \
        given_at, expires_at, recorded_by, recorded_at) \
        select seller_id, value ->> 'phone', value ->> 'purpose', value ->> 'text_version', value ->> 'source', \
        value ->> 'evidence', value ->> 'hours_waiver', value ->> 'written', value ->> 'given_at', \
        value ->> 'expires_at', $3, $4 \
        from campaign cross join json_each($2) where campaign_id = $1 and seller_id is not null \
        and not exists (select 1 from consent as known where known.seller_id = campaign.seller_id \
        and known.phone = value ->> 'phone' and known.purpose = value ->> 'purpose' \
        and known.evidence = value ->> 'evidence' and known.given_at = value ->> 'given_at')",
};

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Imported {
    phone: Phone,
    given_at: i64,
    evidence: String,
    purpose: String,
    text_version: String,
    source: String,
    expires_at: Option<i64>,
    hours_waiver: bool,
    written: bool,
}

/// Writes down the consents of a file, given to the seller of a campaign; one that is known already is not repeated.
pub(super) async fn import<'a>(
    tx: &mut Tx,
    campaign: CampaignId,
    given: impl Iterator<Item = (Phone, &'a NewConsent)>,
    by: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let given = given.map(|(phone, consent)| Imported {
        phone,
        given_at: consent.given_at.as_millis(),
        evidence: without_nul(&consent.evidence),
        purpose: without_nul(&consent.purpose),
        text_version: without_nul(&consent.text_version),
        source: without_nul(&consent.source),
        expires_at: consent.expires_at.map(Timestamp::as_millis),
        hours_waiver: consent.hours_waiver,
        written: consent.written,
    });
    let given: BTreeSet<Imported> = given.collect();
    if given.is_empty() {
        return Ok(());
    }
    tx.execute(IMPORT, args![campaign, json(&given)?, by, now]).await.map(drop)
}

/// Every consent given of one of these numbers.
pub(super) async fn of(tx: &mut Tx, phones: &[Phone]) -> Result<Vec<Consent>, Error> {
    tx.rows(OF, args![json(&phones)?]).await?.iter().map(read).collect()
}

/// A consent as the rules look at it.
pub(super) fn in_rules(consent: &Consent) -> compliance::Consent {
    compliance::Consent {
        seller: consent.seller.to_string(),
        scope: vec![consent.purpose.clone()],
        at: consent.given_at,
        evidence_id: Some(consent.evidence.clone()),
        expires_at: consent.expires_at,
        revoked_at: consent.revoked.as_ref().map(|(at, _)| *at),
        hours_waiver: consent.hours_waiver,
        pewc: consent.written,
    }
}

fn columns(consent: &Consent) -> Vec<super::value::Value> {
    args![
        consent.seller,
        consent.phone,
        &consent.purpose,
        &consent.text_version,
        &consent.channel,
        &consent.evidence,
        consent.hours_waiver,
        consent.written,
        consent.given_at,
        consent.expires_at,
        &consent.recorded_by,
        consent.recorded_at,
    ]
}

fn read(row: &Row) -> Result<Consent, Error> {
    let revoked_at: Option<Timestamp> = row.get("revoked_at")?;
    Ok(Consent {
        id: row.get("consent_id")?,
        seller: row.get("seller_id")?,
        phone: row.get("phone")?,
        purpose: row.get("purpose")?,
        text_version: row.get("text_version")?,
        channel: row.get("channel")?,
        evidence: row.get("evidence")?,
        hours_waiver: row.get("hours_waiver")?,
        written: row.get("written")?,
        given_at: row.get("given_at")?,
        expires_at: row.get("expires_at")?,
        revoked: revoked_at.zip(row.get("revoked_by")?),
        recorded_by: row.get("recorded_by")?,
        recorded_at: row.get("recorded_at")?,
    })
}

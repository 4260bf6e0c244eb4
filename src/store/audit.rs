//! The audit log: a chain of entries, each sealed with the hash of the one before. Entries are added, never changed.

use std::time::Duration;

use cadran_engine::model::{SupervisionEnd, Timestamp, UserId};
use sha2::{Digest as _, Sha256};

use super::api_key::ApiKeyId;
use super::db::{Lane, Select, Sql, Tx};
use super::value::{Row, args, without_nul};
use super::{Error, HistoryOrder, Page, Store};

/// The hash before the first entry.
const BEGINNING: [u8; 32] = [0; 32];

/// An act: who did what, on what, from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When it was done.
    pub at: Timestamp,
    /// Who did it; none when nobody was signed in, as at a sign-in that failed.
    pub user: Option<UserId>,
    /// The key of a program, when it was one.
    pub key: Option<ApiKeyId>,
    /// What: the method and the address with names in place of ids.
    pub action: String,
    /// On what: the address itself.
    pub target: String,
    /// From where: the network address; empty when nobody asked, as at an end.
    pub address: String,
    /// Under which name the log knows the request, or the act of supervision that ended.
    pub request: String,
    /// The HTTP status of the answer; 0 when nobody asked.
    pub status: u16,
    /// The reason that was given, if one was.
    pub reason: Option<String>,
    /// SHA-256 of what it was before, in hexadecimal digits, where it can be read.
    pub before: Option<String>,
    /// SHA-256 of what it was after.
    pub after: Option<String>,
    /// How it ended, when the entry is about the end of an act that lasts; the entry of its beginning has none.
    pub ended: Option<Ended>,
}

/// How an act of supervision ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How long it lasted, in whole milliseconds.
    pub lasted: Duration,
    /// Why it is over.
    pub because: SupervisionEnd,
}

/// An act in its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Counts from 1, without a gap.
    pub seq: i64,
    /// What was done.
    pub act: Act,
    /// What seals the entry, and with it all before.
    pub hash: [u8; 32],
}

/// Which entries are wanted; without a value everything matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By this user.
    pub user: Option<UserId>,
    /// This act, such as `PUT /api/campaigns/{campaign}`.
    pub action: Option<String>,
    /// On this address.
    pub target: Option<String>,
    /// At this moment or later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// One after the other, whichever daemon writes; SQLite has one writer by itself. Within a daemon it is
/// [`Store::audit`] that waits.
const TURN: Sql = Sql {
    postgres: "select pg_advisory_xact_lock(hashtext('cadran audit'), cast(cadran_tenant() as int)) is null as waited",
    sqlite: "select 0 as waited",
};

impl AuditEntry {
    /// The hash that seals an entry behind the one with the hash `previous`.
    pub fn seal(seq: i64, act: &Act, previous: &[u8; 32]) -> [u8; 32] {
        // Each field with its length, so that no two acts read the same.
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let fields = [
            Some(seq.to_string()),
            Some(act.at.as_millis().to_string()),
            number(act.user.map(UserId::as_i64)),
            number(act.key),
            Some(act.action.clone()),
            Some(act.target.clone()),
            Some(act.address.clone()),
            Some(act.request.clone()),
            Some(act.status.to_string()),
            act.reason.clone(),
            act.before.clone(),
            act.after.clone(),
        ];
        // An entry without an end is sealed as it was before entries had any.
        let end = act.ended.map(|ended| {
            [Some(ended.lasted.as_millis().to_string()), Some(ended.because.as_str().to_owned())]
        });
        let mut hash = Sha256::new_with_prefix(previous);
        for field in fields.into_iter().chain(end.into_iter().flatten()) {
            match field {
                Some(text) => {
                    hash.update((text.len() as u64).to_be_bytes());
                    hash.update(text);
                }
                None => hash.update(u64::MAX.to_be_bytes()),
            }
        }
        hash.finalize().into()
    }
}

impl Store {
    /// Writes an act down, behind all others.
    pub async fn audit(&self, act: &Act) -> Result<AuditEntry, Error> {
        // In this process nobody holds a connection while they wait for another's entry, or a few would hold them all.
        let _turn = self.audit_turn.lock().await;
        let mut tx = self.db.begin(Lane::People).await?;
        let entry = append(&mut tx, act).await?;
        tx.commit().await?;
        Ok(entry)
    }

    /// A page of entries.
    pub async fn audit_entries(
        &self,
        filter: &AuditFilter,
        order: HistoryOrder,
        page: Page<i64>,
    ) -> Result<Vec<AuditEntry>, Error> {
        let (behind, by) = match order {
            HistoryOrder::Earliest => ("seq > ?", "seq"),
            HistoryOrder::Latest => ("seq < ?", "seq desc"),
        };
        let select = narrow(filter).narrow(behind, page.after);
        select.page(&self.db, by, page.limit()).await?.iter().map(read).collect()
    }
}

/// Writes an act down in a transaction, behind all others. Whoever has a turn keeps it until the commit: what else the
/// transaction locks must come before, or two of them may wait for each other.
pub(super) async fn append(tx: &mut Tx, act: &Act) -> Result<AuditEntry, Error> {
    // As the database keeps it, or the seal would not fit what is read back.
    let act = Act {
        action: without_nul(&act.action),
        target: without_nul(&act.target),
        reason: act.reason.as_deref().map(without_nul),
        ..act.clone()
    };
    tx.rows(TURN, args![]).await?;
    let last = tx.row("select seq, hash from audit order by seq desc limit 1", args![]).await?;
    let (seq, previous) = match last {
        Some(row) => (row.get::<i64>("seq")? + 1, row.get("hash")?),
        None => (1, BEGINNING),
    };
    let hash = AuditEntry::seal(seq, &act, &previous);
    let sql = "insert into audit (seq, at, user_id, api_key_id, action, target, address, request, status, \
               reason, digest_before, digest_after, lasted_ms, ended_because, hash) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let lasted = act.ended.map(|ended| i64::try_from(ended.lasted.as_millis()).unwrap_or(i64::MAX));
    let values = args![
        seq,
        act.at,
        act.user,
        act.key,
        &act.action,
        &act.target,
        &act.address,
        &act.request,
        act.status,
        act.reason.as_deref(),
        act.before.as_deref(),
        act.after.as_deref(),
        lasted,
        act.ended.map(|ended| ended.because.as_str()),
        hash.to_vec(),
    ];
    tx.execute(sql, values).await?;
    Ok(AuditEntry { seq, act, hash })
}

fn narrow(filter: &AuditFilter) -> Select {
    Select::new("select * from audit")
        .narrow("user_id = ?", filter.user)
        .narrow("action = ?", filter.action.as_deref())
        .narrow("target = ?", filter.target.as_deref())
        .narrow("at >= ?", filter.from)
        .narrow("at < ?", filter.until)
}

fn read(row: &Row) -> Result<AuditEntry, Error> {
    let lasted: Option<i64> = row.get("lasted_ms")?;
    let ended = lasted.map(|lasted| {
        let lasted = Duration::from_millis(lasted.max(0).unsigned_abs());
        Ok::<_, Error>(Ended { lasted, because: row.word("ended_because")? })
    });
    let act = Act {
        at: row.get("at")?,
        user: row.get("user_id")?,
        key: row.get("api_key_id")?,
        action: row.get("action")?,
        target: row.get("target")?,
        address: row.get("address")?,
        request: row.get("request")?,
        status: row.get("status")?,
        reason: row.get("reason")?,
        before: row.get("digest_before")?,
        after: row.get("digest_after")?,
        ended: ended.transpose()?,
    };
    Ok(AuditEntry { seq: row.get("seq")?, act, hash: row.get("hash")? })
}

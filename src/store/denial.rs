//! What becomes of a lead that may not be called.

use std::time::Duration;

use cadran_engine::dialer::compliance::{Decision, Inquiry, Reason};
use cadran_engine::model::{LeadId, Timestamp};
use serde::Serialize;

use super::Error;
use super::db::{Sql, Tx};
use super::lead::DoneReason;
use super::value::{args, json};

/// When the person is looked at again to whom somebody else is speaking.
const BUSY_WAIT: Duration = Duration::from_secs(60);
/// When a lead is looked at again that only people can help: a consent is written down, a register consulted.
const DATA_WAIT: Duration = Duration::from_secs(3600);
/// When a lead is looked at again for which no opening is in sight.
const NO_OPENING_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What a denial does to the lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Done(DoneReason),
    Later(Timestamp),
}

/// A lead that may not be called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Denied {
    lead: LeadId,
    pub(super) reason: Reason,
    fate: Fate,
}

impl Denied {
    /// What follows from a decision on `inquiry`, if it is a denial.
    pub(super) fn by(decision: &Decision<'_>, inquiry: &Inquiry, lead: LeadId) -> Option<Self> {
        let reason = decision.reason()?;
        let now = inquiry.now;
        let fate = match reason {
            Reason::Erased
            | Reason::NumberForbidden
            | Reason::NumberInvalid
            | Reason::Reassigned
            | Reason::SectorBanned => Fate::Done(DoneReason::Forbidden),
            Reason::InternalDnc => {
                inquiry.do_not_call_until().map_or(Fate::Done(DoneReason::DoNotCall), Fate::Later)
            }
            Reason::LeadBusy => Fate::Later(now + BUSY_WAIT),
            Reason::CliForbidden
            | Reason::CliMissing
            | Reason::CliUnauthorised
            | Reason::ConsentExpired
            | Reason::ConsentMissing
            | Reason::ConsentRevoked
            | Reason::ConsentScope
            | Reason::NoRulePack
            | Reason::RegisterListed
            | Reason::RegisterStale
            | Reason::TzUnknown => Fate::Later(now + DATA_WAIT),
            Reason::ClockBehind
            | Reason::CoolOffAbandon
            | Reason::CoolOffRefusal
            | Reason::FreqCap
            | Reason::OutOfWindow => Fate::Later(decision.until().unwrap_or(now + NO_OPENING_WAIT)),
        };
        Some(Self { lead, reason, fate })
    }

    /// Whether time does not help.
    pub(super) const fn is_for_good(&self) -> bool {
        matches!(self.fate, Fate::Done(_))
    }
}

#[derive(Serialize)]
struct Settled {
    lead: i64,
    reason: Reason,
    due_at: Option<i64>,
    done: Option<DoneReason>,
}

const SETTLE: Sql = Sql {
    postgres: "update lead set state = case when row ->> 'done' is null then 'waiting' else 'done' end, ripe = false, \
        done_reason = row ->> 'done', due_at = coalesce(cast(row ->> 'due_at' as bigint), due_at), \
        held_because = row ->> 'reason', callback = callback and row ->> 'done' is null, claimed_by = null, \
        claimed_until = null, updated_at = $2 \
        from jsonb_array_elements($1) as row where lead_id = cast(row ->> 'lead' as bigint)",
    sqlite: "update lead set state = case when value ->> 'done' is null then 'waiting' else 'done' end, ripe = false, \
        done_reason = value ->> 'done', due_at = coalesce(value ->> 'due_at', due_at), \
        held_because = value ->> 'reason', callback = callback and value ->> 'done' is null, claimed_by = null, \
        claimed_until = null, updated_at = $2 \
        from json_each($1) where lead_id = value ->> 'lead'",
};

const WITHDRAW_CALLBACKS: Sql = Sql {
    postgres: "update callback set state = 'withdrawn' where state = 'open' \
        and lead_id in (select cast(id as bigint) from jsonb_array_elements_text($1) as id)",
    sqlite: "update callback set state = 'withdrawn' where state = 'open' \
        and lead_id in (select value from json_each($1))",
};

/// Settles leads that may not be called: for good, or until they are looked at again. The reason is kept.
pub(super) async fn settle(tx: &mut Tx, denied: &[Denied], now: Timestamp) -> Result<(), Error> {
    if denied.is_empty() {
        return Ok(());
    }
    let settled: Vec<Settled> = denied.iter().map(Settled::of).collect();
    tx.execute(SETTLE, args![json(&settled)?, now]).await?;
    let done: Vec<i64> = settled.iter().filter(|row| row.done.is_some()).map(|row| row.lead).collect();
    if !done.is_empty() {
        tx.execute(WITHDRAW_CALLBACKS, args![json(&done)?]).await?;
    }
    Ok(())
}

impl Settled {
    fn of(denied: &Denied) -> Self {
        let (due_at, done) = match denied.fate {
            Fate::Done(reason) => (None, Some(reason)),
            Fate::Later(at) => (Some(at.as_millis()), None),
        };
        Self { lead: denied.lead.as_i64(), reason: denied.reason, due_at, done }
    }
}

//! Which leads a claim takes, and in which order.
//!
//! Due callbacks first, the earliest first; then ripe leads in the order that the campaign wants, walked from one end
//! of an index. Every list is walked by itself: so that one that is switched off costs nothing, and so that lists can
//! share the dials.
//!
//! The view `dialled_list` says which lists are dialled: those that are switched on and whose quota is not reached.
//!
//! Invariant: a lead that waits and is `ripe` is due. Whatever gives a lead back with a due time leaves it unripe; a
//! claim ripens what has fallen due since the last one.

use std::collections::{BTreeMap, VecDeque};

use cadran_engine::dialer::list_mix::{Party, take_turns};
use cadran_engine::model::{
    CampaignId, CampaignSettings, DialOrder, Direction, LeadId, ListId, OrderKey, Timestamp,
};

use super::Error;
use super::db::{Sql, Tx};
use super::value::{Row, args, json};

const ORDER: &str = "select settings from campaign where campaign_id = $1";

const CALLED_BACK: Sql = Sql {
    postgres: "select lead_id from lead where campaign_id = $1 and state = 'waiting' and callback and due_at <= $2 \
        and exists (select 1 from dialled_list where dialled_list.list_id = lead.list_id) \
        order by due_at, lead_id limit $3 for update of lead skip locked",
    sqlite: "select lead_id from lead indexed by lead_called_back \
        where campaign_id = $1 and state = 'waiting' and callback and due_at <= $2 \
        and exists (select 1 from dialled_list where dialled_list.list_id = lead.list_id) \
        order by due_at, lead_id limit $3",
};

const RIPEN: Sql = Sql {
    postgres: "update lead set ripe = true where lead_id in (select fallen.lead_id from dialled_list cross join lateral \
        (select lead_id, due_at from lead where lead.list_id = dialled_list.list_id and state = 'waiting' \
        and not ripe and not callback and due_at <= $2 order by due_at limit $3 for update skip locked) as fallen \
        where campaign_id = $1 order by fallen.due_at limit $3)",
    sqlite: "update lead set ripe = true where lead_id in (select lead.lead_id from dialled_list cross join lead \
        on lead.lead_id in (select lead_id from lead indexed by lead_unripe \
        where lead.list_id = dialled_list.list_id and state = 'waiting' and not ripe and not callback \
        and due_at <= $2 order by due_at limit $3) \
        where dialled_list.campaign_id = $1 order by lead.due_at limit $3)",
};

const NEXT_CALLBACK: &str = "select min(due_at) as due_at from lead where campaign_id = $1 and state = 'waiting' \
    and callback and exists (select 1 from dialled_list where dialled_list.list_id = lead.list_id)";

const NEXT_UNRIPE: &str = "select min((select due_at from lead where lead.list_id = dialled_list.list_id \
    and state = 'waiting' and not ripe and not callback order by due_at limit 1)) as due_at \
    from dialled_list where campaign_id = $1";

const PARTIES: Sql = Sql {
    postgres: "select list_id, mix_credit from list where campaign_id = $1 and enabled order by list_id \
        for no key update",
    sqlite: "select list_id, mix_credit from list where campaign_id = $1 and enabled order by list_id",
};

/// The first `$2` ripe leads of every list of campaign `$1`, all in the same order. SQLite has no `lateral`, and its
/// planner would rather sort a whole list than walk the index that has it in order. PostgreSQL takes no such hint: no
/// other index may have the same order, or it would walk that one through the leads of all lists. So numbers are
/// compared without their plus sign, and rows of files by the time of their import first.
macro_rules! heads {
    ($index:literal, $order:literal) => {
        Sql {
            postgres: concat!(
                "select lead_id, list_id from (select list_id as walked from dialled_list where campaign_id = $1) ",
                "as lists cross join lateral (select * from lead where list_id = walked and state = 'waiting' and ripe ",
                "order by ",
                $order,
                " limit $2 for update skip locked) as head order by ",
                $order,
            ),
            sqlite: concat!(
                "select lead_id, list_id from (select list_id as walked from dialled_list where campaign_id = $1) ",
                "as lists cross join lead on lead_id in (select lead_id from lead indexed by ",
                $index,
                " where list_id = walked and state = 'waiting' and ripe order by ",
                $order,
                " limit $2) order by ",
                $order,
            ),
        }
    };
}

const fn heads(by: OrderKey, direction: Direction) -> Sql {
    match (by, direction) {
        (OrderKey::Attempts, Direction::Down) => heads!("lead_by_attempts", "attempts desc, lead_id desc"),
        (OrderKey::Attempts, Direction::Up) => heads!("lead_by_attempts", "attempts, lead_id"),
        (OrderKey::Due, Direction::Down) => heads!("lead_by_due", "due_at desc, lead_id desc"),
        (OrderKey::Due, Direction::Up) => heads!("lead_by_due", "due_at, lead_id"),
        (OrderKey::Imported, Direction::Down) => heads!("lead_by_import", "created_at desc, lead_id desc"),
        (OrderKey::Imported, Direction::Up) => heads!("lead_by_import", "created_at, lead_id"),
        (OrderKey::LastAttempt, Direction::Down) => {
            heads!("lead_by_last_attempt", "last_attempt_at desc nulls last, lead_id desc")
        }
        (OrderKey::LastAttempt, Direction::Up) => {
            heads!("lead_by_last_attempt", "last_attempt_at nulls first, lead_id")
        }
        (OrderKey::List, Direction::Down) => {
            heads!("lead_by_import", "list_id desc, created_at desc, lead_id desc")
        }
        (OrderKey::List, Direction::Up) => heads!("lead_by_import", "list_id, created_at, lead_id"),
        (OrderKey::Name, Direction::Down) => heads!("lead_by_name", "name desc, lead_id desc"),
        (OrderKey::Name, Direction::Up) => heads!("lead_by_name", "name, lead_id"),
        (OrderKey::Phone, Direction::Down) => heads!("lead_by_phone", "substr(phone, 2) desc, lead_id desc"),
        (OrderKey::Phone, Direction::Up) => heads!("lead_by_phone", "substr(phone, 2), lead_id"),
        (OrderKey::Priority, Direction::Down) => {
            heads!("lead_by_priority", "priority desc, due_at, lead_id")
        }
        (OrderKey::Priority, Direction::Up) => {
            heads!("lead_by_priority", "priority, due_at desc, lead_id desc")
        }
        // Two multiplications modulo two primes spread the rows of a file over the whole range, each to its own place.
        (OrderKey::Random, Direction::Down) => heads!(
            "lead_by_chance",
            "lead_id * 1583458089 % 2147483647 * 784588716 % 2147483563 desc, lead_id desc"
        ),
        (OrderKey::Random, Direction::Up) => {
            heads!("lead_by_chance", "lead_id * 1583458089 % 2147483647 * 784588716 % 2147483563, lead_id")
        }
    }
}

/// The order that a campaign wants. That of a campaign that is gone does not matter: it has no leads.
pub(super) async fn wanted(tx: &mut Tx, campaign: CampaignId) -> Result<DialOrder, Error> {
    match tx.row(ORDER, args![campaign]).await? {
        Some(row) => Ok(row.json::<CampaignSettings>("settings")?.order),
        None => Ok(DialOrder::default()),
    }
}

/// Lets leads that have fallen due take their places, the earliest due first: as many as a claim takes, so that it
/// stays short and they never lag behind. Of more that fall due at one moment, those not yet ripe are passed over.
pub(super) async fn ripen(
    tx: &mut Tx,
    campaign: CampaignId,
    count: u16,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(RIPEN, args![campaign, now, count]).await.map(drop)
}

/// The next leads to dial, `count` at most, locked for this transaction.
pub(super) async fn next(
    tx: &mut Tx,
    campaign: CampaignId,
    order: &DialOrder,
    count: u16,
    now: Timestamp,
) -> Result<Vec<LeadId>, Error> {
    let called_back = tx.rows(CALLED_BACK, args![campaign, now, count]).await?;
    let mut leads: Vec<LeadId> =
        called_back.iter().map(|row| row.get("lead_id")).collect::<Result<_, _>>()?;
    let rest = usize::from(count).saturating_sub(leads.len());
    if rest > 0 {
        let limit = u16::try_from(rest).unwrap_or(u16::MAX);
        let rows = tx.rows(heads(order.by, order.direction), args![campaign, limit]).await?;
        let heads: Vec<(LeadId, ListId)> = rows.iter().map(read_head).collect::<Result<_, _>>()?;
        if order.mix.is_empty() {
            leads.extend(heads.iter().map(|(lead, _)| *lead).take(rest));
        } else {
            leads.extend(mixed(tx, campaign, order, heads, rest).await?);
        }
    }
    Ok(leads)
}

/// When the next lead falls due that is not yet, if one will.
pub(super) async fn next_due(tx: &mut Tx, campaign: CampaignId) -> Result<Option<Timestamp>, Error> {
    let mut earliest: Option<Timestamp> = None;
    for sql in [NEXT_CALLBACK, NEXT_UNRIPE] {
        let due_at: Option<Timestamp> = match tx.row(sql, args![campaign]).await? {
            Some(row) => row.get("due_at")?,
            None => None,
        };
        earliest = earliest.into_iter().chain(due_at).min();
    }
    Ok(earliest)
}

fn read_head(row: &Row) -> Result<(LeadId, ListId), Error> {
    Ok((row.get("lead_id")?, row.get("list_id")?))
}

/// Takes `count` of the leads that head their lists, so that the lists share the dials; notes what each has spent.
async fn mixed(
    tx: &mut Tx,
    campaign: CampaignId,
    order: &DialOrder,
    heads: Vec<(LeadId, ListId)>,
    count: usize,
) -> Result<Vec<LeadId>, Error> {
    let mut by_list: BTreeMap<ListId, VecDeque<LeadId>> = BTreeMap::new();
    for (lead, list) in &heads {
        by_list.entry(*list).or_default().push_back(*lead);
    }
    let rows = tx.rows(PARTIES, args![campaign]).await?;
    let mut parties: Vec<Party> = rows
        .iter()
        .map(|row| {
            let list = row.get("list_id")?;
            let share = order.mix.iter().find(|share| share.list == list).map_or(0, |share| share.percent);
            let leads = by_list.get(&list).map_or(0, VecDeque::len);
            Ok(Party { list, share, credit: row.get("mix_credit")?, leads })
        })
        .collect::<Result<_, Error>>()?;
    let turns = take_turns(&mut parties, count);
    let mut leads: Vec<LeadId> = turns.iter().filter_map(|list| by_list.get_mut(list)?.pop_front()).collect();
    for party in &parties {
        let sql = "update list set mix_credit = $2 where list_id = $1 and mix_credit <> $2";
        tx.execute(sql, args![party.list, party.credit]).await?;
    }
    let without_share = |list: &ListId| parties.iter().any(|party| party.list == *list && party.share == 0);
    let others = heads.iter().filter(|(_, list)| without_share(list)).map(|(lead, _)| *lead);
    leads.extend(others.take(count.saturating_sub(leads.len())));
    Ok(leads)
}

/// The rows of `leads`, in that order.
pub(super) async fn rows(tx: &mut Tx, leads: &[LeadId]) -> Result<Vec<Row>, Error> {
    const ROWS: Sql = Sql {
        postgres: "select lead.* from jsonb_array_elements_text($1) with ordinality as wanted (id, place) \
            join lead on lead_id = cast(id as bigint) order by place",
        sqlite: "select lead.* from json_each($1) as wanted cross join lead on lead_id = wanted.value \
            order by wanted.key",
    };
    let ids: Vec<i64> = leads.iter().map(|lead| lead.as_i64()).collect();
    tx.rows(ROWS, args![json(&ids)?]).await
}

//! Erasing a person: a person is a set of numbers, and all of them go in one transaction, or nothing does.
//!
//! What is counted stays without the person: where a number must stand, one stands that nobody can have. E.164 keeps the
//! country code 999 in reserve (ITU-T E.164, list of assigned codes), so nobody is called by such a number.

use std::collections::{BTreeMap, BTreeSet};

use cadran_engine::model::{CallId, ErasureId, MessageId, Phone, RecordingId};

use super::db::{Lane, Tx};
use super::deletion::{self, DeletionOrder};
use super::erasure::{Erasure, ErasureOrder, RECORDINGS};
use super::person::{self, Persons};
use super::recording::read_id;
use super::register::digest;
use super::value::{Value, args, json};
use super::{Error, Store, event, only};

/// Why a person is not erased, for the time being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotErased {
    /// A legal hold is on this recording of theirs.
    Held(RecordingId),
    /// Somebody speaks with them, or calls them.
    Live,
}

/// A person who is about to be erased. Dropped without [`Erasing::commit`], nothing happened.
#[derive(Debug)]
pub struct Erasing {
    tx: Tx,
    erased: Erased,
}

/// A person who is erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The record of it.
    pub erasure: Erasure,
    /// Files in the directory of messages that nobody knows any more.
    pub files: Vec<String>,
}

/// A kind of what goes, and the statement. Without a kind it is not counted.
type Trace = (Option<&'static str>, &'static str);

/// What goes of a number, `$1`, while calls can still be told by it.
const REMOVED: [Trace; 10] = [
    (
        Some("callbacks"),
        "update callback set state = 'withdrawn' where state = 'open' \
        and lead_id in (select lead_id from lead where phone = $1)",
    ),
    (
        Some("notes"),
        "update disposition set note = '' where note <> '' \
        and call_id in (select call_id from attempt where phone = $1)",
    ),
    (
        Some("notes"),
        "update caller_disposition set note = '' where note <> '' \
        and call_id in (select call_id from caller_call where phone = $1)",
    ),
    (Some("consents"), "delete from consent where phone = $1"),
    (Some("do_not_call"), "delete from do_not_call where phone = $1"),
    (Some("listed_callers"), "delete from listed_caller where phone = $1"),
    (Some("relationships"), "delete from relationship where phone = $1"),
    (None, "delete from person_phone where phone = $1"),
    (None, "delete from idempotency where body like '%' || $1 || '%'"),
    (None, "update recording set caller_phone = null where caller_phone = $1"),
];

/// What stays without the person: `$2` stands for the number `$1`. Those that are told by calls come before the calls.
const REPLACED: [Trace; 4] = [
    (
        None,
        "update abandonment set phone = $2 where attempt_id in (select attempt_id from attempt where phone = $1)",
    ),
    (Some("refusals"), "update refusal set phone = $2 where phone = $1"),
    (Some("attempts"), "update attempt set phone = $2, request_key = null where phone = $1"),
    (
        Some("caller_callbacks"),
        "update caller_callback set phone = $2, place = null, \
        state = case when state = 'open' then 'withdrawn' else state end where phone = $1",
    ),
];

/// A call of somebody unknown is one of a caller who withheld their number.
const CALLERS: Trace = (Some("caller_calls"), "update caller_call set phone = null where phone = $1");

/// Taken back as well, so that no agent dials it by hand.
const LEADS: &str = "update lead set phone = $2, alternates = '[]', next_phone = 0, name = '', fields = '{}', \
    state = 'done', done_reason = 'forbidden', held_because = 'ERASED', withdrawn = true, ripe = false, \
    callback = false, claimed_by = null, claimed_until = null, rev = rev + 1, updated_at = $3 where phone = $1";

/// Kinds that have no statement of their own above.
const OTHER_KINDS: [&str; 7] =
    ["deliveries", "import_rows", "leads", "marks", "messages", "recordings", "spoken_answers"];

const CALLS: &str =
    "select call_id from attempt where phone = $1 union select call_id from caller_call where phone = $1";

/// That a call ended is the one event that tells a number.
const DELIVERIES: Trace = (
    Some("deliveries"),
    "delete from webhook_delivery where webhook_id in (select webhook_id from webhook) and event = $1",
);

const LIVE: &str = "select 1 as one from attempt where phone = $1 and outcome is null \
    union all select 1 as one from lead where phone = $1 and state = 'in_attempt'";

const ANSWERS: &str = "select call_id, survey, question, cast(answer as text) as said from survey_answer \
    where call_id in (select call_id from caller_call where phone = $1 \
    union select call_id from attempt where phone = $1)";

/// A text without what people write between the digits of a number.
macro_rules! bare {
    ($column:literal) => {
        concat!(
            "replace(replace(replace(replace(replace(replace(replace(replace(",
            $column,
            ", ' ', ''), '.', ''), '-', ''), '/', ''), '(', ''), ')', ''), '\u{a0}', ''), '\u{202f}', '')"
        )
    };
}

const ROWS_NAMING: &str =
    concat!("select number from import_row where import_id = $1 and ", bare!("text"), " like $2");

const HEADERS_NAMING: &str = concat!("update import set header = '' where ", bare!("header"), " like $1");

const MARKS_NAMING: &str = concat!(
    "delete from call_tag where call_id in (select call_id from caller_call where phone = $1) and ",
    bare!("label"),
    " like $2"
);

impl Erasing {
    /// The record that comes to stand.
    pub const fn erasure(&self) -> &Erasure {
        &self.erased.erasure
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<Erased, Error> {
        self.tx.commit().await?;
        Ok(self.erased)
    }
}

impl Store {
    /// What stands against erasing a person at this moment, as far as the store knows.
    pub async fn why_not_erased(&self, phones: &[Phone]) -> Result<Option<NotErased>, Error> {
        examine(&mut self.db.begin(Lane::People).await?, phones).await
    }

    /// Erases the person behind a number, with every number that is known of them. The number goes on the list of those
    /// who are not brought back even if nothing else is known of it.
    pub async fn begin_erasure(
        &self,
        phone: Phone,
        order: &ErasureOrder,
    ) -> Result<Result<Erasing, NotErased>, Error> {
        let rows = self.rows_naming(&self.numbers_of(phone).await?).await?;
        let mut tx = self.db.begin(Lane::People).await?;
        let persons = person::lock_known(&mut tx, &[phone]).await?;
        let phones = person::each_once(persons.keys().copied().chain([phone]));
        if let Some(reason) = examine(&mut tx, &phones).await? {
            return Ok(Err(reason));
        }
        let mut work = Work::begin(tx, order, phones.iter().copied().map(digest).collect()).await?;
        work.rows(&rows).await?;
        Ok(Ok(work.erase(&persons, &phones).await?))
    }

    /// Erases once more whom a backup has brought back. `phones` are those of them that the database knows; `digests`
    /// go on the list whatever it knows. What was open when the backup was made has long ended; a recording under a
    /// legal hold stays, and is counted as `held_recordings`.
    pub async fn begin_erasure_again(
        &self,
        phones: &[Phone],
        digests: &BTreeSet<String>,
        order: &ErasureOrder,
    ) -> Result<Erasing, Error> {
        let mut known = BTreeSet::from_iter(phones.iter().copied());
        for phone in phones {
            known.extend(self.numbers_of(*phone).await?);
        }
        let phones: Vec<Phone> = known.into_iter().collect();
        let rows = self.rows_naming(&phones).await?;
        let mut tx = self.db.begin(Lane::People).await?;
        let persons = person::lock_known(&mut tx, &phones).await?;
        let digests = digests.iter().cloned().chain(phones.iter().copied().map(digest)).collect();
        let mut work = Work::begin(tx, order, digests).await?;
        work.rows(&rows).await?;
        work.end_what_was_open(&phones).await?;
        work.erase(&persons, &phones).await
    }

    /// The rows of imports that hold one of these numbers, however it is written there. Looked for outside the
    /// transaction, because files are long and nobody's dial waits for that.
    async fn rows_naming(&self, phones: &[Phone]) -> Result<Vec<(i64, i64)>, Error> {
        let mut found = Vec::new();
        for import in self.db.rows("select import_id from import order by import_id", args![]).await? {
            let import: i64 = import.get("import_id")?;
            for phone in phones {
                for row in self.db.rows(ROWS_NAMING, args![import, &naming(*phone)]).await? {
                    found.push((import, row.get("number")?));
                }
            }
        }
        Ok(found)
    }
}

/// What stands against erasing a person.
async fn examine(tx: &mut Tx, phones: &[Phone]) -> Result<Option<NotErased>, Error> {
    let mut is_live = false;
    for phone in phones {
        for row in tx.rows(RECORDINGS, args![*phone]).await? {
            if row.get("held")? {
                return Ok(Some(NotErased::Held(read_id(&row)?)));
            }
            is_live |= row.get::<String>("state")? == "open";
        }
        is_live |= !tx.rows(LIVE, args![*phone]).await?.is_empty();
    }
    Ok(is_live.then_some(NotErased::Live))
}

/// The pattern of texts that hold a number, with or without its country code: the digits that all ways of writing it
/// share. Eight are few enough to be in each of them, and many enough to be nobody else's but by chance.
fn naming(phone: Phone) -> String {
    const SHARED_DIGITS_MAX: usize = 8;
    const COUNTRY_CODE_DIGITS_MAX: usize = 3;
    let whole = phone.e164();
    let digits = whole.trim_start_matches('+');
    let shared = digits.len().saturating_sub(COUNTRY_CODE_DIGITS_MAX).min(SHARED_DIGITS_MAX);
    format!("%{}%", digits.split_at(digits.len() - shared).1)
}

/// The number that stands where a person's stood.
fn in_place(erased_phone: i64) -> String {
    format!("+999{erased_phone:012}")
}

/// An erasure under way.
struct Work {
    tx: Tx,
    order: ErasureOrder,
    /// What stands for each number from here on, by its digest.
    in_place: BTreeMap<String, String>,
    counts: BTreeMap<String, u64>,
    files: Vec<String>,
}

impl Work {
    async fn begin(mut tx: Tx, order: &ErasureOrder, digests: BTreeSet<String>) -> Result<Self, Error> {
        let sql =
            "insert into erasure (erasure_id, at, asked_by, reason, counts) values ($1, $2, $3, $4, $5)";
        let counts = json(&serde_json::json!({}))?;
        tx.execute(sql, args![order.id, order.at, order.by.as_deref(), &order.reason, counts]).await?;
        let mut in_place = BTreeMap::new();
        for digest in digests {
            let sql =
                "insert into erased_phone (erasure_id, digest) values ($1, $2) returning erased_phone_id";
            let id = only(tx.rows(sql, args![order.id, &digest]).await?)?.get("erased_phone_id")?;
            in_place.insert(digest, self::in_place(id));
        }
        let traces = REMOVED.into_iter().chain(REPLACED).chain([CALLERS]).filter_map(|(kind, _)| kind);
        let counts = traces.chain(OTHER_KINDS).map(|kind| (kind.to_owned(), 0)).collect();
        Ok(Self { tx, order: order.clone(), in_place, counts, files: Vec::new() })
    }

    fn count(&mut self, kind: &'static str, more: u64) {
        *self.counts.entry(kind.to_owned()).or_default() += more;
    }

    async fn carry_out(&mut self, (kind, sql): Trace, values: Vec<Value>) -> Result<(), Error> {
        let touched = self.tx.execute(sql, values).await?;
        if let Some(kind) = kind {
            self.count(kind, touched);
        }
        Ok(())
    }

    /// Takes away what files said of the person; what became of their rows stays.
    async fn rows(&mut self, rows: &[(i64, i64)]) -> Result<(), Error> {
        for (import, number) in rows {
            let sql = "update import_row set text = '' where import_id = $1 and number = $2 and text <> ''";
            self.carry_out((Some("import_rows"), sql), args![*import, *number]).await?;
        }
        Ok(())
    }

    /// Ends what a backup has open: it was over when the person was erased.
    async fn end_what_was_open(&mut self, phones: &[Phone]) -> Result<(), Error> {
        for phone in phones {
            for row in self.tx.rows(RECORDINGS, args![*phone]).await? {
                let id = read_id(&row)?;
                let sql = "update recording set state = 'failed', reason = 'erased' \
                    where call_id = $1 and part = $2 and state = 'open'";
                self.tx.execute(sql, args![id.call, id.part]).await?;
                if row.get("held")? {
                    self.count("held_recordings", 1);
                }
            }
            let sql = "update attempt set outcome = 'cancelled', ended_at = $2 where phone = $1 and outcome is null";
            self.tx.execute(sql, args![*phone, self.order.at]).await?;
        }
        Ok(())
    }

    async fn erase(mut self, persons: &Persons, phones: &[Phone]) -> Result<Erasing, Error> {
        for phone in phones {
            self.erase_number(*phone).await?;
        }
        for person in BTreeSet::from_iter(persons.values().copied()) {
            self.tx.execute("delete from person where person_id = $1", args![person]).await?;
        }
        let Self { mut tx, order, in_place, counts, files } = self;
        let sql = "update erasure set counts = $2 where erasure_id = $1";
        tx.execute(sql, args![order.id, json(&counts)?]).await?;
        let erasure = Erasure { order, digests: in_place.into_keys().collect(), counts };
        Ok(Erasing { tx, erased: Erased { erasure, files } })
    }

    async fn erase_number(&mut self, phone: Phone) -> Result<(), Error> {
        let in_place = self.in_place.get(&digest(phone)).cloned();
        let in_place = in_place.ok_or(Error::NotFound("number in the place of another"))?;
        self.recordings(phone).await?;
        self.deliveries(phone).await?;
        self.messages(phone).await?;
        self.spoken_answers(phone).await?;
        let pattern = naming(phone);
        self.tx.execute(HEADERS_NAMING, args![&pattern]).await?;
        self.carry_out((Some("marks"), MARKS_NAMING), args![phone, &pattern]).await?;
        for trace in REMOVED {
            self.carry_out(trace, args![phone]).await?;
        }
        for trace in REPLACED {
            self.carry_out(trace, args![phone, &in_place]).await?;
        }
        self.carry_out(CALLERS, args![phone]).await?;
        self.carry_out((Some("leads"), LEADS), args![phone, &in_place, self.order.at]).await
    }

    /// Orders their recordings to be deleted. The archive does so, with its proof.
    async fn recordings(&mut self, phone: Phone) -> Result<(), Error> {
        for row in self.tx.rows(RECORDINGS, args![phone]).await? {
            let order = DeletionOrder {
                recording: read_id(&row)?,
                at: self.order.at,
                rule: None,
                reason: erased_by(self.order.id),
                by: self.order.by.clone(),
            };
            let is_ordered = deletion::order(&mut self.tx, &order).await?;
            self.count("recordings", u64::from(is_ordered));
        }
        Ok(())
    }

    async fn deliveries(&mut self, phone: Phone) -> Result<(), Error> {
        for row in self.tx.rows(CALLS, args![phone]).await? {
            let event = event::call_ended_id(row.get("call_id")?);
            self.carry_out(DELIVERIES, args![&event]).await?;
        }
        Ok(())
    }

    async fn messages(&mut self, phone: Phone) -> Result<(), Error> {
        let gone = self.tx.rows("delete from message where caller = $1 returning file", args![phone]).await?;
        for row in &gone {
            self.files.push(row.get("file")?);
        }
        self.count("messages", gone.len() as u64);
        Ok(())
    }

    /// Takes away answers to surveys that were spoken. The others are choices, which stay for the counts.
    async fn spoken_answers(&mut self, phone: Phone) -> Result<(), Error> {
        for row in self.tx.rows(ANSWERS, args![phone]).await? {
            let said: String = row.get("said")?;
            let Some(spoken) = serde_json::from_str::<MessageId>(&said).ok() else { continue };
            let (call, survey): (CallId, String) = (row.get("call_id")?, row.get("survey")?);
            let question: String = row.get("question")?;
            let sql = "delete from survey_answer where call_id = $1 and survey = $2 and question = $3";
            self.carry_out((Some("spoken_answers"), sql), args![call, &survey, &question]).await?;
            self.files.push(format!("{spoken}.wav"));
        }
        Ok(())
    }
}

fn erased_by(erasure: ErasureId) -> String {
    format!("erasure {erasure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for (phone, expected) in [
            ("+33199000001", "%99000001%"),
            ("+447700900123", "%00900123%"),
            ("+4512345678", "%2345678%"),
            ("+3521234", "%1234%"),
        ] {
            assert_eq!(naming(phone.parse().unwrap()), expected, "{phone}");
        }
    }

    #[test]
    fn what_stands_in_the_place_of_a_number_can_be_read_as_one() {
        assert_eq!(in_place(7).parse::<Phone>().unwrap().e164(), "+999000000000007");
    }
}

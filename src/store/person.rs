//! Persons: sets of telephone numbers. Rows of any list that share a number are the same person.
//!
//! Whatever else is kept of people is kept by number, so that two persons who turn out to be one need nothing but one
//! set of numbers.

use std::collections::{BTreeMap, BTreeSet};

use cadran_engine::model::{PersonId, Phone, Timestamp};

use super::Error;
use super::db::{Sql, Tx};
use super::value::{args, json};

/// One at a time finds out who is who, in each tenant.
const TAKE_TURNS: Sql = Sql {
    postgres: "select pg_advisory_xact_lock(hashtext('cadran person'), cast(cadran_tenant() as int)) is null as waited",
    sqlite: "select 1 as one",
};

const CREATE: Sql = Sql {
    postgres: "insert into person (created_at) select $2 from generate_series(1, $1) returning person_id",
    sqlite: "with recursive series(number) as (select 1 union all select number + 1 from series where number < $1) \
        insert into person (created_at) select $2 from series returning person_id",
};

const NAME: Sql = Sql {
    postgres: "insert into person_phone (phone, person_id) \
        select row ->> 0, cast(row ->> 1 as bigint) from jsonb_array_elements($1) as row",
    sqlite: "insert into person_phone (phone, person_id) select value ->> 0, value ->> 1 from json_each($1)",
};

/// Whoever judges a call to a person waits for others who do, so that no cap is passed by two at once. The order of
/// the numbers is everybody's, so that nobody waits for somebody who waits for them.
const LOCKED: Sql = Sql {
    postgres: "select phone, person_id from person_phone where person_id in (select person_id from person_phone \
        where phone in (select jsonb_array_elements_text($1))) order by phone for no key update",
    // SQLite has one writer.
    sqlite: NUMBERS.sqlite,
};

const NUMBERS: Sql = Sql {
    postgres: "select phone, person_id from person_phone where person_id in (select person_id from person_phone \
        where phone in (select jsonb_array_elements_text($1)))",
    sqlite: "select phone, person_id from person_phone where person_id in (select person_id from person_phone \
        where phone in (select value from json_each($1)))",
};

/// Who is behind which number.
pub(super) type Persons = BTreeMap<Phone, PersonId>;

/// The persons behind these numbers, as far as they are known, with all numbers that each of them has.
pub(super) async fn behind(tx: &mut Tx, phones: &[Phone]) -> Result<Persons, Error> {
    read(tx, NUMBERS, phones).await
}

/// The same. Until the transaction ends nobody judges a call to any of them.
pub(super) async fn lock_known(tx: &mut Tx, phones: &[Phone]) -> Result<Persons, Error> {
    read(tx, LOCKED, phones).await
}

/// The persons behind these numbers, with all numbers that each of them has. Until the transaction ends nobody else
/// gets any of these persons so.
pub(super) async fn lock(tx: &mut Tx, phones: &[Phone], now: Timestamp) -> Result<Persons, Error> {
    let persons = read(tx, LOCKED, phones).await?;
    if phones.iter().all(|phone| persons.contains_key(phone)) {
        return Ok(persons);
    }
    let rows: Vec<Vec<Phone>> = phones.iter().map(|phone| vec![*phone]).collect();
    resolve(tx, &rows, now).await?;
    read(tx, LOCKED, phones).await
}

/// Makes the numbers of each row those of one person; persons that share a row become one. Gives all of them, with
/// all numbers that each of them has.
pub(super) async fn resolve(tx: &mut Tx, rows: &[Vec<Phone>], now: Timestamp) -> Result<Persons, Error> {
    let phones = each_once(rows.iter().flatten().copied());
    let known = read(tx, NUMBERS, &phones).await?;
    if sort_out(rows, &known).is_settled() {
        return Ok(known);
    }
    tx.rows(TAKE_TURNS, args![]).await?;
    let known = read(tx, NUMBERS, &phones).await?;
    let Changes { merges, fresh } = sort_out(rows, &known);
    for (from, into) in merges {
        let sql = "update person_phone set person_id = $2 where person_id = $1";
        tx.execute(sql, args![from, into]).await?;
        tx.execute("delete from person where person_id = $1", args![from]).await?;
    }
    let strangers = fresh.iter().filter(|(person, _)| person.is_none()).count();
    let mut created = create(tx, strangers, now).await?.into_iter();
    let names: Vec<(Phone, i64)> = fresh
        .into_iter()
        .filter_map(|(person, phones)| Some((person.or_else(|| created.next())?, phones)))
        .flat_map(|(person, phones)| phones.into_iter().map(move |phone| (phone, person.as_i64())))
        .collect();
    tx.execute(NAME, args![json(&names)?]).await?;
    read(tx, NUMBERS, &phones).await
}

/// Each number once, in everybody's order.
pub(super) fn each_once(phones: impl IntoIterator<Item = Phone>) -> Vec<Phone> {
    phones.into_iter().collect::<BTreeSet<Phone>>().into_iter().collect()
}

async fn read(tx: &mut Tx, sql: Sql, phones: &[Phone]) -> Result<Persons, Error> {
    let rows = tx.rows(sql, args![json(&phones)?]).await?;
    rows.iter().map(|row| Ok((row.get("phone")?, row.get("person_id")?))).collect()
}

async fn create(tx: &mut Tx, count: usize, now: Timestamp) -> Result<Vec<PersonId>, Error> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(Vec::new());
    }
    let rows = tx.rows(CREATE, args![count, now]).await?;
    rows.iter().map(|row| row.get("person_id")).collect()
}

/// What must change so that the numbers of each row belong to one person.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    /// Persons who are another one.
    merges: Vec<(PersonId, PersonId)>,
    /// Numbers of a known person, or of somebody who is not known yet, that nobody has.
    fresh: Vec<(Option<PersonId>, Vec<Phone>)>,
}

impl Changes {
    fn is_settled(&self) -> bool {
        self.merges.is_empty() && self.fresh.is_empty()
    }
}

fn sort_out(rows: &[Vec<Phone>], known: &Persons) -> Changes {
    let mut sets: Vec<Option<BTreeSet<Phone>>> = Vec::new();
    let mut place: BTreeMap<Phone, usize> = BTreeMap::new();
    let mut numbers_of: BTreeMap<PersonId, Vec<Phone>> = BTreeMap::new();
    for (phone, person) in known {
        numbers_of.entry(*person).or_default().push(*phone);
    }
    for row in rows.iter().chain(numbers_of.values()) {
        let mut united: BTreeSet<Phone> = row.iter().copied().collect();
        for phone in row {
            if let Some(other) = place.get(phone).and_then(|index| sets[*index].take()) {
                united.extend(other);
            }
        }
        place.extend(united.iter().map(|phone| (*phone, sets.len())));
        sets.push(Some(united));
    }
    let mut changes = Changes::default();
    for set in sets.into_iter().flatten() {
        let persons: BTreeSet<PersonId> = set.iter().filter_map(|phone| known.get(phone)).copied().collect();
        let mut persons = persons.into_iter();
        let person = persons.next();
        changes
            .merges
            .extend(persons.zip(std::iter::repeat(person)).filter_map(|(from, into)| Some((from, into?))));
        let fresh: Vec<Phone> = set.into_iter().filter(|phone| !known.contains_key(phone)).collect();
        if !fresh.is_empty() {
            changes.fresh.push((person, fresh));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(last: u8) -> Phone {
        format!("+3319900{last:04}").parse().unwrap()
    }

    fn person(id: i64) -> PersonId {
        PersonId::from_i64(id)
    }

    fn sorted(rows: &[&[u8]], known: &[(u8, i64)]) -> Changes {
        let rows: Vec<Vec<Phone>> = rows.iter().map(|row| row.iter().copied().map(phone).collect()).collect();
        sort_out(&rows, &known.iter().map(|(last, id)| (phone(*last), person(*id))).collect())
    }

    #[test]
    fn a_shared_number_makes_one_person() {
        let strangers = |phones: &[u8]| (None, phones.iter().copied().map(phone).collect::<Vec<_>>());
        let one = Changes { merges: vec![], fresh: vec![strangers(&[1, 2, 3])] };
        assert_eq!(sorted(&[&[1, 2], &[3, 2]], &[]), one, "through a number in the middle");
        assert_eq!(sorted(&[&[1], &[3], &[3, 2], &[2, 1]], &[]), one, "whatever the order of the rows");
        let two = Changes { merges: vec![], fresh: vec![strangers(&[1]), strangers(&[2])] };
        assert_eq!(sorted(&[&[1], &[2]], &[]), two);
    }

    #[test]
    fn whoever_is_known_stays_and_takes_the_others_in() {
        let merged = Changes {
            merges: vec![(person(8), person(7)), (person(9), person(7))],
            fresh: vec![(Some(person(7)), vec![phone(4)])],
        };
        assert_eq!(sorted(&[&[1, 2], &[3, 4], &[4, 2]], &[(1, 7), (2, 8), (3, 9)]), merged);
        assert!(sorted(&[&[1, 2], &[2]], &[(1, 7), (2, 7), (3, 9)]).is_settled());
    }
}

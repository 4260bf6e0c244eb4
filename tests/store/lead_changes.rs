//! Leads that people add, correct and have begin again, while they are dialled.

use cadran::store::{
    DoNotCall, DoneReason, LeadChange, LeadColumns, LeadFilter, LeadRecord, NewLead, NotReset, Store,
};
use cadran_engine::command::{LeadNext, Write};
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::{LeadId, LeadState, Outcome, Phone};
use serde_json::json;

use super::database::Database;
use super::world::{Desk, HOLDER, NOW, World, a_lead, at, close, phone, saved};

async fn lead(store: &Store, id: LeadId) -> LeadRecord {
    store.lead(id).await.unwrap().expect("the lead is there")
}

/// What a lead says of itself, to be corrected.
fn as_it_is(record: &LeadRecord) -> LeadChange {
    LeadChange {
        alternates: None,
        name: record.name.clone(),
        zone: record.lead.zone.clone(),
        priority: record.priority,
        fields: record.fields.clone(),
    }
}

fn fields(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    value.as_object().unwrap().clone()
}

/// Adding is importing: the same number in the same list is the same lead, and keeps what is not named.
pub(crate) async fn a_lead_is_added_once_and_brought_up_to_date(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let new = NewLead { priority: 5, fields: fields(json!({"city": "Lyon"})), ..a_lead(7) };
    let (id, is_new) = store.add_lead(world.list, new, at(1)).await.unwrap();
    assert!(is_new);
    let added = lead(store, id).await;
    assert_eq!((added.rev, added.priority, added.state, added.import), (1, 5, LeadState::Waiting, None));

    let again = NewLead { name: "Café\0".to_owned(), fields: fields(json!({"size": "3"})), ..a_lead(7) };
    assert_eq!(store.add_lead(world.list, again, at(2)).await.unwrap(), (id, false));
    let merged = lead(store, id).await;
    assert_eq!((merged.rev, merged.priority, merged.name.as_str()), (2, 5, "Café\u{fffd}"));
    assert_eq!(json!(merged.fields), json!({"city": "Lyon", "size": "3"}));

    let (of_file, is_new) = store.add_lead(world.list, a_lead(0), at(3)).await.unwrap();
    assert!(!is_new);
    assert!(lead(store, of_file).await.import.is_some(), "the import that named it is still told");
    let nowhere = cadran_engine::model::ListId::from_i64(999);
    assert!(store.add_lead(nowhere, a_lead(8), NOW).await.is_err());
}

/// What people write and what dialling writes at the same time are both there afterwards.
pub(crate) async fn a_correction_and_an_attempt_lose_nothing_of_each_other(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut desk = Desk::of(store);
    let attempt = desk.dial(&world, store).await;
    let before = lead(store, attempt.lead).await;
    let change = LeadChange {
        alternates: Some(vec![phone(70), phone(71)]),
        name: "Corrected".to_owned(),
        ..as_it_is(&before)
    };
    store.change_lead(attempt.lead, before.rev, &change, at(5)).await.unwrap();
    let next = LeadNext::Again { due_at: at(500), phone: 1 };
    desk.keep([close(&attempt, Outcome::Busy, next)]).await;
    let after = lead(store, attempt.lead).await;
    assert_eq!((after.name.as_str(), after.rev, after.state), ("Corrected", 2, LeadState::Waiting));
    assert_eq!((after.due_at, after.lead.phone_to_dial()), (at(500), phone(70)));
    assert_eq!(after.lead.history, [(Outcome::Busy, 1)]);

    let late = store.change_lead(attempt.lead, 1, &change, at(6)).await.unwrap_err();
    assert!(late.to_string().contains("changed by somebody else"), "{late}");
    assert!(store.change_lead(LeadId::from_i64(999), 1, &change, at(6)).await.is_err());
    // The number that was next is gone: the preferred one is.
    let fewer = LeadChange { alternates: Some(vec![phone(72)]), ..as_it_is(&after) };
    store.change_lead(attempt.lead, 2, &fewer, at(7)).await.unwrap();
    assert_eq!(lead(store, attempt.lead).await.lead.phone_to_dial(), phone(0));
}

/// A hopper holds a lead as it was when it was claimed. A number that was taken from the lead since is not dialled.
pub(crate) async fn a_number_that_was_taken_away_is_not_dialled(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let with_other = NewLead { alternates: vec![phone(70)], ..a_lead(0) };
    let id = world.import(store, vec![with_other]).await[0];
    let mut desk = Desk::of(store);
    let claimed = world.claim(store).await;
    let fewer = LeadChange { alternates: Some(vec![]), ..as_it_is(&lead(store, id).await) };
    store.change_lead(id, 1, &fewer, at(1)).await.unwrap();
    assert_eq!(lead(store, id).await.state, LeadState::Claimed, "it stays in the hopper");

    let on = |phone: Phone| {
        let attempt = world.attempt_on(&claimed);
        cadran_engine::model::Attempt { phone, ..attempt }
    };
    let gone = on(phone(70));
    desk.queue.write(Write::SaveAttempt(Box::new(gone.clone()))).unwrap();
    let refusal = AttemptRefusal::LeadGone;
    assert_eq!(desk.hears().await, StoreEvent::AttemptRefused { attempt: gone.id, refusal });
    assert_eq!(lead(store, id).await.state, LeadState::Waiting, "and comes back with the numbers it has");
    let again = store.claim_leads(world.campaign, 1, at(2), HOLDER).await.unwrap().leads;
    assert_eq!(again[0].alternates, []);
    let kept = on(phone(0));
    desk.queue.write(Write::SaveAttempt(Box::new(kept.clone()))).unwrap();
    assert_eq!(desk.hears().await, saved(kept.id));
}

/// A lead that is reset has its retries before it again; the law forgets nothing.
pub(crate) async fn a_lead_that_is_done_begins_again(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 2).await;
    let mut desk = Desk::of(store);
    let attempt = desk.dial(&world, store).await;
    let id = attempt.lead;
    assert_eq!(store.reset_lead(id, at(1)).await.unwrap(), Err(NotReset::Is(LeadState::InAttempt)));
    desk.keep([close(&attempt, Outcome::Busy, LeadNext::Done)]).await;
    let done = lead(store, id).await;
    assert_eq!(
        (done.done_reason, &done.lead.history[..]),
        (Some(DoneReason::Outcome), &[(Outcome::Busy, 1)][..])
    );

    assert_eq!(store.reset_lead(id, at(100)).await.unwrap(), Ok(()));
    let fresh = lead(store, id).await;
    assert_eq!((fresh.state, fresh.done_reason, fresh.due_at), (LeadState::Waiting, None, at(100)));
    assert_eq!((&fresh.lead.history[..], fresh.rev), (&[][..], done.rev));
    assert_eq!(store.lead_story(id).await.unwrap().unwrap().attempts.len(), 1, "what was is still told");
    assert_eq!(store.reset_lead(id, at(101)).await.unwrap(), Err(NotReset::Is(LeadState::Waiting)));
    let claimed = store.claim_leads(world.campaign, 2, at(102), HOLDER).await.unwrap().leads;
    assert!(claimed.iter().any(|lead| lead.id == id), "it is dialled again: {claimed:?}");

    // Whoever asked never to be called is not, whoever resets.
    let other = claimed.iter().map(|lead| lead.id).find(|other| *other != id).unwrap();
    store.withdraw_lead(other, at(103)).await.unwrap();
    let entry = DoNotCall {
        id: 0,
        phone: lead(store, other).await.lead.phone,
        campaign: None,
        seller: None,
        reason: "asked us".to_owned(),
        until: None,
        added_by: "usr_1".to_owned(),
        at: at(103),
    };
    store.add_do_not_call(&entry).await.unwrap();
    let refused = store.reset_lead(other, at(104)).await.unwrap().unwrap_err();
    assert!(matches!(refused, NotReset::Denied { reason: Reason::InternalDnc, .. }), "{refused:?}");
    assert_eq!(lead(store, other).await.done_reason, Some(DoneReason::Withdrawn));
    assert!(store.reset_lead(LeadId::from_i64(999), NOW).await.is_err());
}

/// A file of leads has a column for each field that some lead has, and for as many numbers as the one with the most.
pub(crate) async fn a_file_has_the_columns_that_its_leads_need(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let filter = LeadFilter { list: Some(world.list), ..LeadFilter::default() };
    assert_eq!(store.lead_columns(filter).await.unwrap(), LeadColumns::default());
    let rich = NewLead {
        alternates: vec![phone(70), phone(71)],
        fields: fields(json!({"city": "Lyon", "size": "3"})),
        ..a_lead(1)
    };
    let other = NewLead { fields: fields(json!({"city": "Nice", "age": "40"})), ..a_lead(2) };
    world.import(store, vec![rich, other]).await;
    let columns = store.lead_columns(filter).await.unwrap();
    assert_eq!(
        columns,
        LeadColumns { alternates: 2, fields: ["age", "city", "size"].map(String::from).into() }
    );
    let nowhere = LeadFilter { state: Some(LeadState::Done), ..filter };
    assert_eq!(store.lead_columns(nowhere).await.unwrap(), LeadColumns::default());
}

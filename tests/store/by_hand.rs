//! Dials by hand: which leads an agent may take, and what stays as it was when they may not.

use cadran::store::{DoNotCall, DoneReason, HandDialled, LeadRecord, NewLead, Store};
use cadran_engine::command::{LeadNext, Write};
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::{Attempt, ByHand, LeadId, LeadState, Outcome, Purpose};

use super::database::Database;
use super::world::{Desk, NOW, World, a_lead, at, close, phone};

async fn lead(store: &Store, id: LeadId) -> LeadRecord {
    store.lead(id).await.unwrap().expect("the lead is there")
}

/// An attempt that the agent makes by hand, on the lead as it stands.
async fn by_hand(world: &World, store: &Store, id: LeadId, key: Option<&str>) -> Attempt {
    let record = lead(store, id).await;
    let by_hand = ByHand { key: key.map(str::to_owned), lead_was_done: record.done_reason.is_some() };
    Attempt { agent: Some(world.agent), by_hand: Some(by_hand), ..world.attempt_on(&record.lead) }
}

async fn saved(desk: &mut Desk, attempt: &Attempt) -> Result<(), AttemptRefusal> {
    desk.queue.write(Write::SaveAttempt(Box::new(attempt.clone()))).unwrap();
    match desk.hears().await {
        StoreEvent::AttemptSaved { attempt: saved, .. } if saved == attempt.id => Ok(()),
        StoreEvent::AttemptRefused { attempt: refused, refusal } if refused == attempt.id => Err(refusal),
        other => panic!("{other:?}"),
    }
}

/// Whatever waits, is done or is in our own hopper may be dialled; what another daemon has, or a manager took back, not.
pub(crate) async fn a_lead_is_taken_where_it_stands(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 4).await;
    let mut desk = Desk::of(store);
    let ours = world.claim(store).await.id;
    let theirs = store.claim_leads(world.campaign, 1, NOW, "asterisk-2").await.unwrap().leads[0].id;
    let rest =
        store.leads(Default::default(), Default::default(), cadran::store::Page::first()).await.unwrap();
    let rest: Vec<LeadId> =
        rest.iter().map(|record| record.lead.id).filter(|id| ![ours, theirs].contains(id)).collect();
    let [waiting, taken_back] = rest[..] else { panic!("{rest:?}") };
    store.withdraw_lead(taken_back, NOW).await.unwrap();

    for id in [theirs, taken_back] {
        let attempt = by_hand(&world, store, id, None).await;
        let before = lead(store, id).await;
        assert_eq!(saved(&mut desk, &attempt).await, Err(AttemptRefusal::LeadGone));
        assert_eq!(lead(store, id).await, before);
    }
    for id in [ours, waiting] {
        let attempt = by_hand(&world, store, id, None).await;
        saved(&mut desk, &attempt).await.unwrap();
        assert_eq!(lead(store, id).await.state, LeadState::InAttempt);
        // Somebody else who tries meanwhile gets nobody.
        let second = by_hand(&world, store, id, None).await;
        assert_eq!(saved(&mut desk, &second).await, Err(AttemptRefusal::LeadGone));
        desk.keep([close(&attempt, Outcome::Answered, LeadNext::Done)]).await;
        assert_eq!(lead(store, id).await.done_reason, Some(DoneReason::Outcome));
        let again = by_hand(&world, store, id, None).await;
        assert!(again.by_hand.as_ref().unwrap().lead_was_done);
        saved(&mut desk, &again).await.unwrap();
        let kept = store
            .attempts(Default::default(), cadran::store::HistoryOrder::Latest, cadran::store::Page::first())
            .await
            .unwrap();
        assert_eq!(kept.iter().find(|record| record.attempt.id == again.id).unwrap().attempt, again);
        desk.keep([close(&again, Outcome::Busy, LeadNext::Done)]).await;
        assert_eq!(lead(store, id).await.state, LeadState::Done);
    }
}

/// The law is asked as for a manual call; the decision is kept, and the lead stays where it was.
pub(crate) async fn what_the_law_refuses_moves_no_lead(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 2).await;
    let mut desk = Desk::of(store);
    let leads =
        store.leads(Default::default(), Default::default(), cadran::store::Page::first()).await.unwrap();
    let (free, barred) = (leads[0].lead.id, leads[1].lead.id);
    let entry = DoNotCall {
        phone: leads[1].lead.phone,
        campaign: None,
        seller: None,
        reason: "letter".to_owned(),
        until: None,
        added_by: "usr_1".to_owned(),
        at: NOW,
        id: 0,
    };
    store.add_do_not_call(&entry).await.unwrap();
    let denied = store.may_dial_by_hand(&leads[1], leads[1].lead.phone, NOW).await.unwrap().unwrap_err();
    assert_eq!((denied.reason, denied.until), (Reason::InternalDnc, None));
    assert_eq!(store.may_dial_by_hand(&leads[0], leads[0].lead.phone, NOW).await.unwrap(), Ok(()));
    let before = lead(store, barred).await;
    let attempt = by_hand(&world, store, barred, None).await;
    assert_eq!(saved(&mut desk, &attempt).await, Err(AttemptRefusal::Forbidden(Reason::InternalDnc)));
    assert_eq!(lead(store, barred).await, before);
    let attempt = by_hand(&world, store, free, None).await;
    saved(&mut desk, &attempt).await.unwrap();
    let decisions = store.dial_decisions(Default::default(), cadran::store::Page::first()).await.unwrap();
    assert_eq!(decisions.len(), 2);
    assert!(decisions.iter().all(|decision| decision.mode == "manual"), "{decisions:?}");

    // Marketing wants a consent, by hand too.
    let mut kept = store.campaign(world.campaign).await.unwrap().unwrap();
    kept.value.settings.compliance.purpose = Purpose::Marketing;
    store.update_campaign(&kept.value, kept.rev, NOW).await.unwrap();
    let denied = store.may_dial_by_hand(&leads[0], leads[0].lead.phone, NOW).await.unwrap().unwrap_err();
    assert_ne!(denied.reason, Reason::InternalDnc);
}

/// A number that no list has becomes a lead of the campaign's own list, which is made once and which no machine dials.
pub(crate) async fn a_number_becomes_a_lead_once(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let with_alternate = NewLead { alternates: vec![phone(70)], ..a_lead(0) };
    let known = world.import(store, vec![with_alternate]).await[0];
    for number in [phone(0), phone(70)] {
        let found = store.lead_to_dial(world.campaign, number).await.unwrap().unwrap();
        assert_eq!(found.lead.id, known, "{number}");
    }
    assert_eq!(store.lead_to_dial(world.campaign, phone(99)).await.unwrap(), None);
    let zone = "Europe/Paris".parse().unwrap();
    let new = |last| HandDialled {
        campaign: world.campaign,
        list: None,
        list_name: "Dialled by hand",
        phone: phone(last),
        name: "Ada",
        zone: &zone,
    };
    let first = store.make_lead_to_dial(&new(99), at(1)).await.unwrap();
    assert_eq!(store.make_lead_to_dial(&new(99), at(2)).await.unwrap(), first);
    let second = store.make_lead_to_dial(&new(98), at(2)).await.unwrap();
    let (first, second) = (lead(store, first).await, lead(store, second).await);
    assert_eq!(first.lead.list, second.lead.list);
    assert_ne!(first.lead.list, world.list);
    assert_eq!((first.state, first.name.as_str()), (LeadState::Done, "Ada"));
    let claimed = store.claim_leads(world.campaign, 100, at(3), "asterisk-1").await.unwrap().leads;
    assert_eq!(claimed.iter().map(|lead| lead.id).collect::<Vec<_>>(), [known]);

    let mut desk = Desk::of(store);
    let attempt = by_hand(&world, store, first.lead.id, None).await;
    saved(&mut desk, &attempt).await.unwrap();
    desk.keep([close(&attempt, Outcome::NoAnswer, LeadNext::Done)]).await;
    // Only the agent's word brings it back.
    let again = LeadNext::Again { due_at: at(100), phone: 0 };
    desk.keep([Write::SaveDisposition(Box::new(world.said_of(&attempt, again)))]).await;
    assert_eq!(lead(store, first.lead.id).await.state, LeadState::Waiting);
}

/// The same key again is the same dial: the store says which it was, and makes no second one.
pub(crate) async fn a_key_names_one_dial(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut desk = Desk::of(store);
    let id = store.leads(Default::default(), Default::default(), cadran::store::Page::first()).await.unwrap()
        [0]
    .lead
    .id;
    assert_eq!(store.dialled_by_hand(world.agent, "key-1").await.unwrap(), None);
    let attempt = by_hand(&world, store, id, Some("key-1")).await;
    saved(&mut desk, &attempt).await.unwrap();
    desk.keep([close(&attempt, Outcome::Busy, LeadNext::Done)]).await;
    assert_eq!(store.dialled_by_hand(world.agent, "key-1").await.unwrap(), Some((id, attempt.call)));
    let repeated = by_hand(&world, store, id, Some("key-1")).await;
    assert_eq!(saved(&mut desk, &repeated).await, Err(AttemptRefusal::LeadGone));
    let other = by_hand(&world, store, id, Some("key-2")).await;
    saved(&mut desk, &other).await.unwrap();
}

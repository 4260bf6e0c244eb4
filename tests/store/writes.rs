//! What the engine wants kept.

use cadran::store::{
    CallbackFilter, CallbackState, DoNotCall, DoneReason, HistoryFilter, HistoryOrder, Page, Withdrawal,
};
use cadran_engine::command::{Agreed, DispositionRecord, LeadNext, Write};
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::{LeadId, LeadState, Outcome};
use tokio::sync::oneshot;

use super::database::Database;
use super::world::{Desk, NOW, World, at, close, saved};

/// Whoever is told sees it through another connection; and is told in the order of the writes.
pub(crate) async fn an_answer_comes_when_the_write_is_durable(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 300).await;
    let other = database.second_store().await;
    let mut desk = Desk::of(store);
    let mut dialled = Vec::new();
    for lead in store.claim_leads(world.campaign, 300, NOW, super::world::HOLDER).await.unwrap().leads {
        let attempt = world.attempt_on(&lead);
        desk.queue.write(Write::SaveAttempt(Box::new(attempt.clone()))).unwrap();
        desk.queue.write(close(&attempt, Outcome::Busy, LeadNext::Done)).unwrap();
        let (done, is_done) = oneshot::channel();
        desk.queue.then(done).unwrap();
        dialled.push((attempt, is_done));
    }
    for (attempt, is_done) in dialled {
        assert_eq!(desk.hears().await, saved(attempt.id));
        is_done.await.unwrap();
        let story = other.call_story(attempt.call).await.unwrap().unwrap();
        assert_eq!(story.attempt.outcome, Some(Outcome::Busy));
    }
    other.close().await;
}

/// The number went on the list after the lead was claimed.
pub(crate) async fn the_last_look_finds_a_number_that_must_not_be_called(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 2).await;
    let mut desk = Desk::of(store);
    let (for_good, for_a_while) = (world.claim(store).await, world.claim(store).await);
    for (lead, until) in [(&for_good, None), (&for_a_while, Some(at(900)))] {
        let entry = DoNotCall {
            id: 0,
            phone: lead.phone,
            campaign: Some(world.campaign),
            seller: None,
            reason: "asked us".to_owned(),
            until,
            added_by: "usr_1".to_owned(),
            at: NOW,
        };
        store.add_do_not_call(&entry).await.unwrap();
        let attempt = world.attempt_on(lead);
        desk.queue.write(Write::SaveAttempt(Box::new(attempt.clone()))).unwrap();
        let refusal = AttemptRefusal::Forbidden(Reason::InternalDnc);
        assert_eq!(desk.hears().await, StoreEvent::AttemptRefused { attempt: attempt.id, refusal });
    }
    assert_eq!(
        store.attempts(HistoryFilter::default(), HistoryOrder::Latest, Page::first()).await.unwrap(),
        []
    );
    let lead = store.lead(for_good.id).await.unwrap().unwrap();
    assert_eq!((lead.state, lead.done_reason), (LeadState::Done, Some(DoneReason::DoNotCall)));
    let lead = store.lead(for_a_while.id).await.unwrap().unwrap();
    assert_eq!((lead.state, lead.due_at), (LeadState::Waiting, at(900)));
}

pub(crate) async fn a_lead_that_is_gone_is_not_dialled(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut desk = Desk::of(store);
    let lead = world.claim(store).await;
    store.withdraw_lead(lead.id, at(1)).await.unwrap();
    let attempt = world.attempt_on(&lead);
    desk.queue.write(Write::SaveAttempt(Box::new(attempt.clone()))).unwrap();
    let refusal = AttemptRefusal::LeadGone;
    assert_eq!(desk.hears().await, StoreEvent::AttemptRefused { attempt: attempt.id, refusal });
}

/// A callback is agreed while the line is still up, is kept, and the person then asks not to be called again.
pub(crate) async fn what_the_agent_says_decides_about_the_lead(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut desk = Desk::of(store);
    let first = desk.dial(&world, store).await;
    let agreed = DispositionRecord {
        at: at(50),
        callback: Some(Agreed { at: at(0), personal: false }),
        ..world.said_of(&first, LeadNext::Again { due_at: at(0), phone: 0 })
    };
    desk.keep([Write::SaveDisposition(Box::new(agreed))]).await;
    let lead = store.lead(first.lead).await.unwrap().unwrap();
    assert_eq!(lead.state, LeadState::InAttempt, "nobody dials a person who is on the line");
    desk.keep([close(&first, Outcome::Answered, LeadNext::Done)]).await;
    let lead = store.lead(first.lead).await.unwrap().unwrap();
    assert_eq!((lead.state, lead.due_at, lead.callback), (LeadState::Waiting, at(0), true));
    let of_campaign = CallbackFilter { campaign: Some(world.campaign), ..CallbackFilter::default() };
    assert_eq!(store.open_callbacks(of_campaign, Page::first()).await.unwrap().len(), 1);

    let second = desk.dial(&world, store).await;
    let never_again = DispositionRecord { do_not_call: true, ..world.said_of(&second, LeadNext::Done) };
    desk.keep([
        close(&second, Outcome::Answered, LeadNext::Done),
        Write::SaveDisposition(Box::new(never_again)),
    ])
    .await;
    let story = store.lead_story(first.lead).await.unwrap().unwrap();
    assert_eq!((story.lead.state, story.lead.done_reason), (LeadState::Done, Some(DoneReason::DoNotCall)));
    assert_eq!(story.callbacks[0].state, CallbackState::Kept);
    assert_eq!(store.open_callbacks(CallbackFilter::default(), Page::first()).await.unwrap(), []);
    let entry = &store.do_not_call(Some(second.phone), Page::first()).await.unwrap()[0];
    assert_eq!(
        (entry.campaign, entry.until, entry.added_by.as_str()),
        (None, None, world.agent.to_string().as_str())
    );
}

pub(crate) async fn a_write_that_the_database_refuses_does_not_hold_up_the_others(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 2).await;
    let mut desk = Desk::of(store);
    let good = world.attempt_on(&world.claim(store).await);
    let lead = world.claim(store).await;
    let no_such_lead = cadran_engine::model::Lead { id: LeadId::from_i64(4711), ..lead.clone() };
    let no_such_trunk = cadran_engine::model::Attempt {
        trunk: cadran_engine::model::TrunkId::from_i64(4711),
        ..world.attempt_on(&lead)
    };
    let orphan = world.call_of(&world.attempt_on(&no_such_lead));
    desk.keep([
        Write::SaveCall(Box::new(orphan)),
        Write::SaveAttempt(Box::new(no_such_trunk.clone())),
        Write::SaveAttempt(Box::new(good.clone())),
    ])
    .await;
    let refusal = AttemptRefusal::LeadGone;
    assert_eq!(desk.hears().await, StoreEvent::AttemptRefused { attempt: no_such_trunk.id, refusal });
    assert_eq!(desk.hears().await, saved(good.id));
    let spared = store.lead(lead.id).await.unwrap().unwrap();
    assert_eq!(
        (spared.state, spared.due_at),
        (LeadState::Waiting, at(600)),
        "somebody may look into it first"
    );
}

/// A drop leaves the promise open; taking the lead back withdraws it.
pub(crate) async fn a_callback_is_kept_by_a_conversation_only(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut desk = Desk::of(store);
    let first = desk.dial(&world, store).await;
    let again = LeadNext::Again { due_at: at(0), phone: 0 };
    let agreed = DispositionRecord {
        callback: Some(Agreed { at: at(0), personal: false }),
        ..world.said_of(&first, again)
    };
    desk.keep([close(&first, Outcome::Answered, LeadNext::Done), Write::SaveDisposition(Box::new(agreed))])
        .await;

    let second = desk.dial(&world, store).await;
    desk.keep([close(&second, Outcome::Dropped, again)]).await;
    let open = store.open_callbacks(CallbackFilter::default(), Page::first()).await.unwrap();
    assert_eq!(open.len(), 1, "nobody spoke with them");
    assert!(store.lead(first.lead).await.unwrap().unwrap().callback);

    store.withdraw_lead(first.lead, at(1)).await.unwrap();
    let story = store.lead_story(first.lead).await.unwrap().unwrap();
    assert_eq!(story.lead.done_reason, Some(DoneReason::Withdrawn));
    assert_eq!(story.callbacks[0].state, CallbackState::Withdrawn);
}

/// No character that an agent writes may cost what the agent said.
pub(crate) async fn a_note_with_an_odd_character_is_kept(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut desk = Desk::of(store);
    let attempt = desk.dial(&world, store).await;
    let note = "call\0back ☎".to_owned();
    let said = DispositionRecord { note, ..world.said_of(&attempt, LeadNext::Done) };
    desk.keep([Write::SaveDisposition(Box::new(said))]).await;
    let story = store.call_story(attempt.call).await.unwrap().unwrap();
    assert_eq!(story.dispositions[0].note, "call\u{fffd}back ☎");
}

/// A lead that is taken back while it is being dialled is done when the attempt ends, whatever the rules or the agent
/// say; and it stays so when the agent corrects themself.
pub(crate) async fn a_lead_taken_back_during_an_attempt_is_done_after_it(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut desk = Desk::of(store);
    let attempt = desk.dial(&world, store).await;
    assert_eq!(store.withdraw_lead(attempt.lead, at(1)).await.unwrap(), Withdrawal::AfterAttempt);
    assert_eq!(store.lead(attempt.lead).await.unwrap().unwrap().state, LeadState::InAttempt);
    let again = LeadNext::Again { due_at: at(120), phone: 0 };
    let said = DispositionRecord {
        callback: Some(Agreed { at: at(120), personal: false }),
        ..world.said_of(&attempt, again)
    };
    desk.keep([
        close(&attempt, Outcome::Answered, again),
        Write::SaveCall(Box::new(world.call_of(&attempt))),
        Write::SaveDisposition(Box::new(said)),
    ])
    .await;
    let lead = store.lead(attempt.lead).await.unwrap().unwrap();
    assert_eq!((lead.state, lead.done_reason), (LeadState::Done, Some(DoneReason::Withdrawn)));
    assert_eq!(store.open_callbacks(CallbackFilter::default(), Page::first()).await.unwrap(), []);
    assert_eq!(store.withdraw_lead(attempt.lead, at(200)).await.unwrap(), Withdrawal::WasDone);
}

//! The database goes away and comes back.

use cadran_engine::command::{LeadNext, Write};
use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::{LeadState, Outcome};

use super::database::Database;
use super::world::{Desk, World, close, saved};

/// The end of a call is stored when the database is back; a dial is refused at once, and its lead can be dialled.
pub(crate) async fn everything_is_kept_while_the_database_is_away(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 2).await;
    let mut desk = Desk::of(store);
    let talking = desk.dial(&world, store).await;
    let in_hopper = world.claim(store).await;
    let refused = world.attempt_on(&in_hopper);

    let outage = database.take_away().await;
    desk.queue.write(close(&talking, Outcome::Answered, LeadNext::Done)).unwrap();
    assert_eq!(desk.hears().await, StoreEvent::Away);
    assert!(store.ping().await.is_err());
    desk.queue.write(Write::SaveAttempt(Box::new(refused.clone()))).unwrap();
    let refusal = AttemptRefusal::StoreAway;
    assert_eq!(desk.hears().await, StoreEvent::AttemptRefused { attempt: refused.id, refusal });
    desk.queue.write(Write::SaveCall(Box::new(world.call_of(&talking)))).unwrap();
    outage.end().await;

    assert_eq!(desk.hears().await, StoreEvent::Back);
    desk.settled().await;
    store.ping().await.unwrap();
    let story = store.call_story(talking.call).await.unwrap().unwrap();
    assert_eq!(story.attempt.outcome, Some(Outcome::Answered));
    assert!(story.call.is_some());
    let retried = world.attempt_on(&in_hopper);
    desk.queue.write(Write::SaveAttempt(Box::new(retried.clone()))).unwrap();
    assert_eq!(desk.hears().await, saved(retried.id));
}

/// The commit took effect but its answer was lost, so that the engine was told no: the attempt must not stay open.
pub(crate) async fn an_attempt_whose_commit_went_unheard_leaves_no_trace(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut desk = Desk::of(store);
    let lead = world.claim(store).await;
    let attempt = world.attempt_on(&lead);

    let outage = database.swallow_the_next_commit().await;
    desk.queue.write(Write::SaveAttempt(Box::new(attempt.clone()))).unwrap();
    assert_eq!(desk.hears().await, StoreEvent::Away);
    let refusal = AttemptRefusal::StoreAway;
    assert_eq!(desk.hears().await, StoreEvent::AttemptRefused { attempt: attempt.id, refusal });
    outage.end().await;
    assert_eq!(desk.hears().await, StoreEvent::Back);

    assert!(store.call_story(attempt.call).await.unwrap().is_none());
    assert_eq!(store.lead(lead.id).await.unwrap().unwrap().state, LeadState::Claimed);
}

//! Two daemons and one Asterisk server.

use std::time::Duration;

use cadran::store::{Acquired, Lease, Store};
use cadran_engine::command::Write;
use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::Timestamp;
use tokio::sync::mpsc;

use super::database::Database;
use super::world::{HOLDER, World, at};

const TTL: Duration = Duration::from_secs(10);

async fn ask(store: &Store, daemon: &str, now: Timestamp) -> Acquired {
    store.acquire_lease(HOLDER, daemon, now, TTL).await.unwrap()
}

fn ours(acquired: Acquired) -> Lease {
    match acquired {
        Acquired::Ours(lease) => lease,
        Acquired::Held { by, .. } => panic!("held by {by}"),
    }
}

pub(crate) async fn a_lease_has_one_holder_until_it_ends(database: &Database) {
    let (store, other) = (&database.store, database.second_store().await);
    let (first, second) = tokio::join!(ask(store, "first", at(0)), ask(&other, "second", at(0)));
    let won = |acquired: &Acquired| matches!(acquired, Acquired::Ours(_));
    assert!(won(&first) != won(&second), "{first:?} {second:?}");
    let (winner, loser, lease) =
        if won(&first) { ("first", "second", ours(first)) } else { ("second", "first", ours(second)) };

    assert!(store.renew_lease(&lease, at(5), TTL).await.unwrap());
    let held = Acquired::Held { by: winner.to_owned(), until: at(15) };
    assert_eq!(ask(store, loser, at(14)).await, held);
    let taken = ours(ask(store, loser, at(15)).await);
    assert!(taken.token > lease.token);
    assert!(!store.renew_lease(&lease, at(16), TTL).await.unwrap(), "the first was too late");

    let again = ours(ask(store, loser, at(17)).await);
    assert!(again.token > taken.token, "an earlier life of the same daemon is shut out");
    store.release_lease(&again).await.unwrap();
    ours(ask(store, winner, at(18)).await);
    other.close().await;
}

/// The lead stays as it is: it belongs to whoever drives the Asterisk server.
pub(crate) async fn an_attempt_without_the_lease_is_refused(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let lease = ours(ask(store, "first", at(0)).await);
    let (ear, mut events) = mpsc::channel(10);
    let (queue, writer) = store.writer(HOLDER, Some(lease), ear);
    let attempt = world.attempt_on(&world.claim(store).await);
    ours(ask(store, "second", at(10)).await);

    queue.write(Write::SaveAttempt(Box::new(attempt.clone()))).unwrap();
    let refusal = AttemptRefusal::LeadGone;
    assert_eq!(events.recv().await, Some(StoreEvent::AttemptRefused { attempt: attempt.id, refusal }));
    drop(queue);
    writer.await.unwrap();
    assert!(store.call_story(attempt.call).await.unwrap().is_none());
}

//! So many successes, and no more dials.

use cadran::store::{Claim, NewLead, Store};
use cadran_engine::command::{DispositionRecord, LeadNext, Write};
use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::{Attempt, LeadState, Outcome, Quota, QuotaPart};

use super::database::Database;
use super::world::{Desk, HOLDER, NOW, World, a_lead, at, close};

async fn set(world: &World, store: &Store, quotas: Vec<Quota>) {
    let mut kept = store.campaign(world.campaign).await.unwrap().unwrap();
    kept.value.settings.quotas = quotas;
    store.update_campaign(&kept.value, kept.rev, NOW).await.unwrap();
}

async fn reached(world: &World, store: &Store) -> Vec<u32> {
    store.quotas(world.campaign).await.unwrap().iter().map(|stand| stand.reached).collect()
}

fn said(world: &World, attempt: &Attempt, seconds: u64, success: bool) -> Write {
    let said = DispositionRecord { at: at(seconds), success, ..world.said_of(attempt, LeadNext::Done) };
    Write::SaveDisposition(Box::new(said))
}

/// The campaign stops at its quota: leads in hand are not dialled, the call in progress goes on, a correction opens it
/// again.
pub(crate) async fn a_campaign_stops_at_its_quota(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 4).await;
    let mut desk = Desk::of(store);
    let first = desk.dial(&world, store).await;
    let talking = desk.dial(&world, store).await;
    let in_hand = world.attempt_on(&world.claim(store).await);
    set(&world, store, vec![Quota { of: QuotaPart::Campaign, successes: 1 }]).await;
    desk.keep([close(&first, Outcome::Answered, LeadNext::Done), said(&world, &first, 61, true)]).await;
    assert_eq!(reached(&world, store).await, [1]);

    desk.queue.write(Write::SaveAttempt(Box::new(in_hand.clone()))).unwrap();
    let refusal = AttemptRefusal::LeadGone;
    assert_eq!(desk.hears().await, StoreEvent::AttemptRefused { attempt: in_hand.id, refusal });
    assert_eq!(store.lead(in_hand.lead).await.unwrap().unwrap().state, LeadState::Waiting);
    assert_eq!(store.claim_leads(world.campaign, 9, NOW, HOLDER).await.unwrap(), Claim::default());

    // The call that was up when the quota was reached may bring one more; saying it twice counts once.
    let more = said(&world, &talking, 63, true);
    desk.keep([close(&talking, Outcome::Answered, LeadNext::Done), more.clone(), more]).await;
    assert_eq!(reached(&world, store).await, [2]);
    desk.keep([said(&world, &first, 70, false), said(&world, &talking, 71, false)]).await;
    assert_eq!(reached(&world, store).await, [0]);
    assert_eq!(store.claim_leads(world.campaign, 9, NOW, HOLDER).await.unwrap().leads.len(), 2);
}

/// A list and the leads with one value in a field stop by themselves; quotas that are set later count what was before.
pub(crate) async fn a_part_of_a_campaign_stops_by_itself(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let mut desk = Desk::of(store);
    let from = |number, city: &str| {
        let fields = serde_json::Map::from_iter([("city".to_owned(), city.into())]);
        NewLead { fields, ..a_lead(number) }
    };
    let ids = world.import(store, vec![from(0, "Lyon"), from(1, "Lyon"), from(2, "Nantes")]).await;
    let attempt = desk.dial(&world, store).await;
    assert_eq!(attempt.lead, ids[0]);
    desk.keep([close(&attempt, Outcome::Answered, LeadNext::Done), said(&world, &attempt, 61, true)]).await;
    let lyon = QuotaPart::Field { field: "city".to_owned(), value: "Lyon".to_owned() };
    let list = QuotaPart::List { list: world.list };
    let quotas = |of_list| {
        vec![Quota { of: lyon.clone(), successes: 1 }, Quota { of: list.clone(), successes: of_list }]
    };
    set(&world, store, quotas(5)).await;
    assert_eq!(reached(&world, store).await, [1, 1]);
    let leads = store.claim_leads(world.campaign, 9, NOW, HOLDER).await.unwrap().leads;
    assert_eq!(leads.iter().map(|lead| lead.id).collect::<Vec<_>>(), [ids[2]]);

    desk.keep([Write::ReleaseLead { lead: ids[2], due_at: NOW }]).await;
    set(&world, store, quotas(1)).await;
    assert_eq!(store.claim_leads(world.campaign, 9, NOW, HOLDER).await.unwrap(), Claim::default());
}

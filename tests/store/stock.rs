//! How many leads are left, and how fast they go.

use std::time::Duration;

use cadran::store::{Keeps, PACE_SPAN, Store, WaitingLeads};
use cadran_engine::command::{LeadNext, Write};
use cadran_engine::model::{Outcome, Quota, QuotaPart};

use super::database::Database;
use super::world::{Desk, HOLDER, NOW, World, at, close};

/// Leads due, in hand, and due later are told apart; a dial that is to be repeated says when.
pub(crate) async fn the_stock_counts_every_lead_once(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 10).await;
    let mut desk = Desk::of(store);
    for (seconds, due_in) in [(60, Some(30 * 60)), (60, Some(90 * 60)), (60, None)] {
        let attempt = desk.dial(&world, store).await;
        let next =
            due_in.map_or(LeadNext::Done, |due| LeadNext::Again { due_at: at(seconds + due), phone: 0 });
        desk.keep([close(&attempt, Outcome::Busy, next)]).await;
    }
    let in_hand = store.claim_leads(world.campaign, 2, NOW, HOLDER).await.unwrap().leads;
    desk.keep([Write::ReleaseLead { lead: in_hand[0].id, due_at: at(30) }]).await;

    let stock = store.lead_stock(world.campaign, at(60)).await.unwrap();
    assert_eq!((stock.due, stock.dials, stock.repeated, stock.span), (7, 3, 2, PACE_SPAN));
    assert_eq!(stock.falling_due[..3], [1, 1, 0]);
    assert_eq!(stock.repeat_after, Duration::from_secs(60 * 60));
    let later = store.lead_stock(world.campaign, at(60) + PACE_SPAN).await.unwrap();
    assert_eq!((later.due, later.dials), (7, 0));
}

/// Of leads that wait is told why: a rule, a later time, a list, a quota.
pub(crate) async fn what_keeps_leads_is_told(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 6).await;
    let mut desk = Desk::of(store);
    let attempt = desk.dial(&world, store).await;
    desk.keep([close(&attempt, Outcome::Busy, LeadNext::Again { due_at: at(1_800), phone: 0 })]).await;
    let in_hand = store.claim_leads(world.campaign, 1, NOW, HOLDER).await.unwrap().leads;
    let kept = async |store: &Store| {
        let waiting = store.waiting_leads(world.campaign, at(60)).await.unwrap();
        waiting.into_iter().map(|group| (group.keeps, group.leads)).collect::<Vec<_>>()
    };
    assert_eq!(kept(store).await, [(Keeps::Nothing, 4), (Keeps::Later, 1)]);
    let later = store.waiting_leads(world.campaign, at(60)).await.unwrap()[1];
    assert_eq!(later, WaitingLeads { keeps: Keeps::Later, leads: 1, next_due_at: at(1_800) });

    desk.keep([Write::ReleaseLead { lead: in_hand[0].id, due_at: at(30) }]).await;
    let mut settings = store.campaign(world.campaign).await.unwrap().unwrap();
    settings.value.settings.quotas = vec![Quota { of: QuotaPart::Campaign, successes: 0 }];
    store.update_campaign(&settings.value, settings.rev, NOW).await.unwrap();
    assert_eq!(kept(store).await, [(Keeps::QuotaReached, 6)]);
    let mut list = store.list(world.list).await.unwrap().unwrap();
    list.value.enabled = false;
    store.update_list(&list.value, list.rev, NOW).await.unwrap();
    assert_eq!(kept(store).await, [(Keeps::ListOff, 6)]);
}

//! In which order leads are claimed.

use std::collections::BTreeMap;

use cadran::store::{Claim, List, NewLead, Store};
use cadran_engine::command::{LeadNext, Write};
use cadran_engine::model::{
    Attempt, DialOrder, Direction, HangupCause, LeadId, ListId, ListShare, OrderKey, Outcome, Timestamp,
};

use super::database::Database;
use super::world::{Desk, HOLDER, NOW, World, a_lead, at};

/// Has the campaign dial in this order from now on.
async fn dial_by(world: &World, store: &Store, order: DialOrder) {
    let mut kept = store.campaign(world.campaign).await.unwrap().unwrap();
    kept.value.settings.order = order;
    store.update_campaign(&kept.value, kept.rev, NOW).await.unwrap();
}

/// Claims, and gives the leads back as if the daemon had died.
async fn claimed(world: &World, store: &Store, count: u16, now: Timestamp) -> Vec<LeadId> {
    let leads = store.claim_leads(world.campaign, count, now, HOLDER).await.unwrap().leads;
    store.recover(HOLDER, now).await.unwrap();
    leads.iter().map(|lead| lead.id).collect()
}

/// Every key, both ways: the other way is the same order read backwards.
pub(crate) async fn leads_come_in_the_order_that_the_campaign_wants(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let mut desk = Desk::of(store);
    let named = |number, name: &str, priority| NewLead { name: name.to_owned(), priority, ..a_lead(number) };
    let first = world.import(store, vec![named(5, "Blanc", 0)]).await[0];
    // Two attempts for the first, and one later for the second.
    for ended_at in [60, 120] {
        let attempt = desk.dial(&world, store).await;
        desk.keep([ended(&attempt, at(ended_at), NOW)]).await;
    }
    let second = world.import(store, vec![named(9, "Adam", 0)]).await[1];
    store.withdraw_lead(first, NOW).await.unwrap();
    let attempt = desk.dial(&world, store).await;
    desk.keep([ended(&attempt, at(180), at(180))]).await;
    assert_eq!(attempt.lead, second);
    let others = vec![named(7, "Zoé", 3), named(1, "Marin", 0), named(3, "Marin", 3)];
    let ids = world.import(store, others).await;
    let (second, third, fourth, fifth) = (ids[1], ids[2], ids[3], ids[4]);
    let upwards = [
        (OrderKey::Attempts, vec![third, fourth, fifth, second]),
        (OrderKey::Due, vec![third, fourth, fifth, second]),
        (OrderKey::Imported, vec![second, third, fourth, fifth]),
        (OrderKey::LastAttempt, vec![third, fourth, fifth, second]),
        (OrderKey::List, vec![second, third, fourth, fifth]),
        (OrderKey::Name, vec![second, fourth, fifth, third]),
        (OrderKey::Phone, vec![fourth, fifth, third, second]),
        (OrderKey::Priority, vec![second, fourth, fifth, third]),
    ];
    for (by, expected) in upwards {
        for (direction, expected) in [
            (Direction::Up, expected.clone()),
            (Direction::Down, expected.into_iter().rev().collect::<Vec<LeadId>>()),
        ] {
            dial_by(&world, store, DialOrder { by, direction, mix: Vec::new() }).await;
            assert_eq!(claimed(&world, store, 10, at(1000)).await, expected, "{by:?} {direction:?}");
        }
    }
}

fn ended(attempt: &Attempt, ended_at: Timestamp, due_at: Timestamp) -> Write {
    Write::CloseAttempt {
        attempt: attempt.id,
        outcome: Outcome::Busy,
        cause: HangupCause { q850: 17, sip: Some(486) },
        ended_at,
        screened: None,
        person_chance: None,
        lead: attempt.lead,
        next: LeadNext::Again { due_at, phone: 0 },
    }
}

/// Chance knows neither the order of the file nor of the hour: everybody comes once, and always in the same place.
pub(crate) async fn a_random_order_is_a_shuffle_of_the_file(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 200).await;
    let order = DialOrder { by: OrderKey::Random, direction: Direction::Up, mix: Vec::new() };
    dial_by(&world, store, order).await;
    let shuffled = claimed(&world, store, 200, NOW).await;
    let mut sorted = shuffled.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 200);
    let neighbours =
        shuffled.windows(2).filter(|pair| pair[0].as_i64().abs_diff(pair[1].as_i64()) == 1).count();
    assert!(neighbours < 10, "{neighbours} of 200 leads stand beside their neighbours of the file");
    assert_eq!(claimed(&world, store, 200, NOW).await, shuffled);
}

/// Shares hold over many small claims; whoever is short leaves theirs to the others; the unnamed list comes last.
pub(crate) async fn lists_share_the_dials(database: &Database) {
    let store = &database.store;
    let mut world = World::with_leads(store, 0).await;
    let june = world.list;
    let mut lists = vec![june];
    for (number, name) in (1..).zip(["July", "August", "Left over"]) {
        let list = List {
            id: ListId::from_i64(number),
            campaign: world.campaign,
            name: name.to_owned(),
            enabled: true,
        };
        lists.push(store.create_list(&list, NOW).await.unwrap().value.id);
    }
    for (list, numbers) in lists.iter().zip([0..100, 100..200, 200..210, 300..310]) {
        world.list = *list;
        world.import(store, numbers.map(a_lead).collect()).await;
    }
    let share = |index: usize, percent| ListShare { list: lists[index], percent };
    let mix = vec![share(0, 60), share(1, 30), share(2, 10)];
    let by_file = DialOrder { by: OrderKey::Imported, direction: Direction::Up, mix };
    dial_by(&world, store, by_file).await;

    let claim = async |count| {
        let leads = store.claim_leads(world.campaign, count, NOW, HOLDER).await.unwrap().leads;
        let mut counts: BTreeMap<ListId, usize> = BTreeMap::new();
        for lead in leads {
            *counts.entry(lead.list).or_default() += 1;
        }
        lists.iter().map(|list| counts.get(list).copied().unwrap_or(0)).collect::<Vec<usize>>()
    };
    let mut sums = vec![0; 4];
    for _ in 0..20 {
        sums.iter_mut().zip(claim(5).await).for_each(|(sum, count)| *sum += count);
    }
    assert_eq!(sums, [60, 30, 10, 0]);
    // The third list is empty: the other two go on two to one, until the first is empty as well.
    assert_eq!(claim(30).await, [20, 10, 0, 0]);
    assert_eq!(claim(90).await, [20, 60, 0, 10]);
}

/// A list that is switched off is passed over, and a lead that has fallen due meanwhile finds its place.
pub(crate) async fn a_list_that_is_off_is_not_dialled(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 3).await;
    let desk = Desk::of(store);
    let all = claimed(&world, store, 10, NOW).await;
    let list = store.list(world.list).await.unwrap().unwrap();
    let off = List { enabled: false, ..list.value.clone() };
    let off = store.update_list(&off, list.rev, NOW).await.unwrap();
    assert_eq!(store.claim_leads(world.campaign, 10, NOW, HOLDER).await.unwrap(), Claim::default());
    store.update_list(&list.value, off.rev, NOW).await.unwrap();

    let leads = store.claim_leads(world.campaign, 10, NOW, HOLDER).await.unwrap().leads;
    let released = leads.iter().map(|lead| Write::ReleaseLead {
        lead: lead.id,
        due_at: if lead.id == all[0] { at(10) } else { NOW },
    });
    desk.keep(released.collect::<Vec<_>>()).await;
    let Claim { leads, next_due_at: next, .. } =
        store.claim_leads(world.campaign, 10, at(9), HOLDER).await.unwrap();
    assert_eq!(
        (leads.iter().map(|lead| lead.id).collect::<Vec<_>>(), next),
        (all[1..].to_vec(), Some(at(10)))
    );
    assert_eq!(store.claim_leads(world.campaign, 10, at(10), HOLDER).await.unwrap().leads[0].id, all[0]);
}

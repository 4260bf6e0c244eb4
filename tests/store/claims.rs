//! Leads on their way into hoppers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cadran::store::{CLAIM_TIME, Claim, DoNotCall, DoneReason, NewLead};
use cadran_engine::command::{LeadNext, Write};
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::model::{LeadId, LeadState, Outcome};

use super::database::Database;
use super::world::{Desk, HOLDER, NOW, World, a_lead, at, close, phone};

/// An agreed callback that is due, then by priority, then by due time; what is not due is named by its moment.
pub(crate) async fn the_most_urgent_lead_comes_first(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let mut desk = Desk::of(store);
    let called_back = world.import(store, vec![a_lead(0)]).await[0];
    let attempt = desk.dial(&world, store).await;
    let agreed = LeadNext::Again { due_at: at(100), phone: 0 };
    let said = cadran_engine::command::DispositionRecord {
        callback: Some(cadran_engine::command::Agreed { at: at(100), personal: false }),
        ..world.said_of(&attempt, agreed)
    };
    desk.keep([
        close(&attempt, Outcome::Answered, LeadNext::Done),
        Write::SaveCall(Box::new(world.call_of(&attempt))),
        Write::SaveDisposition(Box::new(said)),
    ])
    .await;
    let urgent = NewLead { priority: 5, ..a_lead(2) };
    let ids = world.import(store, vec![a_lead(1), urgent]).await;

    let claim = async |seconds| {
        let Claim { leads, next_due_at: next, .. } =
            store.claim_leads(world.campaign, 10, at(seconds), HOLDER).await.unwrap();
        (leads.iter().map(|lead| lead.id).collect::<Vec<LeadId>>(), next)
    };
    assert_eq!(claim(99).await, (vec![ids[2], ids[1]], Some(at(100))));
    desk.keep(ids[1..].iter().map(|lead| Write::ReleaseLead { lead: *lead, due_at: NOW })).await;
    assert_eq!(claim(100).await, (vec![called_back, ids[2], ids[1]], None));
    let again = store.claim_leads(world.campaign, 10, at(100), HOLDER).await.unwrap().leads;
    assert_eq!(again, [], "what is claimed is not claimed again");
    assert_eq!(store.lead(called_back).await.unwrap().unwrap().lead.history, [(Outcome::Answered, 1)]);
}

/// How often a holder asks again that was kept waiting too long.
const CLAIM_TRIES_MAX: u32 = 10;

/// Two daemons that claim side by side share the leads.
pub(crate) async fn two_holders_never_get_the_same_lead(database: &Database) {
    let first = &database.store;
    let world = World::with_leads(first, 400).await;
    let second = database.second_store().await;
    let claim = async |store: &cadran::store::Store, holder| {
        let mut tries = 0;
        let Claim { leads, .. } = loop {
            match store.claim_leads(world.campaign, 7, NOW, holder).await {
                Ok(claimed) => break claimed,
                // SQLite is not fair to two programs on one file: on a busy machine one may wait in vain for its turn,
                // and asks again, as the daemon does.
                Err(error) if error.is_away() && tries < CLAIM_TRIES_MAX => tries += 1,
                Err(error) => panic!("{error}"),
            }
        };
        leads.into_iter().map(|lead| lead.id).collect::<Vec<LeadId>>()
    };
    // One batch each, whoever is faster after that.
    let (first_batch, second_batch) = (claim(first, HOLDER).await, claim(&second, "asterisk-2").await);
    assert_eq!((first_batch.len(), second_batch.len()), (7, 7));
    let claim_rest = async |store: &cadran::store::Store, holder, mut claimed: Vec<LeadId>| loop {
        match claim(store, holder).await {
            none if none.is_empty() => return claimed,
            leads => claimed.extend(leads),
        }
    };
    let (ours, theirs) =
        tokio::join!(claim_rest(first, HOLDER, first_batch), claim_rest(&second, "asterisk-2", second_batch));
    let both: BTreeSet<LeadId> = ours.iter().chain(&theirs).copied().collect();
    assert_eq!(both.len(), ours.len() + theirs.len(), "some lead was given twice");
    assert_eq!(both.len(), 400);
    second.close().await;
}

/// An entry for good finishes the lead, also when it is on the second number; one with an end puts it off until then.
pub(crate) async fn a_number_on_the_do_not_call_list_is_not_claimed(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 3).await;
    let with_alternate = NewLead { alternates: vec![phone(77)], ..a_lead(3) };
    let ids = world.import(store, vec![with_alternate]).await;
    let entry = |last, until| DoNotCall {
        id: 0,
        phone: phone(last),
        campaign: None,
        seller: None,
        reason: "asked us".to_owned(),
        until,
        added_by: "usr_1".to_owned(),
        at: NOW,
    };
    store.add_do_not_call_all(&[entry(0, None), entry(77, None), entry(1, Some(at(500)))]).await.unwrap();

    let claim = store.claim_leads(world.campaign, 10, NOW, HOLDER).await.unwrap();
    let Claim { leads, next_due_at: next, denied, .. } = claim;
    assert_eq!(denied, BTreeMap::from([(Reason::InternalDnc, 3)]));
    assert_eq!(leads.iter().map(|lead| lead.id).collect::<Vec<_>>(), [ids[2]]);
    assert_eq!(next, Some(at(500)));
    for finished in [ids[0], ids[3]] {
        let lead = store.lead(finished).await.unwrap().unwrap();
        assert_eq!((lead.state, lead.done_reason), (LeadState::Done, Some(DoneReason::DoNotCall)));
    }
    let leads = store.claim_leads(world.campaign, 10, at(500), HOLDER).await.unwrap().leads;
    assert_eq!(leads.iter().map(|lead| lead.id).collect::<Vec<_>>(), [ids[1]]);
}

/// A daemon that is slow keeps its leads; a daemon that died loses them to another after a while.
pub(crate) async fn a_claim_that_was_not_used_goes_to_another_holder_only(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let lead = world.claim(store).await;
    let later = NOW + CLAIM_TIME + Duration::from_secs(1);
    let same = store.claim_leads(world.campaign, 1, later, HOLDER).await.unwrap().leads;
    assert_eq!(same, []);
    let soon = store.claim_leads(world.campaign, 1, at(1), "asterisk-2").await.unwrap().leads;
    assert_eq!(soon, []);
    let other = store.claim_leads(world.campaign, 1, later, "asterisk-2").await.unwrap().leads;
    assert_eq!(other, [lead]);
}

/// The answer to a claim was lost: its leads are free again, and those of other claims stay where they are.
pub(crate) async fn a_claim_that_went_unheard_is_freed(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 2).await;
    let desk = Desk::of(store);
    let heard = store.claim_leads(world.campaign, 1, at(1), HOLDER).await.unwrap().leads;
    let unheard = store.claim_leads(world.campaign, 1, at(2), HOLDER).await.unwrap().leads;
    desk.queue.free_claim(world.campaign, at(2)).unwrap();
    desk.settled().await;
    let again = store.claim_leads(world.campaign, 2, at(3), HOLDER).await.unwrap().leads;
    assert_eq!(again, unheard);
    assert_eq!(store.lead(heard[0].id).await.unwrap().unwrap().state, LeadState::Claimed);
}

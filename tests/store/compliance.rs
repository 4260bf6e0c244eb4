//! The law between leads and the network: who may be called, and what is kept of the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cadran::store::{
    AbandonmentFilter, Consent, DecisionFilter, DoNotCall, DoneReason, HistoryFilter, HistoryOrder, Keeps,
    LeadFilter, LeadOrder, List, NewLead, Page, Stage, Store, WaitingLeads,
};
use cadran_engine::command::{DispositionRecord, LeadNext, Write};
use cadran_engine::dialer::compliance::{Obligation, Reason};
use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::attempt::CallRecord;
use cadran_engine::model::{
    Attempt, CampaignId, Lead, LeadId, LeadState, ListId, Outcome, Phone, Purpose, Screened, SellerId,
    Timestamp, Verdict,
};

use super::database::Database;
use super::world::{Desk, HOLDER, World, a_campaign, a_lead, a_seller, at, close, phone, saved};

/// Tuesday, 17 June 2025, 11:00 in Paris, when French law of that day lets consumers be called.
const TUESDAY: u64 = 150_800;

/// A second campaign, with a list of its own.
async fn campaign(store: &Store, world: &World, name: &str, seller: SellerId) -> World {
    let mut campaign = a_campaign(world.trunk, seller);
    campaign.settings.name = name.to_owned();
    let campaign = store.create_campaign(&campaign, at(0)).await.unwrap().value.id;
    let list = List { id: ListId::from_i64(0), campaign, name: name.to_owned(), enabled: true };
    let list = store.create_list(&list, at(0)).await.unwrap().value.id;
    World { campaign, list, trunk: world.trunk, agent: world.agent, seller }
}

/// From here on the campaign sells something to consumers.
async fn sell(store: &Store, campaign: CampaignId) {
    let mut kept = store.campaign(campaign).await.unwrap().unwrap();
    kept.value.settings.compliance.purpose = Purpose::Marketing;
    store.update_campaign(&kept.value, kept.rev, at(0)).await.unwrap();
}

/// The French register was consulted, and lists these numbers.
async fn consult(store: &Store, listed: &[Phone], seconds: u64) {
    let scrub = store.begin_scrub("bloctel", "2025-06", at(seconds), "usr_1", at(seconds)).await.unwrap();
    let digests: Vec<String> = listed.iter().copied().map(cadran::store::digest).collect();
    store.add_listed(scrub, &digests).await.unwrap();
    assert_eq!(store.end_scrub(scrub).await.unwrap(), listed.len() as u64);
}

async fn claim(
    store: &Store,
    world: &World,
    holder: &str,
    seconds: u64,
) -> (Vec<Lead>, BTreeMap<Reason, u32>) {
    let claim = store.claim_leads(world.campaign, 100, at(seconds), holder).await.unwrap();
    (claim.leads, claim.denied)
}

fn dial(world: &World, lead: &Lead, started_at: Timestamp) -> Attempt {
    Attempt { started_at, ..world.attempt_on(lead) }
}

/// A person has two numbers, on two lists of two campaigns of one seller, and two daemons dial both at the same time:
/// never two calls at once, and never a fifth in thirty days.
pub(crate) async fn a_cap_holds_whoever_calls_on_whichever_number(database: &Database) {
    const PERSONS: u32 = 12;
    const CAP: usize = 4;
    const OTHER: &str = "asterisk-2";
    let first = &database.store;
    let second = database.second_store().await;
    let ours = World::with_leads(first, 0).await;
    let theirs = campaign(first, &ours, "Autumn", ours.seller).await;
    for campaign in [ours.campaign, theirs.campaign] {
        sell(first, campaign).await;
    }
    consult(first, &[], 0).await;
    let with_both = |index| NewLead { alternates: vec![phone(500 + index)], ..a_lead(index) };
    ours.import(first, (0..PERSONS).map(with_both).collect()).await;
    theirs.import(first, (0..PERSONS).rev().map(|index| a_lead(500 + index)).collect()).await;
    let mut desks = [Desk::of_holder(first, HOLDER), Desk::of_holder(&second, OTHER)];

    let mut dialled: BTreeMap<u32, usize> = BTreeMap::new();
    for round in 0..8 {
        let seconds = TUESDAY + round * 300;
        let sides = [(&ours, first, HOLDER), (&theirs, &second, OTHER)];
        let mut tried = Vec::new();
        for (desk, (world, store, holder)) in desks.iter().zip(sides) {
            let (leads, _) = claim(store, world, holder, seconds).await;
            let attempts: Vec<Attempt> =
                leads.iter().map(|lead| dial(world, lead, at(seconds + 1))).collect();
            for attempt in &attempts {
                desk.queue.write(Write::SaveAttempt(Box::new(attempt.clone()))).unwrap();
            }
            tried.push(attempts);
        }
        for (desk, attempts) in desks.iter_mut().zip(&tried) {
            for attempt in attempts {
                match desk.hears().await {
                    StoreEvent::AttemptSaved { .. } => {
                        let person: u32 = attempt.phone.e164()[7..].parse().unwrap();
                        let person = person % 500;
                        *dialled.entry(person).or_default() += 1;
                    }
                    StoreEvent::AttemptRefused { refusal: AttemptRefusal::Forbidden(reason), .. } => {
                        assert!(matches!(reason, Reason::LeadBusy | Reason::FreqCap), "{reason}");
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        for (desk, attempts) in desks.iter_mut().zip(&tried) {
            let again = LeadNext::Again { due_at: at(seconds + 200), phone: 0 };
            desk.keep(attempts.iter().map(|attempt| close(attempt, Outcome::NoAnswer, again))).await;
        }
    }
    assert_eq!(dialled.len(), PERSONS as usize);
    assert!(dialled.values().all(|calls| *calls == CAP), "{dialled:?}");
    let decisions = first.dial_decisions(DecisionFilter::default(), Page::first()).await.unwrap();
    let allowed: BTreeSet<_> = decisions.iter().filter_map(|decision| decision.attempt).collect();
    let attempts =
        first.attempts(HistoryFilter::default(), HistoryOrder::Latest, Page::first()).await.unwrap();
    assert_eq!(allowed, attempts.iter().map(|record| record.attempt.id).collect());
    assert_eq!(allowed.len(), PERSONS as usize * CAP);
    let leads = first.leads(LeadFilter::default(), LeadOrder::Imported, Page::first()).await.unwrap();
    for lead in leads {
        assert_eq!((lead.state, lead.held_because), (LeadState::Waiting, Some(Reason::FreqCap)));
        assert!(lead.due_at > at(TUESDAY + 29 * 86_400), "{}", lead.due_at);
    }
    second.close().await;
}

/// An entry for one number is one for the person; one of another seller or campaign is none.
pub(crate) async fn a_do_not_call_entry_is_for_the_person_and_its_scope(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let other = store.create_seller(&a_seller("Seller Two"), at(0)).await.unwrap().value.id;
    let elsewhere = campaign(store, &world, "Autumn", other).await;
    let with_alternate = NewLead { alternates: vec![phone(70)], ..a_lead(0) };
    let leads = world.import(store, vec![with_alternate, a_lead(1), a_lead(2)]).await;
    let entry = |number, campaign, seller| DoNotCall {
        id: 0,
        phone: phone(number),
        campaign,
        seller,
        reason: "asked us".to_owned(),
        until: None,
        added_by: "usr_1".to_owned(),
        at: at(0),
    };
    let entries = [
        entry(70, None, Some(world.seller)),
        entry(1, None, Some(other)),
        entry(2, Some(elsewhere.campaign), None),
    ];
    store.add_do_not_call_all(&entries).await.unwrap();
    let (callable, denied) = claim(store, &world, HOLDER, 1).await;
    assert_eq!(callable.iter().map(|lead| lead.id).collect::<Vec<_>>(), leads[1..]);
    assert_eq!(denied, BTreeMap::from([(Reason::InternalDnc, 1)]));
}

/// The law asks for a register that nobody consulted, then that lists somebody, then that is too old.
pub(crate) async fn a_register_must_be_fresh_and_silent(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 2).await;
    sell(store, world.campaign).await;
    let (callable, denied) = claim(store, &world, HOLDER, TUESDAY).await;
    assert_eq!((callable.len(), denied), (0, BTreeMap::from([(Reason::RegisterStale, 2)])));
    let lead =
        store.leads(LeadFilter::default(), LeadOrder::Imported, Page::first()).await.unwrap().remove(0);
    assert_eq!((lead.state, lead.held_because), (LeadState::Waiting, Some(Reason::RegisterStale)));
    let waiting = store.waiting_leads(world.campaign, at(TUESDAY + 1)).await.unwrap();
    let keeps = Keeps::Forbidden(Reason::RegisterStale);
    assert_eq!(waiting, [WaitingLeads { keeps, leads: 2, next_due_at: at(TUESDAY + 3_600) }]);

    consult(store, &[phone(1)], TUESDAY).await;
    let (callable, denied) = claim(store, &world, HOLDER, TUESDAY + 3600).await;
    assert_eq!(callable.iter().map(|lead| lead.phone).collect::<Vec<_>>(), [phone(0)]);
    assert_eq!(denied, BTreeMap::from([(Reason::RegisterListed, 1)]));
    let register = &store.registers().await.unwrap()[0];
    assert_eq!((register.name.as_str(), register.entries, register.checked_at), ("bloctel", 1, at(TUESDAY)));

    let mut desk = Desk::of(store);
    let too_late = dial(&world, &callable[0], at(TUESDAY + 35 * 86_400));
    desk.queue.write(Write::SaveAttempt(Box::new(too_late.clone()))).unwrap();
    let refusal = AttemptRefusal::Forbidden(Reason::RegisterStale);
    assert_eq!(desk.hears().await, StoreEvent::AttemptRefused { attempt: too_late.id, refusal });
}

/// Nobody is called in the evening; the lead comes back in the morning, and one row a day says why.
pub(crate) async fn a_lead_that_is_refused_for_time_comes_back_in_time(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    sell(store, world.campaign).await;
    consult(store, &[], 0).await;
    let evening = TUESDAY + 10 * 3600;
    let morning = TUESDAY + 23 * 3600;
    for second in 0..3 {
        // Somebody puts the lead back on top, again and again.
        database.meddle("update lead set due_at = 0").await;
        let (_, denied) = claim(store, &world, HOLDER, evening + second).await;
        assert_eq!(denied, BTreeMap::from([(Reason::OutOfWindow, 1)]));
    }
    let lead =
        store.leads(LeadFilter::default(), LeadOrder::Imported, Page::first()).await.unwrap().remove(0);
    assert!(lead.due_at > at(evening) && lead.due_at <= at(morning), "{}", lead.due_at);
    let decisions = store.dial_decisions(DecisionFilter::default(), Page::first()).await.unwrap();
    let [decision] = decisions.as_slice() else { panic!("{decisions:?}") };
    assert_eq!((decision.times, decision.stage, decision.attempt), (3, Stage::Claim, None));
    assert_eq!(decision.refusal, Some((Reason::OutOfWindow, "FR-H".to_owned())));
    assert_eq!((decision.at, decision.last_at), (at(evening), at(evening + 2)));
    assert!(decision.packs.iter().any(|pack| pack.id == "fr-2023" && pack.sha256.len() == 64));
}

/// A refusal bars every number of the person and every campaign of the seller, until the agent corrects it.
pub(crate) async fn a_refusal_bars_the_seller(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let same_seller = campaign(store, &world, "Autumn", world.seller).await;
    for campaign in [world.campaign, same_seller.campaign] {
        sell(store, campaign).await;
    }
    consult(store, &[], 0).await;
    world.import(store, vec![NewLead { alternates: vec![phone(70)], ..a_lead(0) }]).await;
    same_seller.import(store, vec![a_lead(70)]).await;
    let mut desk = Desk::of(store);
    let (leads, _) = claim(store, &world, HOLDER, TUESDAY).await;
    let attempt = dial(&world, &leads[0], at(TUESDAY));
    desk.keep([
        Write::SaveAttempt(Box::new(attempt.clone())),
        close(&attempt, Outcome::Answered, LeadNext::Done),
    ])
    .await;
    assert_eq!(desk.hears().await, saved(attempt.id));
    let said = |refused, seconds| {
        let said = world.said_of(&attempt, LeadNext::Done);
        Write::SaveDisposition(Box::new(DispositionRecord { refused, at: at(TUESDAY + seconds), ..said }))
    };
    desk.keep([said(true, 60)]).await;
    let (_, denied) = claim(store, &same_seller, HOLDER, TUESDAY + 120).await;
    assert_eq!(denied, BTreeMap::from([(Reason::CoolOffRefusal, 1)]));
    desk.keep([said(false, 180)]).await;
    database.meddle("update lead set due_at = 0 where state = 'waiting'").await;
    assert_eq!(claim(store, &same_seller, HOLDER, TUESDAY + 240).await.0.len(), 1);
}

/// Under the law of 2026 a consent opens the telephone, to whom it was given, until it is taken back.
pub(crate) async fn a_consent_opens_the_telephone_until_it_is_taken_back(database: &Database) {
    // Tuesday, 18 August 2026, 11:00 in Paris.
    const AUGUST: u64 = 37_043_600;
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    sell(store, world.campaign).await;
    let given = Consent {
        id: 0,
        seller: world.seller,
        phone: phone(0),
        purpose: "phone_marketing".to_owned(),
        text_version: "2026-08".to_owned(),
        channel: "form".to_owned(),
        evidence: "form 4711".to_owned(),
        hours_waiver: false,
        written: false,
        given_at: at(AUGUST - 86_400),
        expires_at: None,
        revoked: None,
        recorded_by: "usr_1".to_owned(),
        recorded_at: at(AUGUST),
    };
    let answer = async |seconds| {
        database.meddle("update lead set due_at = 0, state = 'waiting', claimed_by = null").await;
        let (leads, denied) = claim(store, &world, HOLDER, seconds).await;
        (leads.len(), denied.into_keys().next())
    };
    assert_eq!(answer(AUGUST).await, (0, Some(Reason::ConsentMissing)));
    let kept = store.add_consent(&given).await.unwrap();
    assert_eq!(answer(AUGUST + 60).await, (1, None));
    let revoked = store.revoke_consent(kept.id, "usr_2", at(AUGUST + 90)).await.unwrap();
    assert_eq!(revoked.revoked, Some((at(AUGUST + 90), "usr_2".to_owned())));
    assert_eq!(answer(AUGUST + 120).await, (0, Some(Reason::ConsentRevoked)));
    let again = store.revoke_consent(kept.id, "usr_3", at(AUGUST + 150)).await.unwrap();
    assert_eq!(again, revoked, "the ledger is not written over");
}

/// A number that is none is never looked at again.
pub(crate) async fn a_number_that_may_never_be_called_finishes_the_lead(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let costly = NewLead { phone: "+33899123456".parse().unwrap(), ..a_lead(0) };
    let id: LeadId = world.import(store, vec![costly]).await[0];
    let (_, denied) = claim(store, &world, HOLDER, 1).await;
    assert_eq!(denied, BTreeMap::from([(Reason::NumberForbidden, 1)]));
    let lead = store.lead(id).await.unwrap().unwrap();
    assert_eq!((lead.state, lead.done_reason), (LeadState::Done, Some(DoneReason::Forbidden)));
}

/// An agent who came too late counts like none, though the call went on.
pub(crate) async fn an_agent_who_came_too_late_is_an_abandoned_call(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 3).await;
    let mut desk = Desk::of(store);
    let mut dialled = Vec::new();
    for connected_at in [Some(at(6)), Some(at(9)), None] {
        let attempt = desk.dial(&world, store).await;
        let record = CallRecord { connected_at, message_at: Some(at(7)), ..world.call_of(&attempt) };
        desk.keep([Write::SaveCall(Box::new(record)), close(&attempt, Outcome::Answered, LeadNext::Done)])
            .await;
        dialled.push(attempt.id);
    }
    let mut kept =
        store.abandonments(world.campaign, AbandonmentFilter::default(), Page::first()).await.unwrap();
    kept.sort_by_key(|row| dialled.iter().position(|id| *id == row.attempt));
    let found: Vec<(bool, bool, bool, bool)> =
        kept.iter().map(|row| (row.live, row.abandoned, row.silent, row.message)).collect();
    let [in_time, late, never] =
        [(true, false, false, true), (true, true, false, true), (true, true, false, true)];
    assert_eq!(found, [in_time, late, never]);
}

/// Whoever detection found to be a machine was no person, and is not kept from being called again.
pub(crate) async fn a_machine_is_nobody_whom_a_call_abandoned(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 2).await;
    let mut desk = Desk::of(store);
    let mut dialled = Vec::new();
    for verdict in [Verdict::Machine, Verdict::Unsure] {
        let attempt = desk.dial(&world, store).await;
        let record = CallRecord { connected_at: None, message_at: None, ..world.call_of(&attempt) };
        let screened =
            Some(Screened { verdict, ..Screened::without_verdict("MAXWORDS-5-5", Duration::from_secs(1)) });
        let mut end = close(&attempt, Outcome::Machine, LeadNext::Done);
        if let Write::CloseAttempt { screened: kept, .. } = &mut end {
            *kept = screened;
        }
        desk.keep([Write::SaveCall(Box::new(record)), end]).await;
        dialled.push(attempt.id);
    }
    let mut kept =
        store.abandonments(world.campaign, AbandonmentFilter::default(), Page::first()).await.unwrap();
    kept.sort_by_key(|row| dialled.iter().position(|id| *id == row.attempt));
    let found: Vec<(bool, bool)> = kept.iter().map(|row| (row.live, row.abandoned)).collect();
    assert_eq!(found, [(false, false), (true, true)]);
    assert_eq!(kept[0].block_until, None);
}

/// What a pack asks of an allowed call comes with the word that its attempt is durable, also when that is said again.
pub(crate) async fn what_the_law_asks_of_a_call_comes_with_its_attempt(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut kept = store.campaign(world.campaign).await.unwrap().unwrap();
    kept.value.settings.compliance.purpose = Purpose::Marketing;
    kept.value.settings.compliance.sector = Some("insurance".to_owned());
    store.update_campaign(&kept.value, kept.rev, at(0)).await.unwrap();
    consult(store, &[], 0).await;
    let consent = Consent {
        id: 0,
        seller: world.seller,
        phone: phone(0),
        purpose: "phone_marketing".to_owned(),
        text_version: "v1".to_owned(),
        channel: "form".to_owned(),
        evidence: "form-1".to_owned(),
        hours_waiver: false,
        written: false,
        given_at: at(TUESDAY - 86_400),
        expires_at: None,
        revoked: None,
        recorded_by: "usr_1".to_owned(),
        recorded_at: at(0),
    };
    store.add_consent(&consent).await.unwrap();
    let (leads, denied) = claim(store, &world, HOLDER, TUESDAY).await;
    assert_eq!(leads.len(), 1, "{denied:?}");
    let attempt = dial(&world, &leads[0], at(TUESDAY + 1));
    let mut desk = Desk::of(store);
    for _ in 0..2 {
        desk.queue.write(Write::SaveAttempt(Box::new(attempt.clone()))).unwrap();
        let expected = [
            Obligation::TellOfListening,
            Obligation::AskAgreement,
            Obligation::RecordAll,
            Obligation::EndIfRefused,
        ];
        match desk.hears().await {
            StoreEvent::AttemptSaved { obligations, .. } => assert_eq!(obligations, expected),
            other => panic!("{other:?}"),
        }
    }
}

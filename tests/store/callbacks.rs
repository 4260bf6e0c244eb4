//! Moments that were agreed with people.

use cadran::store::{CallbackFilter, Error, Page};
use cadran_engine::command::{Agreed, DispositionRecord, LeadNext, Write};
use cadran_engine::model::{Outcome, Promise};

use super::database::Database;
use super::world::{Desk, HOLDER, World, an_agent, at, close};

/// A personal callback is claimed with the agent's name on it, and moves with its moment and its agent.
pub(crate) async fn a_promise_belongs_to_an_agent_and_can_be_taken_over(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut desk = Desk::of(store);
    let other =
        store.create_agent(&an_agent("agent-2"), &"not-a-secret".into(), at(0)).await.unwrap().value.id;
    let attempt = desk.dial(&world, store).await;
    let again = LeadNext::Again { due_at: at(600), phone: 0 };
    let agreed = Some(Agreed { at: at(600), personal: true });
    desk.keep([
        close(&attempt, Outcome::Answered, LeadNext::Done),
        Write::SaveDisposition(Box::new(DispositionRecord {
            callback: agreed,
            ..world.said_of(&attempt, again)
        })),
    ])
    .await;

    let of = |agent| CallbackFilter { agent: Some(agent), ..CallbackFilter::default() };
    let open = store.open_callbacks(of(world.agent), Page::first()).await.unwrap().pop().unwrap();
    assert_eq!((open.callback.due_at, open.callback.personal, open.list_enabled), (at(600), true, true));
    assert!(!open.blocked);
    assert_eq!(open.zone.name(), "Europe/Paris");

    store.change_callback(attempt.call, other, true, at(900), at(100)).await.unwrap();
    assert_eq!(store.open_callbacks(of(world.agent), Page::first()).await.unwrap(), []);
    assert_eq!(store.open_callbacks(of(other), Page::first()).await.unwrap().len(), 1);
    let early = store.claim_leads(world.campaign, 1, at(899), HOLDER).await.unwrap();
    assert_eq!((early.leads, early.next_due_at), (Vec::new(), Some(at(900))));
    let leads = store.claim_leads(world.campaign, 1, at(900), HOLDER).await.unwrap().leads;
    assert_eq!(leads[0].promise, Some(Promise { agent: other, due_at: at(900) }));

    store.withdraw_lead(attempt.lead, at(901)).await.unwrap();
    let late = store.change_callback(attempt.call, other, true, at(2000), at(902)).await;
    assert!(matches!(late, Err(Error::NotFound(_))), "{late:?}");
}

/// The earliest first, and of those that are due at the same moment each exactly once.
pub(crate) async fn open_callbacks_come_in_pages(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 3).await;
    let mut desk = Desk::of(store);
    let mut promised = Vec::new();
    for due in [900, 600, 600] {
        let attempt = desk.dial(&world, store).await;
        let agreed = DispositionRecord {
            callback: Some(Agreed { at: at(due), personal: false }),
            ..world.said_of(&attempt, LeadNext::Again { due_at: at(due), phone: 0 })
        };
        let said = Write::SaveDisposition(Box::new(agreed));
        desk.keep([close(&attempt, Outcome::Answered, LeadNext::Done), said]).await;
        promised.push((due, attempt.call));
    }
    promised.sort_unstable();

    let mut seen = Vec::new();
    let mut page = Page { after: None, limit: 1 };
    loop {
        let open = store.open_callbacks(CallbackFilter::default(), page).await.unwrap();
        let Some(callback) = open.first().map(|open| &open.callback) else { break };
        seen.push((callback.due_at, callback.call));
        page.after = Some(callback.call);
    }
    let promised: Vec<_> = promised.into_iter().map(|(due, call)| (at(due), call)).collect();
    assert_eq!(seen, promised);
}

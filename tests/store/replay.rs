//! The same writes again, as after a crash or a commit whose answer was lost.

use std::time::Duration;

use cadran::store::{HistoryFilter, HistoryOrder, Page};
use cadran_engine::command::{Agreed, DispositionRecord, LeadNext, Write};
use cadran_engine::model::{LeadState, Outcome, RecordingId, RecordingState, SessionId};
use uuid::Uuid;

use super::database::Database;
use super::world::{Desk, World, at, close, saved};

/// A day's writes of every kind, kept once, then again one by one, then again together.
pub(crate) async fn every_write_counts_once(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 2).await;
    let mut desk = Desk::of(store);
    let attempt = world.attempt_on(&world.claim(store).await);
    let released = world.claim(store).await.id;
    let (agent, session) = (world.agent, SessionId::from_uuid(Uuid::now_v7()));
    let recording = RecordingId { call: attempt.call, part: 1 };
    let verdict = RecordingState::Failed { reason: "the disk is full".to_owned() };
    let said = DispositionRecord {
        callback: Some(Agreed { at: at(3600), personal: true }),
        ..world.said_of(&attempt, LeadNext::Again { due_at: at(3600), phone: 0 })
    };
    let correction =
        DispositionRecord { at: at(90), do_not_call: true, ..world.said_of(&attempt, LeadNext::Done) };
    let writes = [
        Write::OpenSession { session, agent, campaigns: vec![world.campaign], at: at(0) },
        Write::SaveAgentState { session, agent, state: "ready", reason: None, at: at(1) },
        Write::SaveAttempt(Box::new(attempt.clone())),
        Write::ReleaseLead { lead: released, due_at: at(7) },
        Write::OpenRecording { recording, caller: None, started_at: at(6) },
        Write::OpenGap { recording, at: at(7), reason: "card".to_owned() },
        Write::CloseGap { recording, at: at(9) },
        close(&attempt, Outcome::Answered, LeadNext::Done),
        Write::SaveCall(Box::new(world.call_of(&attempt))),
        Write::CloseRecording { recording, state: verdict, expected: Duration::from_secs(54) },
        Write::SaveDisposition(Box::new(said)),
        Write::SaveDisposition(Box::new(correction)),
        Write::CloseSession { session, at: at(100) },
    ];
    desk.keep(writes.clone()).await;
    let once = everything(database, &world).await;
    for write in writes.clone() {
        desk.keep([write]).await;
        assert_eq!(everything(database, &world).await, once);
    }
    desk.keep(writes.clone().into_iter().chain(writes)).await;
    assert_eq!(everything(database, &world).await, once);

    let story = store.lead_story(attempt.lead).await.unwrap().unwrap();
    assert_eq!(story.lead.state, LeadState::Done);
    assert_eq!(story.dispositions.len(), 2, "the correction lies beside the first word");
    assert_eq!(store.do_not_call(Some(attempt.phone), Page::first()).await.unwrap().len(), 1);
    // Said once, then again three times; each time the engine hears that it is durable.
    for _ in 0..4 {
        assert_eq!(desk.hears().await, saved(attempt.id));
    }
}

/// All that these writes touch, as text.
async fn everything(database: &Database, world: &World) -> String {
    let store = &database.store;
    let leads = store.leads(Default::default(), Default::default(), Page::first()).await.unwrap();
    let mut stories = Vec::new();
    for attempt in
        store.attempts(HistoryFilter::default(), HistoryOrder::Latest, Page::first()).await.unwrap()
    {
        stories.push(store.call_story(attempt.attempt.call).await.unwrap());
    }
    let sheet = store.time_sheet(world.agent, at(0), at(1000)).await.unwrap();
    let sessions = store.agent_sessions(None, Page::first()).await.unwrap();
    let callbacks = store.open_callbacks(Default::default(), Page::first()).await.unwrap();
    let entries = store.do_not_call(None, Page::first()).await.unwrap();
    format!("{leads:?} {stories:?} {sheet:?} {sessions:?} {callbacks:?} {entries:?}")
}

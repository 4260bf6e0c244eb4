//! Questions about the past.

use std::collections::BTreeSet;
use std::time::Duration;

use cadran::store::{HistoryFilter, HistoryOrder, LeadFilter, LeadOrder, Page};
use cadran_engine::command::{DispositionRecord, LeadNext, Write};
use cadran_engine::model::{
    LeadId, Outcome, PauseReason, RecordingFacts, RecordingId, RecordingState, Screened, SessionId, Verdict,
};
use uuid::Uuid;

use super::database::Database;
use super::world::{Desk, World, at, close, phone};

/// Seven attempts of the same millisecond, two a page.
pub(crate) async fn pages_follow_each_other_without_gap_or_overlap(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 7).await;
    let mut desk = Desk::of(store);
    let mut dialled = Vec::new();
    for _ in 0..7 {
        let attempt = desk.dial(&world, store).await;
        desk.keep([
            close(&attempt, Outcome::Answered, LeadNext::Done),
            Write::SaveCall(Box::new(world.call_of(&attempt))),
        ])
        .await;
        dialled.push(attempt);
    }
    dialled.sort_by_key(|attempt| std::cmp::Reverse(attempt.id));

    let filter = HistoryFilter { campaign: Some(world.campaign), ..Default::default() };
    let mut talked: Vec<_> = dialled.iter().map(|attempt| attempt.call).collect();
    talked.sort_by_key(|call| std::cmp::Reverse(*call));
    for order in [HistoryOrder::Latest, HistoryOrder::Earliest] {
        let (mut attempts, mut calls) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let page = Page { after: attempts.last().copied(), limit: 2 };
            let rows = store.attempts(filter, order, page).await.unwrap();
            attempts.extend(rows.iter().map(|record| record.attempt.id));
            let page = Page { after: calls.last().copied(), limit: 2 };
            calls.extend(store.calls(filter, order, page).await.unwrap().iter().map(|call| call.id));
        }
        if order == HistoryOrder::Earliest {
            attempts.reverse();
            calls.reverse();
        }
        assert_eq!(attempts, dialled.iter().map(|attempt| attempt.id).collect::<Vec<_>>());
        assert_eq!(calls, talked);
    }

    let mut ids = Vec::new();
    for order in [LeadOrder::Imported, LeadOrder::Due, LeadOrder::Latest, LeadOrder::LastAttempt] {
        let mut leads: Vec<LeadId> = Vec::new();
        for _ in 0..4 {
            let page = Page { after: leads.last().copied(), limit: 2 };
            let rows = store.leads(LeadFilter::default(), order, page).await.unwrap();
            leads.extend(rows.iter().map(|record| record.lead.id));
        }
        ids.push(leads);
    }
    assert!(ids[0].is_sorted() && ids[0].len() == 7, "{ids:?}");
    assert!(ids[2].iter().rev().is_sorted(), "{ids:?}");
    assert!(ids.iter().all(|leads| leads.iter().collect::<BTreeSet<_>>().len() == 7), "{ids:?}");

    let one =
        HistoryFilter { phone: Some(dialled[0].phone), from: Some(at(0)), until: Some(at(1)), ..filter };
    assert_eq!(store.attempts(one, HistoryOrder::Latest, Page::first()).await.unwrap().len(), 1);
    let none = HistoryFilter { agent: Some(world.agent), until: Some(at(5)), ..filter };
    assert_eq!(store.calls(none, HistoryOrder::Latest, Page::first()).await.unwrap(), []);
}

/// Three dials of one list: a machine that nobody had, a machine that an agent had and corrected their word of, and
/// one that was not screened.
pub(crate) async fn screened_calls_are_counted_by_what_agents_said_last(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 3).await;
    let mut desk = Desk::of(store);
    let heard = Screened {
        verdict: Verdict::Machine,
        cause: "LONGGREETING-900-900".to_owned(),
        after: Duration::from_millis(981),
    };
    let screened = |write: Write| match write {
        Write::CloseAttempt { attempt, outcome, cause, ended_at, person_chance, lead, next, .. } => {
            let screened = Some(heard.clone());
            Write::CloseAttempt { attempt, outcome, cause, ended_at, screened, person_chance, lead, next }
        }
        other => other,
    };
    let alone = desk.dial(&world, store).await;
    let talked = desk.dial(&world, store).await;
    let plain = desk.dial(&world, store).await;
    let said = world.said_of(&talked, LeadNext::Done);
    let corrected = DispositionRecord { code: "machine".to_owned(), at: at(90), ..said.clone() };
    desk.keep([
        screened(close(&alone, Outcome::Machine, LeadNext::Done)),
        screened(close(&talked, Outcome::Answered, LeadNext::Done)),
        Write::SaveCall(Box::new(world.call_of(&talked))),
        Write::SaveDisposition(Box::new(said)),
        Write::SaveDisposition(Box::new(corrected)),
        close(&plain, Outcome::Busy, LeadNext::Done),
    ])
    .await;

    let counts = store.screened_calls(world.campaign).await.unwrap();
    let counts: Vec<_> =
        counts.iter().map(|row| (row.list, row.verdict, row.code.as_deref(), row.calls)).collect();
    let list = alone.list;
    assert_eq!(counts, [(list, Verdict::Machine, None, 1), (list, Verdict::Machine, Some("machine"), 1)]);

    let kept = store.call_story(alone.call).await.unwrap().unwrap().attempt;
    assert_eq!((kept.outcome, kept.screened), (Some(Outcome::Machine), Some(heard)));
    assert_eq!(store.call_story(plain.call).await.unwrap().unwrap().attempt.screened, None);
}

pub(crate) async fn a_call_and_a_lead_tell_their_story(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 2).await;
    let mut desk = Desk::of(store);
    let attempt = desk.dial(&world, store).await;
    let (recording, call) = (recording_of(attempt.call), world.call_of(&attempt));
    let facts = RecordingFacts { path: "a.wav".to_owned(), bytes: 1000, duration: Duration::from_secs(54) };
    let (state, expected) = (RecordingState::Verified(facts), Duration::from_secs(54));
    desk.keep([
        Write::OpenRecording { recording, caller: None, started_at: at(6) },
        close(&attempt, Outcome::Answered, LeadNext::Done),
        Write::SaveCall(Box::new(call.clone())),
        Write::CloseRecording { recording, state: state.clone(), expected },
        Write::SaveDisposition(Box::new(world.said_of(&attempt, LeadNext::Done))),
    ])
    .await;
    let still_up = desk.dial(&world, store).await;

    let story = store.call_story(attempt.call).await.unwrap().unwrap();
    assert_eq!(story.attempt.attempt, attempt);
    assert_eq!(story.attempt.cause.sip, Some(200));
    assert_eq!(story.call, Some(call));
    assert_eq!(story.recordings[0].state, state);
    assert_eq!(story.recordings[0].expected, Some(expected));
    assert_eq!(story.recordings[0].agent, Some(world.agent));
    assert_eq!(story.dispositions[0].code, "sale");
    let counts = store.outcome_counts(world.campaign).await.unwrap();
    assert_eq!(counts.iter().find(|(outcome, _)| outcome.is_none()), Some(&(None, 1)));
    assert_eq!(counts.iter().find(|(outcome, _)| outcome.is_some()), Some(&(Some(Outcome::Answered), 1)));

    let lead = store.lead_story(attempt.lead).await.unwrap().unwrap();
    assert_eq!(lead.lead.lead.phone, phone(0));
    assert_eq!(lead.attempts.len(), 1);
    assert_eq!(lead.dispositions.len(), 1);
    let open = store.call_story(still_up.call).await.unwrap().unwrap();
    assert_eq!((open.attempt.outcome, open.call), (None, None));
}

/// Every state lasts until the next one, the last until the log-out.
pub(crate) async fn a_time_sheet_has_no_holes(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let desk = Desk::of(store);
    let session = SessionId::from_uuid(Uuid::now_v7());
    let agent = world.agent;
    let state =
        |state, reason, second| Write::SaveAgentState { session, agent, state, reason, at: at(second) };
    desk.keep([
        Write::OpenSession { session, agent, campaigns: vec![world.campaign], at: at(0) },
        state("paused", Some(PauseReason::LoggedIn), 0),
        state("ready", None, 10),
        state("paused", Some(PauseReason::Chosen("lunch".to_owned())), 10),
        state("ready", None, 70),
        Write::CloseSession { session, at: at(100) },
    ])
    .await;
    let sheet = store.time_sheet(agent, at(0), at(1000)).await.unwrap();
    let lines: Vec<_> = sheet.iter().map(|span| (span.state.as_str(), span.from, span.until)).collect();
    let expected = [("paused", 0, 10), ("ready", 10, 10), ("paused", 10, 70), ("ready", 70, 100)];
    assert_eq!(lines, expected.map(|(state, from, until)| (state, at(from), Some(at(until)))));
    assert_eq!(sheet[2].reason, Some(PauseReason::Chosen("lunch".to_owned())));
    let sessions = store.agent_sessions(Some(agent), Page::first()).await.unwrap();
    assert_eq!((sessions[0].id, sessions[0].ended_at), (session, Some(at(100))));
}

fn recording_of(call: cadran_engine::model::CallId) -> RecordingId {
    RecordingId { call, part: 1 }
}

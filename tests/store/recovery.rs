//! A daemon is killed and the next one takes over.

use cadran_engine::command::{DispositionRecord, LeadNext, Write};
use cadran_engine::dialer::answer_rate::AnswerRates;
use cadran_engine::dialer::drop_ledger::DropCounts;
use cadran_engine::dialer::learnt::Learnt;
use cadran_engine::input::{OpenRecording, OpenSession};
use cadran_engine::model::{LeadState, Outcome, PauseReason, RecordingId, SessionId, Timestamp};
use uuid::Uuid;

use super::database::Database;
use super::world::{Desk, HOLDER, World, at, close};

pub(crate) async fn a_killed_daemon_leaves_what_the_next_one_finds(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 5).await;
    let mut desk = Desk::of(store);
    let agent = world.agent;
    let (at_work, paused) = (SessionId::from_uuid(Uuid::now_v7()), SessionId::from_uuid(Uuid::now_v7()));
    let campaigns = vec![world.campaign];
    let open = |session| Write::OpenSession { session, agent, campaigns: campaigns.clone(), at: at(0) };
    let state = |session, state, reason| Write::SaveAgentState { session, agent, state, reason, at: at(1) };
    desk.keep([
        open(at_work),
        state(at_work, "paused", Some(PauseReason::LoggedIn)),
        state(at_work, "ready", None),
        open(paused),
        state(paused, "paused", Some(PauseReason::LoggedIn)),
    ])
    .await;
    let [answered, dropped, live] =
        [desk.dial(&world, store).await, desk.dial(&world, store).await, desk.dial(&world, store).await];
    let recording = RecordingId { call: live.call, part: 1 };
    desk.keep([
        close(&answered, Outcome::Answered, LeadNext::Done),
        Write::SaveCall(Box::new(world.call_of(&answered))),
        close(&dropped, Outcome::Dropped, LeadNext::Done),
        Write::OpenRecording { recording, caller: None, started_at: at(6) },
        Write::OpenGap { recording, at: at(7), reason: "card".to_owned() },
        Write::CloseGap { recording, at: at(7) },
        Write::OpenGap { recording, at: at(8), reason: "card".to_owned() },
    ])
    .await;
    let learnt = |version| Learnt { version, answer_rates: AnswerRates::default(), lessons: None };
    let learn =
        |at, version| Write::SaveLearnt { campaign: world.campaign, at, learnt: Box::new(learnt(version)) };
    desk.keep([learn(at(60), 7), learn(at(120), 8), learn(at(60), 7)]).await;
    let in_hopper = world.claim(store).await;
    let elsewhere = store.claim_leads(world.campaign, 1, at(0), "asterisk-2").await.unwrap().leads;
    drop(desk);

    let found = database.second_store().await.recover(HOLDER, at(120)).await.unwrap();
    assert_eq!(found.attempts.iter().map(|(attempt, _)| attempt).collect::<Vec<_>>(), [&live]);
    assert_eq!(found.attempts[0].1.id, live.lead);
    let mut sessions = [
        OpenSession { session: at_work, agent, campaigns: campaigns.clone(), ready: true },
        OpenSession { session: paused, agent, campaigns: campaigns.clone(), ready: false },
    ];
    sessions.sort_by_key(|open| open.session);
    assert_eq!(found.sessions, sessions);
    let masked_since = Some(at(8));
    assert_eq!(found.recordings, [OpenRecording { recording, started_at: at(6), masked_since }]);
    let tenth = Timestamp::from_millis(at(60).as_millis() / 600_000 * 600_000);
    let counts = DropCounts { served: 1, unserved: 1, persons: 1.0, doubt: 0.0 };
    assert_eq!(found.drops, [(world.campaign, tenth, counts)]);
    assert_eq!(found.learnt, [(world.campaign, learnt(8))], "the latest counts");
    let state_of = async |id| store.lead(id).await.unwrap().unwrap().state;
    assert_eq!(state_of(in_hopper.id).await, LeadState::Waiting);
    assert_eq!(state_of(elsewhere[0].id).await, LeadState::Claimed);
    assert_eq!(state_of(live.lead).await, LeadState::InAttempt);
    database.meddle("update learnt set learnt = '{}'").await;
    assert_eq!(store.recover(HOLDER, at(120)).await.unwrap().learnt, [], "what cannot be read is left out");
    let days_later =
        async |days: u64| store.recover(HOLDER, at(days * 24 * 3600 + 3600)).await.unwrap().drops;
    assert_eq!(days_later(29).await.len(), 1);
    assert_eq!(days_later(30).await, []);
}

/// A drop of whom it was not certain that it was a person, and two conversations, one of them with a machine as the
/// agent said when asked again: a restart counts them as the daemon did that was there.
pub(crate) async fn a_restart_forgets_nothing_of_who_was_dropped(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 4).await;
    let mut desk = Desk::of(store);
    let [person, machine] = [desk.dial(&world, store).await, desk.dial(&world, store).await];
    let [unsure, sure] = [desk.dial(&world, store).await, desk.dial(&world, store).await];
    let doubtful = match close(&unsure, Outcome::Dropped, LeadNext::Done) {
        Write::CloseAttempt { attempt, outcome, cause, ended_at, screened, lead, next, .. } => {
            let person_chance = Some(0.25);
            Write::CloseAttempt { attempt, outcome, cause, ended_at, screened, person_chance, lead, next }
        }
        other => other,
    };
    let said = world.said_of(&machine, LeadNext::Done);
    let corrected = DispositionRecord { code: "machine".to_owned(), at: at(90), ..said.clone() };
    desk.keep([
        close(&person, Outcome::Answered, LeadNext::Done),
        Write::SaveCall(Box::new(world.call_of(&person))),
        close(&machine, Outcome::Answered, LeadNext::Done),
        Write::SaveCall(Box::new(world.call_of(&machine))),
        Write::SaveDisposition(Box::new(said)),
        Write::SaveDisposition(Box::new(corrected)),
        doubtful,
        close(&sure, Outcome::Dropped, LeadNext::Done),
    ])
    .await;
    drop(desk);
    let found = database.second_store().await.recover(HOLDER, at(120)).await.unwrap().drops;
    let sum = found.iter().map(|(_, _, counts)| *counts).reduce(DropCounts::and).unwrap();
    assert_eq!(sum, DropCounts { served: 1, unserved: 2, persons: 1.25, doubt: 0.1875 });
}

//! What callers were promised, and what they answered.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran::store::{
    CallbackState, CallerBehind, CallerCallbackFilter, CallerCallbackRecord, CallerFilter, CallerMarks,
    DoNotCall, EventKind, HistoryOrder, Page, Store, SurveyCount, SurveyFilter, Team, User,
};
use cadran_engine::command::Write;
use cadran_engine::model::incoming::{
    CallbackStanding, CallerCallback, CallerDisposition, CallerRecord, KeptPlace, PathStep, QueueExit,
    QueueWait,
};
use cadran_engine::model::{
    Agent, AgentId, CallId, DidId, FlowId, HangupCause, MessageId, QueueId, Scope, Side, SkillRule, TeamId,
    UserId,
};
use serde_json::json;
use uuid::Uuid;

use super::database::Database;
use super::settings::a_user;
use super::webhooks::a_webhook;
use super::world::{Desk, HOLDER, NOW, an_agent, at, phone};

fn call(number: u128) -> CallId {
    CallId::from_uuid(Uuid::from_u128(number))
}

fn queue(row: i64) -> QueueId {
    QueueId::from_i64(row)
}

fn callback(number: u128, seconds: u64) -> CallerCallback {
    let skills = vec![SkillRule { skill: "french".to_owned(), min: 3, relax: Vec::new() }];
    CallerCallback {
        id: call(number),
        queue: queue(1),
        phone: phone(1),
        did: Some(DidId::from_i64(7)),
        agent: None,
        booked_at: NOW,
        due_at: at(seconds),
        place: Some(KeptPlace { since: NOW, priority: 3, skills }),
        tries: 0,
        language: Some("en-GB".to_owned()),
    }
}

async fn open(store: &Store) -> Vec<CallerCallbackRecord> {
    let filter = CallerCallbackFilter { is_open: Some(true), ..CallerCallbackFilter::default() };
    store.caller_callbacks(filter, Page::first()).await.unwrap()
}

fn saved(callback: &CallerCallback, standing: CallbackStanding, by: Option<UserId>) -> Write {
    Write::SaveCallback { callback: Box::new(callback.clone()), standing, by, at: at(500) }
}

/// A promise is never deleted: it is open, kept or withdrawn, and says whose wish that was.
pub(crate) async fn a_promise_to_a_caller_is_kept_on_record(database: &Database) {
    let store = &database.store;
    let desk = Desk::of(store);
    for (number, seconds, booked) in [(1, 60, true), (2, 40, true), (3, 90, false), (2, 30, true)] {
        let told = store.book_callback(&callback(number, seconds), Some(2), HOLDER).await.unwrap();
        assert_eq!(told, booked, "callback {number}");
    }
    assert!(store.book_callback(&callback(3, 4000), Some(2), HOLDER).await.unwrap(), "an hour later");
    let ids: Vec<CallId> = open(store).await.iter().map(|record| record.callback.id).collect();
    assert_eq!(ids, [call(2), call(1), call(3)], "the earliest due first");
    assert_eq!(open(store).await[0].callback, callback(2, 30));
    let second = Page { after: Some(call(2)), limit: 1 };
    let page = store.caller_callbacks(CallerCallbackFilter::default(), second).await.unwrap();
    assert_eq!(page.iter().map(|record| record.callback.id).collect::<Vec<_>>(), [call(1)]);

    let tried = CallerCallback { tries: 1, due_at: at(300), ..callback(1, 60) };
    let by_hand = CallerCallback { agent: Some(AgentId::from_i64(4)), place: None, ..callback(9, 900) };
    let user = Some(UserId::from_i64(5));
    desk.keep([
        saved(&tried, CallbackStanding::Open, None),
        saved(&tried, CallbackStanding::Open, None),
        saved(&callback(2, 30), CallbackStanding::Kept(call(20)), None),
        saved(&callback(3, 4000), CallbackStanding::Withdrawn, user),
        saved(&by_hand, CallbackStanding::Open, user),
    ])
    .await;
    let all = store.caller_callbacks(CallerCallbackFilter::default(), Page::first()).await.unwrap();
    let told: Vec<_> = all
        .iter()
        .map(|record| (record.callback.clone(), record.state, record.kept_by, record.changed_by))
        .collect();
    assert_eq!(
        told,
        [
            (callback(2, 30), CallbackState::Kept, Some(call(20)), None),
            (tried.clone(), CallbackState::Open, None, None),
            (by_hand.clone(), CallbackState::Open, None, user),
            (callback(3, 4000), CallbackState::Withdrawn, None, user),
        ]
    );
    assert_eq!((all[0].changed_at, all[0].barred_until), (Some(at(500)), None));

    let entry = DoNotCall {
        id: 0,
        phone: phone(1),
        campaign: None,
        seller: None,
        reason: "asked us".to_owned(),
        until: Some(at(900)),
        added_by: "usr_1".to_owned(),
        at: NOW,
    };
    assert!(!store.is_barred(phone(1), at(100)).await.unwrap());
    store.add_do_not_call(&entry).await.unwrap();
    assert_eq!(open(store).await[0].barred_until, Some(at(900)));
    let is_barred = [at(899), at(900)].map(|now| store.is_barred(phone(1), now));
    let [before, after] = is_barred;
    assert_eq!((before.await.unwrap(), after.await.unwrap()), (true, false));
}

/// Whoever drives the Asterisk server keeps its promises; those of one that is long gone are anybody's.
pub(crate) async fn promises_to_callers_are_recovered(database: &Database) {
    let store = &database.store;
    store.acquire_lease(HOLDER, "alive", at(0), Duration::from_secs(10_000)).await.unwrap();
    store.acquire_lease("asterisk-2", "soon dead", at(0), Duration::from_secs(10)).await.unwrap();
    store.book_callback(&callback(1, 60), None, HOLDER).await.unwrap();
    store.book_callback(&callback(2, 70), None, "asterisk-2").await.unwrap();
    let kept = saved(&callback(1, 60), CallbackStanding::Kept(call(9)), None);
    let ids = async |holder: &str, now| {
        let recovery = store.recover(holder, now).await.unwrap();
        recovery.callbacks.iter().map(|callback| callback.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(HOLDER, at(20)).await, [call(1)]);
    assert_eq!(ids("asterisk-2", at(20)).await, [call(2)]);
    Desk::of(store).keep([kept]).await;
    assert_eq!(ids(HOLDER, at(3_000)).await, []);
    assert_eq!(ids(HOLDER, at(3_700)).await, [call(2)], "nobody has driven it for an hour");
    assert_eq!(ids("asterisk-2", at(3_700)).await, []);
}

/// A supervisor of a team sees the promises of the queues that its agents serve, and what was said of these agents.
pub(crate) async fn teams_see_what_was_promised_and_answered_in_their_queues(database: &Database) {
    let store = &database.store;
    let mut agents = Vec::new();
    for row in 1..=2 {
        let agent = Agent { queues: vec![queue(row)], ..an_agent(&format!("agent-{row}")) };
        agents.push(store.create_agent(&agent, &"not-a-secret".into(), NOW).await.unwrap().value.id);
    }
    let desk = Desk::of(store);
    for (number, row) in [(1, 1), (2, 2), (3, 3)] {
        let callback = CallerCallback { queue: queue(row), ..callback(number, 60) };
        store.book_callback(&callback, None, HOLDER).await.unwrap();
    }
    for (number, agent, polite) in [(11, agents[0], 5), (12, agents[1], 1), (13, agents[1], 5)] {
        let answers = vec![("polite".to_owned(), json!(polite)), ("again".to_owned(), json!("yes"))];
        desk.keep([
            Write::SaveAnswers { call: call(number), survey: "calls".to_owned(), answers, at: at(polite) },
            Write::SaveCaller(Box::new(caller(number, agent))),
        ])
        .await;
    }
    let other = vec![("why".to_owned(), json!("late"))];
    desk.keep([Write::SaveAnswers { call: call(13), survey: "why".to_owned(), answers: other, at: at(9) }])
        .await;

    let team = scope_of_a_team(store, agents[1]).await;
    let serves = Scope::Teams { agents: [agents[1]].into(), campaigns: [].into(), queues: [queue(2)].into() };
    assert_eq!(team, serves);
    let nobodys = Scope::Teams { agents: [].into(), campaigns: [].into(), queues: [].into() };
    let filter = SurveyFilter::default();
    for (scope, promised, answered) in [
        (Scope::Everything, vec![1, 2, 3], vec![13, 11, 12]),
        (team.clone(), vec![2], vec![13, 12]),
        (nobodys, vec![], vec![]),
    ] {
        let within = store.within(&scope);
        let ids: Vec<CallId> = open(&within).await.iter().map(|record| record.callback.id).collect();
        assert_eq!(ids, promised.into_iter().map(call).collect::<Vec<_>>());
        let given = within.survey_answers(&filter, Page::first()).await.unwrap();
        let ids: Vec<CallId> = given.iter().map(|given| given.call).collect();
        assert_eq!(ids, answered.into_iter().map(call).collect::<Vec<_>>(), "the latest first");
    }
    let count = |survey: &str, question: &str, answer, count| SurveyCount {
        survey: survey.to_owned(),
        question: question.to_owned(),
        answer,
        count,
    };
    let all = store.survey_counts(&filter).await.unwrap();
    let expected = [
        count("calls", "again", json!("yes"), 3),
        count("calls", "polite", json!(1), 1),
        count("calls", "polite", json!(5), 2),
        count("why", "why", json!("late"), 1),
    ];
    assert_eq!(all, expected);
    let of_team = store.within(&team).survey_counts(&filter).await.unwrap();
    assert_eq!(of_team[2], count("calls", "polite", json!(5), 1));

    let of_agent = SurveyFilter { agent: Some(agents[1]), survey: Some("why".to_owned()), ..filter.clone() };
    let given = store.survey_answers(&of_agent, Page::first()).await.unwrap();
    let expected = BTreeMap::from([("why".to_owned(), BTreeMap::from([("why".to_owned(), json!("late"))]))]);
    assert_eq!(given.iter().map(|given| &given.answers).collect::<Vec<_>>(), [&expected]);
    let early = SurveyFilter { from: Some(at(2)), until: Some(at(9)), ..filter.clone() };
    assert_eq!(store.survey_answers(&early, Page::first()).await.unwrap()[0].call, call(11));
    let counted = store.survey_counts(&early).await.unwrap();
    assert!(!counted.is_empty() && counted.iter().all(|count| count.survey == "calls"), "{counted:?}");
    let second = Page { after: Some(call(13)), limit: 1 };
    assert_eq!(store.survey_answers(&filter, second).await.unwrap()[0].call, call(11));

    let spoken = MessageId::from_uuid(Uuid::from_u128(14));
    let words = vec![("why".to_owned(), json!(spoken.to_string()))];
    desk.keep([
        Write::SaveAnswers { call: call(14), survey: "words".to_owned(), answers: words, at: at(9) },
        Write::SaveCaller(Box::new(caller(14, agents[0]))),
    ])
    .await;
    assert!(store.is_spoken_answer(spoken).await.unwrap());
    assert!(!store.within(&team).is_spoken_answer(spoken).await.unwrap());

    let behind = CallerBehind {
        phone: Some(phone(3)),
        did: Some(DidId::from_i64(7)),
        agent: Some(agents[0]),
        queue: Some(queue(2)),
    };
    assert_eq!(store.caller_behind(call(11)).await.unwrap(), Some(behind));
    assert_eq!(store.caller_behind(call(99)).await.unwrap(), None);
}

/// What an account sees that looks after a team of one agent.
async fn scope_of_a_team(store: &Store, agent: AgentId) -> Scope {
    let team = Team {
        id: TeamId::from_i64(0),
        name: "North".to_owned(),
        agents: [agent].into(),
        campaigns: [].into(),
    };
    let team = store.create_team(&team, NOW).await.unwrap().value.id;
    let user = User { teams: Some([team].into()), ..a_user() };
    let user = store.create_user(&user, NOW).await.unwrap().value;
    assert_eq!(store.users_over_agent(agent).await.unwrap(), [user.id]);
    store.scope(&user).await.unwrap()
}

/// A caller's call is read as it was written, with what was made of it, and listed for those whose it is.
pub(crate) async fn the_call_of_a_caller_tells_its_story(database: &Database) {
    let store = &database.store;
    let desk = Desk::of(store);
    let hook = store.create_webhook(&a_webhook(&[EventKind::CallEnded], true), NOW).await.unwrap().value.id;
    let agent = store.create_agent(&an_agent("agent-1"), &"not-a-secret".into(), NOW).await.unwrap().value.id;
    let step =
        PathStep { at: at(1), flow: "Accueil".to_owned(), node: "n_menu".to_owned(), outlet: "1".to_owned() };
    let long = CallerRecord {
        flow: Some((FlowId::from_i64(3), 2)),
        path: vec![step],
        arrived_at: at(1),
        cause: HangupCause { q850: 16, sip: Some(200) },
        ..caller(1, agent)
    };
    let lost = CallerRecord { agent: None, phone: None, waits: Vec::new(), did: None, ..caller(2, agent) };
    let said = |code: &str, seconds| CallerDisposition {
        call: call(1),
        queue: queue(2),
        agent,
        code: code.to_owned(),
        note: "note".to_owned(),
        at: at(seconds),
    };
    let labels = vec!["vip".to_owned(), "spanish".to_owned()];
    desk.keep([
        Write::SaveCaller(Box::new(long.clone())),
        Write::SaveCaller(Box::new(lost)),
        Write::TagCall { call: call(1), outcome: Some("sold".to_owned()), labels },
        Write::SaveCallerDisposition(Box::new(said("helped", 5))),
        Write::SaveCallerDisposition(Box::new(said("sold", 6))),
    ])
    .await;
    assert_eq!(store.caller_call(call(1)).await.unwrap(), Some(long));
    assert_eq!(store.caller_call(call(9)).await.unwrap(), None);
    let marks = store.caller_marks(call(1)).await.unwrap();
    let expected = CallerMarks {
        outcome: Some("sold".to_owned()),
        tags: vec!["spanish".to_owned(), "vip".to_owned()],
        dispositions: vec![said("helped", 5), said("sold", 6)],
    };
    assert_eq!(marks, expected);

    let found = async |store: &Store, filter: CallerFilter, order: HistoryOrder| {
        let rows = store.caller_calls(filter, order, Page::first()).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let (any, latest) = (CallerFilter::default, HistoryOrder::Latest);
    assert_eq!(found(store, any(), latest).await, [call(1), call(2)]);
    assert_eq!(found(store, any(), HistoryOrder::Earliest).await, [call(2), call(1)]);
    let filters = [
        CallerFilter { agent: Some(agent), ..any() },
        CallerFilter { did: Some(DidId::from_i64(7)), ..any() },
        CallerFilter { from: Some(at(1)), ..any() },
        CallerFilter { phone: Some(phone(3)), ..any() },
        CallerFilter { queue: Some(queue(1)), ..any() },
    ];
    for filter in filters {
        assert_eq!(found(store, filter, latest).await, [call(1)], "{filter:?}");
    }
    assert_eq!(found(store, CallerFilter { until: Some(at(1)), ..any() }, latest).await, [call(2)]);
    let of = |queues: &[i64], agents: &[AgentId]| {
        let queues = queues.iter().map(|row| queue(*row)).collect();
        store.within(&Scope::Teams { agents: agents.iter().copied().collect(), campaigns: [].into(), queues })
    };
    assert_eq!(found(&of(&[2], &[]), any(), latest).await, [call(1)]);
    assert_eq!(found(&of(&[], &[agent]), any(), latest).await, [call(1)]);
    assert!(found(&of(&[1], &[]), any(), latest).await.is_empty(), "the last queue counts");

    let told = store.deliveries(hook, None, Page::first()).await.unwrap();
    let told: Vec<serde_json::Value> =
        told.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect();
    assert_eq!(told.len(), 2);
    let of_long = told.iter().find(|message| message["data"]["call"] == json!(call(1))).unwrap();
    assert_eq!((&of_long["type"], &of_long["data"]["direction"]), (&json!("call.ended"), &json!("inbound")));
    assert_eq!(
        (&of_long["data"]["phone"], &of_long["data"]["queue"]),
        (&json!(phone(3).e164()), &json!("q_2"))
    );
}

/// Somebody who waited in two queues.
fn caller(number: u128, agent: AgentId) -> CallerRecord {
    let wait = |row, exit| QueueWait { queue: queue(row), since: NOW, waited: Duration::from_secs(1), exit };
    CallerRecord {
        id: call(number),
        did: Some(DidId::from_i64(7)),
        trunk: None,
        phone: Some(phone(3)),
        flow: None,
        path: Vec::new(),
        waits: vec![wait(1, QueueExit::Timeout), wait(2, QueueExit::Answered)],
        before: None,
        agent: Some(agent),
        arrived_at: NOW,
        answered_at: Some(NOW),
        connected_at: Some(at(2)),
        ended_at: at(4),
        ended_by: Side::Customer,
        cause: HangupCause::default(),
    }
}

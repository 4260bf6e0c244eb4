//! Acts of supervision.

use cadran::store::{AuditFilter, HistoryOrder, Page, Store, SupervisionFilter, SupervisionRecord};
use cadran_engine::command::Write;
use cadran_engine::model::{
    AgentId, CallId, Supervised, SupervisionEnd, SupervisionId, SupervisionMode, UserId,
};
use uuid::Uuid;

use super::database::Database;
use super::world::{Desk, an_agent, at};

pub(crate) async fn acts_of_supervision_are_kept_with_their_end(database: &Database) {
    let store = &database.store;
    let mut agents = Vec::new();
    for account in ["ada", "bob"] {
        let (agent, secret) = (an_agent(account), "not-a-secret".into());
        agents.push(store.create_agent(&agent, &secret, at(0)).await.unwrap().value.id);
    }
    let [agent, supervisor]: [AgentId; 2] = agents.try_into().unwrap();
    let act = |number: u128, mode| Supervised {
        id: SupervisionId::from_uuid(Uuid::from_u128(number)),
        user: UserId::from_i64(7),
        supervisor: Some(supervisor),
        agent,
        call: CallId::from_uuid(Uuid::from_u128(100)),
        mode,
        began_at: at(i64::try_from(number).unwrap().unsigned_abs()),
        reason: "l'écoute".to_owned(),
    };
    let acts: Vec<Supervised> =
        (1..).zip(SupervisionMode::ALL).map(|(number, mode)| act(number, mode)).collect();
    let desk = Desk::of(store);
    let closed = |number: usize, end| Write::CloseSupervision { act: acts[number].id, at: at(50), end };
    for _ in 0..2 {
        // A write that is carried out twice changes nothing.
        desk.keep(acts.iter().map(|act| Write::OpenSupervision(Box::new(act.clone())))).await;
        desk.keep([closed(0, SupervisionEnd::Moved)]).await;
        desk.keep([closed(0, SupervisionEnd::Failed)]).await;
    }
    let other = Desk::of_holder(store, "another-asterisk");
    let elsewhere = act(9, SupervisionMode::Listen);
    other.keep([Write::OpenSupervision(Box::new(elsewhere.clone()))]).await;

    let any = SupervisionFilter::default;
    let record = |act: &Supervised, end: Option<SupervisionEnd>, ended_at| SupervisionRecord {
        act: act.clone(),
        ended_at: end.and(ended_at),
        end,
    };
    let all = store.supervision(any(), Page::first()).await.unwrap();
    let mut expected: Vec<SupervisionRecord> =
        [&elsewhere].into_iter().chain(acts.iter().rev()).map(|act| record(act, None, None)).collect();
    expected[4] = record(&acts[0], Some(SupervisionEnd::Moved), Some(at(50)));
    assert_eq!(all, expected);

    // The daemon died; whoever takes over its Asterisk ends what it left open, and nothing of others.
    store.recover(super::world::HOLDER, at(60)).await.unwrap();
    let ends: Vec<Option<SupervisionEnd>> =
        store.supervision(any(), Page::first()).await.unwrap().into_iter().map(|kept| kept.end).collect();
    let restart = Some(SupervisionEnd::Restart);
    assert_eq!(ends, [None, restart, restart, restart, Some(SupervisionEnd::Moved)]);

    the_log_tells_each_end_once(store, &acts).await;
    let found = |filter| async move { store.supervision(filter, Page::first()).await.unwrap().len() };
    assert_eq!(found(SupervisionFilter { agent: Some(agent), ..any() }).await, 5);
    assert_eq!(found(SupervisionFilter { agent: Some(supervisor), ..any() }).await, 0);
    assert_eq!(found(SupervisionFilter { mode: Some(SupervisionMode::Barge), ..any() }).await, 1);
    assert_eq!(found(SupervisionFilter { from: Some(at(2)), until: Some(at(4)), ..any() }).await, 2);
    let page = Page { after: Some(acts[2].id), limit: 1 };
    assert_eq!(store.supervision(any(), page).await.unwrap()[0].act, acts[1]);
}

/// How long each act lasted, and why it ended, whether it was let go or its daemon died.
async fn the_log_tells_each_end_once(store: &Store, acts: &[Supervised]) {
    let entries =
        store.audit_entries(&AuditFilter::default(), HistoryOrder::Earliest, Page::first()).await.unwrap();
    let told = |act: &Supervised| {
        let of_act = entries.iter().filter(|entry| entry.act.request == act.id.to_string());
        let [entry] = of_act.collect::<Vec<_>>()[..] else { panic!("{entries:?}") };
        let ended = entry.act.ended.unwrap();
        let (lasted, because) = (ended.lasted.as_secs(), ended.because);
        assert_eq!((entry.act.user, entry.act.reason.as_deref()), (Some(act.user), Some("l'écoute")));
        (entry.act.action.clone(), lasted, because)
    };
    let action = |way: &str| format!("END /api/calls/{{call}}/{way}");
    let expected = [
        (action("barge"), 49, SupervisionEnd::Moved),
        (action("listen"), 58, SupervisionEnd::Restart),
        (action("take-over"), 57, SupervisionEnd::Restart),
        (action("whisper"), 56, SupervisionEnd::Restart),
    ];
    assert_eq!(acts.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(entries.len(), expected.len());
}

//! Finding recordings, and keeping them from being deleted.

use std::time::Duration;

use cadran::store::{
    ArchiveState, ArchiveStep, CallDirection, DeletionOrder, HistoryFilter, LegalHold, Ordered, Owner, Page,
    RecordingFilter, RecordingOrder,
};
use cadran_engine::command::{CallerRecorded, LeadNext, Write};
use cadran_engine::model::incoming::{CallerDisposition, CallerRecord};
use cadran_engine::model::{
    AgentId, CallId, CampaignId, DidId, HangupCause, ListId, Outcome, Queue, QueueId, QueueSettings,
    RecordingFacts, RecordingId, RecordingState, Scope, Side,
};
use uuid::Uuid;

use super::database::Database;
use super::world::{Desk, HOLDER, World, at, close, phone};

/// Calls with recordings of 10, 20, 30 ... seconds, the third masked, the last one failed.
async fn recorded(world: &World, desk: &mut Desk, database: &Database, calls: u64) -> Vec<RecordingId> {
    let mut recordings = Vec::new();
    for number in 1..=calls {
        let attempt = desk.dial(world, &database.store).await;
        let recording = RecordingId { call: attempt.call, part: 1 };
        let length = Duration::from_secs(10 * number);
        let facts = RecordingFacts { path: recording.place("wav"), bytes: 1000 * number, duration: length };
        let state = if number == calls {
            RecordingState::Failed { reason: "the disk is full".to_owned() }
        } else {
            RecordingState::Verified(facts)
        };
        let mut writes = vec![Write::OpenRecording { recording, caller: None, started_at: at(100 * number) }];
        if number == 3 {
            let began = at(100 * number + 5);
            writes.push(Write::OpenGap { recording, at: began, reason: "card".to_owned() });
            writes.push(Write::CloseGap { recording, at: began + Duration::from_secs(2) });
        }
        writes.extend([
            close(&attempt, Outcome::Answered, LeadNext::Done),
            Write::SaveCall(Box::new(world.call_of(&attempt))),
            Write::CloseRecording { recording, state, expected: length },
        ]);
        if number == 2 {
            writes.push(Write::SaveDisposition(Box::new(world.said_of(&attempt, LeadNext::Done))));
        }
        desk.keep(writes).await;
        recordings.push(recording);
    }
    recordings
}

pub(crate) async fn they_are_found_by_every_field_of_their_call(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 5).await;
    let mut desk = Desk::of(store);
    let all = recorded(&world, &mut desk, database, 5).await;
    let hold = LegalHold { reason: "court".to_owned(), by: "admin".to_owned(), at: at(900) };
    assert!(store.hold_recording(all[3], Some(&hold)).await.unwrap());

    let any = RecordingFilter::default;
    let call = |call| RecordingFilter { call, ..any() };
    let of = HistoryFilter::default;
    let cases = [
        (any(), vec![4, 3, 2, 1, 0]),
        (call(HistoryFilter { agent: Some(world.agent), ..of() }), vec![4, 3, 2, 1, 0]),
        (call(HistoryFilter { campaign: Some(world.campaign), ..of() }), vec![4, 3, 2, 1, 0]),
        (call(HistoryFilter { campaign: Some(CampaignId::from_i64(99)), ..of() }), vec![]),
        (call(HistoryFilter { phone: Some(phone(1)), ..of() }), vec![1]),
        (call(HistoryFilter { from: Some(at(200)), until: Some(at(400)), ..of() }), vec![2, 1]),
        (RecordingFilter { list: Some(world.list), ..any() }, vec![4, 3, 2, 1, 0]),
        (RecordingFilter { list: Some(ListId::from_i64(99)), ..any() }, vec![]),
        (RecordingFilter { outcome: Some(Outcome::Answered), ..any() }, vec![4, 3, 2, 1, 0]),
        (RecordingFilter { outcome: Some(Outcome::Busy), ..any() }, vec![]),
        (RecordingFilter { disposition: Some("sale".to_owned()), ..any() }, vec![1]),
        (RecordingFilter { duration_min: Some(Duration::from_secs(20)), ..any() }, vec![3, 2, 1]),
        (RecordingFilter { duration_max: Some(Duration::from_secs(20)), ..any() }, vec![1, 0]),
        (RecordingFilter { state: Some("failed"), ..any() }, vec![4]),
        (RecordingFilter { archive: Some(ArchiveState::Waiting), ..any() }, vec![3, 2, 1, 0]),
        (RecordingFilter { has_gap: Some(true), ..any() }, vec![2]),
        (RecordingFilter { has_gap: Some(false), ..any() }, vec![4, 3, 1, 0]),
        (RecordingFilter { is_held: Some(true), ..any() }, vec![3]),
        (RecordingFilter { is_held: Some(false), has_gap: Some(true), ..any() }, vec![2]),
    ];
    for (filter, expected) in cases {
        let found = store.recordings(&filter, RecordingOrder::Latest, Page::first()).await.unwrap();
        let found: Vec<_> = found.iter().map(|row| row.id).collect();
        let expected: Vec<_> = expected.into_iter().map(|index: usize| all[index]).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let gaps = store.recording_gaps(all[2]).await.unwrap();
    assert_eq!((gaps[0].began_at, gaps[0].ended_at), (at(305), Some(at(307))));
    assert_eq!((gaps.len(), gaps[0].reason.as_str()), (1, "card"));
    assert_eq!(store.recording(all[3]).await.unwrap().unwrap().hold, Some(hold));
}

pub(crate) async fn those_of_callers_belong_to_their_queue_and_agent(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let mut desk = Desk::of(store);
    let dialled = recorded(&world, &mut desk, database, 1).await;
    let settings = QueueSettings { keep_wav: true, ..QueueSettings::default() };
    let queue =
        store.create_setting(&Queue { id: QueueId::from_i64(0), settings }, at(0)).await.unwrap().value.id;
    let call = CallId::from_uuid(Uuid::now_v7());
    let [over, live] = [1, 2].map(|part| RecordingId { call, part });
    let whose = CallerRecorded { queue: Some(queue), agent: Some(world.agent), phone: Some(phone(7)) };
    let facts = RecordingFacts { path: over.place("wav"), bytes: 9, duration: Duration::from_secs(4) };
    let said = CallerDisposition {
        call,
        queue,
        agent: world.agent,
        code: "helped".to_owned(),
        note: String::new(),
        at: at(1),
    };
    desk.keep([
        Write::OpenRecording { recording: over, caller: Some(whose), started_at: at(500) },
        Write::CloseRecording {
            recording: over,
            state: RecordingState::Verified(facts),
            expected: Duration::from_secs(4),
        },
        Write::OpenRecording { recording: live, caller: Some(whose), started_at: at(510) },
        Write::SaveCallerDisposition(Box::new(said)),
    ])
    .await;

    let found = async |filter: RecordingFilter| {
        let rows = store.recordings(&filter, RecordingOrder::Earliest, Page::first()).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let any = RecordingFilter::default;
    let of = HistoryFilter::default;
    assert_eq!(found(RecordingFilter { queue: Some(queue), ..any() }).await, [over, live]);
    let by_phone = HistoryFilter { phone: Some(phone(7)), ..of() };
    assert_eq!(found(RecordingFilter { call: by_phone, ..any() }).await, [over, live]);
    let by_agent = HistoryFilter { agent: Some(world.agent), ..of() };
    assert_eq!(found(RecordingFilter { call: by_agent, ..any() }).await, [dialled[0], over, live]);
    assert_eq!(
        found(RecordingFilter { disposition: Some("helped".to_owned()), ..any() }).await,
        [over, live]
    );
    let row = store.recording(over).await.unwrap().unwrap();
    assert_eq!((row.campaign, row.lead, row.queue, row.phone), (None, None, Some(queue), Some(phone(7))));

    let teams = |agents: &[AgentId], campaigns: &[CampaignId]| {
        let (agents, campaigns) = (agents.iter().copied().collect(), campaigns.iter().copied().collect());
        store.within(&Scope::Teams { agents, campaigns, queues: [].into() })
    };
    let seen = async |scoped: cadran::store::Store| {
        let rows = scoped.recordings(&any(), RecordingOrder::Earliest, Page::first()).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(
        seen(teams(&[world.agent], &[])).await,
        [over, live],
        "by the agent, where there is no campaign"
    );
    assert_eq!(seen(teams(&[], &[world.campaign])).await, [dialled[0]]);
    let serves = Scope::Teams { agents: [].into(), campaigns: [].into(), queues: [queue].into() };
    assert_eq!(seen(store.within(&serves)).await, [over, live], "by the queue");
    assert_eq!(
        store.owner_of_call(call).await.unwrap(),
        Some(Owner::Caller { queue: Some(queue), agent: Some(world.agent) })
    );

    let jobs = store.archive_jobs(HOLDER, at(600), 10).await.unwrap();
    let keep = ArchiveStep::Keep { path: over.place("wav"), with_wav: true };
    assert_eq!(jobs.iter().find(|job| job.recording == over).map(|job| &job.step), Some(&keep));
    let expiring = store.expiring_recordings(HOLDER, at(600), None, 10).await.unwrap();
    assert!(expiring.iter().any(|row| row.recording == over), "{expiring:?}");

    let recovery = store.recover(HOLDER, at(600)).await.unwrap();
    let open: Vec<_> = recovery.recordings.iter().map(|open| open.recording).collect();
    assert_eq!((open, recovery.latest_recordings), (vec![live], vec![live]));
    let days_later = store.recover(HOLDER, at(2 * 24 * 3600)).await.unwrap();
    assert_eq!(days_later.latest_recordings, [], "whoever was lost with the daemon is no longer on the line");

    // Which number and trunk it was is known once the call is over.
    let did = DidId::from_i64(7);
    let caller = CallerRecord {
        id: call,
        did: Some(did),
        trunk: Some(world.trunk),
        phone: Some(phone(7)),
        flow: None,
        path: Vec::new(),
        waits: Vec::new(),
        before: None,
        agent: Some(world.agent),
        arrived_at: at(500),
        answered_at: Some(at(500)),
        connected_at: Some(at(500)),
        ended_at: at(520),
        ended_by: Side::Customer,
        cause: HangupCause::default(),
    };
    desk.keep([Write::SaveCaller(Box::new(caller))]).await;
    assert_eq!(found(RecordingFilter { did: Some(did), ..any() }).await, [over, live]);
    assert_eq!(found(RecordingFilter { did: Some(DidId::from_i64(8)), ..any() }).await, []);
    let by_trunk = RecordingFilter { trunk: Some(world.trunk), ..any() };
    assert_eq!(found(by_trunk.clone()).await, [dialled[0], over, live]);
    let inbound = RecordingFilter { direction: Some(CallDirection::Inbound), ..by_trunk };
    assert_eq!(found(inbound).await, [over, live]);
    let outbound = RecordingFilter { direction: Some(CallDirection::Outbound), ..any() };
    assert_eq!(found(outbound).await, [dialled[0]]);
    let row = store.recording(over).await.unwrap().unwrap();
    assert_eq!((row.did, row.trunk), (Some(did), Some(world.trunk)));
}

pub(crate) async fn every_order_has_pages_without_gap_or_overlap(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 5).await;
    let mut desk = Desk::of(store);
    let all = recorded(&world, &mut desk, database, 5).await;
    let cases = [
        (RecordingOrder::Earliest, vec![0, 1, 2, 3, 4]),
        (RecordingOrder::Latest, vec![4, 3, 2, 1, 0]),
        (RecordingOrder::Longest, vec![3, 2, 1, 0]),
        (RecordingOrder::Shortest, vec![0, 1, 2, 3]),
    ];
    for (order, expected) in cases {
        let mut found: Vec<RecordingId> = Vec::new();
        for _ in 0..3 {
            let page = Page { after: found.last().copied(), limit: 2 };
            let rows = store.recordings(&RecordingFilter::default(), order, page).await.unwrap();
            found.extend(rows.iter().map(|row| row.id));
        }
        let expected: Vec<_> = expected.into_iter().map(|index: usize| all[index]).collect();
        assert_eq!(found, expected, "{order:?}");
    }
}

pub(crate) async fn a_hold_is_stronger_than_a_deletion(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 3).await;
    let mut desk = Desk::of(store);
    let all = recorded(&world, &mut desk, database, 2).await;
    let still_up = RecordingId { call: desk.dial(&world, store).await.call, part: 1 };
    desk.keep([Write::OpenRecording { recording: still_up, caller: None, started_at: at(700) }]).await;
    let nothing = RecordingId { call: CallId::from_uuid(Uuid::now_v7()), part: 1 };
    let hold = LegalHold { reason: "court".to_owned(), by: "admin".to_owned(), at: at(900) };
    let order = |recording| DeletionOrder {
        recording,
        at: at(1000),
        rule: None,
        reason: "asked by the customer".to_owned(),
        by: Some("admin".to_owned()),
    };
    assert!(store.hold_recording(all[0], Some(&hold)).await.unwrap());
    assert!(!store.hold_recording(nothing, Some(&hold)).await.unwrap());
    for (recording, expected) in [
        (all[0], Ordered::Held),
        (still_up, Ordered::Open),
        (nothing, Ordered::Unknown),
        (all[1], Ordered::Yes),
        (all[1], Ordered::Yes),
    ] {
        assert_eq!(store.delete_recording(&order(recording)).await.unwrap(), expected);
    }
    assert!(!store.hold_recording(all[1], Some(&hold)).await.unwrap(), "it is too late");
    assert!(store.hold_recording(all[0], None).await.unwrap());
    assert_eq!(store.delete_recording(&order(all[0])).await.unwrap(), Ordered::Yes);

    store.recording_deleted(all[0], at(1001), at(5000)).await.unwrap();
    let deletions = store.deletions(Page::first()).await.unwrap();
    assert_eq!(deletions.len(), 2);
    let proof = store.deletion(all[0]).await.unwrap().unwrap();
    assert_eq!(proof.order, order(all[0]));
    assert_eq!((proof.deleted_at, proof.backups_until), (Some(at(1001)), Some(at(5000))));
    assert_eq!(store.recording(all[0]).await.unwrap().unwrap().archive, ArchiveState::Deleted);
}

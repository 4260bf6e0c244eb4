//! Persons who are erased: gone from every table, counted all the same, and not brought back by anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use cadran::erasures::{ERASURES_FILE, ErasureList, apply_again};
use cadran::store::{
    ArchiveState, Consent, DecisionFilter, DoNotCall, DoneReason, Erased, ErasureOrder, Error, EventKind,
    HandDialled, HistoryFilter, HistoryOrder, ImportOutcome, ImportRow, KeptAnswer, LeadChange, LegalHold,
    ListedCaller, NewLead, NotErased, NotReset, Page, Relationship, RelationshipKind, RowContent, Store,
    SurveyFilter, Tenant, digest,
};
use cadran_engine::command::{CallerRecorded, DispositionRecord, LeadNext, Write};
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::incoming::{
    CallerCallback, CallerDisposition, CallerRecord, MessageRecord, QueueExit, QueueWait,
};
use cadran_engine::model::{
    Attempt, CallId, ErasureId, HangupCause, LeadId, LeadState, MessageId, Outcome, Phone, QueueId,
    RecordingFacts, RecordingId, RecordingState, Side, TenantId, TenantState,
};
use serde_json::json;
use uuid::Uuid;

use super::database::Database;
use super::settings::a_user;
use super::webhooks::a_webhook;
use super::world::{Desk, HOLDER, NOW, World, a_lead, a_mailbox, at, close, phone};

/// The digits of the person's numbers, of whoever else is there, and two more that are the person's own.
const PREFERRED: u32 = 40_501;
const ALTERNATE: u32 = 40_502;
const STRANGER: u32 = 40_503;
const NAME: &str = "Marie Dupont";
const NOTE: &str = "has a sister in Brest";

/// What a text holds of a number, however it is written there.
fn digits(last: u32) -> String {
    format!("990{last:05}")
}

fn order(reason: &str) -> ErasureOrder {
    let id = ErasureId::from_uuid(Uuid::now_v7());
    ErasureOrder { id, at: at(9_000), by: Some("ada".to_owned()), reason: reason.to_owned() }
}

async fn erase(store: &Store, phone: Phone) -> Erased {
    store.begin_erasure(phone, &order("by letter")).await.unwrap().unwrap().commit().await.unwrap()
}

fn facts(recording: RecordingId) -> RecordingState {
    let (path, duration) = (recording.place("wav"), Duration::from_secs(9));
    RecordingState::Verified(RecordingFacts { path, bytes: 9, duration })
}

/// What a centre comes to know of somebody: a lead with two numbers whom it has called and talked to, who has called,
/// left a message, answered a survey, been promised a callback, and of whom people have written things down.
struct Centre {
    world: World,
    desk: Desk,
    lead: LeadId,
    attempt: Attempt,
    dialled: RecordingId,
    called: RecordingId,
}

impl Centre {
    async fn new(store: &Store) -> Self {
        let world = World::with_leads(store, 0).await;
        let webhook = a_webhook(&[EventKind::CallEnded], true);
        store.create_webhook(&webhook, NOW).await.unwrap();
        let lead = import(store, &world).await;
        let mut desk = Desk::of(store);
        let attempt = desk.dial(&world, store).await;
        assert_eq!(attempt.lead, lead);
        let dialled = RecordingId { call: attempt.call, part: 1 };
        let said = DispositionRecord {
            note: NOTE.to_owned(),
            refused: true,
            ..world.said_of(&attempt, LeadNext::Again { due_at: at(99_000), phone: 1 })
        };
        desk.keep([
            Write::OpenRecording { recording: dialled, caller: None, started_at: at(6) },
            close(&attempt, Outcome::Answered, LeadNext::Again { due_at: at(99_000), phone: 1 }),
            Write::SaveCall(Box::new(world.call_of(&attempt))),
            Write::CloseRecording {
                recording: dialled,
                state: facts(dialled),
                expected: Duration::from_secs(9),
            },
            Write::SaveDisposition(Box::new(said)),
        ])
        .await;
        let call = CallId::from_uuid(Uuid::now_v7());
        let called = RecordingId { call, part: 1 };
        let centre = Self { world, desk, lead, attempt, dialled, called };
        centre.call_in(store).await;
        centre.write_down(store).await;
        centre
    }

    /// The person calls from their other number.
    async fn call_in(&self, store: &Store) {
        let (queue, phone, call) = (QueueId::from_i64(1), Some(phone(ALTERNATE)), self.called.call);
        let mailbox = store.create_setting(&a_mailbox(), NOW).await.unwrap().value.id;
        let wait =
            QueueWait { queue, since: at(100), waited: Duration::from_secs(1), exit: QueueExit::Answered };
        let record = CallerRecord {
            id: call,
            did: None,
            trunk: None,
            phone,
            flow: None,
            path: Vec::new(),
            waits: vec![wait],
            before: None,
            agent: Some(self.world.agent),
            arrived_at: at(100),
            answered_at: Some(at(100)),
            connected_at: Some(at(101)),
            ended_at: at(160),
            ended_by: Side::Customer,
            cause: HangupCause::default(),
        };
        let message = MessageRecord {
            id: MessageId::from_uuid(Uuid::from_u128(1)),
            mailbox,
            call,
            phone,
            at: at(150),
            length: Duration::from_secs(4),
            notify: Vec::new(),
            transcribe: false,
        };
        let spoken = MessageId::from_uuid(Uuid::from_u128(2));
        let said = CallerDisposition {
            call,
            queue,
            agent: self.world.agent,
            code: "helped".to_owned(),
            note: NOTE.to_owned(),
            at: at(161),
        };
        let labels = vec!["vip".to_owned(), format!("from 0{}", &phone.unwrap().e164()[3..])];
        let whose = CallerRecorded { queue: Some(queue), agent: Some(self.world.agent), phone };
        let answers =
            vec![("polite".to_owned(), json!("yes")), ("why".to_owned(), json!(spoken.to_string()))];
        self.desk
            .keep([
                Write::OpenRecording { recording: self.called, caller: Some(whose), started_at: at(101) },
                Write::SaveMessage(Box::new(message)),
                Write::SaveAnswers { call, survey: "calls".to_owned(), answers, at: at(155) },
                Write::TagCall { call, outcome: None, labels },
                Write::SaveCaller(Box::new(record)),
                Write::CloseRecording {
                    recording: self.called,
                    state: facts(self.called),
                    expected: Duration::from_secs(9),
                },
                Write::SaveCallerDisposition(Box::new(said)),
            ])
            .await;
        store.book_callback(&promise(call), None, HOLDER).await.unwrap();
    }

    /// People write down what they know of the person.
    async fn write_down(&self, store: &Store) {
        let (seller, recorded_by) = (self.world.seller, "usr_1".to_owned());
        let consent = Consent {
            id: 0,
            seller,
            phone: phone(PREFERRED),
            purpose: "phone_marketing".to_owned(),
            text_version: "2026".to_owned(),
            channel: "form".to_owned(),
            evidence: NOTE.to_owned(),
            hours_waiver: false,
            written: false,
            given_at: NOW,
            expires_at: None,
            revoked: None,
            recorded_by: recorded_by.clone(),
            recorded_at: NOW,
        };
        store.add_consent(&consent).await.unwrap();
        let relationship = Relationship {
            id: 0,
            seller,
            phone: phone(ALTERNATE),
            kind: RelationshipKind::Contract,
            related: true,
            reference: NAME.to_owned(),
            began_at: NOW,
            ended_at: None,
            recorded_by: recorded_by.clone(),
            recorded_at: NOW,
        };
        store.add_relationship(&relationship).await.unwrap();
        let entry = DoNotCall {
            id: 0,
            phone: phone(ALTERNATE),
            campaign: None,
            seller: None,
            reason: NOTE.to_owned(),
            until: None,
            added_by: recorded_by.clone(),
            at: NOW,
        };
        store.add_do_not_call(&entry).await.unwrap();
        let listed = ListedCaller {
            id: 0,
            list: "vip".to_owned(),
            phone: phone(PREFERRED),
            note: NAME.to_owned(),
            added_by: recorded_by,
            at: NOW,
        };
        store.list_caller(&listed).await.unwrap();
        let user = store.create_user(&a_user(), NOW).await.unwrap().value.id;
        store.begin_once(user, "key", &[7; 32], NOW).await.unwrap();
        let body = json!({ "phone": phone(PREFERRED), "name": NAME }).to_string();
        store.answer_once(user, "key", &KeptAnswer { status: 201, location: None, body }).await.unwrap();
    }
}

fn promise(call: CallId) -> CallerCallback {
    CallerCallback {
        id: call,
        queue: QueueId::from_i64(1),
        phone: phone(ALTERNATE),
        did: None,
        agent: None,
        booked_at: at(170),
        due_at: at(7_000),
        place: None,
        tries: 0,
        language: None,
    }
}

/// A file that writes the person's numbers in every way.
async fn import(store: &Store, world: &World) -> LeadId {
    let person = NewLead {
        alternates: vec![phone(ALTERNATE)],
        name: NAME.to_owned(),
        fields: json!({ "town": "Brest", "sister": NAME }).as_object().unwrap().clone(),
        priority: 9,
        ..a_lead(PREFERRED)
    };
    let whole = phone(PREFERRED).e164();
    let (preferred, alternate) = (&whole[4..], digits(ALTERNATE));
    let row = |number, text, content| ImportRow { number, text, content, remark: None };
    let rows = vec![
        row(
            1,
            format!("01 {} {} {};{NAME}", &preferred[..2], &preferred[2..4], &preferred[4..]),
            RowContent::Lead(person),
        ),
        row(2, format!("0033-1.{alternate};{NAME};odd"), RowContent::Refused),
        row(3, format!("{whole};{NAME}"), RowContent::Repeated),
        row(4, phone(STRANGER).e164(), RowContent::Lead(a_lead(STRANGER))),
    ];
    let import = store.begin_import(world.list, "june.csv", "phone", None, NOW).await.unwrap();
    store.import_rows(import.id, rows, NOW).await.unwrap();
    store.end_import(import.id, None, NOW).await.unwrap();
    store.lead_to_dial(world.campaign, phone(PREFERRED)).await.unwrap().unwrap().lead.id
}

async fn holding(database: &Database) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (what, text) in [
        ("preferred", digits(PREFERRED)),
        ("alternate", digits(ALTERNATE)),
        ("name", NAME.to_owned()),
        ("note", NOTE.to_owned()),
    ] {
        found.insert(what, database.tables_holding(&text).await);
    }
    found
}

async fn figures(store: &Store) -> String {
    let attempts = store.attempts(HistoryFilter::default(), HistoryOrder::Earliest, Page::first()).await;
    let attempts: Vec<_> =
        attempts.unwrap().into_iter().map(|row| (row.attempt.id, row.outcome, row.ended_at)).collect();
    let decisions = store.dial_decisions(DecisionFilter::default(), Page::first()).await.unwrap();
    let choices = store.survey_counts(&SurveyFilter::default()).await.unwrap();
    let choices: Vec<_> = choices.iter().filter(|count| count.question == "polite").collect();
    format!("{attempts:?} {} {choices:?}", decisions.len())
}

pub(crate) async fn an_erased_person_is_in_no_table_and_is_counted_all_the_same(database: &Database) {
    let store = &database.store;
    let centre = Centre::new(store).await;
    let known: BTreeSet<String> = holding(database).await.into_values().flatten().collect();
    for table in [
        "abandonment",
        "attempt",
        "call_tag",
        "caller_call",
        "caller_callback",
        "caller_disposition",
        "consent",
        "disposition",
        "do_not_call",
        "idempotency",
        "import_row",
        "lead",
        "listed_caller",
        "message",
        "person_phone",
        "recording",
        "refusal",
        "relationship",
        "webhook_delivery",
    ] {
        assert!(known.contains(table), "the story does not reach `{table}`: {known:?}");
    }
    let before = figures(store).await;

    let Erased { erasure, files } = erase(store, phone(PREFERRED)).await;
    for (what, tables) in holding(database).await {
        assert!(tables.is_empty(), "the {what} is still in {tables:?}");
    }
    assert_eq!(figures(store).await, before, "what is counted stays");
    let stays = [phone(PREFERRED), phone(ALTERNATE)].map(digest);
    assert_eq!(BTreeSet::from_iter(erasure.digests.clone()), stays.into());
    assert_eq!(files.len(), 2, "the message and the spoken answer: {files:?}");
    for (kind, count) in [
        ("attempts", 1),
        ("caller_callbacks", 1),
        ("caller_calls", 1),
        ("consents", 1),
        ("deliveries", 2),
        ("do_not_call", 1),
        ("import_rows", 3),
        ("leads", 1),
        ("listed_callers", 1),
        ("marks", 1),
        ("messages", 1),
        ("notes", 2),
        ("recordings", 2),
        ("refusals", 1),
        ("relationships", 1),
        ("spoken_answers", 1),
    ] {
        assert_eq!(erasure.counts.get(kind), Some(&count), "{kind}: {:?}", erasure.counts);
    }
    assert_eq!(store.erasures(Page::first()).await.unwrap(), [erasure]);

    let lead = store.lead(centre.lead).await.unwrap().unwrap();
    assert_eq!((lead.state, lead.done_reason), (LeadState::Done, Some(DoneReason::Forbidden)));
    assert_eq!((lead.held_because, lead.name.as_str(), lead.fields.len()), (Some(Reason::Erased), "", 0));
    assert!(lead.lead.phone.starts_with("999"), "nobody can have the number");
    for recording in [centre.dialled, centre.called] {
        assert_eq!(store.recording(recording).await.unwrap().unwrap().archive, ArchiveState::Deleting);
        let proof = store.deletion(recording).await.unwrap().unwrap().order;
        assert!(proof.reason.starts_with("erasure ers_") && proof.by == Some("ada".to_owned()), "{proof:?}");
    }
    let stranger = store.lead_to_dial(centre.world.campaign, phone(STRANGER)).await.unwrap().unwrap();
    assert_eq!((stranger.state, stranger.name), (LeadState::Waiting, format!("Lead {STRANGER}")));

    // What the engine and the agent had not said yet comes late, and brings nothing back.
    let late = DispositionRecord {
        note: NOTE.to_owned(),
        do_not_call: true,
        at: at(9_001),
        ..centre.world.said_of(&centre.attempt, LeadNext::Done)
    };
    let standing = cadran_engine::model::incoming::CallbackStanding::Withdrawn;
    let callback = Box::new(promise(centre.called.call));
    centre
        .desk
        .keep([
            Write::SaveDisposition(Box::new(late)),
            Write::SaveCallback { callback, standing, by: None, at: at(9_002) },
        ])
        .await;
    for (what, tables) in holding(database).await {
        assert!(tables.is_empty(), "the {what} came back in {tables:?}");
    }
}

pub(crate) async fn whoever_was_erased_is_not_brought_back(database: &Database) {
    let store = &database.store;
    let centre = Centre::new(store).await;
    erase(store, phone(ALTERNATE)).await;
    let world = &centre.world;

    let again = NewLead { alternates: vec![phone(ALTERNATE)], ..a_lead(50) };
    let rows: Vec<ImportRow> = [a_lead(PREFERRED), again.clone(), a_lead(51)]
        .into_iter()
        .zip(1..)
        .map(|(lead, number)| ImportRow {
            number,
            text: lead.phone.e164(),
            content: RowContent::Lead(lead),
            remark: None,
        })
        .collect();
    let import = store.begin_import(world.list, "july.csv", "phone", None, NOW).await.unwrap().id;
    let outcomes = store.import_rows(import, rows, NOW).await.unwrap();
    assert_eq!(outcomes, [ImportOutcome::Refused, ImportOutcome::Refused, ImportOutcome::Accepted]);
    let report = store.import_report(import, true, Page::first()).await.unwrap();
    for row in &report {
        assert_eq!((row.text.as_str(), row.remark.as_deref()), ("", Some("0:erased")));
    }

    let is_refused =
        |outcome: Result<(), Error>| assert!(matches!(outcome, Err(Error::Erased)), "{outcome:?}");
    is_refused(store.add_lead(world.list, again, NOW).await.map(drop));
    let other = store.lead_to_dial(world.campaign, phone(51)).await.unwrap().unwrap();
    let change = LeadChange {
        alternates: Some(vec![phone(PREFERRED)]),
        name: "Other".to_owned(),
        zone: other.lead.zone.clone(),
        priority: 0,
        fields: other.fields.clone(),
    };
    is_refused(store.change_lead(other.lead.id, other.rev, &change, NOW).await);
    let erased = store.lead(centre.lead).await.unwrap().unwrap();
    let named = LeadChange { alternates: None, ..change };
    is_refused(store.change_lead(erased.lead.id, erased.rev, &named, NOW).await);
    let by_hand = HandDialled {
        campaign: world.campaign,
        list: Some(world.list),
        list_name: "by hand",
        phone: phone(PREFERRED),
        name: "",
        zone: &other.lead.zone,
    };
    is_refused(store.make_lead_to_dial(&by_hand, NOW).await.map(drop));
    let reset = store.reset_lead(centre.lead, NOW).await.unwrap();
    assert!(matches!(reset, Err(NotReset::Denied { reason: Reason::Erased, .. })), "{reset:?}");
    assert!(database.tables_holding(&digits(PREFERRED)).await.is_empty());

    // Nor is anybody dialled whom a hopper or a waiting lead still has.
    let mut desk = centre.desk;
    let attempt = world.attempt_on(&world.claim(store).await);
    let listed: BTreeSet<String> = [phone(STRANGER), phone(51)].map(digest).into();
    store.begin_erasure_again(&[], &listed, &order("restored")).await.unwrap().commit().await.unwrap();
    desk.queue.write(Write::SaveAttempt(Box::new(attempt.clone()))).unwrap();
    let refusal = AttemptRefusal::Forbidden(Reason::Erased);
    assert_eq!(desk.hears().await, StoreEvent::AttemptRefused { attempt: attempt.id, refusal });
    let claim = store.claim_leads(world.campaign, 9, NOW, HOLDER).await.unwrap();
    assert!(claim.leads.is_empty() && claim.denied.contains_key(&Reason::Erased), "{claim:?}");
}

pub(crate) async fn nobody_is_erased_who_is_called_or_must_be_kept(database: &Database) {
    let store = &database.store;
    let mut centre = Centre::new(store).await;
    let refused = async |last| store.begin_erasure(phone(last), &order("by letter")).await.unwrap().err();
    let hold = LegalHold { reason: "court".to_owned(), by: "ada".to_owned(), at: NOW };
    assert!(store.hold_recording(centre.called, Some(&hold)).await.unwrap());
    assert_eq!(refused(PREFERRED).await, Some(NotErased::Held(centre.called)));
    assert!(store.hold_recording(centre.called, None).await.unwrap());

    let attempt = centre.desk.dial(&centre.world, store).await;
    assert_eq!(attempt.phone, phone(STRANGER));
    assert_eq!(refused(STRANGER).await, Some(NotErased::Live));
    let recording = RecordingId { call: attempt.call, part: 1 };
    centre
        .desk
        .keep([
            Write::OpenRecording { recording, caller: None, started_at: at(6) },
            close(&attempt, Outcome::Answered, LeadNext::Done),
        ])
        .await;
    assert_eq!(refused(STRANGER).await, Some(NotErased::Live), "it is still being written");
    let (state, expected) = (facts(recording), Duration::from_secs(9));
    centre.desk.keep([Write::CloseRecording { recording, state, expected }]).await;
    assert!(store.erasures(Page::first()).await.unwrap().is_empty(), "nothing came of the others");
    assert_eq!(erase(store, phone(STRANGER)).await.erasure.counts["leads"], 1);

    // Of somebody unknown nothing goes, and nobody will bring them.
    let unknown = erase(store, phone(60)).await.erasure;
    assert_eq!((unknown.digests, unknown.counts.values().sum::<u64>()), (vec![digest(phone(60))], 0));
    let outcome = store.add_lead(centre.world.list, a_lead(60), NOW).await;
    assert!(matches!(outcome, Err(Error::Erased)), "{outcome:?}");
}

/// The state after a restore: the list outside the database has an erasure of which the database does not know.
pub(crate) async fn a_backup_that_brings_somebody_back_is_erased_again(database: &Database) {
    let store = &database.store;
    let mut centre = Centre::new(store).await;
    let directory = tempfile::tempdir().unwrap();
    let list = ErasureList::of(directory.path());
    for (last, reason) in [(PREFERRED, "by letter"), (STRANGER, "by telephone")] {
        let erasing = store.begin_erasure(phone(last), &order(reason)).await.unwrap().unwrap();
        list.note(erasing.erasure()).await.unwrap();
    }
    let noted = fs::read_to_string(directory.path().join(ERASURES_FILE)).unwrap();
    assert!(!noted.contains(&digits(PREFERRED)) && !noted.contains("letter"), "{noted}");
    // The backup was made while one of them was called and a recording of the other was held.
    centre.desk.dial(&centre.world, store).await;
    let hold = LegalHold { reason: "court".to_owned(), by: "ada".to_owned(), at: NOW };
    assert!(store.hold_recording(centre.called, Some(&hold)).await.unwrap());
    let message = directory.path().join(format!("{}.wav", MessageId::from_uuid(Uuid::from_u128(1))));
    fs::write(&message, "sound").unwrap();

    assert_eq!(apply_again(store, &list, directory.path(), at(10_000)).await.unwrap(), 2);
    for (what, tables) in holding(database).await {
        assert!(tables.is_empty(), "the {what} is still in {tables:?}");
    }
    assert!(database.tables_holding(&digits(STRANGER)).await.is_empty());
    assert!(!message.exists(), "its sound is gone");
    let erasures = store.erasures(Page::first()).await.unwrap();
    assert!(erasures.iter().all(|erasure| erasure.order.reason == "restored" && erasure.order.by.is_none()));
    assert_eq!(erasures[1].counts["held_recordings"], 1);
    assert_eq!(store.recording(centre.called).await.unwrap().unwrap().hold, Some(hold), "the hold stands");
    assert_eq!(store.recording(centre.dialled).await.unwrap().unwrap().archive, ArchiveState::Deleting);
    assert!(store.recover(HOLDER, at(10_001)).await.unwrap().attempts.is_empty());

    assert_eq!(apply_again(store, &list, directory.path(), at(10_002)).await.unwrap(), 0);
    assert_eq!(fs::read_to_string(directory.path().join(ERASURES_FILE)).unwrap(), noted);
}

pub(crate) async fn the_list_outside_learns_what_only_the_database_knows(database: &Database) {
    let store = &database.store;
    let erased = erase(store, phone(60)).await.erasure;
    let directory = tempfile::tempdir().unwrap();
    let list = ErasureList::of(directory.path());
    for _ in 0..2 {
        assert_eq!(apply_again(store, &list, directory.path(), NOW).await.unwrap(), 0);
        let noted = fs::read_to_string(directory.path().join(ERASURES_FILE)).unwrap();
        assert_eq!(noted.lines().count(), 1, "{noted}");
        assert!(
            noted.contains(&erased.order.id.to_string()) && noted.contains(&erased.digests[0]),
            "{noted}"
        );
    }
}

pub(crate) async fn another_tenants_person_with_the_same_number_stays(database: &Database) {
    let tenant = Tenant {
        id: TenantId::from_i64(0),
        slug: "acme".parse().unwrap(),
        name: "Acme".to_owned(),
        hosts: BTreeSet::new(),
        state: TenantState::Active,
        created_at: NOW,
    };
    let tenant = database.whole.create_tenant(&tenant).await.unwrap().value;
    let theirs = database.whole.store(&tenant).await.unwrap();
    let theirs = theirs.under(cadran::rule_packs::shipped().unwrap());
    let their_world = World::with_leads(&theirs, 1).await;
    World::with_leads(&database.store, 1).await;
    assert_eq!(erase(&database.store, phone(0)).await.erasure.counts["leads"], 1);

    let lead = their_world.claim(&theirs).await;
    assert_eq!(lead.phone, phone(0));
    assert!(theirs.erasures(Page::first()).await.unwrap().is_empty());
    let (_, is_new) = theirs.add_lead(their_world.list, a_lead(0), NOW).await.unwrap();
    assert!(!is_new);
}

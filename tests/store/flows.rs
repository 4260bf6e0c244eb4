//! Flows, their revisions and tests, what they refer to, and messages in mailboxes.

use std::collections::BTreeSet;
use std::time::Duration;

use cadran::store::{
    DispositionGroup, DoNotCall, Error, Flow, FlowFilter, FlowRevision, FlowTest, ListedCaller, Message,
    NamedHours, Page, PauseChoice, Pointer, Setting, Skill, SoundFile, Store,
};
use cadran_engine::flow::driver::Driver;
use cadran_engine::flow::nodes::{CallerCheck, LookupSource};
use cadran_engine::model::{
    CalendarId, CallId, Canary, Did, DidId, Disposition, DispositionGroupId, FlowId, FlowTestId, Greeting,
    Mailbox, MessageId, MessageLamp, PauseReasonId, Queue, QueueId, QueueSettings, SkillId, Track,
};
use serde_json::json;
use uuid::Uuid;

use super::database::Database;
use super::world::{NOW, World, a_mailbox, at, phone};

async fn a_flow(store: &Store, name: &str) -> Flow {
    let document = |id: FlowId| json!({ "id": id, "nodes": {} }).to_string();
    store.create_flow((name, "ivr"), document, NOW).await.unwrap().value
}

fn a_revision(flow: FlowId, document: &str) -> FlowRevision {
    FlowRevision {
        flow,
        revision: 0,
        document: document.to_owned(),
        hash: "h".to_owned(),
        author: "ada".to_owned(),
        message: "\u{0}as agreed".to_owned(),
        report: json!([{ "code": "no_person" }]),
        tests: json!([]),
        published_at: NOW,
    }
}

pub(crate) async fn a_draft_is_kept_once_and_published_as_it_stands(database: &Database) {
    let store = &database.store;
    let flow = a_flow(store, "Accueil").await;
    assert!(flow.draft.contains(&flow.id.to_string()), "the document names itself: {}", flow.draft);
    assert!(matches!(
        store.create_flow(("Accueil", "ivr"), |_| "{}".to_owned(), NOW).await,
        Err(Error::Taken(_))
    ));
    let changed = Flow { draft: r#"{"odd":"\u0000"}"#.to_owned(), ..flow.clone() };
    let kept = store.update_draft(&changed, 1, at(1)).await.unwrap();
    assert_eq!((kept.rev, kept.value.draft.as_str()), (2, r#"{"odd":"\u0000"}"#));
    assert!(matches!(store.update_draft(&changed, 1, at(2)).await, Err(Error::Changed("flow"))));

    let revision = a_revision(flow.id, &kept.value.draft);
    assert!(matches!(store.publish(&revision, 1, Pointer::Live).await, Err(Error::Changed("flow"))));
    let (one, two) =
        tokio::join!(store.publish(&revision, 2, Pointer::Live), store.publish(&revision, 2, Pointer::Test));
    let numbers: BTreeSet<u32> = [one.unwrap().revision, two.unwrap().revision].into();
    assert_eq!(numbers, [1, 2].into(), "two publishers get two numbers");
    let seen = store.flow(flow.id).await.unwrap().unwrap();
    assert_eq!((seen.value.live.is_some(), seen.value.test.is_some(), seen.rev), (true, true, 2));
    let read = store.flow_revision(flow.id, 1).await.unwrap().unwrap();
    assert_eq!((read.document.as_str(), &read.report), (r#"{"odd":"\u0000"}"#, &revision.report));
    assert!(matches!(store.point(flow.id, Pointer::Live, Some(9)).await, Err(Error::NotFound("revision"))));
    assert_eq!(store.point(flow.id, Pointer::Live, Some(1)).await.unwrap().value.live, Some(1));
    assert_eq!(store.point(flow.id, Pointer::Test, None).await.unwrap().value.test, None);
    let page = store.flow_revisions(flow.id, Page { after: Some(2), limit: 10 }).await.unwrap();
    assert_eq!(page.iter().map(|revision| revision.revision).collect::<Vec<_>>(), [1]);
    assert!(matches!(store.delete_flow(flow.id, 2).await, Err(Error::Linked(_))));
    let live = FlowFilter { kind: Some("ivr".to_owned()), live: Some(true) };
    assert_eq!(store.flows(&live, Page::first()).await.unwrap().len(), 1);
    let none = FlowFilter { kind: Some("script".to_owned()), live: None };
    assert!(store.flows(&none, Page::first()).await.unwrap().is_empty());
}

pub(crate) async fn calls_get_the_revisions_that_they_can_come_to(database: &Database) {
    let store = &database.store;
    let inner = a_flow(store, "Dedans").await;
    let document = |text: &str| {
        json!({ "v": 1, "id": inner.id, "kind": "subflow", "name": text, "locales": ["fr-FR"], "start": "n_back",
            "nodes": { "n_back": { "kind": "return", "name": "done" } } })
        .to_string()
    };
    for text in ["first", "second", "third", "fourth", "fifth"] {
        store.publish(&a_revision(inner.id, &document(text)), 1, Pointer::Live).await.unwrap();
    }
    let outer = a_flow(store, "Dehors").await;
    let calling = json!({ "nodes": {
        "n_a": { "kind": "subflow", "flow": inner.id, "pin": "r1" },
        "n_b": { "kind": "subflow", "flow": inner.id, "pin": "live" } } });
    store.publish(&a_revision(outer.id, &calling.to_string()), 1, Pointer::Live).await.unwrap();
    store.publish(&a_revision(outer.id, "{}"), 1, Pointer::Live).await.unwrap();
    store.point(outer.id, Pointer::Live, Some(1)).await.unwrap();
    let did = Did {
        id: DidId::from_i64(0),
        number: phone(1),
        also_written: vec!["0199000001".to_owned()],
        flow: outer.id,
        track: Track::Live,
        canary: Some(Canary { revision: 2, share: 10 }),
        locale: None,
        fallback: None,
        recording: None,
        via: Driver::FastAgi,
    };
    let did = store.create_setting(&did, NOW).await.unwrap().value;
    assert!(
        matches!(store.create_setting(&did, NOW).await, Err(Error::Taken(_))),
        "a number leads to one flow"
    );
    let settings = store.settings().await.unwrap();
    let revisions = |id: FlowId| {
        let flow = settings.flows.iter().find(|flow| flow.id == id).unwrap();
        flow.revisions.keys().copied().collect::<Vec<_>>()
    };
    assert_eq!((revisions(outer.id), revisions(inner.id)), (vec![1, 2], vec![1, 3, 4, 5]));
    assert_eq!(settings.dids, std::slice::from_ref(&did));
    let world = store.flow_world(outer.id, &calling.to_string(), ["crm".to_owned()].into()).await.unwrap();
    assert_eq!((world.called.len(), world.drivers), (2, [Driver::FastAgi].into()));
    assert!(matches!(store.delete_flow(outer.id, 1).await, Err(Error::Linked(_))));
    store.delete_setting::<Did>(did.id, 1).await.unwrap();
}

/// Each noun is kept, changed by one of two people, found again and removed.
async fn lives<S: Setting + PartialEq + std::fmt::Debug + Clone>(
    store: &Store,
    value: S,
    changed: impl Fn(S) -> S,
) {
    let kept = store.create_setting(&value, NOW).await.unwrap();
    let id = kept.value.id();
    assert!(matches!(store.create_setting(&value, NOW).await, Err(Error::Taken(_))), "{}", S::NOUN);
    let changed = changed(kept.value);
    let kept = store.update_setting(&changed, 1, at(1)).await.unwrap();
    assert_eq!((kept.rev, &kept.value), (2, &changed));
    assert!(
        matches!(store.update_setting(&changed, 1, at(2)).await, Err(Error::Changed(noun)) if noun == S::NOUN)
    );
    assert_eq!(store.setting::<S>(id).await.unwrap().unwrap().value, changed);
    assert_eq!(store.settings_page::<S>(Page::first()).await.unwrap().len(), 1);
    assert_eq!(store.settings_page::<S>(Page { after: Some(id), limit: 5 }).await.unwrap().len(), 0);
    assert_eq!(store.all_settings::<S>().await.unwrap(), [changed]);
    assert!(matches!(store.delete_setting::<S>(id, 1).await, Err(Error::Changed(_))));
    store.delete_setting::<S>(id, 2).await.unwrap();
    assert!(matches!(store.delete_setting::<S>(id, 2).await, Err(Error::NotFound(_))));
}

pub(crate) async fn every_noun_of_inbound_work_is_kept(database: &Database) {
    let store = &database.store;
    let settings = QueueSettings { name: "Ventes".to_owned(), ..QueueSettings::default() };
    lives(store, Queue { id: QueueId::from_i64(0), settings }, |mut queue| {
        queue.settings.priority = 7;
        queue
    })
    .await;
    let calendar = json!({ "tz": "Europe/Paris", "open": [{ "days": [1], "from": "09:00", "to": "18:00" }],
        "holidays": "fr", "exceptions": [{ "date": "2026-12-24", "open": [{ "from": "09:00", "to": "12:00" }] }] });
    let calendar = serde_json::from_value(calendar).unwrap();
    let hours = NamedHours { id: CalendarId::from_i64(0), name: "Bureau".to_owned(), calendar };
    lives(store, hours, |hours| NamedHours { name: "Accueil".to_owned(), ..hours }).await;
    let skill = Skill { id: SkillId::from_i64(0), name: "french".to_owned(), description: String::new() };
    lives(store, skill, |skill| Skill { description: "Parle français".to_owned(), ..skill }).await;
    let lunch = PauseChoice {
        id: PauseReasonId::from_i64(0),
        code: "lunch".to_owned(),
        label_fr: "Déjeuner".to_owned(),
        label_en: "Lunch".to_owned(),
        paid: false,
        pause_max: Some(Duration::from_secs(3600)),
    };
    lives(store, lunch, |reason| PauseChoice { paid: true, pause_max: None, ..reason }).await;
    let dispositions = Disposition::usual();
    let group =
        DispositionGroup { id: DispositionGroupId::from_i64(0), name: "Sales".to_owned(), dispositions };
    lives(store, group, |group| DispositionGroup { name: "All".to_owned(), ..group }).await;
    let mailbox = a_mailbox();
    let texts = [("fr-FR".to_owned(), "Bonjour.".to_owned())].into();
    let greeting = Greeting { media: None, texts };
    let changed =
        |mailbox| Mailbox { notify: vec!["a@example.org".to_owned()], greeting: greeting.clone(), ..mailbox };
    lives(store, mailbox, changed).await;
}

pub(crate) async fn tests_belong_to_their_flow(database: &Database) {
    let store = &database.store;
    let (flow, other) = (a_flow(store, "Un").await.id, a_flow(store, "Deux").await.id);
    let test =
        FlowTest { id: FlowTestId::from_i64(0), flow, name: "t".to_owned(), test: json!({ "expect": {} }) };
    let kept = store.create_flow_test(&test, NOW).await.unwrap();
    assert!(matches!(store.create_flow_test(&test, NOW).await, Err(Error::Taken(_))));
    let foreign = FlowTest { flow: other, ..kept.value.clone() };
    assert!(store.update_flow_test(&foreign, 1, NOW).await.is_err(), "another flow's test");
    assert!(store.delete_flow_test(other, kept.value.id, 1).await.is_err());
    let changed = FlowTest { name: "u".to_owned(), ..kept.value };
    assert_eq!(store.update_flow_test(&changed, 1, at(1)).await.unwrap().rev, 2);
    assert_eq!(store.flow_tests(flow).await.unwrap()[0].value, changed);
    store.delete_flow(flow, 1).await.unwrap();
    assert!(store.flow_tests(flow).await.unwrap().is_empty(), "they go with their flow");
}

pub(crate) async fn sounds_have_a_file_in_each_language(database: &Database) {
    let store = &database.store;
    let medium = store.create_medium("Bienvenue", NOW).await.unwrap().value;
    assert!(store.settings().await.unwrap().media.is_empty(), "nothing to hear yet");
    let sound = |file: &str| SoundFile {
        file: file.to_owned(),
        rate: 16_000,
        duration: Duration::from_millis(2_300),
        loudness: -2_000,
        sha256: "s".to_owned(),
        spoken: Some("Bonjour".to_owned()),
        voice: None,
    };
    store.put_sound(medium.id, "fr-FR", &sound("a"), at(1)).await.unwrap();
    store.put_sound(medium.id, "en-GB", &sound("b"), at(1)).await.unwrap();
    let kept = store.put_sound(medium.id, "fr-FR", &sound("c"), at(2)).await.unwrap();
    assert_eq!((kept.rev, kept.value.sounds.len(), kept.value.sounds["fr-FR"].file.as_str()), (4, 2, "c"));
    let heard =
        store.clone().with_sounds_at(std::path::Path::new("/srv/sounds")).settings().await.unwrap().media;
    assert_eq!(heard[0].sounds["fr-FR"].uri, "sound:/srv/sounds/c");
    assert_eq!(store.media(Page::first()).await.unwrap()[0].value, kept.value);
    assert_eq!(store.rename_medium(medium.id, "Accueil", 4, at(3)).await.unwrap().value.name, "Accueil");
    store.delete_medium(medium.id, 5).await.unwrap();
    assert!(store.settings().await.unwrap().media.is_empty());
}

pub(crate) async fn messages_wait_to_be_heard_and_sent(database: &Database) {
    let store = &database.store;
    let mailbox = store.create_setting(&a_mailbox(), NOW).await.unwrap().value.id;
    let message = |seconds: u64| Message {
        id: MessageId::from_uuid(Uuid::from_u128(u128::from(seconds))),
        mailbox,
        call: CallId::from_uuid(Uuid::from_u128(7)),
        caller: "+33199000001".to_owned(),
        left_at: at(seconds),
        duration: Duration::from_secs(5),
        file: format!("{seconds}.wav"),
        heard_at: None,
        mail_due_at: (seconds < 3).then(|| at(seconds)),
        notify: vec!["b@example.org".to_owned()],
        mail_tries: 0,
    };
    for seconds in 1..=4 {
        store.keep_message(&message(seconds)).await.unwrap();
        store.keep_message(&message(seconds)).await.unwrap();
    }
    let files = async |heard, after| {
        let page = store.messages(mailbox, heard, Page { after, limit: 2 }).await.unwrap();
        page.iter().map(|message| message.file.clone()).collect::<Vec<_>>()
    };
    assert_eq!(files(None, None).await, ["4.wav", "3.wav"]);
    assert_eq!(files(None, Some(message(3).id)).await, ["2.wav", "1.wav"]);
    assert_eq!(store.message_heard(message(4).id, at(10)).await.unwrap().heard_at, Some(at(10)));
    assert_eq!(store.message_heard(message(4).id, at(20)).await.unwrap().heard_at, Some(at(10)));
    assert_eq!(
        (files(Some(false), None).await, files(Some(true), None).await.len()),
        (vec!["3.wav".to_owned(), "2.wav".to_owned()], 1)
    );
    assert_eq!(store.message_lamps().await.unwrap(), [MessageLamp { mailbox, fresh: 3, heard: 1 }]);

    assert!(store.message_to_mail(at(0)).await.unwrap().is_none(), "not due");
    let first = store.message_to_mail(at(5)).await.unwrap().unwrap();
    assert_eq!(first, message(1));
    store.message_mailed(first.id, Some(at(100)), Some("no answer")).await.unwrap();
    let second = store.message_to_mail(at(5)).await.unwrap().unwrap();
    assert_eq!(second.id, message(2).id);
    store.message_mailed(second.id, None, None).await.unwrap();
    assert!(store.message_to_mail(at(5)).await.unwrap().is_none());
    assert_eq!(store.message_to_mail(at(100)).await.unwrap().unwrap().mail_tries, 1);
    assert_eq!(store.delete_message(first.id).await.unwrap().file, "1.wav");
    assert!(matches!(store.delete_message(first.id).await, Err(Error::NotFound("message"))));
    assert!(matches!(store.delete_setting::<Mailbox>(mailbox, 1).await, Err(Error::Linked(_))));
}

pub(crate) async fn callers_on_lists_are_told_apart(database: &Database) {
    let store = &database.store;
    let entry = |list: &str, number: u32| ListedCaller {
        id: 0,
        list: list.to_owned(),
        phone: phone(number),
        note: "asked by letter".to_owned(),
        added_by: "usr_1".to_owned(),
        at: NOW,
    };
    for (list, number) in [("block", 1), ("vip", 2), ("fraud", 3), ("regulars", 4)] {
        store.list_caller(&entry(list, number)).await.unwrap();
    }
    let again =
        store.list_caller(&ListedCaller { note: "twice".to_owned(), ..entry("vip", 2) }).await.unwrap();
    let of_vip = store.listed_callers(Some("vip"), None, Page::first()).await.unwrap();
    assert_eq!(of_vip, std::slice::from_ref(&again));
    assert_eq!(store.listed_callers(None, Some(phone(4)), Page::first()).await.unwrap()[0].list, "regulars");
    // Whoever does not want to be called is no blocked caller.
    let refusal = DoNotCall {
        id: 0,
        phone: phone(5),
        campaign: None,
        seller: None,
        reason: "asked".to_owned(),
        until: None,
        added_by: "usr_1".to_owned(),
        at: NOW,
    };
    store.add_do_not_call(&refusal).await.unwrap();
    use CallerCheck::{Blocklist, Dnc, Fraud, Repeat, Vip};
    let day = Duration::from_secs(86_400);
    for (number, list, expected) in [
        (1, None, Some(Blocklist)),
        (2, None, Some(Vip)),
        (3, None, Some(Fraud)),
        (4, None, None),
        (4, Some("regulars"), Some(Blocklist)),
        (1, Some("regulars"), None),
        (5, None, None),
    ] {
        let checks = [Blocklist, Fraud, Repeat, Vip];
        let found = store.caller_check(phone(number), &checks, list, day, NOW).await.unwrap();
        assert_eq!(found, expected, "{number} {list:?}");
    }
    let found = store.caller_check(phone(5), &[Blocklist, Dnc], None, day, NOW).await.unwrap();
    assert_eq!(found, Some(Dnc));
    store.unlist_caller(again.id).await.unwrap();
    assert!(matches!(store.unlist_caller(again.id).await, Err(Error::NotFound("listed caller"))));
    assert_eq!(store.caller_check(phone(2), &[Vip], None, day, NOW).await.unwrap(), None);
}

pub(crate) async fn people_are_found_by_number_and_by_field(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 3).await;
    let number = phone(1).e164();
    let found = store.contacts(&LookupSource::Contacts, "phone", &number).await.unwrap().unwrap();
    assert_eq!((found.len(), found[0]["phone"].as_str()), (1, Some(number.as_str())));
    let list = LookupSource::List(world.list.to_string());
    assert_eq!(store.contacts(&list, "phone", &number).await.unwrap().unwrap().len(), 1);
    let other = LookupSource::List("lst_4711".to_owned());
    assert_eq!(store.contacts(&other, "phone", &number).await.unwrap().unwrap().len(), 0);
    for odd in ["", "no number", "'; drop table lead; --", "+331990000010000000000000"] {
        assert_eq!(
            store.contacts(&LookupSource::Contacts, "phone", odd).await.unwrap().unwrap().len(),
            0,
            "{odd}"
        );
    }
    let by_field = store.contacts(&LookupSource::Contacts, "'; drop table lead; --", "x").await.unwrap();
    assert_eq!(by_field.unwrap().len(), 0);
    let table = LookupSource::Table("branches".to_owned());
    assert!(store.contacts(&table, "phone", &number).await.unwrap().is_none(), "there are no tables");
}

//! Random flows, random callers, random damage: nothing panics, everything ends, and the same call twice is the same.

#[path = "flow_support/random_flows.rs"]
mod random_flows;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cadran_engine::flow::calendar::Calendar;
use cadran_engine::flow::key::Key;
use cadran_engine::flow::nodes::Revision;
use cadran_engine::flow::run::{
    Booking, Dialled, Event, Facts, PASSAGES_MAX, QueueExit, Run, Step, Surroundings,
};
use cadran_engine::flow::simulation::{Input, simulate};
use cadran_engine::flow::world::World;
use cadran_engine::flow::{Library, Prepared, check_text, read};
use cadran_engine::model::Timestamp;
use proptest::prelude::*;
use random_flows::{WAIT_FLOW, document};
use serde_json::{Value as Json, json};

fn event() -> impl Strategy<Value = Event> {
    let keys = prop::sample::select("0123456789*#".chars().collect::<Vec<_>>());
    prop_oneof![
        4 => keys.prop_map(|sign| Event::Key(Key::read(sign).expect("it is a key"))),
        4 => Just(Event::PlayEnded),
        4 => Just(Event::Done),
        3 => Just(Event::Timeout),
        2 => any::<u16>().prop_map(|status| Event::HttpReply { status, body: json!({"n": 3}) }),
        2 => (0..5000_u64).prop_map(|ms| Event::Recorded { name: "rec".to_owned(), ms }),
        2 => prop::sample::select(vec![QueueExit::Timeout, QueueExit::Full, QueueExit::NoAgents, QueueExit::Callback]).prop_map(Event::QueueLeft),
        2 => prop::sample::select(vec![Dialled::Busy, Dialled::Done, Dialled::NoAnswer, Dialled::Rejected]).prop_map(Event::Dialled),
        2 => prop::sample::select(vec![Booking::Booked, Booking::Declined, Booking::Full]).prop_map(Event::Booking),
        1 => Just(Event::Caller(None)),
        1 => Just(Event::Found(vec![json!({"n": 1})])),
        1 => Just(Event::Refused),
        2 => Just(Event::Waiting),
        1 => Just(Event::Failed),
        1 => Just(Event::HangUp),
        1 => Just(Event::Begun),
        1 => ".{0,12}".prop_map(|text| Event::Said { text, confidence: 50 }),
    ]
}

fn world() -> World {
    let calendars: BTreeMap<String, Calendar> = BTreeMap::from([(
        "cln_1".to_owned(),
        serde_json::from_value(json!({"tz": "Europe/Paris", "holidays": "fr"})).expect("it is a calendar"),
    )]);
    World { calendars: Some(calendars), ..World::default() }
}

fn library(document: &Json) -> Library {
    let flow = || Prepared::new(read(&document.to_string()).expect("a random flow can be read"));
    let mut library = Library::new(flow());
    let wait_flow = read(WAIT_FLOW).expect("the wait flow can be read");
    library.add(Revision::Live, Prepared::new(wait_flow));
    library
}

fn input(keys: &str, hangup: Option<u64>) -> Input {
    serde_json::from_value(json!({
        "caller": "+33199000001", "at": "2026-03-07T19:45:00+01:00", "hangup_t_ms": hangup,
        "keys": keys.chars().enumerate().map(|(t, key)| json!({"t_ms": t * 700, "dtmf": key.to_string()})).collect::<Vec<_>>(),
    }))
    .expect("it is an input")
}

/// Damages a document at the nth value, counted through the whole of it.
fn damage(json: &mut Json, nth: &mut usize, with: &Json) {
    if *nth == 0 {
        *json = with.clone();
        *nth = usize::MAX;
        return;
    }
    if *nth == usize::MAX {
        return;
    }
    *nth -= 1;
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| damage(item, nth, with)),
        Json::Object(fields) => fields.values_mut().for_each(|field| damage(field, nth, with)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn good_documents() -> Vec<Json> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/flows/good");
    let entries = fs::read_dir(folder).expect("the corpus has good documents");
    let texts = entries
        .map(|entry| fs::read_to_string(entry.expect("it can be listed").path()).expect("it can be read"));
    texts.map(|text| serde_json::from_str(&text).expect("it is JSON")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_events_lead_any_flow_to_an_end(
        document in document(), events in prop::collection::vec(event(), 0..200), chance in any::<u64>(),
    ) {
        let library = library(&document);
        let world = world();
        let calendars = world.calendars.as_ref().expect("the world has calendars");
        let around = Surroundings { library: &library, calendars };
        let mut run = Run::new(around, Facts { chance, ..Facts::default() }, Timestamp::from_millis(0));
        let mut trace = Vec::new();
        let mut ended = false;
        for (number, event) in [Event::Begun].into_iter().chain(events).enumerate() {
            let now = Timestamp::from_millis(number as i64 * 500);
            let step = run.handle(around, event, now, &mut trace);
            let ends = matches!(step, Step::End { .. });
            prop_assert!(ends || !ended, "nothing follows the end: {step:?}");
            ended = ends;
        }
        prop_assert!(trace.len() <= 2 * PASSAGES_MAX as usize);
        let _ = run.variables(around);
    }

    #[test]
    fn a_simulated_call_ends_and_is_the_same_twice(
        document in document(), keys in "[0-9*#]{0,30}", hangup in prop::option::of(0..60_000_u64),
    ) {
        let library = library(&document);
        let (world, input) = (world(), input(&keys, hangup));
        let trace = simulate(&library, &world, &input);
        prop_assert!(trace.passages.len() <= 2 * PASSAGES_MAX as usize);
        prop_assert!(trace.passages.windows(2).all(|two| two[0].t_ms <= two[1].t_ms));
        prop_assert_eq!(simulate(&library, &world, &input), trace);
    }

    #[test]
    fn no_damage_to_a_document_is_too_much(
        which in any::<prop::sample::Index>(), nth in 1..400_usize,
        with in prop::sample::select(vec![
            json!(null), json!(-1), json!(1e300), json!(""), json!("\u{0}{{"), json!("n_menu"), json!([]), json!({}),
            json!([[]]), json!({"": {"~/": 1}}), json!("{{caller}}"), json!("1"), json!(u64::MAX), json!(true),
        ]),
    ) {
        let documents = good_documents();
        let mut document = which.get(&documents).clone();
        let mut place = nth;
        damage(&mut document, &mut place, &with);
        let text = document.to_string();
        let findings = check_text(&text, Some(&world()));
        prop_assert!(findings.iter().all(|finding| finding.path.is_empty() || finding.path.starts_with('/')));
        if let Ok(flow) = read(&text) {
            let library = Library::new(Prepared::new(flow));
            simulate(&library, &world(), &input("1234#", Some(60_000)));
        }
    }

    #[test]
    fn no_text_is_too_odd(text in ".{0,300}") {
        check_text(&text, None);
    }
}

#[test]
fn a_megabyte_is_read_or_refused_and_never_for_long() {
    let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    assert_eq!(check_text(&deep, None).len(), 1);
    let large = format!("{{\"id\": \"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(check_text(&large, None)[0].code.as_str(), "bad_json");
    let nodes: serde_json::Map<String, Json> = (0..1_000)
        .map(|number| {
            let next = format!("n_{}", (number + 1) % 1_000);
            (
                format!("n_{number}"),
                json!({"kind": "set", "assign": [{"var": "x", "expr": "x + 'y'"}], "next": {"next": next}}),
            )
        })
        .collect();
    let ring = json!({"v": 1, "id": "flw_ring", "kind": "ivr", "locales": ["fr-FR"], "start": "n_0",
        "vars": [{"name": "x", "type": "string", "default": ""}], "nodes": nodes});
    let codes: Vec<&str> =
        check_text(&ring.to_string(), None).iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["no_person", "unbounded_loop"]);
    let trace = simulate(&library(&ring), &World::default(), &input("", None));
    assert_eq!(serde_json::to_value(trace.end.end).expect("an ending is a word"), "error");
}

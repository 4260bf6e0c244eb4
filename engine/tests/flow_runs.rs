//! What calls do in flows, rule by rule: each test is a small flow, a caller, and the way of the call.

use cadran_engine::flow::nodes::Revision;
use cadran_engine::flow::simulation::{Input, Trace, simulate};
use cadran_engine::flow::world::World;
use cadran_engine::flow::{Library, Prepared, read};
use serde_json::{Value as Json, json};

/// A flow with these nodes, beginning at `n_a`.
fn flow(id: &str, nodes: &Json) -> Prepared {
    let kind = if id == "flw_main" { "ivr" } else { "subflow" };
    let document = json!({
        "v": 1, "id": id, "kind": kind, "locales": ["fr-FR", "en-GB"], "tz": "Europe/Paris", "start": "n_a",
        "vars": [
            {"name": "text", "type": "string", "default": ""}, {"name": "count", "type": "int", "default": 0},
            {"name": "day", "type": "date"},
        ],
        "defaults": {"on_error": "n_error", "on_hangup": "n_gone"}, "nodes": nodes,
    });
    Prepared::new(read(&document.to_string()).expect("the flow is well formed"))
}

fn call(library: &Library, mut input: Json) -> Trace {
    input["at"] = json!("2026-03-06T10:00:00+01:00");
    input["caller"] = json!("+33199000001");
    let input: Input = serde_json::from_value(input).expect("the input is well formed");
    let world: World = serde_json::from_value(json!({
        "calendars": {"cln": {"tz": "Europe/Paris", "open": [{"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "18:00"}], "holidays": "fr"}},
        "media": {"med_1s": {"rate": 8000, "channels": 1, "ms": 1000}},
        "queues": ["q", "q_on"], "overflows": ["q_on"],
    }))
    .expect("the world is well formed");
    simulate(library, &world, &input)
}

/// The way of a call: `time node:outlet` for each node that is left, then the end.
fn way(nodes: &Json, input: Json) -> String {
    told(&call(&Library::new(flow("flw_main", nodes)), input))
}

fn told(trace: &Trace) -> String {
    let lines = trace.passages.iter().map(|line| format!("{} {}:{}", line.t_ms, line.node, line.outlet));
    let end = serde_json::to_value(trace.end.end).expect("an ending is a word");
    let end = format!("{} {}", trace.end.t_ms, end.as_str().unwrap_or_default());
    lines.chain([end]).collect::<Vec<_>>().join(", ")
}

fn menu(more: &Json) -> Json {
    let mut menu = json!({"kind": "menu", "prompt": "med_1s", "keys": ["1", "2"], "tries": 2,
        "next": {"1": "n_end", "2": "n_end", "no_input": "n_end", "no_match": "n_end"}});
    let fields = menu.as_object_mut().expect("a node is an object");
    fields.extend(more.as_object().expect("fields are an object").clone());
    json!({"n_a": menu, "n_end": {"kind": "hangup"}})
}

#[test]
fn a_key_ends_the_prompt_at_once() {
    let keys = json!({"keys": [{"at_node": "n_a", "after_ms": 300, "dtmf": "2"}]});
    assert_eq!(way(&menu(&json!({})), keys), "300 n_a:2, 300 hangup");
}

#[test]
fn without_barge_in_a_key_counts_only_after_the_prompt() {
    let keys = json!({"keys": [{"t_ms": 300, "dtmf": "2"}, {"t_ms": 1200, "dtmf": "1"}]});
    assert_eq!(way(&menu(&json!({"barge_in": false})), keys), "1200 n_a:1, 1200 hangup");
}

#[test]
fn the_wait_begins_when_the_prompt_ends_and_each_silence_repeats_it() {
    assert_eq!(way(&menu(&json!({})), json!({})), "12000 n_a:no_input, 12000 hangup");
    let retry = json!({"retry_prompts": {"no_input": [[{"tts": {"fr-FR": "Oui", "en-GB": "Yes"}}]]}, "timeout_ms": 2000});
    assert_eq!(way(&menu(&retry), json!({})), "5180 n_a:no_input, 5180 hangup");
}

#[test]
fn silences_and_wrong_keys_are_counted_apart() {
    // Wrong key, silence, wrong key: the second wrong key is one too many, the silence is not.
    let keys = json!({"keys": [{"at_node": "n_a", "after_ms": 100, "dtmf": "9"}, {"at_node": "n_a", "silence": true},
        {"at_node": "n_a", "after_ms": 200, "dtmf": "9"}]});
    assert_eq!(way(&menu(&json!({})), keys), "6300 n_a:no_match, 6300 hangup");
}

#[test]
fn an_answer_may_be_spoken() {
    let speech = json!({"speech": {"hints": ["Ventes", "Support"], "min_conf": 50}});
    let say = json!({"keys": [{"at_node": "n_a", "after_ms": 400, "say": "support"}]});
    assert_eq!(way(&menu(&speech), say), "400 n_a:2, 400 hangup");
}

fn collect(more: &Json) -> Json {
    let mut collect = json!({"kind": "collect", "prompt": "med_1s", "var": "text", "max": 4, "tries": 1,
        "next": {"ok": "n_end", "no_input": "n_end", "no_match": "n_end"}});
    let fields = collect.as_object_mut().expect("a node is an object");
    fields.extend(more.as_object().expect("fields are an object").clone());
    json!({"n_a": collect, "n_end": {"kind": "hangup"}})
}

#[test]
fn an_input_ends_with_its_last_key_its_end_or_a_silence() {
    let typed = |keys: &str| json!({"keys": [{"at_node": "n_a", "after_ms": 500, "dtmf": keys}]});
    assert_eq!(way(&collect(&json!({})), typed("12345")), "500 n_a:ok, 500 hangup");
    assert_eq!(way(&collect(&json!({})), typed("12#")), "500 n_a:ok, 500 hangup");
    assert_eq!(way(&collect(&json!({})), typed("12")), "3500 n_a:ok, 3500 hangup");
    assert_eq!(way(&collect(&json!({})), typed("")), "6000 n_a:no_input, 6000 hangup");
    assert_eq!(way(&collect(&json!({"min": 3})), typed("12#")), "500 n_a:no_match, 500 hangup");
    assert_eq!(way(&collect(&json!({"end": null})), typed("1#")), "3500 n_a:ok, 3500 hangup");
}

#[test]
fn an_input_is_checked() {
    let typed = |keys: &str| json!({"keys": [{"at_node": "n_a", "after_ms": 0, "dtmf": keys}]});
    for (check, right, wrong) in [
        (json!({"regex": "[1-3]+"}), "123#", "124#"),
        (json!({"luhn": true}), "18#", "19#"),
        (json!({"expr": "value.startsWith('7')"}), "71#", "17#"),
    ] {
        let flow = collect(&json!({"check": check}));
        assert_eq!(way(&flow, typed(right)), "0 n_a:ok, 0 hangup", "{check}");
        assert_eq!(way(&flow, typed(wrong)), "0 n_a:no_match, 0 hangup", "{check}");
    }
}

#[test]
fn what_is_secret_is_not_shown() {
    let secret = collect(&json!({"secret": true}));
    let trace =
        call(&Library::new(flow("flw_main", &secret)), json!({"keys": [{"at_node": "n_a", "dtmf": "4321"}]}));
    assert_eq!(serde_json::to_value(&trace.end.vars["text"]).expect("a value"), json!("***"));
}

#[test]
fn a_queue_answers_or_is_left() {
    let queue = json!({
        "n_a": {"kind": "queue", "queue": "q", "max_wait_s": 60, "callback_after_s": 10, "next": {
            "timeout": "n_end", "full": "n_end", "no_agents": "n_end", "callback": "n_end", "left_by_key": "n_end"}},
        "n_end": {"kind": "hangup"}});
    let mock = |mock: Json| json!({"mocks": {"queue": {"n_a": mock}}});
    assert_eq!(way(&queue, json!({})), "0 queued");
    assert_eq!(way(&queue, mock(json!({"ready": 0, "answer_after_ms": 8000}))), "8000 queued");
    assert_eq!(way(&queue, mock(json!({"ready": 0}))), "60000 n_a:timeout, 60000 hangup");
    assert_eq!(way(&queue, mock(json!({"refused": "full"}))), "0 n_a:full, 0 hangup");
    let pressed = |t_ms: u32| json!({"mocks": {"queue": {"n_a": {}}}, "keys": [{"t_ms": t_ms, "dtmf": "1"}]});
    assert_eq!(way(&queue, pressed(9_000)), "9000 n_a:left_by_key, 9000 hangup");
    assert_eq!(way(&queue, pressed(11_000)), "11000 n_a:callback, 11000 hangup");
}

#[test]
fn a_queue_that_leads_on_keeps_whom_the_flow_has_no_way_for() {
    let queue = json!({
        "n_a": {"kind": "queue", "queue": "q_on", "max_wait_s": 60, "next": {"full": "n_end"}},
        "n_end": {"kind": "hangup"}, "n_error": {"kind": "hangup"}});
    let mock = |mock: Json| json!({"mocks": {"queue": {"n_a": mock}}});
    assert_eq!(way(&queue, mock(json!({"ready": 0}))), "60000 queued");
    assert_eq!(way(&queue, mock(json!({"refused": "full"}))), "0 n_a:full, 0 hangup");
}

#[test]
fn a_caller_who_hangs_up_leaves_and_what_needs_nobody_is_settled() {
    let play = json!({"n_a": {"kind": "play", "prompt": "med_1s", "repeat": 9, "next": {"next": "n_a"}}});
    assert_eq!(way(&play, json!({"hangup_t_ms": 2500})), "2500 left");
    let settled = json!({
        "n_a": {"kind": "play", "prompt": "med_1s", "repeat": 9, "next": {"next": "n_a"}},
        "n_gone": {"kind": "set", "assign": [{"var": "text", "expr": "'gone'"}], "next": {"next": "n_tag"}},
        "n_tag": {"kind": "tag", "labels": ["left"], "next": {"next": "n_a"}}});
    assert_eq!(way(&settled, json!({"hangup_t_ms": 2500})), "2500 n_gone:next, 2500 n_tag:next, 2500 left");
}

#[test]
fn a_message_is_kept_when_it_is_long_enough() {
    let mailbox =
        json!({"n_a": {"kind": "voicemail", "box": "vm", "greeting": "med_1s", "min_s": 2, "max_s": 10}});
    let spoken = |ms: u32| json!({"mocks": {"voicemail": {"n_a": {"spoken_ms": ms}}}});
    assert_eq!(way(&mailbox, spoken(5_000)), "6000 n_a:saved, 6000 voicemail");
    assert_eq!(way(&mailbox, spoken(1_999)), "2999 n_a:too_short, 2999 voicemail");
    assert_eq!(way(&mailbox, spoken(99_000)), "11000 n_a:saved, 11000 voicemail");
}

#[test]
fn a_sub_flow_takes_values_and_gives_some_back() {
    let main = json!({
        "n_a": {"kind": "subflow", "flow": "flw_sub", "in": {"text": "'x' + caller"}, "out": {"text": "text", "count": "count"},
            "next": {"back": "n_end"}},
        "n_end": {"kind": "hangup"}});
    let sub = json!({
        "n_a": {"kind": "set", "assign": [{"var": "count", "expr": "size(text)"}], "next": {"next": "n_back"}},
        "n_back": {"kind": "return", "name": "back"}});
    let mut library = Library::new(flow("flw_main", &main));
    assert_eq!(told(&call(&library, json!({}))), "0 n_a:error, 0 error", "the other flow is not there");
    library.add(Revision::Live, flow("flw_sub", &sub));
    let trace = call(&library, json!({}));
    assert_eq!(told(&trace), "0 n_a:next, 0 n_a:back, 0 hangup");
    assert_eq!(serde_json::to_value(&trace.end.vars["count"]).expect("a value"), json!(13));
}

#[test]
fn a_flow_that_calls_itself_is_stopped() {
    let main = json!({"n_a": {"kind": "subflow", "flow": "flw_main", "next": {"back": "n_a"}}});
    assert!(told(&call(&Library::new(flow("flw_main", &main)), json!({}))).ends_with("0 error"));
}

#[test]
fn servers_answer_in_time_or_not() {
    let request = json!({
        "n_a": {"kind": "http", "url": "https://x.example/{{caller}}", "timeout_ms": 2000,
            "map": [{"var": "text", "path": "/people/0/name"}, {"var": "count", "path": "people[0].age"}, {"var": "day", "path": "/none"}],
            "next": {"ok": "n_end", "client_error": "n_end", "server_error": "n_end", "timeout": "n_end"}},
        "n_end": {"kind": "hangup"}});
    let answer = |mock: Json| {
        call(&Library::new(flow("flw_main", &request)), json!({"mocks": {"http": {"n_a": mock}}}))
    };
    let good =
        answer(json!({"status": 200, "body": {"people": [{"name": "Camille", "age": 41}]}, "ms": 300}));
    assert_eq!(told(&good), "300 n_a:ok, 300 hangup");
    assert_eq!(
        serde_json::to_value(&good.end.vars).expect("values"),
        json!({"text": "Camille", "count": 41})
    );
    for (mock, expected) in [
        (json!({"status": 404}), "0 n_a:client_error, 0 hangup"),
        (json!({"status": 503}), "0 n_a:server_error, 0 hangup"),
        (json!({"status": 200, "ms": 9000}), "2000 n_a:timeout, 2000 hangup"),
    ] {
        assert_eq!(told(&answer(mock)), expected);
    }
}

#[test]
fn those_who_are_called_answer_or_not() {
    let dial = |mode: &str| {
        json!({
        "n_a": {"kind": "dial", "to": {"number": "+33199000010"}, "mode": mode, "next": {"busy": "n_end", "no_answer": "n_end", "rejected": "n_end"}},
        "n_end": {"kind": "hangup"}})
    };
    for mode in ["bridge", "blind"] {
        assert!(way(&dial(mode), json!({})).ends_with("0 dialled"));
        let mocks = json!({"mocks": {"dial": {"n_a": "busy"}}});
        assert_eq!(way(&dial(mode), mocks), "0 n_a:busy, 0 hangup");
    }
}

#[test]
fn a_survey_is_done_or_partial() {
    let survey = json!({
        "n_a": {"kind": "survey", "survey": "s", "questions": [
            {"id": "mark", "prompt": "med_1s", "type": "scale", "min": 0, "max": 10},
            {"id": "again", "prompt": "med_1s", "type": "yesno"},
            {"id": "why", "prompt": "med_1s", "type": "voice"}],
            "next": {"done": "n_end", "partial": "n_end"}},
        "n_end": {"kind": "hangup"}});
    let keys = json!([{"at_node": "n_a", "after_ms": 500, "dtmf": "10"}, {"at_node": "n_a", "after_ms": 500, "dtmf": "1"}]);
    let spoken = json!({"keys": keys, "mocks": {"record": {"n_a": {"spoken_ms": 4000}}}});
    assert_eq!(way(&survey, spoken), "6000 n_a:done, 6000 hangup");
    assert_eq!(way(&survey, json!({"keys": keys})), "2000 n_a:partial, 2000 hangup");
}

#[test]
fn expressions_that_fail_take_the_exit_for_errors() {
    let set = json!({
        "n_a": {"kind": "set", "assign": [{"var": "count", "expr": "1 / count"}], "next": {"next": "n_end"}},
        "n_error": {"kind": "hangup"}, "n_end": {"kind": "hangup"}});
    assert_eq!(way(&set, json!({})), "0 n_a:error, 0 hangup");
    let own = json!({
        "n_a": {"kind": "set", "assign": [{"var": "count", "expr": "'text'"}], "next": {"next": "n_end", "error": "n_own"}},
        "n_own": {"kind": "hangup", "prompt": "med_1s"}});
    assert_eq!(way(&own, json!({})), "0 n_a:error, 1000 hangup");
}

#[test]
fn a_circle_takes_the_exit_for_errors_once() {
    let ring = json!({
        "n_a": {"kind": "set", "assign": [{"var": "count", "expr": "count + 1"}], "next": {"next": "n_a"}},
        "n_error": {"kind": "play", "prompt": "med_1s", "next": {"next": "n_end"}}, "n_end": {"kind": "hangup"}});
    assert!(way(&ring, json!({})).ends_with("0 n_a:error, 1000 n_error:next, 1000 hangup"));
    let both = json!({
        "n_a": {"kind": "goto", "node": "n_a"}, "n_error": {"kind": "goto", "node": "n_a"}});
    assert!(way(&both, json!({})).ends_with("0 error"));
}

#[test]
fn a_call_does_not_stay_for_ever() {
    let music = json!({"n_a": {"kind": "play", "prompt": "med_1s", "repeat": 10, "next": {"next": "n_a"}}, "n_error": {"kind": "hangup"}});
    let way = way(&music, json!({}));
    assert!(way.ends_with("14401000 n_a:error, 14401000 hangup"), "{}", &way[way.len() - 60..]);
}

#[test]
fn languages_hours_and_shares_are_decided_without_a_question() {
    let flow = json!({
        "n_a": {"kind": "language", "auto": "last", "choices": {"1": "fr-FR", "2": "en-GB"}, "next": {"next": "n_hours", "no_input": "n_end"}},
        "n_hours": {"kind": "hours", "calendar": "cln", "at": "'2026-07-14T10:00:00+02:00'", "next": {"open": "n_end", "closed": "n_end", "holiday": "n_which"}},
        "n_which": {"kind": "branch", "cases": [{"id": "english", "when": "locale == 'en-GB' && weekday == 5 && time == '10:00' && today == '2026-03-06'"}], "next": {"english": "n_split", "else": "n_end"}},
        "n_split": {"kind": "split", "weights": {"a": 0, "b": 100}, "sticky_by": "caller", "next": {"a": "n_end", "b": "n_end"}},
        "n_end": {"kind": "hangup"}});
    let known = json!({"last_locale": "en-GB"});
    assert_eq!(way(&flow, known), "0 n_a:next, 0 n_hours:holiday, 0 n_which:english, 0 n_split:b, 0 hangup");
    let asked = json!({"keys": [{"at_node": "n_a", "after_ms": 700, "dtmf": "1"}]});
    assert_eq!(way(&flow, asked), "700 n_a:next, 700 n_hours:holiday, 700 n_which:else, 700 hangup");
}

//! Random flows: nodes of every kind whose ways lead anywhere, some of them nowhere.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// What entertains those who wait in some of the queues: it asks, looks things up, circles, ends, and lets them leave.
pub(crate) const WAIT_FLOW: &str = r#"{"v":1,"id":"flw_9","kind":"queue_wait","locales":["fr-FR"],"start":"n_ask",
    "vars":[{"name":"rounds","type":"int","default":0}],"nodes":{
    "n_ask":{"kind":"menu","prompt":[{"tts":{"fr-FR":"Deux mots."}}],"keys":["1","2","3"],"timeout_ms":1009,"tries":2,
      "next":{"1":"n_leave","2":"n_callback","3":"n_broken","no_input":"n_news","no_match":"n_over"}},
    "n_news":{"kind":"http","url":"https://x.example/","next":{"ok":"n_talk","client_error":"n_talk","server_error":"n_talk","timeout":"n_talk"}},
    "n_talk":{"kind":"play","prompt":[{"tts":{"fr-FR":"Trois."}}],"barge_in":true,"repeat":2,"next":{"next":"n_count"}},
    "n_count":{"kind":"set","assign":[{"var":"rounds","expr":"rounds + 1"}],"next":{"next":"n_enough"}},
    "n_enough":{"kind":"branch","cases":[{"id":"yes","when":"rounds > 3"}],"next":{"yes":"n_over","else":"n_ask"}},
    "n_broken":{"kind":"set","assign":[{"var":"rounds","expr":"1 / 0"}],"next":{"next":"n_ask"}},
    "n_leave":{"kind":"return","name":"left_by_key"},
    "n_callback":{"kind":"return","name":"callback"},
    "n_over":{"kind":"return","name":"music"}}}"#;

/// A node without its ways out, and the names of these.
fn node() -> impl Strategy<Value = (Json, Vec<&'static str>)> {
    let prompt = json!([{"tts": {"fr-FR": "Un mot."}}]);
    let kinds = vec![
        (json!({"kind": "answer", "delay_ms": 200}), vec!["next"]),
        (json!({"kind": "play", "prompt": prompt, "barge_in": true, "repeat": 2}), vec!["next"]),
        (
            json!({"kind": "menu", "prompt": prompt, "keys": ["1", "2"], "tries": 2}),
            vec!["1", "2", "no_input", "no_match"],
        ),
        (
            json!({"kind": "collect", "var": "typed", "max": 4, "check": {"regex": "[1-9]+"}}),
            vec!["ok", "no_input", "no_match"],
        ),
        (json!({"kind": "set", "assign": [{"var": "count", "expr": "count + 1"}]}), vec!["next"]),
        (json!({"kind": "set", "assign": [{"var": "typed", "expr": "typed + typed"}]}), vec!["next"]),
        (json!({"kind": "branch", "cases": [{"id": "many", "when": "count > 3"}]}), vec!["many", "else"]),
        (json!({"kind": "hours", "calendar": "cln_1"}), vec!["open", "closed", "holiday"]),
        (json!({"kind": "language", "prompt": prompt, "choices": {"1": "fr-FR"}}), vec!["next", "no_input"]),
        (json!({"kind": "caller", "checks": ["anonymous", "vip"]}), vec!["anonymous", "vip", "ok"]),
        (json!({"kind": "split", "weights": {"a": 30, "b": 70}}), vec!["a", "b"]),
        (
            json!({"kind": "queue", "queue": "q_1", "max_wait_s": 30, "callback_after_s": 5}),
            vec!["timeout", "full", "no_agents", "callback", "left_by_key"],
        ),
        (
            json!({"kind": "queue", "queue": "q_1", "max_wait_s": 30, "wait_flow": "flw_9"}),
            vec!["timeout", "full", "no_agents", "callback", "left_by_key"],
        ),
        (
            json!({"kind": "dial", "to": {"number": "{{caller}}"}}),
            vec!["done", "busy", "no_answer", "rejected"],
        ),
        (
            json!({"kind": "dial", "to": {"sip": "sip:reception@trk_1"}, "whisper": prompt, "confirm_key": "1", "record": true}),
            vec!["done", "busy", "no_answer", "rejected"],
        ),
        (
            json!({"kind": "dial", "to": {"extension": "101"}, "mode": "blind", "whisper": prompt}),
            vec!["busy", "no_answer", "rejected"],
        ),
        (
            json!({"kind": "dial", "to": {"agent": "agt_1"}, "confirm_key": "1"}),
            vec!["done", "busy", "no_answer", "rejected"],
        ),
        (json!({"kind": "voicemail", "box": "vm_1", "greeting": prompt}), vec!["saved", "too_short"]),
        (json!({"kind": "record", "var": "typed", "prompt": prompt}), vec!["ok", "empty"]),
        (json!({"kind": "recording", "action": "start", "consent": "asked"}), vec!["next", "refused"]),
        (json!({"kind": "recording", "action": "pause"}), vec!["next", "refused"]),
        (json!({"kind": "recording", "action": "stop"}), vec!["next", "refused"]),
        (
            json!({"kind": "http", "url": "https://x.example/{{typed}}", "map": [{"var": "count", "path": "n"}]}),
            vec!["ok", "client_error", "server_error", "timeout"],
        ),
        (json!({"kind": "lookup", "source": "contacts", "key": "caller"}), vec!["found", "many", "none"]),
        (json!({"kind": "callback", "queue": "q_1"}), vec!["booked", "declined", "full"]),
        (
            json!({"kind": "survey", "survey": "s", "questions": [{"id": "a", "prompt": prompt, "type": "scale", "max": 10}, {"id": "b", "prompt": [], "type": "voice"}]}),
            vec!["done", "partial"],
        ),
        (json!({"kind": "subflow", "flow": "flw_1", "in": {"count": "count"}}), vec!["back"]),
        (json!({"kind": "return", "name": "back"}), vec![]),
        (json!({"kind": "tag", "labels": ["x"]}), vec!["next"]),
        (json!({"kind": "hangup", "prompt": prompt}), vec![]),
    ];
    prop::sample::select(kinds)
}

/// A flow whose ways lead anywhere, some of them nowhere.
pub(crate) fn document() -> impl Strategy<Value = Json> {
    prop::collection::vec((node(), prop::collection::vec(0..14_usize, 6)), 1..12).prop_map(|nodes| {
        let nodes: serde_json::Map<String, Json> = nodes
            .into_iter()
            .enumerate()
            .map(|(number, ((mut node, outlets), targets))| {
                let next: serde_json::Map<String, Json> = outlets
                    .iter()
                    .chain(["error"].iter())
                    .zip(targets)
                    .map(|(outlet, target)| ((*outlet).to_owned(), json!(format!("n_{target}"))))
                    .collect();
                node["next"] = Json::Object(next);
                (format!("n_{number}"), node)
            })
            .collect();
        json!({
            "v": 1, "id": "flw_1", "kind": "ivr", "locales": ["fr-FR"], "tz": "Europe/Paris", "start": "n_0",
            "vars": [{"name": "count", "type": "int", "default": 0}, {"name": "typed", "type": "string", "default": "x"}],
            "defaults": {"timeout_ms": 1000, "on_error": "n_1", "on_hangup": "n_2"}, "nodes": nodes,
        })
    })
}

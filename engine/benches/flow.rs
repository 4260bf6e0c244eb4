//! How many steps of flows a core can take per second: `cargo bench -p cadran-engine --bench flow`.
//!
//! A step is a node that is left, with everything that belongs to it: expressions, calendars, prompts. The flow mixes
//! kinds as a real one does; a whole call passes a hundred nodes. The target is 1,000,000 steps per second.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use cadran_engine::flow::calendar::Calendar;
use cadran_engine::flow::key::Key;
use cadran_engine::flow::run::{Event, Facts, Passage, Run, Step, Surroundings};
use cadran_engine::flow::{Library, Prepared, read};
use cadran_engine::model::Timestamp;
use serde_json::json;

mod processor;

/// Enough calls that the clock's own cost vanishes.
const CALLS: u32 = 20_000;

fn main() {
    let library = Library::new(flow());
    let calendars: BTreeMap<String, Calendar> = BTreeMap::from([(
        "cln".to_owned(),
        serde_json::from_value(json!({
            "tz": "Europe/Paris", "open": [{"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "18:00"}], "holidays": "fr"
        }))
        .expect("the calendar is well formed"),
    )]);
    let around = Surroundings { library: &library, calendars: &calendars };
    let (steps, took) = calls(around);
    let rate = f64::from(steps) / took.as_secs_f64();
    #[expect(clippy::print_stdout, reason = "a benchmark reports on its standard output")]
    {
        println!("flow: {rate:.0} steps per second and core ({} steps in {took:.2?})", steps);
    }
}

/// Carries calls through the flow: the nodes that were left, and how long it took.
fn calls(around: Surroundings<'_>) -> (u32, Duration) {
    // 18 November 2026, 10:30 in Paris.
    let now = Timestamp::from_millis(1_794_994_200_000);
    let one = Key::read('1').expect("1 is a key");
    let mut trace: Vec<Passage<'_>> = Vec::new();
    let mut steps = 0_u32;
    let before = processor::used();
    for call in 0..CALLS {
        let facts = Facts { caller: "+33199000001".to_owned(), chance: call.into(), ..Facts::default() };
        let mut run = Run::new(around, facts, now);
        let mut event = Event::Begun;
        loop {
            let step = run.handle(around, black_box(event), now, &mut trace);
            event = match step {
                Step::Play { listening, .. } if listening.barge_in => Event::Key(one),
                Step::Play { .. } => Event::PlayEnded,
                Step::WaitKey { .. } => Event::Timeout,
                Step::End { .. } => break,
                _ => Event::Done,
            };
        }
        steps += u32::try_from(trace.len()).unwrap_or(u32::MAX);
        trace.clear();
    }
    (steps, processor::used() - before)
}

fn flow() -> Prepared {
    let document = json!({
        "v": 1, "id": "flw_bench", "kind": "ivr", "locales": ["fr-FR"], "tz": "Europe/Paris", "start": "n_answer",
        "vars": [{"name": "rounds", "type": "int", "default": 0}, {"name": "tier", "type": "string", "default": "standard"}],
        "nodes": {
            "n_answer": {"kind": "answer", "next": {"next": "n_hours"}},
            "n_hours": {"kind": "hours", "calendar": "cln", "next": {"open": "n_menu", "closed": "n_bye", "holiday": "n_bye"}},
            "n_menu": {"kind": "menu", "prompt": [{"tts": {"fr-FR": "Pour les ventes, tapez 1."}}], "keys": ["1", "2"],
                "next": {"1": "n_tier", "2": "n_bye", "no_input": "n_bye", "no_match": "n_bye"}},
            "n_tier": {"kind": "branch", "cases": [{"id": "gold", "when": "tier == 'gold'"}], "next": {"gold": "n_bye", "else": "n_split"}},
            "n_split": {"kind": "split", "weights": {"a": 50, "b": 50}, "sticky_by": "caller", "next": {"a": "n_play", "b": "n_goto"}},
            "n_goto": {"kind": "goto", "node": "n_play"},
            "n_play": {"kind": "play", "prompt": "med_1", "next": {"next": "n_tag"}},
            "n_tag": {"kind": "tag", "labels": ["x"], "next": {"next": "n_count"}},
            "n_count": {"kind": "set", "assign": [{"var": "rounds", "expr": "rounds + 1"}], "next": {"next": "n_again"}},
            "n_again": {"kind": "branch", "cases": [{"id": "done", "when": "rounds >= 12"}], "next": {"done": "n_bye", "else": "n_hours"}},
            "n_bye": {"kind": "hangup"}
        }
    });
    let flow = read(&document.to_string());
    Prepared::new(flow.expect("the flow is well formed"))
}

//! How many numbers a core can judge per second: `cargo bench -p cadran-engine --bench may_dial`.
//!
//! Each round asks about one lead under all shipped packs, with a history, a consent and a register check, as the
//! hopper does. The target is 500,000 per second.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use cadran_engine::dialer::compliance::{Callee, Intent, Pack, PackRules, PastAttempt, Registers, may_dial};
use cadran_engine::model::Timestamp;
use serde_json::json;

mod processor;

/// Enough rounds that the clock's own cost vanishes.
const ROUNDS: u32 = 400_000;

fn main() {
    let packs = shipped();
    // 18 November 2026, in milliseconds since the epoch, at 10:30, 11:30 (open) and 21:30 (closed) in Paris.
    for (name, now) in [("allowed", 1_794_994_200_000), ("denied until tomorrow", 1_795_033_800_000)] {
        let took = judge(&packs, Timestamp::from_millis(now));
        let rate = f64::from(ROUNDS) / took.as_secs_f64();
        #[expect(clippy::print_stdout, reason = "a benchmark reports on its standard output")]
        {
            println!("may_dial, {name}: {rate:.0} decisions per second and core");
        }
    }
}

fn judge(packs: &[Pack], now: Timestamp) -> Duration {
    let callee: Callee = serde_json::from_value(json!({
        "person_id": "P1", "number": "+33639980001", "party": "consumer", "line_type": "mobile",
        "consents": [{
            "seller": "S1", "scope": ["phone_marketing"], "at": "2026-10-01T09:00:00Z", "evidence_id": "EV-1"
        }]
    }))
    .expect("the callee is well formed");
    let intent: Intent = serde_json::from_value(json!({
        "id": "C1", "seller": "S1", "purpose": "marketing", "sector": "general", "dial_mode": "predictive",
        "cli": "+33162001122", "cli_authorised": true
    }))
    .expect("the intent is well formed");
    let history: Vec<PastAttempt> = serde_json::from_value(json!([
        {"at": "2026-11-02T10:00:00Z", "seller": "S1", "outcome": "no_answer"},
        {"at": "2026-11-05T10:00:00Z", "seller": "S1", "outcome": "busy"},
        {"at": "2026-11-10T10:00:00Z", "seller": "S2", "outcome": "answered"}
    ]))
    .expect("the history is well formed");
    let registers = Registers::default();
    let before = processor::used();
    for _ in 0..ROUNDS {
        black_box(may_dial(black_box(&callee), &intent, now, &history, &registers, packs));
    }
    processor::used() - before
}

fn shipped() -> Vec<Pack> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/compliance");
    let files = fs::read_dir(folder).expect("the shipped packs are in config/compliance");
    let packs = files.map(|entry| {
        let file = entry.expect("the folder can be listed").path();
        let text = fs::read_to_string(&file).expect("the pack can be read");
        let rules: PackRules = toml::from_str(&text).expect("the pack is well formed");
        let id = rules.id.clone().expect("a shipped pack has an id");
        Pack::new(&id, "", rules).expect("the pack is consistent")
    });
    packs.collect()
}

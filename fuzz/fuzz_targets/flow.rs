//! Any text as a flow: checking it, preparing it and running it never panics and always ends.
//!
//! What comes after a NUL is what the caller types.

#![no_main]

use cadran_engine::flow::simulation::{Input, simulate};
use cadran_engine::flow::world::World;
use cadran_engine::flow::{Library, Prepared, check_text, read};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (document, typed) = text.split_once('\0').unwrap_or((text, "1#"));
    let world = World::default();
    let findings = check_text(document, Some(&world));
    let Ok(flow) = read(document) else {
        assert!(!findings.is_empty(), "what cannot be read has a reason");
        return;
    };
    let keys: Vec<_> = typed.chars().take(20).map(|key| json!({"t_ms": 500, "dtmf": key.to_string()})).collect();
    let input = json!({"caller": "+33199000001", "at": "2026-03-06T10:00:00Z", "keys": keys, "hangup_t_ms": 600_000});
    let input: Input = serde_json::from_value(input).expect("the input is well formed");
    simulate(&Library::new(Prepared::new(flow)), &world, &input);
});

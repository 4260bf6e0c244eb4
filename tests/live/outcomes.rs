//! Every outcome by dialled number, against what the network wrote down.

use std::collections::BTreeMap;

use serde_json::json;

use super::world::{CALLER_ID, World};

/// A number, the outcome it must lead to, and the SIP status that the network ended the call with
/// (`tests/carrier/README.md`).
const NUMBERS: [(&str, &str, u16); 9] = [
    ("+33199000202", "answered", 200),
    ("+33199000310", "busy", 486),
    // The ring timeout of the campaign: we give up first.
    ("+33199000400", "no_answer", 487),
    ("+33199000490", "no_answer", 480),
    ("+33199000510", "congestion", 503),
    ("+33199000610", "unallocated", 404),
    ("+33199000710", "rejected", 603),
    // Tones in the voice channel before the refusal are no answer.
    ("+33199000910", "unallocated", 404),
    ("+33199000960", "failed", 488),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_number_ends_as_the_network_says() {
    let world = World::start().await;
    let agents = world.agents(3).await;
    let campaign = world.campaign(json!({ "ring_timeout": 15_000 })).await;
    world.leads(&campaign, &NUMBERS.map(|(number, _, _)| number)).await;
    world.start_campaign(&campaign).await;
    world.to_work(&agents, &campaign).await;

    let attempts = world.until_attempts_ended(NUMBERS.len()).await;
    let outcomes: BTreeMap<&str, &str> = attempts
        .iter()
        .map(|attempt| (attempt.phone.as_str(), attempt.outcome.as_deref().unwrap()))
        .collect();
    assert_eq!(outcomes, NUMBERS.map(|(number, outcome, _)| (number, outcome)).into());

    let calls = world.until_network_saw(NUMBERS.len()).await;
    let seen: Vec<(&str, u16)> = calls.iter().map(|call| (call.dialled.as_str(), call.status)).collect();
    let expected = NUMBERS.map(|(number, _, status)| (number, status));
    assert_eq!(BTreeMap::from_iter(seen), expected.into());
    assert!(calls.iter().all(|call| call.caller.ends_with(&CALLER_ID[1..])), "{calls:?}");
    for attempt in attempts.iter().filter(|attempt| attempt.phone != "+33199000400") {
        let (_, _, status) = NUMBERS.iter().find(|(number, ..)| *number == attempt.phone).unwrap();
        assert_eq!(attempt.sip.unwrap_or(200), *status, "{attempt:?}");
    }
    world.close().await;
}

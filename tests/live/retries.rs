//! What follows an outcome: the lead's other number, or nothing.

use serde_json::json;

use super::api::Lead;
use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_lead_is_called_on_the_other_number() {
    let world = World::start().await;
    let agent = world.agent("talks").await;
    let rule = json!({ "outcome": "busy", "delay": 3_600_000, "attempts_max": 3, "alternate_number": true });
    let campaign = world.campaign(json!({ "retry": [rule] })).await;
    let [busy, answers, unallocated, busy_for_now] =
        ["+33199000300", "+33199000201", "+33199000600", "+33199000301"];
    let two_numbers = format!("{busy},{answers}");
    world.leads(&campaign, &[&two_numbers, unallocated, busy_for_now]).await;
    world.start_campaign(&campaign).await;
    world.to_work(&[agent], &campaign).await;

    let attempts = world.until_attempts_ended(4).await;
    let outcomes = |number: &str| -> Vec<&str> {
        let of_number = attempts.iter().filter(|attempt| attempt.phone == number);
        of_number.map(|attempt| attempt.outcome.as_deref().unwrap()).collect()
    };
    assert_eq!(outcomes(busy), ["busy"]);
    assert_eq!(outcomes(answers), ["answered"]);
    assert_eq!(outcomes(unallocated), ["unallocated"]);
    assert_eq!(outcomes(busy_for_now), ["busy"]);
    let order = |number: &str| attempts.iter().position(|attempt| attempt.phone == number);
    assert!(order(busy) < order(answers), "{attempts:?}");

    let leads: Vec<Lead> = world.api.rows("/api/leads").await;
    let mut states: Vec<(&str, &str)> =
        leads.iter().map(|lead| (lead.phone.as_str(), lead.state.as_str())).collect();
    states.sort_unstable();
    assert_eq!(states, [(busy, "done"), (busy_for_now, "waiting"), (unallocated, "done")]);
    world.close().await;
}

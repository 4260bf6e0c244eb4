//! People who answer and find no agent hear a message, are counted once, and stop the dialling ahead.

use std::time::Duration;

use serde_json::json;

use super::sound::Sound;
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// People who pick up and say nothing, so that whatever sound there is comes from us.
const FIRST: &str = "+33199000985";
const FIRST_WAVE: [&str; 3] = ["+33199000980", "+33199000981", "+33199000982"];
const LATER: [&str; 2] = ["+33199000983", "+33199000984"];

/// What they hear (`drop_message` of a campaign that says nothing else).
const MESSAGE: &[u8] = include_bytes!("../../dialplan/sounds/cadran/drop-fr.wav");
/// The first half second of a call is often lost on the way, and quiet words in the encoding.
const LOST_MAX: Duration = Duration::from_millis(1000);

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_person_hears_a_message_and_is_counted_once() {
    let world = World::start().await;
    let agent = world.agent("talks").await;
    let campaign =
        world.campaign(json!({ "mode": { "kind": "power", "ratio": 3.0 }, "drop_after": 1000 })).await;
    world.leads(&campaign, &[&[FIRST], FIRST_WAVE.as_slice(), &LATER].concat()).await;
    world.start_campaign(&campaign).await;
    world.to_work(std::slice::from_ref(&agent), &campaign).await;

    // Nobody is dialled ahead before somebody has answered.
    let first = world.until_connected_to(FIRST).await;
    world.hang_up(&first.call).await;

    // Three are dialled ahead for one agent; two of them find nobody.
    for number in FIRST_WAVE {
        let (_, channel) = eventually("the network rings the number", SOON, async || {
            world.pair.carrier().channel_of(number).await.ok_or("no channel")
        })
        .await;
        world.pair.record_what_is_heard(&channel, &heard(&world, number));
    }
    let attempts = world.until_attempts_ended(3).await;
    let dropped: Vec<&str> = attempts
        .iter()
        .filter(|attempt| attempt.outcome.as_deref() == Some("dropped"))
        .map(|attempt| attempt.phone.as_str())
        .collect();
    assert_eq!(dropped.len(), 2, "{attempts:?}");
    let message = Sound::voices_of(MESSAGE)[0].audible();
    for number in &dropped {
        let wav = std::fs::read(heard(&world, number)).unwrap();
        let sound = &Sound::voices_of(&wav)[0];
        let heard = sound.audible();
        assert!(heard + LOST_MAX >= message, "{number} heard {heard:?} of the {message:?} of the message");
        assert!(sound.share_of_tone(440.0) < 0.5, "{number} heard the agent");
    }
    counted(&world, &campaign, 4, 2).await;

    // The limit is spent: from here on one call for each ready agent, made for that agent.
    for (index, number) in LATER.into_iter().enumerate() {
        let in_hand = world.until_connected(1).await.remove(0);
        world.hang_up(&in_hand.call).await;
        let call = world.until_connected_to(number).await;
        let attempts = world.api.rows::<super::api::Attempt>("/api/attempts").await;
        assert_eq!(attempts.len(), FIRST_WAVE.len() + index + 2, "{attempts:?}");
        let dial = attempts.iter().find(|attempt| attempt.phone == number).unwrap();
        assert_eq!((&dial.agent, &call.agent), (&Some(agent.id.clone()), &Some(agent.id.clone())));
    }
    let last = world.until_connected(1).await.remove(0);
    world.hang_up(&last.call).await;
    counted(&world, &campaign, 6, 2).await;
    world.close().await;
}

fn heard(world: &World, number: &str) -> std::path::PathBuf {
    world.home.path().join(format!("heard-{}.wav", &number[1..]))
}

async fn counted(world: &World, campaign: &str, answered: u32, dropped: u32) {
    eventually("the drops are counted", SOON, async || {
        let live = world.api.live().await;
        let seen = live.campaigns.into_iter().find(|seen| seen.campaign == campaign).unwrap();
        holds((seen.answered, seen.dropped) == (answered, dropped), seen)
    })
    .await;
}

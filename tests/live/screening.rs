//! Answering machines are told from people, in time, and are left a message.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::api::{Attempt, Call};
use super::sound::Sound;
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// "Hello" of 0.8 seconds, and then somebody who waits.
const PERSON: &str = "+33199000970";
/// Somebody who says nothing.
const SILENT: &str = "+33199000980";
/// Somebody who hangs up half a second after they answered.
const LEAVES: &str = "+33199000995";
/// Three sentences of 1.2 seconds, a tone of 0.4, and then it listens.
const MACHINE: &str = "+33199000820";
const GREETING: Duration = Duration::from_millis(3 * 1245 + 425);

/// What a machine is left.
const MESSAGE: &[u8] = include_bytes!("../../dialplan/sounds/cadran/drop-fr.wav");
/// Quiet words are lost in the encoding.
const LOST_MAX: Duration = Duration::from_millis(1000);

/// Whoever is no machine speaks with their agent within the time that the law gives.
const SERVED_MAX: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_told_from_people_and_left_a_message() {
    let world = World::start().await;
    let agents = world.agents(4).await;
    let message = json!({ "kind": "leave_message", "message": "sound:cadran/drop-fr" });
    let campaign = world
        .campaign(json!({ "screening": { "enabled": true, "on_machine": message, "sample": 0.0 } }))
        .await;
    let numbers = [PERSON, SILENT, LEAVES, MACHINE];
    world.leads(&campaign, &numbers).await;
    world.start_campaign(&campaign).await;
    world.to_work(&agents, &campaign).await;

    let heard = world.home.path().join("heard-by-machine.wav");
    let (_, channel) = eventually("the machine answers", SOON, async || {
        world.pair.carrier().channel_of(MACHINE).await.ok_or("no channel")
    })
    .await;
    world.pair.record_what_is_heard(&channel, &heard);
    for person in [PERSON, SILENT] {
        let call = world.until_connected_to(person).await;
        world.hang_up(&call.call).await;
    }

    let attempts = world.until_attempts_ended(numbers.len()).await;
    let ends: BTreeMap<&str, (&str, Option<&str>)> =
        attempts.iter().map(|attempt| (attempt.phone.as_str(), end_of(attempt))).collect();
    let expected = [
        (PERSON, ("answered", Some("person"))),
        (SILENT, ("answered", Some("unsure"))),
        (LEAVES, ("answered", None)),
        (MACHINE, ("machine", Some("machine"))),
    ];
    assert_eq!(ends, expected.into(), "{attempts:?}");
    for attempt in &attempts {
        eprintln!("{}: {:?}", attempt.phone, attempt.screened);
        assert!(attempt.screened.as_ref().is_none_or(|screened| screened.after <= 1_200), "{attempt:?}");
        assert!(attempt.screened.as_ref().is_none_or(|screened| !screened.cause.is_empty()), "{attempt:?}");
    }
    served_in_time(&world).await;
    left_after_the_tone(&heard);
    counted(&world, &campaign).await;
    world.close().await;
}

fn end_of(attempt: &Attempt) -> (&str, Option<&str>) {
    let verdict = attempt.screened.as_ref().map(|screened| screened.verdict.as_str());
    (attempt.outcome.as_deref().unwrap(), verdict)
}

/// Each person who stayed had an agent in time, screening included.
async fn served_in_time(world: &World) {
    let calls = world.api.rows::<Call>("/api/calls").await;
    for person in [PERSON, SILENT] {
        let call = calls.iter().find(|call| call.phone == person).unwrap();
        let waited = u64::try_from(call.connected_at.unwrap() - call.answered_at).unwrap();
        eprintln!("{person}: {waited} ms from answer to agent");
        assert!(Duration::from_millis(waited) <= SERVED_MAX, "{call:?}");
    }
}

/// The machine heard nothing while it greeted, and then all of the message.
fn left_after_the_tone(heard: &Path) {
    let sound = &Sound::voices_of(&std::fs::read(heard).unwrap())[0];
    let message = Sound::voices_of(MESSAGE)[0].audible();
    assert!(sound.audible() + LOST_MAX >= message, "{:?} of {message:?}", sound.audible());
    let first = sound.silences(Duration::ZERO).first().cloned().unwrap();
    eprintln!("the machine hears the message {:?} after its recording began", first.end);
    assert!(first.start.is_zero() && first.end >= GREETING, "{first:?}");
}

/// A machine is nobody who answered, and no drop; and the figures know of all four.
async fn counted(world: &World, campaign: &str) {
    eventually("answers are counted", SOON, async || {
        let live = world.api.live().await;
        let seen = live.campaigns.into_iter().find(|seen| seen.campaign == campaign).unwrap();
        holds((seen.answered, seen.dropped) == (3, 0), seen)
    })
    .await;
    let told = world.api.get(&format!("/api/campaigns/{campaign}/screening")).await;
    assert_eq!((&told["machine"], &told["person"], &told["unsure"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(told["people_taken_for_machines"]["rate"], json!(null), "no agent has said anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_screened_when_the_daemon_dies_is_not_left_in_silence() {
    let mut world = World::start().await;
    let agents = world.agents(1).await;
    let campaign = world.campaign(json!({ "screening": { "enabled": true } })).await;
    world.leads(&campaign, &[SILENT]).await;
    world.start_campaign(&campaign).await;
    world.to_work(&agents, &campaign).await;

    let heard = world.home.path().join("heard-by-person.wav");
    let (_, channel) = eventually("the person is called", SOON, async || {
        world.pair.carrier().channel_of(SILENT).await.ok_or("no channel")
    })
    .await;
    world.pair.record_what_is_heard(&channel, &heard);
    eventually("the person is screened", SOON, async || {
        let live = world.api.live().await;
        holds(live.calls.iter().any(|call| call.state == "screening"), live)
    })
    .await;
    world.daemon.kill();
    let calls = world.until_network_saw(1).await;
    assert_eq!((calls[0].status, calls[0].ended_by.as_str()), (200, "pbx"), "{calls:?}");
    let sound = &Sound::voices_of(&std::fs::read(&heard).unwrap())[0];
    assert!(
        sound.audible() >= Duration::from_secs(1),
        "heard {:?} in {:?}",
        sound.audible(),
        sound.duration()
    );

    world.daemon = world.setup.start();
    world.daemon.until_ready(&world.setup.listen).await;
    world.until_attempts_ended(1).await;
    world.close().await;
}

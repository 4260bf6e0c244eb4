//! What a recording holds once it was archived: the customer on the left, the agent on the right, silence while it was
//! masked, and a mark of that.

use std::time::Duration;

use serde_json::json;

use super::api::Recording;
use super::sound::Sound;
use super::world::{World, now_ms};

/// What the network's people say, and what the agents' phones say (`tests/carrier/README.md`).
const CUSTOMER_HERTZ: f64 = 1000.0;
const AGENT_HERTZ: f64 = 440.0;

/// How far the places of a gap may be from when it was asked for.
const SLACK: Duration = Duration::from_millis(400);

/// An agent and a customer speak with each other, and are recorded; gives their call.
pub(crate) async fn recorded_conversation(world: &World) -> String {
    let agent = world.agent("talks").await;
    let campaign =
        world.campaign(json!({ "recording": { "kind": "all" }, "recording_notice": "sound:beep" })).await;
    world.leads(&campaign, &["+33199000101"]).await;
    world.start_campaign(&campaign).await;
    world.to_work(&[agent], &campaign).await;
    world.until_connected(1).await.remove(0).call
}

#[tokio::test(flavor = "multi_thread")]
async fn each_voice_is_on_its_side_and_a_mask_is_a_marked_gap() {
    let world = World::start().await;
    let call = recorded_conversation(&world).await;
    let recording = |action: &str| format!("/api/calls/{call}/recording/{action}");
    world.until_it_lasted(&call, Duration::from_secs(2)).await;
    let mask = asked(&world, &recording("mask")).await;
    assert_eq!(world.until_connected(1).await[0].recording, "masked");
    world.until_it_lasted(&call, Duration::from_secs(4)).await;
    let unmask = asked(&world, &recording("unmask")).await;
    world.until_it_lasted(&call, Duration::from_secs(6)).await;
    world.hang_up(&call).await;

    let over = world.until_over(&call).await;
    let recording = world.until_recordings_judged(1).await.remove(0);
    assert_eq!((recording.call.as_str(), recording.state.as_str()), (call.as_str(), "verified"));
    world.until_archived(&recording.id).await;
    let (status, opus) = world.api.audio(&recording.id, None).await;
    assert_eq!((status, opus.starts_with(b"OggS")), (200, true));
    let [left, right] = Sound::voices_of(&opus).try_into().unwrap();

    let talked = Duration::from_millis((over.ended_at - over.connected_at.unwrap()).unsigned_abs());
    assert!(left.duration().abs_diff(talked) < Duration::from_secs(1), "{:?} of {talked:?}", left.duration());
    assert_eq!(left.duration(), right.duration());
    for (voice, own, other) in [(&left, CUSTOMER_HERTZ, AGENT_HERTZ), (&right, AGENT_HERTZ, CUSTOMER_HERTZ)] {
        assert!(voice.share_of_tone(own) > 0.9, "{own} Hz: {}", voice.share_of_tone(own));
        assert!(voice.share_of_tone(other) < 0.01, "{other} Hz: {}", voice.share_of_tone(other));
        let gaps = voice.silences(Duration::from_millis(500));
        let [gap] = gaps.as_slice() else { panic!("one gap, not {gaps:?}") };
        let at = |ms: i64| Duration::from_millis((ms - recording.started_at).unsigned_abs());
        assert!(at(mask.0).saturating_sub(SLACK) <= gap.start && gap.start <= at(mask.1) + SLACK, "{gap:?}");
        assert!(at(unmask.0).saturating_sub(SLACK) <= gap.end && gap.end <= at(unmask.1) + SLACK, "{gap:?}");
    }
    gap_is_marked(&world, &recording, mask, unmask).await;
    part_is_part_of_whole(&world, &recording.id, &opus).await;
    world.close().await;
}

/// Asks for something, and returns when it was asked for and when it was done.
async fn asked(world: &World, path: &str) -> (i64, i64) {
    let before = now_ms();
    world.api.post(path, json!({})).await;
    (before, now_ms())
}

/// The row says where the silence is and why, and the drawing shows it.
async fn gap_is_marked(world: &World, recording: &Recording, mask: (i64, i64), unmask: (i64, i64)) {
    let story = world.api.get(&format!("/api/recordings/{}", recording.id)).await;
    let gaps = story["gaps"].as_array().unwrap();
    let [gap] = gaps.as_slice() else { panic!("one gap, not {gaps:?}") };
    let (from, until) = (gap["from"].as_i64().unwrap(), gap["until"].as_i64().unwrap());
    assert_eq!(gap["reason"], "card");
    let between = |at: i64, asked: (i64, i64)| {
        let at = recording.started_at + at;
        (asked.0 - 100..=asked.1 + 100).contains(&at)
    };
    assert!(between(from, mask) && between(until, unmask), "{gap} of {mask:?} to {unmask:?}");

    let drawing = world.api.get(&format!("/api/recordings/{}/waveform", recording.id)).await;
    let span = drawing["span_samples"].as_u64().unwrap();
    let rate = drawing["sample_rate"].as_u64().unwrap();
    let height = |ms: i64| {
        let place = usize::try_from(u64::try_from(ms).unwrap() * rate / 1000 / span).unwrap();
        drawing["customer"][2 * place + 1].as_i64().unwrap()
    };
    assert!(height(from / 2) > 5, "sound before the gap");
    assert_eq!(height((from + until) / 2), 0, "silence within it");
}

async fn part_is_part_of_whole(world: &World, recording: &str, whole: &[u8]) {
    let end = whole.len();
    for (range, expected) in
        [("bytes=100-199", &whole[100..200]), ("bytes=0-0", &whole[..1]), ("bytes=-50", &whole[end - 50..])]
    {
        let (status, part) = world.api.audio(recording, Some(range)).await;
        assert_eq!((status, part.as_slice()), (206, expected), "{range}");
    }
    let (status, _) = world.api.audio(recording, Some(&format!("bytes={end}-"))).await;
    assert_eq!(status, 416);
}

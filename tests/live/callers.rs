//! People who call: what they do is written into the network's dialplan, what they hear is recorded there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::api::text;
use super::sound::Sound;
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// What the network records: 8,000 samples of two bytes a second.
const BYTES_A_MILLISECOND: u64 = 16;

/// Where the head of a WAV file tells how much follows, and what it tells when there is no sound yet.
const RIFF_LENGTH: std::ops::Range<usize> = 4..8;
const EMPTY_RIFF: u32 = 36;

/// A prompt that sounds like this.
pub(crate) async fn medium(world: &World, name: &str, hertz: f64) -> String {
    let id = text(&world.api.post("/api/media", json!({ "name": name })).await, "id");
    world.api.put_bytes(&format!("/api/media/{id}/sounds/fr-FR"), Sound::wav_of(&[hertz], 16_000, 2)).await;
    id
}

/// Somebody calls a number without showing theirs, and does what these lines of the network's dialplan say. Gives the
/// file of what they hear, once the call is under way.
pub(crate) async fn call(world: &World, number: &str, name: &str, lines: &[&str]) -> PathBuf {
    call_from(world, None, number, name, lines).await
}

/// The same of somebody who may show their number.
pub(crate) async fn call_from(
    world: &World,
    from: Option<&str>,
    number: &str,
    name: &str,
    lines: &[&str],
) -> PathBuf {
    let heard = world.home.path().join(format!("{name}.wav"));
    let mixed = heard.with_extension("mixed.wav");
    let record = format!("MixMonitor({},r({}))", mixed.display(), heard.display());
    let all = std::iter::once(record.as_str()).chain(lines.iter().copied());
    for (index, line) in all.enumerate() {
        let line = format!("dialplan add extension {name},{},{line} into test-callers replace", index + 1);
        world.pair.carrier_cli(&line);
    }
    let before = world.pair.carrier().channels().await.len();
    world.pair.carrier().call(number, name, from).await;
    eventually("the call is under way", SOON, async || {
        let channels = world.pair.carrier().channels().await;
        holds(channels.len() > before || heard.exists(), channels)
    })
    .await;
    heard
}

/// How long the caller has listened, as far as it is written.
pub(crate) fn heard_for(heard: &Path) -> Duration {
    let length = std::fs::metadata(heard).map_or(0, |file| file.len());
    Duration::from_millis(length / BYTES_A_MILLISECOND)
}

/// Waits until the caller has listened for so long from here on.
pub(crate) async fn until_heard_for(heard: &Path, span: Duration) {
    let length = || std::fs::metadata(heard).map_or(0, |file| file.len());
    let enough = length() + span.as_millis() as u64 * BYTES_A_MILLISECOND;
    eventually("the caller listens", SOON, async || holds(length() >= enough, length())).await;
}

/// Waits until nobody is on the telephone.
pub(crate) async fn until_quiet(world: &World) {
    eventually("everybody has hung up", SOON * 2, async || {
        let channels = world.pair.carrier().channels().await;
        holds(channels.is_empty(), channels)
    })
    .await;
}

/// Waits until the daemon knows of no caller.
pub(crate) async fn until_no_callers(world: &World) {
    eventually("every caller has left", SOON * 3, async || {
        let live = world.api.get("/api/live/snapshot").await;
        holds(live["callers"].as_array().unwrap().is_empty(), live["callers"].clone())
    })
    .await;
}

/// What a caller heard, once the network has closed the file: until then its head tells another length.
pub(crate) async fn sound(file: &Path) -> Sound {
    let wav = eventually("the network closes the file", SOON, async || {
        let wav = std::fs::read(file).map_err(|error| error.to_string())?;
        let told = wav.get(RIFF_LENGTH).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        let is_closed = told.is_some_and(|told| told > EMPTY_RIFF && told as usize + 8 == wav.len());
        holds(is_closed, format!("{} bytes, {told:?} told", wav.len())).map(|()| wav)
    })
    .await;
    Sound::voices_of(&wav).remove(0)
}

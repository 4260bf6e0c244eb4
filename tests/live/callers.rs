//! People who call: what they do is written into the network's dialplan, what they hear is recorded there.

use std::f64::consts::PI;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::api::text;
use super::sound::Sound;
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// A WAV file with a tone of two seconds.
fn tone(hertz: f64) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    for index in 0..32_000 {
        let sample = 0.3 * (2.0 * PI * hertz * f64::from(index) / 16_000.0).sin();
        writer.write_sample((sample * f64::from(i16::MAX)) as i16).unwrap();
    }
    writer.finalize().unwrap();
    file.into_inner()
}

/// A prompt that sounds like this.
pub(crate) async fn medium(world: &World, name: &str, hertz: f64) -> String {
    let id = text(&world.api.post("/api/media", json!({ "name": name })).await, "id");
    world.api.put_bytes(&format!("/api/media/{id}/sounds/fr-FR"), tone(hertz)).await;
    id
}

/// Somebody calls a number, and does what these lines of the network's dialplan say. Gives the file of what they hear.
pub(crate) fn call(world: &World, number: &str, name: &str, lines: &[&str]) -> PathBuf {
    let heard = world.home.path().join(format!("{name}.wav"));
    let mixed = heard.with_extension("mixed.wav");
    let record = format!("MixMonitor({},r({}))", mixed.display(), heard.display());
    let all = std::iter::once(record.as_str()).chain(lines.iter().copied());
    for (index, line) in all.enumerate() {
        let line = format!("dialplan add extension {name},{},{line} into test-callers replace", index + 1);
        world.pair.carrier_cli(&line);
    }
    world.pair.carrier_cli(&format!("channel originate PJSIP/{number}@pbx extension {name}@test-callers"));
    heard
}

/// Waits until nobody is on the telephone.
pub(crate) async fn until_quiet(world: &World) {
    eventually("everybody has hung up", SOON * 2, async || {
        let channels = world.pair.carrier().channels().await;
        holds(channels.is_empty(), channels)
    })
    .await;
}

/// Waits until the daemon knows of no caller. The network has closed its files a moment later.
pub(crate) async fn until_no_callers(world: &World) {
    eventually("every caller has left", SOON * 3, async || {
        let live = world.api.get("/api/live/snapshot").await;
        holds(live["callers"].as_array().unwrap().is_empty(), live["callers"].clone())
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
}

pub(crate) fn sound(file: &Path) -> Sound {
    let wav = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Sound::voices_of(&wav).remove(0)
}

//! Who hears whom: customer, agent and a third person speak in tones of their own, and what each hears is written down.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::sound::Sound;
use super::wait::{SOON, eventually};
use super::world::World;

/// What the network's people, the agents' phones and the supervisors' phones say (`tests/carrier/README.md`).
pub(crate) const CUSTOMER: f64 = 1000.0;
pub(crate) const AGENT: f64 = 440.0;
pub(crate) const SUPERVISOR: f64 = 620.0;
pub(crate) const VOICES: [f64; 3] = [CUSTOMER, AGENT, SUPERVISOR];
/// What whoever waits hears.
pub(crate) const MUSIC: [f64; 2] = [300.0, 780.0];

/// How long each phase of a story lasts.
pub(crate) const PHASE: Duration = Duration::from_millis(2_000);
/// What is lost to the ear at either end of a phase: the change, and packets that a busy machine did not write down.
const EDGE: Duration = Duration::from_millis(500);

/// Somebody at the network's end, and what they hear.
pub(crate) struct Listener {
    voice: f64,
    file: PathBuf,
    /// The recording of it had begun by then.
    began: Instant,
}

/// What somebody should hear.
#[derive(Clone, Copy)]
pub(crate) enum Heard {
    /// The music, and no voice.
    Music,
    /// These and no other.
    Voices(&'static [f64]),
}

/// A time in which everybody hears the same.
pub(crate) struct Phase {
    pub(crate) what: &'static str,
    pub(crate) asked: Instant,
    pub(crate) until: Instant,
    /// What customer, agent and supervisor hear.
    pub(crate) heard: [Heard; 3],
}

/// Writes down what is heard at the network's end of the call to `dialled`, where somebody speaks in this voice.
pub(crate) async fn record(world: &World, dialled: &str, voice: f64) -> Listener {
    let (_, channel) = world.pair.carrier().channel_of(dialled).await.unwrap();
    let file = world.home.path().join(format!("heard-{voice}.wav"));
    world.pair.record_what_is_heard(&channel, &file);
    Listener { voice, file, began: Instant::now() }
}

/// Everybody heard in each phase what they should. Gives the time that the slowest change took, by the ear; the calls
/// must be over.
pub(crate) async fn everybody_heard(everybody: &[Listener; 3], phases: &[Phase]) -> Duration {
    let mut heard = Vec::new();
    for listener in everybody {
        heard.push(listener.everything(phases.last().unwrap().until).await);
    }
    let mut wrong = Vec::new();
    for (place, (listener, sound)) in everybody.iter().zip(&heard).enumerate() {
        for (number, phase) in phases.iter().enumerate() {
            let at = |moment: Instant| moment.saturating_duration_since(listener.began);
            let span = sound.between(at(phase.asked) + EDGE..at(phase.until).saturating_sub(EDGE));
            let problem = match phase.heard[place] {
                Heard::Music => are_others(&span, &MUSIC),
                Heard::Voices(voices) => are_others(&span, voices),
            };
            wrong.extend(problem.map(|problem| {
                format!("{} Hz in phase {number}, {}: {problem}", listener.voice, phase.what)
            }));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let places = everybody.iter().zip(&heard).enumerate();
    places.map(|(place, (listener, sound))| slowest_change(place, listener, sound, phases)).max().unwrap()
}

/// The file began before the clock did: what is measured is longer than it was.
fn slowest_change(place: usize, listener: &Listener, sound: &Sound, phases: &[Phase]) -> Duration {
    let mut slowest = Duration::ZERO;
    for pair in phases.windows(2) {
        let (Heard::Voices(before), Heard::Voices(after)) = (pair[0].heard[place], pair[1].heard[place])
        else {
            continue;
        };
        let asked = pair[1].asked.saturating_duration_since(listener.began);
        for voice in VOICES.iter().filter(|voice| after.contains(voice) != before.contains(voice)) {
            let changed = sound.tone_changes(*voice, asked, !after.contains(voice)).unwrap();
            slowest = slowest.max(changed - asked);
        }
    }
    slowest
}

/// What is wrong with a sound in which these tones should be heard, and no other that anybody could make.
fn are_others(span: &Sound, tones: &[f64]) -> Option<String> {
    let shares = VOICES.iter().chain(&MUSIC).map(|tone| (*tone, span.share_of_tone(*tone)));
    let shares: Vec<(f64, f64)> = shares.collect();
    let right = |(tone, share): &(f64, f64)| {
        if tones.contains(tone) { *share > 0.2 } else { *share < 0.03 }
    };
    (!shares.iter().all(right)).then(|| format!("{tones:?} and no others are not {shares:.3?}"))
}

impl Listener {
    /// All that was heard, once it is written down as far as this moment.
    async fn everything(&self, until: Instant) -> Sound {
        let length = until.saturating_duration_since(self.began);
        eventually("what was heard is written down", SOON, async || {
            let sound = Sound::voices_of(&std::fs::read(&self.file).unwrap()).remove(0);
            if sound.duration() + EDGE >= length { Ok(sound) } else { Err(sound.duration()) }
        })
        .await
    }
}

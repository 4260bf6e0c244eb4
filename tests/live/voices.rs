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
    /// Neither silence nor any of the voices.
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
    let mut slowest = Duration::ZERO;
    for (place, listener) in everybody.iter().enumerate() {
        let sound = listener.everything(phases.last().unwrap().until).await;
        let mut before = None;
        for phase in phases {
            let at = |moment: Instant| moment.saturating_duration_since(listener.began);
            let span = sound.between(at(phase.asked) + EDGE..at(phase.until).saturating_sub(EDGE));
            match phase.heard[place] {
                Heard::Music => is_music(&span, listener, phase),
                Heard::Voices(voices) => {
                    are_voices(&span, voices, listener, phase);
                    if let Some(Heard::Voices(before)) = before {
                        // The file began before the clock did: what is measured is longer than it was.
                        let changes =
                            VOICES.iter().filter(|voice| voices.contains(voice) != before.contains(voice));
                        for voice in changes {
                            let gone = !voices.contains(voice);
                            let changed = sound.tone_changes(*voice, at(phase.asked), gone).unwrap();
                            slowest = slowest.max(changed - at(phase.asked));
                        }
                    }
                }
            }
            before = Some(phase.heard[place]);
        }
    }
    slowest
}

fn are_voices(span: &Sound, voices: &[f64], listener: &Listener, phase: &Phase) {
    for voice in VOICES {
        let share = span.share_of_tone(voice);
        let right = if voices.contains(&voice) { share > 0.2 } else { share < 0.03 };
        assert!(right, "{} Hz in {}: {voice} Hz is {share:.3}", listener.voice, phase.what);
    }
}

fn is_music(span: &Sound, listener: &Listener, phase: &Phase) {
    let (length, audible) = (span.duration(), span.audible());
    assert!(audible * 2 > length, "{} Hz in {}: {audible:?} of {length:?}", listener.voice, phase.what);
    for voice in VOICES {
        let share = span.share_of_tone(voice);
        assert!(share < 0.3, "{} Hz in {}: {voice} Hz is {share:.3}", listener.voice, phase.what);
    }
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

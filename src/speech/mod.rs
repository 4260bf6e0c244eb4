//! Texts that a machine speaks: asked of a [`Speaker`], made into prompts, and kept, so that a text is spoken once.
//!
//! `espeak` runs a program on this machine and needs no network; `remote` asks a server. A prompt is found again by a
//! digest of what it was made from: speaker, voice, language and text.

mod espeak;
mod remote;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cadran_engine::model::Sound;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::warn;

pub use espeak::Espeak;
pub use remote::Remote;

use crate::sound::{self, Prompt};

/// The longest text that is spoken, in characters: two minutes.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// How long speaking a text may take while a caller waits.
pub const DEADLINE: Duration = Duration::from_secs(3);
/// Texts that are spoken at a time. More would slow each other down, with callers waiting for all of them.
const AT_ONCE: usize = 2;
/// The folder of spoken prompts in the directory of sounds.
const FOLDER: &str = "speech";
/// What is heard in the place of what could not be spoken: one of Asterisk's own sounds, there in every language.
pub const FALLBACK: &str = "sound:an-error-has-occurred";

/// Something that speaks.
#[async_trait]
pub trait Speaker: fmt::Debug + Send + Sync {
    /// Its name, and whatever else makes the same text sound otherwise.
    fn name(&self) -> String;
    /// A file of sound (WAV, MP3 or Ogg) with the text spoken.
    async fn speak(&self, utterance: &Utterance) -> Result<Vec<u8>, Error>;
}

/// A text to be spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utterance {
    /// The text.
    pub text: String,
    /// In which language, such as `fr-FR`.
    pub locale: String,
    /// The voice, other than that of the language.
    pub voice: Option<String>,
}

/// Why a text was not spoken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be kept, or read back.
    #[error("the directory of sounds cannot be used: {0}; see its permissions and its disk")]
    Disk(#[from] std::io::Error),
    /// It took too long.
    #[error("nothing was spoken within {} s; see whether the speaker is overloaded", DEADLINE.as_secs())]
    Late,
    /// The text is empty or too long.
    #[error("a text to be spoken has 1 to {TEXT_CHARS_MAX} characters")]
    Length,
    /// What came back cannot be heard.
    #[error("what was spoken is no sound: {0}")]
    Sound(#[from] sound::Error),
    /// The speaker refuses, or is not there.
    #[error("{0}")]
    Speaker(String),
}

/// The way to spoken texts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Speech {
    speaker: Arc<dyn Speaker>,
    /// Where prompts are kept.
    directory: PathBuf,
    /// The same directory as Asterisk sees it.
    seen_at: Arc<str>,
    turns: Arc<Semaphore>,
}

impl Speech {
    /// Speech whose prompts are kept in a directory of sounds, which Asterisk sees at another place or the same.
    pub fn new(speaker: Arc<dyn Speaker>, sounds: &Path, seen_at: &Path) -> Self {
        let seen_at = seen_at.join(FOLDER).display().to_string().into();
        Self { speaker, directory: sounds.join(FOLDER), seen_at, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// A text as Asterisk plays it: kept from an earlier time, or spoken within [`DEADLINE`].
    pub async fn spoken(&self, utterance: &Utterance) -> Result<Sound, Error> {
        let name = self.name_of(utterance);
        let file = self.directory.join(format!("{name}.wav"));
        let length = match tokio::fs::metadata(&file).await {
            Ok(kept) => length_of(kept.len()),
            Err(_) => {
                timeout(DEADLINE, self.speak_and_keep(utterance, &name)).await.map_err(|_| Error::Late)??
            }
        };
        Ok(Sound { uri: format!("sound:{}/{name}", self.seen_at), length })
    }

    /// A text as Asterisk plays it, or [`FALLBACK`]: callers never hear silence.
    pub async fn spoken_or_fallback(&self, utterance: &Utterance) -> Sound {
        match self.spoken(utterance).await {
            Ok(sound) => sound,
            Err(error) => {
                metrics::counter!("cadran_prompts_missing_total", "kind" => "speech").increment(1);
                warn!(%error, locale = utterance.locale, "A text could not be spoken; the fallback is heard");
                Sound { uri: FALLBACK.to_owned(), length: Duration::from_secs(2) }
            }
        }
    }

    /// A text as a prompt, to be kept by somebody else.
    pub async fn prompt(&self, utterance: &Utterance) -> Result<Prompt, Error> {
        if utterance.text.trim().is_empty() || utterance.text.chars().count() > TEXT_CHARS_MAX {
            return Err(Error::Length);
        }
        let _turn = self.turns.acquire().await.map_err(|closed| Error::Speaker(closed.to_string()))?;
        let file = self.speaker.speak(utterance).await?;
        let made = tokio::task::spawn_blocking(move || Prompt::of_file(&file)).await;
        Ok(made.map_err(|error| Error::Speaker(error.to_string()))??)
    }

    async fn speak_and_keep(&self, utterance: &Utterance, name: &str) -> Result<Duration, Error> {
        let prompt = self.prompt(utterance).await?;
        write(&self.directory, name, &prompt).await?;
        Ok(prompt.duration)
    }

    /// What an utterance is kept under.
    fn name_of(&self, utterance: &Utterance) -> String {
        let Utterance { text, locale, voice } = utterance;
        let source =
            [self.speaker.name().as_str(), voice.as_deref().unwrap_or_default(), locale, text].join("\0");
        Sha256::digest(source).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Writes a prompt's files under a name. Each appears as a whole: Asterisk may look at any moment. The narrow one, by
/// which a kept prompt is known, comes last.
pub async fn write(directory: &Path, name: &str, prompt: &Prompt) -> std::io::Result<()> {
    tokio::fs::create_dir_all(directory).await?;
    if let Some(wide) = &prompt.wide {
        write_whole(&directory.join(format!("{name}.wav16")), wide).await?;
    }
    write_whole(&directory.join(format!("{name}.wav")), &prompt.narrow).await
}

async fn write_whole(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut bits = [0; 8];
    getrandom::fill(&mut bits).map_err(std::io::Error::other)?;
    let partial = file.with_extension(format!("{:016x}.part", u64::from_le_bytes(bits)));
    tokio::fs::write(&partial, bytes).await?;
    tokio::fs::rename(&partial, file).await
}

/// How long a WAV file of ours is: 16 bits at the rate of ordinary telephones, after a header of 44 bytes.
fn length_of(bytes: u64) -> Duration {
    Duration::from_millis(bytes.saturating_sub(44) * 1_000 / (2 * u64::from(sound::NARROW)))
}

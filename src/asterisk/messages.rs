//! What callers leave in mailboxes: recorded on Asterisk, fetched, and kept.

use std::path::PathBuf;

use ari::{Client, Event, LiveRecording};
use cadran_engine::input::SwitchEvent;
use cadran_engine::model::{LegId, MessageId};
use tokio::sync::mpsc;
use tracing::warn;

use super::callers::Callers;

/// Bytes of the head of a WAV file, and of a millisecond of its sound: 8,000 samples of 16 bits a second.
const WAV_HEAD: u64 = 44;
const WAV_BYTES_PER_MS: u64 = 16;

/// Fetches messages from Asterisk.
#[derive(Clone, Debug)]
pub(super) struct Messages {
    client: Client,
    directory: PathBuf,
    news: mpsc::Sender<SwitchEvent>,
}

impl Messages {
    pub(super) const fn new(client: Client, directory: PathBuf, news: mpsc::Sender<SwitchEvent>) -> Self {
        Self { client, directory, news }
    }

    /// Keeps a message whose recording has ended, and tells how long it is. Does not wait.
    pub(super) fn note(&self, event: &Event, callers: &Callers) {
        let (recording, is_whole) = match event {
            Event::RecordingFinished(end) => (&end.recording, true),
            Event::RecordingFailed(end) => (&end.recording, false),
            _ => return,
        };
        let Some((message, leg)) = message_and_leg(recording, callers) else { return };
        let messages = self.clone();
        let name = recording.name.clone();
        tokio::spawn(async move {
            let ms = if is_whole { messages.keep(&name, message).await } else { None };
            // Nobody listens only when the daemon stops.
            let _ = messages.news.send(SwitchEvent::MessageTaken { leg, message, ms }).await;
        });
    }

    async fn keep(&self, name: &str, message: MessageId) -> Option<u64> {
        let fetched = self.client.send(ari::recordings::DownloadStored::new(name.to_owned())).await;
        let sound = match fetched {
            Ok(sound) => sound,
            Err(problem) => {
                warn!(message.id = %message, "A message could not be fetched: {problem}");
                return None;
            }
        };
        let file = self.directory.join(format!("{message}.wav"));
        let written = async {
            tokio::fs::create_dir_all(&self.directory).await?;
            tokio::fs::write(&file, &sound).await
        };
        if let Err(problem) = written.await {
            warn!(message.id = %message, "A message could not be kept: {problem}; see the disk of `data_dir`");
            return None;
        }
        // It is on our disk; a copy that stays on Asterisk is harmless.
        let _ = self.client.send(ari::recordings::DeleteStored::new(name.to_owned())).await;
        let length = u64::try_from(sound.len()).unwrap_or(0);
        Some(length.saturating_sub(WAV_HEAD) / WAV_BYTES_PER_MS)
    }
}

fn message_and_leg(recording: &LiveRecording, callers: &Callers) -> Option<(MessageId, LegId)> {
    let message = callers.names.message_of(&recording.name)?;
    // The caller may have hung up already; that is how most messages end.
    let leg = callers.leg_now_or_before(recording.target_uri.strip_prefix("channel:")?);
    Some((message, leg))
}

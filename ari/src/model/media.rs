//! Playbacks, recordings and prompts.

use super::{PlaybackState, RecordingState, models};

models! {
    /// Media being played to a channel or bridge.
    pub struct Playback {
        /// Its id.
        pub id: String,
        /// The medium that plays.
        pub media_uri: String,
        /// The medium that follows, if there is one.
        pub next_media_uri: Option<String>,
        /// Who hears it: `channel:ID` or `bridge:ID`.
        pub target_uri: String,
        /// Language of the prompts.
        pub language: Option<String>,
        /// How far it has come.
        pub state: PlaybackState,
    }

    /// A recording in progress.
    pub struct LiveRecording {
        /// Its name: a path below the recording directory, without extension.
        pub name: String,
        /// Audio format of the file.
        pub format: String,
        /// What is recorded: `channel:ID` or `bridge:ID`.
        pub target_uri: String,
        /// How far it has come.
        pub state: RecordingState,
        /// Length in seconds, once finished.
        pub duration: Option<i64>,
        /// Seconds of speech, if silence was being detected.
        pub talking_duration: Option<i64>,
        /// Seconds of silence, if silence was being detected.
        pub silence_duration: Option<i64>,
        /// Why it failed.
        pub cause: Option<String>,
    }

    /// A finished recording.
    pub struct StoredRecording {
        /// Its name: a path below the recording directory, without extension.
        pub name: String,
        /// Audio format of the file.
        pub format: String,
    }

    /// An installed prompt.
    pub struct Sound {
        /// Its id, as in `sound:ID`.
        pub id: String,
        /// The words spoken.
        pub text: Option<String>,
        /// The languages and formats it is installed in.
        pub formats: Vec<FormatLanguage>,
    }

    /// A language and a format in which a prompt is installed.
    pub struct FormatLanguage {
        /// Language.
        pub language: String,
        /// Audio format.
        pub format: String,
    }
}

//! Events about playbacks and recordings.

use super::events;
use crate::model::{LiveRecording, Playback};

events! {
    /// A playback goes on with its next medium.
    pub struct PlaybackContinuing {
        /// The playback.
        pub playback: Playback,
    }

    /// A playback ended.
    pub struct PlaybackFinished {
        /// The playback.
        pub playback: Playback,
    }

    /// A playback began.
    pub struct PlaybackStarted {
        /// The playback.
        pub playback: Playback,
    }

    /// A recording failed.
    pub struct RecordingFailed {
        /// The recording.
        pub recording: LiveRecording,
    }

    /// A recording ended. The file can still be short: Asterisk does not notice a full disk.
    pub struct RecordingFinished {
        /// The recording.
        pub recording: LiveRecording,
    }

    /// A recording began.
    pub struct RecordingStarted {
        /// The recording.
        pub recording: LiveRecording,
    }
}

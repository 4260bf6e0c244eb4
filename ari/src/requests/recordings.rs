//! Recordings, live and stored.

use bytes::Bytes;

use crate::model::{LiveRecording, StoredRecording};
use crate::request::requests;

requests! {
    /// Lists the recordings that are finished.
    GET "/recordings/stored" ListStored -> Vec<StoredRecording> {}

    /// Describes a finished recording.
    GET "/recordings/stored/{recordingName}" GetStored -> StoredRecording {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
        }
    }

    /// Deletes a finished recording and its file.
    DELETE "/recordings/stored/{recordingName}" DeleteStored -> () {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
        }
    }

    /// Downloads the file of a finished recording; always over HTTP.
    GET "/recordings/stored/{recordingName}/file" DownloadStored -> Bytes {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
        }
    }

    /// Copies a finished recording.
    POST "/recordings/stored/{recordingName}/copy" CopyStored -> StoredRecording {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
            /// Name of the copy.
            query destination_recording_name: String = "destinationRecordingName",
        }
    }

    /// Describes a recording in progress.
    GET "/recordings/live/{recordingName}" GetLive -> LiveRecording {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
        }
    }

    /// Stops a recording and throws the file away.
    DELETE "/recordings/live/{recordingName}" Cancel -> () {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
        }
    }

    /// Stops a recording and keeps the file.
    POST "/recordings/live/{recordingName}/stop" Stop -> () {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
        }
    }

    /// Pauses a recording; the pause leaves no trace in the file.
    POST "/recordings/live/{recordingName}/pause" Pause -> () {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
        }
    }

    /// Resumes a paused recording.
    DELETE "/recordings/live/{recordingName}/pause" Unpause -> () {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
        }
    }

    /// Writes silence until [`Unmute`].
    POST "/recordings/live/{recordingName}/mute" Mute -> () {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
        }
    }

    /// Ends [`Mute`].
    DELETE "/recordings/live/{recordingName}/mute" Unmute -> () {
        required {
            /// Name of the recording.
            path recording_name: String = "recordingName",
        }
    }
}

//! Playbacks in progress.

use crate::model::{Playback, PlaybackOperation};
use crate::request::requests;

requests! {
    /// Fetches one playback.
    GET "/playbacks/{playbackId}" Get -> Playback {
        required {
            /// Id of the playback.
            path playback_id: String = "playbackId",
        }
    }

    /// Stops a playback.
    DELETE "/playbacks/{playbackId}" Stop -> () {
        required {
            /// Id of the playback.
            path playback_id: String = "playbackId",
        }
    }

    /// Pauses, resumes, rewinds or skips a playback.
    POST "/playbacks/{playbackId}/control" Control -> () {
        required {
            /// Id of the playback.
            path playback_id: String = "playbackId",
            /// What to do.
            query operation: PlaybackOperation = "operation",
        }
    }
}

//! Bridges: rooms in which channels hear each other.

use crate::model::{
    Bridge, IfExists, LiveRecording, NewVariables, Playback, TerminateOn, Variable, Variables,
};
use crate::request::requests;

requests! {
    /// Lists every bridge, those of other applications included.
    GET "/bridges" List -> Vec<Bridge> {}

    /// Creates a bridge, or renames the one that has this id.
    ///
    /// Asterisk 22 reads the whole body as variables here and refuses the documented form; to set variables use
    /// [`CreateWithId`].
    POST "/bridges" Create -> Bridge {
        optional {
            /// Attributes, separated by commas: `mixing`, `holding`, `dtmf_events`, `proxy_media`,
            /// `video_sfu`, `video_single`, `sdp_label`.
            query bridge_type: Option<String> = "type",
            /// Id of the bridge; Asterisk makes one up without it.
            query bridge_id: Option<String> = "bridgeId",
            /// Name of the bridge, for people.
            query name: Option<String> = "name",
            /// Variables to set on the object that is created.
            body variables: NewVariables = "variables",
        }
    }

    /// Creates a bridge under an id of the caller's choice, or renames the one that has it.
    POST "/bridges/{bridgeId}" CreateWithId -> Bridge {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
        }
        optional {
            /// Attributes, separated by commas: `mixing`, `holding`, `dtmf_events`, `proxy_media`,
            /// `video_sfu`, `video_single`, `sdp_label`.
            query bridge_type: Option<String> = "type",
            /// Name of the bridge, for people.
            query name: Option<String> = "name",
            /// Variables to set on the object that is created.
            body variables: NewVariables = "variables",
        }
    }

    /// Fetches one bridge.
    GET "/bridges/{bridgeId}" Get -> Bridge {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
        }
    }

    /// Destroys a bridge; its channels stay in the application.
    DELETE "/bridges/{bridgeId}" Destroy -> () {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
        }
    }

    /// Reads a variable of a bridge.
    GET "/bridges/{bridgeId}/variable" GetVariable -> Variable {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
            /// Name of the variable.
            query variable: String = "variable",
        }
    }

    /// Sets a variable of a bridge.
    POST "/bridges/{bridgeId}/variable" SetVariable -> () {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
            /// Name of the variable.
            query variable: String = "variable",
        }
        optional {
            /// The value; the variable is emptied without one.
            query value: Option<String> = "value",
            /// Whether events about the object carry the variable.
            query report_events: Option<bool> = "report_events",
        }
    }

    /// Reads several variables of a bridge.
    GET "/bridges/{bridgeId}/variables" GetVariables -> Variables {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
            /// Names of the variables.
            query variables: Vec<String> = "variables",
        }
    }

    /// Sets several variables of a bridge.
    POST "/bridges/{bridgeId}/variables" SetVariables -> () {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
            /// The variables to set.
            body variables: NewVariables = "variables",
        }
    }

    /// Puts channels into a bridge.
    ///
    /// A channel can be added only after its own `StasisStart`; Asterisk answers 422 before.
    POST "/bridges/{bridgeId}/addChannel" AddChannel -> () {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
            /// Ids of the channels.
            query channel: Vec<String> = "channel",
        }
        optional {
            /// Role in the bridge: `participant` or, in a holding bridge, `announcer`.
            query role: Option<String> = "role",
            /// Keeps the keys pressed by these channels out of the bridge.
            query absorb_dtmf: Option<bool> = "absorbDTMF",
            /// Keeps what these channels say out of the bridge.
            query mute: Option<bool> = "mute",
            /// Does not show the identity of these channels to the others.
            query inhibit_connected_line_updates: Option<bool> = "inhibitConnectedLineUpdates",
        }
    }

    /// Takes channels out of a bridge; they stay in the application.
    POST "/bridges/{bridgeId}/removeChannel" RemoveChannel -> () {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
            /// Ids of the channels.
            query channel: Vec<String> = "channel",
        }
    }

    /// Shows one channel to everybody in a bridge of three or more.
    POST "/bridges/{bridgeId}/videoSource/{channelId}" SetVideoSource -> () {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Lets the talker choose the picture again.
    DELETE "/bridges/{bridgeId}/videoSource" ClearVideoSource -> () {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
        }
    }

    /// Plays music on hold to a bridge.
    POST "/bridges/{bridgeId}/moh" StartMoh -> () {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
        }
        optional {
            /// Class of music from `musiconhold.conf`; `default` without one.
            query moh_class: Option<String> = "mohClass",
        }
    }

    /// Stops the music on hold that [`StartMoh`] began.
    DELETE "/bridges/{bridgeId}/moh" StopMoh -> () {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
        }
    }

    /// Plays media to everybody in a bridge.
    POST "/bridges/{bridgeId}/play" Play -> Playback {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
            /// What to play, in order: `sound:NAME`, `recording:NAME`, `number:N`, `digits:D`,
            /// `characters:C`, `tone:NAME`.
            query media: Vec<String> = "media",
        }
        optional {
            /// Audio format of the announcer; without it, the best one in the bridge.
            query announcer_format: Option<String> = "announcer_format",
            /// Language of the prompts; the channel's own without it.
            query lang: Option<String> = "lang",
            /// Where to begin in the first medium, in milliseconds.
            query offset_ms: Option<u32> = "offsetms",
            /// How far *forward* and *reverse* jump, in milliseconds (3000 without it).
            query skip_ms: Option<u32> = "skipms",
            /// Id of the playback; Asterisk makes one up without it.
            query playback_id: Option<String> = "playbackId",
        }
    }

    /// Plays media to everybody in a bridge, under a playback id of the caller's choice.
    POST "/bridges/{bridgeId}/play/{playbackId}" PlayWithId -> Playback {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
            /// Id of the playback.
            path playback_id: String = "playbackId",
            /// What to play, in order: `sound:NAME`, `recording:NAME`, `number:N`, `digits:D`,
            /// `characters:C`, `tone:NAME`.
            query media: Vec<String> = "media",
        }
        optional {
            /// Audio format of the announcer; without it, the best one in the bridge.
            query announcer_format: Option<String> = "announcer_format",
            /// Language of the prompts; the channel's own without it.
            query lang: Option<String> = "lang",
            /// Where to begin in the first medium, in milliseconds.
            query offset_ms: Option<u32> = "offsetms",
            /// How far *forward* and *reverse* jump, in milliseconds (3000 without it).
            query skip_ms: Option<u32> = "skipms",
        }
    }

    /// Records the mix of everybody in a bridge.
    ///
    /// Events tell that a recording ended, not that the file is whole: check its size.
    POST "/bridges/{bridgeId}/record" Record -> LiveRecording {
        required {
            /// Id of the bridge.
            path bridge_id: String = "bridgeId",
            /// Name of the recording: a path below the recording directory, without extension.
            query name: String = "name",
            /// Audio format of the file, such as `wav` or `sln16`.
            query format: String = "format",
        }
        optional {
            /// Audio format of the recorder; without it, the format of the file.
            query recorder_format: Option<String> = "recorder_format",
            /// Longest recording in seconds; no limit without it.
            query max_duration_seconds: Option<u32> = "maxDurationSeconds",
            /// Ends after so many seconds of silence; no limit without it.
            query max_silence_seconds: Option<u32> = "maxSilenceSeconds",
            /// What to do when the name is taken; refuses without it.
            query if_exists: Option<IfExists> = "ifExists",
            /// Plays a beep first.
            query beep: Option<bool> = "beep",
            /// The key that ends the recording; none without it.
            query terminate_on: Option<TerminateOn> = "terminateOn",
        }
    }
}

//! Channels: one party of a call each.

use crate::model;
use crate::model::{
    Channel, ConnectionType, Direction, Encapsulation, HangupReason, IfExists, LiveRecording, NewVariables,
    Playback, SnoopDirection, TerminateOn, Transport, Variable, Variables,
};
use crate::request::requests;

requests! {
    /// Lists every channel, those of other applications included.
    GET "/channels" List -> Vec<Channel> {}

    /// Calls an endpoint and, once it answers, hands the channel to an application or the dialplan.
    ///
    /// `StasisStart` can arrive before this reply. With a `channel_id` of the caller's choice the request is safe
    /// to repeat: the second one is refused with 409.
    POST "/channels" Originate -> Channel {
        required {
            /// What to call, such as `PJSIP/alice` or `PJSIP/+33199000001@trunk`.
            query endpoint: String = "endpoint",
        }
        optional {
            /// Extension to run once answered; not together with `app`.
            query extension: Option<String> = "extension",
            /// Context of the extension; `default` without it.
            query context: Option<String> = "context",
            /// Priority in the extension; 1 without it.
            query priority: Option<i64> = "priority",
            /// Label in the extension; wins over the priority.
            query label: Option<String> = "label",
            /// Application that receives the channel.
            query app: Option<String> = "app",
            /// Arguments for the application, separated by commas; `args` in `StasisStart`.
            query app_args: Option<String> = "appArgs",
            /// Identity to show to the far end, such as `"Name" <+33199000001>`.
            query caller_id: Option<String> = "callerId",
            /// Seconds to ring before giving up; 30 without it, -1 for ever.
            query timeout: Option<i64> = "timeout",
            /// Variables to set on the object that is created.
            body variables: NewVariables = "variables",
            /// Id of the channel; Asterisk makes one up without it.
            query channel_id: Option<String> = "channelId",
            /// Id of the second half, for `Local` channels.
            query other_channel_id: Option<String> = "otherChannelId",
            /// Id of the channel on whose behalf the call is made; formats and language are taken from it.
            query originator: Option<String> = "originator",
            /// Audio formats to offer, separated by commas; not together with an originator.
            query formats: Option<String> = "formats",
        }
    }

    /// Creates a channel without dialling, so that it can be prepared before [`Dial`].
    POST "/channels/create" Create -> Channel {
        required {
            /// What to call, such as `PJSIP/alice` or `PJSIP/+33199000001@trunk`.
            query endpoint: String = "endpoint",
            /// Application that receives the channel.
            query app: String = "app",
        }
        optional {
            /// Arguments for the application, separated by commas; `args` in `StasisStart`.
            query app_args: Option<String> = "appArgs",
            /// Id of the channel; Asterisk makes one up without it.
            query channel_id: Option<String> = "channelId",
            /// Id of the second half, for `Local` channels.
            query other_channel_id: Option<String> = "otherChannelId",
            /// Id of the channel on whose behalf the call is made; formats and language are taken from it.
            query originator: Option<String> = "originator",
            /// Audio formats to offer, separated by commas; not together with an originator.
            query formats: Option<String> = "formats",
            /// Variables to set on the object that is created.
            body variables: NewVariables = "variables",
        }
    }

    /// Fetches one channel.
    GET "/channels/{channelId}" Get -> Channel {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Calls an endpoint under a channel id of the caller's choice; see [`Originate`].
    POST "/channels/{channelId}" OriginateWithId -> Channel {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// What to call, such as `PJSIP/alice` or `PJSIP/+33199000001@trunk`.
            query endpoint: String = "endpoint",
        }
        optional {
            /// Extension to run once answered; not together with `app`.
            query extension: Option<String> = "extension",
            /// Context of the extension; `default` without it.
            query context: Option<String> = "context",
            /// Priority in the extension; 1 without it.
            query priority: Option<i64> = "priority",
            /// Label in the extension; wins over the priority.
            query label: Option<String> = "label",
            /// Application that receives the channel.
            query app: Option<String> = "app",
            /// Arguments for the application, separated by commas; `args` in `StasisStart`.
            query app_args: Option<String> = "appArgs",
            /// Identity to show to the far end, such as `"Name" <+33199000001>`.
            query caller_id: Option<String> = "callerId",
            /// Seconds to ring before giving up; 30 without it, -1 for ever.
            query timeout: Option<i64> = "timeout",
            /// Variables to set on the object that is created.
            body variables: NewVariables = "variables",
            /// Id of the second half, for `Local` channels.
            query other_channel_id: Option<String> = "otherChannelId",
            /// Id of the channel on whose behalf the call is made; formats and language are taken from it.
            query originator: Option<String> = "originator",
            /// Audio formats to offer, separated by commas; not together with an originator.
            query formats: Option<String> = "formats",
        }
    }

    /// Hangs up a channel.
    DELETE "/channels/{channelId}" Hangup -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
        optional {
            /// Q.850 cause to hang up with; not together with `reason`.
            query reason_code: Option<String> = "reason_code",
            /// Why to hang up; a normal end without it.
            query reason: Option<HangupReason> = "reason",
        }
    }

    /// Sends a channel out of the application and on into the dialplan.
    POST "/channels/{channelId}/continue" ContinueInDialplan -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
        optional {
            /// Context to go on in; the one it came from without it.
            query context: Option<String> = "context",
            /// Extension to go on in; the one it came from without it.
            query extension: Option<String> = "extension",
            /// Priority to go on at; the next one without it.
            query priority: Option<i64> = "priority",
            /// Label to go on at; wins over the priority.
            query label: Option<String> = "label",
        }
    }

    /// Moves a channel to another Stasis application.
    POST "/channels/{channelId}/move" Move -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// Application that receives the channel.
            query app: String = "app",
        }
        optional {
            /// Arguments for the application, separated by commas; `args` in `StasisStart`.
            query app_args: Option<String> = "appArgs",
        }
    }

    /// Makes the far end call somewhere else (SIP 302), or transfers an answered channel.
    POST "/channels/{channelId}/redirect" Redirect -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// Where to send the call.
            query endpoint: String = "endpoint",
        }
    }

    /// Answers a channel.
    POST "/channels/{channelId}/answer" Answer -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Tells the far end that it rings.
    POST "/channels/{channelId}/ring" Ring -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Stops the ringing that [`Ring`] began.
    DELETE "/channels/{channelId}/ring" StopRing -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Opens early media to the far end (SIP 183).
    POST "/channels/{channelId}/progress" Progress -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Plays key tones to a channel.
    POST "/channels/{channelId}/dtmf" SendDtmf -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
        optional {
            /// The keys: `0`-`9`, `A`-`D`, `*`, `#`.
            query dtmf: Option<String> = "dtmf",
            /// Milliseconds to wait first.
            query before: Option<u32> = "before",
            /// Milliseconds between keys (100 without it).
            query between: Option<u32> = "between",
            /// Milliseconds per key (100 without it).
            query duration: Option<u32> = "duration",
            /// Milliseconds to wait at the end.
            query after: Option<u32> = "after",
        }
    }

    /// Silences a channel.
    POST "/channels/{channelId}/mute" Mute -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
        optional {
            /// Which way; both without it.
            query direction: Option<Direction> = "direction",
        }
    }

    /// Ends [`Mute`].
    DELETE "/channels/{channelId}/mute" Unmute -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
        optional {
            /// Which way; both without it.
            query direction: Option<Direction> = "direction",
        }
    }

    /// Puts a channel on hold, as a telephone does.
    POST "/channels/{channelId}/hold" Hold -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Ends [`Hold`].
    DELETE "/channels/{channelId}/hold" Unhold -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Plays music on hold to a channel.
    ///
    /// Any other playback ends it for good: start it again afterwards.
    POST "/channels/{channelId}/moh" StartMoh -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
        optional {
            /// Class of music from `musiconhold.conf`; `default` without one.
            query moh_class: Option<String> = "mohClass",
        }
    }

    /// Stops the music on hold that [`StartMoh`] began.
    DELETE "/channels/{channelId}/moh" StopMoh -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Plays silence to a channel, which keeps media flowing.
    ///
    /// Any other playback ends it for good: start it again afterwards.
    POST "/channels/{channelId}/silence" StartSilence -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Ends [`StartSilence`].
    DELETE "/channels/{channelId}/silence" StopSilence -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Plays media to a channel.
    POST "/channels/{channelId}/play" Play -> Playback {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// What to play, in order: `sound:NAME`, `recording:NAME`, `number:N`, `digits:D`,
            /// `characters:C`, `tone:NAME`.
            query media: Vec<String> = "media",
        }
        optional {
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

    /// Plays media to a channel, under a playback id of the caller's choice.
    POST "/channels/{channelId}/play/{playbackId}" PlayWithId -> Playback {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// Id of the playback.
            path playback_id: String = "playbackId",
            /// What to play, in order: `sound:NAME`, `recording:NAME`, `number:N`, `digits:D`,
            /// `characters:C`, `tone:NAME`.
            query media: Vec<String> = "media",
        }
        optional {
            /// Language of the prompts; the channel's own without it.
            query lang: Option<String> = "lang",
            /// Where to begin in the first medium, in milliseconds.
            query offset_ms: Option<u32> = "offsetms",
            /// How far *forward* and *reverse* jump, in milliseconds (3000 without it).
            query skip_ms: Option<u32> = "skipms",
        }
    }

    /// Records what a channel says; what it hears is not in the file.
    ///
    /// Events tell that a recording ended, not that the file is whole: check its size.
    POST "/channels/{channelId}/record" Record -> LiveRecording {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// Name of the recording: a path below the recording directory, without extension.
            query name: String = "name",
            /// Audio format of the file, such as `wav` or `sln16`.
            query format: String = "format",
        }
        optional {
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

    /// Reads a variable or function of a channel.
    GET "/channels/{channelId}/variable" GetVariable -> Variable {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// Name of the variable, or a function call such as `CHANNEL(language)`.
            query variable: String = "variable",
        }
    }

    /// Sets a variable or function of a channel.
    POST "/channels/{channelId}/variable" SetVariable -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// Name of the variable, or a function call such as `CHANNEL(language)`.
            query variable: String = "variable",
        }
        optional {
            /// The value; the variable is emptied without one.
            query value: Option<String> = "value",
            /// Whether events about the object carry the variable.
            query report_events: Option<bool> = "report_events",
        }
    }

    /// Reads several variables or functions of a channel.
    ///
    /// Asterisk answers 404 when one of them is not set.
    GET "/channels/{channelId}/variables" GetVariables -> Variables {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// Names of the variables or functions.
            query variables: Vec<String> = "variables",
        }
    }

    /// Sets several variables or functions of a channel.
    POST "/channels/{channelId}/variables" SetVariables -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// The variables to set.
            body variables: NewVariables = "variables",
        }
    }

    /// Creates a channel that hears, or whispers into, another one.
    ///
    /// The channel watched must be in Stasis. The snoop enters the application by itself and ends with the
    /// channel it watches.
    POST "/channels/{channelId}/snoop" Snoop -> Channel {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// Application that receives the channel.
            query app: String = "app",
        }
        optional {
            /// What the snoop hears of the channel.
            query spy: Option<SnoopDirection> = "spy",
            /// Which side hears the snoop.
            query whisper: Option<SnoopDirection> = "whisper",
            /// Arguments for the application, separated by commas; `args` in `StasisStart`.
            query app_args: Option<String> = "appArgs",
            /// Id of the snoop channel; Asterisk makes one up without it.
            query snoop_id: Option<String> = "snoopId",
        }
    }

    /// Creates a snoop channel under an id of the caller's choice; see [`Snoop`].
    POST "/channels/{channelId}/snoop/{snoopId}" SnoopWithId -> Channel {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// Id of the snoop channel.
            path snoop_id: String = "snoopId",
            /// Application that receives the channel.
            query app: String = "app",
        }
        optional {
            /// What the snoop hears of the channel.
            query spy: Option<SnoopDirection> = "spy",
            /// Which side hears the snoop.
            query whisper: Option<SnoopDirection> = "whisper",
            /// Arguments for the application, separated by commas; `args` in `StasisStart`.
            query app_args: Option<String> = "appArgs",
        }
    }

    /// Dials a channel made by [`Create`].
    POST "/channels/{channelId}/dial" Dial -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
        optional {
            /// Id of the channel that calls, for the `Dial` events and its identity.
            query caller: Option<String> = "caller",
            /// Seconds to ring before giving up; no limit without it.
            query timeout: Option<i64> = "timeout",
        }
    }

    /// Reads jitter, loss and round-trip time of a channel's audio.
    GET "/channels/{channelId}/rtp_statistics" RtpStatistics -> model::RtpStatistics {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
        }
    }

    /// Creates a channel whose audio is exchanged with another program.
    POST "/channels/externalMedia" ExternalMedia -> Channel {
        required {
            /// Application that receives the channel.
            query app: String = "app",
            /// Audio format of the stream, such as `slin16`.
            query format: String = "format",
        }
        optional {
            /// Id of the channel; Asterisk makes one up without it.
            query channel_id: Option<String> = "channelId",
            /// Variables to set on the object that is created.
            body variables: NewVariables = "variables",
            /// `host:port` of the other program, or the name of a WebSocket client connection.
            query external_host: Option<String> = "external_host",
            /// How audio is packed; RTP without it.
            query encapsulation: Option<Encapsulation> = "encapsulation",
            /// How audio is carried; UDP without it.
            query transport: Option<Transport> = "transport",
            /// Who connects; Asterisk does without it.
            query connection_type: Option<ConnectionType> = "connection_type",
            /// Which way audio flows; `both` is the only choice.
            query direction: Option<Direction> = "direction",
            /// Free data for the transport.
            query data: Option<String> = "data",
            /// Options of the transport, such as those of a WebSocket dial string.
            query transport_data: Option<String> = "transport_data",
        }
    }

    /// Tells the far end how a transfer that it asked for is going.
    POST "/channels/{channelId}/transfer_progress" TransferProgress -> () {
        required {
            /// Id of the channel.
            path channel_id: String = "channelId",
            /// `channel_progress`, `channel_answered`, `channel_unavailable` or `channel_declined`.
            query states: String = "states",
        }
    }
}

//! The words that models and requests share.

use crate::text::words;

words! {
    /// Whether the channels of a bridge talk to each other.
    BridgeType {
        /// Channels wait, hearing music or an announcer.
        Holding = "holding",
        /// Channels hear each other.
        Mixing = "mixing",
    }

    /// How far a channel has come.
    ChannelState {
        /// Created, nothing dialled.
        Down = "Down",
        /// Reserved by its driver.
        Reserved = "Rsrved",
        /// Off hook.
        OffHook = "OffHook",
        /// Digits are being dialled.
        Dialing = "Dialing",
        /// We ring the far end for somebody.
        Ring = "Ring",
        /// The far end rings.
        Ringing = "Ringing",
        /// Answered.
        Up = "Up",
        /// The far end is busy.
        Busy = "Busy",
        /// Digits are being dialled off hook.
        DialingOffHook = "Dialing Offhook",
        /// Detected, not ringing yet.
        PreRing = "Pre-ring",
        /// Asterisk does not know.
        Unknown = "Unknown",
    }

    /// Who opens the connection of an external medium.
    ConnectionType {
        /// Asterisk connects.
        Client = "client",
        /// Asterisk waits for a connection.
        Server = "server",
    }

    /// Whether a contact answers.
    ContactStatus {
        /// It was never asked.
        NonQualified = "NonQualified",
        /// It answers.
        Reachable = "Reachable",
        /// It is gone.
        Removed = "Removed",
        /// No answer is known yet.
        Unknown = "Unknown",
        /// It does not answer.
        Unreachable = "Unreachable",
    }

    /// State of a device.
    DeviceStateKind {
        /// Busy.
        Busy = "BUSY",
        /// In use.
        InUse = "INUSE",
        /// No such device.
        Invalid = "INVALID",
        /// Free.
        NotInUse = "NOT_INUSE",
        /// On hold.
        OnHold = "ONHOLD",
        /// Ringing.
        Ringing = "RINGING",
        /// Ringing while in use.
        RingInUse = "RINGINUSE",
        /// Cannot be reached.
        Unavailable = "UNAVAILABLE",
        /// Asterisk does not know.
        Unknown = "UNKNOWN",
    }

    /// A direction of audio, seen from Asterisk.
    Direction {
        /// Both ways.
        Both = "both",
        /// From the far end to Asterisk.
        In = "in",
        /// From Asterisk to the far end.
        Out = "out",
    }

    /// How the audio of an external medium is packed.
    Encapsulation {
        /// AudioSocket.
        AudioSocket = "audiosocket",
        /// Bare audio, for the WebSocket transport.
        None = "none",
        /// RTP.
        Rtp = "rtp",
    }

    /// Whether an endpoint can be reached.
    EndpointState {
        /// It cannot.
        Offline = "offline",
        /// It can.
        Online = "online",
        /// Asterisk does not know.
        Unknown = "unknown",
    }

    /// Why a channel is hung up.
    HangupReason {
        /// Somebody else answered.
        AnsweredElsewhere = "answered_elsewhere",
        /// Busy.
        Busy = "busy",
        /// No common audio format.
        CodecMismatch = "codec_mismatch",
        /// The network is congested.
        Congestion = "congestion",
        /// Something broke.
        Failure = "failure",
        /// Interworking, unspecified.
        Interworking = "interworking",
        /// Nobody answered.
        NoAnswer = "no_answer",
        /// The call is over.
        Normal = "normal",
        /// Normal, unspecified.
        NormalUnspecified = "normal_unspecified",
        /// Digits are missing.
        NumberIncomplete = "number_incomplete",
        /// Refused.
        Rejected = "rejected",
        /// Took too long.
        Timeout = "timeout",
        /// No such number.
        Unallocated = "unallocated",
    }

    /// What to do when a recording of that name exists.
    IfExists {
        /// Add to it.
        Append = "append",
        /// Refuse.
        Fail = "fail",
        /// Replace it.
        Overwrite = "overwrite",
    }

    /// A part of [`AsteriskInfo`](crate::model::AsteriskInfo).
    InfoPart {
        /// How it was built.
        Build = "build",
        /// How it is configured.
        Config = "config",
        /// Since when it is running.
        Status = "status",
        /// Which version is running.
        System = "system",
    }

    /// What to do with a playback.
    PlaybackOperation {
        /// Jump forward.
        Forward = "forward",
        /// Pause.
        Pause = "pause",
        /// Begin again.
        Restart = "restart",
        /// Jump back.
        Reverse = "reverse",
        /// Resume.
        Unpause = "unpause",
    }

    /// How far a playback has come.
    PlaybackState {
        /// Waits for its turn.
        Queued = "queued",
        /// Plays.
        Playing = "playing",
        /// Between two media.
        Continuing = "continuing",
        /// Ended.
        Done = "done",
        /// Could not be played.
        Failed = "failed",
    }

    /// How far a recording has come.
    RecordingState {
        /// About to begin.
        Queued = "queued",
        /// Records.
        Recording = "recording",
        /// Paused.
        Paused = "paused",
        /// Ended; the file is not necessarily whole.
        Done = "done",
        /// Failed.
        Failed = "failed",
        /// Thrown away.
        Canceled = "canceled",
    }

    /// The audio that a snoop channel hears or whispers into, seen from Asterisk.
    SnoopDirection {
        /// Both ways.
        Both = "both",
        /// What the far end says.
        In = "in",
        /// Nothing.
        None = "none",
        /// What the far end hears.
        Out = "out",
    }

    /// The key that ends a recording.
    TerminateOn {
        /// Any key.
        Any = "any",
        /// No key.
        None = "none",
        /// `#`.
        Pound = "#",
        /// `*`.
        Star = "*",
    }

    /// How the audio of an external medium is carried.
    Transport {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
        /// WebSocket.
        WebSocket = "websocket",
    }
}

//! Events about one channel.

use super::events;
use crate::model::{Bridge, Channel, Endpoint, Extra};

events! {
    /// A channel is offered to several applications; the first to claim it gets it.
    pub struct CallBroadcast {
        /// The channel.
        pub channel: Channel,
        /// The number that calls.
        pub caller: Option<String>,
        /// The number that was called.
        pub called: Option<String>,
    }

    /// A channel that was offered has been claimed.
    pub struct CallClaimed {
        /// The channel.
        pub channel: Channel,
        /// The application that got it.
        pub winner_app: String,
    }

    /// The identity of a channel changed.
    pub struct ChannelCallerId {
        /// Whether the identity may be shown, as a number.
        pub caller_presentation: i64,
        /// Whether the identity may be shown, as text.
        pub caller_presentation_txt: String,
        /// The channel.
        pub channel: Channel,
    }

    /// The identity of the party that a channel is connected to changed.
    pub struct ChannelConnectedLine {
        /// The channel.
        pub channel: Channel,
    }

    /// A channel was created.
    pub struct ChannelCreated {
        /// The channel.
        pub channel: Channel,
    }

    /// A channel is gone. A call that was never answered ends with this alone.
    pub struct ChannelDestroyed {
        /// Why, as a Q.850 cause.
        pub cause: i64,
        /// Why, as text.
        pub cause_txt: String,
        /// Why, as its technology says: the SIP status.
        pub tech_cause: Option<i64>,
        /// The channel.
        pub channel: Channel,
    }

    /// A channel moved in the dialplan.
    pub struct ChannelDialplan {
        /// The channel.
        pub channel: Channel,
        /// The dialplan application about to run.
        pub dialplan_app: String,
        /// Its parameters.
        pub dialplan_app_data: String,
    }

    /// A key was pressed; sent when it is released.
    pub struct ChannelDtmfReceived {
        /// The key: `0`-`9`, `A`-`D`, `*`, `#`.
        pub digit: String,
        /// How long it was pressed, in milliseconds.
        pub duration_ms: i64,
        /// The channel.
        pub channel: Channel,
    }

    /// Somebody wants the channel to be hung up.
    pub struct ChannelHangupRequest {
        /// Why, as a Q.850 cause.
        pub cause: Option<i64>,
        /// Why, as its technology says: the SIP status.
        pub tech_cause: Option<i64>,
        /// Whether the request is a soft one, which the channel's own thread carries out.
        pub soft: Option<bool>,
        /// The channel.
        pub channel: Channel,
    }

    /// The far end put the channel on hold.
    pub struct ChannelHold {
        /// The channel.
        pub channel: Channel,
        /// The class of music that the far end asks for.
        pub musicclass: Option<String>,
    }

    /// The state of a channel changed.
    pub struct ChannelStateChange {
        /// The channel.
        pub channel: Channel,
    }

    /// Speech ended on a channel, as `TALK_DETECT` sees it.
    pub struct ChannelTalkingFinished {
        /// The channel.
        pub channel: Channel,
        /// How long it lasted, in milliseconds.
        pub duration: i64,
    }

    /// Speech began on a channel, as `TALK_DETECT` sees it.
    pub struct ChannelTalkingStarted {
        /// The channel.
        pub channel: Channel,
    }

    /// `TONE_DETECT` heard its tone.
    pub struct ChannelToneDetected {
        /// The channel.
        pub channel: Channel,
    }

    /// The far end took the channel off hold.
    pub struct ChannelUnhold {
        /// The channel.
        pub channel: Channel,
    }

    /// An event made by an application, with the objects it attached.
    pub struct ChannelUserevent {
        /// Name of the event.
        pub eventname: String,
        /// The channel attached.
        pub channel: Option<Channel>,
        /// The bridge attached.
        pub bridge: Option<Bridge>,
        /// The endpoint attached.
        pub endpoint: Option<Endpoint>,
        /// Content of the event.
        pub userevent: Extra,
    }

    /// A variable was set.
    pub struct ChannelVarset {
        /// Name of the variable.
        pub variable: String,
        /// Its value.
        pub value: String,
        /// The channel; none for a global variable.
        pub channel: Option<Channel>,
    }

    /// A dial attempt began, went on or ended.
    pub struct Dial {
        /// The channel that dials; none when ARI does.
        pub caller: Option<Channel>,
        /// The channel that is dialled.
        pub peer: Channel,
        /// Where the far end forwards the call to.
        pub forward: Option<String>,
        /// The channel made for the forwarded call.
        pub forwarded: Option<Channel>,
        /// The text that was dialled.
        pub dialstring: Option<String>,
        /// How far it has come: empty at the start, then `RINGING`, `PROGRESS`, `ANSWER`, `BUSY` ...
        pub dialstatus: String,
    }
}

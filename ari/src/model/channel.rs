//! Channels, and what a transfer request says about them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Bridge, ChannelState, models};

models! {
    /// One party of a call.
    pub struct Channel {
        /// Its id, chosen by whoever made it or by Asterisk.
        pub id: String,
        /// The id of the call in its protocol: the SIP Call-ID; empty when there is none.
        #[serde(default)]
        pub protocol_id: String,
        /// Its name, such as `PJSIP/alice-00000001`.
        pub name: String,
        /// How far the call has come.
        pub state: ChannelState,
        /// Identity of this party.
        pub caller: CallerId,
        /// Identity of the party it is connected to.
        pub connected: CallerId,
        /// Account that the call is billed to.
        pub accountcode: String,
        /// Where it is in the dialplan.
        pub dialplan: DialplanLocation,
        /// When it was created.
        pub creationtime: Timestamp,
        /// Language of its prompts.
        pub language: String,
        /// Variables of the channel that Asterisk was told to report.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub channelvars: BTreeMap<String, String>,
        /// Number that the call was first dialled to, if it was redirected.
        pub caller_rdnis: Option<String>,
        /// Tenant the channel belongs to, if any.
        pub tenantid: Option<String>,
    }

    /// Name and number of a party; empty when unknown.
    pub struct CallerId {
        /// Name.
        pub name: String,
        /// Number.
        pub number: String,
    }

    /// A place in the dialplan.
    pub struct DialplanLocation {
        /// Context.
        pub context: String,
        /// Extension.
        pub exten: String,
        /// Priority.
        pub priority: i64,
        /// The dialplan application that is running.
        #[serde(default)]
        pub app_name: String,
        /// Its parameters.
        #[serde(default)]
        pub app_data: String,
    }

    /// Where a transfer is asked to go.
    pub struct ReferTo {
        /// What the far end asked for.
        pub requested_destination: RequestedDestination,
        /// The channel to be replaced, for an attended transfer.
        pub destination_channel: Option<Channel>,
        /// The channel connected to the one to be replaced.
        pub connected_channel: Option<Channel>,
        /// The bridge that connects the two.
        pub bridge: Option<Bridge>,
    }

    /// Who asks for a transfer (RFC 3892).
    pub struct ReferredBy {
        /// The channel on which the request came.
        pub source_channel: Channel,
        /// The channel connected to it.
        pub connected_channel: Option<Channel>,
        /// The bridge that connects the two.
        pub bridge: Option<Bridge>,
    }

    /// The destination of a transfer, in the words of the far end.
    pub struct RequestedDestination {
        /// The call to be replaced (SIP Call-ID), for an attended transfer.
        pub protocol_id: Option<String>,
        /// The user to call, for a blind transfer.
        pub destination: Option<String>,
        /// What else the protocol says.
        #[serde(default)]
        pub additional_protocol_params: Vec<AdditionalParam>,
    }

    /// A parameter of a transfer request.
    pub struct AdditionalParam {
        /// Its name.
        pub parameter_name: String,
        /// Its value.
        pub parameter_value: String,
    }
}

//! Events about transfers that the far end asked for.

use super::events;
use crate::model::{Bridge, Channel, ReferTo, ReferredBy};

events! {
    /// An attended transfer was carried out, or failed.
    pub struct BridgeAttendedTransfer {
        /// First channel of the one who transfers.
        pub transferer_first_leg: Channel,
        /// Second channel of the one who transfers.
        pub transferer_second_leg: Channel,
        /// The channel that takes the place of the first one.
        pub replace_channel: Option<Channel>,
        /// The channel that is transferred.
        pub transferee: Option<Channel>,
        /// The channel it is transferred to.
        pub transfer_target: Option<Channel>,
        /// How it went.
        pub result: String,
        /// Whether the far end asked for it.
        pub is_external: bool,
        /// The bridge of the first channel.
        pub transferer_first_leg_bridge: Option<Bridge>,
        /// The bridge of the second channel.
        pub transferer_second_leg_bridge: Option<Bridge>,
        /// How the parties are connected: `bridge`, `application`, `link`, `threeway` or `fail`.
        pub destination_type: String,
        /// Id of the bridge that remains after a merge.
        pub destination_bridge: Option<String>,
        /// The application that received the channel.
        pub destination_application: Option<String>,
        /// First channel of a link.
        pub destination_link_first_leg: Option<Channel>,
        /// Second channel of a link.
        pub destination_link_second_leg: Option<Channel>,
        /// Channel of the one who transfers that stays in a three-way call.
        pub destination_threeway_channel: Option<Channel>,
        /// The bridge of a three-way call.
        pub destination_threeway_bridge: Option<Bridge>,
    }

    /// A blind transfer was carried out, or failed.
    pub struct BridgeBlindTransfer {
        /// The channel of the one who transfers.
        pub channel: Channel,
        /// The channel that takes its place.
        pub replace_channel: Option<Channel>,
        /// The channel that is transferred.
        pub transferee: Option<Channel>,
        /// The extension it is transferred to.
        pub exten: String,
        /// The context of that extension.
        pub context: String,
        /// How it went.
        pub result: String,
        /// Whether the far end asked for it.
        pub is_external: bool,
        /// The bridge that the channels were in.
        pub bridge: Option<Bridge>,
    }

    /// The far end asks for a transfer and leaves it to the application.
    pub struct ChannelTransfer {
        /// How far the transfer has come.
        pub state: Option<String>,
        /// Where it is to go.
        pub refer_to: ReferTo,
        /// Who asks for it.
        pub referred_by: ReferredBy,
    }
}

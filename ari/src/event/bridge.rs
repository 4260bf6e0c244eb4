//! Events about bridges, and channels that enter and leave them.

use super::events;
use crate::model::{Bridge, Channel};

events! {
    /// A bridge was created.
    pub struct BridgeCreated {
        /// The bridge.
        pub bridge: Bridge,
    }

    /// A bridge was destroyed.
    pub struct BridgeDestroyed {
        /// The bridge.
        pub bridge: Bridge,
    }

    /// The channels of a bridge were moved into another.
    pub struct BridgeMerged {
        /// The bridge that remains.
        pub bridge: Bridge,
        /// The bridge that was emptied.
        pub bridge_from: Bridge,
    }

    /// Another channel is shown in a bridge.
    pub struct BridgeVideoSourceChanged {
        /// The bridge.
        pub bridge: Bridge,
        /// Id of the channel that was shown before.
        pub old_video_source_id: Option<String>,
    }

    /// A channel entered a bridge.
    pub struct ChannelEnteredBridge {
        /// The bridge.
        pub bridge: Bridge,
        /// The channel.
        pub channel: Option<Channel>,
    }

    /// A channel left a bridge.
    pub struct ChannelLeftBridge {
        /// The bridge.
        pub bridge: Bridge,
        /// The channel.
        pub channel: Channel,
    }
}

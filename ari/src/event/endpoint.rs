//! Events about endpoints, devices and messages.

use super::events;
use crate::model::{ContactInfo, DeviceState, Endpoint, Peer, TextMessage};

events! {
    /// A contact of an endpoint began or ceased to answer.
    pub struct ContactStatusChange {
        /// The endpoint.
        pub endpoint: Endpoint,
        /// The contact.
        pub contact_info: ContactInfo,
    }

    /// The state of a device changed.
    pub struct DeviceStateChanged {
        /// The device.
        pub device_state: DeviceState,
    }

    /// The state of an endpoint changed.
    pub struct EndpointStateChange {
        /// The endpoint.
        pub endpoint: Endpoint,
    }

    /// The state of a peer changed.
    pub struct PeerStatusChange {
        /// The endpoint it belongs to.
        pub endpoint: Endpoint,
        /// The peer.
        pub peer: Peer,
    }

    /// A text message arrived.
    pub struct TextMessageReceived {
        /// The message.
        pub message: TextMessage,
        /// The endpoint it came from, if known.
        pub endpoint: Option<Endpoint>,
    }
}

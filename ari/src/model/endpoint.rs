//! Endpoints, their contacts and messages; device states; mailboxes.

use super::{ContactStatus, DeviceStateKind, EndpointState, models};

models! {
    /// An account or trunk that channels are made from.
    pub struct Endpoint {
        /// Technology, such as `PJSIP`.
        pub technology: String,
        /// Name within its technology.
        pub resource: String,
        /// Whether it can be reached, where Asterisk knows.
        pub state: Option<EndpointState>,
        /// Ids of its channels.
        pub channel_ids: Vec<String>,
    }

    /// An address at which an endpoint can be reached.
    pub struct ContactInfo {
        /// The address.
        pub uri: String,
        /// Whether it answers.
        pub contact_status: ContactStatus,
        /// The address of record it belongs to.
        pub aor: String,
        /// Round-trip time in microseconds, as text.
        pub roundtrip_usec: Option<String>,
    }

    /// State of a peer, for technologies that have peers.
    pub struct Peer {
        /// The state, in the words of its technology.
        pub peer_status: String,
        /// Why it changed.
        pub cause: Option<String>,
        /// Address.
        pub address: Option<String>,
        /// Port.
        pub port: Option<String>,
        /// When it was last heard.
        pub time: Option<String>,
    }

    /// A text message.
    pub struct TextMessage {
        /// Who sent it, as a technology URI.
        pub from: String,
        /// Who it is for, as a technology URI.
        pub to: String,
        /// The text.
        pub body: String,
        /// Headers of its technology.
        pub variables: Option<serde_json::Value>,
    }

    /// State of a device.
    pub struct DeviceState {
        /// Name of the device.
        pub name: String,
        /// Its state.
        pub state: DeviceStateKind,
    }

    /// A mailbox and its counts.
    pub struct Mailbox {
        /// Name of the mailbox.
        pub name: String,
        /// Count of messages already heard.
        pub old_messages: i64,
        /// Count of messages not heard yet.
        pub new_messages: i64,
    }
}

//! What Asterisk describes: channels, bridges, recordings and the rest.
//!
//! Every model keeps the fields it does not know in `extra`, so that a later Asterisk loses nothing.

mod application;
mod asterisk;
mod bridge;
mod channel;
mod endpoint;
mod media;
mod rtp_statistics;
mod variables;
mod words;

pub use application::{Application, EventType};
pub use asterisk::{
    AsteriskInfo, AsteriskPing, BuildInfo, ConfigInfo, ConfigTuple, LogChannel, Module, SetId, StatusInfo,
    SystemInfo,
};
pub use bridge::Bridge;
pub use channel::{
    AdditionalParam, CallerId, Channel, DialplanLocation, ReferTo, ReferredBy, RequestedDestination,
};
pub use endpoint::{ContactInfo, DeviceState, Endpoint, Mailbox, Peer, TextMessage};
pub use media::{FormatLanguage, LiveRecording, Playback, Sound, StoredRecording};
pub use rtp_statistics::RtpStatistics;
pub use variables::{NewVariable, NewVariables, Variable, Variables};
pub use words::{
    BridgeType, ChannelState, ConnectionType, ContactStatus, DeviceStateKind, Direction, Encapsulation,
    EndpointState, HangupReason, IfExists, InfoPart, PlaybackOperation, PlaybackState, RecordingState,
    SnoopDirection, TerminateOn, Transport,
};

/// The fields of an object that this version of the crate does not know, by name.
pub type Extra = serde_json::Map<String, serde_json::Value>;

/// Defines models: plain structs that can be decoded, keep unknown fields, and can be a reply.
macro_rules! models {
    ($(
        $(#[$attribute:meta])*
        pub struct $name:ident { $( $(#[$field_attribute:meta])* pub $field:ident: $type:ty, )* }
    )+) => { $(
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $( $(#[$field_attribute])* pub $field: $type, )*
            /// Fields that this version of the crate does not know.
            #[serde(flatten)]
            pub extra: $crate::model::Extra,
        }

        impl $crate::request::Response for $name {
            fn decode(body: &[u8]) -> Result<Self, serde_json::Error> {
                serde_json::from_slice(body)
            }
        }
    )+ };
}
pub(crate) use models;

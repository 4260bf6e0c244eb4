//! What Asterisk reports: one struct per event type.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::Channel;

mod application;
mod bridge;
mod channel;
mod endpoint;
mod media;
mod rest;
mod transfer;

pub use application::{
    ApplicationMoveFailed, ApplicationRegistered, ApplicationReplaced, ApplicationUnregistered,
    MissingParams, StasisEnd, StasisStart,
};
pub use bridge::{
    BridgeCreated, BridgeDestroyed, BridgeMerged, BridgeVideoSourceChanged, ChannelEnteredBridge,
    ChannelLeftBridge,
};
pub use channel::{
    CallBroadcast, CallClaimed, ChannelCallerId, ChannelConnectedLine, ChannelCreated, ChannelDestroyed,
    ChannelDialplan, ChannelDtmfReceived, ChannelHangupRequest, ChannelHold, ChannelStateChange,
    ChannelTalkingFinished, ChannelTalkingStarted, ChannelToneDetected, ChannelUnhold, ChannelUserevent,
    ChannelVarset, Dial,
};
pub use endpoint::{
    ContactStatusChange, DeviceStateChanged, EndpointStateChange, PeerStatusChange, TextMessageReceived,
};
pub use media::{
    PlaybackContinuing, PlaybackFinished, PlaybackStarted, RecordingFailed, RecordingFinished,
    RecordingStarted,
};
pub use rest::RestResponse;
pub use transfer::{BridgeAttendedTransfer, BridgeBlindTransfer, ChannelTransfer};

/// An event whose type this version of the crate does not know, or that did not look as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEvent {
    /// The type that Asterisk gave it.
    pub type_name: String,
    /// The whole event, as JSON text.
    pub raw: String,
    /// Why it could not be decoded, if its type is known.
    pub problem: Option<String>,
}

/// Defines [`Event`]: each type with its primary channel, if it has one.
macro_rules! event_types {
    ($( $name:literal $type:ident $(=> $this:ident $channel:expr)? ),+ $(,)?) => {
        /// An event of Asterisk.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $( #[doc = concat!("`", $name, "`")] $type(Box<$type>), )+
            /// Anything else; nothing that Asterisk sends is lost.
            Unknown(Box<UnknownEvent>),
        }

        impl Event {
            /// The event types that this version of the crate knows.
            pub const TYPES: &'static [&'static str] = &[$( $name ),+];

            /// The type, as Asterisk spells it.
            pub fn type_name(&self) -> &str {
                match self {
                    $( Self::$type(_) => $name, )+
                    Self::Unknown(event) => &event.type_name,
                }
            }

            /// When it happened, by the clock of Asterisk; none if unknown.
            pub fn timestamp(&self) -> Option<Timestamp> {
                match self {
                    $( Self::$type(event) => event.timestamp.into(), )+
                    Self::Unknown(_) => None,
                }
            }

            /// The application that receives the event; empty if unknown.
            pub fn application(&self) -> &str {
                match self {
                    $( Self::$type(event) => &event.application, )+
                    Self::Unknown(_) => "",
                }
            }

            /// The channel that the event is about, if it is about one.
            ///
            /// That is the dialled channel of [`Dial`] and the transferring one of the transfer events.
            pub fn channel(&self) -> Option<&Channel> {
                match self {
                    $($( Self::$type($this) => $channel, )?)+
                    _ => None,
                }
            }

            /// The same text with the life of the program, for a type that the crate knows.
            pub(crate) fn known_type(type_name: &str) -> Option<&'static str> {
                match type_name {
                    $( $name => Some($name), )+
                    _ => None,
                }
            }

            /// Decodes an event whose type has been read already.
            pub(crate) fn decode(type_name: &str, json: &str) -> Self {
                let decoded = match type_name {
                    $( $name => serde_json::from_str(json).map(Self::$type), )+
                    _ => return Self::unknown(type_name, json, None),
                };
                decoded.unwrap_or_else(|problem| Self::unknown(type_name, json, Some(problem.to_string())))
            }
        }

        $(impl From<$type> for Event {
            fn from(event: $type) -> Self {
                Self::$type(Box::new(event))
            }
        })+
    };
}

event_types! {
    "ApplicationMoveFailed" ApplicationMoveFailed => e Some(&e.channel),
    "ApplicationRegistered" ApplicationRegistered,
    "ApplicationReplaced" ApplicationReplaced,
    "ApplicationUnregistered" ApplicationUnregistered,
    "BridgeAttendedTransfer" BridgeAttendedTransfer => e Some(&e.transferer_first_leg),
    "BridgeBlindTransfer" BridgeBlindTransfer => e Some(&e.channel),
    "BridgeCreated" BridgeCreated,
    "BridgeDestroyed" BridgeDestroyed,
    "BridgeMerged" BridgeMerged,
    "BridgeVideoSourceChanged" BridgeVideoSourceChanged,
    "CallBroadcast" CallBroadcast => e Some(&e.channel),
    "CallClaimed" CallClaimed => e Some(&e.channel),
    "ChannelCallerId" ChannelCallerId => e Some(&e.channel),
    "ChannelConnectedLine" ChannelConnectedLine => e Some(&e.channel),
    "ChannelCreated" ChannelCreated => e Some(&e.channel),
    "ChannelDestroyed" ChannelDestroyed => e Some(&e.channel),
    "ChannelDialplan" ChannelDialplan => e Some(&e.channel),
    "ChannelDtmfReceived" ChannelDtmfReceived => e Some(&e.channel),
    "ChannelEnteredBridge" ChannelEnteredBridge => e e.channel.as_ref(),
    "ChannelHangupRequest" ChannelHangupRequest => e Some(&e.channel),
    "ChannelHold" ChannelHold => e Some(&e.channel),
    "ChannelLeftBridge" ChannelLeftBridge => e Some(&e.channel),
    "ChannelStateChange" ChannelStateChange => e Some(&e.channel),
    "ChannelTalkingFinished" ChannelTalkingFinished => e Some(&e.channel),
    "ChannelTalkingStarted" ChannelTalkingStarted => e Some(&e.channel),
    "ChannelToneDetected" ChannelToneDetected => e Some(&e.channel),
    "ChannelTransfer" ChannelTransfer => e Some(&e.referred_by.source_channel),
    "ChannelUnhold" ChannelUnhold => e Some(&e.channel),
    "ChannelUserevent" ChannelUserevent => e e.channel.as_ref(),
    "ChannelVarset" ChannelVarset => e e.channel.as_ref(),
    "ContactStatusChange" ContactStatusChange,
    "DeviceStateChanged" DeviceStateChanged,
    "Dial" Dial => e Some(&e.peer),
    "EndpointStateChange" EndpointStateChange,
    "MissingParams" MissingParams,
    "PeerStatusChange" PeerStatusChange,
    "PlaybackContinuing" PlaybackContinuing,
    "PlaybackFinished" PlaybackFinished,
    "PlaybackStarted" PlaybackStarted,
    "RESTResponse" RestResponse,
    "RecordingFailed" RecordingFailed,
    "RecordingFinished" RecordingFinished,
    "RecordingStarted" RecordingStarted,
    "StasisEnd" StasisEnd => e Some(&e.channel),
    "StasisStart" StasisStart => e Some(&e.channel),
    "TextMessageReceived" TextMessageReceived,
}

/// What every message has.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(rename = "type", borrow)]
    type_name: Cow<'a, str>,
}

/// Reads the type of a message and skips the rest, which is several times faster than decoding it.
pub(crate) fn type_of(json: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    serde_json::from_str::<Header>(json).map(|header| header.type_name)
}

impl Event {
    /// Decodes an event from JSON text.
    ///
    /// Fails only if the text is not a JSON object with a `type`; an event that is unknown or does not look as
    /// expected becomes [`Event::Unknown`].
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        Ok(Self::decode(&type_of(json)?, json))
    }

    fn unknown(type_name: &str, json: &str, problem: Option<String>) -> Self {
        Self::Unknown(Box::new(UnknownEvent {
            type_name: type_name.to_owned(),
            raw: json.to_owned(),
            problem,
        }))
    }
}

/// The `type` of a message, which is known once its struct is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tag;

impl<'de> serde::Deserialize<'de> for Tag {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(from).map(|_| Self)
    }
}

/// Defines events: the fields given, and those that every event has.
macro_rules! events {
    ($(
        $(#[$attribute:meta])*
        pub struct $name:ident { $( $(#[$field_attribute:meta])* pub $field:ident: $type:ty, )* }
    )+) => { $(
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, serde::Deserialize)]
        pub struct $name {
            $( $(#[$field_attribute])* pub $field: $type, )*
            /// The application that receives the event.
            pub application: String,
            /// When it happened, by the clock of Asterisk.
            pub timestamp: jiff::Timestamp,
            /// The Asterisk it happened on.
            pub asterisk_id: Option<String>,
            /// Fields that this version of the crate does not know.
            #[serde(flatten)]
            pub extra: $crate::model::Extra,
            #[serde(rename = "type", default)]
            _tag: $crate::event::Tag,
        }
    )+ };
}
use events;

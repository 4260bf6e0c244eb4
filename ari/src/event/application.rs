//! Events about applications, and channels that enter and leave them.

use super::{Tag, events};
use crate::model::{Channel, Extra};

events! {
    /// A channel could not be moved to another application, and goes on in the dialplan.
    pub struct ApplicationMoveFailed {
        /// The channel.
        pub channel: Channel,
        /// The application it should have gone to.
        pub destination: String,
        /// Arguments for that application.
        pub args: Vec<String>,
    }

    /// The application was registered: its client connected.
    pub struct ApplicationRegistered {}

    /// Another client connected for the same application and receives its events from here on.
    pub struct ApplicationReplaced {}

    /// The application was unregistered.
    pub struct ApplicationUnregistered {}

    /// A channel left the application.
    pub struct StasisEnd {
        /// The channel.
        pub channel: Channel,
    }

    /// A channel entered the application. It may still be ringing: look at its state.
    pub struct StasisStart {
        /// Arguments given by whoever sent it here.
        pub args: Vec<String>,
        /// The channel.
        pub channel: Channel,
        /// The channel whose place it takes, after a transfer.
        pub replace_channel: Option<Channel>,
    }
}

/// A message to Asterisk lacked parameters.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub struct MissingParams {
    /// Names of the parameters.
    pub params: Vec<String>,
    /// The application, if the message names one.
    #[serde(default)]
    pub application: String,
    /// When it was sent, if the message says so.
    pub timestamp: Option<jiff::Timestamp>,
    /// The Asterisk that says so.
    pub asterisk_id: Option<String>,
    /// Fields that this version of the crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
    #[serde(rename = "type", default)]
    _tag: Tag,
}

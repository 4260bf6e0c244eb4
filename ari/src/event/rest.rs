//! Replies over the event WebSocket.
//!
//! Asterisk 20.14, 21.9, 22.4 and later read `RESTRequest` messages on it, one after the other, and answer each
//! with a `RESTResponse`. The client matches them by itself; a consumer of events never sees one.

use serde::Deserialize;

use super::Tag;
use crate::model::Extra;

/// The reply to a request that was sent over the event WebSocket.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RestResponse {
    /// Text from the request.
    pub transaction_id: String,
    /// Text from the request.
    pub request_id: String,
    /// HTTP status.
    pub status_code: u16,
    /// Meaning of the status.
    pub reason_phrase: String,
    /// Path from the request.
    pub uri: String,
    /// Type of the body.
    pub content_type: Option<String>,
    /// The body.
    pub message_body: Option<String>,
    /// Name of the application.
    #[serde(default)]
    pub application: String,
    /// When it was sent, by the clock of Asterisk.
    pub timestamp: Option<jiff::Timestamp>,
    /// The Asterisk that answers.
    pub asterisk_id: Option<String>,
    /// Fields that this version of the crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
    #[serde(rename = "type", default)]
    _tag: Tag,
}

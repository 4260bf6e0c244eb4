//! How a request can fail.

use crate::request::Operation;

/// Why a request failed, or a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot work; the text says why and what to do.
    #[error("ARI configuration: {0}")]
    Config(String),

    /// Asterisk understood the request and refused it.
    #[error("Asterisk refused `{operation}`: {status} {message}")]
    Refused {
        /// What was asked.
        operation: &'static Operation,
        /// HTTP status.
        status: u16,
        /// The words of Asterisk.
        message: String,
    },

    /// The request was sent and no reply came: it was carried out or it was not.
    ///
    /// Look at the object with a GET, then repeat the request if need be.
    #[error("the outcome of `{operation}` is unknown: {interruption}")]
    OutcomeUnknown {
        /// What was asked.
        operation: &'static Operation,
        /// What came between request and reply.
        interruption: Interruption,
    },

    /// The request was not sent: Asterisk cannot be reached. Nothing has happened.
    #[error("Asterisk cannot be reached for `{operation}`: {reason}")]
    Unreachable {
        /// What was asked.
        operation: &'static Operation,
        /// What went wrong on the way.
        reason: String,
    },

    /// Asterisk accepted the request and answered something that cannot be decoded.
    #[error("the reply to `{operation}` cannot be decoded: {problem}")]
    UnexpectedReply {
        /// What was asked.
        operation: &'static Operation,
        /// What is wrong with the reply.
        problem: String,
    },

    /// Another client took over the application, so this one has stopped.
    #[error("another client took over the application")]
    Replaced,
}

/// What came between a request and its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Interruption {
    /// The connection broke.
    #[error("the connection broke before the reply")]
    Cut,
    /// The deadline passed.
    #[error("no reply within the deadline")]
    Deadline,
}

impl Error {
    /// The status with which Asterisk refused, if it did.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// 404: the object does not exist, or no longer.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// 409: the id is taken, or the channel is not in a Stasis application; the message says which.
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// Whether the request may have been carried out although it failed.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown { .. } | Self::UnexpectedReply { .. })
    }
}

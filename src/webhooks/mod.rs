//! Sends events to whoever wants to be told, as the Standard Webhooks specification asks
//! (<https://www.standardwebhooks.com>): signed, at least once, again and again with growing pauses.
//!
//! It works through the outbox that [`crate::store`] keeps, never in the way of a call.

mod address;
mod sender;
mod signature;

pub use address::{Private, is_public};
pub use sender::{PAUSES, PLACE, Sender};
pub use signature::{SECRET_BYTES, secret_bytes, secret_text, sign};

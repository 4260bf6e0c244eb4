//! What is going on, kept in step on many screens: state is synchronised, events are not replayed.
//!
//! [`Tables`] hold what the engine shows as rows with revisions. A [`Viewer`] is one screen: it knows how far it has
//! come in each table it follows, so what it lacks is what has a greater revision, however long it was away. Nothing
//! is queued for it: a screen that stops reading costs as much as one that reads. What must not be merged away goes
//! through a second, ordered lane, [`Facts`].
//!
//! All of this is pure and lives by the time that it is given; [`Hub`] alone is shared between tasks. The protocol is
//! described in `docs/live.md`; [`crate::http`] puts it on a WebSocket.

mod alerts;
mod check;
mod close;
mod facts;
mod hub;
mod protocol;
mod rights;
mod rows;
mod selection;
mod subscription;
mod table;
mod tables;
mod topic;
mod viewer;

pub use alerts::{PauseLimit, PauseLimits};
pub use check::{Check, Health, Part};
pub use close::Close;
pub use facts::{Audience, Fact, Facts};
pub use hub::{Board, Clock, Edition, Hub};
pub use protocol::{Hello, PROTOCOL, hello};
pub use rights::{Rights, Sees};
pub use tables::{Tables, masked};
pub use topic::Topic;
pub use viewer::{Frame, HEARTBEAT, UNDRAINED_MAX, Viewer};

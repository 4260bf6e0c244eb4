//! The operations of ARI: one file per resource, one struct per operation.

pub mod applications;
pub mod asterisk;
pub mod bridges;
pub mod channels;
pub mod device_states;
pub mod endpoints;
pub mod events;
pub mod mailboxes;
pub mod playbacks;
pub mod recordings;
pub mod sounds;

use crate::request::Operation;

/// Every operation that the crate knows, for tests and tools that compare it with an Asterisk.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        applications::OPERATIONS,
        asterisk::OPERATIONS,
        bridges::OPERATIONS,
        channels::OPERATIONS,
        device_states::OPERATIONS,
        endpoints::OPERATIONS,
        events::OPERATIONS,
        mailboxes::OPERATIONS,
        playbacks::OPERATIONS,
        recordings::OPERATIONS,
        sounds::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}

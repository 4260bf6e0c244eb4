//! Callers: from the first ring through flows and queues to an agent.
//!
//! `caller` is the small machine that `callers` moves. `driving` carries a caller through a flow, whose editions lie on
//! the `shelf`, and `course` begins it, or goes on with it after another daemon; `task` is a step of it with all that it
//! needs, [`inquiry`] what it asks of the world. `dialling` calls somebody for them. [`queue`] holds who waits and who gets whom, `queues` gives them to agents. `callbacks` are
//! promised to who did not want to wait, and `ring_back` is how they are kept. `departed` knows who has just gone.

pub mod callbacks;
pub(crate) mod caller;
pub(crate) mod callers;
pub(crate) mod course;
pub(crate) mod departed;
pub(crate) mod dialling;
pub(crate) mod driving;
pub mod inquiry;
pub mod queue;
pub(crate) mod queues;
pub(crate) mod ring_back;
pub(crate) mod shelf;
pub(crate) mod task;

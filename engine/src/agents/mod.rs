//! Agents: their sessions, their phones, and what they do at their desk.
//!
//! `session` is the small machine that the others move. `working` takes agents from log-in to log-out, `phones` keeps
//! their telephones up, `desk` is what they say and ask for, `by_hand` is dialling without a machine, `promises` are
//! callbacks that an agent makes themself, and `familiar` knows whom a caller spoke with last.

pub(crate) mod by_hand;
pub(crate) mod desk;
pub(crate) mod familiar;
pub(crate) mod phones;
pub(crate) mod promises;
pub(crate) mod session;
pub(crate) mod working;

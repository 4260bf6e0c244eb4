//! The rules of Cadran: a function of inputs and time.
//!
//! `Engine::handle(now, Input) -> Vec<Command>`. No I/O, no clock, no lock, no `async`, no randomness that is not
//! seeded. The daemon feeds it from Asterisk, the database and the API; the simulator feeds it from a pretend
//! telephone network in virtual time.
//!
//! In reading order: [`model`] has the nouns; [`input`] and [`command`] are what goes in and out; `engine` is the
//! table of contents of everything that can happen. Then one story each: `placing` (from pacing to the durable
//! attempt), `routing` (who carries it), `outbound` (what happens to a dialled call), `screening` (person or machine),
//! `message` (what is played to whoever gets no agent), `agents`, `phones`, `desk`, `by_hand`, `promises`,
//! `recording`, `resync`, `settings`, `supervision`, `taking_over` and `transfers` (which see a call as a
//! `conversation`). `call`, `agent_session`, `supervising`, `transfer` and `leg` are the small machines that the stories
//! move. `predicting` feeds the
//! forecast of predictive campaigns, and `rivals` knows those that share agents; `explaining` says what campaigns do,
//! and why; `tripping` is about circuit breakers. `inbound` is about callers, `driving` carries them through their
//! flow, `queues` gives them to agents, `outside` calls others for them; `caller`, `queue`, `task` and `shelf` are what
//! these move and read, `joining` is what they share with `outbound`. [`dialer`] holds the questions with a pure answer; [`almanac`] knows
//! hours and holidays; [`flow`] is the language of inbound flows, with its checker and its interpreter.

mod agent_session;
mod agents;
pub mod almanac;
mod by_hand;
mod call;
mod caller;
pub mod command;
mod conversation;
mod cx;
mod desk;
pub mod dialer;
mod driving;
mod engine;
mod explaining;
mod familiar;
pub mod flow;
mod holds;
mod inbound;
pub mod input;
pub mod inquiry;
mod joining;
mod leg;
mod message;
mod mint;
pub mod model;
pub mod notice;
mod outbound;
mod outside;
mod phones;
mod placing;
mod predicting;
mod promises;
pub mod queue;
mod queues;
mod recording;
mod refusal;
pub mod request;
mod resync;
mod rivals;
mod routing;
mod screening;
mod settings;
mod shelf;
mod supervising;
mod supervision;
mod taking_over;
pub mod tapping;
mod task;
mod timers;
mod transfer;
mod transfers;
mod tripping;
pub mod view;
mod wall_time;

pub use desk::{PREVIEW_LEASE, PREVIEW_MAX};
pub use engine::Engine;
pub use explaining::PACING_KEPT;

#![doc = include_str!("../README.md")]
//!
//! # Map
//! - [`Client`] sends requests and [`Events`] delivers; both come from [`Client::connect`] and a [`Config`].
//! - The requests are in one module per resource: [`applications`], [`asterisk`], [`bridges`], [`channels`],
//!   [`device_states`], [`endpoints`], [`events`], [`mailboxes`], [`playbacks`], [`recordings`], [`sounds`].
//! - The models, such as [`Channel`], and the events, such as [`StasisStart`], are here at the root.
#![warn(missing_docs)]

mod client;
mod config;
mod delivery;
mod error;
mod event;
mod http;
mod link;
mod model;
mod request;
mod requests;
mod text;
mod wire;

pub use client::{Client, Status};
pub use config::{Config, EventFilter, Limits};
pub use delivery::{Connection, Delivery, Events, Gap};
pub use error::{Error, Interruption};
pub use event::*;
pub use model::*;
pub use request::{Encoded, Method, Operation, Parameter, Place, Request, Response};
pub use requests::{
    applications, asterisk, bridges, channels, device_states, endpoints, events, mailboxes, operations,
    playbacks, recordings, sounds,
};

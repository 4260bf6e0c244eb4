#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod activity;
mod command;
mod commands;
mod connection;
mod error;
mod handler;
mod header;
mod inbound;
pub mod limits;
mod reply;
mod request;
mod script;
mod server;

pub use command::Command;
pub use commands::*;
pub use connection::Connection;
pub use error::{ArgumentProblem, Error, ReplyProblem, RequestError, Result};
pub use handler::{Handler, HandlerError};
pub use limits::Limits;
pub use reply::Reply;
pub use request::Request;
pub use script::Script;
pub use server::{Server, ServerBuilder, Stopped};

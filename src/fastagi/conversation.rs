//! A call that the dialplan handed over, with its question.

use std::collections::BTreeMap;

use agi::{Connection, Request};
use cadran_engine::model::Phone;

use super::{Desk, Error};

/// The longest value of a channel variable, in bytes. Asterisk reads lines of 8 kB; what is longer than this is no name.
const VALUE_BYTES_MAX: usize = 2_000;

/// A call that the dialplan handed over.
pub(super) struct Conversation<'d> {
    pub(super) desk: &'d Desk,
    pub(super) request: Request,
    pub(super) connection: Connection,
    /// What stands behind the question mark.
    pub(super) query: BTreeMap<String, String>,
}

impl Conversation<'_> {
    /// A part of the question.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The caller's number, in E.164 where it can be read; empty when it is withheld.
    pub(super) fn caller(&self) -> String {
        let caller = self.asked("caller").or(self.request.caller_id()).unwrap_or_default();
        caller.parse::<Phone>().map_or_else(|_| caller.to_owned(), Phone::e164)
    }

    /// The number that was called, as the dialplan says it, or as the carrier did.
    pub(super) fn called(&self) -> String {
        let called = self.asked("did").or(self.request.dialled_number());
        called.unwrap_or_else(|| self.request.extension()).to_owned()
    }

    /// Sets a channel variable `CADRAN_...`. What could end a line of the protocol becomes a space; what is too long is
    /// cut.
    pub(super) async fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let mut value = value.replace(['\r', '\n', '\0'], " ");
        let mut end = value.len().min(VALUE_BYTES_MAX);
        while !value.is_char_boundary(end) {
            end -= 1;
        }
        value.truncate(end);
        Ok(self.connection.set_variable(&format!("CADRAN_{name}"), &value).await?)
    }

    /// Sets several channel variables, in order.
    pub(super) async fn set_all(&mut self, values: &[(&str, String)]) -> Result<(), Error> {
        for (name, value) in values {
            self.set(name, value).await?;
        }
        Ok(())
    }
}

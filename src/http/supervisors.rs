//! Supervisors by telephone hear no longer than the sign-in lasts under which they asked for it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cadran_engine::input::Request;
use cadran_engine::model::AgentId;
use tokio::time::sleep;

use super::app::App;
use crate::store::TokenHash;

/// How often it is looked whether a sign-in still holds, beside every change that this daemon makes itself: another one
/// may share the database.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Under which sign-in each supervisor's phone is in use.
#[derive(Debug, Default)]
pub(super) struct Supervisors(Mutex<HashMap<AgentId, TokenHash>>);

impl Supervisors {
    fn phones(&self) -> MutexGuard<'_, HashMap<AgentId, TokenHash>> {
        // Every change is whole by itself, so that a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_under(&self, supervisor: AgentId, token: TokenHash) -> bool {
        self.phones().get(&supervisor) == Some(&token)
    }

    /// Forgets a phone, unless it is in use under another sign-in by then. Says whether it did.
    fn forget(&self, supervisor: AgentId, token: TokenHash) -> bool {
        let mut phones = self.phones();
        let is_under = phones.get(&supervisor) == Some(&token);
        if is_under {
            phones.remove(&supervisor);
        }
        is_under
    }
}

/// Has what is heard with this phone end with the sign-in under which it was asked for.
pub(super) fn look_after(app: &App, supervisor: AgentId, token: TokenHash) {
    // Whoever looks after the same sign-in already goes on; after another one, sees that it is over.
    if app.supervisors.phones().insert(supervisor, token) != Some(token) {
        tokio::spawn(wait_for_the_end(app.clone(), supervisor, token));
    }
}

async fn wait_for_the_end(app: App, supervisor: AgentId, token: TokenHash) {
    let mut changes = app.sockets.changes_of_rights();
    loop {
        let until = app.store.signed_in_until(token, app.now()).await;
        if !app.supervisors.is_under(supervisor, token) {
            return;
        }
        let look_again_in = match until {
            Ok(Some(until)) => until.since(app.now()).min(LOOK_EVERY),
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, "whether a supervisor is still signed in could not be looked up");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = app.sockets.closing() => return,
            // Whose rights they were does not matter: looking is cheap.
            _ = changes.recv() => {}
            () = sleep(look_again_in) => {}
        }
    }
    if app.supervisors.forget(supervisor, token) {
        // That they were hearing nothing at the moment is fine.
        let _ = app.inbox.request(Request::StopSupervising { supervisor, withdrawn: true }).await;
    }
}

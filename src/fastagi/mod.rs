//! FastAGI for a dialplan of one's own: it hands calls over, asks, and goes on.
//!
//! `gate` knows who may ask; `conversation` is a call with the dialplan's question; `flow` carries calls through flows,
//! `prompts` is what they hear meanwhile; `questions` are answered with channel variables. It decides nothing: flows are
//! run by the engine's interpreter, and everything else is looked up in the store or asked of the engine.

mod conversation;
mod flow;
mod gate;
mod prompts;
mod questions;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use agi::{Connection, HandlerError, Request, Server, Stopped};
use cadran_engine::model::{Slug, TenantId, Timestamp};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use self::conversation::Conversation;
use self::gate::Gate;
use crate::asterisk::Names;
use crate::flow_requests::FlowRequests;
use crate::inbox::Inbox;
use crate::speech::Speech;
use crate::store::{Store, Tenant};

/// Where to listen, and for whom.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address and port.
    pub listen: SocketAddr,
    /// Who may connect.
    pub peers: Vec<IpAddr>,
    /// The key of the nonces; without it no nonce is asked for.
    pub key: Option<SecretString>,
    /// Conversations at a time.
    pub connections_max: usize,
}

/// What conversations work with.
#[derive(Clone, Debug)]
pub struct Desk {
    /// What trunks and phones are called on Asterisk.
    pub names: Names,
    /// Settings and history.
    pub store: Store,
    /// The way to the engine.
    pub inbox: Inbox,
    /// What speaks texts, where something does.
    pub speech: Option<Speech>,
    /// The way to the servers of others.
    pub requests: FlowRequests,
    /// The directory of messages and answers, which Asterisk writes.
    pub messages_dir: PathBuf,
    /// The wall clock.
    pub clock: fn() -> Timestamp,
}

/// The desks of the tenants that answer. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Desks(Arc<RwLock<OpenDesks>>);

type OpenDesks = BTreeMap<TenantId, (Slug, Arc<Desk>)>;

impl Desks {
    /// Answers for a tenant.
    pub fn open(&self, tenant: &Tenant, desk: Desk) {
        let mut desks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        desks.insert(tenant.id, (tenant.slug.clone(), Arc::new(desk)));
    }

    /// Answers for a tenant no more, but for conversations that are under way.
    pub fn close(&self, tenant: TenantId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }

    /// The desk of the tenant that a script names; of one that names none, the first tenant's.
    fn find(&self, slug: Option<&str>) -> Option<Arc<Desk>> {
        let desks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = match slug {
            Some(slug) => desks.values().find(|(known, _)| known.as_str() == slug),
            None => desks.get(&TenantId::FIRST),
        };
        found.map(|(_, desk)| desk.clone())
    }
}

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct FastAgi {
    server: Server,
    gate: Gate,
    desks: Desks,
}

/// Why a conversation ended early. No text holds a number or a value of the call.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// The connection or a command failed.
    #[error(transparent)]
    Agi(#[from] agi::Error),
    /// The question is none of ours.
    #[error("there is no script `{0}`; see docs/fastagi.md")]
    NoScript(String),
    /// The tenant does not answer.
    #[error("no tenant of that short name answers; see docs/fastagi.md")]
    NoTenant,
    /// The nonce is missing, wrong or old.
    #[error("the nonce is missing, wrong or old; see docs/fastagi.md for the dialplan's line")]
    Nonce,
    /// A part of the question is missing or cannot be read.
    #[error("`{0}` is missing or cannot be read; see docs/fastagi.md")]
    Question(&'static str),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
}

impl FastAgi {
    /// Listens.
    pub async fn bind(config: Config, desks: Desks, clock: fn() -> Timestamp) -> std::io::Result<Self> {
        let builder = Server::builder().allow(config.peers).connections_max(config.connections_max);
        let server = builder.bind(config.listen).await?;
        info!("FastAGI is at agi://{}", server.local_addr()?);
        Ok(Self { server, gate: Gate::new(config.key, clock), desks })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.server.local_addr()
    }

    /// Answers until told to stop, then lets conversations finish.
    pub async fn serve(self, stop: CancellationToken) -> Stopped {
        let (gate, desks) = (Arc::new(self.gate), self.desks);
        let handler = move |request: Request, connection: Connection| {
            let (gate, desks) = (gate.clone(), desks.clone());
            async move { answer(&gate, &desks, request, connection).await.map_err(HandlerError::from) }
        };
        self.server.serve(handler, stop.cancelled_owned()).await
    }
}

/// One conversation.
async fn answer(gate: &Gate, desks: &Desks, request: Request, connection: Connection) -> Result<(), Error> {
    if !gate.lets_in(&request) {
        metrics::counter!("cadran_fastagi_refused_total").increment(1);
        connection.fail().await?;
        return Err(Error::Nonce);
    }
    let path: Vec<String> = request.script().segments().map(|segment| segment.into_owned()).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    // `/t/acme/route` is the tenant acme's `/route`.
    let (tenant, path) = match path.as_slice() {
        ["t", slug, path @ ..] => (Some(*slug), path),
        path => (None, path),
    };
    let Some(desk) = desks.find(tenant) else {
        connection.fail().await?;
        return Err(Error::NoTenant);
    };
    let query: BTreeMap<String, String> =
        request.script().pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let script = path.first().copied().unwrap_or_default();
    debug!(channel = request.channel(), script, "FastAGI");
    let known = ["customer", "disposition", "flow", "may-dial", "route"].contains(&script);
    metrics::counter!("cadran_fastagi_total", "script" => if known { script.to_owned() } else { "other".to_owned() })
        .increment(1);
    let mut call = Conversation { desk: &desk, request, connection, query };
    let outcome = match path {
        ["customer"] => questions::customer(&mut call).await,
        ["disposition"] => questions::disposition(&mut call).await,
        ["flow", id] => flow::run(&mut call, id).await,
        ["may-dial"] => questions::may_dial(&mut call).await,
        ["route"] => questions::route(&mut call).await,
        _ => Err(Error::NoScript(script.chars().take(40).collect())),
    };
    match outcome {
        Ok(()) => Ok(()),
        // The caller has gone: nobody is left to tell.
        Err(Error::Agi(agi::Error::Hangup | agi::Error::Disconnected)) => Ok(()),
        Err(error) => {
            // The dialplan reads FAILURE in AGISTATUS, and takes its own way. It may have gone already.
            let _ = call.connection.fail().await;
            Err(error)
        }
    }
}

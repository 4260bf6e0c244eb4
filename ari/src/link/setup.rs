//! What has to be in force before a link counts as connected: event filter and subscriptions.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{info, warn};

use super::Setup;
use crate::Error;
use crate::delivery::Connection;
use crate::model::{AsteriskInfo, InfoPart};
use crate::request::Request;
use crate::requests::{applications, asterisk};
use crate::wire::{Outgoing, Wire};

pub(super) struct SettingUp {
    pub(super) app: String,
    pub(super) deadline: Duration,
    pub(super) setup: Setup,
    pub(super) wire: Wire,
    pub(super) requests: mpsc::Sender<Outgoing>,
    pub(super) reconnected: bool,
}

/// The way to the writer, if Asterisk takes requests over the WebSocket.
type Socket = Option<mpsc::Sender<Outgoing>>;

impl SettingUp {
    /// Sets the link up, or says what stands in the way.
    pub(super) async fn run(self) -> Result<(Connection, Socket), String> {
        let (info, socket) = self.greet().await.map_err(|problem| problem.to_string())?;
        if let Some(filter) = &self.setup.event_filter {
            let request = applications::Filter::new(&self.app, filter.clone());
            self.send(&request, &socket).await.map_err(|problem| problem.to_string())?;
        }
        let lost_subscriptions = self.subscribe(&socket).await.map_err(|problem| problem.to_string())?;
        let system = info.system;
        let connection = Connection {
            asterisk_id: system.as_ref().map(|system| system.entity_id.clone()).unwrap_or_default(),
            asterisk_version: system.map(|system| system.version).unwrap_or_default(),
            reconnected: self.reconnected,
            rest_over_websocket: socket.is_some(),
            lost_subscriptions,
        };
        info!(app = %self.app, version = %connection.asterisk_version, "Connected to Asterisk");
        Ok((connection, socket))
    }

    /// Asks who is there, and learns whether Asterisk takes requests over the WebSocket.
    ///
    /// A version that does not (before 20.14, 21.9 and 22.4) reads the message and says nothing.
    async fn greet(&self) -> Result<(AsteriskInfo, Socket), Error> {
        let request = asterisk::Info { only: vec![InfoPart::System] };
        let socket = Some(self.requests.clone());
        match self.send(&request, &socket).await {
            Err(Error::OutcomeUnknown { .. }) => Ok((self.send(&request, &None).await?, None)),
            answer => Ok((answer?, socket)),
        }
    }

    /// Subscribes again. A source that is gone must not keep the link down, so it is reported instead.
    async fn subscribe(&self, socket: &Socket) -> Result<Vec<String>, Error> {
        let mut lost = Vec::new();
        for source in &self.setup.subscriptions {
            let request = applications::Subscribe::new(&self.app, [source.clone()]);
            match self.send(&request, socket).await {
                Ok(_) => {}
                Err(Error::Refused { message, .. }) => {
                    warn!(app = %self.app, %source, "Asterisk refused a subscription: {message}");
                    lost.push(source.clone());
                }
                Err(problem) => return Err(problem),
            }
        }
        Ok(lost)
    }

    async fn send<R: Request>(&self, request: &R, socket: &Socket) -> Result<R::Response, Error> {
        let encoded = request.encode();
        let deadline = Instant::now() + self.deadline;
        let reply = self.wire.exchange(socket.as_ref(), &encoded, deadline).await?;
        reply.decoded(encoded.operation)
    }
}

//! The client: what a program holds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::config::{Config, EventFilter};
use crate::delivery::{Events, Outlet};
use crate::error::Error;
use crate::http::Http;
use crate::link::{Dialler, Link, Setup, SharedSetup, State, with_setup};
use crate::model::Application;
use crate::request::{Request, Response};
use crate::requests::applications;
use crate::wire::{Pending, Wire};

/// A connection to one Stasis application of one Asterisk. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    app: String,
    request_deadline: Duration,
    setup: SharedSetup,
    wire: Wire,
    state: watch::Receiver<State>,
    again: Arc<Notify>,
}

/// Where a client stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The link is being connected. Requests travel over HTTP.
    Connecting {
        /// Why the last attempt failed.
        problem: Option<String>,
    },
    /// The link is up.
    Connected,
    /// Another client took over; every request is refused with [`Error::Replaced`].
    Replaced,
    /// The [`Events`] were dropped. Requests travel over HTTP.
    Stopped,
}

impl Client {
    /// Makes a client and begins to connect in the background, for as long as it takes.
    ///
    /// Fails only if the configuration cannot work. The link lives as long as the [`Events`]; they have to be read
    /// all the time, for what does not fit into the buffer is lost and reported as a gap.
    ///
    /// # Panics
    /// Outside a Tokio runtime with I/O and time enabled.
    pub fn connect(config: Config) -> Result<(Self, Events), Error> {
        let base = config.base_url()?;
        let dialler = Dialler::tcp(&config, &base)?;
        let http = Http::new(base, config.credentials.clone())?;
        Ok(Self::start(config, dialler, http))
    }

    pub(crate) fn start(config: Config, dialler: Dialler, http: Http) -> (Self, Events) {
        let pending = Arc::new(Pending::default());
        let wire = Wire::new(http, Arc::clone(&pending));
        let setup = Setup { event_filter: config.event_filter, subscriptions: config.subscriptions };
        let setup = SharedSetup::new(setup.into());
        let (report, state) = watch::channel(State::Down { problem: None });
        let (outlet, events) = Outlet::new(config.limits.deliveries_max);
        let again = Arc::new(Notify::new());
        let shared = Shared {
            app: config.app.clone(),
            request_deadline: config.limits.request_deadline,
            setup: Arc::clone(&setup),
            wire: wire.clone(),
            state,
            again: Arc::clone(&again),
        };
        let link = Link {
            app: config.app,
            limits: config.limits,
            dialler,
            setup,
            wire,
            pending,
            state: report,
            outlet,
            again,
            was_connected: false,
        };
        tokio::spawn(link.run());
        (Self { shared: Arc::new(shared) }, events)
    }

    /// Breaks the link, so that it is connected and set up anew; [`Gap::Cut`](crate::Gap::Cut) tells of it. For a
    /// consumer who finds that the link is up and events are missing all the same. Without effect while it is down.
    pub fn reconnect(&self) {
        self.shared.again.notify_waiters();
    }

    /// Sends a request and waits for the reply, within the deadline of the configuration.
    ///
    /// Requests to one Asterisk are carried out in the order in which they are sent while the link is up, except for
    /// those whose reply travels over HTTP ([`Response::OVER_HTTP`]).
    pub async fn send<R: Request>(&self, request: R) -> Result<R::Response, Error> {
        self.send_within(request, self.shared.request_deadline).await
    }

    /// Sends a request with its own deadline, for those that take longer, such as the download of a recording.
    pub async fn send_within<R: Request>(
        &self,
        request: R,
        deadline: Duration,
    ) -> Result<R::Response, Error> {
        let socket = match &*self.shared.state.borrow() {
            State::Up { socket } if !R::Response::OVER_HTTP => socket.clone(),
            State::Up { .. } | State::Down { .. } | State::Stopped => None,
            State::Replaced => return Err(Error::Replaced),
        };
        let encoded = request.encode();
        let reply = self.shared.wire.exchange(socket.as_ref(), &encoded, Instant::now() + deadline).await?;
        reply.decoded(encoded.operation)
    }

    /// Sends a request for an object that may be absent: `find(channels::Get::new(id))`.
    ///
    /// This is how an [`Error::OutcomeUnknown`] is settled.
    pub async fn find<R: Request>(&self, request: R) -> Result<Option<R::Response>, Error> {
        match self.send(request).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Subscribes to an event source, and again after each reconnection.
    ///
    /// A source that Asterisk refuses is forgotten. While Asterisk cannot be reached the source is remembered, and
    /// subscribed to with the next connection, although this fails.
    pub async fn subscribe(&self, event_source: impl Into<String>) -> Result<Application, Error> {
        let source = event_source.into();
        with_setup(&self.shared.setup, |setup| {
            if !setup.subscriptions.contains(&source) {
                setup.subscriptions.push(source.clone());
            }
        });
        let answer = self.send(applications::Subscribe::new(&self.shared.app, [source.clone()])).await;
        if let Err(Error::Refused { .. }) = answer {
            self.forget(&source);
        }
        answer
    }

    /// Ends a subscription, and no longer renews it.
    pub async fn unsubscribe(&self, event_source: &str) -> Result<Application, Error> {
        self.forget(event_source);
        self.send(applications::Unsubscribe::new(&self.shared.app, [event_source.to_owned()])).await
    }

    fn forget(&self, event_source: &str) {
        with_setup(&self.shared.setup, |setup| setup.subscriptions.retain(|source| source != event_source));
    }

    /// Replaces the event filter, for this connection and those that follow.
    pub async fn filter_events(&self, filter: EventFilter) -> Result<Application, Error> {
        with_setup(&self.shared.setup, |setup| setup.event_filter = Some(filter.clone()));
        self.send(applications::Filter::new(&self.shared.app, filter)).await
    }

    /// The Stasis application that this client receives events of.
    pub fn app(&self) -> &str {
        &self.shared.app
    }

    /// Whether the link is up.
    pub fn is_connected(&self) -> bool {
        matches!(&*self.shared.state.borrow(), State::Up { .. })
    }

    /// Where the client stands.
    pub fn status(&self) -> Status {
        match &*self.shared.state.borrow() {
            State::Down { problem } => Status::Connecting { problem: problem.clone() },
            State::Up { .. } => Status::Connected,
            State::Replaced => Status::Replaced,
            State::Stopped => Status::Stopped,
        }
    }
}

//! What a client is told before it connects.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::{Serialize, Serializer};

use crate::Error;
use crate::model::EventType;

/// How a client connects, and its limits.
///
/// Every limit has a default; the fields say which.
#[derive(Clone)]
pub struct Config {
    pub(crate) url: String,
    pub(crate) app: String,
    pub(crate) credentials: Credentials,
    pub(crate) subscribe_all: bool,
    pub(crate) event_filter: Option<EventFilter>,
    pub(crate) subscriptions: Vec<String>,
    pub(crate) limits: Limits,
}

/// The limits of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a request may take (2 s). After that its outcome is unknown.
    pub request_deadline: Duration,
    /// How long connecting and applying filter and subscriptions may take (5 s).
    pub connect_deadline: Duration,
    /// How often a ping is sent (1.5 s).
    pub ping_interval: Duration,
    /// How long the link may be silent before it counts as broken (4 s).
    ///
    /// Asterisk answers pings only between two requests, so this must be longer than its slowest request.
    pub silence_max: Duration,
    /// Longest pause before the first reconnection (200 ms). It doubles with each failure.
    pub backoff_first: Duration,
    /// Longest pause before any reconnection (5 s).
    pub backoff_max: Duration,
    /// How many deliveries wait for the consumer (16,384). More is reported as a gap.
    pub deliveries_max: usize,
    /// How many requests wait to be written (1,024). Further ones wait in their callers until their deadline.
    pub unwritten_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_deadline: Duration::from_secs(2),
            connect_deadline: Duration::from_secs(5),
            ping_interval: Duration::from_millis(1500),
            silence_max: Duration::from_secs(4),
            backoff_first: Duration::from_millis(200),
            backoff_max: Duration::from_secs(5),
            deliveries_max: 16_384,
            unwritten_max: 1024,
        }
    }
}

/// The types that the client itself lives on, which Asterisk 22 filters like any other.
const ALWAYS_SENT: [&str; 2] = ["ApplicationReplaced", "RESTResponse"];

/// Which event types Asterisk sends. The two lists replace those of an earlier filter.
///
/// `ApplicationReplaced` and `RESTResponse`, on which the client itself lives, are sent whatever a filter says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventFilter {
    /// The only types that are sent; every type when empty.
    pub allowed: Vec<EventType>,
    /// The types that are held back.
    pub disallowed: Vec<EventType>,
}

impl EventFilter {
    /// Sends these types and no others.
    pub fn only<'a>(types: impl IntoIterator<Item = &'a str>) -> Self {
        Self { allowed: types.into_iter().map(EventType::from).collect(), disallowed: Vec::new() }
    }

    /// Sends every type but these.
    pub fn except<'a>(types: impl IntoIterator<Item = &'a str>) -> Self {
        Self { allowed: Vec::new(), disallowed: types.into_iter().map(EventType::from).collect() }
    }
}

impl Serialize for EventFilter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            allowed: Vec<Type<'a>>,
            disallowed: Vec<Type<'a>>,
        }
        #[derive(Serialize)]
        struct Type<'a> {
            #[serde(rename = "type")]
            name: &'a str,
        }

        let mut allowed: Vec<Type<'_>> =
            self.allowed.iter().map(|allowed| Type { name: &allowed.name }).collect();
        if !allowed.is_empty() {
            allowed.extend(ALWAYS_SENT.map(|name| Type { name }));
        }
        let disallowed = self.disallowed.iter().map(|disallowed| Type { name: &disallowed.name });
        let disallowed = disallowed.filter(|disallowed| !ALWAYS_SENT.contains(&disallowed.name)).collect();
        Wire { allowed, disallowed }.serialize(to)
    }
}

impl Config {
    /// A client for one Stasis application.
    ///
    /// `url` is where Asterisk's HTTP server listens, such as `http://127.0.0.1:8088`, with the prefix of
    /// `http.conf` if it has one; a final `/ari` may be there or not. The user is one of `ari.conf`. Nothing is checked before
    /// [`Client::connect`](crate::Client::connect).
    pub fn new(url: impl Into<String>, user: &str, password: &str, app: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            app: app.into(),
            credentials: Credentials::basic(user, password),
            subscribe_all: false,
            event_filter: None,
            subscriptions: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// Chooses the event types that Asterisk sends; without this, every type.
    ///
    /// On a busy system most events are `ChannelVarset` and `ChannelDialplan`.
    pub fn event_filter(mut self, filter: EventFilter) -> Self {
        self.event_filter = Some(filter);
        self
    }

    /// Subscribes to an event source after each connection: `endpoint:TECH/RESOURCE`, `deviceState:NAME`,
    /// `bridge:ID` or `channel:ID`. May be called several times.
    pub fn subscribe(mut self, event_source: impl Into<String>) -> Self {
        self.subscriptions.push(event_source.into());
        self
    }

    /// Receives every event of Asterisk, whoever it concerns. Rarely wanted on a busy system.
    pub fn subscribe_all(mut self) -> Self {
        self.subscribe_all = true;
        self
    }

    /// Changes the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The address of the ARI resources, checked.
    pub(crate) fn base_url(&self) -> Result<Url, Error> {
        let refuse = |why: String| Error::Config(format!("the URL `{}` {why}", self.url));
        let url = Url::parse(&self.url).map_err(|problem| refuse(format!("cannot be read: {problem}")))?;
        match url.scheme() {
            "http" => {}
            "https" if cfg!(feature = "tls") => {}
            "https" => {
                return Err(refuse("needs TLS: build the crate with the feature `tls`".to_owned()));
            }
            _ => return Err(refuse("must begin with `http://` or `https://`".to_owned())),
        }
        if !url.username().is_empty() || url.password().is_some() {
            let why = "must not hold credentials: give user and password to `Config::new`";
            return Err(Error::Config(format!("the URL for {} {why}", url.host_str().unwrap_or_default())));
        }
        if self.app.is_empty() || self.app.contains(',') {
            return Err(Error::Config(format!("`{}` is not the name of one application", self.app)));
        }
        let path = url.path().trim_end_matches('/');
        let path = format!("{}/ari/", path.strip_suffix("/ari").unwrap_or(path));
        url.join(&path).map_err(|problem| refuse(format!("cannot be joined with `{path}`: {problem}")))
    }
}

/// Shows where the client connects, never the credentials.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("app", &self.app)
            .field("credentials", &self.credentials)
            .field("subscribe_all", &self.subscribe_all)
            .field("event_filter", &self.event_filter)
            .field("subscriptions", &self.subscriptions)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The value of the `Authorization` header.
#[derive(Clone)]
pub(crate) struct Credentials(HeaderValue);

impl Credentials {
    fn basic(user: &str, password: &str) -> Self {
        let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
        // Base64 has no character that a header refuses.
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}"))
            .unwrap_or_else(|_| HeaderValue::from_static("Basic"));
        value.set_sensitive(true);
        Self(value)
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

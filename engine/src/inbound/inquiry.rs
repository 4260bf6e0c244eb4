//! What a flow may want to know of the world outside, and what comes back.
//!
//! The fourth and last place where data goes back and forth: the engine asks and goes on, the daemon looks, and the
//! answer is an input.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::flow::nodes::{CallerCheck, Method};
use crate::flow::run::Request;
use crate::model::incoming::CallerCallback;
use crate::model::{CallId, Phone};

/// How long the database may take to find something.
const STORE_TIME_MAX: Duration = Duration::from_secs(3);

/// Names a question until its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LookUpId {
    /// The call that it is asked for.
    pub call: CallId,
    /// Counts what is done for the call: an answer that comes when something else is being done is too late.
    pub turn: u32,
}

/// What a flow wants to know.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Inquiry {
    /// Whether a number is on the do-not-call list of the whole centre.
    Barred {
        /// The number.
        phone: Phone,
    },
    /// Whether a callback can be promised; it goes on record if so.
    Booking {
        /// What would be promised.
        callback: Box<CallerCallback>,
        /// How many may be promised within an hour.
        capacity: Option<u32>,
    },
    /// What is known of the caller.
    Caller {
        /// Their number.
        phone: Phone,
        /// What is looked at, in this order.
        checks: Vec<CallerCheck>,
        /// The list that `blocklist` and `vip` look at in place of their own.
        list: Option<String>,
        /// Within which time a second call counts as repeated.
        #[serde(with = "crate::model::time::millis")]
        repeat_window: Duration,
    },
    /// What a server says.
    Http(HttpRequest),
    /// Rows of a table.
    Rows {
        /// `contacts`, `list:...` or `table:...`.
        source: String,
        /// The column.
        by: String,
        /// Its value.
        key: String,
    },
}

impl Inquiry {
    /// After this long there is no answer. Tries and pauses between them are within it.
    pub fn time_max(&self) -> Duration {
        match self {
            Self::Barred { .. } | Self::Booking { .. } | Self::Caller { .. } | Self::Rows { .. } => {
                STORE_TIME_MAX
            }
            Self::Http(request) => request.timeout,
        }
    }
}

/// A request to a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// What is sent, when it is not null.
    pub body: Json,
    /// The name of the secret for the header `Authorization`.
    pub secret: Option<String>,
    /// How long an answer may take, all tries together.
    #[serde(with = "crate::model::time::millis")]
    pub timeout: Duration,
    /// How often it is tried again after a fault of the server.
    pub retries: u32,
}

impl From<&Request<'_>> for HttpRequest {
    fn from(request: &Request<'_>) -> Self {
        let headers = request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Self {
            method: request.method,
            url: request.url.clone(),
            headers: headers.collect(),
            body: request.body.clone(),
            secret: request.secret.map(str::to_owned),
            timeout: Duration::from_millis(request.timeout_ms.into()),
            retries: request.retries,
        }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Whether a number must not be called.
    Barred(bool),
    /// A callback was promised.
    Booked {
        /// What was promised.
        callback: Box<CallerCallback>,
        /// Whether it is known to be on record. Where the database did not answer, a caller is promised all the same.
        is_on_record: bool,
    },
    /// The first of the checks that applies.
    Caller(Option<CallerCheck>),
    /// It could not be found out.
    Failed,
    /// As many callbacks are promised as can be kept.
    Full,
    /// A server answered.
    Reply {
        /// The status of HTTP.
        status: u16,
        /// The body, null when it is no JSON.
        body: Json,
    },
    /// Rows.
    Rows(Vec<Json>),
    /// Nothing came in time.
    Timeout,
}

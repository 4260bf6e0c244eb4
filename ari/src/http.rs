//! Requests over HTTP: while the WebSocket is down, for files, and for what is too long for a message.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::time::Instant;

use crate::config::Credentials;
use crate::error::{Error, Interruption};
use crate::request::{Encoded, Method};
use crate::wire::Reply;

/// How long an idle connection is kept. Shorter than the `session_keep_alive` of `http.conf` (15 s), so that a
/// request does not meet a connection that Asterisk is closing.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// Longest reply in bytes: nine hours of 8 kHz audio.
const REPLY_MAX: usize = 512 * 1024 * 1024;

/// A pool of connections to one Asterisk.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    base: Url,
    credentials: Credentials,
}

impl Http {
    /// A pool for the resources below `base`.
    pub(crate) fn new(base: Url, credentials: Credentials) -> Result<Self, Error> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none()) // the credentials go to Asterisk and nowhere else
            .pool_idle_timeout(IDLE_MAX)
            .build()
            .map_err(|problem| Error::Config(format!("no HTTP client can be made: {problem}")))?;
        Ok(Self { client, base, credentials })
    }

    pub(crate) async fn exchange(&self, request: &Encoded, deadline: Instant) -> Result<Reply, Error> {
        let operation = request.operation;
        self.ask(request, deadline).await.map_err(|problem| {
            let interruption = if problem.is_timeout() { Interruption::Deadline } else { Interruption::Cut };
            match problem.is_connect() || problem.is_builder() {
                true => Error::Unreachable { operation, reason: root_cause(&problem) },
                false => Error::OutcomeUnknown { operation, interruption },
            }
        })?
    }

    async fn ask(
        &self,
        request: &Encoded,
        deadline: Instant,
    ) -> Result<Result<Reply, Error>, reqwest::Error> {
        let url = format!("{}{}", self.base, request.path_and_query().trim_start_matches('/'));
        let mut builder = self
            .client
            .request(method(request.operation.method), url)
            .timeout(deadline.saturating_duration_since(Instant::now()))
            .header(AUTHORIZATION, self.credentials.header());
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let mut response = builder.send().await?;
        let status = response.status();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > REPLY_MAX {
                let problem = format!("it is longer than {REPLY_MAX} bytes");
                return Ok(Err(Error::UnexpectedReply { operation: request.operation, problem }));
            }
            body.extend_from_slice(&chunk);
        }
        let reason = status.canonical_reason().unwrap_or_default().to_owned();
        Ok(Ok(Reply { status: status.as_u16(), reason, body: Bytes::from(body) }))
    }
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::DELETE => reqwest::Method::DELETE,
        Method::GET => reqwest::Method::GET,
        Method::POST => reqwest::Method::POST,
        Method::PUT => reqwest::Method::PUT,
    }
}

/// The innermost reason, such as "Connection refused"; the outer ones only say that a request failed.
fn root_cause(problem: &dyn std::error::Error) -> String {
    let mut cause = problem;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

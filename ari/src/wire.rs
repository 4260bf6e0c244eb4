//! How a request reaches Asterisk: over the event WebSocket if it is up, over HTTP otherwise.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Interruption};
use crate::event::RestResponse;
use crate::http::Http;
use crate::request::{Encoded, Method, Operation, Response};

/// Longest message that Asterisk reads from a WebSocket (`AST_WEBSOCKET_MAX_RX_PAYLOAD_SIZE`), in bytes.
const WEBSOCKET_MESSAGE_MAX: usize = 65_535;

/// An answer of Asterisk, from either transport.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) body: Bytes,
}

impl Reply {
    /// The decoded body if Asterisk agreed, its refusal otherwise.
    pub(crate) fn decoded<R: Response>(self, operation: &'static Operation) -> Result<R, Error> {
        #[derive(Deserialize)]
        struct Refusal {
            #[serde(alias = "error")]
            message: String,
        }

        if (200..300).contains(&self.status) {
            return R::decode(&self.body)
                .map_err(|problem| Error::UnexpectedReply { operation, problem: problem.to_string() });
        }
        let message =
            serde_json::from_slice(&self.body).map_or(self.reason, |refusal: Refusal| refusal.message);
        Err(Error::Refused { operation, status: self.status, message })
    }
}

/// A request on its way to the WebSocket.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) id: u64,
    pub(crate) json: String,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What became of an [`Outgoing`]. Dropping the sender means that the link broke in between.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Asterisk replied.
    Reply(Reply),
    /// The link broke before the request was written.
    NotSent,
}

/// The requests that were written to the WebSocket and have no reply yet.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    state: Mutex<PendingState>,
}

#[derive(Debug, Default)]
struct PendingState {
    last_id: u64,
    answers: HashMap<u64, oneshot::Sender<Answer>>,
}

impl Pending {
    /// The map is whole even after a panic elsewhere: no change to it has two steps.
    fn state(&self) -> MutexGuard<'_, PendingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_id(&self) -> u64 {
        let mut state = self.state();
        state.last_id += 1;
        state.last_id
    }

    /// Expects a reply.
    pub(crate) fn expect(&self, id: u64, answer: oneshot::Sender<Answer>) {
        self.state().answers.insert(id, answer);
    }

    /// Hands a reply to the request it belongs to. A late one, after the deadline, belongs to none.
    pub(crate) fn settle(&self, response: RestResponse) {
        let answer = response.request_id.parse().ok().and_then(|id: u64| self.state().answers.remove(&id));
        if let Some(answer) = answer {
            let body = response.message_body.unwrap_or_default().into();
            let reply = Reply { status: response.status_code, reason: response.reason_phrase, body };
            // The caller may have given up between the two lines.
            let _ = answer.send(Answer::Reply(reply));
        }
    }

    /// Ends every request without a reply, because the link broke.
    pub(crate) fn cut(&self) {
        self.state().answers.clear();
    }

    fn forget(&self, id: u64) {
        self.state().answers.remove(&id);
    }
}

/// Forgets a request whose caller no longer waits.
struct Forget<'a>(&'a Pending, u64);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.forget(self.1);
    }
}

/// A request as Asterisk reads it from the WebSocket.
#[derive(Serialize)]
struct RestRequest<'a> {
    #[serde(rename = "type")]
    type_name: &'static str,
    transaction_id: &'static str,
    request_id: String,
    method: &'static str,
    uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_body: Option<String>,
}

impl RestRequest<'_> {
    fn json(id: u64, request: &Encoded) -> Option<String> {
        let target = request.path_and_query();
        let message = RestRequest {
            type_name: "RESTRequest",
            transaction_id: "",
            request_id: id.to_string(),
            method: request.operation.method.as_str(),
            uri: target.trim_start_matches('/'),
            content_type: request.body.as_ref().map(|_| "application/json"),
            message_body: request.body.as_ref().map(ToString::to_string),
        };
        serde_json::to_string(&message).ok().filter(|json| json.len() <= WEBSOCKET_MESSAGE_MAX)
    }
}

/// Both ways to Asterisk.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    http: Http,
    pending: Arc<Pending>,
}

/// How a request over the WebSocket ended.
enum OverSocket {
    Reply(Reply),
    NotSent,
    Interrupted(Interruption),
}

impl Wire {
    pub(crate) fn new(http: Http, pending: Arc<Pending>) -> Self {
        Self { http, pending }
    }

    /// Sends a request and waits for the reply, over the WebSocket if one is given.
    pub(crate) async fn exchange(
        &self,
        socket: Option<&mpsc::Sender<Outgoing>>,
        request: &Encoded,
        deadline: Instant,
    ) -> Result<Reply, Error> {
        let operation = request.operation;
        if let Some(socket) = socket {
            match self.over_socket(socket, request, deadline).await {
                OverSocket::Reply(reply) => return Ok(reply),
                OverSocket::NotSent => {}
                // Reading changes nothing, so it can be asked again.
                OverSocket::Interrupted(Interruption::Cut) if operation.method == Method::GET => {}
                OverSocket::Interrupted(interruption) => {
                    return Err(Error::OutcomeUnknown { operation, interruption });
                }
            }
        }
        self.http.exchange(request, deadline).await
    }

    async fn over_socket(
        &self,
        socket: &mpsc::Sender<Outgoing>,
        request: &Encoded,
        deadline: Instant,
    ) -> OverSocket {
        let id = self.pending.next_id();
        let Some(json) = RestRequest::json(id, request) else {
            return OverSocket::NotSent;
        };
        let (answer, answered) = oneshot::channel();
        let queued = timeout_at(deadline, socket.send(Outgoing { id, json, answer })).await;
        if !matches!(queued, Ok(Ok(()))) {
            return OverSocket::NotSent;
        }
        let _forget = Forget(&self.pending, id);
        match timeout_at(deadline, answered).await {
            Ok(Ok(Answer::Reply(reply))) => OverSocket::Reply(reply),
            Ok(Ok(Answer::NotSent)) => OverSocket::NotSent,
            Ok(Err(_)) => OverSocket::Interrupted(Interruption::Cut),
            Err(_) => OverSocket::Interrupted(Interruption::Deadline),
        }
    }
}

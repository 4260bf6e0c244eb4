//! One conversation as sound: a WebSocket on which both voices arrive, each by itself, as long as the conversation lasts
//! and whoever listens may hear it.

use std::pin::pin;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use cadran_engine::command::Answer;
use cadran_engine::conversation::tapping::Tapper;
use cadran_engine::input::Request;
use cadran_engine::model::{CallId, Right, TapId};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use utoipa::{IntoParams, ToSchema};

use super::unexpected;
use crate::http::app::App;
use crate::http::auth::{Listens, SignedIn};
use crate::http::because::REASON_CHARS_MAX;
use crate::http::check::Check;
use crate::http::error::Error;
use crate::http::extract::{Path, Query};
use crate::http::{frame, scope};
use crate::live::Close;
use crate::store::{Owner, TokenHash};
use crate::tap::{Encoder, Encoding, FRAME, Listener, RATE};

/// How long a listener may take to read what was sent. Behind it two seconds of sound wait, no more.
const SEND_MAX: Duration = Duration::from_secs(2);

/// How long the first frame may take: Asterisk opens a tap in some 30 ms.
const FIRST_FRAME_MAX: Duration = Duration::from_secs(5);

/// How often it is looked whether whoever listens still may: half of the second within which it ends.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long a listener may not have answered a ping. Libraries and browsers answer by themselves while somebody reads, so
/// whoever stops reading is noticed long before the system's own buffers are full.
const UNREAD_MAX: Duration = Duration::from_secs(5);

/// How long the last message may take to be read.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// The longest message that a listener may send; none makes sense.
const MESSAGE_BYTES_MAX: usize = 1_024;

/// The conversation is over, or another agent has it.
const OVER: u16 = 1000;

/// The sign-in has ended, or the right is gone.
const NOT_SIGNED_IN: u16 = Close::NotSignedIn.code();
const FORBIDDEN: u16 = Close::Forbidden.code();

/// Asterisk did not open the tap, or lost it.
const FAILED: u16 = 1011;

/// How the sound arrives.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TapFormat)]
pub(in crate::http) enum Format {
    /// A message is an Opus packet of 20 ms, stereo.
    Opus,
    /// A message is 20 ms of samples, 16 bits each, little-endian, 16,000 a second, left and right in turn.
    #[default]
    Pcm,
}

/// How the sound arrives.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AudioQuery {
    /// `pcm` unless it is given.
    #[serde(default)]
    format: Format,
    /// Why, in one's own words: 500 characters at most. It is kept in the audit log and in the record of the act.
    #[serde(default)]
    #[param(max_length = 500)]
    reason: String,
}

/// Who listens, and to what.
struct Session {
    app: App,
    tap: TapId,
    token: TokenHash,
    owner: Option<Owner>,
    format: Format,
}

/// The engine is told when the listener has gone, however that came about.
impl Drop for Session {
    fn drop(&mut self) {
        tokio::spawn(self.close(false));
    }
}

/// Hears a conversation as it goes on: a WebSocket on which the customer (left) and the agent (right) arrive every
/// 20 ms. It is an act of supervision like listening, and `docs/supervision.md` describes the messages.
#[utoipa::path(get, path = "/api/calls/{call}/audio", tag = "supervision",
    params(("call" = CallId, Path), AudioQuery),
    responses((status = 101, description = "The protocol is WebSocket from here on")))]
pub(in crate::http) async fn open(
    session: SignedIn<Listens>,
    State(app): State<App>,
    Path(call): Path<CallId>,
    Query(query): Query<AudioQuery>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Error> {
    let upgrade = upgrade.map_err(|_| Error::NotWebSocket)?;
    // No browser asks before it opens a socket for a page of another site; it only says whose page it is.
    if !frame::is_same_site(&headers) {
        return Err(Error::CrossSite);
    }
    Check::default().text(&query.reason, REASON_CHARS_MAX, "/reason").done()?;
    let owner = scope::owner_of(&app, call).await?;
    let user = &session.user.value;
    let by = Tapper { user: user.id, agent: user.agent, name: user.login.clone() };
    let tap = match app.inbox.request(Request::OpenTap { by, call, reason: query.reason }).await? {
        Answer::Tapped(tap) => tap,
        other => return Err(unexpected(&other)),
    };
    let listening = Session { tap, token: session.token, owner, format: query.format, app };
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| serve(socket, listening, call)))
}

/// Carries one tap to its end.
async fn serve(socket: WebSocket, session: Session, call: CallId) {
    let _open = session.app.sockets.keep_open();
    let (mut sink, mut stream) = socket.split();
    let mut listener = session.app.taps.listener(session.tap);
    let code = tokio::select! {
        () = session.app.sockets.closing() => Some(Close::GoingAway.code()),
        code = hear(&session, call, &mut listener, &mut sink, &mut stream) => code,
    };
    // Before the listener goes: a tap that nobody listens to is one that failed.
    session.close(matches!(code, Some(NOT_SIGNED_IN | FORBIDDEN))).await;
    drop(listener);
    if let Some(code) = code {
        tracing::debug!(call.id = %call, code, "a listener is sent away");
        let goodbye = async {
            let close = CloseFrame { code, reason: "".into() };
            sink.send(Message::Close(Some(close))).await?;
            while stream.next().await.transpose()?.is_some() {}
            Ok::<_, axum::Error>(())
        };
        // Whoever does not read it has no use for it.
        let _ = timeout(GOODBYE_MAX, goodbye).await;
    }
}

/// Sends frames until something ends; gives the code of the close frame, none when nobody is left to read it.
async fn hear(
    session: &Session,
    call: CallId,
    listener: &mut Listener,
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
) -> Option<u16> {
    let encoding = match session.format {
        Format::Opus => Encoding::Opus,
        Format::Pcm => Encoding::Pcm,
    };
    let Ok(mut encoder) = Encoder::new(encoding) else { return Some(FAILED) };
    let hello = json!({
        "op": "audio", "call": call, "format": if encoding == Encoding::Opus { "opus" } else { "pcm" },
        "rate": RATE, "channels": ["customer", "agent"], "frame": FRAME,
    });
    let mut next = Some(Message::Text(hello.to_string().into()));
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut first_due = pin!(sleep(FIRST_FRAME_MAX));
    let (mut begun, mut answered) = (false, Instant::now());
    loop {
        if let Some(message) = next.take() {
            match timeout(SEND_MAX, sink.send(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_elapsed) => return Some(Close::Undrained.code()),
            }
        }
        tokio::select! {
            frame = listener.next() => match frame {
                Some(frame) => {
                    begun = true;
                    let Ok(bytes) = encoder.encode(&frame) else { return Some(FAILED) };
                    next = Some(Message::Binary(bytes.into()));
                }
                // The tap is over. Why, only who may listen is told.
                None => return Some(session.look().await.err().unwrap_or(if begun { OVER } else { FAILED })),
            },
            message = stream.next() => match message {
                Some(Ok(Message::Pong(_))) => answered = Instant::now(),
                Some(Ok(Message::Ping(_))) => {}
                Some(Ok(Message::Text(_) | Message::Binary(_))) => return Some(Close::NotUnderstood.code()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            },
            _ = looks.tick() => {
                if let Err(code) = session.look().await {
                    return Some(code);
                }
                if answered.elapsed() > UNREAD_MAX {
                    return Some(Close::Undrained.code());
                }
                next = Some(Message::Ping(Default::default()));
            }
            () = &mut first_due, if !begun => return Some(FAILED),
        }
    }
}

impl Session {
    /// Has the engine end the tap. That it is over already is fine.
    fn close(&self, withdrawn: bool) -> impl Future<Output = ()> + Send + use<> {
        let (inbox, taps, tap) = (self.app.inbox.clone(), self.app.taps.clone(), self.tap);
        async move {
            // A daemon that stops leaves its taps to the next one.
            let _ = inbox.request(Request::CloseTap { tap, withdrawn }).await;
            taps.forget(tap);
        }
    }

    /// Whether whoever listens still may. While the database is away what was true stays true: the engine itself is told
    /// of what this daemon withdraws.
    async fn look(&self) -> Result<(), u16> {
        match self.app.store.signed_in(self.token, self.app.now()).await {
            Ok(Some(sign_in)) => {
                let within = sign_in.scope.is_everything()
                    || self.owner.is_some_and(|owner| owner.is_within(&sign_in.scope));
                let may = sign_in.rights.has(Right::Listen) && !sign_in.user.value.must_change_password;
                if may && within { Ok(()) } else { Err(FORBIDDEN) }
            }
            Ok(None) => Err(NOT_SIGNED_IN),
            Err(error) => {
                tracing::warn!(%error, "whether a listener may go on could not be looked up");
                Ok(())
            }
        }
    }
}

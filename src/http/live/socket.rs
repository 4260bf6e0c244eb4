//! One WebSocket: carries messages between a [`Viewer`] and a screen, and decides nothing but when to look again
//! whether the user may go on.

use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use cadran_engine::model::{Timestamp, UserId};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{sleep, timeout};

use crate::http::app::App;
use crate::http::auth;
use crate::live::{Close, Edition, Frame, Rights, UNDRAINED_MAX, Viewer, hello};
use crate::store::TokenHash;

/// How long a socket may take to say who it is.
const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// How often it is looked whether a sign-in still holds, beside every change that this daemon makes itself: another
/// one may share the database.
const LOOK_AGAIN: Duration = Duration::from_secs(10 * 60);

/// How soon it is looked again when the database did not answer.
const LOOK_AGAIN_SOON: Duration = Duration::from_secs(5);

/// How long the last message may take to be read.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// Why a socket ends: with a word, or without because the other side is gone.
enum End {
    Said(Close),
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Said(close)
    }
}

/// What stands behind a ticket.
struct Guest {
    sign_in: TokenHash,
    user: UserId,
    rights: Rights,
    lane_seq: Option<u64>,
    look_again_at: Timestamp,
}

/// Carries one socket to its end. `presented` is the sign-in that the request itself carried, if any.
pub(super) async fn serve(socket: WebSocket, app: App, presented: Option<TokenHash>) {
    let _open = app.sockets.keep_open();
    let session = app.sockets.next_session();
    let (mut sink, mut stream) = socket.split();
    let end = tokio::select! {
        () = app.sockets.closing() => Close::GoingAway.into(),
        end = follow(&app, session, &mut sink, &mut stream, presented) => end,
    };
    if let End::Said(close) = end {
        tracing::debug!(session, code = close.code(), "a viewer is sent away");
        let bye = say_goodbye(&mut sink, &mut stream, close, session);
        // Whoever does not read it has no use for it.
        let _ = timeout(GOODBYE_WITHIN, bye).await;
    }
}

/// Says the last word and waits for the other side to close: a connection that is dropped with something unread is
/// reset by the system, and what was sent last is lost with it (RFC 1122 §4.2.2.13).
async fn say_goodbye(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    close: Close,
    session: u64,
) -> Result<(), axum::Error> {
    sink.send(Message::Text(close.bye(session).into())).await?;
    sink.send(Message::Close(Some(CloseFrame { code: close.code(), reason: "".into() }))).await?;
    while stream.next().await.transpose()?.is_some() {}
    Ok(())
}

async fn follow(
    app: &App,
    session: u64,
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    presented: Option<TokenHash>,
) -> End {
    let mut changes = app.sockets.changes_of_rights();
    let guest = match greet(app, stream, presented).await {
        Ok(guest) => guest,
        Err(end) => return end,
    };
    let _seat = match app.sockets.seat(guest.user) {
        Ok(seat) => seat,
        Err(close) => return close.into(),
    };
    let rights = guest.rights.clone();
    let viewer = Viewer::new(session, rights, guest.lane_seq, app.hub.now(), &app.hub.facts());
    tracing::debug!(session, user.id = %guest.user, "a viewer is welcome");
    let mut line = Line { app, viewer, guest, editions: app.hub.editions() };
    loop {
        if let Err(end) = line.step(sink, stream, &mut changes).await {
            return end;
        }
    }
}

/// Waits for the ticket and looks who stands behind it.
async fn greet(
    app: &App,
    stream: &mut SplitStream<WebSocket>,
    presented: Option<TokenHash>,
) -> Result<Guest, End> {
    let _place = app.sockets.place_to_greet()?;
    let first = timeout(HELLO_WITHIN, stream.next()).await.map_err(|_| Close::NotSignedIn)?;
    let Some(Ok(first)) = first else { return Err(End::Gone) };
    let Message::Text(text) = first else { return Err(Close::NotUnderstood.into()) };
    let hello = hello(&text).ok_or(Close::NotUnderstood)?;
    let sign_in = app.sockets.tickets().redeem(auth::hash(&hello.ticket), app.now());
    let sign_in = sign_in.ok_or(Close::NotSignedIn)?;
    // A browser that is signed in as somebody else is not the one that asked for the ticket.
    if presented.is_some_and(|presented| presented != sign_in) {
        return Err(Close::NotSignedIn.into());
    }
    let standing = look(app, sign_in).await.map_err(|Unknown| Close::GoingAway)??;
    let Standing { user, rights, look_again_at } = standing;
    Ok(Guest { sign_in, user, rights, lane_seq: hello.lane_seq, look_again_at })
}

/// The database did not say.
struct Unknown;

/// What a sign-in is good for.
struct Standing {
    user: UserId,
    rights: Rights,
    look_again_at: Timestamp,
}

/// Looks what a sign-in is good for at this moment.
async fn look(app: &App, sign_in: TokenHash) -> Result<Result<Standing, Close>, Unknown> {
    let now = app.now();
    let Some(sign_in) = app.store.signed_in(sign_in, now).await.map_err(|error| {
        tracing::warn!(%error, "whether a viewer may go on could not be looked up");
        Unknown
    })?
    else {
        return Ok(Err(Close::NotSignedIn));
    };
    let user = sign_in.user.value;
    let rights = Rights::new(sign_in.rights, user.agent, sign_in.scope);
    if user.must_change_password {
        return Ok(Err(Close::Forbidden));
    }
    let look_again_at = sign_in.expires_at.min(now + LOOK_AGAIN);
    Ok(Ok(Standing { user: user.id, rights, look_again_at }))
}

/// A viewer on its socket.
struct Line<'a> {
    app: &'a App,
    viewer: Viewer,
    guest: Guest,
    editions: watch::Receiver<Edition>,
}

impl Line<'_> {
    /// Sends what there is to be told, then waits for whatever comes first.
    async fn step(
        &mut self,
        sink: &mut SplitSink<WebSocket, Message>,
        stream: &mut SplitStream<WebSocket>,
        changes: &mut broadcast::Receiver<UserId>,
    ) -> Result<(), End> {
        let (frames, due_in) = self.serve();
        if !frames.is_empty() {
            let mut put = pin!(timeout(UNDRAINED_MAX, put(sink, frames)));
            loop {
                tokio::select! {
                    done = &mut put => break done.map_err(|_| Close::Undrained)??,
                    change = changes.recv() => self.rights_changed(change).await?,
                }
            }
        }
        let look_again_in = self.guest.look_again_at.since(self.app.now());
        tokio::select! {
            message = stream.next() => self.heard(message)?,
            change = changes.recv() => self.rights_changed(change).await?,
            () = sleep(look_again_in) => self.look_again().await?,
            () = sleep(due_in) => {}
            // The hub lives as long as the app.
            _ = self.editions.changed() => {}
        }
        Ok(())
    }

    /// What is to be sent, and when to look again at the latest.
    fn serve(&mut self) -> (Vec<Frame>, Duration) {
        self.editions.mark_unchanged();
        let (now, tables) = (self.app.hub.now(), self.app.hub.tables());
        let frames = self.viewer.serve(now, &tables, &self.app.hub.facts());
        (frames, self.viewer.due_at(now, &tables).since(now))
    }

    fn heard(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(text))) => {
                let tables = self.app.hub.tables();
                Ok(self.viewer.said(&text, self.app.hub.now(), &tables)?)
            }
            Some(Ok(Message::Pong(_))) => {
                self.viewer.drained();
                Ok(())
            }
            // Answered by the library.
            Some(Ok(Message::Ping(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => Err(Close::NotUnderstood.into()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
        }
    }

    async fn rights_changed(&mut self, change: Result<UserId, RecvError>) -> Result<(), End> {
        match change {
            Ok(user) if user != self.guest.user => Ok(()),
            Ok(_) | Err(RecvError::Lagged(_) | RecvError::Closed) => self.look_again().await,
        }
    }

    async fn look_again(&mut self) -> Result<(), End> {
        match look(self.app, self.guest.sign_in).await {
            Ok(standing) => {
                let standing = standing?;
                self.guest.look_again_at = standing.look_again_at;
                self.viewer.authorise(standing.rights, &self.app.hub.tables())?;
            }
            Err(Unknown) => self.guest.look_again_at = self.app.now() + LOOK_AGAIN_SOON,
        }
        Ok(())
    }
}

/// Puts frames on the socket, and returns when the network has taken them.
async fn put(sink: &mut SplitSink<WebSocket, Message>, frames: Vec<Frame>) -> Result<(), End> {
    for frame in frames {
        let message = match frame {
            Frame::Text(text) => Message::Text(text.into()),
            Frame::Ping => Message::Ping(Default::default()),
            Frame::Close(close) => return Err(close.into()),
        };
        sink.feed(message).await.map_err(|_| End::Gone)?;
    }
    sink.flush().await.map_err(|_| End::Gone)
}

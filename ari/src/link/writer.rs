//! The writer: sends requests in order, as many at once as there are, and pings in between.

use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::{self, Bytes, Message};

use super::socket::Socket;
use crate::config::Limits;
use crate::wire::{Outgoing, Pending};

/// Writes until the socket breaks, and says why.
pub(super) async fn write(
    mut sink: SplitSink<Socket, Message>,
    unwritten: &mut mpsc::Receiver<Outgoing>,
    pending: &Pending,
    limits: &Limits,
) -> String {
    let mut ping = interval(limits.ping_interval);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let written = tokio::select! {
            Some(request) = unwritten.recv() => {
                timeout(limits.silence_max, write_all(&mut sink, request, unwritten, pending)).await
            }
            _ = ping.tick() => timeout(limits.silence_max, sink.send(Message::Ping(Bytes::new()))).await,
        };
        match written {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => return problem.to_string(),
            Err(_) => return format!("Asterisk read nothing for {:?}", limits.silence_max),
        }
    }
}

/// Writes a request and those that wait behind it, then flushes once.
async fn write_all(
    sink: &mut SplitSink<Socket, Message>,
    first: Outgoing,
    unwritten: &mut mpsc::Receiver<Outgoing>,
    pending: &Pending,
) -> Result<(), tungstenite::Error> {
    let mut next = Some(first);
    while let Some(request) = next {
        // A caller whose deadline has passed no longer wants it.
        if !request.answer.is_closed() {
            pending.expect(request.id, request.answer);
            sink.feed(Message::text(request.json)).await?;
        }
        next = unwritten.try_recv().ok();
    }
    sink.flush().await
}

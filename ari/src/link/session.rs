//! One connection, from dialling to its end.
//!
//! Three futures share the link's task: the reader only queues, the writer sends requests and pings, and the
//! set-up runs once at the beginning. They are separate so that a writer who waits for Asterisk never stops the
//! reader: Asterisk may itself be waiting for us to read.

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::reader::Reader;
use super::setup::SettingUp;
use super::writer::write;
use super::{Ended, Link, State, with_setup};
use crate::delivery::Gap;
use crate::wire::Answer;

/// What ended the traffic on a socket.
pub(super) enum Stop {
    /// The socket broke or fell silent.
    Broken(Gap),
    /// The setup was refused.
    Refused(String),
    /// Another client took over.
    Replaced,
}

impl Link {
    /// Connects, and stays until the link ends.
    pub(super) async fn session(&mut self) -> Ended {
        let socket = match timeout(self.limits.connect_deadline, self.dialler.open()).await {
            Ok(Ok(socket)) => socket,
            Ok(Err(problem)) => return Ended::Failed(problem),
            Err(_) => return Ended::Failed(format!("no answer within {:?}", self.limits.connect_deadline)),
        };
        let (sink, frames) = socket.split();
        let (requests, mut unwritten) = mpsc::channel(self.limits.unwritten_max.max(1));
        let setting_up = SettingUp {
            app: self.app.clone(),
            deadline: self.limits.request_deadline,
            setup: with_setup(&self.setup, |setup| setup.clone()),
            wire: self.wire.clone(),
            requests,
            reconnected: self.was_connected,
        };
        let again = std::sync::Arc::clone(&self.again);
        self.outlet.hold();
        let mut reader = Reader {
            frames,
            outlet: &mut self.outlet,
            pending: &self.pending,
            state: &self.state,
            silence_max: self.limits.silence_max,
            up: false,
        };
        let stop = tokio::select! {
            stop = reader.run(setting_up) => stop,
            () = again.notified() => Stop::Broken(Gap::Cut("the client asked for a new connection".to_owned())),
            problem = write(sink, &mut unwritten, &self.pending, &self.limits) => Stop::Broken(Gap::Cut(problem)),
        };
        let was_up = reader.up;
        self.was_connected |= was_up;

        self.state.send_replace(State::Down { problem: None });
        unwritten.close();
        while let Ok(request) = unwritten.try_recv() {
            let _ = request.answer.send(Answer::NotSent);
        }
        self.pending.cut();
        match stop {
            Stop::Broken(gap) if was_up => Ended::Lost(gap),
            Stop::Broken(gap) => Ended::Failed(gap.to_string()),
            Stop::Refused(problem) => Ended::Failed(problem),
            Stop::Replaced => Ended::Replaced,
        }
    }
}

//! One conversation with Asterisk: a command, its reply, the next command.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::activity::Activity;
use crate::inbound::{Inbound, TooLong};
use crate::reply::is_open;
use crate::{Command, Error, Limits, Reply, ReplyProblem, Result};

/// A line that is no command: Asterisk sets `AGISTATUS` to `FAILURE` and ends the script.
pub(crate) const FAILURE: &[u8] = b"failure\n";

const HANGUP: &str = "HANGUP";
const NO_REASON: &str = "Asterisk gives no reason";
const USAGE_BEGINS: &str = "520-";
const USAGE_ENDS: &str = "520 ";

/// A connection from Asterisk after its request. Dropping it ends the script, and the dialplan goes on.
///
/// Commands run one at a time. If the future of a command is dropped before its reply, later commands fail with
/// [`Error::OutOfStep`] (or [`Error::Hangup`]), because nobody could tell which reply belongs to which command.
///
/// A command that plays, records or waits and that fails with `result=-1` is followed by a `CHANNEL STATUS`, since
/// only that tells a hang-up ([`Error::Hangup`]) from a missing file ([`Error::Failed`]).
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    inbound: Inbound,
    limits: Limits,
    activity: Arc<Activity>,
    hung_up: bool,
    /// A command was written and its reply not read.
    awaits_reply: bool,
    /// `EXEC` of an application that returned 1: Asterisk sends its `200` and then a usage text, because it takes
    /// the application's result for its own (`handle_exec` returns `RESULT_SHOWUSAGE`).
    usage_follows: bool,
}

impl Connection {
    pub(crate) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        inbound: Inbound,
        limits: Limits,
        activity: Arc<Activity>,
    ) -> Self {
        Connection {
            stream,
            peer,
            inbound,
            limits,
            activity,
            hung_up: false,
            awaits_reply: false,
            usage_follows: false,
        }
    }

    /// The address of Asterisk.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether Asterisk has said that the channel hung up. Looks at what has arrived; does not wait.
    pub fn hung_up(&mut self) -> bool {
        if !self.hung_up && !self.awaits_reply {
            // A broken socket says nothing about the channel; the next command will report it.
            let _ = self.inbound.try_fill(&self.stream);
            self.take_hangup();
        }
        self.hung_up
    }

    /// Waits until the channel hangs up or Asterisk closes the connection. Can be dropped at any time.
    pub async fn wait_for_hangup(&mut self) -> Result<()> {
        const WAIT: &str = "waiting for the hang-up";
        let _busy = self.activity.busy();
        loop {
            self.take_hangup();
            if self.hung_up {
                return Ok(());
            }
            self.check_nothing_unasked(WAIT)?;
            if !self.inbound.fill(&mut self.stream).await? {
                return Ok(());
            }
        }
    }

    /// Ends the script as failed, so that the dialplan reads `FAILURE` in `AGISTATUS`.
    ///
    /// Just dropping the connection leaves `SUCCESS` there, unless a command has failed. The word is the one with
    /// which Asterisk's own child process reports that it could not start the script (`run_agi` in `res_agi.c`).
    pub async fn fail(mut self) -> Result<()> {
        Ok(self.stream.write_all(FAILURE).await?)
    }

    /// Sends any command and waits for its final reply, which has the code 200; other codes are errors.
    pub async fn send(&mut self, command: Command) -> Result<Reply> {
        let name = command.name();
        let time_max =
            if command.may_wait() { self.limits.waiting_reply_time_max } else { self.limits.reply_time_max };
        let line = command.line()?;
        if self.awaits_reply {
            return Err(if self.hung_up { Error::Hangup } else { Error::OutOfStep { command: name } });
        }
        self.take_hangup();
        self.check_nothing_unasked(name)?;

        let _busy = self.activity.busy();
        self.awaits_reply = true;
        let reply = match timeout(time_max, self.round_trip(name, line)).await {
            Ok(reply) => reply?,
            Err(_) => {
                return Err(Error::ReplyTooLate { command: name, waited: time_max });
            }
        };
        self.awaits_reply = false;
        self.take_hangup();
        self.judge(name, reply)
    }

    /// Sends a command whose result `-1` means failure.
    pub(crate) async fn run(&mut self, command: Command) -> Result<Reply> {
        let (name, ambiguous) = (command.name(), command.may_wait());
        let reply = self.send(command).await?;
        if reply.result() != "-1" {
            return Ok(reply);
        }
        if ambiguous && !self.hung_up {
            self.send(Command::new("CHANNEL STATUS")).await?;
        }
        if self.hung_up {
            return Err(Error::Hangup);
        }
        // A position says where it failed, not why.
        let reason = match reply.text().unwrap_or_else(|| reply.after_result()) {
            "" => NO_REASON,
            position if position.starts_with("endpos=") => NO_REASON,
            reason => reason,
        };
        Err(Error::Failed { command: name, reason: reason.to_owned() })
    }

    pub(crate) fn expect_usage(&mut self) {
        self.usage_follows = true;
    }

    async fn round_trip(&mut self, command: &'static str, line: String) -> Result<Reply> {
        if let Err(error) = self.stream.write_all(line.as_bytes()).await {
            return Err(self.lost(error));
        }
        loop {
            let text = self.read_reply(command).await?;
            let reply = Reply::parse(text).map_err(|problem| Error::MalformedReply { command, problem })?;
            let stray_usage = reply.code() == 520 && std::mem::take(&mut self.usage_follows);
            if reply.code() != 100 && !stray_usage {
                self.usage_follows = false;
                return Ok(reply);
            }
        }
    }

    /// All lines of one reply.
    async fn read_reply(&mut self, command: &'static str) -> Result<String> {
        let mut text = self.read_line(command).await?;
        while text == HANGUP {
            self.hung_up = true;
            text = self.read_line(command).await?;
        }
        let usage = text.starts_with(USAGE_BEGINS);
        let mut complete = if usage { false } else { !is_open(&text) };
        while !complete {
            let line = self.read_line(command).await?;
            text.push('\n');
            text.push_str(&line);
            let max = self.limits.reply_bytes_max;
            if text.len() > max {
                return Err(Error::MalformedReply { command, problem: ReplyProblem::TooLong { max } });
            }
            complete = if usage { line.starts_with(USAGE_ENDS) } else { line.ends_with(')') };
        }
        Ok(text)
    }

    async fn read_line(&mut self, command: &'static str) -> Result<String> {
        loop {
            let max = self.limits.line_bytes_max;
            match self.inbound.line(max) {
                Ok(Some(line)) => return Ok(line),
                Ok(None) => {}
                Err(TooLong) => {
                    return Err(Error::MalformedReply {
                        command,
                        problem: ReplyProblem::LineTooLong { max },
                    });
                }
            }
            match self.inbound.fill(&mut self.stream).await {
                Ok(true) => {}
                Ok(false) => return Err(self.closed()),
                Err(error) => return Err(self.lost(error)),
            }
        }
    }

    /// Takes announcements of a hang-up from the front of what has arrived.
    fn take_hangup(&mut self) {
        const LINES: [&[u8]; 2] = [b"HANGUP\n", b"HANGUP\r\n"];
        while let Some(line) = LINES.into_iter().find(|line| self.inbound.unread().starts_with(line)) {
            self.hung_up = true;
            self.inbound.consume(line.len());
        }
    }

    /// Between two commands nothing but a hang-up may arrive; else the next reply would be taken for another's.
    fn check_nothing_unasked(&self, command: &'static str) -> Result<()> {
        let unread = self.inbound.unread();
        if self.usage_follows || HANGUP.as_bytes().starts_with(unread) {
            return Ok(());
        }
        Err(Error::MalformedReply { command, problem: ReplyProblem::Unasked })
    }

    fn judge(&self, command: &'static str, reply: Reply) -> Result<Reply> {
        match reply.code() {
            200 => Ok(reply),
            510 => Err(Error::UnknownCommand { command }),
            511 if self.hung_up => Err(Error::Hangup),
            511 => Err(Error::DeadChannel { command }),
            520 => Err(Error::Usage { command, usage: reply.usage().to_owned() }),
            code => Err(Error::Refused { command, code }),
        }
    }

    fn closed(&self) -> Error {
        if self.hung_up { Error::Hangup } else { Error::Disconnected }
    }

    /// A socket that Asterisk closed may still hold its last word.
    fn lost(&mut self, error: io::Error) -> Error {
        let _ = self.inbound.try_fill(&self.stream);
        self.take_hangup();
        match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                self.closed()
            }
            _ => Error::Io(error),
        }
    }
}

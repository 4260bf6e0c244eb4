//! The reader: hears everything, queues it, and notices silence.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use tokio::sync::watch;
use tokio::task::coop;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::State;
use super::session::Stop;
use super::setup::SettingUp;
use super::socket::Socket;
use crate::delivery::{Delivery, Gap, Item, Outlet};
use crate::event::{self, Event, RestResponse};
use crate::wire::Pending;

pub(super) struct Reader<'a> {
    pub(super) frames: SplitStream<Socket>,
    pub(super) outlet: &'a mut Outlet,
    pub(super) pending: &'a Pending,
    pub(super) state: &'a watch::Sender<State>,
    pub(super) silence_max: Duration,
    /// Whether the link is set up.
    pub(super) up: bool,
}

impl Reader<'_> {
    /// Reads until the link ends; opens it to the consumer when the set-up is done.
    pub(super) async fn run(&mut self, setting_up: SettingUp) -> Stop {
        let mut setting_up = pin!(setting_up.run());
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                frame = timeout_at(heard + self.silence_max, self.frames.next()) => {
                    heard = Instant::now();
                    let taken = match frame {
                        Ok(frame) => self.take(frame),
                        Err(_) => Err(Stop::Broken(Gap::Silence(self.silence_max))),
                    };
                    if let Err(stop) = taken {
                        return stop;
                    }
                    // A burst must not keep the consumer from its turn on the same thread.
                    coop::consume_budget().await;
                }
                ready = &mut setting_up, if !self.up => match ready {
                    Ok((connection, socket)) => {
                        self.up = true;
                        self.state.send_replace(State::Up { socket });
                        self.outlet.connected(connection);
                    }
                    Err(problem) => return Stop::Refused(problem),
                },
                _ = self.outlet.catch_up(), if self.outlet.is_behind() => {}
            }
        }
    }

    fn take(&mut self, frame: Option<Result<Message, tungstenite::Error>>) -> Result<(), Stop> {
        let cut = |why: String| Err(Stop::Broken(Gap::Cut(why)));
        match frame {
            Some(Ok(Message::Text(json))) => self.message(json),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(frame))) => cut(describe(frame)),
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => {
                self.malformed("a binary message");
                Ok(())
            }
            Some(Err(problem)) => cut(problem.to_string()),
            None => cut("the connection was closed".to_owned()),
        }
    }

    fn message(&mut self, json: Utf8Bytes) -> Result<(), Stop> {
        let type_name = match event::type_of(&json) {
            Ok(type_name) => type_name,
            Err(problem) => {
                self.malformed(&problem.to_string());
                return Ok(());
            }
        };
        match type_name.as_ref() {
            "RESTResponse" => match serde_json::from_str::<RestResponse>(&json) {
                Ok(response) => self.pending.settle(response),
                Err(problem) => self.malformed(&problem.to_string()),
            },
            "ApplicationReplaced" => return Err(Stop::Replaced),
            name => {
                let known = Event::known_type(name);
                self.outlet.offer(Item::Event(known, json.clone()));
            }
        }
        Ok(())
    }

    fn malformed(&mut self, problem: &str) {
        self.outlet.offer(Item::Ready(Delivery::Gap(Gap::Malformed(problem.to_owned()))));
    }
}

fn describe(frame: Option<CloseFrame>) -> String {
    match frame {
        Some(frame) => format!("Asterisk closed the connection: {} {}", frame.code, frame.reason),
        None => "Asterisk closed the connection".to_owned(),
    }
}

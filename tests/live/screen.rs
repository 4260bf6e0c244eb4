//! A screen on the live stream: a copy of the tables that it follows.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::api::{Api, text};

/// A copy of tables, by topic and key.
pub(crate) struct Screen {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    topics: Vec<&'static str>,
    rows: BTreeMap<(usize, String), Map<String, Value>>,
}

impl Screen {
    /// Follows these topics.
    pub(crate) async fn open(api: &Api, listen: &str, topics: &[&'static str]) -> Self {
        let ticket = text(&api.ask("/api/live/tickets").await, "ticket");
        let (mut socket, _) = connect_async(format!("ws://{listen}/api/live")).await.unwrap();
        let mut messages = vec![json!({ "op": "hello", "ticket": ticket, "proto": 1 })];
        let subscriptions = topics.iter().enumerate();
        messages.extend(subscriptions.map(|(id, topic)| json!({ "op": "sub", "id": id, "topic": topic })));
        for message in messages {
            socket.send(Message::text(message.to_string())).await.unwrap();
        }
        Self { socket, topics: topics.to_vec(), rows: BTreeMap::new() }
    }

    /// Waits until a row is as wanted, and gives it.
    pub(crate) async fn until(
        &mut self,
        topic: &str,
        key: &str,
        deadline: Duration,
        wanted: impl Fn(&Map<String, Value>) -> bool,
    ) -> Value {
        let topic = self.topics.iter().position(|followed| *followed == topic).unwrap();
        let place = (topic, key.to_owned());
        let waiting = async {
            loop {
                if let Some(row) = self.rows.get(&place).filter(|row| wanted(row)) {
                    return Value::Object(row.clone());
                }
                self.hear().await;
            }
        };
        match tokio::time::timeout(deadline, waiting).await {
            Ok(row) => row,
            Err(_) => panic!("not within {deadline:?}; {key} is {:?}", self.rows.get(&place)),
        }
    }

    async fn hear(&mut self) {
        let message = self.socket.next().await.expect("the stream goes on").unwrap();
        let Message::Text(message) = message else { return };
        let message: Value = serde_json::from_str(&message).unwrap();
        let topic = || usize::try_from(message["id"].as_u64().unwrap()).unwrap();
        match message["op"].as_str().unwrap() {
            "snap" => message["rows"].as_array().unwrap().iter().for_each(|row| self.put(topic(), row)),
            "d" => {
                message["up"].as_array().unwrap().iter().for_each(|row| self.put(topic(), row));
                for key in message["del"].as_array().unwrap() {
                    self.rows.remove(&(topic(), key.as_str().unwrap().to_owned()));
                }
            }
            "bye" => panic!("sent away: {message}"),
            _ => {}
        }
    }

    fn put(&mut self, topic: usize, row: &Value) {
        let known = self.rows.entry((topic, row[0].as_str().unwrap().to_owned())).or_default();
        known.extend(row[2].as_object().unwrap().clone());
    }
}

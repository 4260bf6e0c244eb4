//! A server that speaks, by the address `/audio/speech` that OpenAI introduced and others offer too.

use async_trait::async_trait;
use futures_util::StreamExt as _;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{DEADLINE, Error, Speaker, Utterance};
use crate::sound::FILE_BYTES_MAX;

/// A server that speaks.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The address without `/audio/speech`, such as `https://api.example.com/v1`.
    pub url: String,
    /// The model, such as `tts-1`.
    pub model: String,
    /// The voice where a flow names none.
    pub voice: String,
    /// What opens the server, if anything.
    pub key: Option<SecretString>,
    client: reqwest::Client,
}

impl Remote {
    /// A server at an address. It is asked nothing yet.
    pub fn new(url: &str, model: &str, voice: &str, key: Option<SecretString>) -> Result<Self, Error> {
        let client =
            reqwest::Client::builder().timeout(DEADLINE).build().map_err(|error| unreachable(&error))?;
        let (url, model, voice) = (url.trim_end_matches('/').to_owned(), model.to_owned(), voice.to_owned());
        Ok(Self { url, model, voice, key, client })
    }
}

/// In words that hold no address, which may hold a secret.
fn unreachable(error: &reqwest::Error) -> Error {
    let why = match (error.is_timeout(), error.is_connect(), error.status()) {
        (true, _, _) => format!("no answer within {} s", DEADLINE.as_secs()),
        (_, true, _) => "no connection; see `speech.url`".to_owned(),
        (_, _, Some(status)) => format!("it answers {status}"),
        (_, _, None) => "the connection broke".to_owned(),
    };
    Error::Speaker(format!("the server that speaks cannot be used: {why}"))
}

#[async_trait]
impl Speaker for Remote {
    fn name(&self) -> String {
        format!("remote {} {} {}", self.url, self.model, self.voice)
    }

    async fn speak(&self, utterance: &Utterance) -> Result<Vec<u8>, Error> {
        let voice = utterance.voice.as_deref().unwrap_or(&self.voice);
        let body = json!({
            "model": self.model, "voice": voice, "input": utterance.text, "response_format": "wav",
        });
        let mut request = self.client.post(format!("{}/audio/speech", self.url)).json(&body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(|error| unreachable(&error))?;
        let mut pieces = answer.bytes_stream();
        let mut file = Vec::new();
        while let Some(piece) = pieces.next().await {
            file.extend_from_slice(&piece.map_err(|error| unreachable(&error))?);
            if file.len() > FILE_BYTES_MAX {
                return Err(Error::Speaker("the server that speaks sends more than a prompt".to_owned()));
            }
        }
        Ok(file)
    }
}

//! E-mail: tells people of messages in their mailboxes, with the sound.
//!
//! A message waits in the store until it is sent, so that neither a restart nor a server that is away loses it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use cadran_engine::model::{Mailbox, Timestamp};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::store::{Message, Store};
use crate::words::{Language, fill};

/// Between two looks for messages to send.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a server may take for one message.
const SEND_DEADLINE: Duration = Duration::from_secs(30);
/// The wait before a message is tried again, doubled with each try, up to an hour.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// How often a message is tried: for about a day.
const TRIES_MAX: u32 = 30;

/// Where mail goes.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name.
    pub host: String,
    /// Its port: 465 for TLS from the start, 587 for STARTTLS, 25 in one's own network.
    pub port: u16,
    /// How the way to it is secured.
    pub security: Security,
    /// Who we are there, if it wants to know.
    pub credentials: Option<(String, SecretString)>,
    /// The address that mail comes from.
    pub from: String,
    /// The language of the words around the sound.
    pub language: Language,
}

/// How the way to a server of mail is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// Not at all: for a server on the same machine.
    None,
    /// TLS after a word in the clear; refused when the server does not offer it.
    #[default]
    StartTls,
    /// TLS from the start.
    Tls,
}

/// Sends what waits.
#[derive(Debug)]
pub struct Mailer {
    store: Store,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    server: Server,
    messages: PathBuf,
    clock: fn() -> Timestamp,
}

/// The line to a server of mail.
#[derive(Clone, Debug)]
pub struct Line(AsyncSmtpTransport<Tokio1Executor>);

impl Line {
    /// Whether the server lets us in, up to its sign-in; nothing is sent.
    pub async fn test(&self) -> Result<(), Error> {
        match self.0.test_connection().await? {
            true => Ok(()),
            false => Err(Error::Late),
        }
    }
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address cannot be understood.
    #[error("an address cannot be used: {0}")]
    Address(#[from] lettre::address::AddressError),
    /// The sound of the message is gone.
    #[error("the sound of the message cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// No answer in time.
    #[error("the mail server gave no answer within {} s", SEND_DEADLINE.as_secs())]
    Late,
    /// The mail cannot be put together.
    #[error("the mail cannot be put together: {0}")]
    Mail(#[from] lettre::error::Error),
    /// The server refuses, or is not there.
    #[error("the mail server does not take it: {0}; see `mail` in the configuration")]
    Server(#[from] lettre::transport::smtp::Error),
}

/// Whether this is an address of e-mail.
pub fn is_address(text: &str) -> bool {
    text.len() <= 254 && text.parse::<Address>().is_ok()
}

impl Mailer {
    /// A mailer of a server. It is asked nothing yet.
    pub fn new(
        store: Store,
        server: Server,
        messages: PathBuf,
        clock: fn() -> Timestamp,
    ) -> Result<Self, Error> {
        let builder = match server.security {
            Security::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host),
            Security::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&server.host)?,
            Security::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&server.host)?,
        };
        let mut builder = builder.port(server.port).timeout(Some(SEND_DEADLINE));
        if let Some((user, password)) = &server.credentials {
            builder =
                builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self { store, transport: builder.build(), server, messages, clock })
    }

    /// The line to the server, to be tried at any time.
    pub fn line(&self) -> Line {
        Line(self.transport.clone())
    }

    /// Sends what waits, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(LOOK_EVERY) => {}
            }
            while self.send_one().await {
                if stop.is_cancelled() {
                    return;
                }
            }
        }
    }

    /// Sends the message that has waited for longest; false when none waits, or the store is away.
    async fn send_one(&self) -> bool {
        let now = (self.clock)();
        let Ok(Some(message)) = self.store.message_to_mail(now).await else { return false };
        let sent = match timeout(SEND_DEADLINE, self.send(&message)).await {
            Ok(sent) => sent,
            Err(_elapsed) => Err(Error::Late),
        };
        let noted = match sent {
            Ok(count) => {
                info!(message.id = %message.id, mailbox.id = %message.mailbox, count, "message is sent by e-mail");
                self.store.message_mailed(message.id, None, None).await
            }
            Err(error) => {
                warn!(message.id = %message.id, %error, "a message could not be sent by e-mail");
                let wait = AGAIN_AFTER * 2_u32.pow(message.mail_tries.min(7));
                let again = (message.mail_tries + 1 < TRIES_MAX).then(|| now + wait);
                self.store.message_mailed(message.id, again, Some(&error.to_string())).await
            }
        };
        noted.is_ok()
    }

    /// Sends a message to everybody whom its mailbox and its flow tell; gives how many they are.
    async fn send(&self, message: &Message) -> Result<usize, Error> {
        let Ok(Some(mailbox)) = self.store.setting::<Mailbox>(message.mailbox).await else { return Ok(0) };
        let mailbox = mailbox.value;
        let everybody: BTreeSet<&str> = mailbox
            .notify
            .iter()
            .chain(&message.notify)
            .map(String::as_str)
            .filter(|address| is_address(address))
            .collect();
        if everybody.is_empty() {
            return Ok(0);
        }
        let sound = tokio::fs::read(self.messages.join(&message.file)).await?;
        let words = self.server.language.mail();
        let seconds = message.duration.as_secs().max(1).to_string();
        let caller = if message.caller.is_empty() { words.withheld.clone() } else { message.caller.clone() };
        let values = [("mailbox", mailbox.name.clone()), ("caller", caller), ("seconds", seconds)];
        let mut mail = lettre::Message::builder()
            .from(lettre::message::Mailbox::new(None, self.server.from.parse()?))
            .subject(fill(&words.subject, &values));
        for address in &everybody {
            mail = mail.to(lettre::message::Mailbox::new(None, address.parse()?));
        }
        let text = SinglePart::plain(fill(&words.text, &values));
        let wav = ContentType::parse("audio/wav").unwrap_or(ContentType::TEXT_PLAIN);
        let sound = Attachment::new(format!("{}.wav", message.id)).body(sound, wav);
        let mail = mail.multipart(MultiPart::mixed().singlepart(text).singlepart(sound))?;
        self.transport.send(mail).await?;
        Ok(everybody.len())
    }
}

#[cfg(test)]
mod tests;

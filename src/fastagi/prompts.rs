//! What callers hear over FastAGI, one command after the other, and the keys with which they cut it short.

use std::collections::BTreeMap;

use cadran_engine::flow::key::Key;
use cadran_engine::flow::prompt::SayAs;
use cadran_engine::flow::run::{Clip, Listening};
use cadran_engine::model::Medium;
use tracing::warn;

use super::Error;
use super::conversation::Conversation;
use crate::speech::{FALLBACK, Utterance};

/// Every key of a telephone.
const KEYS: &str = "0123456789*#";

/// The sounds that a call can hear, and the language that its telephone was last told to speak.
#[derive(Debug)]
pub(super) struct Prompts {
    media: BTreeMap<String, Medium>,
    locale: String,
    /// The language in which Asterisk says numbers, once it was told.
    says_in: Option<String>,
}

impl Prompts {
    pub(super) fn new(media: Vec<Medium>, locale: &str) -> Self {
        let media = media.into_iter().map(|medium| (medium.id.to_string(), medium)).collect();
        Self { media, locale: locale.to_owned(), says_in: None }
    }

    /// The language that the flow speaks from now on.
    pub(super) fn speak(&mut self, locale: &str) {
        locale.clone_into(&mut self.locale);
    }

    /// Plays clips in order. The key that ended them, if one did.
    pub(super) async fn play(
        &mut self,
        call: &mut Conversation<'_>,
        clips: &[Clip<'_>],
        listening: Listening<'_>,
    ) -> Result<Option<Key>, Error> {
        let escape = if listening.barge_in { KEYS } else { "" };
        for clip in clips {
            let key = match clip {
                Clip::Media(id) => {
                    let sound = self.media.get(*id).and_then(|medium| medium.sound(&self.locale));
                    let uri = sound.map(|sound| sound.uri.clone());
                    stream(call, uri.as_deref(), "medium", escape).await?
                }
                Clip::Say { say, value, locale } => self.say(call, *say, value, locale, escape).await?,
                Clip::Speech { text, locale, voice } => {
                    let voice = voice.map(str::to_owned);
                    speak(
                        call,
                        Utterance { text: text.to_string(), locale: locale.to_string(), voice },
                        escape,
                    )
                    .await?
                }
            };
            if let Some(key) = key {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// Reads a value out with Asterisk's own sounds. Amounts are spoken, because Asterisk has no word for euros.
    async fn say(
        &mut self,
        call: &mut Conversation<'_>,
        say: SayAs,
        value: &str,
        locale: &str,
        escape: &str,
    ) -> Result<Option<Key>, Error> {
        let language = locale.split('-').next().unwrap_or_default();
        if self.says_in.as_deref() != Some(language)
            && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            call.connection.set_variable("CHANNEL(language)", language).await?;
            self.says_in = Some(language.to_owned());
        }
        let figures = say.figures(value);
        let said = match (say, figures.parse::<i32>(), value.parse::<jiff::civil::Date>()) {
            (SayAs::Money, _, _) => {
                let comma = if language == "fr" { value.replace('.', ",") } else { value.to_owned() };
                let utterance =
                    Utterance { text: format!("{comma} euros"), locale: locale.to_owned(), voice: None };
                return speak(call, utterance, escape).await;
            }
            (SayAs::Number, Ok(number), _) => call.connection.say_number(number, escape, None).await,
            (SayAs::Date, _, Ok(date)) => match noon(date) {
                Some(noon) => call.connection.say_date(noon, escape).await,
                None => return stream(call, None, "say", escape).await,
            },
            (SayAs::Date | SayAs::Digits | SayAs::Number, _, _) => {
                let digits = SayAs::Digits.figures(&figures);
                if digits.is_empty() {
                    return stream(call, None, "say", escape).await;
                }
                call.connection.say_digits(&digits, escape).await
            }
        };
        match said {
            Ok(key) => Ok(key.and_then(Key::read)),
            Err(agi::Error::Failed { .. }) => stream(call, None, "say", escape).await,
            Err(error) => Err(error.into()),
        }
    }
}

/// The middle of a day in seconds, which is on that day wherever Asterisk's clock stands.
fn noon(date: jiff::civil::Date) -> Option<i32> {
    let noon = date.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    i32::try_from(noon.timestamp().as_second()).ok()
}

async fn speak(
    call: &mut Conversation<'_>,
    utterance: Utterance,
    escape: &str,
) -> Result<Option<Key>, Error> {
    let sound = match &call.desk.speech {
        Some(speech) => Some(speech.spoken_or_fallback(&utterance).await.uri),
        None => None,
    };
    stream(call, sound.as_deref(), "speech", escape).await
}

/// Plays a file, or the fallback where it is missing: callers never hear silence.
async fn stream(
    call: &mut Conversation<'_>,
    uri: Option<&str>,
    kind: &'static str,
    escape: &str,
) -> Result<Option<Key>, Error> {
    if let Some(uri) = uri {
        let file = uri.strip_prefix("sound:").unwrap_or(uri);
        match call.connection.stream_file(file, escape, 0).await {
            Ok(played) => return Ok(played.digit.and_then(Key::read)),
            Err(agi::Error::Failed { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    metrics::counter!("cadran_prompts_missing_total", "kind" => kind).increment(1);
    warn!(channel = call.request.channel(), kind, "A prompt cannot be played; the fallback is heard");
    let fallback = FALLBACK.strip_prefix("sound:").unwrap_or(FALLBACK);
    match call.connection.stream_file(fallback, escape, 0).await {
        Ok(played) => Ok(played.digit.and_then(Key::read)),
        // Even Asterisk's own sounds are missing; the flow goes on.
        Err(agi::Error::Failed { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

//! Mailboxes for messages of callers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AgentId, MailboxId, MediumId};

/// A mailbox for messages of callers. The text of its id, `vm_3`, is its name in flows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The row.
    pub id: MailboxId,
    /// How people call it.
    pub name: String,
    /// Whose telephone shows that messages wait.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// E-mail addresses that get every message.
    #[serde(default)]
    pub notify: Vec<String>,
    /// What callers hear whom a queue or a number sends here. Flows bring a greeting of their own.
    #[serde(default)]
    pub greeting: Greeting,
}

/// What callers hear before they leave a message. Where there is neither, a sentence in their language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// A recorded sound.
    #[serde(default)]
    pub media: Option<MediumId>,
    /// What is spoken where there is no sound, by locale such as `fr-FR`.
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
}

impl Greeting {
    /// What is spoken in a locale: the text that was written for it, for its language elsewhere, or the usual one.
    pub fn text(&self, locale: &str) -> &str {
        let language = |locale: &str| locale.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let wanted = language(locale);
        let related = || self.texts.iter().find(|(other, _)| language(other) == wanted).map(|(_, text)| text);
        match self.texts.get(locale).or_else(related) {
            Some(text) => text,
            None if wanted == "fr" => "Laissez votre message après le signal sonore.",
            None => "Please leave your message after the tone.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_greeted_in_their_language() {
        let texts = [("fr-FR", "Bonjour."), ("en-GB", "Good day.")];
        let texts = texts.map(|(locale, text)| (locale.to_owned(), text.to_owned())).into();
        let own = Greeting { media: None, texts };
        let none = Greeting::default();
        for (greeting, locale, expected) in [
            (&own, "fr-FR", "Bonjour."),
            (&own, "fr-CA", "Bonjour."),
            (&own, "en-US", "Good day."),
            (&own, "de-DE", "Please leave your message after the tone."),
            (&none, "fr-FR", "Laissez votre message après le signal sonore."),
            (&none, "en-GB", "Please leave your message after the tone."),
            (&none, "", "Please leave your message after the tone."),
        ] {
            assert_eq!(greeting.text(locale), expected, "{locale}");
        }
    }
}

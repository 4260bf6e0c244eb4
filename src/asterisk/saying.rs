//! Clips as Asterisk's media: sounds, and what Asterisk's own say functions read out.

use std::fmt::Debug;

use async_trait::async_trait;
use cadran_engine::command::Clip;
use cadran_engine::flow::prompt::SayAs;

/// What is heard in the place of a text where nothing speaks.
const NOTHING_SPEAKS: &str = "sound:an-error-has-occurred";

/// Something that makes texts into sounds which Asterisk plays.
#[async_trait]
pub trait Voice: Debug + Send + Sync {
    /// The media URI of a text that is spoken, or of what is heard in its place.
    async fn spoken(&self, text: &str, locale: &str, voice: Option<&str>) -> String;
}

/// The media URIs of clips, in order.
pub(super) async fn media(clips: &[Clip], locale: &str, voice: Option<&dyn Voice>) -> Vec<String> {
    let mut media = Vec::with_capacity(clips.len());
    for clip in clips {
        match clip {
            Clip::Date(date) => media.extend(day(date, locale)),
            Clip::Digits(digits) => media.push(figures("digits", SayAs::Digits, digits)),
            Clip::Money(amount) => media.extend(money(amount, locale, voice).await),
            Clip::Number(number) => media.push(figures("number", SayAs::Number, number)),
            Clip::Sound(uri) => media.push(uri.clone()),
            Clip::Speech { text, locale, voice: name } => media.push(match voice {
                Some(speaker) => speaker.spoken(text, locale, name.as_deref()).await,
                None => NOTHING_SPEAKS.to_owned(),
            }),
        }
    }
    media
}

/// The language of Asterisk's sounds for a locale: `fr` for `fr-FR`.
pub(super) fn language(locale: &str) -> Option<String> {
    let language = locale.split(['-', '_']).next().unwrap_or_default();
    (!language.is_empty()).then(|| language.to_owned())
}

/// Figures that Asterisk reads out in any language that it has sounds for.
fn figures(scheme: &str, say: SayAs, value: &str) -> String {
    let figures = say.figures(value);
    if figures.is_empty() { NOTHING_SPEAKS.to_owned() } else { format!("{scheme}:{figures}") }
}

/// A day, `2026-03-07` with or without a time, by Asterisk's sounds of numbers and months: `seven`, `March`, `2026` in
/// French, `March`, `seventh`, `2026` in English.
fn day(date: &str, locale: &str) -> Vec<String> {
    let mut parts = date.get(..10).unwrap_or_default().splitn(3, '-').map(str::parse::<u16>);
    let (Some(Ok(year)), Some(Ok(month @ 1..=12)), Some(Ok(day @ 1..=31))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return vec![NOTHING_SPEAKS.to_owned()];
    };
    let month = format!("sound:digits/mon-{}", month - 1);
    let year = format!("number:{year}");
    if locale.starts_with("en") {
        let ordinal = |number: u16| format!("sound:digits/h-{number}");
        let day = match day {
            1..=20 | 30 => vec![ordinal(day)],
            _ => vec![format!("sound:digits/{}", day / 10 * 10), ordinal(day % 10)],
        };
        return [vec![month], day, vec![year]].concat();
    }
    vec![format!("number:{day}"), month, year]
}

/// An amount in euros. Asterisk has no sound for the currency, so it is spoken where something speaks; otherwise the
/// bare numbers are read out.
async fn money(amount: &str, locale: &str, voice: Option<&dyn Voice>) -> Vec<String> {
    let (euros, cents) = amount.split_once('.').unwrap_or((amount, ""));
    let cents = format!("{cents:0<2}").chars().take(2).collect::<String>();
    let cents = if cents == "00" { String::new() } else { cents };
    match voice {
        Some(voice) => {
            let text = format!("{euros} euros {}", cents.trim_start_matches('0'));
            vec![voice.spoken(text.trim(), locale, None).await]
        }
        None => std::iter::once(format!("number:{euros}"))
            .chain((!cents.is_empty()).then(|| format!("number:{}", cents.trim_start_matches('0'))))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn values_are_read_out_by_asterisk() {
        let clips = [
            Clip::Digits("+33 1.99".into()),
            Clip::Digits("none".into()),
            Clip::Number("12.5".into()),
            Clip::Date("2026-03-07".into()),
            Clip::Money("12.50".into()),
        ];
        let french = media(&clips, "fr-FR", None).await;
        assert_eq!(
            french,
            [
                "digits:33199",
                NOTHING_SPEAKS,
                "number:12",
                "number:7",
                "sound:digits/mon-2",
                "number:2026",
                "number:12",
                "number:50"
            ]
        );
        let english = media(&[Clip::Date("2026-12-22T10:00:00Z".into())], "en-GB", None).await;
        assert_eq!(english, ["sound:digits/mon-11", "sound:digits/20", "sound:digits/h-2", "number:2026"]);
        assert_eq!(media(&[Clip::Date("soon".into())], "fr-FR", None).await, [NOTHING_SPEAKS]);
    }

    #[test]
    fn a_language_is_the_first_part_of_a_locale() {
        assert_eq!(language("fr-FR").as_deref(), Some("fr"));
        assert_eq!(language(""), None);
    }
}

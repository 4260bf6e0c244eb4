//! Is everything that callers hear there, in every language, and short enough?

use super::all_facets;
use crate::flow::document::Flow;
use crate::flow::facets::Facet;
use crate::flow::finding::{Code, Finding, escape};
use crate::flow::prompt::{Prompt, PromptPart, Texts};
use crate::flow::world::{Medium, World};

/// A prompt that lasts longer should end when a key is pressed, in milliseconds.
const PROMPT_MS_MAX: u64 = 20_000;
/// The rates that Asterisk plays on telephone lines without resampling, in samples per second.
const RATES: [u32; 2] = [8_000, 16_000];

pub(super) fn check(flow: &Flow, world: &World) -> Vec<Finding> {
    let locales = &flow.envelope.locales;
    let mut findings = Vec::new();
    for (place, facet) in all_facets(flow) {
        match facet {
            Facet::Prompt { prompt, barge_in } => {
                media(&place, prompt, world, &mut findings);
                let longest = locales.iter().map(|locale| world.length_ms(prompt, locale)).max().unwrap_or(0);
                if !barge_in && longest > PROMPT_MS_MAX {
                    let seconds = longest.div_ceil(1_000);
                    findings.push(Finding::new(Code::LongPrompt, &place).with("seconds", seconds));
                }
            }
            Facet::Texts(texts) => spoken(&place, texts, locales, world, &mut findings),
            Facet::Locale(locale) if !locales.iter().any(|known| known == locale) => {
                findings.push(Finding::new(Code::MissingLocale, &place).with("locales", locale));
            }
            _ => {}
        }
    }
    findings
}

fn media(place: &str, prompt: &Prompt, world: &World, findings: &mut Vec<Finding>) {
    let Some(known) = &world.media else { return };
    for (number, part) in prompt.parts.iter().enumerate() {
        let PromptPart::Media { media } = part else { continue };
        let why = match known.get(media) {
            None => "it is not there".to_owned(),
            Some(medium) if is_playable(medium) => continue,
            Some(Medium { rate, channels, .. }) => format!("it has {rate} Hz and {channels} channels"),
        };
        let finding = Finding::new(Code::BadMedia, format!("{place}/{number}/media"));
        findings.push(finding.with("media", media).with("why", why));
    }
}

fn is_playable(medium: &Medium) -> bool {
    RATES.contains(&medium.rate) && medium.channels == 1
}

fn spoken(place: &str, texts: &Texts, locales: &[String], world: &World, findings: &mut Vec<Finding>) {
    let missing: Vec<&str> =
        locales.iter().map(String::as_str).filter(|locale| !texts.contains_key(*locale)).collect();
    if !missing.is_empty() {
        findings.push(Finding::new(Code::MissingLocale, place).with("locales", missing.join(", ")));
    }
    for (locale, text) in texts {
        let place = format!("{place}/{}", escape(locale));
        if world.speech.get(&place).is_some_and(|made_from| made_from != text.source()) {
            findings.push(Finding::new(Code::StaleTts, place));
        }
    }
}

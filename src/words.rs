//! The words that people read, in French and in English, from `config/locales`.
//!
//! A phrase may hold places to fill, written `{so}`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cadran_engine::dialer::compliance::Reason;
use serde::Deserialize;

/// A language that Cadran speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English; also for those who speak neither.
    #[default]
    English,
    /// French.
    French,
}

/// How a kind of problem is told.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProblemWords {
    /// What is wrong, the same for every occurrence.
    pub title: String,
    /// What is wrong this time.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
}

/// How a finding of a check is told.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingWords {
    /// What is wrong.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
}

/// How a message in a mailbox is told by e-mail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailWords {
    /// The subject.
    pub subject: String,
    /// The text around the sound.
    pub text: String,
    /// What stands in the place of a number that was withheld.
    pub withheld: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrases {
    alert: BTreeMap<String, String>,
    finding: BTreeMap<String, FindingWords>,
    kept: BTreeMap<String, String>,
    name: BTreeMap<String, String>,
    mail: MailWords,
    pacing: BTreeMap<String, String>,
    problem: BTreeMap<String, ProblemWords>,
    row: BTreeMap<String, String>,
    rule: BTreeMap<String, String>,
    vicidial: BTreeMap<String, String>,
    law: BTreeMap<String, String>,
}

static ENGLISH: LazyLock<Phrases> = LazyLock::new(|| read(include_str!("../config/locales/en.toml")));
static FRENCH: LazyLock<Phrases> = LazyLock::new(|| read(include_str!("../config/locales/fr.toml")));
static NO_WORDS: ProblemWords =
    ProblemWords { title: String::new(), detail: String::new(), fix: String::new() };

static NO_FINDING: FindingWords = FindingWords { detail: String::new(), fix: String::new() };

/// The files are part of the program and a test reads them: one that does not parse cannot be released.
#[expect(clippy::expect_used, reason = "the input is a constant that a test covers")]
fn read(toml: &str) -> Phrases {
    toml::from_str(toml).expect("config/locales is valid")
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::French];

    /// The language that an `Accept-Language` header (RFC 9110 §12.5.4) prefers.
    pub fn accepted(header: &str) -> Self {
        let mut best = (0.0, Self::default());
        for range in header.split(',') {
            let (tag, quality) = range.split_once(';').unwrap_or((range, ""));
            let quality: f32 = match quality.trim().strip_prefix("q=") {
                Some(number) => number.parse().unwrap_or(0.0),
                None => 1.0,
            };
            let primary = tag.trim().split('-').next().unwrap_or_default();
            let language = match primary.to_ascii_lowercase().as_str() {
                "fr" => Self::French,
                "en" | "*" => Self::English,
                _ => continue,
            };
            if quality > best.0 {
                best = (quality, language);
            }
        }
        best.1
    }

    /// The language's tag, for `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// A number as people write it, with so many digits after the point at most, and no zeros at the end.
    pub fn decimal(self, value: f64, digits: usize) -> String {
        let number = format!("{value:.digits$}");
        let number =
            if digits > 0 { number.trim_end_matches('0').trim_end_matches('.') } else { number.as_str() };
        match self {
            Self::English => number.to_owned(),
            Self::French => number.replace('.', ","),
        }
    }

    /// What wants a person.
    pub fn alert(self, code: &str) -> &'static str {
        self.phrases().alert.get(code).map_or("", String::as_str)
    }

    /// Why something of a person stays who was erased.
    pub fn kept(self, code: &str) -> &'static str {
        self.phrases().kept.get(code).map_or("", String::as_str)
    }

    /// How something is called that Cadran makes by itself.
    pub fn name(self, code: &str) -> &'static str {
        self.phrases().name.get(code).map_or("", String::as_str)
    }

    /// How a message in a mailbox is told by e-mail.
    pub fn mail(self) -> &'static MailWords {
        &self.phrases().mail
    }

    /// What pacing does, or what stands in its way.
    pub fn pacing(self, code: &str) -> &'static str {
        self.phrases().pacing.get(code).map_or("", String::as_str)
    }

    /// How a kind of problem is told.
    pub fn problem(self, code: &str) -> &'static ProblemWords {
        self.phrases().problem.get(code).unwrap_or(&NO_WORDS)
    }

    /// Every kind of problem, by its code.
    pub fn problems(self) -> impl Iterator<Item = (&'static str, &'static ProblemWords)> {
        self.phrases().problem.iter().map(|(code, words)| (code.as_str(), words))
    }

    /// How a finding is told, by its key, such as `finding.open_outlet`.
    pub fn finding(self, key: &str) -> &'static FindingWords {
        let code = key.strip_prefix("finding.").unwrap_or(key);
        self.phrases().finding.get(code).unwrap_or(&NO_FINDING)
    }

    /// Why a row of a file was not taken.
    pub fn row_reason(self, code: &str) -> &'static str {
        self.phrases().row.get(code).map_or("", String::as_str)
    }

    /// What is wrong with a value: by a rule of its own, or by one that rows of files are held to as well.
    pub fn rule(self, code: &str) -> &'static str {
        self.phrases().rule.get(code).map_or_else(|| self.row_reason(code), String::as_str)
    }

    /// What became of a setting of VICIdial.
    pub fn vicidial(self, code: &str) -> &'static str {
        self.phrases().vicidial.get(code).map_or("", String::as_str)
    }

    /// Every code that [`Language::vicidial`] knows, by the alphabet.
    pub fn vicidial_codes(self) -> impl Iterator<Item = &'static str> {
        self.phrases().vicidial.keys().map(String::as_str)
    }

    /// Why the law forbids a call.
    pub fn reason(self, reason: Reason) -> &'static str {
        self.phrases().law.get(reason.as_str()).map_or("", String::as_str)
    }

    /// That the law allows a call.
    pub fn allowed(self) -> &'static str {
        self.phrases().law.get("ALLOWED").map_or("", String::as_str)
    }

    fn phrases(self) -> &'static Phrases {
        match self {
            Self::English => &ENGLISH,
            Self::French => &FRENCH,
        }
    }
}

/// Fills the places of a phrase. A place without a value stays as it is.
pub fn fill(phrase: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(phrase.len());
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value =
            after.split_once('}').and_then(|(name, _)| values.iter().find(|(known, _)| *known == name));
        match value {
            Some((name, value)) => {
                filled.push_str(value);
                rest = &after[name.len() + 1..];
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places to fill in a phrase.
    fn places(phrase: &str) -> Vec<&str> {
        let mut places: Vec<&str> =
            phrase.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let codes = |language: Language| language.problems().map(|(code, _)| code).collect::<Vec<_>>();
        assert_eq!(codes(Language::English), codes(Language::French));
        let reasons = |language: Language| language.phrases().row.keys().collect::<Vec<_>>();
        assert_eq!(reasons(Language::English), reasons(Language::French));
        let kept = |language: Language| language.phrases().kept.keys().collect::<Vec<_>>();
        assert_eq!(kept(Language::English), kept(Language::French));
        let names = |language: Language| language.phrases().name.keys().collect::<Vec<_>>();
        assert_eq!(names(Language::English), names(Language::French));
        let rules = |language: Language| language.phrases().rule.keys().collect::<Vec<_>>();
        assert_eq!(rules(Language::English), rules(Language::French));
        let vicidial = |language: Language| language.vicidial_codes().collect::<Vec<_>>();
        assert_eq!(vicidial(Language::English), vicidial(Language::French));
        let pacing = |language: Language| {
            let phrases = language.phrases().pacing.iter();
            phrases.map(|(code, phrase)| (code, places(phrase))).collect::<Vec<_>>()
        };
        assert_eq!(pacing(Language::English), pacing(Language::French));
        let findings = |language: Language| language.phrases().finding.keys().collect::<Vec<_>>();
        assert_eq!(findings(Language::English), findings(Language::French));
        for (code, english) in &Language::English.phrases().finding {
            let french = Language::French.finding(code);
            assert_eq!(places(&english.detail), places(&french.detail), "{code}");
            assert_eq!(places(&english.fix), places(&french.fix), "{code}");
        }
        for (code, english) in Language::English.problems() {
            let french = Language::French.problem(code);
            assert_eq!(places(&english.detail), places(&french.detail), "{code}");
            assert_eq!(places(&english.fix), places(&french.fix), "{code}");
            assert!(!english.title.is_empty() && !french.title.is_empty(), "{code}");
        }
    }

    #[test]
    fn every_reason_of_the_law_has_words() {
        for language in Language::ALL {
            let known: std::collections::BTreeSet<&str> =
                language.phrases().law.keys().map(String::as_str).collect();
            let reasons = Reason::ALL.map(Reason::as_str).into_iter().chain(["ALLOWED"]);
            assert_eq!(known, reasons.collect(), "{language:?}");
        }
    }

    #[test]
    fn every_reason_of_a_row_has_words() {
        let known: Vec<&str> = Language::English.phrases().row.keys().map(String::as_str).collect();
        let reasons: Vec<&str> = crate::import::Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(known, reasons);
    }

    #[test]
    fn every_finding_has_words() {
        let known: Vec<&str> = Language::English.phrases().finding.keys().map(String::as_str).collect();
        let codes = cadran_engine::flow::finding::Code::ALL.iter().map(|code| code.as_str());
        let mut codes: Vec<&str> =
            codes.chain(["no_assistant", "no_wait_flow", "unsupported_in_flow"]).collect();
        codes.sort_unstable();
        assert_eq!(known, codes);
    }

    #[test]
    fn a_browser_is_answered_in_its_language() {
        let cases = [
            ("fr-FR,fr;q=0.9,en;q=0.8", Language::French),
            ("en-GB,fr;q=0.9", Language::English),
            ("de-DE, fr;q=0.3", Language::French),
            ("de", Language::English),
            ("", Language::English),
        ];
        for (header, language) in cases {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }

    #[test]
    fn places_are_filled_once() {
        let values = [("noun", "{id}".to_owned()), ("id", "cmp_1".to_owned())];
        assert_eq!(fill("no {noun} {id}: {other} {", &values), "no {id} cmp_1: {other} {");
    }
}

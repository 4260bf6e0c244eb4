//! What a row says of a consent: for what, which wording, where it was given, when, and what proves it.

use cadran_engine::dialer::compliance;
use cadran_engine::model::{Timestamp, Zone};
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::phone::Region;
use super::{Column, Reason};

/// A part of a consent that a column may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentPart {
    /// What proves it, such as the name of a recording. Without it there is no consent.
    Evidence,
    /// Until when it holds; until it is taken back, unless a cell says otherwise.
    ExpiresAt,
    /// When it was given. Without it there is no consent.
    GivenAt,
    /// Whether the person may be called outside the hours of the law. No, unless a cell says yes.
    HoursWaiver,
    /// For what; telephone marketing unless a cell says otherwise.
    Purpose,
    /// Where it was given: a form, a call, a letter.
    Source,
    /// Which wording the person agreed to.
    TextVersion,
    /// Whether it was given in writing and signed, as American law asks for automatic dialling. No, unless a cell says
    /// yes.
    Written,
}

/// A consent as a row tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConsent {
    /// For what, in the words of the ledger.
    pub purpose: String,
    /// Which wording the person agreed to. May be empty.
    pub text_version: String,
    /// Where it was given. May be empty.
    pub source: String,
    /// When it was given; a day without a time is its first moment.
    pub given_at: Timestamp,
    /// What proves it.
    pub evidence: String,
    /// Until when it holds, if not until it is taken back; of a day without a time its first moment.
    pub expires_at: Option<Timestamp>,
    /// Whether the person may be called outside the hours of the law.
    pub hours_waiver: bool,
    /// Whether it was given in writing and signed.
    pub written: bool,
}

/// The longest text of a part, as in the ledger.
const TEXT_CHARS_MAX: usize = 500;

/// How people say that the telephone may be used to sell.
const PHONE_MARKETING_WORDS: &[&str] = &[
    "",
    "appel",
    "appels",
    "demarchage",
    "demarchage telephonique",
    "marketing",
    "phone",
    "phone marketing",
    "prospection",
    "prospection telephonique",
    "telemarketing",
    "telephone",
];

/// How people say yes, and no.
const YES: &[&str] = &["1", "o", "oui", "true", "vrai", "x", "y", "yes"];
const NO: &[&str] = &["", "0", "f", "false", "faux", "n", "no", "non"];

/// Reads the consent of a row from its cells that are not empty, each with its column; none when it has none. A consent
/// that cannot be proved is left out, with the column and the reason.
pub(super) fn read<'a>(
    cells: impl Iterator<Item = (usize, ConsentPart, &'a str)>,
    region: Region,
    zone: &Zone,
) -> Option<Result<NewConsent, (usize, Reason)>> {
    let cells: Vec<(usize, ConsentPart, &str)> = cells.collect();
    let (first, _, _) = *cells.first()?;
    let part = |wanted: ConsentPart| {
        cells.iter().find(|(_, part, _)| *part == wanted).map(|(column, _, text)| (*column, *text))
    };
    let text = |wanted| part(wanted).map(|(_, text)| text).unwrap_or_default().to_owned();
    if let Some((column, ..)) = cells.iter().find(|(_, _, text)| text.chars().count() > TEXT_CHARS_MAX) {
        return Some(Err((*column, Reason::TextTooLong)));
    }
    let (Some((column, given)), Some((_, evidence))) =
        (part(ConsentPart::GivenAt), part(ConsentPart::Evidence))
    else {
        return Some(Err((first, Reason::ConsentUnproved)));
    };
    let Some(given_at) = moment(given, region, zone) else {
        return Some(Err((column, Reason::ConsentTime)));
    };
    let expires = part(ConsentPart::ExpiresAt);
    let expires_at = match expires.map(|(column, text)| (column, moment(text, region, zone))) {
        Some((column, None)) => return Some(Err((column, Reason::ConsentTime))),
        Some((_, Some(at))) => Some(at),
        None => None,
    };
    let says_yes = |wanted| part(wanted).map_or(Ok(false), |(column, text)| yes_or_no(column, text));
    let (hours_waiver, written) = match (says_yes(ConsentPart::HoursWaiver), says_yes(ConsentPart::Written)) {
        (Ok(hours_waiver), Ok(written)) => (hours_waiver, written),
        (Err(unclear), _) | (_, Err(unclear)) => return Some(Err(unclear)),
    };
    Some(Ok(NewConsent {
        purpose: purpose(&text(ConsentPart::Purpose)),
        text_version: text(ConsentPart::TextVersion),
        source: text(ConsentPart::Source),
        given_at,
        evidence: evidence.to_owned(),
        expires_at,
        hours_waiver,
        written,
    }))
}

fn yes_or_no(column: usize, text: &str) -> Result<bool, (usize, Reason)> {
    let words = super::columns::plain_words(text);
    if YES.contains(&words.as_str()) {
        Ok(true)
    } else if NO.contains(&words.as_str()) {
        Ok(false)
    } else {
        Err((column, Reason::ConsentYesNo))
    }
}

fn purpose(text: &str) -> String {
    let words = super::columns::plain_words(text);
    if PHONE_MARKETING_WORDS.contains(&words.as_str()) {
        compliance::Consent::PHONE_MARKETING.to_owned()
    } else {
        words.replace(' ', "_")
    }
}

/// A moment as people write it: RFC 3339, or a day with or without a time where the person lives. Days are written
/// `2026-03-01`, or in the order of the country: `01/03/2026`, in the United States `03/01/2026`.
fn moment(text: &str, region: Region, zone: &Zone) -> Option<Timestamp> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_millis(instant.as_millisecond()));
    }
    let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let local: DateTime = match time.trim() {
        "" => date(day, region)?.at(0, 0, 0, 0),
        time => format!("{}T{time}", date(day, region)?).parse().ok()?,
    };
    let instant = local.to_zoned(zone.rules().clone()).ok()?.timestamp();
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

fn date(text: &str, region: Region) -> Option<Date> {
    if let Ok(date) = text.parse() {
        return Some(date);
    }
    let parts: Vec<i16> = text.split(['/', '.', '-']).map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[first, second, year] = parts.as_slice() else { return None };
    let (day, month) = if region == Region::US { (second, first) } else { (first, second) };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
        .ok()
        .filter(|date| date.year() >= 1900)
}

/// The part of a consent that a header names.
pub(super) fn by_header(words: &str) -> Option<Column> {
    let known = HEADERS.iter().find(|(_, headers)| headers.contains(&words))?;
    Some(Column::Consent { part: known.0 })
}

/// Headers as people write them, without accents.
const HEADERS: &[(ConsentPart, &[&str])] = &[
    (
        ConsentPart::Evidence,
        &[
            "consent evidence",
            "consent id",
            "consent proof",
            "consent reference",
            "evidence",
            "id consentement",
            "id de preuve",
            "preuve",
            "preuve consentement",
            "preuve de consentement",
            "preuve du consentement",
            "proof of consent",
            "reference consentement",
            "reference du consentement",
        ],
    ),
    (
        ConsentPart::ExpiresAt,
        &[
            "consent end",
            "consent expires",
            "consent expiry",
            "consent until",
            "consentement jusqu au",
            "expiration consentement",
            "expiration du consentement",
            "fin du consentement",
        ],
    ),
    (
        ConsentPart::GivenAt,
        &[
            "consent at",
            "consent date",
            "consent given at",
            "consent time",
            "consented at",
            "date consentement",
            "date de consentement",
            "date de l opt in",
            "date du consentement",
            "date opt in",
            "heure du consentement",
            "opt in date",
            "optin date",
        ],
    ),
    (
        ConsentPart::HoursWaiver,
        &[
            "any hour",
            "consent to any hour",
            "consentement hors horaires",
            "hors horaires",
            "hours waiver",
            "toute heure",
        ],
    ),
    (
        ConsentPart::Purpose,
        &[
            "but du consentement",
            "consent for",
            "consent purpose",
            "consent scope",
            "finalite",
            "finalite consentement",
            "finalite du consentement",
            "objet du consentement",
        ],
    ),
    (
        ConsentPart::Source,
        &[
            "canal consentement",
            "canal du consentement",
            "consent channel",
            "consent source",
            "opt in source",
            "origine du consentement",
            "source consentement",
            "source de l opt in",
            "source du consentement",
        ],
    ),
    (
        ConsentPart::TextVersion,
        &[
            "consent text",
            "consent text version",
            "consent version",
            "texte consentement",
            "texte du consentement",
            "version consentement",
            "version du consentement",
            "version du texte",
            "version du texte de consentement",
        ],
    ),
    (
        ConsentPart::Written,
        &[
            "consent signed",
            "consent written",
            "consentement ecrit",
            "consentement signe",
            "pewc",
            "written consent",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn paris(text: &str, region: Region) -> Option<String> {
        let at = moment(text, region, &"Europe/Paris".parse().unwrap())?;
        Some(jiff::Timestamp::from_millisecond(at.as_millis()).unwrap().to_string())
    }

    #[test]
    fn moments_are_read_as_people_write_them() {
        let cases = [
            ("2026-03-01T09:30:00Z", Some("2026-03-01T09:30:00Z")),
            ("2026-03-01T10:30:00+01:00", Some("2026-03-01T09:30:00Z")),
            ("2026-03-01", Some("2026-02-28T23:00:00Z")),
            ("2026-03-01 10:30", Some("2026-03-01T09:30:00Z")),
            ("01/03/2026", Some("2026-02-28T23:00:00Z")),
            ("1.3.2026 10:30:15", Some("2026-03-01T09:30:15Z")),
            ("31/02/2026", None),
            ("01/03/26", None),
            ("yesterday", None),
        ];
        for (text, expected) in cases {
            assert_eq!(paris(text, Region::FR).as_deref(), expected, "{text}");
        }
        assert_eq!(paris("03/01/2026", Region::US).as_deref(), Some("2026-02-28T23:00:00Z"));
    }

    #[test]
    fn a_consent_without_time_or_proof_is_none() {
        let zone = Zone::utc();
        let told = |cells: &[(ConsentPart, &'static str)]| {
            let cells = cells.iter().enumerate().map(|(column, (part, text))| (column, *part, *text));
            read(cells, Region::FR, &zone)
        };
        let (at, proof) = ((ConsentPart::GivenAt, "2026-03-01"), (ConsentPart::Evidence, "form-17"));
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[at]), Some(Err((0, Reason::ConsentUnproved))));
        assert_eq!(told(&[proof]), Some(Err((0, Reason::ConsentUnproved))));
        assert_eq!(told(&[proof, (ConsentPart::GivenAt, "soon")]), Some(Err((1, Reason::ConsentTime))));
        let given = told(&[at, proof, (ConsentPart::Source, "web")]).unwrap().unwrap();
        assert_eq!((given.purpose.as_str(), given.source.as_str()), ("phone_marketing", "web"));
        assert_eq!((given.expires_at, given.hours_waiver, given.written), (None, false, false));
        let until = (ConsentPart::ExpiresAt, "2026-03-02");
        let more = told(&[at, proof, (ConsentPart::HoursWaiver, "Oui"), (ConsentPart::Written, "x"), until]);
        let more = more.unwrap().unwrap();
        assert_eq!((more.hours_waiver, more.written), (true, true));
        assert_eq!(more.expires_at.unwrap().since(more.given_at).as_secs(), 86_400);
        let unclear = told(&[at, proof, (ConsentPart::Written, "perhaps")]);
        assert_eq!(unclear, Some(Err((2, Reason::ConsentYesNo))));
        let endless = told(&[at, proof, (ConsentPart::ExpiresAt, "never")]);
        assert_eq!(endless, Some(Err((2, Reason::ConsentTime))));
        let other = told(&[at, proof, (ConsentPart::Purpose, "Étude de marché")]).unwrap().unwrap();
        assert_eq!(other.purpose, "etude_de_marche");
    }
}

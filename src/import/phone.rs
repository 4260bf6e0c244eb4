//! What people write for a telephone number, to E.164.

use cadran_engine::model::Phone;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};

pub use rlibphonenumber::Region;

use super::Reason;

/// Longer than any number with its decoration.
const TEXT_CHARS_MAX: usize = 40;

/// What may stand between the digits. Everything else, letters and `&`, `$`, `;` above all, is refused before any
/// parsing: a number is not repaired by dropping what could have been meant for a dialplan.
const DECORATION: &[char] = &[' ', '.', '-', '/', '(', ')', '\u{a0}', '\u{202f}', '\u{2010}', '\u{2011}'];

/// Ranges kept free for fiction and trials, country code first, and the digits of a whole number: ARCEP decision
/// 2018-0881 (numbers for audiovisual works), Ofcom (numbers for drama use). libphonenumber calls some of them
/// invalid; a trial of a campaign needs them.
const FICTION: [(&str, usize); 7] = [
    ("3319900", 11),
    ("3326191", 11),
    ("3335301", 11),
    ("3346571", 11),
    ("3353649", 11),
    ("3363998", 11),
    ("447700900", 12),
];

/// The country with these two letters (ISO 3166-1), if numbers of it can be read.
pub fn region(code: &str) -> Option<Region> {
    let region = code.to_uppercase().parse().ok()?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| region)
}

/// Reads a number as people in `region` write it.
pub fn parse(text: &str, region: Region) -> Result<Phone, Reason> {
    let text = text.trim();
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Reason::PhoneCharacters);
    }
    if is_mangled(text) {
        return Err(Reason::PhoneMangled);
    }
    let (plus, rest) = text.strip_prefix('+').map_or(("", text), |rest| ("+", rest));
    let mut bare = plus.to_owned();
    for letter in rest.chars().filter(|letter| !DECORATION.contains(letter)) {
        if !letter.is_ascii_digit() {
            return Err(Reason::PhoneCharacters);
        }
        bare.push(letter);
    }
    let number = PHONE_NUMBER_UTIL.parse(&bare, Some(region)).map_err(|_| Reason::PhoneInvalid)?;
    let phone: Phone = PHONE_NUMBER_UTIL
        .format(&number, PhoneNumberFormat::E164)
        .parse()
        .map_err(|_| Reason::PhoneInvalid)?;
    let digits = phone.e164().len() - 1;
    let fictional = FICTION.iter().any(|&(range, whole)| digits == whole && phone.starts_with(range));
    if fictional {
        return Ok(phone);
    }
    if !PHONE_NUMBER_UTIL.is_valid_number(&number) {
        return Err(Reason::PhoneInvalid);
    }
    // The paying attack on a dialler is a list of numbers that cost the caller.
    if PHONE_NUMBER_UTIL.get_number_type(&number) == PhoneNumberType::PremiumRate {
        return Err(Reason::PhonePremium);
    }
    Ok(phone)
}

/// Whether a spreadsheet took the number for a quantity: `3,319900E+10`, `33199001234.0`.
fn is_mangled(text: &str) -> bool {
    let exponent = text.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
        let digits = |part: &str| part.contains(|letter: char| letter.is_ascii_digit());
        digits(mantissa)
            && digits(exponent)
            && text
                .chars()
                .all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | ',' | '+' | '-' | 'E' | 'e'))
    });
    let fraction = text
        .strip_suffix(".0")
        .is_some_and(|whole| whole.len() > 6 && whole.bytes().all(|byte| byte.is_ascii_digit()));
    exponent || fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_the_country_writes_it_or_refused() {
        let good = [
            ("01 99 00 12 34", "+33199001234"),
            ("01.99.00.12.34", "+33199001234"),
            ("0199001234", "+33199001234"),
            ("199001234", "+33199001234"),
            ("+33 (0)1 99 00 12 34", "+33199001234"),
            ("0033199001234", "+33199001234"),
            ("33199001234", "+33199001234"),
            ("06\u{a0}39\u{202f}98\u{a0}00\u{a0}12", "+33639980012"),
            ("+44 7700 900123", "+447700900123"),
            ("+1 (202) 555-0123", "+12025550123"),
            ("+262 262 12 34 56", "+262262123456"),
        ];
        for (text, expected) in good {
            assert_eq!(parse(text, Region::FR).map(Phone::e164), Ok(expected.to_owned()), "{text:?}");
        }
        let long = "9".repeat(1024);
        let bad = [
            ("1&PJSIP/x", Reason::PhoneCharacters),
            ("${SHELL(id)}", Reason::PhoneCharacters),
            ("0199001234\r\nX: y", Reason::PhoneCharacters),
            ("☎ 0199001234", Reason::PhoneCharacters),
            ("٠١٩٩٠٠١٢٣٤", Reason::PhoneCharacters),
            ("0199001234 ext 5", Reason::PhoneCharacters),
            (long.as_str(), Reason::PhoneCharacters),
            ("3,319900E+10", Reason::PhoneMangled),
            ("33199001234.0", Reason::PhoneMangled),
            ("", Reason::PhoneInvalid),
            ("+", Reason::PhoneInvalid),
            ("0199", Reason::PhoneInvalid),
            ("3615", Reason::PhoneInvalid),
            ("+999 199001234", Reason::PhoneInvalid),
            ("0899 12 34 56", Reason::PhonePremium),
        ];
        for (text, reason) in bad {
            assert_eq!(parse(text, Region::FR), Err(reason), "{text:?}");
        }
    }
}

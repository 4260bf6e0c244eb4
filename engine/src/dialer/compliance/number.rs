//! What the digits of a number tell: whether it may be dialled at all, and in which country and zone it rings.

use super::Reason;
use super::calling_codes::CALLING_CODES;
use crate::almanac::numbering;
use crate::model::Phone;

/// A number that may be dialled as far as its digits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number<'a> {
    /// All digits, country code first.
    digits: &'a str,
    /// The country that the code belongs to (ISO 3166-1), as packs name it.
    pub(super) country: Option<&'static str>,
}

/// Numbers that reach help, in some country or in all.
const EMERGENCY: [&str; 36] = [
    "000", "061", "062", "080", "085", "088", "091", "092", "100", "101", "102", "103", "104", "110", "111",
    "112", "113", "114", "115", "116000", "116117", "117", "118", "119", "122", "123", "133", "144", "15",
    "17", "18", "190", "191", "196", "911", "999",
];

/// The longest of them.
const EMERGENCY_DIGITS_MAX: usize = 6;

/// Numbers that cost whoever calls them, or ring in a satellite phone: the targets of dialling fraud.
///
/// ITU-T E.164 list of assigned codes for +87x, +88x and +979; the national numbering plans for the rest. Sorted as text.
const COSTLY: [&str; 17] = [
    "1900", "3389", "34803", "34806", "34807", "34905", "3989", "449", "49137", "49900", "808", "870", "878",
    "881", "882", "883", "979",
];

/// How many digits follow the country code, for the plans that leave no doubt. Sorted by the code as text.
const NATIONAL_LENGTHS: [(&str, std::ops::RangeInclusive<usize>); 10] = [
    ("1", 10..=10),
    ("262", 9..=9),
    ("33", 9..=9),
    ("34", 9..=9),
    ("39", 6..=12),
    ("44", 7..=10),
    ("49", 5..=13),
    ("590", 9..=9),
    ("594", 9..=9),
    ("596", 9..=9),
];

impl<'a> Number<'a> {
    /// Reads a number in E.164 form.
    pub(super) fn read(text: &'a str) -> Result<Self, Reason> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Reason::NumberInvalid);
        }
        let code = country_code(digits);
        let national = &digits[code.map_or(0, |(length, _)| length)..];
        if reaches_help(digits) || reaches_help(national) {
            return Err(Reason::NumberForbidden);
        }
        if text.parse::<Phone>().is_err() {
            return Err(Reason::NumberInvalid);
        }
        if numbering::longest_prefix(&COSTLY, |prefix| prefix, digits).is_some() {
            return Err(Reason::NumberForbidden);
        }
        if !has_national_length(digits) {
            return Err(Reason::NumberInvalid);
        }
        Ok(Self { digits, country: code.map(|(_, country)| country) })
    }

    /// The most special zone that the number's first digits name.
    pub(super) fn zone_name(&self) -> Option<&'static str> {
        numbering::zone_name(self.digits)
    }
}

/// Whether a number may be dialled by anybody for anybody, with or without a pack.
pub fn may_be_dialled(phone: Phone) -> Result<(), Reason> {
    Number::read(&phone.e164()).map(drop)
}

fn reaches_help(digits: &str) -> bool {
    digits.len() <= EMERGENCY_DIGITS_MAX && EMERGENCY.contains(&digits)
}

fn has_national_length(digits: &str) -> bool {
    numbering::longest_prefix(&NATIONAL_LENGTHS, |(code, _)| code, digits)
        .is_none_or(|(code, lengths)| lengths.contains(&(digits.len() - code.len())))
}

/// How many digits the longest assigned code has that the number begins with, and its country.
fn country_code(digits: &str) -> Option<(usize, &'static str)> {
    let most = CODE_DIGITS_MAX.min(digits.len());
    // No code begins with 0, so equal numbers have equally many digits.
    let mut code: u16 = digits[..most].parse().ok().filter(|_| !digits.starts_with('0'))?;
    for length in (1..=most).rev() {
        if let Ok(found) = CALLING_CODES.binary_search_by_key(&code, |(code, _)| *code) {
            return Some((length, CALLING_CODES[found].1));
        }
        code /= 10;
    }
    None
}

/// A country code of one digit with three digits of area, as in North America.
const CODE_DIGITS_MAX: usize = 4;

/// The names of the zones that numbers of a country can name.
pub(super) fn zone_names(country: &str) -> impl Iterator<Item = &'static str> {
    numbering::zone_names()
        .filter(move |(prefix, _)| country_code(prefix).is_some_and(|(_, own)| own == country))
        .map(|(_, zone)| zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_unique() {
        assert!(CALLING_CODES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(COSTLY.is_sorted());
        assert!(NATIONAL_LENGTHS.is_sorted_by(|a, b| a.0 < b.0));
        let digits_max = CALLING_CODES.iter().map(|(code, _)| code.to_string().len()).max();
        assert_eq!(digits_max, Some(CODE_DIGITS_MAX));
        let emergency_digits_max = EMERGENCY.iter().map(|number| number.len()).max();
        assert_eq!(emergency_digits_max, Some(EMERGENCY_DIGITS_MAX));
    }

    #[test]
    fn a_number_tells_its_country_and_zone() {
        let cases = [
            ("+33199001234", Some("FR"), Some("Europe/Paris")),
            ("+262639123456", Some("FR"), Some("Indian/Mayotte")),
            ("+262692123456", Some("FR"), Some("Indian/Reunion")),
            ("+34928123456", Some("ES"), Some("Atlantic/Canary")),
            ("+12125550123", Some("US"), None),
            ("+14165550123", Some("CA"), None),
            ("+81312345678", Some("JP"), Some("Asia/Tokyo")),
            ("+21012345678", None, None),
        ];
        for (text, country, zone) in cases {
            let number = Number::read(text).unwrap();
            assert_eq!((number.country, number.zone_name()), (country, zone), "{text}");
        }
    }

    #[test]
    fn help_fraud_and_nonsense_are_told_apart() {
        let cases = [
            ("112", Reason::NumberForbidden),
            ("+33112", Reason::NumberForbidden),
            ("+44999", Reason::NumberForbidden),
            ("15", Reason::NumberForbidden),
            ("+33899123456", Reason::NumberForbidden),
            ("+882161234567", Reason::NumberForbidden),
            ("+19005550123", Reason::NumberForbidden),
            ("0199001234", Reason::NumberInvalid),
            ("+3319900123", Reason::NumberInvalid),
            ("+331990012345", Reason::NumberInvalid),
            ("+33199001234&PJSIP/trunk/+882161234567", Reason::NumberInvalid),
            ("", Reason::NumberInvalid),
            ("+", Reason::NumberInvalid),
            ("+☎33", Reason::NumberInvalid),
        ];
        for (text, reason) in cases {
            assert_eq!(Number::read(text), Err(reason), "{text:?}");
        }
    }
}

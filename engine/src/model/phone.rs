//! Telephone numbers in E.164 form.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An E.164 number (ITU-T E.164 §6): a country code that does not begin with 0, at most 15 digits in all.
///
/// Holding digits only, it cannot carry anything that a dial string would interpret. `Display` and `Debug` show
/// the last two digits alone, so that a number cannot slip into a log; [`Phone::e164`] gives the whole.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(u64);

/// Why a text is not an E.164 number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPhone {
    /// A character other than a digit after the plus sign.
    #[error("a number in international form has digits only after the `+`")]
    Character,
    /// Fewer than [`Phone::DIGITS_MIN`] or more than [`Phone::DIGITS_MAX`] digits.
    #[error("a number in international form has 7 to 15 digits")]
    Length,
    /// No plus sign in front, or a country code that begins with 0.
    #[error("a number in international form begins with `+` and the country code, such as +33")]
    Prefix,
}

impl Phone {
    /// The shortest numbers in use, country code included.
    pub const DIGITS_MIN: usize = 7;
    /// ITU-T E.164 §6.2.
    pub const DIGITS_MAX: usize = 15;

    /// The whole number, `+` and digits. For dialling, storing and people with the right to see it.
    pub fn e164(self) -> String {
        format!("+{}", self.0)
    }

    /// Whether the number begins with these digits, country code first.
    pub fn starts_with(self, digits: &str) -> bool {
        self.0.to_string().starts_with(digits)
    }
}

impl FromStr for Phone {
    type Err = BadPhone;
    fn from_str(text: &str) -> Result<Self, BadPhone> {
        let digits = text.strip_prefix('+').ok_or(BadPhone::Prefix)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadPhone::Character);
        }
        if digits.starts_with('0') {
            return Err(BadPhone::Prefix);
        }
        if !(Self::DIGITS_MIN..=Self::DIGITS_MAX).contains(&digits.len()) {
            return Err(BadPhone::Length);
        }
        digits.parse().map(Self).map_err(|_| BadPhone::Length)
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…{:02}", self.0 % 100)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.e164())
    }
}

#[cfg(feature = "schema")]
super::schema::text_schema!(Phone);

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plus_and_digits_become_a_number() {
        let cases = [
            ("+33199001234", Ok("+33199001234")),
            ("0199001234", Err(BadPhone::Prefix)),
            ("+0199001234", Err(BadPhone::Prefix)),
            ("+331990", Err(BadPhone::Length)),
            ("+3319900123456789", Err(BadPhone::Length)),
            ("+33199001234\r\nX: y", Err(BadPhone::Character)),
            ("1&PJSIP/x", Err(BadPhone::Prefix)),
            ("+${SHELL(id)}", Err(BadPhone::Character)),
            ("+33☎199001234", Err(BadPhone::Character)),
            ("", Err(BadPhone::Prefix)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Phone>().map(Phone::e164), expected.map(str::to_owned), "{text:?}");
        }
        assert_eq!("+".repeat(1024).parse::<Phone>(), Err(BadPhone::Character));
    }

    #[test]
    fn a_log_line_shows_two_digits() {
        let phone: Phone = "+33199001234".parse().unwrap();
        assert_eq!(format!("{phone} {phone:?}"), "…34 …34");
    }
}

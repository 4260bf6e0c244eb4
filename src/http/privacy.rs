//! Who sees a whole telephone number. The one rule, in one place.
//!
//! Whoever has the right `see_full_numbers` sees numbers whole, here as on the live stream; everybody else their last
//! digits. The one exception is an agent's own desk: whoever talks to somebody sees whom.

use cadran_engine::model::Phone;

/// A number in an answer, `whole` or its last digits.
pub(super) fn shown(phone: Phone, whole: bool) -> String {
    if whole { phone.e164() } else { phone.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_right_the_last_digits_are_left() {
        let phone: Phone = "+33199001234".parse().unwrap();
        assert_eq!(shown(phone, false), "…34");
        assert_eq!(shown(phone, true), "+33199001234");
    }
}

//! One-time passwords by the clock (RFC 6238, over RFC 4226), as authenticator apps show them: SHA-1, six digits,
//! thirty seconds.

use cadran_engine::model::Timestamp;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

/// Bytes of a secret: as many as the hash has (RFC 4226 §4, R6).
pub const SECRET_BYTES: usize = 20;

/// How long a code is shown.
const STEP_MS: i64 = 30_000;

/// Steps before and after the present one whose codes count too: clocks differ, and people type (RFC 6238 §5.2).
const DRIFT: i64 = 1;

/// The step whose code this is, later than `after`; none when it is not one of this moment.
pub fn step_of(secret: &[u8], code: &str, now: Timestamp, after: i64) -> Option<i64> {
    let present = now.as_millis().div_euclid(STEP_MS);
    // Every step is compared, so that the time that it takes tells nothing.
    let fits = |step: &i64| *step > after && same(code.as_bytes(), self::code(secret, *step).as_bytes());
    (present - DRIFT..=present + DRIFT).filter(fits).max()
}

/// What an app shows at a moment.
pub fn shown(secret: &[u8], at: Timestamp) -> String {
    code(secret, at.as_millis().div_euclid(STEP_MS))
}

/// What an app reads from a picture, to be shown as a QR code (the `otpauth` addresses of Google Authenticator).
pub fn address(secret: &[u8], login: &str) -> String {
    // A login has letters, digits and `.-_@`: nothing to escape but the last, which is allowed in a path.
    format!("otpauth://totp/Cadran:{login}?secret={}&issuer=Cadran", text(secret))
}

/// The secret for people who type it.
pub fn text(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// RFC 4226 §5.3.
fn code(secret: &[u8], step: i64) -> String {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return String::new() };
    mac.update(&step.to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    let at = usize::from(hash[19] & 0xf);
    let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// Compared in the same time wherever they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).fold(0, |differ, (one, other)| differ | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn the_codes_of_the_rfc_come_out() {
        // RFC 6238, appendix B, the last six digits of each.
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(SECRET, seconds / 30), expected);
            assert_eq!(step_of(SECRET, expected, at(seconds), 0), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_counts_for_a_while_and_once() {
        let shown = code(SECRET, 100);
        for (seconds, after, expected) in [
            (3_000, 0, Some(100)),
            (3_000 + 59, 0, Some(100)),
            (3_000 + 60, 0, None),
            (3_000 - 30, 0, Some(100)),
            (3_000 - 31, 0, None),
            (3_000, 100, None),
        ] {
            assert_eq!(step_of(SECRET, &shown, at(seconds), after), expected, "{seconds} {after}");
        }
        assert_eq!(step_of(SECRET, "", at(3_000), 0), None);
        assert_eq!(text(b"12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}

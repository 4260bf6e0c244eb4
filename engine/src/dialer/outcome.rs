//! What the network said, in one word.

use crate::model::{HangupCause, Outcome};

/// The outcome of a dial that nobody answered, from the reason that the network gave.
///
/// The SIP status wins where there is one, because it is what the carrier said; the Q.850 cause is Asterisk's
/// translation of it. A cause of 0 is no reason at all (asterisk/asterisk #963, #1660).
/// Sources: RFC 3261 §21, RFC 3398 §7.2.4.1, ITU-T Q.850 table 1.
pub fn from_hangup(cause: HangupCause) -> Outcome {
    match cause.sip {
        Some(486 | 600) => Outcome::Busy,
        Some(408 | 480 | 487) => Outcome::NoAnswer,
        Some(404 | 410 | 484 | 604) => Outcome::Unallocated,
        Some(401 | 403 | 407 | 603 | 607 | 608) => Outcome::Rejected,
        Some(500 | 502..=504 | 580) => Outcome::Congestion,
        Some(400..=699) => Outcome::Failed,
        Some(_) | None => from_q850(cause.q850),
    }
}

fn from_q850(cause: u16) -> Outcome {
    match cause {
        1 | 22 | 28 => Outcome::Unallocated,
        17 => Outcome::Busy,
        18..=20 => Outcome::NoAnswer,
        21 => Outcome::Rejected,
        34 | 38 | 41 | 42 | 44 | 47 => Outcome::Congestion,
        _ => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_the_carrier_wins_over_its_translation() {
        let cases = [
            (17, None, Outcome::Busy),
            (17, Some(486), Outcome::Busy),
            (19, Some(480), Outcome::NoAnswer),
            (34, Some(503), Outcome::Congestion),
            (1, Some(404), Outcome::Unallocated),
            (21, Some(603), Outcome::Rejected),
            (0, None, Outcome::Failed),
            (38, Some(488), Outcome::Failed),
            (16, Some(200), Outcome::Failed),
        ];
        for (q850, sip, outcome) in cases {
            assert_eq!(from_hangup(HangupCause { q850, sip }), outcome, "{q850} {sip:?}");
        }
    }
}

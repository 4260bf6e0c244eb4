//! The people and machines that are called, and what they do.

use std::time::Duration;

use cadran_engine::model::HangupCause;

use crate::chance::Chance;

/// What becomes of a dial, decided when it is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    /// When the far end begins to ring, if it does.
    pub(crate) rings_after: Option<Duration>,
    /// What comes of it.
    pub(crate) then: Then,
}

/// The end of the ringing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Somebody picks up after `after` and, left to themselves, hangs up `patience` later.
    PicksUp { after: Duration, patience: Duration },
    /// The network ends the dial.
    Ends { after: Duration, cause: HangupCause },
    /// Nothing more happens until somebody gives up.
    Silence,
}

const fn cause(q850: u16, sip: u16) -> HangupCause {
    HangupCause { q850, sip: Some(sip) }
}

/// The customer hung up.
pub(crate) const NORMAL: HangupCause = HangupCause { q850: 16, sip: None };

/// The trunk does not answer.
pub(crate) const UNREACHABLE: HangupCause = cause(38, 503);

#[derive(Clone, Copy)]
enum Kind {
    Answers,
    HangsUpAtOnce,
    Busy,
    NoAnswer,
    Unallocated,
    Congestion,
    Rejects,
    Failure,
}

/// Draws what becomes of a dial.
pub(crate) fn fate(chance: &mut Chance, answer_rate: f64) -> Fate {
    let ringing = Some(chance.millis(100, 1_500));
    let ends = |rings_after, after, cause| Fate { rings_after, then: Then::Ends { after, cause } };
    let rest = 1.0 - answer_rate;
    match chance.pick(&[
        (Kind::Answers, answer_rate * 0.95),
        (Kind::HangsUpAtOnce, answer_rate * 0.05),
        (Kind::Busy, rest * 0.3),
        (Kind::NoAnswer, rest * 0.4),
        (Kind::Unallocated, rest * 0.1),
        (Kind::Congestion, rest * 0.1),
        (Kind::Rejects, rest * 0.05),
        (Kind::Failure, rest * 0.05),
    ]) {
        Kind::Answers => picks_up(chance, ringing, Duration::from_secs(20)),
        Kind::HangsUpAtOnce => picks_up(chance, ringing, Duration::from_millis(60)),
        Kind::Busy => ends(None, chance.millis(200, 4_000), cause(17, 486)),
        Kind::NoAnswer => Fate { rings_after: ringing, then: Then::Silence },
        Kind::Unallocated => ends(None, chance.millis(100, 1_000), cause(1, 404)),
        Kind::Congestion => ends(None, chance.millis(100, 1_500), cause(34, 503)),
        Kind::Rejects => ends(ringing, chance.millis(2_000, 9_000), cause(21, 603)),
        Kind::Failure => ends(None, chance.millis(50, 500), HangupCause::default()),
    }
}

fn picks_up(chance: &mut Chance, rings_after: Option<Duration>, talk_mean: Duration) -> Fate {
    let after = chance.millis(1_600, 4_000) + chance.about(Duration::from_secs(5));
    let patience = Duration::from_millis(30) + chance.about(talk_mean);
    Fate { rings_after, then: Then::PicksUp { after, patience } }
}

/// What an agent's phone does when it rings.
pub(crate) fn phone_fate(chance: &mut Chance, works: bool) -> Fate {
    let then = if !works {
        Then::Ends { after: chance.millis(20, 300), cause: cause(20, 480) }
    } else if chance.happens(0.05) {
        Then::Silence
    } else {
        Then::PicksUp { after: chance.millis(300, 2_500), patience: Duration::from_secs(365 * 24 * 3600) }
    };
    Fate { rings_after: Some(Duration::from_millis(50)), then }
}

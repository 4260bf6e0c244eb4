//! When a campaign will have nobody left to call.
//!
//! Leads are a stock: it is fed by those that fall due and by dials that are to be repeated, and emptied at the pace of
//! the last dials. The stock is followed minute by minute, once at the pace that was seen, and once at each end of what
//! chance alone could have made of the true one.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Timestamp;

/// How far ahead anything is said. Beyond a day people change more than arithmetic can know.
pub const HORIZON: Duration = Duration::from_secs(24 * 3600);

/// Fewer dials than this say nothing of a pace.
pub const DIALS_MIN: u32 = 30;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Two standard deviations: what lies beyond is chance once in twenty times.
const DEVIATIONS: f64 = 2.0;

/// What is known of a campaign's leads and of its last dials.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stock {
    /// Leads that are due, or in hand already.
    pub due: u64,
    /// Leads that fall due within the first hour, the second one, and so on.
    pub falling_due: Vec<u64>,
    /// Dials within `span`.
    pub dials: u32,
    /// Of these, dials that have ended and whose lead is to be dialled again.
    pub repeated: u32,
    /// After how long, on average.
    pub repeat_after: Duration,
    /// How long the dials were counted.
    pub span: Duration,
}

/// When nobody is left to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhaustion {
    /// At the pace of the last dials.
    pub at: Timestamp,
    /// At the highest pace that chance may have hidden, with the fewest repetitions.
    pub earliest: Timestamp,
    /// At the lowest pace, with the most repetitions; none: not within [`HORIZON`].
    pub latest: Option<Timestamp>,
}

/// Why nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Too few dials, [`DIALS_MIN`] at least, to know a pace.
    NoPace,
    /// The leads last longer than [`HORIZON`].
    NotWithinADay,
}

/// When a campaign runs out of leads, if it goes on dialling as it did within the last `stock.span`.
pub fn forecast(stock: &Stock, now: Timestamp) -> Result<Exhaustion, Unknown> {
    if stock.dials < DIALS_MIN || stock.span.is_zero() {
        return Err(Unknown::NoPace);
    }
    let dials = f64::from(stock.dials);
    let spread = DEVIATIONS * dials.sqrt();
    let repeats = f64::from(stock.repeated) / dials;
    let repeats_spread = DEVIATIONS * (repeats * (1.0 - repeats) / dials).sqrt();
    let at = |dials: f64, repeats: f64| {
        let per_minute = dials / (stock.span.as_secs_f64() / MINUTE.as_secs_f64());
        empty_after(stock, per_minute, repeats.clamp(0.0, 1.0)).map(|wait| now + wait)
    };
    let expected = at(dials, repeats).ok_or(Unknown::NotWithinADay)?;
    Ok(Exhaustion {
        at: expected,
        earliest: at(dials + spread, repeats - repeats_spread).unwrap_or(expected),
        latest: at(dials - spread, repeats + repeats_spread),
    })
}

/// How long the stock lasts, to the minute.
fn empty_after(stock: &Stock, per_minute: f64, repeats: f64) -> Option<Duration> {
    let minutes_of =
        |span: Duration| usize::try_from(span.as_secs() / MINUTE.as_secs()).unwrap_or(usize::MAX);
    let horizon = minutes_of(HORIZON);
    let mut left = lossy(stock.due);
    // What comes back in each of the minutes to come.
    let mut returning: VecDeque<f64> = VecDeque::from(vec![0.0; horizon]);
    for minute in 0..horizon {
        let hour = minute / minutes_of(HOUR);
        let fallen = stock.falling_due.get(hour).copied().unwrap_or(0);
        left += lossy(fallen) / HOUR.as_secs_f64() * MINUTE.as_secs_f64();
        left += returning.pop_front().unwrap_or(0.0);
        let dialled = left.min(per_minute);
        left -= dialled;
        if let Some(later) = returning.get_mut(minutes_of(stock.repeat_after)) {
            *later += dialled * repeats;
        }
        if left < 1.0 && dialled < per_minute {
            return Some(MINUTE * u32::try_from(minute).unwrap_or(u32::MAX));
        }
    }
    None
}

/// Leads as a quantity to reckon with; no list is large enough to lose one.
fn lossy(leads: u64) -> f64 {
    f64::from(u32::try_from(leads).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn minutes(count: u32) -> Timestamp {
        NOW + MINUTE * count
    }

    /// A hundred dials in ten minutes.
    fn stock(due: u64) -> Stock {
        Stock { due, dials: 100, span: MINUTE * 10, repeat_after: MINUTE * 90, ..Stock::default() }
    }

    #[test]
    fn a_stock_lasts_as_long_as_the_pace_says() {
        let forecast = forecast(&stock(1000), NOW).unwrap();
        assert_eq!(forecast.at, minutes(100));
        // Ten dials a minute, plus or minus two a minute.
        assert_eq!((forecast.earliest, forecast.latest), (minutes(83), Some(minutes(125))));
    }

    #[test]
    fn what_falls_due_and_what_is_repeated_is_counted() {
        let cases = [
            // 60 leads within the first hour are one a minute; from then on ten a minute are dialled of what is left.
            (Stock { falling_due: vec![60], ..stock(540) }, 60),
            // Half of the dials come back after ninety minutes, when none of the first are left: too late to count.
            (Stock { repeated: 50, ..stock(500) }, 50),
            (Stock { repeated: 50, repeat_after: MINUTE, ..stock(500) }, 100),
            (stock(0), 0),
        ];
        for (stock, expected) in cases {
            let at = forecast(&stock, NOW).unwrap().at;
            let off = at.since(minutes(expected)).max(minutes(expected).since(at));
            assert!(off <= MINUTE * 2, "{stock:?}: {at}, not {}", minutes(expected));
        }
    }

    #[test]
    fn nothing_is_said_without_a_pace_or_beyond_a_day() {
        let quiet = Stock { dials: DIALS_MIN - 1, ..stock(1000) };
        assert_eq!(forecast(&quiet, NOW), Err(Unknown::NoPace));
        assert_eq!(forecast(&stock(1_000_000), NOW), Err(Unknown::NotWithinADay));
        let for_ever = Stock { repeated: 100, repeat_after: MINUTE, ..stock(1000) };
        assert_eq!(forecast(&for_ever, NOW), Err(Unknown::NotWithinADay));
    }
}

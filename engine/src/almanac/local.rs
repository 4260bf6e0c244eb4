//! Wall clocks: what a person's clock shows at an instant, and the instant at which it shows something.

use jiff::civil::Date;
use jiff::tz::Offset;

use crate::model::{Timestamp, Zone};

/// Milliseconds of a day on a wall clock. Zones change their offset, not the length of the days on the dial.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// What a wall clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WallClock {
    /// Days since 1970-01-01.
    pub(crate) day: i64,
    /// Milliseconds since midnight.
    pub(crate) ms: i64,
}

impl WallClock {
    /// What clocks in the zone show.
    pub(crate) fn read(zone: &Zone, at: Timestamp) -> Self {
        Self::at_offset(offset_ms(zone, at), at)
    }

    /// What a clock shows that is ahead of UTC by so many milliseconds.
    pub(crate) const fn at_offset(offset_ms: i64, at: Timestamp) -> Self {
        let shown = at.as_millis().saturating_add(offset_ms);
        Self { day: shown.div_euclid(DAY_MS), ms: shown.rem_euclid(DAY_MS) }
    }
}

/// How far clocks in the zone are ahead of UTC.
pub(crate) fn offset_ms(zone: &Zone, at: Timestamp) -> i64 {
    i64::from(zone.rules().to_offset(calendar(at)).seconds()) * 1000
}

/// When clocks in the zone next change their offset. `None`: never again.
pub(crate) fn next_change(zone: &Zone, after: Timestamp) -> Option<Timestamp> {
    let change = zone.rules().following(calendar(after)).next()?;
    Some(Timestamp::from_millis(change.timestamp().as_millisecond()))
}

/// The first instant of a day in the zone, which is not midnight where clocks skip midnight.
pub(crate) fn start_of_day(zone: &Zone, day: i64) -> Timestamp {
    let midnight = date(day).at(0, 0, 0, 0);
    match zone.rules().to_ambiguous_timestamp(midnight).compatible() {
        Ok(start) => Timestamp::from_millis(start.as_millisecond()),
        Err(_) => Timestamp::from_millis(i64::MAX),
    }
}

/// The date of a day.
pub(crate) fn date(day: i64) -> Date {
    Offset::UTC.to_datetime(calendar(Timestamp::from_millis(day.saturating_mul(DAY_MS)))).date()
}

/// The day of the week, Monday = 0.
pub(crate) const fn weekday(day: i64) -> usize {
    // 1970-01-01 was a Thursday.
    (day + 3).rem_euclid(7).unsigned_abs() as usize
}

/// The instant in the calendar's own type, held to the years the calendar knows.
fn calendar(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(if at.as_millis() < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

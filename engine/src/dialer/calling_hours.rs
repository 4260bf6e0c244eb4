//! Whether a lead may be called at this moment, in its own time.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp as Instant, ToSpan as _, tz::TimeZone};

use crate::model::{CallingHours, Timestamp, Window, Zone};

/// Whether calls may be placed, and if not, from when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hours {
    /// Calls may be placed.
    Open,
    /// No calls; the next window begins then, if one begins within [`LOOK_AHEAD_DAYS`].
    Closed(Option<Timestamp>),
}

/// How far ahead the next window is looked for. Beyond a fortnight a person should look at the settings.
pub const LOOK_AHEAD_DAYS: i8 = 14;

/// Whether `hours` allow a call to a place in `zone` at `now`.
pub fn at(hours: &CallingHours, zone: &Zone, now: Timestamp) -> Hours {
    let Ok(instant) = Instant::from_millisecond(now.as_millis()) else {
        return Hours::Closed(None);
    };
    let local = zone.rules().to_datetime(instant);
    let minute = minute_of(local.time());
    if windows_of(hours, local.date()).any(|window| (window.from..window.until).contains(&minute)) {
        return Hours::Open;
    }
    let opening = (0..=LOOK_AHEAD_DAYS).find_map(|days| {
        let date = local.date().checked_add(days.days()).ok()?;
        windows_of(hours, date)
            .filter(|window| window.from < window.until && (days > 0 || window.from > minute))
            .map(|window| window.from)
            .min()
            .and_then(|from| instant_of(date, from, zone.rules()))
    });
    Hours::Closed(opening)
}

/// When the last window of this day ends in `zone`, if one does after `now`.
pub fn closing(hours: &CallingHours, zone: &Zone, now: Timestamp) -> Option<Timestamp> {
    let instant = Instant::from_millisecond(now.as_millis()).ok()?;
    let date = zone.rules().to_datetime(instant).date();
    let until = windows_of(hours, date).map(|window| window.until).max()?;
    instant_of(date, until, zone.rules()).filter(|closing| *closing > now)
}

/// The hour of the day in `zone`, 0 to 23.
pub fn hour(zone: &Zone, now: Timestamp) -> usize {
    let instant = Instant::from_millisecond(now.as_millis());
    instant.map_or(0, |instant| usize::from(zone.rules().to_datetime(instant).hour().unsigned_abs()))
}

fn windows_of(hours: &CallingHours, date: Date) -> impl Iterator<Item = &Window> {
    let weekday = date.weekday().to_monday_one_offset();
    let closed = hours.closed_days.contains(&date);
    hours.windows.iter().filter(move |window| !closed && window.days.contains(&weekday))
}

fn minute_of(time: Time) -> u16 {
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

/// The instant at which clocks in `zone` show `local`. Where they show it twice the first time counts; where they skip
/// it, as long after the gap as it lies within.
pub fn instant_in(local: DateTime, zone: &Zone) -> Option<Timestamp> {
    instant(local, zone.rules())
}

/// The instant of a wall-clock minute; in a gap of summer time the first one after it.
fn instant_of(date: Date, minute: u16, rules: &TimeZone) -> Option<Timestamp> {
    let midnight = date.at(0, 0, 0, 0);
    instant(midnight.checked_add(i64::from(minute).minutes()).ok()?, rules)
}

fn instant(local: DateTime, rules: &TimeZone) -> Option<Timestamp> {
    let zoned = rules.to_ambiguous_zoned(local).compatible().ok()?;
    Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_utc(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<Instant>().unwrap().as_millisecond())
    }

    fn office() -> CallingHours {
        let window = |from, until| Window { days: vec![1, 2, 3, 4, 5], from, until };
        CallingHours {
            windows: vec![window(10 * 60, 13 * 60), window(14 * 60, 20 * 60)],
            closed_days: vec!["2026-05-01".parse().unwrap()],
        }
    }

    #[test]
    fn a_window_holds_its_first_minute_and_not_its_last() {
        let paris: Zone = "Europe/Paris".parse().unwrap();
        let cases = [
            ("2026-11-20T09:00:00Z", Hours::Open),
            ("2026-11-20T08:59:59Z", Hours::Closed(Some(at_utc("2026-11-20T09:00:00Z")))),
            ("2026-11-20T12:00:00Z", Hours::Closed(Some(at_utc("2026-11-20T13:00:00Z")))),
            ("2026-11-20T19:00:00Z", Hours::Closed(Some(at_utc("2026-11-23T09:00:00Z")))),
            ("2026-04-30T18:00:00Z", Hours::Closed(Some(at_utc("2026-05-04T08:00:00Z")))),
        ];
        for (now, expected) in cases {
            assert_eq!(at(&office(), &paris, at_utc(now)), expected, "{now}");
        }
    }

    #[test]
    fn the_hours_are_those_of_the_lead() {
        let reunion: Zone = "Indian/Reunion".parse().unwrap();
        assert_eq!(at(&office(), &reunion, at_utc("2026-11-20T06:00:00Z")), Hours::Open);
        assert_ne!(at(&office(), &reunion, at_utc("2026-11-20T16:30:00Z")), Hours::Open);
    }

    #[test]
    fn a_window_that_opens_in_the_gap_of_summer_time_opens_after_it() {
        let paris: Zone = "Europe/Paris".parse().unwrap();
        let night = CallingHours {
            windows: vec![Window { days: vec![7], from: 2 * 60 + 30, until: 5 * 60 }],
            closed_days: vec![],
        };
        let opens = at(&night, &paris, at_utc("2026-03-29T00:30:00Z"));
        assert_eq!(opens, Hours::Closed(Some(at_utc("2026-03-29T01:30:00Z"))));
    }

    #[test]
    fn a_day_closes_with_its_last_window() {
        let paris: Zone = "Europe/Paris".parse().unwrap();
        let closing = |text| closing(&office(), &paris, at_utc(text));
        assert_eq!(closing("2026-11-20T09:30:00Z"), Some(at_utc("2026-11-20T19:00:00Z")));
        assert_eq!(closing("2026-11-20T19:00:00Z"), None);
        assert_eq!(closing("2026-11-21T09:30:00Z"), None);
    }

    #[test]
    fn without_windows_it_never_opens() {
        assert_eq!(
            at(&CallingHours::default(), &Zone::utc(), at_utc("2026-11-20T06:00:00Z")),
            Hours::Closed(None)
        );
    }

    #[test]
    fn an_agreed_moment_is_the_persons_own() {
        let cases = [
            ("Europe/Paris", "2026-11-20T14:30:00", "2026-11-20T13:30:00Z"),
            ("Indian/Reunion", "2026-11-20T14:30:00", "2026-11-20T10:30:00Z"),
            // The day after the change to winter time is an hour later than the day before.
            ("Europe/Paris", "2026-10-24T09:00:00", "2026-10-24T07:00:00Z"),
            ("Europe/Paris", "2026-10-25T09:00:00", "2026-10-25T08:00:00Z"),
            // Shown twice, and not at all.
            ("Europe/Paris", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
            ("Europe/Paris", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
            ("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z"),
            ("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:45:00Z"),
        ];
        for (zone, local, expected) in cases {
            let zone: Zone = zone.parse().unwrap();
            assert_eq!(instant_in(local.parse().unwrap(), &zone), Some(at_utc(expected)), "{zone} {local}");
        }
    }
}

//! The hours in which people may be called, by their own clocks.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Holidays;
use super::local::{self, DAY_MS, WallClock};
use crate::model::{Timestamp, Zone};

/// How far ahead an opening is looked for. Windows that repeat by the week open within it, or never.
const HORIZON: Duration = Duration::from_secs(400 * 24 * 3600);

/// Spans of the day for each day of the week, Monday first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows([Vec<Span>; 7]);

/// A span of the day on the wall clock, in milliseconds since midnight; `until` is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    from: i64,
    until: i64,
}

impl Windows {
    /// Whether the windows are open in a zone.
    pub(crate) fn are_open(&self, zone: &Zone, holidays: Option<&Holidays>, at: Timestamp) -> bool {
        let clock = WallClock::read(zone, at);
        let spans = &self.0[local::weekday(clock.day)];
        spans.iter().any(|span| (span.from..span.until).contains(&clock.ms))
            && !is_holiday(holidays, clock.day)
    }

    /// The first instant, `at` or later, at which the windows are open in a zone. `None`: not within 400 days.
    ///
    /// Time is cut where the zone's clocks change. Between two changes clocks run evenly, so an hour that is skipped
    /// or shown twice needs no rule of its own.
    pub(crate) fn opening(
        &self,
        zone: &Zone,
        holidays: Option<&Holidays>,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let horizon = at + HORIZON;
        let mut from = at;
        while from < horizon {
            let change = local::next_change(zone, from).map_or(horizon, |change| change.min(horizon));
            let opening = self.opening_at_offset(local::offset_ms(zone, from), holidays, from, change);
            if opening.is_some() {
                return opening;
            }
            from = change;
        }
        None
    }

    /// The first open instant from `from` to `until`, while clocks are ahead of UTC by `offset_ms`.
    fn opening_at_offset(
        &self,
        offset_ms: i64,
        holidays: Option<&Holidays>,
        from: Timestamp,
        until: Timestamp,
    ) -> Option<Timestamp> {
        let first = WallClock::at_offset(offset_ms, from);
        let last = WallClock::at_offset(offset_ms, until);
        for day in first.day..=last.day {
            let earliest = if day == first.day { first.ms } else { 0 };
            let span = self.0[local::weekday(day)].iter().find(|span| span.until > earliest);
            let Some(span) = span.filter(|_| !is_holiday(holidays, day)) else {
                continue;
            };
            let opening = day * DAY_MS + span.from.max(earliest) - offset_ms;
            return Some(Timestamp::from_millis(opening)).filter(|opening| *opening < until);
        }
        None
    }
}

fn is_holiday(holidays: Option<&Holidays>, day: i64) -> bool {
    holidays.is_some_and(|holidays| holidays.contains(local::date(day)))
}

/// A window as a pack writes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowText {
    /// ISO days: 1 is Monday, 7 is Sunday.
    days: Vec<usize>,
    /// `HH:MM` on the person's clock.
    from: String,
    /// `HH:MM`, not included; `24:00` is the end of the day.
    to: String,
}

impl<'de> Deserialize<'de> for Windows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut windows = Self::default();
        for text in Vec::<WindowText>::deserialize(deserializer)? {
            windows.add(&text).map_err(serde::de::Error::custom)?;
        }
        windows.0.iter_mut().for_each(|spans| spans.sort_unstable());
        Ok(windows)
    }
}

impl Serialize for Windows {
    /// Each span as a window of one day.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let days = (1..).zip(&self.0);
        serializer.collect_seq(days.flat_map(|(day, spans)| {
            spans.iter().map(move |span| WindowText {
                days: vec![day],
                from: clock_text(span.from),
                to: clock_text(span.until),
            })
        }))
    }
}

/// Hours of a day.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursText {
    from: String,
    to: String,
}

/// Writes what [`every_day`] reads.
pub(crate) fn hours_of_a_day<S: Serializer>(windows: &Windows, serializer: S) -> Result<S::Ok, S::Error> {
    let spans = windows.0.first().map(Vec::as_slice).unwrap_or_default();
    serializer.collect_seq(
        spans.iter().map(|span| HoursText { from: clock_text(span.from), to: clock_text(span.until) }),
    )
}

/// Reads hours that hold on every day of the week, each `{"from": "09:00", "to": "12:00"}`.
pub(crate) fn every_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Windows, D::Error> {
    let mut windows = Windows::default();
    for HoursText { from, to } in Vec::deserialize(deserializer)? {
        let text = WindowText { days: (1..=7).collect(), from, to };
        windows.add(&text).map_err(serde::de::Error::custom)?;
    }
    windows.0.iter_mut().for_each(|spans| spans.sort_unstable());
    Ok(windows)
}

impl Windows {
    fn add(&mut self, text: &WindowText) -> Result<(), String> {
        let (Some(from), Some(until)) = (clock_ms(&text.from), clock_ms(&text.to)) else {
            return Err(format!(
                "a window from `{}` to `{}` is not written in hours and minutes, such as 09:00",
                text.from, text.to
            ));
        };
        if from >= until {
            return Err(format!("a window from {} to {} never opens", text.from, text.to));
        }
        for day in &text.days {
            let spans = day.checked_sub(1).and_then(|day| self.0.get_mut(day));
            spans
                .ok_or_else(|| format!("day {day} is no day of the week; Monday is 1, Sunday 7"))?
                .push(Span { from, until });
        }
        Ok(())
    }
}

/// What [`clock_ms`] reads.
fn clock_text(ms: i64) -> String {
    let minutes = ms / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn clock_ms(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let is_two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_two_digits(hours) || !is_two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let ms = (hours * 60 + minutes) * 60_000;
    (minutes < 60 && ms <= DAY_MS).then_some(ms)
}

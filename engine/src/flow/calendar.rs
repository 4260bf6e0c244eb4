//! Opening hours.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::almanac::local::{self, WallClock};
use crate::almanac::{Holidays, Windows, every_day, hours_of_a_day};
use crate::model::{CalendarId, Timestamp, Zone};

/// When somebody is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// The zone of its hours.
    #[serde(rename = "tz")]
    pub zone: Zone,
    /// The hours of each day of the week.
    #[serde(default)]
    pub open: Windows,
    /// Days on which nobody is there, by rule.
    #[serde(default)]
    pub holidays: Option<Holidays>,
    /// Days with hours of their own, which come before the rules.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// Opening hours with the name that flows and queues give them, `cln_1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpeningHours {
    /// The row.
    pub id: CalendarId,
    /// The hours, in the form of flows.
    pub calendar: Calendar,
}

/// A day with hours of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Which day.
    pub date: Date,
    /// Its hours. None: closed all day.
    #[serde(default, deserialize_with = "every_day", serialize_with = "hours_of_a_day")]
    pub open: Windows,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Somebody is.
    Open,
    /// Nobody is, by the hours of the day.
    Closed,
    /// Nobody is, because of a public holiday.
    Holiday,
}

impl Opening {
    /// The outlet of the node `hours`.
    pub const fn outlet(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Holiday => "holiday",
        }
    }
}

impl Calendar {
    /// The first instant, `at` or later, at which somebody is there; `None`: not within a year. Looked for in steps of a
    /// quarter of an hour, in which opening hours are written.
    pub fn opening(&self, at: Timestamp) -> Option<Timestamp> {
        const STEP_MS: i64 = 15 * 60 * 1000;
        const STEPS_MAX: i64 = 366 * 24 * 4;
        let first = at.as_millis().div_euclid(STEP_MS) + 1;
        let quarters = (first..first + STEPS_MAX).map(|quarter| Timestamp::from_millis(quarter * STEP_MS));
        std::iter::once(at).chain(quarters).find(|instant| self.at(*instant) == Opening::Open)
    }

    /// Whether somebody is there at an instant.
    pub fn at(&self, at: Timestamp) -> Opening {
        let date = local::date(WallClock::read(&self.zone, at).day);
        let is_in = |windows: &Windows| windows.are_open(&self.zone, None, at);
        if let Some(exception) = self.exceptions.iter().find(|exception| exception.date == date) {
            return if is_in(&exception.open) { Opening::Open } else { Opening::Closed };
        }
        if self.holidays.as_ref().is_some_and(|holidays| holidays.contains(date)) {
            return Opening::Holiday;
        }
        if is_in(&self.open) { Opening::Open } else { Opening::Closed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_french_office_is_open_by_day_and_not_on_holidays() {
        let office: Calendar = serde_json::from_str(
            r#"{"tz": "Europe/Paris", "open": [{"days": [1,2,3,4,5], "from": "09:00", "to": "18:00"}],
                "holidays": "fr", "exceptions": [
                    {"date": "2026-12-24", "open": [{"from": "09:00", "to": "12:00"}]},
                    {"date": "2026-12-31"}]}"#,
        )
        .unwrap();
        let cases = [
            ("2026-03-06T19:45:00+01:00", Opening::Closed),
            ("2026-03-06T09:00:00+01:00", Opening::Open),
            ("2026-03-06T18:00:00+01:00", Opening::Closed),
            ("2026-03-07T12:00:00+01:00", Opening::Closed),
            ("2026-04-06T10:00:00+02:00", Opening::Holiday),
            ("2026-07-14T03:00:00+02:00", Opening::Holiday),
            ("2026-12-24T11:59:00+01:00", Opening::Open),
            ("2026-12-24T14:00:00+01:00", Opening::Closed),
            ("2026-12-31T10:00:00+01:00", Opening::Closed),
        ];
        for (at, opening) in cases {
            let instant: jiff::Timestamp = at.parse().unwrap();
            assert_eq!(office.at(Timestamp::from_millis(instant.as_millisecond())), opening, "{at}");
        }
    }
    #[test]
    fn hours_read_back_as_they_were_written() {
        let office: Calendar = serde_json::from_str(
            r#"{"tz": "Europe/Paris", "open": [{"days": [1,2,3,4,5], "from": "09:00", "to": "12:30"},
                {"days": [1], "from": "14:00", "to": "24:00"}], "holidays": "us",
                "exceptions": [{"date": "2026-12-24", "open": [{"from": "09:00", "to": "12:00"}]},
                    {"date": "2026-12-31"}]}"#,
        )
        .unwrap();
        let text = serde_json::to_string(&office).unwrap();
        assert_eq!(serde_json::from_str::<Calendar>(&text).unwrap(), office, "{text}");
    }
}

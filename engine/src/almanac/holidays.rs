//! Public holidays, computed for any year.

use std::fmt;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The holidays of a country, as rules that hold in every year.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays(Vec<Holiday>);

/// One holiday.
///
/// In a pack: `05-01` (every first of May), `2026-12-24` (once), `easter`, `easter+1`, `easter-2` (days from Easter
/// Sunday), `11-4thu` (the fourth Thursday of November) or `05-lastmon` (the last Monday of May).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holiday {
    /// Days after Easter Sunday of the Western churches.
    Easter(i16),
    /// The same day every year.
    Fixed { month: i8, day: i8 },
    /// The nth such weekday of a month; -1 is the last.
    Nth { month: i8, nth: i8, weekday: Weekday },
    /// In one year only.
    Once(Date),
}

/// The text is no holiday.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) struct UnknownHoliday(String);

impl fmt::Display for UnknownHoliday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calendars: Vec<&str> = CALENDARS.iter().map(|(name, _)| *name).collect();
        write!(
            f,
            "`{}` is no holiday; name a calendar ({}) or list days such as 05-01, easter+1, 11-4thu, 2026-12-24",
            self.0,
            calendars.join(", ")
        )
    }
}

/// The calendars that a pack can name.
const CALENDARS: [(&str, &[&str]); 4] = [
    // Saturdays and Sundays are not holidays here: the windows leave them out.
    (
        "de_federal",
        &["01-01", "easter-2", "easter+1", "05-01", "easter+39", "easter+50", "10-03", "12-25", "12-26"],
    ),
    // The eleven days of the Code du travail, art. L3133-1. Good Friday and 26 December, holidays in Alsace and
    // Moselle by local law, are not among them.
    (
        "fr_L3133-1",
        &[
            "01-01",
            "easter+1",
            "05-01",
            "05-08",
            "easter+39",
            "easter+50",
            "07-14",
            "08-15",
            "11-01",
            "11-11",
            "12-25",
        ],
    ),
    // Law 260/1949 with law 54/1977 and its later changes; 4 October returns with law 151/2025.
    (
        "it",
        &[
            "01-01", "01-06", "easter", "easter+1", "04-25", "05-01", "06-02", "08-15", "10-04", "11-01",
            "12-08", "12-25", "12-26",
        ],
    ),
    // 5 U.S.C. 6103(a).
    (
        "us_federal",
        &[
            "01-01",
            "01-3mon",
            "02-3mon",
            "05-lastmon",
            "06-19",
            "07-04",
            "09-1mon",
            "10-2mon",
            "11-11",
            "11-4thu",
            "12-25",
        ],
    ),
];

/// Short names, for opening hours that follow a country without naming its law.
const ALIASES: [(&str, &str); 3] = [("de", "de_federal"), ("fr", "fr_L3133-1"), ("us", "us_federal")];

impl Holidays {
    /// Whether a date is one.
    pub fn contains(&self, date: Date) -> bool {
        let easter = easter(date.year());
        self.0.iter().any(|holiday| holiday.falls_on(date, easter))
    }

    fn named(name: &str) -> Result<Self, UnknownHoliday> {
        let full_name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, full)| full);
        let (_, days) = CALENDARS
            .iter()
            .find(|(calendar, _)| *calendar == full_name)
            .ok_or_else(|| UnknownHoliday(name.to_owned()))?;
        Self::listed(days)
    }

    fn listed<T: AsRef<str>>(days: &[T]) -> Result<Self, UnknownHoliday> {
        let days: Result<Vec<Holiday>, _> = days.iter().map(|day| Holiday::read(day.as_ref())).collect();
        days.map(Self)
    }
}

impl Holiday {
    /// Whether it falls on a date, in a year with this Easter Sunday.
    fn falls_on(self, date: Date, easter: Date) -> bool {
        match self {
            // Only the day of the year is compared, because no offset leads out of the year.
            Self::Easter(days) => date.day_of_year() == easter.day_of_year() + days,
            Self::Fixed { month, day } => date.month() == month && date.day() == day,
            Self::Nth { month, nth, weekday } => {
                date.month() == month
                    && date.nth_weekday_of_month(nth, weekday).is_ok_and(|nth_day| nth_day == date)
            }
            Self::Once(day) => date == day,
        }
    }

    fn read(text: &str) -> Result<Self, UnknownHoliday> {
        let unknown = || UnknownHoliday(text.to_owned());
        if let Some(days) = text.strip_prefix("easter") {
            let days = if days.is_empty() { Ok(0) } else { days.parse() };
            return days.ok().filter(|days| (-80..=200).contains(days)).map(Self::Easter).ok_or_else(unknown);
        }
        if let Ok(date) = text.parse::<Date>() {
            return Ok(Self::Once(date));
        }
        let (month, day) = text.split_once('-').ok_or_else(unknown)?;
        let month: i8 = month.parse().map_err(|_| unknown())?;
        if let Ok(day) = day.parse() {
            // A leap year, so that 02-29 may be one.
            return Date::new(2024, month, day).map(|_| Self::Fixed { month, day }).map_err(|_| unknown());
        }
        let (nth, weekday) = day.split_at_checked(day.len().saturating_sub(3)).ok_or_else(unknown)?;
        let nth = match nth {
            "last" => -1,
            nth => nth.parse().ok().filter(|nth| (1..=5).contains(nth)).ok_or_else(unknown)?,
        };
        let weekday = weekday_named(weekday).ok_or_else(unknown)?;
        (1..=12).contains(&month).then_some(Self::Nth { month, nth, weekday }).ok_or_else(unknown)
    }
}

impl fmt::Display for Holiday {
    /// What [`Holiday::read`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Easter(0) => f.write_str("easter"),
            Self::Easter(days) => write!(f, "easter{days:+}"),
            Self::Fixed { month, day } => write!(f, "{month:02}-{day:02}"),
            Self::Nth { month, nth: -1, weekday } => write!(f, "{month:02}-last{}", weekday_name(*weekday)),
            Self::Nth { month, nth, weekday } => write!(f, "{month:02}-{nth}{}", weekday_name(*weekday)),
            Self::Once(date) => fmt::Display::fmt(date, f),
        }
    }
}

impl Serialize for Holidays {
    /// The days, as a list: the name of the calendar that they came from is not kept.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Holiday::to_string))
    }
}

const fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    }
}

fn weekday_named(name: &str) -> Option<Weekday> {
    Some(match name {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// Easter Sunday in the Gregorian calendar, by the anonymous algorithm (Meeus, Astronomical Algorithms, ch. 8).
fn easter(year: i16) -> Date {
    // The dates of Easter repeat after 5,700,000 years, so years before the first are as good as later ones.
    let year_number = i32::from(year).rem_euclid(5_700_000);
    let (a, b, c) = (year_number.rem_euclid(19), year_number.div_euclid(100), year_number.rem_euclid(100));
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - b / 4 - g + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let days_after_march = h + l - 7 * m + 114;
    let month = if days_after_march / 31 == 3 { 3 } else { 4 };
    let day = i8::try_from(days_after_march % 31 + 1).unwrap_or(1);
    Date::constant(year, month, day)
}

impl<'de> Deserialize<'de> for Holidays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text {
            Calendar(String),
            Days(Vec<String>),
        }
        let holidays = match Text::deserialize(deserializer)? {
            Text::Calendar(name) => Self::named(&name),
            Text::Days(days) => Self::listed(&days),
        };
        holidays.map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_falls_where_the_church_has_it() {
        let known = [(2000, 4, 23), (2008, 3, 23), (2011, 4, 24), (2024, 3, 31), (2026, 4, 5), (2038, 4, 25)];
        for (year, month, day) in known {
            assert_eq!(easter(year), Date::constant(year, month, day));
        }
    }

    #[test]
    fn easter_is_a_spring_sunday_in_every_year_of_the_calendar() {
        for year in -9999..=9999 {
            let sunday = easter(year);
            assert_eq!(sunday.weekday(), Weekday::Sunday, "{year}");
            assert!((3..=4).contains(&sunday.month()), "{year}");
        }
    }

    #[test]
    fn every_kind_of_holiday_is_read() {
        let holidays =
            Holidays::listed(&["05-01", "easter+39", "11-4thu", "05-lastmon", "2026-12-24"]).unwrap();
        let days = ["2026-05-01", "2026-05-14", "2026-11-26", "2026-05-25", "2026-12-24"];
        for day in days {
            assert!(holidays.contains(day.parse().unwrap()), "{day}");
        }
        for day in ["2027-12-24", "2026-11-19", "2026-05-18"] {
            assert!(!holidays.contains(day.parse().unwrap()), "{day}");
        }
    }

    #[test]
    fn every_calendar_reads_and_nonsense_does_not() {
        for (name, days) in CALENDARS {
            assert_eq!(Holidays::named(name).unwrap().0.len(), days.len());
        }
        for (alias, full) in ALIASES {
            assert_eq!(Holidays::named(alias), Holidays::named(full));
        }
        for text in
            ["", "13-01", "02-30", "11-6thu", "11-4thx", "easter+x", "easter+900", "☎", "é-ab", "01-☎"]
        {
            assert!(Holidays::listed(&[text]).is_err(), "{text}");
        }
    }
}

//! Calling days and hours.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time zone by its IANA name, such as `Europe/Paris` or `Indian/Reunion`.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// The name is in no time-zone database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time zone; use an IANA name such as Europe/Paris")]
pub struct UnknownZone(pub String);

impl Zone {
    /// The zone's rules.
    pub const fn rules(&self) -> &TimeZone {
        &self.0
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Coordinated Universal Time.
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;
    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        TimeZone::get(name).map(Self).map_err(|_| UnknownZone(name.to_owned()))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(feature = "schema")]
super::schema::text_schema!(Zone);

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// When a campaign may call, in the lead's own time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallingHours {
    /// A moment is open when one of the windows holds it. None at all: never.
    pub windows: Vec<Window>,
    /// Days without calls, as `YYYY-MM-DD` in the lead's own calendar.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub closed_days: Vec<jiff::civil::Date>,
}

impl CallingHours {
    /// Every minute of every day.
    pub fn always() -> Self {
        let windows = vec![Window { days: (1..=7).collect(), from: 0, until: Window::DAY }];
        Self { windows, closed_days: Vec::new() }
    }

    /// When French law lets consumers be called (decree 2022-1313): Monday to Friday, 10 to 13 and 14 to 20.
    pub fn french_consumers() -> Self {
        let window =
            |from: u16, until: u16| Window { days: (1..=5).collect(), from: from * 60, until: until * 60 };
        Self { windows: vec![window(10, 13), window(14, 20)], closed_days: Vec::new() }
    }
}

/// A span of the day on some days of the week, `from` included, `until` not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// ISO days: 1 is Monday, 7 is Sunday.
    pub days: Vec<i8>,
    /// Minutes after midnight.
    pub from: u16,
    /// Minutes after midnight; 1,440 is the end of the day.
    pub until: u16,
}

impl Window {
    /// Minutes of a day.
    pub const DAY: u16 = 1440;
}

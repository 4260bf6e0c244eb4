//! Numbers that a document may hold, and the sizes beyond which it is refused.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A document larger than this is refused unread: a flow of a thousand nodes has about 300 kB.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// More nodes than anybody can draw, few enough that checking stays below a tenth of a second.
pub const NODES_MAX: usize = 1_000;
/// Variables of one flow.
pub const VARIABLES_MAX: usize = 200;
/// Parts of one prompt, cases of one branch, keys of one map.
pub const ITEMS_MAX: usize = 100;
/// Length of an id of a node or variable, beyond its first letter.
pub const ID_TAIL_MAX: usize = 40;
/// Bytes of a variable's value, so that an expression cannot grow one without end.
pub const VALUE_BYTES_MAX: usize = 4_096;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Within<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Within<MIN, MAX> {
    /// The number itself.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Within<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        u32::try_from(number)
            .ok()
            .filter(|number| (MIN..=MAX).contains(number))
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{number} is not from {MIN} to {MAX}")))
    }
}

/// How long a caller is given, in milliseconds.
pub type WaitMs = Within<100, 120_000>;
/// How often a caller is asked.
pub type Tries = Within<1, 10>;
/// A span in seconds, from one second to a day.
pub type Seconds = Within<1, 86_400>;
/// A share in percent.
pub type Percent = Within<0, 100>;

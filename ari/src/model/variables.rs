//! Variables, as read and as set.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::models;

models! {
    /// The value of a variable.
    pub struct Variable {
        /// The value.
        pub value: String,
    }

    /// The values of several variables.
    pub struct Variables {
        /// The values by name.
        pub variables: BTreeMap<String, String>,
    }
}

/// Variables to set, by name.
pub type NewVariables = BTreeMap<String, NewVariable>;

/// The value to give to a variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewVariable {
    /// The value.
    pub value: String,
    /// Whether events about the object carry the variable (Asterisk 22.11, 23.5 and later).
    pub report_events: bool,
}

impl<T: Into<String>> From<T> for NewVariable {
    fn from(value: T) -> Self {
        Self { value: value.into(), report_events: false }
    }
}

/// Plain text unless the variable is reported, because earlier versions take nothing but text.
impl Serialize for NewVariable {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Reported<'a> {
            value: &'a str,
            report_events: bool,
        }

        if self.report_events {
            Reported { value: &self.value, report_events: true }.serialize(to)
        } else {
            to.serialize_str(&self.value)
        }
    }
}

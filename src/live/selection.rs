//! What of a table a subscription shows: which rows, which fields, and whether numbers are whole.

use std::fmt;

use serde_json::Value;

use super::rights::{Rights, Sees};
use super::table::{Row, Table};
use super::topic::Topic;

/// A column that must have one of some values, or another one that must. A list has a value when it contains it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Condition {
    column: String,
    /// As JSON. Nothing matches when there is none.
    values: Vec<String>,
    or: Option<Box<Condition>>,
}

impl Condition {
    /// The column must have one of these identifiers.
    pub(super) fn one_of(column: &str, ids: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        Self::any(column, ids.into_iter().map(|id| Value::from(id.to_string())))
    }

    /// The column must have one of these values.
    pub(super) fn any(column: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let values = values.into_iter().map(|value| value.to_string()).collect();
        Self { column: column.to_owned(), values, or: None }
    }

    /// This, or that.
    pub(super) fn or(self, other: Self) -> Self {
        Self { or: Some(Box::new(other)), ..self }
    }

    /// Whether a row holds it that is not in a table.
    pub(super) fn holds_for(&self, row: &Value) -> bool {
        self.accepts(&row[&self.column].to_string())
            || self.or.as_ref().is_some_and(|other| other.holds_for(row))
    }

    fn holds(&self, table: &Table, row: &Row) -> bool {
        table.value(row, &self.column).is_some_and(|value| self.accepts(value))
            || self.or.as_ref().is_some_and(|other| other.holds(table, row))
    }

    fn accepts(&self, value: &str) -> bool {
        let is_list = value.starts_with('[');
        // Within a list a value stands in quotes of its own; a quote inside another value is escaped.
        self.values.iter().any(|wanted| value == wanted || is_list && value.contains(wanted.as_str()))
    }
}

/// What a viewer asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    /// All of them must hold.
    pub(super) conditions: Vec<Condition>,
    /// These fields only; all of them when none is named.
    pub(super) fields: Option<Vec<String>>,
}

/// What of a table a subscription shows: what was asked for, and may be seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Selection {
    asked: Asked,
    /// All of them must hold too.
    granted: Vec<Condition>,
    /// Whether telephone numbers are whole.
    numbers: bool,
    /// Columns that are not shown.
    hidden: &'static [&'static str],
}

impl Selection {
    /// What these rights leave of what was asked for; none when the topic may not be followed at all.
    pub(super) fn under(rights: &Rights, topic: &Topic, asked: Asked) -> Option<Self> {
        let hidden = match rights.sees {
            Sees::Everything => &[],
            Sees::Figures | Sees::Own => topic.table().for_staff(),
        };
        Some(Self { asked, granted: rights.narrow(topic)?, numbers: rights.numbers, hidden })
    }

    /// The same under other rights.
    pub(super) fn again_under(&self, rights: &Rights, topic: &Topic) -> Option<Self> {
        Self::under(rights, topic, self.asked.clone())
    }

    /// Whether every row is shown.
    pub(super) const fn is_everything(&self) -> bool {
        self.asked.conditions.is_empty() && self.granted.is_empty()
    }

    pub(super) fn shows(&self, table: &Table, row: &Row) -> bool {
        self.granted.iter().chain(&self.asked.conditions).all(|condition| condition.holds(table, row))
    }

    /// Writes what changed in a row after `rev`; says whether anything did that is shown.
    pub(super) fn write(&self, table: &Table, row: &Row, rev: u64, out: &mut String) -> bool {
        let wanted = |column: &str| {
            let asked = self.asked.fields.as_ref();
            !self.hidden.contains(&column)
                && asked.is_none_or(|asked| asked.iter().any(|name| name == column))
        };
        table.write(row, rev, self.numbers, wanted, out)
    }
}

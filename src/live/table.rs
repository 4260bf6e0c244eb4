//! One synchronised table: rows, the order in which they changed, and the keys that are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use cadran_engine::model::Phone;
use serde_json::{Map, Value};

/// Names a row.
pub(super) type Key = Arc<str>;

/// Keys that are remembered after their row is gone: two minutes of the busiest floor. Whoever was away for longer is
/// sent the table anew, which is smaller.
const TOMBSTONES_MAX: usize = 8_192;

/// A row. Each field is written out once, for all who will read it.
#[derive(Debug)]
pub(super) struct Row {
    /// When it changed last.
    pub(super) rev: u64,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    /// When it changed last.
    rev: u64,
    /// As JSON.
    text: Box<str>,
    /// As JSON, for those who may not see it whole.
    masked: Option<Box<str>>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// The name as it stands before a value in JSON.
    label: String,
    masked: bool,
}

/// One synchronised table.
#[derive(Debug)]
pub(super) struct Table {
    /// Which columns hold a telephone number.
    numbers: &'static [&'static str],
    columns: Vec<Column>,
    rows: BTreeMap<Key, Row>,
    rows_by_rev: BTreeSet<(u64, Key)>,
    gone: BTreeMap<Key, u64>,
    gone_by_rev: BTreeSet<(u64, Key)>,
    /// The latest removal that is not remembered any more.
    horizon: u64,
}

impl Table {
    pub(super) const fn new(numbers: &'static [&'static str]) -> Self {
        Self {
            numbers,
            columns: Vec::new(),
            rows: BTreeMap::new(),
            rows_by_rev: BTreeSet::new(),
            gone: BTreeMap::new(),
            gone_by_rev: BTreeSet::new(),
            horizon: 0,
        }
    }

    /// Keeps a row. Only those of its fields that differ count as changed.
    pub(super) fn put(&mut self, rev: u64, key: Key, values: &Map<String, Value>) {
        self.know_columns(values);
        if let Some(gone_at) = self.gone.remove(&key) {
            self.gone_by_rev.remove(&(gone_at, key.clone()));
        }
        let before = self.rows.remove(&key);
        if let Some(before) = &before {
            self.rows_by_rev.remove(&(before.rev, key.clone()));
        }
        let mut before = before.map(|row| row.fields).unwrap_or_default().into_iter();
        let field = |column: &Column| {
            let value = values.get(&column.name).unwrap_or(&Value::Null);
            let text = value.to_string().into_boxed_str();
            match before.next() {
                Some(unchanged) if unchanged.text == text => unchanged,
                _ => Field {
                    rev,
                    text,
                    masked: column.masked.then(|| mask(value).to_string().into_boxed_str()),
                },
            }
        };
        let fields = self.columns.iter().map(field).collect();
        self.rows_by_rev.insert((rev, key.clone()));
        self.rows.insert(key, Row { rev, fields });
    }

    fn know_columns(&mut self, values: &Map<String, Value>) {
        for name in values.keys() {
            if self.columns.iter().all(|column| column.name != *name) {
                let label = format!("{}:", Value::from(name.as_str()));
                let masked = self.numbers.contains(&name.as_str());
                self.columns.push(Column { name: name.clone(), label, masked });
            }
        }
    }

    /// Removes a row and remembers for a while that it is gone.
    pub(super) fn remove(&mut self, rev: u64, key: &str) {
        let Some((key, row)) = self.rows.remove_entry(key) else { return };
        self.rows_by_rev.remove(&(row.rev, key.clone()));
        self.gone_by_rev.insert((rev, key.clone()));
        self.gone.insert(key, rev);
        while self.gone.len() > TOMBSTONES_MAX
            && let Some((rev, key)) = self.gone_by_rev.pop_first()
        {
            self.gone.remove(&key);
            self.horizon = rev;
        }
    }

    /// Whether everything that was removed since is remembered.
    pub(super) const fn reaches_back_to(&self, rev: u64) -> bool {
        rev >= self.horizon
    }

    /// Rows that changed after `rev`, in the order in which they did.
    pub(super) fn changed_since(&self, rev: u64) -> impl Iterator<Item = (&Key, &Row)> {
        since(&self.rows_by_rev, rev).filter_map(|key| self.rows.get_key_value(key))
    }

    /// Keys whose rows were removed after `rev`.
    pub(super) fn gone_since(&self, rev: u64) -> impl Iterator<Item = &Key> {
        since(&self.gone_by_rev, rev)
    }

    /// Rows in the order of their keys, from behind `after`.
    pub(super) fn rows_after(&self, after: Option<&Key>) -> impl Iterator<Item = (&Key, &Row)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range::<Key, _>((from, Bound::Unbounded))
    }

    /// The value in a column, as JSON.
    pub(super) fn value<'a>(&self, row: &'a Row, column: &str) -> Option<&'a str> {
        let index = self.columns.iter().position(|known| known.name == column)?;
        row.fields.get(index).map(|field| &*field.text)
    }

    /// Writes the fields of a row that changed after `rev` as a JSON object, of the columns that are
    /// `wanted`. Says whether there were any.
    pub(super) fn write(
        &self,
        row: &Row,
        rev: u64,
        whole_numbers: bool,
        wanted: impl Fn(&str) -> bool,
        out: &mut String,
    ) -> bool {
        let begin = out.len();
        out.push('{');
        for (column, field) in self.columns.iter().zip(&row.fields) {
            if field.rev <= rev || !wanted(&column.name) {
                continue;
            }
            if out.len() > begin + 1 {
                out.push(',');
            }
            out.push_str(&column.label);
            out.push_str(match &field.masked {
                Some(masked) if !whole_numbers => masked,
                Some(_) | None => &field.text,
            });
        }
        out.push('}');
        out.len() > begin + 2
    }
}

fn since(index: &BTreeSet<(u64, Key)>, rev: u64) -> impl Iterator<Item = &Key> {
    // The empty key sorts before all others, so this is where the next revision begins.
    index.range((rev.saturating_add(1), Key::from(""))..).map(|(_, key)| key)
}

/// A telephone number as those see it who may not see it whole: its last two digits. Anything else vanishes.
pub(super) fn mask(value: &Value) -> Value {
    let phone = value.as_str().and_then(|text| text.parse::<Phone>().ok());
    phone.map_or(Value::Null, |phone| Value::from(phone.to_string()))
}

//! Which columns a file of leads needs.

use super::db::Sql;
use super::value::Row;
use super::{Error, LeadFilter, Store};

/// Fields that a file of leads has columns for, as many as a file that is imported may have.
const FIELDS_MAX: u16 = 200;

/// What some leads have beside what every lead has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeadColumns {
    /// Further numbers of the lead with the most.
    pub alternates: usize,
    /// The names of their fields, in alphabetical order.
    pub fields: Vec<String>,
}

const WIDTH: Sql = Sql {
    postgres: "select cast(coalesce(max(jsonb_array_length(alternates)), 0) as bigint) as width from lead",
    sqlite: "select coalesce(max(json_array_length(alternates)), 0) as width from lead",
};

const FIELDS: Sql = Sql {
    postgres: "select distinct field from lead cross join lateral jsonb_object_keys(fields) as field",
    sqlite: "select distinct told.key as field from lead cross join json_each(lead.fields) as told",
};

impl Store {
    /// What columns a file of these leads needs.
    pub async fn lead_columns(&self, filter: LeadFilter) -> Result<LeadColumns, Error> {
        let width = self.leads_of(WIDTH, filter).page(&self.db, "width", 1).await?;
        let fields = self.leads_of(FIELDS, filter).page(&self.db, "field", FIELDS_MAX).await?;
        let width: u32 = width.first().map_or(Ok(0), |row| row.get("width"))?;
        Ok(LeadColumns {
            alternates: usize::try_from(width).unwrap_or_default(),
            fields: fields.iter().map(|row: &Row| row.get("field")).collect::<Result<_, _>>()?,
        })
    }
}

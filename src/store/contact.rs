//! People whom a flow looks for: the leads of all lists, or of one.

use cadran_engine::flow::nodes::LookupSource;
use cadran_engine::model::{LeadId, ListId, Phone};
use serde_json::{Map, Value as Json};

use super::db::Select;
use super::value::Value;
use super::{Error, Store};

/// Rows that are given. A flow tells one from several, no more.
const ROWS_MAX: u16 = 10;

impl Store {
    /// The rows in which the field `by` is `key`: `phone` and `name`, or a field of the file that brought them. `None`:
    /// there is no such source. A look-up by number reads an index; one by another field reads the whole list.
    pub async fn contacts(
        &self,
        source: &LookupSource,
        by: &str,
        key: &str,
    ) -> Result<Option<Vec<Json>>, Error> {
        let list = match source {
            LookupSource::Contacts => None,
            LookupSource::List(list) => match list.parse::<ListId>() {
                Ok(list) => Some(list),
                Err(_) => return Ok(None),
            },
            LookupSource::Table(_) => return Ok(None),
        };
        let select =
            Select::new("select lead_id, list_id, phone, name, fields from lead").narrow("list_id = ?", list);
        let select = match by {
            "phone" => match key.parse::<Phone>() {
                Ok(phone) => select.narrow("phone = ?", Some(phone)),
                Err(_) => return Ok(Some(Vec::new())),
            },
            "name" => select.narrow("name = ?", Some(key)),
            field => select.narrow_all("fields ->> ? = ?", Some(vec![Value::from(field), Value::from(key)])),
        };
        let rows = select.page(&self.db, "lead_id desc", ROWS_MAX).await?;
        let contact = |row: &super::value::Row| {
            let mut contact: Map<String, Json> = row.json("fields")?;
            let (lead, list): (LeadId, ListId) = (row.get("lead_id")?, row.get("list_id")?);
            contact.insert("lead".to_owned(), lead.to_string().into());
            contact.insert("list".to_owned(), list.to_string().into());
            contact.insert("phone".to_owned(), row.get::<String>("phone")?.into());
            contact.insert("name".to_owned(), row.get::<String>("name")?.into());
            Ok(Json::Object(contact))
        };
        rows.iter().map(contact).collect::<Result<_, Error>>().map(Some)
    }
}

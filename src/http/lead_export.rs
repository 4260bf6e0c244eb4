//! Leads taken away as a file that a spreadsheet opens, and that an import reads again.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::model::{CampaignId, LeadId, LeadState, ListId, Phone};
use futures_util::stream;
use serde::Deserialize;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{ExportsLeads, SignedIn};
use super::error::Error;
use super::extract::Json;
use super::imports::{BYTE_ORDER_MARK, to_line};
use super::privacy::shown;
use crate::import::safe_cell;
use crate::store::{DoneReason, LeadColumns, LeadFilter, LeadOrder, LeadRecord, Page, Store};

/// Which leads are wanted, and in which order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LeadExport {
    /// Of one campaign.
    campaign: Option<CampaignId>,
    /// Of one list.
    list: Option<ListId>,
    /// With this preferred number, with its country code.
    #[schema(value_type = Option<String>)]
    phone: Option<Phone>,
    /// In one state.
    state: Option<LeadState>,
    /// As in the listing.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    order: LeadOrder,
}

/// Leads as a file: `;` between the cells, UTF-8, a header, further numbers and every field in columns of their own. A
/// cell that a spreadsheet would run as a formula begins with an apostrophe, which an import takes off again. Numbers are
/// whole for whoever has the right `see_full_numbers`. Every export is in the audit log, with what was asked for.
#[utoipa::path(post, path = "/api/leads/export", tag = "leads", request_body = LeadExport,
    responses((status = 200, description = "The leads", body = str, content_type = "text/csv")))]
pub(super) async fn export(
    session: SignedIn<ExportsLeads>,
    State(app): State<App>,
    Json(wanted): Json<LeadExport>,
) -> Result<Response, Error> {
    let store = session.store(&app);
    let LeadExport { campaign, list, phone, state, order } = wanted;
    let filter = LeadFilter { campaign, list, phone, state };
    let columns = store.lead_columns(filter).await?;
    let (by_campaign, by_list) = (campaign.map(|id| id.to_string()), list.map(|id| id.to_string()));
    tracing::info!(target: "audit", {
        user.id = %session.id(), campaign.id = by_campaign, list.id = by_list, state = state.map(LeadState::as_str)
    }, "leads exported");
    let head = format!("{BYTE_ORDER_MARK}{}", to_line(&header_of(&columns)));
    let read =
        Reading { store, filter, order, columns, whole: session.sees_numbers(), place: Place::Top(head) };
    // A page that cannot be read breaks the answer off: the reader sees that the file is cut.
    let lines = stream::try_unfold(read, Reading::next);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"leads.csv\""),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// The columns before those of further numbers and of fields.
const OWN: [&str; 14] = [
    "lead",
    "campaign",
    "list",
    "state",
    "done_reason",
    "held_because",
    "due_at",
    "callback",
    "priority",
    "created_at",
    "updated_at",
    "name",
    "zone",
    "phone",
];

fn header_of(columns: &LeadColumns) -> Vec<String> {
    let own: BTreeSet<&str> = OWN.into();
    let further = (2..).take(columns.alternates).map(|number| format!("phone_{number}"));
    let fields = columns
        .fields
        .iter()
        .map(|name| if own.contains(name.as_str()) { format!("field_{name}") } else { name.clone() });
    OWN.into_iter().map(str::to_owned).chain(further).chain(fields).collect()
}

/// How far an export has come: one page is in memory at a time.
struct Reading {
    store: Store,
    filter: LeadFilter,
    order: LeadOrder,
    columns: LeadColumns,
    whole: bool,
    place: Place,
}

enum Place {
    /// The header is to be written.
    Top(String),
    /// Leads behind this one.
    After(Option<LeadId>),
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, crate::store::Error> {
        let after = match std::mem::replace(&mut self.place, Place::After(None)) {
            Place::Top(head) => return Ok(Some((Bytes::from(head), self))),
            Place::After(after) => after,
        };
        let page = Page { after, ..Page::first() };
        let leads = self.store.leads(self.filter, self.order, page).await?;
        let Some(last) = leads.last().map(|record| record.lead.id) else { return Ok(None) };
        self.place = Place::After(Some(last));
        let lines: String = leads.iter().map(|record| to_line(&self.cells(record))).collect();
        Ok(Some((Bytes::from(lines), self)))
    }

    fn cells(&self, record: &LeadRecord) -> Vec<String> {
        let LeadRecord { lead, fields, .. } = record;
        let own = [
            lead.id.to_string(),
            record.campaign.to_string(),
            lead.list.to_string(),
            record.state.as_str().to_owned(),
            record.done_reason.map(DoneReason::as_str).unwrap_or_default().to_owned(),
            record.held_because.map(Reason::as_str).unwrap_or_default().to_owned(),
            record.due_at.to_string(),
            record.callback.to_string(),
            record.priority.to_string(),
            record.created_at.to_string(),
            record.updated_at.to_string(),
            record.name.clone(),
            lead.zone.to_string(),
            shown(lead.phone, self.whole),
        ];
        let further = (0..self.columns.alternates).map(|index| {
            lead.alternates.get(index).map(|phone| shown(*phone, self.whole)).unwrap_or_default()
        });
        let fields = self.columns.fields.iter().map(|name| match fields.get(name) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        });
        let cells = own.into_iter().chain(further).chain(fields);
        cells.map(|cell| safe_cell(&cell).into_owned()).collect()
    }
}

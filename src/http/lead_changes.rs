//! Leads that people add one by one, correct, and have begin again.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use cadran_engine::model::{LeadId, ListId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{CampaignManager, SignedIn};
use super::check::{Check, is_field_name};
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Path, Versioned};
use super::imports::new_lead;
use super::leads::{LeadBody, body, find};
use super::uploads::{DEFAULT_REGION, DEFAULT_ZONE};
use crate::import::{self, Column, Meaning};
use crate::store::{LeadChange, NotReset};
use crate::words::Language;

const NOUN: &str = "lead";

/// The longest name of a person or company.
const NAME_CHARS_MAX: usize = 200;

/// Further numbers, and fields, of one lead.
const ALTERNATES_MAX: usize = 20;
const FIELDS_MAX: usize = 200;

/// How far from 0 a priority may lie.
const PRIORITY_MAX: i64 = 1_000_000;

/// Somebody to call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLead {
    /// Where they go.
    list: ListId,
    /// The preferred number, with its country code or as it is written in `region`.
    phone: String,
    /// Other numbers of the same person, in the order in which they are tried.
    #[serde(default)]
    alternates: Vec<String>,
    /// The country of numbers without a country code; by default FR.
    region: Option<String>,
    /// How they are called; without it what `full_name`, `first_name` and `last_name`, or `company` say.
    name: Option<String>,
    /// Where they live; without it the number tells, or else Europe/Paris.
    zone: Option<String>,
    /// Higher is dialled earlier, in campaigns that dial by priority.
    #[serde(default)]
    priority: i64,
    /// What else is known, by name. Empty ones are left out.
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

/// What can be corrected of a lead. Its preferred number stays: another number is another lead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LeadSettings {
    /// Other numbers of the same person, all of them; without it they stay as they are.
    alternates: Option<Vec<String>>,
    /// The country of numbers without a country code; by default FR.
    region: Option<String>,
    /// How they are called. May be empty.
    name: String,
    /// Where they live, such as Europe/Paris.
    zone: String,
    /// Higher is dialled earlier, in campaigns that dial by priority.
    priority: i64,
    /// What else is known, all of it, by name. Empty ones are left out.
    fields: BTreeMap<String, String>,
}

/// What a request says of a lead, cell by cell, each with its place in the body: it is read as a row of a file is.
struct Cells {
    columns: Vec<Column>,
    cells: Vec<String>,
    pointers: Vec<String>,
}

impl Cells {
    fn of(phone: &str, alternates: &[String], zone: Option<&str>, fields: &BTreeMap<String, String>) -> Self {
        let mut told = Self { columns: Vec::new(), cells: Vec::new(), pointers: Vec::new() };
        told.push(Column::Phone, phone, "/phone".to_owned());
        for (index, phone) in alternates.iter().enumerate() {
            told.push(Column::Phone, phone, format!("/alternates/{index}"));
        }
        if let Some(zone) = zone {
            told.push(Column::Zone, zone, "/zone".to_owned());
        }
        for (name, text) in fields {
            told.push(Column::Field { name: name.clone() }, text, format!("/fields/{name}"));
        }
        told
    }

    fn push(&mut self, column: Column, cell: &str, pointer: String) {
        self.columns.push(column);
        self.cells.push(cell.to_owned());
        self.pointers.push(pointer);
    }

    /// The lead, or what is wrong with it and where. What a row of a file would go without is refused here: somebody
    /// waits for the answer and can mend it.
    fn read(self, region: Option<&str>) -> Result<import::NewLead, Error> {
        let region = region.map_or(Some(DEFAULT_REGION), import::phone::region);
        let zone = DEFAULT_ZONE.parse();
        let mut check = Check::default();
        check.that(region.is_some(), "/region", "region").done()?;
        let (Some(region), Ok(zone)) = (region, zone) else {
            return Err(Error::Internal("a check let a missing value through".to_owned()));
        };
        let (read, left_out) = match (Meaning { columns: self.columns, region, zone }).read(&self.cells) {
            Ok((lead, left_out)) => (Some(lead), left_out),
            Err(fault) => (None, vec![fault]),
        };
        for (column, reason) in left_out {
            let pointer = self.pointers.get(column).cloned().unwrap_or_default();
            check.that(false, pointer, reason.as_str());
        }
        check.done()?;
        read.ok_or_else(|| Error::Internal("a row is refused without a reason".to_owned()))
    }
}

/// The rules for what no file has, or has in columns that were checked before.
fn check(name: Option<&str>, alternates: usize, priority: i64, fields: &BTreeMap<String, String>) -> Check {
    let mut check = Check::default();
    let name = name.unwrap_or_default();
    check
        .text(name, NAME_CHARS_MAX, "/name")
        .that(!name.contains(char::is_control), "/name", "name")
        .count(alternates, ALTERNATES_MAX, "/alternates")
        .fill(
            (-PRIORITY_MAX..=PRIORITY_MAX).contains(&priority),
            "/priority",
            "between",
            &[("min", (-PRIORITY_MAX).to_string()), ("max", PRIORITY_MAX.to_string())],
        )
        .count(fields.len(), FIELDS_MAX, "/fields");
    for name in fields.keys() {
        check.that(is_field_name(name), format!("/fields/{name}"), "field_name");
    }
    check
}

/// Adds a lead to a list, read and checked as a row of a file. If the list has a lead with this number, that one is
/// brought up to date, as a file would: the answer is 200 then, and state and history stay. Whether the law lets anybody
/// call is looked at when it is chosen for dialling.
#[utoipa::path(post, path = "/api/leads", tag = "leads", request_body = NewLead,
    responses((status = 201, body = Versioned<LeadBody>), (status = 200, body = Versioned<LeadBody>)))]
pub(super) async fn create(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(new): Json<NewLead>,
) -> Result<Response, Error> {
    let list = app.store.list(new.list).await?.filter(|list| session.sees_campaign(list.value.campaign));
    check(new.name.as_deref(), new.alternates.len(), new.priority, &new.fields)
        .that(list.is_some(), "/list", "exists")
        .done()?;
    let cells = Cells::of(&new.phone, &new.alternates, new.zone.as_deref(), &new.fields);
    let mut lead = new_lead(cells.read(new.region.as_deref())?);
    lead.name = new.name.unwrap_or(lead.name);
    lead.priority = new.priority;
    let (id, is_new) = app.store.add_lead(new.list, lead, app.now()).await?;
    let shown = body(find(&app, id).await?, session.sees_numbers());
    let location = format!("/api/leads/{id}");
    Ok(if is_new { Created { location, body: shown }.into_response() } else { shown.into_response() })
}

/// Corrects a lead. What dialling writes at the same time is not lost, and does not count as a change by somebody else.
/// A dial that is under way goes on; a lead that waits in a hopper is dialled with its old settings at most once more, and
/// never on a number that it no longer has.
#[utoipa::path(put, path = "/api/leads/{lead}", tag = "leads", params(("lead" = LeadId, Path)),
    request_body = LeadSettings, responses((status = 200, body = Versioned<LeadBody>)))]
pub(super) async fn update(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<LeadId>,
    if_match: IfMatch,
    Json(settings): Json<LeadSettings>,
) -> Result<Versioned<LeadBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    let LeadSettings { alternates, region, name, zone, priority, fields } = settings;
    let given = alternates.as_deref().unwrap_or_default();
    check(Some(&name), given.len(), priority, &fields)
        .that(!zone.trim().is_empty(), "/zone", "zone")
        .done()?;
    let known = find(&app, id).await?;
    let cells = Cells::of(&known.lead.phone.e164(), given, Some(&zone), &fields);
    let lead = new_lead(cells.read(region.as_deref())?);
    let alternates = alternates.map(|_| lead.alternates);
    let change = LeadChange { alternates, name, zone: lead.zone, priority, fields: lead.fields };
    app.store.change_lead(id, rev, &change, app.now()).await?;
    Ok(body(find(&app, id).await?, session.sees_numbers()))
}

/// Has a finished lead begin again: it waits and is due, and the retry rules count its attempts anew. History, quotas and
/// what the law counts stay as they are. Refused for a lead that is not finished, and for one that must never be called:
/// the law forbids it for good, or a do-not-call list does.
#[utoipa::path(post, path = "/api/leads/{lead}/reset", tag = "leads", params(("lead" = LeadId, Path)),
    responses((status = 200, body = Versioned<LeadBody>)))]
pub(super) async fn reset(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    language: Language,
    Path(id): Path<LeadId>,
) -> Result<Versioned<LeadBody>, Error> {
    find(&app, id).await?;
    match app.store.reset_lead(id, app.now()).await? {
        Ok(()) => Ok(body(find(&app, id).await?, session.sees_numbers())),
        Err(NotReset::Denied { reason, rule }) => {
            Err(Error::DialDenied { reason, words: language.reason(reason), rule, until: None })
        }
        Err(NotReset::Is(state)) => Err(Error::LeadIs(state.as_str())),
    }
}

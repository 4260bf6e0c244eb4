//! Who somebody is: all that the centre knows of the person behind a number, or of a lead.

use std::collections::BTreeSet;

use axum::extract::State;
use cadran_engine::model::{LeadId, PersonId, Phone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::caller_calls::CallerCallBody;
use super::calls::AttemptBody;
use super::check::Check;
use super::consents::{self, ConsentBody};
use super::do_not_call::{self, DoNotCallBody};
use super::error::Error;
use super::extract::{Json, Query, Versioned};
use super::leads::{self, LeadBody};
use super::privacy::shown;
use super::relationships::{self, RelationshipBody};
use crate::store::ContactStory;

/// Who is meant: exactly one of the two.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactQuery {
    /// Whoever is behind this number, with its country code.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// Whoever this lead is.
    lead: Option<LeadId>,
}

/// All that is known of a person. Of leads, attempts and calls whoever is confined to teams sees those of their teams.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contact)]
pub(super) struct ContactBody {
    /// Who it is; none when no list has the number.
    person: Option<PersonId>,
    /// Every number of the person; its last digits without the right `see_full_numbers`.
    phones: Vec<String>,
    /// The person's leads, the latest first, at most 50 for each number: in which lists and campaigns.
    leads: Vec<Versioned<LeadBody>>,
    /// Attempts on the person, the latest first, at most 50 for each number.
    attempts: Vec<AttemptBody>,
    /// Calls of the person to us that are over, the latest first, at most 50 for each number.
    caller_calls: Vec<CallerCallBody>,
    do_not_call: Vec<DoNotCallBody>,
    /// Those that were taken back among them; none without the right `see_full_numbers`.
    consents: Option<Vec<ConsentBody>>,
    /// Contracts, purchases, enquiries; none without the right `see_full_numbers`.
    relationships: Option<Vec<RelationshipBody>>,
}

/// Who somebody is: leads, attempts, calls, consents and do-not-call entries of the person behind a number, or of a lead.
/// Each look is in the audit log.
#[utoipa::path(get, path = "/api/contacts", tag = "leads", params(ContactQuery),
    responses((status = 200, body = ContactBody)))]
pub(super) async fn find(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<ContactQuery>,
) -> Result<Json<ContactBody>, Error> {
    let asked = match (query.phone, query.lead) {
        (Some(phone), None) => Some(phone),
        (None, Some(lead)) => {
            let record = leads::find(&app, lead).await?;
            if !session.sees_campaign(record.campaign) {
                return Err(Error::not_found("lead", lead));
            }
            Some(record.lead.phone)
        }
        (Some(_), Some(_)) | (None, None) => None,
    };
    Check::default().that(asked.is_some(), "/phone", "phone_or_lead").done()?;
    let asked = asked.ok_or_else(|| Error::Internal("a check let a missing value through".to_owned()))?;
    let mut story = session.store(&app).contact_story(asked).await?;
    if !session.scope.is_everything() {
        keep_within_teams(&mut story, asked);
    }
    let whole = session.sees_numbers();
    Ok(Json(ContactBody {
        person: story.person,
        phones: story.phones.into_iter().map(|phone| shown(phone, whole)).collect(),
        leads: story.leads.into_iter().map(|lead| leads::body(lead, whole)).collect(),
        attempts: story.attempts.into_iter().map(|record| AttemptBody::of(record, whole)).collect(),
        caller_calls: story.caller_calls.iter().map(|record| CallerCallBody::of(record, whole)).collect(),
        do_not_call: story.do_not_call.into_iter().map(|entry| do_not_call::body(entry, whole)).collect(),
        consents: whole.then(|| story.consents.into_iter().map(consents::body).collect()),
        relationships: whole.then(|| story.relationships.into_iter().map(relationships::body).collect()),
    }))
}

/// That two numbers are one person's is known from leads: only those of one's own teams tell it.
fn keep_within_teams(story: &mut ContactStory, asked: Phone) {
    let mut told = BTreeSet::from([asked]);
    loop {
        let before = told.len();
        for record in &story.leads {
            if record.lead.phones().any(|phone| told.contains(&phone)) {
                told.extend(record.lead.phones());
            }
        }
        if told.len() == before {
            break;
        }
    }
    story.phones.retain(|phone| told.contains(phone));
    story.leads.retain(|record| told.contains(&record.lead.phone));
    story.attempts.retain(|record| told.contains(&record.attempt.phone));
    story.caller_calls.retain(|record| record.phone.is_some_and(|phone| told.contains(&phone)));
    story.do_not_call.retain(|entry| told.contains(&entry.phone));
    story.consents.retain(|consent| told.contains(&consent.phone));
    story.relationships.retain(|tie| told.contains(&tie.phone));
    if story.leads.is_empty() {
        story.person = None;
    }
}

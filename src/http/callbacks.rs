//! Callbacks: what was promised to people, and what stands in its way.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::extract::State;
use cadran_engine::dialer::calling_hours::{self, Hours};
use cadran_engine::model::{AgentId, CallId, Campaign, CampaignId, CampaignState, LeadId, Timestamp, Zone};
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{Anyone, SeesCalls, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Json, Listing, NoContent, Path, Query, page};
use crate::store::{CallbackFilter, OpenCallback, Page};

/// A callback that is still to be kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenCallback)]
pub(super) struct OpenCallbackBody {
    /// The call in which it was agreed; it names the callback.
    call: CallId,
    campaign: CampaignId,
    lead: LeadId,
    name: String,
    agent: AgentId,
    /// Whether this agent promised to call themself.
    personal: bool,
    /// The agreed moment, in milliseconds since 1970.
    due_at: i64,
    /// The same where the person lives.
    #[schema(value_type = String)]
    due_local: DateTime,
    zone: String,
    /// What stands in its way, if anything does: `campaign_not_running`, `do_not_call`, `list_off`, `outside_hours` or
    /// `quota_reached`.
    /// A callback is kept as it is all the same, and made once nothing does.
    conflict: Option<&'static str>,
}

/// Which callbacks are wanted. An agent sees their own alone.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackQuery {
    /// Agreed or taken over by this agent.
    agent: Option<AgentId>,
    /// On behalf of this campaign.
    campaign: Option<CampaignId>,
    /// `next` of the page before; without it the first page.
    after: Option<CallId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// What can be changed of a callback.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackChange {
    /// Who has promised.
    agent: AgentId,
    /// Whether that agent calls themself. Otherwise anybody calls.
    personal: bool,
    /// The moment where the person lives, such as `2026-11-20T14:30`.
    #[schema(value_type = String)]
    due_local: DateTime,
}

/// Lists callbacks that are still to be kept, the earliest first, with what stands in the way of each.
#[utoipa::path(get, path = "/api/callbacks", tag = "callbacks", params(CallbackQuery),
    responses((status = 200, body = Listing<OpenCallbackBody>)))]
pub(super) async fn list(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Query(query): Query<CallbackQuery>,
) -> Result<Json<Listing<OpenCallbackBody>>, Error> {
    let agent = session.sees_only()?.or(query.agent);
    let filter = CallbackFilter { agent, campaign: query.campaign, call: None };
    let page = page(query.after, query.limit);
    let open = session.store(&app).open_callbacks(filter, page).await?;
    let mut campaigns: BTreeMap<CampaignId, Option<Campaign>> = BTreeMap::new();
    for callback in &open {
        let id = callback.callback.campaign;
        if let Entry::Vacant(unread) = campaigns.entry(id) {
            unread.insert(app.store.campaign(id).await?.map(|kept| kept.value));
        }
    }
    let shown = |callback: OpenCallback| {
        let campaign = campaigns.get(&callback.callback.campaign).and_then(Option::as_ref);
        body(callback, campaign, app.now())
    };
    Ok(Listing::of(&page, open, |open| open.callback.call, shown))
}

/// Gives a callback another moment or another agent. An agent changes their own, and cannot give it away.
#[utoipa::path(put, path = "/api/callbacks/{call}", tag = "callbacks", params(("call" = CallId, Path)),
    responses((status = 204, description = "Changed")))]
pub(super) async fn change(
    session: SignedIn<SeesCalls>,
    State(app): State<App>,
    Path(call): Path<CallId>,
    Json(change): Json<CallbackChange>,
) -> Result<NoContent, Error> {
    let own = session.sees_only()?;
    let filter = CallbackFilter { call: Some(call), ..CallbackFilter::default() };
    let open = app.store.open_callbacks(filter, Page { after: None, limit: 1 }).await?.pop();
    let open = open.ok_or_else(|| Error::not_found("open callback", call))?;
    if own.is_some() && (own != Some(open.callback.agent) || own != Some(change.agent)) {
        return Err(Error::NotYours);
    }
    let due_at = calling_hours::instant_in(change.due_local, &open.zone).filter(|at| *at > app.now());
    let known = own.is_some() || session.scope.has_agent(change.agent);
    let known = known && app.store.agent(change.agent).await?.is_some();
    Check::default().that(known, "/agent", "exists").that(due_at.is_some(), "/due_local", "future").done()?;
    if let Some(due_at) = due_at {
        app.store.change_callback(call, change.agent, change.personal, due_at, app.now()).await?;
        tracing::info!(target: "audit", { user.id = %session.id(), call.id = %call }, "callback changed");
    }
    Ok(NoContent)
}

fn body(open: OpenCallback, campaign: Option<&Campaign>, now: Timestamp) -> OpenCallbackBody {
    let conflict = conflict(&open, campaign, now);
    let OpenCallback { callback, name, zone, .. } = open;
    OpenCallbackBody {
        call: callback.call,
        campaign: callback.campaign,
        lead: callback.lead,
        name,
        agent: callback.agent,
        personal: callback.personal,
        due_at: callback.due_at.as_millis(),
        due_local: shown_in(callback.due_at, &zone),
        zone: zone.to_string(),
        conflict,
    }
}

/// What stands in the way of a callback at its moment, or at this one when it is overdue.
fn conflict(open: &OpenCallback, campaign: Option<&Campaign>, now: Timestamp) -> Option<&'static str> {
    let running = campaign.is_some_and(|campaign| campaign.state == CampaignState::Running);
    let at = open.callback.due_at.max(now);
    let open_then = campaign
        .is_some_and(|campaign| calling_hours::at(&campaign.settings.hours, &open.zone, at) == Hours::Open);
    if open.blocked {
        Some("do_not_call")
    } else if !running {
        Some("campaign_not_running")
    } else if !open.list_enabled {
        Some("list_off")
    } else if !open.list_dialled {
        Some("quota_reached")
    } else if !open_then {
        Some("outside_hours")
    } else {
        None
    }
}

/// What a clock in `zone` shows at an instant; the beginning of the calendar for one that is beyond it.
pub(super) fn shown_in(at: Timestamp, zone: &Zone) -> DateTime {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::MIN);
    zone.rules().to_datetime(instant)
}

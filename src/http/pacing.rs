//! What a campaign's pacing does, did, and what stands in its way.

use std::time::Duration;

use axum::extract::State;
use cadran_engine::dialer::obstacle::{Obstacle, Standing};
use cadran_engine::dialer::pacing_line::PacingLine;
use cadran_engine::model::{CampaignId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::error::Error;
use super::extract::{Json, Listing, Path, Query, page};
use super::live;
use crate::sentences;
use crate::store::{Keeps, PacingFilter, PastPacing, WaitingLeads};
use crate::words::Language;

/// A campaign's pacing at one moment, in figures and in a sentence.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PacingBody {
    #[serde(flatten)]
    line: PacingLine,
    /// The same for people, in the language of the request.
    sentence: String,
}

impl PacingBody {
    pub(super) fn of(line: PacingLine, language: Language) -> Self {
        Self { sentence: sentences::pacing(&line, language), line }
    }
}

/// A line of a campaign's history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PastPacingBody {
    /// For how many seconds up to its moment it stands, one or ten: whatever stood in the way in any of them is in it.
    seconds: i64,
    #[serde(flatten)]
    pacing: PacingBody,
}

impl PastPacingBody {
    fn of(PastPacing { seconds, line }: PastPacing, language: Language) -> Self {
        Self { seconds, pacing: PacingBody::of(line, language) }
    }
}

/// Which part of a campaign's history is wanted. Times are in milliseconds since 1970.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryQuery {
    /// Of this moment or later.
    from: Option<i64>,
    /// From before this moment.
    to: Option<i64>,
    /// One line at most for every so many seconds; without it every line: one a second, and one in ten seconds of what
    /// is older than two days.
    #[param(minimum = 1)]
    every: Option<u32>,
    /// `next` of the page before; without it the first page.
    after: Option<i64>,
    /// Rows at most, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u16>,
}

/// What a campaign's pacing did in the past month and what stood in its way, the earliest first.
#[utoipa::path(get, path = "/api/campaigns/{campaign}/pacing", tag = "campaigns",
    params(("campaign" = CampaignId, Path), HistoryQuery), responses((status = 200, body = Listing<PastPacingBody>)))]
pub(super) async fn history(
    _: SignedIn<Staff>,
    State(app): State<App>,
    language: Language,
    Path(id): Path<CampaignId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Listing<PastPacingBody>>, Error> {
    super::campaigns::find(&app, id).await?;
    let filter = PacingFilter {
        from: query.from.map(Timestamp::from_millis),
        until: query.to.map(Timestamp::from_millis),
        every: query.every.map(|seconds| Duration::from_secs(seconds.into())),
    };
    let page = page(query.after, query.limit);
    let at = page.map(Timestamp::from_millis);
    let lines = app.store.pacing_lines(id, filter, at).await?;
    Ok(Listing::of(&page, lines, |past| past.line.at.as_millis(), |past| PastPacingBody::of(past, language)))
}

/// Why a campaign places no call, or no call more.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhyIdle {
    /// Dials in flight: with any the campaign is not idle, and the reasons are those against one more.
    dialling: u32,
    /// Every reason in force, what to look at first at the beginning. None: the next call is just being placed.
    reasons: Vec<ReasonBody>,
    /// The leads that wait, by what keeps them, the largest group first.
    leads: Vec<WaitingLeadsBody>,
}

/// Leads that wait for the same reason.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WaitingLeadsBody {
    /// `forbidden` by a rule or a do-not-call list at the last look, `later`: a retry or a callback, `list_off`,
    /// `quota_reached`, or `due`: nothing keeps them.
    kept_by: &'static str,
    /// Which rule, where a rule forbade the call.
    reason: Option<&'static str>,
    /// How many.
    count: u64,
    /// When the first of them is looked at again, in milliseconds since 1970.
    next_due_at: Timestamp,
    /// The same for people, in the language of the request.
    text: String,
}

impl WaitingLeadsBody {
    pub(super) fn of(waiting: WaitingLeads, now: Timestamp, language: Language) -> Self {
        let (kept_by, reason) = match waiting.keeps {
            Keeps::Nothing => ("due", None),
            Keeps::Forbidden(reason) => ("forbidden", Some(reason.as_str())),
            Keeps::Later => ("later", None),
            Keeps::ListOff => ("list_off", None),
            Keeps::QuotaReached => ("quota_reached", None),
        };
        let text = sentences::waiting(&waiting, now, language);
        Self { kept_by, reason, count: waiting.leads, next_due_at: waiting.next_due_at, text }
    }
}

/// One reason.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReasonBody {
    #[serde(flatten)]
    standing: Standing,
    /// The same for people, in the language of the request.
    text: String,
}

impl ReasonBody {
    fn of(standing: Standing, now: Timestamp, language: Language) -> Self {
        Self { text: sentences::standing(&standing, now, language), standing }
    }
}

/// Why nobody is being called: every reason at once, with its figures and since when it holds.
#[utoipa::path(get, path = "/api/campaigns/{campaign}/why-idle", tag = "campaigns",
    params(("campaign" = CampaignId, Path)), responses((status = 200, body = WhyIdle)))]
pub(super) async fn why_idle(
    _: SignedIn<Staff>,
    State(app): State<App>,
    language: Language,
    Path(id): Path<CampaignId>,
) -> Result<Json<WhyIdle>, Error> {
    let kept = super::campaigns::find(&app, id).await?;
    let view = live::view(&app).await?;
    // The engine does not know finished campaigns.
    let (at, dialling, held_by) = match view.campaigns.into_iter().find(|live| live.campaign == id) {
        Some(live) => (live.line.at, live.line.dialling, live.line.held_by),
        None => {
            let obstacle = Obstacle::NotRunning { state: kept.value.state };
            (kept.updated_at, 0, vec![Standing { obstacle, since: kept.updated_at }])
        }
    };
    let reasons = held_by.into_iter().map(|standing| ReasonBody::of(standing, at, language)).collect();
    let now = app.now();
    let waiting = app.store.waiting_leads(id, now).await?;
    let leads = waiting.into_iter().map(|waiting| WaitingLeadsBody::of(waiting, now, language)).collect();
    Ok(Json(WhyIdle { dialling, reasons, leads }))
}

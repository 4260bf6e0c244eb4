//! Campaigns: their settings, and starting, pausing and finishing them.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::State;
use cadran_engine::model::{
    CallingHours, Campaign, CampaignId, CampaignState, DialMode, Disposition, DispositionEffect, Outcome,
    Phone, RateLimit, RecordingPolicy, RetryRule, TrunkId, Window,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::check::{Check, is_plain_name};
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use crate::store::Kept;

const NOUN: &str = "campaign";

/// What can be set of a campaign. Durations are in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CampaignSettings {
    /// How managers call it.
    name: String,
    mode: DialMode,
    /// Carrier connections, the preferred one first.
    #[serde(default)]
    trunks: Vec<TrunkId>,
    /// Numbers that may be shown, the preferred one first. A trunk's allow-list narrows them.
    #[serde(default)]
    caller_ids: Vec<Phone>,
    /// How long a customer's phone rings before the dial ends as no answer.
    #[serde(default = "default_ring_timeout")]
    ring_timeout: u64,
    /// How long a person who answered may wait for an agent before they are dropped.
    #[serde(default = "default_drop_after")]
    drop_after: u64,
    /// What a dropped person hears: a media address of Asterisk.
    #[serde(default = "default_drop_message")]
    drop_message: String,
    /// Drops over answered people in 24 hours at which dialling ahead stops: 0 to 0.03.
    #[serde(default = "default_drop_limit")]
    drop_limit: f64,
    /// When calls may be placed, in the lead's own time.
    #[serde(default = "default_hours")]
    hours: CallingHours,
    /// What follows each outcome. An outcome without a rule is final.
    #[serde(default)]
    retry: Vec<RetryRule>,
    /// Which calls are recorded.
    #[serde(default = "default_recording")]
    recording: RecordingPolicy,
    /// How long an agent may take after a call.
    #[serde(default = "default_wrap_up")]
    wrap_up: u64,
    /// What an agent can say of a call.
    #[serde(default = "default_dispositions")]
    dispositions: Vec<Disposition>,
    /// How fast and how many.
    #[serde(default = "default_limit")]
    limit: RateLimit,
}

const fn default_ring_timeout() -> u64 {
    30_000
}
const fn default_drop_after() -> u64 {
    2_000
}
fn default_drop_message() -> String {
    "sound:cadran/drop-fr".to_owned()
}
const fn default_drop_limit() -> f64 {
    0.03
}
/// The hours in which French law lets consumers be called (decree 2022-1313): Monday to Friday, 10 to 13 and 14 to 20.
fn default_hours() -> CallingHours {
    let window =
        |from: u16, until: u16| Window { days: (1..=5).collect(), from: from * 60, until: until * 60 };
    CallingHours { windows: vec![window(10, 13), window(14, 20)], closed_days: Vec::new() }
}
const fn default_recording() -> RecordingPolicy {
    RecordingPolicy::OnDemand
}
const fn default_wrap_up() -> u64 {
    30_000
}
const fn default_limit() -> RateLimit {
    RateLimit { calls_per_second: 5.0, concurrent_calls: 100 }
}
fn default_dispositions() -> Vec<Disposition> {
    let choice = |code: &str, label_fr: &str, label_en: &str, effect| Disposition {
        code: code.to_owned(),
        label_fr: label_fr.to_owned(),
        label_en: label_en.to_owned(),
        effect,
    };
    vec![
        choice("success", "Succès", "Success", DispositionEffect::Final),
        choice("refusal", "Refus", "Refusal", DispositionEffect::Final),
        choice("callback", "Rappel", "Callback", DispositionEffect::Callback),
        choice("do_not_call", "Ne plus appeler", "Do not call", DispositionEffect::DoNotCall),
    ]
}

/// A campaign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Campaign)]
pub(super) struct CampaignBody {
    id: CampaignId,
    state: CampaignState,
    #[serde(flatten)]
    settings: CampaignSettings,
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn body(campaign: Campaign) -> CampaignBody {
    CampaignBody {
        id: campaign.id,
        state: campaign.state,
        settings: CampaignSettings {
            name: campaign.name,
            mode: campaign.mode,
            trunks: campaign.trunks,
            caller_ids: campaign.caller_ids,
            ring_timeout: millis(campaign.ring_timeout),
            drop_after: millis(campaign.drop_after),
            drop_message: campaign.drop_message,
            drop_limit: campaign.drop_limit,
            hours: campaign.hours,
            retry: campaign.retry,
            recording: campaign.recording,
            wrap_up: millis(campaign.wrap_up),
            dispositions: campaign.dispositions,
            limit: campaign.limit,
        },
    }
}

impl CampaignSettings {
    fn into_campaign(self, id: CampaignId, state: CampaignState) -> Campaign {
        Campaign {
            id,
            name: self.name,
            state,
            mode: self.mode,
            trunks: self.trunks,
            caller_ids: self.caller_ids,
            ring_timeout: Duration::from_millis(self.ring_timeout),
            drop_after: Duration::from_millis(self.drop_after),
            drop_message: self.drop_message,
            drop_limit: self.drop_limit,
            hours: self.hours,
            retry: self.retry,
            recording: self.recording,
            wrap_up: Duration::from_millis(self.wrap_up),
            dispositions: self.dispositions,
            limit: self.limit,
        }
    }

    async fn check(&self, app: &App, state: CampaignState) -> Result<(), Error> {
        let mut check = Check::default();
        check
            .name(&self.name, "/name")
            .count(self.trunks.len(), 20, "/trunks")
            .count(self.caller_ids.len(), 1000, "/caller_ids")
            .duration(self.ring_timeout, 5_000..=120_000, "/ring_timeout")
            .duration(self.drop_after, 0..=10_000, "/drop_after")
            .that(is_media(&self.drop_message), "/drop_message", "media")
            .that((0.0..=0.03).contains(&self.drop_limit), "/drop_limit", "drop_limit")
            .duration(self.wrap_up, 0..=3_600_000, "/wrap_up")
            .limit(self.limit, "/limit");
        if let DialMode::Power { ratio } = self.mode {
            check.that((1.0..=10.0).contains(&ratio), "/mode/ratio", "ratio");
        }
        if let DialMode::Predictive { target_drop_rate } = self.mode {
            let lawful = (0.0..=self.drop_limit).contains(&target_drop_rate);
            check.that(lawful, "/mode/target_drop_rate", "drop_limit");
        }
        if let RecordingPolicy::Share { share } = self.recording {
            check.that((0.0..=1.0).contains(&share), "/recording/share", "share");
        }
        for (index, &trunk) in self.trunks.iter().enumerate() {
            check.that(app.store.trunk(trunk).await?.is_some(), format!("/trunks/{index}"), "exists");
        }
        self.check_hours(&mut check);
        self.check_retry(&mut check);
        self.check_dispositions(&mut check);
        if state == CampaignState::Running {
            self.check_ready(&mut check);
        }
        check.done()
    }

    fn check_hours(&self, check: &mut Check) {
        check.count(self.hours.windows.len(), 100, "/hours/windows").count(
            self.hours.closed_days.len(),
            1000,
            "/hours/closed_days",
        );
        for (index, window) in self.hours.windows.iter().enumerate() {
            let days = window.days.iter().all(|day| (1..=7).contains(day)) && !window.days.is_empty();
            let span = window.from < window.until && window.until <= Window::DAY;
            check.that(days && span, format!("/hours/windows/{index}"), "window");
        }
    }

    fn check_retry(&self, check: &mut Check) {
        let outcomes: BTreeSet<Outcome> = self.retry.iter().map(|rule| rule.outcome).collect();
        check.that(outcomes.len() == self.retry.len(), "/retry", "codes_differ");
        for (index, rule) in self.retry.iter().enumerate() {
            check
                .duration(millis(rule.delay), 60_000..=366 * 86_400_000, &format!("/retry/{index}/delay"))
                .count(rule.attempts_max.into(), 100, &format!("/retry/{index}/attempts_max"));
        }
    }

    fn check_dispositions(&self, check: &mut Check) {
        let codes: BTreeSet<&str> = self.dispositions.iter().map(|choice| choice.code.as_str()).collect();
        check.that(codes.len() == self.dispositions.len(), "/dispositions", "codes_differ").count(
            self.dispositions.len(),
            100,
            "/dispositions",
        );
        for (index, choice) in self.dispositions.iter().enumerate() {
            let lower = is_plain_name(&choice.code)
                && !choice.code.contains(|letter: char| letter.is_ascii_uppercase());
            check
                .that(lower, format!("/dispositions/{index}/code"), "code")
                .name(&choice.label_fr, &format!("/dispositions/{index}/label_fr"))
                .name(&choice.label_en, &format!("/dispositions/{index}/label_en"));
        }
    }

    /// What a campaign cannot run without.
    fn check_ready(&self, check: &mut Check) {
        check
            .that(!self.trunks.is_empty(), "/trunks", "needed_to_run")
            .that(!self.caller_ids.is_empty(), "/caller_ids", "needed_to_run")
            .that(!self.hours.windows.is_empty(), "/hours/windows", "needed_to_run")
            .that(!self.dispositions.is_empty(), "/dispositions", "needed_to_run");
    }
}

/// `sound:` and a path of plain names: nothing that climbs out of Asterisk's directory of sounds.
fn is_media(media: &str) -> bool {
    media.strip_prefix("sound:").is_some_and(|path| path.len() <= 100 && path.split('/').all(is_plain_name))
}

/// Lists campaigns, the latest first.
#[utoipa::path(get, path = "/api/campaigns", tag = "campaigns", params(PageQuery<CampaignId>),
    responses((status = 200, body = Listing<Versioned<CampaignBody>>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<PageQuery<CampaignId>>,
) -> Result<Json<Listing<Versioned<CampaignBody>>>, Error> {
    let page = query.page();
    let campaigns = app.store.campaigns(page).await?;
    Ok(Listing::of(&page, campaigns, |row| row.value.id, |row| Versioned::of(row, body)))
}

/// Adds a campaign, as a draft.
#[utoipa::path(post, path = "/api/campaigns", tag = "campaigns",
    responses((status = 201, body = Versioned<CampaignBody>)))]
pub(super) async fn create(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(settings): Json<CampaignSettings>,
) -> Result<Created<Versioned<CampaignBody>>, Error> {
    settings.check(&app, CampaignState::Draft).await?;
    let campaign = settings.into_campaign(CampaignId::from_i64(0), CampaignState::Draft);
    let kept = app.store.create_campaign(&campaign, app.now()).await?;
    app.inbox.reload().await?;
    Ok(Created { location: format!("/api/campaigns/{}", kept.value.id), body: Versioned::of(kept, body) })
}

/// One campaign.
#[utoipa::path(get, path = "/api/campaigns/{campaign}", tag = "campaigns", params(("campaign" = CampaignId, Path)),
    responses((status = 200, body = Versioned<CampaignBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Versioned<CampaignBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Changes a campaign's settings, also while it runs.
#[utoipa::path(put, path = "/api/campaigns/{campaign}", tag = "campaigns", params(("campaign" = CampaignId, Path)),
    responses((status = 200, body = Versioned<CampaignBody>)))]
pub(super) async fn update(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
    if_match: IfMatch,
    Json(settings): Json<CampaignSettings>,
) -> Result<Versioned<CampaignBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    let state = find(&app, id).await?.value.state;
    settings.check(&app, state).await?;
    let kept = app.store.update_campaign(&settings.into_campaign(id, state), rev, app.now()).await?;
    app.inbox.reload().await?;
    Ok(Versioned::of(kept, body))
}

/// Removes a campaign that has neither lists nor history.
#[utoipa::path(delete, path = "/api/campaigns/{campaign}", tag = "campaigns", params(("campaign" = CampaignId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    app.store.delete_campaign(id, rev).await?;
    app.inbox.reload().await?;
    Ok(NoContent)
}

/// Has a campaign dial.
#[utoipa::path(post, path = "/api/campaigns/{campaign}/start", tag = "campaigns",
    params(("campaign" = CampaignId, Path)), responses((status = 200, body = Versioned<CampaignBody>)))]
pub(super) async fn start(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Versioned<CampaignBody>, Error> {
    change_state(&session, &app, id, CampaignState::Running).await
}

/// Stops a campaign's dialling for a while. Calls in progress go on.
#[utoipa::path(post, path = "/api/campaigns/{campaign}/pause", tag = "campaigns",
    params(("campaign" = CampaignId, Path)), responses((status = 200, body = Versioned<CampaignBody>)))]
pub(super) async fn pause(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Versioned<CampaignBody>, Error> {
    change_state(&session, &app, id, CampaignState::Paused).await
}

/// Ends a campaign for good. Its history is kept.
#[utoipa::path(post, path = "/api/campaigns/{campaign}/finish", tag = "campaigns",
    params(("campaign" = CampaignId, Path)), responses((status = 200, body = Versioned<CampaignBody>)))]
pub(super) async fn finish(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Versioned<CampaignBody>, Error> {
    change_state(&session, &app, id, CampaignState::Finished).await
}

async fn change_state(
    session: &SignedIn<CampaignManager>,
    app: &App,
    id: CampaignId,
    to: CampaignState,
) -> Result<Versioned<CampaignBody>, Error> {
    let kept = find(app, id).await?;
    let from = kept.value.state;
    if from == to {
        return Ok(Versioned::of(kept, body));
    }
    if !may_become(from, to) {
        return Err(Error::CampaignIs(from.as_str()));
    }
    let shown = body(kept.value);
    shown.settings.check(app, to).await?;
    let campaign = shown.settings.into_campaign(id, to);
    let kept = app.store.update_campaign(&campaign, kept.rev, app.now()).await?;
    tracing::info!(campaign.id = %id, user.id = %session.id(), "campaign is {}", to.as_str());
    app.inbox.reload().await?;
    Ok(Versioned::of(kept, body))
}

const fn may_become(from: CampaignState, to: CampaignState) -> bool {
    match (from, to) {
        (CampaignState::Draft | CampaignState::Paused, CampaignState::Running)
        | (CampaignState::Running, CampaignState::Paused)
        | (CampaignState::Draft | CampaignState::Paused | CampaignState::Running, CampaignState::Finished) => {
            true
        }
        (
            CampaignState::Draft | CampaignState::Running | CampaignState::Paused | CampaignState::Finished,
            _,
        ) => false,
    }
}

async fn find(app: &App, id: CampaignId) -> Result<Kept<Campaign>, Error> {
    app.store.campaign(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}

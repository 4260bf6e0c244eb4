//! What if: a campaign that does not exist yet, played by the simulator.

use axum::extract::State;

use super::app::App;
use super::auth::{CampaignManager, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::Json;
use crate::what_if::{self, Answer, Mode, Question};

/// Agents times hours that one simulation may cover: 200 agents for a day. A day of them takes about five seconds.
const AGENT_HOURS_MAX: f64 = 1_600.0;

/// Most agents, however short their day.
const AGENTS_MAX: u32 = 2_000;

/// Longest day, in hours.
const HOURS_MAX: f64 = 12.0;

/// Leads of a list at most.
const LEADS_MAX: u32 = 1_000_000;

fn check(asked: &Question) -> Result<(), Error> {
    let share = |share: f64| (0.0..=1.0).contains(&share);
    let max = |max: f64| [("max", max.to_string())];
    let ratio = match asked.mode {
        Mode::Power { ratio } => ratio,
        Mode::Predictive | Mode::Progressive => 1.0,
    };
    let agent_hours = f64::from(asked.agents) * asked.hours;
    Check::default()
        .fill(asked.hours > 0.0 && asked.hours <= HOURS_MAX, "/hours", "positive", &max(HOURS_MAX))
        .fill((1..=AGENTS_MAX).contains(&asked.agents), "/agents", "positive", &max(f64::from(AGENTS_MAX)))
        .fill(agent_hours <= AGENT_HOURS_MAX, "/agents", "agent_hours", &max(AGENT_HOURS_MAX))
        .that((1.0..=10.0).contains(&ratio), "/mode/ratio", "ratio")
        .that(asked.answer_rate > 0.0 && share(asked.answer_rate), "/answer_rate", "share")
        .that(
            share(asked.machine_rate) && asked.answer_rate + asked.machine_rate <= 1.0,
            "/machine_rate",
            "share",
        )
        .duration(asked.talk, 1_000..=3_600_000, "/talk")
        .duration(asked.wrap_up, 1_000..=3_600_000, "/wrap_up")
        .duration(asked.ring_timeout, 5_000..=120_000, "/ring_timeout")
        .fill((1..=100_000).contains(&asked.lines), "/lines", "positive", &max(100_000.0))
        .fill(
            asked.leads.is_none_or(|leads| (1..=LEADS_MAX).contains(&leads)),
            "/leads",
            "positive",
            &max(f64::from(LEADS_MAX)),
        )
        .fill((1..=100).contains(&asked.attempts_max), "/attempts_max", "positive", &max(100.0))
        .done()
}

/// Says what a campaign would come to, over several days of pretended work.
#[utoipa::path(post, path = "/api/simulations", tag = "campaigns",
    responses((status = 200, body = Answer)))]
pub(super) async fn create(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(question): Json<Question>,
) -> Result<Json<Answer>, Error> {
    check(&question)?;
    let turn = app.simulations.clone().try_acquire_owned().map_err(|_| Error::SimulationRuns)?;
    let played = tokio::task::spawn_blocking(move || {
        // Held until the work is done, also when nobody waits for it any more.
        let _turn = turn;
        what_if::answer(&question)
    });
    let answer = played.await.map_err(|error| Error::Internal(error.to_string()))?;
    answer.map(Json).ok_or(Error::SimulationTooLong)
}

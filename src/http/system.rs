//! Which part of the installation is sick, and why.

use std::time::{Duration, Instant};

use axum::extract::State;
use cadran_engine::command::Hold;
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::error::Error;
use super::extract::Json;
use super::live;

/// Over how long it is looked how much recordings grow.
const GROWTH_OVER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Days that the disk should last: time for a person to come back from a long weekend.
const DISK_DAYS_LOW: f64 = 7.0;

/// Less than this is as good as none: one day's worth, or a gibibyte.
const DISK_DAYS_OUT: f64 = 1.0;
const DISK_BYTES_OUT: u64 = 1024 * 1024 * 1024;

/// How long Asterisk may say nothing. It is asked something every ten seconds.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Health {
    /// Well.
    Up,
    /// Some of it does not work.
    Degraded,
    /// Calls cannot be placed.
    Down,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SystemCheck)]
pub(super) struct CheckBody {
    /// `asterisk`, `clock`, `database`, `engine`, `recordings` or `trunk`.
    what: &'static str,
    /// Which one, where there are several.
    which: Option<String>,
    health: Health,
    /// Why it is not well.
    cause: Option<String>,
    /// How long the answer took, in milliseconds.
    latency: Option<u64>,
    /// How many days the disk lasts at the pace of the last week; none while nothing grows.
    disk_days: Option<f64>,
}

/// How well the installation is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SystemBody {
    /// The worst of what every call needs; degraded when something else is not well.
    health: Health,
    checks: Vec<CheckBody>,
}

impl CheckBody {
    const fn new(what: &'static str, health: Health, cause: Option<String>) -> Self {
        Self { what, which: None, health, cause, latency: None, disk_days: None }
    }
}

/// Looks at everything that Cadran depends on: database, engine, Asterisk, each trunk, the clock, the disk of recordings.
#[utoipa::path(get, path = "/api/system/checks", tag = "health", responses((status = 200, body = SystemBody)))]
pub(super) async fn checks(_: SignedIn<Staff>, State(app): State<App>) -> Result<Json<SystemBody>, Error> {
    let mut checks = vec![database(&app).await];
    let began = Instant::now();
    let view = live::view(&app).await;
    let engine = match &view {
        Ok(_) => CheckBody::new("engine", Health::Up, None),
        Err(_) => CheckBody::new("engine", Health::Down, Some("it does not answer".to_owned())),
    };
    checks.push(CheckBody { latency: Some(millis(began)), ..engine });
    if let Ok(view) = view {
        checks.push(asterisk(&app, view.held_by));
        let went_back = view.held_by == Some(Hold::ClockWentBack);
        let cause = went_back.then(|| Hold::ClockWentBack.in_words().to_owned());
        checks.push(CheckBody::new("clock", if went_back { Health::Down } else { Health::Up }, cause));
        checks.extend(view.trunks.iter().map(|trunk| CheckBody {
            which: Some(trunk.trunk.to_string()),
            ..match trunk.reachable {
                true => CheckBody::new("trunk", Health::Up, None),
                false => CheckBody::new(
                    "trunk",
                    Health::Degraded,
                    Some("its far end does not answer OPTIONS".to_owned()),
                ),
            }
        }));
    }
    checks.push(recordings(&app).await);
    let health = overall(&checks);
    Ok(Json(SystemBody { health, checks }))
}

async fn database(app: &App) -> CheckBody {
    let began = Instant::now();
    let check = match app.store.ping().await {
        Ok(()) => CheckBody::new("database", Health::Up, None),
        Err(error) => CheckBody::new("database", Health::Down, Some(error.to_string())),
    };
    CheckBody { latency: Some(millis(began)), ..check }
}

/// Asterisk is well when there is a link and something was heard on it of late.
fn asterisk(app: &App, held_by: Option<Hold>) -> CheckBody {
    if held_by == Some(Hold::SwitchAway) {
        return CheckBody::new("asterisk", Health::Down, Some(Hold::SwitchAway.in_words().to_owned()));
    }
    let silent = app.hub.now().since(app.hub.tables().source());
    let cause = (silent > SILENCE_MAX).then(|| format!("nothing was heard of it for {} s", silent.as_secs()));
    CheckBody::new("asterisk", if cause.is_some() { Health::Degraded } else { Health::Up }, cause)
}

/// Room for recordings, and how long it lasts.
async fn recordings(app: &App) -> CheckBody {
    let what = "recordings";
    let free = match app.depot.free_bytes() {
        Ok(free) => free,
        Err(error) => return CheckBody::new(what, Health::Degraded, Some(error.to_string())),
    };
    let now = app.now();
    let grown = match app.store.recorded_bytes(now - GROWTH_OVER).await {
        Ok(grown) => grown,
        Err(error) => return CheckBody::new(what, Health::Degraded, Some(error.to_string())),
    };
    let days = days_left(free, grown);
    let out = free < DISK_BYTES_OUT || days.is_some_and(|days| days < DISK_DAYS_OUT);
    let low = days.is_some_and(|days| days < DISK_DAYS_LOW);
    let health = if out || low { Health::Degraded } else { Health::Up };
    let cause = (out || low).then(|| format!("the disk of `files.recordings` has {} MiB left", free >> 20));
    CheckBody { disk_days: days, ..CheckBody::new(what, health, cause) }
}

/// How many days `free` bytes last when the last week took `grown`; none while nothing grows.
fn days_left(free: u64, grown: u64) -> Option<f64> {
    let days = free as f64 / grown as f64 * 7.0;
    (grown > 0).then(|| (days * 10.0).round() / 10.0)
}

/// Without database, engine, Asterisk or clock there are no calls; without the rest there are fewer.
fn overall(checks: &[CheckBody]) -> Health {
    checks.iter().map(|check| check.health).max().unwrap_or(Health::Up)
}

fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_lasts_as_long_as_last_week_says() {
        assert_eq!(days_left(100, 0), None);
        assert_eq!(days_left(100, 100), Some(7.0));
        assert_eq!(days_left(10, 700), Some(0.1));
    }

    #[test]
    fn the_whole_is_as_well_as_its_sickest_part() {
        let check = |health| CheckBody::new("trunk", health, None);
        assert_eq!(overall(&[check(Health::Up), check(Health::Degraded)]), Health::Degraded);
        assert_eq!(overall(&[check(Health::Down), check(Health::Up)]), Health::Down);
    }
}

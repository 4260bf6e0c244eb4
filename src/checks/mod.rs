//! Which part of the installation is sick, since when, why, and what to do about it.
//!
//! Every part is looked at, at the same time and each with a deadline: now and then by itself, for the live stream, and
//! whenever somebody asks. `looks` are the parts; `trunks` judges what the engine knows of them.

mod looks;
mod trunks;

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cadran_engine::command::{Answer, Hold};
use cadran_engine::input::Request;
use cadran_engine::model::{Timestamp, TrunkId};
use cadran_engine::view::LiveView;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::archive::Depot;
use crate::inbox::Inbox;
use crate::live::{Check, Health, Hub, Part, PauseLimit};
use crate::mail::Line;
use crate::store::{PauseChoice, Store};

/// How often every part is looked at without being asked for.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How long a server of mail is believed to do as it did: each look is a sign-in there, and one that fails too often is
/// barred.
const MAIL_BELIEVED: Duration = Duration::from_secs(60);

/// An Asterisk server, as far as its health is concerned.
#[async_trait]
pub trait Asterisk: fmt::Debug + Send + Sync {
    /// Asks it how it is.
    async fn ask(&self) -> Result<Pong, String>;
}

/// What an Asterisk server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pong {
    /// Its version.
    pub version: Option<String>,
    /// What its clock shows.
    pub at: Option<Timestamp>,
}

/// What Cadran works with, beside the database and the engine.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The Asterisk server that this daemon drives: its name, as its lease has it, and the way to it.
    pub asterisk: Option<(String, Arc<dyn Asterisk>)>,
    /// Where FastAGI listens, when it does.
    pub agi: Option<SocketAddr>,
    /// The line to the server of mail, when there is one.
    pub mail: Option<Line>,
}

/// How well the installation is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = System)]
pub struct Report {
    /// The worst of what every call needs; degraded when something else is not well.
    pub health: Health,
    /// When it was looked at.
    pub at: Timestamp,
    /// Every part that there is.
    #[schema(value_type = Vec<Check>)]
    pub checks: Arc<[Check]>,
}

/// Looks at every part. Cheap to clone.
#[derive(Clone)]
pub struct Checker(Arc<Inner>);

struct Inner {
    store: Store,
    depot: Depot,
    inbox: Inbox,
    hub: Hub,
    surroundings: Surroundings,
    clock: fn() -> Timestamp,
    /// Held while it is looked: two at a time would only disturb each other.
    turn: Mutex<Seen>,
}

/// What was seen before.
#[derive(Debug, Default)]
struct Seen {
    /// Since when each part is as well as it is.
    since: HashMap<Part, (Health, Timestamp)>,
    mail: Option<(Instant, Check)>,
    /// The latest report, and when its look began.
    report: Option<(Instant, Report)>,
}

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker").field("surroundings", &self.0.surroundings).finish_non_exhaustive()
    }
}

impl Checker {
    /// Looks at these.
    pub fn new(
        store: Store,
        depot: Depot,
        inbox: Inbox,
        hub: Hub,
        surroundings: Surroundings,
        clock: fn() -> Timestamp,
    ) -> Self {
        Self(Arc::new(Inner { store, depot, inbox, hub, surroundings, clock, turn: Mutex::default() }))
    }

    /// Keeps the live stream up to date, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => drop(self.look().await),
                () = stop.cancelled() => return,
            }
        }
    }

    /// Looks at every part. Whoever has waited for their turn is told what was seen meanwhile.
    pub async fn look(&self) -> Report {
        let asked_at = Instant::now();
        let mut seen = self.0.turn.lock().await;
        if let Some((_, report)) = seen.report.as_ref().filter(|(began, _)| *began >= asked_at) {
            return report.clone();
        }
        let began = Instant::now();
        let report = self.0.look(&mut seen).await;
        seen.report = Some((began, report.clone()));
        report
    }
}

impl Inner {
    /// Looks at every part.
    async fn look(&self, seen: &mut Seen) -> Report {
        let Seen { since, mail, .. } = seen;
        let around = &self.surroundings;
        let mut checks = Vec::new();
        let (database, (engine, view), asterisk, agi, mail, recordings, archive) = tokio::join!(
            bounded(Part::Only("database"), looks::database(&self.store, self.clock)),
            self.engine(),
            looks::asterisks(&self.store, around.asterisk.as_ref(), self.clock),
            looks::agi(around.agi),
            self.mail(mail),
            bounded(Part::Only("recordings"), looks::recordings(&self.store, &self.depot, (self.clock)())),
            looks::archive(&self.depot),
        );
        checks.push(database);
        checks.push(engine);
        let clock = looks::clock(&checks, &asterisk, view.as_ref().and_then(|view| view.held_by));
        checks.extend(looks::silence(asterisk, &self.hub, view.as_ref().and_then(|view| view.held_by)));
        checks.extend(view.iter().flat_map(|view| view.trunks.iter().map(trunks::check)));
        checks.extend([agi, recordings, archive, mail, clock]);
        let now = (self.clock)();
        for check in &mut checks {
            let known = since.get(&check.part).filter(|(health, _)| *health == check.health);
            check.since = known.map_or(now, |(_, since)| *since);
        }
        *since = checks.iter().map(|check| (check.part, (check.health, check.since))).collect();
        let health = overall(&checks);
        let checks: Arc<[Check]> = checks.into();
        self.hub.put_checks(checks.clone());
        self.put_pauses().await;
        Report { health, at: now, checks }
    }

    /// Tells the live stream how long pauses should last. While the database is away what was true stays true.
    async fn put_pauses(&self) {
        let choices = timeout(looks::ANSWER_MAX, self.store.all_settings::<PauseChoice>()).await;
        let Ok(Ok(choices)) = choices else { return };
        let limits = choices.into_iter().filter_map(|choice| {
            let PauseChoice { code, label_en, label_fr, pause_max, .. } = choice;
            Some((code, PauseLimit { pause_max: pause_max?, label_en, label_fr }))
        });
        self.hub.put_pauses(limits.collect());
    }

    /// Whether the engine answers, and what it shows.
    async fn engine(&self) -> (Check, Option<LiveView>) {
        let began = Instant::now();
        let answer = timeout(looks::ANSWER_MAX, self.inbox.request(Request::View)).await;
        let check = looks::timed(Check::of(Part::Only("engine")), began);
        match answer {
            Ok(Ok(Answer::View(view))) => (check, Some(*view)),
            Ok(_) | Err(_) => {
                let fix = "the log says why; `systemctl restart cadran` (calls go on)";
                (check.sick(Health::Down, "it does not answer", fix), None)
            }
        }
    }

    async fn mail(&self, seen: &mut Option<(Instant, Check)>) -> Check {
        if let Some((_, check)) = seen.as_ref().filter(|(at, _)| at.elapsed() < MAIL_BELIEVED) {
            return check.clone();
        }
        let check = looks::mail(self.surroundings.mail.as_ref()).await;
        *seen = Some((Instant::now(), check.clone()));
        check
    }
}

/// A look that does not last for ever, whatever it waits for.
async fn bounded(part: Part, look: impl Future<Output = Check>) -> Check {
    timeout(looks::ANSWER_MAX, look).await.unwrap_or_else(|_elapsed| {
        let cause = format!("no answer within {} s", looks::ANSWER_MAX.as_secs());
        Check::of(part).sick(
            Health::Down,
            cause,
            "what it waits for hangs: a disk, a network drive or a server",
        )
    })
}

/// Without database, engine, Asterisk, clock and any trunk there are no calls; without the rest there are fewer.
fn overall(checks: &[Check]) -> Health {
    let trunks = || checks.iter().filter(|check| check.what == "trunk" && check.health != Health::Off);
    let no_trunk = trunks().count() > 0 && trunks().all(|check| check.health == Health::Down);
    let needed = |check: &&Check| matches!(check.what, "asterisk" | "clock" | "database" | "engine");
    let worst = |health: Option<Health>| health.unwrap_or(Health::Up).max(Health::Up);
    let of_needed = worst(checks.iter().filter(needed).map(|check| check.health).max());
    let of_all = worst(checks.iter().map(|check| check.health).max());
    if no_trunk { Health::Down } else { of_needed.max(of_all.min(Health::Degraded)) }
}

/// Whether the clock that the engine works by can be trusted.
const fn clock_went_back(held_by: Option<Hold>) -> bool {
    matches!(held_by, Some(Hold::ClockWentBack))
}

/// A trunk's path, for what to do about it.
fn settings_of(trunk: TrunkId) -> String {
    format!("`PUT /api/trunks/{trunk}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_is_as_well_as_what_every_call_needs() {
        let check = |part, health| Check { health, ..Check::of(part) };
        let trunk = |row, health| check(Part::Trunk(TrunkId::from_i64(row)), health);
        let up = check(Part::Only("database"), Health::Up);
        let off = check(Part::Only("mail"), Health::Off);
        assert_eq!(overall(&[]), Health::Up);
        assert_eq!(overall(&[up.clone(), off.clone()]), Health::Up);
        let down = check(Part::Only("mail"), Health::Down);
        assert_eq!(overall(&[up.clone(), down]), Health::Degraded);
        let down = check(Part::Only("database"), Health::Down);
        assert_eq!(overall(&[down, off]), Health::Down);
        let one_is_down = [up.clone(), trunk(1, Health::Up), trunk(2, Health::Down)];
        assert_eq!(overall(&one_is_down), Health::Degraded);
        assert_eq!(overall(&[up, trunk(1, Health::Off), trunk(2, Health::Down)]), Health::Down);
    }
}

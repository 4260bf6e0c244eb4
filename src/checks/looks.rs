//! One look at each part.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use cadran_engine::command::Hold;
use cadran_engine::model::Timestamp;
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use super::{Asterisk, clock_went_back};
use crate::archive::Depot;
use crate::live::{Check, Health, Hub, Part};
use crate::mail::Line;
use crate::store::Store;

/// How long anything may take to answer. The database has a deadline of its own.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Over how long it is looked how much recordings grow.
const GROWTH_OVER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Days that the disk should last: time for a person to come back from a long weekend.
const DISK_DAYS_LOW: f64 = 7.0;

/// Less than this is as good as none: one day's worth, or a gibibyte.
const DISK_DAYS_OUT: f64 = 1.0;
const DISK_BYTES_OUT: u64 = 1024 * 1024 * 1024;

/// How long Asterisk may say nothing. It is asked something every ten seconds.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// How far two clocks may be apart. Leases, calling hours and the order of history are told by them.
const OFFSET_MAX: Duration = Duration::from_secs(2);

/// The time that an answer took.
pub(super) fn timed(check: Check, began: Instant) -> Check {
    Check { latency: Some(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)), ..check }
}

/// How far a clock is ahead of ours, if it was read while `began` until this moment passed.
fn offset(shown: Timestamp, began: Timestamp, now: Timestamp) -> i64 {
    let middle = began + now.since(began) / 2;
    shown.as_millis() - middle.as_millis()
}

/// Whether the database takes writes, and how its clock stands.
pub(super) async fn database(store: &Store, clock: fn() -> Timestamp) -> Check {
    let check = Check::of(Part::Only("database"));
    let began = Instant::now();
    let outcome = store.ping().await;
    let check = timed(check, began);
    if let Err(error) = outcome {
        let fix =
            "is it up, and has its disk room? `database.url` names it; without it, SQLite in `files.data`";
        return check.sick(Health::Down, error.to_string(), fix);
    }
    let asked_at = clock();
    match store.clock().await {
        Ok(shown) => Check { clock_offset: Some(offset(shown, asked_at, clock())), ..check },
        Err(error) => check.sick(
            Health::Degraded,
            error.to_string(),
            "the database answers by halves; look into its log",
        ),
    }
}

/// Every Asterisk server: the one that this daemon drives by asking it, those of others by their leases.
pub(super) async fn asterisks(
    store: &Store,
    own: Option<&(String, Arc<dyn Asterisk>)>,
    clock: fn() -> Timestamp,
) -> Vec<Check> {
    let mut checks = vec![asterisk(own, clock).await];
    let Ok(Ok(leases)) = timeout(ANSWER_MAX, store.leases()).await else { return checks };
    let others = leases.into_iter().filter(|lease| own.is_some_and(|(name, _)| *name != lease.name));
    for (number, lease) in (2..).zip(others) {
        let check = Check { which: Some(lease.name), ..Check::of(Part::Nth("asterisk", number)) };
        checks.push(if lease.until > clock() {
            check
        } else {
            let cause = format!("no daemon has driven it since {}", lease.until);
            check.sick(
                Health::Degraded,
                cause,
                "start the Cadran of that server, or forget it if it is gone for good",
            )
        });
    }
    checks
}

async fn asterisk(own: Option<&(String, Arc<dyn Asterisk>)>, clock: fn() -> Timestamp) -> Check {
    let check = Check::of(Part::Nth("asterisk", 1));
    let Some((name, asterisk)) = own else { return check };
    let check = Check { which: Some(name.clone()), ..check };
    let (asked_at, began) = (clock(), Instant::now());
    let answer = timeout(ANSWER_MAX, asterisk.ask()).await;
    let check = timed(check, began);
    match answer {
        Ok(Ok(pong)) => {
            let clock_offset = pong.at.map(|shown| offset(shown, asked_at, clock()));
            Check { version: pong.version, clock_offset, ..check }
        }
        Ok(Err(problem)) => check.sick(Health::Down, problem, ASTERISK_FIX),
        Err(_elapsed) => {
            let cause = format!("no answer within {} s", ANSWER_MAX.as_secs());
            check.sick(Health::Down, cause, ASTERISK_FIX)
        }
    }
}

const ASTERISK_FIX: &str = "is Asterisk up, and `asterisk.url` right? \
    `curl -u cadran:PASSWORD URL/ari/asterisk/ping` must say pong; Cadran reconnects by itself";

/// What the engine and the event stream say of our own Asterisk, beside its answers.
pub(super) fn silence(mut checks: Vec<Check>, hub: &Hub, held_by: Option<Hold>) -> Vec<Check> {
    if let Some(own) = checks.first_mut().filter(|own| own.health == Health::Up) {
        let silent = hub.now().since(hub.tables().source());
        if held_by == Some(Hold::SwitchAway) {
            *own = own.clone().sick(Health::Down, Hold::SwitchAway.in_words(), ASTERISK_FIX);
        } else if silent > SILENCE_MAX {
            let cause = format!("nothing was heard of it for {} s", silent.as_secs());
            let fix = "its events do not arrive: look for *connecting anew* in the log, and at the load of its machine";
            *own = own.clone().sick(Health::Degraded, cause, fix);
        }
    }
    checks
}

/// Whether the clocks can be trusted: ours, that of Asterisk and that of the database.
pub(super) fn clock(database: &[Check], asterisks: &[Check], held_by: Option<Hold>) -> Check {
    let check = Check::of(Part::Only("clock"));
    if clock_went_back(held_by) {
        let fix = "dialling goes on when the clock has caught up; let a time service slew it, not step it";
        return check.sick(Health::Down, Hold::ClockWentBack.in_words(), fix);
    }
    let others = database.iter().chain(asterisks);
    let farthest = others.filter_map(|other| Some((other.what, other.clock_offset?)));
    let farthest = farthest.max_by_key(|(_, offset)| offset.unsigned_abs());
    match farthest {
        Some((what, ms)) if u128::from(ms.unsigned_abs()) > OFFSET_MAX.as_millis() => {
            let side = if ms > 0 { "ahead of" } else { "behind" };
            let cause = format!("that of the {what} is {} ms {side} this machine's", ms.unsigned_abs());
            let fix =
                "have both machines set by one time service: `timedatectl` on each says whether they are";
            Check { clock_offset: Some(ms), ..check }.sick(Health::Degraded, cause, fix)
        }
        _ => Check { clock_offset: farthest.map(|(_, ms)| ms), ..check },
    }
}

/// Whether FastAGI takes connections.
pub(super) async fn agi(listen: Option<SocketAddr>) -> Check {
    let check = Check::of(Part::Only("agi"));
    let Some(listen) = listen else {
        return check.off("the section `[fastagi]` of the configuration opens it");
    };
    let check = Check { which: Some(listen.to_string()), ..check };
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let began = Instant::now();
    let answer = timeout(ANSWER_MAX, TcpStream::connect((ip, listen.port()))).await;
    let check = timed(check, began);
    let cause = match answer {
        Ok(Ok(_)) => return check,
        Ok(Err(problem)) => problem.to_string(),
        Err(_elapsed) => format!("no connection within {} s", ANSWER_MAX.as_secs()),
    };
    let fix = "look for FastAGI in the log; `fastagi.listen` names the port; callers of the dialplan hear its fallback";
    check.sick(Health::Down, cause, fix)
}

/// Whether the server of mail lets us in.
pub(super) async fn mail(line: Option<&Line>) -> Check {
    let check = Check::of(Part::Only("mail"));
    let Some(line) = line else { return check.off("the section `[mail]` of the configuration opens it") };
    let began = Instant::now();
    let answer = timeout(ANSWER_MAX, line.test()).await;
    let check = timed(check, began);
    let cause = match answer {
        Ok(Ok(())) => return check,
        Ok(Err(problem)) => problem.to_string(),
        Err(_elapsed) => format!("no answer within {} s", ANSWER_MAX.as_secs()),
    };
    let fix = "compare `mail.host`, `port`, `security`, `user` and `password_file` with what its provider says; \
               messages wait meanwhile";
    check.sick(Health::Down, cause, fix)
}

/// Whether recordings can be written, and how long there is room for them.
pub(super) async fn recordings(store: &Store, depot: &Depot, now: Timestamp) -> Check {
    let check = Check { which: Some("files.recordings".to_owned()), ..Check::of(Part::Only("recordings")) };
    const FIX: &str = "the directory `files.recordings` must exist, and be writable for the user of Cadran";
    let began = Instant::now();
    if let Err(problem) = depot.try_recordings().await {
        return check.sick(Health::Down, problem.to_string(), FIX);
    }
    let check = timed(check, began);
    let measured = depot.clone();
    let free = match spawn_blocking(move || measured.free_bytes()).await {
        Ok(Ok(free)) => free,
        Ok(Err(problem)) => return check.sick(Health::Degraded, problem.to_string(), FIX),
        Err(problem) => return check.sick(Health::Degraded, problem.to_string(), FIX),
    };
    let grown = match store.recorded_bytes(now - GROWTH_OVER).await {
        Ok(grown) => grown,
        Err(error) => {
            return check.sick(Health::Degraded, error.to_string(), "see the check of the database");
        }
    };
    let days = days_left(free, grown);
    let check = Check { disk_days: days, ..check };
    let out = free < DISK_BYTES_OUT || days.is_some_and(|days| days < DISK_DAYS_OUT);
    let low = days.is_some_and(|days| days < DISK_DAYS_LOW);
    if !(out || low) {
        return check;
    }
    let cause = format!("the disk of `files.recordings` has {} MiB left", free >> 20);
    let fix =
        "make room, move `files.archive` to a larger disk or to a bucket, or shorten `recordings.retention`";
    check.sick(if out { Health::Down } else { Health::Degraded }, cause, fix)
}

/// Whether the place of archived recordings answers.
pub(super) async fn archive(depot: &Depot) -> Check {
    let check = Check::of(Part::Only("archive"));
    let began = Instant::now();
    let answer = timeout(ANSWER_MAX, depot.try_archive()).await;
    let check = timed(check, began);
    let fix = "recordings stay in `files.recordings` meanwhile; compare `recordings.bucket`, or `files.archive`, with \
               what is there";
    match answer {
        Ok((place, answer)) => {
            let check = Check { which: Some(place.to_owned()), ..check };
            match answer {
                Ok(()) => check,
                Err(problem) => check.sick(Health::Down, problem.to_string(), fix),
            }
        }
        Err(_elapsed) => {
            check.sick(Health::Down, format!("no answer within {} s", ANSWER_MAX.as_secs()), fix)
        }
    }
}

/// How many days `free` bytes last when the last week took `grown`; none while nothing grows.
fn days_left(free: u64, grown: u64) -> Option<f64> {
    let days = free as f64 / grown as f64 * 7.0;
    (grown > 0).then(|| (days * 10.0).round() / 10.0)
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
    fn a_clock_is_measured_against_the_middle_of_the_question() {
        let at = Timestamp::from_millis;
        assert_eq!(offset(at(1_050), at(1_000), at(1_100)), 0);
        assert_eq!(offset(at(3_050), at(1_000), at(1_100)), 2_000);
        assert_eq!(offset(at(0), at(1_000), at(1_000)), -1_000);
    }

    #[test]
    fn clocks_that_are_far_apart_are_named() {
        let read = |what, ms| Check { clock_offset: Some(ms), ..Check::of(Part::Only(what)) };
        let well = clock(&[read("database", 3)], &[read("asterisk", -40)], None);
        assert_eq!((well.health, well.clock_offset), (Health::Up, Some(-40)));
        let apart = clock(&[read("database", 9_000)], &[read("asterisk", 1)], None);
        assert_eq!(apart.health, Health::Degraded);
        assert!(apart.cause.unwrap().contains("database is 9000 ms"));
        assert_eq!(clock(&[], &[], Some(Hold::ClockWentBack)).health, Health::Down);
        assert_eq!(clock(&[], &[], None).clock_offset, None);
    }

    #[tokio::test]
    async fn fastagi_is_off_up_or_down() {
        assert_eq!(agi(None).await.health, Health::Off);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        assert_eq!(agi(Some(at)).await.health, Health::Up);
        drop(listener);
        let down = agi(Some(at)).await;
        assert!(down.health == Health::Down && down.fix.is_some(), "{down:?}");
    }
}

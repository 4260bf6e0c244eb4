//! Pacing in sentences: what a campaign does, and what stands in its way, in the reader's language.

use std::time::Duration;

use cadran_engine::command::Hold;
use cadran_engine::dialer::obstacle::{Obstacle, Standing, Whose};
use cadran_engine::dialer::pacing_line::PacingLine;
use cadran_engine::input::AttemptRefusal;
use cadran_engine::model::{Timestamp, Trip, Zone};

use crate::store::{Keeps, WaitingLeads};
use crate::words::{Language, fill};

/// A campaign's pacing at one moment, in one sentence.
pub fn pacing(line: &PacingLine, language: Language) -> String {
    let held_by: Vec<String> =
        line.held_by.iter().map(|standing| obstacle(&standing.obstacle, line.at, language)).collect();
    let held_by = if held_by.is_empty() { language.pacing("nothing").to_owned() } else { held_by.join(", ") };
    let percent = |share: f64, digits| language.decimal(share * 100.0, digits);
    let mut values = vec![
        ("level", language.decimal(line.level, 1)),
        ("ready", line.ready.to_string()),
        ("dialling", line.dialling.to_string()),
        ("rate", percent(line.answer_rate, 0)),
        ("deviation", percent(line.answer_rate_deviation, 0)),
        ("drops", percent(line.drop_rate(), 1)),
        ("limit", percent(line.drop_limit, 1)),
        ("held_by", held_by),
    ];
    let phrase = match line.forecast {
        Some(forecast) => {
            values.push(("free", language.decimal(forecast.free, 1)));
            values.push(("within", language.decimal(forecast.within, 0)));
            values.push(("confidence", language.decimal(forecast.confidence, 2)));
            "expected"
        }
        None => "line",
    };
    fill(language.pacing(phrase), &values)
}

/// An obstacle, and for how long it has been there.
pub fn standing(standing: &Standing, now: Timestamp, language: Language) -> String {
    let reason = obstacle(&standing.obstacle, now, language);
    let for_long = now.since(standing.since);
    if for_long < Duration::from_secs(1) {
        return reason;
    }
    fill(language.pacing("since"), &[("reason", reason), ("span", span(for_long))])
}

/// What holds all dialling.
pub fn hold(hold: Hold, language: Language) -> &'static str {
    language.pacing(match hold {
        Hold::ClockWentBack => "held_clock_went_back",
        Hold::NoSettings => "held_no_settings",
        Hold::StoreAway => "held_store_away",
        Hold::SwitchAway => "held_switch_away",
    })
}

/// How many leads wait, and for what.
pub fn waiting(waiting: &WaitingLeads, now: Timestamp, language: Language) -> String {
    let (phrase, why) = match waiting.keeps {
        Keeps::Nothing => ("leads_due", ""),
        Keeps::Forbidden(reason) => ("leads_forbidden", language.reason(reason)),
        Keeps::Later => ("leads_later", ""),
        Keeps::ListOff => ("leads_list_off", ""),
        Keeps::QuotaReached => ("leads_quota_reached", ""),
    };
    let values = [
        ("count", waiting.leads.to_string()),
        ("span", span(waiting.next_due_at.since(now))),
        ("why", why.to_owned()),
    ];
    fill(language.pacing(phrase), &values)
}

/// Why a dial that an agent asked for was not placed.
pub fn refusal(refusal: AttemptRefusal, language: Language) -> &'static str {
    match refusal {
        AttemptRefusal::Forbidden(reason) => language.reason(reason),
        AttemptRefusal::LeadGone => language.pacing("lead_gone"),
        AttemptRefusal::StoreAway => language.pacing("held_store_away"),
    }
}

fn obstacle(obstacle: &Obstacle, now: Timestamp, language: Language) -> String {
    let say = |phrase: &str, values: &[(&str, String)]| fill(language.pacing(phrase), values);
    let number = |value: f64| language.decimal(value, 1);
    match obstacle {
        Obstacle::AgentsDecide => say("agents_decide", &[]),
        Obstacle::Burst => say("burst", &[]),
        Obstacle::DropLimit { dropped, answered, limit } => say(
            "drop_limit",
            &[
                ("dropped", dropped.to_string()),
                ("answered", answered.to_string()),
                ("limit", number(limit * 100.0)),
            ],
        ),
        Obstacle::Full { whose, calls, calls_max } => say(
            "full",
            &[
                ("whose", whose_limit(whose, language)),
                ("calls", calls.to_string()),
                ("calls_max", calls_max.to_string()),
            ],
        ),
        Obstacle::Held { hold } => self::hold(*hold, language).to_owned(),
        Obstacle::LeadsComing => say("leads_coming", &[]),
        Obstacle::NoAgentReady(counts) => say(
            "no_agent_ready",
            &[
                ("on_call", counts.on_call.to_string()),
                ("wrap_up", counts.wrap_up.to_string()),
                ("reserved", counts.reserved.to_string()),
                ("paused", counts.paused.to_string()),
                ("lost", counts.lost.to_string()),
            ],
        ),
        Obstacle::NoLeadDue { next_due_at: Some(at) } => {
            say("no_lead_due_until", &[("span", span(at.since(now)))])
        }
        Obstacle::NoLeadDue { next_due_at: None } => say("no_lead_due", &[]),
        Obstacle::NoTrunk => say("no_trunk", &[]),
        Obstacle::NotRunning { state } => say(&format!("not_running_{}", state.as_str()), &[]),
        Obstacle::OutsideHours { zone, opens_at: Some(at) } => {
            say("outside_hours_until", &[("time", local_time(*at, zone, now)), ("zone", zone.to_string())])
        }
        Obstacle::OutsideHours { zone, opens_at: None } => {
            say("outside_hours", &[("zone", zone.to_string())])
        }
        Obstacle::Refused { refusal, attempts } => refused(*refusal, *attempts, language),
        Obstacle::Resting { name, .. } => say("resting", &[("name", name.clone())]),
        Obstacle::Risk { risk } => say("risk", &[("risk", language.decimal(risk * 100.0, 0))]),
        Obstacle::TooFast { whose, calls_per_second } => say(
            "too_fast",
            &[("whose", whose_limit(whose, language)), ("calls_per_second", number(*calls_per_second))],
        ),
        Obstacle::Slowed { whose, why, share, until } => say(
            "slowed",
            &[
                ("whose", whose_limit(whose, language)),
                ("why", language.pacing(trip_phrase(*why)).to_owned()),
                ("share", language.decimal(share * 100.0, 0)),
                ("span", span(until.since(now))),
            ],
        ),
        Obstacle::Tripped { whose, why, until } => say(
            "tripped",
            &[
                ("whose", whose_limit(whose, language)),
                ("why", language.pacing(trip_phrase(*why)).to_owned()),
                ("span", span(until.since(now))),
            ],
        ),
        Obstacle::TrunkDown { name, .. } => say("trunk_down", &[("name", name.clone())]),
        Obstacle::TrunkOff { name, .. } => say("trunk_off", &[("name", name.clone())]),
        Obstacle::TrunkShowsNone { name, .. } => say("trunk_shows_none", &[("name", name.clone())]),
        Obstacle::UnderWay { dials, ready } => {
            say("under_way", &[("dials", dials.to_string()), ("ready", ready.to_string())])
        }
    }
}

fn whose_limit(whose: &Whose, language: Language) -> String {
    match whose {
        Whose::Campaign => language.pacing("whose_campaign").to_owned(),
        Whose::Server => language.pacing("whose_server").to_owned(),
        Whose::Trunk { name, .. } => fill(language.pacing("whose_trunk"), &[("name", name.clone())]),
    }
}

fn refused(refusal: AttemptRefusal, attempts: u32, language: Language) -> String {
    let (phrase, why) = match refusal {
        AttemptRefusal::Forbidden(reason) => ("refused_forbidden", language.reason(reason)),
        AttemptRefusal::LeadGone => ("refused_lead_gone", ""),
        AttemptRefusal::StoreAway => ("refused_store_away", ""),
    };
    fill(language.pacing(phrase), &[("attempts", attempts.to_string()), ("why", why.to_owned())])
}

const fn trip_phrase(why: Trip) -> &'static str {
    match why {
        Trip::Congestion => "trip_congestion",
        Trip::Drops => "trip_drops",
        Trip::Failed => "trip_failed",
        Trip::Machines => "trip_machines",
        Trip::Short => "trip_short",
    }
}

/// A span of time as people write it, in the coarsest units that still tell something.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h {:02}", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A moment on the clock of a zone, with its day when that is not today.
fn local_time(at: Timestamp, zone: &Zone, now: Timestamp) -> String {
    let there = |moment: Timestamp| {
        let instant = jiff::Timestamp::from_millisecond(moment.as_millis()).unwrap_or_default();
        zone.rules().to_datetime(instant)
    };
    let (at, now) = (there(at), there(now));
    let format = if at.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    at.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use cadran_engine::dialer::compliance::Reason;
    use cadran_engine::dialer::obstacle::AgentCounts;
    use cadran_engine::dialer::pacing_line::Expectation;
    use cadran_engine::model::{CampaignState, DialMode, TrunkId};

    use super::*;

    /// Friday 20 November 2026, 09:00 UTC.
    const NOW: Timestamp = Timestamp::from_millis(1_795_165_200_000);

    fn trunk() -> Whose {
        Whose::Trunk { trunk: TrunkId::from_i64(1), name: "A".to_owned() }
    }

    fn line() -> PacingLine {
        let full = Obstacle::Full { whose: trunk(), calls: 40, calls_max: 40 };
        PacingLine {
            at: NOW,
            mode: DialMode::Progressive,
            level: 2.4,
            ready: 3,
            dialling: 7,
            waiting: 0,
            talking: 12,
            hopper: 40,
            answer_rate: 0.22,
            answer_rate_deviation: 0.04,
            answered: 1_000,
            dropped: 19,
            drop_limit: 0.03,
            forecast: Some(Expectation { free: 3.0, within: 8.0, confidence: 0.7 }),
            held_by: vec![Standing { obstacle: full, since: NOW }],
        }
    }

    #[test]
    fn a_line_is_a_sentence_in_both_languages() {
        assert_eq!(
            pacing(&line(), Language::English),
            "level 2.4: 3 agents free within 8 s (p=0.7), answer rate 22 % ± 4, drops 1.9 % of 3 %; held by: trunk A \
             40/40 calls"
        );
        assert_eq!(
            pacing(&line(), Language::French),
            "niveau 2,4 : 3 agents libres sous 8 s (p=0,7), taux de décroché 22 % ± 4, abandons 1,9 % sur 3 % ; retenu \
             par : la ligne A 40/40 appels"
        );
        let other = PacingLine { forecast: None, held_by: Vec::new(), ..line() };
        assert_eq!(
            pacing(&other, Language::English),
            "level 2.4: 3 agents ready, 7 dials in flight, answer rate 22 % ± 4, drops 1.9 % of 3 %; held by: nothing"
        );
    }

    #[test]
    fn times_are_told_where_the_lead_lives() {
        let zone: Zone = "Europe/Paris".parse().unwrap();
        let until = |hours: u64| {
            let opens_at = Some(NOW + Duration::from_secs(hours * 3_600));
            let closed = Obstacle::OutsideHours { zone: zone.clone(), opens_at };
            standing(
                &Standing { obstacle: closed, since: NOW - Duration::from_secs(90) },
                NOW,
                Language::English,
            )
        };
        assert_eq!(until(4), "outside calling hours until 14:00 (Europe/Paris), for 90 s");
        assert_eq!(until(24), "outside calling hours until 2026-11-21 10:00 (Europe/Paris), for 90 s");
    }

    /// One of every kind.
    fn every_obstacle() -> Vec<Obstacle> {
        let (trunk_id, name) = (TrunkId::from_i64(1), "A".to_owned());
        let states = [CampaignState::Draft, CampaignState::Paused, CampaignState::Finished];
        let holds = [Hold::ClockWentBack, Hold::NoSettings, Hold::StoreAway, Hold::SwitchAway];
        let forbidden = AttemptRefusal::Forbidden(Reason::FreqCap);
        let refusals = [forbidden, AttemptRefusal::LeadGone, AttemptRefusal::StoreAway];
        let whose = [Whose::Campaign, Whose::Server, trunk()];
        let zone = Zone::utc();
        let mut all = vec![
            Obstacle::AgentsDecide,
            Obstacle::Burst,
            Obstacle::DropLimit { dropped: 3, answered: 100, limit: 0.03 },
            Obstacle::LeadsComing,
            Obstacle::NoAgentReady(AgentCounts { paused: 2, ..AgentCounts::default() }),
            Obstacle::NoLeadDue { next_due_at: None },
            Obstacle::NoLeadDue { next_due_at: Some(NOW + Duration::from_secs(9_000)) },
            Obstacle::NoTrunk,
            Obstacle::OutsideHours { zone: zone.clone(), opens_at: None },
            Obstacle::OutsideHours { zone, opens_at: Some(NOW) },
            Obstacle::Resting { trunk: trunk_id, name: name.clone(), until: NOW },
            Obstacle::Risk { risk: 0.2 },
            Obstacle::TrunkDown { trunk: trunk_id, name: name.clone() },
            Obstacle::TrunkOff { trunk: trunk_id, name: name.clone() },
            Obstacle::TrunkShowsNone { trunk: trunk_id, name },
            Obstacle::UnderWay { dials: 3, ready: 3 },
        ];
        all.extend(states.map(|state| Obstacle::NotRunning { state }));
        all.extend(holds.map(|hold| Obstacle::Held { hold }));
        all.extend(refusals.map(|refusal| Obstacle::Refused { refusal, attempts: 7 }));
        let trips = [Trip::Congestion, Trip::Drops, Trip::Failed, Trip::Machines, Trip::Short];
        all.extend(trips.map(|why| Obstacle::Tripped { whose: trunk(), why, until: NOW }));
        all.extend(trips.map(|why| Obstacle::Slowed { whose: Whose::Campaign, why, share: 0.5, until: NOW }));
        all.extend(whose.iter().cloned().map(|whose| Obstacle::Full { whose, calls: 5, calls_max: 5 }));
        all.extend(whose.map(|whose| Obstacle::TooFast { whose, calls_per_second: 5.0 }));
        all
    }

    #[test]
    fn every_obstacle_has_words_and_no_place_is_left_open() {
        for language in Language::ALL {
            for kind in every_obstacle() {
                let said = obstacle(&kind, NOW, language);
                assert!(!said.is_empty() && !said.contains('{'), "{kind:?}: {said}");
            }
        }
    }
}

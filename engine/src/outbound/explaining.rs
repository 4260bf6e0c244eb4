//! Once a second: what every campaign does, what stands in its way, and a line of it for history.

use std::time::Duration;

use crate::agents::session::AgentState;
use crate::command::Write;
use crate::dialer::CampaignRun;
use crate::dialer::calling_hours::{self, Hours};
use crate::dialer::campaign_run::{IdleReason, Limited};
use crate::dialer::drop_ledger::DropCounts;
use crate::dialer::obstacle::{AgentCounts, Obstacle, Standing, Whose, standing};
use crate::dialer::pacing::{self, Decision};
use crate::dialer::pacing_line::{LineSpan, PacingLine, rounded};
use crate::dialer::predictive::HeldBy;
use crate::engine::{Engine, TrunkRun};
use crate::model::{CampaignId, CampaignState, DialMode, Timestamp};
use crate::outbound::tripping::obstacle_of;
use crate::timers::Timer;

/// How often campaigns are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often what was learnt is kept.
const LEARNT_EVERY: Duration = Duration::from_secs(60);

impl Engine {
    /// Begins to look once a second, unless that goes on already.
    pub(crate) fn begin_explaining(&mut self) {
        if !self.explains && self.runs.values().any(|run| run.state == CampaignState::Running) {
            self.explains = true;
            self.cx.arm_in(LOOK_EVERY, Timer::Explain);
        }
    }

    /// A second is over.
    pub(crate) fn explain(&mut self) {
        self.explains = false;
        let campaigns: Vec<CampaignId> = self.runs.keys().copied().collect();
        for campaign in campaigns {
            self.explain_campaign(campaign);
        }
        self.begin_explaining();
    }

    fn explain_campaign(&mut self, campaign: CampaignId) {
        let now = self.cx.now;
        let Some(line) = self.runs.get(&campaign).map(|run| self.pacing_line(run)) else { return };
        let is_store_away = self.holds.is_store_away();
        let Some(run) = self.runs.get_mut(&campaign) else { return };
        run.note_obstacles(&line.held_by);
        // History is no reason to fill the queue of a database that is away.
        if run.state != CampaignState::Running || is_store_away {
            return;
        }
        if now.since(run.learnt_at) >= LEARNT_EVERY {
            run.learnt_at = now;
            self.cx.write(Write::SaveLearnt { campaign, at: now, learnt: Box::new(run.learnt()) });
        }
        let is_tenth = now.since(run.history_at) >= LineSpan::TenSeconds.length();
        let (span, line) = if is_tenth {
            run.history_at = now;
            let held_by = std::mem::take(&mut run.seen_obstacles);
            (LineSpan::TenSeconds, PacingLine { held_by, ..line })
        } else {
            (LineSpan::Second, line)
        };
        self.cx.write(Write::SavePacing { campaign, span, line: Box::new(line) });
    }

    /// Has everything kept that was learnt.
    pub(crate) fn keep_learnt(&mut self) {
        let at = self.cx.now;
        for (campaign, run) in self.runs.iter().filter(|(_, run)| run.state == CampaignState::Running) {
            let learnt = Box::new(run.learnt());
            self.cx.write(Write::SaveLearnt { campaign: *campaign, at, learnt });
        }
    }

    /// What a campaign does at this moment.
    pub(crate) fn pacing_line(&self, run: &CampaignRun) -> PacingLine {
        let now = self.cx.now;
        let forecast = run.prediction.as_ref().and_then(|prediction| prediction.why);
        let agents = self.agent_counts(run.id);
        let free = f64::from((agents.ready + agents.reserved).max(1));
        let (day, _) = run.drops.counts(now);
        let (answer_rate, deviation) = run.answer_rates.at(run.hour(self.cx.wall));
        PacingLine {
            at: now,
            mode: run.settings.mode,
            level: rounded(forecast.map_or(f64::from(run.dialling) / free, |why| why.level)),
            ready: agents.ready,
            dialling: run.dialling,
            waiting: u32::try_from(run.waiting.len()).unwrap_or(u32::MAX),
            talking: run.talking,
            hopper: u32::try_from(run.hopper.len()).unwrap_or(u32::MAX),
            answer_rate: rounded(forecast.map_or(answer_rate, |why| why.answer_rate)),
            answer_rate_deviation: rounded(forecast.map_or(deviation, |why| why.answer_rate_deviation)),
            answered: day.served.saturating_add(day.dropped_whole()),
            dropped: day.dropped_whole(),
            drop_limit: run.settings.drop_limit.min(run.law().day_max),
            forecast: forecast.map(Into::into),
            held_by: self.standing_obstacles(run),
        }
    }

    fn standing_obstacles(&self, run: &CampaignRun) -> Vec<Standing> {
        standing(self.obstacles(run), &run.obstacles, self.cx.now)
    }

    /// Everything that keeps a campaign from placing one more call at this moment, what a person should look at
    /// first at the beginning.
    fn obstacles(&self, run: &CampaignRun) -> Vec<Obstacle> {
        let mut found = Vec::new();
        if run.state != CampaignState::Running {
            found.push(Obstacle::NotRunning { state: run.state });
        }
        found.extend(self.holds.all().map(|hold| Obstacle::Held { hold }));
        self.add_agents(run, &mut found);
        self.add_leads(run, &mut found);
        self.add_limits(run, &mut found);
        self.add_pacing(run, &mut found);
        found
    }

    fn add_agents(&self, run: &CampaignRun, found: &mut Vec<Obstacle>) {
        let counts = self.agent_counts(run.id);
        let at_work = counts.ready + counts.reserved + counts.on_call + counts.wrap_up;
        let none = if run.prediction.is_some() { at_work == 0 } else { counts.ready == 0 };
        if run.settings.mode == DialMode::Manual {
            found.push(Obstacle::AgentsDecide);
        } else if none {
            found.push(Obstacle::NoAgentReady(counts));
        } else if run.settings.mode.is_agents_choice() {
            found.push(Obstacle::AgentsDecide);
        }
    }

    fn agent_counts(&self, campaign: CampaignId) -> AgentCounts {
        let mut counts = AgentCounts::default();
        for session in self.sessions.values().filter(|session| session.campaigns.contains(&campaign)) {
            *match session.state {
                AgentState::Paused { .. } => &mut counts.paused,
                AgentState::Ready => &mut counts.ready,
                AgentState::Reserved(_) => &mut counts.reserved,
                AgentState::OnCall { .. } | AgentState::Consulted { .. } => &mut counts.on_call,
                AgentState::WrapUp { .. } => &mut counts.wrap_up,
                // Takes no calls, as in a pause.
                AgentState::Supervising => &mut counts.paused,
                AgentState::Lost => &mut counts.lost,
            } += 1;
        }
        counts
    }

    fn add_leads(&self, run: &CampaignRun, found: &mut Vec<Obstacle>) {
        found.extend(
            run.refused
                .iter()
                .map(|(refusal, attempts)| Obstacle::Refused { refusal: *refusal, attempts: *attempts }),
        );
        if !run.hopper.is_empty() {
            return;
        }
        if let Some(zone) = &run.zone
            && let Hours::Closed(opens_at) = calling_hours::at(&run.settings.hours, zone, self.cx.wall)
        {
            found.push(Obstacle::OutsideHours { zone: zone.clone(), opens_at });
        }
        if run.hopper.is_exhausted() {
            found.push(Obstacle::NoLeadDue { next_due_at: run.hopper.next_due_at() });
        } else if run.hopper.is_being_filled() {
            found.push(Obstacle::LeadsComing);
        }
    }

    fn add_limits(&self, run: &CampaignRun, found: &mut Vec<Obstacle>) {
        let last = match run.idle_because {
            Some(IdleReason::AtLimit(limited)) => Some(limited),
            Some(_) | None => None,
        };
        let now = self.cx.now;
        let is_last = |limited| last == Some(limited);
        found.extend(run.gate.obstacle(Whose::Campaign, is_last(Limited::Campaign), now));
        found.extend(obstacle_of(&run.breaker, Whose::Campaign, now));
        let server = self.switch_gate.as_ref();
        found.extend(server.and_then(|gate| gate.obstacle(Whose::Server, is_last(Limited::Server), now)));
        let trunks = run.settings.trunks.iter().filter_map(|id| self.trunks.get(id));
        let closed: Option<Vec<Obstacle>> =
            trunks.map(|trunk| trunk.obstacle(run, is_last(Limited::Trunk), now)).collect();
        // One trunk that is open is enough.
        match closed {
            Some(closed) if closed.is_empty() => found.push(Obstacle::NoTrunk),
            Some(closed) => found.extend(closed),
            None => {}
        }
    }

    /// What the pacing itself says. A predictive campaign's word is that of its last look.
    fn add_pacing(&self, run: &CampaignRun, found: &mut Vec<Obstacle>) {
        let situation = self.situation(run, 0);
        if let Some(why) = run.prediction.as_ref().and_then(|prediction| prediction.why) {
            match why.held_by {
                HeldBy::Burst => found.push(Obstacle::Burst),
                HeldBy::DropLimit => found.push(drop_limit(tightest(&situation))),
                HeldBy::Level => {
                    found.push(Obstacle::UnderWay { dials: run.dialling_ahead, ready: situation.ready })
                }
                HeldBy::Risk => found.push(Obstacle::Risk { risk: rounded(1.0 - why.confidence) }),
                // Told by gates and agents themselves.
                HeldBy::Lines | HeldBy::NoAgents => {}
            }
            return;
        }
        if matches!(situation.mode, DialMode::Power { .. })
            && let Some(window) = pacing::spent_window(&situation)
        {
            found.push(drop_limit(window));
        }
        let wants_none = matches!(pacing::decide(&situation), Decision::Ahead(0) | Decision::PerAgent(0));
        if wants_none && situation.ready > 0 && !situation.mode.is_agents_choice() {
            found.push(Obstacle::UnderWay { dials: situation.on_their_way, ready: situation.ready });
        }
    }
}

/// The window in which the fewest drops are left.
fn tightest(situation: &pacing::Situation) -> (DropCounts, f64) {
    let [day, month] = situation.windows;
    let left = |(counts, limit): (DropCounts, f64)| limit * counts.people() - counts.dropped();
    if left(day) <= left(month) { day } else { month }
}

fn drop_limit((counts, limit): (DropCounts, f64)) -> Obstacle {
    let dropped = counts.dropped_whole();
    Obstacle::DropLimit { dropped, answered: counts.served.saturating_add(dropped), limit }
}

impl TrunkRun {
    /// Why this trunk carries no call of a campaign at this moment; none if it would.
    fn obstacle(&self, run: &CampaignRun, was_full: bool, now: Timestamp) -> Option<Obstacle> {
        let (trunk, name) = (self.settings.id, self.settings.name.clone());
        if !self.settings.enabled {
            Some(Obstacle::TrunkOff { trunk, name })
        } else if !self.reachable {
            Some(Obstacle::TrunkDown { trunk, name })
        } else if self.shows_one_of(&run.settings.caller_ids).is_none() {
            Some(Obstacle::TrunkShowsNone { trunk, name })
        } else if let Some(until) = self.gate.rests_until(now) {
            Some(Obstacle::Resting { trunk, name, until })
        } else {
            let whose = Whose::Trunk { trunk, name };
            let tripped = obstacle_of(&self.breaker, whose.clone(), now);
            tripped.or_else(|| self.gate.obstacle(whose, was_full, now))
        }
    }
}

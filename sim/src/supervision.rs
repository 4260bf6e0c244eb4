//! The supervisors, and what must hold of them: an ear is open only while an act of supervision that is written down
//! needs it (I13), and no customer is left alone by a call that changes hands (I16).

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::input::{LegPurpose, Request};
use cadran_engine::model::{
    AgentId, CallId, EarId, LegId, RoomId, Scope, SupervisionMode, Timestamp, UserId,
};
use cadran_engine::view::{AgentView, LiveView};

use crate::network::NetEar;
use crate::plan::WORK_END;
use crate::world::{Happening, World};

/// Agents who supervise.
pub(crate) const SUPERVISORS: std::ops::RangeInclusive<i64> = 9..=10;

/// Until then what should not be is mended: a snapshot finds it within ten seconds and five of travel.
const MENDED_MAX: Duration = Duration::from_secs(20);

/// The same where nothing went wrong: two seconds for Asterisk to do it, and one until it is looked at.
const SETTLED_MAX: Duration = Duration::from_secs(3);

/// What went wrong shows within this time: a command that was lost, and the travel of its failure.
const AFTERMATH: Duration = Duration::from_secs(10);

/// What should not be, and since when it has been seen.
#[derive(Debug, Default)]
pub(crate) struct Wrongs(BTreeMap<String, Timestamp>);

/// The account of whoever works with this agent record.
fn account_of(supervisor: AgentId) -> UserId {
    UserId::from_i64(100 + supervisor.as_i64())
}

impl World<'_> {
    /// Each supervisor looks at the board and may act on it within the second.
    pub(crate) fn supervisors_act(&mut self, view: &LiveView) {
        for row in SUPERVISORS {
            let supervisor = AgentId::from_i64(row);
            let seen = view.agents.iter().find(|seen| seen.agent == supervisor);
            let request = match seen {
                _ if self.now > WORK_END => seen.map(|_| Request::LogOut { agent: supervisor }),
                None => self
                    .chance
                    .happens(0.2)
                    .then(|| Request::LogIn { agent: supervisor, campaigns: Vec::new() }),
                Some(seen) => self.next_act_of_supervisor(seen, view),
            };
            if let Some(request) = request {
                let takes_over =
                    matches!(request, Request::Supervise { mode: SupervisionMode::TakeOver, .. });
                let soon = self.chance.millis(0, 990);
                self.after(soon, Happening::Asks(request));
                // Some change their minds while the customer is on the way.
                if takes_over && self.chance.happens(0.3) {
                    let thought = self.chance.millis(1, 300);
                    let stop = Request::StopSupervising { supervisor, withdrawn: false };
                    self.after(soon + thought, Happening::Asks(stop));
                }
            }
        }
    }

    fn next_act_of_supervisor(&mut self, seen: &AgentView, view: &LiveView) -> Option<Request> {
        let supervisor = seen.agent;
        let user = account_of(supervisor);
        match seen.state {
            "paused" | "supervising" => {}
            // Whoever took a call over has it like an agent.
            _ => return self.next_act(seen),
        }
        let called = view.calls.iter().filter(|call| call.state == "connected").map(|call| call.call);
        let callers =
            view.callers.iter().filter(|caller| caller.state == "connected").map(|caller| caller.call);
        let talking: Vec<CallId> = called.chain(callers).collect();
        let talks = talking.get(self.chance.number(0, 7) as usize).or(talking.first()).copied();
        let in_hand = seen.supervising.and_then(|supervising| supervising.call);
        let call = in_hand.filter(|_| self.chance.happens(0.7)).or(talks);
        let supervise = |mode, reason: &str| {
            call.map(|call| Request::Supervise { supervisor, user, call, mode, reason: reason.to_owned() })
        };
        let agent = AgentId::from_i64(self.chance.number(1, 8).cast_signed());
        let left = vec![SupervisionMode::Listen];
        let scope = Scope::Everything;
        let follow = Request::Follow { supervisor, user, agent, scope: scope.clone(), reason: String::new() };
        let choices = vec![
            (supervise(SupervisionMode::Listen, ""), 0.12),
            (supervise(SupervisionMode::Whisper, ""), 0.12),
            (supervise(SupervisionMode::Barge, "help"), 0.1),
            (supervise(SupervisionMode::Barge, ""), 0.02),
            (supervise(SupervisionMode::TakeOver, "help"), 0.04),
            (Some(follow), 0.03),
            (Some(Request::StopSupervising { supervisor, withdrawn: false }), 0.03),
            (Some(Request::WithdrawSupervision { user, left, scope }), 0.01),
            (Some(Request::LogOut { agent: supervisor }), 0.003),
            (None, 0.5),
        ];
        self.choose(choices)
    }

    /// I13 and I16, once a second.
    pub(crate) fn check_supervision(&mut self, view: &LiveView) {
        let mut wrongs = Vec::new();
        if self.link.up && self.daemon.is_alive() {
            wrongs.extend(
                self.network.ears.iter().filter_map(|(ear, open)| self.wrong_with(*ear, *open, view)),
            );
            wrongs.extend(self.intruders(view));
            wrongs.extend(self.lonely(view));
        }
        let before = std::mem::take(&mut self.checks.wrongs.0);
        for wrong in wrongs {
            let since = before.get(&wrong).copied().unwrap_or(self.now);
            let lasted = self.now.since(since);
            let settled = lasted > SETTLED_MAX && self.checks.undisturbed_since(since - AFTERMATH);
            if settled || lasted > MENDED_MAX {
                self.checks.broken(self.now, format!("{wrong}, for {lasted:?}"));
            }
            self.checks.wrongs.0.insert(wrong, since);
        }
    }

    /// An ear belongs to an act that is shown, in the way in which it is, and that act is written down.
    fn wrong_with(&self, ear: EarId, open: NetEar, view: &LiveView) -> Option<String> {
        let supervisor = self.agent_of_room(open.room, view);
        let agent = self.agent_of_leg(open.agent);
        let part = supervisor.and_then(|seen| seen.supervising);
        let whispers = part.and_then(|part| match part.mode {
            // In a barge it is idle.
            Some(SupervisionMode::Barge | SupervisionMode::Listen) => Some(false),
            Some(SupervisionMode::Whisper) => Some(true),
            Some(SupervisionMode::TakeOver) | None => None,
        });
        let has_act = self.store.acts.values().any(|act| {
            act.ended.is_none()
                && act.act.supervisor == supervisor.map(|seen| seen.agent)
                && Some(act.act.call) == part.and_then(|part| part.call)
        });
        let is_right = whispers == Some(open.whispers) && part.and_then(|part| part.agent) == agent;
        // An act is written down within the commit that follows it, unless the database is away.
        let is_kept = has_act || self.store.away;
        (!is_right || !is_kept)
            .then(|| format!("I13: {ear} is open on {agent:?}, whispering {}", open.whispers))
    }

    /// A colleague in the room of an agent is a supervisor who barges, or was asked.
    fn intruders(&self, view: &LiveView) -> Vec<String> {
        let mut intruders = Vec::new();
        for (room, legs) in &self.network.rooms {
            let Some(owner) = self.agent_of_room(*room, view) else { continue };
            for intruder in legs.iter().filter_map(|leg| self.agent_of_leg(*leg)) {
                let seen = view.agents.iter().find(|seen| seen.agent == intruder);
                let part = seen.and_then(|seen| seen.supervising);
                let barges = part.is_some_and(|part| {
                    (part.mode, part.agent) == (Some(SupervisionMode::Barge), Some(owner.agent))
                });
                let was_asked = seen.is_some_and(|seen| seen.state == "consulted");
                if intruder != owner.agent && !barges && !was_asked {
                    intruders.push(format!("I13: {intruder} is in the room of {}", owner.agent));
                }
            }
        }
        intruders
    }

    /// I16: a customer in conversation hears an agent, or music.
    fn lonely(&self, view: &LiveView) -> Vec<String> {
        let mut lonely = Vec::new();
        let called = view.calls.iter().map(|call| (call.call, call.state));
        let callers = view.callers.iter().map(|caller| (caller.call, caller.state));
        for (call, _) in called.chain(callers).filter(|(_, state)| *state == "connected") {
            let is_its = |purpose: &LegPurpose| matches!(purpose, LegPurpose::Customer { call: whose, .. } | LegPurpose::Caller { call: whose, .. } if *whose == call);
            let leg = self.network.legs.iter().find(|(_, leg)| is_its(&leg.purpose) && !leg.ending);
            let hears = |leg: LegId| self.network.hears_agent(leg) || self.network.hears_music(leg);
            if leg.is_some_and(|(leg, _)| !hears(*leg)) {
                lonely.push(format!("I16: the customer of {call} hears nobody"));
            }
        }
        lonely
    }

    fn agent_of_room<'v>(&self, room: RoomId, view: &'v LiveView) -> Option<&'v AgentView> {
        let session = self.rooms_of_sessions.get(&room)?;
        view.agents.iter().find(|seen| seen.session == *session)
    }

    fn agent_of_leg(&self, leg: LegId) -> Option<AgentId> {
        match self.network.legs.get(&leg)?.purpose {
            LegPurpose::Agent { agent, .. } => Some(agent),
            LegPurpose::Caller { .. } | LegPurpose::Customer { .. } | LegPurpose::Outside { .. } => None,
        }
    }
}

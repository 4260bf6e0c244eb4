//! A queue at work: who waits, in which order, and which of the free agents gets whom. It moves nobody itself.
//!
//! Invariants: whoever comes later never goes before an equal (same urgency, same needs); a caller waits in one queue
//! at most.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::agents::session::AgentSession;
use crate::model::incoming::QueueExit;
use crate::model::{AgentId, CallId, Queue, QueueId, QueueSettings, SkillRule, Strategy, Timestamp};

/// A wait longer than this is ended whatever the queue's settings say: nobody holds for two hours by will.
pub const WAIT_MAX: Duration = Duration::from_secs(2 * 3600);
/// More callers than this are turned away whatever the queue's settings say.
pub const LENGTH_MAX: u32 = 20_000;
/// How many of the latest waits the estimate is made from.
const WAITS_KEPT: usize = 20;
/// An estimate from fewer waits than this would be a guess; none is told.
const WAITS_NEEDED: usize = 3;

/// A place in a queue, first in order goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    urgency: Reverse<u16>,
    /// Since when the caller waits.
    pub(crate) since: Timestamp,
    /// Who came first in the same millisecond.
    number: u64,
}

impl Place {
    pub(crate) const fn priority(&self) -> u16 {
        self.urgency.0
    }
}

/// What a waiting caller needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Needs {
    /// What the agent must know.
    pub(crate) skills: Vec<SkillRule>,
    /// The agent to wait for, and until when nobody else will do.
    pub(crate) prefer: Option<(AgentId, Timestamp)>,
}

impl Needs {
    /// Whether an agent may be given a caller who has waited since `since`.
    pub(crate) fn suit(
        &self,
        session: &AgentSession,
        settings: &QueueSettings,
        since: Timestamp,
        now: Timestamp,
    ) -> bool {
        let waited = now.since(since);
        if let Some((preferred, until)) = self.prefer
            && now < until
            && preferred != session.id()
        {
            return false;
        }
        let is_blended = !session.campaigns.is_empty();
        if is_blended && waited < settings.blending.yield_after {
            return false;
        }
        self.skills.iter().all(|rule| level(session, &rule.skill) >= rule.min_after(waited))
    }

    /// When a wait since `since` may come to suit somebody whom it does not suit before, as offsets from `since`.
    pub(crate) fn turning_points(&self, settings: &QueueSettings, since: Timestamp) -> Vec<Duration> {
        let relaxations = self.skills.iter().flat_map(|rule| rule.relax.iter().map(|step| step.after));
        let prefer = self.prefer.map(|(_, until)| until.since(since));
        let yields = Some(settings.blending.yield_after);
        let points: BTreeSet<Duration> =
            relaxations.chain(prefer).chain(yields).filter(|after| !after.is_zero()).collect();
        points.into_iter().collect()
    }
}

fn level(session: &AgentSession, skill: &str) -> u8 {
    session.settings.skills.get(skill).copied().unwrap_or(0)
}

/// What a queue has done since the daemon started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) answered: u32,
    /// Of those, how many within the service level.
    pub(crate) answered_in_time: u32,
    pub(crate) abandoned: u32,
    /// Everybody else who left without an agent.
    pub(crate) turned_away: u32,
}

/// A queue at work.
#[derive(Debug)]
pub(crate) struct QueueRun {
    pub(crate) id: QueueId,
    pub(crate) settings: QueueSettings,
    /// Who waits, first in order first.
    entries: BTreeMap<Place, CallId>,
    numbers_given: u64,
    /// Agents of the queue who are free, the longest idle first.
    pub(crate) ready: BTreeSet<(Timestamp, AgentId)>,
    /// Who was asked last, for round robin.
    asked_last: Option<AgentId>,
    /// How many callers of this queue each agent has had since they logged in.
    served: BTreeMap<AgentId, u32>,
    /// The latest waits that ended with an agent: the place at the beginning, and how long it took.
    waits: VecDeque<(u32, Duration)>,
    pub(crate) tally: Tally,
}

impl QueueRun {
    pub(crate) fn new(queue: Queue) -> Self {
        Self {
            id: queue.id,
            settings: queue.settings,
            entries: BTreeMap::new(),
            numbers_given: 0,
            ready: BTreeSet::new(),
            asked_last: None,
            served: BTreeMap::new(),
            waits: VecDeque::new(),
            tally: Tally::default(),
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// Whether somebody waits, and no agent is free who could have taken them.
    pub(crate) fn waits_for_agents(&self) -> bool {
        !self.entries.is_empty() && self.ready.is_empty()
    }

    /// Whether nobody else may enter.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.settings.max_length.unwrap_or(LENGTH_MAX).min(LENGTH_MAX)
    }

    /// A caller begins to wait, behind everybody of the same urgency who has waited for longer.
    pub(crate) fn enter(&mut self, call: CallId, since: Timestamp, priority: u16) -> Place {
        self.numbers_given += 1;
        let place = Place { urgency: Reverse(priority), since, number: self.numbers_given };
        self.entries.insert(place, call);
        place
    }

    /// A caller no longer waits.
    pub(crate) fn leave(&mut self, place: Place) {
        self.entries.remove(&place);
    }

    /// Who waits, first in order first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (Place, CallId)> {
        self.entries.iter().map(|(place, call)| (*place, *call))
    }

    /// How many are before a caller, and the caller: 1 is next.
    pub(crate) fn position(&self, place: Place) -> u32 {
        u32::try_from(self.entries.range(..=place).count()).unwrap_or(u32::MAX)
    }

    /// How long a caller at this position will wait, by the latest waits: the median time that a position took.
    pub(crate) fn estimate(&self, position: u32) -> Option<Duration> {
        if self.waits.len() < WAITS_NEEDED {
            return None;
        }
        let mut each: Vec<Duration> =
            self.waits.iter().map(|(position, waited)| *waited / (*position).max(1)).collect();
        each.sort_unstable();
        each.get(each.len() / 2).map(|median| *median * position)
    }

    /// Notes how a wait ended that began at `position`.
    pub(crate) fn wait_over(&mut self, exit: QueueExit, position: u32, waited: Duration) {
        match exit {
            QueueExit::Answered => {
                self.tally.answered += 1;
                self.tally.answered_in_time += u32::from(waited <= self.settings.service_level);
                self.waits.push_back((position, waited));
                if self.waits.len() > WAITS_KEPT {
                    self.waits.pop_front();
                }
            }
            QueueExit::Abandoned => self.tally.abandoned += 1,
            QueueExit::Callback
            | QueueExit::Full
            | QueueExit::LeftByKey
            | QueueExit::NoAgents
            | QueueExit::Timeout => self.tally.turned_away += 1,
        }
    }

    /// An agent has had a caller of this queue.
    pub(crate) fn note_served(&mut self, agent: AgentId) {
        *self.served.entry(agent).or_default() += 1;
    }

    /// An agent was asked to take a caller.
    pub(crate) const fn note_asked(&mut self, agent: AgentId) {
        self.asked_last = Some(agent);
    }

    /// An agent is gone: what was counted of them is forgotten.
    pub(crate) fn forget(&mut self, agent: AgentId) {
        self.served.remove(&agent);
    }

    /// Which of the free agents gets a caller; all of them who are to be rung, for [`Strategy::RingAll`]. `suitable`
    /// are those whom the caller may be given to, the longest idle first.
    pub(crate) fn choose(&self, needs: &Needs, suitable: &[&AgentSession]) -> Vec<AgentId> {
        let longest_idle = suitable.first().map(|session| session.id());
        if let Some((preferred, _)) = needs.prefer
            && suitable.iter().any(|session| session.id() == preferred)
        {
            return vec![preferred];
        }
        let chosen = match self.settings.strategy {
            Strategy::LongestIdle => longest_idle,
            Strategy::FewestCalls => suitable
                .iter()
                .map(|session| session.id())
                .min_by_key(|agent| self.served.get(agent).copied().unwrap_or(0)),
            Strategy::RoundRobin => {
                let after = |agent: &AgentId| self.asked_last.is_none_or(|last| *agent > last);
                let ids = || suitable.iter().map(|session| session.id());
                ids().filter(after).min().or_else(|| ids().min())
            }
            Strategy::Skills => suitable
                .iter()
                .rev()
                .max_by_key(|session| knowledge(session, needs))
                .map(|session| session.id()),
            Strategy::RingAll => {
                // Whoever's phone stays up hears the caller without being asked.
                let up = suitable.iter().find(|session| session.phone.is_up());
                return match up {
                    Some(session) => vec![session.id()],
                    None => suitable.iter().map(|session| session.id()).collect(),
                };
            }
        };
        chosen.into_iter().collect()
    }
}

/// How well an agent knows what a caller needs.
fn knowledge(session: &AgentSession, needs: &Needs) -> u32 {
    needs.skills.iter().map(|rule| u32::from(level(session, &rule.skill))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> QueueRun {
        QueueRun::new(Queue { id: QueueId::from_i64(1), settings: QueueSettings::default() })
    }

    fn call(number: u128) -> CallId {
        CallId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn the_urgent_go_first_and_equals_in_the_order_in_which_they_came() {
        let mut queue = queue();
        let first = queue.enter(call(1), at(10), 0);
        queue.enter(call(2), at(10), 0);
        queue.enter(call(3), at(20), 5);
        queue.enter(call(4), at(5), 0);
        let order: Vec<CallId> = queue.waiting().map(|(_, call)| call).collect();
        assert_eq!(order, [call(3), call(4), call(1), call(2)]);
        assert_eq!(queue.position(first), 3);
        queue.leave(first);
        assert_eq!(queue.len(), 3);
    }

    #[test]
    fn an_estimate_is_the_median_of_what_a_place_took() {
        let mut queue = queue();
        let seconds = Duration::from_secs;
        queue.wait_over(QueueExit::Answered, 1, seconds(10));
        queue.wait_over(QueueExit::Answered, 2, seconds(60));
        assert_eq!(queue.estimate(1), None, "two waits are no history");
        queue.wait_over(QueueExit::Abandoned, 1, seconds(500));
        queue.wait_over(QueueExit::Answered, 4, seconds(80));
        assert_eq!(queue.estimate(3), Some(seconds(60)));
    }

    #[test]
    fn the_length_is_limited() {
        let mut queue = queue();
        queue.settings.max_length = Some(1);
        assert!(!queue.is_full());
        queue.enter(call(1), at(1), 0);
        assert!(queue.is_full());
    }
}

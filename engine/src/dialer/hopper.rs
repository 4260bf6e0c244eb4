//! Leads that are ready to dial, and when to ask for more.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{AgentId, Lead, LeadId, Promise, Timestamp};

/// Fewer than this are not worth a round trip to the database.
pub const BATCH_MIN: u16 = 20;
/// More than this would keep leads from other daemons and from fresh settings for too long.
pub const BATCH_MAX: u16 = 200;
/// How long to wait before asking again when the database had no more leads.
pub const EMPTY_WAIT: Duration = Duration::from_secs(5);

/// A campaign's leads in hand, in the order in which they are dialled.
#[derive(Clone, Debug, Default)]
pub struct Hopper {
    leads: VecDeque<Lead>,
    /// Leads that wait for the agent who promised to call.
    promised: Vec<(Lead, Promise)>,
    refill: Refill,
    /// When the database's next lead falls due, by its last answer.
    next_due_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Refill {
    /// May be asked for.
    #[default]
    Possible,
    /// Was asked for.
    Asked,
    /// Nothing more before this time.
    NotBefore(Timestamp),
}

impl Hopper {
    /// Leads in hand.
    pub fn len(&self) -> usize {
        self.leads.len() + self.promised.len()
    }

    /// Whether no lead is in hand.
    pub fn is_empty(&self) -> bool {
        self.leads.is_empty() && self.promised.is_empty()
    }

    /// Whether the database said that it has nothing more for the moment.
    pub fn is_exhausted(&self) -> bool {
        self.leads.is_empty() && matches!(self.refill, Refill::NotBefore(_))
    }

    /// Whether the database was asked for leads and has not answered.
    pub fn is_being_filled(&self) -> bool {
        self.refill == Refill::Asked
    }

    /// When the database's next lead falls due, where it said so when it had nothing more.
    pub const fn next_due_at(&self) -> Option<Timestamp> {
        self.next_due_at
    }

    /// The next lead that anybody may call, left where it is.
    pub fn first(&self) -> Option<&Lead> {
        self.leads.front()
    }

    /// The next lead that anybody may call.
    pub fn pop(&mut self) -> Option<Lead> {
        self.leads.pop_front()
    }

    /// Forgets a lead that somebody has taken otherwise.
    pub fn take(&mut self, lead: LeadId) {
        self.leads.retain(|waiting| waiting.id != lead);
        self.promised.retain(|(waiting, _)| waiting.id != lead);
    }

    /// A lead that was taken but not dialled is the next again.
    pub fn put_back(&mut self, lead: Lead) {
        match lead.promise {
            Some(promise) => self.keep_for(lead, promise),
            None => self.leads.push_front(lead),
        }
    }

    /// Every lead that waits for an agent, for somebody to decide about.
    #[must_use]
    pub fn take_promised(&mut self) -> Vec<(Lead, Promise)> {
        std::mem::take(&mut self.promised)
    }

    /// A lead goes on waiting for an agent.
    pub fn keep_for(&mut self, lead: Lead, promise: Promise) {
        self.promised.push((lead, promise));
    }

    /// The first lead that waits for this agent and that may be called.
    pub fn pop_promised(&mut self, agent: AgentId, may_call: impl Fn(&Lead) -> bool) -> Option<Lead> {
        let waits = |(lead, promise): &(Lead, Promise)| promise.agent == agent && may_call(lead);
        let index = self.promised.iter().position(waits)?;
        Some(self.promised.remove(index).0)
    }

    /// How many leads to ask the database for, if any, when `demand` dials are wanted at once.
    ///
    /// Asks when fewer than two rounds of demand are in hand, so that a round trip never holds a dial up.
    pub fn wants(&mut self, demand: u32, now: Timestamp) -> Option<u16> {
        let may_ask = match self.refill {
            Refill::Possible => true,
            Refill::Asked => false,
            Refill::NotBefore(at) => now >= at,
        };
        let stock = demand.saturating_mul(2).clamp(u32::from(BATCH_MIN), u32::from(BATCH_MAX));
        let stock = usize::try_from(stock).unwrap_or(usize::MAX);
        if !may_ask || self.leads.len() * 2 > stock {
            return None;
        }
        self.refill = Refill::Asked;
        u16::try_from(stock.saturating_sub(self.leads.len()))
            .ok()
            .map(|count| count.clamp(BATCH_MIN, BATCH_MAX))
    }

    /// Leads came. Returns when to ask again if there were none.
    #[must_use]
    pub fn fill(
        &mut self,
        leads: Vec<Lead>,
        next_due_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let none = leads.is_empty();
        for lead in leads {
            match lead.promise {
                Some(promise) => self.keep_for(lead, promise),
                None => self.leads.push_back(lead),
            }
        }
        self.next_due_at = next_due_at;
        if !none {
            self.refill = Refill::Possible;
            return None;
        }
        let again = next_due_at.map_or(now + EMPTY_WAIT, |due| due.clamp(now, now + EMPTY_WAIT));
        let again = again.max(now + Duration::from_millis(200));
        self.refill = Refill::NotBefore(again);
        Some(again)
    }

    /// The question was lost, with the link to the database or with the leads' settings.
    pub fn forget_question(&mut self) {
        self.refill = Refill::Possible;
    }

    /// Gives every lead away.
    pub fn drain(&mut self) -> Vec<LeadId> {
        let promised = self.promised.drain(..).map(|(lead, _)| lead);
        promised.chain(self.leads.drain(..)).map(|lead| lead.id).collect()
    }
}

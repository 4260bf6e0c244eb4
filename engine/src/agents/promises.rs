//! Callbacks that an agent promised to make themselves.
//!
//! Such a lead waits in the hopper for that agent: it is called as soon as they are ready. When they have not been for
//! as long as the campaign allows, anybody calls, or it goes back and is looked at again: a promise is never dropped.

use crate::agents::session::AgentState;
use crate::command::Write;
use crate::dialer::calling_hours::{self, Hours};
use crate::engine::Engine;
use crate::model::{AgentId, CampaignId, CampaignState, Lead, Promise};
use crate::outbound::placing::NO_OPENING_WAIT;

impl Engine {
    /// Calls whoever waits for an agent who is ready, and sees to those who have waited for too long.
    pub(crate) fn keep_promises(&mut self, campaign: CampaignId) {
        let Some(run) = self.runs.get_mut(&campaign) else { return };
        let by_hand = run.settings.mode.is_agents_choice();
        for (lead, promise) in run.hopper.take_promised() {
            if !by_hand && self.is_ready_for(promise.agent, campaign) && self.is_calling_time(campaign, &lead)
            {
                self.keep_promise(campaign, lead, promise);
            } else {
                self.let_wait(campaign, lead, promise);
            }
        }
    }

    /// The next lead that was promised to this agent, for their preview.
    pub(crate) fn promised_lead(&mut self, campaign: CampaignId, agent: AgentId) -> Option<Lead> {
        let wall = self.cx.wall;
        let run = self.runs.get_mut(&campaign)?;
        let hours = run.settings.hours.clone();
        run.hopper.pop_promised(agent, |lead| calling_hours::at(&hours, &lead.zone, wall) == Hours::Open)
    }

    fn keep_promise(&mut self, campaign: CampaignId, lead: Lead, promise: Promise) {
        if let Err((lead, _stands_in_the_way)) = self.place_for(campaign, lead, promise.agent, None) {
            self.let_wait(campaign, *lead, promise);
        }
    }

    /// The lead stays in the hopper until the agent has had their time, outside calling hours until these open.
    fn let_wait(&mut self, campaign: CampaignId, lead: Lead, promise: Promise) {
        let wall = self.cx.wall;
        let Some(run) = self.runs.get_mut(&campaign).filter(|run| run.state == CampaignState::Running) else {
            return self.cx.write(Write::ReleaseLead { lead: lead.id, due_at: wall });
        };
        let rules = run.settings.callbacks;
        let until = promise.due_at + rules.grace;
        if let Hours::Closed(opening) = calling_hours::at(&run.settings.hours, &lead.zone, wall) {
            let due_at = opening.unwrap_or(wall + NO_OPENING_WAIT);
            self.cx.write(Write::ReleaseLead { lead: lead.id, due_at });
        } else if wall < until {
            run.hopper.keep_for(lead, promise);
            let left = until.since(wall);
            self.look_again(campaign, self.cx.now + left);
        } else if rules.then_anyone {
            run.hopper.put_back(Lead { promise: None, ..lead });
        } else {
            self.cx.write(Write::ReleaseLead { lead: lead.id, due_at: wall + rules.grace });
        }
    }

    fn is_ready_for(&self, agent: AgentId, campaign: CampaignId) -> bool {
        self.sessions.get(&agent).is_some_and(|session| {
            session.state == AgentState::Ready && session.campaigns.contains(&campaign)
        })
    }

    fn is_calling_time(&self, campaign: CampaignId, lead: &Lead) -> bool {
        self.runs.get(&campaign).is_some_and(|run| {
            calling_hours::at(&run.settings.hours, &lead.zone, self.cx.wall) == Hours::Open
        })
    }
}

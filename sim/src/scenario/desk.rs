//! What the agents do at their desks, and where their time goes.

use cadran_engine::input::Request;

use super::centre::{self, CAMPAIGN, DISPOSITIONS};
use super::network::Answerer;
use super::staff::{Coming, Doing};
use super::world::{Event, World};

impl World<'_> {
    pub(crate) fn staff_event(&mut self, place: usize, coming: Coming) {
        let agent = &mut self.agents[place];
        let id = centre::agent_id(place);
        match coming {
            Coming::In if agent.doing == Doing::Away && !agent.gone => {
                if !agent.came {
                    agent.came = true;
                    self.ask(Request::LogIn { agent: id, campaigns: vec![CAMPAIGN] });
                }
                self.ask(Request::Ready { agent: id });
            }
            Coming::In => {}
            Coming::Out(back_after) => {
                agent.gone |= back_after.is_none();
                if agent.doing == Doing::Away {
                    return;
                }
                agent.leaves = Some(back_after);
                self.ask(match back_after {
                    Some(_) => Request::Pause { agent: id, code: "break".to_owned() },
                    None => Request::LogOut { agent: id },
                });
            }
        }
    }

    /// The agent says what became of the call.
    pub(crate) fn wrap_up_over(&mut self, place: usize) {
        if let Some(work) = self.agents[place].work.take() {
            let [person, machine] = DISPOSITIONS;
            self.ask(Request::Dispose {
                agent: centre::agent_id(place),
                call: work.call,
                code: if work.answerer == Answerer::Machine { machine } else { person }.to_owned(),
                note: String::new(),
                callback: None,
            });
        }
    }

    /// The engine says what an agent is, in the word of their state.
    pub(crate) fn agent_is(&mut self, place: usize, word: &str) {
        let doing = match word {
            "ready" | "reserved" => Doing::Idle,
            "on_call" => Doing::Talking,
            "wrap_up" => Doing::WrappingUp,
            _ => Doing::Away,
        };
        self.account(place);
        let agent = &mut self.agents[place];
        agent.doing = doing;
        agent.since = self.now;
        if doing == Doing::WrappingUp
            && let Some(work) = agent.work
        {
            self.after(work.wrap_up, Event::WrapUpOver { agent: place });
        } else if doing == Doing::Away
            && let Some(Some(back_after)) = agent.leaves.take()
        {
            self.after(back_after, Event::Staff { agent: place, coming: Coming::In });
        }
    }

    /// Counts the time since the agent's last change.
    pub(crate) fn account(&mut self, place: usize) {
        let agent = &self.agents[place];
        let spent = self.now.since(agent.since).as_secs_f64();
        match agent.doing {
            Doing::Away => {}
            Doing::Idle => self.tally.idle += spent,
            Doing::Talking => {
                self.tally.talk += spent;
                self.tally.work += spent;
            }
            Doing::WrappingUp => self.tally.work += spent,
        }
    }
}

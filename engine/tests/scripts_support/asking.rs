//! What the people of a story ask for.

use cadran_engine::command::Agreed;
use cadran_engine::conversation::tapping::Tapper;
use cadran_engine::input::{Request, TransferKind, TransferTo};
use cadran_engine::model::incoming::CallerCallback;
use cadran_engine::model::*;

use super::Centre;
use crate::callers::caller_phone;
use crate::furniture::{NEXT_DOOR, account_of, lead, seconds};

impl Centre {
    pub(super) fn request(&self, agent: AgentId, act: &[&str]) -> Request {
        let call = |name: &str| self.names.call_named(name);
        match act {
            ["logs", "in"] => Request::LogIn { agent, campaigns: vec![CampaignId::from_i64(1)] },
            ["logs", "in", "next", "door"] => Request::LogIn { agent, campaigns: vec![NEXT_DOOR] },
            ["logs", "out"] => Request::LogOut { agent },
            ["ready"] => Request::Ready { agent },
            ["pauses", code] => Request::Pause { agent, code: (*code).to_owned() },
            ["asks", "for", "a", "lead"] => Request::NextLead { agent },
            ["keeps", "the", "lead"] => Request::KeepPreview { agent },
            ["dials"] => Request::DialPreview { agent },
            ["dials", row, "by", "hand", how @ ..] => Request::DialByHand {
                agent,
                campaign: CampaignId::from_i64(1),
                lead: Box::new(lead(row.parse().unwrap())),
                by_hand: ByHand {
                    key: how.iter().find(|word| word.starts_with("key-")).map(|key| (*key).to_owned()),
                    lead_was_done: how.contains(&"done"),
                },
            },
            ["skips"] => Request::SkipPreview { agent },
            ["follows", "agent", row, team @ ..] => Request::Follow {
                supervisor: agent,
                user: account_of(agent),
                agent: AgentId::from_i64(row.parse().unwrap()),
                scope: scope(team),
                reason: String::new(),
            },
            ["stops", "supervising"] => Request::StopSupervising { supervisor: agent, withdrawn: false },
            ["loses", "rights"] => Request::WithdrawSupervision {
                user: account_of(agent),
                left: Vec::new(),
                scope: Scope::Everything,
            },
            ["is", team @ ..] => Request::WithdrawSupervision {
                user: account_of(agent),
                left: SupervisionMode::ALL.to_vec(),
                scope: scope(team),
            },
            ["taps", name] => {
                let by = Tapper { user: account_of(agent), agent: Some(agent), name: agent.to_string() };
                Request::OpenTap { by, call: call(name), reason: String::new() }
            }
            ["stops", "tapping"] => {
                let tap = *self.taps.first().expect("a tap is open");
                Request::CloseTap { tap, withdrawn: false }
            }
            ["keeps", name, "private"] => Request::MarkPrivate { call: call(name) },
            ["holds", name] => Request::Hold { call: call(name) },
            ["takes", "back", name] => Request::Resume { call: call(name) },
            [mode @ ("listens" | "whispers" | "barges" | "takes"), rest @ ..] => {
                self.supervise(agent, mode, rest)
            }
            ["gives", name, "to", whom, to, how] => Request::Transfer {
                call: call(name),
                to: match *whom {
                    "agent" => TransferTo::Agent(AgentId::from_i64(to.parse().unwrap())),
                    "flow" => TransferTo::Flow(FlowId::from_i64(to.parse().unwrap())),
                    "number" => TransferTo::Number(to.parse().unwrap()),
                    _ => TransferTo::Queue(QueueId::from_i64(to.parse().unwrap())),
                },
                kind: if *how == "blindly" { TransferKind::Blind } else { TransferKind::Attended },
            },
            ["promises", name, "number", number, "in", after, how @ ..] => {
                let call = call(name);
                Request::BookCallback {
                    callback: Box::new(CallerCallback {
                        id: call,
                        queue: QueueId::from_i64(1),
                        phone: caller_phone(number.parse().unwrap()),
                        did: None,
                        agent: Some(agent),
                        booked_at: self.now,
                        due_at: self.now + seconds(after),
                        place: None,
                        tries: 0,
                        language: None,
                    }),
                    user: account_of(agent),
                    is_change: *how == ["instead"],
                }
            }
            ["withdraws", "callback", "of", name] => {
                Request::WithdrawCallback { callback: call(name), user: account_of(agent) }
            }
            ["leaves", name] => Request::CompleteTransfer { call: call(name) },
            ["joins", "all", "of", name] => Request::JoinAll { call: call(name) },
            ["hangs", "up", name] => Request::HangUp { call: call(name), by: Side::Agent },
            ["records", name] => Request::StartRecording { call: call(name) },
            ["masks", name, "for", reason] => {
                Request::MaskRecording { call: call(name), reason: (*reason).to_owned() }
            }
            ["stops", "recording", name] => Request::StopRecording { call: call(name) },
            ["unmasks", name] => Request::UnmaskRecording { call: call(name) },
            ["says", code, "of", name, after @ ..] => Request::Dispose {
                agent,
                call: call(name),
                code: (*code).to_owned(),
                note: String::new(),
                callback: match after {
                    ["mine", "in", after] => Some(Agreed { at: self.now + seconds(after), personal: true }),
                    [.., after] => Some(Agreed { at: self.now + seconds(after), personal: false }),
                    [] => None,
                },
            },
            other => panic!("`{other:?}` is nothing that an agent does"),
        }
    }

    /// `listens to call-1`, `takes over call-1 because angry`.
    fn supervise(&self, supervisor: AgentId, act: &str, rest: &[&str]) -> Request {
        let mode = match act {
            "listens" => SupervisionMode::Listen,
            "whispers" => SupervisionMode::Whisper,
            "barges" => SupervisionMode::Barge,
            _ => SupervisionMode::TakeOver,
        };
        let reason = rest.get(3).map_or(String::new(), |reason| (*reason).to_owned());
        let call = self.names.call_named(rest[1]);
        Request::Supervise { supervisor, user: account_of(supervisor), call, mode, reason }
    }
}

/// What a supervisor sees: everything, or `in the team of agent 1`, which may work `for campaign 1` too.
fn scope(team: &[&str]) -> Scope {
    let ["in", "the", "team", "of", "agent", row, work @ ..] = team else { return Scope::Everything };
    let campaigns = match work {
        ["for", "campaign", campaign] => [CampaignId::from_i64(campaign.parse().unwrap())].into(),
        _ => [].into(),
    };
    Scope::Teams { agents: [AgentId::from_i64(row.parse().unwrap())].into(), campaigns, queues: [].into() }
}

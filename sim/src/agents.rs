//! The people at the desks: what each does next, by what their screen shows.

use cadran_engine::command::Agreed;
use cadran_engine::input::{Request, TransferKind, TransferTo};
use cadran_engine::model::{AgentId, ByHand, CallId, CampaignId, FlowId, Lead, LeadState, QueueId, Side};
use cadran_engine::view::{AgentView, LiveView};

use crate::plan::{MACHINE, WORK_END, phone};
use crate::world::{Happening, World};

use std::time::Duration;

/// What agents' programs call dials by hand.
const KEYS: [(u8, f64); 3] = [(1, 0.4), (2, 0.3), (3, 0.3)];

impl World<'_> {
    /// Everybody looks at their screen and may act on it within the second.
    pub(crate) fn people_act(&mut self, view: &LiveView) {
        for row in 1..=8 {
            let agent = AgentId::from_i64(row);
            let seen = view.agents.iter().find(|seen| seen.agent == agent);
            let request = match seen {
                _ if self.now > WORK_END => seen.map(|_| Request::LogOut { agent }),
                None => {
                    self.chance.happens(0.2).then(|| Request::LogIn { agent, campaigns: campaigns_of(row) })
                }
                Some(seen) => self.next_act(seen),
            };
            if let Some(request) = request {
                self.later(0, 990, |_| Happening::Asks(request));
            }
        }
        self.supervisors_act(view);
        if self.chance.happens(0.01)
            && let Some(call) = view.calls.first()
        {
            let (call, by) = (call.call, Side::Operator);
            self.later(0, 990, |_| Happening::Asks(Request::HangUp { call, by }));
        }
    }

    pub(crate) fn next_act(&mut self, seen: &AgentView) -> Option<Request> {
        let agent = seen.agent;
        let pause = Request::Pause { agent, code: "coffee".to_owned() };
        let nothing = None;
        let choices: Vec<(Option<Request>, f64)> = match (seen.state, seen.call) {
            ("paused", _) => vec![
                (Some(Request::Ready { agent }), 0.3),
                (self.by_hand(seen), 0.05),
                (Some(Request::LogOut { agent }), 0.005),
                (nothing, 0.65),
            ],
            ("ready", _) => vec![
                (Some(Request::NextLead { agent }), 0.3),
                (self.by_hand(seen), 0.02),
                (Some(pause), 0.01),
                (Some(Request::LogOut { agent }), 0.003),
                (nothing, 0.7),
            ],
            ("reserved", None) => vec![
                (Some(Request::DialPreview { agent }), 0.2),
                (Some(Request::SkipPreview { agent }), 0.05),
                (Some(pause), 0.01),
                (nothing, 0.75),
            ],
            ("reserved", Some(_)) => vec![(Some(pause), 0.01), (nothing, 0.99)],
            ("on_call", Some(call)) => return self.act_on_call(agent, call),
            ("wrap_up", Some(call)) => vec![
                (Some(self.dispose(agent, call)), 0.15),
                (Some(Request::Ready { agent }), 0.03),
                (Some(pause), 0.02),
                (nothing, 0.8),
            ],
            _ => vec![(Some(Request::Ready { agent }), 0.1), (nothing, 0.9)],
        };
        self.choose(choices)
    }

    /// A lead of one of the agent's campaigns, as it stands. Keys are few, so that one comes again.
    fn by_hand(&mut self, seen: &AgentView) -> Option<Request> {
        let theirs: Vec<(CampaignId, Lead, bool)> = self
            .store
            .leads
            .values()
            .filter(|row| seen.campaigns.contains(&row.campaign))
            .map(|row| (row.campaign, row.lead.clone(), row.state == LeadState::Done))
            .collect();
        let last = u64::try_from(theirs.len()).ok()?.checked_sub(1)?;
        let chosen = usize::try_from(self.chance.number(0, last)).ok()?;
        let (campaign, lead, lead_was_done) = theirs.get(chosen)?.clone();
        let key = self.chance.happens(0.5).then(|| format!("{} of {}", lead.id, self.chance.pick(&KEYS)));
        let (lead, by_hand) = (Box::new(lead), ByHand { key, lead_was_done });
        Some(Request::DialByHand { agent: seen.agent, campaign, lead, by_hand })
    }

    fn act_on_call(&mut self, agent: AgentId, call: CallId) -> Option<Request> {
        let by = Side::Agent;
        let to = AgentId::from_i64(self.chance.number(1, 10).cast_signed());
        let queue = QueueId::from_i64(self.chance.number(1, 3).cast_signed());
        let onward = self.chance.pick(&[
            (Some(TransferTo::Queue(queue)), 0.7),
            (Some(TransferTo::Flow(FlowId::from_i64(1))), 0.3),
        ]);
        let outside = Some(TransferTo::Number(phone(33_199_009_500, 1)));
        let choices = vec![
            (Some(Request::HangUp { call, by }), 0.02),
            (Some(self.dispose(agent, call)), 0.02),
            (Some(Request::StartRecording { call }), 0.02),
            (Some(Request::MaskRecording { call, reason: "card".to_owned() }), 0.03),
            (Some(Request::UnmaskRecording { call }), 0.03),
            (Some(Request::StopRecording { call }), 0.005),
            (Some(Request::LogOut { agent }), 0.002),
            (Some(Request::Hold { call }), 0.02),
            (Some(Request::Resume { call }), 0.03),
            (Some(Request::Transfer { call, to: TransferTo::Agent(to), kind: TransferKind::Blind }), 0.02),
            (Some(Request::Transfer { call, to: TransferTo::Agent(to), kind: TransferKind::Attended }), 0.03),
            (onward.map(|to| Request::Transfer { call, to, kind: TransferKind::Blind }), 0.02),
            (outside.map(|to| Request::Transfer { call, to, kind: TransferKind::Blind }), 0.01),
            (outside.map(|to| Request::Transfer { call, to, kind: TransferKind::Attended }), 0.01),
            (Some(Request::JoinAll { call }), 0.02),
            (Some(Request::CompleteTransfer { call }), 0.03),
            (None, 0.68),
        ];
        self.choose(choices)
    }

    pub(crate) fn choose(&mut self, choices: Vec<(Option<Request>, f64)>) -> Option<Request> {
        let weights: Vec<(usize, f64)> =
            choices.iter().enumerate().map(|(index, (_, weight))| (index, *weight)).collect();
        let chosen = self.chance.pick(&weights);
        choices.into_iter().nth(chosen).and_then(|(request, _)| request)
    }

    fn dispose(&mut self, agent: AgentId, call: CallId) -> Request {
        let code = self.chance.pick(&[
            ("sale", 0.25),
            (MACHINE, 0.05),
            ("callback", 0.2),
            ("do-not-call", 0.1),
            ("later", 0.35),
            ("no-such-code", 0.05),
        ]);
        let personal = self.chance.happens(0.5);
        let agreed = Agreed { at: self.wall() + Duration::from_secs(60), personal };
        Request::Dispose {
            agent,
            call,
            code: code.to_owned(),
            note: String::new(),
            callback: (code == "callback").then_some(agreed),
        }
    }
}

/// Some work for one campaign, some for two; one shows leads before they are dialled.
fn campaigns_of(row: i64) -> Vec<CampaignId> {
    let rows: &[i64] = match row {
        1..=3 => &[1],
        4 => &[1, 2],
        5..=7 => &[2],
        _ => &[3],
    };
    rows.iter().map(|row| CampaignId::from_i64(*row)).collect()
}

//! The simulated caller: which key is pressed next, and when.

use std::collections::VecDeque;

use super::input::Act;
use crate::flow::key::Key;
use crate::flow::run::Event;

/// A caller with everything they will do.
pub(super) struct Caller {
    acts: VecDeque<Single>,
    hangup_ms: Option<u64>,
    /// The node that the caller hears, and when its prompt began.
    node: String,
    prompt_ms: u64,
    /// Whether nothing is done until the next prompt.
    is_silent: bool,
}

/// One key or word, and when it comes.
struct Single {
    when: When,
    what: What,
}

enum When {
    /// At this time of the call.
    At(u64),
    /// So long after the prompt of this node begins.
    InNode(String, u64),
}

enum What {
    Nothing,
    Press(Key),
    Say(String),
}

impl Caller {
    pub(super) fn new(acts: &[Act], hangup_ms: Option<u64>) -> Self {
        let acts = acts.iter().flat_map(singles).collect();
        Self { acts, hangup_ms, node: String::new(), prompt_ms: 0, is_silent: false }
    }

    /// A prompt begins, or a wait without one.
    pub(super) fn hears(&mut self, node: &str, now_ms: u64) {
        self.node.clear();
        self.node.push_str(node);
        self.prompt_ms = now_ms;
        let next = self.acts.iter().position(|act| matches!(&act.when, When::InNode(at, _) if at == node));
        self.is_silent = next.is_some_and(|next| matches!(self.acts[next].what, What::Nothing));
        if let Some(next) = next.filter(|_| self.is_silent) {
            self.acts.remove(next);
        }
    }

    /// Time has passed without anybody listening: what was due meanwhile is lost.
    pub(super) fn misses_until(&mut self, now_ms: u64) {
        self.acts.retain(|act| !matches!(act.when, When::At(at_ms) if at_ms < now_ms));
    }

    /// What the caller does next, up to a deadline: when, and what. A key that nobody listens to is not pressed yet.
    pub(super) fn next(&mut self, now_ms: u64, deadline_ms: u64, is_heard: bool) -> Option<(u64, Event)> {
        let acts = 0..if is_heard { self.acts.len() } else { 0 };
        let act = acts.filter_map(|act| Some((self.due(act, now_ms)?, act))).min();
        let hangup_ms = self.hangup_ms.map(|at_ms| at_ms.max(now_ms)).filter(|at_ms| *at_ms <= deadline_ms);
        let act =
            act.filter(|(at_ms, _)| *at_ms <= deadline_ms && hangup_ms.is_none_or(|hangup| *at_ms < hangup));
        if let Some((at_ms, act)) = act {
            let event = match self.acts.remove(act)?.what {
                What::Press(key) => Event::Key(key),
                What::Say(text) => Event::Said { text, confidence: 100 },
                What::Nothing => return None,
            };
            return Some((at_ms, event));
        }
        let at_ms = hangup_ms?;
        self.hangup_ms = None;
        Some((at_ms, Event::HangUp))
    }

    /// When an act is due, if it can be at this node.
    fn due(&self, act: usize, now_ms: u64) -> Option<u64> {
        let act = self.acts.get(act)?;
        // A silence is not done but begins with a prompt.
        if matches!(act.what, What::Nothing) {
            return None;
        }
        match &act.when {
            When::At(at_ms) => Some((*at_ms).max(now_ms)),
            When::InNode(node, after_ms) if *node == self.node && !self.is_silent => {
                Some(self.prompt_ms.saturating_add(*after_ms).max(now_ms))
            }
            When::InNode(..) => None,
        }
    }
}

/// The single keys and words of an act.
fn singles(act: &Act) -> Vec<Single> {
    let when = || match (&act.at_node, act.t_ms) {
        (Some(node), _) => When::InNode(node.clone(), act.after_ms),
        (None, at_ms) => When::At(at_ms.unwrap_or(act.after_ms)),
    };
    let keys = act.dtmf.iter().flat_map(|keys| keys.chars()).filter_map(Key::read);
    let mut singles: Vec<Single> = keys.map(|key| Single { when: when(), what: What::Press(key) }).collect();
    singles.extend(act.say.iter().map(|text| Single { when: when(), what: What::Say(text.clone()) }));
    if act.silence {
        singles.push(Single { when: when(), what: What::Nothing });
    }
    singles
}

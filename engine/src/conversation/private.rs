//! Private conversations: what an agent says for themself is nobody's business (CNIL, *L'écoute et l'enregistrement des
//! appels*: staff have a way to keep a private call from being heard).

use crate::command::{Answer, Refusal};
use crate::dialer::compliance::Obligation;
use crate::engine::Engine;
use crate::model::{CallId, SupervisionEnd};

impl Engine {
    /// From here to its end nobody takes part in a conversation, and nothing of it is recorded. What the law orders to be
    /// recorded is not private.
    pub(crate) fn mark_private(&mut self, id: CallId) -> Result<Answer, Refusal> {
        self.conversation(id)?;
        if self.is_obliged(id, Obligation::RecordAll) {
            return Err(Refusal::RecordingOrdered);
        }
        if let Some(talk) = self.talk_mut(id) {
            talk.is_private = true;
        }
        self.end_part(id);
        for supervisor in self.supervisors_in(|part| part.call == id && part.mode.listens()) {
            self.part_ended(supervisor, SupervisionEnd::Withdrawn);
        }
        self.end_taps_of(id, SupervisionEnd::Withdrawn);
        Ok(Answer::Done)
    }

    /// Whether the agent keeps a conversation to themself.
    pub(crate) fn is_private(&self, id: CallId) -> bool {
        self.talk(id).is_some_and(|talk| talk.is_private)
    }
}

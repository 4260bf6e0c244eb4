//! What the engine will do at a later time, unless something else comes first.
//!
//! Timers are never cancelled. Each one names the state that it was armed for, and whoever receives it looks
//! whether that state still holds; this leaves one place to be wrong less.

use std::collections::BTreeMap;

use crate::model::{
    AgentId, CallId, CampaignId, EarId, LegId, MessageId, RecordingId, SupervisionId, TapId, Timestamp,
};

/// Something to look at when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Tell a waiting caller how long it will take.
    Announce(CallId, u32),
    /// An agent's phone has rung long enough.
    AgentRingOver(AgentId, LegId),
    /// Whoever picked up for a caller has had long enough to be told, or to take the call.
    AskedOver(CallId, LegId),
    /// Whoever waits at home to be called back may have to wait until another hour.
    AtHome(CallId),
    /// A customer should hear their agent again; this often it was tried.
    BackOverdue(CallId, u8),
    /// A callback is looked at, unless a later time was set for it.
    CallbackDue(CallId, u32),
    /// A flow has had long enough to settle what needs no caller.
    CallerForgotten(CallId),
    /// What a waiting caller was told should be over.
    ClipsOverdue(CallId, u32),
    /// An ear that nobody should hear by could not be closed; it is tried again.
    CloseEarAgain(EarId),
    /// The same for a tap.
    CloseTapAgain(TapId),
    /// A recording could not be read back; it is tried again.
    CollectAgain(RecordingId),
    /// A person who answered has waited long enough.
    DropTimeOver(CallId),
    /// Say what every campaign does, and why.
    Explain,
    /// A time is over that a flow set, or that was set for what is done for it.
    FlowTime(CallId, u32),
    /// A machine has greeted for long enough.
    GreetingOverdue(CallId),
    /// A customer should be with the colleague to whom they were handed.
    HandingOverdue(CallId),
    /// A leg that was told to end should be gone.
    HangUpOverdue(CallId),
    /// A join should have happened.
    JoinOverdue(CallId),
    /// Silence has been written into a recording for long, from a moment on.
    MaskedLong {
        /// Which recording.
        recording: RecordingId,
        /// Since when.
        from: Timestamp,
    },
    /// A message whose caller has hung up did not come.
    MessageForgotten(MessageId),
    /// A drop message should be over.
    MessageOverdue(CallId),
    /// Try once more to play music to a caller.
    MusicAgain(CallId),
    /// Offer a waiting caller to be called back.
    OfferCallback(CallId, u32),
    /// Somebody outside has been rung for long enough.
    OutsideRingOver(CallId, LegId),
    /// Look whether a campaign can place a call.
    Pace(CampaignId),
    /// A lead on show goes back.
    PreviewOver(AgentId),
    /// A waiting caller may suit somebody whom they did not suit before.
    QueueLook(CallId, u32),
    /// A caller has waited for as long as they may.
    QueueOver(CallId, u32),
    /// A look-up takes so long that the caller hears nothing.
    Quiet(CallId, u32),
    /// A recording should have been read back.
    RecordingOverdue(RecordingId),
    /// Ring a lost agent's phone again.
    RedialAgent(AgentId),
    /// Whoever is called back has been rung for long enough.
    RingBackOver(CallId),
    /// A customer's phone has rung long enough.
    RingOver(CallId),
    /// Who has not been told from a machine by now is a person.
    ScreeningOver(CallId),
    /// A supervisor should hear by this act.
    SupervisionOverdue(AgentId, SupervisionId),
    /// A wrap-up has lasted long enough.
    WrapUpOver(AgentId, Timestamp),
}

/// Timers by the time when they are due; equal times keep the order in which they were armed.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeMap<(Timestamp, u64), Timer>,
    armed: u64,
}

impl Timers {
    pub(crate) fn arm(&mut self, at: Timestamp, timer: Timer) {
        self.due.insert((at, self.armed), timer);
        self.armed += 1;
    }

    /// When the next timer is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes out one timer that is due.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<Timer> {
        let first = self.due.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}

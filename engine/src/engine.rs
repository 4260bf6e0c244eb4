//! The only file where the machines meet: a table of contents of everything that can happen.

use std::collections::{BTreeMap, BTreeSet};

use crate::agents::familiar::Familiar;
use crate::agents::session::AgentSession;
use crate::command::{Answer, Command, Hold, Refusal};
use crate::conversation::recording::Collecting;
use crate::conversation::supervising::{Followed, Supervising};
use crate::conversation::tapping::Tap;
use crate::cx::Cx;
use crate::dialer::CampaignRun;
use crate::dialer::admission::Gate;
use crate::dialer::breaker::Breaker;
use crate::holds::Holds;
use crate::inbound::callbacks::Callbacks;
use crate::inbound::caller::Caller;
use crate::inbound::departed::Departed;
use crate::inbound::driving::Spoken;
use crate::inbound::queue::QueueRun;
use crate::inbound::shelf::Shelf;
use crate::input::{Input, Recovery, Request, StoreEvent, SwitchEvent};
use crate::model::{
    Agent, AgentId, AttemptId, CallId, CampaignId, Did, LegId, MessageId, QueueId, RecordingId, TapId,
    Timestamp, Trunk, TrunkId, TrunkProbe, TrunkState,
};
use crate::outbound::call::Call;
use crate::timers::Timer;

/// A call centre at one moment. It changes only by [`Engine::handle`].
#[derive(Debug)]
pub struct Engine {
    pub(crate) cx: Cx,
    pub(crate) holds: Holds,
    pub(crate) agents: BTreeMap<AgentId, Agent>,
    pub(crate) sessions: BTreeMap<AgentId, AgentSession>,
    /// Supervisors at work, by the agent whose phone they use.
    pub(crate) supervising: BTreeMap<AgentId, Supervising>,
    pub(crate) taps: BTreeMap<TapId, Tap>,
    pub(crate) runs: BTreeMap<CampaignId, CampaignRun>,
    pub(crate) trunks: BTreeMap<TrunkId, TrunkRun>,
    pub(crate) switch_gate: Option<Gate>,
    pub(crate) calls: BTreeMap<CallId, Call>,
    pub(crate) callers: BTreeMap<CallId, Caller>,
    pub(crate) callbacks: Callbacks,
    pub(crate) queues: BTreeMap<QueueId, QueueRun>,
    pub(crate) dids: Vec<Did>,
    pub(crate) shelf: Shelf,
    pub(crate) familiar: Familiar,
    /// Messages of callers who have hung up.
    pub(crate) spoken: BTreeMap<MessageId, Spoken>,
    /// Queues whose agents changed.
    pub(crate) stirred_queues: BTreeSet<QueueId>,
    /// Attempts that are being made durable.
    pub(crate) saving: BTreeMap<AttemptId, CallId>,
    pub(crate) legs: BTreeMap<LegId, LegOwner>,
    /// Legs of callers who have hung up of late.
    pub(crate) departed: Departed,
    /// Legs of nobody any more that were told to end, with the trunks whose lines they use until they are gone.
    pub(crate) parting: BTreeMap<LegId, Option<TrunkId>>,
    pub(crate) collecting: BTreeMap<RecordingId, Collecting>,
    /// What an earlier daemon left unfinished, until the first snapshot says what is still there.
    pub(crate) recovery: Option<Recovery>,
    /// Campaigns for which something changed that pacing depends on.
    pub(crate) stirred: BTreeSet<CampaignId>,
    /// Whether `Timer::Explain` is armed.
    pub(crate) explains: bool,
}

/// Whose leg it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LegOwner {
    Agent(AgentId),
    Caller(CallId),
    Customer(CallId),
    Outside(CallId),
}

/// A trunk at work.
#[derive(Debug)]
pub(crate) struct TrunkRun {
    pub(crate) settings: Trunk,
    pub(crate) gate: Gate,
    pub(crate) reachable: bool,
    /// What our own OPTIONS requests came to. Whether calls are placed is not decided by it: a carrier may answer none
    /// but those of its customer's Asterisk.
    pub(crate) probe: Option<TrunkProbe>,
    pub(crate) state: TrunkState,
    pub(crate) since: Timestamp,
    pub(crate) breaker: Breaker,
}

impl Engine {
    /// An engine that knows nothing yet. Equal seeds and equal inputs give equal commands.
    pub fn new(seed: u64) -> Self {
        Self {
            cx: Cx::new(seed),
            holds: Holds::default(),
            agents: BTreeMap::new(),
            sessions: BTreeMap::new(),
            supervising: BTreeMap::new(),
            taps: BTreeMap::new(),
            runs: BTreeMap::new(),
            trunks: BTreeMap::new(),
            switch_gate: None,
            calls: BTreeMap::new(),
            callers: BTreeMap::new(),
            callbacks: Callbacks::default(),
            queues: BTreeMap::new(),
            dids: Vec::new(),
            shelf: Shelf::default(),
            familiar: Familiar::default(),
            spoken: BTreeMap::new(),
            stirred_queues: BTreeSet::new(),
            saving: BTreeMap::new(),
            legs: BTreeMap::new(),
            departed: Departed::default(),
            parting: BTreeMap::new(),
            collecting: BTreeMap::new(),
            recovery: None,
            stirred: BTreeSet::new(),
            explains: false,
        }
    }

    /// Takes in one thing that happened at `now` and says what is to be done, in order.
    ///
    /// `now` is steady: it never goes backwards, whatever the wall clock does.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Command> {
        self.pass_time(now);
        match input {
            Input::Switch(event) => self.switch_event(event),
            Input::Store(event) => self.store_event(event),
            Input::Request { id, request } => {
                let answer = self.request(request);
                self.cx.emit(Command::Reply { to: id, answer });
            }
            Input::LookedUp { id, finding } => self.looked_up(id, finding),
            Input::Settings(settings) => self.take_settings(*settings),
            Input::WallClock(wall) => self.clock_was_read(wall),
            Input::Stopping => self.keep_learnt(),
            Input::Tick => {}
        }
        self.fire_timers();
        self.look_after_queues();
        self.look_after_taps();
        self.pace_stirred();
        self.cx.take_commands()
    }

    /// When the engine wants to be called at the latest, with [`Input::Tick`] if nothing else happens.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.cx.timers.next_due()
    }

    /// What holds all dialling, if anything does.
    pub fn held_by(&self) -> Option<Hold> {
        self.holds.first()
    }

    fn pass_time(&mut self, now: Timestamp) {
        let passed = now.since(self.cx.now);
        self.cx.now = self.cx.now + passed;
        // Until the clock is read, steady time is the best guess: it began as what the clock showed.
        let began = self.cx.wall == Timestamp::default();
        self.cx.wall = if began { now } else { self.cx.wall + passed };
    }

    fn switch_event(&mut self, event: SwitchEvent) {
        match event {
            SwitchEvent::LinkDown => self.hold(Hold::SwitchAway),
            SwitchEvent::Snapshot(snapshot) => self.resync(&snapshot),
            SwitchEvent::LegRinging { leg } => self.leg_ringing(leg),
            SwitchEvent::LegEntered { leg } => self.leg_reported(leg, true, false),
            SwitchEvent::LegUp { leg } => self.leg_reported(leg, false, true),
            SwitchEvent::LegEnded { leg, cause } => self.leg_ended(leg, cause, None),
            SwitchEvent::LegJoined { leg, room } => self.leg_joined(leg, room),
            SwitchEvent::EarOpened { ear } => self.ear_opened(ear),
            SwitchEvent::EarEnded { ear } => self.ear_failed(ear),
            SwitchEvent::TapEnded { tap } => self.tap_failed(tap),
            SwitchEvent::MessageEnded { leg } => self.message_ended(leg),
            SwitchEvent::CallerArrived { leg, dialled, caller, trunk } => {
                self.caller_arrived(leg, &dialled, &caller, trunk);
            }
            SwitchEvent::KeyPressed { leg, key } => self.key_pressed(leg, key),
            SwitchEvent::ClipsEnded { leg, playing, played } => self.clips_ended(leg, playing, played),
            SwitchEvent::MessageTaken { leg, message, ms } => self.message_taken(leg, message, ms),
            SwitchEvent::LegScreened { leg, verdict, cause } => self.leg_screened(leg, verdict, cause),
            SwitchEvent::GreetingOver { leg } => self.greeting_over(leg),
            SwitchEvent::RecordingCollected { recording, found } => {
                self.recording_collected(recording, found)
            }
            SwitchEvent::TrunkReachable { trunk, reachable } => self.trunk_reachable(trunk, reachable),
            SwitchEvent::TrunkProbed { trunk, probe } => self.trunk_probed(trunk, probe),
            SwitchEvent::CommandFailed { command, failure } => self.command_failed(command, &failure),
        }
    }

    fn store_event(&mut self, event: StoreEvent) {
        match event {
            StoreEvent::Recovered(recovery) => self.recovered(recovery),
            StoreEvent::LeadsFetched { campaign, leads, next_due_at, denied, law } => {
                self.leads_fetched(campaign, leads, next_due_at, denied, law);
            }
            StoreEvent::AttemptSaved { attempt, obligations } => self.attempt_saved(attempt, obligations),
            StoreEvent::AttemptRefused { attempt, refusal } => self.attempt_refused(attempt, refusal),
            StoreEvent::Away => self.hold(Hold::StoreAway),
            StoreEvent::Back => {
                // Questions that were under way may be lost.
                self.runs.values_mut().for_each(|run| run.hopper.forget_question());
                self.release_hold(Hold::StoreAway);
            }
        }
    }

    fn request(&mut self, request: Request) -> Result<Answer, Refusal> {
        match request {
            Request::LogIn { agent, campaigns } => self.log_in(agent, campaigns),
            Request::LogOut { agent } => self.log_out(agent),
            Request::Ready { agent } => self.ready(agent),
            Request::Pause { agent, code } => self.pause(agent, code),
            Request::NextLead { agent } => self.next_preview(agent),
            Request::KeepPreview { agent } => self.keep_preview(agent),
            Request::DialPreview { agent } => self.dial_preview(agent),
            Request::DialByHand { agent, campaign, lead, by_hand } => {
                self.dial_by_hand(agent, campaign, *lead, by_hand)
            }
            Request::SkipPreview { agent } => self.skip_preview(agent),
            Request::Dispose { agent, call, code, note, callback } => {
                self.dispose(agent, call, &code, note, callback)
            }
            Request::StopDialling { phone, campaign } => {
                self.stop_dialling(phone, campaign);
                Ok(Answer::Done)
            }
            Request::Supervise { supervisor, user, call, mode, reason } => {
                self.supervise(supervisor, user, call, mode, reason)
            }
            Request::Follow { supervisor, user, agent, scope, reason } => {
                self.follow(supervisor, user, Followed { agent, scope, reason })
            }
            Request::StopSupervising { supervisor, withdrawn } => {
                self.stop_supervising_on_request(supervisor, withdrawn)
            }
            Request::WithdrawSupervision { user, left, scope } => {
                self.withdraw_supervision(user, &left, &scope);
                self.withdraw_taps(user, &left, &scope);
                Ok(Answer::Done)
            }
            Request::MarkPrivate { call } => self.mark_private(call),
            Request::OpenTap { by, call, reason } => self.open_tap(by, call, reason),
            Request::CloseTap { tap, withdrawn } => {
                self.close_tap(tap, withdrawn);
                Ok(Answer::Done)
            }
            Request::BookCallback { callback, user, is_change } => {
                self.book_callback(*callback, user, is_change)
            }
            Request::WithdrawCallback { callback, user } => self.withdraw_callback(callback, user),
            Request::Hold { call } => self.hold_customer(call),
            Request::Resume { call } => self.resume_customer(call),
            Request::Transfer { call, to, kind } => self.transfer(call, to, kind),
            Request::CompleteTransfer { call } => self.complete_transfer(call),
            Request::JoinAll { call } => self.join_all(call),
            Request::HangUp { call, by } => self.hang_up_on_request(call, by),
            Request::StartRecording { call } => self.start_recording_on_demand(call),
            Request::MaskRecording { call, reason } => self.mask_recording(call, reason),
            Request::UnmaskRecording { call } => self.unmask_recording(call),
            Request::StopRecording { call } => self.stop_recording_on_demand(call),
            Request::View => Ok(Answer::View(Box::new(self.view()))),
        }
    }

    fn fire_timers(&mut self) {
        while let Some(timer) = self.cx.timers.pop_due(self.cx.now) {
            match timer {
                Timer::Announce(call, turn) => self.announce(call, turn),
                Timer::AgentRingOver(agent, leg) => self.agent_ring_over(agent, leg),
                Timer::AskedOver(call, leg) => self.asked_over(call, leg),
                Timer::AtHome(call) => self.wait_on_at_home(call),
                Timer::BackOverdue(call, tries) => self.back_overdue(call, tries),
                Timer::CallbackDue(call, turn) => self.callback_due(call, turn),
                Timer::CallerForgotten(call) => self.settle_caller(call),
                Timer::ClipsOverdue(call, playing) => self.clips_overdue(call, playing),
                Timer::CollectAgain(recording) => self.collect_again(recording),
                Timer::DropTimeOver(call) => self.drop_time_over(call),
                Timer::Explain => self.explain(),
                Timer::FlowTime(call, turn) => self.flow_time(call, turn),
                Timer::GreetingOverdue(call) => self.greeting_overdue(call),
                Timer::HandingOverdue(call) => self.handing_overdue(call),
                Timer::CloseEarAgain(ear) => self.close_ear_again(ear),
                Timer::CloseTapAgain(tap) => self.close_tap_again(tap),
                Timer::HangUpOverdue(call) => self.hang_up_overdue(call),
                Timer::JoinOverdue(call) => self.join_overdue(call),
                Timer::MaskedLong { recording, from } => self.masked_long(recording, from),
                Timer::MessageForgotten(message) => drop(self.spoken.remove(&message)),
                Timer::MessageOverdue(call) => self.message_overdue(call),
                Timer::MusicAgain(call) => self.music_again(call),
                Timer::OfferCallback(call, turn) => self.offer_callback(call, turn),
                Timer::OutsideRingOver(call, leg) => self.outside_ring_over(call, leg),
                Timer::Pace(campaign) => self.pace_timer(campaign),
                Timer::PreviewOver(agent) => self.preview_over(agent),
                Timer::QueueLook(call, turn) => self.queue_look(call, turn),
                Timer::QueueOver(call, turn) => self.queue_over(call, turn),
                Timer::Quiet(call, turn) => self.quiet(call, turn),
                Timer::RecordingOverdue(recording) => self.recording_overdue(recording),
                Timer::RedialAgent(agent) => self.redial_agent(agent),
                Timer::RingBackOver(call) => self.ring_back_over(call),
                Timer::RingOver(call) => self.ring_over(call),
                Timer::ScreeningOver(call) => self.screening_over(call),
                Timer::SupervisionOverdue(supervisor, act) => self.supervision_overdue(supervisor, act),
                Timer::WrapUpOver(agent, until) => self.wrap_up_over(agent, until),
            }
        }
    }
}

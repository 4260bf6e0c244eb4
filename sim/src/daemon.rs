//! What stands between the engine and the world: it carries inputs in and commands out, and it can die.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::Engine;
use cadran_engine::command::{Answer, Command, Notice, Refusal, SwitchCommand, Write};
use cadran_engine::dialer::compliance::{CountedFrom, PaceLaw};
use cadran_engine::input::{CommandFailure, Input, Request, RequestId, StoreEvent, SwitchEvent};
use cadran_engine::model::{CampaignId, EarId, Lead, LegId, RecordingId, RoomId, TapId, Timestamp};
use cadran_engine::view::LiveView;

use crate::world::{Happening, World, on_clock};

/// Rule packs that leave the limit on drops to the campaigns, so that there are drops to look at.
const LENIENT: PaceLaw = PaceLaw {
    day_max: 1.0,
    month_max: 1.0,
    ratio_max: 10.0,
    counted_from: CountedFrom::Answer,
    machines_estimated: true,
    agent_within: Duration::MAX,
    ring_min: Duration::ZERO,
};

/// How long a request to Asterisk may stay without an answer.
const DEADLINE: Duration = Duration::from_secs(2);

/// How long a start waits before it looks for the database again.
const START_PAUSE: Duration = Duration::from_millis(500);

/// The daemon, dead or alive.
#[derive(Debug, Default)]
pub(crate) struct Daemon {
    engine: Option<Engine>,
    /// Counts starts.
    lives: u32,
    /// How far its steady clock is ahead of true time: as far as the wall clock was at the start.
    clock_error: i64,
    /// When the next tick is planned.
    tick_at: Option<Timestamp>,
    asked: BTreeMap<RequestId, Request>,
    requests: u64,
    /// When the last command for a leg or a room arrives, so that the next one does not overtake it.
    lanes: BTreeMap<Lane, Timestamp>,
    /// Commands on their way, by number, and since when on the daemon's clock.
    orders: BTreeMap<u64, Timestamp>,
    orders_given: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Ear(EarId),
    Leg(LegId),
    Recording(RecordingId),
    Room(RoomId),
    Tap(TapId),
}

impl Daemon {
    /// Which life it is in; a dead daemon is in none that anything was addressed to.
    pub(crate) const fn life(&self) -> u32 {
        self.lives
    }

    pub(crate) const fn is_alive(&self) -> bool {
        self.engine.is_some()
    }

    fn now(&self, now: Timestamp) -> Timestamp {
        on_clock(now, self.clock_error)
    }
}

impl World<'_> {
    /// Starts the daemon, or tries again soon while the database is away.
    pub(crate) fn start_daemon(&mut self) {
        if self.store.away {
            return self.after(START_PAUSE, Happening::Mended(crate::faults::Fault::Daemon));
        }
        let lives = self.daemon.lives + 1;
        let seed = self.chance.bits();
        let wall = self.wall();
        if let Some(watcher) = &mut self.watcher {
            watcher.started(seed, wall);
        }
        self.daemon = Daemon {
            engine: Some(Engine::new(seed)),
            lives,
            clock_error: self.wall_error,
            ..Daemon::default()
        };
        self.checks.daemon_started();
        self.last_view = LiveView::default();
        self.note(|| format!("daemon starts, life {lives}"));
        let recovery = self.store.recover();
        self.feed(Input::Settings(Box::new(self.plan.settings.clone())));
        self.feed(Input::WallClock(wall));
        self.feed(Input::Store(StoreEvent::Recovered(recovery)));
        self.connect();
    }

    /// The daemon dies without a word.
    pub(crate) fn kill_daemon(&mut self) {
        self.daemon.engine = None;
        self.daemon.lives += 1;
        self.link_is_cut();
        self.checks.disturbed(self.now);
    }

    /// One input, and everything that follows from it.
    pub(crate) fn feed(&mut self, input: Input) {
        let now = self.daemon.now(self.now);
        let Some(engine) = &mut self.daemon.engine else {
            return;
        };
        if let Some(trace) = &mut self.trace
            && !matches!(
                input,
                Input::Tick
                    | Input::WallClock(_)
                    | Input::Settings(_)
                    | Input::Request { request: Request::View, .. }
            )
        {
            let seconds = self.now.since(crate::plan::START).as_secs_f64();
            trace.push(format!("{seconds:9.3} <- {input:?}"));
        }
        self.checks.input(&input);
        let copy = self.watcher.is_some().then(|| input.clone());
        let commands = engine.handle(now, input);
        if let Some((watcher, input)) = self.watcher.as_mut().zip(copy) {
            watcher.handled(now, input, &commands);
        }
        self.checks.step(&commands, self.now);
        let due = engine.next_due();
        for command in commands {
            self.carry_out(command);
        }
        self.plan_tick(due);
    }

    fn plan_tick(&mut self, due: Option<Timestamp>) {
        let Some(due) = due else { return };
        let due = on_clock(due, -self.daemon.clock_error).max(self.now);
        if self.daemon.tick_at.is_none_or(|planned| planned > due) {
            self.daemon.tick_at = Some(due);
            self.at(due, Happening::Tick);
        }
    }

    pub(crate) fn tick(&mut self) {
        if self.daemon.tick_at == Some(self.now) {
            self.daemon.tick_at = None;
            self.feed(Input::Tick);
        }
    }

    /// Somebody asks something of the engine.
    pub(crate) fn ask(&mut self, request: Request) {
        if !self.daemon.is_alive() {
            return;
        }
        self.daemon.requests += 1;
        let id = RequestId(self.daemon.requests);
        self.daemon.asked.insert(id, request.clone());
        self.feed(Input::Request { id, request });
    }

    fn carry_out(&mut self, command: Command) {
        if !matches!(&command, Command::Reply { answer: Ok(Answer::View(_)), .. }) {
            self.note(|| format!("   -> {command:?}"));
        }
        match command {
            Command::Switch(command) => self.send(command),
            Command::Write(write) => {
                self.checks.write(&write, self.now);
                if let Write::SaveAttempt(attempt) = &write {
                    self.check_budget(attempt);
                }
                if let Some(event) = self.store.take(write) {
                    self.news(1, 3, Input::Store(event));
                }
                self.later(1, 8, |_| Happening::Commit);
            }
            Command::FetchLeads { campaign, count } => self.fetch(campaign, count),
            Command::Reply { to, answer } => self.replied(to, answer),
            Command::LookUp { id, inquiry } => self.look_up(id, *inquiry),
            Command::Notice(Notice::AgentMissed { queue, .. }) => self.checks.missed(queue),
            Command::Notice(_) => {}
        }
    }

    fn replied(&mut self, to: RequestId, answer: Result<Answer, Refusal>) {
        let Some(request) = self.daemon.asked.remove(&to) else {
            return self.checks.broken(self.now, format!("a reply to {to:?}, which is not open"));
        };
        match answer {
            Ok(Answer::View(view)) => self.look_over(&view),
            answer => self.checks.answered(&request, &answer, self.now),
        }
    }

    fn fetch(&mut self, campaign: CampaignId, count: u16) {
        // A question to a database that is away is lost.
        if self.store.away {
            return;
        }
        let wall = self.wall();
        let (leads, next_due_at) = self.store.claim(campaign, count, wall);
        let (life, departures) = (self.daemon.life(), self.store.departures);
        self.later(5, 400, |_| Happening::Leads { life, departures, campaign, leads, next_due_at });
    }

    /// An answer that was under way when the database went away is lost, and its claims are void.
    pub(crate) fn leads_arrive(
        &mut self,
        life: u32,
        departures: u32,
        campaign: CampaignId,
        leads: Vec<Lead>,
        next_due_at: Option<Timestamp>,
    ) {
        if life != self.daemon.life() {
            return;
        }
        if departures == self.store.departures {
            let (denied, law) = (None, Some(LENIENT));
            let fetched = StoreEvent::LeadsFetched { campaign, leads, next_due_at, denied, law };
            return self.feed(Input::Store(fetched));
        }
        leads.iter().for_each(|lead| self.store.free_claim(lead.id));
    }

    /// News for the daemon of this life.
    pub(crate) fn news(&mut self, low: u64, high: u64, input: Input) {
        let life = self.daemon.life();
        self.later(low, high, |_| Happening::News { life, input: Box::new(input) });
    }

    pub(crate) fn commit(&mut self) {
        let mut faults = Vec::new();
        for event in self.store.commit(&mut faults) {
            self.news(0, 2, Input::Store(event));
        }
        for fault in faults {
            self.checks.broken(self.now, fault);
        }
    }

    fn send(&mut self, command: SwitchCommand) {
        let wall = self.wall();
        self.checks.sent(&command, &self.store, self.now, wall);
        let number = self.daemon.orders_given;
        self.daemon.orders_given += 1;
        self.daemon.orders.insert(number, self.daemon.now(self.now));
        let mut arrives = self.now + self.chance.millis(1, 12);
        let lanes = lanes(&command);
        for lane in &lanes {
            arrives = arrives.max(self.daemon.lanes.get(lane).copied().unwrap_or_default());
        }
        for lane in lanes {
            self.daemon.lanes.insert(lane, arrives);
        }
        self.at(arrives, Happening::Order { number, command });
    }

    pub(crate) fn order_arrives(&mut self, number: u64, command: SwitchCommand) {
        self.daemon.orders.remove(&number);
        if !self.daemon.is_alive() {
            return;
        }
        let odds = self.odds();
        let failure = if !self.link.up {
            self.link_failure(&command)
        } else if self.chance.happens(odds.unknown) {
            if self.chance.happens(0.5) {
                let _ = self.obey(&command);
            }
            Some(CommandFailure::OutcomeUnknown)
        } else if self.chance.happens(odds.refused) {
            Some(CommandFailure::Refused { status: 500, message: "Internal Server Error".to_owned() })
        } else {
            let refused = |(status, message): (u16, &str)| CommandFailure::Refused {
                status,
                message: message.to_owned(),
            };
            self.obey(&command).err().map(refused)
        };
        if let Some(failure) = failure {
            self.failed(command, failure);
        }
    }

    /// The link is cut: known, and nothing is sent; not noticed yet, and no answer comes.
    fn link_failure(&mut self, command: &SwitchCommand) -> Option<CommandFailure> {
        if self.link.noticed {
            return Some(CommandFailure::NotSent);
        }
        if self.chance.happens(0.3) {
            let _ = self.obey(command);
        }
        Some(CommandFailure::OutcomeUnknown)
    }

    fn failed(&mut self, command: SwitchCommand, failure: CommandFailure) {
        self.checks.disturbed(self.now);
        let waits = if failure == CommandFailure::OutcomeUnknown {
            u64::try_from(DEADLINE.as_millis()).unwrap_or(u64::MAX)
        } else {
            1
        };
        let input = Input::Switch(SwitchEvent::CommandFailed { command, failure });
        self.news(waits, waits + 5, input);
    }

    /// Since when Asterisk is asked: before the oldest command that it may not have heard of.
    pub(crate) fn ask_for_look(&mut self) {
        if !self.link.up || !self.daemon.is_alive() {
            return;
        }
        let now = self.daemon.now(self.now);
        let asked_at = self.daemon.orders.values().copied().fold(now, Timestamp::min);
        let link = self.link.number;
        self.later(1, 20, |_| Happening::Look { link, asked_at });
    }

    pub(crate) fn look(&mut self, link: u32, asked_at: Timestamp) {
        if self.link.up && link == self.link.number {
            let snapshot = Box::new(self.network.snapshot(asked_at));
            self.later(1, 40, |_| Happening::Looked { link, snapshot });
        }
    }
}

fn lanes(command: &SwitchCommand) -> Vec<Lane> {
    match command {
        SwitchCommand::Originate { leg, .. }
        | SwitchCommand::HangUp { leg }
        | SwitchCommand::Screen { leg, .. }
        | SwitchCommand::AwaitSilence { leg }
        | SwitchCommand::Ring { leg }
        | SwitchCommand::PickUp { leg }
        | SwitchCommand::Mark { leg, .. }
        | SwitchCommand::PlayClips { leg, .. }
        | SwitchCommand::LetGo { leg }
        | SwitchCommand::StopClips { leg, .. }
        | SwitchCommand::PlayMusic { leg, .. }
        | SwitchCommand::StopMusic { leg }
        | SwitchCommand::TakeMessage { leg, .. }
        | SwitchCommand::EndMessage { leg, .. }
        | SwitchCommand::TurnAway { leg, .. }
        | SwitchCommand::Play { leg, .. } => vec![Lane::Leg(*leg)],
        SwitchCommand::OpenRoom { room }
        | SwitchCommand::StartMusic { room }
        | SwitchCommand::CloseRoom { room } => vec![Lane::Room(*room)],
        SwitchCommand::Join { room, leg } | SwitchCommand::Leave { room, leg } => {
            vec![Lane::Room(*room), Lane::Leg(*leg)]
        }
        SwitchCommand::OpenEar { ear, room, .. } => vec![Lane::Ear(*ear), Lane::Room(*room)],
        SwitchCommand::SetWhisper { ear, .. } | SwitchCommand::CloseEar { ear } => vec![Lane::Ear(*ear)],
        SwitchCommand::OpenTap { tap, .. } | SwitchCommand::CloseTap { tap } => vec![Lane::Tap(*tap)],
        SwitchCommand::StartRecording { recording, customer, agent } => {
            let mut lanes = vec![Lane::Recording(*recording), Lane::Leg(*customer)];
            lanes.extend(agent.map(Lane::Leg));
            lanes
        }
        SwitchCommand::MaskRecording { recording }
        | SwitchCommand::UnmaskRecording { recording }
        | SwitchCommand::CollectRecording { recording } => vec![Lane::Recording(*recording)],
    }
}

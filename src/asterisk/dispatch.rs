//! Takes orders in, and carries them out in turn.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ari::Client;
use cadran_engine::command::SwitchCommand;
use cadran_engine::input::{CommandFailure, Snapshot, SwitchEvent};
use cadran_engine::model::Timestamp;
use tokio::sync::mpsc;
use tokio::task::{self, JoinSet};
use tracing::{error, warn};

use super::callers::Callers;
use super::commands;
use super::ears::Ears;
use super::echo::Echo;
use super::lanes::{Lanes, Ticket};
use super::names::Names;
use super::recorder::Recorder;
use super::resync::{self, Found};
use super::saying::Voice;
use super::taps::Taps;

/// Commands that may run or wait. The engine gives ten per call, so this is the work of a thousand calls at once.
pub(super) const ORDERS_MAX: usize = 16_384;

/// Commands that are with Asterisk at a time. It works on requests of one connection one after the other, so more
/// would only wait there, past their deadlines.
const COMMANDS_AT_ONCE: usize = 64;

/// Commands to the recorder that run at a time. Most of them wait for Asterisk to close a file, or for their turn to
/// fetch one.
const RECORDER_COMMANDS_AT_ONCE: usize = 1_024;

/// How long Asterisk gets to close what was left of a connection that broke; see [`super::echo`].
const SETTLING_TIME: Duration = Duration::from_millis(300);

/// Pause before a snapshot that Asterisk did not give is asked for again.
const SNAPSHOT_PAUSE: Duration = Duration::from_millis(500);

/// Something to be done on Asterisk.
#[derive(Debug)]
pub(super) enum Order {
    /// The engine wants it.
    Command {
        /// What.
        command: SwitchCommand,
        /// Since when.
        given_at: Timestamp,
    },
    /// A channel that is not ours goes back to the dialplan.
    LetGo {
        /// Its id.
        channel: String,
    },
    /// A snapshot is wanted.
    Look(Look),
}

/// The wish for a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// When it was wanted.
    pub(super) asked_at: Timestamp,
    /// After which gap, counted from the start; none for a look at the usual time.
    pub(super) after_gap: Option<u64>,
}

/// What tasks need to carry out orders.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) client: Client,
    pub(super) app: String,
    pub(super) names: Names,
    pub(super) recorder: Arc<Recorder>,
    pub(super) ears: Arc<Ears>,
    pub(super) taps: Arc<Taps>,
    pub(super) callers: Arc<Callers>,
    pub(super) voice: Option<Arc<dyn Voice>>,
    pub(super) echo: Arc<Echo>,
    pub(super) news: mpsc::Sender<SwitchEvent>,
    pub(super) looked: mpsc::Sender<(Look, Snapshot)>,
}

/// Which lanes a command runs in: calls must not wait for files.
#[derive(Clone, Copy, Debug)]
enum Crew {
    Calls,
    Recordings,
}

/// The task that hands out orders.
pub(super) struct Dispatcher {
    tools: Arc<Tools>,
    calls: Lanes,
    recordings: Lanes,
    running: JoinSet<()>,
    /// The commands that run, by task: even one that breaks off frees its lanes.
    tickets: HashMap<task::Id, (Crew, Ticket)>,
    /// How many commands of each crew run.
    at_work: [usize; 2],
}

impl Dispatcher {
    pub(super) fn new(tools: Tools) -> Self {
        Self {
            tools: Arc::new(tools),
            calls: Lanes::default(),
            recordings: Lanes::default(),
            running: JoinSet::new(),
            tickets: HashMap::new(),
            at_work: [0; 2],
        }
    }

    /// Runs until nobody can give orders any more.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.take(order),
                    None => return,
                },
                Some(ended) = self.running.join_next_with_id() => self.ended(match ended {
                    Ok((task, ())) => task,
                    Err(problem) => {
                        error!("An order to Asterisk broke off: {problem}");
                        problem.id()
                    }
                }),
            }
            self.hand_out();
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Command { command, .. } if self.calls.len() + self.recordings.len() >= ORDERS_MAX => {
                refuse(&self.tools.news, command);
            }
            Order::Command { command, given_at } => self.lanes(crew(&command)).enter(command, given_at),
            Order::LetGo { channel } => self.let_go(channel),
            Order::Look(look) => self.look(look),
        }
    }

    fn lanes(&mut self, crew: Crew) -> &mut Lanes {
        match crew {
            Crew::Calls => &mut self.calls,
            Crew::Recordings => &mut self.recordings,
        }
    }

    /// Starts every command whose turn it is, as far as the limits allow.
    fn hand_out(&mut self) {
        for (crew, at_once) in
            [(Crew::Calls, COMMANDS_AT_ONCE), (Crew::Recordings, RECORDER_COMMANDS_AT_ONCE)]
        {
            while self.at_work[crew as usize] < at_once
                && let Some((ticket, command)) = self.lanes(crew).next()
            {
                self.at_work[crew as usize] += 1;
                let tools = Arc::clone(&self.tools);
                let task = self.running.spawn(async move { tools.carry_out(command).await });
                self.tickets.insert(task.id(), (crew, ticket));
            }
        }
        metrics::gauge!("cadran_switch_commands_pending")
            .set((self.calls.len() + self.recordings.len()) as f64);
    }

    fn ended(&mut self, task: task::Id) {
        // Only commands have tickets.
        if let Some((crew, ticket)) = self.tickets.remove(&task) {
            self.at_work[crew as usize] -= 1;
            self.lanes(crew).leave(ticket);
        }
    }

    fn let_go(&mut self, channel: String) {
        metrics::counter!("cadran_switch_strangers_total").increment(1);
        let tools = Arc::clone(&self.tools);
        self.running.spawn(async move {
            if let Err(problem) = commands::let_go(&tools.client, &channel).await {
                warn!(channel, "An incoming call could not be sent back to the dialplan: {problem:?}");
            }
        });
    }

    /// Takes a snapshot. It speaks for the moment before the oldest command whose creation may not be visible yet.
    fn look(&mut self, look: Look) {
        let pending = [self.calls.oldest_creation(), self.recordings.oldest_creation()];
        let asked_at = pending.into_iter().flatten().fold(look.asked_at, Timestamp::min);
        let tools = Arc::clone(&self.tools);
        self.running.spawn(async move { tools.look(look, asked_at).await });
    }
}

impl Tools {
    async fn carry_out(&self, command: SwitchCommand) {
        let kind = kind(&command);
        let begun = Instant::now();
        let outcome = commands::carry_out(self, &command).await;
        metrics::histogram!("cadran_switch_command_seconds", "command" => kind).record(begun.elapsed());
        let word = match &outcome {
            Ok(()) => "done",
            Err(CommandFailure::Refused { .. }) => "refused",
            Err(CommandFailure::OutcomeUnknown) => "outcome_unknown",
            Err(CommandFailure::NotSent) => "not_sent",
        };
        metrics::counter!("cadran_switch_commands_total", "command" => kind, "outcome" => word).increment(1);
        if let Err(failure) = outcome {
            warn!(command = kind, "A command was not carried out: {failure:?}");
            // The engine is gone only when the daemon stops.
            let _ = self.news.send(SwitchEvent::CommandFailed { command, failure }).await;
        }
    }

    /// After a gap a snapshot must come, so it is asked for again for as long as the link is up. One at the usual time
    /// is left out when it fails.
    async fn look(&self, look: Look, asked_at: Timestamp) {
        if look.after_gap.is_some_and(|gap| gap > 1) {
            tokio::time::sleep(SETTLING_TIME).await;
        }
        if self.client.is_connected() && !self.echo.answers(&self.client).await {
            warn!("Asterisk answers, but its events do not arrive; connecting anew");
            metrics::counter!("cadran_switch_deaf_total").increment(1);
            return self.client.reconnect();
        }
        loop {
            match resync::snapshot(&self.client, &self.app, &self.callers, asked_at).await {
                Ok(Found { snapshot, unheard, torn }) => {
                    metrics::counter!("cadran_switch_snapshots_total", "outcome" => "taken").increment(1);
                    // Nobody waits for it only when the daemon stops.
                    let _ = self.looked.send((look, snapshot)).await;
                    for arrival in unheard {
                        let _ = self.news.send(arrival).await;
                    }
                    self.ears.sweep(&self.client, torn).await;
                    return;
                }
                Err(problem) => {
                    metrics::counter!("cadran_switch_snapshots_total", "outcome" => "failed").increment(1);
                    warn!("Asterisk could not be asked what it holds: {problem}");
                }
            }
            if look.after_gap.is_none() || !self.client.is_connected() {
                return;
            }
            tokio::time::sleep(SNAPSHOT_PAUSE).await;
        }
    }
}

/// Says that a command was not sent because too many wait. The news may have to wait as well, but not the caller.
pub(super) fn refuse(news: &mpsc::Sender<SwitchEvent>, command: SwitchCommand) {
    metrics::counter!("cadran_switch_commands_total", "command" => kind(&command), "outcome" => "overflow")
        .increment(1);
    let failed = SwitchEvent::CommandFailed { command, failure: CommandFailure::NotSent };
    let news = news.clone();
    tokio::spawn(async move {
        let _ = news.send(failed).await;
    });
}

fn crew(command: &SwitchCommand) -> Crew {
    match command {
        SwitchCommand::StartRecording { .. }
        | SwitchCommand::MaskRecording { .. }
        | SwitchCommand::UnmaskRecording { .. }
        | SwitchCommand::OpenTap { .. }
        | SwitchCommand::CloseTap { .. }
        | SwitchCommand::CollectRecording { .. } => Crew::Recordings,
        SwitchCommand::Originate { .. }
        | SwitchCommand::HangUp { .. }
        | SwitchCommand::OpenRoom { .. }
        | SwitchCommand::Join { .. }
        | SwitchCommand::Leave { .. }
        | SwitchCommand::StartMusic { .. }
        | SwitchCommand::CloseRoom { .. }
        | SwitchCommand::OpenEar { .. }
        | SwitchCommand::SetWhisper { .. }
        | SwitchCommand::CloseEar { .. }
        | SwitchCommand::Play { .. }
        | SwitchCommand::Screen { .. }
        | SwitchCommand::AwaitSilence { .. }
        | SwitchCommand::Ring { .. }
        | SwitchCommand::PickUp { .. }
        | SwitchCommand::Mark { .. }
        | SwitchCommand::PlayClips { .. }
        | SwitchCommand::LetGo { .. }
        | SwitchCommand::StopClips { .. }
        | SwitchCommand::PlayMusic { .. }
        | SwitchCommand::StopMusic { .. }
        | SwitchCommand::TakeMessage { .. }
        | SwitchCommand::EndMessage { .. }
        | SwitchCommand::TurnAway { .. } => Crew::Calls,
    }
}

/// The word for a command in metrics and logs.
fn kind(command: &SwitchCommand) -> &'static str {
    match command {
        SwitchCommand::Originate { .. } => "originate",
        SwitchCommand::HangUp { .. } => "hang_up",
        SwitchCommand::OpenRoom { .. } => "open_room",
        SwitchCommand::Join { .. } => "join",
        SwitchCommand::Leave { .. } => "leave",
        SwitchCommand::StartMusic { .. } => "start_music",
        SwitchCommand::CloseRoom { .. } => "close_room",
        SwitchCommand::OpenEar { .. } => "open_ear",
        SwitchCommand::SetWhisper { .. } => "set_whisper",
        SwitchCommand::CloseEar { .. } => "close_ear",
        SwitchCommand::OpenTap { .. } => "open_tap",
        SwitchCommand::CloseTap { .. } => "close_tap",
        SwitchCommand::Play { .. } => "play",
        SwitchCommand::Ring { .. } => "ring",
        SwitchCommand::PickUp { .. } => "pick_up",
        SwitchCommand::Mark { .. } => "mark",
        SwitchCommand::PlayClips { .. } => "play_clips",
        SwitchCommand::LetGo { .. } => "let_go",
        SwitchCommand::StopClips { .. } => "stop_clips",
        SwitchCommand::PlayMusic { .. } => "play_music",
        SwitchCommand::StopMusic { .. } => "stop_music",
        SwitchCommand::TakeMessage { .. } => "take_message",
        SwitchCommand::EndMessage { .. } => "end_message",
        SwitchCommand::TurnAway { .. } => "turn_away",
        SwitchCommand::Screen { .. } => "screen",
        SwitchCommand::AwaitSilence { .. } => "await_silence",
        SwitchCommand::StartRecording { .. } => "start_recording",
        SwitchCommand::MaskRecording { .. } => "mask_recording",
        SwitchCommand::UnmaskRecording { .. } => "unmask_recording",
        SwitchCommand::CollectRecording { .. } => "collect_recording",
    }
}

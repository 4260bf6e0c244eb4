//! Taps on conversations: each voice from its own leg, as RTP to a socket of ours.
//!
//! For each voice there is a snoop on the leg it comes from, which hears what that leg says (`spy=in`), a channel of
//! external media, and a bridge that joins the two. Never one snoop for both: what a leg is told goes through Asterisk's
//! translator, which drops frames once their source changes, and half of such snoops are silent from then on (measured
//! with Debian's 22.10.1).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ari::{Channel, Client, Encapsulation, Event, SnoopDirection, Transport};
use cadran_engine::input::{CommandFailure, SwitchEvent};
use cadran_engine::model::{LegId, TapId};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{debug, warn};

use super::callers::Callers;
use super::commands::{failure, gone, open_bridge, sent};
use super::names::{Names, Speaker, TapPart};
use crate::tap::{self, Feeder, Frame, Jitter};

/// How long the channels of a tap may take to come under our control.
const ENTERS_MAX: Duration = Duration::from_secs(2);

/// What voices are sent as: linear samples, at the rate of [`tap::RATE`].
const FORMAT: &str = "slin16";

/// The time of a frame.
const TICK: Duration = Duration::from_millis(20);

/// The largest datagram that is read; a packet of 20 ms has 652 bytes.
const DATAGRAM_MAX: usize = 4_096;

/// Where Asterisk says that it sends from.
const FROM_ADDRESS: &str = "UNICASTRTP_LOCAL_ADDRESS";
const FROM_PORT: &str = "UNICASTRTP_LOCAL_PORT";

/// The taps that are open or on their way.
#[derive(Debug)]
pub(super) struct Taps {
    /// The address of ours that Asterisk sends to.
    address: IpAddr,
    names: Names,
    meetings: tap::Taps,
    news: mpsc::Sender<SwitchEvent>,
    awaited: Mutex<HashMap<TapPart, oneshot::Sender<()>>>,
    pumps: Mutex<HashMap<TapId, AbortHandle>>,
}

/// One voice on its way.
struct Voice {
    socket: UdpSocket,
    /// Who alone is listened to.
    from: Option<SocketAddr>,
    jitter: Jitter,
}

impl Taps {
    pub(super) fn new(
        address: IpAddr,
        names: Names,
        meetings: tap::Taps,
        news: mpsc::Sender<SwitchEvent>,
    ) -> Self {
        Self { address, names, meetings, news, awaited: Mutex::default(), pumps: Mutex::default() }
    }

    /// Takes note of a channel that came under our control.
    pub(super) fn note(&self, event: &Event) {
        if let Event::StasisStart(start) = event
            && let Some(part) = self.names.tap_part(&start.channel.id)
            && let Some(awaited) = lock(&self.awaited).remove(&part)
        {
            // Whoever waited may have given up.
            let _ = awaited.send(());
        }
    }

    /// Opens a tap on these legs, or leaves nothing of it behind.
    pub(super) async fn open(
        self: &Arc<Self>,
        client: &Client,
        app: &str,
        callers: &Callers,
        tap: TapId,
        legs: [LegId; 2],
    ) -> Result<(), CommandFailure> {
        let [customer, agent] = legs.map(|leg| callers.channel(leg));
        let opened = tokio::try_join!(
            self.open_voice(client, app, tap, Speaker::Customer, customer),
            self.open_voice(client, app, tap, Speaker::Agent, agent),
        );
        match opened {
            Ok((customer, agent)) => {
                let feeder = self.meetings.feeder(tap);
                let (taps, news) = (self.clone(), self.news.clone());
                let pump = tokio::spawn(async move {
                    pump(customer, agent, feeder).await;
                    taps.meetings.forget(tap);
                    // The engine is gone only when the daemon stops.
                    let _ = news.send(SwitchEvent::TapEnded { tap }).await;
                });
                lock(&self.pumps).insert(tap, pump.abort_handle());
                Ok(())
            }
            Err(failure) => {
                // What is left over is found by the next snapshot.
                let _ = self.close(client, tap).await;
                Err(failure)
            }
        }
    }

    async fn open_voice(
        &self,
        client: &Client,
        app: &str,
        tap: TapId,
        speaker: Speaker,
        leg: String,
    ) -> Result<Voice, CommandFailure> {
        let socket = UdpSocket::bind((self.address, 0)).await;
        let (socket, address) = socket.and_then(|socket| Ok((socket.local_addr()?, socket))).map_or_else(
            |problem| {
                warn!("No socket for a voice on {}: {problem}; see `tap.address`", self.address);
                Err(CommandFailure::NotSent)
            },
            |(address, socket)| Ok((socket, address)),
        )?;
        let [media, snoop] = [TapPart::media(tap, speaker), TapPart::snoop(tap, speaker)];
        let entered = [media, snoop].map(|part| self.awaits(part));
        let external = ari::channels::ExternalMedia {
            channel_id: Some(self.names.tap_channel(media)),
            external_host: Some(address.to_string()),
            encapsulation: Some(Encapsulation::Rtp),
            transport: Some(Transport::Udp),
            ..ari::channels::ExternalMedia::new(app, FORMAT)
        };
        let channel = client.send(external).await.map_err(|problem| failure(&problem))?;
        let spy = ari::channels::SnoopWithId {
            spy: Some(SnoopDirection::In),
            ..ari::channels::SnoopWithId::new(leg, self.names.tap_channel(snoop), app)
        };
        sent(client, spy).await?;
        for entered in entered {
            // Without the news that it entered, the next request says what is wrong.
            let _ = timeout(ENTERS_MAX, entered).await;
        }
        let bridge = self.names.tap_bridge(tap, speaker);
        open_bridge(client, bridge.clone()).await?;
        let both = [media, snoop].map(|part| self.names.tap_channel(part)).to_vec();
        sent(client, ari::bridges::AddChannel::new(bridge, both)).await?;
        Ok(Voice { socket, from: sender(&channel), jitter: Jitter::default() })
    }

    /// Removes everything of a tap.
    pub(super) async fn close(&self, client: &Client, tap: TapId) -> Result<(), CommandFailure> {
        if let Some(pump) = lock(&self.pumps).remove(&tap) {
            pump.abort();
        }
        self.meetings.forget(tap);
        let mut outcome = Ok(());
        for speaker in Speaker::BOTH {
            for part in [TapPart::snoop(tap, speaker), TapPart::media(tap, speaker)] {
                lock(&self.awaited).remove(&part);
                outcome =
                    outcome.and(gone(client, ari::channels::Hangup::new(self.names.tap_channel(part))).await);
            }
            let bridge = self.names.tap_bridge(tap, speaker);
            outcome = outcome.and(gone(client, ari::bridges::Destroy::new(bridge)).await);
        }
        outcome
    }

    /// Removes every tap: their sound would go nowhere. What cannot be removed is left to the next daemon.
    pub(super) async fn close_all(&self, client: &Client) {
        let open: Vec<TapId> = lock(&self.pumps).keys().copied().collect();
        for tap in open {
            let _ = self.close(client, tap).await;
        }
    }

    fn awaits(&self, part: TapPart) -> oneshot::Receiver<()> {
        let (enters, entered) = oneshot::channel();
        lock(&self.awaited).insert(part, enters);
        entered
    }
}

/// The maps are whole even after a panic elsewhere: no change to them has two steps.
fn lock<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where Asterisk says that a channel sends from.
fn sender(channel: &Channel) -> Option<SocketAddr> {
    let variable = |name| channel.channelvars.get(name);
    Some(SocketAddr::new(variable(FROM_ADDRESS)?.parse().ok()?, variable(FROM_PORT)?.parse().ok()?))
}

/// Gives a frame every 20 ms, until nobody listens.
async fn pump(mut customer: Voice, mut agent: Voice, feeder: Feeder) {
    let mut ticks = interval(TICK);
    // What was missed is made up for at once, so that no second loses a frame.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut left, mut right) = (vec![0; DATAGRAM_MAX], vec![0; DATAGRAM_MAX]);
    loop {
        tokio::select! {
            heard = customer.socket.recv_from(&mut left) => customer.heard(heard, &left),
            heard = agent.socket.recv_from(&mut right) => agent.heard(heard, &right),
            _ = ticks.tick() => {
                let frame = Frame { customer: customer.jitter.take(), agent: agent.jitter.take() };
                if feeder.feed(frame).is_err() {
                    break;
                }
            }
        }
    }
    debug!(customer = ?customer.jitter.counts(), agent = ?agent.jitter.counts(), "A tap is over");
}

impl Voice {
    fn heard(&mut self, heard: std::io::Result<(usize, SocketAddr)>, datagram: &[u8]) {
        let Ok((length, from)) = heard else { return };
        // Where Asterisk did not say, the first sender stays the only one.
        let only = *self.from.get_or_insert(from);
        if from.port() == only.port() && (from.ip() == only.ip() || only.ip().is_unspecified()) {
            datagram.get(..length).and_then(tap::read).into_iter().for_each(|packet| self.jitter.put(packet));
        }
    }
}

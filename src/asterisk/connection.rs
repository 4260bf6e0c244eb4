//! The stream of events, whole or broken.
//!
//! Down -> Comparing -> Whole -> Down ...
//! Invariant: between `LinkDown` and the next `Snapshot` the engine hears nothing that happened on Asterisk. What
//! arrives meanwhile is held back and follows the snapshot, so that the engine never applies it to a picture that it
//! knows to be wrong.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ari::{Delivery, Event, Gap};
use cadran_engine::input::{Snapshot, SwitchEvent};
use cadran_engine::model::LegId;
use tokio::sync::{mpsc, watch};
use tracing::{debug, info, warn};

use super::callers::Callers;
use super::dispatch::{Look, Order};
use super::ears::Ears;
use super::echo::Echo;
use super::messages::Messages;
use super::pulse::Pulse;
use super::recorder::Recorder;
use super::taps::Taps;
use super::{Clock, Fatal, events};

/// Events held back until the snapshot. Two seconds of Asterisk at its fastest; beyond that the snapshot is taken
/// again.
const HELD_BACK_MAX: usize = 16_384;

/// How long a leg that ended is remembered: longer than a snapshot takes to arrive, its retries included.
const ENDED_FOR: Duration = Duration::from_secs(30);

/// How many legs that ended are remembered at most: five hundred a second for as long as they are.
const ENDED_MAX: usize = 16_384;

/// Where the stream stands.
#[derive(Debug)]
enum State {
    /// There is no link.
    Down,
    /// There is a link, and a snapshot is on its way.
    Comparing {
        /// What happened since.
        held_back: Vec<SwitchEvent>,
    },
    /// The engine knows everything.
    Whole,
}

/// The daemon is on its way out: nobody listens any more.
struct Stopping;

/// The task that reads the stream.
pub(super) struct Connection {
    news: mpsc::Sender<SwitchEvent>,
    orders: mpsc::Sender<Order>,
    recorder: Arc<Recorder>,
    ears: Arc<Ears>,
    taps: Arc<Taps>,
    callers: Arc<Callers>,
    messages: Messages,
    echo: Arc<Echo>,
    pulse: Arc<Pulse>,
    clock: Clock,
    fatal: watch::Sender<Option<Fatal>>,
    state: State,
    /// Counts gaps, so that a snapshot that was asked for before one is not taken for the one after it.
    gaps: u64,
    /// Legs that ended lately, oldest first. A leg never comes back, so a snapshot that shows one of them is older
    /// than its end.
    ended: VecDeque<(Instant, LegId)>,
}

impl Connection {
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of the adapter that hear events; made in one place"
    )]
    pub(super) fn new(
        news: mpsc::Sender<SwitchEvent>,
        orders: mpsc::Sender<Order>,
        recorder: Arc<Recorder>,
        ears: Arc<Ears>,
        taps: Arc<Taps>,
        callers: Arc<Callers>,
        messages: Messages,
        echo: Arc<Echo>,
        pulse: Arc<Pulse>,
        clock: Clock,
        fatal: watch::Sender<Option<Fatal>>,
    ) -> Self {
        Self {
            news,
            orders,
            recorder,
            ears,
            taps,
            callers,
            messages,
            echo,
            pulse,
            clock,
            fatal,
            state: State::Down,
            gaps: 0,
            ended: VecDeque::new(),
        }
    }

    /// Runs until another client takes over or nobody listens.
    pub(super) async fn run(mut self, mut events: ari::Events, mut looked: mpsc::Receiver<(Look, Snapshot)>) {
        loop {
            let step = tokio::select! {
                delivery = events.next() => match delivery {
                    Some(delivery) => self.delivered(delivery).await,
                    None => return,
                },
                Some((look, snapshot)) = looked.recv() => self.looked(look, snapshot).await,
            };
            if let Err(Stopping) = step {
                return;
            }
        }
    }

    async fn delivered(&mut self, delivery: Delivery) -> Result<(), Stopping> {
        match delivery {
            Delivery::Event(event) => self.happened(&event).await,
            Delivery::Connected(connection) => {
                info!(asterisk.version = connection.asterisk_version, "Connected to Asterisk");
                self.compare().await
            }
            Delivery::Gap(gap) => self.broke(&gap).await,
            Delivery::Replaced => {
                self.fatal.send_replace(Some(Fatal::Replaced));
                self.link_down().await
            }
        }
    }

    async fn happened(&mut self, event: &Event) -> Result<(), Stopping> {
        metrics::counter!("cadran_switch_events_total").increment(1);
        if events::is_end_of_customer(&self.callers.names, event) {
            metrics::counter!("cadran_switch_customer_legs_ended_total").increment(1);
        }
        if let Event::Unknown(unknown) = event {
            metrics::counter!("cadran_switch_events_unknown_total").increment(1);
            debug!(event = unknown.type_name, "An event that is not understood was passed over");
        }
        self.echo.hear(event);
        self.recorder.note(event);
        self.ears.note(event);
        self.taps.note(event);
        self.messages.note(event, &self.callers);
        if let Some(channel) = events::stranger(&self.callers.names, event) {
            self.order(Order::LetGo { channel: channel.id.clone() }).await?;
        }
        for news in events::news(&self.callers, event) {
            let gone = match news {
                SwitchEvent::LegEnded { leg, .. } => Some(leg),
                _ => None,
            };
            self.tell(news).await?;
            if let Some(leg) = gone {
                self.callers.forget(leg);
            }
        }
        if let State::Whole = self.state {
            self.pulse.feel(self.clock.now());
        }
        Ok(())
    }

    /// Passes news on, or holds it back until the snapshot.
    async fn tell(&mut self, news: SwitchEvent) -> Result<(), Stopping> {
        if let SwitchEvent::LegEnded { leg, .. } = news {
            self.remember_end(leg);
        }
        match &mut self.state {
            State::Whole => self.send(news).await,
            State::Comparing { held_back } if held_back.len() < HELD_BACK_MAX => {
                held_back.push(news);
                Ok(())
            }
            State::Comparing { .. } => {
                warn!("Too much happened before Asterisk could be asked what it holds; asking again");
                self.compare().await
            }
            // Nothing is delivered between a gap and the next connection.
            State::Down => Ok(()),
        }
    }

    async fn broke(&mut self, gap: &Gap) -> Result<(), Stopping> {
        metrics::counter!("cadran_switch_gaps_total").increment(1);
        warn!("The event stream broke: {gap}");
        self.link_down().await?;
        if gap.is_disconnection() { Ok(()) } else { self.compare().await }
    }

    async fn link_down(&mut self) -> Result<(), Stopping> {
        match std::mem::replace(&mut self.state, State::Down) {
            State::Whole => self.send(SwitchEvent::LinkDown).await,
            State::Comparing { .. } | State::Down => Ok(()),
        }
    }

    /// Holds everything back until a fresh snapshot is there.
    async fn compare(&mut self) -> Result<(), Stopping> {
        self.gaps += 1;
        self.state = State::Comparing { held_back: Vec::new() };
        let look = Look { asked_at: self.clock.now(), after_gap: Some(self.gaps) };
        self.order(Order::Look(look)).await
    }

    async fn looked(&mut self, look: Look, mut snapshot: Snapshot) -> Result<(), Stopping> {
        let held_back = match (&mut self.state, look.after_gap) {
            (State::Comparing { held_back }, Some(gap)) if gap == self.gaps => std::mem::take(held_back),
            (State::Whole, None) => Vec::new(),
            // Asked for before a gap, and answered after it.
            (State::Comparing { .. } | State::Whole | State::Down, _) => return Ok(()),
        };
        self.without_the_ended(&mut snapshot);
        self.state = State::Whole;
        self.send(SwitchEvent::Snapshot(snapshot)).await?;
        for news in held_back {
            self.send(news).await?;
        }
        self.pulse.feel(self.clock.now());
        Ok(())
    }

    fn remember_end(&mut self, leg: LegId) {
        let now = Instant::now();
        while self.ended.len() >= ENDED_MAX
            || self.ended.front().is_some_and(|(at, _)| now.duration_since(*at) > ENDED_FOR)
        {
            self.ended.pop_front();
        }
        self.ended.push_back((now, leg));
    }

    fn without_the_ended(&self, snapshot: &mut Snapshot) {
        let ended: std::collections::HashSet<LegId> = self.ended.iter().map(|(_, leg)| *leg).collect();
        snapshot.legs.retain(|seen| !ended.contains(&seen.leg));
        for (_, legs) in &mut snapshot.rooms {
            legs.retain(|leg| !ended.contains(leg));
        }
    }

    async fn send(&self, news: SwitchEvent) -> Result<(), Stopping> {
        self.news.send(news).await.map_err(|_| Stopping)
    }

    async fn order(&self, order: Order) -> Result<(), Stopping> {
        self.orders.send(order).await.map_err(|_| Stopping)
    }
}

#[cfg(test)]
mod tests {
    use cadran_engine::input::LegSeen;
    use cadran_engine::model::{HangupCause, Timestamp};
    use uuid::Uuid;

    use super::super::names::Names;
    use super::*;

    /// A connection without Asterisk: what it tells and orders comes out at the other end.
    struct Bench {
        connection: Connection,
        told: mpsc::Receiver<SwitchEvent>,
        ordered: mpsc::Receiver<Order>,
        fatal: watch::Receiver<Option<Fatal>>,
    }

    impl Bench {
        fn new() -> Self {
            let nowhere = ari::Config::new("http://127.0.0.1:1", "user", "password", "cadran");
            let (client, _) = ari::Client::connect(nowhere).unwrap();
            let (news, told) = mpsc::channel(16);
            let (orders, ordered) = mpsc::channel(16);
            let (report, fatal) = watch::channel(None);
            let messages = Messages::new(client.clone(), "/nowhere".into(), news.clone());
            let recorder =
                Recorder::new(client, "cadran".into(), Names::default(), "/nowhere".into(), news.clone());
            let clock = Clock::new(|| Timestamp::from_millis(7));
            let (recorder, ears, echo) =
                (Arc::new(recorder), Arc::new(Ears::new(Names::default())), Arc::default());
            let (callers, pulse) = (Arc::default(), Arc::default());
            let loopback = std::net::Ipv4Addr::LOCALHOST.into();
            let taps =
                Arc::new(Taps::new(loopback, Names::default(), crate::tap::Taps::default(), news.clone()));
            let connection = Connection::new(
                news, orders, recorder, ears, taps, callers, messages, echo, pulse, clock, report,
            );
            Self { connection, told, ordered, fatal }
        }

        async fn deliver(&mut self, delivery: Delivery) {
            assert!(self.connection.delivered(delivery).await.is_ok());
        }

        async fn connect(&mut self) -> Look {
            self.deliver(Delivery::Connected(ari::Connection {
                asterisk_id: "00:00:5e:00:53:01".into(),
                asterisk_version: "22.10.1".into(),
                reconnected: false,
                rest_over_websocket: true,
                lost_subscriptions: Vec::new(),
            }))
            .await;
            self.look_ordered()
        }

        fn look_ordered(&mut self) -> Look {
            match self.ordered.try_recv() {
                Ok(Order::Look(look)) => look,
                other => panic!("not a look: {other:?}"),
            }
        }

        /// The snapshot that `look` asked for arrives, with these legs in it.
        async fn seen(&mut self, look: Look, legs: &[LegId]) {
            let snapshot = holding(look.asked_at, legs);
            assert!(self.connection.looked(look, snapshot).await.is_ok());
        }

        fn told(&mut self) -> Vec<SwitchEvent> {
            std::iter::from_fn(|| self.told.try_recv().ok()).collect()
        }
    }

    fn holding(asked_at: Timestamp, legs: &[LegId]) -> Snapshot {
        let seen = |leg: &LegId| LegSeen { leg: *leg, up: true, entered: true, purpose: None };
        Snapshot { asked_at, legs: legs.iter().map(seen).collect(), ..Snapshot::default() }
    }

    fn leg(number: u128) -> LegId {
        LegId::from_uuid(Uuid::from_u128(number))
    }

    fn ended(leg: LegId) -> SwitchEvent {
        SwitchEvent::LegEnded { leg, cause: HangupCause { q850: 16, sip: None } }
    }

    fn end_of(leg: LegId) -> Delivery {
        let json = format!(
            r#"{{"type":"ChannelDestroyed","timestamp":"2026-11-20T13:40:00.123+0000","application":"cadran",
            "cause":16,"cause_txt":"Normal Clearing","channel":{{"id":"{}","name":"PJSIP/ada-00000004",
            "state":"Up","protocol_id":"b6c5d1c8","caller":{{"name":"","number":""}},
            "connected":{{"name":"","number":""}},"accountcode":"","dialplan":{{"context":"from-agent",
            "exten":"","priority":1,"app_name":"","app_data":""}},
            "creationtime":"2026-11-20T13:39:58.001+0000","language":"en"}}}}"#,
            Names::default().channel(leg)
        );
        Delivery::Event(Event::from_json(&json).unwrap())
    }

    fn cut() -> Delivery {
        Delivery::Gap(Gap::Cut("reset by peer".into()))
    }

    #[tokio::test]
    async fn what_happens_before_the_snapshot_follows_it() {
        let mut bench = Bench::new();
        let look = bench.connect().await;
        bench.deliver(end_of(leg(1))).await;
        assert_eq!(bench.told(), []);
        bench.seen(look, &[leg(2)]).await;
        assert_eq!(bench.told(), [SwitchEvent::Snapshot(holding(look.asked_at, &[leg(2)])), ended(leg(1))]);
        bench.deliver(end_of(leg(2))).await;
        assert_eq!(bench.told(), [ended(leg(2))]);
    }

    #[tokio::test]
    async fn a_gap_is_told_once_and_makes_older_snapshots_worthless() {
        let mut bench = Bench::new();
        let first = bench.connect().await;
        bench.seen(first, &[]).await;
        bench.told();

        bench.deliver(cut()).await;
        assert_eq!(bench.told(), [SwitchEvent::LinkDown]);
        let second = bench.connect().await;
        bench.deliver(cut()).await;
        assert_eq!(bench.told(), [], "the link was not whole yet");
        let third = bench.connect().await;
        bench.seen(second, &[leg(1)]).await;
        bench.seen(Look { asked_at: first.asked_at, after_gap: None }, &[leg(1)]).await;
        assert_eq!(bench.told(), []);
        bench.seen(third, &[]).await;
        assert_eq!(bench.told(), [SwitchEvent::Snapshot(holding(third.asked_at, &[]))]);
    }

    #[tokio::test]
    async fn events_lost_on_a_link_that_goes_on_are_made_up_for_at_once() {
        let mut bench = Bench::new();
        let look = bench.connect().await;
        bench.seen(look, &[]).await;
        bench.told();
        bench.deliver(Delivery::Gap(Gap::Overflow { lost: 3 })).await;
        assert_eq!(bench.told(), [SwitchEvent::LinkDown]);
        let look = bench.look_ordered();
        bench.seen(look, &[]).await;
        assert_eq!(bench.told(), [SwitchEvent::Snapshot(holding(look.asked_at, &[]))]);
    }

    #[tokio::test]
    async fn a_snapshot_does_not_bring_back_the_dead() {
        let mut bench = Bench::new();
        let look = bench.connect().await;
        bench.seen(look, &[]).await;
        bench.deliver(end_of(leg(1))).await;
        bench.told();
        let look = Look { asked_at: look.asked_at, after_gap: None };
        bench.seen(look, &[leg(1), leg(2)]).await;
        assert_eq!(bench.told(), [SwitchEvent::Snapshot(holding(look.asked_at, &[leg(2)]))]);
    }

    #[tokio::test]
    async fn a_client_that_was_replaced_stays_down() {
        let mut bench = Bench::new();
        let look = bench.connect().await;
        bench.seen(look, &[]).await;
        bench.told();
        bench.deliver(Delivery::Replaced).await;
        assert_eq!(bench.told(), [SwitchEvent::LinkDown]);
        assert_eq!(*bench.fatal.borrow(), Some(Fatal::Replaced));
    }
}

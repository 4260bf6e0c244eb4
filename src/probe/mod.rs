//! Our own question to each trunk's far end, beside Asterisk's: does it answer OPTIONS, how fast, and with what?
//!
//! Asterisk says whether a far end answers, and no more. Here each trunk is asked over a UDP socket of its own;
//! `options` is the text, `standing` what the answers come to. The engine is told after each request; whether calls are
//! placed on a trunk stays Asterisk's word, because a carrier may answer its customer's Asterisk alone.

mod options;
mod standing;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use cadran_engine::input::SwitchEvent;
use cadran_engine::model::{ProbeSilence, SipTrunk, Timestamp, TrunkId, TrunkProbe};
use tokio::net::{UdpSocket, lookup_host};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use options::{Answer, Question};
use standing::{Outcome, Standing};

/// The first wait for an answer, doubled with each repetition (RFC 3261 §17.1.2.2, timer E, of which this is T1).
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// How long an answer may take in all: four requests. RFC 3261 waits for 32 s, which is longer than the time in which an
/// outage should be seen.
const ANSWER_MAX: Duration = Duration::from_secs(4);

/// How long the name of a far end may take to be resolved.
const RESOLVE_MAX: Duration = Duration::from_secs(2);

/// The largest answer that is read. What lies behind it is cut off, which no status line is.
const DATAGRAM_MAX: usize = 4096;

/// Between the first requests to two trunks: not all at the same instant.
const SPREAD: Duration = Duration::from_millis(50);

/// A far end to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its trunk.
    pub trunk: TrunkId,
    /// Host name or address.
    pub host: String,
    /// UDP port.
    pub port: u16,
}

impl From<&SipTrunk> for Target {
    fn from(trunk: &SipTrunk) -> Self {
        Self { trunk: trunk.id, host: trunk.host.clone(), port: trunk.port }
    }
}

/// Asks far ends, and tells the engine.
pub struct Prober {
    every: Duration,
    /// The address of ours to ask from; the system chooses without it.
    from: Option<IpAddr>,
    news: mpsc::WeakSender<SwitchEvent>,
    clock: fn() -> Timestamp,
}

impl std::fmt::Debug for Prober {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prober").field("every", &self.every).finish_non_exhaustive()
    }
}

/// Asks one far end, again and again, until it is stopped.
struct Asker {
    target: Target,
    every: Duration,
    from: Option<IpAddr>,
    news: mpsc::WeakSender<SwitchEvent>,
    clock: fn() -> Timestamp,
}

impl Prober {
    /// Asks every so often. `news` is the way to the engine, which this does not keep open.
    pub fn new(
        every: Duration,
        from: Option<IpAddr>,
        news: &mpsc::Sender<SwitchEvent>,
        clock: fn() -> Timestamp,
    ) -> Self {
        Self { every, from, news: news.downgrade(), clock }
    }

    /// Asks whoever is in `targets`, until it is told to stop.
    pub async fn run(self, mut targets: watch::Receiver<Vec<Target>>, stop: CancellationToken) {
        let mut asked: HashMap<TrunkId, (Target, JoinHandle<()>)> = HashMap::new();
        loop {
            let wanted = targets.borrow_and_update().clone();
            asked.retain(|_, (target, task)| {
                let stays = wanted.contains(target);
                if !stays {
                    task.abort();
                }
                stays
            });
            let mut wait = Duration::ZERO;
            for target in wanted {
                if let Entry::Vacant(place) = asked.entry(target.trunk) {
                    let asker = self.asker(target.clone());
                    let task = tokio::spawn(async move {
                        sleep(wait).await;
                        asker.run().await;
                    });
                    place.insert((target, task));
                    wait += SPREAD;
                }
            }
            tokio::select! {
                changed = targets.changed() => if changed.is_err() { break },
                () = stop.cancelled() => break,
            }
        }
        asked.values().for_each(|(_, task)| task.abort());
    }

    fn asker(&self, target: Target) -> Asker {
        let Self { every, from, news, clock } = self;
        Asker { target, every: *every, from: *from, news: news.clone(), clock: *clock }
    }
}

impl Asker {
    async fn run(self) {
        let trunk = self.target.trunk;
        let mut standing = Standing::default();
        loop {
            let outcome = self.ask().await;
            count(&outcome);
            let (probe, is_news) = standing.take((self.clock)(), outcome);
            if is_news {
                report(trunk, &probe);
            }
            let Some(news) = self.news.upgrade() else { return };
            if news.send(SwitchEvent::TrunkProbed { trunk, probe }).await.is_err() {
                return;
            }
            drop(news);
            sleep(standing.next_in(self.every)).await;
        }
    }

    async fn ask(&self) -> Outcome {
        match self.try_to_ask().await {
            Ok((code, took)) => Outcome::Answered(code, took),
            Err(silence) => Outcome::Silent(silence),
        }
    }

    async fn try_to_ask(&self) -> Result<(u16, Duration), ProbeSilence> {
        let Target { host, port, .. } = &self.target;
        let resolved = timeout(RESOLVE_MAX, lookup_host((host.trim_matches(['[', ']']), *port))).await;
        let mut resolved = resolved.ok().and_then(Result::ok).ok_or(ProbeSilence::Unresolved)?;
        let is_of_ours =
            |address: &SocketAddr| self.from.is_none_or(|from| from.is_ipv4() == address.is_ipv4());
        let address = resolved.find(is_of_ours).ok_or(ProbeSilence::Unresolved)?;
        let socket = self.socket(address).await.map_err(|_| ProbeSilence::Unreachable)?;
        let from = socket.local_addr().map_err(|_| ProbeSilence::Unreachable)?;
        let question = Question::new(Uuid::new_v4());
        let text = question.text(host, *port, from);
        let began = Instant::now();
        let asking = repeat_until_answered(&socket, &question, &text);
        match timeout(ANSWER_MAX, asking).await {
            Ok(Ok(code)) => Ok((code, began.elapsed())),
            Ok(Err(problem)) => Err(silence(problem.kind())),
            Err(_elapsed) => Err(ProbeSilence::NoAnswer),
        }
    }

    /// A socket that hears the far end alone, and its refusals (ICMP) with it.
    async fn socket(&self, address: SocketAddr) -> std::io::Result<UdpSocket> {
        let any: IpAddr = match address {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((self.from.unwrap_or(any), 0)).await?;
        socket.connect(address).await?;
        Ok(socket)
    }
}

/// The status of the last answer.
async fn repeat_until_answered(socket: &UdpSocket, question: &Question, text: &[u8]) -> std::io::Result<u16> {
    let mut datagram = vec![0; DATAGRAM_MAX];
    let mut wait = FIRST_WAIT;
    loop {
        socket.send(text).await?;
        let heard = timeout(wait, async {
            loop {
                let length = socket.recv(&mut datagram).await?;
                // After a first word the request need not be repeated so soon, and does no harm when it is.
                if let Some(Answer::Final(code)) = question.answer(&datagram[..length]) {
                    return Ok(code);
                }
            }
        });
        match heard.await {
            Ok(heard) => return heard,
            Err(_elapsed) => wait *= 2,
        }
    }
}

fn silence(problem: ErrorKind) -> ProbeSilence {
    match problem {
        ErrorKind::ConnectionRefused => ProbeSilence::PortClosed,
        _ => ProbeSilence::Unreachable,
    }
}

fn count(outcome: &Outcome) {
    let word = match outcome {
        Outcome::Answered(..) => "answered",
        Outcome::Silent(ProbeSilence::NoAnswer) => "no_answer",
        Outcome::Silent(ProbeSilence::PortClosed) => "port_closed",
        Outcome::Silent(ProbeSilence::Unreachable) => "unreachable",
        Outcome::Silent(ProbeSilence::Unresolved) => "unresolved",
    };
    metrics::counter!("cadran_trunk_probes_total", "outcome" => word).increment(1);
    if let Outcome::Answered(_, took) = outcome {
        metrics::histogram!("cadran_trunk_probe_seconds").record(took.as_secs_f64());
    }
}

fn report(trunk: TrunkId, probe: &TrunkProbe) {
    let TrunkProbe { answers, code, latency, silence, .. } = probe;
    if *answers {
        info!(trunk.id = %trunk, code, latency, "The far end of {trunk} answers OPTIONS");
    } else {
        warn!(trunk.id = %trunk, ?silence, "The far end of {trunk} does not answer OPTIONS");
    }
}

#[cfg(test)]
mod tests;

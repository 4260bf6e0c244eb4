//! What the live stream costs: processor time for each further viewer, memory for one that stops reading, and how old
//! a change is when it arrives.
//!
//! `cargo bench -p cadran --bench live`. 500 agents, 80 changes a second, 100 viewers over real sockets in a process of
//! their own. The goals: 0.1 % of a core for each viewer, 95 % of changes within 120 ms.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cadran::archive::{Depot, Keeper, Keys};
use cadran::audit::Anchor;
use cadran::erasures::ErasureList;
use cadran::http::{self, App, HttpSettings};
use cadran::inbox::Inbox;
use cadran::live::{Board, Hub};
use cadran::safe::Safe;
use cadran::store::{Database, User};
use cadran_engine::model::{AgentId, CampaignId, Role, SessionId, Timestamp, UserId};
use cadran_engine::view::{AgentView, LiveView};
use futures_util::{SinkExt as _, StreamExt as _};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{Instant, interval, sleep};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

const AGENTS: i64 = 500;
const CHANGE_EVERY: Duration = Duration::from_micros(12_500);
/// As the daemon does.
const SHOW_EVERY: Duration = Duration::from_millis(50);
const VIEWERS: usize = 100;
const STOPPED: usize = 50;
/// A user may have sixteen sockets.
const USERS: usize = 10;
const MEASURED: Duration = Duration::from_secs(10);
/// Shorter than a viewer may read nothing.
const STOPPED_FOR: Duration = Duration::from_secs(8);
const STATES: [&str; 4] = ["ready", "reserved", "on_call", "wrap_up"];

/// Makes this program the other side: `read ADDRESS` or `stop ADDRESS`, with a ticket a line on the standard input.
const SCREENS: &str = "CADRAN_BENCH_SCREENS";

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    match std::env::var(SCREENS) {
        Ok(what) => match what.split_once(' ') {
            Some(("read", at)) => read(at.parse()?).await,
            Some(("stop", at)) => stop(at.parse()?).await,
            _ => Err(format!("{SCREENS} makes no sense: {what}").into()),
        },
        Err(_) => measure().await,
    }
}

async fn measure() -> Outcome<()> {
    let (at, board) = serve().await?;
    tokio::spawn(floor(board));
    let tokens = sign_in(at).await?;

    let alone = processor_time(MEASURED).await?;
    let screens = screens("read", at, tickets(at, &tokens, VIEWERS).await?)?;
    sleep(Duration::from_secs(1)).await;
    let watched = processor_time(MEASURED).await?;
    let seen = screens.wait_with_output()?;
    let share = (watched - alone) / MEASURED.as_secs_f64() / VIEWERS as f64 * 100.0;

    let before = resident_kilobytes()?;
    let mut stopped = self::screens("stop", at, tickets(at, &tokens, STOPPED).await?)?;
    sleep(STOPPED_FOR).await;
    let each = resident_kilobytes()?.saturating_sub(before) / u64::try_from(STOPPED)?;
    stopped.kill()?;
    stopped.wait()?;

    let mut out = io::stdout();
    writeln!(out, "{:.2} % of a core without viewers", alone / MEASURED.as_secs_f64() * 100.0)?;
    writeln!(out, "{share:.3} % of a core for each of {VIEWERS} viewers")?;
    writeln!(
        out,
        "{each} kB for each of {STOPPED} viewers that read nothing for {} s",
        STOPPED_FOR.as_secs()
    )?;
    out.write_all(&seen.stdout)?;
    Ok(())
}

/// The API on a socket, with one user for every ten viewers, and the board behind the stream.
async fn serve() -> Outcome<(SocketAddr, Board)> {
    let directory = tempfile::TempDir::new()?.keep();
    let database = Database::open(None, &directory).await?;
    database.migrate().await?;
    let store = database.first().await?;
    let password_hash = cadran::passwords::hash(PASSWORD.into()).await.ok_or("no hash")?;
    for number in 0..USERS {
        let user = User {
            id: UserId::from_i64(0),
            login: login(number),
            password_hash: password_hash.clone(),
            role: Role::Supervisor.into(),
            teams: None,
            agent: None,
            must_change_password: false,
            enabled: true,
        };
        store.create_user(&user, now()).await?;
    }
    let settings = HttpSettings {
        uploads_dir: directory.join("uploads"),
        audit_anchor: Anchor::of(&directory),
        erasures: ErasureList::of(&directory),
        keeper: Keeper::default(),
        safe: Safe::default(),
        sounds_dir: directory.join("sounds"),
        messages_dir: directory.join("messages"),
        secrets: BTreeSet::new(),
        secure_cookies: false,
    };
    let (inbox, _items) = Inbox::new();
    let (hub, board, compare) = Hub::new("bench", Box::new(now));
    tokio::spawn(compare);
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let (recordings, archive) = (directory.join("recordings"), directory.join("archive"));
    std::fs::create_dir_all(&recordings)?;
    std::fs::create_dir_all(&archive)?;
    let depot = Depot::new(recordings, cadran::archive::disk(&archive)?, None, Keys::default());
    let router = http::router(App::new(inbox, hub, store, depot, metrics, settings, now));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok((at, board))
}

const PASSWORD: &str = "correct horse battery";

fn login(number: usize) -> String {
    format!("user-{number}")
}

/// Changes one agent after the other, and shows what is there as often as the daemon does.
async fn floor(mut board: Board) {
    let mut view = LiveView { agents: (1..=AGENTS).map(agent).collect(), ..LiveView::default() };
    let (mut change, mut show) = (interval(CHANGE_EVERY), interval(SHOW_EVERY));
    let mut changes = 0;
    loop {
        tokio::select! {
            _ = change.tick() => {
                let agents = view.agents.len();
                let agent = &mut view.agents[changes * 7 % agents];
                (agent.state, agent.since) = (STATES[changes / agents % STATES.len()], now());
                changes += 1;
                board.stir();
            }
            _ = show.tick() => board.refresh(now(), || view.clone()),
        }
    }
}

fn agent(row: i64) -> AgentView {
    AgentView {
        agent: AgentId::from_i64(row),
        session: SessionId::from_uuid(Uuid::now_v7()),
        state: "paused",
        reason: None,
        since: now(),
        call: None,
        preview: None,
        refused: None,
        phone_up: true,
        campaigns: vec![CampaignId::from_i64(row % 5 + 1)],
        supervising: None,
        listeners: Vec::new(),
        taken_over_by: None,
    }
}

async fn sign_in(at: SocketAddr) -> Outcome<Vec<String>> {
    let client = reqwest::Client::new();
    let mut tokens = Vec::new();
    for number in 0..USERS {
        let credentials = json!({ "login": login(number), "password": PASSWORD });
        let opened = client.post(format!("http://{at}/api/session")).json(&credentials).send().await?;
        tokens.push(word(&opened.json().await?, "token")?);
    }
    Ok(tokens)
}

async fn tickets(at: SocketAddr, tokens: &[String], count: usize) -> Outcome<Vec<String>> {
    let client = reqwest::Client::new();
    let mut tickets = Vec::new();
    for token in tokens.iter().cycle().take(count) {
        let given = client.post(format!("http://{at}/api/live/tickets")).bearer_auth(token).send().await?;
        tickets.push(word(&given.json().await?, "ticket")?);
    }
    Ok(tickets)
}

fn word(answer: &Value, field: &str) -> Outcome<String> {
    Ok(answer[field].as_str().ok_or_else(|| format!("no `{field}` in {answer}"))?.to_owned())
}

fn screens(what: &str, at: SocketAddr, tickets: Vec<String>) -> Outcome<Child> {
    let mut child = Command::new(std::env::current_exe()?)
        .env(SCREENS, format!("{what} {at}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no way in")?;
    input.write_all(tickets.join("\n").as_bytes())?;
    Ok(child)
}

/// Seconds of processor time, ours and the kernel's for us, that pass in `span`.
async fn processor_time(span: Duration) -> Outcome<f64> {
    /// `sysconf(_SC_CLK_TCK)`, 100 on every Linux.
    const TICKS_PER_SECOND: f64 = 100.0;
    fn ticks() -> Outcome<f64> {
        let stat = std::fs::read_to_string("/proc/self/stat")?;
        let after_name = stat.rsplit(')').next().ok_or("no name")?;
        let mut fields = after_name.split_whitespace().skip(11);
        let mut next = || -> Outcome<f64> { Ok(fields.next().ok_or("too few fields")?.parse()?) };
        Ok(next()? + next()?)
    }
    let before = ticks()?;
    sleep(span).await;
    Ok((ticks()? - before) / TICKS_PER_SECOND)
}

fn resident_kilobytes() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim_end_matches("kB").trim().parse()?)
}

fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// Opens a socket for each ticket and follows the agents.
async fn open(at: SocketAddr) -> Outcome<Vec<Socket>> {
    let mut sockets = Vec::new();
    for ticket in io::stdin().lock().lines() {
        let (mut socket, _) = connect_async(format!("ws://{at}/api/live")).await?;
        let hello = json!({ "op": "hello", "ticket": ticket?, "proto": 1 });
        let sub = json!({ "op": "sub", "id": 1, "topic": "agents" });
        for message in [hello, sub] {
            socket.send(Message::text(message.to_string())).await?;
        }
        sockets.push(socket);
    }
    Ok(sockets)
}

async fn stop(at: SocketAddr) -> Outcome<()> {
    let _kept = open(at).await?;
    std::future::pending().await
}

/// Reads for as long as is measured, and says how old changes were on arrival.
async fn read(at: SocketAddr) -> Outcome<()> {
    let ages = Arc::<Mutex<Vec<i64>>>::default();
    let end = Instant::now() + MEASURED + Duration::from_secs(3);
    let readers = open(at).await?.into_iter().map(|mut socket| {
        let ages = ages.clone();
        tokio::spawn(tokio::time::timeout_at(end, async move {
            while let Some(Ok(message)) = socket.next().await {
                let Message::Text(text) = message else { continue };
                if !text.starts_with(r#"{"op":"d""#) {
                    continue;
                }
                let (arrived, delta) = (now(), serde_json::from_str::<Value>(&text).unwrap_or_default());
                let rows = delta["up"].as_array().into_iter().flatten();
                let since = rows.filter_map(|row| row[2]["since"].as_i64());
                let age = |since| arrived.as_millis() - since;
                ages.lock().unwrap_or_else(|held| held.into_inner()).extend(since.map(age));
            }
        }))
    });
    for reader in readers.collect::<Vec<_>>() {
        // It ends when its time is over.
        let _ = reader.await?;
    }
    let mut ages = ages.lock().unwrap_or_else(|held| held.into_inner()).clone();
    ages.sort_unstable();
    let percentile = |percent: usize| ages.get(ages.len() * percent / 100).copied().unwrap_or(i64::MAX);
    let (half, most, nearly_all) = (percentile(50), percentile(95), percentile(99));
    writeln!(
        io::stdout(),
        "{half} ms p50, {most} ms p95, {nearly_all} ms p99 from change to frame, {} rows",
        ages.len()
    )?;
    Ok(())
}

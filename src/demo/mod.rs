//! `cadran demo`: a campaign on a real Asterisk, from an empty database to recorded conversations.
//!
//! It does nothing that a person could not do: it starts `cadran serve` and speaks to its API. The pair of Asterisk
//! servers, one the PBX and the other the telephone network, is started by `scripts/demo.sh` before.

mod api;
mod pair;
mod report;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use cadran_engine::model::Role;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval, sleep};

use crate::config::Config;
use crate::{accounts, serve};
use api::Api;
use pair::Pair;

/// What the demonstration needs to know.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Directory of the running pair of Asterisk servers.
    #[arg(long)]
    pair: PathBuf,
    /// The program that registers an agent's phone with the pair: PROGRAM add PAIR ACCOUNT SECRET.
    #[arg(long)]
    phones: PathBuf,
    /// How many people to call, at most 1000.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1000))]
    calls: u16,
    /// Where the API listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// End with a summary when everybody has been called; otherwise stay up until interrupted.
    #[arg(long)]
    exit: bool,
}

const AGENTS: usize = 5;
const ADMIN: &str = "admin";
/// The numbers of the demonstration's town in `tests/carrier`: fiction, by the numbering plan itself.
const FIRST_NUMBER: u64 = 33_199_009_000;
/// The number that the demonstration shows: automated calls to France may show no other kind.
const SHOWN: &str = "+33162001122";

const START_DEADLINE: Duration = Duration::from_secs(60);
/// A call of the town takes ten seconds at most, and five agents take turns.
const DEADLINE_PER_CALL: Duration = Duration::from_secs(10);
const DEADLINE_LEAST: Duration = Duration::from_secs(120);
const RECORDINGS_DEADLINE: Duration = Duration::from_secs(60);
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// Runs the demonstration.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let pair = Pair::read(&options.pair)?;
    let data = options.pair.join("cadran");
    let config = write_config(&data, &pair, options.listen)?;
    let first_password = create_admin(&config).await?;
    let mut daemon = start_daemon(&config)?;
    let outcome = tokio::select! {
        outcome = story(&options, &pair, &first_password) => outcome,
        status = daemon.wait() => Err(anyhow::anyhow!("cadran serve ended by itself: {status:?}")),
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    stop(&mut daemon).await?;
    outcome
}

async fn story(options: &Options, pair: &Pair, first_password: &str) -> anyhow::Result<()> {
    let (api, password) = sign_in(options.listen, first_password).await?;
    let agents = create_agents(&api).await?;
    let campaign = create_campaign(&api, pair).await?;
    import_leads(&api, &campaign, options.calls).await?;
    pair.register_phones(&options.phones, &agents).await?;
    report::tell_where(options.listen, ADMIN, &password);

    for agent in &agents {
        api.post(&format!("/api/agents/{}/log-in", agent.id), &json!({ "campaigns": [&campaign] })).await?;
        api.post(&format!("/api/agents/{}/ready", agent.id), &json!({})).await?;
    }
    let seen_before = pair.calls_seen()?.len();
    api.post(&format!("/api/campaigns/{campaign}/start"), &json!({})).await?;
    watch(&api, &campaign, options).await?;
    if options.exit {
        for agent in &agents {
            api.post(&format!("/api/agents/{}/log-out", agent.id), &json!({})).await?;
        }
        wait_for_recordings(&api).await?;
        report::reconcile(&api, &campaign, pair, seen_before, options.calls).await
    } else {
        std::future::pending().await
    }
}

fn write_config(data: &Path, pair: &Pair, listen: SocketAddr) -> anyhow::Result<PathBuf> {
    if data.exists() {
        std::fs::remove_dir_all(data).with_context(|| format!("{} cannot be removed", data.display()))?;
    }
    std::fs::create_dir_all(data).with_context(|| format!("{} cannot be created", data.display()))?;
    let path = data.join("cadran.toml");
    let text = format!(
        "[http]\nlisten = \"{listen}\"\nsecure_cookies = false\n\n[asterisk]\nurl = \"{}\"\nuser = \"{}\"\n\
         password = \"{}\"\n\n[files]\ndata = \"{}\"\n",
        pair.ari_url,
        pair.ari_user,
        pair.ari_password,
        data.display()
    );
    std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

async fn create_admin(config: &Path) -> anyhow::Result<String> {
    let (store, _) = serve::open_store(&Config::load(config)?, None).await?;
    let password = accounts::create(&store, ADMIN, Role::Admin).await?;
    store.close().await;
    Ok(password)
}

fn start_daemon(config: &Path) -> anyhow::Result<Child> {
    let log = config.with_file_name("cadran.log");
    let log = std::fs::File::create(&log).with_context(|| format!("{} cannot be created", log.display()))?;
    let program = std::env::current_exe().context("the path of this program is not known")?;
    Command::new(program)
        .arg("serve")
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .context("cadran serve cannot be started")
}

/// Asks the daemon to stop, as systemd would.
async fn stop(daemon: &mut Child) -> anyhow::Result<()> {
    let Some(pid) = daemon.id() else { return Ok(()) };
    let asked = Command::new("kill").arg("-TERM").arg(pid.to_string()).status().await;
    ensure!(asked.is_ok_and(|status| status.success()), "cadran serve could not be asked to stop");
    let status = tokio::time::timeout(STOP_DEADLINE, daemon.wait())
        .await
        .context("cadran serve did not stop in time")?
        .context("cadran serve cannot be waited for")?;
    ensure!(status.success(), "cadran serve ended with {status}");
    Ok(())
}

/// Waits until the daemon is ready and chooses a password of its own for the administrator.
async fn sign_in(listen: SocketAddr, first_password: &str) -> anyhow::Result<(Api, String)> {
    let deadline = Instant::now() + START_DEADLINE;
    let mut api = Api::new(listen);
    while let Err(not_ready) = api.get("/readyz").await {
        if Instant::now() > deadline {
            return Err(not_ready)
                .context("the daemon was not ready in time; see cadran.log in the pair's directory");
        }
        sleep(Duration::from_millis(100)).await;
    }
    api.sign_in(ADMIN, first_password).await?;
    let password = format!("demo-{}", uuid::Uuid::new_v4().simple());
    api.put("/api/me/password", &json!({ "old": first_password, "new": password })).await?;
    Ok((api, password))
}

/// An agent of the demonstration.
#[derive(Clone, Debug)]
struct DemoAgent {
    id: String,
    account: String,
    secret: String,
}

async fn create_agents(api: &Api) -> anyhow::Result<Vec<DemoAgent>> {
    let mut agents = Vec::new();
    for number in 1..=AGENTS {
        let account = format!("desk-{number}");
        let settings =
            json!({ "name": format!("Agent {number}"), "sip_account": account, "phone_kind": "sip" });
        let id = api.create("/api/agents", &settings).await?;
        let phone = api.get(&format!("/api/agents/{id}/phone")).await?;
        agents.push(DemoAgent { id, account, secret: text(&phone, "password")? });
    }
    Ok(agents)
}

async fn create_campaign(api: &Api, pair: &Pair) -> anyhow::Result<String> {
    let limit = json!({ "calls_per_second": 10.0, "concurrent_calls": 50 });
    let trunk = json!({
        "name": "The telephone network", "host": pair.carrier_host, "port": pair.carrier_port,
        "caller_ids": [SHOWN], "limit": limit,
    });
    let trunk = api.create("/api/trunks", &trunk).await?;
    let seller = api.create("/api/sellers", &json!({ "name": "Demonstration" })).await?;
    // Numbers of fiction, called to show something and to sell nothing: no rule is bent at any hour.
    let compliance = json!({ "seller": seller, "purpose": "service", "legal_basis": "legitimate_interests" });
    let always = json!({ "windows": [{ "days": [1, 2, 3, 4, 5, 6, 7], "from": 0, "until": 1440 }] });
    let campaign = json!({
        "name": "Demonstration", "mode": { "kind": "predictive", "target_drop_rate": 0.028 }, "trunks": [trunk], "caller_ids": [SHOWN],
        "ring_timeout": 5000, "hours": always, "recording": { "kind": "all" }, "wrap_up": 500, "limit": limit,
        "compliance": compliance,
    });
    api.create("/api/campaigns", &campaign).await
}

/// A file as a French office would export it.
fn lead_file(calls: u16) -> String {
    let mut file = "Raison sociale;Téléphone;Ville\n".to_owned();
    for index in 0..u64::from(calls) {
        let national = format!("0{}", FIRST_NUMBER + index - 33_000_000_000);
        file.push_str(&format!("Société {};{national};Ville-Fictive\n", index + 1));
    }
    file
}

async fn import_leads(api: &Api, campaign: &str, calls: u16) -> anyhow::Result<()> {
    let list = api.create("/api/lists", &json!({ "campaign": campaign, "name": "leads.csv" })).await?;
    let import = api.import(&list, "leads.csv", lead_file(calls)).await?;
    let accepted = import["accepted"].as_u64();
    ensure!(accepted == Some(u64::from(calls)), "of {calls} leads {accepted:?} were accepted: {import}");
    Ok(())
}

/// Prints a line a second, does the agents' wrap-up, and returns when everybody has been called.
async fn watch(api: &Api, campaign: &str, options: &Options) -> anyhow::Result<()> {
    let calls = u64::from(options.calls);
    let deadline = Instant::now() + (DEADLINE_PER_CALL * u32::from(options.calls) / 5).max(DEADLINE_LEAST);
    let mut second = interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        let live = api.get("/api/live/snapshot").await?;
        let counts = report::outcomes(api, campaign).await?;
        let ended: u64 = counts.values().sum();
        report::line(&live, &counts, calls);
        dispose(api, &live).await?;
        let idle = live["calls"].as_array().is_some_and(Vec::is_empty);
        if idle && ended >= calls {
            return Ok(());
        }
        if options.exit && Instant::now() > deadline {
            bail!("after {:?} only {ended} of {calls} people had been called", deadline.elapsed());
        }
    }
}

/// What agents say of their calls, as long as they are asked.
async fn dispose(api: &Api, live: &Value) -> anyhow::Result<()> {
    for agent in live["agents"].as_array().into_iter().flatten() {
        if let ("wrap_up", Some(call)) = (text(agent, "state")?.as_str(), agent["call"].as_str()) {
            let path = format!("/api/agents/{}/disposition", text(agent, "agent")?);
            // Half a second of wrap-up may be over by the time the word arrives: then it is a correction.
            api.post(&path, &json!({ "call": call, "code": "success" })).await?;
        }
    }
    Ok(())
}

async fn wait_for_recordings(api: &Api) -> anyhow::Result<()> {
    let deadline = Instant::now() + RECORDINGS_DEADLINE;
    loop {
        let recordings = api.all("/api/recordings").await?;
        let open = recordings.iter().filter(|recording| recording["state"] == "open").count();
        if open == 0 {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "{open} recordings had no verdict {RECORDINGS_DEADLINE:?} after the last call"
        );
        sleep(Duration::from_millis(200)).await;
    }
}

/// A field that is certain to be there.
fn text(value: &Value, field: &str) -> anyhow::Result<String> {
    value[field]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("the API's answer has no `{field}`: {value}"))
}

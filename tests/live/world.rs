//! A small call centre on a real Asterisk: the pair, the daemon, and what a story needs to begin.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::api::{AgentSeen, Api, Attempt, Call, CallSeen, Recording, text};
use super::daemon::{Daemon, Setup};
use super::database::Database;
use super::pair::{NetworkCall, Pair};
use super::proxy::Proxy;
use super::wait::{SOON, eventually, holds};

/// Tests at a time. Each has two Asterisk servers, and what they measure must not depend on the others.
const WORLDS_MAX: usize = 2;
static TURNS: Semaphore = Semaphore::const_new(WORLDS_MAX);

/// The number that the trunk may show: automated calls to France may show no other kind.
pub(crate) const CALLER_ID: &str = "+33162001122";
/// The password of every account, once its first one is replaced.
const PASSWORD: &str = "correct horse battery";

/// A call centre. Dropping it stops exactly what it started.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) daemon: Daemon,
    pub(crate) setup: Setup,
    /// Between the daemon and the PBX, for stories in which that way breaks.
    pub(crate) proxy: Option<Proxy>,
    pub(crate) pair: Pair,
    pub(crate) database: Database,
    pub(crate) trunk: String,
    names: AtomicU32,
    pub(crate) home: Home,
    _turn: SemaphorePermit<'static>,
}

/// The API and the trunk of a tenant.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) api: Api,
    pub(crate) trunk: String,
}

/// What is out of the ordinary in a story's world.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// The daemon reaches the PBX through a proxy.
    pub(crate) proxy_to_pbx: bool,
    /// The PostgreSQL that the daemon uses, as the daemon is told and as it really is.
    pub(crate) postgres: Option<(String, String)>,
}

/// Somebody with a phone.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) id: String,
    /// Name of the SIP account.
    pub(crate) account: String,
    pub(crate) secret: String,
}

/// A directory for a story, which PostgreSQL's own user may enter. After a failure it stays for a look.
#[derive(Debug)]
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn build() -> Self {
        let permissions = std::fs::Permissions::from_mode(0o755);
        Self(tempfile::Builder::new().prefix("cadran-live-").permissions(permissions).tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.disable_cleanup(true);
            eprintln!("what is left of this test is in {}", self.path().display());
        }
    }
}

impl World {
    /// The pair, the daemon on SQLite, one trunk.
    pub(crate) async fn start() -> Self {
        Self::start_with(Home::build(), Wishes::default()).await
    }

    pub(crate) async fn start_with(home: Home, wishes: Wishes) -> Self {
        let turn = TURNS.acquire().await.unwrap();
        let pair = Pair::up(home.path()).await;
        let proxy = match wishes.proxy_to_pbx {
            true => Some(Proxy::to(pair.pbx_address()).await),
            false => None,
        };
        let to_pbx = proxy.as_ref().map_or(pair.pbx_address(), |proxy| proxy.address);
        let (database_url, postgres) = wishes.postgres.unzip();
        let setup = Setup {
            home: home.path().to_owned(),
            // The PBX's address belongs to this pair alone.
            listen: format!("{}:8080", pair.pbx_address().ip()),
            asterisk_url: format!("http://{to_pbx}"),
            asterisk_password: pair.pbx().password,
            database_url,
        };
        setup.write_config();
        let database =
            postgres.map_or(Database::Sqlite(setup.data().join("cadran.sqlite")), Database::Postgres);
        std::fs::create_dir_all(setup.data()).unwrap();
        let first_password = setup.run(&["user", "add"], &["--role", "admin", "admin"]);
        let mut daemon = setup.start();
        daemon.until_ready(&setup.listen).await;
        let base = format!("http://{}", setup.listen);
        let api = Api::first_sign_in(&base, "admin", &first_password, PASSWORD).await;
        let trunk = create_trunk(&api, &pair).await;
        Self { api, daemon, setup, proxy, pair, database, trunk, names: AtomicU32::new(1), home, _turn: turn }
    }

    /// From here on this world is that of the other tenant; `other` keeps the one that it was.
    pub(crate) fn turn_to(&mut self, other: &mut Side) {
        std::mem::swap(&mut self.api, &mut other.api);
        std::mem::swap(&mut self.trunk, &mut other.trunk);
    }

    /// Gives another tenant a trunk to the same network.
    pub(crate) async fn trunk_of(&self, api: &Api) -> String {
        create_trunk(api, &self.pair).await
    }

    /// A client of the API that is signed in as somebody else: an account of this role.
    pub(crate) async fn sign_in_as(&self, role: &str, agent: Option<&Agent>) -> Api {
        let login = format!("{role}-{}", self.number());
        let first = "a first password";
        let account = json!({
            "login": login, "password": first, "role": role, "agent": agent.map(|agent| &agent.id),
        });
        self.api.post("/api/users", account).await;
        let base = format!("http://{}", self.setup.listen);
        Api::first_sign_in(&base, &login, first, PASSWORD).await
    }

    /// A client of the API for an account that [`World::sign_in_as`] made and that was signed out since.
    pub(crate) async fn sign_in_again(&self, user: &Value) -> Api {
        Api::sign_in(&format!("http://{}", self.setup.listen), &text(user, "login"), PASSWORD).await
    }

    /// A campaign that dials one call per ready agent at any hour, records nothing and needs no wrap-up, but for
    /// what `settings` says. It is a draft.
    pub(crate) async fn campaign(&self, settings: Value) -> String {
        let any_hour = json!({ "windows": [{ "days": [1, 2, 3, 4, 5, 6, 7], "from": 0, "until": 1440 }] });
        let seller = json!({ "name": format!("Seller {}", self.number()) });
        let seller = text(&self.api.post("/api/sellers", seller).await, "id");
        let mut campaign = json!({
            "name": format!("Campaign {}", self.number()),
            "mode": { "kind": "progressive" },
            "trunks": [self.trunk],
            "caller_ids": [CALLER_ID],
            "hours": any_hour,
            "recording": { "kind": "never" },
            "wrap_up": 0,
            "limit": { "calls_per_second": 100.0, "concurrent_calls": 100 },
            "compliance": { "seller": seller, "purpose": "service", "legal_basis": "contract" },
            // French packs let nobody listen to agents who were not told of it.
            "supervision": { "listening": { "from": 0, "until": 4_102_444_800_000_i64 } },
        });
        for (key, value) in settings.as_object().unwrap() {
            campaign[key] = value.clone();
        }
        text(&self.api.post("/api/campaigns", campaign).await, "id")
    }

    /// Gives a campaign these leads: a number each, or several with commas in between.
    pub(crate) async fn leads(&self, campaign: &str, phones: &[&str]) {
        let list = json!({ "campaign": campaign, "name": format!("List {}", self.number()) });
        let list = text(&self.api.post("/api/lists", list).await, "id");
        let width = phones.iter().map(|row| row.split(',').count()).max().unwrap_or(1);
        let mut csv = vec!["phone"; width].join(",");
        for row in phones {
            csv.push('\n');
            csv.push_str(row);
            csv.push_str(&",".repeat(width - row.split(',').count()));
        }
        let import = self.api.import(&list, csv).await;
        assert_eq!(import["accepted"], phones.len(), "{import}");
    }

    pub(crate) async fn start_campaign(&self, campaign: &str) {
        self.api.ask(&format!("/api/campaigns/{campaign}/start")).await;
    }

    /// An agent whose phone is registered and behaves so.
    pub(crate) async fn agent(&self, behaviour: &str) -> Agent {
        self.agent_with(behaviour, json!({})).await
    }

    /// The same with some settings of their own.
    pub(crate) async fn agent_with(&self, behaviour: &str, settings: Value) -> Agent {
        let agent = self.create_agent(settings).await;
        self.pair.register_phone(&agent.account, &agent.secret, behaviour).await;
        agent
    }

    /// Several agents whose phones talk.
    pub(crate) async fn agents(&self, count: usize) -> Vec<Agent> {
        let mut agents = Vec::new();
        for _ in 0..count {
            agents.push(self.create_agent(json!({})).await);
        }
        let phones =
            agents.iter().map(|agent| self.pair.register_phone(&agent.account, &agent.secret, "talks"));
        futures_util::future::join_all(phones).await;
        agents
    }

    async fn create_agent(&self, settings: Value) -> Agent {
        let account = format!("agent-{}", self.number());
        let secret = format!("secret-of-{account}");
        let mut body = json!({
            "name": account, "sip_account": account, "sip_password": secret, "phone_kind": "sip",
        });
        for (key, value) in settings.as_object().unwrap() {
            body[key] = value.clone();
        }
        let id = text(&self.api.post("/api/agents", body).await, "id");
        // A phone of another tenant signs in as no other tenant's.
        let phone = self.api.get(&format!("/api/agents/{id}/phone")).await;
        Agent { id, account: text(&phone, "user"), secret }
    }

    fn number(&self) -> u32 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }

    /// Logs agents in for a campaign and waits until each is ready.
    pub(crate) async fn to_work(&self, agents: &[Agent], campaign: &str) {
        for agent in agents {
            self.log_in(agent, campaign).await;
            self.desk(agent, "ready").await;
        }
        eventually("everybody was ready", SOON, async || {
            let live = self.api.live().await;
            let waits =
                |agent: &&AgentSeen| !agent.phone_up || agent.state == "lost" || agent.state == "paused";
            let waiting: Vec<AgentSeen> = live.agents.iter().filter(waits).cloned().collect();
            holds(waiting.is_empty(), waiting)
        })
        .await;
    }

    pub(crate) async fn log_in(&self, agent: &Agent, campaign: &str) {
        let path = format!("/api/agents/{}/log-in", agent.id);
        self.api.post(&path, json!({ "campaigns": [campaign] })).await;
    }

    /// An action of an agent that needs no more words, such as `ready` or `skip`.
    pub(crate) async fn desk(&self, agent: &Agent, action: &str) -> Value {
        self.api.ask(&format!("/api/agents/{}/{action}", agent.id)).await
    }

    pub(crate) async fn agent_seen(&self, agent: &Agent) -> Option<AgentSeen> {
        let live = self.api.live().await;
        live.agents.into_iter().find(|seen| seen.agent == agent.id)
    }

    /// Waits until an agent is in this state.
    pub(crate) async fn until_agent_is(&self, agent: &Agent, state: &str) -> AgentSeen {
        let what = format!("{} is {state}", agent.account);
        eventually(&what, SOON, async || {
            let seen = self.agent_seen(agent).await;
            seen.clone().filter(|seen| seen.state == state).ok_or(seen)
        })
        .await
    }

    /// Waits until so many calls are in conversation.
    pub(crate) async fn until_connected(&self, count: usize) -> Vec<CallSeen> {
        let what = format!("{count} calls are connected");
        eventually(&what, SOON, async || {
            let live = self.api.live().await;
            let connected = live.calls.iter().filter(|call| call.state == "connected");
            let connected: Vec<CallSeen> = connected.cloned().collect();
            if connected.len() == count { Ok(connected) } else { Err(live) }
        })
        .await
    }

    /// Waits until the person with this number is in conversation.
    pub(crate) async fn until_connected_to(&self, phone: &str) -> CallSeen {
        let what = format!("{phone} is connected");
        eventually(&what, SOON, async || {
            let live = self.api.live().await;
            let wanted = |call: &&CallSeen| call.phone == phone && call.state == "connected";
            live.calls.iter().find(wanted).cloned().ok_or(live)
        })
        .await
    }

    /// Waits until a call has been in its present state for so long.
    pub(crate) async fn until_it_lasted(&self, call: &str, span: Duration) {
        let what = format!("{call} has lasted {span:?}");
        eventually(&what, SOON + span, async || {
            let live = self.api.live().await;
            let Some(call) = live.calls.iter().find(|seen| seen.call == call) else {
                panic!("{call} ended before it had lasted {span:?}");
            };
            let lasted = now_ms() - call.since;
            holds(lasted >= i64::try_from(span.as_millis()).unwrap(), lasted)
        })
        .await;
    }

    pub(crate) async fn hang_up(&self, call: &str) {
        self.api.ask(&format!("/api/calls/{call}/hang-up")).await;
    }

    /// Waits until a call is in the history.
    pub(crate) async fn until_over(&self, call: &str) -> Call {
        eventually("the call is over", SOON, async || {
            let calls = self.api.rows::<Call>("/api/calls").await;
            let over = calls.iter().find(|over| over.id == call).cloned();
            over.ok_or(calls)
        })
        .await
    }

    /// Waits until so many dials have ended, and returns them, the first dial first.
    pub(crate) async fn until_attempts_ended(&self, count: usize) -> Vec<Attempt> {
        let what = format!("{count} attempts have ended");
        let mut attempts = eventually(&what, SOON, async || {
            let attempts = self.api.rows::<Attempt>("/api/attempts").await;
            let ended = attempts.iter().filter(|attempt| attempt.outcome.is_some()).count();
            if ended == count { Ok(attempts) } else { Err(attempts) }
        })
        .await;
        attempts.reverse();
        attempts
    }

    /// Waits until the network has written down so many calls to numbers.
    pub(crate) async fn until_network_saw(&self, count: usize) -> Vec<NetworkCall> {
        let what = format!("the network has written down {count} calls");
        eventually(&what, SOON, async || {
            let calls = self.pair.calls();
            if calls.len() == count { Ok(calls) } else { Err(calls) }
        })
        .await
    }

    /// Waits until the archive has done its work.
    pub(crate) async fn until_archived(&self, recording: &str) {
        eventually("the recording is archived", SOON, async || {
            let recordings = self.api.rows::<Recording>("/api/recordings").await;
            let found = recordings.into_iter().find(|found| found.id == recording);
            if found.as_ref().is_some_and(|found| found.archive == "done") { Ok(()) } else { Err(found) }
        })
        .await;
    }

    /// Waits until every recording has a verdict.
    pub(crate) async fn until_recordings_judged(&self, count: usize) -> Vec<Recording> {
        eventually("every recording has a verdict", SOON, async || {
            let recordings = self.api.rows::<Recording>("/api/recordings").await;
            let judged = recordings.iter().filter(|recording| recording.state != "open").count();
            if judged == count { Ok(recordings) } else { Err(recordings) }
        })
        .await
    }
}

/// Creates the trunk to the network and waits until it is known to answer.
async fn create_trunk(api: &Api, pair: &Pair) -> String {
    let carrier = pair.carrier_sip();
    let trunk = json!({
        "name": "Network", "host": carrier.ip().to_string(), "port": carrier.port(), "caller_ids": [CALLER_ID],
        "limit": { "calls_per_second": 100.0, "concurrent_calls": 200 },
    });
    let id = text(&api.post("/api/trunks", trunk).await, "id");
    eventually("the trunk answers", SOON, async || {
        let live = api.live().await;
        let known = live.trunks.iter().any(|trunk| trunk.trunk == id && trunk.reachable);
        holds(known, live)
    })
    .await;
    id
}

/// The wall clock, in milliseconds since 1970, as the API counts.
pub(crate) fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

//! A centre with one user of each role, its router, and a scripted engine behind the inbox.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use cadran::archive::{Depot, Keeper, Keys};
use cadran::audit::Anchor;
use cadran::erasures::ErasureList;
use cadran::http::{self, App, HttpSettings, Platform};
use cadran::inbox::{Inbox, Item};
use cadran::live::{Board, Hub};
use cadran::rule_packs;
use cadran::safe::Safe;
use cadran::speech::{Espeak, Speech};
use cadran::store::{Database, Store, User};
use cadran::tap::Taps;
use cadran_engine::command::{Answer, Refusal};
use cadran_engine::input;
use cadran_engine::model::{AgentId, CallId, Role, SessionId, TeamId, Timestamp, UserId};
use cadran_engine::view::LiveView;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tower::ServiceExt;
use uuid::Uuid;

use super::tap::a_tap;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Longer than anything here takes on a machine with other work to do.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// What the engine says, and what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) view: LiveView,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) asked: Vec<input::Request>,
    pub(crate) reloads: u32,
    /// Told of every question.
    hears: Arc<Notify>,
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) depot: Depot,
    pub(crate) script: Arc<Mutex<Script>>,
    pub(crate) directory: TempDir,
    pub(crate) app: App,
    pub(crate) taps: Taps,
    board: Mutex<Board>,
    router: Router,
    /// The host that requests name.
    host: &'static str,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the end of the problem's `type`.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let kind = self.json()["type"].as_str().unwrap().to_owned();
        (self.status.as_u16(), kind.rsplit('#').next().unwrap().to_owned())
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

/// A request on its way.
pub(crate) struct Call<'a> {
    world: &'a World,
    request: axum::http::request::Builder,
    body: Body,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = Body::from(body.to_string());
        self.header("content-type", "application/json")
    }

    pub(crate) fn bytes(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self.header("content-type", "text/csv")
    }

    pub(crate) async fn send(self) -> Reply {
        let request: Request<Body> = self.request.body(self.body).unwrap();
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply { status: parts.status, headers: parts.headers, body }
    }
}

impl World {
    /// A centre with nobody in it, whose engine answers by its script.
    pub(crate) async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let database = Database::open(None, directory.path()).await.unwrap();
        database.migrate().await.unwrap();
        Self::of(database.first().await.unwrap(), directory).await
    }

    /// The centre of a tenant.
    pub(crate) async fn of(store: Store, directory: TempDir) -> Self {
        let store = store.under(rule_packs::shipped().unwrap());
        let (inbox, items) = Inbox::new();
        let script = Arc::<Mutex<Script>>::default();
        tokio::spawn(answer(inbox.clone(), items, script.clone()));
        let depot = depot(directory.path());
        let settings = HttpSettings {
            uploads_dir: directory.path().join("uploads"),
            audit_anchor: Anchor::of(directory.path()),
            erasures: ErasureList::of(directory.path()),
            keeper: Keeper::default(),
            safe: Safe::parse(&"11".repeat(32)).unwrap(),
            sounds_dir: directory.path().join("sounds"),
            messages_dir: directory.path().join("messages"),
            secrets: ["crm".to_owned()].into(),
            secure_cookies: true,
        };
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let (hub, board, compare) = Hub::new("run", Box::new(now));
        tokio::spawn(compare);
        let sounds = directory.path().join("sounds");
        let speech = Speech::new(Arc::new(Espeak::new("espeak-ng")), &sounds, &sounds);
        let app = App::new(inbox, hub, store.clone(), depot.clone(), metrics, settings, now).speaking(speech);
        let taps = Taps::default();
        let app = app.tapping(taps.clone());
        let router = http::router(app.clone());
        let board = Mutex::new(board);
        Self { store, depot, script, directory, app, taps, board, router, host: "localhost" }
    }

    /// The way in, for those who pass requests on.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// The same, from where the installation is looked after.
    pub(crate) fn looked_after(self, platform: Platform) -> Self {
        let app = self.app.clone().over(platform);
        Self { router: http::router(app.clone()), app, ..self }
    }

    /// The same, found by its host behind a door that others have too.
    pub(crate) fn behind(self, door: Router, host: &'static str) -> Self {
        Self { router: door, host, ..self }
    }

    /// Serves the API on a socket.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, self.router.clone()).into_future());
        at
    }

    /// The engine shows this on the live stream.
    pub(crate) fn show(&self, view: LiveView) {
        let mut board = self.board.lock().unwrap();
        board.stir();
        board.refresh(now(), || view);
    }

    pub(crate) fn call<'a>(&'a self, method: &str, path: &str) -> Call<'a> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Call {
            world: self,
            request: Request::builder().method(method).uri(path).header(header::HOST, self.host),
            body: Body::empty(),
        }
    }

    /// Adds an account with [`PASSWORD`].
    pub(crate) async fn add_user(&self, login: &str, role: Role, agent: Option<AgentId>) -> UserId {
        self.add_user_of(login, role, None, agent).await
    }

    /// The same, confined to these teams.
    pub(crate) async fn add_user_of(
        &self,
        login: &str,
        role: Role,
        teams: Option<BTreeSet<TeamId>>,
        agent: Option<AgentId>,
    ) -> UserId {
        let user = User {
            id: UserId::from_i64(0),
            login: login.to_owned(),
            password_hash: cadran::passwords::hash(PASSWORD.into()).await.unwrap(),
            role: role.into(),
            teams,
            agent,
            must_change_password: false,
            enabled: true,
        };
        self.store.create_user(&user, now()).await.unwrap().value.id
    }

    pub(crate) async fn sign_in(&self, login: &str) -> String {
        let credentials = json!({ "login": login, "password": PASSWORD });
        let reply = self.call("POST", "/api/session").json(&credentials).send().await.expect(201);
        reply.json()["token"].as_str().unwrap().to_owned()
    }

    /// Adds an account of this role and signs in.
    pub(crate) async fn signed_in(&self, role: Role) -> String {
        self.add_user(role.as_str(), role, None).await;
        self.sign_in(role.as_str()).await
    }

    /// Adds an agent with a console account; gives the identifier and the token.
    pub(crate) async fn agent(&self, admin: &str, name: &str) -> (AgentId, String) {
        let settings = json!({ "name": name, "sip_account": name, "phone_kind": "sip" });
        let reply = self.call("POST", "/api/agents").token(admin).json(&settings).send().await.expect(201);
        let agent: AgentId = reply.json()["id"].as_str().unwrap().parse().unwrap();
        self.add_user(name, Role::Agent, Some(agent)).await;
        (agent, self.sign_in(name).await)
    }

    /// What a campaign needs to run: a seller of its own and a legal basis. It does not sell.
    pub(crate) async fn lawful(&self, token: &str) -> Value {
        let seller = json!({ "name": Uuid::now_v7() });
        let seller = self.call("POST", "/api/sellers").token(token).json(&seller).send().await.expect(201);
        json!({ "seller": seller.json()["id"], "purpose": "service", "legal_basis": "contract" })
    }

    pub(crate) fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// Waits until the engine has been asked what `find` looks for.
    pub(crate) async fn until_asked<T>(&self, find: impl Fn(&input::Request) -> Option<T>) -> T {
        let hears = self.script().hears.clone();
        loop {
            let mut next = std::pin::pin!(hears.notified());
            next.as_mut().enable();
            if let Some(found) = self.script().asked.iter().find_map(&find) {
                return found;
            }
            tokio::time::timeout(SOON, next).await.expect("the engine is asked");
        }
    }
}

/// Recordings below `directory`, kept there too, sealed with a key of this test.
fn depot(directory: &Path) -> Depot {
    let (recordings, archive) = (directory.join("recordings"), directory.join("archive"));
    std::fs::create_dir_all(&recordings).unwrap();
    std::fs::create_dir_all(&archive).unwrap();
    let keys = Keys::parse(&"5e".repeat(32)).unwrap();
    Depot::new(recordings, cadran::archive::disk(&archive).unwrap(), None, keys)
}

pub(crate) fn now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap())
}

async fn answer(inbox: Inbox, mut items: mpsc::Receiver<Item>, script: Arc<Mutex<Script>>) {
    while let Some(item) = items.recv().await {
        let mut script = script.lock().unwrap();
        match item {
            Item::Reload(done) => {
                script.reloads += 1;
                let _ = done.send(Ok(()));
            }
            Item::Input(input::Input::Request { id, request }) => {
                let answer = match (&script.refusal, &request) {
                    (_, input::Request::View) => Ok(Answer::View(Box::new(script.view.clone()))),
                    (Some(refusal), _) => Err(refusal.clone()),
                    (None, input::Request::LogIn { .. }) => {
                        Ok(Answer::LoggedIn(SessionId::from_uuid(Uuid::now_v7())))
                    }
                    (None, input::Request::OpenTap { .. }) => Ok(Answer::Tapped(a_tap())),
                    (None, input::Request::DialPreview { .. } | input::Request::DialByHand { .. }) => {
                        Ok(Answer::Dialling(CallId::from_uuid(Uuid::now_v7())))
                    }
                    (None, input::Request::NextLead { .. }) => Err(Refusal::NoLead),
                    (None, input::Request::KeepPreview { .. }) => Err(Refusal::WrongState("ready")),
                    (None, _) => Ok(Answer::Done),
                };
                script.asked.push(request);
                script.hears.notify_waiters();
                inbox.answer(id, answer);
            }
            Item::Input(_) => {}
        }
    }
}

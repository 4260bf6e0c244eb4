//! The daemon's API from outside, as a console or another program uses it.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long the daemon may take to answer. Its own deadline is shorter.
const ANSWER_MAX: Duration = Duration::from_secs(40);

/// A client that is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    base: String,
    token: String,
    http: reqwest::Client,
}

/// A request that was not carried out.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) problem: String,
}

/// Everything that is going on (`GET /api/live/snapshot`).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Live {
    pub(crate) held_by: Option<String>,
    pub(crate) agents: Vec<AgentSeen>,
    pub(crate) calls: Vec<CallSeen>,
    pub(crate) campaigns: Vec<CampaignSeen>,
    pub(crate) trunks: Vec<TrunkSeen>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AgentSeen {
    pub(crate) agent: String,
    pub(crate) state: String,
    pub(crate) reason: Option<Value>,
    #[expect(dead_code, reason = "read in the message of a failed test")]
    pub(crate) call: Option<String>,
    pub(crate) phone_up: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CallSeen {
    pub(crate) call: String,
    pub(crate) phone: String,
    pub(crate) state: String,
    pub(crate) since: i64,
    pub(crate) agent: Option<String>,
    pub(crate) recording: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CampaignSeen {
    pub(crate) campaign: String,
    pub(crate) answered: u32,
    pub(crate) dropped: u32,
    #[expect(dead_code, reason = "read in the message of a failed test")]
    pub(crate) sentence: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TrunkSeen {
    pub(crate) trunk: String,
    pub(crate) reachable: bool,
}

/// One dial (`GET /api/attempts`).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) phone: String,
    pub(crate) agent: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) sip: Option<u16>,
    pub(crate) screened: Option<Screened>,
}

/// What answering machine detection said of a dial.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Screened {
    pub(crate) verdict: String,
    pub(crate) cause: String,
    pub(crate) after: u64,
}

/// An answered call that is over (`GET /api/calls`).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) phone: String,
    pub(crate) answered_at: i64,
    pub(crate) agent: Option<String>,
    pub(crate) connected_at: Option<i64>,
    pub(crate) ended_at: i64,
    pub(crate) ended_by: String,
}

/// A recording (`GET /api/recordings`).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Recording {
    pub(crate) id: String,
    pub(crate) call: String,
    pub(crate) started_at: i64,
    pub(crate) state: String,
    /// What became of its files after the call.
    pub(crate) archive: String,
    pub(crate) duration: Option<u64>,
    pub(crate) reason: Option<String>,
}

/// A lead (`GET /api/leads`).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Lead {
    pub(crate) phone: String,
    pub(crate) state: String,
    pub(crate) done_reason: Option<String>,
    pub(crate) callback: bool,
}

impl Api {
    /// Signs in to the daemon at `base`.
    pub(crate) async fn sign_in(base: &str, login: &str, password: &str) -> Self {
        let mut api = Self { base: base.to_owned(), token: String::new(), http: reqwest::Client::new() };
        let credentials = json!({ "login": login, "password": password });
        let opened = api.post("/api/session", credentials).await;
        api.token = text(&opened, "token");
        api
    }

    /// Signs in with a first password and replaces it by `password`, as everybody must.
    pub(crate) async fn first_sign_in(base: &str, login: &str, first: &str, password: &str) -> Self {
        let api = Self::sign_in(base, login, first).await;
        let change = json!({ "old": first, "new": password });
        api.carried_out(Method::PUT, "/api/me/password", |request| request.json(&change)).await;
        api
    }

    /// What says to the daemon who asks.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.carried_out(Method::GET, path, |request| request).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.carried_out(Method::POST, path, |request| request.json(&body)).await
    }

    /// A request that says what it is called, so that it can be repeated: the status and what was answered.
    pub(crate) async fn post_with_key(&self, path: &str, body: &Value, key: &str) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.base)).timeout(ANSWER_MAX);
        let request = request.bearer_auth(&self.token).header("idempotency-key", key).json(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// A request without a body, such as `hang-up`.
    pub(crate) async fn ask(&self, path: &str) -> Value {
        self.carried_out(Method::POST, path, |request| request).await
    }

    /// The same when it may be refused.
    pub(crate) async fn try_ask(&self, path: &str) -> Result<Value, Refused> {
        self.send(Method::POST, path, |request| request).await
    }

    /// A request with a body when it may be refused.
    pub(crate) async fn try_post(&self, path: &str, body: Value) -> Result<Value, Refused> {
        self.send(Method::POST, path, |request| request.json(&body)).await
    }

    /// Changes a row of settings, whoever changed it before.
    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        let revision = self.revision(path).await;
        self.carried_out(Method::PUT, path, |request| request.header("if-match", &revision).json(&body)).await
    }

    /// Puts a body that says itself which version it changes.
    pub(crate) async fn put_draft(&self, path: &str, body: Value) -> Value {
        self.carried_out(Method::PUT, path, |request| request.json(&body)).await
    }

    /// Removes a row of settings, whoever changed it before.
    pub(crate) async fn delete(&self, path: &str) {
        let revision = self.revision(path).await;
        self.carried_out(Method::DELETE, path, |request| request.header("if-match", &revision)).await;
    }

    async fn revision(&self, path: &str) -> String {
        format!("\"{}\"", self.get(path).await["rev"])
    }

    /// Every row of a listing, page after page.
    pub(crate) async fn rows<T: serde::de::DeserializeOwned>(&self, path: &str) -> Vec<T> {
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{joint}limit=500{after}")).await;
            let part: Vec<T> = serde_json::from_value(page["rows"].clone()).unwrap();
            rows.extend(part);
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return rows,
            }
        }
    }

    pub(crate) async fn live(&self) -> Live {
        serde_json::from_value(self.get("/api/live/snapshot").await).unwrap()
    }

    /// What `/readyz` says, which needs no database and no account.
    pub(crate) async fn readiness(&self) -> Option<Value> {
        let response = self.http.get(format!("{}/readyz", self.base)).send().await.ok()?;
        serde_json::from_slice(&response.bytes().await.ok()?).ok()
    }

    /// Imports a file of leads and returns the report.
    pub(crate) async fn import(&self, list: &str, csv: String) -> Value {
        let upload = self
            .carried_out(Method::POST, "/api/uploads", |request| {
                request.header("content-type", "text/csv").body(csv)
            })
            .await;
        let begun = json!({ "upload": upload["id"], "file_name": "leads.csv" });
        let import = self.post(&format!("/api/lists/{list}/imports"), begun).await;
        let path = format!("/api/imports/{}", import["id"]);
        super::wait::eventually("the import ends", super::wait::SOON, async || {
            let import = self.get(&path).await;
            if import["state"] == "running" { Err(import) } else { Ok(import) }
        })
        .await
    }

    /// The sound of a recording, or the part of it that `range` names, with the status of the answer.
    pub(crate) async fn audio(&self, recording: &str, range: Option<&str>) -> (u16, Vec<u8>) {
        let url = format!("{}/api/recordings/{recording}/audio", self.base);
        let mut request = self.http.get(url).bearer_auth(&self.token);
        if let Some(range) = range {
            request = request.header("range", range);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    }

    /// Sends a file of sound.
    pub(crate) async fn put_bytes(&self, path: &str, file: Vec<u8>) -> Value {
        self.carried_out(Method::PUT, path, |request| request.header("content-type", "audio/wav").body(file))
            .await
    }

    /// A file of sound.
    pub(crate) async fn get_bytes(&self, path: &str) -> Vec<u8> {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        request.send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap().to_vec()
    }

    async fn carried_out(
        &self,
        method: Method,
        path: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Value {
        self.send(method.clone(), path, fill)
            .await
            .unwrap_or_else(|refused| panic!("{method} {path}: {refused:?}"))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Value, Refused> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).timeout(ANSWER_MAX);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let response =
            fill(request).send().await.map_err(|error| Refused { status: 0, problem: error.to_string() })?;
        let status = response.status();
        let body = response.bytes().await.unwrap_or_default();
        if !status.is_success() {
            return Err(Refused {
                status: status.as_u16(),
                problem: String::from_utf8_lossy(&body).into_owned(),
            });
        }
        if status == StatusCode::NO_CONTENT || body.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_slice(&body).unwrap())
    }
}

/// A text of an answer.
pub(crate) fn text(value: &Value, key: &str) -> String {
    match value[key].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("no `{key}` in {value}"),
    }
}

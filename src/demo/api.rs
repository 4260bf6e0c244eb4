//! The API, from the other side.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const DEADLINE: Duration = Duration::from_secs(15);
/// Rows of one page of a listing.
const PAGE: usize = 500;

/// A client of the API.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    base: String,
    token: Option<String>,
}

impl Api {
    pub(super) fn new(listen: SocketAddr) -> Self {
        Self { client: Client::new(), base: format!("http://{listen}"), token: None }
    }

    pub(super) async fn sign_in(&mut self, login: &str, password: &str) -> anyhow::Result<()> {
        let opened = self.post("/api/session", &json!({ "login": login, "password": password })).await?;
        self.token = Some(super::text(&opened, "token")?);
        Ok(())
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, |request| request).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, |request| request.json(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::PUT, path, |request| request.json(body)).await
    }

    /// Creates a thing and returns its id.
    pub(super) async fn create(&self, path: &str, settings: &Value) -> anyhow::Result<String> {
        super::text(&self.post(path, settings).await?, "id")
    }

    /// Every row of a listing.
    pub(super) async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let mut page = self.get(&format!("{path}{joint}limit={PAGE}{after}")).await?;
            let Some(next) = page["rows"].as_array_mut() else { bail!("{path} gave no rows: {page}") };
            rows.append(next);
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(rows),
            }
        }
    }

    /// Imports a file into a list, waits until it is done, and returns the report.
    pub(super) async fn import(&self, list: &str, name: &str, file: String) -> anyhow::Result<Value> {
        let as_csv = |request: RequestBuilder| request.header(CONTENT_TYPE, "text/csv").body(file);
        let upload = super::text(&self.send(Method::POST, "/api/uploads", as_csv).await?, "id")?;
        let begun = json!({ "upload": upload, "file_name": name });
        let import = self.post(&format!("/api/lists/{list}/imports"), &begun).await?;
        let path = format!("/api/imports/{}", import["id"]);
        let deadline = Instant::now() + DEADLINE;
        loop {
            let import = self.get(&path).await?;
            if import["state"] != "running" {
                return Ok(import);
            }
            ensure!(Instant::now() < deadline, "the import was not done in time: {import}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> anyhow::Result<Value> {
        let mut request =
            self.client.request(method.clone(), format!("{}{path}", self.base)).timeout(DEADLINE);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let what = || format!("{method} {path}");
        let answer = fill(request).send().await.with_context(what)?;
        let status = answer.status();
        let body = answer.text().await.with_context(what)?;
        if !status.is_success() {
            bail!("{}: {status} {body}", what());
        }
        if status == StatusCode::NO_CONTENT || body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&body).or(Ok(Value::String(body)))
    }
}

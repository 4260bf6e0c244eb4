//! What an Asterisk of the pair says of itself, over its own ARI, past the daemon.

use std::net::SocketAddr;

use serde_json::Value;

/// What Cadran's objects on Asterisk begin with.
const OURS: &str = "cadran-";
/// The same for tenants other than the first.
const TENANTS: &str = "cadran_";

/// One Asterisk of the pair.
#[derive(Clone, Debug)]
pub(crate) struct Asterisk {
    pub(crate) url: String,
    pub(crate) password: String,
    pub(crate) http: reqwest::Client,
}

impl Asterisk {
    async fn ask(&self, method: reqwest::Method, path: &str) -> Option<Value> {
        let url = format!("{}/{path}", self.url);
        let request = self.http.request(method, &url).basic_auth("cadran", Some(&self.password));
        let response = request.send().await.unwrap();
        let status = response.status();
        let body = response.bytes().await.unwrap();
        if status == reqwest::StatusCode::NOT_FOUND {
            return None;
        }
        assert!(status.is_success(), "{url}: {status} {}", String::from_utf8_lossy(&body));
        Some(serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        match self.ask(reqwest::Method::GET, path).await {
            Some(Value::Array(rows)) => rows,
            other => panic!("{path} is no list: {other:?}"),
        }
    }

    /// The names of everything there that Cadran made: channels, bridges and recordings. A recording that is being
    /// written cannot be listed, but it has a snoop channel, which is.
    pub(crate) async fn made_by_cadran(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (path, key) in [("channels", "id"), ("bridges", "id"), ("recordings/stored", "name")] {
            let rows = self.list(path).await;
            names.extend(rows.iter().map(|row| row[key].as_str().unwrap().to_owned()));
        }
        names.retain(|name| name.starts_with(OURS) || name.starts_with(TENANTS));
        names
    }

    /// Removes a stored recording.
    pub(crate) async fn forget(&self, recording: &str) {
        self.ask(reqwest::Method::DELETE, &format!("recordings/stored/{recording}")).await;
    }

    /// Ids of all channels.
    pub(crate) async fn channels(&self) -> Vec<String> {
        let channels = self.list("channels").await;
        channels.iter().map(|channel| channel["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Whether a caller's channel carries their place in a queue, for the next daemon to read.
    pub(crate) async fn keeps_a_place(&self) -> bool {
        let channels = self.list("channels").await;
        let marks = channels.iter().filter_map(|channel| channel["channelvars"]["CADRAN_LEG"].as_str());
        marks
            .filter_map(|mark| serde_json::from_str::<Value>(mark).ok())
            .any(|mark| mark["queue"].is_object())
    }

    /// The legs in each of Cadran's rooms.
    pub(crate) async fn rooms(&self) -> Vec<Vec<String>> {
        let mut rooms = Vec::new();
        for room in self.list("bridges").await {
            let legs =
                room["channels"].as_array().unwrap().iter().map(|leg| leg.as_str().unwrap().to_owned());
            rooms.push(legs.filter(|leg| leg.starts_with("cadran-leg")).collect());
        }
        rooms
    }

    /// The channel on which the network plays this number or phone: its id and its name.
    pub(crate) async fn channel_of(&self, dialled: &str) -> Option<(String, String)> {
        for channel in self.list("channels").await {
            let id = channel["id"].as_str().unwrap();
            let path = format!("channels/{id}/variable?variable=DIALLED");
            let variable = self.ask(reqwest::Method::GET, &path).await;
            if variable.is_some_and(|variable| variable["value"] == dialled) {
                return Some((id.to_owned(), channel["name"].as_str().unwrap().to_owned()));
            }
        }
        None
    }

    /// Has the network call a number of the PBX, showing `from` where somebody shows their number, and do what its
    /// dialplan says under this name.
    pub(crate) async fn call(&self, number: &str, name: &str, from: Option<&str>) {
        let who = from.map_or(String::new(), |from| format!("&callerId={from}"));
        let path = format!("channels?endpoint=PJSIP/{number}@pbx&context=test-callers&extension={name}{who}");
        let path = path.replace('+', "%2B");
        self.ask(reqwest::Method::POST, &path).await.expect("the network calls");
    }

    /// Ends a channel, as whoever is at that end.
    pub(crate) async fn hang_up(&self, channel: &str) {
        self.ask(reqwest::Method::DELETE, &format!("channels/{channel}")).await;
    }

    /// Where this channel takes voice packets; none for a channel without RTP.
    pub(crate) async fn voice_address(&self, channel: &str) -> Option<SocketAddr> {
        let path = format!("channels/{channel}/variable?variable=CHANNEL(rtp,src)");
        self.ask(reqwest::Method::GET, &path).await?["value"].as_str()?.parse().ok()
    }

    /// RTP packets that this channel has received so far; none for a channel without RTP, or that is gone.
    pub(crate) async fn packets_received(&self, channel: &str) -> Option<u64> {
        let path = format!("channels/{channel}/rtp_statistics");
        self.ask(reqwest::Method::GET, &path).await?["rxcount"].as_u64()
    }

    /// Whether both sides of a call are being recorded.
    pub(crate) async fn records(&self, call: &str) -> bool {
        let call = call.trim_start_matches("cal_");
        for side in ["customer", "agent"] {
            let path = format!("recordings/live/{OURS}rec-{call}-1-{side}");
            if self.ask(reqwest::Method::GET, &path).await.is_none() {
                return false;
            }
        }
        true
    }

    /// Whether a SIP object exists.
    pub(crate) async fn has_sip_object(&self, kind: &str, name: &str) -> bool {
        let path = format!("asterisk/config/dynamic/res_pjsip/{kind}/{name}");
        self.ask(reqwest::Method::GET, &path).await.is_some()
    }
}

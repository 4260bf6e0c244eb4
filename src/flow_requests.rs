//! Requests of flows to the servers of others.
//!
//! A flow's address holds what callers typed and what other servers said, so it may lead anywhere. Addresses of one's own
//! network are refused when the name has been resolved, which no name server can get around, and nothing is redirected.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use cadran_engine::flow::nodes::Method;
use cadran_engine::flow::run::Event;
use cadran_engine::inbound::inquiry::HttpRequest;
use futures_util::StreamExt as _;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use tracing::{debug, warn};

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// The wait between two tries.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// The way to the servers of others. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FlowRequests {
    client: Client,
    secrets: Arc<BTreeMap<String, SecretString>>,
    /// Hosts of one's own network that flows may ask all the same.
    private_hosts: Arc<BTreeSet<String>>,
}

/// What came of one try.
enum Tried {
    /// An answer.
    Answered { status: u16, body: Json },
    /// No connection, or no whole answer.
    Broken,
    /// It must not, or cannot, be sent.
    Impossible,
}

impl FlowRequests {
    /// A way that opens servers with these secrets, and reaches into one's own network for these hosts only.
    pub fn new(
        secrets: BTreeMap<String, SecretString>,
        private_hosts: BTreeSet<String>,
    ) -> Result<Self, reqwest::Error> {
        let private_hosts = Arc::new(private_hosts);
        let resolver = PublicOnly { private_hosts: private_hosts.clone() };
        let client =
            Client::builder().dns_resolver(Arc::new(resolver)).redirect(Policy::none()).no_proxy().build()?;
        Ok(Self { client, secrets: Arc::new(secrets), private_hosts })
    }

    /// Sends a request, and again as often as it allows. What comes back is what the flow hears.
    pub async fn send(&self, request: &HttpRequest) -> Event {
        let tries = async {
            let mut tried = self.try_once(request).await;
            for _ in 0..request.retries {
                let faulty = match &tried {
                    Tried::Answered { status, .. } => *status >= 500,
                    Tried::Broken => true,
                    Tried::Impossible => false,
                };
                if !faulty {
                    break;
                }
                tokio::time::sleep(AGAIN_AFTER).await;
                tried = self.try_once(request).await;
            }
            tried
        };
        match tokio::time::timeout(request.timeout, tries).await {
            Ok(Tried::Answered { status, body }) => Event::HttpReply { status, body },
            // The flow has one outlet for servers at fault; whether they answer badly or not at all is the same to it.
            Ok(Tried::Broken) => Event::HttpReply { status: 503, body: Json::Null },
            Ok(Tried::Impossible) => Event::Failed,
            Err(_elapsed) => Event::Timeout,
        }
    }

    async fn try_once(&self, request: &HttpRequest) -> Tried {
        let Some(url) = self.allowed(&request.url) else { return Tried::Impossible };
        let method = match request.method {
            Method::Delete => reqwest::Method::DELETE,
            Method::Get => reqwest::Method::GET,
            Method::Patch => reqwest::Method::PATCH,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
        };
        let mut sent = self.client.request(method, url);
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        if let Some(name) = &request.secret {
            let Some(secret) = self.secrets.get(name) else {
                warn!(secret = name, "A flow asks for a secret that the configuration does not name");
                return Tried::Impossible;
            };
            sent = sent.header(reqwest::header::AUTHORIZATION, secret.expose_secret());
        }
        if !request.body.is_null() {
            sent = sent.json(&request.body);
        }
        match sent.send().await {
            Ok(answer) => read(answer).await,
            Err(error) if error.is_builder() => Tried::Impossible,
            Err(error) => {
                // The error's own text holds the address, and with it what the caller typed.
                debug!(connect = error.is_connect(), "a server did not answer a flow");
                Tried::Broken
            }
        }
    }

    /// The address, unless it is none, or leads into one's own network by a number in the place of a name.
    fn allowed(&self, url: &str) -> Option<Url> {
        let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let host = url.host_str()?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_private = literal.is_ok_and(|address| !is_public(address));
        if is_private && !self.private_hosts.contains(host) {
            warn!("A flow asked for an address of one's own network; `flows.private_hosts` can allow it");
            return None;
        }
        Some(url)
    }
}

async fn read(answer: reqwest::Response) -> Tried {
    let status = answer.status().as_u16();
    let mut pieces = answer.bytes_stream();
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else { return Tried::Broken };
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            return Tried::Answered { status, body: Json::Null };
        }
        body.extend_from_slice(&piece);
    }
    Tried::Answered { status, body: serde_json::from_slice(&body).unwrap_or_default() }
}

/// Resolves names, and leaves out what is not in the public network.
#[derive(Debug)]
struct PublicOnly {
    private_hosts: Arc<BTreeSet<String>>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.private_hosts.contains(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> =
                found.filter(|address| allowed || is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name leads into one's own network, or nowhere".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one that anybody may be asked at: not of this machine, a private or a special network
/// (IANA's registries of special-purpose addresses, RFC 6890).
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            let protocol = first == 192 && second == 0 && third == 0;
            let benchmark = first == 198 && (18..20).contains(&second);
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_documentation()
                || first == 0
                || first >= 240
                || shared
                || protocol
                || benchmark)
        }
        IpAddr::V6(address) => {
            let translated = embedded_ipv4(address).is_some_and(|inner| !is_public(IpAddr::V4(inner)));
            !(address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.segments()[..2] == [0x2001, 0x0db8]
                || translated)
        }
    }
}

/// The IPv4 address inside one of NAT64 (RFC 6052) or 6to4 (RFC 3056).
fn embedded_ipv4(address: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        std::net::Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn only_the_public_network_is_asked() {
        for private in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "::1",
            "::ffff:127.0.0.1",
            "fe80::1",
            "fd00::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    fn get(url: &str) -> HttpRequest {
        HttpRequest {
            method: Method::Get,
            url: url.to_owned(),
            headers: Vec::new(),
            body: Json::Null,
            secret: None,
            timeout: Duration::from_secs(5),
            retries: 0,
        }
    }

    /// A server that gives every request this answer, and the way to it.
    async fn server(answer: Vec<u8>) -> (FlowRequests, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = [0; 4_096];
                    // The line stays open: whoever waits for more than this waits in vain.
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        let _ = stream.write_all(&answer).await;
                    }
                });
            }
        });
        let hosts = ["127.0.0.1".to_owned()].into();
        (FlowRequests::new(BTreeMap::new(), hosts).unwrap(), url)
    }

    fn answer(head: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_or_stops_in_the_middle_is_given_up_in_time() {
        for said in [Vec::new(), b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec()] {
            let (requests, url) = server(said).await;
            let request = HttpRequest { timeout: Duration::from_millis(200), retries: 2, ..get(&url) };
            let begun = tokio::time::Instant::now();
            assert_eq!(requests.send(&request).await, Event::Timeout);
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        }
    }

    #[tokio::test]
    async fn what_is_too_large_or_no_json_has_a_status_and_no_body() {
        let large = format!("\"{}\"", "x".repeat(ANSWER_BYTES_MAX));
        for (body, expected) in [
            (r#"{"tier": "gold"}"#, serde_json::json!({"tier": "gold"})),
            ("<html>Bonjour</html>", Json::Null),
            ("", Json::Null),
            (&large, Json::Null),
        ] {
            let (requests, url) = server(answer("200 OK", body)).await;
            let told = requests.send(&get(&url)).await;
            assert_eq!(told, Event::HttpReply { status: 200, body: expected }, "{} bytes", body.len());
        }
    }

    #[tokio::test]
    async fn nobody_is_sent_elsewhere_and_faults_are_told() {
        let (requests, url) =
            server(answer("302 Found\r\nlocation: http://169.254.169.254/latest/meta-data", "")).await;
        let told = requests.send(&get(&url)).await;
        assert_eq!(told, Event::HttpReply { status: 302, body: Json::Null });

        let (requests, url) = server(answer("500 Oops", "{}")).await;
        let told = requests.send(&HttpRequest { retries: 1, ..get(&url) }).await;
        assert_eq!(told, Event::HttpReply { status: 500, body: serde_json::json!({}) });

        let (requests, url) = server(b"nonsense\r\n\r\n".to_vec()).await;
        assert_eq!(requests.send(&get(&url)).await, Event::HttpReply { status: 503, body: Json::Null });
    }

    #[tokio::test]
    async fn an_address_of_ones_own_network_is_refused_however_it_is_written() {
        let requests = FlowRequests::new(BTreeMap::new(), BTreeSet::new()).unwrap();
        for url in [
            "http://127.0.0.1:8088/ari/channels",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]:8080/",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "gopher://example.org/",
            "nonsense",
        ] {
            let request = get(url);
            assert_eq!(requests.send(&request).await, Event::Failed, "{url}");
        }
        let by_name = get("http://localhost:1/");
        let refused = requests.send(&by_name).await;
        assert_eq!(refused, Event::HttpReply { status: 503, body: Json::Null });
    }
}

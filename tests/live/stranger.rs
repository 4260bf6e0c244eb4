//! Somebody with a socket: SIP requests by hand, from an address of one's own.

use std::net::{IpAddr, SocketAddr};

use rsip::headers::ToTypedHeader as _;
use rsip::prelude::HeadersExt as _;
use rsip::services::DigestGenerator;
use tokio::net::UdpSocket;
use uuid::Uuid;

use super::wait::SOON;

/// More than any answer of SIP over UDP.
const DATAGRAM_MAX: usize = 65_535;

/// An account as whoever stole it knows it.
#[derive(Clone, Copy)]
pub(crate) struct Stolen<'a> {
    pub(crate) account: &'a str,
    pub(crate) secret: &'a str,
}

/// Somebody at an address of this machine who speaks SIP with a server.
pub(crate) struct Stranger {
    socket: UdpSocket,
    server: SocketAddr,
}

/// One request, whose answers are told from all others.
struct Request<'a> {
    method: rsip::Method,
    uri: String,
    from: &'a str,
    to: &'a str,
    call_id: String,
    sequence: u32,
    authorization: String,
}

impl Stranger {
    pub(crate) async fn at(address: IpAddr, server: SocketAddr) -> Self {
        let socket = UdpSocket::bind((address, 0)).await.unwrap();
        Self { socket, server }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Registers under an account; gives the last answer.
    pub(crate) async fn register(&self, stolen: Stolen<'_>) -> rsip::Response {
        let Stolen { account, .. } = stolen;
        self.ask(rsip::Method::Register, format!("sip:{}", self.server), account, account, Some(stolen)).await
    }

    /// Calls somebody, with an account or without; gives the last answer.
    pub(crate) async fn call(&self, whom: &str, stolen: Option<Stolen<'_>>) -> rsip::Response {
        self.to(rsip::Method::Invite, whom, stolen).await
    }

    /// Asks what scanners ask.
    pub(crate) async fn scan(&self, whom: &str) -> rsip::Response {
        self.to(rsip::Method::Options, whom, None).await
    }

    async fn to(&self, method: rsip::Method, whom: &str, stolen: Option<Stolen<'_>>) -> rsip::Response {
        let uri = format!("sip:{whom}@{}", self.server);
        self.ask(method, uri, stolen.map_or("somebody", |stolen| stolen.account), whom, stolen).await
    }

    async fn ask(
        &self,
        method: rsip::Method,
        uri: String,
        from: &str,
        to: &str,
        stolen: Option<Stolen<'_>>,
    ) -> rsip::Response {
        let call_id = Uuid::new_v4().simple().to_string();
        let mut request =
            Request { method, uri, from, to, call_id, sequence: 1, authorization: String::new() };
        let answer = self.answer_to(&request).await;
        let Some((stolen, challenge)) = stolen.zip(answer.www_authenticate_header().cloned()) else {
            return answer;
        };
        request.authorization = request.proof(stolen, &challenge.typed().unwrap());
        request.sequence += 1;
        self.answer_to(&request).await
    }

    /// Sends a request and waits for its last answer.
    async fn answer_to(&self, request: &Request<'_>) -> rsip::Response {
        self.send(&request.text(&request.method, self.address())).await;
        let answer = tokio::time::timeout(SOON, async {
            let mut datagram = vec![0; DATAGRAM_MAX];
            loop {
                let length = self.socket.recv(&mut datagram).await.unwrap();
                let Ok(response) = rsip::Response::try_from(&datagram[..length]) else { continue };
                let sequence = response.cseq_header().unwrap().typed().unwrap().seq;
                let is_ours = response.call_id_header().unwrap().to_string().ends_with(&request.call_id);
                if is_ours && sequence == request.sequence && response.status_code.code() >= 200 {
                    return response;
                }
            }
        });
        let Ok(answer) = answer.await else { panic!("{} {}: no answer", request.method, request.uri) };
        if request.method == rsip::Method::Invite {
            self.send(&request.text(&rsip::Method::Ack, self.address())).await;
        }
        answer
    }

    async fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.server).await.unwrap();
    }
}

impl Request<'_> {
    fn text(&self, method: &rsip::Method, me: SocketAddr) -> String {
        let Self { uri, from, to, call_id, sequence, authorization, .. } = self;
        let body = match method {
            rsip::Method::Invite => voice_at(me),
            _ => String::new(),
        };
        format!(
            "{method} {uri} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {me};rport;branch=z9hG4bK{call_id}{sequence}\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:{from}@{me}>;tag={call_id}\r\n\
             To: <sip:{to}@{me}>\r\n\
             Call-ID: {call_id}\r\n\
             CSeq: {sequence} {method}\r\n\
             Contact: <sip:{from}@{me}>\r\n\
             {authorization}\
             Content-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// The header that proves knowledge of the secret (RFC 3261 §22.4).
    fn proof(&self, stolen: Stolen<'_>, challenge: &rsip::typed::WwwAuthenticate) -> String {
        let Stolen { account, secret } = stolen;
        let (realm, nonce) = (&challenge.realm, &challenge.nonce);
        let response = DigestGenerator {
            username: account,
            password: secret,
            nonce,
            uri: &rsip::Uri::try_from(self.uri.as_str()).unwrap(),
            realm,
            method: &self.method,
            qop: None,
            algorithm: rsip::headers::auth::Algorithm::Md5,
        }
        .compute();
        let uri = &self.uri;
        format!(
            "Authorization: Digest username=\"{account}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm=MD5\r\n"
        )
    }
}

/// An offer of one voice in A-law (RFC 4566).
fn voice_at(me: SocketAddr) -> String {
    let ip = me.ip();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP 8\r\n\
         a=rtpmap:8 PCMA/8000\r\n",
        me.port()
    )
}

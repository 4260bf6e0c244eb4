//! OPTIONS requests (RFC 3261 §11) as text, and what answers them. The only file that sees the crate `rsip`.
//!
//! `rsip` knows neither compact nor folded headers, so an answer that it cannot read still counts by its first line: it
//! came from the address that was asked and repeats an identifier that nobody could guess.

use std::net::SocketAddr;

use rsip::headers::{Headers, UntypedHeader as _};
use rsip::prelude::{HeadersExt as _, ToTypedHeader as _};
use uuid::Uuid;

/// Marks branches as those of RFC 3261 (§8.1.1.7).
const BRANCH_COOKIE: &str = "z9hG4bK";

/// How a response begins.
const STATUS_LINE: &[u8] = b"SIP/2.0 ";

/// One OPTIONS request. It may be sent again as it is.
#[derive(Debug)]
pub(super) struct Question {
    call_id: String,
}

/// An answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The last one will follow (1xx).
    Provisional,
    /// The last one.
    Final(u16),
}

impl Question {
    /// A request that no other can be taken for.
    pub(super) fn new(id: Uuid) -> Self {
        Self { call_id: id.simple().to_string() }
    }

    /// The request to a host, sent from our own address.
    pub(super) fn text(&self, host: &str, port: u16, from: SocketAddr) -> Vec<u8> {
        let uri = |user: Option<&str>, host: String, port: u16| rsip::Uri {
            scheme: Some(rsip::Scheme::Sip),
            auth: user.map(|user| (user, Option::<String>::None).into()),
            host_with_port: (rsip::Domain::from(host), port).into(),
            ..rsip::Uri::default()
        };
        let own_host = match from {
            SocketAddr::V4(from) => from.ip().to_string(),
            SocketAddr::V6(from) => format!("[{}]", from.ip()),
        };
        let carrier = uri(None, host.to_owned(), port);
        let ourselves = uri(Some("cadran"), own_host.clone(), from.port());
        let mut via: rsip::typed::Via = rsip::Uri {
            host_with_port: (rsip::Domain::from(own_host), from.port()).into(),
            ..rsip::Uri::default()
        }
        .into();
        via.params = vec![
            rsip::Param::Other("rport".into(), None),
            rsip::Param::Branch(rsip::param::Branch::new(format!("{BRANCH_COOKIE}{}", self.call_id))),
        ];
        let tag = rsip::Param::Tag(rsip::param::Tag::new(self.call_id.clone()));
        let mut headers = Headers::default();
        headers.push(via.into());
        headers.push(rsip::headers::MaxForwards::new("70").into());
        let from = rsip::typed::From { display_name: None, uri: ourselves.clone(), params: vec![tag] };
        headers.push(from.into());
        let to = rsip::typed::To { display_name: None, uri: carrier.clone(), params: Vec::new() };
        headers.push(to.into());
        headers.push(rsip::headers::CallId::new(&self.call_id).into());
        headers.push(rsip::typed::CSeq { seq: 1, method: rsip::Method::Options }.into());
        let contact = rsip::typed::Contact { display_name: None, uri: ourselves, params: Vec::new() };
        headers.push(contact.into());
        headers.push(rsip::headers::Accept::new("application/sdp").into());
        headers.push(rsip::headers::UserAgent::new("Cadran").into());
        headers.push(rsip::headers::ContentLength::new("0").into());
        let request = rsip::Request {
            method: rsip::Method::Options,
            uri: carrier,
            version: rsip::Version::V2,
            headers,
            body: Vec::new(),
        };
        request.into()
    }

    /// What a datagram says to this request; none when it is no answer to it.
    pub(super) fn answer(&self, datagram: &[u8]) -> Option<Answer> {
        let code = match rsip::Response::try_from(datagram) {
            Ok(response) if response.call_id_header().is_ok() => {
                self.is_answered_by(&response).then(|| response.status_code.code())?
            }
            Ok(_) | Err(_) => self.code_of_unreadable(datagram)?,
        };
        match code {
            100..200 => Some(Answer::Provisional),
            200..700 => Some(Answer::Final(code)),
            _ => None,
        }
    }

    fn is_answered_by(&self, response: &rsip::Response) -> bool {
        let is_ours = response.call_id_header().is_ok_and(|id| id.value() == self.call_id);
        let of_options = response
            .cseq_header()
            .ok()
            .and_then(|cseq| cseq.typed().ok())
            .is_some_and(|cseq| cseq.method == rsip::Method::Options);
        is_ours && of_options
    }

    /// The status of an answer whose headers could not be read. A request that comes from there is none.
    fn code_of_unreadable(&self, datagram: &[u8]) -> Option<u16> {
        let code = datagram.strip_prefix(STATUS_LINE)?.get(..3)?;
        let repeats_ours = datagram.windows(self.call_id.len()).any(|text| text == self.call_id.as_bytes());
        std::str::from_utf8(code).ok().filter(|_| repeats_ours)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0192f0c1a2b3c4d5e6f708192a3b4c5d";

    fn question() -> Question {
        Question::new(Uuid::try_parse(ID).unwrap())
    }

    fn answer(first_line: &str, headers: &str) -> Vec<u8> {
        format!("{first_line}\r\n{headers}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    }

    #[test]
    fn a_request_says_what_rfc_3261_asks_for() {
        let text = question().text("sip.example.net", 5060, "192.0.2.7:40123".parse().unwrap());
        let text = String::from_utf8(text).unwrap();
        let expected = [
            "OPTIONS sip:sip.example.net:5060 SIP/2.0",
            &format!("Via: SIP/2.0/UDP 192.0.2.7:40123;rport;branch=z9hG4bK{ID}"),
            "Max-Forwards: 70",
            &format!("From: <sip:cadran@192.0.2.7:40123>;tag={ID}"),
            "To: <sip:sip.example.net:5060>",
            &format!("Call-ID: {ID}"),
            "CSeq: 1 OPTIONS",
            "Contact: <sip:cadran@192.0.2.7:40123>",
            "Accept: application/sdp",
            "User-Agent: Cadran",
            "Content-Length: 0",
            "",
            "",
        ];
        assert_eq!(text.split("\r\n").collect::<Vec<_>>(), expected);
    }

    #[test]
    fn answers_are_told_from_everything_else() {
        let ours = format!("Via: SIP/2.0/UDP 192.0.2.7:40123\r\nCall-ID: {ID}\r\nCSeq: 1 OPTIONS");
        let compact = format!("v: SIP/2.0/UDP 192.0.2.7:40123\r\ni: {ID}\r\nCSeq: 1 OPTIONS");
        let cases = [
            (answer("SIP/2.0 200 OK", &ours), Some(Answer::Final(200))),
            (answer("SIP/2.0 503 Service Unavailable", &ours), Some(Answer::Final(503))),
            (answer("SIP/2.0 100 Trying", &ours), Some(Answer::Provisional)),
            (answer("SIP/2.0 404 Not Found", &compact), Some(Answer::Final(404))),
            (answer("SIP/2.0 200 OK", &ours.replace(ID, "another")), None),
            (answer("SIP/2.0 200 OK", &ours.replace("OPTIONS", "INVITE")), None),
            (answer("SIP/2.0 999 What", &ours), None),
            (answer("OPTIONS sip:us SIP/2.0", &ours), None),
            (b"\r\n\r\n".to_vec(), None),
            (Vec::new(), None),
        ];
        for (datagram, expected) in cases {
            let text = String::from_utf8_lossy(&datagram).into_owned();
            assert_eq!(question().answer(&datagram), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(datagram in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = question().answer(&datagram);
        }

        #[test]
        fn no_mangled_answer_makes_it_panic(
            cut in 0_usize..200, at in 0_usize..200, put in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let headers = format!("Via: SIP/2.0/UDP [::1]:5060;branch=x\r\nCall-ID: {ID}\r\nCSeq: 1 OPTIONS");
            let mut datagram = answer("SIP/2.0 200 OK", &headers);
            datagram.truncate(cut.max(1));
            let at = at.min(datagram.len());
            datagram.splice(at..at, put);
            let _ = question().answer(&datagram);
        }
    }
}

//! Does a secret stand in the document, where everybody reads it who may read the flow?

use super::pointer;
use crate::flow::body::Body;
use crate::flow::document::Flow;
use crate::flow::finding::{Code, Finding, Patch, escape};
use crate::flow::node::Kind;
use crate::flow::nodes::Http;

/// Names of headers, parameters and fields that carry secrets, in small letters and without dashes.
const SECRET_NAMES: [&str; 10] = [
    "accesskey",
    "apikey",
    "authorization",
    "cookie",
    "passwd",
    "password",
    "pwd",
    "secret",
    "signature",
    "token",
];

pub(super) fn check(flow: &Flow) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, node) in &flow.nodes {
        if let Kind::Http(http) = &node.kind {
            in_request(&pointer(id), http, &mut findings);
        }
    }
    findings
}

fn in_request(node: &str, http: &Http, findings: &mut Vec<Finding>) {
    if let Some(name) = secret_in_url(http.url.source()) {
        findings.push(Finding::new(Code::PlainSecret, format!("{node}/url")).with("name", name));
    }
    for (name, value) in &http.headers {
        if is_secret(name, value.source()) {
            let place = format!("{node}/headers/{}", escape(name));
            let finding = Finding::new(Code::PlainSecret, &place).with("name", name);
            findings.push(finding.mended_by(Patch::Remove { path: place }));
        }
    }
    in_body(&format!("{node}/body"), &http.body, findings);
}

/// The part of an address that carries a secret: `user:password@`, or a parameter.
fn secret_in_url(url: &str) -> Option<&str> {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let user_info = authority.rsplit_once('@').map(|(user_info, _)| user_info);
    if let Some((user, password)) = user_info.and_then(|user_info| user_info.split_once(':'))
        && !password.is_empty()
        && !is_filled_in(password)
    {
        return Some(user);
    }
    let (_, query) = after_scheme.split_once('?')?;
    let mut parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    parameters.find(|(name, value)| is_secret(name, value)).map(|(name, _)| name)
}

fn in_body(place: &str, body: &Body, findings: &mut Vec<Finding>) {
    match body {
        Body::Plain(_) | Body::Text(_) => {}
        Body::List(items) => {
            for (number, item) in items.iter().enumerate() {
                in_body(&format!("{place}/{number}"), item, findings);
            }
        }
        Body::Fields(fields) => {
            for (name, field) in fields {
                let place = format!("{place}/{}", escape(name));
                match field {
                    Body::Text(value) if is_secret(name, value.source()) => {
                        findings.push(Finding::new(Code::PlainSecret, place).with("name", name));
                    }
                    field => in_body(&place, field, findings),
                }
            }
        }
    }
}

/// Whether a name says that its value is a secret, and the value stands there.
fn is_secret(name: &str, value: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    !value.trim().is_empty()
        && !is_filled_in(value)
        && SECRET_NAMES.iter().any(|secret| plain.ends_with(secret))
}

/// Whether the value comes from a variable, with at most a word such as `Bearer` before it.
fn is_filled_in(value: &str) -> bool {
    value.contains("{{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        assert_eq!(secret_in_url("https://me:x@crm.example/a"), Some("me"));
        assert_eq!(secret_in_url("https://crm.example/a?x=1&api_key=abc"), Some("api_key"));
        for url in [
            "https://crm.example/a@b:c",
            "https://crm.example/?token={{t}}",
            "https://me@crm.example/",
            "/a?token=",
            "",
        ] {
            assert_eq!(secret_in_url(url), None, "{url}");
        }
        assert!(is_secret("X-Api-Key", "abc") && is_secret("Proxy-Authorization", "Basic eA=="));
        assert!(!is_secret("Accept", "abc") && !is_secret("Token-Count", "3"));
    }
}

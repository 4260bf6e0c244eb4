//! What a script learns from the request.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use agi::{Limits, Request, RequestError};
use support::{HEADER, conversation};

fn parse(header: &str) -> Result<Request, RequestError> {
    Request::parse(header.as_bytes(), &Limits::default())
}

#[tokio::test]
async fn every_variable_of_asterisk_reaches_the_script() {
    let (request, ..) = conversation().await;
    assert!(request.network());
    assert_eq!(request.network_script(), Some("flow/42?x=1"));
    assert_eq!(request.url(), "agi://127.0.0.1:4573/flow/42?x=1");
    assert_eq!(request.channel(), "PJSIP/alice-00000001");
    assert_eq!(request.language(), "en");
    assert_eq!(request.channel_type(), "PJSIP");
    assert_eq!(request.unique_id(), "1700000000.1");
    assert_eq!(request.version(), "22.10.1");
    assert_eq!(request.caller_id(), Some("+33199000001"));
    assert_eq!(request.caller_id_name(), None, "unknown");
    assert_eq!(request.calling_presentation(), Some(0));
    assert_eq!(request.calling_ani2(), Some(0));
    assert_eq!(request.calling_type_of_number(), Some(0));
    assert_eq!(request.calling_transit_network(), Some(0));
    assert_eq!(request.dialled_number(), Some("+33199000002"));
    assert_eq!(request.redirecting_number(), None, "unknown");
    assert_eq!(request.context(), "from-trunk");
    assert_eq!(request.extension(), "100");
    assert_eq!(request.priority(), Some(3));
    assert!(!request.enhanced());
    assert_eq!(request.account_code(), None, "empty");
    assert_eq!(request.thread_id(), Some(140_000_000_000_000));
    assert_eq!(request.arguments().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!((request.argument(0), request.argument(2), request.argument(3)), (None, Some("two"), None));
    assert_eq!(request.extra().len(), 0);
    assert_eq!(request.script().segments().collect::<Vec<_>>(), ["flow", "42"]);
    assert_eq!(request.script().value("x").as_deref(), Some("1"));
}

#[test]
fn variables_of_later_versions_are_kept() {
    let request = parse("agi_request: agi://h/s\nagi_colour: dark blue\nagi_empty:\n\n").unwrap();
    assert_eq!(request.extra().collect::<Vec<_>>(), [("colour", "dark blue"), ("empty", "")]);
    assert_eq!(request.script().path(), "s", "from the URL, as there is no agi_network_script");
}

#[test]
fn bytes_that_are_not_utf8_cost_no_call() {
    let header = b"agi_calleridname: Ren\xe9\nagi_request: agi://h/s\nagi_extension: 7\n\n";
    let request = Request::parse(header, &Limits::default()).unwrap();
    assert_eq!(request.caller_id_name(), Some("Ren\u{fffd}"));
    assert_eq!(request.extension(), "7");
}

#[test]
fn the_debug_form_holds_no_personal_data() {
    let shown = format!("{:?}", parse(HEADER).unwrap());
    assert!(shown.contains("alice") && !shown.contains("+33"), "{shown}");
}

#[test]
fn malformed_headers_are_refused_with_their_line() {
    let cases = [
        ("\n", RequestError::NoRequest),
        ("agi_channel: x\n\n", RequestError::NoRequest),
        ("agi_request: x\n", RequestError::Incomplete),
        ("", RequestError::Incomplete),
        ("agi_request: x\nagi_channel\n\n", RequestError::NotAVariable { line: 2 }),
        ("agi_request: x\nchannel: x\n\n", RequestError::NotAVariable { line: 2 }),
        ("agi_request: x\nagi_priority: one\n\n", RequestError::NotANumber { line: 2 }),
        ("agi_request: x\nagi_threadid: \n\n", RequestError::NotANumber { line: 2 }),
        ("agi_request: x\nagi_arg_2: x\n\n", RequestError::ArgumentOutOfOrder { line: 2 }),
        ("agi_request: x\nagi_arg_one: x\n\n", RequestError::ArgumentOutOfOrder { line: 2 }),
        ("agi_request: x\nagi_request: y\n\n", RequestError::Repeated { line: 2 }),
        ("agi_request: x\nagi_z: 1\nagi_z: 2\n\n", RequestError::Repeated { line: 3 }),
    ];
    for (header, refusal) in cases {
        assert_eq!(parse(header), Err(refusal), "{header:?}");
    }
}

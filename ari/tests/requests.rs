//! How requests are encoded.

use ari::{ConfigTuple, EventFilter, Request, applications, asterisk, bridges, channels, endpoints};
use serde_json::json;

#[test]
fn paths_are_filled_in_and_encoded() {
    let request = asterisk::DeleteObject::new("res_pjsip", "endpoint", "a/../b?c#d%é").encode();
    assert_eq!(request.path, "/asterisk/config/dynamic/res_pjsip/endpoint/a%2F..%2Fb%3Fc%23d%25%C3%A9");
}

#[test]
fn absent_values_are_left_out_and_lists_have_commas() {
    let request = bridges::AddChannel {
        bridge_id: "room".to_owned(),
        channel: vec!["one".to_owned(), "two".to_owned()],
        mute: Some(false),
        ..Default::default()
    };
    let expected = [("channel", "one,two"), ("mute", "false")];
    let query = request.encode().query;
    let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(query, expected);
    assert_eq!(request.encode().body, None);
}

#[test]
fn bodies_have_the_form_that_each_operation_wants() {
    let filter = applications::Filter::new("app", EventFilter::except(["ChannelVarset", "RESTResponse"]));
    let expected = json!({ "allowed": [], "disallowed": [{ "type": "ChannelVarset" }] });
    assert_eq!(filter.encode().body, Some(expected), "a whole body, in which replies cannot be held back");

    let fields = vec![ConfigTuple::new("context", "inbound")];
    let object = asterisk::UpdateObject::new("res_pjsip", "endpoint", "alice", fields);
    let expected = json!({ "fields": [{ "attribute": "context", "value": "inbound" }] });
    assert_eq!(object.encode().body, Some(expected));

    let reported = ari::NewVariable { value: "1".to_owned(), report_events: true };
    let variables = [("A".to_owned(), "plain".into()), ("B".to_owned(), reported)].into();
    let variables = channels::SetVariables { channel_id: "one".to_owned(), variables };
    let expected = json!({ "variables": { "A": "plain", "B": { "value": "1", "report_events": true } } });
    assert_eq!(variables.encode().body, Some(expected));
}

#[test]
fn secrets_stay_out_of_debug() {
    let fields = vec![ConfigTuple::new("username", "alice"), ConfigTuple::new("password", "hush")];
    let request = asterisk::UpdateObject::new("res_pjsip", "auth", "alice", fields);
    for shown in [format!("{request:?}"), format!("{:?}", request.encode())] {
        assert!(!shown.contains("hush"), "{shown}");
    }
}

#[test]
fn path_parameters_and_query_parameters_of_one_name_do_not_mix() {
    let request = endpoints::SendMessageToEndpoint::new("PJSIP", "alice", "pjsip:bob").encode();
    assert_eq!(request.path, "/endpoints/PJSIP/alice/sendMessage");
    assert_eq!(request.query, [("from", "pjsip:bob".to_owned())]);
}

#[test]
fn what_would_make_the_first_line_too_long_travels_in_the_body() {
    let request = |value: String| {
        let set = channels::SetVariable::new("1.2".to_owned(), "NOTE".to_owned());
        channels::SetVariable { value: Some(value), ..set }.encode()
    };
    let short = request("a".repeat(900));
    assert_eq!((short.query.len(), short.body), (2, None));
    let long = "\"".repeat(3_000);
    let encoded = request(long.clone());
    assert_eq!(encoded.query, []);
    assert_eq!(encoded.body, Some(serde_json::json!({ "variable": "NOTE", "value": long })));
}

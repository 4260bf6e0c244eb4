//! A dialplan that asks, over a real socket, without an Asterisk.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cadran_engine::flow::driver::Driver;
use cadran_engine::model::{Canary, DidId, FlowId, Track};
use serde_json::json;
use sha1::Digest;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::store::{Database, FlowRevision, Pointer};

fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_100_000)
}

struct Dialplan {
    address: SocketAddr,
    store: Store,
    desks: Desks,
    first: Tenant,
    _directory: TempDir,
}

impl Dialplan {
    async fn new(key: Option<&str>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(None, directory.path()).await.unwrap();
        database.migrate().await.unwrap();
        let store = database.first().await.unwrap();
        let (inbox, _items) = Inbox::new();
        let first = database.tenant(TenantId::FIRST).await.unwrap().unwrap().value;
        let desk = Desk {
            names: Names::default(),
            store: store.clone(),
            inbox,
            speech: None,
            requests: FlowRequests::new(BTreeMap::new(), BTreeSet::new()).unwrap(),
            messages_dir: directory.path().join("messages"),
            clock: now,
        };
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            peers: vec!["127.0.0.1".parse().unwrap()],
            key: key.map(Into::into),
            connections_max: 10,
        };
        let desks = Desks::default();
        desks.open(&first, desk);
        let server = FastAgi::bind(config, desks.clone(), now).await.unwrap();
        let address = server.local_addr().unwrap();
        tokio::spawn(server.serve(CancellationToken::new()));
        Self { address, store, desks, first, _directory: directory }
    }

    /// Asks one thing, and answers every command with what `replies` says of it, or with success. Gives the commands.
    async fn ask(&self, script: &str, argument: &str, replies: &[(&str, &str)]) -> Vec<String> {
        let header = format!(
            "agi_network: yes\nagi_network_script: {script}\nagi_request: agi://127.0.0.1/{script}\n\
             agi_channel: PJSIP/trunk-1\nagi_uniqueid: 1700000000.42\nagi_callerid: +33199001234\n\
             agi_dnid: +33199005678\nagi_context: from-trunk\nagi_extension: +33199005678\nagi_arg_1: {argument}\n\n"
        );
        self.talk(&header, replies).await
    }

    async fn talk(&self, header: &str, replies: &[(&str, &str)]) -> Vec<String> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(header.as_bytes()).await.unwrap();
        let (mut commands, mut buffer) = (Vec::new(), [0; 9_000]);
        loop {
            let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut buffer))
                .await
                .expect("an end");
            let count = read.unwrap_or(0);
            if count == 0 {
                return commands;
            }
            let command = String::from_utf8_lossy(&buffer[..count]).trim_end().to_owned();
            let reply = replies.iter().find(|(start, _)| command.starts_with(start)).map(|(_, reply)| *reply);
            let usual =
                if command.starts_with("STREAM FILE") { "200 result=0 endpos=8000" } else { "200 result=1" };
            commands.push(command);
            if stream.write_all(format!("{}\n", reply.unwrap_or(usual)).as_bytes()).await.is_err() {
                return commands;
            }
        }
    }

    /// A number with a flow of these nodes, published once as it is and once more as the canary.
    async fn number(&self, nodes: serde_json::Value, canary: Option<u8>) -> FlowId {
        let document = |id: FlowId| {
            json!({ "v": 1, "id": id, "kind": "ivr", "name": "Accueil", "locales": ["fr-FR"], "start": "n_start",
                "nodes": nodes })
            .to_string()
        };
        let flow = self.store.create_flow(("Accueil", "ivr"), document, now()).await.unwrap().value;
        let revision = FlowRevision {
            flow: flow.id,
            revision: 0,
            document: flow.draft,
            hash: String::new(),
            author: String::new(),
            message: String::new(),
            report: json!([]),
            tests: json!([]),
            published_at: now(),
        };
        self.store.publish(&revision, 1, Pointer::Live).await.unwrap();
        self.store.publish(&revision, 1, Pointer::Test).await.unwrap();
        let did = cadran_engine::model::Did {
            id: DidId::from_i64(0),
            number: "+33199005678".parse().unwrap(),
            also_written: Vec::new(),
            flow: flow.id,
            track: Track::Live,
            canary: canary.map(|share| Canary { revision: 2, share }),
            locale: Some("fr-FR".to_owned()),
            fallback: None,
            recording: None,
            via: Driver::FastAgi,
        };
        self.store.create_setting(&did, now()).await.unwrap();
        flow.id
    }
}

fn set(name: &str, value: &str) -> String {
    let value = if value.is_empty() { "\"\"".to_owned() } else { value.to_owned() };
    format!("SET VARIABLE CADRAN_{name} {value}")
}

#[tokio::test]
async fn a_dialplan_without_the_nonce_gets_nothing() {
    let dialplan = Dialplan::new(Some("a key")).await;
    assert_eq!(dialplan.ask("route", "", &[]).await, ["failure"]);
    assert_eq!(dialplan.ask("route", "0000", &[]).await, ["failure"]);
    let nonce: String =
        sha1::Sha1::digest("1700000000.42:a key").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(dialplan.ask("route", &nonce, &[]).await, [set("ROUTE", "unknown")]);
}

#[tokio::test]
async fn a_number_is_routed_and_a_canary_gets_its_share() {
    let dialplan = Dialplan::new(None).await;
    let flow = dialplan.number(json!({ "n_start": { "kind": "hangup" } }), Some(100)).await;
    let routed = dialplan.ask("route", "", &[]).await;
    assert_eq!(routed[..3], [set("ROUTE", "flow"), set("FLOW", &flow.to_string()), set("REVISION", "2")]);
    assert_eq!(dialplan.ask("route?did=%2B33199005678", "", &[]).await[0], set("ROUTE", "flow"));
    assert_eq!(dialplan.ask("route?did=33199005678", "", &[]).await[0], set("ROUTE", "flow"));
    assert_eq!(dialplan.ask("route?did=0199005678", "", &[]).await[0], set("ROUTE", "unknown"));
    let shares = (0..1_000).filter(|call| questions::draw(&format!("1700000000.{call}")) % 100 < 10).count();
    assert!((70..130).contains(&shares), "a tenth of a thousand calls: {shares}");
}

#[tokio::test]
async fn a_flow_runs_to_its_end_and_the_dialplan_hears_how() {
    let dialplan = Dialplan::new(None).await;
    let nodes = json!({
        "n_start": { "kind": "answer", "next": { "next": "n_menu" } },
        "n_menu": { "kind": "menu", "prompt": [{ "media": "med_9" }], "keys": ["1"],
            "next": { "1": "n_say", "no_input": "n_end", "no_match": "n_end" } },
        "n_say": { "kind": "play", "next": { "next": "n_tag" },
            "prompt": [{ "say": "digits", "expr": "caller" }, { "say": "number", "expr": "25.0 / 2.0" }] },
        "n_tag": { "kind": "tag", "outcome": "asked", "labels": ["a", "b"], "next": { "next": "n_end" } },
        "n_end": { "kind": "hangup", "cause": "busy" },
    });
    let flow = dialplan.number(nodes, None).await;
    let script = format!("flow/{flow}");
    let key = [
        ("WAIT FOR DIGIT", "200 result=49"),
        ("SAY DIGITS", "200 result=0"),
        ("SAY NUMBER", "200 result=0"),
        ("EXEC Hangup", "200 result=-1"),
    ];
    let commands = dialplan.ask(&script, "", &key).await;
    let expected = [
        &*set("FLOW", &flow.to_string()),
        &*set("REVISION", "1"),
        "ANSWER",
        // The sound is missing: the caller hears the fallback, never silence.
        "STREAM FILE an-error-has-occurred 0123456789*# 0",
        "WAIT FOR DIGIT 5000",
        "SET VARIABLE CHANNEL(language) fr",
        "SAY DIGITS 33199001234 \"\"",
        // As over ARI: whole numbers only.
        "SAY NUMBER 12 \"\"",
        &*set("OUTCOME", "asked"),
        &*set("LABELS", "a,b"),
        &*set("FLOW_END", "hangup"),
        &*set("FLOW_NODE", "n_end"),
        &*set("FLOW_PATH", "n_start:next,n_menu:1,n_say:next,n_tag:next"),
        "EXEC Hangup 17",
    ];
    assert_eq!(commands, expected);

    let silent = [("WAIT FOR DIGIT", "200 result=0"), ("EXEC Hangup", "200 result=-1")];
    let commands = dialplan.ask(&script, "", &silent).await;
    assert_eq!(commands.iter().filter(|command| command.starts_with("WAIT")).count(), 3, "{commands:?}");
    let gone = [("WAIT FOR DIGIT", "HANGUP\n200 result=-1")];
    let commands = dialplan.ask(&script, "", &gone).await;
    assert!(commands.contains(&set("FLOW_END", "left")), "{commands:?}");
    assert_eq!(dialplan.ask("flow/flw_9", "", &[]).await, ["failure"]);
    assert_eq!(dialplan.ask("flow/../etc", "", &[]).await, ["failure"]);
    assert_eq!(dialplan.ask("nonsense", "", &[]).await, ["failure"]);
}

#[tokio::test]
async fn peers_that_speak_badly_lose_their_own_connection_only() {
    let dialplan = Dialplan::new(None).await;
    let long = format!("agi_request: agi://h/route\nagi_arg_1: {}\n\n", "x".repeat(9_000));
    for header in ["agi_request: agi://h/ro", "GET / HTTP/1.1\r\n\r\n", "agi_request: \0\n\n", &long] {
        let mut stream = TcpStream::connect(dialplan.address).await.unwrap();
        let _ = stream.write_all(header.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok() && rest.is_empty(), "{header:?}");
        assert_eq!(dialplan.ask("route", "", &[]).await, [set("ROUTE", "unknown")]);
    }
    let eight = "x".repeat(8_000);
    let found = dialplan.ask(&format!("customer?number={eight}"), "", &[]).await;
    assert_eq!(found, [set("CUSTOMERS", "0")]);
    assert_eq!(dialplan.ask("may-dial?number=nonsense", "", &[]).await, ["failure"]);
    let told = dialplan.ask("may-dial?number=%2B33199001234", "", &[]).await;
    assert_eq!(told, [set("MAY_DIAL", "0"), set("REASON", "NO_LEAD")]);
}

#[tokio::test]
async fn a_script_says_whose_it_is_and_finds_nobody_elses() {
    let dialplan = Dialplan::new(None).await;
    let route = |script: &'static str| dialplan.ask(script, "", &[]);
    assert!(!route("route").await.is_empty());
    assert_eq!(route("t/main/route").await, route("route").await);
    for nobodys in ["t/acme/route", "t/", "t"] {
        assert_eq!(route(nobodys).await, ["failure"], "{nobodys}");
    }
    dialplan.desks.close(dialplan.first.id);
    assert_eq!(route("route").await, ["failure"]);
}

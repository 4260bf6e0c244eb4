//! What an attacker would try, one line each: `make security` runs these by name. The numbers are those of
//! `docs/security.md`, which says where the others are.

use cadran::store::{NameOrder, Page};
use cadran_engine::model::{Role, UserId};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::recordings::record;
use super::routes::{address, table};
use super::world::{PASSWORD, World};

/// Texts that mean something to a database, a dialplan, a shell, a path, a browser or a log.
const ODD: [&str; 14] = [
    "' or '1'='1",
    "1; drop table lead; --",
    "\" or \"\"=\"",
    "1&PJSIP/trunk/+88199000001",
    "${SHELL(id)}",
    "$[1+1]",
    "a\r\nP-Asserted-Identity: <sip:1@x>",
    "../../etc/passwd",
    "%2e%2e%2fetc%2fpasswd",
    "<script>alert(1)</script>",
    "\u{1b}[31mred\u{1b}[0m",
    "=cmd|' /C calc'!A0",
    "\u{0}",
    "é😀\u{202e}",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn s03_fields_that_are_not_ones_own_to_set_are_refused() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    for (path, mut body) in [
        ("/api/users", json!({ "login": "eve", "password": PASSWORD, "role": "viewer" })),
        ("/api/sellers", json!({ "name": "x" })),
        ("/api/teams", json!({ "name": "x" })),
        ("/api/roles", json!({ "name": "x", "rights": [] })),
        ("/api/keys", json!({ "name": "x", "rights": [] })),
    ] {
        for field in ["id", "rev", "tenant_id", "password_hash", "must_change_password", "user", "token"] {
            body[field] = json!(1);
            let reply = world.call("POST", path).token(&admin).json(&body).send().await;
            assert_eq!(reply.problem(), (422, "bad_body".to_owned()), "{path} {field}");
            body.as_object_mut().unwrap().remove(field);
        }
    }
}

#[tokio::test]
async fn s04_a_token_of_another_kind_opens_nothing() {
    let world = World::new().await;
    let token = world.signed_in(Role::Admin).await;
    let shorter = &token[..token.len() - 1];
    let upper = token.to_uppercase();
    let jwt = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJyb2xlIjoiYWRtaW4ifQ.";
    for odd in [jwt, shorter, &upper, "null", "undefined", "cadran_", "' or 1=1 --"] {
        let reply = world.call("GET", "/api/me").token(odd).send().await;
        assert_eq!(reply.problem(), (401, "not_signed_in".to_owned()), "{odd}");
    }
    world.call("DELETE", "/api/session").token(&token).send().await.expect(204);
    assert_eq!(world.call("GET", "/api/me").token(&token).send().await.problem().0, 401, "after signing out");
}

#[tokio::test]
async fn s05_a_session_is_never_one_that_the_client_brought() {
    let world = World::new().await;
    world.add_user("marie", Role::Admin, None).await;
    let fixed = "0".repeat(64);
    let credentials = json!({ "login": "marie", "password": PASSWORD });
    let cookie = format!("__Host-cadran={fixed}");
    let sign_in = || world.call("POST", "/api/session").header("cookie", &cookie).json(&credentials).send();
    let (one, other) = (sign_in().await.expect(201), sign_in().await.expect(201));
    assert_ne!(one.json()["token"], other.json()["token"]);
    for reply in [&one, &other] {
        let set = reply.header("set-cookie");
        assert!(!set.contains(&fixed));
        for attribute in ["__Host-", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
            assert!(set.contains(attribute), "{set}");
        }
    }
    assert_eq!(world.call("GET", "/api/me").header("cookie", &cookie).send().await.problem().0, 401);
}

#[tokio::test]
async fn s06_a_page_of_another_site_changes_nothing_with_a_cookie() {
    let world = World::new().await;
    let token = world.signed_in(Role::Admin).await;
    let cookie = format!("__Host-cadran={token}");
    for route in table().into_iter().filter(|route| route.method != "GET") {
        let path = address(route.path, "agt_1", &format!("cal_{}", Uuid::nil().simple()));
        for (header, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let call = world.call(route.method, &path).header("cookie", &cookie).header(header, value);
            let reply = call.json(&json!({})).send().await;
            assert_eq!(reply.problem(), (403, "cross_site".to_owned()), "{} {path}", route.method);
        }
    }
    world.call("GET", "/api/me").token(&token).send().await.expect(200);
}

#[tokio::test]
async fn s08_passwords_cannot_be_tried_at_will_even_all_at_once() {
    let world = World::new().await;
    world.add_user("marie", Role::Admin, None).await;
    let tries = (0..30).map(|number| {
        let credentials = json!({ "login": "marie", "password": format!("not the password {number}") });
        let world = &world;
        async move { world.call("POST", "/api/session").json(&credentials).send().await.status.as_u16() }
    });
    let statuses = join_all(tries).await;
    let looked_at = statuses.iter().filter(|status| **status == 401).count();
    assert!(looked_at <= 5, "{looked_at} passwords were looked at");
    assert!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn s09_a_fresh_installation_has_no_account_at_all() {
    let world = World::new().await;
    assert!(world.store.users(NameOrder::Added, Page::first()).await.unwrap().is_empty());
    for (login, password) in
        [("admin", "admin"), ("admin", ""), ("cadran", "cadran"), ("", ""), ("6666", "1234")]
    {
        let credentials = json!({ "login": login, "password": password });
        let reply = world.call("POST", "/api/session").json(&credentials).send().await;
        assert_eq!(reply.problem().0, 401, "{login}");
    }
}

#[tokio::test]
async fn s10_passwords_are_kept_as_argon2id_and_never_shown() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let user = world.store.user(UserId::from_i64(1)).await.unwrap().unwrap().value;
    let hash = secrecy::ExposeSecret::expose_secret(&user.password_hash);
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    let users = world.call("GET", "/api/users").token(&admin).send().await.expect(200).text();
    assert!(!users.contains("argon2") && !users.contains("hash"), "{users}");
}

#[tokio::test]
async fn s11_no_text_is_taken_for_a_statement() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let document: Value = serde_json::to_value(cadran::http::document()).unwrap();
    let mut asked = 0;
    for route in table().into_iter().filter(|route| route.method == "GET" && route.who != ["everybody"]) {
        let path = address(route.path, "agt_1", &format!("cal_{}", Uuid::nil().simple()));
        let parameters = document["paths"][route.path]["get"]["parameters"].as_array().cloned();
        for parameter in parameters.unwrap_or_default() {
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            for odd in ODD {
                let path = format!("{path}?{name}={}", encoded(odd));
                let reply = world.call("GET", &path).token(&admin).send().await;
                assert!(reply.status.as_u16() < 500, "{path}: {}", reply.text());
                asked += 1;
            }
        }
    }
    for odd in ODD {
        let credentials = json!({ "login": odd, "password": odd });
        let reply = world.call("POST", "/api/session").json(&credentials).send().await;
        assert!([401, 429].contains(&reply.status.as_u16()), "{odd:?}: {}", reply.text());
    }
    world.call("GET", "/api/leads").token(&admin).send().await.expect(200);
    assert!(asked > 500, "only {asked} questions were asked");
}

#[tokio::test]
async fn s12_nothing_but_digits_becomes_a_number_to_dial() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    for odd in
        ODD.iter().chain(&["1&PJSIP/x", "0199000001;x", "0199000001|x", "0199000001,x", "+33199000001@x"])
    {
        let entry = json!({ "phone": odd, "reason": "test" });
        let reply = world.call("POST", "/api/do-not-call").token(&admin).json(&entry).send().await;
        // A number that is written in an odd way may still be one: then its digits are all that is left.
        if reply.status == 201 {
            let digits = reply.json()["phone"].as_str().unwrap()[1..].to_owned();
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{odd:?} became {digits}");
        } else {
            assert_eq!(reply.status, 422, "{odd:?}: {}", reply.text());
        }
        let trunk = json!({
            "name": "t", "host": "192.0.2.1", "caller_ids": [odd],
            "limit": { "calls_per_second": 1.0, "concurrent_calls": 1 },
        });
        let reply = world.call("POST", "/api/trunks").token(&admin).json(&trunk).send().await;
        assert_eq!(reply.status, 422, "{odd:?}: {}", reply.text());
    }
}

#[tokio::test]
async fn s13_no_field_of_a_trunk_or_an_agent_ends_a_line_of_asterisks_configuration() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    for odd in ODD {
        for field in ["host", "user", "codecs"] {
            let mut trunk = json!({
                "name": "t", "host": "192.0.2.1", "caller_ids": [],
                "limit": { "calls_per_second": 1.0, "concurrent_calls": 1 },
            });
            trunk[field] = if field == "codecs" { json!([odd]) } else { json!(odd) };
            let reply = world.call("POST", "/api/trunks").token(&admin).json(&trunk).send().await;
            assert_eq!(reply.status, 422, "{field} {odd:?}: {}", reply.text());
        }
        let agent = json!({ "name": "a", "sip_account": odd, "phone_kind": "sip" });
        let reply = world.call("POST", "/api/agents").token(&admin).json(&agent).send().await;
        assert_eq!(reply.status, 422, "{odd:?}: {}", reply.text());
    }
}

#[tokio::test]
async fn s17_no_name_leads_to_a_file_outside() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    std::fs::write(world.directory.path().join("secret.wav"), b"not yours").unwrap();
    for path in ["../secret.wav", "/etc/passwd", "a/../../secret.wav", "..\\secret.wav"] {
        let id = record(&world, &admin, path).await;
        let reply = world.call("GET", &format!("/api/recordings/{id}/audio")).token(&admin).send().await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(!reply.text().contains("not yours"));
    }
    for odd in ODD.iter().filter(|odd| !odd.contains(['\r', '\0'])) {
        let path = format!("/api/recordings/{}/audio", encoded(odd));
        let reply = world.call("GET", &path).token(&admin).send().await;
        assert_eq!(reply.status, 404, "{odd:?}");
    }
}

#[tokio::test]
async fn s18_recordings_cannot_be_guessed_and_each_listening_is_written_down() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let id = record(&world, &admin, "a.wav").await.to_string();
    let next = id.replace('1', "2");
    for guess in [&next, "rec_1-1", "1", "../"] {
        let path = format!("/api/recordings/{}/audio", encoded(guess));
        world.call("GET", &path).token(&admin).send().await.expect(404);
    }
    let path = format!("/api/recordings/{id}/audio");
    let bare = world.call("GET", &path).send().await;
    assert_eq!(bare.problem().0, 401);
    let viewer = world.signed_in(Role::Viewer).await;
    world.call("GET", &path).token(&viewer).send().await.expect(403);
    let log = world.call("GET", "/api/audit").token(&admin).send().await.expect(200).json();
    let last = &log["rows"][0];
    assert_eq!((&last["target"], &last["status"]), (&json!(path), &json!(403)));
}

#[tokio::test]
async fn s23_no_name_forges_a_line_of_the_log_and_no_answer_has_a_password() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    for odd in ["a\nb", "a\r\nb", "\u{1b}[31m", "\u{0}"] {
        let reply =
            world.call("POST", "/api/sellers").token(&admin).json(&json!({ "name": odd })).send().await;
        assert_eq!(reply.json()["errors"][0]["rule"], "name", "{odd:?}");
    }
    let trunk = json!({
        "name": "t", "host": "192.0.2.1", "caller_ids": [], "user": "u", "password": "tr0ub4dor",
        "limit": { "calls_per_second": 1.0, "concurrent_calls": 1 },
    });
    let made = world.call("POST", "/api/trunks").token(&admin).json(&trunk).send().await.expect(201);
    let listed = world.call("GET", "/api/trunks").token(&admin).send().await.text();
    let meters = world.call("GET", "/metrics").send().await.text();
    assert!([made.text(), listed, meters].iter().all(|text| !text.contains("tr0ub4dor")));
}

#[tokio::test]
async fn s26_no_answer_error_or_meter_shows_a_secret_again() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let mut secrets = vec![PASSWORD.to_owned(), "tr0ub4dor-trunk".to_owned(), "tr0ub4dor-phone".to_owned()];
    for (path, body, shown_once) in [
        (
            "/api/trunks",
            json!({ "name": "t", "host": "192.0.2.1", "caller_ids": [], "user": "u", "password": secrets[1],
                "limit": { "calls_per_second": 1.0, "concurrent_calls": 1 } }),
            None,
        ),
        (
            "/api/agents",
            json!({ "name": "a", "sip_account": "a", "sip_password": secrets[2], "phone_kind": "sip" }),
            None,
        ),
        (
            "/api/webhooks",
            json!({ "name": "w", "url": "https://example.org/", "events": ["lead.settled"] }),
            Some("secret"),
        ),
        ("/api/keys", json!({ "name": "k", "rights": ["view"] }), Some("token")),
    ] {
        let made = world.call("POST", path).token(&admin).json(&body).send().await.expect(201);
        match shown_once {
            Some(secret) => secrets.push(made.json()[secret].as_str().unwrap().to_owned()),
            None => assert!(secrets.iter().all(|secret| !made.text().contains(secret)), "{path}"),
        }
    }
    let mut told = 0;
    // Whoever sets a telephone up is told its password: that address is for nothing else.
    for route in table().into_iter().filter(|route| route.method == "GET" && !route.path.ends_with("/phone"))
    {
        for path in [
            address(route.path, "agt_1", "cal_1").replace("_999", "_1").replace("/999", "/1"),
            address(route.path, "agt_x", "cal_x").replace("_999", "_x"),
        ] {
            let reply = world.call("GET", &path).token(&admin).send().await;
            told += usize::from(reply.status.is_success());
            let shown: Vec<&String> =
                secrets.iter().filter(|secret| reply.text().contains(*secret)).collect();
            assert!(shown.is_empty(), "{path} shows {shown:?}");
        }
    }
    assert!(told > 40, "only {told} addresses had something to tell");
}

#[tokio::test]
async fn s30_of_two_changes_at_once_one_wins() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let made = world.call("POST", "/api/sellers").token(&admin).json(&json!({ "name": "x" })).send().await;
    let path = made.header("location").to_owned();
    let changes = (0..20).map(|number| {
        let body = json!({ "name": format!("x{number}") });
        let (world, admin, path) = (&world, &admin, &path);
        async move {
            world
                .call("PUT", path)
                .token(admin)
                .header("if-match", "1")
                .json(&body)
                .send()
                .await
                .status
                .as_u16()
        }
    });
    let statuses = join_all(changes).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 412].contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn s32_what_is_too_large_or_too_deep_is_refused() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let large = json!({ "name": "x".repeat(300_000) });
    let reply = world.call("POST", "/api/sellers").token(&admin).json(&large).send().await;
    assert_eq!(reply.problem(), (413, "body_too_large".to_owned()));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let call = world.call("POST", "/api/sellers").token(&admin).bytes(deep);
    let reply = call.header("content-type", "application/json").send().await;
    assert!(reply.status.is_client_error(), "{}", reply.text());
    let page = world.call("GET", "/api/leads?limit=65535").token(&admin).send().await.expect(200).json();
    assert!(page["rows"].is_array());
    let reply = world.call("GET", "/api/leads?limit=99999999").token(&admin).send().await;
    assert_eq!(reply.problem(), (400, "bad_query".to_owned()));
}

#[tokio::test]
async fn s33_nothing_is_served_that_the_document_does_not_name() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    for path in [
        "/api/v1/users",
        "/debug/pprof",
        "/api/debug",
        "/actuator",
        "/.env",
        "/.git/config",
        "/server-status",
    ] {
        let reply = world.call("GET", path).token(&admin).send().await;
        assert_eq!(reply.problem(), (404, "no_route".to_owned()), "{path}");
    }
    for method in ["TRACE", "CONNECT", "PATCH", "OPTIONS"] {
        let reply = world.call(method, "/api/campaigns").token(&admin).send().await;
        assert!(reply.status.is_client_error(), "{method}: {}", reply.status);
    }
}

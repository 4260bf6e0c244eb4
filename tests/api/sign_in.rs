//! Who gets in, who stays in, and who does not.

use cadran_engine::model::Role;
use serde_json::json;

use super::world::{PASSWORD, World};

#[tokio::test]
async fn a_browser_signs_in_with_a_cookie_that_no_script_and_no_other_site_can_use() {
    let world = World::new().await;
    world.add_user("marie", Role::Admin, None).await;
    let credentials = json!({ "login": " Marie ", "password": PASSWORD });
    let reply = world.call("POST", "/api/session").json(&credentials).send().await.expect(201);
    let cookie = reply.header("set-cookie").to_owned();
    for attribute in ["__Host-cadran=", "Path=/", "HttpOnly", "Secure", "SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    let me = world.call("GET", "/api/me").header("cookie", cookie).send().await.expect(200).json();
    assert_eq!((&me["login"], &me["role"]), (&"marie".into(), &"admin".into()));

    let leave = || world.call("DELETE", "/api/session").header("cookie", cookie);
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ];
    for (header, value) in foreign {
        let reply = leave().header(header, value).send().await;
        assert_eq!(reply.problem(), (403, "cross_site".to_owned()), "{header}: {value}");
    }
    leave().header("origin", "http://localhost").send().await.expect(204);
    let reply = world.call("GET", "/api/me").header("cookie", cookie).send().await;
    assert_eq!(reply.problem(), (401, "not_signed_in".to_owned()));
}

#[tokio::test]
async fn a_token_that_is_not_ours_opens_nothing() {
    let world = World::new().await;
    let long = "a".repeat(10_000);
    for header in ["Bearer", "Bearer ", "Bearer x", "Basic YTpi", "Bearer eyJhbGciOiJub25lIn0.e30.", &long] {
        let reply = world.call("GET", "/api/me").header("authorization", header).send().await;
        assert_eq!(reply.problem(), (401, "not_signed_in".to_owned()), "{header}");
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
    }
}

#[tokio::test]
async fn an_unknown_account_and_a_wrong_password_are_told_alike_and_lock() {
    let world = World::new().await;
    world.add_user("marie", Role::Admin, None).await;
    let tries = |login: &'static str, password: &'static str| {
        let credentials = json!({ "login": login, "password": password });
        world.call("POST", "/api/session").json(&credentials).send()
    };
    for login in ["marie", "nobody"] {
        for _ in 0..5 {
            assert_eq!(tries(login, "not the password").await.problem(), (401, "wrong_password".to_owned()));
        }
        let reply = tries(login, PASSWORD).await;
        assert_eq!(reply.problem(), (429, "locked_out".to_owned()));
        assert!((1..=31).contains(&reply.header("retry-after").parse::<u32>().unwrap()));
    }
}

#[tokio::test]
async fn a_password_that_somebody_gave_opens_only_its_own_change() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let new = json!({ "login": "jean", "password": PASSWORD, "role": "supervisor" });
    world.call("POST", "/api/users").token(&admin).json(&new).send().await.expect(201);

    let jean = world.sign_in("jean").await;
    let elsewhere = world.sign_in("jean").await;
    let reply = world.call("GET", "/api/live/snapshot").token(&jean).send().await;
    assert_eq!(reply.problem(), (403, "password_change_needed".to_owned()));
    assert_eq!(world.call("GET", "/api/me").token(&jean).send().await.json()["must_change_password"], true);

    let change = |old: &str, new: &str| {
        world.call("PUT", "/api/me/password").token(&jean).json(&json!({ "old": old, "new": new })).send()
    };
    assert_eq!(change("not the password", "another fine secret").await.problem().0, 401);
    assert_eq!(change(PASSWORD, PASSWORD).await.json()["errors"][0]["rule"], "password_same");
    assert_eq!(change(PASSWORD, "short").await.json()["errors"][0]["rule"], "password_length");
    assert_eq!(change(PASSWORD, "password1234").await.json()["errors"][0]["rule"], "password_common");
    change(PASSWORD, "another fine secret").await.expect(204);

    world.call("GET", "/api/live/snapshot").token(&jean).send().await.expect(200);
    let reply = world.call("GET", "/api/me").token(&elsewhere).send().await;
    assert_eq!(reply.problem(), (401, "not_signed_in".to_owned()));
}

#[tokio::test]
async fn a_change_of_role_ends_the_sign_ins_and_the_last_admin_stays() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let jean = world.add_user("jean", Role::Supervisor, None).await;
    let token = world.sign_in("jean").await;
    let path = format!("/api/users/{jean}");
    let body = json!({ "role": "supervisor", "enabled": false });
    world.call("PUT", &path).token(&admin).header("if-match", "\"1\"").json(&body).send().await.expect(200);
    assert_eq!(world.call("GET", "/api/me").token(&token).send().await.problem().0, 401);

    let own =
        world.call("GET", "/api/me").token(&admin).send().await.json()["user"].as_str().unwrap().to_owned();
    let body = json!({ "role": "supervisor", "enabled": true });
    let path = format!("/api/users/{own}");
    let reply = world.call("PUT", &path).token(&admin).header("if-match", "1").json(&body).send().await;
    assert_eq!(reply.json()["errors"][0]["rule"], "last_admin");
    let reply = world.call("DELETE", &path).token(&admin).header("if-match", "1").send().await;
    assert_eq!(reply.json()["errors"][0]["rule"], "last_admin");
}

//! An app that shows codes, asked for beside the password.

use std::time::Duration;

use cadran::totp;
use cadran_engine::model::Role;
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

use super::world::{PASSWORD, Reply, World, now};

const STEP: Duration = Duration::from_secs(30);

async fn sign_in(world: &World, login: &str, code: Option<&str>) -> Reply {
    let credentials = json!({ "login": login, "password": PASSWORD, "code": code });
    world.call("POST", "/api/session").json(&credentials).send().await
}

/// Sets a second factor up; gives its secret and the recovery codes.
async fn set_up(world: &World, token: &str) -> (Vec<u8>, Vec<Value>) {
    let proof = json!({ "password": PASSWORD });
    let path = "/api/me/second-factor";
    let offer = world.call("POST", path).token(token).json(&proof).send().await.expect(201).json();
    assert!(offer["address"].as_str().unwrap().starts_with("otpauth://totp/Cadran:"));
    let secret = BASE32_NOPAD.decode(offer["secret"].as_str().unwrap().as_bytes()).unwrap();
    let wrong = json!({ "code": "000000x" });
    let path = "/api/me/second-factor/confirm";
    let reply = world.call("POST", path).token(token).json(&wrong).send().await;
    assert_eq!(reply.problem(), (401, "wrong_code".to_owned()));
    let code = json!({ "code": totp::shown(&secret, now() - STEP) });
    let reply = world.call("POST", path).token(token).json(&code).send().await.expect(200).json();
    (secret, reply["recovery_codes"].as_array().unwrap().clone())
}

#[tokio::test]
async fn a_code_opens_once_and_a_recovery_code_too() {
    let world = World::new().await;
    let token = world.signed_in(Role::Admin).await;
    assert_eq!(world.call("GET", "/api/me").token(&token).send().await.json()["second_factor"], false);
    let (secret, recovery) = set_up(&world, &token).await;
    assert_eq!(world.call("GET", "/api/me").token(&token).send().await.json()["second_factor"], true);
    assert_eq!(recovery.len(), 10);

    assert_eq!(sign_in(&world, "admin", None).await.problem(), (401, "second_factor_needed".to_owned()));
    let present = totp::shown(&secret, now());
    sign_in(&world, "admin", Some(&present)).await.expect(201);
    assert_eq!(sign_in(&world, "admin", Some(&present)).await.problem(), (401, "wrong_code".to_owned()));
    sign_in(&world, "admin", Some(&totp::shown(&secret, now() + STEP))).await.expect(201);
    let code = recovery[3].as_str().unwrap();
    sign_in(&world, "admin", Some(&code.to_uppercase())).await.expect(201);
    assert_eq!(sign_in(&world, "admin", Some(code)).await.problem(), (401, "wrong_code".to_owned()));
}

#[tokio::test]
async fn codes_cannot_be_tried_at_will() {
    let world = World::new().await;
    let token = world.signed_in(Role::Admin).await;
    set_up(&world, &token).await;
    // Leaving the code out in between forgives nothing.
    let mut locked = false;
    for round in 0..8 {
        let code = format!("{round:06}");
        let code = (round % 2 == 0).then_some(code.as_str());
        locked |= sign_in(&world, "admin", code).await.problem() == (429, "locked_out".to_owned());
    }
    assert!(locked);
}

#[tokio::test]
async fn a_second_factor_goes_with_the_password_or_by_an_admin() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let viewer = world.signed_in(Role::Viewer).await;
    set_up(&world, &viewer).await;
    let path = "/api/me/second-factor";
    let again = world.call("POST", path).token(&viewer).json(&json!({ "password": PASSWORD })).send().await;
    assert_eq!(again.problem(), (409, "second_factor_set".to_owned()));
    let wrong = json!({ "password": "not the password" });
    assert_eq!(world.call("DELETE", path).token(&viewer).json(&wrong).send().await.problem().0, 401);
    world.call("DELETE", path).token(&viewer).json(&json!({ "password": PASSWORD })).send().await.expect(204);
    sign_in(&world, "viewer", None).await.expect(201);

    set_up(&world, &viewer).await;
    let me = world.call("GET", "/api/me").token(&viewer).send().await.json();
    let path = format!("/api/users/{}/second-factor", me["user"].as_str().unwrap());
    world.call("DELETE", &path).token(&viewer).send().await.expect(403);
    world.call("DELETE", &path).token(&admin).send().await.expect(204);
    assert_eq!(world.call("GET", "/api/me").token(&viewer).send().await.problem().0, 401);
    sign_in(&world, "viewer", None).await.expect(201);
    world.call("DELETE", &path).token(&admin).send().await.expect(404);
}

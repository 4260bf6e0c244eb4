//! Messages of callers are heard and removed by those who may, and seen by the team of their mailbox.

use std::collections::BTreeSet;

use cadran_engine::model::{Role, TeamId};
use serde_json::{Value, json};

use super::inbound::{message, post};
use super::world::World;

/// Two agents with a mailbox each, and one mailbox that is nobody's; a message of `+33199001234` in each. Gives the
/// first agent's token and the messages.
struct Mailboxes {
    agent: String,
    messages: [String; 3],
    team: TeamId,
}

impl Mailboxes {
    async fn new(world: &World, admin: &str) -> Self {
        let (ours, agent) = world.agent(admin, "agent-1").await;
        let (theirs, _) = world.agent(admin, "agent-2").await;
        let directory = world.directory.path().join("messages");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("a.wav"), b"RIFF").unwrap();
        let mut messages = Vec::new();
        for (name, agent) in [("ours", Some(ours)), ("theirs", Some(theirs)), ("nobody's", None)] {
            let mailbox = post(world, admin, "/api/mailboxes", json!({ "name": name, "agent": agent })).await;
            let message = message(mailbox["id"].as_str().unwrap(), "+33199001234");
            world.store.keep_message(&message).await.unwrap();
            messages.push(message.id.to_string());
        }
        let team = post(world, admin, "/api/teams", json!({ "name": "North", "agents": [ours] })).await;
        let team = team["id"].as_str().unwrap().parse().unwrap();
        Self { agent, messages: messages.try_into().unwrap(), team }
    }
}

async fn callers(world: &World, token: &str, mailbox: &str) -> Vec<Value> {
    let path = format!("/api/mailboxes/{mailbox}/messages");
    let listed = world.call("GET", &path).token(token).send().await.expect(200).json();
    listed["rows"].as_array().unwrap().iter().map(|row| row["caller"].clone()).collect()
}

#[tokio::test]
async fn to_hear_and_to_delete_are_rights_of_their_own() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let Mailboxes { agent, messages: [own, other, _], .. } = Mailboxes::new(&world, &admin).await;
    let (viewer, qa) = (world.signed_in(Role::Viewer).await, world.signed_in(Role::Qa).await);
    let (audio, path) = (format!("/api/messages/{other}/audio"), format!("/api/messages/{other}"));
    let get = async |token: &str| world.call("GET", &audio).token(token).send().await.status.as_u16();
    let delete = async |token: &str| world.call("DELETE", &path).token(token).send().await.status.as_u16();
    assert_eq!((get(&viewer).await, delete(&viewer).await), (403, 403));
    assert_eq!((get(&agent).await, delete(&agent).await), (403, 403), "the mailbox of another agent");
    let heard = world.call("GET", "/api/mailboxes/vm_2/messages").token(&admin).send().await.json();
    assert!(heard["rows"][0]["heard_at"].is_null(), "whoever was refused has not listened");
    assert_eq!((get(&qa).await, delete(&qa).await), (200, 403));

    let path = format!("/api/messages/{own}");
    world.call("GET", &format!("{path}/audio")).token(&agent).send().await.expect(200);
    world.call("DELETE", &path).token(&agent).send().await.expect(204);
    assert_eq!(delete(&admin).await, 204);
}

#[tokio::test]
async fn the_number_is_whole_for_those_who_see_numbers_and_for_the_agent_whose_mailbox_it_is() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let Mailboxes { agent, .. } = Mailboxes::new(&world, &admin).await;
    let viewer = world.signed_in(Role::Viewer).await;
    for (token, shown) in [(&viewer, "…34"), (&admin, "+33199001234"), (&agent, "+33199001234")] {
        assert_eq!(callers(&world, token, "vm_1").await, [json!(shown)]);
    }
    let withheld = message("vm_3", "");
    world.store.keep_message(&withheld).await.unwrap();
    assert_eq!(callers(&world, &viewer, "vm_3").await, [json!(""), json!("…34")]);
}

#[tokio::test]
async fn a_mailbox_is_for_the_team_of_its_agent() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let Mailboxes { messages: [ours, theirs, nobodys], team, .. } = Mailboxes::new(&world, &admin).await;
    world.add_user_of("chief", Role::Admin, Some(BTreeSet::from([team])), None).await;
    let chief = world.sign_in("chief").await;
    let names = async |token: &str, query: &str| -> Vec<String> {
        let path = format!("/api/mailboxes{query}");
        let listed = world.call("GET", &path).token(token).send().await.expect(200).json();
        listed["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&chief, "").await, ["ours"]);
    assert_eq!(names(&admin, "").await, ["ours", "theirs", "nobody's"]);
    assert_eq!(names(&admin, "?limit=2").await, ["ours", "theirs"]);
    assert_eq!(names(&admin, "?limit=2&after=vm_2").await, ["nobody's"]);
    assert_eq!(callers(&world, &chief, "vm_1").await.len(), 1);
    for mailbox in ["vm_2", "vm_3"] {
        for path in [format!("/api/mailboxes/{mailbox}"), format!("/api/mailboxes/{mailbox}/messages")] {
            world.call("GET", &path).token(&chief).send().await.expect(404);
        }
    }
    for message in [theirs, nobodys] {
        world.call("GET", &format!("/api/messages/{message}/audio")).token(&chief).send().await.expect(404);
        world.call("DELETE", &format!("/api/messages/{message}")).token(&chief).send().await.expect(404);
    }
    world.call("GET", &format!("/api/messages/{ours}/audio")).token(&chief).send().await.expect(200);
    world.call("DELETE", &format!("/api/messages/{ours}")).token(&chief).send().await.expect(204);
}

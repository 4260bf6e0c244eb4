//! Supervisors in a conversation, proved by sound: what customer, agent and supervisor hear, and what is recorded.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::{Api, Recording};
use super::sound::Sound;
use super::voices::{AGENT, CUSTOMER, Heard, PHASE, Phase, SUPERVISOR, VOICES, everybody_heard, record};
use super::wait::{SOON, eventually, holds};
use super::world::{Agent, World};

/// Changing from one way to another takes this at most, by the ear.
const SWITCH_MAX: Duration = Duration::from_millis(300);

/// A supervisor with a phone and an account.
struct Supervisor {
    agent: Agent,
    api: Api,
}

impl Supervisor {
    async fn new(world: &World, phone: &str) -> Self {
        let agent = world.agent(phone).await;
        let api = world.sign_in_as("supervisor", Some(&agent)).await;
        Self { agent, api }
    }

    /// Logs in for nothing but supervision.
    async fn log_in(&self, world: &World) {
        self.api.post(&format!("/api/agents/{}/log-in", self.agent.id), json!({ "campaigns": [] })).await;
        eventually("the supervisor's phone is up", SOON, async || {
            let seen = world.agent_seen(&self.agent).await;
            seen.clone().filter(|seen| seen.phone_up).ok_or(seen)
        })
        .await;
    }

    /// Asks to take part in a call, and returns when.
    async fn asks(&self, call: &str, mode: &str) -> Instant {
        let asked = Instant::now();
        self.api.post(&format!("/api/calls/{call}/{mode}"), json!({ "reason": "training" })).await;
        asked
    }
}

/// The row of an agent on the board.
async fn row(world: &World, agent: &Agent) -> Value {
    let board = world.api.get("/api/live/snapshot").await;
    let rows = board["agents"].as_array().unwrap();
    rows.iter().find(|row| row["agent"] == agent.id.as_str()).cloned().unwrap_or(Value::Null)
}

/// What was kept of supervision and taps, the earliest first.
pub(crate) async fn acts(world: &World) -> Vec<Value> {
    let mut acts = world.api.rows::<Value>("/api/supervision").await;
    acts.reverse();
    acts
}

/// Waits until the last acts are kept with these ends: they are written after what they tell of is gone.
pub(crate) async fn until_ended(world: &World, ends: &[&str]) {
    eventually(&format!("the last acts ended as {ends:?}"), SOON, async || {
        let acts = acts(world).await;
        let last =
            acts.iter().rev().take(ends.len()).rev().map(|act| act["end"].as_str().unwrap_or_default());
        holds(last.eq(ends.iter().copied()), acts)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hears_what_they_should_in_every_way_there_and_back() {
    let world = World::start().await;
    let first = Supervisor::new(&world, "talks").await;
    let second = Supervisor::new(&world, "supervises").await;
    let campaign = world.campaign(json!({ "recording": { "kind": "all" }, "wrap_up": 60_000 })).await;
    world.leads(&campaign, &["+33199000101"]).await;
    world.start_campaign(&campaign).await;
    world.to_work(std::slice::from_ref(&first.agent), &campaign).await;
    second.log_in(&world).await;
    let call = world.until_connected(1).await.remove(0).call;
    let everybody = [
        record(&world, "+33199000101", CUSTOMER).await,
        record(&world, &first.agent.account, AGENT).await,
        record(&world, &second.agent.account, SUPERVISOR).await,
    ];

    let mut phases = Vec::new();
    // The one who supervises, how, and what customer, agent and supervisor hear of each other.
    let there: [(&Supervisor, &'static str, [&'static [f64]; 3]); 10] = [
        (&second, "listen", [&[AGENT], &[CUSTOMER], &[CUSTOMER, AGENT]]),
        (&second, "whisper", [&[AGENT], &[CUSTOMER, SUPERVISOR], &[CUSTOMER, AGENT]]),
        (&second, "barge", [&[AGENT, SUPERVISOR], &[CUSTOMER, SUPERVISOR], &[CUSTOMER, AGENT]]),
        (&second, "whisper", [&[AGENT], &[CUSTOMER, SUPERVISOR], &[CUSTOMER, AGENT]]),
        (&second, "listen", [&[AGENT], &[CUSTOMER], &[CUSTOMER, AGENT]]),
        (&second, "take-over", [&[SUPERVISOR], &[], &[CUSTOMER]]),
        (&first, "barge", [&[SUPERVISOR, AGENT], &[CUSTOMER, SUPERVISOR], &[CUSTOMER, AGENT]]),
        (&first, "whisper", [&[SUPERVISOR], &[CUSTOMER, SUPERVISOR], &[CUSTOMER, AGENT]]),
        (&first, "listen", [&[SUPERVISOR], &[CUSTOMER, SUPERVISOR], &[CUSTOMER]]),
        (&first, "take-over", [&[AGENT], &[CUSTOMER], &[]]),
    ];
    for (supervisor, what, heard) in there {
        let asked = supervisor.asks(&call, what).await;
        tokio::time::sleep_until((asked + PHASE).into()).await;
        if what == "listen" && supervisor.agent.id == second.agent.id {
            badge_is_shown(&world, &first, &call).await;
        }
        let heard = heard.map(Heard::Voices);
        phases.push(Phase { what, asked, until: Instant::now(), heard });
    }
    world.hang_up(&call).await;
    let over = world.until_over(&call).await;
    assert_eq!(over.agent.as_deref(), Some(first.agent.id.as_str()));
    let left = world.pair.pbx().made_by_cadran().await;
    assert!(!left.iter().any(|name| name.starts_with("cadran-ear")), "{left:?}");

    let modes: Vec<String> =
        acts(&world).await.iter().map(|act| act["mode"].as_str().unwrap().into()).collect();
    let asked: Vec<String> = there.iter().map(|(_, what, _)| what.replace('-', "_")).collect();
    assert_eq!(modes, asked);
    parts_hold_who_had_the_call(&world).await;
    let said = json!({ "call": call, "code": "success" });
    world.api.post(&format!("/api/agents/{}/disposition", first.agent.id), said).await;
    // What phones hear is written down whole when they are put down.
    for agent in [&first.agent, &second.agent] {
        world.desk(agent, "log-out").await;
    }
    let slowest = everybody_heard(&everybody, &phases).await;
    assert!(slowest <= SWITCH_MAX, "a change took {slowest:?}");
    world.close().await;
}

/// The agent's own screen says who listens, and so does the board.
async fn badge_is_shown(world: &World, agent: &Supervisor, call: &str) {
    let desk = agent.api.get(&format!("/api/agents/{}/desk", agent.agent.id)).await;
    for shown in [&desk["agent"]["listeners"], &desk["call"]["listeners"]] {
        assert_eq!(shown[0]["mode"], "listen", "{desk}");
    }
    let board = world.api.get("/api/live/snapshot").await;
    let seen = board["calls"].as_array().unwrap().iter().find(|seen| seen["call"] == call).unwrap();
    assert_eq!(seen["listeners"].as_array().unwrap().len(), 1, "{seen}");
}

/// Three parts: the customer on the left, whoever had the call on the right, and nobody else.
async fn parts_hold_who_had_the_call(world: &World) {
    let mut parts: Vec<Recording> = world.until_recordings_judged(3).await;
    parts.sort_by_key(|part| part.started_at);
    for (part, agent) in parts.iter().zip([AGENT, SUPERVISOR, AGENT]) {
        assert_eq!(part.state, "verified", "{part:?}");
        world.until_archived(&part.id).await;
        let (_, opus) = world.api.audio(&part.id, None).await;
        let [left, right] = Sound::voices_of(&opus).try_into().unwrap();
        assert!(left.share_of_tone(CUSTOMER) > 0.9, "{}: {}", part.id, left.share_of_tone(CUSTOMER));
        for voice in VOICES {
            let share = right.share_of_tone(voice);
            assert!(
                if voice == agent { share > 0.9 } else { share < 0.03 },
                "{}: {voice} Hz is {share}",
                part.id
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ear_dies_with_the_right_with_the_phone_and_with_the_daemon() {
    let mut world = World::start().await;
    let agent = world.agent("talks").await;
    let supervisor = Supervisor::new(&world, "supervises").await;
    let campaign = world.campaign(json!({})).await;
    world.leads(&campaign, &["+33199000101"]).await;
    world.start_campaign(&campaign).await;
    world.to_work(std::slice::from_ref(&agent), &campaign).await;
    supervisor.log_in(&world).await;
    let call = world.until_connected(1).await.remove(0).call;

    // The right: the account becomes that of a campaign manager, who has no desk.
    supervisor.asks(&call, "whisper").await;
    until_ears(&world, 1).await;
    let user = supervisor.api.get("/api/me").await;
    let withdrawn = Instant::now();
    let change = json!({ "role": "campaign_manager", "agent": null, "enabled": true });
    world.api.put(&format!("/api/users/{}", user["user"].as_str().unwrap()), change).await;
    until_ears(&world, 0).await;
    let took = withdrawn.elapsed();
    println!("the ear was gone {took:?} after the right");
    assert!(took <= Duration::from_secs(1), "{took:?}");
    until_ended(&world, &["withdrawn"]).await;

    // The phone: it is put down.
    let change = json!({ "role": "supervisor", "agent": supervisor.agent.id, "enabled": true });
    world.api.put(&format!("/api/users/{}", user["user"].as_str().unwrap()), change).await;
    let supervisor = Supervisor { api: world.sign_in_again(&user).await, ..supervisor };
    supervisor.asks(&call, "listen").await;
    until_ears(&world, 1).await;
    let (phone, _) = world.pair.carrier().channel_of(&supervisor.agent.account).await.unwrap();
    world.pair.carrier().hang_up(&phone).await;
    until_ears(&world, 0).await;
    until_ended(&world, &["phone_lost"]).await;

    // The daemon: the next one ends what it finds.
    eventually("the supervisor's phone is up again", SOON, async || {
        let seen = world.agent_seen(&supervisor.agent).await;
        seen.clone().filter(|seen| seen.phone_up).ok_or(seen)
    })
    .await;
    supervisor.asks(&call, "listen").await;
    until_ears(&world, 1).await;
    world.daemon.kill();
    world.daemon = world.setup.start();
    let listen = world.setup.listen.clone();
    world.daemon.until_ready(&listen).await;
    until_ears(&world, 0).await;
    assert_eq!(world.until_connected(1).await[0].call, call);
    until_ended(&world, &["restart"]).await;
    assert_eq!(row(&world, &supervisor.agent).await["state"], "paused");

    world.hang_up(&call).await;
    world.until_over(&call).await;
    world.close().await;
}

/// Waits until so many ears are open on Asterisk.
async fn until_ears(world: &World, count: usize) {
    eventually(&format!("{count} ears are open"), SOON, async || {
        let made = world.pair.pbx().made_by_cadran().await;
        let open: BTreeSet<_> =
            made.iter().filter_map(|name| name.strip_prefix("cadran-ear-")?.get(..32)).collect();
        holds(open.len() == count, made)
    })
    .await;
}

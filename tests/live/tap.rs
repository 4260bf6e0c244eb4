//! A conversation as sound for a program: what is in each channel, and how a tap ends.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::api::Api;
use super::sound::Sound;
use super::supervision::{acts, until_ended};
use super::voices::{AGENT, CUSTOMER};
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// Samples of each voice in a second.
const RATE: u32 = 16_000;

/// How much is listened to: enough that a frame or two of silence do not matter.
const FRAMES: usize = 150;

/// A tap whose right is gone ends within this time.
const WITHDRAWN_MAX: Duration = Duration::from_secs(1);

/// Whoever listens by a tap.
struct Ear(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Ear {
    async fn open(world: &World, api: &Api, call: &str, format: &str) -> Self {
        let url = format!("ws://{}/api/calls/{call}/audio?format={format}", world.setup.listen);
        let mut request = url.into_client_request().unwrap();
        let token = format!("Bearer {}", api.token()).parse().unwrap();
        request.headers_mut().insert("authorization", token);
        Self(connect_async(request).await.unwrap().0)
    }

    /// What the first message says of the sound.
    async fn hello(&mut self) -> Value {
        let first = tokio::time::timeout(SOON, self.0.next()).await.unwrap().unwrap().unwrap();
        serde_json::from_str(first.to_text().unwrap()).unwrap()
    }

    /// So many frames as they came.
    async fn frames(&mut self, count: usize) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let listening = async {
            while frames.len() < count {
                match self.0.next().await {
                    Some(Ok(Message::Binary(frame))) => frames.push(frame.to_vec()),
                    Some(Ok(Message::Ping(_))) => {}
                    other => panic!("{other:?} in place of a frame"),
                }
            }
        };
        tokio::time::timeout(SOON, listening).await.unwrap();
        frames
    }

    /// Listens on until it is sent away; gives the code.
    async fn end(mut self) -> u16 {
        let end = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(close))) => return close.map_or(0, |close| close.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return 0,
                }
            }
        };
        tokio::time::timeout(SOON, end).await.expect("the tap ends")
    }
}

fn voices(samples: &[i16]) -> [Sound; 2] {
    [0, 1].map(|side| Sound::of(RATE, samples.iter().skip(side).step_by(2).copied()))
}

fn of_pcm(frames: &[Vec<u8>]) -> [Sound; 2] {
    let bytes = frames.concat();
    voices(&bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect::<Vec<_>>())
}

fn of_opus(frames: &[Vec<u8>]) -> [Sound; 2] {
    let mut decoder = opus::Decoder::new(RATE, opus::Channels::Stereo).unwrap();
    let mut samples = Vec::new();
    for packet in frames {
        let mut buffer = [0; 2 * 320];
        assert_eq!(decoder.decode(packet, &mut buffer, false).unwrap(), 320);
        samples.extend(buffer);
    }
    voices(&samples)
}

/// The customer on the left, the agent on the right, and neither on the other's side.
fn hold_a_voice_each(what: &str, [left, right]: &[Sound; 2]) {
    let shares = [(left, CUSTOMER), (left, AGENT), (right, AGENT), (right, CUSTOMER)];
    let shares = shares.map(|(sound, hertz)| sound.share_of_tone(hertz));
    eprintln!(
        "{what}: left {:.4} own {:.4} other, right {:.4} own {:.4} other",
        shares[0], shares[1], shares[2], shares[3]
    );
    assert!(shares[0] > 0.9 && shares[1] < 0.03 && shares[2] > 0.9 && shares[3] < 0.03, "{what}: {shares:?}");
}

/// An agent and a customer speak with each other; gives their call.
async fn a_conversation(world: &World) -> String {
    let agent = world.agent("talks").await;
    let campaign = world.campaign(json!({})).await;
    world.leads(&campaign, &["+33199000101"]).await;
    world.start_campaign(&campaign).await;
    world.to_work(std::slice::from_ref(&agent), &campaign).await;
    world.until_connected(1).await.remove(0).call
}

/// Waits until so many things of taps are on Asterisk: for each tap, four channels and two bridges.
async fn until_left(world: &World, count: usize) {
    eventually(&format!("{count} things of taps are on Asterisk"), SOON, async || {
        let made = world.pair.pbx().made_by_cadran().await;
        let of_taps = made.iter().filter(|name| name.starts_with("cadran-tp")).count();
        holds(of_taps == count, made)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_voice_is_heard_by_itself_until_the_call_ends() {
    let world = World::start().await;
    let call = a_conversation(&world).await;

    let supervisor = world.sign_in_as("supervisor", None).await;
    let asked = Instant::now();
    let mut pcm = Ear::open(&world, &supervisor, &call, "pcm").await;
    let hello = pcm.hello().await;
    assert_eq!((&hello["rate"], &hello["frame"]), (&json!(RATE), &json!(320)), "{hello}");
    let first = pcm.frames(1).await;
    println!("the first frame came {:?} after the question", asked.elapsed());
    assert_eq!(first[0].len(), 4 * 320);
    let mut opus = Ear::open(&world, &supervisor, &call, "opus").await;
    opus.hello().await;

    // The first half second is that of the buffers.
    pcm.frames(25).await;
    opus.frames(25).await;
    let began = Instant::now();
    let (raw, packets) = tokio::join!(pcm.frames(FRAMES), opus.frames(FRAMES));
    let took = began.elapsed();
    println!("{FRAMES} frames in {took:?}; Opus: {} bytes a frame", packets.concat().len() / FRAMES);
    hold_a_voice_each("pcm", &of_pcm(&raw));
    hold_a_voice_each("opus", &of_opus(&packets));

    let board = world.api.get("/api/live/snapshot").await;
    let listeners = &board["agents"][0]["listeners"];
    assert_eq!(listeners.as_array().unwrap().len(), 2, "the agent is told: {board}");
    until_left(&world, 12).await;
    let begun = acts(&world).await;
    assert!(begun.iter().all(|act| act["mode"] == "listen" && act["supervisor"].is_null()), "{begun:?}");

    world.hang_up(&call).await;
    let (of_pcm, of_opus) = tokio::join!(pcm.end(), opus.end());
    assert_eq!((of_pcm, of_opus), (1000, 1000));
    until_left(&world, 0).await;
    until_ended(&world, &["call_over", "call_over"]).await;
    world.until_over(&call).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_ends_with_the_right_with_its_reader_and_with_the_daemon() {
    let mut world = World::start().await;
    let call = a_conversation(&world).await;

    // The right.
    let supervisor = world.sign_in_as("supervisor", None).await;
    let mut ear = Ear::open(&world, &supervisor, &call, "pcm").await;
    ear.hello().await;
    ear.frames(10).await;
    let user = supervisor.get("/api/me").await;
    let change = json!({ "role": "viewer", "agent": null, "enabled": true });
    let withdrawn = Instant::now();
    world.api.put(&format!("/api/users/{}", user["user"].as_str().unwrap()), change).await;
    // A change of role ends the sign-in as well.
    assert_eq!(ear.end().await, 4401);
    let took = withdrawn.elapsed();
    println!("the tap was over {took:?} after the right");
    assert!(took <= WITHDRAWN_MAX, "{took:?}");
    until_left(&world, 0).await;
    until_ended(&world, &["withdrawn"]).await;

    // A reader that stops reading, and one that goes without a word.
    let mut ear = Ear::open(&world, &world.api, &call, "pcm").await;
    ear.hello().await;
    ear.frames(10).await;
    let stopped = Instant::now();
    until_left(&world, 0).await;
    println!("a reader that stopped was noticed after {:?}", stopped.elapsed());
    drop(ear);
    let mut ear = Ear::open(&world, &world.api, &call, "opus").await;
    ear.hello().await;
    ear.frames(10).await;
    drop(ear);
    until_left(&world, 0).await;
    until_ended(&world, &["stopped"]).await;

    // The daemon: the next one ends what it finds.
    let mut ear = Ear::open(&world, &world.api, &call, "pcm").await;
    ear.hello().await;
    ear.frames(10).await;
    until_left(&world, 6).await;
    world.daemon.kill();
    world.daemon = world.setup.start();
    let listen = world.setup.listen.clone();
    world.daemon.until_ready(&listen).await;
    until_left(&world, 0).await;
    assert_eq!(world.until_connected(1).await[0].call, call, "the conversation goes on");
    until_ended(&world, &["restart"]).await;

    world.hang_up(&call).await;
    world.until_over(&call).await;
    world.close().await;
}

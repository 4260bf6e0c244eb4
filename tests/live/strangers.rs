//! What strangers try on the telephone side, with the numbers of `docs/security.md`: SIP, ARI and voice packets, on a
//! real Asterisk with the files of `dialplan/`.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
use serde_json::json;
use tokio::net::UdpSocket;

use super::recordings::recorded_conversation;
use super::sound::Sound;
use super::stranger::{Stolen, Stranger};
use super::voices::{AGENT, CUSTOMER};
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// What nobody may call by themselves: people, what costs whoever calls it, and other places of the dialplan.
const WANTED: [&str; 10] =
    ["+33199000101", "0199000101", "+88199000001", "0088199000001", "15", "*72", "s", "inbound", "h", "i"];
/// Calls of a burst, to each of these.
const BURST: usize = 5;
/// Passwords that are tried.
const GUESSES: usize = 20;

/// Nobody else in the tests speaks this tone.
const FORGED: f64 = 1850.0;
const SAMPLES_OF_PACKET: usize = 160;
const PACKET_EVERY: Duration = Duration::from_millis(20);
/// Forged packets that are sent into each leg: three seconds.
const PACKETS: usize = 150;
/// A-law in RTP (RFC 3551).
const PCMA: u8 = 8;
/// A loud sample of either sign (ITU-T G.711).
const LOUD: [u8; 2] = [0xA5, 0x25];

/// An address of the pair that belongs to nobody.
fn elsewhere(world: &World) -> IpAddr {
    let IpAddr::V4(pbx) = world.pair.pbx_address().ip() else { panic!("pairs have IPv4") };
    let [a, b, c, _] = pbx.octets();
    Ipv4Addr::new(a, b, c, 9).into()
}

async fn stranger(world: &World) -> Stranger {
    Stranger::at(elsewhere(world), world.pair.pbx_sip()).await
}

/// No call came of what was tried, on either side.
async fn hold_no_call_came_of_it(world: &World) {
    for server in [world.pair.pbx(), world.pair.carrier()] {
        assert_eq!(server.channels().await, Vec::<String>::new());
    }
    assert_eq!(world.pair.calls(), []);
    assert_eq!(world.api.get("/api/live/snapshot").await["callers"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn s08_passwords_of_telephones_cannot_be_tried_unseen() {
    let world = World::start().await;
    let agent = world.agent("talks").await;
    let stranger = stranger(&world).await;
    for account in [agent.account.as_str(), "nobody-of-that-name"] {
        for guess in 0..GUESSES {
            let secret = format!("guess-{guess}");
            let answer = stranger.register(Stolen { account, secret: &secret }).await;
            assert_eq!(answer.status_code.code(), 401, "{account} must be told from nobody by no answer");
        }
    }
    let address = format!("IPV4/UDP/{}/{}", stranger.address().ip(), stranger.address().port());
    eventually("every guess is in the security log, with the address that it came from", SOON, async || {
        let log = world.pair.pbx_log("security");
        let guesses = log.lines().filter(|line| {
            line.contains(&format!("RemoteAddress=\"{address}\""))
                && (line.contains("SecurityEvent=\"ChallengeResponseFailed\"")
                    || line.contains("SecurityEvent=\"InvalidAccountID\""))
        });
        let count = guesses.count();
        holds(count >= 2 * GUESSES, (count, log))
    })
    .await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_a_stolen_account_calls_nobody_and_can_be_kept_to_known_networks() {
    let world = World::start().await;
    let agent = world.agent("talks").await;
    let thief = stranger(&world).await;
    let stolen = Stolen { account: &agent.account, secret: &agent.secret };

    assert_eq!(thief.register(stolen).await.status_code.code(), 200, "the password is the right one");
    for _ in 0..BURST {
        for whom in WANTED {
            let code = thief.call(whom, Some(stolen)).await.status_code.code();
            assert!(matches!(code, 403 | 404), "{whom}: {code}");
        }
    }
    hold_no_call_came_of_it(&world).await;

    let known = [world.pair.carrier_sip().ip(), world.pair.phones_sip().ip(), world.pair.pbx_address().ip()];
    let known = known.map(|address| format!("permit = {address}/32\n")).concat();
    world.pair.add_to_pbx("pjsip.conf", &format!("\n[known]\ntype = acl\ndeny = 0.0.0.0/0\n{known}"));
    world.pair.pbx_cli("module reload res_pjsip.so");
    eventually("who is elsewhere is refused, with the right password too", SOON, async || {
        let code = thief.register(stolen).await.status_code.code();
        holds(code == 403, code)
    })
    .await;
    world.pair.register_phone(&agent.account, &agent.secret, "talks").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s16_who_is_nobody_reaches_no_dialplan_and_learns_no_version() {
    let world = World::start().await;
    let stranger = stranger(&world).await;
    for whom in WANTED {
        for answer in [stranger.call(whom, None).await, stranger.scan(whom).await] {
            assert_eq!(answer.status_code.code(), 401, "{whom}: {answer}");
            let text = answer.to_string();
            assert!(!text.contains("Asterisk"), "{text}");
            let names =
                text.lines().filter(|line| line.starts_with("Server:") || line.starts_with("User-Agent:"));
            assert!(names.into_iter().all(|line| line.ends_with(": Cadran")), "{text}");
        }
    }
    hold_no_call_came_of_it(&world).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_asterisk_listens_on_loopback_and_answers_who_knows_the_password() {
    let world = World::start().await;
    let pbx = world.pair.pbx();
    let http = reqwest::Client::new();
    for (user, password) in
        [("cadran", ""), ("cadran", "cadran"), ("asterisk", "asterisk"), ("admin", "admin")]
    {
        let answer = http.get(format!("{}/channels", pbx.url)).basic_auth(user, Some(password)).send().await;
        assert_eq!(answer.unwrap().status(), 401, "{user}:{password}");
    }
    let in_query = http.get(format!("{}/channels?api_key=cadran:cadran", pbx.url)).send().await.unwrap();
    assert_eq!(in_query.status(), 401);
    let page = http.get(format!("{}/channels", pbx.url)).basic_auth("cadran", Some(&pbx.password));
    let page = page.header(ORIGIN, "https://elsewhere.example").send().await.unwrap();
    assert_eq!(page.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN), None, "pages of other sites read nothing");
    let root = format!("http://{}", world.pair.pbx_address());
    for path in ["httpstatus", "static/", "manager?action=ping", "rawman", "mxml", "phoneprov/", "config.js"]
    {
        let answer = http.get(format!("{root}/{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 404, "/{path}");
    }
    let listening = listening(world.pair.pbx_process());
    println!("the PBX listens on {listening:?}");
    assert!(listening.is_superset(&[world.pair.pbx_address(), world.pair.pbx_sip()].into()), "{listening:?}");
    assert!(listening.iter().all(|address| address.ip().is_loopback()), "{listening:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s31_nobody_speaks_into_a_conversation_by_sending_voice_packets() {
    let world = World::start().await;
    let call = recorded_conversation(&world).await;
    world.until_it_lasted(&call, Duration::from_secs(1)).await;

    let pbx = world.pair.pbx();
    let mut legs = Vec::new();
    for channel in pbx.channels().await.into_iter().filter(|channel| channel.starts_with("cadran-leg")) {
        legs.extend(pbx.voice_address(&channel).await);
    }
    assert_eq!(legs.len(), 2, "the customer's and the agent's: {legs:?}");
    let socket = UdpSocket::bind((elsewhere(&world), 0)).await.unwrap();
    let mut beat = tokio::time::interval(PACKET_EVERY);
    for number in 0..PACKETS {
        beat.tick().await;
        for leg in &legs {
            socket.send_to(&forged(number), leg).await.unwrap();
        }
    }
    world.hang_up(&call).await;

    let recording = world.until_recordings_judged(1).await.remove(0);
    world.until_archived(&recording.id).await;
    let (_, opus) = world.api.audio(&recording.id, None).await;
    let voices: [Sound; 2] = Sound::voices_of(&opus).try_into().unwrap();
    for (voice, own) in voices.iter().zip([CUSTOMER, AGENT]) {
        let (own, forged) = (voice.share_of_tone(own), voice.share_of_tone(FORGED));
        println!("{:?}: own voice {own:.3}, forged {forged:.4}", voice.duration());
        assert!(voice.duration() > PACKET_EVERY * PACKETS as u32, "the call outlasted the packets");
        assert!(own > 0.9 && forged < 0.01, "{own} {forged}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s31_browsers_speak_encrypted_or_not_at_all() {
    let world = World::start().await;
    let account = json!({ "name": "Alix", "sip_account": "alix", "sip_password": "not-a-secret-1", "phone_kind": "browser" });
    world.api.post("/api/agents", account).await;
    let endpoint = world.pair.pbx_cli("pjsip show endpoint alix");
    let set = |name: &str| {
        let line = endpoint.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name));
        line.and_then(|line| line.split(':').nth(1)).unwrap_or("").trim().to_owned()
    };
    assert_eq!(
        (&*set("media_encryption"), &*set("media_encryption_optimistic")),
        ("dtls", "false"),
        "{endpoint}"
    );

    // An offer of plain RTP, as that of every SIP telephone, is not taken.
    let stranger = stranger(&world).await;
    let stolen = Stolen { account: "alix", secret: "not-a-secret-1" };
    let code = stranger.call("+33199000101", Some(stolen)).await.status_code.code();
    assert!(matches!(code, 403 | 488), "{code}");
    hold_no_call_came_of_it(&world).await;
    world.close().await;
}

/// The packet with this number of somebody who speaks the forged tone (RFC 3550).
fn forged(number: usize) -> Vec<u8> {
    let mut packet = vec![0x80, PCMA];
    packet.extend((number as u16).to_be_bytes());
    packet.extend(((number * SAMPLES_OF_PACKET) as u32).to_be_bytes());
    packet.extend(0x5741_1CE5_u32.to_be_bytes());
    let samples = (0..SAMPLES_OF_PACKET).map(|index| {
        let at = (number * SAMPLES_OF_PACKET + index) as f64 / 8_000.0;
        if (at * FORGED).fract() < 0.5 { LOUD[0] } else { LOUD[1] }
    });
    packet.extend(samples);
    packet
}

/// Where a process takes connections and packets. Ports that the kernel chose are left out: from these it asks, as its
/// resolver does.
fn listening(process: u32) -> BTreeSet<SocketAddr> {
    let sockets: BTreeSet<String> = std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
    let [first, last] = range.split_whitespace().map(|port| port.parse().unwrap()).collect::<Vec<u16>>()[..]
    else {
        panic!("{range}")
    };
    let chosen = first..=last;
    // The state of a listener in tcp(7)'s table, and of a bound socket in udp(7)'s.
    [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")]
        .into_iter()
        .flat_map(|(table, state)| {
            let table = std::fs::read_to_string(Path::new("/proc/net").join(table)).unwrap_or_default();
            let rows: Vec<Vec<String>> = table
                .lines()
                .skip(1)
                .map(|row| row.split_whitespace().map(str::to_owned).collect())
                .collect();
            rows.into_iter().filter(move |row| row[3] == state)
        })
        .filter(|row| sockets.contains(&row[9]))
        .map(|row| address(&row[1]))
        .filter(|address| !chosen.contains(&address.port()))
        .collect()
}

/// An address as the kernel writes it: hexadecimal, each four bytes in the machine's order.
fn address(text: &str) -> SocketAddr {
    let (host, port) = text.split_once(':').unwrap();
    let words: Vec<[u8; 4]> = (0..host.len() / 8)
        .map(|word| u32::from_str_radix(&host[8 * word..8 * word + 8], 16).unwrap().to_ne_bytes())
        .collect();
    let host: IpAddr = match words.as_flattened().try_into() {
        Ok::<[u8; 4], _>(v4) => v4.into(),
        Err(_) => <[u8; 16]>::try_from(words.as_flattened()).unwrap().into(),
    };
    (host, u16::from_str_radix(port, 16).unwrap()).into()
}

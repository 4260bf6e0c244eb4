//! Silence, cuts, floods and nonsense.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use super::server::{Server, stasis_end};
use crate::client::Status;
use crate::config::Limits;
use crate::delivery::{Delivery, Events, Gap};
use crate::error::{Error, Interruption};
use crate::event::Event;
use crate::requests::channels;

/// The channel that the next delivery says has left.
async fn next_end(events: &mut Events) -> String {
    match events.next().await {
        Some(Delivery::Event(Event::StasisEnd(end))) => end.channel.id,
        other => panic!("no StasisEnd but {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_link_is_noticed_within_five_seconds_and_replaced() {
    let (mut server, client, mut events) = Server::with_client();
    let (_silent, first) = server.connect(&mut events).await;
    let fell_silent = Instant::now();

    assert!(matches!(events.next().await, Some(Delivery::Gap(Gap::Silence(_)))));
    assert!(fell_silent.elapsed() <= Duration::from_secs(5));
    assert!(!client.is_connected());

    let (_socket, second) = server.connect(&mut events).await;
    assert!(!first.reconnected);
    assert!(second.reconnected);
    assert!(client.is_connected());
}

#[tokio::test(start_paused = true)]
async fn pongs_keep_an_idle_link_alive() {
    let (mut server, client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;

    tokio::select! {
        () = socket.answer_pings() => panic!("the client ended an idle link"),
        delivery = events.next() => panic!("nothing happened, but {delivery:?} came"),
        () = tokio::time::sleep(Duration::from_secs(600)) => {}
    }
    assert!(client.is_connected());
}

#[tokio::test(start_paused = true)]
async fn a_cut_in_flight_leaves_the_outcome_unknown() {
    let (mut server, client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;

    let asking = tokio::spawn(async move { client.send(channels::Answer::new("one")).await });
    socket.request().await;
    drop(socket);

    let outcome = asking.await.unwrap();
    assert!(
        matches!(outcome, Err(Error::OutcomeUnknown { interruption: Interruption::Cut, .. })),
        "{outcome:?}"
    );
    assert!(matches!(events.next().await, Some(Delivery::Gap(Gap::Cut(_)))));
    server.connect(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn a_half_open_connection_is_given_up() {
    let (mut server, client, mut events) = Server::with_client();
    let begun = Instant::now();
    let mut deaf = server.dialled().await;

    let mut heard = Vec::new();
    deaf.read_to_end(&mut heard).await.unwrap(); // the client asks for the upgrade, waits, and hangs up
    assert_eq!(begun.elapsed(), Limits::default().connect_deadline);

    server.connect(&mut events).await;
    assert_eq!(client.status(), Status::Connected);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_nothing_is_given_up() {
    let limits = Limits { request_deadline: Duration::from_secs(1), ..Limits::default() };
    let (mut server, client, mut events) = Server::with_limits(limits);
    let (_deaf, _) = server.connect(&mut events).await;

    let outcome = client.send(channels::Answer::new("one")).await;
    assert!(
        matches!(outcome, Err(Error::OutcomeUnknown { interruption: Interruption::Deadline, .. })),
        "{outcome:?}"
    );
    assert!(matches!(events.next().await, Some(Delivery::Gap(Gap::Silence(_)))));
}

#[tokio::test(start_paused = true)]
async fn failures_back_off_within_the_limit() {
    let limits = Limits::default();
    let (mut server, client, mut events) = Server::with_client();
    let mut pauses = Vec::new();
    for _ in 0..12 {
        let failed = Instant::now();
        drop(server.dialled().await);
        pauses.push(failed.elapsed());
    }
    assert!(pauses.iter().all(|pause| *pause <= limits.backoff_max), "{pauses:?}");
    assert!(pauses.iter().any(|pause| *pause > limits.backoff_first), "{pauses:?}");
    assert!(matches!(client.status(), Status::Connecting { problem: Some(_) }), "{:?}", client.status());

    let (_socket, connection) = server.connect(&mut events).await;
    assert!(!connection.reconnected, "attempts that failed are no connections");
}

#[tokio::test(start_paused = true)]
async fn a_replaced_client_stops_for_good() {
    let (mut server, client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;

    socket.say(&stasis_end("before")).await;
    socket.say(r#"{"type":"ApplicationReplaced","application":"app"}"#).await;

    assert_eq!(next_end(&mut events).await, "before");
    assert_eq!(events.next().await, Some(Delivery::Replaced));
    assert_eq!(events.next().await, None);
    let refused = client.send(channels::List::new()).await;
    assert!(matches!(refused, Err(Error::Replaced)), "{refused:?}");
    assert_eq!(client.status(), Status::Replaced);
    assert!(!server.was_dialled());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_counted_and_reported() {
    const SAID: u64 = 20;
    let (mut server, _client, mut events) =
        Server::with_limits(Limits { deliveries_max: 8, ..Limits::default() });
    let (mut socket, _) = server.connect(&mut events).await;

    for id in 0..SAID {
        socket.say(&stasis_end(&id.to_string())).await;
    }
    // The consumer sleeps while the reader hears all of it.
    tokio::time::sleep(Duration::from_millis(1)).await;

    let mut delivered = 0;
    let lost = loop {
        match events.next().await {
            Some(Delivery::Event(Event::StasisEnd(end))) => {
                assert_eq!(end.channel.id, delivered.to_string(), "events come in order");
                delivered += 1;
            }
            Some(Delivery::Gap(Gap::Overflow { lost })) => break lost,
            other => panic!("neither event nor overflow: {other:?}"),
        }
    };
    assert_eq!(delivered + lost, SAID);
    socket.say(&stasis_end("after")).await;
    assert_eq!(next_end(&mut events).await, "after");
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_reported_and_the_link_goes_on() {
    let (mut server, _client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;

    for nonsense in ["", "{", "[]", "7", r#"{"no":"type"}"#, r#"{"type":7}"#, r#"{"type":"RESTResponse"}"#] {
        socket.say(nonsense).await;
        let delivery = events.next().await;
        assert!(matches!(delivery, Some(Delivery::Gap(Gap::Malformed(_)))), "{nonsense}: {delivery:?}");
    }
    socket.say(&stasis_end("after")).await;
    assert_eq!(next_end(&mut events).await, "after");
}

#[tokio::test(start_paused = true)]
async fn unknown_events_are_delivered_whole() {
    let (mut server, _client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;

    let of_the_future = r#"{"type":"ChannelTeleported","channel":{"id":"one"}}"#;
    socket.say(of_the_future).await;
    socket.say(r#"{"type":"StasisEnd","channel":"not an object"}"#).await;

    let Some(Delivery::Event(Event::Unknown(unknown))) = events.next().await else { panic!("no event") };
    assert_eq!((unknown.type_name.as_str(), unknown.raw.as_str()), ("ChannelTeleported", of_the_future));
    assert_eq!(unknown.problem, None);
    let Some(Delivery::Event(Event::Unknown(odd))) = events.next().await else { panic!("no event") };
    assert_eq!(odd.type_name, "StasisEnd");
    assert!(odd.problem.is_some());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_events_stops_the_link() {
    let (mut server, client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;
    drop(events);
    socket.answer_pings().await;
    assert_eq!(client.status(), Status::Stopped);
    assert!(!server.was_dialled());
}

/// More is said than fits, and the consumer goes without having read it.
async fn go_while_behind() {
    let (mut server, client, mut events) =
        Server::with_limits(Limits { deliveries_max: 2, ..Limits::default() });
    let (mut socket, _) = server.connect(&mut events).await;
    for id in 0..8 {
        socket.say(&stasis_end(&id.to_string())).await;
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    drop(events);
    socket.answer_pings().await;
    assert_eq!(client.status(), Status::Stopped);
}

#[test]
fn a_consumer_who_goes_while_behind_stops_the_link() {
    /// Whether the link looks at its consumer or at the buffer first is chance.
    const TRIES: u32 = 32;
    // A link that spins never gives its thread back.
    let (told, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let runtime = runtime.unwrap();
        (0..TRIES).for_each(|_| runtime.block_on(go_while_behind()));
        told.send(()).unwrap();
    });
    assert_eq!(ended.recv_timeout(Duration::from_secs(30)), Ok(()));
}

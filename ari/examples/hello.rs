//! Answers every call that enters the application, plays a greeting and hangs up.
//!
//! In the dialplan: `exten => 100,1,Stasis(hello)`. Then:
//!
//! ```sh
//! ARI_URL=http://127.0.0.1:8088 ARI_USER=demo ARI_PASSWORD=... cargo run --example hello
//! ```
#![allow(clippy::print_stdout, reason = "an example speaks to a person")]

use std::env;
use std::error::Error;

use ari::{Client, Config, Delivery, Event, EventFilter, channels};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EventFilter::only(["StasisStart", "PlaybackFinished", "StasisEnd"]);
    let config =
        Config::new(env::var("ARI_URL")?, &env::var("ARI_USER")?, &env::var("ARI_PASSWORD")?, "hello")
            .event_filter(filter);
    let (client, mut events) = Client::connect(config)?;

    while let Some(delivery) = events.next().await {
        match delivery {
            Delivery::Connected(connection) => {
                println!("connected to Asterisk {}", connection.asterisk_version)
            }
            Delivery::Event(event) => {
                // Asterisk may refuse because the caller has hung up in between.
                if let Err(problem) = handle(&client, event).await {
                    println!("{problem}");
                }
            }
            Delivery::Gap(gap) => println!("events may be lost: {gap}"),
            Delivery::Replaced => println!("another client took over"),
        }
    }
    Ok(())
}

async fn handle(client: &Client, event: Event) -> Result<(), ari::Error> {
    match event {
        Event::StasisStart(start) => {
            let id = start.channel.id;
            println!("{id}: call from {}", start.channel.caller.number);
            client.send(channels::Answer::new(&id)).await?;
            client.send(channels::Play::new(&id, ["sound:hello-world".to_owned()])).await?;
        }
        Event::PlaybackFinished(finished) => {
            if let Some(id) = finished.playback.target_uri.strip_prefix("channel:") {
                client.send(channels::Hangup::new(id)).await?;
            }
        }
        Event::StasisEnd(end) => println!("{}: over", end.channel.id),
        _ => {}
    }
    Ok(())
}

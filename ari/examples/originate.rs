//! Calls an endpoint, and tells how it went.
//!
//! ```sh
//! ARI_URL=http://127.0.0.1:8088 ARI_USER=demo ARI_PASSWORD=... cargo run --example originate PJSIP/alice
//! ```
#![allow(clippy::print_stdout, reason = "an example speaks to a person")]

use std::env;
use std::error::Error;

use ari::{ChannelState, Client, Config, Delivery, Event, EventFilter, channels};

/// Chosen here, so that the request can be repeated: Asterisk refuses a second channel of the same id.
const CHANNEL_ID: &str = "originate-example-1";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = env::args().nth(1).ok_or("usage: originate ENDPOINT, such as PJSIP/alice")?;
    let config =
        Config::new(env::var("ARI_URL")?, &env::var("ARI_USER")?, &env::var("ARI_PASSWORD")?, "originate")
            .event_filter(EventFilter::except(["ChannelVarset", "ChannelDialplan"]));
    let (client, mut events) = Client::connect(config)?;

    while let Some(delivery) = events.next().await {
        match delivery {
            Delivery::Connected(connection) if !connection.reconnected => dial(&client, &endpoint).await?,
            Delivery::Connected(_) => println!("connected again"),
            Delivery::Gap(gap) => println!("events may be lost: {gap}"),
            Delivery::Replaced => return Err("another client took over".into()),
            Delivery::Event(Event::Dial(dial)) => println!("dial: {}", dial.dialstatus),
            Delivery::Event(Event::StasisStart(start)) if start.channel.state == ChannelState::Up => {
                println!("answered");
                client.send(channels::Hangup::new(CHANNEL_ID)).await?;
            }
            Delivery::Event(Event::ChannelDestroyed(destroyed)) => {
                println!("over: {} (SIP {:?})", destroyed.cause_txt, destroyed.tech_cause);
                return Ok(());
            }
            Delivery::Event(event) => println!("{}", event.type_name()),
        }
    }
    Ok(())
}

/// Places the call. Whatever comes between request and reply, afterwards it is known whether the channel exists.
async fn dial(client: &Client, endpoint: &str) -> Result<(), ari::Error> {
    let request = channels::Originate {
        endpoint: endpoint.to_owned(),
        app: Some(client.app().to_owned()),
        channel_id: Some(CHANNEL_ID.to_owned()),
        timeout: Some(20),
        variables: [("GREETING".to_owned(), "hello".into())].into(),
        ..Default::default()
    };
    match client.send(request).await {
        Ok(channel) => println!("calling: {}", channel.name),
        Err(error) if error.is_outcome_unknown() => {
            let channel = client.find(channels::Get::new(CHANNEL_ID)).await?;
            println!(
                "the reply was lost; the channel {}",
                if channel.is_some() { "exists" } else { "was not made" }
            );
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

//! What the demonstration prints.
#![expect(clippy::print_stdout, reason = "what the demonstration is for")]

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::ensure;
use cadran_engine::model::Outcome;
use serde_json::Value;

use super::api::Api;
use super::pair::Pair;

/// How often each outcome happened.
pub(super) type Outcomes = BTreeMap<String, u64>;

pub(super) fn tell_where(listen: SocketAddr, login: &str, password: &str) {
    println!("API         http://{listen}/api/docs");
    println!("Sign in as  {login}");
    println!("Password    {password}");
}

/// Outcomes of a campaign's attempts, by what the database holds. Attempts without one do not count.
pub(super) async fn outcomes(api: &Api, campaign: &str) -> anyhow::Result<Outcomes> {
    let mut counts = Outcomes::new();
    for attempt in api.all(&format!("/api/attempts?campaign={campaign}")).await? {
        if let Some(outcome) = attempt["outcome"].as_str() {
            *counts.entry(outcome.to_owned()).or_default() += 1;
        }
    }
    Ok(counts)
}

/// One line of what is going on.
pub(super) fn line(live: &Value, outcomes: &Outcomes, calls: u64) {
    let mut states = BTreeMap::<&str, u32>::new();
    for agent in live["agents"].as_array().into_iter().flatten() {
        *states.entry(agent["state"].as_str().unwrap_or("?")).or_default() += 1;
    }
    let states: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let up = live["calls"].as_array().map_or(0, Vec::len);
    let ended: u64 = outcomes.values().sum();
    let answered = outcomes.get(Outcome::Answered.as_str()).copied().unwrap_or_default();
    let pacing = live["campaigns"][0]["sentence"].as_str().map(|why| format!(" | {why}")).unwrap_or_default();
    println!(
        "{ended:>4}/{calls} called | {answered} answered | {up} up | agents: {}{pacing}",
        states.join(", ")
    );
}

/// Compares what the database, the telephone network and Asterisk's events say. They must agree.
pub(super) async fn reconcile(
    api: &Api,
    campaign: &str,
    pair: &Pair,
    seen_before: usize,
    calls: u16,
) -> anyhow::Result<()> {
    let mut database = outcomes(api, campaign).await?;
    let mut network = Outcomes::new();
    for call in pair.calls_seen()?.into_iter().skip(seen_before) {
        *network.entry(word(call.status).to_owned()).or_default() += 1;
    }
    let channels = meter(api, "cadran_switch_customer_legs_ended_total").await?;
    let calls_kept = api.all(&format!("/api/calls?campaign={campaign}")).await?;
    let conversations = calls_kept.iter().filter(|call| !call["connected_at"].is_null()).count();
    let recordings = api.all(&format!("/api/recordings?campaign={campaign}")).await?;
    let verified = recordings.iter().filter(|recording| recording["state"] == "verified").count();

    // Whether an agent was there in time is not the network's to know.
    let dropped = database.remove(Outcome::Dropped.as_str()).unwrap_or_default();
    let served = database.get(Outcome::Answered.as_str()).copied().unwrap_or_default();
    if dropped > 0 {
        database.insert(Outcome::Answered.as_str().to_owned(), served + dropped);
    }

    println!("\n{:<14}{:>10}{:>10}", "outcome", "database", "network");
    for outcome in Outcome::ALL.map(Outcome::as_str) {
        let count = |counts: &Outcomes| counts.get(outcome).copied().unwrap_or_default();
        if count(&database) + count(&network) > 0 {
            println!("{outcome:<14}{:>10}{:>10}", count(&database), count(&network));
        }
    }
    let attempts: u64 = database.values().sum();
    println!("{:<14}{attempts:>10}{:>10}", "all", network.values().sum::<u64>());
    println!("\nchannels of customers that ARI saw: {channels}");
    println!("conversations: {conversations}, recordings verified: {verified}");
    println!("dropped, of those who answered: {dropped} of {}", served + dropped);

    ensure!(attempts == u64::from(calls), "{attempts} attempts were made for {calls} leads");
    ensure!(database == network, "the database and the telephone network disagree");
    ensure!(channels == attempts, "ARI saw {channels} channels for {attempts} attempts");
    let all_verified = verified == conversations && verified == recordings.len();
    ensure!(all_verified, "there were {conversations} conversations, and {verified} recordings are verified");
    println!("\nEverything agrees.");
    Ok(())
}

/// The outcome that a final SIP status of the network stands for, in its own words rather than the engine's.
const fn word(status: u16) -> &'static str {
    match status {
        200 => "answered",
        404 => "unallocated",
        480 | 487 => "no_answer",
        486 => "busy",
        503 => "congestion",
        603 => "rejected",
        _ => "failed",
    }
}

/// A counter of `/metrics`; 0 while it was never raised.
async fn meter(api: &Api, name: &str) -> anyhow::Result<u64> {
    let page = api.get("/metrics").await?;
    let of_every_tenant = page.as_str().unwrap_or_default().lines().filter_map(|line| {
        let rest = line.strip_prefix(name).filter(|rest| rest.starts_with([' ', '{']))?;
        rest.rsplit(' ').next()?.parse::<f64>().ok()
    });
    Ok(of_every_tenant.sum::<f64>() as u64)
}

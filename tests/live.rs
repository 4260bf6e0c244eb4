//! The live tests: the daemon as it is shipped, on a real Asterisk, against a telephone network that is a second one.
//!
//! `scripts/asterisk-pair.sh` and `scripts/phone.sh` start both; `tests/carrier/README.md` says which number behaves
//! how, and what the network writes down. Every story has a pair, a daemon and a database of its own, and ends with
//! the same closing conditions (`live/closing.rs`).

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[path = "live/api.rs"]
mod api;
#[path = "live/asterisk.rs"]
mod asterisk;
#[path = "live/asterisk_killed.rs"]
mod asterisk_killed;
#[path = "live/by_hand.rs"]
mod by_hand;
#[path = "live/callbacks.rs"]
mod callbacks;
#[path = "live/callers.rs"]
mod callers;
#[path = "live/closing.rs"]
mod closing;
#[path = "live/daemon.rs"]
mod daemon;
#[path = "live/daemon_killed.rs"]
mod daemon_killed;
#[path = "live/database.rs"]
mod database;
#[path = "live/database_away.rs"]
mod database_away;
#[path = "live/demo.rs"]
mod demo;
#[path = "live/desk.rs"]
mod desk;
#[path = "live/dialling.rs"]
mod dialling;
#[path = "live/disk_full.rs"]
mod disk_full;
#[path = "live/drops.rs"]
mod drops;
#[path = "live/fastagi.rs"]
mod fastagi;
#[path = "live/hang_ups.rs"]
mod hang_ups;
#[path = "live/inbound.rs"]
mod inbound;
#[path = "live/lamp.rs"]
mod lamp;
#[path = "live/link.rs"]
mod link;
#[path = "live/onward.rs"]
mod onward;
#[path = "live/outcomes.rs"]
mod outcomes;
#[path = "live/pair.rs"]
mod pair;
#[path = "live/probe.rs"]
mod probe;
#[path = "live/provisioning.rs"]
mod provisioning;
#[path = "live/proxy.rs"]
mod proxy;
#[path = "live/queues.rs"]
mod queues;
#[path = "live/recordings.rs"]
mod recordings;
#[path = "live/retries.rs"]
mod retries;
#[path = "live/screen.rs"]
mod screen;
#[path = "live/screening.rs"]
mod screening;
#[path = "live/second_daemon.rs"]
mod second_daemon;
#[path = "live/sound.rs"]
mod sound;
#[path = "live/stranger.rs"]
mod stranger;
#[path = "live/strangers.rs"]
mod strangers;
#[path = "live/supervision.rs"]
mod supervision;
#[path = "live/tap.rs"]
mod tap;
#[path = "live/tenants.rs"]
mod tenants;
#[path = "live/transfers.rs"]
mod transfers;
#[path = "live/voices.rs"]
mod voices;
#[path = "live/wait.rs"]
mod wait;
#[path = "live/world.rs"]
mod world;

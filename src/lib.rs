//! The Cadran daemon. The modules in reading order:
//!
//! [`config`] is what a person wrote; [`inbox`] is the one ordered stream of inputs to the engine; [`asterisk`],
//! [`store`] and [`http`] are thin adapters around it; [`daemon`] is the loop that ties them together and owns the
//! only clock; [`live`] keeps screens in step with what the engine shows; [`reload`] brings changed settings to both
//! sides of it; [`archive`] keeps recordings after the call; [`journal`] keeps what the engine was told, and [`replay`]
//! plays that again. The rules are in the crate `cadran_engine`.

pub mod accounts;
pub mod archive;
pub mod asterisk;
pub mod audit;
pub mod checks;
pub mod compliance_check;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod dry_run;
pub mod erasures;
pub mod fastagi;
pub mod findings;
pub mod flow;
pub mod flow_requests;
pub mod hex;
pub mod http;
pub mod import;
pub mod inbox;
pub mod journal;
pub mod live;
pub mod look_ups;
pub mod mail;
pub mod notices;
pub mod passwords;
pub mod probe;
pub mod reload;
pub mod replay;
pub mod rule_packs;
pub mod safe;
pub mod sentences;
pub mod serve;
pub mod simulate;
pub mod sound;
pub mod speech;
pub mod store;
pub mod tap;
pub mod totp;
pub mod vicidial;
pub mod webhooks;
pub mod what_if;
pub mod words;

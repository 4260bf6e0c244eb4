//! What the engine tells, as log lines and figures. Ids only: no number and no name gets here.

use std::collections::BTreeMap;

use cadran_engine::command::Notice;
use cadran_engine::dialer::compliance::Reason;
use metrics::{counter, histogram};
use tracing::{debug, info, warn};

/// Counts leads that were due but may not be called.
pub fn count_denied(denied: &BTreeMap<Reason, u32>) {
    for (reason, leads) in denied {
        counter!("cadran_leads_forbidden_total", "reason" => reason.as_str()).increment(u64::from(*leads));
    }
}

/// Writes a notice to the log and counts it.
pub fn tell(notice: &Notice) {
    match notice {
        Notice::Dialled { attempt, campaign } => {
            counter!("cadran_dials_total").increment(1);
            debug!(attempt.id = %attempt, campaign.id = %campaign, "Dialled {attempt}");
        }
        Notice::DialForbidden { attempt, campaign, reason } => {
            counter!("cadran_dials_forbidden_total", "reason" => reason.as_str()).increment(1);
            debug!(attempt.id = %attempt, campaign.id = %campaign, %reason, "Not dialled: {reason}");
        }
        Notice::AttemptEnded { attempt, campaign, outcome } => {
            let outcome = outcome.as_str();
            counter!("cadran_attempts_total", "outcome" => outcome).increment(1);
            debug!(attempt.id = %attempt, campaign.id = %campaign, outcome, "{attempt} ended: {outcome}");
        }
        Notice::Answered { call } => {
            counter!("cadran_answers_total").increment(1);
            debug!(call.id = %call, "{call} answered");
        }
        Notice::Screened { call, verdict, after } => {
            let verdict = verdict.as_str();
            counter!("cadran_screened_total", "verdict" => verdict).increment(1);
            histogram!("cadran_screening_seconds").record(*after);
            debug!(call.id = %call, verdict, after_ms = after.as_millis(), "{call} is taken for: {verdict}");
        }
        Notice::Connected { call, agent, waited } => {
            counter!("cadran_connects_total").increment(1);
            histogram!("cadran_answer_to_agent_seconds").record(*waited);
            let wait_ms = waited.as_millis();
            debug!(call.id = %call, agent.id = %agent, wait_ms, "Connected {call} to {agent}");
        }
        Notice::CallEnded { call, by } => {
            debug!(call.id = %call, by = by.as_str(), "{call} ended");
        }
        Notice::CallerArrived { call, did } => {
            counter!("cadran_callers_total").increment(1);
            debug!(call.id = %call, ?did, "{call} has come in");
        }
        Notice::NodeLeft { call, flow, node, outlet } => {
            counter!("cadran_flow_nodes_total").increment(1);
            debug!(call.id = %call, flow, node, outlet, "{call} left {node} by {outlet}");
        }
        Notice::PromptMissing { call, prompt } => {
            counter!("cadran_prompts_missing_total", "kind" => "media").increment(1);
            warn!(call.id = %call, prompt, "{call} heard another sound in the place of {prompt}");
        }
        Notice::CallerQueued { call, queue } => {
            debug!(call.id = %call, queue.id = %queue, "{call} waits in {queue}");
        }
        Notice::CallerUnqueued { call, queue, exit, waited } => {
            let exit = exit.as_str();
            counter!("cadran_queue_exits_total", "exit" => exit).increment(1);
            histogram!("cadran_queue_wait_seconds", "exit" => exit).record(*waited);
            debug!(call.id = %call, queue.id = %queue, exit, "{call} left {queue}: {exit}");
        }
        Notice::AgentMissed { agent, queue } => {
            counter!("cadran_queue_misses_total").increment(1);
            debug!(agent.id = %agent, queue.id = %queue, "{agent} missed a caller of {queue}");
        }
        Notice::AgentState { agent, state } => debug!(agent.id = %agent, state, "{agent} is {state}"),
        Notice::CampaignTripped { campaign, why } => {
            let why = why.as_str();
            counter!("cadran_breaker_trips_total", "why" => why).increment(1);
            warn!(campaign.id = %campaign, why, "The breaker of {campaign} tripped: {why}");
        }
        Notice::TrunkTripped { trunk, why } => {
            let why = why.as_str();
            counter!("cadran_breaker_trips_total", "why" => why).increment(1);
            warn!(trunk.id = %trunk, why, "The breaker of {trunk} tripped: {why}");
        }
        Notice::Dialling { held_by: Some(hold) } => warn!(?hold, "Dialling is held"),
        Notice::Dialling { held_by: None } => info!("Dialling goes on"),
        Notice::Supervising { supervisor, call, mode } => {
            let mode = mode.as_str();
            counter!("cadran_supervision_total", "mode" => mode).increment(1);
            info!(agent.id = %supervisor, call.id = %call, mode, "{supervisor} takes part in {call}: {mode}");
        }
        Notice::Tapped { user, call } => {
            counter!("cadran_taps_total").increment(1);
            info!(user.id = %user, call.id = %call, "{user} hears {call}");
        }
        Notice::TapEnded { user, call, end } => {
            let end = end.as_str();
            counter!("cadran_taps_ended_total", "end" => end).increment(1);
            info!(user.id = %user, call.id = %call, end, "{user} no longer hears {call}: {end}");
        }
        Notice::SupervisionEnded { supervisor, call, mode, end } => {
            let (mode, end) = (mode.as_str(), end.as_str());
            counter!("cadran_supervision_ended_total", "mode" => mode, "end" => end).increment(1);
            info!(agent.id = %supervisor, call.id = %call, mode, end, "{supervisor} leaves {call}: {end}");
        }
        Notice::TakenOver { call, from, by } => {
            info!(call.id = %call, from.id = %from, by.id = %by, "{by} took {call} over from {from}");
        }
        Notice::Transferred { call, from, to } => {
            counter!("cadran_transfers_total").increment(1);
            info!(call.id = %call, from.id = %from, to.id = %to, "{from} gave {call} to {to}");
        }
        Notice::GivenOutside { call, from } => {
            counter!("cadran_transfers_total").increment(1);
            info!(call.id = %call, from.id = %from, "{from} gave {call} to somebody outside");
        }
        Notice::SentToFlow { call, from, flow } => {
            counter!("cadran_transfers_total").increment(1);
            info!(call.id = %call, from.id = %from, flow.id = %flow, "{from} sent {call} through {flow}");
        }
        Notice::SentToQueue { call, from, queue } => {
            counter!("cadran_transfers_total").increment(1);
            info!(call.id = %call, from.id = %from, queue.id = %queue, "{from} sent {call} to {queue}");
        }
        Notice::MaskedLong { recording, masked } => {
            counter!("cadran_recordings_masked_long_total").increment(1);
            let masked_s = masked.as_secs();
            warn!(recording.id = %recording, masked_s, "{recording} has been masked for {masked_s} s");
        }
        Notice::Repaired { what } => {
            counter!("cadran_repairs_total").increment(1);
            info!("Repaired: {what}");
        }
        Notice::Unexpected { what } => {
            counter!("cadran_unexpected_inputs_total").increment(1);
            warn!("Unexpected: {what}");
        }
    }
}

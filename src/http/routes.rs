//! Which function answers at which address.

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::{
    abandonments, agents, api_keys, audit, bulk, by_hand, calendars, callbacks, caller_callbacks,
    caller_calls, calls, campaigns, compliance, consents, contacts, desk, dial_decisions, disposition_groups,
    do_not_call, docs, erasures, flow_revisions, flow_tests, flows, forecast, frame, health, imports,
    lead_changes, lead_export, leads, listed_callers, lists, live, mailboxes, media, messages, numbers,
    pacing, pause_reasons, playback, queues, recordings, registers, relationships, roles, screening,
    second_factor, sellers, session, simulations, skills, supervision, surveys, system, teams, tenants,
    transfers, trunks, uploads, users, vicidial, webhooks,
};

/// The largest body with a flow in it: a document of the greatest size, its tests, and what JSON adds.
const FLOW_BODY_BYTES_MAX: usize = 4 * cadran_engine::flow::limits::DOCUMENT_BYTES_MAX;

/// How long a request may take. The engine's own deadline lies well within.
const REQUEST_DEADLINE: Duration = Duration::from_secs(30);

/// How long a file may take to arrive and to be checked.
const UPLOAD_DEADLINE: Duration = Duration::from_secs(10 * 60);

/// Everything at its address.
pub(super) fn all() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(docs::preface())
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(system::checks))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(session::me))
        .routes(routes!(session::change_password))
        .routes(routes!(second_factor::offer, second_factor::remove))
        .routes(routes!(second_factor::confirm))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::read, users::update, users::remove))
        .routes(routes!(second_factor::reset))
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::read, roles::update, roles::remove))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::read, teams::update, teams::remove))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::remove))
        .routes(routes!(bulk::carry_out))
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::read, tenants::update))
        .routes(routes!(tenants::suspend))
        .routes(routes!(tenants::resume))
        .merge(campaign_routes())
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::read, webhooks::update, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::replay))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(do_not_call::list, do_not_call::add))
        .routes(routes!(do_not_call::remove))
        .routes(routes!(listed_callers::list, listed_callers::add))
        .routes(routes!(listed_callers::remove))
        .merge(compliance_routes())
        .merge(flow_routes())
        .merge(inbound_routes())
        .routes(routes!(trunks::list, trunks::create))
        .routes(routes!(trunks::read, trunks::update, trunks::remove))
        .merge(agent_routes())
        .merge(call_routes())
        .layer(from_fn_with_state(REQUEST_DEADLINE, frame::deadline))
        .merge(upload_routes())
}

fn campaign_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(campaigns::list, campaigns::create))
        .routes(routes!(campaigns::read, campaigns::update, campaigns::remove))
        .routes(routes!(campaigns::quotas))
        .routes(routes!(forecast::read))
        .routes(routes!(campaigns::start))
        .routes(routes!(campaigns::pause))
        .routes(routes!(campaigns::finish))
        .routes(routes!(pacing::history))
        .routes(routes!(pacing::why_idle))
        .routes(routes!(screening::read))
        .routes(routes!(abandonments::list))
        .routes(routes!(vicidial::translate))
        .routes(routes!(simulations::create))
        .routes(routes!(disposition_groups::list, disposition_groups::create))
        .routes(routes!(disposition_groups::read, disposition_groups::update, disposition_groups::remove))
        .routes(routes!(lists::list, lists::create))
        .routes(routes!(lists::read, lists::update, lists::remove))
        .routes(routes!(imports::list))
        .routes(routes!(imports::begin))
        .routes(routes!(imports::read))
        .routes(routes!(imports::report))
        .routes(routes!(imports::refused))
        .routes(routes!(leads::list, lead_changes::create))
        .routes(routes!(lead_export::export))
        .routes(routes!(leads::read, lead_changes::update))
        .routes(routes!(lead_changes::reset))
        .routes(routes!(leads::withdraw))
        .routes(routes!(leads::timeline))
        .routes(routes!(contacts::find))
        .routes(routes!(callbacks::list))
        .routes(routes!(callbacks::change))
        .routes(routes!(caller_callbacks::list))
        .routes(routes!(caller_callbacks::promise, caller_callbacks::withdraw))
        .routes(routes!(surveys::answers))
        .routes(routes!(surveys::counts))
        .routes(routes!(surveys::listen))
}

fn compliance_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sellers::list, sellers::create))
        .routes(routes!(sellers::read, sellers::update, sellers::remove))
        .routes(routes!(consents::list, consents::add))
        .routes(routes!(consents::revoke))
        .routes(routes!(relationships::list, relationships::add))
        .routes(routes!(relationships::end))
        .routes(routes!(registers::list))
        .routes(routes!(dial_decisions::list))
        .routes(routes!(compliance::why))
}

fn flow_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(flows::list, flows::create))
        .routes(routes!(flows::import))
        .routes(routes!(flows::read, flows::remove))
        .routes(routes!(flows::update_draft))
        .routes(routes!(flows::export))
        .routes(routes!(flow_revisions::check))
        .routes(routes!(flow_revisions::publish))
        .routes(routes!(flow_revisions::list))
        .routes(routes!(flow_revisions::read))
        .routes(routes!(flow_revisions::point))
        .routes(routes!(flow_revisions::compare))
        .routes(routes!(flow_tests::simulate_call))
        .routes(routes!(flow_tests::list, flow_tests::create))
        .routes(routes!(flow_tests::run))
        .routes(routes!(flow_tests::update, flow_tests::remove))
        .layer(DefaultBodyLimit::max(FLOW_BODY_BYTES_MAX))
}

fn inbound_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(numbers::list, numbers::create))
        .routes(routes!(numbers::read, numbers::update, numbers::remove))
        .routes(routes!(queues::list, queues::create))
        .routes(routes!(queues::read, queues::update, queues::remove))
        .routes(routes!(calendars::list, calendars::create))
        .routes(routes!(calendars::read, calendars::update, calendars::remove))
        .routes(routes!(skills::list, skills::create))
        .routes(routes!(skills::read, skills::update, skills::remove))
        .routes(routes!(media::list, media::create))
        .routes(routes!(media::read, media::update, media::remove))
        .routes(routes!(media::speak))
        .routes(routes!(mailboxes::list, mailboxes::create))
        .routes(routes!(mailboxes::read, mailboxes::update, mailboxes::remove))
        .routes(routes!(messages::list))
        .routes(routes!(messages::listen))
        .routes(routes!(messages::remove))
}

fn agent_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(agents::list, agents::create))
        .routes(routes!(agents::read, agents::update, agents::remove))
        .routes(routes!(agents::phone))
        .routes(routes!(pause_reasons::list, pause_reasons::create))
        .routes(routes!(pause_reasons::read, pause_reasons::update, pause_reasons::remove))
        .routes(routes!(desk::desk))
        .routes(routes!(desk::log_in))
        .routes(routes!(desk::log_out))
        .routes(routes!(desk::ready))
        .routes(routes!(desk::pause))
        .routes(routes!(desk::next_lead))
        .routes(routes!(desk::keep_lead))
        .routes(routes!(desk::dial))
        .routes(routes!(desk::skip))
        .routes(routes!(by_hand::dial))
        .routes(routes!(desk::dispose))
}

fn call_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(live::open))
        .routes(routes!(live::give_ticket))
        .routes(routes!(live::everything))
        .routes(routes!(live::calls))
        .routes(routes!(calls::attempts))
        .routes(routes!(calls::list))
        .routes(routes!(caller_calls::list))
        .routes(routes!(calls::read))
        .routes(routes!(calls::hang_up))
        .routes(routes!(calls::start_recording))
        .routes(routes!(calls::mask_recording))
        .routes(routes!(calls::unmask_recording))
        .routes(routes!(calls::stop_recording))
        .routes(routes!(calls::mark_private))
        .merge(supervision_routes())
        .merge(recording_routes())
}

fn supervision_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(live::audio::open))
        .routes(routes!(supervision::listen))
        .routes(routes!(supervision::whisper))
        .routes(routes!(supervision::barge))
        .routes(routes!(supervision::take_over))
        .routes(routes!(supervision::follow))
        .routes(routes!(supervision::list))
        .routes(routes!(supervision::stop))
        .routes(routes!(supervision::send_message))
        .routes(routes!(transfers::hold))
        .routes(routes!(transfers::resume))
        .routes(routes!(transfers::transfer))
        .routes(routes!(transfers::conference))
        .routes(routes!(transfers::complete))
}

fn recording_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::read, recordings::remove))
        .routes(routes!(recordings::hold, recordings::lift_hold))
        .routes(routes!(recordings::deletions))
        .routes(routes!(playback::audio))
        .routes(routes!(playback::waveform))
        .routes(routes!(playback::export))
}

fn upload_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(uploads::create))
        .routes(routes!(uploads::read, uploads::remove))
        .routes(routes!(uploads::check))
        .merge(sound_routes())
        .routes(routes!(registers::scrub))
        // Every file of leads that was ever imported is looked through.
        .routes(routes!(erasures::list, erasures::create))
        .routes(routes!(compliance::dry_run))
        .layer(from_fn_with_state(UPLOAD_DEADLINE, frame::deadline))
}

fn sound_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(media::listen, media::upload))
        .layer(DefaultBodyLimit::max(crate::sound::FILE_BYTES_MAX))
}

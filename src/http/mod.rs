//! The HTTP API: takes in, checks, asks the engine or the store, answers. It decides nothing.
//!
//! Every address, with who may use it. A test compares this table with the routes and with the document at
//! `/api/openapi.json`, and asks each address in the name of each role.
//!
//! ```text
//! GET    /healthz                                   everybody
//! GET    /readyz                                    everybody
//! GET    /metrics                                   everybody
//!
//! POST   /api/session                               everybody
//! DELETE /api/session                               admin agent campaign_manager supervisor
//! GET    /api/me                                    admin agent campaign_manager supervisor
//! PUT    /api/me/password                           admin agent campaign_manager supervisor
//!
//! GET    /api/users                                 admin
//! POST   /api/users                                 admin
//! GET    /api/users/{user}                          admin
//! PUT    /api/users/{user}                          admin
//! DELETE /api/users/{user}                          admin
//!
//! GET    /api/campaigns                             admin campaign_manager supervisor
//! POST   /api/campaigns                             admin campaign_manager
//! GET    /api/campaigns/{campaign}                  admin campaign_manager supervisor
//! PUT    /api/campaigns/{campaign}                  admin campaign_manager
//! DELETE /api/campaigns/{campaign}                  admin campaign_manager
//! GET    /api/campaigns/{campaign}/forecast         admin campaign_manager supervisor
//! GET    /api/campaigns/{campaign}/quotas           admin campaign_manager supervisor
//! POST   /api/campaigns/{campaign}/start            admin campaign_manager
//! POST   /api/campaigns/{campaign}/pause            admin campaign_manager
//! POST   /api/campaigns/{campaign}/finish           admin campaign_manager
//! GET    /api/campaigns/{campaign}/pacing           admin campaign_manager supervisor
//! GET    /api/campaigns/{campaign}/why-idle         admin campaign_manager supervisor
//! GET    /api/campaigns/{campaign}/screening        admin campaign_manager supervisor
//!
//! POST   /api/simulations                           admin campaign_manager
//! POST   /api/vicidial/campaign                     admin campaign_manager
//!
//! GET    /api/lists                                 admin campaign_manager supervisor
//! POST   /api/lists                                 admin campaign_manager
//! GET    /api/lists/{list}                          admin campaign_manager supervisor
//! PUT    /api/lists/{list}                          admin campaign_manager
//! DELETE /api/lists/{list}                          admin campaign_manager
//!
//! POST   /api/uploads                               admin campaign_manager
//! GET    /api/uploads/{upload}                      admin campaign_manager
//! DELETE /api/uploads/{upload}                      admin campaign_manager
//! POST   /api/uploads/{upload}/check                admin campaign_manager
//! POST   /api/lists/{list}/imports                  admin campaign_manager
//! GET    /api/imports                               admin campaign_manager supervisor
//! GET    /api/imports/{import}                      admin campaign_manager supervisor
//! GET    /api/imports/{import}/rows                 admin campaign_manager supervisor
//! GET    /api/imports/{import}/refused.csv          admin campaign_manager
//!
//! GET    /api/leads                                 admin campaign_manager supervisor
//! GET    /api/leads/{lead}                          admin campaign_manager supervisor
//! POST   /api/leads/{lead}/withdraw                 admin campaign_manager
//! GET    /api/leads/{lead}/timeline                 admin campaign_manager supervisor
//!
//! GET    /api/callbacks                             admin agent campaign_manager supervisor
//! PUT    /api/callbacks/{call}                      admin agent campaign_manager supervisor
//!
//! GET    /api/do-not-call                           admin campaign_manager supervisor
//! POST   /api/do-not-call                           admin campaign_manager supervisor
//! DELETE /api/do-not-call/{entry}                   admin campaign_manager supervisor
//!
//! GET    /api/sellers                               admin campaign_manager supervisor
//! POST   /api/sellers                               admin campaign_manager
//! GET    /api/sellers/{seller}                      admin campaign_manager supervisor
//! PUT    /api/sellers/{seller}                      admin campaign_manager
//! DELETE /api/sellers/{seller}                      admin campaign_manager
//! GET    /api/consents                              admin campaign_manager supervisor
//! POST   /api/consents                              admin campaign_manager
//! POST   /api/consents/{consent}/revoke             admin campaign_manager
//! GET    /api/relationships                         admin campaign_manager supervisor
//! POST   /api/relationships                         admin campaign_manager
//! POST   /api/relationships/{relationship}/end      admin campaign_manager
//! GET    /api/registers                             admin campaign_manager supervisor
//! POST   /api/registers/{register}/scrubs           admin campaign_manager
//! GET    /api/dial-decisions                        admin campaign_manager supervisor
//! GET    /api/compliance/why                        admin campaign_manager supervisor
//! POST   /api/campaigns/{campaign}/dry-run          admin campaign_manager
//!
//! GET    /api/flows                                 admin campaign_manager supervisor
//! POST   /api/flows                                 admin campaign_manager
//! POST   /api/flows/import                          admin campaign_manager
//! GET    /api/flows/{flow}                          admin campaign_manager supervisor
//! DELETE /api/flows/{flow}                          admin campaign_manager
//! PUT    /api/flows/{flow}/draft                    admin campaign_manager
//! GET    /api/flows/{flow}/export                   admin campaign_manager supervisor
//! POST   /api/flows/{flow}/check                    admin campaign_manager supervisor
//! POST   /api/flows/{flow}/simulate                 admin campaign_manager supervisor
//! POST   /api/flows/{flow}/publish                  admin campaign_manager
//! GET    /api/flows/{flow}/revisions                admin campaign_manager supervisor
//! GET    /api/flows/{flow}/revisions/{revision}     admin campaign_manager supervisor
//! PUT    /api/flows/{flow}/pointers/{pointer}       admin campaign_manager
//! GET    /api/flows/{flow}/diff                     admin campaign_manager supervisor
//! GET    /api/flows/{flow}/tests                    admin campaign_manager supervisor
//! POST   /api/flows/{flow}/tests                    admin campaign_manager
//! POST   /api/flows/{flow}/tests/run                admin campaign_manager supervisor
//! PUT    /api/flows/{flow}/tests/{test}             admin campaign_manager
//! DELETE /api/flows/{flow}/tests/{test}             admin campaign_manager
//!
//! GET    /api/numbers                               admin campaign_manager supervisor
//! POST   /api/numbers                               admin campaign_manager
//! GET    /api/numbers/{number}                      admin campaign_manager supervisor
//! PUT    /api/numbers/{number}                      admin campaign_manager
//! DELETE /api/numbers/{number}                      admin campaign_manager
//! GET    /api/queues                                admin campaign_manager supervisor
//! POST   /api/queues                                admin campaign_manager
//! GET    /api/queues/{queue}                        admin campaign_manager supervisor
//! PUT    /api/queues/{queue}                        admin campaign_manager
//! DELETE /api/queues/{queue}                        admin campaign_manager
//! GET    /api/calendars                             admin campaign_manager supervisor
//! POST   /api/calendars                             admin campaign_manager
//! GET    /api/calendars/{calendar}                  admin campaign_manager supervisor
//! PUT    /api/calendars/{calendar}                  admin campaign_manager
//! DELETE /api/calendars/{calendar}                  admin campaign_manager
//! GET    /api/skills                                admin campaign_manager supervisor
//! POST   /api/skills                                admin campaign_manager
//! GET    /api/skills/{skill}                        admin campaign_manager supervisor
//! PUT    /api/skills/{skill}                        admin campaign_manager
//! DELETE /api/skills/{skill}                        admin campaign_manager
//! GET    /api/media                                 admin campaign_manager supervisor
//! POST   /api/media                                 admin campaign_manager
//! GET    /api/media/{medium}                        admin campaign_manager supervisor
//! PUT    /api/media/{medium}                        admin campaign_manager
//! DELETE /api/media/{medium}                        admin campaign_manager
//! GET    /api/media/{medium}/sounds/{locale}        admin campaign_manager supervisor
//! PUT    /api/media/{medium}/sounds/{locale}        admin campaign_manager
//! POST   /api/media/{medium}/sounds/{locale}/speak  admin campaign_manager
//! GET    /api/mailboxes                             admin campaign_manager supervisor
//! POST   /api/mailboxes                             admin campaign_manager
//! GET    /api/mailboxes/{mailbox}                   admin campaign_manager supervisor
//! PUT    /api/mailboxes/{mailbox}                   admin campaign_manager
//! DELETE /api/mailboxes/{mailbox}                   admin campaign_manager
//! GET    /api/mailboxes/{mailbox}/messages          admin agent campaign_manager supervisor
//! GET    /api/messages/{message}/audio              admin agent campaign_manager supervisor
//! DELETE /api/messages/{message}                    admin agent campaign_manager supervisor
//!
//! GET    /api/trunks                                admin campaign_manager supervisor
//! POST   /api/trunks                                admin
//! GET    /api/trunks/{trunk}                        admin campaign_manager supervisor
//! PUT    /api/trunks/{trunk}                        admin
//! DELETE /api/trunks/{trunk}                        admin
//!
//! GET    /api/agents                                admin campaign_manager supervisor
//! POST   /api/agents                                admin
//! GET    /api/agents/{agent}                        admin campaign_manager supervisor
//! PUT    /api/agents/{agent}                        admin
//! DELETE /api/agents/{agent}                        admin
//! GET    /api/agents/{agent}/phone                  admin self
//! GET    /api/agents/{agent}/desk                   admin self supervisor
//! POST   /api/agents/{agent}/log-in                 admin self supervisor
//! POST   /api/agents/{agent}/log-out                admin self supervisor
//! POST   /api/agents/{agent}/ready                  admin self supervisor
//! POST   /api/agents/{agent}/pause                  admin self supervisor
//! POST   /api/agents/{agent}/next-lead              admin self supervisor
//! POST   /api/agents/{agent}/keep-lead              admin self supervisor
//! POST   /api/agents/{agent}/dial                   admin self supervisor
//! POST   /api/agents/{agent}/skip                   admin self supervisor
//! POST   /api/agents/{agent}/disposition            admin self supervisor
//!
//! GET    /api/live                                  everybody
//! POST   /api/live/tickets                          admin agent campaign_manager supervisor
//! GET    /api/live/snapshot                         admin campaign_manager supervisor
//! GET    /api/live/calls                            admin campaign_manager supervisor
//! GET    /api/attempts                              admin agent campaign_manager supervisor
//! GET    /api/calls                                 admin agent campaign_manager supervisor
//! GET    /api/calls/{call}                          admin agent campaign_manager supervisor
//! POST   /api/calls/{call}/hang-up                  admin in-hand supervisor
//! POST   /api/calls/{call}/recording/start          admin in-hand supervisor
//! POST   /api/calls/{call}/recording/mask           admin in-hand supervisor
//! POST   /api/calls/{call}/recording/unmask         admin in-hand supervisor
//! POST   /api/calls/{call}/recording/stop           admin in-hand supervisor
//!
//! GET    /api/recordings                            admin agent campaign_manager supervisor
//! GET    /api/recordings/{recording}                admin campaign_manager supervisor
//! DELETE /api/recordings/{recording}                admin
//! GET    /api/recordings/{recording}/audio          admin campaign_manager supervisor
//! GET    /api/recordings/{recording}/waveform       admin campaign_manager supervisor
//! PUT    /api/recordings/{recording}/hold           admin
//! DELETE /api/recordings/{recording}/hold           admin
//! POST   /api/recordings/export                     admin campaign_manager
//! GET    /api/recording-deletions                   admin
//! ```
//!
//! `/api/live` is a WebSocket, which asks for a ticket itself.
//! `self` is an agent for their own identifier, `in-hand` an agent for the call they have. Beside these there are
//! `/api/openapi.json`, `/api/docs/` and `/api/docs/problems`, for everybody.

mod agents;
mod app;
mod auth;
mod calendars;
mod callbacks;
mod calls;
mod campaign_settings;
mod campaigns;
mod check;
mod compliance;
mod consents;
mod desk;
mod dial_decisions;
mod do_not_call;
mod docs;
mod error;
mod extract;
mod flow_revisions;
mod flow_tests;
mod flows;
mod forecast;
mod frame;
mod health;
mod imports;
mod leads;
mod lists;
mod live;
mod mailboxes;
mod media;
mod messages;
mod numbers;
mod pacing;
mod playback;
mod privacy;
mod queues;
mod recordings;
mod registers;
mod relationships;
mod screening;
mod sellers;
mod session;
mod setting;
mod simulations;
mod skills;
mod throttle;
mod trunks;
mod uploads;
mod users;
mod vicidial;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use app::{App, HttpSettings};
use error::Error;

/// The largest body, but for uploads: a campaign with a thousand numbers and as many holidays is a tenth of it.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// The largest body with a flow in it: a document of the greatest size, its tests, and what JSON adds.
const FLOW_BODY_BYTES_MAX: usize = 4 * cadran_engine::flow::limits::DOCUMENT_BYTES_MAX;

/// How long a request may take. The engine's own deadline lies well within.
const REQUEST_DEADLINE: Duration = Duration::from_secs(30);

/// How long a file may take to arrive and to be checked.
const UPLOAD_DEADLINE: Duration = Duration::from_secs(10 * 60);

/// Everything at its address.
pub fn router(app: App) -> Router {
    let (router, document) = routes().split_for_parts();
    router
        .merge(docs::router(document))
        .fallback(async || Error::NoRoute)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(frame::same_site))
        .layer(from_fn(frame::frame))
        .with_state(app)
}

/// The document of the API.
pub fn document() -> OpenApi {
    routes().into_openapi()
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(preface())
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(session::me))
        .routes(routes!(session::change_password))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::read, users::update, users::remove))
        .merge(campaign_routes())
        .routes(routes!(do_not_call::list, do_not_call::add))
        .routes(routes!(do_not_call::remove))
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
        .routes(routes!(vicidial::translate))
        .routes(routes!(simulations::create))
        .routes(routes!(lists::list, lists::create))
        .routes(routes!(lists::read, lists::update, lists::remove))
        .routes(routes!(imports::list))
        .routes(routes!(imports::begin))
        .routes(routes!(imports::read))
        .routes(routes!(imports::report))
        .routes(routes!(imports::refused))
        .routes(routes!(leads::list))
        .routes(routes!(leads::read))
        .routes(routes!(leads::withdraw))
        .routes(routes!(leads::timeline))
        .routes(routes!(callbacks::list))
        .routes(routes!(callbacks::change))
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
        .routes(routes!(desk::desk))
        .routes(routes!(desk::log_in))
        .routes(routes!(desk::log_out))
        .routes(routes!(desk::ready))
        .routes(routes!(desk::pause))
        .routes(routes!(desk::next_lead))
        .routes(routes!(desk::keep_lead))
        .routes(routes!(desk::dial))
        .routes(routes!(desk::skip))
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
        .routes(routes!(calls::read))
        .routes(routes!(calls::hang_up))
        .routes(routes!(calls::start_recording))
        .routes(routes!(calls::mask_recording))
        .routes(routes!(calls::unmask_recording))
        .routes(routes!(calls::stop_recording))
        .merge(recording_routes())
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
        .routes(routes!(compliance::dry_run))
        .layer(from_fn_with_state(UPLOAD_DEADLINE, frame::deadline))
}

fn sound_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(media::listen, media::upload))
        .layer(DefaultBodyLimit::max(crate::sound::FILE_BYTES_MAX))
}

/// What the document says of the API as a whole.
fn preface() -> OpenApi {
    let description = "Times are milliseconds since 1970 in UTC, durations milliseconds. Every refusal is a problem \
                       document (RFC 9457). A change sends the `ETag` of what it is based on in `If-Match`.";
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let cookie = ApiKey::Cookie(ApiKeyValue::new("__Host-cadran"));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Cadran")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(description)),
        )
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("bearer", SecurityScheme::Http(bearer))
                .security_scheme("cookie", SecurityScheme::ApiKey(cookie))
                .build(),
        ))
        .security(Some([
            SecurityRequirement::new("bearer", Vec::<String>::new()),
            SecurityRequirement::new("cookie", Vec::<String>::new()),
        ]))
        .build()
}

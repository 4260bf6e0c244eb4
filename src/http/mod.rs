//! The HTTP API: takes in, checks, asks the engine or the store, answers. It decides nothing.
//!
//! Every address, with the rights that open it: any of those named. A test compares this table with the routes and
//! with the document at `/api/openapi.json`, and asks each address in the name of each role and of another team.
//!
//! ```text
//! GET    /healthz                                   everybody
//! GET    /readyz                                    everybody
//! GET    /metrics                                   everybody
//! GET    /api/system/checks                         view
//!
//! POST   /api/session                               everybody
//! DELETE /api/session                               account
//! GET    /api/me                                    account
//! PUT    /api/me/password                           account
//! POST   /api/me/second-factor                      account
//! DELETE /api/me/second-factor                      account
//! POST   /api/me/second-factor/confirm              account
//!
//! GET    /api/users                                 edit_accounts
//! POST   /api/users                                 edit_accounts
//! GET    /api/users/{user}                          edit_accounts
//! PUT    /api/users/{user}                          edit_accounts
//! DELETE /api/users/{user}                          edit_accounts
//! DELETE /api/users/{user}/second-factor            edit_accounts
//! GET    /api/roles                                 edit_accounts
//! POST   /api/roles                                 edit_accounts
//! GET    /api/roles/{role}                          edit_accounts
//! PUT    /api/roles/{role}                          edit_accounts
//! DELETE /api/roles/{role}                          edit_accounts
//! GET    /api/teams                                 edit_accounts
//! POST   /api/teams                                 edit_accounts
//! GET    /api/teams/{team}                          edit_accounts
//! PUT    /api/teams/{team}                          edit_accounts
//! DELETE /api/teams/{team}                          edit_accounts
//! GET    /api/keys                                  account
//! POST   /api/keys                                  account
//! DELETE /api/keys/{key}                            account
//! POST   /api/bulk                                  account
//! GET    /api/audit                                 read_audit
//! GET    /api/audit/export                          read_audit
//!
//! GET    /api/platform/tenants                      manage_tenants
//! POST   /api/platform/tenants                      manage_tenants
//! GET    /api/platform/tenants/{tenant}             manage_tenants
//! PUT    /api/platform/tenants/{tenant}             manage_tenants
//! POST   /api/platform/tenants/{tenant}/suspend     manage_tenants
//! POST   /api/platform/tenants/{tenant}/resume      manage_tenants
//!
//! GET    /api/webhooks                              edit_webhooks
//! POST   /api/webhooks                              edit_webhooks
//! GET    /api/webhooks/{webhook}                    edit_webhooks
//! PUT    /api/webhooks/{webhook}                    edit_webhooks
//! DELETE /api/webhooks/{webhook}                    edit_webhooks
//! POST   /api/webhooks/{webhook}/rotate             edit_webhooks
//! GET    /api/webhooks/{webhook}/deliveries         edit_webhooks
//! POST   /api/webhooks/{webhook}/deliveries/{delivery}/replay edit_webhooks
//!
//! GET    /api/campaigns                             view
//! POST   /api/campaigns                             edit_campaigns
//! GET    /api/campaigns/{campaign}                  view
//! PUT    /api/campaigns/{campaign}                  edit_campaigns
//! DELETE /api/campaigns/{campaign}                  edit_campaigns
//! GET    /api/campaigns/{campaign}/forecast         view
//! GET    /api/campaigns/{campaign}/quotas           view
//! POST   /api/campaigns/{campaign}/start            publish
//! POST   /api/campaigns/{campaign}/pause            publish
//! POST   /api/campaigns/{campaign}/finish           publish
//! GET    /api/campaigns/{campaign}/pacing           view
//! GET    /api/campaigns/{campaign}/why-idle         view
//! GET    /api/campaigns/{campaign}/screening        view
//! GET    /api/campaigns/{campaign}/abandonments     view
//!
//! POST   /api/simulations                           edit_campaigns
//! POST   /api/vicidial/campaign                     edit_campaigns
//!
//! GET    /api/disposition-groups                    view
//! POST   /api/disposition-groups                    edit_campaigns
//! GET    /api/disposition-groups/{group}            view
//! PUT    /api/disposition-groups/{group}            edit_campaigns
//! DELETE /api/disposition-groups/{group}            edit_campaigns
//!
//! GET    /api/lists                                 view
//! POST   /api/lists                                 edit_campaigns
//! GET    /api/lists/{list}                          view
//! PUT    /api/lists/{list}                          edit_campaigns
//! DELETE /api/lists/{list}                          edit_campaigns
//!
//! POST   /api/uploads                               edit_campaigns
//! GET    /api/uploads/{upload}                      edit_campaigns
//! DELETE /api/uploads/{upload}                      edit_campaigns
//! POST   /api/uploads/{upload}/check                edit_campaigns
//! POST   /api/lists/{list}/imports                  edit_campaigns
//! GET    /api/imports                               view
//! GET    /api/imports/{import}                      view
//! GET    /api/imports/{import}/rows                 see_full_numbers
//! GET    /api/imports/{import}/refused.csv          export_leads
//!
//! GET    /api/leads                                 view
//! POST   /api/leads                                 edit_campaigns
//! POST   /api/leads/export                          export_leads
//! GET    /api/leads/{lead}                          view
//! PUT    /api/leads/{lead}                          edit_campaigns
//! POST   /api/leads/{lead}/reset                    edit_campaigns
//! POST   /api/leads/{lead}/withdraw                 edit_campaigns
//! GET    /api/leads/{lead}/timeline                 view
//!
//! GET    /api/contacts                              view
//!
//! GET    /api/callbacks                             view work
//! PUT    /api/callbacks/{call}                      view work
//! GET    /api/caller-callbacks                      view work
//! PUT    /api/caller-callbacks/{callback}           act_for_agents work
//! DELETE /api/caller-callbacks/{callback}           act_for_agents work
//! GET    /api/survey-answers                        view
//! GET    /api/survey-answers/counts                 view
//! GET    /api/survey-answers/sounds/{message}       play_recordings
//!
//! GET    /api/do-not-call                           view
//! POST   /api/do-not-call                           block_numbers
//! DELETE /api/do-not-call/{entry}                   release_numbers
//!
//! GET    /api/listed-callers                        view
//! POST   /api/listed-callers                        edit_inbound
//! DELETE /api/listed-callers/{listed}               edit_inbound
//!
//! GET    /api/sellers                               view
//! POST   /api/sellers                               edit_campaigns
//! GET    /api/sellers/{seller}                      view
//! PUT    /api/sellers/{seller}                      edit_campaigns
//! DELETE /api/sellers/{seller}                      edit_campaigns
//! GET    /api/consents                              see_full_numbers
//! POST   /api/consents                              edit_campaigns
//! POST   /api/consents/{consent}/revoke             edit_campaigns
//! GET    /api/relationships                         see_full_numbers
//! POST   /api/relationships                         edit_campaigns
//! POST   /api/relationships/{relationship}/end      edit_campaigns
//! GET    /api/registers                             view
//! POST   /api/registers/{register}/scrubs           edit_campaigns
//! GET    /api/dial-decisions                        view
//! GET    /api/compliance/why                        see_full_numbers
//! GET    /api/compliance/erasures                   erase_people
//! POST   /api/compliance/erasures                   erase_people
//! POST   /api/campaigns/{campaign}/dry-run          edit_campaigns
//!
//! GET    /api/trunks                                view
//! POST   /api/trunks                                edit_trunks
//! GET    /api/trunks/{trunk}                        view
//! PUT    /api/trunks/{trunk}                        edit_trunks
//! DELETE /api/trunks/{trunk}                        edit_trunks
//!
//! GET    /api/flows                                 view
//! POST   /api/flows                                 edit_inbound
//! POST   /api/flows/import                          edit_inbound
//! GET    /api/flows/{flow}                          view
//! DELETE /api/flows/{flow}                          edit_inbound
//! PUT    /api/flows/{flow}/draft                    edit_inbound
//! GET    /api/flows/{flow}/export                   view
//! POST   /api/flows/{flow}/check                    view
//! POST   /api/flows/{flow}/simulate                 view
//! POST   /api/flows/{flow}/publish                  publish
//! GET    /api/flows/{flow}/revisions                view
//! GET    /api/flows/{flow}/revisions/{revision}     view
//! PUT    /api/flows/{flow}/pointers/{pointer}       publish
//! GET    /api/flows/{flow}/diff                     view
//! GET    /api/flows/{flow}/tests                    view
//! POST   /api/flows/{flow}/tests                    edit_inbound
//! POST   /api/flows/{flow}/tests/run                view
//! PUT    /api/flows/{flow}/tests/{test}             edit_inbound
//! DELETE /api/flows/{flow}/tests/{test}             edit_inbound
//!
//! GET    /api/numbers                               view
//! POST   /api/numbers                               edit_inbound
//! GET    /api/numbers/{number}                      view
//! PUT    /api/numbers/{number}                      edit_inbound
//! DELETE /api/numbers/{number}                      edit_inbound
//!
//! GET    /api/queues                                view
//! POST   /api/queues                                edit_inbound
//! GET    /api/queues/{queue}                        view
//! PUT    /api/queues/{queue}                        edit_inbound
//! DELETE /api/queues/{queue}                        edit_inbound
//!
//! GET    /api/calendars                             view
//! POST   /api/calendars                             edit_inbound
//! GET    /api/calendars/{calendar}                  view
//! PUT    /api/calendars/{calendar}                  edit_inbound
//! DELETE /api/calendars/{calendar}                  edit_inbound
//!
//! GET    /api/skills                                view
//! POST   /api/skills                                edit_inbound
//! GET    /api/skills/{skill}                        view
//! PUT    /api/skills/{skill}                        edit_inbound
//! DELETE /api/skills/{skill}                        edit_inbound
//!
//! GET    /api/media                                 view
//! POST   /api/media                                 edit_inbound
//! GET    /api/media/{medium}                        view
//! PUT    /api/media/{medium}                        edit_inbound
//! DELETE /api/media/{medium}                        edit_inbound
//! GET    /api/media/{medium}/sounds/{locale}        view
//! PUT    /api/media/{medium}/sounds/{locale}        edit_inbound
//! POST   /api/media/{medium}/sounds/{locale}/speak  edit_inbound
//!
//! GET    /api/mailboxes                             view
//! POST   /api/mailboxes                             edit_inbound
//! GET    /api/mailboxes/{mailbox}                   view
//! PUT    /api/mailboxes/{mailbox}                   edit_inbound
//! DELETE /api/mailboxes/{mailbox}                   edit_inbound
//! GET    /api/mailboxes/{mailbox}/messages          view work
//! GET    /api/messages/{message}/audio              play_recordings work
//! DELETE /api/messages/{message}                    delete_recordings work
//!
//! GET    /api/agents                                view
//! POST   /api/agents                                edit_agents
//! GET    /api/agents/{agent}                        view
//! PUT    /api/agents/{agent}                        edit_agents
//! DELETE /api/agents/{agent}                        edit_agents
//! GET    /api/agents/{agent}/phone                  edit_agents self
//! GET    /api/agents/{agent}/desk                   act_for_agents self
//! POST   /api/agents/{agent}/log-in                 act_for_agents self
//! POST   /api/agents/{agent}/log-out                act_for_agents self
//! POST   /api/agents/{agent}/ready                  act_for_agents self
//! POST   /api/agents/{agent}/pause                  act_for_agents self
//! POST   /api/agents/{agent}/next-lead              act_for_agents self
//! POST   /api/agents/{agent}/keep-lead              act_for_agents self
//! POST   /api/agents/{agent}/dial                   act_for_agents self
//! POST   /api/agents/{agent}/skip                   act_for_agents self
//! POST   /api/agents/{agent}/dial-by-hand           act_for_agents self
//! POST   /api/agents/{agent}/disposition            act_for_agents self
//! POST   /api/agents/{agent}/follow                 listen
//!
//! GET    /api/pause-reasons                         view work
//! POST   /api/pause-reasons                         edit_agents
//! GET    /api/pause-reasons/{reason}                view work
//! PUT    /api/pause-reasons/{reason}                edit_agents
//! DELETE /api/pause-reasons/{reason}                edit_agents
//!
//! GET    /api/live                                  everybody
//! POST   /api/live/tickets                          account
//! GET    /api/live/snapshot                         view
//! GET    /api/live/calls                            view
//! GET    /api/attempts                              view work
//! GET    /api/caller-calls                          view work
//! GET    /api/calls                                 view work
//! GET    /api/calls/{call}                          view work
//! POST   /api/calls/{call}/hang-up                  hang_up in-hand
//! POST   /api/calls/{call}/private                  control_recording in-hand
//! POST   /api/calls/{call}/recording/start          control_recording in-hand
//! POST   /api/calls/{call}/recording/mask           control_recording in-hand
//! POST   /api/calls/{call}/recording/unmask         control_recording in-hand
//! POST   /api/calls/{call}/recording/stop           control_recording in-hand
//! POST   /api/calls/{call}/hold                     transfer in-hand
//! POST   /api/calls/{call}/resume                   transfer in-hand
//! POST   /api/calls/{call}/transfer                 transfer in-hand
//! POST   /api/calls/{call}/conference               transfer in-hand
//! POST   /api/calls/{call}/complete                 transfer in-hand
//! GET    /api/calls/{call}/audio                    listen
//! POST   /api/calls/{call}/listen                   listen
//! POST   /api/calls/{call}/whisper                  whisper
//! POST   /api/calls/{call}/barge                    barge
//! POST   /api/calls/{call}/take-over                take_over
//! GET    /api/supervision                           barge listen take_over whisper
//! POST   /api/supervision/stop                      barge listen take_over whisper
//! POST   /api/messages                              act_for_agents
//!
//! GET    /api/recordings                            view work
//! GET    /api/recordings/{recording}                view
//! DELETE /api/recordings/{recording}                delete_recordings
//! GET    /api/recordings/{recording}/audio          play_recordings
//! GET    /api/recordings/{recording}/waveform       play_recordings
//! PUT    /api/recordings/{recording}/hold           hold_recordings
//! DELETE /api/recordings/{recording}/hold           hold_recordings
//! POST   /api/recordings/export                     download_recordings
//! GET    /api/recording-deletions                   delete_recordings
//! ```
//!
//! `/api/live` is a WebSocket, which asks for a ticket itself.
//! `account` is everybody who has one, `self` an agent for their own identifier, `in-hand` an agent for the call they
//! have. What an address names must be within the teams of whoever asks ([`scope`]). Beside these there are
//! `/api/openapi.json`, `/api/docs/` and `/api/docs/problems`, for everybody.

mod abandonments;
mod agents;
mod api_keys;
mod app;
mod audit;
mod auth;
mod because;
mod bulk;
mod by_hand;
mod calendars;
mod callbacks;
mod caller_callbacks;
mod caller_calls;
mod calls;
mod campaign_settings;
mod campaigns;
mod check;
mod compliance;
mod consents;
mod contacts;
mod desk;
mod dial_decisions;
mod disposition_groups;
mod do_not_call;
mod docs;
mod erasures;
mod error;
mod extract;
mod flow_revisions;
mod flow_tests;
mod flows;
mod forecast;
mod frame;
mod front;
mod health;
mod imports;
mod lead_changes;
mod lead_export;
mod leads;
mod listed_callers;
mod lists;
mod live;
mod mailboxes;
mod media;
mod messages;
mod numbers;
mod once;
mod pacing;
mod pause_reasons;
mod playback;
mod privacy;
mod queues;
mod recordings;
mod registers;
mod relationships;
mod roles;
mod routes;
mod scope;
mod screening;
mod second_factor;
mod sellers;
mod session;
mod setting;
mod simulations;
mod skills;
mod supervision;
mod supervisors;
mod surveys;
mod system;
mod teams;
mod tenants;
mod throttle;
mod transfers;
mod trunks;
mod uploads;
mod users;
mod vicidial;
mod webhooks;
mod witness;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use utoipa::openapi::OpenApi;

pub use app::{App, Houses, HttpSettings, Platform};
use error::Error;
pub use front::Front;
use witness::Watch;

/// The largest body, but for uploads: a campaign with a thousand numbers and as many holidays is a tenth of it.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Everything at its address.
pub fn router(app: App) -> Router {
    let whole = bulk::Whole(assembled(app.clone()));
    assembled(app).layer(Extension(whole))
}

fn assembled(app: App) -> Router {
    let (router, document) = routes::all().split_for_parts();
    let reader = router.clone().with_state(app.clone());
    let watch = Watch { app: app.clone(), reader };
    router
        .merge(docs::router(docs::finished(document)))
        .fallback(async || Error::NoRoute)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(app.clone(), once::once))
        .layer(from_fn(frame::same_site))
        .layer(from_fn_with_state(watch, witness::watch))
        .layer(from_fn(frame::frame))
        .with_state(app)
}

/// The document of the API.
pub fn document() -> OpenApi {
    docs::finished(routes::all().into_openapi())
}

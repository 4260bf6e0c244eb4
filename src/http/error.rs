//! Every refusal as a problem document (RFC 9457): what is wrong, where, and how to mend it.
//!
//! An [`Error`] becomes a response that carries a [`Problem`]; [`super::frame`] writes it out in the reader's
//! language. The words are in `config/locales`.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cadran_engine::command::Refusal;
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::flow::finding::Finding;
use cadran_engine::model::Right;

use crate::inbox::RequestError;
use crate::store;
use crate::what_if::WALL_TIME_MAX;

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum Error {
    /// The body is not what the address takes.
    BadBody(String),
    /// A part of the address is no identifier.
    BadId(String),
    /// The idempotency key is not one.
    BadIdempotencyKey,
    /// The parameters are not what the address takes.
    BadQuery(String),
    /// A range outside the file.
    BadRange { bytes: u64 },
    /// Nobody gives rights that they do not have.
    BeyondYourRights,
    /// The body is larger than the address takes.
    BodyTooLarge { limit: usize },
    /// The campaign's state does not allow it.
    CampaignIs(&'static str),
    /// What belongs to all teams is not for whoever is confined to some.
    ConfinedToTeams,
    /// A page of another site sent the request.
    CrossSite,
    /// The law does not let an agent dial.
    DialDenied { reason: Reason, words: &'static str, rule: String, until: Option<String> },
    /// A legal hold has a recording of the person kept.
    ErasureHeld { recording: String },
    /// Somebody speaks with the person, or calls them.
    ErasureLive,
    /// Law has something of the person kept.
    ErasureOrdered { what: String, rule: String, until: String },
    /// A file of this noun is not the one that was kept.
    FileTampered(&'static str),
    /// A file of this noun cannot be read.
    FileUnreadable(&'static str),
    /// The draft of a flow is not the one that the change is based on.
    DraftChanged { rev: i64 },
    /// The check of a flow found errors.
    FlowNotPublishable(Vec<Finding>),
    /// The right for it is lacking.
    Forbidden(Right),
    /// The same request is being carried out.
    IdempotencyAtWork,
    /// Another request had this idempotency key.
    IdempotencyOther,
    /// Cadran's own fault. The reason is for the log only.
    Internal(String),
    /// Values that are not possible.
    Invalid(Vec<Fault>),
    /// Too many sign-ins failed.
    LockedOut { seconds: u64 },
    /// A file that is to be heard is no sound, or none that can be used.
    NoSound(String),
    /// Nothing that speaks texts is configured, or it did not do it.
    NotSpoken(String),
    /// The lead's state does not allow it.
    LeadIs(&'static str),
    /// The body has another type.
    MediaType(&'static str),
    /// The address does not take the method.
    Method,
    /// The account has no agent record, and so no phone.
    NoDesk,
    /// Nothing is at the address.
    NoRoute,
    /// A program may not, only a person who gave a password.
    NotByKey,
    /// There is no such thing.
    NotFound { noun: &'static str, id: String },
    /// No valid sign-in.
    NotSignedIn,
    /// The address speaks WebSocket.
    NotWebSocket,
    /// An agent acts for themself only.
    NotYours,
    /// A password that somebody else gave opens nothing but its own change.
    PasswordChangeNeeded,
    /// A legal hold is on the recording.
    RecordingHeld,
    /// The recording is still being written.
    RecordingOpen,
    /// The engine did not do it.
    Request(RequestError),
    /// A change does not say what it is based on.
    RevisionMissing(&'static str),
    /// The account asks for a code beside the password.
    SecondFactorNeeded,
    /// The account has a second factor already.
    SecondFactorSet,
    /// Somebody else's simulation runs.
    SimulationRuns,
    /// Not one day was over in time.
    SimulationTooLong,
    /// The store did not do it.
    Store(store::Error),
    /// It took too long.
    Timeout,
    /// As many files wait as are kept.
    TooManyUploads { limit: usize },
    /// The code of the second factor is wrong, or was used.
    WrongCode,
    /// Name or password is wrong.
    WrongPassword,
}

/// A value that is not possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where in the body: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Which rule it breaks: a key of the section `rule` in `config/locales`.
    pub rule: &'static str,
    /// What fills the places of the rule's words.
    pub values: Values,
}

/// What fills the places of a phrase.
pub(super) type Values = Vec<(&'static str, String)>;

/// What a problem document says, before it has a language.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    /// A key of the section `problem` in `config/locales`, and the end of the problem's `type`.
    pub(super) code: &'static str,
    pub(super) values: Values,
    pub(super) faults: Vec<Fault>,
    /// What the check of a flow found.
    pub(super) findings: Vec<Finding>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, values: Values) -> Self {
        Self { status, code, values, faults: Vec::new(), findings: Vec::new() }
    }
}

impl Error {
    /// There is no such thing.
    pub(super) fn not_found(noun: &'static str, id: impl ToString) -> Self {
        Self::NotFound { noun, id: id.to_string() }
    }

    fn problem(self) -> Problem {
        use StatusCode as S;
        let (status, code, values) = match self {
            Self::BadBody(why) => (S::UNPROCESSABLE_ENTITY, "bad_body", vec![("why", why)]),
            Self::BadId(why) => (S::NOT_FOUND, "bad_id", vec![("why", why)]),
            Self::BadIdempotencyKey => (S::BAD_REQUEST, "bad_idempotency_key", vec![]),
            Self::BadQuery(why) => (S::BAD_REQUEST, "bad_query", vec![("why", why)]),
            Self::BadRange { bytes } => {
                (S::RANGE_NOT_SATISFIABLE, "bad_range", vec![("bytes", bytes.to_string())])
            }
            Self::BeyondYourRights => (S::FORBIDDEN, "beyond_your_rights", vec![]),
            Self::BodyTooLarge { limit } => {
                (S::PAYLOAD_TOO_LARGE, "body_too_large", vec![("limit", limit.to_string())])
            }
            Self::CampaignIs(state) => (S::CONFLICT, "campaign_is", vec![("state", state.to_owned())]),
            Self::ConfinedToTeams => (S::FORBIDDEN, "confined_to_teams", vec![]),
            Self::CrossSite => (S::FORBIDDEN, "cross_site", vec![]),
            Self::DialDenied { reason, words, rule, until } => {
                let mut values =
                    vec![("reason", reason.as_str().to_owned()), ("words", words.to_owned()), ("rule", rule)];
                let code = if until.is_some() { "dial_denied_until" } else { "dial_denied" };
                values.extend(until.map(|until| ("until", until)));
                (S::CONFLICT, code, values)
            }
            Self::ErasureHeld { recording } => (S::CONFLICT, "erasure_held", vec![("recording", recording)]),
            Self::ErasureLive => (S::CONFLICT, "erasure_live", vec![]),
            Self::ErasureOrdered { what, rule, until } => {
                let values = vec![("what", what), ("rule", rule), ("until", until)];
                (S::CONFLICT, "erasure_ordered", values)
            }
            Self::FileTampered(noun) => (S::CONFLICT, "file_tampered", vec![("noun", noun.to_owned())]),
            Self::FileUnreadable(noun) => (S::NOT_FOUND, "file_unreadable", vec![("noun", noun.to_owned())]),
            Self::DraftChanged { rev } => (S::CONFLICT, "draft_changed", vec![("rev", rev.to_string())]),
            Self::FlowNotPublishable(findings) => {
                let problem = Problem::new(S::UNPROCESSABLE_ENTITY, "flow_not_publishable", vec![]);
                return Problem { findings, ..problem };
            }
            Self::Forbidden(right) => (S::FORBIDDEN, "forbidden", vec![("right", right.as_str().to_owned())]),
            Self::IdempotencyAtWork => (S::CONFLICT, "idempotency_at_work", vec![]),
            Self::IdempotencyOther => (S::UNPROCESSABLE_ENTITY, "idempotency_other", vec![]),
            Self::Internal(why) => {
                tracing::error!(why, "a request failed through our own fault");
                (S::INTERNAL_SERVER_ERROR, "internal", vec![])
            }
            Self::Invalid(faults) => {
                return Problem { faults, ..Problem::new(S::UNPROCESSABLE_ENTITY, "invalid", vec![]) };
            }
            Self::LeadIs(state) => (S::CONFLICT, "lead_is", vec![("state", state.to_owned())]),
            Self::LockedOut { seconds } => {
                (S::TOO_MANY_REQUESTS, "locked_out", vec![("seconds", seconds.to_string())])
            }
            Self::MediaType(wanted) => {
                (S::UNSUPPORTED_MEDIA_TYPE, "media_type", vec![("wanted", wanted.to_owned())])
            }
            Self::Method => (S::METHOD_NOT_ALLOWED, "method", vec![]),
            Self::NoDesk => (S::CONFLICT, "no_desk", vec![]),
            Self::NoSound(why) => (S::UNPROCESSABLE_ENTITY, "no_sound", vec![("why", why)]),
            Self::NotSpoken(why) => (S::BAD_GATEWAY, "not_spoken", vec![("why", why)]),
            Self::NoRoute => (S::NOT_FOUND, "no_route", vec![]),
            Self::NotByKey => (S::FORBIDDEN, "not_by_key", vec![]),
            Self::NotFound { noun, id } => {
                (S::NOT_FOUND, "not_found", vec![("noun", noun.to_owned()), ("id", id)])
            }
            Self::NotSignedIn => (S::UNAUTHORIZED, "not_signed_in", vec![]),
            Self::NotWebSocket => (S::UPGRADE_REQUIRED, "not_web_socket", vec![]),
            Self::NotYours => (S::FORBIDDEN, "not_yours", vec![]),
            Self::PasswordChangeNeeded => (S::FORBIDDEN, "password_change_needed", vec![]),
            Self::RecordingHeld => (S::CONFLICT, "recording_held", vec![]),
            Self::RecordingOpen => (S::CONFLICT, "recording_open", vec![]),
            Self::Request(error) => return unanswered(error),
            Self::RevisionMissing(noun) => {
                (S::PRECONDITION_REQUIRED, "revision_missing", vec![("noun", noun.to_owned())])
            }
            Self::SecondFactorNeeded => (S::UNAUTHORIZED, "second_factor_needed", vec![]),
            Self::SecondFactorSet => (S::CONFLICT, "second_factor_set", vec![]),
            Self::SimulationRuns => (S::TOO_MANY_REQUESTS, "simulation_runs", vec![]),
            Self::SimulationTooLong => (S::UNPROCESSABLE_ENTITY, "simulation_too_long", vec![]),
            Self::Store(error) => return not_stored(error),
            Self::Timeout => (S::SERVICE_UNAVAILABLE, "timeout", vec![]),
            Self::TooManyUploads { limit } => {
                (S::CONFLICT, "too_many_uploads", vec![("limit", limit.to_string())])
            }
            Self::WrongCode => (S::UNAUTHORIZED, "wrong_code", vec![]),
            Self::WrongPassword => (S::UNAUTHORIZED, "wrong_password", vec![]),
        };
        Problem::new(status, code, values)
    }
}

fn unanswered(error: RequestError) -> Problem {
    use StatusCode as S;
    let (status, code, values) = match error {
        RequestError::Refused(refusal) => return refused(refusal),
        RequestError::Late => (S::SERVICE_UNAVAILABLE, "late", vec![]),
        RequestError::Stopping => (S::SERVICE_UNAVAILABLE, "stopping", vec![]),
        RequestError::Settings(why) => (S::BAD_GATEWAY, "settings", vec![("why", why)]),
    };
    Problem::new(status, code, values)
}

fn refused(refusal: Refusal) -> Problem {
    use StatusCode as S;
    let (status, code, values) = match refusal {
        Refusal::AlreadyLoggedIn => (S::CONFLICT, "refusal_already_logged_in", vec![]),
        Refusal::CallbackNeedsTime => (S::UNPROCESSABLE_ENTITY, "refusal_callback_needs_time", vec![]),
        Refusal::CallbackUnderWay => (S::CONFLICT, "refusal_callback_under_way", vec![]),
        Refusal::ColleagueIs(state) => {
            (S::CONFLICT, "refusal_colleague_is", vec![("state", state.to_owned())])
        }
        Refusal::NoLead => (S::CONFLICT, "refusal_no_lead", vec![]),
        Refusal::NotDialling(why) => (S::CONFLICT, "refusal_not_dialling", vec![("why", why)]),
        Refusal::NotInCampaign(campaign) => {
            (S::CONFLICT, "refusal_not_in_campaign", vec![("campaign", campaign.to_string())])
        }
        Refusal::ListeningNotTold => (S::CONFLICT, "refusal_listening_not_told", vec![]),
        Refusal::NotInConversation => (S::CONFLICT, "refusal_not_in_conversation", vec![]),
        Refusal::NotLoggedIn => (S::CONFLICT, "refusal_not_logged_in", vec![]),
        Refusal::NumberForbidden => (S::FORBIDDEN, "refusal_number_forbidden", vec![]),
        Refusal::OnlyBlind => (S::UNPROCESSABLE_ENTITY, "refusal_only_blind", vec![]),
        Refusal::OwnConversation => (S::CONFLICT, "refusal_own_conversation", vec![]),
        Refusal::PhoneDown => (S::CONFLICT, "refusal_phone_down", vec![]),
        Refusal::PrivateCall => (S::CONFLICT, "refusal_private_call", vec![]),
        Refusal::QueueTakesNobody(why) => {
            (S::CONFLICT, "refusal_queue_takes_nobody", vec![("why", why.to_owned())])
        }
        Refusal::ReasonNeeded => (S::UNPROCESSABLE_ENTITY, "refusal_reason_needed", vec![]),
        Refusal::RecordingForbidden => (S::CONFLICT, "refusal_recording_forbidden", vec![]),
        Refusal::RecordingIs(state) => {
            (S::CONFLICT, "refusal_recording_is", vec![("state", state.to_owned())])
        }
        Refusal::RecordingOrdered => (S::CONFLICT, "refusal_recording_ordered", vec![]),
        Refusal::SwitchAway => (S::SERVICE_UNAVAILABLE, "refusal_switch_away", vec![]),
        Refusal::TooManyTaps => (S::TOO_MANY_REQUESTS, "refusal_too_many_taps", vec![]),
        Refusal::TransferIs(state) => (S::CONFLICT, "refusal_transfer_is", vec![("state", state.to_owned())]),
        Refusal::UnknownAgent => (S::NOT_FOUND, "refusal_unknown_agent", vec![]),
        Refusal::UnknownCall => (S::NOT_FOUND, "refusal_unknown_call", vec![]),
        Refusal::UnknownCallback => (S::NOT_FOUND, "refusal_unknown_callback", vec![]),
        Refusal::UnknownCampaign(campaign) => {
            (S::CONFLICT, "refusal_unknown_campaign", vec![("campaign", campaign.to_string())])
        }
        Refusal::UnknownDisposition(codes) => {
            (S::UNPROCESSABLE_ENTITY, "refusal_unknown_disposition", vec![("codes", codes)])
        }
        Refusal::UnknownFlow => (S::NOT_FOUND, "refusal_unknown_flow", vec![]),
        Refusal::UnknownQueue => (S::NOT_FOUND, "refusal_unknown_queue", vec![]),
        Refusal::WrongState(state) => (S::CONFLICT, "refusal_wrong_state", vec![("state", state.to_owned())]),
    };
    Problem::new(status, code, values)
}

fn not_stored(error: store::Error) -> Problem {
    use StatusCode as S;
    let (status, code, values) = match error {
        store::Error::Changed(noun) => (S::PRECONDITION_FAILED, "changed", vec![("noun", noun.to_owned())]),
        store::Error::Erased => (S::CONFLICT, "erased", vec![]),
        store::Error::Linked(what) => (S::CONFLICT, "in_use", vec![("what", what)]),
        store::Error::NotFound(noun) => {
            (S::NOT_FOUND, "not_found", vec![("noun", noun.to_owned()), ("id", String::new())])
        }
        store::Error::Taken(what) => (S::CONFLICT, "taken", vec![("what", what)]),
        error if error.is_away() => {
            tracing::warn!(%error, "a request met no database");
            (S::SERVICE_UNAVAILABLE, "database_away", vec![])
        }
        error => {
            tracing::error!(%error, "a request met a database that it cannot use");
            (S::INTERNAL_SERVER_ERROR, "internal", vec![])
        }
    };
    Problem::new(status, code, values)
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let retry_after = match self {
            Self::LockedOut { seconds } => Some(seconds),
            Self::SimulationRuns => Some(WALL_TIME_MAX.as_secs()),
            _ => None,
        };
        let problem = self.problem();
        let mut response = problem.status.into_response();
        if problem.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"cadran\""));
        }
        if problem.status == StatusCode::UPGRADE_REQUIRED {
            response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(problem);
        response
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<JsonRejection> for Error {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge { limit: super::BODY_BYTES_MAX },
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::MediaType("application/json"),
            _ => Self::BadBody(rejection.body_text()),
        }
    }
}

impl From<PathRejection> for Error {
    fn from(rejection: PathRejection) -> Self {
        Self::BadId(rejection.body_text())
    }
}

impl From<QueryRejection> for Error {
    fn from(rejection: QueryRejection) -> Self {
        Self::BadQuery(rejection.body_text())
    }
}

//! Persons who want their data erased: everything goes but what must stay, and nobody brings them back.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use cadran_engine::command::Refusal;
use cadran_engine::dialer::compliance::{Artifact, ordered_until};
use cadran_engine::input::Request;
use cadran_engine::model::{ErasureId, Phone};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};
use utoipa::ToSchema;
use uuid::Uuid;

use super::app::App;
use super::auth::{ErasesPeople, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Json, Listing, PageQuery, Query};
use super::live;
use crate::erasures;
use crate::import::{Region, phone};
use crate::inbox::RequestError;
use crate::store::{Consent, Erased, Erasure, ErasureOrder, NotErased, Page};
use crate::words::Language;

/// The longest reason.
const REASON_CHARS_MAX: usize = 500;

/// What is not erased, by the keys of the section `kept` in `config/locales`.
const KEPT: [&str; 8] =
    ["audit", "backups", "counts", "dial_decisions", "digests", "journal", "recording_deletions", "uploads"];

/// A person who is to be erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewErasure {
    /// One number of theirs, with the country code or as it is written in France. Every number that is known of the
    /// person goes.
    phone: String,
    /// What the person asked, where it is written down; it stays, so name nobody.
    reason: String,
}

/// That a person was erased.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(super) struct ErasureBody {
    id: ErasureId,
    /// When, in milliseconds since 1970.
    at: i64,
    /// The login of who erased them; none when it was done again after a backup had brought them back.
    by: Option<String>,
    reason: String,
    /// The numbers of the person, as SHA-256 of their E.164 form.
    digests: Vec<String>,
    /// What went, or lost the person, and how much of it.
    erased: BTreeMap<String, u64>,
    /// What stays, and why.
    kept: Vec<KeptBody>,
}

/// Something that stays of a person who was erased.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeptOfErased)]
pub(super) struct KeptBody {
    what: &'static str,
    why: &'static str,
}

fn body(erasure: Erasure, language: Language) -> ErasureBody {
    let ErasureOrder { id, at, by, reason } = erasure.order;
    let kept = KEPT.map(|what| KeptBody { what, why: language.kept(what) });
    ErasureBody {
        id,
        at: at.as_millis(),
        by,
        reason,
        digests: erasure.digests,
        erased: erasure.counts,
        kept: kept.into(),
    }
}

/// Erases the person behind a number: recordings, messages, notes, consents and whatever else is theirs goes, calls are
/// counted without them, and whoever imports them again is refused. Refused while somebody speaks with them or calls
/// them, and while law or a legal hold has something of theirs kept.
#[utoipa::path(post, path = "/api/compliance/erasures", tag = "compliance", request_body = NewErasure,
    responses((status = 201, body = ErasureBody)))]
pub(super) async fn create(
    session: SignedIn<ErasesPeople>,
    State(app): State<App>,
    language: Language,
    Json(new): Json<NewErasure>,
) -> Result<(StatusCode, Json<ErasureBody>), Error> {
    let mut check = Check::default();
    check
        .that(!new.reason.trim().is_empty(), "/reason", "name")
        .text(&new.reason, REASON_CHARS_MAX, "/reason")
        .done()?;
    // Callers have numbers that no file would bring.
    let phone = phone::parse(&new.phone, Region::FR).ok().or_else(|| new.phone.trim().parse().ok());
    let phone = phone.ok_or_else(|| Error::BadBody("`phone` is no telephone number".to_owned()))?;
    let phones = app.store.numbers_of(phone).await?;
    may_go(&app, &phones).await?;
    take_promises_back(&app, &session, &phones).await?;

    let by = Some(session.user.value.login.clone());
    let id = ErasureId::from_uuid(Uuid::now_v7());
    let order = ErasureOrder { id, at: app.now(), by, reason: new.reason };
    let erasing = app.store.begin_erasure(phone, &order).await?.map_err(refused)?;
    // First where no backup of the database reaches, or a restored one would not know.
    app.settings.erasures.note(erasing.erasure()).await.map_err(|problem| {
        Error::Internal(format!("an erasure cannot be noted in `files.data`: {problem}"))
    })?;
    let Erased { erasure, files } = erasing.commit().await?;
    erasures::remove_files(&app.settings.messages_dir, &files);
    info!(target: "audit", { user.id = %session.id(), erasure.id = %id }, "person erased");
    // The lamps of telephones show what is left in mailboxes.
    if !files.is_empty()
        && let Err(error) = app.inbox.reload().await
    {
        warn!(%error, "The lamps of mailboxes do not show yet that messages were erased");
    }
    Ok((StatusCode::CREATED, Json(body(erasure, language))))
}

/// Refuses while a person is at the telephone, or something of theirs must be kept.
async fn may_go(app: &App, phones: &[Phone]) -> Result<(), Error> {
    let view = live::view(app).await?;
    let is_live = view.calls.iter().any(|call| phones.contains(&call.phone))
        || view.callers.iter().any(|caller| caller.phone.is_some_and(|phone| phones.contains(&phone)));
    if is_live {
        return Err(Error::ErasureLive);
    }
    if let Some(reason) = app.store.why_not_erased(phones).await? {
        return Err(refused(reason));
    }
    for recorded in app.store.recordings_with(phones).await? {
        if let Some((rule, until)) = app.settings.keeper.ordered(recorded.started_at, app.now()) {
            let what = format!("recording {}", recorded.recording);
            return Err(Error::ErasureOrdered { what, rule, until });
        }
    }
    for phone in phones {
        for consent in app.store.consents(Some(*phone), Page::first()).await? {
            consent_may_go(app, &consent)?;
        }
    }
    Ok(())
}

/// Refuses while the law of a consent's country has its proof kept.
fn consent_may_go(app: &App, consent: &Consent) -> Result<(), Error> {
    let given = jiff::Timestamp::from_millisecond(consent.given_at.as_millis());
    let created = given.ok().map(|given| given.to_zoned(TimeZone::UTC).date());
    let artifact = Artifact { kind: "consent".to_owned(), created, ..Artifact::default() };
    for pack in app.store.packs() {
        if let Some(until) = ordered_until(&artifact, consent.phone, app.now(), pack) {
            let (what, rule) = (format!("consent {}", consent.id), pack.id().to_owned());
            return Err(Error::ErasureOrdered { what, rule, until: until.to_string() });
        }
    }
    Ok(())
}

/// Has the engine forget whom it was to call back.
async fn take_promises_back<G>(app: &App, session: &SignedIn<G>, phones: &[Phone]) -> Result<(), Error> {
    for callback in app.store.promised_to(phones).await? {
        match app.inbox.request(Request::WithdrawCallback { callback, user: session.id() }).await {
            // Another daemon's, or it has just been kept.
            Ok(_) | Err(RequestError::Refused(Refusal::UnknownCallback)) => {}
            Err(RequestError::Refused(Refusal::CallbackUnderWay)) => return Err(Error::ErasureLive),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn refused(reason: NotErased) -> Error {
    match reason {
        NotErased::Held(recording) => Error::ErasureHeld { recording: recording.to_string() },
        NotErased::Live => Error::ErasureLive,
    }
}

/// Lists erasures, the latest first. Numbers are not in it: only their digests.
#[utoipa::path(get, path = "/api/compliance/erasures", tag = "compliance", params(PageQuery<ErasureId>),
    responses((status = 200, body = Listing<ErasureBody>)))]
pub(super) async fn list(
    _: SignedIn<ErasesPeople>,
    State(app): State<App>,
    language: Language,
    Query(query): Query<PageQuery<ErasureId>>,
) -> Result<Json<Listing<ErasureBody>>, Error> {
    let page = query.page();
    let erasures = app.store.erasures(page).await?;
    Ok(Listing::of(&page, erasures, |erasure| erasure.order.id, |erasure| body(erasure, language)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stays_says_why() {
        for language in Language::ALL {
            for what in KEPT {
                assert!(!language.kept(what).is_empty(), "{language:?}: {what}");
            }
        }
    }
}

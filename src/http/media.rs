//! Sounds that callers hear: uploaded or spoken by a machine, one file for each language.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use cadran_engine::model::MediumId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::numbers::is_locale;
use super::uploads::{blocking, remove_file};
use crate::sound::{self, Prompt};
use crate::speech::{self, Utterance};
use crate::store::{Kept, Medium, SoundFile};

const NOUN: &str = "medium";

/// A sound. Flows name it by the text of its id, `med_7`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Medium)]
pub(super) struct MediumBody {
    id: MediumId,
    name: String,
    /// Its files by language, such as `fr-FR`.
    sounds: BTreeMap<String, SoundBody>,
}

/// The file of a sound in one language.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SoundFile)]
struct SoundBody {
    /// The best rate at which it is kept, in samples per second.
    rate: u32,
    /// How long it is, in milliseconds.
    duration: u64,
    /// How loud it is, in LUFS (EBU R 128).
    loudness: f64,
    /// SHA-256 of the file for ordinary telephones, in hexadecimal digits.
    sha256: String,
    /// The text from which a machine spoke it.
    spoken: Option<String>,
    /// By which voice.
    voice: Option<String>,
}

/// What can be set of a sound, apart from its files.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MediumSettings {
    name: String,
}

/// A text that becomes a sound.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TextToSpeak {
    text: String,
    /// The voice, other than that of the language.
    voice: Option<String>,
}

fn body(medium: Medium) -> MediumBody {
    let shown = |sound: SoundFile| SoundBody {
        rate: sound.rate,
        duration: u64::try_from(sound.duration.as_millis()).unwrap_or(u64::MAX),
        loudness: sound.loudness as f64 / 100.0,
        sha256: sound.sha256,
        spoken: sound.spoken,
        voice: sound.voice,
    };
    let sounds = medium.sounds.into_iter().map(|(locale, sound)| (locale, shown(sound))).collect();
    MediumBody { id: medium.id, name: medium.name, sounds }
}

/// Lists sounds, in the order in which they were added.
#[utoipa::path(get, path = "/api/media", tag = "inbound", params(PageQuery<MediumId>),
    responses((status = 200, body = Listing<Versioned<MediumBody>>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<PageQuery<MediumId>>,
) -> Result<Json<Listing<Versioned<MediumBody>>>, Error> {
    let page = query.page();
    let media = app.store.media(page).await?;
    Ok(Listing::of(&page, media, |row| row.value.id, |row| Versioned::of(row, body)))
}

/// Adds a sound, which has no file yet.
#[utoipa::path(post, path = "/api/media", tag = "inbound", responses((status = 201, body = Versioned<MediumBody>)))]
pub(super) async fn create(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(settings): Json<MediumSettings>,
) -> Result<Created<Versioned<MediumBody>>, Error> {
    Check::default().name(&settings.name, "/name").done()?;
    let kept = app.store.create_medium(&settings.name, app.now()).await?;
    Ok(Created { location: format!("/api/media/{}", kept.value.id), body: Versioned::of(kept, body) })
}

/// One sound.
#[utoipa::path(get, path = "/api/media/{medium}", tag = "inbound", params(("medium" = MediumId, Path)),
    responses((status = 200, body = Versioned<MediumBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<MediumId>,
) -> Result<Versioned<MediumBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Renames a sound.
#[utoipa::path(put, path = "/api/media/{medium}", tag = "inbound", params(("medium" = MediumId, Path)),
    responses((status = 200, body = Versioned<MediumBody>)))]
pub(super) async fn update(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<MediumId>,
    if_match: IfMatch,
    Json(settings): Json<MediumSettings>,
) -> Result<Versioned<MediumBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    Check::default().name(&settings.name, "/name").done()?;
    Ok(Versioned::of(app.store.rename_medium(id, &settings.name, rev, app.now()).await?, body))
}

/// Removes a sound with its files. A flow that still names it is heard with the fallback.
#[utoipa::path(delete, path = "/api/media/{medium}", tag = "inbound", params(("medium" = MediumId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<MediumId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    let medium = find(&app, id).await?.value;
    app.store.delete_medium(id, rev).await?;
    app.inbox.reload().await?;
    medium.sounds.values().for_each(|sound| remove_files(&app, &sound.file));
    Ok(NoContent)
}

/// Takes in the file of a sound in one language: WAV, MP3 or Ogg as the body of the request. It is kept as Asterisk
/// plays it best, at the loudness of all prompts.
#[utoipa::path(put, path = "/api/media/{medium}/sounds/{locale}", tag = "inbound",
    params(("medium" = MediumId, Path), ("locale" = String, Path)),
    request_body(content = Vec<u8>, content_type = "audio/wav"),
    responses((status = 200, body = Versioned<MediumBody>)))]
pub(super) async fn upload(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path((id, locale)): Path<(MediumId, String)>,
    file: Bytes,
) -> Result<Versioned<MediumBody>, Error> {
    check_locale(&locale)?;
    find(&app, id).await?;
    if file.len() > sound::FILE_BYTES_MAX {
        return Err(Error::BodyTooLarge { limit: sound::FILE_BYTES_MAX });
    }
    let prompt = blocking(move || Prompt::of_file(&file)).await?;
    let prompt = prompt.map_err(|why| Error::NoSound(why.to_string()))?;
    keep(&app, id, &locale, &prompt, None).await
}

/// Has a machine speak a text, and keeps it as the file of a sound in one language.
#[utoipa::path(post, path = "/api/media/{medium}/sounds/{locale}/speak", tag = "inbound",
    params(("medium" = MediumId, Path), ("locale" = String, Path)),
    responses((status = 200, body = Versioned<MediumBody>)))]
pub(super) async fn speak(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path((id, locale)): Path<(MediumId, String)>,
    Json(wanted): Json<TextToSpeak>,
) -> Result<Versioned<MediumBody>, Error> {
    check_locale(&locale)?;
    Check::default()
        .text(&wanted.text, speech::TEXT_CHARS_MAX, "/text")
        .text(wanted.voice.as_deref().unwrap_or_default(), 100, "/voice")
        .done()?;
    find(&app, id).await?;
    let speech = app.speech()?;
    let utterance = Utterance { text: wanted.text, locale, voice: wanted.voice };
    let prompt = tokio::time::timeout(speech::DEADLINE, speech.prompt(&utterance)).await;
    let prompt =
        prompt.unwrap_or(Err(speech::Error::Late)).map_err(|why| Error::NotSpoken(why.to_string()))?;
    keep(&app, id, &utterance.locale, &prompt, Some(&utterance)).await
}

/// The file of a sound in one language, as ordinary telephones hear it.
#[utoipa::path(get, path = "/api/media/{medium}/sounds/{locale}", tag = "inbound",
    params(("medium" = MediumId, Path), ("locale" = String, Path)),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>)))]
pub(super) async fn listen(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path((id, locale)): Path<(MediumId, String)>,
) -> Result<Response, Error> {
    let medium = find(&app, id).await?.value;
    let sound = medium.sounds.get(&locale).ok_or_else(|| Error::not_found("sound", &locale))?;
    let wav = tokio::fs::read(file(&app, &sound.file, "wav")).await;
    let wav = wav.map_err(|_| Error::FileUnreadable("sound"))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"))], wav).into_response())
}

fn check_locale(locale: &str) -> Result<(), Error> {
    if is_locale(locale) {
        Ok(())
    } else {
        Err(Error::BadId(format!("`{locale}` is no language such as fr-FR")))
    }
}

/// Writes a prompt's files and has the row name them. What the row named before is removed afterwards: a call that is
/// listening to it has it open.
async fn keep(
    app: &App,
    id: MediumId,
    locale: &str,
    prompt: &Prompt,
    spoken: Option<&Utterance>,
) -> Result<Versioned<MediumBody>, Error> {
    let before = find(app, id).await?.value.sounds.remove(locale);
    let sha256 = prompt.sha256();
    let name = format!("{id}-{locale}-{}", &sha256[..12]);
    let written = speech::write(&app.settings.sounds_dir, &name, prompt).await;
    written.map_err(|error| Error::Internal(format!("the directory of sounds: {error}")))?;
    let sound = SoundFile {
        file: name,
        rate: prompt.rate(),
        duration: prompt.duration,
        loudness: prompt.loudness,
        sha256,
        spoken: spoken.map(|utterance| utterance.text.clone()),
        voice: spoken.and_then(|utterance| utterance.voice.clone()),
    };
    let kept = app.store.put_sound(id, locale, &sound, app.now()).await?;
    app.inbox.reload().await?;
    if let Some(before) = before.filter(|before| before.file != sound.file) {
        remove_files(app, &before.file);
    }
    Ok(Versioned::of(kept, body))
}

fn file(app: &App, name: &str, extension: &str) -> PathBuf {
    app.settings.sounds_dir.join(format!("{name}.{extension}"))
}

fn remove_files(app: &App, name: &str) {
    ["wav", "wav16"].iter().for_each(|extension| remove_file(&file(app, name, extension)));
}

async fn find(app: &App, id: MediumId) -> Result<Kept<Medium>, Error> {
    app.store.medium(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}

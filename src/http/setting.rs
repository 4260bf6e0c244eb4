//! What every noun of [`crate::store::Setting`] does alike: listed, made, read, changed, removed, each change followed by
//! the engine. The nouns' own files say what can be set and what is possible.

use std::fmt::Display;

use super::app::App;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Versioned};
use crate::store::{Kept, Setting};

/// A page of rows.
pub(super) async fn list<S, B>(
    app: &App,
    query: PageQuery<S::Id>,
    body: fn(S) -> B,
) -> Result<Json<Listing<Versioned<B>>>, Error>
where
    S: Setting,
    S::Id: Display + utoipa::ToSchema,
{
    list_of(app, query, |_| true, body).await
}

/// A page of those rows alone that whoever asks may see.
pub(super) async fn list_of<S, B>(
    app: &App,
    query: PageQuery<S::Id>,
    sees: impl Fn(&S) -> bool,
    body: fn(S) -> B,
) -> Result<Json<Listing<Versioned<B>>>, Error>
where
    S: Setting,
    S::Id: Display + utoipa::ToSchema,
{
    let page = query.page();
    let rows = app.store.settings_page_of::<S>(page, sees).await?;
    Ok(Listing::of(&page, rows, |row| row.value.id(), |row| Versioned::of(row, body)))
}

/// Keeps a row; `folder` is the address of its noun.
pub(super) async fn create<S, B>(
    app: &App,
    folder: &str,
    value: &S,
    body: fn(S) -> B,
) -> Result<Created<Versioned<B>>, Error>
where
    S: Setting,
    S::Id: Display,
{
    let kept = app.store.create_setting(value, app.now()).await?;
    app.inbox.reload().await?;
    Ok(Created { location: format!("{folder}/{}", kept.value.id()), body: Versioned::of(kept, body) })
}

/// One row.
pub(super) async fn read<S, B>(app: &App, id: S::Id, body: fn(S) -> B) -> Result<Versioned<B>, Error>
where
    S: Setting,
    S::Id: Display,
{
    Ok(Versioned::of(find(app, id).await?, body))
}

/// Replaces a row.
pub(super) async fn update<S: Setting, B>(
    app: &App,
    if_match: IfMatch,
    value: &S,
    body: fn(S) -> B,
) -> Result<Versioned<B>, Error> {
    let rev = if_match.rev(S::NOUN)?;
    let kept = app.store.update_setting(value, rev, app.now()).await?;
    app.inbox.reload().await?;
    Ok(Versioned::of(kept, body))
}

/// Removes a row.
pub(super) async fn remove<S: Setting>(app: &App, id: S::Id, if_match: IfMatch) -> Result<NoContent, Error> {
    let rev = if_match.rev(S::NOUN)?;
    app.store.delete_setting::<S>(id, rev).await?;
    app.inbox.reload().await?;
    Ok(NoContent)
}

/// One row, or that there is none.
pub(super) async fn find<S>(app: &App, id: S::Id) -> Result<Kept<S>, Error>
where
    S: Setting,
    S::Id: Display,
{
    app.store.setting::<S>(id).await?.ok_or_else(|| Error::not_found(S::NOUN, id))
}

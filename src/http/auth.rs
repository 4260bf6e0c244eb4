//! Who asks, whether they have the right, and whether what they ask for is within their scope.
//!
//! A sign-in is an opaque token of 256 random bits. The database holds its SHA-256; the browser holds it in a cookie
//! that no script reads, a program sends it as `Authorization: Bearer`.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use cadran_engine::model::{AgentId, CampaignId, Right, Rights, Scope, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::app::App;
use super::error::Error;
use super::scope;
use super::witness::{Actor, Witness};
use crate::hex;
use crate::store::{ApiKeyId, Kept, Store, TokenHash, User};

/// Which rights open the way.
pub(super) trait Gate: Send + Sync {
    /// Any of these; none: an account is enough, and the handler looks at the rest.
    const RIGHTS: &'static [Right];
    /// Whether those pass whose password was given to them by somebody else.
    const OPEN_TO_NEWCOMERS: bool = false;
}

macro_rules! gates {
    ($($(#[doc = $doc:literal])+ $name:ident: [$($right:ident),*];)*) => { $(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(super) struct $name;

        impl Gate for $name {
            const RIGHTS: &'static [Right] = &[$(Right::$right),*];
        }
    )* };
}

gates! {
    /// Those who act at the desks of others.
    ActsForAgents: [ActForAgents];
    /// Those who connect the installation with carriers.
    Admin: [EditTrunks];
    /// Everybody with an account.
    Anyone: [];
    /// Those who run campaigns.
    CampaignManager: [EditCampaigns];
    /// Those who are heard by all on calls of others.
    Barges: [Barge];
    /// Those who put numbers on the do-not-call list.
    BlocksNumbers: [BlockNumbers];
    /// Those who promise callers to call them back, be it their own.
    BooksCallbacks: [ActForAgents, Work];
    /// Those who delete messages of callers, be it from their own mailbox.
    DeletesMessages: [DeleteRecordings, Work];
    /// Those who delete recordings.
    DeletesRecordings: [DeleteRecordings];
    /// Those who take recordings away.
    DownloadsRecordings: [DownloadRecordings];
    /// Those who give accounts.
    EditsAccounts: [EditAccounts];
    /// Those who take agents on.
    EditsAgents: [EditAgents];
    /// Those who say what callers hear and where they are led.
    EditsInbound: [EditInbound];
    /// Those who say where events are sent.
    EditsWebhooks: [EditWebhooks];
    /// Those who erase persons.
    ErasesPeople: [ErasePeople];
    /// Those who take leads away.
    ExportsLeads: [ExportLeads];
    /// Those who hear messages of callers, be it in their own mailbox.
    HearsMessages: [PlayRecordings, Work];
    /// Those who put legal holds on recordings.
    HoldsRecordings: [HoldRecordings];
    /// Those who hear calls.
    Listens: [Listen];
    /// Those who look after the installation.
    ManagesTenants: [ManageTenants];
    /// Those who hear recordings.
    PlaysRecordings: [PlayRecordings];
    /// Those who have campaigns dial.
    Publishes: [Publish];
    /// Those who read who did what.
    ReadsAudit: [ReadAudit];
    /// Those who take numbers off the do-not-call list.
    ReleasesNumbers: [ReleaseNumbers];
    /// Those who see calls, be it their own.
    SeesCalls: [View, Work];
    /// Those who see telephone numbers whole.
    SeesNumbers: [SeeFullNumbers];
    /// Those who see more than their own desk.
    Staff: [View];
    /// Those who take part in conversations of others, in whichever way.
    Supervises: [Barge, Listen, TakeOver, Whisper];
    /// Those who become the agent of a call.
    TakesOver: [TakeOver];
    /// Those who are heard by agents alone.
    Whispers: [Whisper];
}

/// Everybody with an account, even before they chose a password of their own.
#[derive(Debug)]
pub(super) struct Newcomer;

impl Gate for Newcomer {
    const RIGHTS: &'static [Right] = &[];
    const OPEN_TO_NEWCOMERS: bool = true;
}

/// The user who asks, with the right that the gate `G` asks for, about something within their scope.
#[derive(Debug)]
pub(super) struct SignedIn<G> {
    /// The account.
    pub user: Kept<User>,
    /// What they may do this way.
    pub(super) rights: Rights,
    /// Of what.
    pub(super) scope: Scope,
    /// The sign-in.
    pub(super) token: TokenHash,
    /// Until when it holds.
    pub(super) expires_at: Timestamp,
    /// The key of a program; none for a person who gave a password.
    pub(super) key: Option<ApiKeyId>,
    gate: PhantomData<G>,
}

impl<G> SignedIn<G> {
    /// The account's row.
    pub(super) fn id(&self) -> UserId {
        self.user.value.id
    }

    /// Whether they have a right.
    pub(super) fn may(&self, right: Right) -> bool {
        self.rights.has(right)
    }

    /// Refuses those who lack a right.
    pub(super) fn needs(&self, right: Right) -> Result<(), Error> {
        if self.may(right) { Ok(()) } else { Err(Error::Forbidden(right)) }
    }

    /// Refuses those who are confined to teams: what they ask for belongs to all.
    pub(super) fn needs_all_teams(&self) -> Result<(), Error> {
        if self.scope.is_everything() { Ok(()) } else { Err(Error::ConfinedToTeams) }
    }

    /// Refuses programs: only a person who gave a password may.
    pub(super) fn needs_person(&self) -> Result<(), Error> {
        if self.key.is_none() { Ok(()) } else { Err(Error::NotByKey) }
    }

    /// Nobody gives what they do not have.
    pub(super) fn may_give(&self, rights: Rights) -> Result<(), Error> {
        if self.rights.cover(rights) { Ok(()) } else { Err(Error::BeyondYourRights) }
    }

    /// The store as they see it: listings leave out what is not in their scope.
    pub(super) fn store(&self, app: &App) -> Store {
        app.store.within(&self.scope)
    }

    /// Whether a campaign that a body or a query names is within their scope.
    pub(super) fn sees_campaign(&self, campaign: CampaignId) -> bool {
        self.scope.has_campaign(campaign)
    }

    /// Whether telephone numbers in listings are whole.
    pub(super) fn sees_numbers(&self) -> bool {
        self.may(Right::SeeFullNumbers)
    }

    /// Agents act for themselves, others for those whom they may act for.
    pub(super) fn may_act_for(&self, agent: AgentId) -> Result<(), Error> {
        if self.may(Right::ActForAgents) || self.may(Right::Work) && self.user.value.agent == Some(agent) {
            return Ok(());
        }
        if self.may(Right::Work) { Err(Error::NotYours) } else { Err(Error::Forbidden(Right::ActForAgents)) }
    }

    /// The agent in whose name the user acts; none for those who act for any.
    pub(super) fn acts_as(&self) -> Option<AgentId> {
        self.user.value.agent.filter(|_| !self.may(Right::ActForAgents))
    }

    /// Whose calls the user may see: an agent their own, others all of their scope.
    pub(super) fn sees_only(&self) -> Result<Option<AgentId>, Error> {
        if self.may(Right::View) {
            return Ok(None);
        }
        self.needs(Right::Work).map_err(|_| Error::Forbidden(Right::View))?;
        self.user.value.agent.map(Some).ok_or(Error::NotYours)
    }
}

impl<G: Gate> FromRequestParts<App> for SignedIn<G> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let token = presented(&parts.headers, app).ok_or(Error::NotSignedIn)?;
        let token = hash(&token);
        let sign_in = app.store.signed_in(token, app.now()).await?.ok_or(Error::NotSignedIn)?;
        let session = Self {
            user: sign_in.user,
            rights: sign_in.rights,
            scope: sign_in.scope,
            token,
            expires_at: sign_in.expires_at,
            key: sign_in.key,
            gate: PhantomData,
        };
        let witness = Witness::from_request_parts(parts, app).await.unwrap_or_default();
        witness.saw(Actor { user: session.id(), key: session.key, agent: session.user.value.agent });
        if let Some(first) = G::RIGHTS.first() {
            let right = G::RIGHTS.iter().find(|right| session.may(**right));
            let right = right.ok_or(Error::Forbidden(*first))?;
            if right.is_for_all_teams() {
                session.needs_all_teams()?;
            }
        }
        if session.user.value.must_change_password && !G::OPEN_TO_NEWCOMERS {
            return Err(Error::PasswordChangeNeeded);
        }
        // Whoever has a desk and no more is looked at by the handlers: theirs is theirs in any team.
        if !Rights::of(&[Right::Work]).cover(session.rights) {
            scope::look(&session.scope, session.user.value.agent, parts, app).await?;
        }
        Ok(session)
    }
}

/// A fresh token.
pub(super) fn new_token() -> Result<SecretString, Error> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    Ok(hex::of(&bits).into())
}

/// What the database keeps of a token.
pub(super) fn hash(token: &SecretString) -> TokenHash {
    TokenHash(Sha256::digest(token.expose_secret().as_bytes()).into())
}

/// The token that a request carries. The header goes before the cookie: whoever sets it means it.
pub(super) fn presented(headers: &HeaderMap, app: &App) -> Option<SecretString> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().into());
    }
    let name = cookie_name(app.settings.secure_cookies);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, token)| token.into())
}

/// The prefix `__Host-` (RFC 6265bis §4.1.3.2) has the browser refuse the cookie unless it is for this host alone and
/// for HTTPS. Over plain HTTP a browser would drop such a cookie, so there the name is a plain one.
const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-cadran" } else { "cadran" }
}

/// The cookie that carries `token` for so many seconds; none at all ends it.
pub(super) fn cookie(token: &str, seconds: u64, secure: bool) -> String {
    let name = cookie_name(secure);
    let only_https = if secure { "; Secure" } else { "" };
    format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{only_https}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_256_bits_and_differ() {
        let (one, other) = (new_token().unwrap(), new_token().unwrap());
        assert_eq!(one.expose_secret().len(), 64);
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_ne!(hash(&one), hash(&other));
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let secure = "__Host-cadran=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(cookie("t", 60, true), secure);
        assert_eq!(cookie("t", 60, false), "cadran=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
    }
}

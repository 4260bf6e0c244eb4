//! Settings and history, in SQLite or PostgreSQL.
//!
//! A [`Store`] is one tenant's: there is none of all tenants ([`Database`] gives each its own). There is one for both
//! databases. Most statements are the same text in both databases (SQLite takes `$1` too);
//! where they differ, a `db::Sql` holds both wordings side by side, so that nobody corrects only one. One file
//! per noun; `write` keeps what the engine says, `writer` is the task that does so in groups, in order.
//!
//! Nothing here reads a clock: every moment comes from the caller.

mod abandonment;
mod agent;
mod api_key;
mod archive;
mod attempt;
mod audit;
mod by_hand;
mod call;
mod callback;
mod caller;
mod caller_callback;
mod caller_history;
mod campaign;
mod claim;
mod consent;
mod contact;
mod contact_story;
mod db;
mod decision;
mod deletion;
mod denial;
mod disposition;
mod disposition_group;
mod do_not_call;
mod dossier;
mod dry_run;
mod erasing;
mod erasure;
mod error;
mod event;
mod flow;
mod flow_revision;
mod flow_test;
mod flow_world;
mod hearing;
mod history;
mod idempotency;
mod import;
mod lead;
mod lead_change;
mod lead_columns;
mod lead_order;
mod lead_stock;
mod learnt;
mod lease;
mod list;
mod listed_caller;
mod medium;
mod message;
mod name_order;
mod open;
mod pacing;
mod person;
mod quota;
mod recording;
mod recording_gap;
mod recording_search;
mod recovery;
mod refusal;
mod register;
mod relationship;
mod role;
mod screening;
mod second_factor;
mod seller;
mod session;
mod setting;
mod sign_in;
mod supervision;
mod survey;
mod team;
mod tenant;
mod terms;
mod trunk;
mod user;
mod value;
mod webhook;
mod why;
mod write;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use cadran_engine::dialer::compliance::Pack;
use cadran_engine::input::Settings;
use cadran_engine::model::{CampaignState, Mailbox, Scope, SipAccount, SipTrunk, Timestamp};

use db::{Db, Lane, Sql};
use value::{Row, Value};

pub use abandonment::{Abandonment, AbandonmentFilter};
pub use api_key::{ApiKey, ApiKeyId};
pub use archive::{ArchiveJob, ArchiveStep, FileKind, KeptFile, Place};
pub use attempt::AttemptRecord;
pub use audit::{Act, AuditEntry, AuditFilter, Ended};
pub use by_hand::{HandDenied, HandDialled};
pub use callback::{CallbackFilter, CallbackRecord, CallbackState, OpenCallback};
pub use caller::CallerBehind;
pub use caller_callback::{CallerCallbackFilter, CallerCallbackRecord};
pub use caller_history::{CallerFilter, CallerMarks};
pub use claim::{CLAIM_TIME, Claim};
pub use consent::{Consent, ConsentId};
pub use contact_story::ContactStory;
pub use decision::{DecisionFilter, DialDecision, DialDecisionId, PackEdition, Stage};
pub use deletion::{Deletion, DeletionOrder, Expiring, Ordered};
pub use disposition::DispositionKept;
pub use do_not_call::{DoNotCall, DoNotCallId};
pub use dry_run::DryRun;
pub use erasing::{Erased, Erasing, NotErased};
pub use erasure::{Erasure, ErasureOrder};
pub use error::Error;
pub use flow::{Flow, FlowFilter, Pointer};
pub use flow_revision::FlowRevision;
pub use flow_test::{FLOW_TESTS_MAX, FlowTest};
pub use history::{CallStory, HistoryFilter, HistoryOrder, LeadStory, Owner};
pub use idempotency::{KeptAnswer, Known, REMEMBERED_FOR};
pub use import::{
    IMPORT_BATCH_MAX, Import, ImportId, ImportOutcome, ImportReport, ImportRow, ImportState, NewConsent,
    NewLead, RowContent,
};
pub use lead::{DoneReason, LeadFilter, LeadOrder, LeadRecord, Withdrawal};
pub use lead_change::{LeadChange, NotReset};
pub use lead_columns::LeadColumns;
pub use lead_stock::{Keeps, PACE_SPAN, WaitingLeads};
pub use lease::{Acquired, Lease, LeaseHeld};
pub use list::List;
pub use listed_caller::{ListedCaller, ListedCallerId};
pub use medium::{Medium, SoundFile};
pub use message::Message;
pub use name_order::NameOrder;
pub use open::Database;
pub use pacing::{PacingFilter, PastPacing};
pub use quota::QuotaStand;
pub use recording::{ArchiveState, LegalHold, RecordingRecord};
pub use recording_gap::RecordingGap;
pub use recording_search::{CallDirection, RecordingFilter, RecordingOrder};
pub use register::{Register, SCRUB_BATCH_MAX, ScrubId, digest};
pub use relationship::{Relationship, RelationshipId, RelationshipKind};
pub use role::RoleRecord;
pub use screening::ScreenedCalls;
pub use second_factor::SecondFactor;
pub use seller::Seller;
pub use session::{AgentSessionRecord, StateSpan};
pub use setting::{DispositionGroup, NamedHours, PauseChoice, Setting, Skill};
pub use sign_in::{IDLE_TIME_MAX, SignIn, TokenHash};
pub use supervision::{SupervisionFilter, SupervisionRecord};
pub use survey::{SurveyAnswers, SurveyCount, SurveyFilter};
pub use team::Team;
pub use tenant::Tenant;
pub use user::User;
pub use webhook::{Delivery, DeliveryState, EventKind, WAITING_MAX, Webhook};
pub use why::{LeadStanding, Verdict, Why};
pub use writer::{QueueFull, WRITES_MAX, WriteQueue};

/// Rows that one page of a listing may have.
pub const PAGE_MAX: u16 = 500;

/// How long [`Store::ping`] waits for the database.
pub const PING_DEADLINE: Duration = Duration::from_secs(2);

/// The way to the rows of one tenant. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
    packs: Arc<[Pack]>,
    /// What listings are confined to.
    scope: Arc<Scope>,
    /// The directory of sounds, as Asterisk sees it.
    sounds: Arc<str>,
    /// Whose turn it is to write an act down.
    audit_turn: Arc<tokio::sync::Mutex<()>>,
}

/// A row of settings, with the count of its changes that the next change must name.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept<T> {
    /// The settings.
    pub value: T,
    /// Begins at 1 and grows by one with each change.
    pub rev: i64,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl<T> Kept<T> {
    fn read(row: &Row, value: T) -> Result<Self, Error> {
        Ok(Self { value, rev: row.get("rev")?, updated_at: row.get("updated_at")? })
    }
}

/// Which part of a listing is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<Id> {
    /// The last row of the page before; none for the first page.
    pub after: Option<Id>,
    /// Rows at most; more than [`PAGE_MAX`] counts as that.
    pub limit: u16,
}

impl<Id> Page<Id> {
    /// The same page, its rows named otherwise.
    pub fn map<Other>(&self, name: impl FnOnce(Id) -> Other) -> Page<Other>
    where
        Id: Copy,
    {
        Page { after: self.after.map(name), limit: self.limit }
    }

    /// The first page, as long as may be.
    pub const fn first() -> Self {
        Self { after: None, limit: PAGE_MAX }
    }

    fn limit(&self) -> u16 {
        self.limit.min(PAGE_MAX)
    }
}

impl Store {
    /// The same store, whose listings leave out what is not in `scope`. Single rows are found all the same: whoever
    /// asks for one looks whose it is.
    #[must_use]
    pub fn within(&self, scope: &Scope) -> Self {
        Self { scope: Arc::new(scope.clone()), ..self.clone() }
    }

    /// Whether the database takes writes at the moment.
    pub async fn ping(&self) -> Result<(), Error> {
        self.db.ping(Lane::People, PING_DEADLINE).await
    }

    /// What the database's clock shows. That of SQLite is this machine's.
    pub async fn clock(&self) -> Result<Timestamp, Error> {
        let sql = Sql {
            postgres: "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as ms",
            sqlite: "select cast(round((julianday('now') - 2440587.5) * 86400000) as integer) as ms",
        };
        let row = self.db.row(sql, Vec::new()).await?.ok_or(Error::NotFound("clock"))?;
        row.get("ms")
    }

    /// What the engine works by. The limit of the Asterisk server as a whole is no row but configuration.
    pub async fn settings(&self) -> Result<Settings, Error> {
        let mut campaigns = self.campaigns_at_work().await?;
        campaigns.retain(|campaign| campaign.state != CampaignState::Finished);
        let trunks = self.all_trunks().await?.into_iter().map(|(trunk, _)| trunk);
        let trunks = trunks.collect();
        let dids = self.all_settings().await?;
        Ok(Settings {
            agents: self.all_agents().await?,
            campaigns,
            trunks,
            queues: self.queues_at_work().await?,
            flows: self.published_flows(&dids).await?,
            dids,
            calendars: self.all_calendars().await?,
            media: self.playable_media().await?,
            mailboxes: self.all_settings().await?,
            switch_limit: None,
        })
    }

    /// What Asterisk must know: every enabled trunk, and every agent's account.
    pub async fn sip(&self) -> Result<(Vec<SipTrunk>, Vec<SipAccount>), Error> {
        let trunks = self.all_trunks().await?;
        let trunks = trunks.into_iter().filter(|(trunk, _)| trunk.enabled).map(|(_, sip)| sip);
        let mut accounts = self.sip_accounts().await?;
        for mailbox in self.all_settings::<Mailbox>().await? {
            let lamp = accounts.iter_mut().find(|account| Some(account.agent) == mailbox.agent);
            if let Some(account) = lamp {
                account.mailbox = Some(mailbox.id);
            }
        }
        Ok((trunks.collect(), accounts))
    }

    /// Why a change of a row of settings touched nothing. `exists` selects the row by its id.
    async fn why_unchanged(&self, noun: &'static str, exists: &'static str, id: impl Into<Value>) -> Error {
        match self.db.row(exists, vec![id.into()]).await {
            Ok(Some(_)) => Error::Changed(noun),
            Ok(None) => Error::NotFound(noun),
            Err(error) => error,
        }
    }
}

/// The row of a statement that always gives one, such as `insert ... returning`.
fn only(rows: Vec<Row>) -> Result<Row, Error> {
    rows.into_iter()
        .next()
        .ok_or(Error::Corrupt { what: "the answer", problem: "no row where one is certain".to_owned() })
}

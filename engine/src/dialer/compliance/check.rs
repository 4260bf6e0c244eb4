//! Evaluates worked cases: questions with the answers that a lawyer expects.
//!
//! A document of cases is an object with `packs` (by name) and `cases`; a case has an `id`, a `kind`, an `input`, and
//! perhaps an `expect`. [`Question`] reads `kind` and `input` of a case; [`Question::answer`] gives what `expect`
//! would hold. Reading files and comparing is the caller's part.

use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::pace::is_blameless;
use super::retention::{due, months_max};
use super::supervision::Listened;
use super::{
    Artifact, CampaignStats, Classification, Decision, Inquiry, Listener, Obligation, PaceGate, Pack,
    PackRules, Reason, RecordingStep, Retention, Timeline, classify_answer, follow_recording, instant,
    may_supervise, pace_gate, retention,
};
use crate::model::Timestamp;

/// How long a recording may be paused where the case does not say.
const PAUSE_MAX_S: u64 = 180;

/// A question of a case.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", content = "input", rename_all = "snake_case")]
pub enum Question {
    /// May a campaign go on dialling ahead?
    AbandonGate(AbandonGateInput),
    /// What became of a call?
    ClassifyAnswer(ClassifyAnswerInput),
    /// May a person be called?
    MayDial(Box<Inquiry>),
    /// What is left of a recording?
    RecordingControl(RecordingControlInput),
    /// Is something kept?
    Retention(RetentionInput),
    /// May somebody listen?
    Supervision(SupervisionInput),
}

/// What `pace_gate` is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AbandonGateInput {
    pack: String,
    #[serde(default)]
    live: u64,
    #[serde(default)]
    abandoned: u64,
}

/// What `classify_answer` is asked about.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ClassifyAnswerInput {
    pack: String,
    timeline: Timeline,
}

/// What happened to a recording.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RecordingControlInput {
    events: Vec<String>,
    max_pause_s: Option<u64>,
}

/// What `retention` is asked about: a thing, or (kind `config`) a tenant's wish.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RetentionInput {
    pack: String,
    #[serde(default, with = "instant::option")]
    now: Option<Timestamp>,
    requested_months: Option<u16>,
    #[serde(flatten)]
    artifact: Artifact,
}

/// Who wants to listen to whom.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SupervisionInput {
    pack: Option<String>,
    actor: Listener,
    #[serde(default)]
    target: Listened,
    #[serde(default, with = "instant::option")]
    now: Option<Timestamp>,
    mode: String,
}

/// The answer, in the words of `expect`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To [`Question::AbandonGate`].
    AbandonGate {
        /// Abandoned over answered calls; `None` when nobody answered.
        rate: Option<f64>,
        /// Whether the law has nothing to say against it.
        legal_ok: bool,
        /// `none`, `alert` (lawful nowhere, but under our own cap) or `ratio_1_to_1`.
        action: &'static str,
    },
    /// To [`Question::ClassifyAnswer`].
    ClassifyAnswer(Classification),
    /// To [`Question::MayDial`].
    MayDial {
        /// `allow` or `deny`.
        verdict: &'static str,
        /// Why not.
        reason: Option<Reason>,
        /// When time alone opens the way.
        #[serde(with = "instant::option")]
        until: Option<Timestamp>,
        /// What the call must do.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        obligations: Vec<Obligation>,
    },
    /// To [`Question::RecordingControl`].
    RecordingControl {
        /// `PAUSE_TOO_LONG`, if that.
        alarm: Option<&'static str>,
        /// Why a part is missing.
        recording_gap_reason: Option<&'static str>,
        /// `kept`, `deleted` or `none`.
        file: &'static str,
        /// Why the file is gone.
        row_reason: Option<&'static str>,
    },
    /// To [`Question::Retention`] of kind `config`.
    RetentionConfig {
        /// `accept_config` or `reject_config`.
        action: &'static str,
        /// The longest time that may be asked for.
        max_months: Option<u16>,
    },
    /// To [`Question::Retention`].
    Retention {
        /// `keep` or `delete`.
        action: &'static str,
        /// The day on which it goes.
        due: Option<Date>,
        /// What becomes of the wish to be forgotten.
        #[serde(skip_serializing_if = "Option::is_none")]
        erasure: Option<&'static str>,
    },
    /// To [`Question::Supervision`].
    Supervision {
        /// `allow` or `deny`.
        verdict: &'static str,
        /// Whether the audit log hears of it.
        audit: bool,
    },
}

impl Answer {
    fn of(decision: &Decision<'_>) -> Self {
        Self::MayDial {
            verdict: verdict(decision.is_allow()),
            reason: decision.reason(),
            until: decision.until(),
            obligations: decision.obligations().to_vec(),
        }
    }
}

/// A case cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// The case names a pack that is nowhere.
    #[error("no pack `{0}` is in force; name one of the document's packs or of config/compliance")]
    NoPack(String),
    /// The case has a step that no recording takes.
    #[error(
        "`{0}` is no step of a recording; write record_start, pause, resume, objection, wait:SECONDS or hangup"
    )]
    Step(String),
    /// The case needs a field that it does not have.
    #[error("the input has no `{0}`; add it")]
    Missing(&'static str),
}

/// The packs that a document is checked against.
#[derive(Clone, Copy, Debug)]
pub struct PackSet<'p> {
    /// The packs under test.
    pub named: &'p [Pack],
    /// The packs that Cadran ships. They stand in where a pack under test has no parameters of the kind asked for.
    pub shipped: &'p [Pack],
}

impl<'p> PackSet<'p> {
    /// The pack that a case calls by its name, or by the country's, among those that have what is asked for.
    fn find(
        self,
        name: &str,
        now: Option<Timestamp>,
        has: impl Fn(&PackRules) -> bool,
    ) -> Result<&'p Pack, Unanswerable> {
        let all = || self.named.iter().chain(self.shipped);
        let is_of_country = |pack: &Pack| {
            let applies = &pack.rules().applies;
            let is_national = applies.state.is_none() && applies.sector.is_none();
            let country = applies.country.as_deref().unwrap_or_default();
            is_national && country.eq_ignore_ascii_case(name)
        };
        let in_force = |pack: &Pack| match now {
            Some(now) => pack.is_in_force(now),
            None => pack.rules().to.is_none(),
        };
        all()
            .find(|pack| pack.id() == name && has(pack.rules()))
            .or_else(|| all().find(|pack| is_of_country(pack) && in_force(pack) && has(pack.rules())))
            .or_else(|| all().find(|pack| pack.id() == name))
            .ok_or_else(|| Unanswerable::NoPack(name.to_owned()))
    }
}

impl Question {
    /// The answer that the packs give.
    pub fn answer(&self, packs: PackSet<'_>) -> Result<Answer, Unanswerable> {
        match self {
            Self::AbandonGate(input) => input.answer(packs),
            Self::ClassifyAnswer(input) => input.answer(packs),
            Self::MayDial(inquiry) => Ok(Answer::of(&inquiry.decide(packs.named))),
            Self::RecordingControl(input) => input.answer(),
            Self::Retention(input) => input.answer(packs),
            Self::Supervision(input) => input.answer(packs),
        }
    }
}

impl AbandonGateInput {
    fn answer(&self, packs: PackSet<'_>) -> Result<Answer, Unanswerable> {
        let pack = packs.find(&self.pack, None, |rules| rules.abandon.is_some())?;
        let stats = CampaignStats { live: self.live, abandoned: self.abandoned };
        let legal_ok = is_blameless(stats, pack);
        Ok(Answer::AbandonGate {
            rate: stats.abandon_rate(),
            legal_ok,
            action: match pace_gate(&stats, pack) {
                PaceGate::OneToOne { .. } => "ratio_1_to_1",
                PaceGate::Ratio { .. } if legal_ok => "none",
                PaceGate::Ratio { .. } => "alert",
            },
        })
    }
}

impl ClassifyAnswerInput {
    fn answer(&self, packs: PackSet<'_>) -> Result<Answer, Unanswerable> {
        let pack = packs.find(&self.pack, None, |rules| rules.abandon.is_some())?;
        Ok(Answer::ClassifyAnswer(classify_answer(&self.timeline, pack)))
    }
}

impl RecordingControlInput {
    fn answer(&self) -> Result<Answer, Unanswerable> {
        let steps: Result<Vec<RecordingStep>, _> = self.events.iter().map(|event| step(event)).collect();
        let pause_max = Duration::from_secs(self.max_pause_s.unwrap_or(PAUSE_MAX_S));
        let outcome = follow_recording(&steps?, pause_max);
        Ok(Answer::RecordingControl {
            alarm: outcome.pause_too_long.then_some("PAUSE_TOO_LONG"),
            recording_gap_reason: outcome.has_gap.then_some("pci_pause"),
            file: match (outcome.started, outcome.objected) {
                (_, true) => "deleted",
                (true, false) => "kept",
                (false, false) => "none",
            },
            row_reason: outcome.objected.then_some("objection"),
        })
    }
}

impl RetentionInput {
    fn answer(&self, packs: PackSet<'_>) -> Result<Answer, Unanswerable> {
        let pack = packs.find(&self.pack, self.now, |rules| !rules.retention.is_empty())?;
        if self.artifact.kind == "config" {
            return self.config_answer(pack);
        }
        let now = self.now.ok_or(Unanswerable::Missing("now"))?;
        let kept = retention(&self.artifact, now, pack);
        let erasure = self.artifact.erasure_request.then_some(match kept {
            Retention::Delete => "done",
            Retention::Hold => "refused_legal_hold",
            Retention::Keep { .. } => "refused_legal_obligation",
        });
        Ok(Answer::Retention {
            action: match kept {
                Retention::Delete => "delete",
                Retention::Hold | Retention::Keep { .. } => "keep",
            },
            due: due(&self.artifact, pack).map(|(due, _)| due),
            erasure,
        })
    }

    fn config_answer(&self, pack: &Pack) -> Result<Answer, Unanswerable> {
        let purpose = self.artifact.purpose.as_deref().ok_or(Unanswerable::Missing("purpose"))?;
        let requested = self.requested_months.ok_or(Unanswerable::Missing("requested_months"))?;
        let max_months = months_max(purpose, pack);
        let is_lawful = max_months.is_some_and(|max| requested <= max);
        Ok(Answer::RetentionConfig {
            action: if is_lawful { "accept_config" } else { "reject_config" },
            max_months,
        })
    }
}

impl SupervisionInput {
    fn answer(&self, packs: PackSet<'_>) -> Result<Answer, Unanswerable> {
        let find = |name: &String| packs.find(name, self.now, |rules| rules.supervision.is_some());
        let pack = self.pack.as_ref().map(find).transpose()?;
        let is_allowed = may_supervise(&self.actor, &self.target, &self.mode, self.now, pack);
        Ok(Answer::Supervision { verdict: verdict(is_allowed), audit: true })
    }
}

const fn verdict(is_allowed: bool) -> &'static str {
    if is_allowed { "allow" } else { "deny" }
}

fn step(event: &str) -> Result<RecordingStep, Unanswerable> {
    let unknown = || Unanswerable::Step(event.to_owned());
    Ok(match event {
        "hangup" => RecordingStep::Hangup,
        "objection" => RecordingStep::Objection,
        "pause" => RecordingStep::Pause,
        "record_start" => RecordingStep::Start,
        "resume" => RecordingStep::Resume,
        wait => {
            let seconds = wait.strip_prefix("wait:").ok_or_else(unknown)?;
            RecordingStep::Wait(Duration::from_secs(seconds.parse().map_err(|_| unknown())?))
        }
    })
}

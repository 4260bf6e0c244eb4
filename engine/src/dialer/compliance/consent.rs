//! Consent: when a pack asks for it, and when it counts.

use serde::{Deserialize, Serialize};

use super::register::whole_days;
use super::situation::Situation;
use super::{Consent, LineType, Mode, Reason};
use crate::model::Timestamp;

/// Which consent a pack asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentNeed {
    /// Prior express written consent (47 CFR 64.1200(f)(9)).
    Pewc,
    /// Any consent that can be proved.
    #[serde(alias = "consent")]
    Required,
}

impl ConsentNeed {
    const fn is_met_by(self, consent: &Consent) -> bool {
        match self {
            Self::Pewc => consent.pewc,
            Self::Required => true,
        }
    }
}

/// A pack's demand for consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentRule {
    /// Which consent.
    pub mode: ConsentNeed,
    /// Whether a running contract with a related offer stands in for it.
    #[serde(default)]
    pub contract_exempts: bool,
    /// Whether a refusal during a call withdraws consent, and bars the seller until a younger one is given.
    #[serde(default)]
    pub refusal_revokes: bool,
    /// Whole days for which a consent counts.
    pub max_age_days: Option<i64>,
    /// The ways of dialling that need consent; all when absent.
    pub dial_modes: Option<Vec<Mode>>,
    /// The lines that need consent; all when absent.
    pub line_types: Option<Vec<LineType>>,
}

impl ConsentRule {
    /// Why the call lacks consent.
    ///
    /// One good consent is enough. Without one, the reason is the first, in the order of [`Reason`], of all that is
    /// wrong with those on file.
    pub(super) fn denial(&self, situation: &Situation<'_>) -> Option<Reason> {
        let intent = situation.intent;
        if !self.binds(intent.dial_mode, situation.callee.line_type) {
            return None;
        }
        let refused_at = self.refusal(situation);
        if self.contract_exempts
            && refused_at.is_none()
            && situation.callee.has_related_contract(&intent.seller)
        {
            return None;
        }
        let mut reason = refused_at.map_or(Reason::ConsentMissing, |_| Reason::ConsentRevoked);
        for consent in &situation.callee.consents {
            match self.flaw(consent, situation, situation.now) {
                Some(flaw) => reason = reason.min(flaw),
                None => return None,
            }
        }
        Some(reason)
    }

    /// What keeps a consent from counting at an instant.
    fn flaw(&self, consent: &Consent, situation: &Situation<'_>, at: Timestamp) -> Option<Reason> {
        let withdrawn_at = situation.withdrawn_at.max(self.refusal(situation));
        let age = whole_days(consent.at, at);
        flaw(consent, &situation.intent.seller, at, withdrawn_at)
            .or_else(|| {
                let is_old = self.max_age_days.is_some_and(|max| age.is_none_or(|age| age > max));
                is_old.then_some(Reason::ConsentExpired)
            })
            .or_else(|| (!self.mode.is_met_by(consent)).then_some(Reason::ConsentMissing))
    }

    /// The last refusal that bars the seller.
    fn refusal(&self, situation: &Situation<'_>) -> Option<Timestamp> {
        situation.refused_at.filter(|_| self.refusal_revokes)
    }

    fn binds(&self, mode: Mode, line: LineType) -> bool {
        self.dial_modes.as_ref().is_none_or(|modes| modes.contains(&mode))
            && self.line_types.as_ref().is_none_or(|lines| lines.contains(&line))
    }
}

/// What keeps a consent from counting, whatever the pack: no proof, not given yet, not to this seller or for the
/// telephone, taken back since, or over.
fn flaw(consent: &Consent, seller: &str, at: Timestamp, withdrawn_at: Option<Timestamp>) -> Option<Reason> {
    let is_proved = consent.evidence_id.as_deref().is_some_and(|id| !id.trim().is_empty());
    if !is_proved || consent.at >= at {
        return Some(Reason::ConsentMissing);
    }
    if !is_for_telephone(consent, seller) {
        return Some(Reason::ConsentScope);
    }
    if withdrawn_at.is_some_and(|withdrawn_at| consent.at <= withdrawn_at) {
        return Some(Reason::ConsentRevoked);
    }
    let is_over = consent.expires_at.is_some_and(|end| end <= at);
    is_over.then_some(Reason::ConsentExpired)
}

fn is_for_telephone(consent: &Consent, seller: &str) -> bool {
    consent.seller == seller && consent.scope.iter().any(|scope| scope == Consent::PHONE_MARKETING)
}

/// When the person last took back a consent that they had given the seller for the telephone.
///
/// A withdrawal ends every consent given before it, not only the entry that it is written on.
pub(super) fn withdrawn_at(consents: &[Consent], seller: &str) -> Option<Timestamp> {
    let revocations = consents
        .iter()
        .filter(|consent| is_for_telephone(consent, seller))
        .filter_map(|consent| consent.revoked_at);
    revocations.max()
}

impl Situation<'_> {
    /// Whether a consent of this kind counts at an instant.
    pub(super) fn has_consent(&self, need: ConsentNeed, at: Timestamp) -> bool {
        self.callee.consents.iter().any(|consent| {
            need.is_met_by(consent) && flaw(consent, &self.intent.seller, at, self.withdrawn_at).is_none()
        })
    }

    /// Whether the person has agreed to be called outside the legal hours.
    ///
    /// Where the pack has a rule on consent, its limits bind this one too.
    pub(super) fn has_hours_waiver(&self, rule: Option<&ConsentRule>, at: Timestamp) -> bool {
        self.callee.consents.iter().filter(|consent| consent.hours_waiver).any(|consent| match rule {
            Some(rule) => rule.flaw(consent, self, at).is_none(),
            None => flaw(consent, &self.intent.seller, at, self.withdrawn_at).is_none(),
        })
    }
}

//! What the law asks of a campaign: for whom it calls, whom, to what end, and on which ground.

use serde::{Deserialize, Serialize};

use super::SellerId;

/// What the law asks of a campaign. The default is a draft under the strictest reading: a campaign does not start
/// without a seller and a legal basis, and neither has a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ComplianceSettings {
    /// On whose behalf people are called. Needed to start.
    pub seller: Option<SellerId>,
    /// What the calls want.
    pub purpose: Purpose,
    /// The trade, in the words of the rule packs, such as `insurance` or `energy_renovation`.
    pub sector: Option<String>,
    /// What is offered, for packs that count calls per subject.
    pub subject: Option<String>,
    /// In which role people are called.
    pub audience: Party,
    /// The ground on which personal data are used (GDPR art. 6). Needed to start.
    pub legal_basis: Option<LegalBasis>,
    /// Rule packs that bind only whoever asks for them, by their ids. All others bind anyway.
    pub packs: Vec<String>,
}

/// What a call wants. Whatever is not known to be harmless is marketing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To carry out or to accompany something the person has asked for.
    #[serde(alias = "appointment", alias = "debt_collection", alias = "information", alias = "transactional")]
    Service,
    /// To hear opinions.
    #[serde(alias = "opinion_poll", alias = "poll")]
    Survey,
    /// To sell, or to prepare a sale.
    #[default]
    Marketing,
}

/// In which role a person is called. Whoever is not known to act for a business is a consumer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// A business number or a person at work.
    #[serde(alias = "b2b", alias = "company", alias = "professional")]
    Business,
    /// A private person.
    #[default]
    Consumer,
}

/// The grounds of GDPR art. 6(1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LegalBasis {
    /// (a) The person has agreed.
    Consent,
    /// (b) A contract with the person needs it.
    Contract,
    /// (f) The caller's interests outweigh the person's.
    LegitimateInterests,
    /// (c) A law orders it.
    LegalObligation,
    /// (e) A task of public interest needs it.
    PublicTask,
    /// (d) It protects a life.
    VitalInterests,
}

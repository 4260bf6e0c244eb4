//! The person a call would reach, and what they have allowed, agreed and asked for.

use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::instant;
use crate::model::{Party, Timestamp, Zone};

/// The person and the number that would be dialled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callee {
    /// The person, the same one behind all their numbers.
    pub person_id: Option<String>,
    /// The number as it would be dialled. Judged, never trusted.
    pub number: String,
    /// Where the person is known to live (ISO 3166-1), when that is known apart from the number.
    pub country: Option<String>,
    /// State or province, for packs that name one.
    pub state: Option<String>,
    /// In which zones the person may be.
    #[serde(default, rename = "tz_candidates", deserialize_with = "Whereabouts::read")]
    pub whereabouts: Whereabouts,
    /// Consumer or business.
    #[serde(default, deserialize_with = "strictest_unless_known")]
    pub party: Party,
    /// What the number rings.
    #[serde(default, deserialize_with = "strictest_unless_known")]
    pub line_type: LineType,
    /// Consents on file, for any seller.
    #[serde(default, deserialize_with = "null_as_default")]
    pub consents: Vec<Consent>,
    /// A contract with some seller.
    pub contract: Option<Contract>,
    /// A purchase or an enquiry with some seller: the American "established business relationship".
    pub ebr: Option<Relationship>,
    /// The answer of the reassigned-numbers database.
    pub rnd: Option<Reassignment>,
    /// A call that the person asked for.
    #[serde(alias = "callback", alias = "callback_request")]
    pub requested_callback: Option<RequestedCallback>,
    /// The person had their data erased; only the suppression hash remains.
    #[serde(default, deserialize_with = "null_as_default")]
    pub erased: bool,
}

impl Callee {
    /// Whether a running contract with the seller covers what the call is about.
    pub(super) fn has_related_contract(&self, seller: &str) -> bool {
        self.contract
            .as_ref()
            .is_some_and(|contract| contract.seller == seller && contract.active && contract.related)
    }
}

/// In which time zones the person may be. A call is in time only when it is in time in all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whereabouts {
    /// Nothing but the number tells.
    #[default]
    FromNumber,
    /// One or more zones.
    Known(Vec<Zone>),
    /// Somebody looked and could not tell, or wrote a zone that does not exist.
    Unknown,
}

impl Serialize for Whereabouts {
    /// As [`Whereabouts::read`] reads it: nothing, the names of the zones, or a list of none.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::FromNumber => serializer.serialize_none(),
            Self::Known(zones) => zones.serialize(serializer),
            Self::Unknown => serializer.collect_seq(std::iter::empty::<&Zone>()),
        }
    }
}

impl Whereabouts {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(names) = Option::<Vec<String>>::deserialize(deserializer)? else {
            return Ok(Self::FromNumber);
        };
        let zones: Result<Vec<Zone>, _> = names.iter().map(|name| name.parse()).collect();
        Ok(match zones {
            Ok(zones) if !zones.is_empty() => Self::Known(zones),
            Ok(_) | Err(_) => Self::Unknown,
        })
    }
}

/// What a number rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineType {
    /// A line at a place.
    #[serde(alias = "landline")]
    Fixed,
    /// A mobile phone.
    Mobile,
    /// A number without a place of its own.
    Voip,
    /// Nobody looked, or the answer was not understood.
    #[default]
    Unknown,
}

/// One consent of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// To whom it was given.
    pub seller: String,
    /// For what. Only [`Consent::PHONE_MARKETING`] opens the telephone.
    #[serde(default)]
    pub scope: Vec<String>,
    /// When.
    #[serde(with = "instant")]
    pub at: Timestamp,
    /// What proves it. Without proof it is no consent.
    pub evidence_id: Option<String>,
    /// When it ends by its own terms, not included.
    #[serde(default, with = "instant::option", alias = "valid_until")]
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, with = "instant::option")]
    pub revoked_at: Option<Timestamp>,
    /// Whether it covers calls outside the legal hours.
    #[serde(default)]
    pub hours_waiver: bool,
    /// Whether it is a prior express written consent as American law asks (47 CFR 64.1200(f)(9)).
    #[serde(default)]
    pub pewc: bool,
}

impl Consent {
    /// The scope that opens the telephone.
    pub const PHONE_MARKETING: &'static str = "phone_marketing";
}

/// A contract between the person and a seller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// With whom.
    pub seller: String,
    /// Whether it is running.
    #[serde(default)]
    pub active: bool,
    /// Whether the offer is related to its object.
    #[serde(default)]
    pub related: bool,
}

/// A purchase from, or an enquiry with, a seller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relationship {
    /// With whom.
    pub seller: String,
    /// `purchase` or `inquiry`, as packs name them.
    pub kind: String,
    /// When.
    #[serde(with = "instant")]
    pub at: Timestamp,
}

/// What the reassigned-numbers database says (47 CFR 64.1200(m)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reassignment {
    /// Whether the number has passed to somebody else since the consent.
    #[serde(default, deserialize_with = "strictest_unless_known")]
    pub result: ReassignmentResult,
}

/// The database's three answers. One that is not understood counts as a yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReassignmentResult {
    /// Still the same subscriber.
    No,
    /// The database does not know the number.
    NoData,
    /// Passed to somebody else.
    #[default]
    Yes,
}

impl Reassignment {
    /// Whether somebody else would answer.
    pub(super) fn is_reassigned(self) -> bool {
        self.result == ReassignmentResult::Yes
    }
}

/// A call that the person asked for, at a time of their own choosing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedCallback {
    /// Who was asked; `None` when the ledger holds it under the seller already.
    pub seller: Option<String>,
    /// When the person asked. A refusal that came later undoes the request.
    #[serde(default, with = "instant::option")]
    pub requested_at: Option<Timestamp>,
    /// The first instant of the agreed span.
    #[serde(with = "instant", alias = "start")]
    pub from: Timestamp,
    /// The end of the agreed span, not included.
    #[serde(with = "instant", alias = "end", alias = "until")]
    pub to: Timestamp,
}

/// Reads a JSON `null` as the default, which for every field here is the strictest value.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a word; a missing or unknown one as the default, which for every field here is the strictest value.
pub(super) fn strictest_unless_known<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: for<'word> Deserialize<'word> + Default,
{
    let word = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    let word: StrDeserializer<'_, ValueError> = word.as_str().into_deserializer();
    Ok(T::deserialize(word).unwrap_or_default())
}

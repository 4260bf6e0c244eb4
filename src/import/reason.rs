//! Why a row, or a part of it, was not taken.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::words::Language;

/// Why a row, or a part of it, was not taken. The words for people are in `config/locales`, section `row`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RowReason)]
pub enum Reason {
    /// More cells than a row may have.
    ColumnsTooMany,
    /// The time of a consent cannot be read.
    ConsentTime,
    /// A consent without its time or its proof.
    ConsentUnproved,
    /// What should be yes or no is neither.
    ConsentYesNo,
    /// A character that no text holds, such as NUL.
    ControlCharacter,
    /// The person had their data erased.
    Erased,
    /// More text than a row may have.
    LineTooLong,
    /// Letters or signs that no telephone number has.
    PhoneCharacters,
    /// No such number can exist.
    PhoneInvalid,
    /// A spreadsheet turned the number into a quantity.
    PhoneMangled,
    /// No cell with a number.
    PhoneMissing,
    /// A number that costs the caller.
    PhonePremium,
    /// A quote that is never closed.
    QuoteOpen,
    /// A cell is longer than a field may be.
    TextTooLong,
    /// Not the name of a time zone.
    ZoneUnknown,
}

impl Reason {
    /// Every reason, in the order of reports.
    pub const ALL: [Self; 15] = [
        Self::ColumnsTooMany,
        Self::ConsentTime,
        Self::ConsentUnproved,
        Self::ConsentYesNo,
        Self::ControlCharacter,
        Self::Erased,
        Self::LineTooLong,
        Self::PhoneCharacters,
        Self::PhoneInvalid,
        Self::PhoneMangled,
        Self::PhoneMissing,
        Self::PhonePremium,
        Self::QuoteOpen,
        Self::TextTooLong,
        Self::ZoneUnknown,
    ];

    /// The word in the API and in downloaded files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ColumnsTooMany => "columns_too_many",
            Self::ConsentTime => "consent_time",
            Self::ConsentUnproved => "consent_unproved",
            Self::ConsentYesNo => "consent_yes_no",
            Self::ControlCharacter => "control_character",
            Self::Erased => "erased",
            Self::LineTooLong => "line_too_long",
            Self::PhoneCharacters => "phone_characters",
            Self::PhoneInvalid => "phone_invalid",
            Self::PhoneMangled => "phone_mangled",
            Self::PhoneMissing => "phone_missing",
            Self::PhonePremium => "phone_premium",
            Self::QuoteOpen => "quote_open",
            Self::TextTooLong => "text_too_long",
            Self::ZoneUnknown => "zone_unknown",
        }
    }

    /// The reason that [`Reason::as_str`] names so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// What a person reads: what is wrong and how to mend it.
    pub fn words(self, language: Language) -> &'static str {
        language.row_reason(self.as_str())
    }
}

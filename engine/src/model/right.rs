//! Rights: what somebody may do, one by one. A role is a bundle of them; none comes with another.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! rights {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal;)*) => {
        /// Something that somebody may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Right {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Right {
            /// Every right, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word in the database and the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

rights! {
    /// Act at any agent's desk: log in and out, ready, pause, dispose.
    ActForAgents = "act_for_agents";
    /// Be heard by all on a call.
    Barge = "barge";
    /// Put numbers on the do-not-call list.
    BlockNumbers = "block_numbers";
    /// Change how far ahead of its agents a campaign may dial.
    ChangeLevelCap = "change_level_cap";
    /// Start, mask and stop the recording of any call.
    ControlRecording = "control_recording";
    /// Delete recordings.
    DeleteRecordings = "delete_recordings";
    /// Take recordings away as files.
    DownloadRecordings = "download_recordings";
    /// Accounts, roles, teams and keys of others.
    EditAccounts = "edit_accounts";
    /// Agents and their telephones.
    EditAgents = "edit_agents";
    /// Campaigns, lists, imports, sellers, and what people allowed them.
    EditCampaigns = "edit_campaigns";
    /// Flows, numbers, queues, opening hours, skills, sounds, mailboxes.
    EditInbound = "edit_inbound";
    /// Trunks.
    EditTrunks = "edit_trunks";
    /// Where events are sent.
    EditWebhooks = "edit_webhooks";
    /// Erase persons.
    ErasePeople = "erase_people";
    /// Take leads away as files.
    ExportLeads = "export_leads";
    /// End any call.
    HangUp = "hang_up";
    /// Put legal holds on recordings, and lift them.
    HoldRecordings = "hold_recordings";
    /// Hear a call.
    Listen = "listen";
    /// Open and close the centres of tenants, and see nothing of what they have.
    ManageTenants = "manage_tenants";
    /// Change the hours in which a campaign calls.
    OverrideCallingHours = "override_calling_hours";
    /// Hear recordings.
    PlayRecordings = "play_recordings";
    /// Start, pause and finish campaigns; publish flows.
    Publish = "publish";
    /// Read who did what.
    ReadAudit = "read_audit";
    /// Take numbers off the do-not-call list.
    ReleaseNumbers = "release_numbers";
    /// See telephone numbers whole.
    SeeFullNumbers = "see_full_numbers";
    /// Become the agent of a call.
    TakeOver = "take_over";
    /// Hold any call and move it to a colleague.
    Transfer = "transfer";
    /// See what is going on and what there is: campaigns, leads, agents, calls.
    View = "view";
    /// See figures without people: campaigns, queues, trunks.
    ViewFigures = "view_figures";
    /// Be heard by the agent of a call alone.
    Whisper = "whisper";
    /// Work at one's own desk.
    Work = "work";
}

impl Right {
    /// The right that [`Right::as_str`] names so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|right| right.as_str() == word)
    }

    /// Whether it is about the installation as a whole: whoever is confined to teams cannot use it.
    pub const fn is_for_all_teams(self) -> bool {
        matches!(
            self,
            Self::EditAccounts
                | Self::EditAgents
                | Self::EditInbound
                | Self::EditTrunks
                | Self::EditWebhooks
                | Self::ErasePeople
                | Self::ManageTenants
                | Self::ReadAudit
        )
    }

    const fn bit(self) -> u64 {
        1 << self as u64
    }
}

impl Serialize for Right {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Right {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_word(&word).ok_or_else(|| D::Error::custom(format!("`{word}` is no right")))
    }
}

/// A set of rights. Written as a list of their words.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Rights(u64);

impl Rights {
    /// No right.
    pub const NONE: Self = Self(0);
    /// Every right.
    pub const ALL: Self = Self::of(Right::ALL);
    /// Every right in a tenant's centre: all but the one over the installation.
    pub const OF_A_TENANT: Self = Self(Self::ALL.0 & !Right::ManageTenants.bit());

    /// These rights.
    pub const fn of(rights: &[Right]) -> Self {
        let (mut bits, mut index) = (0, 0);
        while index < rights.len() {
            bits |= rights[index].bit();
            index += 1;
        }
        Self(bits)
    }

    /// Whether `right` is among them.
    pub const fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Whether all of `others` are among them.
    pub const fn cover(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    /// Those that both have.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Each of them, in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.iter().copied().filter(move |right| self.has(*right))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |bits, right| bits | right.bit()))
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Rights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Rights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Right>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(feature = "schema")]
mod document {
    use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

    use super::{Right, Rights};

    impl utoipa::PartialSchema for Rights {
        fn schema() -> utoipa::openapi::RefOr<Schema> {
            let words = Right::ALL.iter().map(|right| right.as_str());
            let right = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
            ArrayBuilder::new().items(right).into()
        }
    }

    impl utoipa::ToSchema for Rights {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_has_a_word_of_its_own_and_they_are_in_order() {
        let words: Vec<&str> = Right::ALL.iter().map(|right| right.as_str()).collect();
        assert!(words.is_sorted_by(|one, next| one < next), "{words:?}");
        for right in Right::ALL {
            assert_eq!(Right::from_word(right.as_str()), Some(*right));
        }
        assert!(Right::ALL.len() < 64, "a set has one bit for each");
    }

    #[test]
    fn a_set_is_a_list_of_words() {
        let rights = Rights::of(&[Right::Whisper, Right::Listen]);
        let text = serde_json::to_string(&rights).unwrap();
        assert_eq!(text, r#"["listen","whisper"]"#);
        assert_eq!(serde_json::from_str::<Rights>(&text).unwrap(), rights);
        assert!(serde_json::from_str::<Rights>(r#"["everything"]"#).is_err());
        assert!(Rights::ALL.cover(rights) && !rights.cover(Rights::ALL) && rights.cover(Rights::NONE));
    }
}

//! Identifiers. Each noun has its own type, so that a lead can never be passed for a list.
//!
//! Two families: rows of settings are numbered by the database, live things carry a fresh 128-bit id minted by
//! the engine. People and programs see both with a prefix that names the noun: `cmp_12`, `cal_0197…`.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The text is not an id of the noun that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind: it must read `{prefix}_` and then the identifier")]
pub struct BadId {
    /// What the text must begin with.
    pub prefix: &'static str,
}

macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        #[cfg(feature = "schema")]
        super::schema::text_schema!($name);
    };
}

macro_rules! settings_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// What the text form begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id of a row, as the database numbers it.
            pub const fn from_i64(row: i64) -> Self {
                Self(row)
            }

            /// The number of the row in the database.
            pub const fn as_i64(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|row| row.bytes().all(|byte| byte.is_ascii_digit()))
                    .and_then(|row| row.parse().ok())
                    .map(Self)
                    .ok_or(BadId { prefix: $prefix })
            }
        }

        text_form!($name);
    };
}

macro_rules! live_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the text form begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id with these 128 bits.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The 128 bits.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|digits| digits.len() == uuid::fmt::Simple::LENGTH)
                    .and_then(|digits| Uuid::try_parse(digits).ok())
                    .map(Self)
                    .ok_or(BadId { prefix: $prefix })
            }
        }

        text_form!($name);
    };
}

settings_id!(/** A person who takes calls. */ AgentId, "agt");
settings_id!(/** Opening hours. */ CalendarId, "cln");
settings_id!(/** A piece of outbound work. */ CampaignId, "cmp");
settings_id!(/** A number that people dial. */ DidId, "did");
settings_id!(/** Dispositions that several campaigns and queues share. */ DispositionGroupId, "dsg");
settings_id!(/** What callers hear, are asked, and where they are led. */ FlowId, "flw");
settings_id!(/** A saved test of a flow. */ FlowTestId, "tst");
settings_id!(/** A person or company to call. */ LeadId, "led");
settings_id!(/** A set of leads, usually one imported file. */ ListId, "lst");
settings_id!(/** A place for messages of callers. */ MailboxId, "vm");
settings_id!(/** A recorded sound. */ MediumId, "med");
settings_id!(/** A reason for which agents pause. */ PauseReasonId, "pau");
settings_id!(/** The person behind one or several telephone numbers. */ PersonId, "per");
settings_id!(/** A place where callers wait. */ QueueId, "q");
settings_id!(/** Somebody on whose behalf people are called. */ SellerId, "sel");
settings_id!(/** Agents and campaigns that some people look after. */ TeamId, "tem");
settings_id!(/** Something that agents know and callers may need. */ SkillId, "skl");
settings_id!(/** A company whose centre shares nothing with others on the same installation. */ TenantId, "ten");
settings_id!(/** A carrier connection. */ TrunkId, "trk");
settings_id!(/** A console account. */ UserId, "usr");
settings_id!(/** Somebody who is told of events. */ WebhookId, "whk");

live_id!(/** One dial of one lead. */ AttemptId, "att");
live_id!(/** A conversation of one or more legs. */ CallId, "cal");
live_id!(/** What a supervisor hears an agent through. */ EarId, "ear");
live_id!(/** That a person was erased. */ ErasureId, "ers");
live_id!(/** A promise to a caller to call them back. */ CallbackId, "cbk");
live_id!(/** One party, one channel. */ LegId, "leg");
live_id!(/** What a caller left in a mailbox. */ MessageId, "msg");
live_id!(/** A place where legs hear each other. */ RoomId, "rom");
live_id!(/** An agent's working time, from log-in to log-out. */ SessionId, "ses");
live_id!(/** One act of supervision. */ SupervisionId, "sup");
live_id!(/** What a conversation is heard through without a telephone. */ TapId, "tap");

/// One recording of a call. A call has several when recording is switched on and off on demand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingId {
    /// The call that is recorded.
    pub call: CallId,
    /// Counts from 1 within the call.
    pub part: u8,
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rec_{}-{}", self.call.0.simple(), self.part)
    }
}

impl FromStr for RecordingId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        const BAD: BadId = BadId { prefix: "rec" };
        let (call, part) = text.strip_prefix("rec_").and_then(|rest| rest.split_once('-')).ok_or(BAD)?;
        if call.len() != uuid::fmt::Simple::LENGTH {
            return Err(BAD);
        }
        let call = Uuid::try_parse(call).map(CallId::from_uuid).map_err(|_| BAD)?;
        let part = part.parse().map_err(|_| BAD)?;
        Ok(Self { call, part })
    }
}

text_form!(RecordingId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_names_the_noun_and_reads_back() {
        let campaign = CampaignId::from_i64(12);
        assert_eq!(campaign.to_string(), "cmp_12");
        assert_eq!("cmp_12".parse(), Ok(campaign));
        assert_eq!("lst_12".parse::<CampaignId>(), Err(BadId { prefix: "cmp" }));
        assert!("cmp_-3".parse::<CampaignId>().is_err());

        let call = CallId::from_uuid(Uuid::from_u128(7));
        assert_eq!(call.to_string().parse(), Ok(call));
        let recording = RecordingId { call, part: 2 };
        assert_eq!(recording.to_string().parse(), Ok(recording));
        assert!("rec_7-2".parse::<RecordingId>().is_err());
    }
}

//! What Asterisk must know to reach trunks and agents' phones. The engine itself never reads this.

use secrecy::SecretString;

use super::{AgentId, MailboxId, PhoneKind, TrunkId};

/// A trunk's SIP side.
#[derive(Clone, Debug)]
pub struct SipTrunk {
    /// The trunk.
    pub id: TrunkId,
    /// Host name or address of the carrier.
    pub host: String,
    /// UDP port of the carrier.
    pub port: u16,
    /// How we introduce ourselves, when the carrier wants to know.
    pub credentials: Option<(String, SecretString)>,
    /// Whether we register with the carrier.
    pub register: bool,
    /// Codecs in order of preference, as Asterisk names them, such as `alaw`.
    pub codecs: Vec<String>,
}

/// An agent's SIP account.
#[derive(Clone, Debug)]
pub struct SipAccount {
    /// Whose.
    pub agent: AgentId,
    /// Name of the account: endpoint, auth and aor alike.
    pub name: String,
    /// Password of the account.
    pub secret: SecretString,
    /// A desk phone or a browser.
    pub phone_kind: PhoneKind,
    /// The mailbox whose messages its lamp shows.
    pub mailbox: Option<MailboxId>,
}

/// What the lamp of a telephone shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageLamp {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Messages that nobody has listened to.
    pub fresh: u32,
    /// Messages that somebody has.
    pub heard: u32,
}

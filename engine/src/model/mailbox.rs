//! Mailboxes for messages of callers.

use serde::{Deserialize, Serialize};

use super::{AgentId, MailboxId};

/// A mailbox for messages of callers. The text of its id, `vm_3`, is its name in flows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The row.
    pub id: MailboxId,
    /// How people call it.
    pub name: String,
    /// Whose telephone shows that messages wait.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// E-mail addresses that get every message.
    #[serde(default)]
    pub notify: Vec<String>,
}

//! Mailboxes that ARI controls, for message waiting lamps.

use crate::model::Mailbox;
use crate::request::requests;

requests! {
    /// Lists the mailboxes that ARI controls.
    GET "/mailboxes" List -> Vec<Mailbox> {}

    /// Reads the message counts of a mailbox.
    GET "/mailboxes/{mailboxName}" Get -> Mailbox {
        required {
            /// Name of the mailbox, such as `desk@default`.
            path mailbox_name: String = "mailboxName",
        }
    }

    /// Sets the message counts of a mailbox, creating it if need be.
    PUT "/mailboxes/{mailboxName}" Update -> () {
        required {
            /// Name of the mailbox, such as `desk@default`.
            path mailbox_name: String = "mailboxName",
            /// Count of messages already heard.
            query old_messages: u32 = "oldMessages",
            /// Count of messages not heard yet.
            query new_messages: u32 = "newMessages",
        }
    }

    /// Deletes a mailbox.
    DELETE "/mailboxes/{mailboxName}" Delete -> () {
        required {
            /// Name of the mailbox, such as `desk@default`.
            path mailbox_name: String = "mailboxName",
        }
    }
}

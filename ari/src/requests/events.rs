//! The event stream, and events made by applications.

use crate::model::NewVariables;
use crate::request::requests;

requests! {
    /// Opens the event stream: the upgrade request that [`Client::connect`](crate::Client::connect) makes.
    ///
    /// Asterisk refuses it as an ordinary request.
    GET "/events" OpenWebSocket -> () {
        required {
            /// The applications to receive events for.
            query app: Vec<String> = "app",
        }
        optional {
            /// Sends every event of Asterisk. Rarely wanted on a busy system.
            query subscribe_all: Option<bool> = "subscribeAll",
        }
    }

    /// Sends a `ChannelUserevent` to an application.
    POST "/events/user/{eventName}" SendUserEvent -> () {
        required {
            /// Name of the event.
            path event_name: String = "eventName",
            /// Application that receives the event.
            query application: String = "application",
        }
        optional {
            /// Objects to attach: `channel:ID`, `bridge:ID`, `endpoint:TECH/RESOURCE`.
            query source: Vec<String> = "source",
            /// Content of the event: `userevent` in what the application receives.
            body variables: NewVariables = "variables",
        }
    }

    /// Claims a channel announced by `CallBroadcast`; the first application to ask gets it.
    POST "/events/claim" ClaimChannel -> () {
        required {
            /// Id of the channel.
            query channel_id: String = "channelId",
            /// Application that claims the channel.
            query application: String = "application",
        }
    }
}
